"""Special functions of the runtime: compiled ones against SciPy, and in a second process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import special as scipy_special

from gradc_runtime import special
from gradc_runtime.loading import load
from gradc_runtime.special_compiled import hurwitz_zeta

PROGRAM = '''"""t"""

from gradc_runtime import special
from gradc_runtime.jit import kernel


@kernel("f8")
def several(x):
    return special.jv(2.0, x) + special.gammaln(x) + special.zeta(2.0, x)


@kernel("f4")
def single(x):
    return special.erfinv(x)
'''


@pytest.mark.parametrize("s", [1.1, 2.0, 3.0, 5.5, 20.0, 150.0])
def test_zeta(s):
    for q in (0.01, 0.3, 1.0, 7.0, 9.99, 20.0, 300.0):
        assert hurwitz_zeta(s, q) == pytest.approx(scipy_special.zeta(s, q), rel=3e-15)


def test_zeta_at_its_edges():
    assert hurwitz_zeta(2.0, -3.0) == np.inf
    assert hurwitz_zeta(1.0, 2.0) == np.inf
    assert np.isnan(hurwitz_zeta(2.5, -0.5))
    assert hurwitz_zeta(2.0, -0.5) == pytest.approx(scipy_special.zeta(2.0, -0.5), rel=3e-15)


def test_element_types_are_kept():
    for dtype in (np.float32, np.float64):
        x = np.array([0.3, 1.2], dtype)
        assert special.gammaln(x).dtype == dtype
        assert special.jv(dtype(2.0), x[0]).dtype == dtype


def test_what_is_no_function():
    with pytest.raises(AttributeError):
        special.scipy_function("nothing_of_the_kind")


def test_a_cached_kernel_is_right_in_another_process(tmp_path: Path):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    module = load(path)
    wanted = scipy_special.jv(2, 1.3) + scipy_special.gammaln(1.3) + scipy_special.zeta(2, 1.3)
    assert module.several(1.3) == pytest.approx(wanted, rel=1e-14)
    assert module.single(np.float32(0.3)) == np.float32(scipy_special.erfinv(np.float32(0.3)))
    again = (
        f"from gradc_runtime.loading import load; m = load({str(path)!r})\n"
        "print(repr(float(m.several(1.3))), dict(m.several.dispatcher.stats.cache_hits))"
    )
    done = subprocess.run(
        [sys.executable, "-c", again], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    value, hits = done.stdout.split(" ", 1)
    assert float(value) == module.several(1.3)
    assert ": 1" in hits, "the kernel was compiled again"


def test_scipy_is_loaded_only_when_needed():
    code = (
        "import sys, gradc_runtime.jit, gradc_runtime.special, gradc_runtime.arrays\n"
        "assert 'scipy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
