"""What the bridges to other frameworks share: a function, its pullback, the pullback of that.

A framework hands over arrays (its own, as NumPy's) and gets arrays back; which of the arguments
are arrays of the framework, and which are constants, a :class:`Template` remembers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import optree

from gradc.errors import GradTypeError
from gradc.faces.containers import flatten, unflatten
from gradc.faces.options import OptionKeywords, chosen_options
from gradc.faces.products import Primal, active_arguments, is_float
from gradc.faces.pullbacks import Pullback, Pushforward
from gradc.faces.shapes import result_shapes
from gradc.frontend.python import Static
from gradc.options import Options


@dataclass(frozen=True, eq=False, slots=True)
class Template:
    """Arguments with places for the arrays of a framework.

    Attributes
    ----------
    leaves : list
        The leaves of all arguments; what stands at a place is not looked at.
    spec : PyTreeSpec
    places : tuple of int
        Which leaves are the framework's.
    """

    leaves: list[Any]
    spec: optree.PyTreeSpec
    places: tuple[int, ...]

    @classmethod
    def of(cls, args: Sequence[Any], kind: type | tuple[type, ...]) -> tuple[Template, list[Any]]:
        """The template of arguments, and the leaves of the framework's `kind` in them."""
        leaves, spec = flatten(tuple(args))
        places = tuple(place for place, leaf in enumerate(leaves) if isinstance(leaf, kind))
        return cls(leaves, spec, places), [leaves[place] for place in places]

    def filled(self, arrays: Sequence[Any]) -> tuple[Any, ...]:
        """The arguments with these arrays."""
        leaves = list(self.leaves)
        for place, array in zip(self.places, arrays, strict=True):
            leaves[place] = array
        made: tuple[Any, ...] = unflatten(self.spec, leaves)
        return made

    def with_seeds(self, count: int) -> Template:
        """The template of the pullback, which takes `count` cotangents of results as well."""
        args = unflatten(self.spec, list(range(len(self.leaves))))
        order, spec = flatten((*args, *(len(self.leaves) + k for k in range(count))))
        leaves = [self.leaves[k] if k < len(self.leaves) else None for k in order]
        seeds = tuple(range(len(self.leaves), len(self.leaves) + count))
        return Template(leaves, spec, (*self.places, *seeds))


@dataclass(eq=False)
class Call:
    """A function of arrays with what has been compiled for it.

    Attributes
    ----------
    function : callable
    options : Options
    """

    function: Callable[..., Any]
    options: Options
    _primals: dict[tuple[int, ...], Primal] = field(default_factory=dict)
    _pullbacks: dict[Any, Call] = field(default_factory=dict)
    _pushforwards: dict[Any, Call] = field(default_factory=dict)

    @classmethod
    def with_keywords(cls, function: Callable[..., Any], options: OptionKeywords) -> Call:
        """The call of a function with the keywords that a user gave."""
        chosen = chosen_options(options)
        if chosen.target == "cuda":
            raise GradTypeError('bridges to other frameworks are for the CPU: use target="cpu"')
        return cls(function, chosen)

    def primal(self, args: Sequence[Any]) -> Primal:
        """The compiled function for arguments of these types."""
        active = active_arguments(args)
        if not active:
            name = getattr(self.function, "__name__", "the function")
            raise GradTypeError(f"no argument of {name} holds a float; pass 3.0 rather than 3")
        if active not in self._primals:
            self._primals[active] = Primal(self.function, active, False, self.options)
        return self._primals[active]

    def values(self, args: Sequence[Any]) -> tuple[list[Any], optree.PyTreeSpec]:
        """The leaves of what the function returns, and their structure."""
        return flatten(self.primal(args)(*args))

    def result_types(
        self, args: Sequence[Any]
    ) -> tuple[list[tuple[tuple[int, ...], np.dtype[Any]] | Static], optree.PyTreeSpec]:
        """Shape and element type of each leaf of the result, without running the function."""
        leaves, derivative = self.primal(args).derivative_for(args, {})
        found, spec = flatten(derivative.value_tree, (Static,))
        numbers = [leaf for leaf in found if isinstance(leaf, int)]
        shapes = dict(zip(numbers, result_shapes(derivative.program, numbers, leaves), strict=True))
        results = derivative.program.lowered.function.results
        types: list[tuple[tuple[int, ...], np.dtype[Any]] | Static] = [
            (shapes[leaf], results[leaf].type.dtype.numpy) if isinstance(leaf, int) else leaf
            for leaf in found
        ]
        return types, spec

    def pullback(self, args: Sequence[Any]) -> Call:
        """The call ``(*args, *seeds) -> cotangents`` of the function: one leaf for each float.

        There is a seed for each float leaf of the result.
        """
        key = (active_arguments(args), flatten(tuple(args))[1])
        if key not in self._pullbacks:
            made = Pullback(self.function, args, self.options)
            self._pullbacks[key] = Call(made, self.options)
        return self._pullbacks[key]

    def pushforward(self, args: Sequence[Any]) -> Call:
        """The call ``(*args, *tangents) -> tangents``: one for each float leaf, in and out."""
        key = (active_arguments(args), flatten(tuple(args))[1])
        if key not in self._pushforwards:
            made = Pushforward(self.function, args, self.options)
            self._pushforwards[key] = Call(made, self.options)
        return self._pushforwards[key]


def float_places(args: Sequence[Any]) -> list[int]:
    """The leaves of arguments that have a cotangent, in the order of a pullback's results."""
    return [place for place, leaf in enumerate(flatten(tuple(args))[0]) if is_float(leaf)]


def as_array(value: Any) -> Any:
    """An array as gradc takes it: numbers of NumPy's types for arrays without axes."""
    array = np.asarray(value)
    return array if array.ndim else array[()]
