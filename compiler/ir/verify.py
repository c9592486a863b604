"""The verifier: what must hold for every function between any two passes.

Every value is defined once, before its use and in a region around it; each op has the types
that its primitive infers; carried values keep their types from entry to yield to result.
"""

from __future__ import annotations

from gradc.errors import InternalError
from gradc.ir.control import FOR, IF, LOOP_BOUNDS, WHILE, carried_inits
from gradc.ir.core import Function, Kind, Op, Region, Value
from gradc.ir.types import BOOL, INT, Type


def verify(function: Function, after: str = "") -> Function:
    """Check the invariants and return the function.

    Parameters
    ----------
    function : Function
    after : str
        Name of the pass that made it, for the message.

    Raises
    ------
    InternalError
        With every violation found, and the function's text below them.
    """
    problems = _Verifier().run(function)
    if problems:
        from gradc.ir.printer import to_text

        where = f" after {after}" if after else ""
        listing = "\n".join(f"  - {problem}" for problem in problems)
        raise InternalError(
            f"invalid IR in {function.name}{where}:\n{listing}\n{to_text(function)}"
        )
    return function


class _Verifier:
    def __init__(self) -> None:
        self.problems: list[str] = []
        self.ever_defined: set[Value] = set()

    def run(self, function: Function) -> list[str]:
        self.region(function.body, frozenset())
        return self.problems

    def fail(self, op: Op, text: str) -> None:
        self.problems.append(f"{op.prim.name} (from {op.loc}): {text}")

    def define(self, values: tuple[Value, ...], scope: set[Value]) -> None:
        for value in values:
            if value in self.ever_defined:
                self.problems.append(f"{value.name} is defined twice")
            self.ever_defined.add(value)
            scope.add(value)

    def region(self, region: Region, outer: frozenset[Value]) -> None:
        scope = set(outer)
        self.define(region.params, scope)
        for op in region.ops:
            for value in op.args:
                if value not in scope:
                    self.fail(op, f"uses {value.name}, which is not defined here")
            for inner in op.regions:
                self.region(inner, frozenset(scope))
            self.types(op)
            self.define(op.outs, scope)
        for value in region.yields:
            if value not in scope:
                self.problems.append(f"yield of {value.name}, which is not defined here")

    def types(self, op: Op) -> None:
        if op.prim.kind is Kind.CONTROL:
            self.control(op)
            return
        try:
            expected = op.prim.infer(op.args, op.params)
        except TypeError as error:
            self.fail(op, str(error))
            return
        self.same(op, "results", expected, tuple(out.type for out in op.outs))

    def same(self, op: Op, what: str, want: tuple[Type, ...], have: tuple[Type, ...]) -> None:
        if len(want) != len(have):
            self.fail(op, f"{what}: {len(have)} values where {len(want)} belong")
        for index, (left, right) in enumerate(zip(want, have, strict=False)):
            compatible = left.dtype == right.dtype and left.rank == right.rank
            if not compatible:
                self.fail(op, f"{what} {index + 1}: {right} where {left} belongs")

    def control(self, op: Op) -> None:
        if op.prim is IF:
            self.branch(op)
        elif op.prim in (FOR, WHILE):
            self.loop(op)
        else:
            self.fail(op, "is no control op of the IR")

    def branch(self, op: Op) -> None:
        if [value.type for value in op.args] != [BOOL] or len(op.regions) != 2:
            self.fail(op, "takes one condition and has two regions")
            return
        outs = tuple(out.type for out in op.outs)
        for side, region in zip(("then", "otherwise"), op.regions, strict=True):
            if region.params:
                self.fail(op, f"{side}: a branch has no parameters")
            self.exact(op, f"{side} yields", outs, tuple(v.type for v in region.yields))

    def loop(self, op: Op) -> None:
        carried = tuple(value.type for value in carried_inits(op))
        self.exact(op, "results", carried, tuple(out.type for out in op.outs))
        if op.prim is FOR:
            (body,) = op.regions
            if [value.type for value in op.args[:LOOP_BOUNDS]] != [INT] * LOOP_BOUNDS:
                self.fail(op, "start, stop and step are integers")
            params = (INT, *carried)
        else:
            condition, body = op.regions
            params = carried
            self.exact(op, "condition", carried, tuple(p.type for p in condition.params))
            self.exact(op, "condition", (BOOL,), tuple(v.type for v in condition.yields))
        self.exact(op, "parameters", params, tuple(param.type for param in body.params))
        self.exact(op, "yields", carried, tuple(value.type for value in body.yields))

    def exact(self, op: Op, what: str, want: tuple[Type, ...], have: tuple[Type, ...]) -> None:
        if len(want) != len(have):
            self.fail(op, f"{what}: {len(have)} values where {len(want)} belong")
            return
        for index, (left, right) in enumerate(zip(want, have, strict=True)):
            if left != right:
                self.fail(op, f"{what} {index + 1}: {right} where {left} belongs")
