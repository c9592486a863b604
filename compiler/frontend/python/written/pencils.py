"""Eigenvalues of two symmetric matrices, and systems with a matrix of known structure.

What reads one triangle of a matrix has a derivative in that triangle.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from gradc.frontend.python.written.support import refuse


def _lower(a: Any, lower: Any) -> Any:
    """The triangle that is read, as the lower one."""
    return a if lower else a.T


def symmetric(a: Any, lower: Any) -> Any:
    """The symmetric matrix of which one triangle is given."""
    half = _lower(a, lower)
    return np.tril(half) + np.tril(half, -1).T


def eigh_of_two(a: Any, b: Any, lower: Any, only_values: Any, kind: Any) -> Any:
    """``scipy.linalg.eigh(a, b)``, by the Cholesky factor of `b`.

    With ``b = L @ L.T`` it is the problem of ``inv(L) @ a @ inv(L).T`` (Golub and Van Loan, "Matrix
    Computations", algorithm 8.7.1); the other kinds are those of LAPACK's ``sygvd``.
    """
    factor = np.linalg.cholesky(_lower(b, lower))
    whole = symmetric(a, lower)
    if kind == 1:
        half = scipy.linalg.solve_triangular(factor, whole, lower=True)
        inner = scipy.linalg.solve_triangular(factor, half.T, lower=True)
    elif kind in (2, 3):
        inner = factor.T @ whole @ factor
    else:
        return refuse("the type of scipy.linalg.eigh is 1, 2 or 3")
    if only_values:
        return np.linalg.eigvalsh(inner)
    values, vectors = np.linalg.eigh(inner)
    if kind == 3:
        return values, factor @ vectors
    return values, scipy.linalg.solve_triangular(factor, vectors, lower=True, trans=1)


def solve_with_structure(a: Any, b: Any, lower: Any, structure: Any) -> Any:
    """``scipy.linalg.solve`` with ``assume_a``."""
    if structure in ("sym", "symmetric", "her", "hermitian"):
        return np.linalg.solve(symmetric(a, lower), b)
    if structure in ("pos", "positive definite"):
        factor = np.linalg.cholesky(_lower(a, lower))
        half = scipy.linalg.solve_triangular(factor, b, lower=True)
        return scipy.linalg.solve_triangular(factor, half, lower=True, trans=1)
    if structure in ("lower triangular", "upper triangular"):
        return scipy.linalg.solve_triangular(a, b, lower=structure == "lower triangular")
    if structure == "diagonal":
        scales = np.diagonal(a)
        return b / scales if np.ndim(b) == 1 else b / scales[:, None]
    return refuse(
        f"scipy.linalg.solve with assume_a={structure!r} is not supported",
        "leave it out, or use 'sym', 'pos', 'diagonal', 'lower triangular' or 'upper triangular'",
    )
