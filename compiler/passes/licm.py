"""Loop-invariant code: what is the same in every iteration is computed once, before the loop.

Before::

    with for_(lo, n, one, s) as (j, t):
        e: f64 = exp(a)
        u: f64 = get(x, i, spec=('at',))
        v: f64 = get(x, j, spec=('at',))
        p: f64 = mul(u, v)
        q: f64 = mul(p, e)
        t2: f64 = add(t, q)
        yield_(t2)

After, inside ``for i in range(n)``, so that ``x[i]`` exists even where this loop does not run::

    e: f64 = exp(a)
    u: f64 = get(x, i, spec=('at',))
    with for_(lo, n, one, s) as (j, t):
        v: f64 = get(x, j, spec=('at',))
        p: f64 = mul(u, v)
        q: f64 = mul(p, e)
        t2: f64 = add(t, q)
        yield_(t2)

Moved is what costs something: functions, divisions, whole arrays, reads; a product of two
scalars stays where it is easiest to read (compilers move it anyway). A read moves only where its
index is proven to be in range (:mod:`gradc.analysis.ranges`), and nothing that may raise does:
the loop may not run at all. New buffers stay inside, each iteration needs its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.analysis.affine import AffineForms
from gradc.analysis.ranges import Facts
from gradc.ir.builder import CONST, DIM
from gradc.ir.control import IF, loop_body
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.types import DType
from gradc.ir.walk import all_ops, defining_ops, rebuilt, with_body, with_regions
from gradc.passes.base import Context
from gradc.passes.cse import BUFFERS
from gradc.prims.arithmetic import FLOORDIV, MOD
from gradc.prims.index import AT, GET, PICK, WRAP
from gradc.prims.routines import CALL
from gradc.prims.shape import ARGMAX, ARGMIN, BROADCAST, EXPECT, MAX, MIN, RESHAPE, TRANSPOSE

# These may raise, or what they do depends on what a loop has done before.
_STAYS = BUFFERS | {CALL, WRAP, EXPECT, RESHAPE, MAX, MIN, ARGMAX, ARGMIN, PICK}
# These cost nothing: they move only with something that needs them.
_FREE = frozenset({BROADCAST, TRANSPOSE, CONST, DIM})
_WORTH_MOVING = 4


@dataclass(frozen=True, slots=True)
class Hoist:
    """Move loop-invariant computations in front of their loops."""

    name: ClassVar[str] = "licm"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with invariant computations moved."""
        if all(not op.regions for op in all_ops(function.body)):
            return function
        return _Hoisting(function).run()


class _Hoisting:
    def __init__(self, function: Function) -> None:
        self.function = function
        self.forms = AffineForms(defining_ops(function.body))

    def run(self) -> Function:
        body = self.region(self.function.body, Facts(self.forms))
        return with_body(self.function, body)

    def region(self, region: Region, facts: Facts) -> Region:
        facts.note_values(region.params)
        ops: list[Op] = []
        for op in region.ops:
            for made in self.op(op, facts):
                ops.append(made)
                facts.note_op(made)
        return rebuilt(region, ops, region.yields)

    def op(self, op: Op, facts: Facts) -> list[Op]:
        if not op.regions:
            return [op]
        regions = []
        for place, region in enumerate(op.regions):
            inside = facts.inside(op, place)
            regions.append(self.region(region, inside))
        op = with_regions(op, regions)
        return [op] if op.prim is IF else self.loop(op, facts)

    def loop(self, op: Op, facts: Facts) -> list[Op]:
        body = loop_body(op)
        moved = self.invariant(body, facts)
        if not moved:
            return [op]
        kept = [inner for inner in body.ops if inner not in moved]
        changed = replace(body, ops=tuple(kept))
        regions = tuple(changed if region is body else region for region in op.regions)
        return [*(inner for inner in body.ops if inner in moved), replace(op, regions=regions)]

    def invariant(self, body: Region, facts: Facts) -> set[Op]:
        """The ops of a body that can move and are worth it, with what they need."""
        inside: set[Value] = set(body.params)
        movable: dict[Value, Op] = {}
        for op in body.ops:
            own = all(value not in inside or value in movable for value in op.args)
            if own and self.can_move(op, facts):
                movable.update(dict.fromkeys(op.outs, op))
            inside.update(op.outs)
        wanted = [op for op in dict.fromkeys(movable.values()) if _is_worth_it(op)]
        return _with_operands(wanted, movable)

    def can_move(self, op: Op, facts: Facts) -> bool:
        """Whether an op with invariant operands may run although the loop does not."""
        if op.regions or not op.prim.pure or op.prim in _STAYS or len(op.outs) != 1:
            return False
        if op.prim in (FLOORDIV, MOD) and op.out.type.dtype is DType.INT:
            divisor = op.args[1].size
            return isinstance(divisor, int) and divisor != 0
        return op.prim is not GET or self.exists(op, facts)

    def exists(self, op: Op, facts: Facts) -> bool:
        """Whether the element that an op reads is certainly there."""
        array = op.args[0]
        if any(item != AT for item in op.params["spec"]):
            return False
        indices = zip(op.args[1:], array.type.shape, strict=True)
        return all(facts.is_in_range(index, dim) for index, dim in indices)


def _is_worth_it(op: Op) -> bool:
    if op.prim in _FREE:
        return False
    return op.prim.cost >= _WORTH_MOVING or any(not arg.type.is_scalar for arg in op.args)


def _with_operands(wanted: Sequence[Op], movable: dict[Value, Op]) -> set[Op]:
    """Add the ops inside the loop that some ops depend on."""
    found: set[Op] = set()
    pending: Iterable[Op] = wanted
    while pending:
        found.update(pending)
        needed = {movable[arg] for op in pending for arg in op.args if arg in movable}
        pending = needed - found
    return found
