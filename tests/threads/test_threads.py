"""Reverse sweeps over threads: no races, and the same bits for any number of them."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest

import gradc


def one_sum(a, x):
    """All iterations add to one cotangent."""
    s = 0.0
    for i in range(len(x)):
        s += np.sin(a * x[i])
    return s


def elements(a, x):
    """Cotangents of neighbours meet in one element."""
    s = 0.0
    for i in range(1, len(x) - 1):
        s += np.exp(a * x[i - 1]) * x[i] - x[i + 1] ** 2
    return s


def gathered(a, x):
    """Elements that are read again and again through an index."""
    s = 0.0
    for i in range(len(x)):
        s += a * x[i % 7] * x[(3 * i) % 5]
    return s


RACES = [
    ("clad_2114", one_sum),
    ("enzyme_3378", elements),
    ("mooncake_791", gathered),
    ("mooncake_1104", one_sum),
    ("warp_790", gathered),
]


@pytest.mark.parametrize(("thread", "function"), RACES, ids=[name for name, _ in RACES])
def test_the_same_bits_at_any_number_of_threads(thread, function):
    """The reverse sweep races on what the iterations share: contributions are lost."""
    x = np.random.default_rng(3).uniform(-1.0, 1.0, 20_000)
    gradient = gradc.value_and_grad(function, argnums=(0, 1), parallel=True)
    serial, (a_bar, x_bar) = gradc.value_and_grad(function, argnums=(0, 1))(0.5, x)
    most = numba.get_num_threads()
    seen = set()
    try:
        for threads in range(1, most + 1):
            numba.set_num_threads(threads)
            for _ in range(10):
                value, (a_found, x_found) = gradient(0.5, x)
                seen.add((float(value).hex(), float(a_found).hex(), x_found.tobytes()))
    finally:
        numba.set_num_threads(most)
    assert len(seen) == 1
    assert value == pytest.approx(serial, rel=1e-11)
    assert a_found == pytest.approx(a_bar, rel=1e-11)
    np.testing.assert_allclose(x_found, x_bar, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("thread", ["stan_222", "stan_800", "adolc_114"])
def test_many_threads_call_one_gradient(thread):
    """The tape is one for the process, or for the thread: calls at the same time destroy it."""

    def product(x, n):
        p = 1.0
        k = 0
        while k < n:
            p = p * np.sin(x + k)
            k += 1
        return p

    gradient = gradc.grad(product)
    gradient(0.1, 3)
    points = [(0.1 + 0.01 * k, 40 + k) for k in range(40)]
    wanted = [gradient(*point) for point in points]
    start = threading.Barrier(4)

    def all_of_them(_):
        start.wait()
        return [gradient(*point) for point in points]

    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(all_of_them, range(4)):
            assert found == wanted
