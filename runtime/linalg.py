"""Linear algebra that generated programs call.

Every function here is plain Python on NumPy and SciPy, and an uncompiled program runs it as it
stands. When a program is compiled the module is replaced by :mod:`gradc_runtime.linalg_compiled`,
which calls LAPACK. All take stacks of matrices in leading axes; `line` is the line of the user's
source, for the messages of errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class MatrixError(np.linalg.LinAlgError):
    """A matrix that cannot be inverted or decomposed, with the line of the user's program.

    Parameters
    ----------
    line : int
        Line of the user's source; 0 where it is not known.
    """

    what = ""

    def __init__(self, line: int) -> None:
        super().__init__(line)

    def __str__(self) -> str:
        (line,) = self.args
        return f"line {line}: {self.what}" if line else self.what


class SingularMatrixError(MatrixError):
    """A matrix without inverse."""

    what = "Singular matrix"


class NotPositiveDefiniteError(MatrixError):
    """A matrix without Cholesky factor."""

    what = "Matrix is not positive definite"


class EigenvaluesError(MatrixError):
    """A matrix, with NaN in it most likely, whose eigenvalues were not found."""

    what = "Eigenvalues did not converge"


class SingularValuesError(MatrixError):
    """A matrix, with NaN in it most likely, whose singular values were not found."""

    what = "SVD did not converge"


# By what NumPy says.
ERRORS: Mapping[str, type[MatrixError]] = MappingProxyType(
    {
        error.what: error
        for error in (
            SingularMatrixError,
            NotPositiveDefiniteError,
            EigenvaluesError,
            SingularValuesError,
        )
    }
)


@contextmanager
def _at(line: int) -> Iterator[None]:
    """Give NumPy's errors the line of the user's source."""
    try:
        yield
    except np.linalg.LinAlgError as error:
        known = ERRORS.get(str(error))
        if known is None:
            raise
        raise known(line) from None


def solve_triangular(a: Array, b: Array, lower: bool, transpose: bool, line: int = 0) -> Array:
    """Solve systems with a triangle of a matrix, or with its transpose.

    Parameters
    ----------
    a : ndarray, shape (..., n, n)
        Only one triangle is read.
    b : ndarray, shape (n,) or (..., n, k)
    lower, transpose : bool

    Raises
    ------
    MatrixError
        For a zero on the diagonal.
    """
    from scipy.linalg import solve_triangular as solve

    if np.any(np.diagonal(a, axis1=-2, axis2=-1) == 0):
        raise SingularMatrixError(line)
    if np.size(b) == 0:
        return np.zeros_like(b)
    if np.ndim(a) == 2:
        return np.asarray(solve(a, b, int(transpose), lower, check_finite=False))
    out = np.empty_like(b)
    for place in np.ndindex(a.shape[:-2]):
        out[place] = solve(a[place], b[place], int(transpose), lower, check_finite=False)
    return out


def cofactors(a: Array, line: int = 0) -> Array:
    """The matrix of cofactors, from the singular values: right for singular matrices, too.

    Parameters
    ----------
    a : ndarray, shape (..., n, n)

    Returns
    -------
    ndarray, shape (..., n, n)
        ``det(a) * inv(a).T`` where that exists.
    """
    with _at(line):
        u, s, vh = np.linalg.svd(a)
    others = np.empty_like(s)
    for k in range(s.shape[-1]):
        others[..., k] = np.prod(np.delete(s, k, -1), -1)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    found: Array = np.asarray(sign)[..., None, None] * ((u * others[..., None, :]) @ vh)
    return found


def solve(a: Array, b: Array, line: int = 0) -> Array:
    """Solve systems: :func:`numpy.linalg.solve`."""
    with _at(line):
        return np.linalg.solve(a, b)


def inv(a: Array, line: int = 0) -> Array:
    """Invert matrices: :func:`numpy.linalg.inv`."""
    with _at(line):
        return np.linalg.inv(a)


def det(a: Array, line: int = 0) -> Any:
    """Determinants: :func:`numpy.linalg.det`."""
    return np.linalg.det(a)


def slogdet(a: Array, line: int = 0) -> tuple[Any, Any]:
    """Signs and logarithms of determinants: :func:`numpy.linalg.slogdet`."""
    sign, logarithm = np.linalg.slogdet(a)
    return sign, logarithm


def cholesky(a: Array, lower: bool, line: int = 0) -> Array:
    """Cholesky factors: :func:`numpy.linalg.cholesky`."""
    with _at(line):
        return np.linalg.cholesky(a, upper=not lower)


def qr(a: Array, line: int = 0) -> tuple[Array, Array]:
    """The reduced QR decomposition: :func:`numpy.linalg.qr`."""
    q, r = np.linalg.qr(a)
    return q, r


def eigh(a: Array, lower: bool, line: int = 0) -> tuple[Array, Array]:
    """Eigenvalues and eigenvectors: :func:`numpy.linalg.eigh`."""
    with _at(line):
        values, vectors = np.linalg.eigh(a, "L" if lower else "U")
    return values, vectors


def svd(a: Array, line: int = 0) -> tuple[Array, Array, Array]:
    """The reduced singular value decomposition: :func:`numpy.linalg.svd`."""
    with _at(line):
        u, s, vh = np.linalg.svd(a, full_matrices=False)
    return u, s, vh


def svd_full(a: Array, line: int = 0) -> tuple[Array, Array, Array]:
    """The full singular value decomposition: :func:`numpy.linalg.svd`."""
    with _at(line):
        u, s, vh = np.linalg.svd(a)
    return u, s, vh


def tril(a: Array, k: int) -> Array:
    """Lower triangles: :func:`numpy.tril`."""
    return np.tril(a, k)


def triu(a: Array, k: int) -> Array:
    """Upper triangles: :func:`numpy.triu`."""
    return np.triu(a, k)


def expm(a: Array, line: int = 0) -> Array:
    """Exponentials of matrices: :func:`scipy.linalg.expm`."""
    from scipy.linalg import expm as exponential

    found: Array = np.asarray(exponential(a)) if np.size(a) else np.zeros_like(a)
    return found
