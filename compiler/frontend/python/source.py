"""Finding the source of a function, and the place of each part of it.

The whole file is parsed, so that positions need no correction and a lambda in the middle of an
expression is found by the positions that its code object carries.
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import pickle
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradc.errors import Diagnostic, Location, UnsupportedSyntaxError

FunctionNode = ast.FunctionDef | ast.Lambda

_LAMBDA = "<lambda>"


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """The text of a file, and locations in it."""

    file: str
    lines: tuple[str, ...]
    readable: bool = True

    def location(self, node: ast.AST) -> Location:
        """Return the place of a node; the mark ends with the line.

        A function is marked at its name.
        """
        line = getattr(node, "lineno", 0)
        if not line or line > len(self.lines):
            return Location(self.file, line)
        text = self.lines[line - 1]
        start = _characters(text, node.col_offset)  # type: ignore[attr-defined]
        same_line = getattr(node, "end_lineno", None) == line
        end = _characters(text, node.end_col_offset) if same_line else len(text.rstrip())  # type: ignore[attr-defined]
        if isinstance(node, ast.FunctionDef):
            start = text.find(node.name, start + len("def"))
            end = start + len(node.name)
        shown = "" if self.readable else text.rstrip("\n")
        return Location(self.file, line, start + 1, end + 1, shown)

    def text(self, node: ast.AST) -> str:
        """Return the source text of an expression on one line."""
        return " ".join(ast.unparse(node).split())


def _characters(line: str, offset: int) -> int:
    """Turn an offset in bytes of UTF-8, as `ast` counts, into one in characters."""
    if line.isascii():
        return offset
    before: str = line.encode()[:offset].decode(errors="ignore")
    return len(before)


@dataclass(frozen=True, eq=False, slots=True)
class FoundFunction:
    """A function of the user: its text, and what its free names refer to."""

    function: types.FunctionType
    node: FunctionNode
    source: Source
    names: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name, or ``"lambda"``."""
        return function_name(self.function)


@dataclass(eq=False, slots=True)
class Files:
    """The files read for one function.

    What is read is changed in place (:mod:`gradc.frontend.python.desugar`), so each reading has
    syntax trees of its own; files are parsed once, and trees of functions are copied from there.
    """

    parsed: dict[str, tuple[Source, Sequence[FunctionNode]]] = field(default_factory=dict)
    copies: dict[int, FunctionNode] = field(default_factory=dict)

    def find(self, function: types.FunctionType) -> FoundFunction:
        """Find the text of a function.

        Raises
        ------
        UnsupportedSyntaxError
            If the source cannot be had or does not have the function any more.
        """
        name, code = function_name(function), function.__code__
        refused = functools.partial(_refused, code)
        try:
            lines, _ = inspect.findsource(function)
        except (OSError, TypeError, IndexError):
            raise refused(
                f"the source of {name} cannot be read",
                "gradc reads source text: define the function in a file"
                " (not through exec, a plain REPL, or a compiled module)",
            ) from None
        try:
            source, nodes = self._parse(code.co_filename, lines)
        except SyntaxError as error:
            raise refused(
                f"the file of {name} does not parse any more (line {error.lineno})",
                "was it changed after it was imported?",
            ) from None
        refused = functools.partial(_refused, code, lines=lines)
        if inspect.iscoroutinefunction(function):
            raise refused(f"{name} is `async`, which is not supported", "define it with `def`")
        matching = list(_matching(function, nodes))
        if not matching:
            raise refused(
                f"{name} is not found at this line",
                "was the file changed after it was imported? Import it again",
            )
        if len(matching) > 1:
            raise refused(
                "several lambdas on this line cannot be told apart",
                "put each lambda on a line of its own",
            )
        return FoundFunction(function, self._own(matching[0]), source, free_names(function))

    def _parse(self, file: str, lines: list[str]) -> tuple[Source, Sequence[FunctionNode]]:
        if file not in self.parsed:
            readable = not file.startswith("<")
            nodes = _functions_in("".join(lines))
            self.parsed[file] = Source(file, tuple(lines), readable), nodes
        return self.parsed[file]

    def _own(self, node: FunctionNode) -> FunctionNode:
        if id(node) not in self.copies:
            # several times as fast as copy.deepcopy
            self.copies[id(node)] = pickle.loads(pickle.dumps(node))
        return self.copies[id(node)]


@functools.lru_cache(maxsize=64)
def _functions_in(text: str) -> tuple[FunctionNode, ...]:
    """The functions of a file."""
    tree = ast.parse(text)
    return tuple(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.Lambda))


def _refused(
    code: types.CodeType, message: str, hint: str, lines: Sequence[str] = ()
) -> UnsupportedSyntaxError:
    line = code.co_firstlineno
    location = Location(code.co_filename, line)
    if line <= len(lines):
        text = lines[line - 1].rstrip()
        start = len(text) - len(text.lstrip())
        location = Location(code.co_filename, line, start + 1, len(text) + 1)
    return UnsupportedSyntaxError(Diagnostic(location, message, hint))


def function_name(function: Callable[..., Any]) -> str:
    """The name of a function as it is used in messages and generated code."""
    name = getattr(function, "__name__", type(function).__name__)
    return "lambda" if name == _LAMBDA else name


def _matching(
    function: types.FunctionType, nodes: Sequence[FunctionNode]
) -> Iterator[FunctionNode]:
    code = function.__code__
    wanted = ast.Lambda if code.co_name == _LAMBDA else ast.FunctionDef
    on_line = [
        node
        for node in nodes
        if isinstance(node, wanted)
        and _first_line(node) == code.co_firstlineno
        and getattr(node, "name", _LAMBDA) == code.co_name
        and _parameter_names(node) == code.co_varnames[: _parameter_count(code)]
    ]
    if len(on_line) < 2:
        yield from on_line
        return
    positions = _code_positions(code)
    inside = [node for node in on_line if _covers(node, positions)]
    # A lambda inside another covers less of the text, and its code is its own.
    innermost = [
        node
        for node in inside
        if not any(other is not node and _contains(node, other) for other in inside)
    ]
    yield from innermost


def _first_line(node: FunctionNode) -> int:
    decorators = getattr(node, "decorator_list", [])
    return int(min([node.lineno, *(decorator.lineno for decorator in decorators)]))


def _parameter_names(node: FunctionNode) -> tuple[str, ...]:
    spec = node.args
    rest = [extra for extra in (spec.vararg, spec.kwarg) if extra is not None]
    return tuple(
        parameter.arg for parameter in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs, *rest)
    )


def _parameter_count(code: types.CodeType) -> int:
    rest = [flag for flag in (inspect.CO_VARARGS, inspect.CO_VARKEYWORDS) if code.co_flags & flag]
    return int(code.co_argcount) + int(code.co_kwonlyargcount) + len(rest)


def _code_positions(code: types.CodeType) -> set[tuple[int, int, int, int]]:
    found = set()
    for line, end_line, col, end_col in code.co_positions():
        if line is None or end_line is None or col is None or end_col is None:
            continue
        if (line, col) != (end_line, end_col):
            found.add((line, col, end_line, end_col))
    return found


def _covers(node: FunctionNode, positions: set[tuple[int, int, int, int]]) -> bool:
    body = node.body if isinstance(node, ast.Lambda) else node
    start = (body.lineno, body.col_offset)
    end = (body.end_lineno or 0, body.end_col_offset or 0)
    return all(
        start <= (line, col) and (end_line, end_col) <= end
        for line, col, end_line, end_col in positions
    )


def _contains(outer: FunctionNode, inner: FunctionNode) -> bool:
    start = (outer.lineno, outer.col_offset)
    end = (outer.end_lineno or 0, outer.end_col_offset or 0)
    return (
        start <= (inner.lineno, inner.col_offset)
        and (
            inner.end_lineno or 0,
            inner.end_col_offset or 0,
        )
        <= end
    )


def free_names(function: types.FunctionType) -> Mapping[str, Any]:
    """What the names that a function does not assign refer to: closure, module, builtins."""
    names: dict[str, Any] = dict(vars(builtins))
    names.update(function.__globals__)
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    for name, cell in cells:
        try:
            names[name] = cell.cell_contents
        except ValueError:
            names.pop(name, None)
    return names
