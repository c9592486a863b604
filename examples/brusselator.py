"""A stiff reaction with diffusion, solved by an implicit method with its sparse Jacobian.

The Brusselator in one dimension (Hairer and Wanner, "Solving Ordinary Differential Equations II",
section IV.10): two substances on a line, each point coupled to its two neighbours.
"""

import numpy as np

from gradc.bridges.scipy import solve_ivp


def rates(t, y, diffusion):
    """The derivative of the two concentrations, which lie side by side at each point."""
    n = len(y) // 2
    change = np.zeros_like(y)
    stiffness = diffusion * (n + 1) ** 2
    for i in range(n):
        u, v = y[2 * i], y[2 * i + 1]
        u_left = y[2 * i - 2] if i > 0 else 1.0
        v_left = y[2 * i - 1] if i > 0 else 3.0
        u_right = y[2 * i + 2] if i < n - 1 else 1.0
        v_right = y[2 * i + 3] if i < n - 1 else 3.0
        change[2 * i] = 1.0 + u * u * v - 4.0 * u + stiffness * (u_left - 2.0 * u + u_right)
        change[2 * i + 1] = 3.0 * u - u * u * v + stiffness * (v_left - 2.0 * v + v_right)
    return change


def start(n):
    """A sine of the first substance, and the second at rest."""
    x = np.arange(1, n + 1) / (n + 1)
    return np.column_stack([1.0 + np.sin(2.0 * np.pi * x), np.full(n, 3.0)]).ravel()


def solve(n, end=10.0, sparse=True, **options):
    """Solve up to a time with n points."""
    return solve_ivp(
        rates, (0.0, end), start(n), method="BDF", sparse=sparse, args=(1.0 / 50.0,), **options
    )


if __name__ == "__main__":
    found = solve(500)
    print(f"{len(found.t)} steps, {found.njev} Jacobians of {found.y.shape[0]} unknowns")
    print(f"u in the middle at the end: {found.y[500, -1]:.4f}")
