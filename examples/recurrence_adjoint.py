"""garch_grad: from garch (recurrence.py:10:5)"""

import numpy as np

from gradc_runtime.jit import kernel


@kernel("f8[::1], f8[::1]")
def garch_grad(theta, returns):
    if theta.shape[0] != 3:
        raise ValueError("recurrence.py:20: 3 values are unpacked from an array of another length")
    omega = theta[0]
    alpha = theta[1]
    beta = theta[2]
    n = returns.shape[0]
    t1 = 0.0
    for i in range(n):
        t1 += returns[i]**2
    variance = t1 / np.float64(n)
    variance_tape = np.empty(n)
    for t in range(n):
        variance_tape[t] = variance
        variance = omega + alpha * returns[t]**2 + beta * variance
    variance_bar = 0.0  # line 23: for t in range(len(returns)):
    alpha_bar = 0.0  # line 23
    omega_bar = 0.0  # line 23
    beta_bar = 0.0  # line 23
    for t in range(n - 1, -1, -1):  # line 23
        variance = variance_tape[t]  # line 23
        t2 = returns[t]**2
        variance_bar_1 = variance_bar * beta  # line 25: variance = omega + alpha * returns[t] **...
        beta_bar += variance_bar * variance  # line 25
        omega_bar += variance_bar  # line 25
        alpha_bar += variance_bar * t2  # line 25
        t3 = 0.5 / variance  # line 24: loss += np.log(variance) + returns[t] ** 2 / variance
        variance_bar = variance_bar_1 - t3 * (t2 / variance)  # line 24
        variance_bar += t3  # line 24
    theta_bar = np.zeros(3)  # line 20: omega, alpha, beta = theta
    theta_bar[2] += beta_bar  # line 20
    theta_bar[1] += alpha_bar  # line 20
    theta_bar[0] += omega_bar  # line 20
    return theta_bar
