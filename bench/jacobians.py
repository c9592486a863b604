"""Jacobians and Hessians, beside JAX and CasADi, one thread: ``python -m bench.jacobians``.

Each library differentiates its own writing of one function and is called from Python, and its
result is compared before it is timed. CasADi stores sparse results; its time includes none of the
conversion to a dense array.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import numpy as np

from bench.common import (
    CLOCKS,
    Subject,
    Table,
    Times,
    interleaved,
    is_installed,
    start_over_with_one_thread,
    times,
)

COLUMNS = ("", "gradc", "JAX jit", "CasADi", "gradc / JAX", "gradc / CasADi")
PRODUCT_COLUMNS = ("", "gradient", "Hessian times vector", "ratio")

# Two links of length 1 and mass 1 in a plane, with gravity (Spong, Hutchinson and Vidyasagar,
# 2006, "Robot Modeling and Control", section 7.4).
GRAVITY = 9.81


@dataclass(frozen=True, slots=True)
class Case:
    """A derivative to be timed: gradc's, and what others call it."""

    name: str
    gradc: Callable[[], Callable[..., Any]]
    jax: Callable[[], Callable[..., Any]]
    casadi: Callable[[int], Callable[..., Any]]
    size: int


def rosenbrock(x: Any) -> Any:
    """The chained Rosenbrock function, as a user of NumPy writes it."""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def rosenbrock_residuals(x: Any) -> Any:
    """Its residuals."""
    return np.concatenate((10.0 * (x[1:] - x[:-1] ** 2), 1.0 - x[:-1]))


def arm(s: Any, torque: Any) -> Any:
    """The rates of change of angles and speeds of a two-link arm, from its state and torques."""
    q1, q2, v1, v2 = s[0], s[1], s[2], s[3]
    c2, s2 = np.cos(q2), np.sin(q2)
    m11, m12, m22 = 5.0 / 3.0 + c2, 1.0 / 3.0 + 0.5 * c2, 1.0 / 3.0
    bend = 0.5 * s2
    g2 = 0.5 * GRAVITY * np.cos(q1 + q2)
    r1 = torque[0] + bend * (2.0 * v1 * v2 + v2 * v2) - 1.5 * GRAVITY * np.cos(q1) - g2
    r2 = torque[1] - bend * v1 * v1 - g2
    det = m11 * m22 - m12 * m12
    return np.array([v1, v2, (m22 * r1 - m12 * r2) / det, (m11 * r2 - m12 * r1) / det])


def arm_after(s: Any, torque: Any) -> Any:
    """The state after 20 steps of the classical Runge-Kutta method."""
    h = 0.01
    for _ in range(20):
        k1 = arm(s, torque)
        k2 = arm(s + 0.5 * h * k1, torque)
        k3 = arm(s + 0.5 * h * k2, torque)
        k4 = arm(s + h * k3, torque)
        s = s + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return s


# -- the same for the others ----------------------------------------------------------------------


def _in_jax(name: str) -> Callable[..., Any]:
    """The same functions on JAX's arrays."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    scope: dict[str, Any] = {**globals(), "np": jnp}
    written: tuple[Any, ...] = (rosenbrock, rosenbrock_residuals, arm, arm_after)
    functions: dict[str, Any] = {
        each.__name__: FunctionType(each.__code__, scope, each.__name__) for each in written
    }
    scope.update(functions)
    if name == "arm_after":

        def scanned(s: Any, torque: Any) -> Any:
            h, rates = 0.01, functions["arm"]

            def step(s: Any, _: Any) -> tuple[Any, None]:
                k1 = rates(s, torque)
                k2 = rates(s + 0.5 * h * k1, torque)
                k3 = rates(s + 0.5 * h * k2, torque)
                k4 = rates(s + h * k3, torque)
                return s + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4), None

            return jax.lax.scan(step, s, None, length=20)[0]

        return scanned
    made: Callable[..., Any] = functions[name]
    return made


def _jax(transform: str, name: str) -> Callable[[], Callable[..., Any]]:
    def make() -> Callable[..., Any]:
        import jax

        made = jax.jit(getattr(jax, transform)(_in_jax(name)))
        return lambda *args: jax.block_until_ready(made(*args))

    return make


def _casadi(kind: str, name: str) -> Callable[[int], Callable[..., Any]]:
    def make(size: int) -> Callable[..., Any]:
        import casadi as ca

        x, torque = ca.SX.sym("x", size), ca.SX.sym("t", 2)
        if name == "rosenbrock":
            value = ca.sum1(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)
        elif name == "rosenbrock_residuals":
            value = ca.vertcat(10.0 * (x[1:] - x[:-1] ** 2), 1.0 - x[:-1])
        else:
            value = _casadi_arm(ca, x, torque, name)
        made = ca.hessian(value, x)[0] if kind == "hessian" else ca.jacobian(value, x)
        function = ca.Function("f", [x, torque], [made])
        return lambda x, torque=(0.0, 0.0): function(x, torque)

    return make


def _casadi_arm(ca: Any, s: Any, torque: Any, name: str) -> Any:
    class Space:
        cos, sin = staticmethod(ca.cos), staticmethod(ca.sin)

        @staticmethod
        def array(items: Sequence[Any]) -> Any:
            return ca.vertcat(*items)

    scope: dict[str, Any] = {**globals(), "np": Space}
    functions: tuple[Any, ...] = (arm, arm_after)
    made: dict[str, Any] = {
        each.__name__: FunctionType(each.__code__, scope, each.__name__) for each in functions
    }
    scope.update(made)
    return made[name](s, torque)


def cases() -> list[Case]:
    """What is timed."""
    import gradc

    def own(transform: Callable[..., Any], function: Callable[..., Any]) -> Callable[[], Any]:
        return lambda: transform(function)

    found = []
    for size in (10, 1000):
        name = f"Rosenbrock, n = {size}: "
        residuals, value = "rosenbrock_residuals", "rosenbrock"
        for title, transform in (("forward", "jacfwd"), ("reverse", "jacrev")):
            found.append(
                Case(
                    f"{name}Jacobian of the residuals, {title}",
                    own(getattr(gradc, transform), rosenbrock_residuals),
                    _jax(transform, residuals),
                    _casadi("jacobian", residuals),
                    size,
                )
            )
        hessian = own(gradc.hessian, rosenbrock)
        own_hessian = Case(
            f"{name}Hessian", hessian, _jax("hessian", value), _casadi("hessian", value), size
        )
        found.append(own_hessian)
    for name, title in (("arm", "two-link arm"), ("arm_after", "two-link arm, 20 RK4 steps")):
        function = {"arm": arm, "arm_after": arm_after}[name]
        jacobian = own(gradc.jacfwd, function)
        found.append(
            Case(f"{title}: Jacobian", jacobian, _jax("jacfwd", name), _casadi("jacobian", name), 4)
        )
    return found


def measure(case: Case, rounds: int, clock: str) -> list[str | Times]:
    """The row of a case."""
    rng = np.random.default_rng(0)
    point = rng.uniform(-1.0, 1.0, case.size)
    args: tuple[Any, ...] = (point,) if case.size != 4 else (point, np.array([1.0, -0.5]))
    subjects: dict[str, Subject] = {}
    own = case.gradc()
    wanted = own(*args)
    subjects["gradc"] = Subject(lambda: own(*args))
    if is_installed("jax"):
        import jax.numpy as jnp

        theirs, placed = case.jax(), [jnp.asarray(arg) for arg in args]
        np.testing.assert_allclose(theirs(*placed), wanted, rtol=1e-9, atol=1e-9)
        subjects["JAX"] = Subject(lambda: theirs(*placed))
    if is_installed("casadi"):
        other = case.casadi(case.size)
        np.testing.assert_allclose(np.array(other(*args).full()), wanted, rtol=1e-9, atol=1e-9)
        subjects["CasADi"] = Subject(lambda: other(*args))
    found = interleaved(subjects, rounds, clock)
    row: list[str | Times] = [case.name]
    row += [found.get(name, "-") for name in ("gradc", "JAX", "CasADi")]
    for name in ("JAX", "CasADi"):
        row.append(times(found["gradc"].over(found[name])) if name in found else "-")
    return row


def product_row(
    name: str, function: Callable[..., Any], args: tuple[Any, ...], rounds: int, clock: str
) -> list[str | Times]:
    """A gradient, and the Hessian times a vector."""
    import gradc

    gradient, product = gradc.grad(function), gradc.hvp(function)
    vector = np.ones_like(args[0])
    kernel = gradient.specialize(*args).compiled.kernel.dispatcher
    other = product.specialize(*args, vector).compiled.kernel.dispatcher
    subjects = {
        "gradient": Subject(lambda: kernel(*args)),
        "product": Subject(lambda: other(*args, vector)),
    }
    found = interleaved(subjects, rounds, clock)
    ratio = times(found["product"].over(found["gradient"]))
    return [name, found["gradient"], found["product"], ratio]


def products() -> Mapping[str, tuple[Callable[..., Any], tuple[Any, ...]]]:
    """The functions whose Hessian-vector product is timed, in kernels without Python's call."""
    rng = np.random.default_rng(1)
    table, labels = rng.standard_normal((1000, 20)), (rng.random(1000) > 0.5) * 1.0

    def logistic(w: Any, table: Any, labels: Any) -> Any:
        z = table @ w
        return np.sum(np.logaddexp(0.0, z) - labels * z)

    def loops(x: Any) -> Any:
        total = 0.0
        for i in range(1, len(x)):
            total += np.sin(x[i] * x[i - 1]) * np.exp(-x[i] * x[i])
        return total

    def recurrence(x: Any) -> Any:
        s = 0.0
        for i in range(len(x)):
            s = np.tanh(s * 0.9 + x[i])
        return s * s

    def network(w: Any, v: Any, table: Any) -> Any:
        return np.sum(np.tanh(table @ w) @ v)

    def diffusion(u: Any, steps: int) -> Any:
        for _ in range(steps):
            new = u.copy()
            for i in range(1, len(u) - 1):
                new[i] = u[i] + 0.1 * (u[i - 1] - 2.0 * u[i] + u[i + 1]) - 0.01 * u[i] ** 3
            u = new
        return np.sum(u * u)

    def newton(x: Any) -> Any:
        total = 0.0
        for i in range(len(x)):
            r = 1.0
            while abs(r * r * r - 1.0 - x[i] * x[i]) > 1e-10:
                r = r - (r * r * r - 1.0 - x[i] * x[i]) / (3.0 * r * r)
            total += r * x[i]
        return total

    def energy(x: Any) -> Any:
        total = 0.0
        for i in range(len(x)):
            for j in range(i):
                square = (x[i, 0] - x[j, 0]) ** 2 + (x[i, 1] - x[j, 1]) ** 2 + 0.1
                total += square**-6 - square**-3
        return total

    def quadratic(x: Any, matrix: Any) -> Any:
        return np.sum(np.linalg.solve(matrix + np.diag(x), x) ** 2)

    x = rng.standard_normal(10_000)
    weights, last = 0.3 * rng.standard_normal((20, 30)), rng.standard_normal(30)
    matrix = np.eye(30) * 8.0 + 0.1 * rng.standard_normal((30, 30))
    return {
        "Rosenbrock, n = 10,000": (rosenbrock, (x,)),
        "a loop of sines and exponentials, n = 10,000": (loops, (x,)),
        "a recurrence, n = 10,000": (recurrence, (x,)),
        "logistic regression, 1,000 by 20": (logistic, (rng.standard_normal(20), table, labels)),
        "a network 20-30-1, 1,000 samples": (network, (weights, last, table)),
        "diffusion with a reaction, 1,000 by 50 steps": (diffusion, (x[:1000].copy(), 50)),
        "a Newton iteration for each of 10,000": (newton, (x,)),
        "pairs of 100 particles": (energy, (rng.standard_normal((100, 2)) * 5.0,)),
        "a linear solve of 30 unknowns": (quadratic, (0.5 + rng.random(30), matrix)),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    start_over_with_one_thread("bench.jacobians")
    parser = argparse.ArgumentParser(prog="python -m bench.jacobians", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="how often each is timed (15)")
    parser.add_argument("--clock", choices=CLOCKS, default="cpu", help="cpu unless wall is asked")
    parser.add_argument("--products", action="store_true", help="Hessian-vector products only")
    parser.add_argument("--markdown", action="store_true", help="tables for README.md")
    options = parser.parse_args(arguments)
    table = Table(f"Jacobians and Hessians ({options.clock} time): float64, one thread", COLUMNS)
    if not options.products:
        for case in cases():
            table.add(*measure(case, options.rounds, options.clock))
        table.show(options.markdown)
    table = Table("Hessian-vector product over gradient, kernels alone", PRODUCT_COLUMNS)
    for name, (function, args) in products().items():
        table.add(*product_row(name, function, args, options.rounds, options.clock))
    table.show(options.markdown)


if __name__ == "__main__":
    main()
