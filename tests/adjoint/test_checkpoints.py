"""Gradients with checkpoints: those of the tape, within the memory that was named."""

from __future__ import annotations

import functools
import tracemalloc

import numpy as np
import pytest

import gradc
from gradc import checkpoint, grad
from gradc.errors import GradTypeError
from gradc.faces.checking import is_active
from gradc.faces.containers import flatten
from tests.zoo import CASES

LOOPING = [
    case
    for case in CASES
    if case.smooth
    and case.name.split(".")[0] in ("loops", "iteration", "jumps", "mutation", "nested")
    and any(map(is_active, flatten(case.args)[0]))
]


def march(h, w, n):
    for _ in range(n):
        for j in range(h.shape[0]):
            h[j] = h[j] + 0.01 * w[j] * (1.0 - h[j] * h[j] * h[j])
    return np.sum(h * h)


def march_arrays(h, w, n):
    for _ in range(n):
        h = h + 0.01 * w * (1.0 - h * h * h)
    return np.sum(h * h)


def logistic(x, n):
    for i in range(n):
        x = x + 0.1 * x * x * (i + 1.0) / 100.0 - 0.05 * x
    return x


def backwards(x, n):
    for i in range(2 * n, 1, -3):
        x = x + 0.01 * np.sin(x * i)
    return x


def decay(x, least):
    k = 0
    while x * x > least:
        x = x - 0.01 * x * x * x - 0.001 * x
        k += 1
    return x * k


def marked(x, n):
    for i in checkpoint(range(n)):
        x = x + 0.1 * x * x * (i + 1.0) / 100.0 - 0.05 * x
    return x


@checkpoint
def decorated(x, n):
    for i in range(n):
        x = x + 0.1 * x * x * (i + 1.0) / 100.0 - 0.05 * x
    return x


def calls(x, n):
    return decorated(x, n) * decorated(x * x, n)


@pytest.mark.parametrize("limit", [600, 100_000])
@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in LOOPING[::2]])
def test_the_gradient_is_that_of_the_tape(case, limit):
    value, pullback = gradc.vjp(case.fn, *case.args, target="python")
    try:
        _, limited = gradc.vjp(case.fn, *case.args, target="python", memory_limit=limit)
        found = limited(value)
    except (GradTypeError, ValueError) as error:
        assert "memory_limit" in str(error)  # noqa: PT017
        return
    for one, other in zip(flatten(found)[0], flatten(pullback(value))[0], strict=True):
        if other is not None:
            np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    ("function", "args"),
    [(logistic, (0.3, 50)), (backwards, (0.7, 40)), (decay, (0.9, 0.01)), (calls, (0.4, 30))],
    ids=lambda value: getattr(value, "__name__", ""),
)
@pytest.mark.parametrize("limit", [60, 200, 5000])
def test_small_limits(function, args, limit):
    wanted = grad(function, target="python")(*args)
    limited = grad(function, target="python", memory_limit=2 * limit)
    assert limited(*args) == pytest.approx(wanted, rel=1e-12)
    limited.check(*args)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_short_loops(count):
    assert grad(logistic, target="python", memory_limit=100)(0.3, count) == pytest.approx(
        grad(logistic, target="python")(0.3, count), rel=1e-13
    )


def test_compiled():
    h, w = np.linspace(0.1, 0.9, 7), np.linspace(1.0, 2.0, 7)
    limited = grad(march, argnums=(0, 1), memory_limit=2500)
    for found, wanted in zip(
        limited(h, w, 300), grad(march, argnums=(0, 1), target="python")(h, w, 300), strict=True
    ):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)
    assert grad(decay, memory_limit=200)(0.9, 0.01) == pytest.approx(
        grad(decay, target="python")(0.9, 0.01), rel=1e-12
    )
    with pytest.raises(ValueError, match=r"at least 352 bytes of tape.*memory_limit is 90"):
        grad(march, memory_limit=90)(h, w, 300)


@pytest.mark.parametrize(("limit", "count"), [(20_000, 150), (60_000, 400)])
def test_peak_memory(limit, count):
    h, w = np.linspace(0.1, 0.9, 100), np.linspace(1.0, 2.0, 100)
    limited = grad(march_arrays, target="python", style="numpy", memory_limit=limit)
    taped = grad(march_arrays, target="python", style="numpy")
    np.testing.assert_allclose(limited(h, w, 3), taped(h, w, 3))
    peaks = []
    for gradient in (limited, taped):
        tracemalloc.start()
        gradient(h, w, count)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    few_arrays = 16 * h.nbytes  # whatever the number of steps
    assert peaks[0] <= limit + few_arrays
    assert peaks[1] >= count * h.nbytes


def test_the_least_limit_works_and_a_byte_less_does_not():
    h, w = np.linspace(0.1, 0.9, 100), np.linspace(1.0, 2.0, 100)
    with pytest.raises(ValueError, match="at least") as told:
        grad(march, target="python", memory_limit=900)(h, w, 20)
    needed = int(str(told.value).split("at least ")[1].split()[0])
    wanted = grad(march, target="python")(h, w, 20)
    found = grad(march, target="python", memory_limit=needed)(h, w, 20)
    np.testing.assert_allclose(found, wanted, rtol=1e-13)
    with pytest.raises(ValueError, match=f"at least {needed} bytes"):
        grad(march, target="python", memory_limit=needed - 1)(h, w, 20)


def test_marks_choose_a_schedule_without_a_limit():
    wanted = grad(logistic, target="python")(0.3, 50)
    for function in (marked, decorated):
        gradient = grad(function, target="python")
        assert gradient(0.3, 50) == pytest.approx(wanted, rel=1e-13)
        assert "gradc_runtime.schedule" in gradient.source
    plain = grad(logistic, target="python")
    assert plain(0.3, 50) == pytest.approx(wanted, rel=1e-13)
    assert "gradc_runtime.schedule" not in plain.source
    assert marked(0.3, 50) == decorated(0.3, 50) == logistic(0.3, 50)


def marked_inside(x, n):
    return checkpoint(logistic)(x, n) * checkpoint(functools.partial(logistic, n=n))(x * x)


class Model:
    rate = 0.1

    def run(self, x, n):
        for _ in range(n):
            x = x + self.rate * x * x - 0.05 * x
        return x

    def __call__(self, x, n):
        return checkpoint(self.run)(x, n) * checkpoint(lambda y: self.run(y, n))(x * x)


@pytest.mark.parametrize("function", [marked_inside, Model().__call__])
def test_functions_are_marked_where_they_are_called(function, monkeypatch):
    gradient = grad(function, target="python")
    found = gradient(0.3, 50)
    # each of both loops goes to the last checkpoint, and from there on
    assert gradient.source.count("advance(") == 4
    monkeypatch.setattr(f"{__name__}.checkpoint", lambda items: items)
    plain = grad(function, target="python")
    assert found == pytest.approx(plain(0.3, 50), rel=1e-13)
    assert "schedule" not in plain.source
    # nothing outside is marked
    assert not hasattr(logistic, "__gradc_checkpoint__")


def test_what_has_no_loops_of_its_own_is_left_as_it_is():
    def function(x):
        return checkpoint(np.sin)(x) * checkpoint(grad(lambda y: y**3))(x)

    assert grad(function, target="python")(0.5) == pytest.approx(
        0.75 * np.cos(0.5) + 3.0 * np.sin(0.5)
    )


@pytest.mark.parametrize("function", [marked, decorated, calls, marked_inside])
def test_second_order(function):
    found = grad(grad(function, target="python"), target="python")(0.4, 12)
    step = 1e-4
    low, high = (grad(function, target="python")(0.4 + s, 12) for s in (-step, step))
    assert found == pytest.approx((high - low) / (2 * step), rel=1e-6)


def settling(x, n):
    for _ in range(n):
        while x * x > 1.0:
            x = x * x * 0.3
        x = x * x + 1.2
    return x


def uneven(h, n, k):
    for i in range(n):
        for j in range((i * 7) % k):
            steps = 0
            while steps < j % 3:
                h = h + 0.01 * np.sin(h)
                steps += 1
            h = h * 0.99
    return np.sum(h)


def marked_inside_a_loop(h, n, k):
    for _ in range(n):
        for _ in checkpoint(range(k)):
            h = h + 0.01 * np.sin(h)
    return np.sum(h)


def test_an_inner_while_loop_has_a_part_of_the_limit():
    found = grad(settling, target="python", memory_limit=2_000)(1.2, 5)
    assert found == pytest.approx(grad(settling, target="python")(1.2, 5), rel=1e-12)


@pytest.mark.parametrize(
    ("function", "args", "limit"),
    [
        (uneven, (np.ones(500), 12, 15), 200_000),
        (marked_inside_a_loop, (np.ones(500), 60, 20), 150_000),
    ],
)
def test_inner_loops_of_unknown_length_have_a_part_of_the_limit(function, args, limit):
    def peak(gradient):
        gradient(*args)
        tracemalloc.start()
        found = gradient(*args)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found, size

    wanted, taken = peak(grad(function, target="python", style="numpy"))
    found, kept = peak(grad(function, target="python", style="numpy", memory_limit=limit))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    # beside checkpoints and tapes there are the arrays of the program
    assert kept < limit + 80_000 < taken


def test_no_tape_no_checkpoints():
    def independent(x):
        total = 0.0
        for i in range(x.shape[0]):
            total += np.sin(x[i])
        return total

    gradient = gradc.grad(independent, target="python", memory_limit=1)
    x = np.linspace(0.0, 1.0, 5)
    np.testing.assert_allclose(gradient(x), np.cos(x))
