"""An Op of PyTensor: the kinetics of an enzyme by Newton's method on a PyTensor graph.

Reaction rates of Puromycin-treated cells against concentration (Treloar, 1974; Bates and Watts,
1988, "Nonlinear regression analysis and its applications", table A1.3). The sum of squares is a
loop; PyTensor's own ``scan`` is not needed, and gradient and Hessian come from gradc. Needs
``pip install gradc[pytensor]``.
"""

# what PyTensor says of its own types is not complete
# pyright: reportPrivateImportUsage=false, reportAttributeAccessIssue=false
# pyright: reportArgumentType=false, reportGeneralTypeIssues=false

import numpy as np

CONCENTRATION = np.array([0.02, 0.02, 0.06, 0.06, 0.11, 0.11, 0.22, 0.22, 0.56, 0.56, 1.1, 1.1])
RATE = np.array([76, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200], dtype=float)


def squares(theta, concentration, rate):
    """The sum of squares of the Michaelis-Menten model ``vmax * c / (k + c)``."""
    total = 0.0
    for i in range(len(rate)):
        expected = theta[0] * concentration[i] / (theta[1] + concentration[i])
        total += (rate[i] - expected) ** 2
    return total


def fit(start=(205.0, 0.08), steps=10):
    """Return vmax and k of the best fit, and the residual standard error."""
    import pytensor
    import pytensor.tensor as pt

    from gradc.bridges.pytensor import as_op

    theta = pt.dvector("theta")
    loss = as_op(squares)(theta, CONCENTRATION, RATE)
    gradient = pytensor.grad(loss, theta)
    hessian = pytensor.gradient.hessian(loss, theta)
    newton = pytensor.function([theta], [loss, pt.linalg.solve(hessian, gradient)])
    point = np.array(start)
    for _ in range(steps):
        value, step = newton(point)
        point = point - step
    value, _ = newton(point)
    return point, float(np.sqrt(value / (len(RATE) - 2)))


if __name__ == "__main__":
    (vmax, k), error = fit()
    print(f"vmax {vmax:.2f}, k {k:.5f}, residual standard error {error:.2f}")
