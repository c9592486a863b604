"""The text of a generated module: header, imports and functions."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from gradc.emit.blocks import BlockFunction
from gradc.emit.comments import INDENT, WIDTH, with_comments
from gradc.emit.names import HELPERS, identifier
from gradc.emit.statements import FunctionWriter
from gradc.emit.text import pieces
from gradc.emit.writing import Style
from gradc.ir.core import Function, Value
from gradc.ir.types import DType
from gradc_runtime.jit import KernelOptions

# How long an expression may become; the next is tried while a line does not fit.
WIDTHS = (76, 60, 44, 30)
_SIGNATURES = {DType.F64: "f8", DType.F32: "f4", DType.INT: "i8", DType.BOOL: "b1"}


def emit_module(
    functions: Sequence[Function],
    *,
    style: Style,
    title: str,
    options: Mapping[str, bool] | None = None,
    routines: Sequence[Function] = (),
    inlined: Collection[str] = (),
) -> str:
    """Write functions as a Python module that needs only NumPy and ``gradc_runtime``.

    Parameters
    ----------
    functions : sequence of Function
    style : {"numpy", "loops"}
        Array statements made to be read, or scalar loops made to be compiled. Functions for
        "loops" should have been lowered to loops; array ops that are left are written as such.
    title : str
        What the module is, for its docstring.
    options : mapping, optional
        Options of the ``kernel`` decorator (see :class:`gradc_runtime.jit.KernelOptions`).
    routines : sequence of Function
        Functions that these and each other call.
    inlined : collection of str
        Those of them that are put in the place of their calls when they are compiled.

    Returns
    -------
    str
        The same for the same input.

    Raises
    ------
    InternalError
        For a primitive that has no text.
    """
    bodies: list[str] = []
    helpers: set[str] = set()
    for function in (*routines, *functions):
        how = "" if function in functions else _routine(function.name in inlined)
        text, used = _function(function, style, options or {}, how)
        bodies.append(text)
        helpers |= used
    decorators = {"kernel", "routine"} if routines else {"kernel"}
    imports: dict[str, set[str]] = {"gradc_runtime.jit": decorators}
    if "prange" in helpers:
        imports["gradc_runtime.blocks"] = {"kernel_block"}
    for helper in helpers:
        imports.setdefault(HELPERS[helper], set()).add(helper)
    return header(title, bodies, imports) + "\n\n" + "\n\n\n".join(bodies) + "\n"


def signature(params: Sequence[Value]) -> str:
    """Types of arguments as numba writes them; arrays are C-contiguous."""
    texts = []
    for param in params:
        text = _SIGNATURES[param.type.dtype]
        rank = param.type.rank
        texts.append(f"{text}[{':, ' * (rank - 1)}::1]" if rank else text)
    return ", ".join(texts)


def _routine(inline: bool) -> str:
    return "@routine(inline=True)" if inline else "@routine()"


def _function(
    function: Function, style: Style, options: Mapping[str, bool], how: str
) -> tuple[str, set[str]]:
    for width in WIDTHS:
        writer = FunctionWriter(function, style, width)
        lines = writer.run()
        if all(line.fits for line in lines):
            break
    params = [writer.names[param] for param in function.params]
    head = definition(identifier(function.name), params)
    body = with_comments(lines, function.loc.file)
    options = {key: value for key, value in options.items() if key != "parallel" or writer.blocks}
    decorator = [how] if how else _decorator(signature(function.params), options)
    blocks = [_block(each, function, options) for each in writer.blocks]
    return "\n\n\n".join([*blocks, "\n".join([*decorator, *head, *body])]), writer.helpers


def _block(block: BlockFunction, function: Function, options: Mapping[str, bool]) -> str:
    """The text of the body of a parallel loop."""
    fastmath = options.get("fastmath", True)
    decorator = "@kernel_block()" if fastmath else "@kernel_block(fastmath=False)"
    body = with_comments(list(block.lines), function.loc.file)
    return "\n".join([decorator, *definition(block.name, block.params), *body])


def _decorator(types: str, options: Mapping[str, bool]) -> list[str]:
    defaults = KernelOptions()
    keywords = [
        f"{key}={value}" for key, value in options.items() if value != getattr(defaults, key)
    ]
    quoted = f'"{types}"'
    line = f"@kernel({', '.join([quoted, *keywords])})"
    if len(line) <= WIDTH:
        return [line]
    cut = pieces(types, WIDTH - len(INDENT) - 4)
    comma = "," if keywords else ""
    texts = [f'{INDENT}"{part}"' for part in cut]
    texts[-1] += comma
    return ["@kernel(", *texts, *(f"{INDENT}{keyword}," for keyword in keywords), ")"]


def definition(name: str, params: Sequence[str]) -> list[str]:
    """The head of a function, over several lines where it is long."""
    text = f"def {name}({', '.join(params)}):"
    if len(text) <= WIDTH:
        return [text]
    lines, line = [f"def {name}("], "   "
    for param in params:
        if len(line) + len(param) + 2 > WIDTH:
            lines.append(line)
            line = "   "
        line += f" {param},"
    return [*lines, line, "):"]


def header(title: str, bodies: Sequence[str], imports: Mapping[str, set[str]]) -> str:
    """Docstring and imports of a module; `imports` has the names of each module of the runtime."""
    title = title.replace("\\", "\\\\").replace('"""', "'''").rstrip('"')
    text = "\n".join(bodies)
    lines = [f'"""{title}"""', ""]
    modules = [
        line
        for name, line in (("math", "import math"), ("np", "import numpy as np"))
        if re.search(rf"\b{name}\.", text)
    ]
    if modules:
        lines += ["\n\n".join(modules), ""]
    if re.search(r"\bspecial\.", text):
        lines.append("from gradc_runtime import special")
    lines += [
        f"from {module} import {', '.join(sorted(names))}"
        for module, names in sorted(imports.items())
    ]
    return "\n".join(lines) + "\n"
