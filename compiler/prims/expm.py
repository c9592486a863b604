"""The exponential of a matrix.

Its derivative in a direction E is a block of the exponential of twice the size (Mathias, 1996, "A
chain rule for matrix functions and applications", theorem 2.1; Higham, 2008, "Functions of
Matrices", equation 10.2)::

    exp([[A, E], [0, A]]) = [[exp(A), L(A, E)], [0, exp(A)]]

and the transpose of L(A, .) is L(A.T, .).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradc.ir.core import Kind, Primitive
from gradc.prims.arithmetic import ADD
from gradc.prims.index import ALL, GET, PUT, SLICE
from gradc.prims.linalg import transposed
from gradc.prims.shape import ZEROS, sizes_of
from gradc.prims.solves import square

_MATRIX = np.array([[0.2, 0.3, -0.4], [0.7, -0.1, 0.5], [-0.2, 0.6, 0.3]])


def _evaluate(a: Any) -> Any:
    from scipy.linalg import expm

    return expm(a)


def _in_direction(a: Any, change: Any) -> Any:
    """The derivative of the exponential of a traced matrix in a direction."""
    n = sizes_of(a)[-1]
    twice, one, zero = ADD(n, n), type(n)(n.builder, n.builder.const(1)), n.builder.const(0)
    first = (type(n)(n.builder, zero), n, one)
    second = (n, n, one)
    sizes = sizes_of(a)[:-2]
    spec = (*(ALL for _ in sizes), SLICE, SLICE)
    block = n.apply(ZEROS, (*sizes, twice, twice), {"dtype": a.type.dtype})
    for part, rows, columns in ((a, first, first), (change, first, second), (a, second, second)):
        block = PUT(block, part, *rows, *columns, spec=spec)
    return GET(EXPM(block), *first, *second, spec=spec)


EXPM = Primitive(
    "expm",
    Kind.COMPOSITE,
    lambda args, params: (square(args[0]),),
    _evaluate,
    vjp=lambda ct, a, *, out: (_in_direction(transposed(a), ct),),
    jvp=lambda tangents, a, *, out: _in_direction(a, tangents[0]),
    at=[(_MATRIX,), (np.stack([_MATRIX, 2.0 * _MATRIX.T]),)],
    formula="L(A.T, ct), a block of expm([[A.T, ct], [0, A.T]])",
    cost=200,
)

RECORDS = (EXPM,)
