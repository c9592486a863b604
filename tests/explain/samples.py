"""Functions that the tests of explanations share."""

from __future__ import annotations

from gradc.explain.derivation import Derivation, derive, derive_function
from gradc.frontend.formula import parse_formula
from gradc.ir.core import Function
from gradc.ir.parser import parse_text
from gradc.prims.table import TABLE

LECTURE = "(2*x1 + 3*x2)**2 + 3"

POWER = """
def power(x: f64, n: i64(n)):
    c: f64 = const(value=1.0, dtype='f64')
    lo: i64(0) = const(value=0, dtype='i64')
    st: i64(1) = const(value=1, dtype='i64')
    with for_(lo, n, st, c) as (i, p):
        i: i64(i)
        p_1: f64 = mul(p, x)
        yield_(p_1)
    p_2: f64 = outs()
    s: f64 = sin(p_2)
    return (s,)
"""

MLP = """
def loss(w: f64[3, k], b: f64[k], x: f64[n, 3], y: f64[n, k], n: i64(n), k: i64(k)):
    h: f64[n, k] = matmul(x, w)
    bb: f64[n, k] = broadcast(b, n, k, axes=(1,))
    z: f64[n, k] = add(h, bb)
    a: f64[n, k] = tanh(z)
    r: f64[n, k] = sub(a, y)
    q: f64[n, k] = mul(r, r)
    t: f64 = sum(q, axes=(0, 1))
    return (t,)
"""


def function_of(text: str) -> Function:
    """Read a function in the text form of the IR."""
    return parse_text(text, TABLE)


def lecture(program: str = "") -> Derivation:
    """The derivation of the lecture's formula at its point."""
    return derive(parse_formula(LECTURE), (1.0, 3.0), program)


def formula(text: str, *point: float, wrt: tuple[str, ...] | None = None) -> Derivation:
    """The derivation of a formula, at a point where one is given."""
    return derive(parse_formula(text, wrt), point or None, program="")


def power(x: float, n: int) -> Derivation:
    """The derivation of ``sin(x**n)`` by a loop."""
    return derive_function(function_of(POWER), [0], [x, n])
