"""A Runge-Kutta loop that stops by itself: the dose in the blood until it is no longer felt.

How many steps are made is known only when the concentration has fallen below the threshold.
"""


def rate(amount, uptake, clearance):
    """The rate at which the amount in the blood changes; the body's capacity is limited."""
    return -uptake * amount / (clearance + amount)


def exposure(dose, uptake, clearance, threshold, dt, most):
    """The area under the curve of the amount until it is below a threshold.

    Parameters
    ----------
    dose, uptake, clearance : float
        The amount at first, the highest rate, and the amount at which half of it is reached.
    threshold, dt : float
        Where to stop, and the time step.
    most : int
        The highest number of steps.
    """
    amount = dose
    area = 0.0
    for _ in range(most):
        if amount < threshold:
            break
        k1 = rate(amount, uptake, clearance)
        k2 = rate(amount + 0.5 * dt * k1, uptake, clearance)
        k3 = rate(amount + 0.5 * dt * k2, uptake, clearance)
        k4 = rate(amount + dt * k3, uptake, clearance)
        area += dt * amount
        amount += dt / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return area
