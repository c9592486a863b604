"""Functions whose results are complex: refused by name, with what to write instead.

Values are real here. A transform as two real products, or a symmetric eigenvalue problem, has
derivatives.
"""

from __future__ import annotations

import numpy as np

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.problems import unknown_function
from gradc.frontend.python.refs import Ref

REGISTRY = Registry()

_TRANSFORMS = (
    "fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "fft2", "ifft2", "rfft2", "irfft2",
    "fftn", "ifftn", "rfftn", "irfftn",
)  # fmt: skip


def _transform(name: str) -> None:
    @REGISTRY.function(getattr(np.fft, name))
    def handler(ctx: Lowering, *args: Ref, **keywords: Ref) -> Ref:
        """A discrete Fourier transform."""
        raise unknown_function(
            f"`np.fft.{name}` computes with complex numbers, and values here are real",
            "multiply by cosines and sines: with k = 2*np.pi*np.outer(np.arange(n), np.arange(n))/n"
            " the real part of fft(x) is np.cos(k) @ x, the imaginary part -np.sin(k) @ x",
        )


for _name in _TRANSFORMS:
    _transform(_name)


def _eigenvalues(name: str) -> None:
    @REGISTRY.function(getattr(np.linalg, name))
    def handler(ctx: Lowering, a: Ref) -> Ref:
        """Eigenvalues of a matrix that need not be symmetric."""
        raise unknown_function(
            f"`np.linalg.{name}` gives complex numbers in general, and values here are real",
            "of a symmetric matrix use np.linalg.eigh or eigvalsh",
        )


for _name in ("eig", "eigvals"):
    _eigenvalues(_name)
