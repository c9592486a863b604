"""Patterns that are known: as small as they can be, and the same for all values of floats."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
from gradc.faces.program import make_program
from gradc.faces.structure import PatternProgram


def pattern(function, *args, target="python"):
    return gradc.sparse_jacobian(function, target=target).pattern(*args).toarray().astype(int)


def stencil(x):
    y = np.zeros_like(x)
    for i in range(1, len(x) - 1):
        y[i] = x[i - 1] * x[i + 1] - np.exp(x[i])
    return y


def slices(x):
    y = 2.0 * x
    y[1:] -= x[:-1] ** 2
    return y


def test_loops_and_slices_are_exact():
    x = np.linspace(0.1, 0.9, 5)
    wanted = np.array(
        [[0, 0, 0, 0, 0], [1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 0, 0, 0]]
    )
    np.testing.assert_array_equal(pattern(stencil, x), wanted)
    np.testing.assert_array_equal(pattern(slices, x), np.eye(5) + np.eye(5, k=-1))


def overwritten(x):
    y = x[::-1].copy()
    for i in range(len(x)):
        y[i] = x[i] * x[0]
    return y


def test_what_is_overwritten_is_forgotten():
    wanted = np.eye(4, dtype=int)
    wanted[:, 0] = 1
    np.testing.assert_array_equal(pattern(overwritten, np.ones(4)), wanted)


def chosen(x):
    y = np.zeros_like(x)
    for i in range(len(x)):
        if x[i] > 0:
            y[i] = x[i] ** 2
        else:
            y[i] = x[i - 1]
    return y


def test_a_branch_on_a_float_takes_both_ways():
    wanted = np.eye(4, dtype=int) + np.roll(np.eye(4, dtype=int), -1, axis=1)
    for x in (np.ones(4), -np.ones(4)):
        np.testing.assert_array_equal(pattern(chosen, x), wanted)


def guarded(x, weights):
    y = np.zeros_like(x)
    for i in range(len(x)):
        if weights[i] > 0.5:  # where it is not, x[i + 1] may not be there
            y[i] = x[i + 1]
    return y


def test_an_index_out_of_range_on_a_way_not_taken():
    found = pattern(guarded, np.ones(3), np.array([1.0, 1.0, 0.0]))
    np.testing.assert_array_equal(found, np.eye(3, k=1))


def parity(x, n):
    y = np.zeros_like(x)
    for i in range(len(x)):
        y[i] = x[0] if (i + n) % 2 == 0 else x[i]
    return y


def test_a_branch_on_an_integer_takes_one_way():
    jacobian = gradc.sparse_jacobian(parity, target="python")
    even = jacobian.pattern(np.ones(4), 0).toarray().astype(int)
    odd = jacobian.pattern(np.ones(4), 1).toarray().astype(int)
    np.testing.assert_array_equal(even, [[1, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
    np.testing.assert_array_equal(odd, [[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0]])


def gathered(x, where):
    return x[where] ** 2


def test_integer_arrays_are_known():
    jacobian = gradc.sparse_jacobian(gathered, target="python")
    x = np.ones(4)
    for where in ([2, 0, 2], [1, 1, 3]):
        found = jacobian.pattern(x, np.array(where)).toarray()
        np.testing.assert_array_equal(found, np.eye(4, dtype=bool)[where])


def newton(x):
    y = np.zeros_like(x)
    for i in range(len(x)):
        root = x[i]
        while abs(root * root - x[i]) > 1e-12:
            root = 0.5 * (root + x[i] / root)
        y[i] = root
    return y


def test_a_loop_of_unknown_length_over_numbers_is_exact():
    np.testing.assert_array_equal(pattern(newton, np.array([1.0, 4.0, 9.0])), np.eye(3))


def scattered(x):
    y = np.zeros(3)
    for i in range(2):
        y[int(x[i]) % 3] += x[i]
    return y


def test_an_unknown_index_means_every_element():
    np.testing.assert_array_equal(pattern(scattered, np.array([0.5, 1.5, 2.5])), [[1, 1, 0]] * 3)


def relaxed(x):
    y = x.copy()
    while np.sum(y**2) > 1e-3:
        y = 0.5 * y
    return y


def test_an_array_in_a_loop_of_unknown_length_is_one_set():
    assert pattern(relaxed, np.ones(3)).all()


def exactly(x):
    n = len(x)
    y = np.zeros(n)
    k = 0
    while k < n:
        y[k] = x[k]
        k += 2
    return y


def test_a_while_loop_over_integers_is_exact():
    np.testing.assert_array_equal(pattern(exactly, np.ones(4)), np.diag([1, 0, 1, 0]))


def product(a, b):
    return a @ b


def test_products_of_matrices():
    a = np.ones((3, 2))
    rows = np.kron(np.eye(3, dtype=int), np.ones((2, 2), int))
    np.testing.assert_array_equal(pattern(product, a, np.ones((2, 2))), rows)
    # large enough to stay a call of BLAS
    size = 40
    found = gradc.sparse_jacobian(product, target="python").pattern(
        np.ones((size, size)), np.ones(size)
    )
    np.testing.assert_array_equal(found.toarray(), np.kron(np.eye(size), np.ones(size)))


def running(x):
    y = np.zeros_like(x)
    total = 0.0
    for i in range(len(x)):
        total += x[i]
        y[i] = total
    return y


def test_sets_larger_than_a_record():
    size = 100
    np.testing.assert_array_equal(pattern(running, np.ones(size)), np.tri(size))


@pytest.mark.parametrize("size", [1000, 4000])
def test_the_work_grows_with_the_entries(size):
    """Counted, not timed: what the pattern program writes for each element."""
    program = make_program(stencil, (np.ones(size),), {}, ["x"], gradc_options())
    patterns = PatternProgram(program.derivative("jvp", [0]))
    sets, results, _ = patterns.sets_at([np.ones(size)])
    assert sets[0] <= 2 + 6 * size
    assert results[0].shape == (size,)


def gradc_options():
    from gradc.options import Options

    return Options()


def masked(x):
    return x[x > 0]


def test_a_result_whose_size_depends_on_floats_is_refused():
    with pytest.raises(gradc.GradTypeError, match="size of a result depends on values") as found:
        pattern(masked, np.ones(3))
    assert "def masked" in str(found.value)
