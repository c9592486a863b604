"""Special functions under SciPy's names, each with its derivative.

What computes them is SciPy's own code (see :mod:`gradc_runtime.special_compiled`). The derivatives
are those of the NIST Handbook of Mathematical Functions (2010), chapter and number with each group.
A parameter whose derivative is no function of SciPy is refused by its name.
"""

from __future__ import annotations

import math
from typing import Any

from gradc.ir.core import Primitive
from gradc.prims.arithmetic import DIV, LOG, SQRT
from gradc.prims.compare import EQ, GT, LE, SELECT
from gradc.prims.define import elementwise
from gradc.prims.elementary import ABS, EXP, LOG1P, SIGMOID, SIGN

_SQRT_PI = math.sqrt(math.pi)
_TWO_OVER_SQRT_PI = 2.0 / _SQRT_PI
_SQRT_TWO_PI = math.sqrt(2.0 * math.pi)
_SQRT_TWO_OVER_PI = math.sqrt(2.0 / math.pi)
_SQRT_HALF = math.sqrt(0.5)
#: From here on, asymptotic series are exact to the last digit.
_FAR = 30.0

# -- gamma function (5.2, 5.12, 5.15) -----------------------------------------------------------

GAMMA: Primitive = elementwise(
    "gamma",
    names=("scipy.special.gamma", "math.gamma"),
    partials=lambda x, *, out: (out * PSI(x),),
    at=[(0.3,), (2.7,), (-1.6,)],
    formula="gamma(x)*psi(x)",
    edges="nan at 0, -1, -2, ...",
    cost=60,
)
GAMMALN = elementwise(
    "gammaln",
    names=("scipy.special.gammaln", "math.lgamma"),
    partials=lambda x, *, out: (PSI(x),),
    at=[(0.3,), (12.7,), (-1.6,)],
    formula="psi(x)",
    edges="nan at 0, -1, -2, ...",
    cost=60,
)
LOGGAMMA = elementwise(
    "loggamma",
    names=("scipy.special.loggamma",),
    partials=lambda x, *, out: (PSI(x),),
    at=[(0.3,), (12.7,)],
    formula="psi(x)",
    edges="x < 0: nan, since the value is",
    cost=60,
)
RGAMMA = elementwise(
    "rgamma",
    names=("scipy.special.rgamma",),
    partials=lambda x, *, out: (-(out * PSI(x)),),
    at=[(0.3,), (2.7,), (-1.6,)],
    formula="-psi(x)/gamma(x)",
    edges="nan at 0, -1, -2, ...",
    cost=60,
)
PSI: Primitive = elementwise(
    "psi",
    names=("scipy.special.psi", "scipy.special.digamma"),
    partials=lambda x, *, out: (ZETA(2.0, x),),
    at=[(0.3,), (12.7,), (-1.6,)],
    formula="zeta(2, x)",
    edges="nan at 0, -1, -2, ...",
    cost=60,
)
ZETA: Primitive = elementwise(
    "zeta",
    names=("scipy.special.zeta",),
    partials=lambda s, q, *, out: (None, -(s * ZETA(s + 1.0, q))),
    at=[(2.0, 0.3), (3.5, 12.7), (4.0, -1.6)],
    formula="(refused, -s*zeta(s + 1, q))",
    refuses={0: "the exponent of zeta"},
    cost=100,
)
BETA = elementwise(
    "beta",
    names=("scipy.special.beta",),
    partials=lambda a, b, *, out: (out * (PSI(a) - PSI(a + b)), out * (PSI(b) - PSI(a + b))),
    at=[(0.3, 1.1), (2.7, 5.0)],
    formula="(beta(a, b)*(psi(a) - psi(a + b)), beta(a, b)*(psi(b) - psi(a + b)))",
    cost=100,
)
BETALN = elementwise(
    "betaln",
    names=("scipy.special.betaln",),
    partials=lambda a, b, *, out: (PSI(a) - PSI(a + b), PSI(b) - PSI(a + b)),
    at=[(0.3, 1.1), (2.7, 5.0)],
    formula="(psi(a) - psi(a + b), psi(b) - psi(a + b))",
    cost=100,
)
POCH = elementwise(
    "poch",
    names=("scipy.special.poch",),
    partials=lambda z, m, *, out: (out * (PSI(z + m) - PSI(z)), out * PSI(z + m)),
    at=[(0.3, 1.1), (2.7, 5.0)],
    formula="(poch(z, m)*(psi(z + m) - psi(z)), poch(z, m)*psi(z + m))",
    cost=100,
)


def _binom_partials(n: Any, k: Any, *, out: Any) -> tuple[Any, ...]:
    rest = PSI(n - k + 1.0)
    return out * (PSI(n + 1.0) - rest), out * (rest - PSI(k + 1.0))


BINOM = elementwise(
    "binom",
    names=("scipy.special.binom",),
    partials=_binom_partials,
    at=[(5.3, 1.1), (2.7, 0.4)],
    formula="(binom(n, k)*(psi(n + 1) - psi(n - k + 1)),"
    " binom(n, k)*(psi(n - k + 1) - psi(k + 1)))",
    cost=100,
)

# -- incomplete gamma and beta functions (8.8.13, 8.17.1) -----------------------------------------


def _gamma_density(a: Any, x: Any) -> Any:
    """``x**(a - 1) * exp(-x) / gamma(a)``, by its logarithm so that nothing overflows."""
    return EXP(XLOGY(a - 1.0, x) - x - GAMMALN(a))


def _beta_density(a: Any, b: Any, x: Any) -> Any:
    """``x**(a - 1) * (1 - x)**(b - 1) / beta(a, b)``, by its logarithm."""
    return EXP(XLOGY(a - 1.0, x) + XLOG1PY(b - 1.0, -x) - BETALN(a, b))


GAMMAINC = elementwise(
    "gammainc",
    names=("scipy.special.gammainc",),
    partials=lambda a, x, *, out: (None, _gamma_density(a, x)),
    at=[(0.7, 1.3), (4.0, 2.5)],
    formula="(refused, x**(a - 1)*exp(-x)/gamma(a))",
    refuses={0: "the exponent a of gammainc"},
    cost=150,
)
GAMMAINCC = elementwise(
    "gammaincc",
    names=("scipy.special.gammaincc",),
    partials=lambda a, x, *, out: (None, -_gamma_density(a, x)),
    at=[(0.7, 1.3), (4.0, 2.5)],
    formula="(refused, -x**(a - 1)*exp(-x)/gamma(a))",
    refuses={0: "the exponent a of gammaincc"},
    cost=150,
)
GAMMAINCINV = elementwise(
    "gammaincinv",
    names=("scipy.special.gammaincinv",),
    partials=lambda a, y, *, out: (None, DIV(1.0, _gamma_density(a, out))),
    at=[(0.7, 0.6), (4.0, 0.3)],
    formula="(refused, gamma(a)*exp(out)*out**(1 - a))",
    refuses={0: "the exponent a of gammaincinv"},
    cost=300,
)
GAMMAINCCINV = elementwise(
    "gammainccinv",
    names=("scipy.special.gammainccinv",),
    partials=lambda a, y, *, out: (None, DIV(-1.0, _gamma_density(a, out))),
    at=[(0.7, 0.6), (4.0, 0.3)],
    formula="(refused, -gamma(a)*exp(out)*out**(1 - a))",
    refuses={0: "the exponent a of gammainccinv"},
    cost=300,
)
BETAINC = elementwise(
    "betainc",
    names=("scipy.special.betainc",),
    partials=lambda a, b, x, *, out: (None, None, _beta_density(a, b, x)),
    at=[(0.7, 1.3, 0.4), (4.0, 2.5, 0.8)],
    formula="(refused, refused, x**(a - 1)*(1 - x)**(b - 1)/beta(a, b))",
    refuses={0: "the exponent a of betainc", 1: "the exponent b of betainc"},
    cost=200,
)
BETAINCC = elementwise(
    "betaincc",
    names=("scipy.special.betaincc",),
    partials=lambda a, b, x, *, out: (None, None, -_beta_density(a, b, x)),
    at=[(0.7, 1.3, 0.4), (4.0, 2.5, 0.8)],
    formula="(refused, refused, -x**(a - 1)*(1 - x)**(b - 1)/beta(a, b))",
    refuses={0: "the exponent a of betaincc", 1: "the exponent b of betaincc"},
    cost=200,
)
BETAINCINV = elementwise(
    "betaincinv",
    names=("scipy.special.betaincinv",),
    partials=lambda a, b, y, *, out: (None, None, DIV(1.0, _beta_density(a, b, out))),
    at=[(0.7, 1.3, 0.4), (4.0, 2.5, 0.8)],
    formula="(refused, refused, beta(a, b)*out**(1 - a)*(1 - out)**(1 - b))",
    refuses={0: "the exponent a of betaincinv", 1: "the exponent b of betaincinv"},
    cost=400,
)

# -- error functions and the normal distribution (7.10) --------------------------------------------

ERF = elementwise(
    "erf",
    names=("scipy.special.erf", "math.erf"),
    partials=lambda x, *, out: (_TWO_OVER_SQRT_PI * EXP(-(x * x)),),
    steady=True,
    at=[(0.3,), (-1.1,)],
    formula="2*exp(-x**2)/sqrt(pi)",
    scalar="math.erf({0})",
)
ERFC = elementwise(
    "erfc",
    names=("scipy.special.erfc", "math.erfc"),
    partials=lambda x, *, out: (-_TWO_OVER_SQRT_PI * EXP(-(x * x)),),
    steady=True,
    at=[(0.3,), (-1.1,)],
    formula="-2*exp(-x**2)/sqrt(pi)",
    scalar="math.erfc({0})",
)


def _squared(x: Any) -> Any:
    return x * x


def _tail(square: Any, sign: float) -> Any:
    """``sum((2*n + 1)!! * (sign/(2*square))**n)``: what derivatives far out are made of."""
    q = (0.5 * sign) / square
    return 1.0 + q * (3.0 + q * (15.0 + q * (105.0 + q * (945.0 + q * 10395.0))))


def _erfcx_partial(x: Any, *, out: Any) -> tuple[Any]:
    """Far out the difference cancels: there the derivative of the series DLMF 7.12.1."""
    far = GT(x, _FAR)
    square = _squared(SELECT(far, x, _FAR))
    beyond = -_tail(square, -1.0) / (_SQRT_PI * square)
    return (SELECT(far, beyond, 2.0 * (x * out) - _TWO_OVER_SQRT_PI),)


ERFCX = elementwise(
    "erfcx",
    names=("scipy.special.erfcx",),
    partials=_erfcx_partial,
    at=[(0.3,), (-1.1,), (29.5,), (31.0,), (1e6,)],
    formula="2*x*erfcx(x) - 2/sqrt(pi)",
)
ERFI = elementwise(
    "erfi",
    names=("scipy.special.erfi",),
    partials=lambda x, *, out: (_TWO_OVER_SQRT_PI * EXP(x * x),),
    at=[(0.3,), (-1.1,)],
    formula="2*exp(x**2)/sqrt(pi)",
)


def _dawsn_partial(x: Any, *, out: Any) -> tuple[Any]:
    far = GT(ABS(x), _FAR)
    square = _squared(SELECT(far, x, _FAR))
    return (SELECT(far, -0.5 * _tail(square, 1.0) / square, 1.0 - 2.0 * (x * out)),)


DAWSN = elementwise(
    "dawsn",
    names=("scipy.special.dawsn",),
    partials=_dawsn_partial,
    at=[(0.3,), (-1.1,), (31.0,), (-1e6,)],
    formula="1 - 2*x*dawsn(x)",
)
ERFINV = elementwise(
    "erfinv",
    names=("scipy.special.erfinv",),
    partials=lambda x, *, out: ((0.5 * _SQRT_PI) * EXP(out * out),),
    at=[(0.3,), (-0.8,)],
    formula="sqrt(pi)/2*exp(erfinv(x)**2)",
    edges="erfinv'(+-1) = inf",
)
ERFCINV = elementwise(
    "erfcinv",
    names=("scipy.special.erfcinv",),
    partials=lambda x, *, out: ((-0.5 * _SQRT_PI) * EXP(out * out),),
    at=[(0.3,), (1.8,)],
    formula="-sqrt(pi)/2*exp(erfcinv(x)**2)",
    edges="erfcinv'(0) = erfcinv'(2) = -inf",
)
NDTR = elementwise(
    "ndtr",
    names=("scipy.special.ndtr",),
    partials=lambda x, *, out: (EXP(-0.5 * (x * x)) / _SQRT_TWO_PI,),
    steady=True,
    at=[(0.3,), (-1.1,)],
    formula="exp(-x**2/2)/sqrt(2*pi)",
)
LOG_NDTR = elementwise(
    "log_ndtr",
    names=("scipy.special.log_ndtr",),
    partials=lambda x, *, out: (_SQRT_TWO_OVER_PI / ERFCX(x * -_SQRT_HALF),),
    at=[(0.3,), (-1.1,), (-30.0,), (-1e3,)],
    formula="exp(-x**2/2 - log_ndtr(x))/sqrt(2*pi)",
)
NDTRI = elementwise(
    "ndtri",
    names=("scipy.special.ndtri",),
    partials=lambda x, *, out: (_SQRT_TWO_PI * EXP(0.5 * (out * out)),),
    at=[(0.3,), (0.9,)],
    formula="sqrt(2*pi)*exp(ndtri(x)**2/2)",
    edges="ndtri'(0) = ndtri'(1) = inf",
)


def _owens_t_partials(h: Any, a: Any, *, out: Any) -> tuple[Any, ...]:
    far = 1.0 + a * a
    wrt_h = EXP(-0.5 * (h * h)) * ERF(a * h / math.sqrt(2.0))
    return wrt_h / (-2.0 * _SQRT_TWO_PI), EXP(-0.5 * (h * h * far)) / (2.0 * math.pi * far)


OWENS_T = elementwise(
    "owens_t",
    names=("scipy.special.owens_t",),
    partials=_owens_t_partials,
    at=[(0.3, 1.1), (-0.8, 0.4)],
    formula="(-exp(-h**2/2)*erf(a*h/sqrt(2))/sqrt(8*pi),"
    " exp(-h**2*(1 + a**2)/2)/(2*pi*(1 + a**2)))",
    cost=150,
)


def _student_density(df: Any, t: Any) -> Any:
    exponent = 0.5 * (df + 1.0) * LOG1P(t * t / df)
    return EXP(-exponent - BETALN(0.5 * df, 0.5)) / SQRT(df)


STDTR = elementwise(
    "stdtr",
    names=("scipy.special.stdtr",),
    partials=lambda df, t, *, out: (None, _student_density(df, t)),
    at=[(3.0, 0.4), (7.5, -1.2)],
    formula="(refused, (1 + t**2/df)**(-(df + 1)/2)/(sqrt(df)*beta(df/2, 1/2)))",
    refuses={0: "the degrees of freedom of stdtr"},
    cost=150,
)

# -- logistic functions and entropies --------------------------------------------------------------

LOGIT = elementwise(
    "logit",
    names=("scipy.special.logit",),
    partials=lambda x, *, out: (DIV(1.0, x * (1.0 - x)),),
    at=[(0.3,), (0.9,)],
    formula="1/(x*(1 - x))",
    edges="logit'(0) = logit'(1) = inf",
)
LOG_EXPIT = elementwise(
    "log_expit",
    names=("scipy.special.log_expit",),
    partials=lambda x, *, out: (SIGMOID(-x),),
    at=[(0.3,), (-2.0,), (-50.0,)],
    formula="sigmoid(-x)",
)
XLOGY: Primitive = elementwise(
    "xlogy",
    names=("scipy.special.xlogy",),
    partials=lambda x, y, *, out: (LOG(y), SELECT(EQ(x, 0.0), 0.0, x / y)),
    at=[(0.3, 1.1), (-2.0, 0.4)],
    formula="(log(y), x/y)",
    edges="x = 0: d/dy = 0; x = y = 0: d/dx = -inf",
)
XLOG1PY: Primitive = elementwise(
    "xlog1py",
    names=("scipy.special.xlog1py",),
    partials=lambda x, y, *, out: (LOG1P(y), SELECT(EQ(x, 0.0), 0.0, x / (1.0 + y))),
    at=[(0.3, 1.1), (-2.0, -0.4)],
    formula="(log(1 + y), x/(1 + y))",
    edges="x = 0: d/dy = 0",
)
ENTR = elementwise(
    "entr",
    names=("scipy.special.entr",),
    partials=lambda x, *, out: (-LOG(x) - 1.0,),
    at=[(0.3,), (2.0,)],
    formula="-log(x) - 1",
    edges="entr'(0) = inf",
)
REL_ENTR = elementwise(
    "rel_entr",
    names=("scipy.special.rel_entr",),
    partials=lambda x, y, *, out: (LOG(x / y) + 1.0, SELECT(EQ(x, 0.0), 0.0, -(x / y))),
    at=[(0.3, 1.1), (2.0, 0.4)],
    formula="(log(x/y) + 1, -x/y)",
    edges="x = 0: d/dx = -inf, d/dy = 0",
)
KL_DIV = elementwise(
    "kl_div",
    names=("scipy.special.kl_div",),
    partials=lambda x, y, *, out: (LOG(x / y), 1.0 - SELECT(EQ(x, 0.0), 0.0, x / y)),
    at=[(0.3, 1.1), (2.0, 0.4)],
    formula="(log(x/y), 1 - x/y)",
    edges="x = 0: d/dx = -inf, d/dy = 1",
)


def _huber_partials(delta: Any, r: Any, *, out: Any) -> tuple[Any, ...]:
    size = ABS(r)
    near = LE(size, delta)
    return SELECT(near, 0.0, size - delta), SELECT(near, r, delta * SIGN(r))


HUBER = elementwise(
    "huber",
    names=("scipy.special.huber",),
    partials=_huber_partials,
    steady=True,
    at=[(0.7, 0.3), (0.4, -1.3)],
    formula="(0, r) where |r| <= delta, else (|r| - delta, delta*sign(r))",
)
PSEUDO_HUBER = elementwise(
    "pseudo_huber",
    names=("scipy.special.pseudo_huber",),
    partials=lambda delta, r, *, out: _pseudo_huber_partials(delta, r),
    at=[(0.7, 0.3), (0.4, -1.3)],
    formula="(2*delta*(w - 1) - r**2/(delta*w), r/w) with w = sqrt(1 + (r/delta)**2)",
)


def _pseudo_huber_partials(delta: Any, r: Any) -> tuple[Any, ...]:
    ratio = r / delta
    root = SQRT(1.0 + ratio * ratio)
    # w - 1 without cancelling where r is small beside delta
    above = ratio * ratio / (root + 1.0)
    return 2.0 * (delta * above) - ratio * r / root, r / root


RECORDS = (
    GAMMA,
    GAMMALN,
    LOGGAMMA,
    RGAMMA,
    PSI,
    ZETA,
    BETA,
    BETALN,
    POCH,
    BINOM,
    GAMMAINC,
    GAMMAINCC,
    GAMMAINCINV,
    GAMMAINCCINV,
    BETAINC,
    BETAINCC,
    BETAINCINV,
    ERF,
    ERFC,
    ERFCX,
    ERFI,
    DAWSN,
    ERFINV,
    ERFCINV,
    NDTR,
    LOG_NDTR,
    NDTRI,
    OWENS_T,
    STDTR,
    LOGIT,
    LOG_EXPIT,
    XLOGY,
    XLOG1PY,
    ENTR,
    REL_ENTR,
    KL_DIV,
    HUBER,
    PSEUDO_HUBER,
)
