"""What a name of the user's program refers to while the program is read.

The front end interprets the function abstractly: a name refers to a number that is computed at
run time (:class:`Scalar`), to an array object (:class:`Array`), or to something known at compile
time (:class:`Constant`, :class:`Tuple`, :class:`Callee` ...). Array objects have identity, as in
NumPy: an :class:`Array` is a :class:`Cell`, which holds the data, and the steps that lead from it
to the part that is seen. Two names that share a cell see each other's writes.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradc.errors import GradcError, UnsupportedSyntaxError
from gradc.ir.core import Value
from gradc.ir.types import Type

#: What a list is called that has no name.
UNNAMED = "list"


class Ref:
    """Base of all that a name can refer to; compared by identity."""

    __slots__ = ()


@dataclass(frozen=True, eq=False, slots=True)
class Scalar(Ref):
    """A number or boolean computed at run time.

    Attributes
    ----------
    value : Value
    weak : bool
        Whether it is a Python number, which adapts to the dtype of what it is combined with.
    """

    value: Value
    weak: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Constant(Ref):
    """A Python object known at compile time: a number, a string, None, a module, a dtype ..."""

    value: Any


@dataclass(eq=False, slots=True)
class Cell:
    """The identity of one block of array data; the interpreter's state has its current value.

    Attributes
    ----------
    name : str
    type : Type
    sources : dict of Cell to int
        The arrays that this one may be another name for, each with the token of its last write
        when that was decided. A cell with sources may be read while they stay as they are.
    locked : bool
        Whether a write to it is refused, because another array might have to change with it.
    captured : bool
        Whether it is an array from outside of the function.
    twins : dict of Cell to bool
        Arguments that are the same memory, and whether they are the same object. What is written
        to this array is written to them.
    beside : set of Cell
        Those of `sources` that are arguments which overlap with this one in part.
    """

    name: str
    type: Type
    sources: dict[Cell, int] = field(default_factory=dict)
    locked: bool = False
    captured: bool = False
    twins: dict[Cell, bool] = field(default_factory=dict)
    beside: set[Cell] = field(default_factory=set)

    @property
    def others(self) -> tuple[Cell, ...]:
        """The arrays that may change with this one, or it with them."""
        return (*self.sources, *self.twins)


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """One step from an array to a view of it: a basic index, a transpose or a reshape.

    Attributes
    ----------
    kind : str
        ``"get"`` (`spec` and its operands), ``"transpose"`` (`perm`) or ``"reshape"``
        (the operands are the new sizes).
    type : Type
        Type of the result.
    """

    kind: str
    type: Type
    operands: tuple[Value, ...] = ()
    spec: tuple[str, ...] = ()
    perm: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Array(Ref):
    """An array object: the data of a cell, seen through steps."""

    cell: Cell
    steps: tuple[Step, ...] = ()

    @property
    def type(self) -> Type:
        """The type of what is seen."""
        return self.steps[-1].type if self.steps else self.cell.type


@dataclass(frozen=True, eq=False, slots=True)
class Tuple(Ref):
    """A tuple of known length."""

    items: tuple[Ref, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Struct(Ref):
    """A named tuple or dataclass instance: fields by name, in order."""

    cls: type
    fields: Mapping[str, Ref]

    @property
    def is_tuple(self) -> bool:
        """Whether it is a named tuple, which is also a tuple."""
        return issubclass(self.cls, tuple)


class ComplexNumber:
    """Stands for complex numbers and arrays: structures of it have the parts `re` and `im`."""


class PythonItems:
    """Stands for lists whose length is known at run time only: structures of it have one part,
    `items`, an array that nothing else refers to. What it holds are Python's numbers.
    """


class NumpyItems(PythonItems):
    """The same for lists of NumPy's numbers, or of arrays."""


class GrowingItems:
    """Stands for what is in a list that changes its length at run time: structures of it have the
    parts `items`, an array with room for all that is ever appended, and `count`.
    """


class GrowingNumbers(GrowingItems):
    """The same where the items are Python's numbers."""


class CountedItems:
    """Stands for what is in a list of which it is only counted how much is appended: structures
    of it have the parts `count` and `total`, the items that it has and those it was given.
    """


@dataclass(frozen=True, eq=False, slots=True)
class Dict(Ref):
    """A dictionary with keys known at compile time; it is not changed in place."""

    items: Mapping[Any, Ref]


@dataclass(eq=False, slots=True)
class List(Ref):
    """A list; its contents are in the state, since it can be changed.

    Attributes
    ----------
    name : str
        The first name that it was given.
    """

    name: str = UNNAMED


@dataclass(frozen=True, eq=False, slots=True)
class Slice(Ref):
    """A slice object."""

    start: Ref
    stop: Ref
    step: Ref


@dataclass(frozen=True, eq=False, slots=True)
class Range(Ref):
    """A range with bounds that may be computed at run time."""

    start: Ref
    stop: Ref
    step: Ref


@dataclass(frozen=True, eq=False, slots=True)
class Checkpointed(Ref):
    """``gradc.checkpoint(items)``: a loop over it keeps checkpoints instead of a tape."""

    items: Ref


@dataclass(frozen=True, eq=False, slots=True)
class Iteration(Ref):
    """What ``enumerate``, ``zip`` or ``reversed`` makes of other iterables: it is used up once.

    `loops` are those that it is made in: in another one it would be used up in the first round.
    """

    kind: str
    parts: tuple[Ref, ...]
    loops: tuple[object, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Once(Ref):
    """A generator whose items are known one by one; it is used where it is written."""

    items: tuple[Ref, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Generated(Ref):
    """A comprehension over something whose length is known at run time only.

    It is read where it is used up, so it must be used where it is written. `first` is what its
    first ``for`` runs over.
    """

    node: ast.ListComp | ast.GeneratorExp
    first: Ref


@dataclass(eq=False, slots=True)
class Frame:
    """The local names of one call.

    Attributes
    ----------
    names : dict
        What each assigned name refers to; a name that is not there is not assigned yet.
    locals : frozenset of str
        The names that belong to this call: parameters and what the body assigns.
    outer : Frame or None
        The frame of the function that this one was defined in.
    globals : mapping
        Names of the module and, before them, the values that the function closes over.
    live : object
        Which names may be read later (:class:`gradc.frontend.python.liveness.Liveness`).
    nonlocals : frozenset of str
        Names of an outer function that the body assigns.
    branch_depth : int
        How many branches were open when the call began.
    node : ast.AST
        The function.
    """

    title: str
    names: dict[str, Ref]
    locals: frozenset[str]
    outer: Frame | None
    globals: Mapping[str, Any]
    source: Any
    live: Any
    nonlocals: frozenset[str] = frozenset()
    branch_depth: int = 0
    node: ast.AST | None = None
    checkpoint: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Callee(Ref):
    """A function of the user whose source is interpreted where it is called.

    Attributes
    ----------
    node : ast.FunctionDef or ast.Lambda
    source : object
        Where its text is (:class:`gradc.frontend.python.source.Source`).
    globals : mapping
    outer : Frame or None
        The frame it closes over, for a function defined inside the one that is read.
    defaults : mapping
        Values of parameters that are not given.
    checkpoint : bool
        Whether its loops keep checkpoints instead of a tape.
    """

    node: ast.FunctionDef | ast.Lambda
    source: Any
    globals: Mapping[str, Any]
    outer: Frame | None
    defaults: Mapping[str, Ref]
    name: str
    checkpoint: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Method(Ref):
    """An attribute that is called: of an array, a number, or a callee with its first arguments."""

    owner: Ref
    name: str


@dataclass(frozen=True, eq=False, slots=True)
class Partial(Ref):
    """A callable with some arguments given already."""

    callee: Ref
    args: tuple[Ref, ...]
    kwargs: Mapping[str, Ref]


@dataclass(frozen=True, eq=False, slots=True)
class Maybe(Ref):
    """A name that is assigned only on some paths: `assigned` is true at run time where it is."""

    ref: Ref
    assigned: Value


@dataclass(frozen=True, eq=False, slots=True)
class Conflict(Ref):
    """A name that refers to different things on different paths; it is refused when read."""

    message: str
    hint: str | None = None
    kind: type[GradcError] = UnsupportedSyntaxError


@dataclass(frozen=True, eq=False, slots=True)
class Length(Conflict):
    """The only item of a list whose length is not known; whatever uses the list is refused."""


@dataclass(frozen=True, eq=False, slots=True)
class Poison(Ref):
    """The result of something refused already: what uses it is not a problem of its own."""


def is_complex(ref: Ref) -> bool:
    """Whether something is a complex number or array."""
    if isinstance(ref, Constant):
        return isinstance(ref.value, complex | np.complexfloating)
    return isinstance(ref, Struct) and ref.cls is ComplexNumber


def is_listed(ref: Ref) -> bool:
    """Whether something is a list whose length is known at run time only."""
    return isinstance(ref, Struct) and issubclass(ref.cls, PythonItems)


def is_growing(contents: tuple[Ref, ...]) -> bool:
    """Whether what a list holds changes its length at run time."""
    return (
        len(contents) == 1
        and isinstance(contents[0], Struct)
        and issubclass(contents[0].cls, GrowingItems | CountedItems)
    )


def number_parts(ref: Ref) -> tuple[Ref, Ref]:
    """The real and imaginary part of a number: of a real one, of a constant, or of a pair."""
    if isinstance(ref, Struct):
        return ref.fields["re"], ref.fields["im"]
    if isinstance(ref, Constant) and is_complex(ref):
        return Constant(ref.value.real), Constant(ref.value.imag)
    return ref, Constant(0.0)


POISON = Poison()
NONE = Constant(None)
