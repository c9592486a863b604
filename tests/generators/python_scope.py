"""What a random Python program may mention at a place: names, their shapes, and expressions.

A size is a label: arrays whose axes have the same label have the same length there, and an
integer known to be an index of a label may be used as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
Shape = tuple[str, ...]

CONSTANTS = ("0.5", "0.3", "-0.7", "1.1", "2.0")
# Ties have measure zero at these.
THRESHOLDS = ("0.1234", "-0.2718", "0.4142")
BITS = ("& 1", "| 2 > 2", "^ 3 == 1", ">> 1 != 0", "<< 2 > 5")
# A label and the least length that it may stand for.
LEAST = {"n": 3, "m": 2, "n-1": 2, "m-1": 1, "p": 1}


@dataclass
class Scope:
    """Names by kind: floats, integers with the label that bounds them, arrays with their shape."""

    floats: list[str] = field(default_factory=list)
    integers: dict[str, str | None] = field(default_factory=dict)
    arrays: dict[str, Shape] = field(default_factory=dict)
    # names that a loop header assigns, which are not assigned to by other statements
    fixed: set[str] = field(default_factory=set)
    # floats that are part of something: `pair.first`, `items[1]`
    parts: list[str] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)
    # functions of a float that were defined here
    functions: list[str] = field(default_factory=list)
    in_loop: bool = False

    def inner(self, loop: bool = False) -> Scope:
        """A copy for a block: what is first assigned in it is forgotten after it."""
        return Scope(
            list(self.floats),
            dict(self.integers),
            dict(self.arrays),
            set(self.fixed),
            list(self.parts),
            list(self.lists),
            list(self.functions),
            loop or self.in_loop,
        )

    def of_function(self, nonlocals: Sequence[str] = ()) -> Scope:
        """A copy for a function defined here: it assigns to no name from outside but these."""
        made = self.inner()
        made.fixed = {*self.floats, *self.arrays, *self.fixed} - set(nonlocals)
        made.integers.pop("c", None)
        made.in_loop = False
        return made

    def of_rank(self, rank: int) -> list[str]:
        """The arrays of a rank."""
        return [name for name, shape in self.arrays.items() if len(shape) == rank]

    def of_shape(self, shape: Shape) -> list[str]:
        """The arrays of a shape."""
        return [name for name, own in self.arrays.items() if own == shape]


class Choices(Protocol):
    """Where the choices of a generator come from."""

    def below(self, count: int) -> int:
        """A number from 0 to below `count`."""


class DrawnChoices:
    """Choices that hypothesis makes and can shrink."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw

    def below(self, count: int) -> int:
        """A number from 0 to below `count`."""
        return int(self.draw(st.integers(0, count - 1)))


class RandomChoices:
    """Choices of a seed: a tenth of the cost of those above."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def below(self, count: int) -> int:
        """A number from 0 to below `count`."""
        return self.random.randrange(count)


class Expressions:
    """Writes expressions; the simplest choice comes first, for shrinking."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.count = 0

    def pick(self, choices: Sequence[T]) -> T:
        """One of several."""
        return choices[self.choices.below(len(choices))]

    def chance(self, one_in: int) -> bool:
        """True once in so many times."""
        return self.choices.below(one_in) == one_in - 1

    def name(self, stem: str) -> str:
        """A name not used yet."""
        self.count += 1
        return f"{stem}{self.count}"

    # -- integers and conditions ---------------------------------------------------------------

    def index(self, scope: Scope, array: str, axis: int) -> str:
        """An index that is within an axis."""
        label = scope.arrays[array][axis]
        size = f"len({array})" if axis == 0 else f"{array}.shape[{axis}]"
        fitting = [name for name, own in scope.integers.items() if own == label]
        choices = [*fitting, "0", "-1", *(f"{name} - 1" for name in fitting)]
        for name in scope.integers:
            choices += [f"{name} % {size}", f"({name} + 1) % {size}"]
        if LEAST.get(label, 1) > 1:
            choices += ["1", "-2"]
        return self.pick(choices)

    def condition(self, scope: Scope) -> str:
        """A condition on integers or on values, away from ties."""
        simple = [f"{name} {how}" for name in scope.integers for how in ("> 1", "% 2 == 0", "!= 2")]
        simple += [f"{name} {self.pick(BITS)}" for name in scope.integers]
        simple += [f"{name} > {self.pick(THRESHOLDS)}" for name in scope.floats]
        first = self.pick(simple)
        how = self.pick(("plain", "plain", "not", "and", "or", "chain"))
        if how == "plain":
            return first
        if how == "not":
            return f"not {first}"
        if how == "chain" and scope.floats:
            return f"-0.8765 < {self.pick(scope.floats)} < {self.pick(THRESHOLDS)}"
        return f"{first} {'or' if how == 'or' else 'and'} {self.pick(simple)}"

    # -- floats --------------------------------------------------------------------------------

    def element(self, scope: Scope, array: str) -> str:
        """An element of an array, read or written."""
        axes = range(len(scope.arrays[array]))
        return f"{array}[{', '.join(self.index(scope, array, axis) for axis in axes)}]"

    def atom(self, scope: Scope) -> str:
        """A float without arithmetic."""
        kinds = ["constant", "element", "element"] if scope.arrays else ["constant"]
        kind = self.pick(["name", "name", *kinds] if scope.floats else kinds)
        if kind == "name":
            return self.pick(scope.floats)
        if kind == "element":
            return self.element(scope, self.pick(list(scope.arrays)))
        return self.pick([*CONSTANTS, *scope.parts])

    def scalar(self, scope: Scope, depth: int = 2) -> str:
        """A float expression."""
        if depth == 0:
            return self.atom(scope)
        kinds = ["atom", "mixed", "product", "smooth", "sum", "if", "power", "integer", "quotient"]
        kind = self.pick([*kinds, "call"] if scope.functions else kinds)
        part = lambda: self.scalar(scope, depth - 1)  # noqa: E731
        if kind == "mixed":
            return f"({self.pick(CONSTANTS)} * {part()} {self.pick('+-')} {part()})"
        if kind == "product":
            return f"{self.atom(scope)} * {part()}"
        if kind == "smooth":
            return f"{self.pick(('math.sin', 'np.tanh', 'math.tanh', 'np.cos'))}({part()})"
        if kind == "if":
            return f"({part()} if {self.condition(scope)} else {part()})"
        if kind == "power":
            return f"{self.atom(scope)} ** {self.pick(('2', '3'))}"
        if kind == "quotient":
            return f"{self.atom(scope)} / (1.5 + {self.atom(scope)} ** 2)"
        if kind == "call":
            return f"{self.pick(scope.functions)}({self.atom(scope)})"
        if kind == "integer" and scope.integers:
            return f"{part()} * {self.pick(list(scope.integers))} * 0.3"
        if kind == "sum" and scope.arrays:
            return self.reduction(scope)
        return self.atom(scope)

    def reduction(self, scope: Scope) -> str:
        """A float from whole arrays."""
        array = self.pick(list(scope.arrays))
        shape = scope.arrays[array]
        kinds = [f"0.3 * {array}.sum()", f"np.mean({array})", f"np.sum(0.4 * np.sin({array}))"]
        if len(shape) == 1:
            other = self.pick(scope.of_shape(shape))
            kinds += [f"0.3 * np.dot({array}, {other})", f"0.2 * ({array} @ {other})"]
            kinds += [f"{array}[1:].sum()", f"{array}[::-1][0]", f"0.2 * {array}[-2::-1].sum()"]
            kinds += [f"0.3 * {array}[{array} > 0.1234].sum()"]
            kinds += [f"0.3 * {array}[np.array([0, -1, 0])].sum()"]
        return self.pick(kinds)

    # -- arrays --------------------------------------------------------------------------------

    def array_atom(self, scope: Scope, shape: Shape) -> str:
        """An array of a shape without arithmetic; a float where there is none."""
        names = scope.of_shape(shape)
        views = list(names)
        if len(shape) == 1:
            views += [f"{name}[::-1]" for name in names]
            for name in scope.of_rank(2):
                rows, columns = scope.arrays[name]
                if columns == shape[0]:
                    views.append(f"{name}[{self.index(scope, name, 0)}]")
                if rows == shape[0]:
                    views.append(f"{name}[:, {self.index(scope, name, 1)}]")
        else:
            views += [f"{name}.T" for name in scope.of_shape((shape[1], shape[0]))]
        return self.pick(views) if views else self.atom(scope)

    def array(self, scope: Scope, shape: Shape, depth: int = 2) -> str:
        """An array expression; it may also be a float, which is broadcast where it is assigned."""
        if depth == 0:
            return self.array_atom(scope, shape)
        kind = self.pick(("atom", "scaled", "smooth", "mixed", "product", "where", "matrix"))
        part = lambda: self.array(scope, shape, depth - 1)  # noqa: E731
        if kind == "scaled":
            return f"{self.atom(scope)} * {part()}"
        if kind == "smooth":
            return f"{self.pick(('np.sin', 'np.tanh', 'np.cos'))}({part()})"
        if kind == "mixed":
            return f"(0.5 * {part()} {self.pick('+-')} {part()})"
        if kind == "product":
            return f"{self.array_atom(scope, shape)} * {part()}"
        if kind == "where":
            chosen = self.array_atom(scope, shape)
            return f"np.where({chosen} > {self.pick(THRESHOLDS)}, {part()}, {part()})"
        if kind == "matrix" and len(shape) == 1:
            for name in scope.of_rank(2):
                rows, columns = scope.arrays[name]
                if rows == shape[0]:
                    return f"0.3 * ({name} @ {self.array_atom(scope, (columns,))})"
        return self.array_atom(scope, shape)

    def fresh(self, scope: Scope, shape: Shape) -> str:
        """An array that is certainly one, and no view of another."""
        return f"1.0 * {self.pick(scope.of_shape(shape))} + {self.array(scope, shape, 1)}"
