"""Make a failing program small: drop statements, take bodies out of their blocks, shorten formulas.

Hypothesis shrinks the choices behind a program; that takes minutes for a program of forty lines,
because most smaller choices give another program altogether. Editing the source keeps what fails.
"""

from __future__ import annotations

import ast
import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.generators.python_programs import PythonProgram
from tests.generators.python_writer import NAME

Fails = Callable[[PythonProgram], bool]


def reduced(program: PythonProgram, fails: Fails, seconds: float = 60.0) -> PythonProgram:
    """The smallest program found that still fails.

    Parameters
    ----------
    program : PythonProgram
    fails : callable
        Whether a candidate fails in the way that is looked at.
    seconds : float
        Stop after this long with what has been found.
    """
    stop = time.perf_counter() + seconds
    best, changed = program, True
    while changed and time.perf_counter() < stop:
        changed = False
        for source in _smaller(best.source):
            if time.perf_counter() > stop:
                break
            candidate = replace(best, source=source)
            if len(source) < len(best.source) and fails(candidate):
                best, changed = candidate, True
                break
    return best


def _smaller(source: str) -> Iterator[str]:
    """Sources with one edit, the large edits first."""
    tree = ast.parse(source)
    edits = [_without_statements, _opened_blocks, _shorter_formulas]
    for edit in edits:
        for made in edit(tree):
            yield ast.unparse(ast.fix_missing_locations(made)) + "\n"


def _blocks(tree: ast.AST) -> list[tuple[ast.AST, str]]:
    """All lists of statements: their owner and the field."""
    return [
        (node, field)
        for node in ast.walk(tree)
        for field in ("body", "orelse")
        if isinstance(getattr(node, field, None), list) and getattr(node, field)
    ]


def _without_statements(tree: ast.Module) -> Iterator[ast.Module]:
    """Halves, quarters ... and single statements left out."""
    for number, (owner, field) in enumerate(_blocks(tree)):
        size = len(getattr(owner, field))
        width = size
        while width:
            for first in range(0, size, width):
                made = copy.deepcopy(tree)
                own, _ = _blocks(made)[number]
                block = getattr(own, field)
                gone = block[first : first + width]
                if any(getattr(each, "name", "") == NAME for each in gone):
                    continue
                rest = [*block[:first], *block[first + width :]]
                if rest or len(gone) > 1 or not isinstance(gone[0], ast.Pass):
                    setattr(own, field, rest if rest or field == "orelse" else [ast.Pass()])
                    yield made
            width //= 2


def _opened_blocks(tree: ast.Module) -> Iterator[ast.Module]:
    """A block in place of the statement that it belongs to."""
    for number, (owner, field) in enumerate(_blocks(tree)):
        for index, statement in enumerate(getattr(owner, field)):
            if not isinstance(statement, ast.If | ast.For | ast.While):
                continue
            for inner in ("body", "orelse"):
                if getattr(statement, inner):
                    made = copy.deepcopy(tree)
                    block = getattr(_blocks(made)[number][0], field)
                    block[index : index + 1] = getattr(block[index], inner)
                    yield made


def _shorter_formulas(tree: ast.Module) -> Iterator[ast.Module]:
    """A part of a formula in place of the whole."""
    count = len(list(ast.walk(tree)))
    for number in range(count):
        node = list(ast.walk(tree))[number]
        for field, old in ast.iter_fields(node):
            for index, value in enumerate(old if isinstance(old, list) else [old]):
                if not isinstance(value, ast.expr) or not isinstance(
                    getattr(value, "ctx", ast.Load()), ast.Load
                ):
                    continue
                for part in [*_parts(value), ast.Constant(0.5)]:
                    made = copy.deepcopy(tree)
                    target = list(ast.walk(made))[number]
                    if isinstance(old, list):
                        getattr(target, field)[index] = copy.deepcopy(part)
                    else:
                        setattr(target, field, copy.deepcopy(part))
                    yield made


def _parts(value: ast.expr) -> list[ast.expr]:
    if isinstance(value, ast.Constant | ast.Name):
        return []
    return [each for each in ast.iter_child_nodes(value) if isinstance(each, ast.expr)]
