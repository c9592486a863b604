"""Random programs of the language, as Python source: loops, branches, writes, views, calls.

`python_programs()` draws statement by statement from what is in scope, simplest choices first, so
that hypothesis shrinks a failure to a few lines. Values are kept of moderate size, and conditions
away from ties, so that the programs are differentiable at nearly all of their points.
"""

from __future__ import annotations

import itertools
import linecache
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.generators.python_scope import LEAST, Expressions, Scope, Shape

NAME = "program"
PARAMETERS = "x, y, v, w, a, k"
_NUMBERS = itertools.count()


@dataclass(frozen=True, repr=False)
class PythonProgram:
    """Source text that defines `program`, and arguments to call it with."""

    source: str
    sizes: tuple[int, int]
    steps: int
    seed: int

    def __repr__(self) -> str:
        return f"{self.source}# n, m = {self.sizes}, k = {self.steps}, seed {self.seed}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """How hypothesis shows a failing example."""
        printer.text(repr(self))

    def arguments(self) -> list[Any]:
        """Fresh arguments: two floats, two vectors, a matrix and an integer."""
        rng = np.random.default_rng(self.seed)
        rows, columns = self.sizes
        draw = lambda *shape: rng.uniform(-1.0, 1.0, shape)  # noqa: E731
        return [
            float(draw()),
            float(draw()),
            draw(rows),
            draw(rows),
            draw(rows, columns),
            self.steps,
        ]

    def function(self) -> Callable[..., Any]:
        """The function itself; `inspect` finds its source until :func:`forget` is called."""
        file = f"<program {next(_NUMBERS)}>"
        lines = self.source.splitlines(keepends=True)
        linecache.cache[file] = (len(self.source), None, lines, file)
        namespace: dict[str, Any] = {"np": np, "math": math, "__name__": "random_program"}
        exec(compile(self.source, file, "exec"), namespace)
        made: Callable[..., Any] = namespace[NAME]
        return made


def forget(function: Callable[..., Any]) -> None:
    """Let go of the source of a function made above."""
    linecache.cache.pop(function.__code__.co_filename, None)


class Writer(Expressions):
    """Writes the statements of one function after the other."""

    def __init__(self, draw: Any) -> None:
        super().__init__(draw)
        self.lines: list[str] = []
        self.indent = 1
        # what each helper returns
        self.helpers: dict[str, str] = {}
        self.returns = "scalar"
        self.size = "n"

    def line(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

    # -- blocks --------------------------------------------------------------------------------

    def block(self, scope: Scope, most: int, depth: int) -> None:
        """Some statements, each of a kind that its scope has what it needs for."""
        self.indent += 1
        before = len(self.lines)
        self.statements(scope, most, depth)
        if len(self.lines) == before:
            self.line("pass")
        self.indent -= 1

    def statements(self, scope: Scope, most: int, depth: int) -> None:
        for _ in range(self.draw(st.integers(1, most))):
            kinds: list[Any] = [self.assign, self.augment, self.write, self.write, self.make]
            kinds += [self.view, self.write_part, self.swap, self.unpack, self.count_up]
            if self.helpers:
                kinds.append(self.call)
            if scope.in_loop:
                kinds.append(self.jump)
            if depth > 0:
                kinds += [self.for_loop] * 3 + [self.branch] * 2 + [self.while_loop]
                kinds += [self.early_return, self.either]
            kind = self.pick(kinds)
            if kind in (self.for_loop, self.branch, self.while_loop):
                kind(scope, depth)
            else:
                kind(scope)

    # -- statements without blocks ---------------------------------------------------------------

    def target(self, scope: Scope) -> str:
        """A float to assign to: a new one or one that is there."""
        free = [name for name in scope.floats if name not in scope.fixed]
        if free and not self.chance(3):
            return self.pick(free)
        return self.name("s")

    def define(self, scope: Scope, name: str) -> None:
        if name not in scope.floats:
            scope.floats.append(name)

    def assign(self, scope: Scope) -> None:
        value = self.scalar(scope)
        name = self.target(scope)
        self.line(f"{name} = {value}")
        self.define(scope, name)

    def augment(self, scope: Scope) -> None:
        free = [name for name in scope.floats if name not in scope.fixed]
        if free:
            name, how = self.pick(free), self.pick(("+=", "-=", "*="))
            self.line(f"{name} {how} {self.scalar(scope)}")

    def write(self, scope: Scope) -> None:
        how = self.pick(("=", "=", "+=", "-=", "*="))
        target = self.element(scope, self.pick(list(scope.arrays)))
        self.line(f"{target} {how} {self.scalar(scope)}")

    def write_part(self, scope: Scope) -> None:
        """Write a row, a column, a slice or all of an array."""
        name = self.pick(list(scope.arrays))
        shape = scope.arrays[name]
        how = self.pick(("=", "=", "+=", "*="))
        if len(shape) == 2:
            row, column = self.index(scope, name, 0), self.index(scope, name, 1)
            part, value = self.pick(
                [
                    (f"{name}[{row}]", self.array(scope, shape[1:])),
                    (f"{name}[:, {column}]", self.array(scope, shape[:1])),
                    (f"{name}[{row}, 1:]", self.scalar(scope)),
                    (f"{name}[:]", self.array(scope, shape)),
                ]
            )
            self.line(f"{part} {how} {value}")
            return
        others = scope.of_shape(shape)
        other = self.pick(others)
        part, value = self.pick(
            [
                (f"{name}[:]", self.array(scope, shape)),
                (f"{name}[1:]", f"{other}[:-1]"),
                (f"{name}[:-1]", f"0.5 * {other}[1:]"),
                (f"{name}[::2]", self.scalar(scope)),
                (f"{name}[::-1]", self.array(scope, shape)),
                (f"{name}[1:]", self.scalar(scope)),
                (f"{name}[{name} > 0.1234]", self.scalar(scope)),
                (f"{name}[np.array([0, -1, 0])]", self.scalar(scope)),
            ]
        )
        if part == f"{name}[:]" and self.chance(2) and how != "=":
            part = name  # `p += q`, which is a write into p as well
        if not (part == name and name in scope.fixed):
            self.line(f"{part} {how} {value}")

    def make(self, scope: Scope) -> None:
        """A new array, or a name of an array bound again."""
        like = self.pick(list(scope.arrays))
        shape = scope.arrays[like]
        value = self.pick(
            [
                f"{like}.copy()",
                f"np.zeros_like({like})",
                self.fresh(scope, shape),
                f"np.full({like}.shape, {self.scalar(scope)})",
                f"np.zeros({like}.shape)",
            ]
        )
        self.bind(scope, value, shape)

    def bind(self, scope: Scope, value: str, shape: Shape) -> None:
        free = [name for name in scope.of_shape(shape) if name not in scope.fixed]
        name = self.pick(free) if free and self.chance(3) else self.name("q")
        self.line(f"{name} = {value}")
        scope.arrays[name] = shape

    def view(self, scope: Scope) -> None:
        """A view or another name of an array; later statements write through it."""
        name = self.pick(list(scope.arrays))
        shape = scope.arrays[name]
        if len(shape) == 2:
            choices: list[tuple[str, Shape]] = [
                (f"{name}[{self.index(scope, name, 0)}]", shape[1:]),
                (f"{name}[:, {self.index(scope, name, 1)}]", shape[:1]),
                (f"{name}.T", shape[::-1]),
                (f"{name}.reshape(-1)", (f"{shape[0]}*{shape[1]}",)),
                (name, shape),
            ]
        else:
            choices = [(name, shape), (f"{name}[::-1]", shape)]
            shorter = f"{shape[0]}-1"
            if shorter in LEAST:
                choices += [(f"{name}[1:]", (shorter,)), (f"{name}[:-1]", (shorter,))]
        value, own = self.pick(choices)
        self.bind(scope, value, own)

    def swap(self, scope: Scope) -> None:
        names = [name for name in scope.arrays if name not in scope.fixed]
        pairs = [
            (a, b)
            for a, b in itertools.combinations(names, 2)
            if scope.arrays[a] == scope.arrays[b]
        ]
        if pairs:
            left, right = self.pick(pairs)
            self.line(f"{left}, {right} = {right}, {left}")

    def unpack(self, scope: Scope) -> None:
        how = self.pick(("floats", "elements"))
        if how == "floats":
            values = f"{self.scalar(scope)}, {self.scalar(scope)}"
            first, second = self.target(scope), self.target(scope)
            self.line(f"{first}, {second} = {values}")
            self.define(scope, first)
            self.define(scope, second)
        else:
            name = self.pick(list(scope.arrays))
            part = self.element
            if len(scope.arrays[name]) == 2 and self.chance(2):
                # rows are views: the second assignment sees what the first has written
                part = lambda scope, name: f"{name}[{self.index(scope, name, 0)}]"  # noqa: E731
            first, second = part(scope, name), part(scope, name)
            self.line(f"{first}, {second} = {second}, {first}")

    def count_up(self, scope: Scope) -> None:
        """An integer that the program computes; any array may be indexed by its remainder."""
        name = "c"
        if name in scope.integers:
            others = [other for other in scope.integers if other != name]
            self.line(f"c += {self.pick(['1', '2', *others])}")
        else:
            self.line(f"c = {self.pick(('0', '1', *scope.integers))}")
            scope.integers[name] = None

    def call(self, scope: Scope) -> None:
        """Call a helper, which writes to its vector; it may return that vector or another."""
        helper = self.pick(list(self.helpers))
        vector, label = self.argument(scope)
        name = self.target(scope)
        call = f"{helper}({vector}, {self.scalar(scope, 1)})"
        if self.helpers[helper] == "scalar":
            self.line(f"{name} = {call}")
        else:
            array = self.name("q")
            self.line(f"{name}, {array} = {call}")
            scope.arrays[array] = (label,)
        self.define(scope, name)

    def argument(self, scope: Scope) -> tuple[str, str]:
        """A vector, or a view of an array that is one, and its label."""
        name = self.pick(list(scope.arrays))
        shape = scope.arrays[name]
        if len(shape) == 2:
            row, column = self.index(scope, name, 0), self.index(scope, name, 1)
            return self.pick([(f"{name}[{row}]", shape[1]), (f"{name}[:, {column}]", shape[0])])
        choices = [(name, shape[0]), (f"{name}[::-1]", shape[0])]
        if f"{shape[0]}-1" in LEAST:
            choices.append((f"{name}[1:]", f"{shape[0]}-1"))
        return self.pick(choices)

    def jump(self, scope: Scope) -> None:
        self.line(f"if {self.condition(scope)}:")
        self.line(f"    {self.pick(('break', 'continue'))}")

    def early_return(self, scope: Scope) -> None:
        self.line(f"if {self.condition(scope)}:")
        self.line(f"    {self.result(scope)}")

    def either(self, scope: Scope) -> None:
        """A name first assigned in the branches of an `if`."""
        name, condition = self.name("s"), self.condition(scope)
        self.line(f"if {condition}:")
        self.line(f"    {name} = {self.scalar(scope)}")
        self.line("else:")
        self.line(f"    {name} = {self.scalar(scope)}")
        self.define(scope, name)

    def result(self, scope: Scope) -> str:
        number = self.scalar(scope)
        if self.returns == "scalar":
            return f"return {number}"
        names = scope.of_shape((self.size,))
        array = self.pick([*names, f"np.sin({names[0]})"])
        return f"return {number}, {array}" if self.returns == "both" else f"return {array}"

    # -- statements with blocks --------------------------------------------------------------------

    def branch(self, scope: Scope, depth: int) -> None:
        self.line(f"if {self.condition(scope)}:")
        self.block(scope.inner(), 3, depth - 1)
        if self.chance(2):
            if self.chance(3):
                self.line(f"elif {self.condition(scope)}:")
                self.block(scope.inner(), 2, depth - 1)
            self.line("else:")
            self.block(scope.inner(), 3, depth - 1)

    def for_loop(self, scope: Scope, depth: int) -> None:
        inner = scope.inner(loop=True)
        first = self.header(scope, inner)
        if self.chance(4):
            # assigned in the loop and read after it
            name = self.name("s")
            self.line(f"    {name} = {self.scalar(inner)}")
            self.define(inner, name)
            if first:
                self.define(scope, name)
        self.block(inner, 4, depth - 1)
        if self.chance(8):
            self.line("else:")
            self.block(scope.inner(), 1, 0)

    def header(self, scope: Scope, inner: Scope) -> bool:
        """The line of a `for`; says whether the loop certainly has an iteration."""
        array = self.pick(list(scope.arrays))
        shape = scope.arrays[array]
        label, name = shape[0], self.name("i")
        size = f"len({array})"
        bounded = [other for other, own in scope.integers.items() if own == label]
        ranges = [
            f"range({size})",
            f"range(1, {size})",
            f"range({size} - 1, -1, -1)",
            f"range(0, {size}, 2)",
            f"reversed(range({size}))",
            *(f"range({other})" for other in bounded),
            *(f"range({other} + 1, {size})" for other in bounded),
        ]
        how = self.pick(["range", "range", "range", "steps", "enumerate", "elements", "zip"])
        if how == "range":
            text = self.pick(ranges)
            self.line(f"for {name} in {text}:")
            inner.integers[name] = label
            return text in (*ranges[:1], *ranges[2:5])
        if how == "steps":
            texts = ["range(3)", "range(k)", "range(k, 0, -1)", "range(k, 2 * k, 2)"]
            text = self.pick(texts if "k" in scope.integers else texts[:1])
            self.line(f"for {name} in {text}:")
            inner.integers[name] = None
            return text == "range(3)"
        item = self.name("e")
        inner.fixed.add(item)
        if len(shape) == 1:
            inner.floats.append(item)
        else:
            inner.arrays[item] = shape[1:]
        if how == "enumerate":
            self.line(f"for {name}, {item} in enumerate({array}):")
            inner.integers[name] = label
        elif how == "zip" and len(shape) == 1:
            other = self.name("e")
            inner.fixed.add(other)
            inner.floats.append(other)
            partner = self.pick(scope.of_shape(shape))
            self.line(f"for {item}, {other} in zip({array}, {partner}):")
        else:
            self.line(f"for {item} in {array}:")
        return True

    def while_loop(self, scope: Scope, depth: int) -> None:
        counter = self.name("t")
        limits = ["3", f"len({self.pick(list(scope.arrays))})", "k"]
        limit = self.pick(limits if "k" in scope.integers else limits[:2])
        self.line(f"{counter} = 0")
        data = f" and ({self.condition(scope)})" if self.chance(2) else ""
        self.line(f"while {counter} < {limit}{data}:")
        inner = scope.inner(loop=True)
        if self.chance(2):
            self.line(f"    {counter} += 1")
            inner.integers[counter] = None
            self.block(inner, 3, depth - 1)
        else:
            inner.in_loop = False  # a `continue` would skip the counter
            self.block(inner, 3, depth - 1)
            self.line(f"    {counter} += 1")
        scope.integers[counter] = None

    # -- functions -----------------------------------------------------------------------------

    def helper(self) -> list[str]:
        """A function of a vector, which it may write to, and a float."""
        name = self.name("helper")
        self.lines, self.returns = [], self.pick(("scalar", "both"))
        self.size = "p"
        scope = Scope(["s"], {}, {"p": ("p",)})
        self.statements(scope, 3, 1)
        self.line(self.result(scope))
        self.helpers[name] = self.returns
        return [f"def {name}(p, s):", *self.lines, "", ""]

    def function(self, most: int, depth: int) -> str:
        """The whole source."""
        text: list[str] = []
        for _ in range(self.pick((0, 0, 1, 1, 2))):
            text += self.helper()
        self.lines, self.returns = [], self.pick(("scalar", "array", "both"))
        self.size = "n"
        arrays: dict[str, Shape] = {"v": ("n",), "w": ("n",), "a": ("n", "m")}
        scope = Scope(["x", "y"], {"k": None}, arrays)
        self.statements(scope, most, depth)
        self.line(self.result(scope))
        return "\n".join([*text, f"def {NAME}({PARAMETERS}):", *self.lines, ""])


@st.composite
def python_programs(draw: Any, *, most: int = 7, depth: int = 2) -> PythonProgram:
    """Draw a program of up to `most` statements at its outermost level."""
    source = Writer(draw).function(most, depth)
    sizes = (draw(st.sampled_from((3, 4, 5))), draw(st.sampled_from((2, 3))))
    return PythonProgram(source, sizes, draw(st.integers(0, 3)), draw(st.integers(0, 99)))
