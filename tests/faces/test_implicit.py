"""``implicit``: derivatives of solutions, against those through the iterations and by hand."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

import gradc
from gradc.errors import GradTypeError, UnsupportedFunctionError


def newton(a, b):
    x = 1.0
    while abs(x**3 + a * x - b) > 1e-14 * (1.0 + abs(b)):
        x = x - (x**3 + a * x - b) / (3.0 * x**2 + a)
    return x


def cubic(x, a, b):
    return x**3 + a * x - b


root = gradc.implicit(newton, cubic)


def square_of_root(a, b):
    return root(a, b) ** 2


@pytest.mark.parametrize("target", ["python", "cpu"])
def test_a_root(target):
    # at a = 2, b = 3 the root is 1, and dx/da = -x/(3*x**2 + a), dx/db = 1/(3*x**2 + a)
    found = gradc.grad(square_of_root, argnums=(0, 1), target=target)(2.0, 3.0)
    np.testing.assert_allclose(found, [-0.4, 0.4], rtol=1e-12)


def test_both_modes_and_orders():
    gradc.check_grads(square_of_root, (1.7, 2.3), order=2, target="python")
    second = gradc.grad(gradc.grad(lambda b: root(2.0, b)), target="python")(3.0)
    # x'' = -6*x*x'**2/(3*x**2 + a)
    np.testing.assert_allclose(second, -6.0 / 125.0, rtol=1e-11)


def relax(matrix, b, steps):
    x = np.zeros_like(b)
    for _ in range(steps):
        x = x + 0.1 * (b - matrix @ x - 0.1 * x**3)
    return x


def balance(x, matrix, b):
    return matrix @ x + 0.1 * x**3 - b


MATRIX = np.array([[4.0, 1.0, 0.0], [0.5, 3.0, -0.3], [0.2, 0.1, 5.0]])
RIGHT = np.array([1.0, 2.0, -1.0])


def fixed(matrix, b):
    return relax(matrix, b, 200)


@pytest.mark.parametrize("linear_solver", ["direct", "bicgstab"])
@pytest.mark.parametrize("target", ["python", "cpu"])
def test_a_vector_against_its_iterations(linear_solver, target):
    solution = gradc.implicit(fixed, balance, linear_solver)

    def loss(matrix, b):
        return np.sum(solution(matrix, b) ** 2)

    found = gradc.grad(loss, argnums=(0, 1), target=target)(MATRIX, RIGHT)
    through = gradc.grad(
        lambda matrix, b: np.sum(fixed(matrix, b) ** 2), argnums=(0, 1), target="python"
    )(MATRIX, RIGHT)
    for left, right in zip(found, through, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-10, atol=1e-13)


def test_second_order_and_forward_mode_of_a_vector():
    solution = gradc.implicit(fixed, balance)

    def loss(b):
        return np.sum(solution(MATRIX, b) ** 2)

    found = gradc.hessian(loss, target="python")(RIGHT)
    through = gradc.hessian(lambda b: np.sum(fixed(MATRIX, b) ** 2), target="python")(RIGHT)
    np.testing.assert_allclose(found, through, rtol=1e-9)
    gradc.check_grads(loss, (RIGHT,), order=2, target="python")


def springs(a, b):
    x = np.zeros_like(b)
    for _ in range(100):
        x = x - 0.2 * (a * x + 0.1 * x**3 - b)
    return x


@pytest.mark.parametrize(
    ("outer", "inner", "linear_solver"),
    [
        (gradc.jacfwd, gradc.jacfwd, "direct"),
        (gradc.jacfwd, gradc.jacrev, "bicgstab"),
        (gradc.jacrev, gradc.jacfwd, "cg"),
        (gradc.jacrev, gradc.jacrev, "direct"),
        (gradc.jacrev, gradc.jacrev, "bicgstab"),
    ],
)
def test_jacobians_of_more_unknowns_than_go_through_a_pass(outer, inner, linear_solver):
    """The rule has a loop over directions of its own, inside those around it."""
    solution = gradc.implicit(springs, lambda x, a, b: a * x + 0.1 * x**3 - b, linear_solver)
    b = np.linspace(0.5, 2.0, 9)

    def second(solver):
        first = inner(lambda b: np.sum(np.sin(solver(2.0, b))), target="python")
        return outer(first, target="python")(b)

    np.testing.assert_allclose(second(solution), second(springs), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("linear_solver", ["direct", "bicgstab"])
def test_second_order_by_a_matrix(linear_solver):
    solution = gradc.implicit(fixed, balance, linear_solver)
    gradc.check_grads(
        lambda matrix, b: np.sum(solution(matrix, b) ** 2),
        (MATRIX, RIGHT),
        order=2,
        target="python",
    )


@pytest.mark.parametrize("linear_solver", ["cg", "bicgstab"])
@pytest.mark.parametrize("target", ["python", "cpu"])
def test_forward_mode_by_products(linear_solver, target):
    def residual(x, a, b, steps):
        return a * x + 0.1 * x**3 - b

    def solver(a, b, steps):
        return springs(a, b)

    solution = gradc.implicit(solver, residual, linear_solver, nondiff_argnums=(2,))
    b = np.array([1.0, -0.5, 0.2])
    point, tangents = (2.0, b), (0.3, np.array([1.0, 0.0, 2.0]))
    _, found = gradc.jvp(lambda a, b: solution(a, b, 7), point, tangents, target=target)
    _, wanted = gradc.jvp(springs, point, tangents, target="python")
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_memory_does_not_depend_on_the_iterations():
    solution = gradc.implicit(fixed, balance)
    gradient = gradc.grad(lambda b: np.sum(solution(MATRIX, b) ** 2), target="python")
    gradient(RIGHT)
    assert "_tape" not in gradient.source
    through = gradc.grad(lambda b: np.sum(fixed(MATRIX, b) ** 2), target="python")
    through(RIGHT)
    assert "_tape" in through.source


def energy(x, weight, b):
    return 0.25 * np.sum(x**4) + 0.5 * weight * np.sum(x**2) - np.sum(b * x)


def descend(weight, b):
    x = np.zeros_like(b)
    for _ in range(2000):
        x = x - 0.1 * (x**3 + weight * x - b)
    return x


@pytest.mark.parametrize("linear_solver", ["direct", "cg"])
def test_a_minimum(linear_solver):
    solution = gradc.implicit(descend, gradc.grad(energy), linear_solver)
    b = np.array([1.0, -0.5, 0.2])
    found = gradc.grad(lambda weight: np.sum(solution(weight, b)), target="python")(1.5)
    x = descend(1.5, b)
    np.testing.assert_allclose(found, np.sum(-x / (3.0 * x**2 + 1.5)), rtol=1e-9)


def test_a_linear_solve_on_a_matrix_of_unknowns():
    def sweeps(a, b):
        x = np.zeros_like(b)
        for _ in range(80):
            x = b - (a - 1.0) * x
        return x

    solution = gradc.implicit(sweeps, lambda x, a, b: a * x - b)
    b = np.array([[1.0, 2.0], [3.0, 4.0]])
    found = gradc.grad(lambda a: np.sum(solution(a, b)), target="python")(1.25)
    np.testing.assert_allclose(found, -np.sum(b) / 1.25**2, rtol=1e-12)


class Optimum(NamedTuple):
    x: np.ndarray
    multiplier: float
    steps: int


def projected(a, c):
    multiplier = (c - np.sum(a)) / len(a)
    return Optimum(a + multiplier, multiplier, 3)


def stationary(at, a, c):
    # of (x - a)**2/2 where the sum of x is c
    return Optimum(at.x - a - at.multiplier, np.sum(at.x) - c, 0)


@pytest.mark.parametrize("linear_solver", ["direct", "bicgstab"])
def test_a_solution_of_several_parts(linear_solver):
    def measured(solution, a, c):
        at = solution(a, c)
        return np.sum(np.sin(at.x)) * at.multiplier**2 * at.steps

    solution = gradc.implicit(projected, stationary, linear_solver)

    def f(a, c):
        return measured(solution, a, c)

    a = np.array([0.3, 0.2])
    found = gradc.grad(f, argnums=(0, 1), target="python")(a, 2.0)
    wanted = gradc.grad(lambda a, c: measured(projected, a, c), (0, 1), target="python")(a, 2.0)
    np.testing.assert_allclose(found[0], wanted[0], rtol=1e-10)
    assert found[1] == pytest.approx(wanted[1], rel=1e-10)
    dot = gradc.jvp(f, (a, 2.0), (a, 1.0), target="python")[1]
    assert dot == pytest.approx(found[0] @ a + found[1], rel=1e-10)
    if linear_solver == "direct":
        gradc.check_grads(f, (a, 2.0), order=2, target="python")


@pytest.mark.parametrize("linear_solver", ["direct", "cg"])
def test_integers_are_arguments_as_well(linear_solver):
    def solver(b, steps):
        x = b
        for _ in range(steps):
            x = 0.5 * np.cos(x) + b
        return x

    solution = gradc.implicit(solver, lambda x, b, steps: b - x + 0.5 * np.cos(x), linear_solver)
    b = np.array([0.3, -0.2])
    found = gradc.grad(lambda b, n: np.sum(solution(b, n)), target="python")(b, 60)
    wanted = gradc.grad(lambda b, n: np.sum(solver(b, n)), target="python")(b, 60)
    np.testing.assert_allclose(found, wanted, rtol=1e-11)


def test_arguments_that_are_not_differentiated():
    solution = gradc.implicit(relax, lambda x, m, b, steps: balance(x, m, b), nondiff_argnums=(2,))
    found = gradc.grad(lambda b: np.sum(solution(MATRIX, b, 200)), target="python")(RIGHT)
    through = gradc.grad(lambda b: np.sum(fixed(MATRIX, b)), target="python")(RIGHT)
    np.testing.assert_allclose(found, through, rtol=1e-11)


@pytest.mark.parametrize("linear_solver", ["direct", "bicgstab"])
def test_a_solution_that_scipy_found(linear_solver):
    optimize = pytest.importorskip("scipy.optimize")

    def residual(x, a, shift):
        return x**3 + a * x - shift * x[::-1]

    def solve(a, shift):
        found = optimize.root(residual, np.ones(2), args=(a, shift), tol=1e-14)
        assert found.success
        return found.x

    solution = gradc.implicit(None, residual, linear_solver)

    def size(x, a, shift):
        return np.sum(solution(x, a, shift) ** 2) * a[0]

    a, shift, step = np.array([0.5, 0.8]), 1.5, 1e-5
    by_a, by_shift = gradc.grad(size, argnums=(1, 2), target="python")(solve(a, shift), a, shift)

    def value(t):
        return np.sum(solve(a, shift + t) ** 2) * a[0]

    assert by_shift == pytest.approx((value(step) - value(-step)) / (2 * step), rel=1e-8)
    ahead, back = (solve(a + s * np.eye(2)[1], shift) for s in (step, -step))
    column = (ahead - back) / (2 * step)
    for jacobian in (gradc.jacfwd, gradc.jacrev):
        found = jacobian(solution, argnums=1, target="python")(solve(a, shift), a, shift)
        np.testing.assert_allclose(found[:, 1], column, rtol=1e-7)
    assert by_a[1] == pytest.approx(2.0 * solve(a, shift) @ column * a[0], rel=1e-7)
    # the next order is that of the solution, too
    second = gradc.hessian(size, argnums=2, target="python")(solve(a, shift), a, shift)
    slopes = [gradc.grad(size, argnums=2)(solve(a, shift + t), a, shift + t) for t in (step, -step)]
    assert second == pytest.approx((slopes[0] - slopes[1]) / (2 * step), rel=1e-6)


def test_a_solution_that_was_found_outside_has_no_derivative_itself():
    solution = gradc.implicit(None, cubic)
    with pytest.raises(GradTypeError, match="solution_found has its own derivative, and `x`"):
        gradc.grad(lambda x: solution(x, 1.0, 2.0), target="python")(1.0)


def test_a_solver_of_scipy_is_refused_once():
    optimize = pytest.importorskip("scipy.optimize")

    def solve(a, b):
        return optimize.brentq(lambda x: cubic(x, a, b), 0.0, 10.0)

    with pytest.raises(UnsupportedFunctionError) as error:
        gradc.grad(gradc.implicit(solve, cubic))(1.0, 2.0)
    assert "brentq` is not supported" in str(error.value)
    assert "poison" not in str(error.value)


def test_refusals():
    with pytest.raises(GradTypeError, match="one of direct, cg and bicgstab"):
        gradc.implicit(newton, cubic, "gauss")
    with pytest.raises(GradTypeError, match="names its arguments"):
        gradc.implicit(lambda *args: args[0], cubic)
