"""Powers that a loop records are computed from those of some iterations before.

Before::

    with for_(lo, n, one, t, p0, s) as (j, t_1, p, s_1):
        t_2: f64[n] = put(t_1, p, j, spec=('at',))
        v: f64 = mul(x_j, p)
        s_2: f64 = add(s_1, v)
        p_1: f64 = mul(p, q)
        yield_(t_2, p_1, s_2)

After, with the first iterations as they were up to `split`, the 32nd::

    far: f64 = ipow(q, n=32)
    with for_(split, n, one, t_3, s_3) as (j, t_4, s_4):
        before: i64(before) = sub(j, c)
        u: f64 = get(t_4, before, spec=('at',))
        p: f64 = mul(u, far)
        t_5: f64[n] = put(t_4, p, j, spec=('at',))
        v: f64 = mul(x_j, p)
        s_5: f64 = add(s_4, v)
        yield_(t_5, s_5)

Each power waits for the one before it, and the whole iteration with it. A vector of iterations
needs them all at once: from powers that lie further back they are there. Where a loop records no
powers LLVM does something like it by itself; it does not where they are stored.

Loops that record powers and sum nothing stay as they are: they would be longer to read than to run.
All is as it was for loops of up to 32 iterations, and where the factor of 32 steps is so large or
so small that powers which are numbers could come from one that is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.analysis.affine import AffineForms
from gradc.analysis.dependent import dependent_values
from gradc.analysis.independence import is_sum
from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FEW, FOR, carried_params
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.types import DType
from gradc.ir.walk import (
    all_ops,
    clone_op,
    defining_ops,
    map_regions,
    needed_for,
    rebuilt,
    use_counts,
    with_body,
)
from gradc.passes.base import Context
from gradc.prims.arithmetic import ADD, IPOW, MUL, SUB
from gradc.prims.compare import GT, LAND, LT, SELECT
from gradc.prims.elementary import ABS
from gradc.prims.index import AT, GET, PUT

_BACK = 32
#: Between these a factor of that many steps is far from the largest and the smallest numbers.
_USUAL = {DType.F64: (1e-290, 1e290), DType.F32: (1e-30, 1e30)}


@dataclass(frozen=True, slots=True)
class Progressions:
    """The pass; it runs on loops over scalars, before updates are in place."""

    name: ClassVar[str] = "progressions"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with loops over powers in two."""
        if all(op.prim is not FOR for op in all_ops(function.body)):
            return function
        work = _Splitting(function)
        return with_body(function, work.region(function.body))


@dataclass(frozen=True, slots=True)
class _Powers:
    """A number that a loop multiplies in each iteration, and where it records it."""

    slot: int
    factor: Value
    put: Op


class _Splitting:
    def __init__(self, function: Function) -> None:
        self.symbols = Symbols.of(function)
        self.forms = AffineForms(defining_ops(function.body))
        self.uses = use_counts(function.body)

    def region(self, region: Region) -> Region:
        builder = Builder(Symbols(self.symbols))
        for op in region.ops:
            builder.loc, builder.role = op.loc, op.role
            found = next(self.powers(op), None) if op.prim is FOR else None
            if found is None:
                builder.append(map_regions(op, self.region))
            else:
                self.split(op, found, builder)
        return rebuilt(region, builder.ops, region.yields)

    # -- what is looked for ------------------------------------------------------------------

    def powers(self, loop: Op) -> Iterator[_Powers]:
        (body,) = loop.regions
        if loop.args[2].size != 1 or FEW in loop.params or any(op.regions for op in body.ops):
            return
        makers = {out: op for op in body.ops for out in op.outs}
        for slot, (power, end) in enumerate(zip(body.params[1:], body.yields, strict=True)):
            made = makers.get(end)
            if power.type.dtype not in _USUAL or power.type.rank or self.uses.get(loop.outs[slot]):
                continue
            if made is None or made.prim is not MUL or made.args.count(power) != 1:
                continue
            (factor,) = (arg for arg in made.args if arg is not power)
            put = self.record(loop, power)
            if factor in makers or factor in body.params or put is None:
                continue
            if self.uses[end] == 1 and self.is_all_that_waits(loop, slot):
                yield _Powers(slot, factor, put)

    def record(self, loop: Op, power: Value) -> Op | None:
        """The write of a number to an array of which a loop reads nothing, at its index."""
        (body,) = loop.regions
        index = self.forms.of(body.params[0])
        fixed = set(body.params) | {out for op in body.ops for out in op.outs}
        for op in body.ops:
            if op.prim is not PUT or op.args[1] is not power or set(op.params["spec"]) != {AT}:
                continue
            array, _, *lead, last = op.args
            if array not in carried_params(loop) or not fixed.isdisjoint(lead):
                continue
            slot = carried_params(loop).index(array)
            alone = self.uses[array] == 1 and self.uses[op.out] == 1
            shift = self.forms.of(last).minus(index)
            if alone and body.yields[slot] is op.out and shift.known is not None:
                return op
        return None

    def is_all_that_waits(self, loop: Op, slot: int) -> bool:
        """Whether there are sums, and nothing else that iterations hand on depends on itself."""
        (body,) = loop.regions
        sums = 0
        for other, (param, end) in enumerate(zip(body.params[1:], body.yields, strict=True)):
            if other == slot or param.type.rank or end is param:
                continue
            if is_sum(body, param, end, self.uses):
                sums += 1
            elif end in dependent_values(body.ops, [param]):
                return False
        return sums > 0

    # -- what is made of it ------------------------------------------------------------------

    def split(self, loop: Op, powers: _Powers, builder: Builder) -> None:
        middle, far = self.middle(loop, powers.factor, builder)
        start, stop, step, *inits = loop.args
        (body,) = loop.regions
        outs = tuple(replace(out) for out in loop.outs)
        builder.append(replace(loop, args=(start, middle, step, *inits), outs=outs))
        slot = powers.slot
        kept = (*outs[:slot], *outs[slot + 1 :])
        rest = (*loop.outs[:slot], *loop.outs[slot + 1 :])
        region = self.further(body, powers, far, loop)
        made = replace(loop, args=(middle, stop, step, *kept), outs=rest, regions=(region,))
        builder.append(made)

    def middle(self, loop: Op, factor: Value, builder: Builder) -> tuple[Value, Value]:
        """Append what says where the second loop begins, and what it multiplies by."""
        start, stop = loop.args[:2]
        size = stop if start.size == 0 else builder.emit(SUB, [stop, start], name="size")
        long = builder.emit(GT, [size, builder.const(_BACK)], name="long")
        zero = builder.const(0.0, factor.type.dtype)
        then, otherwise = builder.child(), builder.child()
        far = then.emit(IPOW, [factor], {"n": _BACK}, name="far")
        absolute = then.emit(ABS, [far])
        low, high = (then.const(each, factor.type.dtype) for each in _USUAL[factor.type.dtype])
        above, below = then.emit(GT, [absolute, low]), then.emit(LT, [absolute, high])
        usual = then.emit(LAND, [above, below], name="usual")
        begin = then.const(_BACK)
        if start.size != 0:
            begin = then.emit(ADD, [start, begin])
        split = then.emit(SELECT, [usual, begin, stop], name="split")
        sides = then.close((), (split, far)), otherwise.close((), (stop, zero))
        middle, far = builder.branch(long, *sides, names=("split", "far"))
        return middle, far

    def further(self, body: Region, powers: _Powers, far: Value, loop: Op) -> Region:
        """A body that reads the number from where the loop has recorded it."""
        slot = powers.slot
        power = body.params[1 + slot]
        mapping = {
            param: replace(param) for place, param in enumerate(body.params) if place != 1 + slot
        }
        params = tuple(mapping.values())
        builder = Builder(Symbols(self.symbols))
        builder.loc, builder.role = loop.loc, loop.role
        array, _, *lead, last = powers.put.args
        needed = needed_for(body.ops, [last])
        for op in needed:
            builder.append(clone_op(op, mapping))
        last = mapping.get(last, last)
        before = builder.emit(SUB, [last, builder.const(_BACK)])
        place = [mapping[array], *lead, before]
        old = builder.emit(GET, place, {"spec": powers.put.params["spec"]})
        mapping[power] = builder.emit(MUL, [old, far], name=power.name)
        makes_next = body.yields[slot]
        for op in body.ops:
            if op not in needed and makes_next not in op.outs:
                builder.append(clone_op(op, mapping))
        ends = [mapping.get(end, end) for place, end in enumerate(body.yields) if place != slot]
        return builder.close(params, ends)
