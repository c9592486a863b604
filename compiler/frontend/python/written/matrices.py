"""Triangles, diagonals, grids and other arrays of a given form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradc.frontend.python.written.support import Array, refuse


def tri(N: Any, M: Any = None, k: Any = 0, dtype: Any = float) -> Array:
    """``np.tri``."""
    columns = N if M is None else M
    out = np.zeros((N, columns), dtype)
    for i in range(N):
        out[i, : min(max(i + k + 1, 0), columns)] = 1
    return out


def tril(m: Any, k: Any = 0) -> Array:
    """``np.tril``, of one matrix or of each in a stack."""
    x = np.asarray(m)
    if x.ndim > 2:
        flat = x.reshape(-1, *x.shape[-2:])
        return _each(_lower, flat, k).reshape(x.shape)
    return _lower(_matrix(x), k)


def triu(m: Any, k: Any = 0) -> Array:
    """``np.triu``, of one matrix or of each in a stack."""
    x = np.asarray(m)
    if x.ndim > 2:
        flat = x.reshape(-1, *x.shape[-2:])
        return _each(_upper, flat, k).reshape(x.shape)
    return _upper(_matrix(x), k)


def _matrix(x: Array) -> Array:
    """A vector stands for as many rows."""
    return np.broadcast_to(x, (len(x), len(x))) if x.ndim == 1 else x


def _each(function: Callable[..., Array], stack: Array, k: Any) -> Array:
    out = np.empty_like(stack)
    for b in range(len(stack)):
        out[b] = function(stack[b], k)
    return out


def _lower(x: Array, diagonal: Any) -> Array:
    out = np.zeros_like(x)
    for i in range(x.shape[0]):
        stop = min(max(i + diagonal + 1, 0), x.shape[1])
        out[i, :stop] = x[i, :stop]
    return out


def _upper(x: Array, diagonal: Any) -> Array:
    out = np.zeros_like(x)
    for i in range(x.shape[0]):
        start = min(max(i + diagonal, 0), x.shape[1])
        out[i, start:] = x[i, start:]
    return out


def tril_indices(n: Any, k: Any = 0, m: Any = None) -> tuple[Array, ...]:
    """``np.tril_indices``."""
    return np.nonzero(tri(n, m, k) > 0)


def triu_indices(n: Any, k: Any = 0, m: Any = None) -> tuple[Array, ...]:
    """``np.triu_indices``."""
    return np.nonzero(tri(n, m, k - 1) == 0)


def tril_indices_from(arr: Any, k: Any = 0) -> tuple[Array, ...]:
    """``np.tril_indices_from``."""
    return tril_indices(np.shape(arr)[0], k, np.shape(arr)[1])


def triu_indices_from(arr: Any, k: Any = 0) -> tuple[Array, ...]:
    """``np.triu_indices_from``."""
    return triu_indices(np.shape(arr)[0], k, np.shape(arr)[1])


# -- diagonals ---------------------------------------------------------------------------------


def diag(v: Any, k: Any = 0) -> Array:
    """``np.diag``: the matrix of a diagonal, or the diagonal of a matrix."""
    x = np.asarray(v)
    if x.ndim == 1:
        return _of_diagonal(x, k)
    if x.ndim != 2:
        refuse("np.diag takes a vector or a matrix", "use np.diagonal")
    return np.diagonal(x, k)


def diagflat(v: Any, k: Any = 0) -> Array:
    """``np.diagflat``."""
    return _of_diagonal(np.ravel(v), k)


def _of_diagonal(x: Array, k: Any) -> Array:
    size = len(x) + abs(k)
    below, right = max(-k, 0), max(k, 0)
    out = np.zeros((size, size), x.dtype)
    for i in range(len(x)):
        out[i + below, i + right] = x[i]
    return out


def diag_indices(n: Any, ndim: Any = 2) -> Any:
    """``np.diag_indices``."""
    return (np.arange(n),) * ndim


def diag_indices_from(arr: Any) -> Any:
    """``np.diag_indices_from``."""
    return diag_indices(np.shape(arr)[0], np.ndim(arr))


def fill_diagonal(a: Array, val: Any, wrap: Any = False) -> None:
    """``np.fill_diagonal``."""
    if a.ndim < 2:
        refuse("np.fill_diagonal takes arrays of at least two axes")
    if a.ndim > 2:
        for k in range(a.shape[0]):
            a[(k,) * a.ndim] = _turn(val, k)
        return
    rows, columns = a.shape
    count = min(rows, columns) if not wrap else (rows * columns + columns) // (columns + 1)
    for k in range(count):
        place = k * (columns + 1)
        a[place // columns, place % columns] = _turn(val, k)


def _turn(val: Any, k: Any) -> Any:
    """The value whose turn it is; they start over at the end."""
    if np.ndim(val) == 0:
        return val
    values = np.ravel(val)
    return values[k % len(values)]


# -- grids -------------------------------------------------------------------------------------


def meshgrid(
    *xi: Any, copy: Any = True, sparse: Any = False, indexing: Any = "xy"
) -> tuple[Array, ...]:
    """``np.meshgrid``."""
    if indexing not in ("xy", "ij"):
        refuse("the indexing of a grid is 'xy' or 'ij'")
    count = len(xi)
    order = [1, 0, *range(2, count)] if indexing == "xy" and count > 1 else list(range(count))
    parts = [
        np.reshape(x, [-1 if axis == own else 1 for axis in range(count)])
        for x, own in zip(xi, order, strict=True)
    ]
    if not sparse:
        parts = list(np.broadcast_arrays(*parts))
    return tuple([part.copy() for part in parts]) if copy else tuple(parts)


def indices(dimensions: Any, dtype: Any = int, sparse: Any = False) -> Any:
    """``np.indices``."""
    counted = [np.arange(size).astype(dtype) for size in dimensions]
    grids = meshgrid(*counted, sparse=sparse, indexing="ij")
    return grids if sparse else np.stack(grids)


def fromfunction(
    function: Any, shape: Any, *, dtype: Any = float, like: Any = None, **kwargs: Any
) -> Any:
    """``np.fromfunction``: a function of the coordinates of all elements at once."""
    if like is not None:
        refuse("np.fromfunction takes no like= here", "leave it out")
    counted = [np.arange(size).astype(dtype) for size in shape]
    return function(*meshgrid(*counted, indexing="ij"), **kwargs)


def ix_(*args: Any) -> tuple[Array, ...]:
    """``np.ix_``."""
    count = len(args)
    if any(np.ndim(one) != 1 for one in args):
        refuse("np.ix_ takes vectors", "pass one for each axis")
    vectors = [np.asarray(one) for one in args]
    chosen = [np.flatnonzero(one) if one.dtype == np.bool_ else one for one in vectors]
    return tuple(
        [
            one.reshape([-1 if axis == own else 1 for axis in range(count)])
            for own, one in enumerate(chosen)
        ]
    )


def vander(x: Any, N: Any = None, increasing: Any = False) -> Array:
    """``np.vander``."""
    base = np.asarray(x)
    count = len(base) if N is None else N
    out = np.ones((len(base), count), np.result_type(base.dtype, np.int64))
    for k in range(1, count):
        out[:, k] = out[:, k - 1] * base
    return out if increasing else out[:, ::-1]


def diagonal(x: Any, /, *, offset: Any = 0) -> Array:
    """``np.linalg.diagonal``: of the last two axes."""
    return np.diagonal(x, offset, -2, -1)


FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    np.linalg.diagonal: diagonal,
    np.tri: tri,
    np.tril: tril,
    np.triu: triu,
    np.tril_indices: tril_indices,
    np.triu_indices: triu_indices,
    np.tril_indices_from: tril_indices_from,
    np.triu_indices_from: triu_indices_from,
    np.diag: diag,
    np.diagflat: diagflat,
    np.diag_indices: diag_indices,
    np.diag_indices_from: diag_indices_from,
    np.fill_diagonal: fill_diagonal,
    np.meshgrid: meshgrid,
    np.indices: indices,
    np.fromfunction: fromfunction,
    np.ix_: ix_,
    np.vander: vander,
}
