"""The transformations as passes: forward and reverse mode, Jacobians and Hessians."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gradc.adjoint.compressed import compressed_forward, compressed_reverse
from gradc.adjoint.forward import forward
from gradc.adjoint.hessian import hessian_of_gradient, hessian_vector
from gradc.adjoint.jacobian import jacobian_forward, jacobian_reverse
from gradc.adjoint.reverse import reverse
from gradc.ir.core import Function, Region
from gradc.passes.base import Context


@dataclass(frozen=True, slots=True)
class ReversePass:
    """Reverse mode as a pass: see :mod:`gradc.adjoint.reverse`.

    Attributes
    ----------
    wrt : tuple of int
        Positions of the parameters.
    results : tuple of int or None
        Positions of the differentiated results; all float ones by default.
    seeded : bool
        Whether the cotangents of the results are parameters.
    values : bool
        Whether the results of the function are kept beside the gradients.
    keep : tuple of int or None
        Which results are kept, where not all of them are.
    memory_limit : int or None
        Bytes of tape.
    """

    name: ClassVar[str] = "reverse"
    whole: ClassVar[bool] = True
    wrt: tuple[int, ...] = (0,)
    results: tuple[int, ...] | None = None
    seeded: bool = False
    values: bool = True
    keep: tuple[int, ...] | None = None
    memory_limit: int | None = None

    def run(self, function: Function, context: Context) -> Function:
        """Return the function of the gradient."""
        adjoint = reverse(
            function,
            self.wrt,
            results=self.results,
            seeded=self.seeded,
            memory_limit=self.memory_limit,
        )
        return _keep(adjoint, len(function.results), self.values, self.keep)


@dataclass(frozen=True, slots=True)
class ForwardPass:
    """Forward mode as a pass: see :mod:`gradc.adjoint.forward`."""

    name: ClassVar[str] = "forward"
    whole: ClassVar[bool] = True
    wrt: tuple[int, ...] = (0,)
    values: bool = True

    def run(self, function: Function, context: Context) -> Function:
        """Return the function of the directional derivative."""
        tangent = forward(function, self.wrt)
        return _keep(tangent, len(function.results), self.values, None)


@dataclass(frozen=True, slots=True)
class JacobianPass:
    """Whole Jacobians as a pass: see :mod:`gradc.adjoint.jacobian`.

    Attributes
    ----------
    mode : {"forward", "reverse"}
    wrt, results : tuple of int
    keep : tuple of int or None
        Which results of the function are kept before the blocks.
    once : bool
        In forward mode, whether what is the same for all directions is computed once.
    """

    name: ClassVar[str] = "jacobian"
    whole: ClassVar[bool] = True
    mode: str = "forward"
    wrt: tuple[int, ...] = (0,)
    results: tuple[int, ...] = (0,)
    keep: tuple[int, ...] | None = None
    once: bool = True

    def run(self, function: Function, context: Context) -> Function:
        """Return the function of the Jacobian."""
        if self.mode == "forward":
            made = jacobian_forward(function, self.wrt, self.results, self.once)
        else:
            made = jacobian_reverse(function, self.wrt, self.results)
        return _keep(made, len(function.results), False, self.keep)


@dataclass(frozen=True, slots=True)
class CompressedPass:
    """The entries of sparse Jacobians as a pass: see :mod:`gradc.adjoint.compressed`.

    Attributes
    ----------
    mode : {"forward", "reverse"}
        Whether columns or rows are coloured.
    wrt, results : tuple of int
    lanes : int
        How many products one pass takes.
    loop : bool
        Whether there are several passes.
    """

    name: ClassVar[str] = "compressed"
    whole: ClassVar[bool] = True
    mode: str = "forward"
    wrt: tuple[int, ...] = (0,)
    results: tuple[int, ...] = (0,)
    lanes: int = 1
    loop: bool = True

    def run(self, function: Function, context: Context) -> Function:
        """Return the function of the entries."""
        build = compressed_forward if self.mode == "forward" else compressed_reverse
        return build(function, self.wrt, self.results, self.lanes, self.loop)


@dataclass(frozen=True, slots=True)
class HessianPass:
    """From a gradient to the Hessian or its product with a vector.

    Attributes
    ----------
    wrt : tuple of int
        The parameters whose gradients are the last results.
    vector : bool
        Whether the product with a vector is wanted.
    once : bool
        Whether what is the same for all directions is computed once.
    """

    name: ClassVar[str] = "hessian"
    whole: ClassVar[bool] = True
    wrt: tuple[int, ...] = (0,)
    vector: bool = False
    once: bool = True

    def run(self, function: Function, context: Context) -> Function:
        """Return the function of second derivatives."""
        if self.vector:
            return hessian_vector(function, self.wrt)
        return hessian_of_gradient(function, self.wrt, self.once)


def _keep(function: Function, count: int, values: bool, kept: tuple[int, ...] | None) -> Function:
    """Drop results of the primal that nobody asked for."""
    if values and kept is None:
        return function
    results = [function.results[index] for index in kept or ()]
    body = function.body
    region = Region(body.params, body.ops, (*results, *function.results[count:]))
    return Function(function.name, region, function.loc)
