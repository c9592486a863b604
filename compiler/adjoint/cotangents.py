"""The cotangents collected so far during a reverse sweep over one region."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gradc.ir.builder import Builder
from gradc.ir.core import Value
from gradc.prims.arithmetic import ADD
from gradc.prims.index import Into
from gradc.prims.trace import Var, zeros


class Cotangents:
    """Maps primal values to their cotangents, summing what the uses contribute."""

    def __init__(
        self,
        builder: Builder,
        is_active: Callable[[Value], bool],
        names: dict[Value, tuple[str, bool]],
    ) -> None:
        self.builder = builder
        self.is_active = is_active
        self.names = names
        self._bars: dict[Value, Value] = {}

    def fork(self) -> Cotangents:
        """The same with a builder of its own: what is done to it leaves this one alone."""
        copy = Cotangents(self.builder.child(), self.is_active, dict(self.names))
        copy._bars = dict(self._bars)
        return copy

    def get(self, primal: Value) -> Value | None:
        """The cotangent of a primal value, or None where nothing contributed."""
        return self._bars.get(primal)

    def take(self, primal: Value) -> Value | None:
        """Remove and return a cotangent: its value has been swept."""
        return self._bars.pop(primal, None)

    def set(self, primal: Value, bar: Value) -> None:
        """Set a cotangent, replacing what was there."""
        self._bars[primal] = bar

    def get_or_zeros(self, primal: Value) -> Value:
        """The cotangent of a primal value; zeros of its type where there is none."""
        bar = self._bars.get(primal)
        return zeros(self.builder, primal.type, bar_name(primal)) if bar is None else bar

    def primals(self) -> Iterable[Value]:
        """The primal values that have a cotangent."""
        return self._bars.keys()

    def add(self, primal: Value, contribution: Any) -> None:
        """Add a contribution: a traced value, an `Into`, or None for nothing."""
        if contribution is None or not self.is_active(primal):
            return
        name = bar_name(primal)
        before = self._bars.get(primal)
        if isinstance(contribution, Into):
            target = zeros(self.builder, primal.type, name) if before is None else before
            total = contribution.update(Var(self.builder, target)).value
        elif before is None:
            total = contribution.value
        else:
            total = self.builder.emit(ADD, [before, contribution.value])
        self.names.setdefault(total, (name, primal.named))
        self._bars[primal] = total


def bar_name(primal: Value) -> str:
    """The name of a value's cotangent."""
    return f"{primal.name}_bar"
