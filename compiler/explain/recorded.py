"""How the adjoint of a source line gets the values of the function that it needs, and why so.

Each is still there (an argument, or an array that keeps it), computed again in the reverse sweep,
or was recorded on a tape while the function ran forwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gradc.ir.builder import CONST, DIM
from gradc.ir.control import FOR, carried_inits, carried_params, loop_body
from gradc.ir.core import Function, Kind, Op, Role, Value
from gradc.ir.walk import all_ops, defining_ops
from gradc.prims.index import GET, PUT
from gradc.prims.loops import GROW, TAPE
from gradc.prims.shape import EMPTY

_TAPES = frozenset({EMPTY, TAPE})


def needed_values(function: Function, file: str, line: int) -> list[str]:
    """Say for each value that the adjoint of a line uses where it comes from.

    Parameters
    ----------
    function : Function
        A gradient program of the IR.
    file : str
    line : int
        Of the source of the primal.

    Returns
    -------
    list of str
        A sentence for each value; empty where the adjoint needs none.
    """
    return list(dict.fromkeys(_Origins(function).sentences(file, line)))


@dataclass(slots=True)
class _Origins:
    function: Function
    makers: dict[Value, Op] = field(init=False)
    sources: dict[Value, Value] = field(init=False)
    loops: dict[Value, Op] = field(init=False)
    stored: dict[Value, Value] = field(init=False)

    def __post_init__(self) -> None:
        self.makers = defining_ops(self.function.body)
        self.sources, self.loops, self.stored = {}, {}, {}
        for op in all_ops(self.function.body):
            if op.prim.kind is Kind.CONTROL and op.prim.name != "if_":
                for init, param, result in zip(
                    carried_inits(op), carried_params(op), op.outs, strict=True
                ):
                    self.sources[param] = init
                    self.sources[result] = init
                    self.loops[param] = op
        for op in all_ops(self.function.body):
            if op.prim is PUT and (tape := self.tape_of(op.args[0])) is not None:
                self.stored[tape] = op.args[1]

    def sentences(self, file: str, line: int) -> Iterator[str]:
        for op in all_ops(self.function.body):
            if op.role is Role.ADJOINT and (op.loc.file, op.loc.line) == (file, line):
                if op.prim.kind is Kind.CONTROL or op.prim is GET:
                    continue
                for value in op.args:
                    if value.type.is_float:
                        yield from self.origin(value, set())

    def tape_of(self, array: Value) -> Value | None:
        """The array of a tape that a value is a version of."""
        seen: set[Value] = set()
        while array not in seen:
            seen.add(array)
            maker = self.makers.get(array)
            if array in self.sources:
                array = self.sources[array]
            elif maker is not None and maker.prim in (PUT, GROW):
                array = maker.args[0]
            elif maker is not None and maker.prim in _TAPES:
                return array
        return None

    def origin(self, value: Value, seen: set[Value]) -> Iterator[str]:
        """How the reverse sweep has a value of the function; nothing for one of its own."""
        if value in seen:
            return
        seen.add(value)
        maker = self.makers.get(value)
        name = self.name(value)
        if maker is None:
            if value in self.function.params:
                yield f"{name} is still there: it is an argument"
            return
        if maker.prim in (CONST, DIM):
            return
        tape = self.tape_of(maker.args[0]) if maker.prim is GET else None
        if tape is not None and tape in self.stored:
            yield self.recorded(tape)
        elif maker.prim is GET and self.is_argument(maker.args[0]):
            yield f"{name} is still there: {maker.args[0].name} is an argument and is not changed"
        elif maker.role is Role.PRIMAL and maker.prim.kind is not Kind.CONTROL:
            inside = self.is_in_reverse(value)
            how = "is computed again, which costs little" if inside else "is still there"
            yield f"{name} {how}"
            if inside:
                for arg in maker.args:
                    if arg.type.is_float:
                        yield from self.origin(arg, seen)

    def recorded(self, tape: Value) -> str:
        value = self.stored[tape]
        loop = self.loops.get(value)
        what = "an array" if value.type.rank else "a number"
        name, where = self.name(value), f"{tape.name}, {what} for each iteration"
        if loop is not None:
            return (
                f"{name}, as an iteration finds it, was recorded in {where}: the loop in line "
                f"{loop.loc.line} carries it on, so it cannot be computed from what is still there"
            )
        return f"{name} was recorded in {where}: to compute it again would cost more"

    def is_argument(self, array: Value) -> bool:
        return array in self.function.params

    def is_in_reverse(self, value: Value) -> bool:
        """Whether a value is made in a loop of the reverse sweep."""
        return any(
            value in inner.outs
            for op in all_ops(self.function.body)
            if op.prim is FOR and op.role is Role.ADJOINT
            for inner in all_ops(loop_body(op))
        )

    def name(self, value: Value) -> str:
        """What the user calls a value, or wrote for it."""
        maker = self.makers.get(value)
        loc = value.loc if maker is None else maker.loc
        if value.named or maker is None or (maker.prim is not GET and not loc.end_col):
            return value.name
        written = loc.source_line[loc.col - 1 : loc.end_col - 1]
        return written or value.name
