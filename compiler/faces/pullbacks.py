"""Pullbacks and pushforwards as functions of their own: what is differentiated for a next order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

from gradc.faces.containers import flatten, unflatten
from gradc.faces.functions import parameter_names
from gradc.faces.jacobians import vectors_before_captured
from gradc.faces.products import active_arguments, is_float, pullback_at, pushforward
from gradc.faces.program import ArgTree, Derivative, Program, program_of_types
from gradc.frontend.python import Lowered
from gradc.ir.core import Function, Region
from gradc.options import Options


class _Product:
    """A product of a function with directions, which follow the arguments.

    Parameters
    ----------
    function : callable
    args : sequence
        Arguments of the types that it will be called with.
    options : Options
    """

    what: ClassVar[str]

    def __init__(self, function: Callable[..., Any], args: Sequence[Any], options: Options) -> None:
        self.function, self.options = function, options
        self.count = len(args)
        self.active = active_arguments(args)
        self.__name__ = f"{self.what} of {getattr(function, '__name__', 'a function')}"


class Pullback(_Product):
    """``(*args, *seeds) -> cotangents`` of a function, with one seed for each float result."""

    what: ClassVar[str] = "pullback"

    def __call__(self, *args: Any) -> tuple[Any, ...]:
        """The float leaves of the cotangents of the arguments."""
        point, seeds = args[: self.count], iter(args[self.count :])
        _, pullback = pullback_at(self.function, point, self.options, flat_seeds=list(seeds))
        return tuple(leaf for leaf in flatten(pullback(None))[0] if leaf is not None)

    def __gradc_lower__(
        self, positional: Sequence[ArgTree], keywords: Mapping[str, ArgTree]
    ) -> Lowered:
        """Lower the vector-Jacobian product; the seeds follow the arguments."""
        program, derivative = _derivative(self, "vjp", positional, keywords)
        weak = [
            bool(getattr(program.arguments[leaf].spec, "weak", False))
            for group in derivative.leaves
            for leaf in group
        ]
        return _lowered(program, derivative, derivative.compiled.function, weak)


class Pushforward(_Product):
    """``(*args, *tangents) -> tangents`` of a function: one for each float leaf and result."""

    what: ClassVar[str] = "pushforward"

    def __call__(self, *args: Any) -> tuple[Any, ...]:
        """The tangents of the float results."""
        point, given = args[: self.count], iter(args[self.count :])
        tangents = []
        for arg in point:
            leaves, spec = flatten(arg)
            own = [next(given) if is_float(leaf) else None for leaf in leaves]
            tangents.append(unflatten(spec, own))
        value, dots = pushforward(self.function, point, tangents, self.options)
        pairs = zip(flatten(value)[0], flatten(dots)[0], strict=True)
        return tuple(dot for leaf, dot in pairs if is_float(leaf))

    def __gradc_lower__(
        self, positional: Sequence[ArgTree], keywords: Mapping[str, ArgTree]
    ) -> Lowered:
        """Lower the Jacobian-vector product; the tangents follow the arguments."""
        program, derivative = _derivative(self, "jvp", positional, keywords)
        made, lowered = derivative.compiled.function, program.lowered
        results = lowered.function.results
        floats = [index for index, result in enumerate(results) if result.type.is_float]
        # in the order of the value's leaves, as the call gives them
        order = [len(results) + floats.index(index) for index in derivative.differentiated]
        chosen = tuple(made.results[place] for place in order)
        body = Region(made.params, made.ops, chosen)
        weak = [bool(lowered.out_weak[index]) for index in derivative.differentiated]
        return _lowered(program, derivative, Function(made.name, body, made.loc), weak)


def _derivative(
    made: _Product,
    mode: Literal["vjp", "jvp"],
    positional: Sequence[ArgTree],
    keywords: Mapping[str, ArgTree],
) -> tuple[Program, Derivative]:
    names = parameter_names(made.function)
    point = positional[: made.count]
    program = program_of_types(made.function, point, keywords, names, made.options)
    return program, program.derivative(mode, made.active)


def _lowered(
    program: Program, derivative: Derivative, function: Function, weak: Sequence[bool]
) -> Lowered:
    """With the directions before what the function has from outside, which comes last."""
    ordered = vectors_before_captured(function, len(program.lowered.captured), derivative)
    return replace(
        program.lowered,
        function=ordered,
        out_tree=tuple(range(len(function.results))),
        out_weak=tuple(weak),
    )
