"""A recurrence: the negative log-likelihood of daily returns under a GARCH(1, 1) model.

The variance of a day depends on the variance and the return of the day before. The loop runs over
as many days as there are, and each step reads what the last one wrote.
"""

import numpy as np


def garch(theta, returns):
    """The negative log-likelihood of returns.

    Parameters
    ----------
    theta : array of shape (3,)
        The constant of the variance, the weight of the last squared return, and that of the last
        variance.
    returns : array of shape (n,)
    """
    omega, alpha, beta = theta
    variance = np.mean(returns**2)
    loss = 0.0
    for t in range(len(returns)):
        loss += np.log(variance) + returns[t] ** 2 / variance
        variance = omega + alpha * returns[t] ** 2 + beta * variance
    return 0.5 * loss
