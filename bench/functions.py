"""Plain functions to differentiate, their gradients as one writes them by hand, and JAX's form.

`in_jax` has what takes the place of each function there: array expressions and scans, for JAX
cannot differentiate loops that read and write elements.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# -- functions ------------------------------------------------------------------------------------


def sum_of_squares(x: Array) -> float:
    """Read each element once."""
    total = 0.0
    for i in range(x.shape[0]):
        total += x[i] * x[i]
    return total


def matrix_vector(a: Array, x: Array) -> float:
    """The squared norm of ``a @ x``, in loops."""
    total = 0.0
    for i in range(a.shape[0]):
        row = 0.0
        for j in range(a.shape[1]):
            row += a[i, j] * x[j]
        total += row * row
    return total


def logistic(w: Array, x: Array, y: Array) -> np.floating[Any]:
    """The loss of logistic regression with labels -1 and 1, in NumPy form."""
    margins = y * (x @ w)
    return np.mean(np.log1p(np.exp(-margins)))


def recurrence(u: Array) -> float:
    """Each step needs the one before it and is not linear: the adjoint has to remember."""
    h = 0.0
    total = 0.0
    for i in range(u.shape[0]):
        h = h + 0.01 * (u[i] - h * h * h)
        total += h * h
    return total


def diffusion(u: Array, pairs: int) -> float:
    """Pairs of explicit steps with the five-point stencil, from one buffer to another and back."""
    a = u.copy()
    b = u.copy()
    for _ in range(pairs):
        for i in range(1, u.shape[0] - 1):
            for j in range(1, u.shape[1] - 1):
                b[i, j] = a[i, j] + 0.1 * (
                    a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1] - 4.0 * a[i, j]
                )
        for i in range(1, u.shape[0] - 1):
            for j in range(1, u.shape[1] - 1):
                a[i, j] = b[i, j] + 0.1 * (
                    b[i - 1, j] + b[i + 1, j] + b[i, j - 1] + b[i, j + 1] - 4.0 * b[i, j]
                )
    total = 0.0
    for i in range(u.shape[0]):
        for j in range(u.shape[1]):
            total += a[i, j] * a[i, j]
    return total


# -- gradients by hand ----------------------------------------------------------------------------


def sum_of_squares_by_hand(x: Array) -> Array:
    """Twice the point."""
    x_bar = np.empty_like(x)
    for i in range(x.shape[0]):
        x_bar[i] = 2.0 * x[i]
    return x_bar


def matrix_vector_by_hand(a: Array, x: Array) -> tuple[Array, Array]:
    """Forward and backward row by row, while the row is in the cache."""
    a_bar = np.empty_like(a)
    x_bar = np.zeros_like(x)
    for i in range(a.shape[0]):
        row = 0.0
        for j in range(a.shape[1]):
            row += a[i, j] * x[j]
        row_bar = 2.0 * row
        for j in range(a.shape[1]):
            a_bar[i, j] = row_bar * x[j]
            x_bar[j] += row_bar * a[i, j]
    return a_bar, x_bar


def logistic_by_hand(w: Array, x: Array, y: Array) -> Array:
    """One pass over the samples between the two products."""
    margins = x @ w
    for i in range(y.shape[0]):
        margins[i] = -y[i] / (y.shape[0] * (1.0 + np.exp(y[i] * margins[i])))
    return margins @ x


def recurrence_by_hand(u: Array) -> Array:
    """Keep each state, and go back through them."""
    states = np.empty(u.shape[0] + 1)
    states[0] = 0.0
    h = 0.0
    for i in range(u.shape[0]):
        h = h + 0.01 * (u[i] - h * h * h)
        states[i + 1] = h
    u_bar = np.empty_like(u)
    h_bar = 0.0
    for i in range(u.shape[0] - 1, -1, -1):
        h_bar += 2.0 * states[i + 1]
        u_bar[i] = 0.01 * h_bar
        h_bar *= 1.0 - 0.03 * (states[i] * states[i])
    return u_bar


def diffusion_by_hand(u: Array, pairs: int) -> Array:
    """The stencil is linear, so nothing is kept; going back, each element gathers its parts."""
    a = u.copy()
    b = u.copy()
    n, m = u.shape
    for _ in range(pairs):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                b[i, j] = 0.6 * a[i, j] + 0.1 * (
                    a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1]
                )
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                a[i, j] = 0.6 * b[i, j] + 0.1 * (
                    b[i - 1, j] + b[i + 1, j] + b[i, j - 1] + b[i, j + 1]
                )
    a_bar = 2.0 * a
    b_bar = np.zeros_like(u)
    # only its interior is ever written, so that elements at the rim gather zeros from beyond it
    padded = np.zeros((n + 2, m + 2))
    for step in range(2 * pairs):
        new_bar, old_bar = (a_bar, b_bar) if step % 2 == 0 else (b_bar, a_bar)
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                padded[i + 1, j + 1] = new_bar[i, j]
                new_bar[i, j] = 0.0
        for i in range(n):
            for j in range(m):
                old_bar[i, j] += 0.6 * padded[i + 1, j + 1] + 0.1 * (
                    padded[i, j + 1]
                    + padded[i + 2, j + 1]
                    + padded[i + 1, j]
                    + padded[i + 1, j + 2]
                )
    return a_bar + b_bar


# -- the cases ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A function at a point.

    Attributes
    ----------
    function, by_hand : callable
        They take the same arguments.
    argnums : int or tuple of int
        What it is differentiated with respect to.
    size : str
        The size of the problem, for the table.
    point : callable
        Makes the arguments from a random generator.
    """

    function: Callable[..., Any]
    by_hand: Callable[..., Any]
    argnums: int | tuple[int, ...]
    size: str
    point: Callable[[np.random.Generator], tuple[Any, ...]]

    @property
    def name(self) -> str:
        """What the table calls it."""
        return self.function.__name__.replace("_", " ")


CASES = (
    Case(
        sum_of_squares,
        sum_of_squares_by_hand,
        0,
        "10^6",
        lambda rng: (rng.standard_normal(10**6),),
    ),
    Case(
        matrix_vector,
        matrix_vector_by_hand,
        (0, 1),
        "1000 by 1000",
        lambda rng: (rng.standard_normal((1000, 1000)), rng.standard_normal(1000)),
    ),
    Case(
        logistic,
        logistic_by_hand,
        0,
        "10000 by 100",
        lambda rng: (
            0.1 * rng.standard_normal(100),
            rng.standard_normal((10**4, 100)),
            rng.choice([-1.0, 1.0], 10**4),
        ),
    ),
    Case(
        recurrence,
        recurrence_by_hand,
        0,
        "10^6 steps",
        lambda rng: (rng.standard_normal(10**6),),
    ),
    Case(
        diffusion,
        diffusion_by_hand,
        0,
        "256 by 256, 20 steps",
        lambda rng: (rng.standard_normal((256, 256)), 10),
    ),
)


def in_jax() -> dict[str, Callable[..., Any]]:
    """The same functions as a user of JAX writes them."""
    import jax
    import jax.numpy as jnp

    def sum_of_squares(x: Any) -> Any:
        return jnp.sum(x * x)

    def matrix_vector(a: Any, x: Any) -> Any:
        return jnp.sum((a @ x) ** 2)

    def logistic(w: Any, x: Any, y: Any) -> Any:
        return jnp.mean(jnp.log1p(jnp.exp(-y * (x @ w))))

    def recurrence(u: Any) -> Any:
        def step(h: Any, u_i: Any) -> Any:
            h = h + 0.01 * (u_i - h * h * h)
            return h, h * h

        return jnp.sum(jax.lax.scan(step, 0.0, u)[1])

    def diffusion(u: Any, pairs: int) -> Any:
        def step(a: Any, _: None) -> Any:
            middle = a[1:-1, 1:-1]
            around = a[:-2, 1:-1] + a[2:, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:]
            return a.at[1:-1, 1:-1].add(0.1 * (around - 4.0 * middle)), None

        return jnp.sum(jax.lax.scan(step, u, None, 2 * pairs)[0] ** 2)

    return {
        each.__name__: each
        for each in (sum_of_squares, matrix_vector, logistic, recurrence, diffusion)
    }
