"""Arrays without axes: what NumPy makes of one, a number, an array or an error, in every function.

They are numbers here, so a function that has a shape in its result has to make one.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np

import gradc
from gradc.faces.containers import flatten
from tests.surface.calling import gradient_problem, value_problem, written

Z = np.array(0.7)

#: Calls for `z`, an array without axes.
CALLS = """
    np.argsort(z) | np.argsort(z, axis=None) | z.argsort() | np.argsort(z, axis=1) | np.sort(z)
    np.sort(z, axis=None) | np.argpartition(z, 0) | np.partition(z, 0, axis=None) | z[()] | z[...]
    np.take(z, 0, axis=-1) | np.take(z, [0, 0], axis=0) | np.take(z, 0, axis=1) | z.take([0, 0])
    z.compress([True], axis=0) | np.compress([True, False], z, axis=0) | np.compress([True], z)
    np.repeat(z, 2) | np.repeat(z, 2, axis=0) | np.repeat(z, 2, axis=1) | z.repeat(3, -1)
    np.roll(z, 1) | np.roll(z, 1, axis=0) | np.flip(z) | np.flip(z, 0) | np.flip(z, ())
    np.transpose(z) | np.transpose(z, ()) | z.transpose() | z.T | np.squeeze(z) | np.squeeze(z, 0)
    np.squeeze(z, ()) | np.squeeze(z, 1) | z.squeeze(-1) | np.swapaxes(z, 0, 0) | z.ravel()
    np.moveaxis(z, (), ()) | np.rollaxis(z, 0) | z[z > 0] | z[True] | z[..., None] | z[None]
    z[None, ..., None] | z[np.array(True)] | z[z > 1] | z[0] | z[:] | z.mT | np.expand_dims(z, 0)
    np.expand_dims(z, (0, 1)) | z.reshape(()) | z.reshape(1, 1) | np.reshape(z, -1) | z.flatten()
    np.atleast_1d(z) | np.atleast_2d(z) | np.atleast_3d(z) | np.broadcast_to(z, ())
    np.broadcast_to(z, (2, 3)) | np.stack([z, z]) | np.stack([z, z], axis=-1) | np.hstack([z, z])
    np.vstack([z, z]) | np.dstack([z, z]) | np.column_stack([z, z]) | np.concatenate([z, z])
    np.concatenate([z, z], axis=None) | np.append(z, z) | np.block(z) | np.block([z, z])
    np.tile(z, 2) | np.tile(z, (2, 2)) | np.delete(z, 0) | np.insert(z, 0, 1.0) | np.resize(z, 3)
    np.median(z, axis=()) | np.quantile(z, [0.2, 0.7], axis=()) | np.nanmedian(z, axis=())
    np.nanquantile(z, 0.3, axis=()) | z.sum(axis=()) | np.sum(z, axis=None) | np.sum(z, axis=1)
    np.max(z, axis=0) | np.mean(z, keepdims=True) | np.var(z) | np.prod(z, axis=-1) | np.ptp(z)
    np.any(z) | np.all(z, axis=0) | np.argmax(z) | np.argmin(z, axis=0) | np.nanargmax(z)
    np.argmax(z, axis=1) | np.count_nonzero(z) | np.average(z) | np.cumsum(z) | np.cumprod(z)
    np.cumsum(z, axis=0) | np.nancumsum(z) | np.cumulative_sum(z) | np.diff(z) | np.ediff1d(z)
    np.unique(z) | np.flatnonzero(z) | np.nonzero(z) | np.searchsorted([0.0, 1.0], z)
    np.digitize(z, [0.0, 1.0]) | np.trim_zeros(z) | np.isin(z, [0.7]) | np.array_equal(z, z)
    np.diagflat(z) | np.diag(z) | np.diagonal(z) | np.trace(z) | np.tril(z) | np.triu(z)
    np.convolve(z, [1.0, 2.0]) | np.interp(z, [0.0, 1.0], [0.0, 2.0]) | np.polyval([1.0, 2.0], z)
    np.trapezoid(z) | np.vander(z) | np.gradient(z) | np.pad(z, 1) | np.rot90(z) | np.fliplr(z)
    np.linalg.norm(z) | np.kron(z, z) | np.outer(z, z) | np.inner(z, z) | np.dot(z, z)
    np.vdot(z, z) | np.tensordot(z, z, 0) | np.einsum(',->', z, z) | np.cross(z, z)
    np.matmul(z, z) | np.vecdot(z, z) | z.dot(z) | np.linalg.inv(z) | np.linalg.det(z)
    np.choose(0, [z, z]) | np.select([z > 0], [z]) | np.piecewise(z, [z > 0], [1.0, 2.0])
    np.extract(z > 0, z) | np.where(z > 0, z, 0.0) | np.take_along_axis(z, np.array([0]), None)
    np.meshgrid(z, z) | np.ix_(z) | np.fft.fft(z) | np.fft.rfft(z) | np.array_split(z, 2)
    np.split(z, 1) | np.unwrap(z) | np.angle(z) | np.real(z) | np.imag(z) | np.round(z, 1)
    np.clip(z, 0.0, 0.5) | np.nan_to_num(z) | np.sinc(z) | np.i0(z) | np.heaviside(z, 0.0)
    np.add.reduce(z) | np.add.reduce(z, axis=None) | np.maximum.reduce(z) | np.hypot.reduce(z)
    np.add.accumulate(z) | np.multiply.accumulate(z) | np.subtract.accumulate(z)
    np.add.outer(z, z) | np.add.outer(z, [1.0, 2.0]) | np.multiply.outer([1.0, 2.0], z)
    np.zeros_like(z) | np.ones_like(z) | np.full_like(z, 2.0) | np.empty_like(z).shape
    np.ones_like(z, shape=(2, 2)) | np.zeros_like(z, shape=2) | np.ascontiguousarray(z)
    np.array(z) | np.array(z, ndmin=2) | np.asarray(z) | np.copy(z) | z.copy()
    np.linspace(z, [1.0, 2.0], 3) | np.linspace(z, [1.0, 2.0], 3, axis=-1) | np.linspace(0.0, z, 3)
    z.astype(np.float32) | z.item() | z.tolist() | z.size | z.ndim | z.shape | np.size(z)
    len(z) | [e for e in z]
"""
TEXTS = [text.strip() for line in CALLS.strip().splitlines() for text in line.split(" | ")]
#: Calls that are constant, or are so where `z` is.
CONSTANT = re.compile(
    r"arg|gradient|ndim|shape$|any|all|round"
    r"|empty|float32|digitize|search|isin|equal|z > 1|heaviside"
)


def test_every_function_of_an_array_without_axes(tmp_path: Path) -> None:
    bodies = [f"z = x; return {text}" for text in TEXTS]
    failures = []
    for text, call in zip(TEXTS, written(bodies, tmp_path / "calls.py"), strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                expected = call(Z)
            except (TypeError, ValueError, IndexError, np.linalg.LinAlgError):
                try:
                    gradc.vjp(call, Z, target="python")
                except (gradc.GradcError, ValueError, IndexError):
                    continue
                failures.append(f"{text} is taken")
                continue
            smooth = not CONSTANT.search(text)
            problem = (gradient_problem if smooth else value_problem)(call, Z, expected)
            if problem is None and smooth and not _is_of_floats(expected):
                problem = value_problem(call, Z, expected)
        if problem is not None:
            failures.append(f"{text}: {problem}")
    assert failures == []


def _is_of_floats(expected: Any) -> bool:
    leaves = [np.asarray(leaf) for leaf in flatten(expected)[0]]
    return all(leaf.dtype.kind == "f" and np.all(np.isfinite(leaf)) for leaf in leaves)
