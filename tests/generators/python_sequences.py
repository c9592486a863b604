"""Lists of a length known at run time only, `out=`, and generators, in random programs."""

from __future__ import annotations

from tests.generators.python_scope import CONSTANTS, THRESHOLDS, Scope
from tests.generators.python_statements import Statements

# With two operands of one shape.
_INTO = ("np.add", "np.subtract", "np.multiply", "np.hypot", "np.maximum")


class Sequences(Statements):
    """Statements about what Python makes of the elements of an array."""

    def sequence(self, scope: Scope) -> None:
        """One of the statements below."""
        self.pick([self.open_list, self.open_list, self.used_up, self.into])(scope)

    def open_list(self, scope: Scope) -> None:
        """A list of the elements of a vector, whole or chosen, that later statements read."""
        vector = self.vector(scope)
        if vector is None:
            return
        inner = scope.of_function()
        inner.floats.append("u")
        item = self.scalar(inner, 1)
        chosen = self.chance(3)
        value = self.pick(
            [
                f"[{item} for u in {vector} if {self.condition(inner)}]"
                if chosen
                else f"[{item} for u in {vector}]",
                f"[u * {self.atom(scope)} for u in {vector} if u > {self.pick(THRESHOLDS)}]"
                if chosen
                else f"list({vector})",
                f"[u + 0.1 * j for j, u in enumerate({vector})]"
                if not chosen
                else f"[u * t for u, t in zip({vector}, {vector}) if t > 0.1234]",
                f"list(map(lambda u: {item}, {vector}))"
                if not chosen
                else f"list(filter(lambda u: u > {self.pick(THRESHOLDS)}, {vector}))",
                f"{vector}.tolist()" if not chosen else f"{vector}[{vector} > 0.1234].tolist()",
                f"sorted({vector})" if not chosen else f"sorted({vector}, key=lambda u: -u)",
            ]
        )
        name = self.name("items")
        self.line(f"{name} = {value}")
        scope.parts += [
            f"sum({name})",
            f"(0.2 * len({name}))",
            f"sum([u * {self.pick(CONSTANTS)} for u in {name}])",
            f"np.sum({name})",
            f"sum({name}[1:])",
            f"({name}[-1] if len({name}) > 1 else 0.5)",
        ]
        if not chosen:
            scope.parts += [f"{name}[0]", f"max({name})"]

    def used_up(self, scope: Scope) -> None:
        """A float of a generator, which is used up where it is written."""
        vector = self.vector(scope)
        if vector is None:
            return
        inner = scope.of_function()
        inner.floats.append("u")
        item, name = self.scalar(inner, 1), self.target(scope)
        value = self.pick(
            [
                f"sum({item} for u in {vector})",
                f"max({vector}, key=lambda u: {self.pick(CONSTANTS)} * u + u**3)",
                f"sum(map(lambda u: {item}, {vector}))",
                f"functools.reduce(lambda r, u: 0.5 * r + {item}, {vector}, {self.atom(scope)})",
                f"(0.3 if any(u > {self.pick(THRESHOLDS)} for u in {vector}) else {vector}[0])",
            ]
        )
        self.line(f"{name} = {value}")
        self.define(scope, name)

    def into(self, scope: Scope) -> None:
        """A function of NumPy that writes to an array that is there."""
        target = self.pick(list(scope.arrays))
        shape = scope.arrays[target]
        first, second = self.pick(scope.of_shape(shape)), self.pick(scope.of_shape(shape))
        choices = [
            f"{self.pick(_INTO)}({first}, {second}, out={target})",
            f"np.cumsum({first}, axis=0, out={target})",
            f"np.clip({first}, -0.9, 0.9, out={target})",
            f"np.tanh({first}, out={target}, where={second} > 0.1234)",
        ]
        if len(shape) == 1:
            choices += [
                f"{self.pick(_INTO)}({first}[::-1], {second}, out={target})",
                f"{self.pick(_INTO)}({first}[:-1], {second}[1:], out={target}[1:])",
            ]
        self.line(self.pick(choices))

    def vector(self, scope: Scope) -> str | None:
        """A vector by its name."""
        vectors = scope.of_rank(1)
        return self.pick(vectors) if vectors else None
