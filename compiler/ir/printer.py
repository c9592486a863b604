"""The text form of the IR: a subset of Python that :mod:`gradc.ir.parser` reads back.

Example::

    # files: model.py
    def loss(x: f64[n]):
        s: f64 = sum(x, axes=(0,))  #@ 0!3:11
        c: f64 = const(value=2.0, dtype='f64')  #@ 0!3:18
        y: f64 = mul(s, c)  #@ 0!3:11
        return (y,)

Functions that are called (``call(x, routine=f)``) come first. Types are annotations; an integer
scalar shows the size that it denotes, ``n: i64(n)``. The comment after ``#@`` is file number, line,
column; ``adj`` or ``tan`` marks ops of the adjoint or tangent sweep.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gradc.errors import Location
from gradc.ir.control import FOR, IF, WHILE
from gradc.ir.core import Function, Op, Region, Role, Value
from gradc.ir.routines import Routine, names_of, routines_of
from gradc.ir.types import DType
from gradc.ir.walk import all_ops

INDENT = "    "
ROLE_MARKS = {Role.PRIMAL: "", Role.TANGENT: "tan ", Role.ADJOINT: "adj "}


def to_text(function: Function, locations: bool = False) -> str:
    """Print a function, after the routines that it calls; equal functions print equally.

    Parameters
    ----------
    function : Function
    locations : bool
        Also print where each op comes from.
    """
    routines = [each for each in routines_of(function) if each.function is not None]
    called = names_of(function, routines)
    functions = [replace(_function(each), name=called[each]) for each in routines]
    functions.append(function)
    files: list[str] = []
    if locations:
        files = list({op.loc.file: None for each in functions for op in all_ops(each.body)})
    head = [f"# files: {', '.join(files)}\n"] if locations else []
    return "".join(head) + "\n\n".join(
        _Printer(each, locations, files, called).run() for each in functions
    )


def _function(routine: Routine) -> Function:
    assert routine.function is not None
    return routine.function


class _Printer:
    def __init__(
        self,
        function: Function,
        locations: bool,
        files: list[str],
        called: Mapping[Routine, str],
    ) -> None:
        self.function = function
        self.locations = locations
        self.files = files
        self.called = called
        self.names: dict[Value, str] = {}
        self.taken: set[str] = set()
        self.lines: list[str] = []

    def run(self) -> str:
        params = ", ".join(self.typed(param) for param in self.function.params)
        self.lines.append(f"def {self.function.name}({params}):")
        self.body(self.function.body, 1)
        results = ", ".join(self.name(value) for value in self.function.results)
        comma = "," if len(self.function.results) == 1 else ""
        self.lines.append(f"{INDENT}return ({results}{comma})")
        return "\n".join(self.lines) + "\n"

    def name(self, value: Value) -> str:
        if value not in self.names:
            name, count = value.name, 0
            while name in self.taken:
                count += 1
                name = f"{value.name}_{count}"
            self.taken.add(name)
            self.names[value] = name
        return self.names[value]

    def typed(self, value: Value) -> str:
        size = f"({value.size})" if value.size is not None else ""
        return f"{self.name(value)}: {value.type}{size}"

    def body(self, region: Region, depth: int) -> None:
        for op in region.ops:
            self.op(op, depth)

    def line(self, depth: int, text: str, op: Op | None = None) -> None:
        if op is not None and self.locations:
            text += f"  #@ {ROLE_MARKS[op.role]}{self.where(op.loc)}"
        self.lines.append(INDENT * depth + text)

    def where(self, loc: Location) -> str:
        return f"{self.files.index(loc.file)}!{loc.line}:{loc.col}"

    def op(self, op: Op, depth: int) -> None:
        if op.prim is FOR:
            self.loop(op, depth)
        elif op.prim is WHILE:
            self.conditional_loop(op, depth)
        elif op.prim is IF:
            self.branch(op, depth)
        else:
            operands = [self.name(value) for value in op.args]
            operands += [f"{key}={self.literal(op.params[key])}" for key in sorted(op.params)]
            targets = "; ".join(self.typed(out) for out in op.outs)
            self.line(depth, f"{targets} = {op.prim.name}({', '.join(operands)})", op)

    def loop(self, op: Op, depth: int) -> None:
        (body,) = op.regions
        args = ", ".join(self.name(value) for value in op.args)
        params = "".join(f"{self.name(param)}, " for param in body.params).strip()
        self.line(depth, f"with for_({args}) as ({params}):", op)
        self.region(body, depth + 1)
        self.results(op, depth)

    def conditional_loop(self, op: Op, depth: int) -> None:
        condition, body = op.regions
        args = ", ".join(self.name(value) for value in op.args)
        for keyword, region in (("while_", condition), ("do", body)):
            params = "".join(f"{self.name(param)}, " for param in region.params).strip()
            inits = args if keyword == "while_" else ""
            self.line(depth, f"with {keyword}({inits}) as ({params}):", op)
            self.region(region, depth + 1)
        self.results(op, depth)

    def branch(self, op: Op, depth: int) -> None:
        then, otherwise = op.regions
        self.line(depth, f"with if_({self.name(op.args[0])}):", op)
        self.region(then, depth + 1)
        self.line(depth, "with else_():")
        self.region(otherwise, depth + 1)
        self.results(op, depth)

    def region(self, region: Region, depth: int) -> None:
        # types of carried values are those of the initial values; sizes are told apart here
        for param in region.params:
            if param.size is not None:
                self.line(depth, self.typed(param))
        self.body(region, depth)
        self.line(depth, f"yield_({', '.join(self.name(value) for value in region.yields)})")

    def results(self, op: Op, depth: int) -> None:
        targets = "; ".join(self.typed(out) for out in op.outs)
        self.line(depth, f"{targets} = outs()" if targets else "outs()")

    def literal(self, value: object) -> str:
        if isinstance(value, DType):
            return repr(value.value)
        if isinstance(value, Routine):
            return self.called.get(value, value.name)
        return repr(value)
