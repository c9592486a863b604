"""Stacks of matrices through LAPACK: the machine code behind the compiled linear algebra.

Each function works on `count` matrices that follow each other in memory, row by row, and fills
arrays that the caller made. It returns the number of the first matrix that failed, counted from
one, or 0. LAPACK is called as NumPy calls it, so that values, signs of vectors and errors are the
same: it counts in columns, so it is given the transpose of a matrix.

They are compiled once for each element type and kept in numba's file cache. Compiled programs call
them by a symbol (:mod:`gradc_runtime.linalg_compiled`): linked into each program they would take
seconds to compile again.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import carray

from gradc_runtime.lapack import routine

_LOWER, _UPPER = ord("L"), ord("U")
_PLAIN, _TRANSPOSED = ord("N"), ord("T")
_VECTORS, _REDUCED, _ALL, _RIGHT = ord("V"), ord("S"), ord("A"), ord("R")

_gemm = routine("gemm", "cciiifaiaifai", info=False)
_trsm = routine("trsm", "cccciifaiai", info=False)
_getrf = routine("getrf", "iiaia")
_getrs = routine("getrs", "ciiaiaai")
_getri = routine("getri", "iaiaai")
_potrf = routine("potrf", "ciai")
_geqrf = routine("geqrf", "iiaiaai")
_orgqr = routine("orgqr", "iiiaiaai")
_syevd = routine("syevd", "cciaiaaiai")
_gesdd = routine("gesdd", "ciiaiaaiaiaia")

_inside: Any = numba.njit(error_model="numpy", nogil=True)


@_inside
def _transpose(source: Any, target: Any) -> None:
    """A loop: numba's own assignment takes long to compile."""
    for i in range(target.shape[0]):
        for j in range(target.shape[1]):
            target[i, j] = source[j, i]


@_inside
def _copy(source: Any, target: Any) -> None:
    for i in range(target.shape[0]):
        for j in range(target.shape[1]):
            target[i, j] = source[i, j]


@_inside
def _identity(target: Any) -> None:
    for i in range(target.shape[0]):
        for j in range(target.shape[1]):
            target[i, j] = target.dtype.type(i == j)


@_inside
def _factorise(matrix: Any, factors: Any, pivots: Any) -> Any:
    """The LU factors of a matrix, in Fortran's order; whether none of the pivots is zero."""
    n = matrix.shape[0]
    _transpose(matrix, factors)
    return _getrf((n, n, factors, max(n, 1), pivots)) == 0


def solve(count: int, n: int, columns: int, a: Any, b: Any, x: Any) -> int:
    """``x = solve(a, b)``."""
    matrices, shape = carray(a, (count, n, n)), (count, n, columns)
    sides, results = carray(b, shape), carray(x, shape)
    factors, pivots = np.empty((n, n), matrices.dtype), np.empty(n, np.int32)
    side = np.empty((columns, n), matrices.dtype)
    for k in range(count):
        if not _factorise(matrices[k], factors, pivots):
            return k + 1
        if columns > 0 and n > 0:
            _transpose(sides[k], side)
            _getrs((_PLAIN, n, columns, factors, n, pivots, side, n))
            _transpose(side, results[k])
    return 0


def solve_triangular(
    count: int, n: int, columns: int, lower: int, transpose: int, a: Any, b: Any, x: Any
) -> int:
    """``x`` of the systems of a triangle; row by row a matrix is its transpose, on the right."""
    matrices, shape = carray(a, (count, n, n)), (count, n, columns)
    sides, results = carray(b, shape), carray(x, shape)
    side = _UPPER if lower else _LOWER
    form = _TRANSPOSED if transpose else _PLAIN
    for k in range(count):
        matrix = matrices[k]
        for i in range(n):
            if matrix[i, i] == 0.0:
                return k + 1
        _copy(sides[k], results[k])
        if columns > 0 and n > 0:
            _trsm((_RIGHT, side, form, _PLAIN, columns, n, 1.0, matrix, n, results[k], columns))
    return 0


def inv(count: int, n: int, a: Any, x: Any) -> int:
    """``x = inv(a)``."""
    matrices, results = carray(a, (count, n, n)), carray(x, (count, n, n))
    factors, pivots = np.empty((n, n), matrices.dtype), np.empty(n, np.int32)
    work = np.empty(max(64 * n, 1), matrices.dtype)
    for k in range(count):
        if not _factorise(matrices[k], factors, pivots):
            return k + 1
        if n > 0:
            _getri((n, factors, n, pivots, work, len(work)))
            _transpose(factors, results[k])
    return 0


@_inside
def _determinant(matrix: Any, factors: Any, pivots: Any) -> Any:
    if not _factorise(matrix, factors, pivots):
        return factors.dtype.type(0.0)
    product = factors.dtype.type(1.0)
    for i in range(matrix.shape[0]):
        product *= factors[i, i]
        if pivots[i] != i + 1:
            product = -product
    return product


def det(count: int, n: int, a: Any, numbers: Any) -> int:
    """``numbers = det(a)``."""
    matrices, results = carray(a, (count, n, n)), carray(numbers, (count,))
    factors, pivots = np.empty((n, n), matrices.dtype), np.empty(n, np.int32)
    for k in range(count):
        results[k] = _determinant(matrices[k], factors, pivots)
    return 0


def slogdet(count: int, n: int, a: Any, signs: Any, logarithms: Any) -> int:
    """``signs, logarithms = slogdet(a)``."""
    matrices = carray(a, (count, n, n))
    first, second = carray(signs, (count,)), carray(logarithms, (count,))
    factors, pivots = np.empty((n, n), matrices.dtype), np.empty(n, np.int32)
    for k in range(count):
        if not _factorise(matrices[k], factors, pivots):
            first[k], second[k] = 0.0, -np.inf
            continue
        sign, logarithm = 1.0, 0.0
        for i in range(n):
            negative = (factors[i, i] < 0.0) != (pivots[i] != i + 1)
            sign = -sign if negative else sign
            logarithm += np.log(np.abs(factors[i, i]))
        first[k], second[k] = sign, logarithm
    return 0


def cholesky(count: int, n: int, lower: int, a: Any, x: Any) -> int:
    """``x = cholesky(a)``: row by row it is the other triangle of the transpose."""
    matrices, results = carray(a, (count, n, n)), carray(x, (count, n, n))
    for k in range(count):
        matrix = results[k]
        _copy(matrices[k], matrix)
        if n > 0 and _potrf((_UPPER if lower else _LOWER, n, matrix, n)) != 0:
            return k + 1
        for i in range(n):
            for j in range(i):
                if lower:
                    matrix[j, i] = 0.0
                else:
                    matrix[i, j] = 0.0
    return 0


def qr(count: int, m: int, n: int, a: Any, q: Any, r: Any) -> int:
    """``q, r = qr(a)`` with at least as many rows as columns."""
    matrices, first = carray(a, (count, m, n)), carray(q, (count, m, n))
    second = carray(r, (count, n, n))
    factors, scales = np.empty((n, m), matrices.dtype), np.empty(n, matrices.dtype)
    work = np.empty(max(64 * n, 1), matrices.dtype)
    for k in range(count):
        if n > 0:
            _transpose(matrices[k], factors)
            _geqrf((m, n, factors, m, scales, work, len(work)))
            for i in range(n):
                for j in range(n):
                    second[k, i, j] = factors[j, i] if j >= i else 0.0
            _orgqr((m, n, n, factors, m, scales, work, len(work)))
            _transpose(factors, first[k])
    return 0


def eigh(count: int, n: int, lower: int, a: Any, values: Any, vectors: Any) -> int:
    """``values, vectors = eigh(a)``."""
    matrices, results = carray(a, (count, n, n)), carray(vectors, (count, n, n))
    lines = carray(values, (count, n))
    own = np.empty((n, n), matrices.dtype)
    work = np.empty(1 + 6 * n + 2 * n * n, matrices.dtype)
    integers = np.empty(3 + 5 * n, np.int32)
    triangle = _LOWER if lower else _UPPER
    for k in range(count):
        if n > 0:
            _transpose(matrices[k], own)
            line = lines[k]
            operands = (_VECTORS, triangle, n, own, n, line, work, len(work))
            if _syevd((*operands, integers, len(integers))) != 0:
                return k + 1
            _transpose(own, results[k])
    return 0


def svd(count: int, m: int, n: int, a: Any, u: Any, s: Any, vh: Any) -> int:
    """``u, s, vh = svd(a)``, reduced."""
    least = min(m, n)
    matrices, first = carray(a, (count, m, n)), carray(u, (count, m, least))
    middle, last = carray(s, (count, least)), carray(vh, (count, least, n))
    size = least * (10 + 4 * least) + 64 * (m + n + 1)
    own, work = np.empty((n, m), matrices.dtype), np.empty(size, matrices.dtype)
    left, right = np.empty((least, m), matrices.dtype), np.empty((n, least), matrices.dtype)
    integers = np.empty(8 * least + 1, np.int32)
    for k in range(count):
        if least > 0:
            _transpose(matrices[k], own)
            line = middle[k]
            operands = (_REDUCED, m, n, own, m, line, left, m, right, least)
            if _gesdd((*operands, work, len(work), integers)) != 0:
                return k + 1
            _transpose(left, first[k])
            _transpose(right, last[k])
    return 0


def svd_full(count: int, m: int, n: int, a: Any, u: Any, s: Any, vh: Any) -> int:
    """``u, s, vh = svd(a)``, with all singular vectors."""
    least = min(m, n)
    matrices, first = carray(a, (count, m, n)), carray(u, (count, m, m))
    middle, last = carray(s, (count, least)), carray(vh, (count, n, n))
    size = least * (10 + 4 * least) + 64 * (m + n + 1)
    own, work = np.empty((n, m), matrices.dtype), np.empty(size, matrices.dtype)
    left, right = np.empty((m, m), matrices.dtype), np.empty((n, n), matrices.dtype)
    integers = np.empty(8 * least + 1, np.int32)
    for k in range(count):
        if least == 0:  # every basis will do
            _identity(first[k])
            _identity(last[k])
            continue
        _transpose(matrices[k], own)
        operands = (_ALL, m, n, own, m, middle[k], left, m, right, n)
        if _gesdd((*operands, work, len(work), integers)) != 0:
            return k + 1
        _transpose(left, first[k])
        _transpose(right, last[k])
    return 0


def cofactors(count: int, n: int, a: Any, x: Any) -> int:
    """``x = cofactors(a)``, from the singular values."""
    matrices, results = carray(a, (count, n, n)), carray(x, (count, n, n))
    left, right = np.empty((n, n), matrices.dtype), np.empty((n, n), matrices.dtype)
    factors, pivots = np.empty((n, n), matrices.dtype), np.empty(n, np.int32)
    values = np.empty(n, matrices.dtype)
    own = np.empty((n, n), matrices.dtype)
    work = np.empty(n * (10 + 4 * n) + 64 * (2 * n + 1), matrices.dtype)
    integers = np.empty(8 * n + 1, np.int32)
    for k in range(count):
        _transpose(matrices[k], own)
        operands = (_REDUCED, n, n, own, n, values, left, n, right, n)
        if n > 0 and _gesdd((*operands, work, len(work), integers)) != 0:
            return k + 1
        # both are transposed, which leaves their determinants as they are
        sign = _determinant(left, factors, pivots) * _determinant(right, factors, pivots)
        for i in range(n):
            others = sign
            for j in range(n):
                if j != i:
                    others *= values[j]
            for j in range(n):
                left[i, j] *= others
        for i in range(n):
            for j in range(n):
                total = left.dtype.type(0.0)
                for p in range(n):
                    total += left[p, i] * right[j, p]
                results[k, i, j] = total
    return 0


# The numerator of the Pade approximant of order 13, and the norm up to which it is good enough:
# Higham (2005), "The scaling and squaring method for the matrix exponential revisited", table 2.3.
_PADE = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0,
    129060195264000.0, 10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0,
    960960.0, 16380.0, 182.0, 1.0,
)  # fmt: skip
_LARGEST_NORM = 5.371920351148152


@_inside
def _times(a: Any, b: Any, out: Any) -> None:
    """``out = a @ b``; of transposes in the other order it is the same."""
    n = a.shape[0]
    _gemm((_PLAIN, _PLAIN, n, n, n, 1.0, b, n, a, n, 0.0, out, n))


@_inside
def _sum_of_columns(matrix: Any) -> Any:
    """The 1-norm."""
    best = 0.0
    for j in range(matrix.shape[1]):
        total = 0.0
        for i in range(matrix.shape[0]):
            total += abs(matrix[i, j])
        best = total if not total <= best else best
    return best


def expm(count: int, n: int, a: Any, x: Any) -> int:
    """``x = expm(a)``: the Pade approximant of order 13, with scaling and squaring."""
    matrices, results = carray(a, (count, n, n)), carray(x, (count, n, n))
    own, second = np.empty((n, n), matrices.dtype), np.empty((n, n), matrices.dtype)
    fourth, sixth = np.empty((n, n), matrices.dtype), np.empty((n, n), matrices.dtype)
    odd, even = np.empty((n, n), matrices.dtype), np.empty((n, n), matrices.dtype)
    part, pivots = np.empty((n, n), matrices.dtype), np.empty(n, np.int32)
    for k in range(count):
        if n == 0:
            continue
        size = _sum_of_columns(matrices[k])
        squarings = 0
        while size > _LARGEST_NORM and squarings < 1100:
            size *= 0.5
            squarings += 1
        # exact: a power of two
        scale = own.dtype.type(0.5**squarings)
        for i in range(n):
            for j in range(n):
                own[i, j] = matrices[k, i, j] * scale
        _times(own, own, second)
        _times(second, second, fourth)
        _times(fourth, second, sixth)
        for i in range(n):
            for j in range(n):
                odd[i, j] = (
                    _PADE[13] * sixth[i, j] + _PADE[11] * fourth[i, j] + _PADE[9] * second[i, j]
                )
                even[i, j] = (
                    _PADE[12] * sixth[i, j] + _PADE[10] * fourth[i, j] + _PADE[8] * second[i, j]
                )
        _times(sixth, odd, part)
        for i in range(n):
            for j in range(n):
                part[i, j] += (
                    _PADE[7] * sixth[i, j] + _PADE[5] * fourth[i, j] + _PADE[3] * second[i, j]
                )
            part[i, i] += _PADE[1]
        _times(own, part, odd)
        _times(sixth, even, part)
        for i in range(n):
            for j in range(n):
                even[i, j] = part[i, j] + (
                    _PADE[6] * sixth[i, j] + _PADE[4] * fourth[i, j] + _PADE[2] * second[i, j]
                )
            even[i, i] += _PADE[0]
        # (even - odd) x = even + odd, in Fortran's order
        for i in range(n):
            for j in range(n):
                own[j, i] = even[i, j] - odd[i, j]
                part[j, i] = even[i, j] + odd[i, j]
        if _getrf((n, n, own, n, pivots)) != 0:
            return k + 1
        _getrs((_PLAIN, n, n, own, n, pivots, part, n))
        _transpose(part, odd)
        for _ in range(squarings):
            _times(odd, odd, even)
            _copy(even, odd)
        _copy(odd, results[k])
    return 0


def tril(count: int, m: int, n: int, last: int, a: Any, x: Any) -> int:
    """``x = tril(a, last)``."""
    matrices, results = carray(a, (count, m, n)), carray(x, (count, m, n))
    for k in range(count):
        for i in range(m):
            for j in range(n):
                results[k, i, j] = matrices[k, i, j] if j - i <= last else 0.0
    return 0


def triu(count: int, m: int, n: int, first: int, a: Any, x: Any) -> int:
    """``x = triu(a, first)``."""
    matrices, results = carray(a, (count, m, n)), carray(x, (count, m, n))
    for k in range(count):
        for i in range(m):
            for j in range(n):
                results[k, i, j] = matrices[k, i, j] if j - i >= first else 0.0
    return 0
