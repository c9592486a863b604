"""``implicit``: the derivative of a solution, from the equation that it solves."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from gradc.api import grad, jvp, vjp
from gradc.derivatives import jacobian
from gradc.errors import GradTypeError
from gradc.faces.containers import flatten, unflatten
from gradc.faces.products import is_float
from gradc.rules import Custom, custom_vjp

LinearSolver = Literal["direct", "cg", "bicgstab"]

# Where the iterative solvers stop: relative to the right-hand side, and after so many steps a
# number of unknowns.
TOLERANCE = 1e-13
STEPS = 10


def implicit(
    solve: Callable[..., Any] | None,
    residual: Callable[..., Any],
    linear_solver: LinearSolver = "direct",
    nondiff_argnums: Sequence[int] = (),
) -> Custom[..., Any]:
    """A solver whose derivative comes from its equation and not from its iterations.

    Where ``x = solve(*args)`` fulfils ``residual(x, *args) == 0``, the implicit function theorem
    gives the derivative of `x` from those of `residual`: one linear system, whatever the number
    of iterations, and no memory for them (Griewank and Walther, 2008, "Evaluating Derivatives",
    chapter 15; Blondel and others, 2022, "Efficient and modular implicit differentiation").

    Parameters
    ----------
    solve : callable or None
        ``solve(*args)`` returns the solution: a float, an array, or a container of them. It is
        compiled with what calls it and is not differentiated, so it may stop when it has converged.
        With None the solution is found outside, by SciPy or a program of any kind: what is returned
        takes it as its first argument, before those of the solver, and hands it on with its
        derivative.
    residual : callable
        ``residual(x, *args)``, of the structure and shapes of `x`. For a fixed point of ``f`` it is
        ``f(x, *args) - x``, for a minimum the gradient: ``gradc.grad(objective)``.
    linear_solver : {"direct", "cg", "bicgstab"}
        How the linear system is solved: by factorising the Jacobian of `residual` with respect to
        `x`, or by products with it and its transpose, which need no matrix. ``"cg"`` is for
        symmetric positive definite ones, as at a minimum.
    nondiff_argnums : sequence of int
        Positions of the arguments of `solve` that are not differentiated although they are
        floats: a tolerance or a first guess, which the solution does not depend on.

    Returns
    -------
    Custom
        The solver, to be used in functions that are differentiated, in both modes and to any
        order.

    Examples
    --------
    >>> import gradc
    >>> def cube_root(a):
    ...     x = 1.0
    ...     while abs(x**3 - a) > 1e-12:
    ...         x = x - (x**3 - a) / (3.0 * x**2)
    ...     return x
    >>> root = gradc.implicit(cube_root, lambda x, a: x**3 - a)
    >>> round(gradc.grad(lambda a: root(a))(8.0), 12)
    0.083333333333
    >>> solution = gradc.implicit(None, lambda x, a: x**3 - a)
    >>> round(gradc.grad(lambda x, a: solution(x, a) ** 2, argnums=1)(2.0, 8.0), 12)
    0.333333333333
    """
    if solve is None:
        given = [0, *(number + 1 for number in nondiff_argnums)]
        return _implicit(solution_found, _beside(residual), _count(residual), linear_solver, given)
    return _implicit(solve, residual, _count(solve), linear_solver, nondiff_argnums)


def solution_found(x: Any, *args: Any) -> Any:
    return x


def is_container(x: Any) -> bool:
    """Whether a solution has several parts."""
    return not flatten(x)[1].is_leaf()


def floats_of(x: Any) -> Any:
    """The parts of a solution that are floats or arrays of them."""
    return tuple(leaf for leaf in flatten(x)[0] if is_float(leaf))


def with_floats(x: Any, leaves: Any) -> Any:
    """A solution with other floats in it."""
    rest = iter(leaves)
    own, spec = flatten(x)
    return unflatten(spec, [next(rest) if is_float(leaf) else leaf for leaf in own])


is_container.__gradc_intrinsic__ = "is_container"  # type: ignore[attr-defined]
floats_of.__gradc_intrinsic__ = "floats_of"  # type: ignore[attr-defined]
with_floats.__gradc_intrinsic__ = "with_floats"  # type: ignore[attr-defined]


def _joined(x: Any) -> Any:
    """A solution of several parts as one vector; another one as it is."""
    if not is_container(x):
        return x
    return np.concatenate([np.ravel(part) for part in floats_of(x)])


def _parted(vector: Any, x: Any) -> Any:
    """The parts of a vector where a solution has several; else the vector as it is."""
    if not is_container(x):
        return vector
    parts, start = [], 0
    for part in floats_of(x):
        own = vector[start : start + np.size(part)]
        parts.append(np.reshape(own, part.shape) if np.ndim(part) else own[0])
        start += np.size(part)
    return with_floats(x, parts)


def _of_one_vector(residual: Callable[..., Any]) -> Callable[..., Any]:
    """The residual as a function of ``(vector, x, *args)``: `x` says which parts there are."""

    def joined(vector: Any, x: Any, *args: Any) -> Any:
        return _joined(residual(_parted(vector, x), *args))

    return joined


def _beside(residual: Callable[..., Any]) -> Callable[..., Any]:
    """The residual of a solver whose first argument is the solution."""

    def beside(x: Any, given: Any, *args: Any) -> Any:
        return residual(x, *args)

    return beside


def _implicit(
    solve: Callable[..., Any],
    residual: Callable[..., Any],
    count: int,
    linear_solver: LinearSolver,
    nondiff_argnums: Sequence[int],
) -> Custom[..., Any]:
    makers = {"direct": None, "cg": _by_gradients, "bicgstab": _by_two_directions}
    if linear_solver not in makers:
        raise GradTypeError(
            f"linear_solver={linear_solver!r}; it is one of direct, cg and bicgstab"
        )
    passive = tuple(nondiff_argnums)
    active = tuple(n for n in range(count) if n not in passive)
    solution: Custom[..., Any] = custom_vjp(solve, passive)
    by_products = makers[linear_solver]
    balance = _of_one_vector(residual)
    adjoint = _by_factors(balance)
    if by_products is not None:
        adjoint = by_products(_transposed_product(balance))

    def forward(*args: Any) -> Any:
        x = solution(*args)
        return x, (x, args)

    def backward(*given: Any) -> Any:
        x, args = given[-2]
        w = adjoint(_joined(x), (x, *args), _joined(given[-1]))

        def moved_by(*moved: Any) -> Any:
            return balance(_joined(x), x, *moved)

        bars = vjp(moved_by, *args)[1](-w)
        return tuple([bars[n] for n in active])

    solution.defvjp(forward, backward)
    if by_products is not None:
        # its iterations are not seen to be linear, so forward mode has a rule of its own
        tangent = by_products(_product(balance))
        solution.defjvp(_tangent_rule(solution, balance, tangent, passive, active))
    return solution


def _tangent_rule(
    solution: Callable[..., Any],
    residual: Callable[..., Any],
    tangent: Callable[..., Any],
    passive: tuple[int, ...],
    active: tuple[int, ...],
) -> Callable[..., Any]:
    """The rule of forward mode: ``A @ x_dot`` is the change of the residual by the arguments."""
    count = len(passive) + len(active)
    # where each argument of the solver is among those of the rule
    order = tuple(
        (n in passive, (passive if n in passive else active).index(n)) for n in range(count)
    )

    def rule(*given: Any) -> Any:
        primals, dots = given[-2], given[-1]
        args = tuple([given[k] if fixed else primals[k] for fixed, k in order])
        x = solution(*args)

        def moved_by(*moved: Any) -> Any:
            return residual(_joined(x), x, *[given[k] if fixed else moved[k] for fixed, k in order])

        dot = -tangent(_joined(x), (x, *args), jvp(moved_by, primals, dots)[1])
        return x, _parted(dot, x)

    return rule


def _count(function: Callable[..., Any]) -> int:
    """The number of arguments of a solver, or of a residual."""
    kinds = [each.kind for each in inspect.signature(function).parameters.values()]
    wrong = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    if wrong & set(kinds):
        raise GradTypeError(
            "the solver of implicit, or the residual where there is none, names its arguments: no "
            "*args and **kwargs"
        )
    return len(kinds)


# Each of the following returns the function of ``(x, args, right)`` that solves ``A @ w = right``,
# where A is the Jacobian of the residual with respect to x, or its transpose.


def _by_factors(residual: Callable[..., Any]) -> Callable[..., Any]:
    def adjoint(x: Any, args: Any, x_bar: Any) -> Any:
        if np.ndim(x) == 0:
            return x_bar / grad(residual)(x, *args)
        matrix = np.reshape(jacobian(residual)(x, *args), (x.size, x.size))
        return np.reshape(np.linalg.solve(matrix.T, np.ravel(x_bar)), x.shape)

    return adjoint


def _product(residual: Callable[..., Any]) -> Callable[..., Any]:
    """The function of ``(x, args, w)`` that returns ``A @ w``."""

    def product(x: Any, args: Any, w: Any) -> Any:
        def of_x(y: Any) -> Any:
            return residual(y, *args)

        return jvp(of_x, (x,), (w,))[1]

    return product


def _transposed_product(residual: Callable[..., Any]) -> Callable[..., Any]:
    """The function of ``(x, args, w)`` that returns ``A.T @ w``."""

    def product(x: Any, args: Any, w: Any) -> Any:
        def weighted(y: Any) -> Any:
            return np.sum(w * residual(y, *args))

        return grad(weighted)(x)

    return product


def _by_gradients(product: Callable[..., Any]) -> Callable[..., Any]:
    """Conjugate gradients (Hestenes and Stiefel, 1952)."""

    def adjoint(x: Any, args: Any, x_bar: Any) -> Any:
        w = np.zeros_like(x_bar)
        rest = x_bar.copy()
        direction = rest.copy()
        size = np.sum(rest * rest)
        enough = TOLERANCE**2 * size
        for _ in range(STEPS * x_bar.size):
            if size <= enough:
                break
            image = product(x, args, direction)
            step = size / np.sum(direction * image)
            w = w + step * direction
            rest = rest - step * image
            before = size
            size = np.sum(rest * rest)
            direction = rest + (size / before) * direction
        return w

    return adjoint


def _by_two_directions(product: Callable[..., Any]) -> Callable[..., Any]:
    """Stabilised biconjugate gradients (van der Vorst, 1992)."""

    def adjoint(x: Any, args: Any, x_bar: Any) -> Any:
        w = np.zeros_like(x_bar)
        rest = x_bar.copy()
        shadow = x_bar.copy()
        direction = rest.copy()
        rho = np.sum(shadow * rest)
        enough = TOLERANCE**2 * rho
        for _ in range(STEPS * x_bar.size):
            if np.sum(rest * rest) <= enough:
                break
            image = product(x, args, direction)
            alpha = rho / np.sum(shadow * image)
            half = rest - alpha * image
            w = w + alpha * direction
            if np.sum(half * half) <= enough:
                break
            turned = product(x, args, half)
            omega = np.sum(turned * half) / np.sum(turned * turned)
            w = w + omega * half
            rest = half - omega * turned
            before = rho
            rho = np.sum(shadow * rest)
            direction = rest + (rho / before) * (alpha / omega) * (direction - omega * image)
        return w

    return adjoint
