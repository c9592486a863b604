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


def crossing(w):
    x = 0.0
    y = 8.0
    vx = 0.75
    vy = 0.0
    step = 0.1
    while True:
        ax, ay = gradc.grad(potential, argnums=(0, 1))(x, y, w)
        x += step * vx
        y += step * vy
        if y <= 0.0:
            break
        vx -= step * ax
        vy -= step * ay
    end = x - y / vy * vx
    return end * end


def argmin(w):
    """Gradient descent whose step grows after ten successes and shrinks after a failure."""
    value = crossing(w)
    slope = gradc.grad(crossing)(w)
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
            reached = crossing(further)
            if reached < value:
                w = further
                value = reached
                slope = gradc.grad(crossing)(w)
                successes += 1
            else:
                step /= 2.0
                successes = 0
    return w
