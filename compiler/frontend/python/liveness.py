"""Which names may be read after each statement: only those are carried out of branches and loops.

For every ``if``, ``for``, ``while`` and ``match`` statement of a function this gives the names
that are live after it and, for loops, at the start of an iteration. Names used by functions
defined inside count as read wherever such a function exists.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Names = frozenset[str]
NO_NAMES: Names = frozenset()

_FUNCTIONS = (ast.FunctionDef, ast.Lambda)
_OWN_SCOPE = (ast.Lambda, ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp)


@dataclass(eq=False, slots=True)
class Liveness:
    """Names live after a statement, and at the head of a loop, by ``id`` of the node.

    `jumps` has the names that are live where a ``break`` or ``continue`` at the statement leads:
    a jump is a flag, and what it leads to is reached through all that stands between.
    """

    after: dict[int, Names] = field(default_factory=dict)
    jumps: dict[int, Names] = field(default_factory=dict)
    head: dict[int, Names] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Exits:
    """What is live where a jump out of a block leads."""

    on_break: Names = NO_NAMES
    on_continue: Names = NO_NAMES


def names_read(node: ast.AST | None) -> Names:
    """The names that an expression or statement reads, those of functions inside included."""
    if node is None:
        return NO_NAMES
    return frozenset(
        inner.id
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Store)
    )


def names_assigned(nodes: Iterable[ast.AST]) -> Names:
    """The names that statements assign, not looking into functions defined by them."""
    found: set[str] = set()
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
            continue
        elif isinstance(node, _OWN_SCOPE):
            continue
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
            found.add(node.name)
        pending += ast.iter_child_nodes(node)
    return frozenset(found)


def liveness(body: Sequence[ast.stmt]) -> Liveness:
    """Analyse the body of a function."""
    captured = frozenset(
        name
        for stmt in body
        for node in ast.walk(stmt)
        if isinstance(node, _FUNCTIONS)
        for name in names_read(node) | _assigned_outside(node)
    )
    analysis = _Analysis(captured)
    analysis.block(body, NO_NAMES, _Exits())
    return analysis.result


def _assigned_outside(node: ast.AST) -> Names:
    """The names of outer functions that a function inside assigns."""
    return frozenset(
        name for inner in ast.walk(node) if isinstance(inner, ast.Nonlocal) for name in inner.names
    )


def _generating(iterable: ast.expr) -> Names:
    """The names that generators read while a loop runs over them."""
    return frozenset(
        name
        for inner in ast.walk(iterable)
        if isinstance(inner, ast.GeneratorExp)
        for name in names_read(inner)
    )


class _Analysis:
    def __init__(self, always: Names) -> None:
        self.always = always
        self.result = Liveness()
        self.exposed: dict[int, Names] = {}

    def block(self, body: Sequence[ast.stmt], after: Names, exits: _Exits) -> Names:
        for stmt in reversed(body):
            after = self.statement(stmt, after, exits)
        return after

    def statement(self, stmt: ast.stmt, after: Names, exits: _Exits) -> Names:
        self.result.after[id(stmt)] = after | self.always
        self.result.jumps[id(stmt)] = exits.on_break | exits.on_continue
        match stmt:
            case ast.If():
                then = self.block(stmt.body, after, exits)
                otherwise = self.block(stmt.orelse, after, exits)
                return then | otherwise | names_read(stmt.test)
            case ast.Match():
                arms = [self.block(case.body, after, exits) for case in stmt.cases]
                guards = [names_read(case.guard) for case in stmt.cases]
                return after.union(*arms, *guards, names_read(stmt.subject))
            case ast.With():
                inside = self.block(stmt.body, after, exits)
                return inside.union(*(names_read(item) for item in stmt.items))
            case ast.For() | ast.While():
                return self.loop(stmt, after, exits)
            case ast.Return() | ast.Raise():
                return names_read(stmt)
            case ast.Break():
                return exits.on_break
            case ast.Continue():
                return exits.on_continue
            case ast.FunctionDef():
                return (after - {stmt.name}) | names_read(stmt)
            case ast.AugAssign(target=ast.Name(id=name)):
                return after | {name} | names_read(stmt.value)
            case ast.Assign() | ast.AnnAssign():
                return (after - self._surely_assigned(stmt)) | names_read(stmt)
            case _:
                return after | names_read(stmt)

    @staticmethod
    def _surely_assigned(stmt: ast.Assign | ast.AnnAssign) -> Names:
        targets = stmt.targets if isinstance(stmt, ast.Assign) else [stmt.target]
        if stmt.value is None:
            return NO_NAMES
        return names_assigned(targets)

    def loop(self, stmt: ast.For | ast.While, after: Names, exits: _Exits) -> Names:
        """Analyse a loop; the names live at its head are what its body exposes and those after.

        One look at the body with only `after` behind it finds all that it exposes, because what
        a body passes through from behind is a part of what it is given.
        """
        left = self.block(stmt.orelse, after, exits)
        extra = names_read(stmt.test) if isinstance(stmt, ast.While) else _generating(stmt.iter)
        key = id(stmt)
        if key not in self.exposed:
            self.exposed[key] = NO_NAMES
            self.exposed[key] = self._body(stmt, left | extra, left | extra, after)
        head = left | extra | self.exposed[key]
        head |= self._body(stmt, head, head, after)
        self.exposed[key] = head
        self.result.head[key] = head | self.always
        entry = names_read(stmt.iter) if isinstance(stmt, ast.For) else NO_NAMES
        return head | entry | left

    def _body(self, stmt: ast.For | ast.While, end: Names, again: Names, after: Names) -> Names:
        live = self.block(stmt.body, end, _Exits(after, again))
        if isinstance(stmt, ast.For):
            live -= names_assigned([stmt.target])
        return live
