"""Turns functional updates of arrays into updates in place, and copies what must survive.

``b = put(a, v, i)`` may write into the buffer of `a` if that buffer belongs to this function and
nothing that lies in it is read afterwards; otherwise `a` is copied first. Afterwards every
update is marked ``inplace``, and results are buffers of their own. Example::

    b = put(a, v, i)         # a is an argument            b0 = copy(a)
    c = put(b, w, j)                               ->      b = put(b0, v, i, inplace=True)
    return (c,)                                            c = put(b, w, j, inplace=True)

A sum that goes by the name of its operand, ``x_bar = x_bar + t``, becomes such an update, too,
where it needs no copy.

Which values lie in one buffer is followed through views, branches and loops. A loop that
updates what it carries gets a buffer of its own for it: it takes over that of the initial value
where nobody else needs it, and each iteration hands a buffer on that it shares with nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from gradc.analysis.lifetimes import Lifetimes
from gradc.analysis.storage import UPDATES, VIEWS
from gradc.errors import Diagnostic
from gradc.ir.control import FOR, IF, LOOP_BOUNDS, WHILE, carried_inits, carried_params, loop_body
from gradc.ir.core import Function, Op, Region, Role, Value
from gradc.ir.walk import rebuilt, with_body
from gradc.passes.base import Context
from gradc.passes.written import accumulations, written_params
from gradc.prims import decompositions, expm, fourier, solves
from gradc.prims.arithmetic import NEG, SUB
from gradc.prims.index import ADD_AT, ALL, GET, PICK, PUT
from gradc.prims.linalg import BATCHED_MATMUL, MATMUL
from gradc.prims.loops import GROW, TAPE
from gradc.prims.routines import CALL
from gradc.prims.shape import BROADCAST, COPY, EMPTY, RESHAPE, TRANSPOSE, ZEROS
from gradc.prims.triangles import EYE

# Results in C order whatever the order of the operands is.
_CONTIGUOUS = frozenset(
    {CALL, COPY, EMPTY, MATMUL, BATCHED_MATMUL, PICK, TAPE, ZEROS, EYE}
    | {*solves.RECORDS, *decompositions.RECORDS, *expm.RECORDS, *fourier.RECORDS}
)

_CALLERS = "it belongs to the caller"
_READ_ONLY = "it is a broadcast, whose elements lie in one place"
_NEEDED = "its old contents are read later"
_OWN_BUFFER = "each iteration needs an array of its own"
_RESULT = "each result is an array of its own"


@dataclass(frozen=True, slots=True)
class KeptCopy:
    """A copy that stays: of which value, where, and why."""

    name: str
    op: Op | None
    reason: str


@dataclass(frozen=True)
class InPlace:
    """Make updates of arrays happen in place."""

    name: ClassVar[str] = "inplace"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with every update marked ``inplace``, copies where needed."""
        result, copies = make_in_place(function)
        for copy in copies:
            loc = copy.op.loc if copy.op is not None else function.loc
            context.note(Diagnostic(loc, f"a copy of {copy.name} stays: {copy.reason}"))
        return result


def make_in_place(function: Function) -> tuple[Function, list[KeptCopy]]:
    """Return the function with updates in place, and the copies that stay."""
    lifetimes = Lifetimes(function)
    sums = accumulations(function, lifetimes)
    written = written_params(function, lifetimes, sums)
    copied_views: frozenset[Value] = frozenset()
    while True:
        rewriter = _Rewriter(lifetimes, written, copied_views, sums)
        result = rewriter.run(function)
        # copying a part that must survive is cheaper than copying the array that it is part of
        if rewriter.views_to_copy <= copied_views:
            return result, rewriter.copies
        copied_views |= rewriter.views_to_copy


@dataclass(eq=False, slots=True)
class _Buffer:
    """Memory of an array.

    Attributes
    ----------
    barred : str
        Why this function may not write to it; empty where it may.
    stands_for : set
        What a loop-carried array may lie in, where the loop does not write to it.
    """

    barred: str = ""
    stands_for: set[_Buffer] = field(default_factory=set)


Buffers = frozenset[_Buffer]


class _Order(enum.IntEnum):
    """How the elements of an array lie in memory.

    What NumPy computes element by element from arrays in C order (parts and broadcasts of such
    included) is contiguous; from others it may be in any order.
    """

    ANY = 0
    C_ORDER = 1
    CONTIGUOUS = 2


class _Rewriter:
    def __init__(
        self,
        lifetimes: Lifetimes,
        written: set[Value],
        copied_views: frozenset[Value],
        sums: Mapping[Op, int],
    ) -> None:
        self.lifetimes = lifetimes
        self.sums = sums
        self.written = written
        self.copied_views = copied_views
        self.views_to_copy: set[Value] = set()
        self.copies: list[KeptCopy] = []
        self.makers: dict[Value, Op] = {}
        self.buffers: dict[Value, Buffers] = {}
        self.holders: dict[_Buffer, list[Value]] = {}
        self.orders: dict[Value, _Order] = {}
        self.frozen: set[_Buffer] = set()

    def run(self, function: Function) -> Function:
        for param in function.params:
            self.place(param, frozenset({_Buffer(_CALLERS)}), _Order.CONTIGUOUS)
        ops = self.ops(function.body)
        results: list[Value] = []
        seen: set[_Buffer] = set()
        for result in function.results:
            buffers = self.of(result)
            fresh = not _barred(buffers) and seen.isdisjoint(buffers)
            if buffers and not (fresh and self.order(result) is _Order.CONTIGUOUS):
                results.append(self.copy(result, None, _RESULT, ops))
            else:
                results.append(result)
                seen |= buffers
        return with_body(function, rebuilt(function.body, ops, results))

    # -- where values lie -------------------------------------------------------------------

    def of(self, value: Value) -> Buffers:
        """The buffers that a value may lie in; none for scalars."""
        return self.buffers.get(value, frozenset())

    def order(self, value: Value) -> _Order:
        """How an array lies in memory; a scalar is in order."""
        return self.orders.get(value, _Order.CONTIGUOUS)

    def place(self, value: Value, buffers: Buffers, order: _Order) -> None:
        """Note where an array lies, and how."""
        if value.type.is_scalar:
            return
        self.buffers[value] = buffers
        self.orders[value] = order
        for buffer in buffers:
            self.holders.setdefault(buffer, []).append(value)

    def copy(self, value: Value, op: Op | None, reason: str, ops: list[Op]) -> Value:
        """Append a copy of a value."""
        out = replace(value, named=False)
        loc, role = (op.loc, op.role) if op is not None else (value.loc, self.role_of(value))
        ops.append(Op(COPY, (value,), {}, (out,), (), loc, role))
        self.copies.append(KeptCopy(value.name, op, reason))
        return out

    def role_of(self, value: Value) -> Role:
        maker = self.makers.get(value)
        return maker.role if maker is not None else Role.PRIMAL

    # -- ops --------------------------------------------------------------------------------

    def ops(self, region: Region) -> list[Op]:
        """Rewrite the ops of a region."""
        ops: list[Op] = []
        for index, op in enumerate(region.ops):
            self.makers.update(dict.fromkeys(op.outs, op))
            if op.prim in (FOR, WHILE):
                self.loop(op, region, index, ops)
            elif op.prim is IF:
                self.branch(op, ops)
            elif op.prim in UPDATES:
                self.update(op, region, index, ops)
            elif op in self.sums:
                self.accumulate(op, region, index, ops)
            elif op.prim in VIEWS and not op.args[0].type.is_scalar:
                self.view(op, ops)
            else:
                self.fresh(op)
                ops.append(op)
        return ops

    def fresh(self, op: Op) -> None:
        barred = _READ_ONLY if op.prim is BROADCAST else ""
        in_order = op.prim in _CONTIGUOUS or self.worst(op.args) is not _Order.ANY
        for out in op.outs:
            simple = out.type.rank == 1 and op.prim is not BROADCAST
            order = _Order.CONTIGUOUS if in_order or simple else _Order.ANY
            self.place(out, frozenset({_Buffer(barred)}), order)

    def worst(self, values: Iterable[Value]) -> _Order:
        """The least order of some arrays."""
        return min(map(self.order, values), default=_Order.CONTIGUOUS)

    def view(self, op: Op, ops: list[Op]) -> None:
        source, out = op.args[0], op.out
        if out in self.copied_views:
            part = replace(out, named=False)
            ops.append(replace(op, outs=(part,)))
            ops.append(Op(COPY, (part,), {}, (out,), (), op.loc, op.role))
            self.copies.append(KeptCopy(source.name, op, _NEEDED))
            self.place(out, frozenset({_Buffer()}), _Order.CONTIGUOUS)
            return
        ops.append(op)
        extra: set[_Buffer] = set()
        if op.prim is BROADCAST:
            extra.add(_Buffer(_READ_ONLY))
        elif op.prim is GROW:
            extra.add(_Buffer())
        self.place(out, self.of(source) | extra, self.order_of_view(op))

    def order_of_view(self, op: Op) -> _Order:
        order = self.order(op.args[0])
        if op.prim is RESHAPE:
            # of what is not contiguous it is a view if it can be
            return order if order is _Order.CONTIGUOUS else _Order.ANY
        if op.prim is TRANSPOSE:
            return (
                order if tuple(op.params["perm"]) == tuple(range(op.out.type.rank)) else _Order.ANY
            )
        if op.prim is BROADCAST or (op.prim is GET and set(op.params["spec"]) != {ALL}):
            return min(order, _Order.C_ORDER)
        return order

    def update(self, op: Op, region: Region, index: int, ops: list[Op]) -> None:
        array, value, *operands = op.args
        buffers = self.of(array)
        # `a[1:] = a[:-1]` reads before it writes, in NumPy and numba; numba's += does not
        if op.prim is not PUT and not self.of(value).isdisjoint(buffers):
            value = self.copy(value, op, _NEEDED, ops)
        reason = self.obstacle(buffers, region, index)
        target = array if reason is None else self.copy(array, op, reason, ops)
        order = self.order(array)
        if reason is not None:
            buffers, order = frozenset({_Buffer()}), _Order.CONTIGUOUS
        self.place(op.out, buffers, order)
        args = (target, value, *operands)
        done = op.params.get("inplace") and args == op.args
        params = {**op.params, "inplace": True}
        ops.append(op if done else replace(op, args=args, params=params))

    def accumulate(self, op: Op, region: Region, index: int, ops: list[Op]) -> None:
        """Add into the buffer of the sum so far, where it can be written to."""
        position = self.sums[op]
        total, addend = op.args[position], op.args[1 - position]
        buffers = self.of(total)
        overlap = not self.of(addend).isdisjoint(buffers)
        frozen = not self.frozen.isdisjoint(buffers)
        if overlap or frozen or _barred(buffers) or self.alive(buffers, region, index):
            self.fresh(op)
            ops.append(op)
            return
        self.place(op.out, buffers, self.order(total))
        if op.prim is SUB:
            change = replace(op.out, name=NEG.name, named=False)
            ops.append(replace(op, prim=NEG, args=(addend,), outs=(change,)))
            addend = change
        params = {"spec": (ALL,) * total.type.rank, "inplace": True}
        ops.append(replace(op, prim=ADD_AT, args=(total, addend), params=params))

    def obstacle(self, buffers: Buffers, region: Region, index: int) -> str | None:
        """Why buffers cannot be written to by an op; None if they can."""
        if barred := _barred(buffers):
            return barred
        alive = self.alive(buffers, region, index)
        frozen = not self.frozen.isdisjoint(buffers)
        if not alive and not frozen:
            return None
        parts = [self.part(holder) for holder in alive]
        if not frozen and all(part is not None for part in parts):
            self.views_to_copy.update(part for part in parts if part is not None)
        return _NEEDED

    def alive(self, buffers: Buffers, region: Region, index: int) -> list[Value]:
        """The values that lie in one of some buffers and are read after an op."""
        return [
            holder
            for buffer in buffers
            for holder in self.holders[buffer]
            if self.lifetimes.used_after(holder, region, index)
        ]

    def part(self, value: Value) -> Value | None:
        """The slice of an array that a value is or is made of, if it is one."""
        op = self.makers.get(value)
        while op is not None and op.prim in VIEWS and op.prim is not GROW:
            if op.prim is GET:
                return op.out
            op = self.makers.get(op.args[0])
        return None

    # -- branches ---------------------------------------------------------------------------

    def branch(self, op: Op, ops: list[Op]) -> None:
        regions = tuple(rebuilt(region, self.ops(region), region.yields) for region in op.regions)
        for out, *yields in zip(op.outs, *(region.yields for region in op.regions), strict=True):
            buffers = frozenset[_Buffer]().union(*map(self.of, yields))
            self.place(out, buffers, self.worst(yields))
        same = all(new is old for new, old in zip(regions, op.regions, strict=True))
        ops.append(op if same else replace(op, regions=regions))

    # -- loops ------------------------------------------------------------------------------

    def loop(self, op: Op, region: Region, index: int, ops: list[Op]) -> None:
        body = loop_body(op)
        params = carried_params(op)
        inits = list(carried_inits(op))
        for position, (param, init) in enumerate(zip(params, inits, strict=True)):
            if param.type.is_scalar:
                continue
            if param in self.written:
                reason = self.entry_obstacle(op, inits, init, region, index)
                if reason is not None:
                    inits[position] = self.copy(init, op, reason, ops)
            order = self.order(init) if inits[position] is init else _Order.CONTIGUOUS
            buffer = _Buffer("" if param in self.written else _NEEDED)
            self.place(param, frozenset({buffer}), order)
            if op.prim is WHILE:
                twin = op.regions[0].params[position]
                self.place(twin, frozenset({buffer}), order)
        regions = [self.condition(op)] if op.prim is WHILE else []
        body_ops = self.ops(body)
        yields = self.handed_on(op, params, body_ops)
        regions.append(rebuilt(body, body_ops, yields))
        self.results(op, params, yields)
        bounds = op.args[:LOOP_BOUNDS] if op.prim is FOR else ()
        ops.append(rebuilt_loop(op, (*bounds, *inits), tuple(regions)))

    def condition(self, op: Op) -> Region:
        """Rewrite the condition of a loop; what the loop carries must survive it."""
        condition = op.regions[0]
        added = {buffer for param in condition.params for buffer in self.of(param)} - self.frozen
        self.frozen |= added
        ops = self.ops(condition)
        self.frozen -= added
        return rebuilt(condition, ops, condition.yields)

    def entry_obstacle(
        self, op: Op, inits: Sequence[Value], init: Value, region: Region, index: int
    ) -> str | None:
        """Why a loop cannot take over the buffer of an initial value; None if it can."""
        buffers = self.of(init)
        if barred := _barred(buffers):
            return barred
        if not self.frozen.isdisjoint(buffers):
            return _NEEDED
        for buffer in buffers:
            for holder in self.holders[buffer]:
                others = inits.count(holder) - (holder is init)
                if (
                    others
                    or self.lifetimes.inside(op, holder)
                    or self.lifetimes.used_after(holder, region, index)
                ):
                    return _NEEDED
        return None

    def handed_on(self, op: Op, params: Sequence[Value], ops: list[Op]) -> list[Value]:
        """What the body yields, copied where an array would lie in two places at once."""
        body = loop_body(op)
        yields = list(body.yields)
        taken: set[_Buffer] = set()
        for position, (param, value) in enumerate(zip(params, body.yields, strict=True)):
            if param in self.written:
                if self.exit_obstacle(value, body, taken):
                    yields[position] = self.copy(value, op, _OWN_BUFFER, ops)
                else:
                    taken |= self.of(value)
        for position, (param, value) in enumerate(zip(params, body.yields, strict=True)):
            unordered = self.order(value) < self.order(param)
            shared = not taken.isdisjoint(self.of(value))
            if yields[position] is value and (unordered or (shared and param not in self.written)):
                yields[position] = self.copy(value, op, _OWN_BUFFER, ops)
        return yields

    def exit_obstacle(self, value: Value, body: Region, taken: set[_Buffer]) -> bool:
        """Whether an array cannot be handed to the next iteration to be written to."""
        buffers = self.of(value)
        return (
            bool(_barred(buffers))
            or not taken.isdisjoint(buffers)
            or not self.frozen.isdisjoint(buffers)
            or any(
                self.lifetimes.used_after(holder, body, len(body.ops))
                for buffer in buffers
                for holder in self.holders[buffer]
            )
        )

    def results(self, op: Op, params: Sequence[Value], yields: Sequence[Value]) -> None:
        """Note where the results of a loop lie."""
        old_yields = loop_body(op).yields
        inits = carried_inits(op)
        rows = list(zip(params, inits, old_yields, yields, op.outs, strict=True))
        for param, init, old, new, _ in rows:
            if not param.type.is_scalar and param not in self.written:
                (buffer,) = self.of(param)
                last = self.of(old) if new is old else frozenset({_Buffer()})
                buffer.stands_for |= self.of(init) | last
        for param, *_, out in rows:
            if param.type.is_scalar:
                continue
            buffers = frozenset({_Buffer()})
            if param not in self.written:
                buffers = _expanded(self.of(param))
            self.place(out, buffers, self.order(param))


def _barred(buffers: Buffers) -> str | None:
    """Why one of some buffers may not be written to; None if all may."""
    # the caller's is the better reason where there are several
    return max((buffer.barred for buffer in buffers if buffer.barred), default=None, key=_weight)


def _weight(reason: str) -> tuple[bool, str]:
    return reason == _CALLERS, reason


def _expanded(buffers: Buffers) -> Buffers:
    """Replace what stands for other buffers by those."""
    found: set[_Buffer] = set()
    waiting = list(buffers)
    while waiting:
        buffer = waiting.pop()
        if buffer not in found:
            found.add(buffer)
            waiting += buffer.stands_for
    return frozenset(buffer for buffer in found if not buffer.stands_for)


def rebuilt_loop(op: Op, args: tuple[Value, ...], regions: tuple[Region, ...]) -> Op:
    """The loop with other arguments and regions; the same object when they are the same."""
    same = all(new is old for new, old in zip(args, op.args, strict=True)) and all(
        new is old for new, old in zip(regions, op.regions, strict=True)
    )
    return op if same else replace(op, args=args, regions=regions)
