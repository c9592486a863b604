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
    names=("numpy.exp", "math.exp"),
    partials=lambda x, *, out: (out,),
    at=[(0.3,), (-1.1,)],
    formula="exp(x)",
)
EXP2 = elementwise(
    "exp2",
    names=("numpy.exp2", "math.exp2", "scipy.special.exp2"),
    partials=lambda x, *, out: (_LN2 * out,),
    at=[(0.3,), (-1.1,)],
    formula="log(2)*2**x",
)
EXPM1 = elementwise(
    "expm1",
    names=("numpy.expm1", "math.expm1", "scipy.special.expm1"),
    partials=lambda x, *, out: (out + 1.0,),
    at=[(0.3,), (-1.1,)],
    formula="exp(x)",
)
LOG1P = elementwise(
    "log1p",
    names=("numpy.log1p", "math.log1p", "scipy.special.log1p"),
    **_over(lambda x, out: x + 1.0),
    at=[(0.3,), (-0.4,)],
    formula="1/(1 + x)",
    edges="log1p'(-1) = inf",
)
LOG2 = elementwise(
    "log2",
    names=("numpy.log2", "math.log2"),
    **_over(lambda x, out: x * _LN2),
    at=[(0.3,), (2.0,)],
    formula="1/(x*log(2))",
    edges="log2'(0) = inf",
)
LOG10 = elementwise(
    "log10",
    names=("numpy.log10", "math.log10"),
    **_over(lambda x, out: x * _LN10),
    at=[(0.3,), (2.0,)],
    formula="1/(x*log(10))",
    edges="log10'(0) = inf",
)
SIN = elementwise(
    "sin",
    names=("numpy.sin", "math.sin"),
    partials=lambda x, *, out: (COS(x),),
    steady=True,
    at=[(0.3,), (-1.1,)],
    formula="cos(x)",
)
COS: Primitive = elementwise(
    "cos",
    names=("numpy.cos", "math.cos"),
    partials=lambda x, *, out: (-SIN(x),),
    steady=True,
    at=[(0.3,), (-1.1,)],
    formula="-sin(x)",
)
TAN = elementwise(
    "tan",
    names=("numpy.tan", "math.tan"),
    partials=lambda x, *, out: (1.0 + out * out,),
    at=[(0.3,), (-1.1,)],
    formula="1 + tan(x)**2",
)
ASIN = elementwise(
    "asin",
    names=("numpy.arcsin", "math.asin"),
    **_over(lambda x, out: SQRT(1.0 - x * x)),
    at=[(0.3,), (-0.8,)],
    formula="1/sqrt(1 - x**2)",
    edges="asin'(+-1) = inf",
)
ACOS = elementwise(
    "acos",
    names=("numpy.arccos", "math.acos"),
    **_over(lambda x, out: -SQRT(1.0 - x * x)),
    at=[(0.3,), (-0.8,)],
    formula="-1/sqrt(1 - x**2)",
    edges="acos'(+-1) = -inf",
)
ATAN = elementwise(
    "atan",
    names=("numpy.arctan", "math.atan"),
    **_over(lambda x, out: 1.0 + x * x),
    steady=True,
    at=[(0.3,), (-1.1,)],
    formula="1/(1 + x**2)",
)
SINH = elementwise(
    "sinh",
    names=("numpy.sinh", "math.sinh"),
    partials=lambda x, *, out: (COSH(x),),
    at=[(0.3,), (-1.1,)],
    formula="cosh(x)",
)
COSH: Primitive = elementwise(
    "cosh",
    names=("numpy.cosh", "math.cosh"),
    partials=lambda x, *, out: (SINH(x),),
    at=[(0.3,), (-1.1,)],
    formula="sinh(x)",
)
TANH = elementwise(
    "tanh",
    names=("numpy.tanh", "math.tanh"),
    partials=lambda x, *, out: (1.0 - out * out,),
    steady=True,
    at=[(0.3,), (-2.0,)],
    formula="1 - tanh(x)**2",
)
ASINH = elementwise(
    "asinh",
    names=("numpy.arcsinh", "math.asinh"),
    **_over(lambda x, out: SQRT(x * x + 1.0)),
    steady=True,
    at=[(0.3,), (-1.1,)],
    formula="1/sqrt(x**2 + 1)",
)
ACOSH = elementwise(
    "acosh",
    names=("numpy.arccosh", "math.acosh"),
    **_over(lambda x, out: SQRT(x - 1.0) * SQRT(x + 1.0)),
    at=[(1.3,), (4.0,)],
    formula="1/sqrt(x**2 - 1)",
    edges="acosh'(1) = inf",
)
ATANH = elementwise(
    "atanh",
    names=("numpy.arctanh", "math.atanh"),
    **_over(lambda x, out: (1.0 - x) * (1.0 + x)),
    at=[(0.3,), (-0.8,)],
    formula="1/(1 - x**2)",
    edges="atanh'(+-1) = inf",
)
CBRT = elementwise(
    "cbrt",
    names=("numpy.cbrt", "math.cbrt", "scipy.special.cbrt"),
    **_over(lambda x, out: 3.0 * (out * out)),
    at=[(0.3,), (-2.0,)],
    formula="1/(3*cbrt(x)**2)",
    edges="cbrt'(0) = inf",
    kind=Kind.POWER,
)
SIGMOID = elementwise(
    "sigmoid",
    lambda x: 1.0 / (1.0 + np.exp(-x)),
    names=("scipy.special.expit",),
    partials=lambda x, *, out: (out * (1.0 - out),),
    steady=True,
    at=[(0.3,), (-2.0,)],
    formula="sigmoid(x)*(1 - sigmoid(x))",
    text="1 / (1 + np.exp(-{0}))",
    lower=lambda x: DIV(1.0, 1.0 + EXP(-x)),
)


SIGN = constant("sign", np.sign, at=[(0.3,), (-1.1,)], text="np.sign({0})")
ABS = elementwise(
    "abs",
    np.abs,
    names=("numpy.fabs", "math.fabs"),
    partials=lambda x, *, out: (SIGN(x),),
    steady=True,
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


COPYSIGN: Primitive = elementwise(
    "copysign",
    names=("numpy.copysign", "math.copysign"),
    partials=lambda x, y, *, out: (SIGN(x) * COPYSIGN(1.0, y), None),
    steady=True,
    at=[(0.3, -1.1), (-2.0, 5.0), (-0.7, -0.4)],
    formula="(sign(x)*sign(y), 0)",
    edges="x = 0: d/dx = 0, as for abs",
    cost=2,
)
FMOD = elementwise(
    "fmod",
    names=("numpy.fmod", "math.fmod"),
    partials=lambda a, b, *, out: (1.0, RINT((out - a) / b)),
    at=[(7.5, 2.0), (-7.5, 2.0), (3.1, -0.7)],
    formula="(1, -trunc(a/b))",
    edges="at a multiple of b: the derivative from the side away from zero",
    cost=20,
)


def _sinc_partials(x: Any, *, out: Any) -> tuple[Any, ...]:
    """``-pi j1(pi x)`` with the spherical Bessel function, by its series near 0.

    NIST Handbook of Mathematical Functions (2010), 10.53.1: there the quotient would cancel.
    """
    angle = math.pi * x
    square = angle * angle
    series, *others = [
        (-1.0) ** k / (2.0**k * math.factorial(k) * math.prod(range(1, 2 * k + 4, 2)))
        for k in reversed(range(_SINC_TERMS))
    ]
    for coefficient in others:
        series = series * square + coefficient
    far = (COS(angle) - out) / x
    return (SELECT(LT(ABS(x), _SINC_NEAR), -math.pi * (angle * series), far),)


_SINC_TERMS, _SINC_NEAR = 9, 0.3
SINC = elementwise(
    "sinc",
    names=("numpy.sinc", "scipy.special.sinc"),
    partials=_sinc_partials,
    steady=True,
    at=[(0.3,), (-1.1,), (1e-3,), (0.0,)],
    formula="(cos(pi*x) - sinc(x))/x",
    edges="sinc'(0) = 0",
    lower=lambda x: SELECT(EQ(x, 0.0), 1.0, SIN(math.pi * x) / (math.pi * x)),
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
    names=("numpy.arctan2", "math.atan2"),
    partials=_atan2_partials,
    at=[(0.3, -1.1), (2.0, 5.0)],
    formula="(x/(x**2 + y**2), -y/(x**2 + y**2))",
    edges="at the origin: nan",
)


def _hypot_partials(a: Any, b: Any, *, out: Any) -> tuple[Any, ...]:
    at_origin = EQ(out, 0.0)
    return SELECT(at_origin, 0.0, a / out), SELECT(at_origin, 0.0, b / out)


HYPOT = elementwise(
    "hypot",
    names=("numpy.hypot",),
    partials=_hypot_partials,
    at=[(0.3, -1.1), (2.0, 5.0)],
    formula="(a/hypot(a, b), b/hypot(a, b))",
    edges="at the origin: 0",
)


def _weight(a: Any, b: Any, scale: float = 1.0) -> Any:
    """The share of `a` in the sum of the exponentials; both infinite: a tie."""
    return SELECT(EQ(a, b), 0.5, SIGMOID((a - b) * scale if scale != 1.0 else a - b))


LOGADDEXP = elementwise(
    "logaddexp",
    names=("numpy.logaddexp",),
    partials=lambda a, b, *, out: (_weight(a, b), _weight(b, a)),
    steady=True,
    at=[(0.3, -1.1), (2.0, 5.0)],
    formula="(sigmoid(a - b), sigmoid(b - a))",
    edges="both infinite and equal: 1/2 each",
)
LOGADDEXP2 = elementwise(
    "logaddexp2",
    names=("numpy.logaddexp2",),
    partials=lambda a, b, *, out: (_weight(a, b, _LN2), _weight(b, a, _LN2)),
    steady=True,
    at=[(0.3, -1.1), (2.0, 5.0)],
    formula="(sigmoid((a - b)*log(2)), sigmoid((b - a)*log(2)))",
    edges="both infinite and equal: 1/2 each",
    lower=lambda a, b: LOGADDEXP(a * _LN2, b * _LN2) * (1.0 / _LN2),
)


def _clip_vjp(ct: Any, x: Any, low: Any, high: Any, *, out: Any) -> tuple[Any, ...]:
    below, above, crossed = LT(x, low), GT(x, high), GT(low, high)
    inside = SELECT(below, 0.0, SELECT(above, 0.0, ct))
    at_low = SELECT(below, SELECT(crossed, 0.0, ct), 0.0)
    at_high = SELECT(below, SELECT(crossed, ct, 0.0), SELECT(above, ct, 0.0))
    return inside, at_low, at_high


def _clip_jvp(tangents: Sequence[Any], x: Any, low: Any, high: Any, *, out: Any) -> Any:
    x_dot, low_dot, high_dot = (0.0 if dot is None else dot for dot in tangents)
    if all(dot is None for dot in tangents[1:]):
        return SELECT(GE(x, low), SELECT(LE(x, high), x_dot, 0.0), 0.0)
    within = 0.0 * out if tangents[0] is None else x_dot
    upper = SELECT(GT(x, high), high_dot, within)
    return SELECT(LT(x, low), SELECT(GT(low, high), high_dot, low_dot), upper)


# The lower bound first: where the bounds are crossed, it is the upper one.
CLIP = elementwise(
    "clip",
    np.clip,
    vjp=_clip_vjp,
    jvp=_clip_jvp,
    at=[
        (0.3, -1.0, 1.0),
        (2.0, -1.0, 1.0),
        (-2.0, -1.0, 1.0),
        *((x, 1.0, -1.0) for x in (0.3, 2.0, -2.0)),
    ],
    formula="(1 inside, 1 below, 1 above)",
    edges="the closed interval passes the gradient; crossed bounds: the upper one",
    text="np.clip({0}, {1}, {2})",
    scalar="min(max({0}, {1}), {2})",
    lower=lambda x, low, high: SELECT(
        LT(x, low), SELECT(GT(low, high), high, low), SELECT(GT(x, high), high, x)
    ),
    cost=2,
)

RECORDS = (
    EXP,
    EXP2,
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
    COPYSIGN,
    FMOD,
    SINC,
    MAXIMUM,
    MINIMUM,
    ATAN2,
    HYPOT,
    LOGADDEXP,
    LOGADDEXP2,
    CLIP,
)
