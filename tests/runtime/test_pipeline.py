"""Kernels compiled by gradc's passes of numba mean what their text means, and lose no memory."""

import sys

import numpy as np
import pytest
from numba.core.runtime import _nrt_python, rtsys

from gradc_runtime.jit import kernel, routine
from gradc_runtime.loading import load


@kernel("f8[:, ::1], f4[::1], b1[::1], i4[:, :], i8")
def elements(x, single, flags, counts, n):
    out = np.zeros((x.shape[1], x.shape[0]))
    for i in range(x.shape[0]):
        for j in range(x.shape[1] - 1, -1, -1):
            out[j, i] = x[i, j] if flags[j] else counts[i, j]
    for k in range(0, n, 2):
        single[k] += np.float32(0.5)
        flags[k] = not flags[k]
    backwards = 0
    for k in range(n, 0, -3):
        backwards = 10 * backwards + k
    return out, single, flags, backwards


@kernel("f8[::1], i8")
def takes_turns(x, n):
    first = np.empty(x.shape[0])
    second = np.empty(x.shape[0])
    for k in range(x.shape[0]):
        first[k] = x[k]
    for step in range(n):
        for k in range(x.shape[0]):
            second[k] = first[k] + step
        first, second = second, first
    x = second
    if n > 3:
        raise ValueError("too many")
    return first, x


@kernel("f8[:, ::1]")
def two_orders(x):
    a = x.T
    total = 0.0
    for i in range(a.shape[0]):
        total += a[i, 0] * (i + 1)
    a = np.empty((2, 2))
    t = 3
    u = t // 2
    t = 0.5
    a[0, 0] = t * u
    return total + a[0, 0]


@kernel("f8[:, ::1], i8, i8")
def other_sizes(x, n, m):
    flat = x.reshape(x.shape[0] * x.shape[1])
    flat[1] = 7.0
    lying = np.ascontiguousarray(x.T).reshape((m, 1, n))
    standing = np.ascontiguousarray(x).reshape((m, n))
    standing[0, 0] = 5.0
    return x, lying, flat.reshape((1, flat.shape[0]))


@kernel("f8[:, ::1], i8")
def shared_names(x, n):
    a = x.T if n > 2 else x
    total = 0.0
    last = 0
    for i in range(n):
        t = 0.5 * i
        total += t
        last = i
    for i in range(a.shape[0]):
        t = i % 2
        if t:
            continue
        for j in range(a.shape[1]):
            total += a[i, j] * (t + last)
    i = total
    while i > 1.0:
        i /= 2.0
        last -= 1
    return total, i, last


@kernel("f8[:, :, ::1], f8[:, ::1], f4[::1], i8")
def rows(x, y, single, i):
    x[i] = y
    x[1, i, :] = y[0]
    x[0, 1] = y[i + 1]
    y[:, :] = x[1]
    copy = np.empty(single.shape[0], np.float32)
    copy[:] = single.copy()
    single[:] = 0.0
    y[0, :] = single
    return x, y, copy, single


@routine()
def half_of_each(x):
    y = np.empty(x.shape[0])
    for k in range(x.shape[0]):
        y[k] = 0.5 * x[k]
    return y


@kernel("f8[::1]")
def gives_back(x):
    y = half_of_each(x)
    return x, half_of_each(y), x.shape


def matrices():
    rng = np.random.default_rng(0)
    counts = np.asfortranarray(rng.integers(0, 9, (3, 5)).astype(np.int32))
    return rng.random((3, 5)), np.ones(5, np.float32), rng.random(5) < 0.5, counts, 5


@pytest.mark.parametrize(
    ("compiled", "arguments"),
    [
        (elements, matrices),
        (takes_turns, lambda: (np.arange(4.0), 3)),
        (two_orders, lambda: (np.arange(6.0).reshape(2, 3),)),
        (other_sizes, lambda: (np.arange(6.0).reshape(2, 3), 3, 2)),
        (
            rows,
            lambda: (np.ones((2, 2, 3)), np.arange(6.0).reshape(2, 3), np.ones(3, np.float32), 0),
        ),
        (shared_names, lambda: (np.arange(6.0).reshape(2, 3), 3)),
        (shared_names, lambda: (np.arange(6.0).reshape(2, 3), 2)),
        (gives_back, lambda: (np.arange(4.0),)),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_compiled_and_uncompiled_agree(compiled, arguments):
    ours, theirs = compiled(*arguments()), compiled.py_func(*arguments())
    pairs = zip(ours, theirs, strict=True) if isinstance(ours, tuple) else [(ours, theirs)]
    for one, other in pairs:
        np.testing.assert_array_equal(one, other)


def test_arrays_are_released_and_arguments_stay():
    x, matrix, cube = np.arange(4.0), np.ones((2, 3)), np.ones((2, 2, 3))
    single = np.ones(3, np.float32)
    calls = (
        lambda: gives_back(x),
        lambda: takes_turns(x, 2),
        lambda: raises(x),
        lambda: other_sizes(matrix, 3, 2),
        lambda: rows(cube, matrix, single, 0),
    )
    for call in calls:
        call()
        _nrt_python.memsys_enable_stats()
        before, held = rtsys.get_allocation_stats(), sys.getrefcount(x)
        for _ in range(10):
            call()
        after = rtsys.get_allocation_stats()
        assert after.alloc - before.alloc == after.free - before.free > 0
        assert sys.getrefcount(x) == held


@pytest.mark.parametrize(("n", "m"), [(3, 3), (-3, -2), (0, 0)])
def test_sizes_that_do_not_fit_are_refused(n, m):
    with pytest.raises(ValueError, match="total size of new array must be unchanged"):
        other_sizes(np.ones((2, 3)), n, m)


def test_rows_of_another_length_are_refused():
    with pytest.raises(ValueError, match="could not assign an array of another shape"):
        rows(np.ones((2, 2, 3)), np.ones((2, 4)), np.ones(3, np.float32), 0)


def raises(x):
    with pytest.raises(ValueError, match="too many"):
        takes_turns(x, 4)


TWICE = """
from gradc_runtime.jit import kernel


@kernel("f8[::1]")
def twice(x):
    for i in range(x.shape[0]):
        x[i] *= 2.0
"""


def test_what_numba_is_spared(tmp_path):
    path = tmp_path / "generated.py"
    path.write_text(TWICE)
    (metadata,) = load(path).twice.dispatcher.get_metadata().values()
    (times,) = metadata["pipeline_times"].values()
    passes = " ".join(times)
    assert "gradc_independent_lowering" in passes
    assert "inline_closure_likes" not in passes
    assert "reconstruct_ssa" not in passes


def test_new_arrays_begin_where_vectors_do():
    held = [takes_turns(np.arange(float(n)), 1) for n in range(1, 20)]
    assert all(array.ctypes.data % 64 == 0 for pair in held for array in pair)
