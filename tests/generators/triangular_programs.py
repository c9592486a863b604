"""Random nests of loops that change a square array, with bounds that depend on each other."""

from __future__ import annotations

import random
from collections.abc import Sequence

_WHOLE = (
    "range(n)",
    "range(1, n)",
    "range(n - 1)",
    "range(n - 1, -1, -1)",
    "range(0, n, 2)",
    "range(n - 2, 0, -1)",
)
_PART = (
    "range({0})",
    "range({0} + 1, n)",
    "range({0}, n)",
    "range({0} + 1)",
    "range(n - 1, {0}, -1)",
    "range({0} - 1, -1, -1)",
    "range(max({0} - 1, 0), n)",
)
_PLACES = ("0", "n - 1", "1")
_MOVED = ("max({0} - 1, 0)", "min({0} + 1, n - 1)", "n - 1 - {0}")
_TERMS = (
    "{0} * {1}",
    "np.sin({0}) + x[{2}] * {1}",
    "0.5 * {0} - {1} * x[{2}] * 0.3",
    "np.tanh({0} + 0.1 * {1})",
    "{0} / (2.0 + x[{2}] * x[{2}])",
)


class _Writer:
    def __init__(self, seed: int, branches: bool) -> None:
        self.random, self.branches = random.Random(seed), branches
        self.lines = ["def f(x, w):", "    n = x.shape[0]", "    a = w.copy()", "    s = 0.0"]

    def program(self) -> str:
        self.block(1, ())
        self.lines.append("    return s + np.sum(np.tanh(a * a))")
        return "\n".join(self.lines) + "\n"

    def block(self, depth: int, indices: Sequence[str]) -> None:
        for _ in range(self.random.randint(1, 2)):
            if len(indices) < 3 and self.random.random() < (0.5 if indices else 0.9):
                index = "ijk"[len(indices)]
                self.line(depth, f"for {index} in {self.bounds(indices)}:")
                self.block(depth + 1, (*indices, index))
            elif not indices:
                self.line(depth, "s += a[0, 1]")
            elif self.branches and self.random.random() < 0.4:
                self.branch(depth, indices)
            elif self.random.random() < 0.3:
                self.line(depth, f"t = {self.term(indices)}")
                self.line(depth, f"{self.element(indices)} = t")
                self.line(depth, "s += t * t")
            else:
                self.change(depth, indices)

    def change(self, depth: int, indices: Sequence[str]) -> None:
        change = self.random.choice(("=", "-=", "+="))
        self.line(depth, f"{self.element(indices)} {change} {self.term(indices)}")

    def branch(self, depth: int, indices: Sequence[str]) -> None:
        comparison = self.random.choice(("==", "!=", "<", ">="))
        self.line(depth, f"if {self.place(indices)} {comparison} {self.place(indices)}:")
        self.change(depth + 1, indices)
        if self.random.random() < 0.7:
            self.line(depth, "else:")
            self.change(depth + 1, indices)

    def line(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def bounds(self, indices: Sequence[str]) -> str:
        if not indices or self.random.random() < 0.25:
            return self.random.choice(_WHOLE)
        return self.random.choice(_PART).format(self.random.choice(indices))

    def place(self, indices: Sequence[str]) -> str:
        if self.random.random() < 0.1:
            return self.random.choice(_PLACES)
        index = self.random.choice(indices)
        moved = self.random.random() < 0.2
        return self.random.choice(_MOVED).format(index) if moved else index

    def element(self, indices: Sequence[str]) -> str:
        return f"a[{self.place(indices)}, {self.place(indices)}]"

    def term(self, indices: Sequence[str]) -> str:
        elements = (self.element(indices), self.element(indices), self.place(indices))
        return self.random.choice(_TERMS).format(*elements)


def program(seed: int, branches: bool = False) -> str:
    """The text of a function ``f(x, w)`` of a vector and a square matrix as large.

    With `branches` it asks how indices compare.
    """
    return _Writer(seed, branches).program()
