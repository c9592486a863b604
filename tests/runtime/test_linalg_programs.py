"""Compiled programs with linear algebra: values, gradients, errors, and a second process."""

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import gradc
from tests.zoo import matrices


@pytest.mark.parametrize("case", matrices.zoo.cases, ids=lambda case: case.name)
def test_compiled_as_uncompiled(case):
    results = []
    for target in ("python", "cpu"):
        value, pullback = gradc.vjp(case.fn, *case.args, target=target, fastmath=False)
        bars = pullback(np.ones_like(value) if isinstance(value, np.ndarray) else 1.0)
        results.append([value, *(bar for bar in bars if bar is not None)])
    for found, wanted in zip(*results, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12)


def solved(a, b):
    x = b * 2.0
    return np.sum(np.linalg.solve(a, x))


@pytest.mark.parametrize("target", ["cpu", "python"])
def test_a_singular_matrix_is_an_error_at_the_users_line(target):
    gradient = gradc.grad(solved, target=target)
    with pytest.raises(np.linalg.LinAlgError) as error:
        gradient(np.ones((2, 2)), np.ones(2))
    message = str(error.value)
    line = solved.__code__.co_firstlineno + 2
    assert f"test_linalg_programs.py:{line}: Singular matrix" in message
    assert "return np.sum(np.linalg.solve(a, x))" in message


def test_single_precision():
    a = np.array([[2.0, 0.5], [0.3, 1.0]], np.float32)
    gradient = gradc.grad(lambda a: np.linalg.slogdet(a)[1])(a)
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(gradient, np.linalg.inv(a).T, rtol=1e-6)


SECOND = """
    import numpy as np
    import gradc
    import example

    a = np.array([[2.0, 0.5], [0.3, 1.0]])
    gradient = gradc.grad(example.f)
    assert np.allclose(gradient(a), np.linalg.inv(a).T)
"""


def test_a_second_process_finds_the_routines(tmp_path: Path):
    (tmp_path / "example.py").write_text(
        "import numpy as np\n\n\ndef f(a):\n    return np.linalg.slogdet(a)[1]\n"
    )
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SECOND))
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, str(script)], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
