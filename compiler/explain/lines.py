"""Which rule gave which line of a derivative program, source line by source line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradc.analysis.activity import Activity, activity
from gradc.errors import GradTypeError, Location
from gradc.explain.program import of_source, program_lines
from gradc.explain.recorded import needed_values
from gradc.ir.core import Function, Kind, Op
from gradc.ir.routines import routines_of
from gradc.ir.walk import all_ops

if TYPE_CHECKING:
    from gradc.driver import Compiled

INDENT = "    "
# Constants, sizes and checks of sizes: no rule of the lecture is about them.
_BOOKKEEPING = frozenset({"const", "dim", "expect", "wrap"})
_CONTROL = {"for_": "loop", "while_": "loop", "if_": "branch"}


def explain_lines(
    compiled: Compiled, wrt: Sequence[int] | None = None, line: int | None = None
) -> str:
    """Say for each line of the source which rules differentiate it and what that became.

    Parameters
    ----------
    compiled : Compiled
        A derivative from the driver.
    wrt : sequence of int, optional
        The parameters that are differentiated; all floats by default.
    line : int, optional
        Speak of this source line only, and of the values that its derivative needs.

    Returns
    -------
    str
        For each source line: its text, the rules with the operations that they differentiate,
        and the lines of the program that compute its derivative.

    Raises
    ------
    GradTypeError
        Where there is nothing on that line.
    """
    primal = compiled.primal
    if wrt is None:
        wrt = [index for index, param in enumerate(primal.params) if param.type.is_float]
    active = activity(primal, wrt)
    program = program_lines(compiled.text("numpy"))
    blocks = [f"{compiled.function.name}: from {primal.name} ({primal.loc})"]
    groups = _by_line(primal)
    if line is not None:
        groups = _only(groups, line)
    for loc, ops in groups:
        code = of_source(program, loc.line) if loc.file == primal.loc.file else ()
        blocks.append(
            "\n".join([_title(loc, primal.loc.file), *_rules(ops, active), *_quoted(code)])
        )
        if line is not None:
            needed = _needed(compiled.function, loc)
            blocks += ["\n".join(f"{INDENT}{sentence}" for sentence in needed)] if needed else []
    return "\n\n".join(blocks) + "\n"


def _needed(function: Function, loc: Location) -> list[str]:
    """Where the values come from that the derivative of a line needs, also in what is called."""
    called = [each.function for each in routines_of(function)]
    functions = [function, *(each for each in called if each is not None)]
    found = {
        sentence: None for each in functions for sentence in needed_values(each, loc.file, loc.line)
    }
    return list(found)


def _by_line(function: Function) -> list[tuple[Location, list[Op]]]:
    """The ops of each source line, lines in order."""
    groups: dict[tuple[str, int], tuple[Location, list[Op]]] = {}
    for op in all_ops(function.body):
        if op.loc.line and op.prim.name not in _BOOKKEEPING:
            groups.setdefault((op.loc.file, op.loc.line), (op.loc, []))[1].append(op)
    own = function.loc.file
    return [groups[key] for key in sorted(groups, key=lambda key: (key[0] != own, *key))]


def _only(groups: list[tuple[Location, list[Op]]], line: int) -> list[tuple[Location, list[Op]]]:
    found = [group for group in groups if group[0].line == line]
    if not found:
        lines = ", ".join(str(loc.line) for loc, _ in groups)
        raise GradTypeError(f"nothing is computed on line {line}; there is something on {lines}")
    return found


def _title(loc: Location, own: str) -> str:
    place = f"line {loc.line}" if loc.file == own else f"{loc.file}:{loc.line}"
    source = loc.source_line.strip()
    return f"{place}: {source}" if source else place


def _rules(ops: Sequence[Op], active: Activity) -> list[str]:
    """The rules in the order of their ops, each with what it differentiates."""
    found: dict[str, dict[str, None]] = {}
    passive = True
    for op in ops:
        if not any(active.is_active(out) for out in op.outs):
            continue
        passive = False
        if op.prim.kind is Kind.CONTROL:
            how = f"{_CONTROL[op.prim.name]} swept backwards"
        else:
            how = op.prim.name.rstrip("_")
            formula = op.prim.formula
            how += f", derivative {formula}" if formula else ""
        found.setdefault(op.prim.kind.rule, {}).setdefault(how)
    if passive:
        return [f"{INDENT}constant rule: nothing here depends on what is differentiated"]
    return [f"{INDENT}{rule}: {how}" for rule, hows in found.items() for how in hows]


def _quoted(code: Sequence[str]) -> list[str]:
    if not code:
        return []
    shortest = min(len(line) - len(line.lstrip()) for line in code)
    return [f"{INDENT}{INDENT}{line[shortest:]}" for line in code]
