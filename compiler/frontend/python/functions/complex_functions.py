"""Elementwise functions of complex numbers, each in terms of functions of real ones.

What has an entry neither here nor in :mod:`complex_arrays` is refused by name.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradc.frontend.python import arithmetic, complexes
from gradc.frontend.python.complexes import both, pair, parts
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions.common import is_none
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.refs import NONE, Constant, Ref

REGISTRY = Registry()

Handler = Callable[..., Ref]


def _real(ctx: Lowering, function: Any, *args: Ref, **kwargs: Ref) -> Ref:
    """Call a function of real numbers."""
    return ctx.call(Constant(function), args, kwargs, None)


# -- parts --------------------------------------------------------------------------------------


@REGISTRY.complex(np.real)
def real(ctx: Lowering, val: Ref) -> Ref:
    """``np.real``: a view."""
    return both(ctx, val)[0]


@REGISTRY.complex(np.imag)
def imag(ctx: Lowering, val: Ref) -> Ref:
    """``np.imag``: a view."""
    return both(ctx, val)[1]


@REGISTRY.complex(np.conjugate)
@REGISTRY.method("conj", "conjugate", group="complex")
def conjugate(ctx: Lowering, x: Ref) -> Ref:
    """``np.conj``."""
    return complexes.conjugate(ctx, x)


@REGISTRY.complex(np.abs, abs)
def absolute(ctx: Lowering, x: Ref) -> Ref:
    """``np.abs``: its derivative at zero is zero."""
    re, im = parts(ctx, x)
    if re is None or im is None:
        return _real(ctx, np.abs, *(part for part in (re, im) if part is not None))
    found = _real(ctx, np.hypot, re, im)
    values = [ctx.value(part, ctx.kind(found).dtype) for part in (re, im)]
    ctx.memo[arithmetic.LENGTH, ctx.value(found)] = values
    return found


@REGISTRY.function(np.angle)
@REGISTRY.complex(np.angle)
def angle(ctx: Lowering, z: Ref, deg: Ref = NONE) -> Ref:
    """``np.angle``."""
    re, im = both(ctx, z)
    found = _real(ctx, np.arctan2, im, re)
    degrees = not is_none(deg) and ctx.constant(deg, "deg")
    return _real(ctx, np.degrees, found) if degrees else found


@REGISTRY.function(complex)
@REGISTRY.complex(complex)
def make(ctx: Lowering, real: Ref, imag: Ref = NONE) -> Ref:
    """``complex(re, im)``."""
    if is_none(imag):
        return pair(ctx, *parts(ctx, real))
    rotated = complexes.multiply(ctx, Constant(1j), imag, "1j*imag")
    return complexes.binary(ctx, ast.Add, real, rotated, "complex(real, imag)")


def _converter(dtype: type[np.complexfloating[Any, Any]]) -> Handler:
    part = Constant(complexes.part_dtype(Constant(dtype)).type)

    def handler(ctx: Lowering, x: Ref) -> Ref:
        return pair(ctx, *(_real(ctx, part.value, side) for side in both(ctx, x)))

    handler.__doc__ = f"``np.{dtype.__name__}``."
    return handler


for _dtype in (np.complex128, np.complex64):
    REGISTRY.function(_dtype)(_converter(_dtype))
    REGISTRY.complex(_dtype)(_converter(_dtype))


# -- elementwise --------------------------------------------------------------------------------

_OPERATORS: Mapping[np.ufunc, type[ast.operator]] = {
    np.add: ast.Add,
    np.subtract: ast.Sub,
    np.multiply: ast.Mult,
    np.divide: ast.Div,
    np.power: ast.Pow,
}


def _operator(function: np.ufunc, op: type[ast.operator]) -> Handler:
    text = f"np.{function.__name__}"

    def handler(ctx: Lowering, x1: Ref, x2: Ref) -> Ref:
        return complexes.binary(ctx, op, x1, x2, text)

    return handler


for _function, _op in _OPERATORS.items():
    REGISTRY.complex(_function)(_operator(_function, _op))


@REGISTRY.complex(np.negative)
def negative(ctx: Lowering, x: Ref) -> Ref:
    """``np.negative``."""
    return complexes.negate(ctx, x)


@REGISTRY.complex(np.square)
def square(ctx: Lowering, x: Ref) -> Ref:
    """``np.square``."""
    return complexes.multiply(ctx, x, x, "np.square")


@REGISTRY.complex(np.reciprocal)
def reciprocal(ctx: Lowering, x: Ref) -> Ref:
    """``np.reciprocal``."""
    return complexes.divide(ctx, Constant(1.0), x, "np.reciprocal")


@REGISTRY.complex(np.exp)
def exp(ctx: Lowering, x: Ref) -> Ref:
    """``np.exp``: the length is the exponential of the real part, the angle the imaginary part."""
    re, im = parts(ctx, x)
    if im is None:
        return pair(ctx, _real(ctx, np.exp, both(ctx, x)[0]), None)
    turn = pair(ctx, _real(ctx, np.cos, im), _real(ctx, np.sin, im))
    if re is None:
        return turn
    return complexes.multiply(ctx, _real(ctx, np.exp, re), turn, "np.exp")


@REGISTRY.complex(np.log)
def log(ctx: Lowering, x: Ref) -> Ref:
    """``np.log``: the logarithm of the length, and the angle."""
    return pair(ctx, _real(ctx, np.log, absolute(ctx, x)), angle(ctx, x))


def _of_parts(first: tuple[Any, Any], second: tuple[Any, Any], sign: float) -> Handler:
    """``f(a + ib) = f1(a)*g1(b) + i*sign*f2(a)*g2(b)``."""

    def handler(ctx: Lowering, x: Ref) -> Ref:
        a, b = both(ctx, x)
        made = []
        for of_a, of_b in (first, second):
            made.append(_real(ctx, np.multiply, _real(ctx, of_a, a), _real(ctx, of_b, b)))
        im = made[1] if sign > 0 else arithmetic.negate(ctx, made[1])
        return pair(ctx, made[0], im)

    return handler


REGISTRY.complex(np.sin)(_of_parts((np.sin, np.cosh), (np.cos, np.sinh), 1.0))
REGISTRY.complex(np.cos)(_of_parts((np.cos, np.cosh), (np.sin, np.sinh), -1.0))
REGISTRY.complex(np.sinh)(_of_parts((np.sinh, np.cos), (np.cosh, np.sin), 1.0))
REGISTRY.complex(np.cosh)(_of_parts((np.cosh, np.cos), (np.sinh, np.sin), 1.0))


def _test(function: Any, join: Any) -> Handler:
    def handler(ctx: Lowering, x: Ref) -> Ref:
        return _real(ctx, join, *(_real(ctx, function, part) for part in both(ctx, x)))

    return handler


REGISTRY.complex(np.isnan)(_test(np.isnan, np.logical_or))
REGISTRY.complex(np.isinf)(_test(np.isinf, np.logical_or))
REGISTRY.complex(np.isfinite)(_test(np.isfinite, np.logical_and))


@REGISTRY.complex(np.iscomplex)
def iscomplex(ctx: Lowering, x: Ref) -> Ref:
    """``np.iscomplex``."""
    return _real(ctx, np.not_equal, both(ctx, x)[1], Constant(0.0))


@REGISTRY.complex(np.isreal)
def isreal(ctx: Lowering, x: Ref) -> Ref:
    """``np.isreal``."""
    return _real(ctx, np.equal, both(ctx, x)[1], Constant(0.0))


@REGISTRY.complex(np.equal)
def equal(ctx: Lowering, x1: Ref, x2: Ref) -> Ref:
    """``np.equal``."""
    return complexes.compare(ctx, ast.Eq, x1, x2, "np.equal")


@REGISTRY.complex(np.not_equal)
def not_equal(ctx: Lowering, x1: Ref, x2: Ref) -> Ref:
    """``np.not_equal``."""
    return complexes.compare(ctx, ast.NotEq, x1, x2, "np.not_equal")
