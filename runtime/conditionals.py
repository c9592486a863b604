"""A numba pass that makes conditionals between numbers that are there one instruction each.

``0.0 if zero else t`` is a branch with two blocks to numba. LLVM turns a single one into a choice
between two registers; where the next statement asks the same question it joins the two branches
first, and a loop around is then no longer made of vectors::

    p = a * x[i]                            block 1: p = a * x[i]
    s += 0.0 if zero else p                          c = choose(zero, 0.0, p); s += c
    y[i] = 0.0 if zero else p                        c = choose(zero, 0.0, p); y[i] = c

A branch is replaced where both sides do nothing but copy, and add and multiply numbers, in
innermost loops that could be made of vectors. In others a branch skips what it can.
"""

from __future__ import annotations

import functools
import operator
from dataclasses import dataclass
from typing import Any

import numba.core.ir
from numba.core import types as numba_types
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.ir_utils import build_definitions, mk_unique_var

from gradc_runtime.independent import loops_of_vectors

ir: Any = numba.core.ir
types: Any = numba_types  # declares fewer types than it has

_SUMS = frozenset({operator.add, operator.sub, operator.mul, operator.neg})
# What both sides may compute together: it is computed whatever is chosen.
_MOST = 4


@register_pass(mutates_CFG=True, analysis_only=False)
class Conditionals(FunctionPass):  # type: ignore[misc]
    """Replaces branches between numbers by choices."""

    _name = "gradc_conditionals"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Replace every branch that can be, inner ones first; return whether there was one."""
        rewriting = _Rewriting(state)
        bodies = loops_of_vectors(rewriting.blocks, state.typemap)
        inside = [rewriting.blocks[label] for body in bodies for label in body]
        while any(map(rewriting.replaced, inside)):
            pass
        if rewriting.changed:
            state.func_ir._definitions = build_definitions(rewriting.blocks)
        return rewriting.changed


@dataclass(frozen=True, slots=True)
class _Side:
    """What one side of a branch does, each variable assigned once, and where it goes on."""

    statements: list[Any]
    target: int

    @property
    def assigned(self) -> dict[str, Any]:
        """The assignments by the names of their variables."""
        return {each.target.name: each for each in self.statements}

    @property
    def computed(self) -> int:
        """How many numbers are computed rather than copied."""
        return sum(isinstance(each.value, ir.Expr) for each in self.statements)


class _Rewriting:
    def __init__(self, state: Any) -> None:
        self.state = state
        self.blocks = state.func_ir.blocks
        self.changed = False

    @functools.cached_property
    def choose(self) -> tuple[Any, Any]:
        """The function that chooses, and its type."""
        from gradc_runtime.compiled import choose as function

        # the function may be younger than the tables of this compilation
        self.state.typingctx.refresh()
        self.state.targetctx.refresh()
        return function, self.state.typingctx.resolve_value_type(function)

    def replaced(self, block: Any) -> bool:
        """Replace the branch at the end of a block, if it is one between numbers."""
        branch = block.terminator
        if not isinstance(branch, ir.Branch) or branch.truebr == branch.falsebr:
            return False
        labels = (branch.truebr, branch.falsebr)
        yes, no = (_side(self.blocks[label], self.state) for label in labels)
        if yes is None or no is None or yes.target != no.target:
            return False
        if yes.computed + no.computed > _MOST or any(self.entries(label) != 1 for label in labels):
            return False
        both = [name for name in yes.assigned if name in no.assigned]
        alone = [e for e in (*yes.statements, *no.statements) if e.target.name not in both]
        if not both or not all(_is_number(self.state.typemap[name]) for name in both):
            return False
        definitions = build_definitions(self.blocks)
        if any(len(definitions[each.target.name]) != 1 for each in alone):
            return False
        block.body[-1:] = [*alone, *self.choices(block, branch, both, yes, no)]
        block.body.append(ir.Jump(yes.target, branch.loc))
        for label in labels:
            del self.blocks[label]
        self.changed = True
        return True

    def entries(self, label: int) -> int:
        """How many branches and jumps lead to a block."""
        ends = (each.terminator for each in self.blocks.values())
        return sum(end.get_targets().count(label) for end in ends)

    def choices(self, block: Any, branch: Any, both: list[str], yes: _Side, no: _Side) -> list[Any]:
        """The statements that choose what both sides assign."""
        statements: list[Any] = []
        function, kind = self.choose
        for name in both:
            target = yes.assigned[name].target
            values = [self.variable(block, each.assigned[name], statements) for each in (yes, no)]
            named = self.new(block, "$choose", kind, branch.loc)
            call = ir.Expr.call(named, [branch.cond, *values], (), branch.loc)
            operands = tuple(self.state.typemap[each.name] for each in (branch.cond, *values))
            self.state.calltypes[call] = kind.get_call_type(self.state.typingctx, operands, {})
            loaded = ir.Global("choose", function, branch.loc)
            statements += [
                ir.Assign(loaded, named, branch.loc),
                ir.Assign(call, target, branch.loc),
            ]
        return statements

    def variable(self, block: Any, assignment: Any, statements: list[Any]) -> Any:
        """The variable that one side assigns; a new one where it assigns a number or a sum."""
        kind = self.state.typemap[assignment.target.name]
        value = assignment.value
        if isinstance(value, ir.Var) and self.state.typemap[value.name] == kind:
            return value
        own = self.new(block, "$side", kind, assignment.loc)
        statements.append(ir.Assign(value, own, assignment.loc))
        return own

    def new(self, block: Any, name: str, kind: Any, loc: Any) -> Any:
        """A new variable of a type."""
        made = ir.Var(block.scope, mk_unique_var(name), loc)
        self.state.typemap[made.name] = kind
        return made


def _side(block: Any, state: Any) -> _Side | None:
    """A block that copies and computes numbers and goes on; None for others."""
    *statements, last = block.body
    if not isinstance(last, ir.Jump):
        return None
    names = set()
    for each in statements:
        if not isinstance(each, ir.Assign) or each.target.name in names:
            return None
        if not _is_pure(each.value, state):
            return None
        names.add(each.target.name)
    return _Side(statements, last.target)


def _is_pure(value: Any, state: Any) -> bool:
    if isinstance(value, (ir.Const, ir.Var)):
        return True
    if not isinstance(value, ir.Expr) or value.op not in ("binop", "unary", "inplace_binop"):
        return False
    function = value.immutable_fn if value.op == "inplace_binop" else value.fn
    numbers = all(_is_float(state.typemap[each.name]) for each in value.list_vars())
    return function in _SUMS and numbers


def _is_float(kind: Any) -> bool:
    return isinstance(kind, types.Float)


def _is_number(kind: Any) -> bool:
    return isinstance(kind, (types.Float, types.Integer, types.Boolean))
