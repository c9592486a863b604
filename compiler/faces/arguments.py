"""Arguments of a call: their types for the front end, their form for a kernel, and back.

The type of a leaf is what the compiler specialises on: the element type, the rank, and which
axes have size 1 (they decide broadcasting). Other sizes are symbols, so a call with other sizes
compiles nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradc.errors import GradTypeError
from gradc.frontend.python import Leaf, Static
from gradc.ir.builder import Symbols
from gradc.ir.types import BOOL, F64, INT, Dim, DType, Type, dtype_of_numpy

AXIS_NAMES = "nmkl"


@dataclass(frozen=True, slots=True)
class Argument:
    """One leaf of the arguments.

    Attributes
    ----------
    name : str
        As the user would call it.
    key : hashable
        What a compiled program is specialised on.
    spec : Leaf or Static
        The same for the front end.
    prepare : callable or None
        From the user's value to what the kernel takes; None for what is static.
    restore : callable or None
        From a gradient that the kernel returned to the type of the argument; None where the
        argument cannot be differentiated.
    batched : bool
        Whether a CUDA kernel takes an entry for each sample.
    """

    name: str
    key: Hashable
    spec: Leaf | Static
    prepare: Callable[[Any], Any] | None
    restore: Callable[[Any], Any] | None
    batched: bool = False


def kind_of(value: Any) -> Hashable:
    """What a program is specialised on for this value; cheap, for every call."""
    cls = type(value)
    if cls is float or cls is int or cls is bool:
        return cls.__name__
    if isinstance(value, np.ndarray):
        return (value.dtype, tuple(min(size, 2) for size in value.shape))
    if isinstance(value, np.generic):
        return value.dtype.name
    return ("static", _static_key(value))


def _static_key(value: Any) -> Hashable:
    try:
        hash(value)
    except TypeError:
        return (type(value), id(value))
    return (type(value), value)


def describe(value: Any, name: str, symbols: Symbols) -> Argument:
    """Say how a value is passed.

    Parameters
    ----------
    value : object
    name : str
    symbols : Symbols
        Of the function that is compiled; sizes are named there.

    Raises
    ------
    GradTypeError
        For arrays whose element type gradc does not take.
    """
    key = kind_of(value)
    if isinstance(value, np.ndarray):
        return _array_argument(value, name, key, symbols)
    if isinstance(value, np.generic):
        return _numpy_scalar_argument(value, name, key)
    for cls, type, weak in ((bool, BOOL, False), (int, INT, True), (float, F64, True)):
        if isinstance(value, cls):
            restore = float if cls is float else None
            return Argument(name, key, Leaf(type, weak), cls, restore)
    return Argument(name, key, Static(value), None, None)


def of_type(spec: Leaf | Static, name: str) -> Argument:
    """Say how a value is passed of which only the type is known: as it is."""
    if isinstance(spec, Static):
        return Argument(name, None, spec, None, None)
    restore = _as_it_is if spec.type.is_float else None
    return Argument(name, None, spec, _as_it_is, restore, batched=True)


def _as_it_is(value: Any) -> Any:
    return value


def _refused_dtype(dtype: np.dtype[Any], name: str) -> GradTypeError:
    return GradTypeError(
        f"argument {name!r} has dtype {dtype}, which gradc does not take; "
        "pass float64 or float32 (or integers and booleans as constants)"
    )


def _numpy_scalar_argument(value: np.generic, name: str, key: Hashable) -> Argument:
    dtype = dtype_of_numpy(value.dtype)
    if dtype is None:
        raise _refused_dtype(value.dtype, name)
    prepare: Callable[[Any], Any] = dtype.numpy.type
    restore = prepare if dtype.is_float else None
    return Argument(name, key, Leaf(Type(dtype)), prepare, restore)


def _array_argument(
    value: np.ndarray[Any, Any], name: str, key: Hashable, symbols: Symbols
) -> Argument:
    dtype = dtype_of_numpy(value.dtype)
    if dtype is None:
        raise _refused_dtype(value.dtype, name)
    if value.ndim == 0:
        scalar: Callable[[Any], Any] = dtype.numpy.type
        restore = (lambda bar: np.array(bar, dtype.numpy)) if dtype.is_float else None
        return Argument(name, key, Leaf(Type(dtype), boxed=True), scalar, restore)
    shape: tuple[Dim, ...] = tuple(
        size if size < 2 else symbols.fresh(AXIS_NAMES[min(axis, len(AXIS_NAMES) - 1)])
        for axis, size in enumerate(value.shape)
    )
    same = (lambda bar: bar) if dtype.is_float else None
    return Argument(name, key, Leaf(Type(dtype, shape)), _array_preparer(dtype), same)


def _array_preparer(dtype: DType) -> Callable[[Any], Any]:
    wanted = dtype.numpy

    def prepare(value: Any) -> Any:
        array = np.ascontiguousarray(value, dtype=wanted)
        # a kernel's signature asks for arrays that may be written, though it writes to none
        return array if array.flags.writeable else array.copy()

    return prepare


def scalar_for_python(value: Any) -> Any:
    """A scalar as uncompiled text takes it: NumPy's, so that 1/0 is inf and not an error."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return np.int64(value) if isinstance(value, int) else np.float64(value)


def uncompiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Run generated text as plain Python, with NumPy's meaning of its scalars."""

    def run(*args: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*(scalar_for_python(arg) for arg in args))

    return run


def as_kernels_take(array: Any, kind: Type) -> Any:
    """An array from outside of the function as a kernel takes it: itself where that is possible."""
    if kind.is_scalar:
        return array.astype(kind.dtype.numpy).reshape(())[()]
    return _array_preparer(kind.dtype)(array)
