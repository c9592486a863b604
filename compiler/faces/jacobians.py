"""The callables that ``jacobian``, ``hessian`` and ``hvp`` return."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from gradc.errors import GradTypeError
from gradc.faces.blocks import BlockDerivative
from gradc.faces.containers import flatten
from gradc.faces.functions import Argnums, Differentiated
from gradc.faces.meanings import HESSIAN, JACOBIAN, PRODUCT
from gradc.faces.products import flat_tangents
from gradc.faces.program import ArgTree, Derivative, Program
from gradc.faces.shapes import result_counts
from gradc.frontend.python import Leaf, Lowered
from gradc.frontend.python.derived import Meaning, Prepared
from gradc.ir.core import Function, Region
from gradc.options import Mode, Options

JacobianMode = Literal["auto", "forward", "reverse"]


class _Blocks(Differentiated):
    kind = BlockDerivative

    def __init__(
        self, function: Callable[..., Any], argnums: Argnums, has_aux: bool, options: Options
    ) -> None:
        if options.target == "cuda":
            raise GradTypeError(
                'Jacobians and Hessians are for the CPU: with target="cuda" there are grad and '
                "value_and_grad"
            )
        super().__init__(function, argnums, has_aux, options)

    meaning: Meaning = JACOBIAN

    @property
    def __gradc_transform__(self) -> Prepared:
        """What calling this inside a compiled function means."""
        settings = {"argnums": self.argnums, "has_aux": self.has_aux}
        return Prepared(self.primal, settings, self.meaning)

    def finish(self, derivative: Derivative, results: list[Any]) -> Any:
        """The blocks in the structure of results and arguments."""
        assert isinstance(derivative, BlockDerivative)
        return derivative.arranged(results)

    def check(self, *args: Any, **kwargs: Any) -> None:
        """Compare with extrapolated differences along a random direction."""
        from gradc.faces.block_check import check_blocks

        check_blocks(self, args, kwargs)


class OneModeJacobian(_Blocks):
    """What ``jacfwd`` and ``jacrev`` return: a Jacobian in one mode."""

    mode: Mode = "jacfwd"

    @property
    def __gradc_transform__(self) -> Prepared:
        """What calling this inside a compiled function means."""
        mode = "forward" if self.mode == "jacfwd" else "reverse"
        settings = {"argnums": self.argnums, "has_aux": self.has_aux, "mode": mode}
        return Prepared(self.primal, settings, JACOBIAN)


class ForwardJacobian(OneModeJacobian):
    """What ``jacfwd`` returns."""


class ReverseJacobian(OneModeJacobian):
    """What ``jacrev`` returns."""

    mode: Mode = "jacrev"


class Hessian(_Blocks):
    """What ``hessian`` returns."""

    mode: Mode = "hessian"
    meaning = HESSIAN


class Jacobian(_Blocks):
    """What ``jacobian`` returns: a Jacobian in the mode that is cheaper for the sizes of a call."""

    mode: Mode = "jacfwd"

    def __init__(
        self,
        function: Callable[..., Any],
        argnums: Argnums,
        has_aux: bool,
        options: Options,
        mode: JacobianMode = "auto",
    ) -> None:
        if mode not in ("auto", "forward", "reverse"):
            raise GradTypeError(f"mode={mode!r}; it is one of auto, forward, reverse")
        super().__init__(function, argnums, has_aux, options)
        self.chosen_mode = mode
        self._forward = ForwardJacobian(function, argnums, has_aux, options)
        self._reverse = ReverseJacobian(function, argnums, has_aux, options)
        self._reverse._programs = self._forward._programs
        self._chosen: dict[tuple[Any, ...], OneModeJacobian] = {}

    @property
    def __gradc_transform__(self) -> Prepared:
        """What calling this inside a compiled function means."""
        settings = {"argnums": self.argnums, "has_aux": self.has_aux, "mode": self.chosen_mode}
        return Prepared(self.primal, settings, JACOBIAN)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The Jacobian at these arguments."""
        sizes = None if kwargs else _sizes(args)
        chosen = self._chosen.get(sizes) if sizes is not None else None
        if chosen is None:
            chosen = self._for(args, kwargs)
            if sizes is not None and len(self._chosen) < _MOST_SIZES:
                self._chosen[sizes] = chosen
        found = chosen(*args, **kwargs)
        self._last = chosen._last
        return found

    def derivative_for(
        self, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[list[Any], Derivative]:
        """The leaves of the arguments and the Jacobian for their types and sizes."""
        leaves, derivative = self._for(args, kwargs).derivative_for(args, kwargs)
        self._last = derivative
        return leaves, derivative

    def _for(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> OneModeJacobian:
        if self.chosen_mode != "auto":
            return self._forward if self.chosen_mode == "forward" else self._reverse
        leaves, program = self._forward.program_for(args, kwargs)
        columns = sum(
            int(np.size(leaves[leaf])) for leaf in self._wrt_leaves(program, len(args), kwargs)
        )
        tree = program.lowered.out_tree
        value = tree[0] if self.has_aux and isinstance(tree, tuple) else tree
        rows = result_counts(program, value, leaves)
        return self._forward if columns <= rows else self._reverse

    def _wrt_leaves(self, program: Program, given: int, kwargs: Mapping[str, Any]) -> list[int]:
        found = []
        for number in self.positions(given, kwargs):
            start, stop, _ = program.spans[number]
            found += [
                leaf for leaf in range(start, stop) if program.arguments[leaf].restore is not None
            ]
        return found

    def __gradc_lower__(
        self, positional: Sequence[ArgTree], keywords: Mapping[str, ArgTree]
    ) -> Lowered:
        """Lower for types. Where sizes are unknown, a vector-valued function goes forward."""
        chosen: OneModeJacobian = self._forward
        if self.chosen_mode == "reverse":
            chosen = self._reverse
        elif self.chosen_mode == "auto":
            program = self.program_of_types(positional, keywords)
            results = [each for each in program.lowered.function.results if each.type.is_float]
            if all(each.type.is_scalar for each in results):
                leaves = flatten((tuple(positional), dict(keywords)), (Leaf,))[0]
                arrays = [leaf for leaf in leaves if isinstance(leaf, Leaf) and leaf.type.rank]
                chosen = self._reverse if arrays else self._forward
        return chosen.__gradc_lower__(positional, keywords)


# For so many combinations of sizes the cheaper mode is remembered.
_MOST_SIZES = 64


def _sizes(args: Sequence[Any]) -> tuple[Any, ...] | None:
    """What sizes of results follow from; None where more than numbers and float arrays do."""
    found: list[Any] = []
    for arg in args:
        kind = type(arg)
        if kind is np.ndarray and arg.dtype.kind == "f":
            found.append(arg.shape)
        elif kind is float:
            found.append(None)
        elif kind is int:
            found.append(arg)
        else:
            return None
    return tuple(found)


class HessianVector(Differentiated):
    """What ``hvp`` returns: called with the arguments and, last, the vector."""

    mode: Mode = "hvp"

    @property
    def __gradc_transform__(self) -> Prepared:
        """What calling this inside a compiled function means."""
        settings = {"argnums": self.argnums, "has_aux": self.has_aux}
        return Prepared(self.primal, settings, PRODUCT)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The product at the arguments but the last, with the last."""
        derivative, leaves, further = self._with_vectors(args, kwargs)
        return self.finish(derivative, derivative.run(leaves, further))

    def watched(
        self, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[Program, Function, list[Any]]:
        """What a call runs: the function, and its arguments with the vectors."""
        derivative, leaves, further = self._with_vectors(args, kwargs)
        prepared = [*derivative.prepare(leaves), *further]
        return derivative.program, derivative.compiled.function, prepared

    def _with_vectors(
        self, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[Derivative, list[Any], list[Any]]:
        point, vector = self._split(args)
        leaves, derivative = self.derivative_for(point, kwargs)
        vectors = (vector,) if self.single else tuple(vector)
        if len(vectors) != len(derivative.groups):
            raise derivative.program.problem(
                f"{len(vectors)} vectors for {len(derivative.groups)} differentiated arguments",
                "pass a tuple with one vector for each entry of argnums",
            )
        return derivative, leaves, flat_tangents(derivative, leaves, vectors, "vector")

    def _split(self, args: Sequence[Any]) -> tuple[Sequence[Any], Any]:
        if len(args) < 2:
            name = getattr(self.primal, "__name__", "the function")
            raise GradTypeError(
                f"hvp of {name} takes the arguments of {name} and, after them, the vector"
            )
        return args[:-1], args[-1]

    def specialize(self, *args: Any, **kwargs: Any) -> Derivative:
        """Compile for the types of these arguments (the vector last) without running anything."""
        return self.derivative_for(self._split(args)[0], kwargs)[1]

    def __gradc_lower__(
        self, positional: Sequence[ArgTree], keywords: Mapping[str, ArgTree]
    ) -> Lowered:
        """Lower the product; the vector follows the arguments."""
        point, _ = self._split(positional)
        derivative = self.derivative_of_types(point, keywords)
        made = derivative.as_lowered()
        captured = len(derivative.program.lowered.captured)
        return replace(made, function=vectors_before_captured(made.function, captured, derivative))

    def check(self, *args: Any, **kwargs: Any) -> None:
        """Compare with extrapolated differences of the gradient along the vector."""
        from gradc.faces.block_check import check_product

        check_product(self, args, kwargs)


def vectors_before_captured(function: Function, captured: int, derivative: Derivative) -> Function:
    """Move captured arrays behind the vectors: they are the last parameters of what is lowered."""
    leaves = len(derivative.program.traced)
    params = function.params
    ordered = (
        *params[:leaves],
        *params[leaves + captured :],
        *params[leaves : leaves + captured],
    )
    body = Region(ordered, function.ops, function.results)
    return Function(function.name, body, function.loc)
