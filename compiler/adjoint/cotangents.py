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
    """Maps primal values to their cotangents, summing what the uses contribute.

    A cotangent is *masked* when it may be zero only because a selection (`where`, `max`) did
    not take the value. Products with a masked cotangent must not turn that zero into NaN when
    the partial derivative overflows, so the sweep guards them.
    """

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
        self._masked: set[Value] = set()

    def fork(self) -> Cotangents:
        """The same with a builder of its own: what is done to it leaves this one alone."""
        copy = Cotangents(self.builder.child(), self.is_active, dict(self.names))
        copy._bars, copy._masked = dict(self._bars), set(self._masked)
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

    def is_masked(self, bar: Value) -> bool:
        """Whether a cotangent may be zero because of a selection."""
        return bar in self._masked

    def mark_masked(self, bar: Value) -> None:
        """Note that a cotangent may be zero because of a selection."""
        self._masked.add(bar)

    def add(self, primal: Value, contribution: Any, masked: bool = False) -> None:
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
        if masked or (before is not None and before in self._masked):
            self._masked.add(total)
        self._bars[primal] = total


def bar_name(primal: Value) -> str:
    """The name of a value's cotangent."""
    return f"{primal.name}_bar"
