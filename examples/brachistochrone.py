"""The brachistochrone: the wire on which a bead slides down fastest, found as a polygon.

The heights of the inner points are chosen so that the time of descent is least; the answer is a
cycloid (Johann Bernoulli, 1697). Newton's method with the exact Hessian needs a few steps.
"""

import numpy as np

from gradc.bridges.scipy import minimize

GRAVITY = 9.81


def descent_time(drops, width, depth):
    """The time that a bead needs along a polygon, starting at rest.

    Parameters
    ----------
    drops : ndarray
        How far the inner points lie below the start; they are evenly spaced sideways.
    width, depth : float
        Where the end lies.
    """
    n = len(drops)
    dx = width / (n + 1)
    # the speed at a depth y is sqrt(2*g*y); along a straight piece it grows evenly, here from rest
    fast = np.sqrt(2.0 * GRAVITY * drops[0])
    time = 2.0 * np.sqrt(dx**2 + drops[0] ** 2) / fast
    for i in range(1, n + 1):
        slow = fast
        below = drops[i] if i < n else depth
        fast = np.sqrt(2.0 * GRAVITY * below)
        time += 2.0 * np.sqrt(dx**2 + (below - drops[i - 1]) ** 2) / (slow + fast)
    return time


def fastest(points, width, depth):
    """Return the drops of the fastest polygon and its time of descent."""
    straight = depth * np.arange(1, points + 1) / (points + 1)
    found = minimize(descent_time, straight, args=(width, depth), method="trust-exact")
    return found.x, found.fun


def cycloid_time(width, depth):
    """The time on the cycloid ``x = r*(t - sin(t)), y = r*(1 - cos(t))`` through the end."""
    from scipy.optimize import brentq

    angle = brentq(lambda t: (t - np.sin(t)) / (1.0 - np.cos(t)) - width / depth, 1e-3, 6.28)
    end = np.asarray(angle)
    radius = depth / (1.0 - np.cos(end))
    return end * np.sqrt(radius / GRAVITY)


if __name__ == "__main__":
    for points in (10, 40, 160):
        _, time = fastest(points, 2.0, 1.0)
        print(f"{points:4d} points: {time:.6f} s")
    print(f"    cycloid: {cycloid_time(2.0, 1.0):.6f} s")
