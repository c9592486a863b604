"""Statements without blocks, and calls, of random Python programs."""

from __future__ import annotations

import itertools

from tests.generators.python_scope import LEAST, Choices, Expressions, Scope, Shape


class Statements(Expressions):
    """Writes the statements of one function after the other."""

    def __init__(self, choices: Choices) -> None:
        super().__init__(choices)
        self.lines: list[str] = []
        self.indent = 1
        # what each helper returns
        self.helpers: dict[str, str] = {}
        self.returns = "scalar"
        self.size = "n"

    def line(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

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
                (f"{name}[-2::-1]", self.scalar(scope)),
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
        """Call a helper a few times."""
        helper = self.pick(list(self.helpers))
        for _ in range(self.pick((1, 1, 2, 3))):
            self.call_once(scope, helper)

    def call_once(self, scope: Scope, helper: str) -> None:
        """Call a helper, which may write to its vector; it may return that vector or another."""
        vector, label = self.argument(scope)
        name = self.target(scope)
        given = self.scalar(scope, 1)
        call = self.pick(
            [
                f"{helper}({vector}, {given})",
                f"{helper}(s={given}, p={vector})",
                f"{helper}({vector})",
            ]
        )
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
