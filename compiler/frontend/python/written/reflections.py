"""QR decompositions by Householder's reflections, as LAPACK takes them.

The reduced decomposition is a primitive. Its factors do not say what the further columns of a
complete Q are; the reflections do, which LAPACK's ``geqrf`` makes: for each column
``H = I - tau * v @ v.T`` with ``v[0] = 1``, and the sign that adds numbers of one sign (Golub and
Van Loan, "Matrix computations", section 5.1). The derivative follows from these loops.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradc.frontend.python.written.support import Array


def reflections(a: Array) -> tuple[Array, Array]:
    """R in the upper triangle, the vectors below it, and the taus; also for stacks."""
    rows, columns = a.shape[-2:]
    count = min(rows, columns)
    stack = a.reshape(-1, rows, columns).copy()
    taus = np.zeros((len(stack), count), a.dtype)
    for b in range(len(stack)):
        h = stack[b]
        for k in range(count):
            below = 0.0
            for i in range(k + 1, rows):
                below += h[i, k] * h[i, k]
            if below > 0.0:
                first = h[k, k]
                length = -np.copysign(np.sqrt(first * first + below), first)
                tau = (length - first) / length
                taus[b, k] = tau
                h[k, k] = length
                for i in range(k + 1, rows):
                    h[i, k] = h[i, k] / (first - length)
                for j in range(k + 1, columns):
                    total = h[k, j]
                    for i in range(k + 1, rows):
                        total += h[i, k] * h[i, j]
                    total *= tau
                    h[k, j] -= total
                    for i in range(k + 1, rows):
                        h[i, j] -= h[i, k] * total
    return stack.reshape(a.shape), taus.reshape(*a.shape[:-2], count)


def _product(h: Array, taus: Array) -> Array:
    """The orthogonal matrices of reflections, with all their columns."""
    rows, columns = h.shape[-2:]
    vectors = h.reshape(-1, rows, columns)
    factors = taus.reshape(-1, taus.shape[-1])
    q = np.zeros((len(vectors), rows, rows), h.dtype)
    for b in range(len(vectors)):
        for i in range(rows):
            q[b, i, i] = 1.0
        for k in range(factors.shape[1] - 1, -1, -1):
            for j in range(k, rows):
                total = q[b, k, j]
                for i in range(k + 1, rows):
                    total += vectors[b, i, k] * q[b, i, j]
                total *= factors[b, k]
                q[b, k, j] -= total
                for i in range(k + 1, rows):
                    q[b, i, j] -= vectors[b, i, k] * total
    return q.reshape(*h.shape[:-1], rows)


def complete(a: Array) -> tuple[Array, Array]:
    """``np.linalg.qr`` with ``mode="complete"``: all columns of Q, and R with rows of zeros."""
    h, taus = reflections(a)
    return _product(h, taus), np.triu(h)


def raw(a: Array) -> tuple[Any, Array]:
    """``np.linalg.qr`` with ``mode="raw"``: the reflections as LAPACK has them, transposed."""
    h, taus = reflections(a)
    return np.swapaxes(h, -1, -2), taus
