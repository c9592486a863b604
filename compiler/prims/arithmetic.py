"""Arithmetic: sums and products (linearity rule), quotients and powers (monomial rule)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.ir.core import Kind, Params, Primitive, Texts, Value
from gradc.ir.types import DType, Type
from gradc.prims.compare import EQ, LAND, SELECT
from gradc.prims.define import (
    NEGATION,
    POWER,
    PRODUCT,
    SUM_LEVEL,
    constant,
    elementwise,
    same_types,
)

ADD = Primitive(
    "add",
    Kind.LINEAR,
    same_types,
    np.add,
    Texts("{0} + {1}", "{0} + {1}", SUM_LEVEL),
    transpose=lambda ct, a, b: (ct, ct),
    at=[(0.3, -1.1), (2.0, 5.0)],
    formula="(1, 1)",
    pointwise=True,
)

SUB = Primitive(
    "sub",
    Kind.LINEAR,
    same_types,
    np.subtract,
    Texts("{0} - {1}", "{0} - {1}", SUM_LEVEL),
    transpose=lambda ct, a, b: (ct, -ct),
    at=[(0.3, -1.1), (2.0, 5.0)],
    formula="(1, -1)",
    pointwise=True,
)

NEG = Primitive(
    "neg",
    Kind.LINEAR,
    same_types,
    np.negative,
    Texts("-{0}", "-{0}", NEGATION),
    transpose=lambda ct, a: (-ct,),
    at=[(0.3,), (-2.0,)],
    formula="-1",
    pointwise=True,
)

MUL = Primitive(
    "mul",
    Kind.BILINEAR,
    same_types,
    np.multiply,
    Texts("{0} * {1}", "{0} * {1}", PRODUCT),
    transpose=lambda ct, a, b: (ct * b, ct * a),
    at=[(0.3, -1.1), (2.0, 5.0), (0.0, 3.0)],
    formula="(b, a)",
    pointwise=True,
)


def _quotient_vjp(ct: Any, a: Any, b: Any, *, out: Any) -> tuple[Any, ...]:
    a_contribution = ct / b
    return a_contribution, -(a_contribution * out)


def _quotient_jvp(tangents: Sequence[Any], a: Any, b: Any, *, out: Any) -> Any:
    a_dot, b_dot = tangents
    if b_dot is None:
        return a_dot / b
    change = out * b_dot
    return (-change if a_dot is None else a_dot - change) / b


DIV = elementwise(
    "div",
    np.divide,
    vjp=_quotient_vjp,
    jvp=_quotient_jvp,
    at=[(0.3, -1.1), (2.0, 5.0), (0.0, 3.0)],
    formula="(1/b, -a/b**2)",
    edges="b = 0: the value is inf or nan as in NumPy, and so is the derivative",
    text="{0} / {1}",
    level=PRODUCT,
    kind=Kind.POWER,
    cost=4,
)


def _same_as_base(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    if not isinstance(params["n"], int):
        raise TypeError("ipow: the exponent is an integer")
    return (args[0].type,)


def _integer_power_partials(x: Any, *, out: Any, n: int) -> tuple[Any, ...]:
    if n == 0:
        return (None,)
    if n == 1:
        return (1.0,)
    if n == 2:
        return (2.0 * x,)
    return (float(n) * IPOW(x, n=n - 1),)


IPOW = elementwise(
    "ipow",
    lambda x, n: np.asarray(x, dtype=np.result_type(x)) ** n if n >= 0 else 1.0 / x ** (-n),
    partials=_integer_power_partials,
    infer=_same_as_base,
    steady=True,
    at=[((1.3,), {"n": n}) for n in (-3, -1, 0, 1, 2, 3, 5)]
    + [((-0.7,), {"n": n}) for n in (2, 3)],
    formula="n*x**(n - 1)",
    text="{0}**{n}",
    level=POWER,
    kind=Kind.POWER,
    cost=2,
)


def _power_partials(x: Any, y: Any, *, out: Any) -> tuple[Any, ...]:
    wrt_base = SELECT(LAND(EQ(x, 0.0), EQ(y, 0.0)), 0.0, y * POW(x, y - 1.0))
    wrt_exponent = SELECT(EQ(x, 0.0), 0.0, out * LOG(x))
    return wrt_base, wrt_exponent


LOG = elementwise(
    "log",
    names=("numpy.log",),
    vjp=lambda ct, x, *, out: (ct / x,),
    jvp=lambda tangents, x, *, out: tangents[0] / x,
    at=[(0.3,), (2.0,)],
    formula="1/x",
    edges="log'(0) = inf",
)

POW = elementwise(
    "pow",
    np.power,
    partials=_power_partials,
    at=[(2.0, 3.0), (0.4, -1.5), (1.7, 0.0)],
    formula="(y*x**(y - 1), x**y*log(x))",
    edges="x = y = 0: d/dx = 0; x = 0: d/dy = 0; x < 0: d/dy = nan",
    text="{0}**{1}",
    level=POWER,
    kind=Kind.POWER,
    cost=40,
)

SQRT = elementwise(
    "sqrt",
    names=("numpy.sqrt", "math.sqrt"),
    vjp=lambda ct, x, *, out: (ct / (2.0 * out),),
    jvp=lambda tangents, x, *, out: tangents[0] / (2.0 * out),
    at=[(0.3,), (2.0,)],
    formula="1/(2*sqrt(x))",
    edges="sqrt'(0) = inf",
    kind=Kind.POWER,
    cost=6,
)

# The square root of a sum of squares: where that is zero there is a kink, as in a norm.
ROOT = elementwise(
    "root",
    np.sqrt,
    kind=Kind.POWER,
    partials=lambda x, *, out: (SELECT(EQ(out, 0.0), 0.0, 0.5 / out),),
    at=[(0.3,), (2.0,)],
    formula="1/(2*sqrt(x))",
    edges="the derivative at 0 is 0: of norms and standard deviations",
    text="np.sqrt({0})",
    cost=6,
)

FLOORDIV = constant(
    "floordiv",
    np.floor_divide,
    at=[(7.5, 2.0), (-7.5, 2.0)],
    text="{0} // {1}",
    level=PRODUCT,
    cost=6,
)

MOD = elementwise(
    "mod",
    np.mod,
    vjp=lambda ct, a, b, *, out: (ct, -(ct * FLOORDIV(a, b))),
    jvp=lambda tangents, a, b, *, out: _remainder_jvp(tangents, FLOORDIV(a, b)),
    infer=same_types,
    at=[(7.5, 2.0), (-7.5, 2.0), (3.1, -0.7)],
    formula="(1, -floor(a/b))",
    edges="at a multiple of b: the derivative from the right",
    text="{0} % {1}",
    level=PRODUCT,
    cost=10,
)


def _remainder_jvp(tangents: Sequence[Any], quotient: Any) -> Any:
    a_dot, b_dot = tangents
    if b_dot is None:
        return a_dot
    change = -(quotient * b_dot)
    return change if a_dot is None else a_dot + change


def _cast_type(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    return (args[0].type.with_dtype(params["dtype"]),)


def _cast_back(ct: Any, x: Any, *, dtype: DType) -> tuple[Any, ...]:
    if not x.type.is_float:
        return (None,)
    return (CAST(ct, dtype=x.type.dtype),)


CAST = Primitive(
    "cast",
    Kind.LINEAR,
    _cast_type,
    lambda x, dtype: np.asarray(x).astype(dtype.numpy)[()],
    transpose=_cast_back,
    at=[((0.5,), {"dtype": DType.F32}), ((0.5,), {"dtype": DType.F64})],
    formula="1",
    pointwise=True,
)

RECORDS = (ADD, SUB, NEG, MUL, DIV, IPOW, POW, SQRT, ROOT, LOG, FLOORDIV, MOD, CAST)
