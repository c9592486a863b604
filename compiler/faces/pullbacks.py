"""A pullback as a function of its own, so that functions of any result have a next order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gradc.driver import Options
from gradc.faces.containers import flatten
from gradc.faces.functions import parameter_names
from gradc.faces.products import active_arguments, pullback_at
from gradc.faces.program import ArgTree, program_of_types
from gradc.frontend.python import Lowered
from gradc.ir.core import Function, Region


class Pullback:
    """``(*args, *seeds) -> cotangents`` of a function, with one seed for each float result.

    Parameters
    ----------
    function : callable
    args : sequence
        Arguments of the types that it will be called with.
    options : Options
    """

    def __init__(self, function: Callable[..., Any], args: Sequence[Any], options: Options) -> None:
        self.function, self.options = function, options
        self.count = len(args)
        self.active = active_arguments(args)
        self.__name__ = f"pullback of {getattr(function, '__name__', 'a function')}"

    def __call__(self, *args: Any) -> tuple[Any, ...]:
        """The float leaves of the cotangents of the arguments."""
        point, seeds = args[: self.count], iter(args[self.count :])
        _, pullback = pullback_at(self.function, point, self.options, flat_seeds=list(seeds))
        return tuple(leaf for leaf in flatten(pullback(None))[0] if leaf is not None)

    def __gradc_lower__(
        self, positional: Sequence[ArgTree], keywords: Mapping[str, ArgTree]
    ) -> Lowered:
        """Lower the vector-Jacobian product; the seeds follow the arguments."""
        names = parameter_names(self.function)
        program = program_of_types(
            self.function, positional[: self.count], keywords, names, self.options
        )
        derivative = program.derivative("vjp", self.active)
        made, captured = derivative.compiled.function, len(program.lowered.captured)
        leaves = len(program.traced)
        params = made.params
        ordered = (
            *params[:leaves],
            *params[leaves + captured :],
            *params[leaves : leaves + captured],
        )
        body = Region(ordered, made.body.ops, made.body.yields)
        weak = tuple(
            bool(getattr(program.arguments[leaf].spec, "weak", False))
            for group in derivative.leaves
            for leaf in group
        )
        return replace(
            program.lowered,
            function=Function(made.name, body, made.loc),
            out_tree=tuple(range(len(made.results))),
            out_weak=weak,
        )
