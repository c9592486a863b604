"""Containers, small functions, nested derivatives and library calls of random Python programs."""

from __future__ import annotations

from tests.generators.python_scope import CONSTANTS, Scope
from tests.generators.python_sequences import Sequences


class Extras(Sequences):
    """Statements that the simplest programs do without."""

    def extra(self, scope: Scope) -> None:
        """One of the statements below."""
        kinds = [self.container, self.item, self.small_function, self.add_at, self.fill]
        kinds += [self.chosen, self.partial, self.method, self.recursion, self.check]
        kinds += [self.sequence, self.sequence]
        self.pick([*kinds, self.slope, self.slopes])(scope)

    def container(self, scope: Scope) -> None:
        """A named tuple, a tuple or a list of floats."""
        values = f"{self.scalar(scope, 1)}, {self.scalar(scope, 1)}"
        kind = self.pick(("Pair", "tuple", "list"))
        if kind == "list":
            name = self.name("items")
            self.line(f"{name} = [{values}]")
            scope.lists.append(name)
            scope.parts += [f"{name}[0]", f"{name}[-1]"]
            return
        name = self.name("pair")
        self.line(f"{name} = {kind if kind == 'Pair' else ''}({values})")
        parts = ("first", "second")
        scope.parts += (
            [f"{name}.{part}" for part in parts]
            if kind == "Pair"
            else [f"{name}[0]", f"{name}[1]", f"sum({name})"]
        )

    def item(self, scope: Scope) -> None:
        """An item of a list assigned."""
        if scope.lists:
            how = self.pick(("=", "+=", "*="))
            name = self.pick(scope.lists)
            self.line(f"{name}[{self.pick(('0', '1', '-1'))}] {how} {self.scalar(scope)}")

    def small_function(self, scope: Scope) -> None:
        """A lambda, which sees later values of the names that it mentions."""
        name = self.name("f")
        inner = scope.of_function()
        inner.floats.append("u")
        self.line(f"{name} = lambda u: {self.scalar(inner, 1)}")
        scope.functions.append(name)

    def add_at(self, scope: Scope) -> None:
        """`np.add.at`, which counts each of equal positions."""
        name = self.pick(list(scope.arrays))
        if len(scope.arrays[name]) == 1:
            self.line(f"np.add.at({name}, np.array([0, -1, 0]), {self.scalar(scope)})")

    def fill(self, scope: Scope) -> None:
        """An array filled by a method."""
        name = self.pick(list(scope.arrays))
        self.line(f"{name}.fill({self.scalar(scope)})")

    def chosen(self, scope: Scope) -> None:
        """Elements written through a mask or an index array."""
        name = self.pick(list(scope.arrays))
        rank = len(scope.arrays[name])
        mask = f"{name} > {self.pick(CONSTANTS)}"
        index = self.pick(("[0, -1]", "np.array([0, -1])", "np.array([1, 0, 1])"))
        where = self.pick((mask, index if rank == 1 else f"{index}, 0"))
        how = self.pick(("=", "+=", "*="))
        self.line(f"{name}[{where}] {how} {self.scalar(scope)}")

    # -- callables -----------------------------------------------------------------------------

    def partial(self, scope: Scope) -> None:
        """A function with an argument given already."""
        name = self.name("f")
        inner = scope.of_function()
        inner.floats += ["u", "c"]
        body = self.scalar(inner, 1)
        given = self.scalar(scope, 1)
        self.line(f"{name} = functools.partial(lambda c, u: {body}, {given})")
        scope.functions.append(name)

    def method(self, scope: Scope) -> None:
        """A dataclass with a method that is called and a property."""
        name = self.name("gauge")
        self.line(f"{name} = Gauge({self.scalar(scope, 1)}, {self.scalar(scope, 1)})")
        if self.chance(3):
            self.line(f"{name} = dataclasses.replace({name}, offset={self.scalar(scope, 1)})")
        scope.functions.append(f"{name}.at")
        scope.parts += [f"{name}.offset", f"{name}.middle"]

    def recursion(self, scope: Scope) -> None:
        """A function that calls itself as often as an integer says."""
        if "k" not in scope.integers or self.nested:
            return
        name, target = self.name("again"), self.target(scope)
        inner = scope.of_function()
        inner.floats.append("u")
        inner.integers = {"j": None}
        self.line(f"def {name}(u, j):")
        self.line("    if j <= 0:")
        self.line(f"        return {self.scalar(inner, 1)}")
        self.line(f"    return 0.5 * {name}(np.tanh({self.scalar(inner, 1)}), j - 1) + u")
        self.line(f"{target} = {name}({self.scalar(scope, 1)}, {self.pick(('k', '2'))})")
        self.define(scope, target)

    def check(self, scope: Scope) -> None:
        """A check that holds, and an error that is not raised."""
        integers = list(scope.integers)
        if integers and self.chance(2):
            self.line(f"if {self.pick(integers)} > 90:")
            self.line('    raise ValueError("too many")')
        else:
            self.line(f'assert len({self.pick(list(scope.arrays))}) < 90, "too long"')

    # -- nested derivatives --------------------------------------------------------------------

    def slope(self, scope: Scope) -> None:
        """The derivative of an inner function of a float, which mentions names from outside."""
        point, name = self.scalar(scope, 1), self.target(scope)
        if self.chance(2):
            self.line(f"{name} = 0.3 * grad(lambda z: {self.analytic(scope)})({point})")
        else:
            function = self.name("inner")
            self.line(f"def {function}(z):")
            self.line(f"    r = {self.analytic(scope)}")
            self.line("    for j in range(2):")
            self.line(f"        r = {self.pick(CONSTANTS)} * r * z + {self.analytic(scope)}")
            self.line("    return r")
            self.line(f"{name} = np.tanh(grad({function})({point}))")
        self.define(scope, name)

    def slopes(self, scope: Scope) -> None:
        """The gradient of an inner function of a vector."""
        vectors = scope.of_rank(1)
        if not vectors:
            return
        array = self.pick(vectors)
        shape = scope.arrays[array]
        other = self.pick(scope.of_shape(shape))
        body = self.pick(
            [
                f"np.sum(np.sin(z) * {other})",
                f"(z @ z) * {self.atom(scope)}",
                f"z[0] * np.sum(z) * {self.atom(scope)}",
                f"np.sum(np.tanh(z * {self.atom(scope)}))",
            ]
        )
        self.bind(scope, f"0.3 * grad(lambda z: {body})({array})", shape)

    def analytic(self, scope: Scope, depth: int = 2) -> str:
        """A float expression of `z` that also has a meaning for complex numbers."""
        if depth == 0:
            return self.pick(["z", "z", self.atom(scope)])
        part = self.analytic(scope, depth - 1)
        kind = self.pick(("mixed", "product", "smooth", "power", "quotient"))
        if kind == "product":
            return f"{part} * {self.analytic(scope, depth - 1)}"
        if kind == "smooth":
            return f"{self.pick(('np.sin', 'np.cos'))}({part})"
        if kind == "power":
            return f"({part}) ** 2"
        if kind == "quotient":
            return f"{part} / (1.5 + {self.atom(scope)} ** 2)"
        return f"(0.4 * {part} {self.pick('+-')} z)"
