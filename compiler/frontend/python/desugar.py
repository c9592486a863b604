"""Rewriting ``match`` into a chain of ``if``, before a function is analysed.

``match subject`` with constants::

    match kind:                     $match_3 = kind
        case "a" | "b":             if $match_3 == "a" or $match_3 == "b":
            body_1           ->         body_1
        case n if n > 5:            elif ...

Values, ``None``/``True``/``False``, alternatives, captures, wildcards and sequences of those are
taken; patterns of classes and mappings are refused where they stand.
"""

from __future__ import annotations

import ast
from typing import TypeVar, cast

Node = TypeVar("Node", bound=ast.AST)


def desugar(node: ast.AST) -> None:
    """Rewrite every ``match`` inside a function, in place."""
    _Matches().visit(node)


class _Matches(ast.NodeTransformer):
    def visit_While(self, node: ast.While) -> ast.AST:
        """A loop whose condition assigns a name tests it in its body."""
        self.generic_visit(node)
        names = any(isinstance(inner, ast.NamedExpr) for inner in ast.walk(node.test))
        if not names or node.orelse:
            return node
        stop = ast.If(ast.UnaryOp(ast.Not(), node.test), [ast.Break()], [])
        first = cast(ast.stmt, _at(node.test, stop))
        always = _at(node.test, ast.Constant(True))
        return _at(node, ast.While(always, [first, *node.body], []))

    def visit_Match(self, node: ast.Match) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        if any(_refused(case.pattern) for case in node.cases):
            return node
        subject = f"$match_{node.lineno}_{node.col_offset}"
        first = _at(node, ast.Assign([_at(node, ast.Name(subject, ast.Store()))], node.subject))
        chain: list[ast.stmt] = []
        for case in reversed(node.cases):
            chain = self._case(node, case, subject, chain)
        return [cast(ast.stmt, first), *chain]

    def _case(
        self, node: ast.Match, case: ast.match_case, subject: str, rest: list[ast.stmt]
    ) -> list[ast.stmt]:
        loaded = _at(case.pattern, ast.Name(subject, ast.Load()))
        test = _test(case.pattern, loaded)
        captures = _captures(case.pattern, loaded)
        body = [*captures, *case.body]
        if case.guard is not None:
            if test is None:
                return [*captures, cast(ast.stmt, _at(node, ast.If(case.guard, case.body, rest)))]
            inner = _at(case.pattern, ast.BoolOp(ast.And(), [test, case.guard]))
            return [*captures, cast(ast.stmt, _at(case.pattern, ast.If(inner, case.body, rest)))]
        if test is None:
            return body
        return [cast(ast.stmt, _at(case.pattern, ast.If(test, body, rest)))]


def _at(place: ast.AST, node: Node) -> Node:
    return ast.fix_missing_locations(ast.copy_location(node, place))


def _refused(pattern: ast.pattern) -> bool:
    return any(
        isinstance(inner, ast.MatchClass | ast.MatchMapping | ast.MatchStar)
        for inner in ast.walk(pattern)
    )


def _test(pattern: ast.pattern, subject: ast.expr) -> ast.expr | None:
    """The condition under which a pattern matches; None where it always does."""
    match pattern:
        case ast.MatchValue(value=value):
            return _at(pattern, ast.Compare(subject, [ast.Eq()], [value]))
        case ast.MatchSingleton(value=value):
            constant = _at(pattern, ast.Constant(value))
            return _at(pattern, ast.Compare(subject, [ast.Is()], [constant]))
        case ast.MatchOr(patterns=patterns):
            tests = [_test(inner, subject) for inner in patterns]
            known = [test for test in tests if test is not None]
            if len(known) < len(tests):
                return None
            return _at(pattern, ast.BoolOp(ast.Or(), known))
        case ast.MatchAs(pattern=inner):
            return None if inner is None else _test(inner, subject)
        case ast.MatchSequence(patterns=patterns):
            parts = [
                _test(inner, _item(pattern, subject, number))
                for number, inner in enumerate(patterns)
            ]
            tests = [_has_length(pattern, subject, len(patterns)), *parts]
            return _at(pattern, ast.BoolOp(ast.And(), [test for test in tests if test is not None]))
        case _:
            return None


def _has_length(pattern: ast.pattern, subject: ast.expr, count: int) -> ast.expr:
    length = ast.Call(ast.Name("len", ast.Load()), [subject], [])
    return _at(pattern, ast.Compare(length, [ast.Eq()], [ast.Constant(count)]))


def _item(pattern: ast.pattern, subject: ast.expr, number: int) -> ast.expr:
    return _at(pattern, ast.Subscript(subject, ast.Constant(number), ast.Load()))


def _captures(pattern: ast.pattern, subject: ast.expr) -> list[ast.stmt]:
    """Assignments of the names that a pattern captures."""
    match pattern:
        case ast.MatchAs(pattern=inner, name=name):
            found = [] if inner is None else _captures(inner, subject)
            if name is not None:
                target = ast.Name(name, ast.Store())
                found.append(_at(pattern, ast.Assign([target], subject)))
            return found
        case ast.MatchSequence(patterns=patterns):
            return [
                capture
                for number, inner in enumerate(patterns)
                for capture in _captures(inner, _item(pattern, subject, number))
            ]
        case _:
            return []
