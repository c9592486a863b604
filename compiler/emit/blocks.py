"""The body of a parallel loop as a function of its own, which threads call with numbers of blocks.

The lines are those of the loop's body as they stand; what they read from the program around them
are the function's parameters::

    @kernel_block()
    def f_grad_block_1(block, x, x_bar, n):
        for i in range(n * block // 64, n * (block + 1) // 64):
            x_bar[i] = 2.0 * x[i]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gradc.emit.comments import INDENT, WIDTH, Line
from gradc.emit.plan import Plan
from gradc.ir.core import Region, Value
from gradc.ir.walk import free_values

_ASSIGNED = re.compile(r"^(?:(\w+(?:, \w+)*) (?:[-+]?=) |for (\w+) in )")


@dataclass(frozen=True, slots=True)
class BlockFunction:
    """A function of the printed module beside the kernel."""

    name: str
    params: tuple[str, ...]
    lines: tuple[Line, ...]

    @property
    def call(self) -> str:
        """A statement that runs it for one block."""
        return _call(self.name, self.params)

    def call_by(self, helper: str, failed: str) -> str:
        """The same through a helper that notes in an array whether it raised."""
        return _call(helper, (self.name, failed, *self.params))


def _call(name: str, args: Sequence[str]) -> str:
    text = f"{name}({', '.join(args)})"
    if len(text) + 3 * len(INDENT) <= WIDTH:
        return text
    rows, row = [], INDENT
    for arg in args:
        if len(row) + len(arg) + 3 * len(INDENT) + 2 > WIDTH:
            rows.append(row.rstrip())
            row = INDENT
        row += f"{arg}, "
    return "\n".join([f"{name}(", *rows, row.rstrip(), ")"])


def outlined(
    name: str,
    region: Region,
    lines: Sequence[Line],
    plan: Plan,
    names: Mapping[Value, str],
) -> BlockFunction | None:
    """Make a function of the lines of a region; None where it would have to return something.

    Parameters
    ----------
    name : str
    region : Region
        The body of a loop over blocks: its first parameter is the number of the block, what it
        carries are arrays that are written in place.
    lines : sequence of Line
        What is printed for it.
    plan : Plan
    names : mapping
        The variables of the printed program.
    """
    block, *arrays = region.params
    carried = {names[plan.real(value)] for value in arrays}
    if not carried.isdisjoint(_assigned(lines)):
        return None
    needed = dict.fromkeys([names[plan.real(block)]])
    needed.update(dict.fromkeys(names[plan.real(value)] for value in arrays))
    for value in free_values(region):
        needed.update(dict.fromkeys(_variables(value, plan, names.get)))
    return BlockFunction(name, tuple(needed), tuple(lines))


def _assigned(lines: Iterable[Line]) -> set[str]:
    """The variables that lines give other values."""
    found: set[str] = set()
    for line in lines:
        match = _ASSIGNED.match(line.text)
        if match:
            found.update((match[1] or match[2]).split(", "))
    return found


def _variables(value: Value, plan: Plan, name: Callable[[Value], str | None]) -> Iterable[str]:
    """The variables that the text of a value mentions."""
    value = plan.real(value)
    if value not in plan.inlined:
        own = name(value)
        return [] if own is None else [own]
    op = plan.made_by[value]
    return [each for arg in plan.operands(op) for each in _variables(arg, plan, name)]
