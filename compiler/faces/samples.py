"""Arguments of functions that are written for one sample and run for many on a GPU.

Every array has one more axis than the function knows of, the first: the samples. Numbers are the
same for all samples. The sizes of one sample are part of the type: a kernel's arrays lie in
memory that is laid out when it is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradc.errors import GradTypeError
from gradc.faces.arguments import Argument, describe, kind_of
from gradc.frontend.python import Leaf, Lowered
from gradc.ir.builder import Symbols
from gradc.ir.types import DType, Type, dtype_of_numpy
from gradc.passes.sizes import with_sizes
from gradc_runtime.cuda import array_facts, is_device_array


def is_batch(value: Any) -> bool:
    """Whether a value has an entry for each sample."""
    return is_device_array(value) or (isinstance(value, np.ndarray) and value.ndim > 0)


def kind_of_sample(value: Any) -> Hashable:
    """What a kernel is specialised on for this value; see `gradc.faces.arguments.kind_of`."""
    if not is_batch(value):
        return kind_of(value)
    dtype, shape = array_facts(value)
    return "batch", dtype, shape[1:]


def describe_sample(value: Any, name: str, symbols: Symbols) -> Argument:
    """Say how a value is passed: arrays as one of their samples, anything else as it is.

    Raises
    ------
    GradTypeError
        For arrays whose element type gradc does not take.
    """
    if not is_batch(value):
        return describe(value, name, symbols)
    found, shape = array_facts(value)
    dtype = dtype_of_numpy(found)
    if dtype is None:
        raise GradTypeError(
            f"argument {name!r} has dtype {found}, which gradc does not take; "
            "pass float64 or float32 (or integers and booleans as constants)"
        )
    spec = Leaf(Type(dtype, tuple(int(size) for size in shape[1:])))
    restore = _as_it_is if dtype.is_float else None
    prepare = _preparer(dtype, name)
    return Argument(name, kind_of_sample(value), spec, prepare, restore, batched=True)


def _as_it_is(value: Any) -> Any:
    return value


def _preparer(dtype: DType, name: str) -> Callable[[Any], Any]:
    wanted = dtype.numpy

    def prepare(value: Any) -> Any:
        if not is_device_array(value):
            return np.ascontiguousarray(value, wanted)
        found, _ = array_facts(value)
        if found != wanted:
            raise GradTypeError(
                f"argument {name!r} is an array of {found} on the device, where it is not "
                f"converted; pass {wanted}"
            )
        return value

    return prepare


def with_captured_sizes(lowered: Lowered) -> Lowered:
    """Take the sizes of captured arrays for the numbers that they are."""
    sizes = {
        dim: int(size)
        for value, array in lowered.captured
        for dim, size in zip(value.type.shape, np.asarray(array).shape, strict=True)
        if isinstance(dim, str)
    }
    return replace(lowered, function=with_sizes(lowered.function, sizes))


def problem_with_samples(arguments: Sequence[Argument], leaves: Sequence[Any]) -> str:
    """What is wrong with the numbers of samples of a call; empty where nothing is."""
    pairs = zip(arguments, leaves, strict=True)
    return problem_with_counts((each.name, leaf) for each, leaf in pairs if each.batched)


def problem_with_counts(named: Iterable[tuple[str, Any]]) -> str:
    """The same for values with their names; what is no array does not count."""
    counts = [(name, array_facts(value)[1][0]) for name, value in named if is_batch(value)]
    if len({count for _, count in counts}) <= 1:
        return ""
    listed = ", ".join(f"{name} has {count}" for name, count in counts)
    return f"the arguments disagree on the number of samples: {listed}"


def batch_of_numbers(value: Any) -> Any:
    """A number for each sample, or one for all of them, as a kernel of a formula takes it.

    Raises
    ------
    TypeError, ValueError
        For what is neither.
    """
    if is_device_array(value):
        return value
    if isinstance(value, np.ndarray) and value.ndim == 1:
        return np.ascontiguousarray(value, np.float64)
    return float(value)
