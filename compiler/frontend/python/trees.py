"""References taken apart into the numbers and arrays inside, and put together around others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.problems import shapes
from gradc.frontend.python.refs import (
    Array,
    Cell,
    Constant,
    Dict,
    List,
    Ref,
    Scalar,
    Struct,
    Tuple,
)
from gradc.ir.core import Value

Choice = Callable[[Lowering, Ref], bool]
Change = Callable[[Ref], Ref]
_Build = Callable[[Iterator[Ref], Change], Ref]


def _same(ref: Ref) -> Ref:
    return ref


@dataclass(frozen=True, slots=True)
class Parts:
    """The chosen parts of a reference, in order, and the structure around them.

    Attributes
    ----------
    leaves : list of Ref
    structure : object
        Equal for references of one structure.
    """

    leaves: list[Ref]
    structure: object
    _build: _Build

    def around(self, leaves: Iterable[Ref], otherwise: Change = _same) -> Ref:
        """The same structure around other leaves; `otherwise` changes what was not chosen."""
        return self._build(iter(leaves), otherwise)


def taken_apart(ctx: Lowering, ref: Ref, choose: Choice) -> Parts:
    """Find the parts of a reference that are chosen among what is no container.

    What is found holds after the state of the interpreter has changed, too.
    """
    leaves: list[Ref] = []
    structure, build = _Taking(ctx, choose, leaves).part(ref)
    return Parts(leaves, structure, build)


@dataclass(frozen=True, slots=True)
class _Taking:
    ctx: Lowering
    choose: Choice
    leaves: list[Ref]

    def part(self, ref: Ref) -> tuple[object, _Build]:
        match ref:
            case Tuple(items=items):
                keys, build = self.several(items)
                return ("tuple", keys), lambda rest, other: Tuple(build(rest, other))
            case List():
                keys, build = self.several(self.ctx.state.items(ref))
                return ("list", keys), lambda rest, other: self.new_list(ref, build(rest, other))
            case Struct(cls=cls, fields=fields):
                names = tuple(fields)
                keys, build = self.several(tuple(fields.values()))
                return (cls, keys), lambda rest, other: Struct(
                    cls, dict(zip(names, build(rest, other), strict=True))
                )
            case Dict(items=entries):
                names = tuple(entries)
                keys, build = self.several(tuple(entries.values()))
                return (names, keys), lambda rest, other: Dict(
                    dict(zip(names, build(rest, other), strict=True))
                )
        if self.choose(self.ctx, ref):
            self.leaves.append(ref)
            return "chosen", lambda rest, other: next(rest)
        return "other", lambda rest, other: other(ref)

    def several(
        self, refs: Sequence[Ref]
    ) -> tuple[tuple[object, ...], Callable[[Iterator[Ref], Change], tuple[Ref, ...]]]:
        found = [self.part(ref) for ref in refs]
        builds = [build for _, build in found]
        return (
            tuple(key for key, _ in found),
            lambda rest, other: tuple(build(rest, other) for build in builds),
        )

    def new_list(self, like: List, items: tuple[Ref, ...]) -> List:
        made = List(like.name)
        self.ctx.state.lists[made] = items
        return made


def made_ref(ctx: Lowering, value: Value, weak: bool = False) -> Ref:
    """A reference to a value; an array starts a new object."""
    if value.type.is_scalar:
        return Scalar(value, weak)
    return ctx.state.new_cell(Cell(value.name, value.type), value)


def is_computed(ctx: Lowering, ref: Ref) -> bool:
    """Whether a part is a number or array that is computed at run time."""
    return isinstance(ref, Scalar | Array)


def is_float(ctx: Lowering, ref: Ref) -> bool:
    """Whether a part is a float, or an array of floats, that is computed at run time."""
    return is_computed(ctx, ref) and ctx.kind(ref).dtype.is_float


def number_or_known(what: str) -> Choice:
    """Chooses numbers; other objects have to be known as they are, and functions are refused.

    A function that is handed out may use what is only there where it was made.
    """

    def choose(ctx: Lowering, ref: Ref) -> bool:
        if is_number(ctx, ref):
            return True
        if not isinstance(ref, Constant):
            raise shapes(
                f"{what} holds {ctx.describe(ref)}",
                "return numbers, arrays and containers of them",
            )
        return False

    return choose


def is_number(ctx: Lowering, ref: Ref) -> bool:
    """Whether a part is a number or array, known or computed."""
    return ctx.is_numeric(ref)
