"""Which loop-carried arrays the body of their loop updates."""

from __future__ import annotations

from gradc.analysis.lifetimes import Lifetimes
from gradc.analysis.storage import UPDATES, VIEWS
from gradc.ir.control import FOR, IF, WHILE, carried_inits, carried_params, loop_body
from gradc.ir.core import Function, Op, Region, Value
from gradc.prims.shape import BROADCAST


def written_params(function: Function, lifetimes: Lifetimes) -> set[Value]:
    """Return the carried arrays (parameters of loop bodies) that an update may write to.

    An update whose operand is read afterwards works on a copy of it anyway and does not count.
    """
    search = _Search(lifetimes)
    search.collect(function.body)
    while search.waiting:
        search.follow(search.waiting.pop())
    return search.written


class _Search:
    def __init__(self, lifetimes: Lifetimes) -> None:
        self.lifetimes = lifetimes
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
            if op.prim in UPDATES and not self.lifetimes.used_after(op.args[0], region, index):
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
