"""What kernels call on the device: NumPy's functions of scalars, and failures.

Programs say ``np.exp(x)`` whatever they run on. numba-cuda knows some of NumPy's functions of
scalars; the others are CUDA's own math functions (libdevice), which keep the element type and
answer with inf and nan at domain edges as NumPy does. On the simulator NumPy itself is called.

A thread cannot raise: :func:`wrap` and :func:`fail` write down what went wrong in an array,
which the launcher reads, and end the thread.
"""

from __future__ import annotations

import functools
import importlib
import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from gradc_runtime import special

# What `wrap` and `fail` write: a source line or minus the number of a failure, index and size.
FAILURE_WORDS = 3

cuda: Any = None  # replaced by numba's module in the copies that kernels call


def wrap(index: int, size: int, line: int, failed: Any) -> int:
    """Check an index and count a negative one from the end; see `gradc_runtime.arrays.wrap`."""
    if not -size <= index < size:
        if cuda.atomic.cas(failed, 0, 0, line) == 0:
            failed[1] = index
            failed[2] = size
        raise IndexError
    return index + size if index < 0 else index


def fail(number: int, failed: Any) -> None:
    """End the thread with the failure of a number, from 1."""
    cuda.atomic.cas(failed, 0, 0, -number)
    raise RuntimeError


def reshaped(array: Any, shape: tuple[int, ...]) -> Any:
    """The same elements under other sizes; the array has no gaps in memory."""
    return array.reshape(shape)


def choose(condition: Any, yes: Any, no: Any) -> Any:
    """One of two numbers; see `gradc_runtime.arrays.choose`."""
    return yes if condition else no


CALLABLE = (wrap, fail, choose)


def bound_to_device(function: types.FunctionType, module: Any, simulated: bool) -> Any:
    """A function as numba compiles it: with numba's modules and device functions as globals.

    Parameters
    ----------
    function : function
        The kernel of a generated module.
    module : module
        ``numba.cuda``.
    simulated : bool
        Whether that is the simulator.
    """
    replaced: dict[str, Any] = {"cuda": module}
    for callable_ in CALLABLE:
        if function.__globals__.get(callable_.__name__) is callable_:
            # Inlined: a device function of its own could not be compiled without a device.
            own = _with_globals(callable_, {"cuda": module})
            replaced[callable_.__name__] = module.jit(device=True, inline="always")(own)
    if not simulated:
        replaced["np"] = device_numpy()
        if function.__globals__.get("special") is special:
            replaced["special"] = device_special()
        if function.__globals__.get("reshaped") is reshaped:
            replaced["reshaped"] = _reshaped()
    return _with_globals(function, replaced)


def _with_globals(function: Any, replaced: dict[str, Any]) -> types.FunctionType:
    namespace = {**function.__globals__, **replaced}
    copy = types.FunctionType(function.__code__, namespace, function.__name__)
    copy.__doc__, copy.__qualname__ = function.__doc__, function.__qualname__
    return copy


# -- NumPy on the device --------------------------------------------------------------------------

# Functions of `math` that numba-cuda compiles with NumPy's meaning for floats.
_AS_IN_MATH = {
    "exp": math.exp,
    "expm1": math.expm1,
    "log1p": math.log1p,
    "sqrt": math.sqrt,
    "isinf": math.isinf,
    "isfinite": math.isfinite,
}
_AS_IN_LIBDEVICE = ("floor", "ceil", "trunc", "rint", "cbrt", "exp2")
_PAIRS_IN_LIBDEVICE = ("copysign", "fmod")


@functools.cache
def device_numpy() -> types.ModuleType:
    """A module that stands for NumPy in compiled kernels."""
    module = types.ModuleType("numpy_on_the_device")
    # numba knows modules by what they print as: this one must not look like NumPy itself
    names = (name for name in vars(np) if not name.startswith("__"))
    module.__dict__.update({name: getattr(np, name) for name in names}, **_AS_IN_MATH)
    for name in _AS_IN_LIBDEVICE:
        setattr(module, name, _from_libdevice(name))
    for name in _PAIRS_IN_LIBDEVICE:
        setattr(module, name, _pair_from_libdevice(name))
    module.__dict__.update(sign=_sign(), logaddexp=_logaddexp())
    return module


@functools.cache
def device_special() -> types.ModuleType:
    """A module that stands for :mod:`gradc_runtime.special` in compiled kernels."""
    module = types.ModuleType("special_on_the_device")
    for name, own in special.ON_DEVICE.items():
        setattr(module, name, _from_libdevice(own))
    return module


def _from_libdevice(name: str) -> Any:
    """A function of one float by its name in libdevice; integers are left as they are."""
    from numba.cuda.extending import intrinsic

    def typer(typing_context: Any, x: Any) -> tuple[Any, Callable[..., Any]]:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            if not _is_float(x):
                return args[0]
            return _call_libdevice(context, builder, name, x, *args)

        return x(x), generate

    typer.__name__ = name
    return intrinsic(typer)


def _pair_from_libdevice(name: str) -> Any:
    """A function of two floats of one type by its name in libdevice."""
    from numba.cuda.extending import intrinsic

    @intrinsic
    def pair(typing_context: Any, x: Any, y: Any) -> tuple[Any, Callable[..., Any]] | None:
        if x != y or not _is_float(x):
            return None

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return _call_libdevice(context, builder, name, x, *args)

        return x(x, y), generate

    return pair


def _sign() -> Any:
    """1, 0, -1 or nan, in the type of the operand."""
    from numba.cuda.extending import intrinsic

    @intrinsic
    def sign(typing_context: Any, x: Any) -> tuple[Any, Callable[..., Any]]:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            (value,) = args
            zero, one, minus = (context.get_constant(x, number) for number in (0, 1, -1))
            if _is_float(x):
                positive = builder.fcmp_ordered(">", value, zero)
                negative = builder.fcmp_ordered("<", value, zero)
                rest = builder.select(builder.fcmp_ordered("==", value, zero), zero, value)
            else:
                positive = builder.icmp_signed(">", value, zero)
                negative = builder.icmp_signed("<", value, zero)
                rest = zero
            return builder.select(positive, one, builder.select(negative, minus, rest))

        return x(x), generate

    return sign


def _logaddexp() -> Any:
    """``log(exp(x) + exp(y))``, shifted by the larger so that nothing overflows."""
    from numba.cuda.extending import intrinsic

    @intrinsic
    def logaddexp(typing_context: Any, x: Any, y: Any) -> tuple[Any, Callable[..., Any]] | None:
        if x != y or not _is_float(x):
            return None

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            a, b = args
            zero = context.get_constant(x, 0.0)
            # where both are the same infinity, their difference must not become nan
            gap = builder.select(builder.fcmp_ordered("==", a, b), zero, builder.fsub(a, b))
            above = builder.fcmp_ordered(">", gap, zero)
            top = builder.select(above, a, b)
            weight = builder.select(above, builder.fsub(zero, gap), gap)
            weight = _call_libdevice(context, builder, "exp", x, weight)
            return builder.fadd(top, _call_libdevice(context, builder, "log1p", x, weight))

        return x(x, y), generate

    return logaddexp


@functools.cache
def _reshaped() -> Any:
    """The function of that name as instructions: numba's own would link a library of C."""
    from numba.cuda.extending import intrinsic

    @intrinsic
    def reshaped(typing_context: Any, array: Any, shape: Any) -> tuple[Any, Callable[..., Any]]:
        result = array.copy(ndim=len(shape), layout="C")

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            from numba.cuda import cgutils

            source = arrays.make_array(array)(context, builder, args[0])
            made = arrays.make_array(result)(context, builder)
            sizes = [
                context.cast(builder, size, type_, numba_types.intp)
                for size, type_ in zip(cgutils.unpack_tuple(builder, args[1]), shape, strict=True)
            ]
            strides = [source.itemsize]
            for size in reversed(sizes[1:]):
                strides.insert(0, builder.mul(strides[0], size))
            arrays.populate_array(
                made,
                data=source.data,
                shape=sizes,
                strides=strides,
                itemsize=source.itemsize,
                meminfo=source.meminfo,
                parent=source.parent,
            )
            return made._getvalue()

        return result(array, shape), generate

    from numba.cuda import types as numba_types

    arrays = importlib.import_module("numba.cuda.np.arrayobj")
    return reshaped


def _is_float(type_: Any) -> bool:
    from numba.cuda import types as numba_types

    return isinstance(type_, numba_types.Float)


def _call_libdevice(context: Any, builder: Any, name: str, type_: Any, *args: Any) -> Any:
    from llvmlite import ir
    from numba.cuda import cgutils

    value_type = context.get_value_type(type_)
    function_type = ir.FunctionType(value_type, [value_type] * len(args))
    full_name = f"__nv_{name}{'f' if type_.bitwidth == 32 else ''}"
    function = cgutils.get_or_insert_function(builder.module, function_type, full_name)
    return builder.call(function, args)
