"""What numerical programs are made of: time steps of stencils, sums of differences, rotations.

Random statements hardly ever add to neighbours, hand an array on from step to step or apply a
small matrix to many points, which is what some of the passes for the compiler look for.
"""

from __future__ import annotations

from tests.generators.python_extras import Extras
from tests.generators.python_scope import CONSTANTS, THRESHOLDS, Scope

# New values of an element from the old ones around it; `C` and `D` stand for floats, `W` for
# another vector.
_POINTS = (
    "Q[i] + C * (Q[i - 1] - 2.0 * Q[i] + Q[i + 1])",
    "Q[i] - C * Q[i] * (Q[i + 1] - Q[i - 1])",
    "0.5 * (Q[i - 1] + Q[i + 1]) * C + W[i]",
    "0.3 * Q[i] ** 2 + C * Q[i + 1] * W[i - 1]",
    "Q[i] + C * (Q[i + 1] - Q[i]) ** 2 - D * W[i] * Q[i - 1]",
    "np.tanh(Q[i - 1]) * C - Q[i + 1] * D",
)
_PLANE = (
    "Q[i, j] + C * (Q[i - 1, j] + Q[i, j - 1] - 2.0 * Q[i, j])",
    "Q[i - 1, j] * Q[i, j - 1] * C + D",
    "0.5 * Q[i - 1, j - 1] + C * Q[i, j] * Q[i - 1, j]",
)
_SUMS = (
    ("d = Q[i + 1] - Q[i]", "d * d * C"),
    ("d = Q[i + 1] - Q[i] ** 2", "d ** 2 + 0.3 * (1.0 - Q[i]) ** 2"),
    ("d = Q[i + 1] * W[i]", "np.tanh(d) * C"),
    ("d = W[i + 1] - C * Q[i]", "d * W[i]"),
)


class Numerics(Extras):
    """Statements of numerical programs; all of them are loops over arrays."""

    def numerics(self, scope: Scope) -> None:
        """One of the statements below."""
        kinds = [self.march, self.march, self.differences, self.plane, self.recurrence]
        self.pick([*kinds, self.log_of_sum, self.layers, self.rotations, self.fold])(scope)

    def result_of_numerics(self, scope: Scope) -> str:
        """A result that depends on every array that was made."""
        made = [name for name in scope.arrays if name.startswith("q")]
        for name in made:
            self.line(f"x = 0.5 * x + {self.pick((f'np.mean({name})', f'np.sum({name} ** 2)'))}")
        if self.returns == "scalar":
            return f"return x + {self.scalar(scope)}"
        vectors = scope.of_shape((self.size,))
        last = self.pick([name for name in vectors if name in made] or vectors)
        return f"return {last} * y" if self.returns == "array" else f"return x, {last}"

    def filled(self, text: str, scope: Scope, array: str) -> str:
        """One of the formulas above with names in it."""
        other = self.pick(scope.of_shape(scope.arrays[array]))
        number, more = self.atom_outside(scope), self.atom_outside(scope)
        pairs = (("Q", array), ("W", other), ("C", number), ("D", more))
        for letter, name in pairs:
            text = text.replace(letter, name)
        return text

    def atom_outside(self, scope: Scope) -> str:
        """A float that no statement here writes to."""
        return self.pick([*CONSTANTS, *scope.floats[:2]])

    def march(self, scope: Scope) -> None:
        """Steps in time of a vector, each from the one before."""
        start = self.vector(scope)
        if start is None:
            return
        old, new, step = self.name("q"), self.name("q"), self.name("t")
        shape = scope.arrays[start]
        swaps = self.chance(3)
        inner = scope.inner()
        inner.arrays[old] = shape
        self.line(f"{old} = 1.0 * {start}")
        if swaps:
            self.line(f"{new} = {old}.copy()")
        count = self.pick(("3", "k", "2")) if "k" in scope.integers else "3"
        self.line(f"for {step} in range({count}):")
        if not swaps:
            self.line(f"    {new} = {self.pick((f'{old}.copy()', f'np.zeros_like({old})'))}")
        bounds = (f"1, len({old}) - 1", f"len({old}) - 2, 0, -1", f"1, len({old}) - 1, 2")
        self.line(f"    for i in range({self.pick(bounds)}):")
        self.line(f"        {new}[i] = {self.filled(self.pick(_POINTS), inner, old)}")
        self.line(f"    {old}, {new} = {new}, {old}" if swaps else f"    {old} = {new}")
        scope.arrays[old] = shape

    def differences(self, scope: Scope) -> None:
        """A sum over neighbours."""
        vector = self.vector(scope)
        if vector is None:
            return
        name, (first, second) = self.name("s"), self.pick(_SUMS)
        self.line(f"{name} = 0.0")
        self.line(f"for i in range(len({vector}) - 1):")
        self.line(f"    {self.filled(first, scope, vector)}")
        self.line(f"    {name} += {self.filled(second, scope, vector)}")
        self.define(scope, name)

    def plane(self, scope: Scope) -> None:
        """A stencil in two dimensions."""
        matrices = scope.of_rank(2)
        if not matrices:
            return
        old, new = self.pick(matrices), self.name("q")
        self.line(f"{new} = {self.pick((f'{old}.copy()', f'np.zeros({old}.shape)'))}")
        self.line(f"for i in range(1, {old}.shape[0]):")
        self.line(f"    for j in range(1, {old}.shape[1]):")
        how = self.pick(("=", "=", "+="))
        self.line(f"        {new}[i, j] {how} {self.filled(self.pick(_PLANE), scope, old)}")
        scope.arrays[new] = scope.arrays[old]

    def recurrence(self, scope: Scope) -> None:
        """Each element from the one before, in place, or the extremum so far."""
        vector = self.vector(scope)
        if vector is None:
            return
        new, name = self.name("q"), self.name("s")
        other = self.pick(scope.of_shape(scope.arrays[vector]))
        number = self.atom_outside(scope)
        self.line(f"{new} = 1.0 * {vector}")
        if self.chance(2):
            self.line(f"{name} = {new}[0]")
            self.line(f"for i in range(1, len({new})):")
            self.line(f"    {name} = {self.pick(('max', 'min'))}({name}, {new}[i] + 0.01 * i)")
            self.line(f"    {new}[i] = {name} * {number}")
            self.define(scope, name)
        else:
            self.line(f"for i in range(1, len({new})):")
            self.line(f"    {new}[i] = {number} * {new}[i - 1] + {other}[i]")
        scope.arrays[new] = scope.arrays[vector]

    def log_of_sum(self, scope: Scope) -> None:
        """The logarithm of a sum of exponentials, and the weights."""
        vector = self.vector(scope)
        if vector is None:
            return
        weights, name = self.name("q"), self.name("s")
        self.line(f"{weights} = np.zeros(len({vector}))")
        self.line(f"for i in range(len({vector})):")
        self.line(f"    {weights}[i] = np.exp(np.tanh({vector}[i]) * {self.atom_outside(scope)})")
        self.line(f"{name} = np.log(np.sum({weights}))")
        if self.chance(2):
            self.line(f"{weights} = {weights} / np.sum({weights})")
        self.define(scope, name)
        scope.arrays[weights] = scope.arrays[vector]

    def layers(self, scope: Scope) -> None:
        """A chain of products of a matrix with a vector."""
        matrices = scope.of_rank(2)
        if not matrices:
            return
        matrix, state = self.pick(matrices), self.name("q")
        rows, _ = scope.arrays[matrix]
        starts = scope.of_shape((rows,))
        if not starts:
            return
        self.line(f"{state} = 1.0 * {self.pick(starts)}")
        self.line(f"for {self.name('t')} in range(3):")
        weights = self.pick((f"{matrix} @ ({matrix}.T @ {state})", f"{matrix} @ {matrix}[0]"))
        number = self.atom_outside(scope)
        self.line(f"    {state} = np.tanh({weights} * {number} + {self.pick(starts)})")
        scope.arrays[state] = (rows,)

    def rotations(self, scope: Scope) -> None:
        """Each number turns points of a matrix in a plane, or all of them."""
        vector = self.vector(scope)
        matrices = [name for name in scope.of_rank(2) if scope.arrays[name][1] == "m"]
        if vector is None or not matrices:
            return
        points, moved, turn = self.pick(matrices), self.name("q"), self.name("turn")
        entries = [f"math.cos({vector}[i])", f"-math.sin({vector}[i])", f"math.sin({vector}[i])"]
        last = self.pick((entries[0], "1.0", self.atom_outside(scope)))
        self.line(f"{moved} = np.zeros({points}.shape)")
        self.line(f"for i in range(len({vector})):")
        self.line(f"    {turn} = np.array([[{entries[0]}, {entries[1]}], [{entries[2]}, {last}]])")
        if self.chance(3):
            self.line(f"    if {vector}[i] > {self.pick(THRESHOLDS)}:")
            self.line(f"        {turn} = {turn} * 0.5")
        self.line(f"    for j in range({points}.shape[0]):")
        self.line("        for c in range(2):")
        part = f"{turn}[c, 0] * {points}[j, 0] + {turn}[c, 1] * {points}[j, 1]"
        self.line(f"            {moved}[j, c] += {part}")
        scope.arrays[moved] = scope.arrays[points]

    def fold(self, scope: Scope) -> None:
        """Elements added up at computed places."""
        vector = self.vector(scope)
        if vector is None:
            return
        new, by = self.name("q"), self.pick(("1", "2", "3"))
        place = self.pick((f"(i * {by} + 1) % len({vector})", f"len({vector}) - 1 - i", "i // 2"))
        self.line(f"{new} = np.zeros_like({vector})")
        self.line(f"for i in range(len({vector})):")
        self.line(f"    {new}[{place}] += {vector}[i] * {self.atom_outside(scope)}")
        scope.arrays[new] = scope.arrays[vector]
