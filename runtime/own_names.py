"""Gives each value of a variable that never meets another one of its own a name of its own.

numba makes a variable of each assignment before it infers types, looks through the whole function
for each variable with several, and takes out again where they meet what chooses between them: a
tenth of the time to compile a kernel, a fifth of a long one. Kernels need less of it. Their loops
share names, and what knows an index by its one assignment (:mod:`gradc_runtime.independent`)
wants those told apart::

    for i in range(n): x[i] = 1.0            i, i.1: no value of one is read as the other
    for i in range(m): y[i] = 2.0

    total = 0.0                              total stays one: both assignments are read
    for i in range(n): total += x[i]         in one place
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from numba.core import ir
from numba.core.analysis import compute_cfg_from_blocks
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.ir_utils import build_definitions, replace_vars_inner, replace_vars_stmt


@register_pass(mutates_CFG=False, analysis_only=False)
class OwnNames(FunctionPass):  # type: ignore[misc]
    """Splits variables into the parts that never meet."""

    _name = "gradc_own_names"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Rename; return whether there was anything to rename."""
        blocks = state.func_ir.blocks
        if not _Parts(blocks).rename():
            return False
        state.func_ir._definitions = build_definitions(blocks)
        return True


class _Parts:
    """The assignments of each variable with several, and which of them are read in one place."""

    def __init__(self, blocks: Mapping[int, Any]) -> None:
        self.blocks = blocks
        found: dict[str, list[Any]] = {}
        for each in self._assignments():
            found.setdefault(each.target.name, []).append(each)
        # bit `k` of a set stands for the assignment number `k`
        self.made = [each for several in found.values() if len(several) > 1 for each in several]
        self.number = {id(each): k for k, each in enumerate(self.made)}
        self.of_name: dict[str, int] = {}
        for k, each in enumerate(self.made):
            self.of_name[each.target.name] = self.of_name.get(each.target.name, 0) | 1 << k
        self.part = list(range(len(self.made)))

    def _assignments(self) -> Iterator[Any]:
        for block in self.blocks.values():
            yield from block.find_insts(ir.Assign)

    def rename(self) -> bool:
        """Find the parts and give all but the first of a variable other names."""
        uses = list(self._uses())
        for _, _, numbers in uses:
            for other in numbers[1:]:
                self.part[self._root(other)] = self._root(numbers[0])
        named = self._names()
        if not any(named[k].name != each.target.name for k, each in enumerate(self.made)):
            return False
        for statement, name, reaching in uses:
            variable = named[reaching[0]]
            if variable.name != name:
                _replace(statement, name, variable)
        for k, each in enumerate(self.made):
            each.target = named[k]
        return True

    def _root(self, k: int) -> int:
        while self.part[k] != k:
            k = self.part[k]
        return k

    def _names(self) -> list[Any]:
        """The variable of each assignment."""
        chosen: dict[int, Any] = {}
        kept: set[str] = set()
        for k, each in enumerate(self.made):
            root, target = self._root(k), each.target
            if root not in chosen:
                is_first = target.name not in kept
                kept.add(target.name)
                chosen[root] = (
                    target if is_first else target.scope.redefine(target.name, loc=target.loc)
                )
        return [chosen[self._root(k)] for k in range(len(self.made))]

    def _uses(self) -> Iterator[tuple[Any, str, list[int]]]:
        """Each statement that reads a variable, and the numbers of what may be read there."""
        entering = self._entering()
        for label, block in self.blocks.items():
            alive = entering[label]
            for statement in block.body:
                target = statement.target if isinstance(statement, ir.Assign) else None
                for name in {each.name for each in _read(statement)} & self.of_name.keys():
                    reaching = _bits(alive & self.of_name[name])
                    # where nothing is, what is read is nothing: any will do
                    yield statement, name, reaching or _bits(self.of_name[name])
                if target is not None and target.name in self.of_name:
                    alive &= ~self.of_name[target.name]
                    alive |= 1 << self.number[id(statement)]

    def _entering(self) -> dict[int, int]:
        """For each block the assignments that are the last ones on some way to it."""
        graph = compute_cfg_from_blocks(self.blocks)
        changes: dict[int, tuple[int, int]] = {}
        for label, block in self.blocks.items():
            made, lost = 0, 0
            for each in block.find_insts(ir.Assign):
                if (own := self.of_name.get(each.target.name)) is not None:
                    lost |= own
                    made = made & ~own | 1 << self.number[id(each)]
            changes[label] = (made, lost)
        entering, leaving = dict.fromkeys(self.blocks, 0), dict.fromkeys(self.blocks, 0)
        pending = list(self.blocks)
        while pending:
            label = pending.pop(0)
            made, lost = changes[label]
            entering[label] = 0
            for before, _ in graph.predecessors(label):
                entering[label] |= leaving[before]
            after = made | entering[label] & ~lost
            if after != leaving[label]:
                leaving[label] = after
                pending += [each for each, _ in graph.successors(label) if each not in pending]
        return entering


def _bits(numbers: int) -> list[int]:
    found = []
    while numbers:
        lowest = numbers & -numbers
        found.append(lowest.bit_length() - 1)
        numbers ^= lowest
    return found


def _read(statement: Any) -> list[Any]:
    """The variables that a statement reads."""
    if not isinstance(statement, ir.Assign):
        return list(statement.list_vars())
    value = statement.value
    if isinstance(value, ir.Var):
        return [value]
    return list(value.list_vars()) if isinstance(value, ir.Expr) else []


def _replace(statement: Any, name: str, variable: Any) -> None:
    if isinstance(statement, ir.Assign):
        statement.value = replace_vars_inner(statement.value, {name: variable})
    else:
        replace_vars_stmt(statement, {name: variable})
