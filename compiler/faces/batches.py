"""The callable that ``batch`` returns, and the axes that its arguments are mapped along."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradc.errors import GradTypeError
from gradc.faces.axes import Axes, argument_axes, broadcast_axes, name_of
from gradc.faces.containers import flatten, unflatten
from gradc.faces.functions import Differentiated
from gradc.faces.meanings import BATCH
from gradc.faces.program import ArgTree, Derivative, lower
from gradc.frontend.python import Leaf, Lowered, Static
from gradc.frontend.python.derived import Prepared
from gradc.options import Mode, Options
from gradc.passes.batching import batched, sample_type


class Batched(Differentiated):
    """A function of many samples; compiled for the types of the arguments of a call."""

    mode: Mode = "primal"

    def __init__(
        self, function: Callable[..., Any], in_axes: Axes, out_axes: Axes, options: Options
    ) -> None:
        if options.target == "cuda":
            raise GradTypeError(
                'batch is for the CPU: with target="cuda" every function is run for each sample'
            )
        self.function, self.in_axes, self.out_axes = function, in_axes, out_axes
        super().__init__(_Lowerable(function, in_axes, out_axes), 0, False, options)

    def derivative_for(
        self, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[list[Any], Derivative]:
        """The leaves of the arguments and the program for their types."""
        _check_sizes(self.function, self.in_axes, args, kwargs)
        leaves, program = self.program_for(args, kwargs)
        self._last = program.derivative("primal", [])
        return leaves, self._last

    def finish(self, derivative: Derivative, results: list[Any]) -> Any:
        """The results in the structure that the function returns."""
        return derivative.outputs(derivative.value_tree, results)

    def __gradc_lower__(
        self, positional: Sequence[ArgTree], keywords: Mapping[str, ArgTree]
    ) -> Lowered:
        """Lower for types, so that it can be differentiated."""
        return lower(self.primal, positional, keywords)

    @property
    def __gradc_transform__(self) -> Prepared:
        """What calling this inside a compiled function means."""
        settings = {"in_axes": self.in_axes, "out_axes": self.out_axes}
        return Prepared(self.function, settings, BATCH)

    def check(self, *args: Any, **kwargs: Any) -> None:
        """Compare with the function itself, called for each sample.

        Raises
        ------
        GradientCheckError
            When they disagree.
        """
        from gradc.faces.batch_check import check_batch

        check_batch(self, args, kwargs)


class _Lowerable:
    """The function of a batch, as something to be lowered for types."""

    def __init__(self, function: Callable[..., Any], in_axes: Axes, out_axes: Axes) -> None:
        if not callable(function):
            raise GradTypeError(f"a function belongs here, not {function!r}")
        self.function, self.in_axes, self.out_axes = function, in_axes, out_axes
        functools.update_wrapper(self, function, updated=())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Never called: it is lowered."""
        raise NotImplementedError

    def __gradc_lower__(
        self, positional: Sequence[ArgTree], keywords: Mapping[str, ArgTree]
    ) -> Lowered:
        whole = (tuple(positional), dict(keywords))
        leaves, spec = flatten(whole, (Leaf, Static))
        axes = argument_axes(self.function, self.in_axes, whole, (Leaf, Static))
        samples: list[Any] = []
        traced: list[tuple[Leaf, int | None]] = []
        for leaf, axis in zip(leaves, axes, strict=True):
            if isinstance(leaf, Static):
                samples.append(leaf)
                continue
            axis = _checked_axis(self.function, leaf, axis)
            traced.append((leaf, axis))
            samples.append(leaf if axis is None else _sample(leaf, axis))
        if len({axis for _, axis in traced}) > 1:
            samples = list(map(_apart, samples))
        own_positional, own_keywords = unflatten(spec, samples)
        lowered = lower(self.function, own_positional, own_keywords)
        captured = [value.type for value, _ in lowered.captured]
        types = [leaf.type for leaf, _ in traced] + captured
        in_axes = [axis for _, axis in traced] + [None] * len(captured)
        out_axes = result_axes(self.function, self.out_axes, lowered)
        made = batched(lowered.function, types, in_axes, out_axes)
        weak = tuple(
            own and axis is None for own, axis in zip(lowered.out_weak, out_axes, strict=True)
        )
        params = made.params[len(traced) :]
        pairs = zip(params, lowered.captured, strict=True)
        return replace(
            lowered,
            function=made,
            out_weak=weak,
            captured=tuple((param, array) for param, (_, array) in pairs),
        )


def _sample(leaf: Leaf, axis: int) -> Leaf:
    """One sample of an argument: what is the same array as a whole is so sample by sample."""
    memory = leaf.memory
    if memory is not None and memory.outside:
        # the array from outside is the same in all samples
        memory = replace(memory, outside=memory.apart().outside)
    return Leaf(sample_type(leaf.type, axis), weak=False, memory=memory)


def _apart(sample: Any) -> Any:
    """A sample along another axis than others: they may meet anywhere."""
    if isinstance(sample, Static) or sample.memory is None:
        return sample
    return replace(sample, memory=sample.memory.apart())


def _checked_axis(function: Callable[..., Any], leaf: Leaf, axis: int | None) -> int | None:
    if axis is None:
        return None
    rank = leaf.type.rank
    if rank == 0:
        raise GradTypeError(
            f"in_axes maps a number along axis {axis} in a batch of {name_of(function)}; pass an "
            "array with an entry for each sample, or None in in_axes for what is the same for all"
        )
    if not -rank <= axis < rank:
        raise GradTypeError(
            f"in_axes asks for axis {axis} of an argument of {name_of(function)} that has {rank}"
        )
    return axis % rank


def result_axes(function: Callable[..., Any], out_axes: Axes, lowered: Lowered) -> list[int | None]:
    """The axis of the samples in each result."""
    leaves, _ = flatten(lowered.out_tree, (Static,))
    found = broadcast_axes(
        out_axes, lowered.out_tree, (Static,), f"out_axes for {name_of(function)}"
    )
    pairs = zip(leaves, found, strict=True)
    by_result = {leaf: axis for leaf, axis in pairs if isinstance(leaf, int)}
    return [by_result.get(place, 0) for place in range(len(lowered.function.results))]


def _check_sizes(
    function: Callable[..., Any], in_axes: Axes, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> None:
    """Refuse a call with batches of different sizes, with what each argument has."""
    whole = (tuple(args), dict(kwargs))
    leaves, _ = flatten(whole)
    sizes: dict[int, int] = {}
    axes = argument_axes(function, in_axes, whole)
    for place, (leaf, axis) in enumerate(zip(leaves, axes, strict=True)):
        if axis is not None and isinstance(leaf, np.ndarray) and -leaf.ndim <= axis < leaf.ndim:
            sizes[place] = leaf.shape[axis]
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f"{size} (argument leaf {place})" for place, size in sizes.items())
        raise GradTypeError(
            f"the arguments of {name_of(function)} have batches of different sizes: {listed}"
        )
