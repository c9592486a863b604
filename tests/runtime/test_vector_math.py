"""Elementary functions in loops that are vectorised: within 4 ulp, and themselves elsewhere."""

from __future__ import annotations

import itertools
import math
import re
import subprocess
import sys

import numpy as np
import pytest

from gradc import grad
from gradc_runtime.jit import kernel
from gradc_runtime.loading import load

vector_math = pytest.importorskip("gradc_runtime.vector_math")

needs_libmvec = pytest.mark.skipif(
    not (vector_math.load() and vector_math.instruction_sets()), reason="libmvec is not here"
)

MOST_ULP = 4
RANGES = {
    "exp": (-700.0, 700.0),
    "log": (1e-300, 1e300),
    "sin": (-100.0, 100.0),
    "cos": (-100.0, 100.0),
    "tanh": (-20.0, 20.0),
    "log1p": (-0.999, 1e5),
    "expm1": (-30.0, 300.0),
}
SPECIAL = [0.0, -0.0, math.inf, -math.inf, math.nan, 1e308, -1e308, 5e-324, 1.0, -1.0]


@kernel("f8[::1], f8[:, ::1]")
def all_of_them(x, out):
    for i in range(x.shape[0]):
        out[0, i] = np.exp(x[i])
    for i in range(x.shape[0]):
        out[1, i] = np.log(x[i])
    for i in range(x.shape[0]):
        out[2, i] = np.sin(x[i])
    for i in range(x.shape[0]):
        out[3, i] = np.cos(x[i])
    for i in range(x.shape[0]):
        out[4, i] = np.tanh(x[i])
    for i in range(x.shape[0]):
        out[5, i] = np.log1p(x[i])
    for i in range(x.shape[0]):
        out[6, i] = np.expm1(x[i])


@kernel("f4[::1], f4[::1]")
def single_exp(x, out):
    for i in range(x.shape[0]):
        out[i] = np.exp(x[i])


@kernel("f8[::1], f8[::1], f8[::1]")
def powers(x, y, out):
    for i in range(x.shape[0]):
        out[i] = x[i] ** y[i]


@kernel("f4[::1], f4[::1], f4[::1]")
def single_powers(x, y, out):
    for i in range(x.shape[0]):
        out[i] = x[i] ** y[i]


def ulps(found, exact):
    with np.errstate(all="ignore"):
        return np.abs(found - exact) / np.spacing(np.abs(exact))


@needs_libmvec
def test_within_four_ulp():
    mpmath = pytest.importorskip("mpmath")
    for row, (name, (low, high)) in enumerate(RANGES.items()):
        x = np.random.default_rng(row).uniform(low, high, 257)
        out = np.empty((len(RANGES), x.shape[0]))
        all_of_them(x, out)
        with mpmath.workdps(40):
            exact = np.array([float(getattr(mpmath, name)(mpmath.mpf(float(v)))) for v in x])
        assert ulps(out[row], exact).max() <= MOST_ULP, name


@needs_libmvec
def test_powers_within_four_ulp():
    mpmath = pytest.importorskip("mpmath")
    rng = np.random.default_rng(9)
    x, y = np.exp(rng.uniform(-20.0, 20.0, 300)), rng.uniform(-15.0, 15.0, 300)
    out = np.empty_like(x)
    powers(x, y, out)
    with mpmath.workdps(40):
        exact = np.array([float(mpmath.mpf(a) ** mpmath.mpf(b)) for a, b in zip(x, y, strict=True)])
    assert ulps(out, exact).max() <= MOST_ULP
    single = np.empty(300, np.float32)
    single_powers(np.sqrt(x).astype(np.float32), (y / 10).astype(np.float32), single)
    base, power = np.sqrt(x).astype(np.float32), (y / 10).astype(np.float32)
    wide = base.astype(np.float64) ** power.astype(np.float64)
    assert (np.abs(single - wide) / np.spacing(wide.astype(np.float32))).max() <= MOST_ULP


@needs_libmvec
def test_powers_of_special_values():
    values = [*SPECIAL, 2.0, 0.5, -2.0, 3.0, -3.0, 1e-3]
    x, y = map(np.array, zip(*itertools.product(values, values), strict=True))
    out = np.empty_like(x)
    powers(x, y, out)
    with np.errstate(all="ignore"):
        wanted = x**y
    np.testing.assert_array_equal(np.isnan(out), np.isnan(wanted))
    np.testing.assert_allclose(out, wanted, rtol=1e-15, atol=5e-324)


@needs_libmvec
def test_special_values_at_every_place_of_a_register():
    for shift in range(8):
        x = np.tile(np.roll(SPECIAL, shift), 4)
        out = np.empty((len(RANGES), x.shape[0]))
        all_of_them(x, out)
        with np.errstate(all="ignore"):
            for row, name in enumerate(RANGES):
                wanted = getattr(np, name)(x)
                np.testing.assert_array_equal(np.isnan(out[row]), np.isnan(wanted), err_msg=name)
                np.testing.assert_allclose(out[row], wanted, rtol=1e-15, atol=5e-324, err_msg=name)


@needs_libmvec
def test_single_precision():
    x = np.linspace(-80.0, 80.0, 301, dtype=np.float32)
    out = np.empty_like(x)
    single_exp(x, out)
    exact = np.exp(x.astype(np.float64))
    assert (np.abs(out - exact) / np.spacing(exact.astype(np.float32))).max() <= MOST_ULP


MODULE = """
import numpy as np

from gradc_runtime.jit import kernel


@kernel("f8[::1], f8[::1]", fastmath=FASTMATH)
def exponentials(x, out):
    for i in range(x.shape[0]):
        out[i] = np.exp(x[i])


@kernel("f8[::1], f8[::1]", fastmath=FASTMATH)
def powers(x, out):
    for i in range(x.shape[0]):
        out[i] = x[i] ** x[i]
"""


@needs_libmvec
@pytest.mark.parametrize("fastmath", [True, False])
def test_the_loop_is_vectorised_unless_it_is_strict(tmp_path, fastmath):
    path = tmp_path / "module.py"
    path.write_text(MODULE.replace("FASTMATH", str(fastmath)), encoding="utf-8")
    exponentials = load(path).exponentials
    x = np.linspace(-5.0, 5.0, 101)
    out = np.empty_like(x)
    exponentials(x, out)
    # what was compiled now, not what came from a cache
    assert ("afn <" in exponentials.inspect_llvm()) == fastmath
    assert ("_ZGV" in exponentials.inspect_llvm()) == fastmath
    if not fastmath:
        np.testing.assert_array_equal(out, [math.exp(value) for value in x])
    powers = load(path).powers
    powers(np.exp(x), out)
    assert ("_ZGV" in powers.inspect_llvm()) == fastmath


TOTAL = """
import numpy as np

from gradc_runtime.jit import kernel


@kernel("f8[::1]")
def total(x):
    result = 0.0
    for i in range(x.shape[0]):
        result += np.exp(x[i])
    return result
"""


@needs_libmvec
def test_what_a_loop_keeps_across_calls_lies_in_one_line_of_the_cache(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(TOTAL, encoding="utf-8")
    total = load(path).total
    total(np.ones(3))
    (assembly,) = total.dispatcher.inspect_asm().values()
    body = re.search(r"^_ZN\d+[^\n]*total[^\n]*:$(.*?)cfi_endproc", assembly, re.S | re.M)
    if not re.search(r"%[yz]mm", body[1]):
        pytest.skip("the processor has no vectors of 32 bytes")
    assert re.search(r"andq\s+\$-(32|64), %rsp", body[1])


SCALAR = """
from gradc import grad

def power(x, y):
    return x**y

print(repr(grad(power)(2.0, 3.5)))
"""


PROGRAM = """
import numpy as np
from gradc import grad

def smooth(x):
    return np.sum(np.exp(-x * x) * np.tanh(x))

x = np.linspace(-2.0, 2.0, 1001)
print(repr(float(np.sum(grad(smooth)(x) * x))))
"""


def smooth(x):
    return np.sum(np.exp(-x * x) * np.tanh(x))


@pytest.mark.parametrize(("text", "value"), [(PROGRAM, None), (SCALAR, 3.5 * 2.0**2.5)])
def test_a_second_process_finds_the_functions(tmp_path, monkeypatch, text, value):
    monkeypatch.setenv("GRADC_CACHE_DIR", str(tmp_path / "cache"))
    script = tmp_path / "program.py"
    script.write_text(text, encoding="utf-8")
    said = [
        subprocess.run(
            [sys.executable, str(script)], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert said[0] == said[1]
    if value is None:
        x = np.linspace(-2.0, 2.0, 1001)
        value = np.sum(grad(smooth, target="python")(x) * x)
    assert float(said[0]) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("fastmath", [True, False])
def test_gradients_are_the_same_with_and_without(fastmath):
    x = np.linspace(-2.0, 2.0, 101)
    np.testing.assert_allclose(
        grad(smooth, fastmath=fastmath)(x),
        grad(smooth, target="python")(x),
        rtol=1e-13,
        atol=1e-15,
    )
