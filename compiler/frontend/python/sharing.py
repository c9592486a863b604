"""Arguments that share memory: what a write to one of them means for the others.

Two arguments that are the same memory, element for element, are *twins*: what is written to one is
written to the other, and each keeps a derivative of its own::

    def f(x, y):        # called as f(v, v)
        x[0] = 2.0      # also y[0] = 2.0
        return x @ y

Two that overlap in another way are kept apart: after a write to one, the other is refused when it
is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.environment import capture
from gradc.frontend.python.refs import Array, Cell, Ref
from gradc.ir.types import Type


@dataclass(frozen=True, eq=False, slots=True)
class Outside:
    """An array from outside of the function that an argument shares memory with.

    Attributes
    ----------
    name : str
    array : ndarray
    is_twin : bool
        Whether it is the same memory, element for element.
    is_object : bool
        Whether it is the same object.
    """

    name: str
    array: Any
    is_twin: bool
    is_object: bool


@dataclass(frozen=True, slots=True)
class Memory:
    """Where the array of an argument lies, in relation to the others of a call.

    Attributes
    ----------
    number : int
        The number of the array, by which the others name it.
    twins : tuple of (int, bool)
        The arrays that are the same memory, and whether they are the same object.
    meets : tuple of int
        The arrays that overlap with it in another way.
    outside : tuple of Outside
        The same for arrays from outside of the function.
    """

    number: int
    twins: tuple[tuple[int, bool], ...] = ()
    meets: tuple[int, ...] = ()
    outside: tuple[Outside, ...] = ()

    def apart(self) -> Memory:
        """The same arrays, of which parts are seen that may overlap in any way."""
        met = tuple(number for number, _ in self.twins)
        beyond = tuple(Outside(each.name, each.array, False, False) for each in self.outside)
        return Memory(self.number, (), (*self.meets, *met), beyond)


def connect(ctx: Lowering, arrays: Mapping[Cell, Memory]) -> None:
    """Tell the arrays of the arguments of each other, before anything is interpreted."""
    cells = {memory.number: cell for cell, memory in arrays.items()}
    for cell, memory in arrays.items():
        for number, is_object in memory.twins:
            if number in cells:
                cell.twins[cells[number]] = is_object
        for number in memory.meets:
            if number in cells:
                _keep_apart(ctx, cell, cells[number])
        for each in memory.outside:
            type = cell.type if each.is_twin else None
            found = capture(ctx, each.name, each.array, type)
            if not isinstance(found, Array):
                continue
            if each.is_twin:
                cell.twins[found.cell] = found.cell.twins[cell] = each.is_object
            else:
                _keep_apart(ctx, cell, found.cell)
                _keep_apart(ctx, found.cell, cell)


def _keep_apart(ctx: Lowering, cell: Cell, other: Cell) -> None:
    cell.sources[other] = ctx.state.tokens[other]
    cell.beside.add(other)


@contextmanager
def copies(ctx: Lowering, pairs: Sequence[tuple[Ref, Ref]]) -> Iterator[None]:
    """While arrays stand for others: a write to one is seen where the other is read.

    Parameters
    ----------
    ctx : Lowering
    pairs : sequence of (Ref, Ref)
        What was given, and what stands for it.
    """
    arrays = [
        (given.cell, made.cell)
        for given, made in pairs
        if isinstance(given, Array) and isinstance(made, Array) and given is not made
    ]
    noted: list[tuple[Cell, Cell]] = []
    for given, made in arrays:
        made.name = given.name
        ctx.state.may_be.setdefault(made, set()).add(given)
        known = {given, *given.others}
        others = [copy for cell, copy in arrays if copy is not made and cell in known]
        for cell in (*known, *others):
            _keep_apart(ctx, cell, made)
            noted.append((cell, made))
    try:
        yield
    finally:
        for cell, made in noted:
            cell.sources.pop(made, None)
            cell.beside.discard(made)


def shared_type(type: Type, memory: Memory, types: Mapping[int, Type]) -> Type:
    """The type of an array that is the same memory as others: they have the same sizes."""
    for number, _ in memory.twins:
        if number in types:
            return types[number]
    return type
