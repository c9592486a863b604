"""What the transformations mean where they are used inside a compiled function."""

from __future__ import annotations

from collections.abc import Sequence

from gradc.adjoint.hessian import hessian_of_gradient, hessian_vector
from gradc.adjoint.jacobian import jacobian_forward, jacobian_reverse
from gradc.adjoint.reverse import reverse
from gradc.frontend.python.derived import Meaning, Outermost
from gradc.frontend.python.transforms import Transform
from gradc.ir.builder import Symbols
from gradc.ir.core import Function
from gradc.passes.batching import batched
from gradc.passes.winners import with_winners


def _gradient(function: Function, wrt: Sequence[int], scope: Symbols) -> Function:
    return reverse(with_winners(function, scope), wrt, results=[0], scope=scope)


GRADIENT, VALUE_AND_GRADIENT = Transform(False, _gradient), Transform(True, _gradient)


def _jacobian(
    function: Function, wrt: Sequence[int], results: Sequence[int], mode: str
) -> Function:
    if mode == "auto":
        scalars = all(function.results[place].type.is_scalar for place in results)
        arrays = any(function.params[place].type.rank for place in wrt)
        mode = "reverse" if scalars and arrays else "forward"
    build = jacobian_forward if mode == "forward" else jacobian_reverse
    return build(function, wrt, results)


def _hessian(function: Function, wrt: Sequence[int], result: int) -> Function:
    return hessian_of_gradient(reverse(with_winners(function), wrt, results=[result]), wrt)


def _product(function: Function, wrt: Sequence[int], result: int) -> Function:
    return hessian_vector(reverse(with_winners(function), wrt, results=[result]), wrt)


_COMMON = {"argnums": 0, "has_aux": False}

JACOBIAN = Meaning("jacobian", "jacobian", {**_COMMON, "mode": "auto"}, _jacobian)
HESSIAN = Meaning("hessian", "hessian", _COMMON, _hessian)
PRODUCT = Meaning("hvp", "hvp", _COMMON, _product)
BATCH = Meaning("batch", "batch", {"in_axes": 0, "out_axes": 0}, batched)
RETURNING = Meaning("returning", "returning", {"outputs": ()})
SPARSE = Outermost(
    "a sparse derivative is a SciPy matrix, for calls from Python only",
    "inside of functions there are jacobian and hessian, jvp and vjp",
)


def in_one_mode(name: str, mode: str) -> Meaning:
    """What ``jacfwd`` or ``jacrev`` means."""

    def build(function: Function, wrt: Sequence[int], results: Sequence[int], _: str) -> Function:
        return _jacobian(function, wrt, results, mode)

    return Meaning(name, "jacobian", {**_COMMON}, build)
