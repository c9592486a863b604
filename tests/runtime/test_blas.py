"""The direct call of BLAS: operands as they lie in memory, whatever that is."""

import itertools

import numba
import numpy as np
import pytest
from numba.core.runtime import _nrt_python, rtsys
from numpy.lib.stride_tricks import as_strided

from gradc_runtime.blas import dot

SIZES = (0, 1, 2, 5)
KINDS = {"f8": np.float64, "f4": np.float32}
CLOSE = {"f8": {"rtol": 1e-13, "atol": 1e-13}, "f4": {"rtol": 1e-5, "atol": 1e-5}}


def compiled(*signatures):
    return numba.njit(list(signatures), nogil=True)(lambda a, b: dot(a, b))


def made(*shape, kind="f8"):
    return np.random.default_rng(len(shape)).normal(size=shape).astype(KINDS[kind])


def matrices(rows, columns, kind):
    """Matrices of one shape in every kind of memory."""
    yield made(rows, columns, kind=kind)
    yield made(columns, rows, kind=kind).T
    yield made(rows + 2, columns + 3, kind=kind)[1 : rows + 1, 2 : columns + 2]
    yield made(columns + 3, rows + 2, kind=kind)[2 : columns + 2, 1 : rows + 1].T
    yield made(rows, 2 * columns, kind=kind)[:, ::2]
    yield made(rows, columns, kind=kind)[::-1]
    yield made(rows, columns, kind=kind)[:, ::-1]
    yield made(rows, columns, 2, kind=kind)[:, :, 1]
    row, column = made(columns, kind=kind), made(rows, kind=kind)
    width = row.itemsize
    yield as_strided(row, (rows, columns), (0, width)) if columns else row.reshape(0, 1)[:0, :0]
    yield as_strided(column, (rows, columns), (width, 0)) if rows else made(0, columns, kind=kind)


def vectors(size):
    yield made(size)
    yield made(2 * size)[::2]
    yield made(size)[::-1]
    yield made(size, 3)[:, 1]


@pytest.mark.parametrize("kind", ["f8", "f4"])
def test_matrices_that_lie_in_memory_anyhow(kind):
    product = compiled(f"{kind}[:,:], {kind}[:,:]")
    for rows, inner, columns in itertools.product(SIZES, repeat=3):
        for a in matrices(rows, inner, kind):
            for b in matrices(inner, columns, kind):
                if a.shape[1] == b.shape[0]:
                    found = product(a, b)
                    assert found.dtype == KINDS[kind]
                    assert found.flags.c_contiguous
                    np.testing.assert_allclose(found, a @ b, **CLOSE[kind])


def test_matrices_that_are_known_to_be_contiguous():
    product = compiled(
        *(f"f8[{a}], f8[{b}]" for a in ("::1,:", ":,::1") for b in ("::1,:", ":,::1"))
    )
    for rows, inner, columns in itertools.product(SIZES, repeat=3):
        for a in (made(rows, inner), made(inner, rows).T):
            for b in (made(inner, columns), made(columns, inner).T):
                np.testing.assert_allclose(product(a, b), a @ b, **CLOSE["f8"])


def test_vectors():
    product = compiled(
        "f8[:,:], f8[:]", "f8[:], f8[:,:]", "f8[:,::1], f8[::1]", "f8[::1], f8[:,::1]"
    )
    for rows, inner in itertools.product(SIZES, repeat=2):
        for a, v in itertools.product(matrices(rows, inner, "f8"), vectors(inner)):
            if a.shape == (rows, inner):
                np.testing.assert_allclose(product(a, v), a @ v, **CLOSE["f8"])
                np.testing.assert_allclose(product(v, a.T), v @ a.T, **CLOSE["f8"])


def test_copies_are_freed():
    product = compiled("f8[:,:], f8[:,:]")
    a, b = np.ones((3, 8))[:, ::2], np.ones((8, 3))[::-2]
    _nrt_python.memsys_enable_stats()
    try:
        before = rtsys.get_allocation_stats()
        for _ in range(50):
            product(a, b)
        after = rtsys.get_allocation_stats()
    finally:
        _nrt_python.memsys_disable_stats()
    assert after.mi_alloc - before.mi_alloc == after.mi_free - before.mi_free > 0


def test_nan_and_infinity_pass_through():
    product = compiled("f8[:,::1], f8[:,::1]")
    a = np.array([[np.inf, 1.0], [np.nan, 0.0]])
    found = product(a, np.array([[1.0, 0.0], [2.0, 1.0]]))
    np.testing.assert_array_equal(found, [[np.inf, np.nan], [np.nan, np.nan]])
