"""Loading numba without what kernels seldom need."""

from __future__ import annotations

import importlib
import sys
import threading
from importlib.util import find_spec
from typing import Any

_LOADING = threading.Lock()


def load_array_functions() -> None:
    """Load what numba knows of NumPy, but not all of SciPy's linear algebra with it.

    numba imports ``scipy.linalg`` with its first kernel, compiled or from the cache, only to note
    that a BLAS is there: half of the time a small cached kernel takes to load. Here it is told so,
    since SciPy comes with gradc. Matrix products of kernels load the file that they call alone
    (:mod:`gradc_runtime.scipy_exports`); numba looks again for functions of other people's.
    """
    with _LOADING:
        if "numba.np.arraymath" in sys.modules or "scipy.linalg" in sys.modules:
            return
        linalg: Any = importlib.import_module("numba.np.linalg")
        probe = getattr(linalg, "ensure_blas", None)
        if probe is None or find_spec("scipy") is None:
            return
        linalg.ensure_blas = _found
        try:
            array_functions: Any = importlib.import_module("numba.np.arraymath")
        finally:
            linalg.ensure_blas = probe
        array_functions.ensure_blas = probe


def _found() -> None:
    """Say nothing, which means that the BLAS is there."""
