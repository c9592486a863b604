"""A function interpreted apart from where it is called: as IR that uses nothing but parameters.

The function is interpreted into a region, which may use what surrounds it; what it uses becomes
further parameters::

    def f(x, y):
        return transform(lambda z: z * z * y)(x)     # inner(z, y), called with x and y
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.hidden import RAISED
from gradc.frontend.python.problems import RefusedError, follow_up
from gradc.frontend.python.refs import Array, Poison, Ref
from gradc.frontend.python.trees import Parts, made_ref, number_or_known, taken_apart
from gradc.ir.builder import DIM
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.renaming import SymbolRenaming
from gradc.ir.types import Dim, Type
from gradc.ir.walk import all_ops, free_values, map_regions, substitute_region

# The type of a parameter, its name, and whether it is a Python number.
Param = tuple[Type, str, bool]


@dataclass(frozen=True, slots=True)
class Closed:
    """A function interpreted apart.

    Attributes
    ----------
    function : Function
        Its last parameters are for `around`.
    around : list of Value
        What it uses from around the call.
    out : Parts
        The structure of its result around the numbers and arrays.
    weak : tuple of bool
        Which of these are Python numbers.
    """

    function: Function
    around: list[Value]
    out: Parts
    weak: tuple[bool, ...]


def closed_call(
    ctx: Lowering,
    title: str,
    params: Sequence[Param],
    run: Callable[[list[Ref]], Ref],
    writes: bool = False,
) -> Closed:
    """Interpret a function of parameters of some types.

    Parameters
    ----------
    ctx : Lowering
    title : str
        What the function is, for messages.
    params : sequence of Param
    run : callable
        Interprets the call, for references to the parameters.
    writes : bool
        Whether it may write to its parameters, which are copies.
    """
    found: list[tuple[Parts, tuple[bool, ...]]] = []

    def whole(refs: list[Ref]) -> list[Value]:
        result = run(refs)
        if isinstance(result, Poison) and RAISED not in ctx.state.frame.names:
            raise follow_up()
        parts = taken_apart(ctx, result, number_or_known(f"what {title} returns"))
        found.append((parts, tuple(ctx.kind(leaf).weak for leaf in parts.leaves)))
        return [ctx.value(leaf) for leaf in parts.leaves]

    region = sizes_from_outside(ctx, interpreted(ctx, title, params, whole, {}, writes))
    around = free_values(region)
    body, own = closed(region, around)
    ((out, weak),) = found
    whole_region = Region((*body.params, *own), body.ops, body.yields)
    return Closed(Function("inner", whole_region, ctx.builder.loc), around, out, weak)


def interpreted(
    ctx: Lowering,
    title: str,
    params: Sequence[Param],
    run: Callable[[list[Ref]], list[Value]],
    renamed: Mapping[str, Dim],
    writes: bool = False,
) -> Region:
    """A region of what `run` builds from parameters of some types.

    Parameters
    ----------
    ctx : Lowering
    title : str
    params : sequence of Param
    run : callable
    renamed : mapping
        Size symbols to be replaced, looked at once everything is interpreted.
    writes : bool
        Whether parameters may be written to.

    Raises
    ------
    RefusedError
        Where something outside is changed, or a parameter is written to.
    """
    saved = ctx.state.snapshot()
    with ctx.region() as inner:
        values = [inner.value(type, name) for type, name, _ in params]
        refs = [
            made_ref(ctx, value, weak) for value, (_, _, weak) in zip(values, params, strict=True)
        ]
        cells = [ref.cell for ref in refs if isinstance(ref, Array)]
        tokens = [ctx.state.tokens[cell] for cell in cells]
        yields = run(refs)
        change = ctx.state.changes(saved)
        if not (change or writes) and tokens != [ctx.state.tokens[cell] for cell in cells]:
            change = "writes to an argument"
        if change:
            raise RefusedError(
                f"{title} {change}",
                "let the function return what it computes, or write to a copy",
            )
        region = Region(tuple(values), tuple(inner.ops), tuple(yields))
    ctx.state.restore(saved)
    if any(old != new for old, new in renamed.items()):
        return SymbolRenaming(renamed).region(region)
    return region


def sizes_from_outside(ctx: Lowering, region: Region) -> Region:
    """Read the sizes of arrays around a region before it: the arrays are not needed then."""
    free = set(free_values(region))
    sizes = {
        op.out: ctx.size(op.args[0].type.shape[op.params["axis"]])
        for op in all_ops(region)
        if op.prim is DIM and op.args[0] in free
    }
    return _without(substitute_region(region, sizes), sizes.keys())


def closed(region: Region, around: Sequence[Value]) -> tuple[Region, list[Value]]:
    """Parameters for what a region uses from around it, and the region that uses those."""
    own = [replace(value) for value in around]
    return substitute_region(region, dict(zip(around, own, strict=True))), own


def _without(region: Region, dead: Collection[Value]) -> Region:
    """The region without the ops that define values which nothing uses any more."""

    def kept(op: Op) -> bool:
        return not (op.outs and all(out in dead for out in op.outs))

    ops = [map_regions(op, lambda inner: _without(inner, dead)) for op in region.ops if kept(op)]
    return Region(region.params, tuple(ops), region.yields)
