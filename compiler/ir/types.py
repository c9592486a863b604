"""Types of IR values: an element type and a symbolic shape.

A dimension is an ``int`` where it is known at compile time and otherwise a symbol, a string
that is unique in its function: two arrays whose types share a symbol have that size in common.
Sizes of 1 at the call are always the integer 1 (they decide broadcasting), so a symbol is
never meant to be broadcast.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

Dim = int | str


class DType(enum.Enum):
    """Element types; the value is the name used in the text form."""

    BOOL = "b1"
    INT = "i64"
    F32 = "f32"
    F64 = "f64"

    @property
    def is_float(self) -> bool:
        """Whether values of this type carry derivatives."""
        return self in (DType.F32, DType.F64)

    @property
    def numpy(self) -> np.dtype[np.generic]:
        """The NumPy dtype."""
        return np.dtype(_NUMPY_NAME[self])

    @property
    def numpy_name(self) -> str:
        """The attribute of ``numpy`` that names this type in generated text."""
        return _NUMPY_NAME[self]


_NUMPY_NAME = {
    DType.BOOL: "bool_",
    DType.INT: "int64",
    DType.F32: "float32",
    DType.F64: "float64",
}


@dataclass(frozen=True, slots=True)
class Type:
    """Element type and shape; a scalar has the empty shape."""

    dtype: DType
    shape: tuple[Dim, ...] = ()

    @property
    def rank(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def is_scalar(self) -> bool:
        """Whether there are no axes."""
        return not self.shape

    @property
    def is_float(self) -> bool:
        """Whether values of this type carry derivatives."""
        return self.dtype.is_float

    def with_dtype(self, dtype: DType) -> Type:
        """Return the same shape with another element type."""
        return Type(dtype, self.shape)

    def with_shape(self, shape: tuple[Dim, ...]) -> Type:
        """Return the same element type with another shape."""
        return Type(self.dtype, shape)

    def __str__(self) -> str:
        if self.is_scalar:
            return self.dtype.value
        return f"{self.dtype.value}[{', '.join(str(dim) for dim in self.shape)}]"


BOOL = Type(DType.BOOL)
INT = Type(DType.INT)
F32 = Type(DType.F32)
F64 = Type(DType.F64)


def dtype_of_numpy(dtype: np.dtype[np.generic]) -> DType | None:
    """The element type that holds a NumPy dtype, or None where there is none.

    All integer types are held as 64-bit integers: they are constants for differentiation.
    """
    dtype = dtype.newbyteorder("=")
    if dtype == np.float64:
        return DType.F64
    if dtype == np.float32:
        return DType.F32
    if dtype == np.bool_:
        return DType.BOOL
    if np.issubdtype(dtype, np.integer) and dtype != np.uint64:
        return DType.INT
    return None
