"""Reads the text form of the IR back; the inverse of :mod:`gradc.ir.printer`.

The text is parsed with Python's ``ast`` and never executed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

from gradc.errors import NOWHERE, Location
from gradc.ir.control import FOR, IF, LOOP_BOUNDS, WHILE
from gradc.ir.core import Function, Op, Primitive, Region, Role, Value
from gradc.ir.routines import ROUTINE, Routine
from gradc.ir.types import INT, Dim, DType, Type

_LOCATION = re.compile(r"#@ (?:(adj|tan) )?(\d+)!(\d+):(\d+)\s*$")
_ROLES = {None: Role.PRIMAL, "adj": Role.ADJOINT, "tan": Role.TANGENT}
_SPECIAL_FLOATS = {"inf": float("inf"), "nan": float("nan")}


class IRSyntaxError(ValueError):
    """The text is not IR; the message has its line."""


def parse_text(text: str, table: Mapping[str, Primitive]) -> Function:
    """Parse a function, and before it the routines that it calls.

    Parameters
    ----------
    text : str
    table : mapping of name to Primitive
        The primitives that may occur.

    Raises
    ------
    IRSyntaxError
        Where the text is not what the printer writes.
    """
    return _Parser(text, table).run()


class _Parser:
    def __init__(self, text: str, table: Mapping[str, Primitive]) -> None:
        self.lines = text.splitlines()
        self.table = table
        self.scope: dict[str, Value] = {}
        self.routines: dict[str, Routine] = {}
        first = self.lines[0] if self.lines else ""
        self.files = first[9:].split(", ") if first.startswith("# files: ") else []
        try:
            self.tree = ast.parse(text)
        except SyntaxError as error:
            raise IRSyntaxError(f"line {error.lineno}: {error.msg}") from error

    def fail(self, node: ast.AST, text: str) -> IRSyntaxError:
        return IRSyntaxError(f"line {getattr(node, 'lineno', 0)}: {text}")

    def run(self) -> Function:
        definitions = [node for node in self.tree.body if isinstance(node, ast.FunctionDef)]
        if not definitions or len(definitions) != len(self.tree.body):
            raise IRSyntaxError("line 1: function definitions belong here, and nothing else")
        *called, last = definitions
        for node in called:
            if node.name in self.routines:
                raise self.fail(node, f"{node.name} is defined twice")
            self.routines[node.name] = Routine(node.name, (), ())
        for node in called:
            function = self.function(node)
            routine = self.routines[node.name]
            routine.function = function
            routine.params = tuple(param.type for param in function.params)
            routine.results = tuple(result.type for result in function.results)
            routine.sizes = tuple(param.size for param in function.params)
        return self.function(last)

    def function(self, definition: ast.FunctionDef) -> Function:
        self.scope = {}
        params = []
        for arg in definition.args.args:
            if arg.annotation is None:
                raise self.fail(arg, f"{arg.arg} has no type")
            params.append(self.define(arg.arg, *self.annotation(arg.annotation)))
        *statements, last = definition.body
        if not isinstance(last, ast.Return) or not isinstance(last.value, ast.Tuple):
            raise self.fail(last, "a function ends with return (...)")
        ops = self.block(statements)
        results = tuple(self.use(node) for node in last.value.elts)
        return Function(definition.name, Region(tuple(params), ops, results))

    # -- values ---------------------------------------------------------------------------

    def define(self, name: str, type: Type, size: Dim | None, loc: Location = NOWHERE) -> Value:
        value = Value(type, name, loc, size)
        self.scope[name] = value
        return value

    def use(self, node: ast.expr) -> Value:
        if not isinstance(node, ast.Name) or node.id not in self.scope:
            raise self.fail(node, f"{ast.unparse(node)} is not defined")
        return self.scope[node.id]

    def annotation(self, node: ast.expr) -> tuple[Type, Dim | None]:
        size: Dim | None = None
        if isinstance(node, ast.Call):
            size, node = self.dim(node.args[0]), node.func
        shape: tuple[Dim, ...] = ()
        if isinstance(node, ast.Subscript):
            items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            shape, node = tuple(self.dim(item) for item in items), node.value
        if not isinstance(node, ast.Name) or node.id not in {dtype.value for dtype in DType}:
            raise self.fail(node, f"{ast.unparse(node)} is no type")
        return Type(DType(node.id), shape), size

    def dim(self, node: ast.expr) -> Dim:
        if isinstance(node, ast.Name):
            return node.id
        value = self.literal(node)
        if not isinstance(value, int):
            raise self.fail(node, f"{ast.unparse(node)} is no size")
        return value

    def param(self, item: ast.keyword) -> Any:
        if item.arg != ROUTINE:
            return self.literal(item.value)
        if not isinstance(item.value, ast.Name) or item.value.id not in self.routines:
            raise self.fail(item.value, f"{ast.unparse(item.value)} is no function before this one")
        return self.routines[item.value.id]

    def literal(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Name) and node.id in _SPECIAL_FLOATS:
            return _SPECIAL_FLOATS[node.id]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -self.literal(node.operand)
        if isinstance(node, ast.Tuple):
            return tuple(self.literal(item) for item in node.elts)
        if isinstance(node, ast.Constant):
            return node.value
        raise self.fail(node, f"{ast.unparse(node)} is no literal")

    def location(self, node: ast.stmt) -> tuple[Location, Role]:
        found = _LOCATION.search(self.lines[node.lineno - 1])
        if found is None:
            return NOWHERE, Role.PRIMAL
        mark, file, line, col = found.groups()
        return Location(self.files[int(file)], int(line), int(col)), _ROLES[mark]

    # -- statements -----------------------------------------------------------------------

    def block(self, statements: list[ast.stmt]) -> tuple[Op, ...]:
        ops: list[Op] = []
        outs: list[tuple[str, Type, Dim | None]] = []
        pending = list(statements)
        while pending:
            node = pending.pop(0)
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                outs.append((node.target.id, *self.annotation(node.annotation)))
                if node.value is not None:
                    ops.append(self.simple_op(node, node.value, outs))
                    outs = []
            elif isinstance(node, ast.Expr):
                ops.append(self.simple_op(node, node.value, outs))
                outs = []
            elif isinstance(node, ast.With):
                ops.append(self.control(node, pending))
            else:
                raise self.fail(node, "is no statement of the IR")
        return tuple(ops)

    def simple_op(
        self, node: ast.stmt, call: ast.expr, outs: list[tuple[str, Type, Dim | None]]
    ) -> Op:
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            raise self.fail(node, "an op is a call")
        prim = self.table.get(call.func.id)
        if prim is None:
            raise self.fail(node, f"unknown primitive {call.func.id}")
        args = tuple(self.use(arg) for arg in call.args)
        params = {str(item.arg): self.param(item) for item in call.keywords}
        if "dtype" in params:
            params["dtype"] = DType(params["dtype"])
        loc, role = self.location(node)
        made = tuple(self.define(*out, loc) for out in outs)
        return Op(prim, args, params, made, (), loc, role)

    def control(self, node: ast.With, pending: list[ast.stmt]) -> Op:
        item = node.items[0]
        call = item.context_expr
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            raise self.fail(node, "for_, while_ or if_ belongs here")
        args = tuple(self.use(arg) for arg in call.args)
        keyword = call.func.id
        if keyword == "for_":
            types = (INT, *(value.type for value in args[LOOP_BOUNDS:]))
            prim, regions = FOR, [self.region(node, types)]
        elif keyword == "while_":
            types = tuple(value.type for value in args)
            prim, regions = WHILE, [self.region(node, types)]
            regions.append(self.region(self.following(node, pending, "do"), types))
        elif keyword == "if_":
            prim, regions = IF, [self.region(node, ())]
            regions.append(self.region(self.following(node, pending, "else_"), ()))
        else:
            raise self.fail(node, f"unknown control op {keyword}")
        loc, role = self.location(node)
        return Op(prim, args, {}, self.control_outs(node, pending), tuple(regions), loc, role)

    def following(self, node: ast.stmt, pending: list[ast.stmt], keyword: str) -> ast.With:
        following = pending.pop(0) if pending else None
        if not isinstance(following, ast.With) or keyword not in ast.unparse(
            following.items[0].context_expr
        ):
            raise self.fail(node, f"a region `{keyword}` belongs after this one")
        return following

    def control_outs(self, node: ast.stmt, pending: list[ast.stmt]) -> tuple[Value, ...]:
        outs = []
        while pending:
            line = pending.pop(0)
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                outs.append(self.define(line.target.id, *self.annotation(line.annotation)))
                if line.value is not None:
                    return tuple(outs)
            elif isinstance(line, ast.Expr):
                return tuple(outs)
        raise self.fail(node, "outs() belongs after a region")

    def region(self, node: ast.With, types: tuple[Type, ...]) -> Region:
        target = node.items[0].optional_vars
        names = target.elts if isinstance(target, ast.Tuple) else []
        if len(names) != len(types):
            raise self.fail(node, f"{len(types)} parameters belong to this region")
        statements = list(node.body)
        sizes: dict[str, Dim | None] = {}
        while statements and isinstance(statements[0], ast.AnnAssign):
            first = statements[0]
            if first.value is not None or not isinstance(first.target, ast.Name):
                break
            if first.target.id not in {ast.unparse(name) for name in names}:
                break
            sizes[first.target.id] = self.annotation(first.annotation)[1]
            statements.pop(0)
        params = tuple(
            self.define(ast.unparse(name), type, sizes.get(ast.unparse(name)))
            for name, type in zip(names, types, strict=True)
        )
        *body, last = statements
        if not isinstance(last, ast.Expr) or not isinstance(last.value, ast.Call):
            raise self.fail(node, "a region ends with yield_(...)")
        ops = self.block(body)
        return Region(params, ops, tuple(self.use(arg) for arg in last.value.args))
