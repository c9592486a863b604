"""What is said where it cannot be decided which array a name refers to."""

from __future__ import annotations

from gradc.errors import AliasingError
from gradc.frontend.python.hidden import RETURNED_VALUE, shown
from gradc.frontend.python.problems import RefusedError
from gradc.frontend.python.refs import Cell


def _copying(name: str) -> str:
    if name == RETURNED_VALUE:
        return "return a copy: `return (...).copy()`"
    if name.startswith("$"):
        return "copy it: `(...).copy()`"
    return f"copy where `{name}` is set: `{name} = (...).copy()`"


def _other(cell: Cell, source: Cell) -> str:
    same = cell.name == source.name
    return "the array that it was before" if same else shown(source.name)


def stale(cell: Cell, source: Cell) -> RefusedError:
    """A read of an array that may be another one, which was written to."""
    if source in cell.beside:
        return _overlapping(cell, source)
    return RefusedError(
        f"{shown(cell.name)} may be another name for {_other(cell, source)},"
        " which was written to since",
        _copying(cell.name),
        AliasingError,
    )


def _overlapping(cell: Cell, source: Cell) -> RefusedError:
    """A read of an argument after a write to one that overlaps with it in this call."""
    other = "another argument" if cell.name == source.name else shown(source.name)
    return RefusedError(
        f"{shown(cell.name)} overlaps in memory with {other} in this call, which was"
        " written to since",
        f"pass a copy of one of them: `{cell.name}.copy()`",
        AliasingError,
    )


def undecided(cell: Cell) -> RefusedError:
    """A write to an array that may be another one."""
    known = dict.fromkeys(_other(cell, source) for source in cell.sources if source is not cell)
    names = " or ".join(known) or "another array"
    return RefusedError(
        f"{shown(cell.name)} may be another name for {names}: which array is written to"
        " is not known at compile time",
        _copying(cell.name),
        AliasingError,
    )


def not_made(cell: Cell) -> RefusedError:
    """A read of an array that a branch or loop has made, from outside of it."""
    return RefusedError(
        f"{shown(cell.name)} was made on a path that may not have been taken",
        f"make {shown(cell.name)} before the branch or the loop",
    )
