"""Arguments of a network's functions: what fits, as its kernels take it, and what is refused.

A kernel reads memory by the shapes of the spec, so an array of another shape must not reach it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.errors import GradTypeError
from gradc.frontend.network import Parameter
from gradc.frontend.network_spec import NetworkSpec

Array = np.ndarray[Any, Any]


def check_params(
    parameters: Sequence[Parameter], given: Sequence[Array], dtype: np.dtype[Any]
) -> list[Array]:
    """Return the parameters, C-contiguous and writeable, as kernels ask for them.

    Raises
    ------
    GradTypeError
        With every parameter whose shape or dtype is another.
    """
    if len(given) != len(parameters):
        names = ", ".join(parameter.name for parameter in parameters)
        raise GradTypeError(f"params: {len(given)} arrays for the parameters {names}")
    problems = []
    for parameter, array in zip(parameters, given, strict=True):
        shape, kind = np.shape(array), getattr(array, "dtype", None)
        if shape != parameter.shape or kind != dtype:
            problems.append(
                f"{parameter.name}: {dtype} of shape {parameter.shape} belongs here, "
                f"not {kind or type(array).__name__} of shape {shape}"
            )
    if problems:
        raise GradTypeError("\n".join(problems))
    return [_for_kernel(array, dtype) for array in given]


def check_samples(spec: NetworkSpec, x: Any, dtype: np.dtype[Any]) -> Array:
    """Return samples as ``(n, features)``.

    Raises
    ------
    GradTypeError
        Where there are none, or a sample has another shape than the spec says.
    """
    samples = np.asarray(x)
    if samples.shape[1:] not in (spec.input, (spec.features,)) or not samples.ndim:
        raise GradTypeError(
            f"x: samples of shape {spec.input} belong here, one a row, "
            f"not an array of shape {samples.shape}"
        )
    if not len(samples):
        raise GradTypeError("x: there are no samples")
    if samples.dtype.kind not in "fiub":
        raise GradTypeError(f"x: numbers belong here, not {samples.dtype}")
    return _for_kernel(samples.reshape(len(samples), spec.features), dtype)


def check_targets(spec: NetworkSpec, y: Any, samples: int, dtype: np.dtype[Any]) -> Array:
    """Return n labels as int64, or for ``mse`` values as ``(n, outputs)``.

    Raises
    ------
    GradTypeError
        Where there is not one for each sample, or a label is no class of the network.
    """
    targets = np.asarray(y)
    if not targets.ndim or len(targets) != samples:
        raise GradTypeError(f"y: {samples} targets belong here, not {targets.shape}")
    if spec.loss.type == "mse":
        if targets.size != samples * spec.outputs or targets.dtype.kind not in "fiub":
            raise GradTypeError(
                f"y: {spec.outputs} values a sample belong here, not {targets.dtype} of shape "
                f"{targets.shape}"
            )
        return _for_kernel(targets.reshape(samples, spec.outputs), dtype)
    if targets.dtype.kind not in "iu" or targets.ndim != 1:
        raise GradTypeError(
            f"y: integer labels belong here, not {targets.dtype} of shape {targets.shape}"
        )
    labels = _for_kernel(targets, np.dtype(np.int64))
    # One pass: as unsigned numbers, negative labels are larger than any class.
    if labels.view(np.uint64).max() >= spec.outputs:
        outside = targets[(targets < 0) | (targets >= spec.outputs)][0]
        raise GradTypeError(
            f"y: label {outside} is not in 0 .. {spec.outputs - 1} "
            f"(the model has {spec.outputs} outputs)"
        )
    return labels


def _for_kernel(array: Array, dtype: np.dtype[Any]) -> Array:
    """A kernel's signature asks for C order and permission to write, though it writes nothing."""
    made = np.ascontiguousarray(array, dtype=dtype)
    return made if made.flags.writeable else made.copy()
