"""Constants: an op on known numbers becomes the number that NumPy computes.

Nothing is folded that NumPy would warn about (division by zero, overflow, an invalid
operation): such a computation stays in the program, and shows where it happens when it runs.
"""

from __future__ import annotations

import math

import numpy as np

from gradc.ir.builder import CONST, DIM
from gradc.ir.core import Op
from gradc.ir.types import DType
from gradc.passes.site import Site, instead
from gradc.prims.arithmetic import IPOW
from gradc.prims.loops import TRIP

_INT_BITS = 63


def fold(op: Op, site: Site) -> Op | None:
    """Replace a scalar pointwise op on constants by a constant."""
    if not op.prim.pointwise or op.prim.evaluate is None or len(op.outs) != 1:
        return None
    if not op.args or not op.out.type.is_scalar:
        return None
    operands = []
    for arg in op.args:
        known = site.constant(arg)
        if known is None:
            return None
        operands.append(arg.type.dtype.numpy.type(known))
    number = _computed(op, operands)
    return None if number is None else constant_op(op, number)


def constant_op(op: Op, number: float | int | bool) -> Op:
    """Return the op with its (scalar) result defined as a constant instead."""
    dtype = op.out.type.dtype
    plain = {DType.INT: int, DType.BOOL: bool}.get(dtype, float)(number)
    return instead(op, CONST, (), {"dtype": dtype, "value": plain})


def _computed(op: Op, operands: list[np.generic]) -> float | int | bool | None:
    if op.prim is IPOW and op.out.type.dtype is DType.INT:
        return _integer_power(int(operands[0]), op.params["n"])
    assert op.prim.evaluate is not None
    try:
        with np.errstate(all="raise"):
            result = op.prim.evaluate(*operands, **op.params)
    except (FloatingPointError, OverflowError, ValueError, ZeroDivisionError):
        return None
    dtype = op.out.type.dtype
    if dtype is DType.BOOL:
        return bool(result)
    if dtype is DType.INT:
        return int(result)
    number = float(result)
    return None if math.isnan(number) else number


def _integer_power(base: int, exponent: int) -> int | None:
    """NumPy wraps around without a warning; nobody wants that number."""
    if not 0 <= exponent <= _INT_BITS:
        return None
    power = base**exponent
    return power if abs(power) < 2**_INT_BITS else None


def fold_trip(op: Op, site: Site) -> Op | None:
    """Replace the trip count of a loop with known bounds."""
    if op.prim is not TRIP:
        return None
    bounds = [site.constant(arg) for arg in op.args]
    if any(bound is None for bound in bounds) or bounds[2] == 0:
        return None
    return constant_op(op, len(range(*bounds)))


def fold_dim(op: Op, site: Site) -> Op | None:
    """Replace the size of an axis that is a known number."""
    if op.prim is not DIM:
        return None
    dim = site.replacements.dim(op.args[0].type.shape[op.params["axis"]])
    return constant_op(op, dim) if isinstance(dim, int) else None
