"""Bessel functions in their argument (NIST Handbook 10.6, 10.29); the order is refused.

Each is written with the orders below and above, without a quotient that would fail at 0.
"""

from __future__ import annotations

from typing import Any

from gradc.ir.core import Primitive
from gradc.prims.define import elementwise
from gradc.prims.elementary import SIGN

_ORDERS = ((0.7, 1.3), (2.0, 3.4))


def _of_order(name: str, formula: str, partial: Any, *also: str) -> Primitive:
    """A function of order and argument; `partial` of its lower and upper neighbour, x and out."""

    def partials(v: Any, x: Any, *, out: Any) -> tuple[Any, ...]:
        return None, partial(prim(v - 1.0, x), prim(v + 1.0, x), x, out)

    prim: Primitive = elementwise(
        name,
        names=(f"scipy.special.{name}", *also),
        partials=partials,
        at=_ORDERS,
        formula=f"(refused, {formula.format(f=name)})",
        refuses={0: f"the order of {name}"},
        cost=150,
    )
    return prim


_HALF_GAP = "({f}(v - 1, x) - {f}(v + 1, x))/2"
_HALF_SUM = "({f}(v - 1, x) + {f}(v + 1, x))/2"

JV = _of_order("jv", _HALF_GAP, lambda a, b, x, out: 0.5 * (a - b), "scipy.special.jn")
YV = _of_order("yv", _HALF_GAP, lambda a, b, x, out: 0.5 * (a - b))
IV = _of_order("iv", _HALF_SUM, lambda a, b, x, out: 0.5 * (a + b))
KV = _of_order("kv", f"-{_HALF_SUM}", lambda a, b, x, out: -0.5 * (a + b))
IVE = _of_order(
    "ive", f"{_HALF_SUM} - sign(x)*{{f}}(v, x)", lambda a, b, x, out: 0.5 * (a + b) - SIGN(x) * out
)
KVE = _of_order("kve", f"{{f}}(v, x) - {_HALF_SUM}", lambda a, b, x, out: out - 0.5 * (a + b))


def _struve(name: str) -> Primitive:
    """A Struve function (11.4.25, 11.4.26)."""

    def partials(v: Any, x: Any, *, out: Any) -> tuple[Any, ...]:
        return None, prim(v - 1.0, x) - v * out / x

    prim: Primitive = elementwise(
        name,
        names=(f"scipy.special.{name}",),
        partials=partials,
        at=_ORDERS,
        formula=f"(refused, {name}(v - 1, x) - v/x*{name}(v, x))",
        edges="x = 0: nan",
        refuses={0: f"the order of {name}"},
        cost=150,
    )
    return prim


STRUVE, MODSTRUVE = _struve("struve"), _struve("modstruve")


def _of_argument(name: str, formula: str, partial: Any, *also: str) -> Primitive:
    """A function of order 0 or 1; `partial` is a function of argument and result."""
    return elementwise(
        name,
        names=(f"scipy.special.{name}", *also),
        partials=lambda x, *, out: (partial(x, out),),
        at=((0.3,), (4.2,)),
        formula=formula,
        cost=60,
    )


J1: Primitive = _of_argument(
    "j1", "(j0(x) - jv(2, x))/2", lambda x, out: 0.5 * (J0(x) - JV(2.0, x))
)
J0: Primitive = _of_argument("j0", "-j1(x)", lambda x, out: -J1(x))
Y1: Primitive = _of_argument(
    "y1", "(y0(x) - yv(2, x))/2", lambda x, out: 0.5 * (Y0(x) - YV(2.0, x))
)
Y0: Primitive = _of_argument("y0", "-y1(x)", lambda x, out: -Y1(x))
I1: Primitive = _of_argument(
    "i1", "(i0(x) + iv(2, x))/2", lambda x, out: 0.5 * (I0(x) + IV(2.0, x))
)
I0: Primitive = _of_argument("i0", "i1(x)", lambda x, out: I1(x), "numpy.i0")
K1: Primitive = _of_argument(
    "k1", "-(k0(x) + kv(2, x))/2", lambda x, out: -0.5 * (K0(x) + KV(2.0, x))
)
K0: Primitive = _of_argument("k0", "-k1(x)", lambda x, out: -K1(x))
I1E: Primitive = _of_argument(
    "i1e",
    "(i0e(x) + ive(2, x))/2 - sign(x)*i1e(x)",
    lambda x, out: 0.5 * (I0E(x) + IVE(2.0, x)) - SIGN(x) * out,
)
I0E: Primitive = _of_argument(
    "i0e", "i1e(x) - sign(x)*i0e(x)", lambda x, out: I1E(x) - SIGN(x) * out
)
K1E: Primitive = _of_argument(
    "k1e", "k1e(x) - (k0e(x) + kve(2, x))/2", lambda x, out: out - 0.5 * (K0E(x) + KVE(2.0, x))
)
K0E: Primitive = _of_argument("k0e", "k0e(x) - k1e(x)", lambda x, out: out - K1E(x))

RECORDS = (
    STRUVE,
    MODSTRUVE,
    JV,
    YV,
    IV,
    KV,
    IVE,
    KVE,
    J0,
    J1,
    Y0,
    Y1,
    I0,
    I1,
    K0,
    K1,
    I0E,
    I1E,
    K0E,
    K1E,
)
