"""Guards: a cotangent that is zero because nothing used the value stays zero.

Before, for ``y = exp(x)`` that is used in a branch only::

    x_bar: f64 = mul(y_bar, y)

After::

    unused: b1 = eq(y_bar, zero)
    part: f64 = mul(y_bar, y)
    x_bar: f64 = select(unused, zero, part)

Where the branch does not run `y_bar` is zero, and `y` may be infinite: what is inactive is absent,
not a factor of zero (decision 0003). What acts on whole arrays, a product of matrices say, is
skipped where all of the cotangent is zero::

    live: b1 = ne(sum(abs(c_bar)), zero)
    with if_(live):
        a_bar_1: f64[m, k] = matmul(c_bar, transpose(b))
        ...

A guard is there only where the analyses say that the cotangent may be such a zero
(:mod:`gradc.analysis.masks`) and the partial derivative infinite (:mod:`gradc.analysis.overflow`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from gradc.adjoint.cotangents import Cotangents, bar_name
from gradc.adjoint.rules import contributions
from gradc.analysis.activity import Activity
from gradc.analysis.masks import SELECTING, Mask, masks
from gradc.analysis.overflow import (
    Overflow,
    nonzero_literals,
    overflow_of_partials,
    overflows,
)
from gradc.ir.builder import CONST, Builder
from gradc.ir.core import Function, Kind, Op, Value
from gradc.ir.walk import all_ops
from gradc.prims.arithmetic import DIV, MUL
from gradc.prims.compare import EQ, LOR, NE, SELECT
from gradc.prims.elementary import ABS
from gradc.prims.index import Into
from gradc.prims.shape import BROADCAST, SUM
from gradc.prims.trace import Var


@dataclass(frozen=True, slots=True)
class Guards:
    """Which ops of a function need a guard.

    Attributes
    ----------
    masks : mapping of Value to Mask
    overflows : mapping of Value to Overflow
    constants : set of Value
        Literal constants and broadcasts of them.
    divisors : set of Value
        Those that are not zero: a division by one is a product with a literal constant.
    """

    masks: Mapping[Value, Mask]
    overflows: Mapping[Value, Overflow]
    constants: Set[Value]
    divisors: Set[Value]

    @classmethod
    def of(
        cls,
        function: Function,
        activity: Activity,
        results: Sequence[int],
        seeds: Mask = Mask.NONE,
    ) -> Guards:
        """Analyse a function for the derivative of some of its results."""
        found = masks(function, activity, results, seeds)
        if not any(found.values()):  # nothing is left unused: no op needs a guard
            return cls(found, {}, frozenset(), frozenset())
        # A product that the result always uses is finite, or the result is not; an exponential
        # that is not may be a divisor.
        levels = {
            value: level
            for value, level in overflows(function).items()
            if level is Overflow.LIKELY or found.get(value) is not Mask.NONE
        }
        return cls(found, levels, _constants(function), nonzero_literals(function))

    def mask(self, op: Op) -> Mask:
        """Why the cotangents of an op's results may be zero."""
        given = [self.masks[out] for out in op.outs if out in self.masks]
        return Mask.NONE if Mask.NONE in given else max(given, default=Mask.NONE)

    def on_each(self, op: Op, operand: Value) -> bool:
        """Whether what an elementwise op adds to an operand's cotangent needs a guard."""
        mask = self.mask(op)
        if not op.prim.pointwise or op.prim.kind is Kind.LINEAR or op.prim in SELECTING:
            return False
        others = op.args
        if op.prim is MUL:
            others = tuple(arg for arg in op.args if arg is not operand)
        elif op.prim is DIV and operand is not op.args[1]:
            if op.args[1] in self.divisors:
                return False
            others = op.args[1:]
        if others and all(other in self.constants for other in others):
            return False
        return mask is Mask.SELECTION or self._infinite(op, mask, others or op.args)

    def on_all(self, op: Op) -> bool:
        """Whether the adjoint of an op on whole arrays is skipped for a cotangent of zeros."""
        mask = self.mask(op)
        if op.prim.pointwise or op.prim.kind is Kind.LINEAR or op.prim in SELECTING:
            return False
        return mask >= Mask.BRANCH and self._infinite(op, mask, op.args)

    def _infinite(self, op: Op, mask: Mask, operands: Sequence[Value]) -> bool:
        if mask is Mask.NONE:
            return False
        enough = Overflow.LIKELY if mask is Mask.PART else Overflow.PRODUCT
        return overflow_of_partials(op, operands, self.overflows) >= enough


def _constants(function: Function) -> set[Value]:
    found: set[Value] = set()
    for op in all_ops(function.body):
        if op.prim is CONST or (op.prim is BROADCAST and op.args[0] in found):
            found.update(op.outs)
    return found


def guarded(builder: Builder, ct: Value, part: Any) -> Any:
    """A contribution that is zero wherever the cotangent is."""
    if isinstance(part, Into):
        return part
    return SELECT(EQ(Var(builder, ct), 0.0), 0.0, part)


def add_unless_zero(
    bars: Cotangents, op: Op, cts: Sequence[Value | None], is_active: Callable[[Value], bool]
) -> None:
    """Add the contributions of an op in a branch that runs unless all its cotangents are zero."""
    builder = bars.builder
    operands = list(dict.fromkeys(arg for arg in op.args if is_active(arg)))
    test = _any_of(builder, [ct for ct in cts if ct is not None])
    live, zero = bars.fork(), bars.fork()
    for operand, part in zip(op.args, contributions(live.builder, op, cts), strict=True):
        live.add(operand, part)
    regions = [
        side.builder.close((), [side.get_or_zeros(operand) for operand in operands])
        for side in (live, zero)
    ]
    names = [bar_name(operand) for operand in operands]
    outs = builder.branch(test, regions[0], regions[1], names)
    for operand, out in zip(operands, outs, strict=True):
        bars.names.setdefault(out, (bar_name(operand), operand.named))
        bars.set(operand, out)


def _any_of(builder: Builder, cts: Sequence[Value]) -> Value:
    """Whether any element of any cotangent is not zero; a NaN is not."""
    found: Value | None = None
    for ct in cts:
        total = Var(builder, ct)
        if not ct.type.is_scalar:
            total = SUM(ABS(total), axes=tuple(range(ct.type.rank)))
        own = NE(total, 0.0).value
        found = own if found is None else builder.emit(LOR, [found, own])
    assert found is not None
    return found
