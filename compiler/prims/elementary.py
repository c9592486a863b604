"""Elementary functions of one or two real variables, each with its derivative."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.ir.core import Kind, Primitive
from gradc.prims.arithmetic import DIV, SQRT
from gradc.prims.compare import EQ, GE, GT, LE, LT, SELECT
from gradc.prims.define import comparison_type, constant, elementwise

_LN2, _LN10 = math.log(2.0), math.log(10.0)
_TWO_OVER_SQRT_PI = 2.0 / math.sqrt(math.pi)


def _over(divisor: Any) -> dict[str, Any]:
    """Both products for a derivative of the form ``1 / divisor(x, out)``.

    Dividing the cotangent keeps one rounding less than multiplying by the reciprocal.
    """
    return {
        "vjp": lambda ct, x, *, out: (ct / divisor(x, out),),
        "jvp": lambda tangents, x, *, out: tangents[0] / divisor(x, out),
    }


EXP = elementwise(
    "exp",
    np.exp,
    partials=lambda x, *, out: (out,),
    at=[(0.3,), (-1.1,)],
    formula="exp(x)",
    text="np.exp({0})",
)
EXPM1 = elementwise(
    "expm1",
    np.expm1,
    partials=lambda x, *, out: (out + 1.0,),
    at=[(0.3,), (-1.1,)],
    formula="exp(x)",
    text="np.expm1({0})",
)
LOG1P = elementwise(
    "log1p",
    np.log1p,
    **_over(lambda x, out: x + 1.0),
    at=[(0.3,), (-0.4,)],
    formula="1/(1 + x)",
    edges="log1p'(-1) = inf",
    text="np.log1p({0})",
)
LOG2 = elementwise(
    "log2",
    np.log2,
    **_over(lambda x, out: x * _LN2),
    at=[(0.3,), (2.0,)],
    formula="1/(x*log(2))",
    edges="log2'(0) = inf",
    text="np.log2({0})",
)
LOG10 = elementwise(
    "log10",
    np.log10,
    **_over(lambda x, out: x * _LN10),
    at=[(0.3,), (2.0,)],
    formula="1/(x*log(10))",
    edges="log10'(0) = inf",
    text="np.log10({0})",
)
SIN = elementwise(
    "sin",
    np.sin,
    partials=lambda x, *, out: (COS(x),),
    at=[(0.3,), (-1.1,)],
    formula="cos(x)",
    text="np.sin({0})",
)
COS: Primitive = elementwise(
    "cos",
    np.cos,
    partials=lambda x, *, out: (-SIN(x),),
    at=[(0.3,), (-1.1,)],
    formula="-sin(x)",
    text="np.cos({0})",
)
TAN = elementwise(
    "tan",
    np.tan,
    partials=lambda x, *, out: (1.0 + out * out,),
    at=[(0.3,), (-1.1,)],
    formula="1 + tan(x)**2",
    text="np.tan({0})",
)
ASIN = elementwise(
    "asin",
    np.arcsin,
    **_over(lambda x, out: SQRT(1.0 - x * x)),
    at=[(0.3,), (-0.8,)],
    formula="1/sqrt(1 - x**2)",
    edges="asin'(+-1) = inf",
    text="np.arcsin({0})",
)
ACOS = elementwise(
    "acos",
    np.arccos,
    **_over(lambda x, out: -SQRT(1.0 - x * x)),
    at=[(0.3,), (-0.8,)],
    formula="-1/sqrt(1 - x**2)",
    edges="acos'(+-1) = -inf",
    text="np.arccos({0})",
)
ATAN = elementwise(
    "atan",
    np.arctan,
    **_over(lambda x, out: 1.0 + x * x),
    at=[(0.3,), (-1.1,)],
    formula="1/(1 + x**2)",
    text="np.arctan({0})",
)
SINH = elementwise(
    "sinh",
    np.sinh,
    partials=lambda x, *, out: (COSH(x),),
    at=[(0.3,), (-1.1,)],
    formula="cosh(x)",
    text="np.sinh({0})",
)
COSH: Primitive = elementwise(
    "cosh",
    np.cosh,
    partials=lambda x, *, out: (SINH(x),),
    at=[(0.3,), (-1.1,)],
    formula="sinh(x)",
    text="np.cosh({0})",
)
TANH = elementwise(
    "tanh",
    np.tanh,
    partials=lambda x, *, out: (1.0 - out * out,),
    at=[(0.3,), (-2.0,)],
    formula="1 - tanh(x)**2",
    text="np.tanh({0})",
)
ASINH = elementwise(
    "asinh",
    np.arcsinh,
    **_over(lambda x, out: SQRT(x * x + 1.0)),
    at=[(0.3,), (-1.1,)],
    formula="1/sqrt(x**2 + 1)",
    text="np.arcsinh({0})",
)
ACOSH = elementwise(
    "acosh",
    np.arccosh,
    **_over(lambda x, out: SQRT(x - 1.0) * SQRT(x + 1.0)),
    at=[(1.3,), (4.0,)],
    formula="1/sqrt(x**2 - 1)",
    edges="acosh'(1) = inf",
    text="np.arccosh({0})",
)
ATANH = elementwise(
    "atanh",
    np.arctanh,
    **_over(lambda x, out: (1.0 - x) * (1.0 + x)),
    at=[(0.3,), (-0.8,)],
    formula="1/(1 - x**2)",
    edges="atanh'(+-1) = inf",
    text="np.arctanh({0})",
)
CBRT = elementwise(
    "cbrt",
    np.cbrt,
    **_over(lambda x, out: 3.0 * (out * out)),
    at=[(0.3,), (-2.0,)],
    formula="1/(3*cbrt(x)**2)",
    edges="cbrt'(0) = inf",
    text="np.cbrt({0})",
    kind=Kind.POWER,
)
SIGMOID = elementwise(
    "sigmoid",
    lambda x: 1.0 / (1.0 + np.exp(-x)),
    partials=lambda x, *, out: (out * (1.0 - out),),
    at=[(0.3,), (-2.0,)],
    formula="sigmoid(x)*(1 - sigmoid(x))",
    text="1 / (1 + np.exp(-{0}))",
    lower=lambda x: DIV(1.0, 1.0 + EXP(-x)),
)


SIGN = constant("sign", np.sign, at=[(0.3,), (-1.1,)], text="np.sign({0})")
ABS = elementwise(
    "abs",
    np.abs,
    partials=lambda x, *, out: (SIGN(x),),
    at=[(0.3,), (-1.1,)],
    formula="sign(x)",
    edges="abs'(0) = 0",
    text="np.abs({0})",
    scalar="abs({0})",
    cost=1,
)
FLOOR = constant("floor", np.floor, at=[(0.3,), (-1.1,)], text="np.floor({0})")
CEIL = constant("ceil", np.ceil, at=[(0.3,), (-1.1,)], text="np.ceil({0})")
TRUNC = constant("trunc", np.trunc, at=[(0.3,), (-1.1,)], text="np.trunc({0})")
RINT = constant("rint", np.rint, at=[(0.3,), (-1.1,)], text="np.rint({0})")
ISNAN = constant("isnan", np.isnan, at=[(0.3,)], text="np.isnan({0})", infer=comparison_type)
ISINF = constant("isinf", np.isinf, at=[(0.3,)], text="np.isinf({0})", infer=comparison_type)
ISFINITE = constant(
    "isfinite", np.isfinite, at=[(0.3,)], text="np.isfinite({0})", infer=comparison_type
)
RELU = elementwise(
    "relu",
    lambda x: np.maximum(x, np.zeros_like(x)),
    vjp=lambda ct, x, *, out: (SELECT(GT(x, 0.0), ct, 0.0),),
    jvp=lambda tangents, x, *, out: SELECT(GT(x, 0.0), tangents[0], 0.0),
    at=[(0.3,), (-1.1,)],
    formula="1 where x > 0 else 0",
    edges="relu'(0) = 0",
    text="np.maximum({0}, 0)",
    # not `x if x > 0 else 0`, which would hide a NaN
    lower=lambda x: SELECT(LE(x, 0.0), 0.0, x),
    cost=1,
)


def _share(chosen: Any, other: Any, ct: Any, wins: Any) -> Any:
    """The part of a cotangent for `chosen`: all where it wins, half at a tie."""
    return SELECT(wins(chosen, other), ct, SELECT(EQ(chosen, other), 0.5 * ct, 0.0))


def _extremum(name: str, evaluate: Any, wins: Any, comparison: Any) -> Any:
    def vjp(ct: Any, a: Any, b: Any, *, out: Any) -> tuple[Any, ...]:
        return _share(a, b, ct, wins), _share(b, a, ct, wins)

    def jvp(tangents: Sequence[Any], a: Any, b: Any, *, out: Any) -> Any:
        parts = [
            _share(chosen, other, dot, wins)
            for chosen, other, dot in ((a, b, tangents[0]), (b, a, tangents[1]))
            if dot is not None
        ]
        return parts[0] if len(parts) == 1 else parts[0] + parts[1]

    return elementwise(
        name,
        evaluate,
        vjp=vjp,
        jvp=jvp,
        at=[(0.3, -1.1), (2.0, 5.0)],
        formula=f"(1 where a {comparison} b, 1 where b {comparison} a)",
        edges="ties share equally",
        text=f"np.{name}({{0}}, {{1}})",
        cost=2,
    )


MAXIMUM = _extremum("maximum", np.maximum, GT, ">")
MINIMUM = _extremum("minimum", np.minimum, LT, "<")


def _atan2_partials(y: Any, x: Any, *, out: Any) -> tuple[Any, ...]:
    square = x * x + y * y
    return x / square, -y / square


ATAN2 = elementwise(
    "atan2",
    np.arctan2,
    partials=_atan2_partials,
    at=[(0.3, -1.1), (2.0, 5.0)],
    formula="(x/(x**2 + y**2), -y/(x**2 + y**2))",
    edges="at the origin: nan",
    text="np.arctan2({0}, {1})",
)


def _hypot_partials(a: Any, b: Any, *, out: Any) -> tuple[Any, ...]:
    at_origin = EQ(out, 0.0)
    return SELECT(at_origin, 0.0, a / out), SELECT(at_origin, 0.0, b / out)


HYPOT = elementwise(
    "hypot",
    np.hypot,
    partials=_hypot_partials,
    at=[(0.3, -1.1), (2.0, 5.0)],
    formula="(a/hypot(a, b), b/hypot(a, b))",
    edges="at the origin: 0",
    text="np.hypot({0}, {1})",
)


def _logaddexp_partials(a: Any, b: Any, *, out: Any) -> tuple[Any, ...]:
    return EXP(a - out), EXP(b - out)


LOGADDEXP = elementwise(
    "logaddexp",
    np.logaddexp,
    partials=_logaddexp_partials,
    at=[(0.3, -1.1), (2.0, 5.0)],
    formula="(exp(a - out), exp(b - out))",
    text="np.logaddexp({0}, {1})",
)


def _clip_vjp(ct: Any, x: Any, low: Any, high: Any, *, out: Any) -> tuple[Any, ...]:
    below, above = LT(x, low), GT(x, high)
    inside = SELECT(below, 0.0, SELECT(above, 0.0, ct))
    return inside, SELECT(below, ct, 0.0), SELECT(above, ct, 0.0)


def _clip_jvp(tangents: Sequence[Any], x: Any, low: Any, high: Any, *, out: Any) -> Any:
    x_dot, low_dot, high_dot = (0.0 if dot is None else dot for dot in tangents)
    if all(dot is None for dot in tangents[1:]):
        return SELECT(GE(x, low), SELECT(LE(x, high), x_dot, 0.0), 0.0)
    if tangents[0] is None and tangents[2] is None:
        return SELECT(LT(x, low), low_dot, 0.0)
    if tangents[0] is None and tangents[1] is None:
        return SELECT(GT(x, high), high_dot, 0.0)
    within = 0.0 * out if tangents[0] is None else x_dot
    upper = SELECT(GT(x, high), high_dot, within)
    return SELECT(LT(x, low), low_dot, upper)


CLIP = elementwise(
    "clip",
    np.clip,
    vjp=_clip_vjp,
    jvp=_clip_jvp,
    at=[(0.3, -1.0, 1.0), (2.0, -1.0, 1.0), (-2.0, -1.0, 1.0)],
    formula="(1 inside, 1 below, 1 above)",
    edges="the closed interval passes the gradient",
    text="np.clip({0}, {1}, {2})",
    scalar="min(max({0}, {1}), {2})",
    lower=lambda x, low, high: SELECT(LT(x, low), low, SELECT(GT(x, high), high, x)),
    cost=2,
)

ERF = elementwise(
    "erf",
    np.vectorize(math.erf, otypes=[float]),
    partials=lambda x, *, out: (_TWO_OVER_SQRT_PI * EXP(-(x * x)),),
    at=[(0.3,), (-1.1,)],
    formula="2*exp(-x**2)/sqrt(pi)",
    text="erf({0})",
    scalar="math.erf({0})",
)
ERFC = elementwise(
    "erfc",
    np.vectorize(math.erfc, otypes=[float]),
    partials=lambda x, *, out: (-_TWO_OVER_SQRT_PI * EXP(-(x * x)),),
    at=[(0.3,), (-1.1,)],
    formula="-2*exp(-x**2)/sqrt(pi)",
    text="erfc({0})",
    scalar="math.erfc({0})",
)

RECORDS = (
    EXP,
    EXPM1,
    LOG1P,
    LOG2,
    LOG10,
    SIN,
    COS,
    TAN,
    ASIN,
    ACOS,
    ATAN,
    SINH,
    COSH,
    TANH,
    ASINH,
    ACOSH,
    ATANH,
    CBRT,
    SIGMOID,
    SIGN,
    ABS,
    FLOOR,
    CEIL,
    TRUNC,
    RINT,
    ISNAN,
    ISINF,
    ISFINITE,
    RELU,
    MAXIMUM,
    MINIMUM,
    ATAN2,
    HYPOT,
    LOGADDEXP,
    CLIP,
    ERF,
    ERFC,
)
