"""``batch`` inside a function that is compiled: the loop over the samples in place of the call."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.derived import Call, Derived, children
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import Array, Ref, Tuple
from gradc.frontend.python.regions import Param, closed_call
from gradc.frontend.python.trees import is_number, made_ref, taken_apart
from gradc.ir.core import Value
from gradc.ir.inlining import inline, with_fresh_symbols

Axes = Any


def call_batch(
    ctx: Lowering,
    call: Call,
    derived: Derived,
    args: Sequence[Ref],
    kwargs: Mapping[str, Ref],
    node: ast.AST | None,
) -> Ref:
    """Interpret a call of the function of a batch."""
    in_axes = derived.settings["in_axes"]
    if isinstance(in_axes, tuple | list) and len(in_axes) != len(args):
        raise shapes(f"in_axes has {len(in_axes)} entries for {len(args)} arguments")
    # an array that is given twice is mapped where its axis says so
    args = [replace(ref) if isinstance(ref, Array) else ref for ref in args]
    axes: dict[int, int | None] = {}
    _note_axes(ctx, in_axes, Tuple(tuple(args)), axes)
    for ref in kwargs.values():
        _note_axes(ctx, 0, ref, axes)

    def is_mapped(_: Lowering, ref: Ref) -> bool:
        return axes.get(id(ref)) is not None

    names = list(kwargs)
    everything = Tuple((*args, *kwargs.values()))
    parts = taken_apart(ctx, everything, is_mapped)
    if not parts.leaves:
        raise shapes("no argument is mapped", "give one of them an axis in in_axes")
    actual = [ctx.value(leaf) for leaf in parts.leaves]
    own = [axis for leaf in parts.leaves if (axis := axes[id(leaf)]) is not None]
    params = [_sample_of(value, axis) for value, axis in zip(actual, own, strict=True)]

    def run(samples: list[Ref]) -> Ref:
        made = parts.around(samples)
        assert isinstance(made, Tuple)
        given = dict(zip(names, made.items[len(args) :], strict=True))
        return call(ctx, derived.function, made.items[: len(args)], given, node)

    closed = closed_call(ctx, "a function inside batch", params, run)
    types = [value.type for value in (*actual, *closed.around)]
    out = closed.out.around(closed.out.leaves)
    out_axes = _result_axes(ctx, derived.settings["out_axes"], out)
    whole = [*own, *(None for _ in closed.around)]
    assert derived.meaning.build is not None
    made = derived.meaning.build(closed.function, types, whole, out_axes)
    made = with_fresh_symbols(made, closed.function, ctx.builder.symbols)
    results = inline(ctx.builder, made, [*actual, *closed.around])
    return closed.out.around(
        made_ref(ctx, value, weak and axis is None)
        for value, weak, axis in zip(results, closed.weak, out_axes, strict=True)
    )


def _sample_of(value: Value, axis: int) -> Param:
    shape = value.type.shape
    return value.type.with_shape(shape[:axis] + shape[axis + 1 :]), value.name, False


def _note_axes(ctx: Lowering, axes: Axes, ref: Ref, found: dict[int, int | None]) -> None:
    """Note the axis of each array, None for one that is not mapped, by its identity."""
    parts = children(ctx, ref)
    if parts is not None:
        for key, part in parts.items():
            _note_axes(ctx, _axes_of(axes, key, len(parts), "in_axes"), part, found)
        return
    if not ctx.is_numeric(ref):
        return
    if axes is None:
        if isinstance(ref, Array) and found.setdefault(id(ref), None) is not None:
            raise _two_ways()
        return
    if isinstance(axes, bool) or not isinstance(axes, int):
        raise shapes(f"in_axes holds {axes!r} for {ctx.describe(ref)}; an axis is an int or None")
    if not isinstance(ref, Array):
        raise shapes(
            f"in_axes maps {ctx.describe(ref)} along axis {axes}",
            "pass an array with an entry for each sample, or None in in_axes for it",
        )
    rank = ref.type.rank
    if not -rank <= axes < rank:
        raise shapes(f"in_axes asks for axis {axes} of an argument that has {rank}")
    if found.setdefault(id(ref), axes % rank) != axes % rank:
        raise _two_ways()


def _two_ways() -> RefusedError:
    return shapes("one array is mapped in two different ways", "pass a copy of it")


def _axes_of(axes: Axes, key: Any, count: int, what: str) -> Axes:
    if isinstance(axes, dict):
        if key not in axes:
            raise shapes(f"{what} has no entry for {key!r}")
        return axes[key]
    if isinstance(axes, tuple | list):
        if not isinstance(key, int):
            return getattr(axes, key, None)
        if len(axes) != count:
            raise shapes(f"{what} has {len(axes)} entries for {count} parts")
        return axes[key]
    return axes


def _result_axes(ctx: Lowering, axes: Axes, ref: Ref) -> list[int | None]:
    """The axis of the samples in each number or array of a result, in order."""
    parts = children(ctx, ref)
    if parts is not None:
        return [
            axis
            for key, part in parts.items()
            for axis in _result_axes(ctx, _axes_of(axes, key, len(parts), "out_axes"), part)
        ]
    if not is_number(ctx, ref):
        return []
    if axes is not None and (isinstance(axes, bool) or not isinstance(axes, int)):
        raise shapes(f"out_axes holds {axes!r}; an axis is an int or None")
    return [axes]
