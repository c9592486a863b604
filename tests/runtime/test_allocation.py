"""New arrays of compiled programs: what NumPy makes, with NumPy's errors."""

from __future__ import annotations

import gc
import itertools

import numpy as np
import pytest
from numba.core.runtime import _nrt_python, rtsys

from gradc_runtime.arrays import workspace
from gradc_runtime.jit import kernel


@kernel("i8, i8")
def make(n, m):
    plain = np.zeros(n)
    flags = np.zeros((n, m), np.bool_)
    counts = np.zeros((m, 2, n), np.int64)
    single = np.empty((n, m), np.float32)
    for i in range(n):
        for j in range(m):
            single[i, j] = i + 10 * j
    return plain, flags, counts, single


@pytest.mark.parametrize(("n", "m"), [(3, 2), (0, 5), (1, 0), (7, 11)])
def test_sizes_types_and_layout(n, m):
    for made, wanted in zip(make(n, m), make.py_func(n, m), strict=True):
        assert made.dtype == wanted.dtype
        assert made.shape == wanted.shape
        assert made.strides == wanted.strides or made.size == 0
        assert made.flags.carray
        np.testing.assert_array_equal(made, wanted)


@pytest.mark.parametrize(("n", "m"), [(-1, 2), (2, -3), (-2, -2)])
def test_negative_sizes_are_refused(n, m):
    with pytest.raises(ValueError, match="negative dimensions not allowed"):
        make(n, m)


def test_sizes_beyond_all_memory_are_refused():
    with pytest.raises(ValueError, match="array is too big"):
        make(2**62, 2)


# -- several at once ------------------------------------------------------------------------------


@kernel("i8, i8")
def make_together(n, m):
    a, b, c, d = workspace(n, (m, 2, n), (n, m), 3)
    flags, other = workspace((n, m), n, np.bool_)
    (single,) = workspace((m, n), np.float32)
    counts, more = workspace((n, m), (m, n), np.int64)
    return a, b, c, d, flags, other, single, counts, more


@pytest.mark.parametrize(("n", "m"), [(3, 2), (0, 5), (1, 0), (7, 11), (700, 30)])
def test_arrays_of_one_block(n, m):
    made, wanted = make_together(n, m), make_together.py_func(n, m)
    ends = []
    for value, (array, like) in enumerate(zip(made, wanted, strict=True)):
        assert (array.dtype, array.shape) == (like.dtype, like.shape)
        assert array.flags.carray
        assert array.ctypes.data % 64 == 0
        ends.append((array.ctypes.data, array.ctypes.data + array.nbytes))
        array[...] = value
    for value, array in enumerate(made):
        np.testing.assert_array_equal(array, np.full_like(array, value))
    ends.sort()
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(ends))


@pytest.mark.parametrize(("n", "m"), [(-1, 2), (2, -3), (-2, -2)])
def test_negative_sizes_in_a_block_are_refused(n, m):
    with pytest.raises(ValueError, match="negative dimensions"):
        make_together(n, m)
    with pytest.raises(ValueError, match="negative dimensions"):
        make_together.py_func(n, m)


@pytest.mark.parametrize("n", [2**62, 2**61 - 1, 2**59])
def test_blocks_beyond_all_memory_are_refused(n):
    with pytest.raises((ValueError, MemoryError), match=r"too (big|large)"):
        make_together(n, 2)


@kernel("i8, i8")
def hands_out(n, which):
    a, b, c = workspace(n, n, n)
    a[:] = 0.0
    for i in range(n):
        b[i] = i
        c[i] = -i
    if which == 0:
        return a
    return b if which == 1 else c


@pytest.mark.parametrize("which", [0, 1, 2])
def test_one_of_a_block_keeps_its_memory(which):
    kept = [hands_out(50, which) for _ in range(20)]
    others = [hands_out(50, 2 - which) for _ in range(20)]
    for array in kept:
        np.testing.assert_array_equal(array, hands_out.py_func(50, which))
    assert len(others) == 20


@pytest.mark.parametrize(("n", "blocks"), [(10, 1), (0, 1), (2_000, 1), (3_000, 3), (10**6, 3)])
def test_blocks_are_made_once_and_freed(n, blocks):
    hands_out(n, 0)
    gc.collect()
    _nrt_python.memsys_enable_stats()
    before = rtsys.get_allocation_stats()
    for which in (0, 1, 2, 0):
        hands_out(n, which)
    after = rtsys.get_allocation_stats()
    assert after.mi_alloc - before.mi_alloc == after.mi_free - before.mi_free == 4 * blocks
    assert after.alloc - before.alloc == after.free - before.free


@kernel("i8")
def one_too_large(n):
    a, b, c = workspace(10**5, 10**5, n)
    return a[0] + b[0] + c[0]


def test_where_there_is_no_memory_nothing_is_kept():
    with pytest.raises(MemoryError, match="too large"):
        one_too_large(2**50)
    _nrt_python.memsys_enable_stats()
    before = rtsys.get_allocation_stats()
    with pytest.raises(MemoryError, match="too large"):
        one_too_large(2**50)
    after = rtsys.get_allocation_stats()
    assert after.mi_alloc - before.mi_alloc == after.mi_free - before.mi_free == 2


@kernel("f8[:, ::1], i8[::1]")
def cleared(x, k):
    y, z = x.copy(), x.T.copy()
    y[:] = 0.0
    k[:] = 0
    z[1:] = 0.0
    return y, k, z


def test_arrays_are_cleared():
    for x in (np.ones((3, 4)), np.ones((2, 1)), np.ones((2, 0))):
        ours = cleared(x, np.ones(5, int))
        for one, other in zip(ours, cleared.py_func(x, np.ones(5, int)), strict=True):
            np.testing.assert_array_equal(one, other)
