"""The singular value decomposition with all singular vectors of a matrix that is not square.

The matrix says what the first vectors are, as many as there are singular values, and of the others
only which space they span. So these have no derivative: reverse mode raises where something that
is differentiated depends on them, forward mode gives NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.ir.core import Kind, Params, Primitive, Value
from gradc.ir.types import DType, Type
from gradc.prims.arithmetic import CAST, SUB
from gradc.prims.compare import EQ, NE
from gradc.prims.decompositions import svd_jvp, svd_types, svd_vjp
from gradc.prims.effects import CHECK
from gradc.prims.index import ALL, GET, PUT, SLICE
from gradc.prims.shape import BROADCAST, EMPTY, SUM, sizes_of

_SQUARE = np.array([[0.3, -1.1], [2.0, 0.7]])


def _infer(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    return svd_types(args, full=True)


def _spec(rank: int, axis: int) -> tuple[str, ...]:
    return tuple(SLICE if k == rank - axis else ALL for k in range(rank))


def _parts(x: Any, least: Any, axis: int) -> tuple[Any, Any]:
    """The first vectors and the others: of columns, axis 1 from the end, or of rows, axis 2."""
    zero, one, others = _places(x, least)
    spec = _spec(x.type.rank, axis)
    return GET(x, zero, least, one, spec=spec), GET(x, least, others, one, spec=spec)


def _places(x: Any, least: Any) -> tuple[Any, Any, Any]:
    """The integers 0 and 1, and how many vectors there are beyond the first ones."""
    zero, one = (type(x)(x.builder, x.builder.const(number)) for number in (0, 1))
    return zero, one, SUB(sizes_of(x)[-1], least)


def _used(bar: Any, least: Any, axis: int, what: str) -> Any:
    """The cotangent of the first vectors, after a check that the others have none."""
    if bar is None:
        return None
    first, others = _parts(bar, least, axis)
    count = SUM(CAST(NE(others, 0.0), dtype=DType.INT), axes=tuple(range(bar.type.rank)))
    CHECK(EQ(count, 0), error="ValueError", what=what)
    return first


def _vjp(
    cts: Sequence[Any], a: Any, least: Any, *, out: Sequence[Any], what: str
) -> tuple[Any, ...]:
    (u_bar, s_bar, vh_bar), (u, s, vh) = cts, out
    bars = (_used(u_bar, least, 1, what), s_bar, _used(vh_bar, least, 2, what))
    own = (_parts(u, least, 1)[0], s, _parts(vh, least, 2)[0])
    return svd_vjp(bars, a, least, out=own)


def _with_unknown(dot: Any, like: Any, least: Any, axis: int) -> Any:
    zero, one, count = _places(like, least)
    spec = _spec(like.type.rank, axis)
    sizes = sizes_of(like)
    whole = PUT(EMPTY(*sizes, dtype=like.type.dtype), dot, zero, least, one, spec=spec)
    sizes[-axis] = count
    unknown = type(like)(like.builder, like.builder.const(np.nan, like.type.dtype))
    return PUT(whole, BROADCAST(unknown, *sizes, axes=()), least, count, one, spec=spec)


def _jvp(
    tangents: Sequence[Any], a: Any, least: Any, *, out: Sequence[Any], what: str
) -> tuple[Any, ...]:
    u, s, vh = out
    own = (_parts(u, least, 1)[0], s, _parts(vh, least, 2)[0])
    u_dot, s_dot, vh_dot = svd_jvp(tangents, a, least, out=own)
    return _with_unknown(u_dot, u, least, 1), s_dot, _with_unknown(vh_dot, vh, least, 2)


# As the reduced decomposition, `decompositions.SVD`; `what` is said where there is no derivative.
SVD_FULL = Primitive(
    "svd_full",
    Kind.COMPOSITE,
    _infer,
    lambda a, least, what: tuple(np.linalg.svd(a)),
    vjp=_vjp,
    jvp=_jvp,
    linear_in=(0,),
    at=[((_SQUARE, 2), {"what": "no derivative"})],
    formula="that of the reduced decomposition, for as many vectors as there are singular values",
    edges="the other vectors have none: an error in reverse mode, NaN in forward mode",
    cost=200,
    results=("u", "s", "vh"),
)

RECORDS = (SVD_FULL,)
