"""A loop that does nothing where a cotangent is zero is skipped there.

Before::

    with for_(lo, n, one, b) as (i, b_1):
        no: b1 = eq(y_bar, zero)
        v: f64 = get(x, i, spec=('at',))
        p: f64 = mul(y_bar, v)
        t: f64 = select(no, zero, p)
        b_2: f64[n] = add_at(b_1, t, i, spec=('at',))
        yield_(b_2)
    b_3: f64[n] = outs()

After, with the selections removed by `simplify`::

    runs: b1 = ne(y_bar, zero)
    with if_(runs):
        with for_(lo, n, one, b) as (i, b_1):
            v: f64 = get(x, i, spec=('at',))
            p: f64 = mul(y_bar, v)
            b_2: f64[n] = add_at(b_1, p, i, spec=('at',))
            yield_(b_2)
        b_4: f64[n] = outs()
        yield_(b_4)
    with else_():
        yield_(b)
    b_3: f64[n] = outs()

What a minimum, a maximum or a condition did not choose has a cotangent of zero, for all but one of
many, and the guards that keep it zero are in the adjoint anyway (0003). A loop is skipped when all
that it carries is left as it is where one such cotangent, the same in all iterations, is zero. One
that fills a new array stays: its zeros have to be written in any case.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.ir.builder import CONST, Builder, Symbols
from gradc.ir.control import FOR, carried_inits
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.walk import all_ops, map_regions, rebuilt, substitute_region, with_body
from gradc.passes.base import Context
from gradc.prims.arithmetic import ADD, NEG, SUB
from gradc.prims.compare import EQ, NE, SELECT
from gradc.prims.index import ADD_AT
from gradc.prims.shape import ZEROS


@dataclass(frozen=True, slots=True)
class SkipZeros:
    """The pass."""

    name: ClassVar[str] = "zeros"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with loops skipped where nothing comes of them."""
        if all(op.prim is not SELECT for op in all_ops(function.body)):
            return function
        symbols = Symbols.of(function)
        zeros = {
            op.out
            for op in all_ops(function.body)
            if op.prim is CONST and op.out.type.is_float and op.params["value"] == 0.0
        }
        return with_body(function, _region(function.body, symbols, zeros))


def _region(region: Region, symbols: Symbols, zeros: set[Value]) -> Region:
    ops: list[Op] = []
    for old in region.ops:
        op = map_regions(old, lambda inner: _region(inner, symbols, zeros))
        fills = any(made.prim is ZEROS and made.out in op.args for made in ops)
        guard = _guard(op, zeros) if op.prim is FOR and op.outs and not fills else None
        ops += [op] if guard is None else _skipped(op, guard, symbols)
    return rebuilt(region, ops, region.yields)


def _guard(loop: Op, zeros: set[Value]) -> Op | None:
    """The comparison with zero on which a loop does nothing."""
    (body,) = loop.regions
    if any(not op.prim.pure for op in all_ops(body)):
        return None
    inside = {*body.params, *(out for op in body.ops for out in op.outs)}
    for op in body.ops:
        if op.prim is not EQ or op.args[1] not in zeros or op.args[0] in inside:
            continue
        if _keeps_everything(body, {op.out}, zeros):
            return op
    return None


def _keeps_everything(body: Region, true: set[Value], zeros: set[Value]) -> bool:
    """Whether a loop hands on what it carries where some conditions hold."""
    same = {param: param for param in body.params}
    _follow(body.ops, true, set(zeros), same)
    carried = zip(body.params[1:], body.yields, strict=True)
    return all(same.get(value, value) is param for param, value in carried)


def _follow(
    ops: Iterable[Op], true: set[Value], zero: set[Value], same: dict[Value, Value]
) -> None:
    """Extend what is zero, and what is the same as something else, by ops."""
    for op in ops:
        if op.prim is FOR:
            _follow_loop(op, true, zero, same)
        elif len(op.outs) != 1:
            continue
        elif op.prim is SELECT and op.args[0] in true:
            if op.args[1] in zero:
                zero.add(op.out)
            same[op.out] = same.get(op.args[1], op.args[1])
        elif (op.prim is NEG and op.args[0] in zero) or (
            op.prim in (ADD, SUB) and zero.issuperset(op.args)
        ):
            zero.add(op.out)
        elif (op.prim in (SUB, ADD_AT, ADD) and op.args[1] in zero) or (
            op.prim is ADD and op.args[0] in zero
        ):
            kept = op.args[1] if op.prim is ADD and op.args[0] in zero else op.args[0]
            same[op.out] = same.get(kept, kept)


def _follow_loop(op: Op, true: set[Value], zero: set[Value], same: dict[Value, Value]) -> None:
    (inner,) = op.regions
    again = {op.out for op in inner.ops if op.prim is EQ and op.args[0] in zero} & true
    inside = {**same, **{param: param for param in inner.params}}
    _follow(inner.ops, true | again, zero, inside)
    carried = zip(op.outs, op.args[3:], inner.params[1:], inner.yields, strict=True)
    for out, init, param, value in carried:
        if inside.get(value, value) is param:
            same[out] = same.get(init, init)
            if init in zero:
                zero.add(out)


def _skipped(loop: Op, guard: Op, symbols: Symbols) -> list[Op]:
    """The loop in a branch that is taken where the cotangent is not zero (NaN is not)."""
    builder = Builder(Symbols(symbols))
    builder.loc, builder.role = loop.loc, loop.role
    runs = builder.emit(NE, guard.args, name="runs")
    inside = builder.child()
    no = inside.const(False)
    (body,) = loop.regions
    ops = tuple(op for op in body.ops if op is not guard)
    inner = substitute_region(replace(body, ops=ops), {guard.out: no})
    outs = tuple(replace(out) for out in loop.outs)
    inside.append(replace(loop, outs=outs, regions=(inner,)))
    taken = inside.close((), outs)
    builder.branch(runs, taken, Region((), (), carried_inits(loop)))
    return [*builder.ops[:-1], replace(builder.ops[-1], outs=loop.outs)]
