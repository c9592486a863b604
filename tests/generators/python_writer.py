"""Statements with blocks, and whole functions, of random Python programs."""

from __future__ import annotations

from typing import Any

from tests.generators.python_numerics import Numerics
from tests.generators.python_scope import Scope, Shape

NAME = "program"
PARAMETERS = "x, y, v, w, a, k"


class Writer(Numerics):
    """Writes a program, block by block; a `numerical` one has loops over arrays, mostly."""

    nested = 0
    numerical = False

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
        for _ in range(1 + self.choices.below(most)):
            kinds: list[Any] = [self.assign, self.augment, self.write, self.write, self.make]
            kinds += [self.view, self.write_part, self.swap, self.unpack, self.count_up, self.extra]
            kinds += [self.sequence]
            if self.helpers:
                kinds.append(self.call)
            if self.numerical:
                kinds += [self.numerics] * len(kinds)
            if scope.in_loop:
                kinds.append(self.jump)
            if depth > 0:
                kinds += [self.for_loop] * 3 + [self.branch] * 2 + [self.while_loop]
                kinds += [self.early_return, self.either, self.match]
                if self.nested == 0:
                    kinds += [self.local_function]
            kind = self.pick(kinds)
            if kind in (self.for_loop, self.branch, self.while_loop, self.match):
                kind(scope, depth)
            else:
                kind(scope)

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
        if self.chance(4):
            self.endless_loop(scope, depth)
            return
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
        if self.chance(6):
            self.line("else:")
            self.block(scope.inner(), 1, 0)
        scope.integers[counter] = None

    def endless_loop(self, scope: Scope, depth: int) -> None:
        """``while True`` with a way out."""
        counter = self.name("t")
        self.line(f"{counter} = 0")
        self.line("while True:")
        self.line(f"    {counter} += 1")
        inner = scope.inner(loop=True)
        inner.integers[counter] = None
        self.line(f"    if {counter} > 3 or {self.condition(inner)}:")
        self.line("        break")
        self.block(inner, 3, depth - 1)
        scope.integers[counter] = None

    def match(self, scope: Scope, depth: int) -> None:
        """``match`` on an integer."""
        if not scope.integers:
            return
        self.line(f"match {self.pick(list(scope.integers))}:")
        self.indent += 1
        for pattern in ("0", "1 | 3", "_")[: 2 + self.choices.below(2)]:
            self.line(f"case {pattern}:")
            self.block(scope.inner(), 2, depth - 1)
        self.indent -= 1

    # -- functions -----------------------------------------------------------------------------

    def helper(self) -> list[str]:
        """A function of a vector, which it may write to, and a float."""
        name = self.name("helper")
        self.lines, self.returns = [], self.pick(("scalar", "both"))
        self.size = "p"
        scope = Scope(["s"], {}, {"p": ("p",)})
        if self.chance(2):
            self.line("p = 1.0 * p")  # what is written to is its own
        self.statements(scope, 3, 1)
        self.line(self.result(scope))
        self.helpers[name] = self.returns
        return [f"def {name}(p, s=0.7):", *self.lines, "", ""]

    def local_function(self, scope: Scope) -> None:
        """A function of a float defined here; it may write to arrays from outside, and names."""
        name = self.name("local")
        self.line(f"def {name}(u):")
        free = [each for each in scope.floats if each not in scope.fixed]
        outer = [self.pick(free)] if free and self.chance(3) else []
        inner = scope.of_function(outer)
        inner.floats.append("u")
        returns, self.returns = self.returns, "scalar"
        self.indent, self.nested = self.indent + 1, self.nested + 1
        if outer:
            self.line(f"nonlocal {outer[0]}")
        self.statements(inner, 3, 1)
        self.line(self.result(inner))
        self.indent, self.nested, self.returns = self.indent - 1, self.nested - 1, returns
        for _ in range(self.pick((1, 1, 2, 3))):
            target = self.target(scope)
            self.line(f"{target} = {name}({self.scalar(scope, 1)})")
            self.define(scope, target)

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
        self.line(self.result_of_numerics(scope) if self.numerical else self.result(scope))
        return "\n".join([*text, f"def {NAME}({PARAMETERS}):", *self.lines, ""])
