"""Check of a batch: the function itself, called for each sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from gradc.errors import GradientCheckError
from gradc.faces.axes import Axes, argument_axes, broadcast_axes
from gradc.faces.containers import flatten, unflatten

# Between compiled code and NumPy's own sums and functions.
_RTOL = {np.dtype(np.float64): 1e-10, np.dtype(np.float32): 1e-4}


class OfBatch(Protocol):
    """What ``batch`` returns."""

    in_axes: Axes
    out_axes: Axes

    @property
    def function(self) -> Callable[..., Any]:
        """The function of one sample."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The results of all samples."""


def check_batch(face: OfBatch, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """See :meth:`gradc.faces.batches.Batched.check`."""
    found = face(*args, **kwargs)
    results, _ = flatten(found)
    leaves, spec = flatten((tuple(args), dict(kwargs)))
    axes = argument_axes(face.function, face.in_axes, (tuple(args), dict(kwargs)))
    count = next(
        leaf.shape[axis] for leaf, axis in zip(leaves, axes, strict=True) if axis is not None
    )
    out_axes = broadcast_axes(face.out_axes, found, (), "out_axes")
    for number in range(count):
        sample = [
            leaf if axis is None else np.take(leaf, number, axis)
            for leaf, axis in zip(leaves, axes, strict=True)
        ]
        own_args, own_kwargs = unflatten(spec, sample)
        wanted, _ = flatten(face.function(*own_args, **own_kwargs))
        for whole, axis, want in zip(results, out_axes, wanted, strict=True):
            if not isinstance(want, float | int | np.ndarray | np.generic):
                continue
            have = whole if axis is None else np.take(whole, number, axis)
            rtol = _RTOL.get(np.asarray(have).dtype, 0.0)
            if not np.allclose(have, want, rtol=rtol, atol=rtol, equal_nan=True):
                raise GradientCheckError(f"sample {number} is {have}, and by itself {want}")
