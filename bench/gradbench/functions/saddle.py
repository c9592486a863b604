"""The saddle point of a quadratic function: a minimum over p of the maximum over q.

Both are found by gradient descent, the inner one inside of the function that the outer one
differentiates.
"""

import math

import gradc


def objective(px, py, qx, qy):
    return (px * px + py * py) - (qx * qx + qy * qy)


def argmax(px, py, qx, qy, slopes):
    """Ascend over q; the step grows after ten successes and shrinks after a failure."""
    value = objective(px, py, qx, qy)
    gx, gy = slopes(px, py, qx, qy)
    successes = 0
    step = 1e-5
    while math.sqrt(gx * gx + gy * gy) > 1e-5:
        if successes == 10:
            step *= 2.0
            successes = 0
        else:
            further_x = qx + step * gx
            further_y = qy + step * gy
            if math.sqrt((qx - further_x) ** 2 + (qy - further_y) ** 2) <= 1e-5:
                break
            reached = objective(px, py, further_x, further_y)
            if reached > value:
                qx = further_x
                qy = further_y
                value = reached
                gx, gy = slopes(px, py, qx, qy)
                successes += 1
            else:
                step /= 2.0
                successes = 0
    return qx, qy


def reverse_slopes(px, py, qx, qy):
    return gradc.grad(objective, argnums=(2, 3))(px, py, qx, qy)


def forward_slopes(px, py, qx, qy):
    return gradc.jacfwd(objective, argnums=(2, 3))(px, py, qx, qy)


def reverse_highest(px, py, qx, qy):
    """The maximum over q, from a start."""
    qx, qy = argmax(px, py, qx, qy, reverse_slopes)
    return objective(px, py, qx, qy)


def forward_highest(px, py, qx, qy):
    qx, qy = argmax(px, py, qx, qy, forward_slopes)
    return objective(px, py, qx, qy)


def argmin(px, py, highest, derivatives):
    """Descend over p; each step looks for the maximum over q from where p began."""
    qx = px
    qy = py
    value = highest(px, py, qx, qy)
    gx, gy = derivatives(px, py, qx, qy)
    successes = 0
    step = 1e-5
    while math.sqrt(gx * gx + gy * gy) > 1e-5:
        if successes == 10:
            step *= 2.0
            successes = 0
        else:
            further_x = px - step * gx
            further_y = py - step * gy
            if math.sqrt((px - further_x) ** 2 + (py - further_y) ** 2) <= 1e-5:
                break
            reached = highest(further_x, further_y, qx, qy)
            if reached < value:
                px = further_x
                py = further_y
                value = reached
                gx, gy = derivatives(px, py, qx, qy)
                successes += 1
            else:
                step /= 2.0
                successes = 0
    return px, py


def rr(x, y):
    px, py = argmin(x, y, reverse_highest, gradc.grad(reverse_highest, argnums=(0, 1)))
    qx, qy = argmax(px, py, x, y, reverse_slopes)
    return px, py, qx, qy


def rf(x, y):
    px, py = argmin(x, y, forward_highest, gradc.grad(forward_highest, argnums=(0, 1)))
    qx, qy = argmax(px, py, x, y, forward_slopes)
    return px, py, qx, qy


def fr(x, y):
    px, py = argmin(x, y, reverse_highest, gradc.jacfwd(reverse_highest, argnums=(0, 1)))
    qx, qy = argmax(px, py, x, y, reverse_slopes)
    return px, py, qx, qy


def ff(x, y):
    px, py = argmin(x, y, forward_highest, gradc.jacfwd(forward_highest, argnums=(0, 1)))
    qx, qy = argmax(px, py, x, y, forward_slopes)
    return px, py, qx, qy


# The first letter is the mode of the minimum, the second that of the maximum.
MODES = {"rr": rr, "rf": rf, "fr": fr, "ff": ff}
