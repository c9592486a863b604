"""Functions of rows (the last axis): stable log-sum-exp and softmax.

They are primitives because their composition from ``max``, ``exp`` and ``log`` would send a
cotangent through the shift, which cancels: the result does not depend on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.ir.core import Kind, Params, Primitive, Value
from gradc.ir.types import Type
from gradc.prims.arithmetic import LOG
from gradc.prims.compare import EQ, SELECT
from gradc.prims.elementary import EXP, ISFINITE
from gradc.prims.shape import MAX, SUM, back_to


def _rows(args: Sequence[Value]) -> Type:
    rows = args[0].type
    if not rows.is_float or rows.rank == 0:
        raise TypeError(f"rows of floats belong here, not {rows}")
    return rows


def _infer_reduced(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    rows = _rows(args)
    return (rows.with_shape(rows.shape[:-1]),)


def _last(x: Any) -> tuple[int, ...]:
    return (len(x.shape) - 1,)


def _over_rows(x: Any, reduced: Any) -> Any:
    return back_to(x, reduced, _last(x))


def _evaluate_logsumexp(x: Any) -> Any:
    x = np.asarray(x)
    top = np.max(x, axis=-1, keepdims=True, initial=-np.inf)
    shift = np.where(np.isfinite(top), top, 0).astype(x.dtype)
    return np.log(np.sum(np.exp(x - shift), axis=-1)) + shift[..., 0]


def _lower_logsumexp(x: Any) -> Any:
    top = MAX(x, axes=_last(x), empty=True)
    shift = SELECT(ISFINITE(top), top, 0.0)
    return shift + LOG(SUM(EXP(x - _over_rows(x, shift)), axes=_last(x)))


def _softmax_from(x: Any, out: Any) -> Any:
    """The weights; those of a row of nothing but -inf are 0."""
    return EXP(x - _over_rows(x, SELECT(EQ(out, -np.inf), 0.0, out)))


LOGSUMEXP = Primitive(
    "logsumexp",
    Kind.COMPOSITE,
    _infer_reduced,
    _evaluate_logsumexp,
    vjp=lambda ct, x, *, out: (_over_rows(x, ct) * _softmax_from(x, out),),
    jvp=lambda tangents, x, *, out: SUM(_softmax_from(x, out) * tangents[0], axes=_last(x)),
    lower=_lower_logsumexp,
    steady=True,
    at=[(np.array([0.3, -1.1, 2.0]),), (np.array([[1000.0, -1000.0], [0.5, 0.25]]),)],
    formula="softmax(x)",
    edges="a row of nothing but -inf, or of nothing at all: 0",
    cost=40,
)


def _evaluate_softmax(x: Any) -> Any:
    x = np.asarray(x)
    weights = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return weights / np.sum(weights, axis=-1, keepdims=True)


def _lower_softmax(x: Any) -> Any:
    weights = EXP(x - _over_rows(x, MAX(x, axes=_last(x))))
    return weights / _over_rows(x, SUM(weights, axes=_last(x)))


def _softmax_product(change: Any, out: Any) -> Any:
    weighted = out * change
    return weighted - out * _over_rows(out, SUM(weighted, axes=_last(out)))


# The Jacobian diag(s) - s s.T is symmetric, so both products are the same.
SOFTMAX = Primitive(
    "softmax",
    Kind.COMPOSITE,
    lambda args, params: (_rows(args),),
    _evaluate_softmax,
    vjp=lambda ct, x, *, out: (_softmax_product(ct, out),),
    jvp=lambda tangents, x, *, out: _softmax_product(tangents[0], out),
    lower=_lower_softmax,
    steady=True,
    at=[(np.array([0.3, -1.1, 2.0]),), (np.array([[1000.0, -1000.0], [0.5, 0.25]]),)],
    formula="s*(ct - sum(s*ct))",
    cost=40,
)

RECORDS = (LOGSUMEXP, SOFTMAX)
