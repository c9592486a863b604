"""The documentation of the primitives, written from their records.

``python -m gradc.prims.document`` prints the page; ``make docs`` puts it into
``docs/functions.md``, and a test holds the two equal.
"""

from __future__ import annotations

import sys

from gradc.ir.core import Kind, Primitive
from gradc.prims.table import TABLE

_HEAD = """# Primitives and their derivatives

Every derivative that gradc writes is put together from these. The page is generated from the
table in `compiler/prims/` by `make docs`. A name in the first column is that of the IR; in Python
code the usual `np.*` and `math.*` functions, operators and methods stand for them.

The *rule* is the one of the four that differentiates a primitive: constants contribute nothing,
linear primitives apply their transpose, powers go by the monomial rule, everything else by the
chain rule with the partial derivative given here. `ct` is the cotangent of the result.
"""

_EDGES = """
## Kinks, ties and domain edges

What is taken as the derivative where none exists, or where it is infinite.

| primitive | convention |
| --- | --- |
"""


def functions_page() -> str:
    """Return the page as Markdown."""
    parts = [_HEAD]
    for title, kinds in _SECTIONS:
        rows = [record for record in TABLE.values() if record.kind in kinds]
        parts.append(f"\n## {title}\n\n| primitive | rule | derivative |\n| --- | --- | --- |\n")
        parts += [_row(record) for record in rows]
    parts.append(_EDGES)
    parts += [f"| `{r.name}` | {_cell(r.edges)} |\n" for r in TABLE.values() if r.edges]
    return "".join(parts)


_SECTIONS: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    ("Linear in their operands", (Kind.LINEAR, Kind.BILINEAR)),
    ("Powers", (Kind.POWER,)),
    ("Elementwise functions and compositions", (Kind.ELEMENTWISE, Kind.COMPOSITE)),
    ("Constants: derivative zero", (Kind.CONSTANT,)),
)


def _row(record: Primitive) -> str:
    formula = "0" if record.kind is Kind.CONSTANT else record.formula
    shown = f"`{_cell(formula)}`" if set(formula) & set("(*/=") else _cell(formula)
    return f"| `{record.name}` | {record.kind.rule} | {shown} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(functions_page())
