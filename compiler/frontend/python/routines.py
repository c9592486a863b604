"""Calls of functions that call themselves under a condition that is known at run time only.

Such a function is interpreted apart and becomes a routine, which is compiled on its own; the call
of it is one op. What a call of it gives is not known before the function has been interpreted, so
this is done twice: at first a call of itself counts as a path that goes on nowhere, like one that
raises, and the other paths tell the types of the result.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.hidden import RAISED
from gradc.frontend.python.problems import RefusedError
from gradc.frontend.python.refs import NONE, POISON, Callee, Constant, Poison, Ref, Tuple
from gradc.frontend.python.regions import Param, closed, interpreted, sizes_from_outside
from gradc.frontend.python.sizes import Affine
from gradc.frontend.python.trees import Parts, is_number, made_ref, taken_apart
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.routines import Routine
from gradc.ir.types import Dim
from gradc.ir.walk import all_ops, free_values
from gradc.prims.routines import CALL

#: Interpretations of one function until the types of its results are settled.
_MOST_ATTEMPTS = 6
#: Routines of one function, for arguments of different types, one inside the other.
_MOST_VERSIONS = 3

#: Interprets the body of a callee for arguments by name.
Body = Callable[[Mapping[str, Ref]], Ref]


@dataclass(eq=False, slots=True)
class _Reading:
    """A routine while its function is interpreted.

    Attributes
    ----------
    routine : Routine
    node : ast.AST
        The function that is interpreted.
    out : Parts or None
        The structure of the result; None before anything is known about it.
    weak : tuple of bool
        Which of its numbers are Python numbers.
    around : tuple of Value
        What the function uses from around the call; its last parameters.
    open : bool
        Whether it is being interpreted.
    incomplete : bool
        Whether it calls one of which nothing was known.
    """

    routine: Routine
    node: ast.AST
    out: Parts | None = None
    weak: tuple[bool, ...] = ()
    around: tuple[Value, ...] = ()
    open: bool = True
    incomplete: bool = False


def calls_itself(ctx: Lowering, callee: Callee) -> bool:
    """Whether a callee is being interpreted, and reaches itself under an open condition."""
    again = [frame for frame in ctx.state.frames if frame.node is callee.node]
    return bool(again) and ctx.branch_depth > again[-1].branch_depth


def call_routine(ctx: Lowering, callee: Callee, names: Mapping[str, Ref], body: Body) -> Ref:
    """Interpret a call of a function that calls itself.

    Parameters
    ----------
    ctx : Lowering
    callee : Callee
    names : mapping
        The arguments by the names of the parameters.
    body : callable
        Interprets the function in a frame of its own.
    """
    given = Tuple(tuple(names.values()))
    parts = taken_apart(ctx, given, is_number)
    actual = [ctx.value(leaf) for leaf in parts.leaves]
    weak = [ctx.kind(leaf).weak for leaf in parts.leaves]
    kinds = tuple(
        (value.type.dtype, tuple(d if isinstance(d, int) else "" for d in value.type.shape), own)
        for value, own in zip(actual, weak, strict=True)
    )
    others = taken_apart(ctx, given, lambda ctx, ref: not ctx.is_numeric(ref)).leaves
    own_key = tuple(repr(r.value) if isinstance(r, Constant) else id(r) for r in others)
    key = ("routine", id(callee.node), id(callee.outer), parts.structure, kinds, own_key)
    reading: _Reading | None = ctx.memo.get(key)
    if reading is None:
        _check_versions(ctx, callee)
        reading = _Reading(Routine(callee.name, (), ()), callee.node)
        ctx.memo[key] = reading
        try:
            given_types = actual, _labels(ctx, names), weak
            _read(ctx, callee, reading, list(names), parts, given_types, body)
        finally:
            reading.open = False
            # names from around may mean something else at the next call
            if callee.outer is not None or reading.around or reading.incomplete or not reading.out:
                del ctx.memo[key]
    return _called(ctx, reading, [*actual, *reading.around])


def _labels(ctx: Lowering, names: Mapping[str, Ref]) -> list[str]:
    """The names of the numbers and arrays among the arguments."""
    found: list[str] = []
    for name, ref in names.items():
        count = len(taken_apart(ctx, ref, is_number).leaves)
        found += [name] if count == 1 else [f"{name}_{k}" for k in range(count)]
    return found


def _check_versions(ctx: Lowering, callee: Callee) -> None:
    """Refuse a function that calls itself with other types, and again, without an end."""
    versions = sum(
        isinstance(other, _Reading) and other.open and other.node is callee.node
        for other in ctx.memo.values()
    )
    if versions >= _MOST_VERSIONS:
        raise RefusedError(
            f"{callee.name} calls itself with arguments of ever other types",
            "let the arguments of each call have the same types, or write it as a loop",
        )


def _called(ctx: Lowering, reading: _Reading, args: Sequence[Value]) -> Ref:
    """Append the call; while nothing is known of the result, the path goes on nowhere."""
    if reading.out is None:
        for other in ctx.memo.values():
            if isinstance(other, _Reading) and other.open and other is not reading:
                other.incomplete = True
        ctx.state.frame.names[RAISED] = NONE
        return POISON
    outs = ctx.builder.emit_all(CALL, args, {"routine": reading.routine})
    pairs = zip(outs, reading.weak, strict=True)
    return reading.out.around(made_ref(ctx, value, weak) for value, weak in pairs)


def _read(
    ctx: Lowering,
    callee: Callee,
    reading: _Reading,
    names: list[str],
    parts: Parts,
    given: tuple[Sequence[Value], Sequence[str], Sequence[bool]],
    body: Body,
) -> None:
    """Interpret the function until the types of its results are settled."""
    params = [_param(ctx, *each) for each in zip(*given, strict=True)]
    reading.routine.params = tuple(type for type, _, _ in params)
    found = len(ctx.diagnostics.found)

    def run(refs: list[Ref]) -> list[Value]:
        whole = parts.around(refs)
        assert isinstance(whole, Tuple)
        result = body(dict(zip(names, whole.items, strict=True)))
        if isinstance(result, Poison):
            ctx.state.frame.names.pop(RAISED, None)
            return []
        return _note_result(ctx, callee, reading, result)

    for _ in range(_MOST_ATTEMPTS):
        before = (reading.routine.results, reading.weak, reading.out)
        title = f"{callee.name} calls itself and"
        region = sizes_from_outside(ctx, interpreted(ctx, title, params, run, {}))
        if reading.out is None and reading.incomplete:
            return
        if reading.out is None:
            if len(ctx.diagnostics.found) == found:
                raise RefusedError(
                    f"{callee.name} calls itself on every path", "give it a path that ends"
                )
            raise RefusedError("")
        same = before[2] is not None and before[2].structure == reading.out.structure
        if same and before[:2] == (reading.routine.results, reading.weak):
            _close(ctx, callee, reading, region)
            return
        del ctx.diagnostics.found[found:]
    raise RefusedError(f"the types of what {callee.name} returns do not settle")


def _param(ctx: Lowering, value: Value, name: str, weak: bool) -> Param:
    """A parameter of a value's type, whose sizes are its own."""

    def own(dim: Dim) -> Dim:
        if isinstance(dim, int):
            return dim
        made = ctx.root.symbols.fresh(dim)
        ctx.root.sizes.low.setdefault(made, Affine())
        return made

    return value.type.with_shape(tuple(map(own, value.type.shape))), name, weak


def _note_result(ctx: Lowering, callee: Callee, reading: _Reading, result: Ref) -> list[Value]:
    parts = taken_apart(ctx, ctx.present(result, "the result"), is_number)
    values = [ctx.value(leaf) for leaf in parts.leaves]
    weak = tuple(ctx.kind(leaf).weak for leaf in parts.leaves)
    known = {dim for type in reading.routine.params for dim in type.shape}
    for value in values:
        if any(isinstance(dim, str) and dim not in known for dim in value.type.shape):
            raise RefusedError(
                f"{callee.name} calls itself and returns an array of a shape of its own",
                "let it write into an array that the caller makes, or write it as a loop",
            )
    if not parts.leaves:
        raise RefusedError(f"{callee.name} calls itself and returns no number")
    reading.out, reading.weak = parts, weak
    reading.routine.results = tuple(value.type for value in values)
    return values


def _close(ctx: Lowering, callee: Callee, reading: _Reading, region: Region) -> None:
    """Make the function, which takes last what it uses from around the call."""
    around = free_values(region)
    body, own = closed(region, around)
    routine = reading.routine
    if around and any(
        op.prim is CALL and op.params["routine"] is routine
        for inner in ctx.memo.values()
        if isinstance(inner, _Reading) and inner is not reading
        if inner.routine.function is not None
        for op in all_ops(inner.routine.function.body)
    ):
        raise RefusedError(
            f"functions that call each other use `{around[0].name}` from outside",
            f"pass `{around[0].name}` as an argument",
        )
    body = _handed_on(body, own, routine)
    whole = Region((*body.params, *own), body.ops, body.yields)
    routine.params = (*routine.params, *(value.type for value in own))
    routine.function = Function(routine.name, whole, ctx.builder.loc)
    reading.around = tuple(around)


def _handed_on(region: Region, own: Sequence[Value], routine: Routine) -> Region:
    """Give the calls of the routine inside itself what it uses from around."""
    if not own:
        return region

    def changed(op: Op) -> Op:
        regions = tuple(_handed_on(inner, own, routine) for inner in op.regions)
        mine = op.prim is CALL and op.params["routine"] is routine
        return replace(op, args=(*op.args, *own) if mine else op.args, regions=regions)

    return Region(region.params, tuple(map(changed, region.ops)), region.yields)
