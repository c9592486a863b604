"""What type checkers know of results; `make typecheck` reads this file, nothing runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, assert_type

import numpy as np
from numpy.typing import NDArray

import gradc

Floats = NDArray[np.floating[Any]]


class Params(NamedTuple):
    """A container."""

    weight: Floats
    bias: float


def loss(params: Params, x: Floats) -> float:
    """Of a container."""
    return float(np.sum(params.weight * x)) + params.bias


def energy(x: Floats) -> float:
    """Of an array."""
    return float(np.sum(x * x))


def field(x: Floats) -> Floats:
    """An array of an array."""
    return x * x


def curve(t: float) -> tuple[float, float]:
    """Several numbers of a number."""
    return t, t * t


def with_aux(x: Floats) -> tuple[float, dict[str, int]]:
    """A value and something else."""
    return float(np.sum(x)), {"n": len(x)}


def results(params: Params, x: Floats) -> None:
    """Gradients have the type of the argument, products that of the result."""
    assert_type(gradc.grad(loss)(params, x), Params)
    assert_type(gradc.grad(energy)(x), Floats)
    assert_type(gradc.grad(with_aux, has_aux=True)(x), tuple[Floats, dict[str, int]])
    assert_type(gradc.value_and_grad(loss)(params, x), tuple[float, Params])
    value, pullback = gradc.vjp(field, x)
    assert_type(value, Floats)
    assert_type(pullback, Callable[[Floats], tuple[Any, ...]])
    assert_type(gradc.jvp(curve, (1.0,), (1.0,)), tuple[tuple[float, float], tuple[float, float]])
    assert_type(gradc.jacobian(field)(x), Floats)
    assert_type(gradc.jacfwd(curve)(1.0), tuple[float, float])
    assert_type(gradc.hessian(energy)(x), Floats)
    assert_type(gradc.hvp(loss)(params, x, params), Params)
    assert_type(gradc.stop_gradient(params), Params)
    assert_type(gradc.grad(loss).source, str)


@gradc.custom_vjp
def halved(x: float) -> float:
    """A function with its own derivative keeps its type."""
    return x


def custom() -> None:
    """Called as before."""
    assert_type(halved(2.0), float)
