"""What the lowering to loops works on: nodes over iteration spaces, and references to parts.

A :class:`Node` computes something at each point of an iteration space (its `shape`): a map makes
one element, a reduction combines elements over some axes, a store writes one. Its operands are
:class:`Ref`: element ``(i, j)`` of a reference is an element of its base at indices that depend
on ``i`` and ``j``. Broadcasts, transposes and slices are nothing but references.

Example: in ``y = x.T + b`` with ``x: f64[n, m]``, ``b: f64[n]`` the sum is a map of shape
``(m, n)`` whose operands are ``Ref(x, [axis 1, axis 0])`` and ``Ref(b, [axis 1])``.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gradc.errors import Location
from gradc.ir.core import Op, Primitive, Value
from gradc.ir.types import INT, Dim, Type
from gradc.prims.routines import is_pure

Shape = tuple[Dim, ...]


@dataclass(eq=False, slots=True)
class Cell:
    """A variable of the loops being built; what a loop changes it carries.

    Attributes
    ----------
    type : Type
    name : str
    loc : Location
    named : bool
    size : int, str or None
        For an integer that comes out of the loops the size that it denotes.
    """

    type: Type
    name: str
    loc: Location
    named: bool = False
    size: Dim | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Entry:
    """The index of one axis of a base: ``start + step * position``.

    The position is axis number `axis` of the reference, or the element `at`, a reference of the
    same shape (for one fixed index a scalar, spread over that shape).
    """

    axis: int | None = None
    at: Ref | None = None
    start: Ref | None = None
    step: Ref | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is an axis of the reference, taken whole."""
        return self.axis is not None and self.start is None and self.step is None


@dataclass(frozen=True, eq=False, slots=True)
class Ref:
    """An array (or scalar) made of elements of a base, one entry for each axis of that."""

    base: Base
    entries: tuple[Entry, ...]
    shape: Shape

    @property
    def is_identity(self) -> bool:
        """Whether it is the whole base as it is."""
        return self.shape == shape_of(self.base) and all(
            entry.is_plain and entry.axis == axis for axis, entry in enumerate(self.entries)
        )

    def parts(self) -> Iterator[Ref]:
        """Yield the references inside the entries."""
        for entry in self.entries:
            for part in (entry.at, entry.start, entry.step):
                if part is not None:
                    yield part

    def all(self) -> Iterator[Ref]:
        """Yield this reference and all those inside."""
        yield self
        for part in self.parts():
            yield from part.all()


class Form(enum.Enum):
    """What a node does at each point of its iteration space."""

    MAP = "map"
    REDUCE = "reduce"
    STORE = "store"
    SINGLE = "single"  # an op that is kept as it is, outside of loops


@dataclass(frozen=True, eq=False, slots=True)
class Target:
    """Where a store or a reduction writes: a cell, and an entry for each axis of it."""

    cell: Cell
    entries: tuple[Entry, ...]


@dataclass(eq=False, slots=True)
class Node:
    """A computation over an iteration space.

    Attributes
    ----------
    form : Form
    op : Op
        What it comes from: gives location, role, name; for a map also what is computed.
    shape : tuple of Dim
        The iteration space.
    inputs : tuple of Ref
        For a map the operands, for a reduction and a store the one value.
    out : Value or None
        A pattern for the result: its element type and name.
    prim : Primitive or None
        What a map computes (None: a copy), what combines elements, PUT or ADD_AT.
    axes : tuple of int
        The axes of the iteration space that a reduction combines.
    target : Target or None
        Where a store writes, or the array in which a reduction sums up.
    cells : tuple of Cell
        The scalar variables in which a reduction sums up, once there are.
    index : Ref or None
        For a search for an extremum, where it is now.
    updates : Ref or None
        For a store or a single op, the array whose next version it makes.
    reads : list of Ref
        For a single op, what it needs beside its operands.
    keeps_out : bool
        Whether the result is `out` itself and not a value like it.
    after : tuple of Node
        Checks that have to be passed before.
    is_element : bool
        Whether the result is going to be an element of the array called `out`.
    """

    form: Form
    op: Op
    shape: Shape
    inputs: tuple[Ref, ...] = ()
    out: Value | None = None
    prim: Primitive | None = None
    axes: tuple[int, ...] = ()
    target: Target | None = None
    cells: tuple[Cell, ...] = ()
    index: Ref | None = None
    updates: Ref | None = None
    reads: list[Ref] = field(default_factory=list)
    keeps_out: bool = False
    after: tuple[Node, ...] = ()
    is_element: bool = False

    def __repr__(self) -> str:
        name = self.prim.name if self.prim is not None else self.op.prim.name
        return f"<{self.form.value} {name} over {self.shape}>"

    @property
    def out_shape(self) -> Shape:
        """The shape of the result."""
        return tuple(dim for axis, dim in enumerate(self.shape) if axis not in self.axes)

    @property
    def has_effect(self) -> bool:
        """Whether it does something beside making a result that others use."""
        sums_up = self.form is Form.REDUCE and (self.cells or self.target is not None)
        impure = self.form is not Form.SINGLE and not is_pure(self.op)
        return self.form in (Form.STORE, Form.SINGLE) or bool(sums_up) or impure

    def refs(self) -> Iterator[Ref]:
        """Yield every reference that it makes, those inside indices included."""
        for ref in (*self.inputs, *self.reads):
            yield from ref.all()
        if self.target is not None:
            yield from Ref(self.target.cell, self.target.entries, self.shape).all()
        if self.updates is not None:
            yield from self.updates.all()


Base = Value | Node | Cell


def identity(base: Base, shape: Shape) -> Ref:
    """Refer to a whole array."""
    return Ref(base, tuple(Entry(axis) for axis in range(len(shape))), shape)


def spread(base: Base, shape: Shape) -> Ref:
    """Refer to a scalar as an array of a shape."""
    return Ref(base, (), shape)


def scalar(value: Value) -> Ref:
    """Refer to a scalar."""
    return Ref(value, (), ())


def same_entries(left: Sequence[Entry], right: Sequence[Entry]) -> bool:
    """Whether two indices are certainly equal."""
    return len(left) == len(right) and all(
        a.axis == b.axis and _same(a.at, b.at) and _same(a.start, b.start) and _same(a.step, b.step)
        for a, b in zip(left, right, strict=True)
    )


def _same(left: Ref | None, right: Ref | None) -> bool:
    if left is None or right is None:
        return left is right
    same_base = left.base is right.base or (
        isinstance(left.base, Value)
        and isinstance(right.base, Value)
        and left.base.type == INT == right.base.type
        and left.base.size is not None
        and left.base.size == right.base.size
    )
    return same_base and same_entries(left.entries, right.entries)


def shape_of(base: Base) -> Shape:
    """The shape of a base; that of a store is the shape of the whole array."""
    if not isinstance(base, Node):
        return base.type.shape
    if base.form is Form.STORE and base.out is not None:
        return base.out.type.shape
    return base.out_shape


def is_array(base: Base) -> bool:
    """Whether a base is an array, not a scalar."""
    return bool(shape_of(base))


def is_basic_view(ref: Ref) -> bool:
    """Whether a reference can be made by slices, fixed indices and a transpose."""
    axes = [entry.axis for entry in ref.entries if entry.axis is not None]
    fixed = [entry.at for entry in ref.entries if entry.at is not None]
    return sorted(axes) == list(range(len(ref.shape))) and all(
        not is_array(part.base) for part in fixed
    )


def is_row(ref: Ref) -> bool:
    """Whether a reference is a part of an array that lies in one piece, like a row."""
    fixed = len(ref.entries) - len(ref.shape)
    if fixed < 0 or not is_basic_view(ref) or not is_array(ref.base):
        return False
    whole = shape_of(ref.base)[fixed:] == ref.shape
    rest = ref.entries[fixed:]
    return whole and all(e.is_plain and e.axis == axis for axis, e in enumerate(rest))
