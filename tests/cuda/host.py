"""Runs the text of a kernel in this process, thread after thread.

The arrays of a thread are made where the text makes them and hold NaN at first, and so do the
results: what is read before it is written shows.
"""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from gradc_runtime.cuda import CudaKernel
from gradc_runtime.cuda_device import FAILURE_WORDS, bound_to_device
from gradc_runtime.cuda_signature import bind_sizes

THREADS = 2


class HostCuda:
    """What kernels use of ``numba.cuda``."""

    def __init__(self) -> None:
        self.thread = 0
        self.local = types.SimpleNamespace(array=_blank)
        self.atomic = types.SimpleNamespace(cas=_compare_and_swap)

    def grid(self, axes: int) -> int:
        return self.thread

    def gridsize(self, axes: int) -> int:
        return THREADS

    def jit(self, **options: Any) -> Any:
        return lambda function: function


def _blank(shape: Any, dtype: Any) -> np.ndarray[Any, Any]:
    made = np.empty(shape, dtype)
    made[...] = np.nan if np.issubdtype(made.dtype, np.floating) else 99
    return made


def _compare_and_swap(array: Any, index: int, old: int, new: int) -> int:
    found = int(array[index])
    if found == old:
        array[index] = new
    return found


def load_kernel(text: str, name: str) -> CudaKernel:
    """The kernel of a generated module."""
    namespace: dict[str, Any] = {}
    exec(compile(text, "<kernel>", "exec"), namespace)
    kernel = namespace[name]
    assert isinstance(kernel, CudaKernel)
    return kernel


def run_kernel(text: str, name: str, *args: Any) -> tuple[list[Any], list[int]]:
    """The results of a kernel, and what it wrote down about failures."""
    kernel = load_kernel(text, name)
    known = bind_sizes(kernel.arguments, [np.shape(arg) for arg in args])
    results = [_blank(result.sizes(known), result.dtype) for result in kernel.results]
    failed = np.zeros(FAILURE_WORDS, np.int64)
    module = HostCuda()
    run = bound_to_device(kernel.py_func, module, simulated=True)
    for thread in range(THREADS):
        module.thread = thread
        with np.errstate(all="ignore"):
            try:
                run(*args, *results, *([] if kernel.failures is None else [failed]))
            except (IndexError, RuntimeError):
                assert failed[0], "a thread ended without saying why"
    return results, [int(word) for word in failed]
