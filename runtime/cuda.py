"""Launches the CUDA kernels of generated modules: one thread for each sample.

Importing a generated module neither imports numba nor compiles, and asks for no GPU: a kernel is
compiled when it is first called. Without a GPU it can be compiled to PTX, and with the
environment variable ``NUMBA_ENABLE_CUDASIM=1`` set before the first import of numba it runs on
numba's simulator.
"""

from __future__ import annotations

import builtins
import functools
import importlib
import importlib.util
import re
import threading
import types
import warnings
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from gradc_runtime.arrays import IndexOutOfRangeError
from gradc_runtime.cuda_device import (
    FAILURE_WORDS,
    bound_to_device,
    choose,
    fail,
    reshaped,
    wrap,
)
from gradc_runtime.cuda_signature import Parameter, bind_sizes, parse

__all__ = [
    "CudaKernel",
    "CudaUnavailableError",
    "array_facts",
    "choose",
    "cuda",
    "cuda_kernel",
    "fail",
    "is_device_array",
    "reshaped",
    "wrap",
]

# A multiple of the warp size with enough blocks in flight on every device; threads stride over
# the samples, so there is no need for more blocks than keep the largest device busy.
THREADS = 128
MOST_BLOCKS = 8192
# The simulator runs each thread in one of Python's: few, so that they stride, too.
SIMULATED_THREADS, SIMULATED_BLOCKS = 4, 2


class CudaUnavailableError(RuntimeError):
    """There is no GPU, or no numba-cuda, to run a kernel with."""


class _NumbaCuda:
    """Stands for ``numba.cuda`` in generated modules until a kernel is compiled."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_numba_cuda(), name)


cuda = _NumbaCuda()


@functools.cache
def _numba_cuda() -> types.ModuleType:
    if importlib.util.find_spec("numba_cuda") is None:
        raise CudaUnavailableError(
            "CUDA kernels need numba-cuda, which is not installed: pip install 'gradc[cuda]'"
        )
    return importlib.import_module("numba.cuda")


def is_simulated() -> bool:
    """Whether kernels run on numba's simulator."""
    return "simulator" in _numba_cuda().jit.__module__


def is_device_array(value: Any) -> bool:
    """Whether a value is an array in the memory of a GPU (of numba, CuPy, PyTorch, JAX ...)."""
    cls = type(value)
    return hasattr(cls, "__cuda_array_interface__") or hasattr(cls, "__cuda_ndarray__")


def array_facts(value: Any) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Element type and shape of an array, in the memory of the host or of a GPU."""
    interface = getattr(value, "__cuda_array_interface__", None)
    if interface is not None:
        return np.dtype(interface["typestr"]), tuple(interface["shape"])
    return np.dtype(value.dtype), tuple(value.shape)


class CudaKernel:
    """A kernel of a generated module with the launch around it.

    It takes the arguments of the per-sample program, with a first axis of samples where the
    signature says so, and returns its results as new arrays, a tuple of them where there are
    several. NumPy arrays are copied to the device and results back. Where an argument is an
    array on the device, none is copied and the results are device arrays.

    Attributes
    ----------
    py_func : function
        The kernel as it is written: arguments, then one array for each result.
    arguments, results : tuple of Parameter
    failures : tuple of (str, str) or None
        Name of the exception and message of each failure that the kernel may report; None where
        it reports none.
    """

    def __init__(
        self,
        py_func: types.FunctionType,
        arguments: str,
        results: str,
        failures: Sequence[tuple[str, str]] | None,
    ) -> None:
        functools.update_wrapper(self, py_func)
        self.py_func = py_func
        self.arguments = parse(arguments)
        self.results = parse(results)
        self.failures = None if failures is None else tuple(failures)
        self._dispatcher: Any = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<CUDA kernel {self.py_func.__qualname__}>"

    def __call__(self, *args: Any) -> Any:
        """Run the kernel over all samples.

        Raises
        ------
        ValueError
            Where the shapes do not fit the signature or each other.
        TypeError
            For a wrong number of arguments, or a device array of another element type.
        CudaUnavailableError
            Where there is no GPU.
        """
        if len(args) != len(self.arguments):
            raise TypeError(
                f"{self.py_func.__name__} takes {len(self.arguments)} arguments, not {len(args)}"
            )
        dispatcher = self.dispatcher
        on_device = any(map(is_device_array, args))
        values = [_checked(value, each) for value, each in zip(args, self.arguments, strict=True)]
        known = bind_sizes(self.arguments, [np.shape(value) for value in values])
        shapes = [result.sizes(known) for result in self.results]
        module = _numba_cuda()
        sent = [module.to_device(v) if isinstance(v, np.ndarray) else v for v in values]
        made = [
            module.device_array(shape, result.dtype)
            for shape, result in zip(shapes, self.results, strict=True)
        ]
        samples = shapes[0][0]
        if samples:
            self._launch(dispatcher, samples, [*sent, *made])
        if not on_device:
            made = [array.copy_to_host() for array in made]
        return made[0] if len(made) == 1 else tuple(made)

    def _launch(self, dispatcher: Any, samples: int, args: list[Any]) -> None:
        threads, most = (
            (SIMULATED_THREADS, SIMULATED_BLOCKS) if is_simulated() else (THREADS, MOST_BLOCKS)
        )
        blocks = min(-(-samples // threads), most)
        if self.failures is None:
            _launch(dispatcher[blocks, threads], args)
            return
        failed = _numba_cuda().to_device(np.zeros(FAILURE_WORDS, np.int64))
        ended: Exception | None = None
        try:
            _launch(dispatcher[blocks, threads], [*args, failed])
        except (IndexError, RuntimeError) as error:  # how the simulator ends a thread
            ended = error
        what, index, size = (int(word) for word in failed.copy_to_host())
        if what > 0:
            raise IndexOutOfRangeError(what, index, size)
        if what < 0:
            name, message = self.failures[-what - 1]
            raise cast("type[Exception]", getattr(builtins, name))(*([message] if message else []))
        if ended is not None:
            raise ended

    @property
    def dispatcher(self) -> Any:
        """The compiled kernel: ``dispatcher[blocks, threads](*arguments, *results)``.

        Raises
        ------
        CudaUnavailableError
            Where there is no GPU.
        """
        if self._dispatcher is None:
            with self._lock:
                if self._dispatcher is None:
                    self._dispatcher = self._compile()
        return self._dispatcher

    def _compile(self) -> Any:
        module = _numba_cuda()
        if is_simulated():
            return module.jit(bound_to_device(self.py_func, module, simulated=True))
        if not module.is_available():
            raise CudaUnavailableError(
                f"no CUDA device: {_why(module)}; compile to PTX with "
                "gradc compile --emit ptx, or set NUMBA_ENABLE_CUDASIM=1 to simulate"
            )
        return module.jit(self._signature())(bound_to_device(self.py_func, module, simulated=False))

    def _signature(self) -> Any:
        """Types of the arguments as numba has them."""
        from numba.cuda import types as numba_types

        def of(parameter: Parameter) -> Any:
            name = parameter.dtype.name
            scalar = numba_types.boolean if name == "bool" else getattr(numba_types, name)
            rank = len(parameter.shape)
            return numba_types.Array(scalar, rank, "C") if rank else scalar

        taken = [of(parameter) for parameter in (*self.arguments, *self.results)]
        if self.failures is not None:
            taken.append(numba_types.Array(numba_types.int64, 1, "C"))
        return numba_types.void(*taken)

    def ptx(self, cc: tuple[int, int] = (8, 0)) -> str:
        """Compile to PTX; no GPU is needed.

        Parameters
        ----------
        cc : (int, int)
            Compute capability: (7, 5), (8, 0), (9, 0) ...

        Returns
        -------
        str
            The entry is called like the function. It takes numba's seven words for each
            one-dimensional array (two null pointers, number of elements, size of one, data,
            size, stride), nine for each of two dimensions, and so on.

        Raises
        ------
        CudaUnavailableError
            Where numba-cuda is not installed, or simulates.
        ValueError
            For a compute capability that is too old for the compiler.
        """
        module = _numba_cuda()
        if is_simulated():
            raise CudaUnavailableError("the simulator makes no PTX: unset NUMBA_ENABLE_CUDASIM")
        from numba.cuda.cudadrv.error import CCSupportError

        bound = bound_to_device(self.py_func, module, simulated=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                text, _ = module.compile_ptx(bound, self._signature(), cc=cc)
            except CCSupportError as error:
                raise ValueError(str(error)) from None
        return _with_entry_name(cast("str", text), self.py_func.__name__)

    def cubin(self, cc: tuple[int, int] = (8, 0)) -> bytes:
        """Compile to machine code for one compute capability; no GPU is needed.

        Parameters and errors are those of :meth:`ptx`.
        """
        code = self.ptx(cc).encode()
        core = importlib.import_module("cuda.core")
        options = core.LinkerOptions(arch=f"sm_{cc[0]}{cc[1]}")
        linker = core.Linker(core.ObjectCode.from_ptx(code), options=options)
        return bytes(linker.link("cubin").code)


def cuda_kernel(
    arguments: str, results: str, *, failures: Sequence[tuple[str, str]] | None = None
) -> Callable[[Callable[..., Any]], CudaKernel]:
    """Make a launcher of a kernel of a generated module.

    Parameters
    ----------
    arguments, results : str
        See :mod:`gradc_runtime.cuda_signature`. The function takes the arguments, an array for
        each result and, with `failures`, the array that failures are written to.
    failures : sequence of (str, str), optional
        Name of the exception and message of each failure that the function may report.
    """

    def decorate(function: Callable[..., Any]) -> CudaKernel:
        return CudaKernel(cast("types.FunctionType", function), arguments, results, failures)

    return decorate


def _launch(configured: Any, args: Sequence[Any]) -> None:
    """Launch without what numba says of small grids, and NumPy of inf and nan when simulated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        configured(*args)


def _checked(value: Any, parameter: Parameter) -> Any:
    """An argument in the element type of its parameter; device arrays are not converted."""
    if not parameter.shape:
        return parameter.dtype.type(value)
    if not is_device_array(value):
        return np.ascontiguousarray(value, parameter.dtype) if np.ndim(value) else np.array(value)
    array = value if hasattr(value, "__cuda_ndarray__") else _numba_cuda().as_cuda_array(value)
    if array.dtype != parameter.dtype:
        raise TypeError(
            f"{parameter.name} is a device array of {array.dtype}, and the kernel takes "
            f"{parameter.dtype}; convert it on the device first"
        )
    if not array.is_c_contiguous():
        raise TypeError(f"{parameter.name} is a device array that is not C-contiguous")
    return array


def _why(module: types.ModuleType) -> str:
    """Why there is no device, in a few words."""
    error = module.cuda_error()
    text = " ".join(str(error).split()) if error is not None else ""
    found = re.search(r"CUDA driver library cannot be found|no CUDA-capable device", text)
    return found.group().replace("CUDA ", "", 1) if found else text or "none was found"


def _with_entry_name(text: str, name: str) -> str:
    """Give the entry the name of the function instead of numba's mangled one."""
    found = re.search(r"\.entry\s+(\w+)\(", text)
    return text.replace(found.group(1), name) if found is not None else text
