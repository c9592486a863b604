"""The functions that were promised by name: each is supported, or refused with what to write."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.frontend.python.public import named_function
from gradc.frontend.python.refused import refusal_of
from tests.surface.test_walk import is_taken

_NUMPY = """
power hypot arctan2 logaddexp clip where maximum minimum fmax fmin nan_to_num heaviside sinc deg2rad
copysign fmod mod remainder divmod floor sign rint sum prod mean var std max min argmax argmin
median percentile quantile ptp any all count_nonzero nansum nanprod nanmean nanvar nanstd nanmax
nanmin nanargmax nanargmin nanmedian nanpercentile nanquantile nancumsum nancumprod cumsum cumprod
diff gradient trapezoid convolve correlate histogram dot matmul vdot inner outer kron cross
tensordot einsum trace reshape ravel transpose moveaxis swapaxes expand_dims squeeze broadcast_to
concatenate stack vstack hstack dstack column_stack split array_split hsplit vsplit dsplit tile
repeat pad roll flip rot90 take take_along_axis put_along_axis choose compress extract select
piecewise sort argsort partition unique searchsorted digitize meshgrid indices diag diagonal
diagflat tri tril triu fill_diagonal ix_ insert delete append interp polyval vander zeros ones full
arange linspace eye identity zeros_like ones_like full_like empty_like array
"""
_LINALG = """
matrix_power inv solve det slogdet cholesky qr eigh svd lstsq pinv norm multi_dot
"""
_FFT = "fft ifft rfft irfft fft2 ifft2 rfft2 irfft2 fftn ifftn rfftn irfftn hfft ihfft fftfreq"
_SPECIAL = """
gamma gammaln digamma polygamma erf erfc erfinv erfcx expit logit log_expit xlogy xlog1py beta
betaln betainc gammainc gammaincc j0 j1 y0 y1 i0 i1 iv jv ndtr log_ndtr ndtri logsumexp softmax
log_softmax entr rel_entr
"""
#: Ufuncs of floats: all of NumPy's.
_UFUNCS = [
    f"numpy.{name}"
    for name in dir(np)
    if isinstance(getattr(np, name), np.ufunc)
    and any("d" in kind for kind in getattr(np, name).types)
]
NAMES = sorted(
    {f"numpy.{name}" for name in _NUMPY.split()}
    | {f"numpy.linalg.{name}" for name in _LINALG.split()}
    | {f"numpy.fft.{name}" for name in _FFT.split()}
    | {f"scipy.special.{name}" for name in _SPECIAL.split()}
    | {"scipy.linalg.expm", "scipy.linalg.solve_triangular"}
    | {f"math.{name}" for name in dir(math) if callable(getattr(math, name)) and name[0] != "_"}
    | set(_UFUNCS)
)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_supported_or_refused_with_an_alternative(name: str) -> None:
    function = named_function(name)
    assert function is not None, "there is no such function"
    if is_taken(name, function):
        return
    refusal = refusal_of(name)
    assert refusal is not None, "neither supported nor refused by name"
    assert refusal.reason
    assert refusal.instead


def test_what_is_refused_is_little() -> None:
    """Functions of the spacing of floats and of text, not those that people differentiate."""
    refused = {name for name in NAMES if not is_taken(name, named_function(name))}
    assert refused <= {"numpy.spacing", "numpy.nextafter", "numpy.frexp", "math.frexp"} | {
        "math.nextafter",
        "math.ulp",
    }


def test_updates_at_places() -> None:
    def added(x: Any, y: Any) -> Any:
        z = x * 1.0
        np.add.at(z, [0, 0, 2], y)
        return (z * z).sum()

    gradc.check_grads(
        added, (np.array([0.3, 0.5, -0.7]), np.array([1.0, 0.2, 0.4])), target="python"
    )
