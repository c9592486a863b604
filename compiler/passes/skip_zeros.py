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

In a loop that hands a cotangent on, an iteration is skipped once that is zero, if all then stays as
it is, the zero included::

    with for_(last, minus, minus, y_bar, b) as (i, p, b_1):
        runs: b1 = ne(p, zero)
        with if_(runs):
            ...
            chosen: b1 = lt(r, x_i)
            p_1: f64 = select(chosen, zero, p)
            ...

What came before the chosen one of a running maximum is passed at the speed of a comparison; as no
such loop is vectorised, that is all it costs where the cotangent never is zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import ClassVar

from gradc.ir.builder import CONST, Builder, Symbols
from gradc.ir.control import FOR, IF, carried_inits
from gradc.ir.core import Function, Op, Region, Role, Value
from gradc.ir.walk import all_ops, map_regions, rebuilt, substitute_region, with_body
from gradc.passes.base import Context
from gradc.prims.arithmetic import ADD, MUL, NEG, SUB
from gradc.prims.compare import EQ, NE, SELECT
from gradc.prims.index import ADD_AT
from gradc.prims.routines import is_pure
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
        if op.prim is not FOR or not op.outs or fills:
            ops.append(op)
            continue
        guard = _guard(op, zeros)
        if guard is not None:
            ops += _skipped(op, guard, symbols)
            continue
        cotangent = _handed_on(op, zeros)
        ops.append(op if cotangent is None else _passed_over(op, cotangent, symbols))
    return rebuilt(region, ops, region.yields)


def _handed_on(loop: Op, zeros: set[Value]) -> Value | None:
    """What a loop carries that leaves everything as it is once it is zero."""
    (body,) = loop.regions
    if loop.role is not Role.ADJOINT or any(not op.prim.pure for op in all_ops(body)):
        return None
    if body.ops and body.ops[-1].prim is IF and body.yields == body.ops[-1].outs:
        return None  # passed over already
    for param in body.params[1:]:
        if not param.type.is_float or param.type.rank:
            continue
        known = Known(set(), set(), {*zeros, param}, {each: each for each in body.params})
        known.follow(body.ops)
        if all(
            known.same.get(end, end) is each or (each is param and end in known.zero)
            for each, end in zip(body.params[1:], body.yields, strict=True)
        ):
            return param
    return None


def _passed_over(loop: Op, cotangent: Value, symbols: Symbols) -> Op:
    """The loop with its body in a branch that is taken while a cotangent is not zero."""
    (body,) = loop.regions
    builder = Builder(Symbols(symbols))
    builder.loc, builder.role = loop.loc, loop.role
    zero = builder.const(0.0, cotangent.type.dtype)
    runs = builder.emit(NE, (cotangent, zero), name="runs")
    outs = tuple(replace(out) for out in loop.outs)
    taken, other = Region((), body.ops, body.yields), Region((), (), body.params[1:])
    branch = Op(IF, (runs,), {}, outs, (taken, other), loop.loc, loop.role)
    changed = Region(body.params, (*builder.ops, branch), outs)
    return replace(loop, regions=(changed,))


def _guard(loop: Op, zeros: set[Value]) -> Op | None:
    """The comparison with zero on which a loop does nothing."""
    (body,) = loop.regions
    if any(not is_pure(op) for op in all_ops(body)):
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
    known = Known(true, set(), set(zeros), {param: param for param in body.params})
    known.follow(body.ops)
    carried = zip(body.params[1:], body.yields, strict=True)
    return all(known.same.get(value, value) is param for param, value in carried)


@dataclass(slots=True)
class Known:
    """What is known of values under an assumption, extended by ops.

    Attributes
    ----------
    true, false : set of Value
    zero : set of Value
    same : dict
        For a value, the earlier one that it is.
    finite : set of Value
        Numbers times which zero is zero.
    """

    true: set[Value]
    false: set[Value]
    zero: set[Value]
    same: dict[Value, Value]
    finite: set[Value] = field(default_factory=set)

    def follow(self, ops: Iterable[Op]) -> None:
        """Extend by ops in order."""
        for op in ops:
            if op.prim is FOR:
                self.loop(op)
            elif op.prim is IF:
                self.branch(op)
            elif len(op.outs) == 1:
                self.simple(op)

    def of(self, value: Value) -> Value:
        return self.same.get(value, value)

    def simple(self, op: Op) -> None:
        prim, args, zero = op.prim, op.args, self.zero
        if prim is CONST:
            number = op.params["value"]
            if op.out.type.is_float and math.isfinite(number):
                (zero if number == 0.0 else self.finite).add(op.out)
        elif prim is SELECT:
            self.select(op)
        elif prim in (EQ, NE) and zero.issuperset(args):
            (self.true if prim is EQ else self.false).add(op.out)
        elif self.is_zero(op):
            zero.add(op.out)
        elif (prim in (SUB, ADD_AT, ADD) and args[1] in zero) or (prim is ADD and args[0] in zero):
            kept = args[1] if prim is ADD and args[0] in zero else args[0]
            self.same[op.out] = self.of(kept)

    def is_zero(self, op: Op) -> bool:
        """Whether an op makes zero of zeros; zero times anything but a known number may be NaN."""
        if op.prim is MUL:
            return any(
                one in self.zero and (other in self.finite or other in self.zero)
                for one, other in (op.args, op.args[::-1])
            )
        return op.prim in (NEG, ADD, SUB) and self.zero.issuperset(op.args)

    def select(self, op: Op) -> None:
        condition, *choices = op.args
        if condition in self.true:
            choices = choices[:1]
        elif condition in self.false:
            choices = choices[1:]
        if self.zero.issuperset(choices):
            self.zero.add(op.out)
        if len({self.of(choice) for choice in choices}) == 1:
            self.same[op.out] = self.of(choices[0])

    def branch(self, op: Op) -> None:
        condition = op.args[0]
        regions = op.regions
        if condition in self.true or condition in self.false:
            regions = regions[:1] if condition in self.true else regions[1:]
        for region in regions:
            self.follow(region.ops)
        for position, out in enumerate(op.outs):
            values = [region.yields[position] for region in regions]
            if self.zero.issuperset(values):
                self.zero.add(out)
            if len({self.of(value) for value in values}) == 1:
                self.same[out] = self.of(values[0])

    def loop(self, op: Op) -> None:
        (inner,) = op.regions
        inside = replace(self, same={**self.same, **{param: param for param in inner.params}})
        inside.follow(inner.ops)
        carried = zip(op.outs, carried_inits(op), inner.params[1:], inner.yields, strict=True)
        for out, init, param, value in carried:
            if inside.of(value) is param:
                self.same[out] = self.of(init)
                if init in self.zero:
                    self.zero.add(out)


def _skipped(loop: Op, guard: Op, symbols: Symbols) -> list[Op]:
    """The loop in a branch that is taken where the cotangent is not zero (NaN is not)."""
    builder = Builder(Symbols(symbols))
    builder.loc, builder.role = loop.loc, loop.role
    cotangent = guard.args[0]  # the zero that it is compared with may be inside
    zero = builder.const(0.0, cotangent.type.dtype)
    runs = builder.emit(NE, (cotangent, zero), name="runs")
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
