"""Entries for C code: functions of the C calling convention around kernels."""

from __future__ import annotations

import math
from typing import Any

from gradc_runtime.jit import Kernel


def float_entry(kernel: Kernel, count: int) -> Any:
    """A numba ``cfunc`` around a kernel of floats that returns a float.

    Parameters
    ----------
    kernel : Kernel
    count : int
        The number of its arguments.

    Returns
    -------
    ctypes function pointer
        ``double (double)`` for one argument, else ``double (int, double *)``; NaN where the
        kernel raises, since C has no exceptions. It keeps the compiled code alive.
    """
    import numba
    from numba.np.unsafe.ndarray import to_fixed_tuple

    dispatcher = kernel.dispatcher
    if count == 1:

        def single(x: float) -> Any:
            try:
                return dispatcher(x)
            except Exception:  # noqa: BLE001  numba knows no other class here
                return math.nan

        return _pointer(numba.cfunc("f8(f8)")(single))

    def several(given: int, values: Any) -> Any:
        try:
            return dispatcher(*to_fixed_tuple(numba.carray(values, (count,)), count))
        except Exception:  # noqa: BLE001  numba knows no other class here
            return math.nan

    return _pointer(numba.cfunc("f8(i4, CPointer(f8))")(several))


def vector_entry(kernel: Kernel) -> Any:
    """The same around a kernel of one vector that returns a float: ``double (int, double *)``."""
    import numba

    dispatcher = kernel.dispatcher

    def whole(given: int, values: Any) -> Any:
        try:
            return dispatcher(numba.carray(values, (given,)))
        except Exception:  # noqa: BLE001  numba knows no other class here
            return math.nan

    return _pointer(numba.cfunc("f8(i4, CPointer(f8))")(whole))


def filter_entry(kernel: Kernel) -> Any:
    """The same for the filters of ``scipy.ndimage``.

    ``int (double *, intptr_t, double *, void *)``: the vector with its size, where the result
    goes, and data that is not looked at. It returns 1, or 0 where the kernel raises.
    """
    import numba

    dispatcher = kernel.dispatcher

    def filtered(values: Any, size: int, out: Any, data: Any) -> int:
        try:
            out[0] = dispatcher(numba.carray(values, (size,)))
        except Exception:  # noqa: BLE001  numba knows no other class here
            return 0
        return 1

    return _pointer(numba.cfunc("i4(CPointer(f8), intp, CPointer(f8), voidptr)")(filtered))


def _pointer(entry: Any) -> Any:
    pointer = entry.ctypes
    pointer.entry = entry
    return pointer


def c_address(kernel: Kernel) -> int:
    """The address of a C function that takes the numbers of a kernel and returns its number.

    Its prototype is that of the signature: ``double (double, int64_t)`` for ``"f8, i8"``. An error
    that the kernel raises is printed, and 0 is returned.
    """
    dispatcher = kernel.dispatcher
    (compiled,) = dispatcher.overloads.values()
    library = compiled.library
    address: int = library.get_pointer_to_function(compiled.fndesc.llvm_cfunc_wrapper_name)
    return address
