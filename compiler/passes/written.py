"""What wants to be written in place: sums that grow, and arrays that a loop carries."""

from __future__ import annotations

from collections.abc import Mapping

from gradc.analysis.lifetimes import Lifetimes
from gradc.analysis.storage import UPDATES, VIEWS
from gradc.ir.control import FOR, IF, WHILE, carried_inits, carried_params, loop_body
from gradc.ir.core import Function, Op, Region, Value
from gradc.prims.arithmetic import ADD, SUB
from gradc.prims.shape import BROADCAST
from gradc.prims.table import TABLE


def accumulations(function: Function, lifetimes: Lifetimes) -> dict[Op, int]:
    """Return the sums (and differences) of arrays named like an operand that dies there.

    Each with the position of that operand.
    """
    found: dict[Op, int] = {}
    _collect_sums(function.body, lifetimes, found)
    return found


def _collect_sums(region: Region, lifetimes: Lifetimes, found: dict[Op, int]) -> None:
    for index, op in enumerate(region.ops):
        for inner in op.regions:
            _collect_sums(inner, lifetimes, found)
        if op.prim not in (ADD, SUB) or op.out.type.is_scalar or op.out.name in TABLE:
            continue
        for position, arg in enumerate(op.args if op.prim is ADD else op.args[:1]):
            if arg.name == op.out.name and not lifetimes.used_after(arg, region, index):
                found[op] = position


def written_params(function: Function, lifetimes: Lifetimes, sums: Mapping[Op, int]) -> set[Value]:
    """Return the carried arrays (parameters of loop bodies) that an update may write to.

    An update whose operand is read afterwards works on a copy of it anyway and does not count.

    Parameters
    ----------
    function : Function
    lifetimes : Lifetimes
    sums : mapping
        The result of :func:`accumulations`.
    """
    search = _Search(lifetimes, sums)
    search.collect(function.body)
    while search.waiting:
        search.follow(search.waiting.pop())
    return search.written


class _Search:
    def __init__(self, lifetimes: Lifetimes, sums: Mapping[Op, int]) -> None:
        self.lifetimes = lifetimes
        self.sums = sums
        self.makers: dict[Value, Op] = {}
        self.carried: dict[Value, tuple[Op, int]] = {}
        self.waiting: list[Value] = []
        self.seen: set[Value] = set()
        self.written: set[Value] = set()

    def collect(self, region: Region) -> None:
        for index, op in enumerate(region.ops):
            self.makers.update(dict.fromkeys(op.outs, op))
            if op.prim in (FOR, WHILE):
                for position, param in enumerate(carried_params(op)):
                    self.carried[param] = (op, position)
                if op.prim is WHILE:
                    for position, param in enumerate(op.regions[0].params):
                        self.carried[param] = (op, position)
            for inner in op.regions:
                self.collect(inner)
            if op in self.sums:
                self.waiting.append(op.args[self.sums[op]])
            elif op.prim in UPDATES and not self.lifetimes.used_after(op.args[0], region, index):
                self.waiting.append(op.args[0])

    def follow(self, value: Value) -> None:
        """Ask for the buffer of a value, and so for that of what it comes from."""
        if value in self.seen or value.type.is_scalar:
            return
        self.seen.add(value)
        if value in self.carried:
            op, position = self.carried[value]
            self.written.add(carried_params(op)[position])
            self.waiting += [carried_inits(op)[position], loop_body(op).yields[position]]
            return
        maker = self.makers.get(value)
        if maker is None:
            return
        if maker.prim in (FOR, WHILE):
            position = maker.outs.index(value)
            self.waiting += [carried_inits(maker)[position], loop_body(maker).yields[position]]
        elif maker.prim is IF:
            position = maker.outs.index(value)
            self.waiting += [region.yields[position] for region in maker.regions]
        elif maker.prim in VIEWS and maker.prim is not BROADCAST:
            self.waiting.append(maker.args[0])
