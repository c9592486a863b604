"""No kernel loads SciPy's linear algebra, and matrix products still find their BLAS."""

import subprocess
import sys
import textwrap

MODULE = """
import numpy as np

from gradc_runtime.arrays import dot
from gradc_runtime.jit import kernel


@kernel("f8[::1]")
def total(x):
    s = 0.0
    for i in range(x.shape[0]):
        s += np.exp(x[i])
    return s


@kernel("f8[:, ::1], f8[:, ::1]")
def product(x, y):
    return dot(x, y.T)
"""

CALL = """
    import sys
    import numpy as np
    from gradc_runtime.loading import load

    module = load(sys.argv[1])
    print(module.total(np.zeros(3)), "scipy.linalg" in sys.modules)
    x, y = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(4, 3)
    print(np.array_equal(module.product(x, y), x @ y.T), "scipy.linalg" in sys.modules)
    from numba.np import arraymath, linalg
    print(linalg.ensure_blas is arraymath.ensure_blas, linalg.ensure_blas.__name__)
    import scipy.linalg.cython_blas
    print(scipy.linalg.cython_blas.__name__, scipy.linalg.solve(2 * np.eye(1), [1.0]))
"""


def run(path):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CALL), str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_no_kernel_loads_the_linear_algebra(tmp_path):
    path = tmp_path / "generated.py"
    path.write_text(MODULE)
    # compiled by the first process, from the cache in the second
    for _ in range(2):
        found = run(path)
        assert found[:3] == ["3.0 False", "True False", "True ensure_blas"]
        # who imports it afterwards finds all of it
        assert found[3] == "scipy.linalg.cython_blas [0.5]"
