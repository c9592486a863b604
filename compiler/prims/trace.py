"""Values with operators: what derivative rules, lowerings and network layers are written in.

A :class:`Var` is an IR value together with the builder it is appended to. Python constants
take the element type of the traced operands, and scalars are broadcast to the shape of the
others by an explicit op.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradc.ir.builder import Builder
from gradc.ir.core import Params, Primitive, Value
from gradc.ir.types import Dim, DType, Type
from gradc.prims.arithmetic import ADD, DIV, MUL, NEG, SUB
from gradc.prims.shape import BROADCAST, ZEROS


@dataclass(frozen=True, eq=False, slots=True)
class Var:
    """An IR value with operators."""

    builder: Builder
    value: Value

    @property
    def type(self) -> Type:
        """The type of the value."""
        return self.value.type

    @property
    def shape(self) -> tuple[Dim, ...]:
        """The symbolic shape."""
        return self.value.type.shape

    def apply(self, prim: Primitive, args: Sequence[Any], params: Params) -> Any:
        """Apply a primitive to traced values and constants; several results make a tuple."""
        floats = [arg.type.dtype for arg in args if isinstance(arg, Var) and arg.type.is_float]
        values = [self._lift(arg, floats[0] if floats else None) for arg in args]
        if prim.pointwise:
            values = same_shape(self.builder, values)
        if prim.results:
            outs = self.builder.emit_all(prim, values, params)
            return tuple(Var(self.builder, out) for out in outs)
        return Var(self.builder, self.builder.emit(prim, values, params))

    def _lift(self, arg: Any, dtype: DType | None) -> Value:
        if isinstance(arg, Var):
            return arg.value
        return self.builder.const(arg, None if isinstance(arg, bool) else dtype)

    def __add__(self, other: Any) -> Any:
        return ADD(self, other)

    def __radd__(self, other: Any) -> Any:
        return ADD(other, self)

    def __sub__(self, other: Any) -> Any:
        return SUB(self, other)

    def __rsub__(self, other: Any) -> Any:
        return SUB(other, self)

    def __mul__(self, other: Any) -> Any:
        return MUL(self, other)

    def __rmul__(self, other: Any) -> Any:
        return MUL(other, self)

    def __truediv__(self, other: Any) -> Any:
        return DIV(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return DIV(other, self)

    def __neg__(self) -> Any:
        return NEG(self)


def same_shape(builder: Builder, values: Sequence[Value]) -> list[Value]:
    """Broadcast the scalars among the values to the shape of the others."""
    shape = max((value.type.shape for value in values), key=len)
    return [
        broadcast_scalar(builder, value, shape) if value.type.is_scalar and shape else value
        for value in values
    ]


def broadcast_scalar(builder: Builder, value: Value, shape: tuple[Dim, ...]) -> Value:
    """Broadcast a scalar to a shape by an explicit op."""
    sizes = [builder.size(dim) for dim in shape]
    return builder.emit(BROADCAST, [value, *sizes], {"axes": ()}, name=value.name)


def zeros(builder: Builder, type: Type, name: str = "zero") -> Value:
    """Return zeros of a type: a constant for a scalar, an array otherwise."""
    if type.is_scalar:
        return builder.const(0.0 if type.is_float else 0, type.dtype)
    sizes = [builder.size(dim) for dim in type.shape]
    return builder.emit(ZEROS, sizes, {"dtype": type.dtype}, name=name)


def zeros_like(x: Var) -> Var:
    """Return zeros of the type of a traced value."""
    return Var(x.builder, zeros(x.builder, x.type))
