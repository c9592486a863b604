"""What primitives mean, said a second time: in SymPy, and in mpmath with any number of digits.

What is in neither table is compared with extrapolated differences only, in `test_table.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy
from mpmath import mp

x, y, a, b = sympy.symbols("x y a b", real=True)

#: name -> (symbols, expression)
SYMPY: Mapping[str, tuple[tuple[Any, ...], Any]] = {
    "add": ((a, b), a + b),
    "sub": ((a, b), a - b),
    "neg": ((a,), -a),
    "mul": ((a, b), a * b),
    "div": ((a, b), a / b),
    "pow": ((x, y), x**y),
    "sqrt": ((x,), sympy.sqrt(x)),
    "root": ((x,), sympy.sqrt(x)),
    "log": ((x,), sympy.log(x)),
    "exp": ((x,), sympy.exp(x)),
    "exp2": ((x,), 2**x),
    "exp10": ((x,), 10**x),
    "expm1": ((x,), sympy.exp(x) - 1),
    "log1p": ((x,), sympy.log(1 + x)),
    "log2": ((x,), sympy.log(x) / sympy.log(2)),
    "log10": ((x,), sympy.log(x) / sympy.log(10)),
    "sin": ((x,), sympy.sin(x)),
    "cos": ((x,), sympy.cos(x)),
    "tan": ((x,), sympy.tan(x)),
    "asin": ((x,), sympy.asin(x)),
    "acos": ((x,), sympy.acos(x)),
    "atan": ((x,), sympy.atan(x)),
    "sinh": ((x,), sympy.sinh(x)),
    "cosh": ((x,), sympy.cosh(x)),
    "tanh": ((x,), sympy.tanh(x)),
    "asinh": ((x,), sympy.asinh(x)),
    "acosh": ((x,), sympy.acosh(x)),
    "atanh": ((x,), sympy.atanh(x)),
    "cbrt": ((x,), sympy.sign(x) * sympy.Abs(x) ** sympy.Rational(1, 3)),
    "sinc": ((x,), sympy.sinc(sympy.pi * x)),
    "sigmoid": ((x,), 1 / (1 + sympy.exp(-x))),
    "abs": ((x,), sympy.Abs(x)),
    "atan2": ((y, x), sympy.atan2(y, x)),
    "hypot": ((a, b), sympy.sqrt(a**2 + b**2)),
    "logaddexp": ((a, b), sympy.log(sympy.exp(a) + sympy.exp(b))),
    "logaddexp2": ((a, b), sympy.log(2**a + 2**b) / sympy.log(2)),
    "erf": ((x,), sympy.erf(x)),
    "erfc": ((x,), sympy.erfc(x)),
    "logit": ((x,), sympy.log(x / (1 - x))),
    "log_expit": ((x,), -sympy.log(1 + sympy.exp(-x))),
    "xlogy": ((x, y), x * sympy.log(y)),
    "xlog1py": ((x, y), x * sympy.log(1 + y)),
    "entr": ((x,), -x * sympy.log(x)),
    "rel_entr": ((x, y), x * sympy.log(x / y)),
    "kl_div": ((x, y), x * sympy.log(x / y) - x + y),
    "pseudo_huber": ((a, b), a**2 * (sympy.sqrt(1 + (b / a) ** 2) - 1)),
    "cosm1": ((x,), sympy.cos(x) - 1),
    "sindg": ((x,), sympy.sin(sympy.pi * x / 180)),
    "cosdg": ((x,), sympy.cos(sympy.pi * x / 180)),
    "tandg": ((x,), sympy.tan(sympy.pi * x / 180)),
    "cotdg": ((x,), sympy.cot(sympy.pi * x / 180)),
    "powm1": ((x, y), x**y - 1),
}


def _ncdf(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2


def _exprel(x: Any) -> Any:
    return mp.hyp1f1(1, 2, x)


def _inverse_boxcox(y: Any, v: Any) -> Any:
    return mp.exp(y) if v == 0 else (v * y + 1) ** (1 / v)


def _owens_t(h: Any, a: Any) -> Any:
    return mp.quad(lambda x: mp.exp(-h * h * (1 + x * x) / 2) / (1 + x * x), [0, a]) / (2 * mp.pi)


def _student(df: Any, t: Any) -> Any:
    tail = mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + t * t), regularized=True) / 2
    return tail if t < 0 else 1 - tail


#: name -> the function for numbers of mpmath
MPMATH: Mapping[str, Callable[..., Any]] = {
    "gamma": mp.gamma,
    "gammaln": lambda x: mp.log(abs(mp.gamma(x))),
    "loggamma": mp.loggamma,
    "rgamma": mp.rgamma,
    "psi": mp.digamma,
    "zeta": mp.zeta,
    "beta": mp.beta,
    "betaln": lambda a, b: mp.log(mp.beta(a, b)),
    "poch": mp.rf,
    "binom": mp.binomial,
    "gammainc": lambda a, x: mp.gammainc(a, 0, x, regularized=True),
    "gammaincc": lambda a, x: mp.gammainc(a, x, mp.inf, regularized=True),
    "betainc": lambda a, b, x: mp.betainc(a, b, 0, x, regularized=True),
    "betaincc": lambda a, b, x: mp.betainc(a, b, x, 1, regularized=True),
    "erfcx": lambda x: mp.exp(x * x) * mp.erfc(x),
    "erfi": mp.erfi,
    "dawsn": lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x),
    "erfinv": mp.erfinv,
    "erfcinv": lambda x: mp.erfinv(1 - x),
    "ndtr": _ncdf,
    "log_ndtr": lambda x: mp.log(_ncdf(x)),
    "ndtri": lambda x: mp.sqrt(2) * mp.erfinv(2 * x - 1),
    "jv": mp.besselj,
    "yv": mp.bessely,
    "iv": mp.besseli,
    "kv": mp.besselk,
    "ive": lambda v, x: mp.besseli(v, x) * mp.exp(-abs(x)),
    "kve": lambda v, x: mp.besselk(v, x) * mp.exp(x),
    "j0": lambda x: mp.besselj(0, x),
    "j1": lambda x: mp.besselj(1, x),
    "y0": lambda x: mp.bessely(0, x),
    "y1": lambda x: mp.bessely(1, x),
    "i0": lambda x: mp.besseli(0, x),
    "i1": lambda x: mp.besseli(1, x),
    "k0": lambda x: mp.besselk(0, x),
    "k1": lambda x: mp.besselk(1, x),
    "i0e": lambda x: mp.besseli(0, x) * mp.exp(-abs(x)),
    "i1e": lambda x: mp.besseli(1, x) * mp.exp(-abs(x)),
    "k0e": lambda x: mp.besselk(0, x) * mp.exp(x),
    "k1e": lambda x: mp.besselk(1, x) * mp.exp(x),
    "struve": mp.struveh,
    "modstruve": mp.struvel,
    "eval_jacobi": mp.jacobi,
    "eval_gegenbauer": mp.gegenbauer,
    "eval_genlaguerre": mp.laguerre,
    "eval_legendre": mp.legendre,
    "eval_chebyt": mp.chebyt,
    "eval_chebyu": mp.chebyu,
    "eval_laguerre": lambda n, x: mp.laguerre(n, 0, x),
    "hyp0f1": mp.hyp0f1,
    "ellipkinc": mp.ellipf,
    "ellipeinc": mp.ellipe,
    "owens_t": _owens_t,
    "stdtr": _student,
    "hyp1f1": mp.hyp1f1,
    "hyp2f1": mp.hyp2f1,
    "ellipk": mp.ellipk,
    "ellipe": mp.ellipe,
    "expi": mp.ei,
    "exp1": mp.e1,
    "spence": lambda z: mp.polylog(2, 1 - z),
    "wrightomega": lambda x: mp.lambertw(mp.exp(x)),
    "exprel": _exprel,
    "boxcox": lambda x, v: mp.log(x) * _exprel(v * mp.log(x)),
    "boxcox1p": lambda x, v: mp.log(1 + x) * _exprel(v * mp.log(1 + x)),
}

#: What the formulas of the documentation may name besides the functions above.
NAMES: Mapping[str, Any] = {
    **{name: getattr(mp, name) for name in (
        "exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "pi", "sign", "floor",
        "hypot", "erf", "erfc",
    )},
    **MPMATH,
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "sinc": lambda x: mp.sinc(mp.pi * x),
    "trunc": lambda x: mp.sign(x) * mp.floor(abs(x)),
    "cosdg": lambda x: mp.cos(mp.pi * x / 180),
    "sindg": lambda x: mp.sin(mp.pi * x / 180),
    "tandg": lambda x: mp.tan(mp.pi * x / 180),
    "cotdg": lambda x: mp.cot(mp.pi * x / 180),
}  # fmt: skip
