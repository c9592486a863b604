"""Exponential integrals, elliptic and hypergeometric functions, and what is written with them.

Numbers are chapters and formulas of the NIST Handbook of Mathematical Functions (2010).
"""

from __future__ import annotations

import math
from typing import Any

from gradc.ir.core import Primitive
from gradc.prims.arithmetic import LOG, POW, SQRT
from gradc.prims.compare import EQ, SELECT
from gradc.prims.define import elementwise
from gradc.prims.elementary import EXP, LOG1P, SIN

_LN10 = math.log(10.0)
_DEGREE = math.pi / 180.0

# -- hypergeometric functions (13.3.15, 15.5.1) ---------------------------------------------------

HYP1F1: Primitive = elementwise(
    "hyp1f1",
    names=("scipy.special.hyp1f1",),
    partials=lambda a, b, x, *, out: (None, None, a / b * HYP1F1(a + 1.0, b + 1.0, x)),
    at=[(0.7, 1.3, 0.4), (2.0, 3.0, -0.8)],
    formula="(refused, refused, a/b*hyp1f1(a + 1, b + 1, x))",
    refuses={0: "the parameter a of hyp1f1", 1: "the parameter b of hyp1f1"},
    cost=200,
)
HYP2F1: Primitive = elementwise(
    "hyp2f1",
    names=("scipy.special.hyp2f1",),
    partials=lambda a, b, c, x, *, out: (
        None, None, None, a * b / c * HYP2F1(a + 1.0, b + 1.0, c + 1.0, x),
    ),
    at=[(0.7, 1.3, 2.2, 0.4), (0.5, 0.5, 1.0, -0.8)],
    formula="(refused, refused, refused, a*b/c*hyp2f1(a + 1, b + 1, c + 1, x))",
    refuses={k: f"the parameter {name} of hyp2f1" for k, name in enumerate("abc")},
    cost=300,
)  # fmt: skip

HYP0F1: Primitive = elementwise(
    "hyp0f1",
    names=("scipy.special.hyp0f1",),
    partials=lambda b, x, *, out: (None, HYP0F1(b + 1.0, x) / b),
    at=[(0.7, 1.3), (2.0, -0.8)],
    formula="(refused, hyp0f1(b + 1, x)/b)",
    refuses={0: "the parameter of hyp0f1"},
    cost=200,
)
# -- elliptic integrals (19.2.4, 19.5.1: written so that m = 0 is no special point) ---------------

ELLIPK = elementwise(
    "ellipk",
    names=("scipy.special.ellipk",),
    partials=lambda m, *, out: (math.pi / 8.0 * HYP2F1(1.5, 1.5, 2.0, m),),
    at=[(0.3,), (-1.4,), (0.0,)],
    formula="pi/8*hyp2f1(3/2, 3/2, 2, m)",
    edges="ellipk'(1) = inf",
    cost=60,
)
ELLIPE = elementwise(
    "ellipe",
    names=("scipy.special.ellipe",),
    partials=lambda m, *, out: (-math.pi / 8.0 * HYP2F1(0.5, 1.5, 2.0, m),),
    at=[(0.3,), (-1.4,), (0.0,)],
    formula="-pi/8*hyp2f1(1/2, 3/2, 2, m)",
    edges="ellipe'(1) = -inf",
    cost=60,
)


def _elliptic_root(phi: Any, m: Any) -> Any:
    sine = SIN(phi)
    return SQRT(1.0 - m * (sine * sine))


ELLIPKINC = elementwise(
    "ellipkinc",
    names=("scipy.special.ellipkinc",),
    partials=lambda phi, m, *, out: (1.0 / _elliptic_root(phi, m), None),
    at=[(0.7, 0.3), (-1.2, -1.4)],
    formula="(1/sqrt(1 - m*sin(phi)**2), refused)",
    refuses={1: "the parameter m of ellipkinc"},
    cost=100,
)
ELLIPEINC = elementwise(
    "ellipeinc",
    names=("scipy.special.ellipeinc",),
    partials=lambda phi, m, *, out: (_elliptic_root(phi, m), None),
    at=[(0.7, 0.3), (-1.2, -1.4)],
    formula="(sqrt(1 - m*sin(phi)**2), refused)",
    refuses={1: "the parameter m of ellipeinc"},
    cost=100,
)

# -- exponential integrals and the dilogarithm (6.2, 25.12.2) --------------------------------------

EXPI = elementwise(
    "expi",
    names=("scipy.special.expi",),
    partials=lambda x, *, out: (EXP(x) / x,),
    at=[(0.3,), (-1.1,)],
    formula="exp(x)/x",
    cost=60,
)
EXP1 = elementwise(
    "exp1",
    names=("scipy.special.exp1",),
    partials=lambda x, *, out: (-(EXP(-x) / x),),
    at=[(0.3,), (2.1,)],
    formula="-exp(-x)/x",
    cost=60,
)
SPENCE = elementwise(
    "spence",
    names=("scipy.special.spence",),
    partials=lambda z, *, out: (SELECT(EQ(z, 1.0), -1.0, LOG(z) / (1.0 - z)),),
    at=[(0.3,), (2.1,)],
    formula="log(z)/(1 - z)",
    edges="spence'(0) = -inf",
    cost=60,
)
WRIGHTOMEGA = elementwise(
    "wrightomega",
    names=("scipy.special.wrightomega",),
    partials=lambda x, *, out: (out / (1.0 + out),),
    at=[(0.3,), (-1.1,)],
    formula="wrightomega(x)/(1 + wrightomega(x))",
    cost=60,
)

# -- what SciPy computes without cancelling, and so do the derivatives -----------------------------

EXP10 = elementwise(
    "exp10",
    names=("scipy.special.exp10",),
    partials=lambda x, *, out: (_LN10 * out,),
    at=[(0.3,), (-1.1,)],
    formula="log(10)*10**x",
)
COSM1 = elementwise(
    "cosm1",
    names=("scipy.special.cosm1",),
    partials=lambda x, *, out: (-SIN(x),),
    at=[(0.3,), (-1.1,)],
    formula="-sin(x)",
)
EXPREL = elementwise(
    "exprel",
    names=("scipy.special.exprel",),
    partials=lambda x, *, out: (0.5 * HYP1F1(2.0, 3.0, x),),
    at=[(0.3,), (-1.1,), (1e-3,), (0.0,)],
    formula="hyp1f1(2, 3, x)/2",
)
SINDG: Primitive = elementwise(
    "sindg",
    names=("scipy.special.sindg",),
    partials=lambda x, *, out: (_DEGREE * COSDG(x),),
    at=[(30.0,), (-110.0,)],
    formula="pi/180*cosdg(x)",
)
COSDG: Primitive = elementwise(
    "cosdg",
    names=("scipy.special.cosdg",),
    partials=lambda x, *, out: (-_DEGREE * SINDG(x),),
    at=[(30.0,), (-110.0,)],
    formula="-pi/180*sindg(x)",
)
TANDG = elementwise(
    "tandg",
    names=("scipy.special.tandg",),
    partials=lambda x, *, out: (_DEGREE * (1.0 + out * out),),
    at=[(30.0,), (-110.0,)],
    formula="pi/180*(1 + tandg(x)**2)",
)
COTDG = elementwise(
    "cotdg",
    names=("scipy.special.cotdg",),
    partials=lambda x, *, out: (-_DEGREE * (1.0 + out * out),),
    at=[(30.0,), (-110.0,)],
    formula="-pi/180*(1 + cotdg(x)**2)",
)
POWM1 = elementwise(
    "powm1",
    names=("scipy.special.powm1",),
    partials=lambda x, y, *, out: (y * POW(x, y - 1.0), (out + 1.0) * LOG(x)),
    at=[(0.3, 1.1), (2.0, -0.4)],
    formula="(y*x**(y - 1), x**y*log(x))",
)

# -- Box and Cox's transformations: boxcox(x, v) = log(x)*exprel(v*log(x)) -------------------------


def _by_lambda(log: Any, v: Any) -> Any:
    """The derivative of ``log*exprel(v*log)`` in v."""
    return 0.5 * (log * log) * HYP1F1(2.0, 3.0, v * log)


BOXCOX = elementwise(
    "boxcox",
    names=("scipy.special.boxcox",),
    partials=lambda x, v, *, out: (POW(x, v - 1.0), _by_lambda(LOG(x), v)),
    at=[(0.3, 1.1), (2.0, -0.4), (2.0, 0.0)],
    formula="(x**(v - 1), log(x)**2*hyp1f1(2, 3, v*log(x))/2)",
)
BOXCOX1P = elementwise(
    "boxcox1p",
    names=("scipy.special.boxcox1p",),
    partials=lambda x, v, *, out: (POW(1.0 + x, v - 1.0), _by_lambda(LOG1P(x), v)),
    at=[(0.3, 1.1), (2.0, -0.4), (2.0, 0.0)],
    formula="((1 + x)**(v - 1), log(1 + x)**2*hyp1f1(2, 3, v*log(1 + x))/2)",
)
INV_BOXCOX = elementwise(
    "inv_boxcox",
    names=("scipy.special.inv_boxcox",),
    partials=lambda y, v, *, out: (
        POW(out, 1.0 - v), -(POW(out, 1.0 - v) * _by_lambda(LOG(out), v)),
    ),
    at=[(0.3, 1.1), (0.9, -0.4), (0.7, 0.0)],
    formula="(out**(1 - v), -out**(1 - v)*log(out)**2*hyp1f1(2, 3, v*log(out))/2)",
)  # fmt: skip
INV_BOXCOX1P = elementwise(
    "inv_boxcox1p",
    names=("scipy.special.inv_boxcox1p",),
    partials=lambda y, v, *, out: (
        POW(1.0 + out, 1.0 - v), -(POW(1.0 + out, 1.0 - v) * _by_lambda(LOG1P(out), v)),
    ),
    at=[(0.3, 1.1), (0.9, -0.4), (0.7, 0.0)],
    formula="((1 + out)**(1 - v),"
    " -(1 + out)**(1 - v)*log(1 + out)**2*hyp1f1(2, 3, v*log(1 + out))/2)",
)  # fmt: skip

RECORDS = (
    HYP0F1, HYP1F1, HYP2F1, ELLIPK, ELLIPE, ELLIPKINC, ELLIPEINC, EXPI, EXP1, SPENCE,
    WRIGHTOMEGA, EXP10, COSM1, EXPREL, SINDG, COSDG, TANDG, COTDG, POWM1, BOXCOX, BOXCOX1P,
    INV_BOXCOX, INV_BOXCOX1P,
)  # fmt: skip
