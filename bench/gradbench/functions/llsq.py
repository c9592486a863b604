"""Least squares: the coefficients of a polynomial that comes close to the sign of t."""


def primal(x, n):
    total = 0.0
    for i in range(n):
        t = -1.0 + i * 2.0 / (n - 1)
        residual = 0.0
        if t > 0.0:
            residual = 1.0
        if t < 0.0:
            residual = -1.0
        power = 1.0
        for j in range(len(x)):
            residual -= x[j] * power
            power *= t
        total += residual * residual
    return total / 2.0
