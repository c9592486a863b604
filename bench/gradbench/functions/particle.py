"""A charged particle between two fixed charges: where it crosses the axis, squared.

The force is the gradient of the potential, which `gradc` takes inside of the function that is
differentiated; the weight for which the particle ends at the origin is found by gradient descent.
"""

import math

import gradc


def potential(x, y, w):
    first = math.sqrt((10.0 - x) ** 2 + (10.0 - w - y) ** 2)
    second = math.sqrt((10.0 - x) ** 2 + y**2)
    return 1.0 / first + 1.0 / second


def reverse_force(x, y, w):
    return gradc.grad(potential, argnums=(0, 1))(x, y, w)


def forward_force(x, y, w):
    return gradc.jacfwd(potential, argnums=(0, 1))(x, y, w)


def crossing(w, force):
    x = 0.0
    y = 8.0
    vx = 0.75
    vy = 0.0
    step = 0.1
    while True:
        ax, ay = force(x, y, w)
        x += step * vx
        y += step * vy
        if y <= 0.0:
            break
        vx -= step * ax
        vy -= step * ay
    end = x - y / vy * vx
    return end * end


def reverse_crossing(w):
    return crossing(w, reverse_force)


def forward_crossing(w):
    return crossing(w, forward_force)


def argmin(w, function, derivative):
    """Gradient descent whose step grows after ten successes and shrinks after a failure."""
    value = function(w)
    slope = derivative(w)
    successes = 0
    step = 1e-5
    while abs(slope) > 1e-5:
        if successes == 10:
            step *= 2.0
            successes = 0
        else:
            further = w - step * slope
            if abs(w - further) <= 1e-5:
                break
            reached = function(further)
            if reached < value:
                w = further
                value = reached
                slope = derivative(w)
                successes += 1
            else:
                step /= 2.0
                successes = 0
    return w


def rr(w):
    return argmin(w, reverse_crossing, gradc.grad(reverse_crossing))


def rf(w):
    return argmin(w, forward_crossing, gradc.grad(forward_crossing))


def fr(w):
    return argmin(w, reverse_crossing, gradc.jacfwd(reverse_crossing))


def ff(w):
    return argmin(w, forward_crossing, gradc.jacfwd(forward_crossing))


# The first letter is the mode of the descent, the second that of the force.
MODES = {"rr": rr, "rf": rf, "fr": fr, "ff": ff}
