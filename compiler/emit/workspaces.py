"""How arrays that are made together are written: ``a, b, c = workspace(n, n, (n, m))``."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gradc.emit.comments import INDENT, WIDTH
from gradc.emit.text import call, tuple_of
from gradc.emit.writing import Writer
from gradc.ir.core import Op, Value
from gradc.ir.types import DType
from gradc.prims.shape import BLOCK


def block_of(op: Op, ops: Sequence[Op], used: Collection[Value]) -> list[Op]:
    """The ops that make the arrays of a block, those of arrays that are used.

    Parameters
    ----------
    op : Op
        One of them.
    ops : sequence of Op
        Where they are.
    used : collection of Value
        What the printed program reads.
    """
    number = op.params[BLOCK]
    return [each for each in ops if each.params.get(BLOCK) == number and each.out in used]


def workspace_text(block: Sequence[Op], names: Sequence[str], writer: Writer) -> str:
    """The statement that makes the arrays of a block, which have these names."""
    sizes = [tuple_of([writer.typed(arg) for arg in op.args]) for op in block]
    order = list(dict.fromkeys(sizes))
    arrays = sorted(zip(names, sizes, strict=True), key=lambda array: order.index(array[1]))
    dtype = block[0].out.type.dtype
    kind = [] if dtype is DType.F64 else [f"np.{dtype.numpy_name}"]
    made = call(writer.helper("workspace"), *(size for _, size in arrays), *kind).text
    text = f"{', '.join(name for name, _ in arrays)} = {made}"
    return text if len(text) + len(INDENT) <= WIDTH else _cut(arrays, kind)


def _cut(arrays: Sequence[tuple[str, str]], kind: Sequence[str]) -> str:
    """The statement in several lines, of which those left and right of it belong together."""
    rows: list[tuple[str, str]] = [("", "")]
    for name, size in arrays:
        longer = f"{rows[-1][0]} {name},", f"{rows[-1][1]} {size},"
        if max(map(len, longer)) + 2 * len(INDENT) > WIDTH:
            rows.append((f" {name},", f" {size},"))
        else:
            rows[-1] = longer
    names = [f"{INDENT}{row.strip()}" for row, _ in rows]
    sizes = [f"{INDENT}{row.strip()}" for _, row in rows]
    last = [f"{INDENT}{each}," for each in kind]
    return "\n".join(["(", *names, ") = workspace(", *sizes, *last, ")"])
