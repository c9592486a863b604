"""Random loops that step two arrays forward, in sweeps over all or some of their elements."""

from __future__ import annotations

import random

#: A range of a sweep and the smallest and largest shift with which it stays inside of an array.
_SWEEPS = (
    ("range(n)", 0, 0),
    ("range(n)", 0, 0),
    ("range(1, n)", -1, 0),
    ("range(1, n)", -1, 0),
    ("range(2, n)", -2, 0),
    ("range(n - 1)", 0, 1),
    ("range(1, n - 1)", -1, 1),
    ("range(n - 1, -1, -1)", 0, 0),
    ("range(n - 2, -1, -1)", 0, 1),
    ("range(n - 1, 0, -1)", -1, 0),
)
_TERMS = (
    "{0} * {1}",
    "np.sin({0}) + x[i] * {1}",
    "0.5 * {0} - {1} * {2} * 0.3",
    "np.tanh({0} + 0.1 * {2}) * {1}",
    "{0} / (2.0 + {1} * {1})",
    "x[i] * 0.4",
    "0.3 * {0}",
)
_SINGLES = ("{0}[0]", "{0}[n - 1]", "{0}[1]", "{0}[0]")
_STEPS = ("range(steps)", "range(steps)", "range(1, steps)", "range(steps - 1)")


class _Writer:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines = ["def f(x, w, steps):", "    n = x.shape[0]", "    s = 0.0"]
        self.depth = 1

    def program(self) -> str:
        pick = self.random.choice
        for name in "ya":
            self.line(f"{name} = " + pick(("np.zeros(n)", "w.copy()", "x * 0.5", "np.ones(n)")))
        self.line(f"for step in {pick(_STEPS)}:")
        self.depth += 1
        for _ in range(self.random.randint(1, 4)):
            pick((self.sweep, self.sweep, self.sweep, self.single, self.sum, self.known))()
        self.depth -= 1
        self.line(pick(("return s + np.sum(y * a)", "return s + y[n - 1] * a[0]", "return y")))
        return "\n".join(self.lines) + "\n"

    def sweep(self) -> None:
        """A loop that writes an element in each iteration, sometimes two."""
        bounds, least, most = self.random.choice(_SWEEPS)
        carries = self.random.random() < 0.3 and least < 0
        name = self.random.choice("ya")
        if carries:
            self.line(f"before = {name}[0]")
        self.line(f"for i in {bounds}:")
        self.depth += 1
        place = self.random.choice((0, 0, 0, least, most))
        kept = self.random.random() < 0.6
        if carries:
            self.line(f"now = {name}[i]")
        for _ in range(self.random.choice((1, 1, 1, 2))):
            value = self.term(least, most) + (" + before * 0.2" if carries else "")
            if kept:
                self.line(f"v = {value}")
                value = "v"
                self.line(f"s += v * v * {self.number()}")
            how = self.random.choice(("=", "+=", "-=", "="))
            self.line(f"{self.random.choice((name, name, 'a'))}{_at(place)} {how} {value}")
        if carries:
            self.line("before = now")
        self.depth -= 1

    def single(self) -> None:
        left, right = (self.random.choice(_SINGLES).format(self.random.choice("ya")) for _ in "12")
        how = self.random.choice(("=", "+="))
        self.line(f"{left} {how} np.sin({right}) * {self.number()} + x[0]")

    def sum(self) -> None:
        name = self.random.choice("ya")
        self.line("for i in range(n):")
        self.line(f"    s += {name}[i] * {name}[i] * {self.number()}")

    def known(self) -> None:
        """A sweep over all elements of an array, so that it has one version for each step."""
        name = self.random.choice("ya")
        self.line(f"{name}[0] += np.sin({name}[0]) * x[0]")
        self.line("for i in range(1, n):")
        shift = self.random.choice((-1, 0))
        self.line(f"    {name}[i] += np.sin({name}{_at(shift)}) * {self.number()} * x[i]")

    def term(self, least: int, most: int) -> str:
        elements = (
            self.random.choice("ya") + _at(self.random.randint(least, most)) for _ in range(3)
        )
        return self.random.choice(_TERMS).format(*elements)

    def number(self) -> str:
        return self.random.choice(("0.2", "0.5", "0.1"))

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)


def _at(shift: int) -> str:
    if shift == 0:
        return "[i]"
    return f"[i {'+' if shift > 0 else '-'} {abs(shift)}]"


def program(seed: int) -> str:
    """The text of a function ``f(x, w, steps)`` of two vectors of one length, at least two."""
    return _Writer(seed).program()
