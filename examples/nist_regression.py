"""A nonlinear regression of NIST's collection, with standard errors from the Jacobian.

Misra1a (Statistical Reference Datasets of the National Institute of Standards and Technology):
volumes of gas adsorbed at a pressure, and a saturating exponential. NIST certifies the parameters
and their standard errors to eleven digits.
"""

import numpy as np

from gradc.bridges.scipy import least_squares

PRESSURE = np.array(
    [
        77.6,
        114.9,
        141.1,
        190.8,
        239.9,
        289.0,
        332.8,
        378.4,
        434.8,
        477.3,
        536.8,
        593.1,
        689.1,
        760.0,
    ]
)
VOLUME = np.array(
    [
        10.07,
        14.73,
        17.94,
        23.93,
        29.61,
        35.18,
        40.02,
        44.82,
        50.76,
        55.05,
        61.01,
        66.40,
        75.47,
        81.78,
    ]
)
CERTIFIED = np.array([2.3894212918e02, 5.5015643181e-04])
CERTIFIED_ERRORS = np.array([2.7070075241e00, 7.2668688436e-06])


def residuals(b, pressure, volume):
    """What the model misses."""
    return volume - b[0] * (1.0 - np.exp(-b[1] * pressure))


def fit(start):
    """Return the parameters and their standard errors."""
    found = least_squares(
        residuals, start, args=(PRESSURE, VOLUME), method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15
    )
    freedom = len(VOLUME) - len(found.x)
    variance = np.sum(found.fun**2) / freedom
    return found.x, np.sqrt(variance * np.diag(np.linalg.inv(found.jac.T @ found.jac)))


if __name__ == "__main__":
    for start in ([500.0, 0.0001], [250.0, 0.0005]):
        parameters, errors = fit(start)
        print(f"from {start}: {parameters} +- {errors}")
    print(f"certified: {CERTIFIED} +- {CERTIFIED_ERRORS}")
