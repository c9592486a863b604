"""Arithmetic on references: promotion, broadcasting, and folding of constants."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import PurePath
from typing import Any

import numpy as np

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.promote import Kind, as_float, as_number, promote
from gradc.frontend.python.refs import POISON, Constant, Poison, Ref, Scalar, is_complex
from gradc.ir.builder import dim_of
from gradc.ir.core import Primitive, Value
from gradc.ir.types import Dim, DType
from gradc.prims.arithmetic import ADD, DIV, FLOORDIV, IPOW, MOD, MUL, NEG, POW, SUB
from gradc.prims.compare import EQ, GE, GT, LAND, LE, LNOT, LOR, LT, NE, SELECT
from gradc.prims.integers import (
    BIT_AND_OP,
    BIT_OR_OP,
    BIT_XOR_OP,
    IMIN,
    INTEGER_POWER,
    SHIFT_LEFT,
    SHIFT_RIGHT,
)
from gradc.prims.shape import BROADCAST, EXPECT, RESHAPE, UNEQUAL

BINARY: dict[type[ast.operator], tuple[str, Callable[[Any, Any], Any], Primitive | None]] = {
    ast.Add: ("+", operator.add, ADD),
    ast.Sub: ("-", operator.sub, SUB),
    ast.Mult: ("*", operator.mul, MUL),
    ast.Div: ("/", operator.truediv, DIV),
    ast.FloorDiv: ("//", operator.floordiv, FLOORDIV),
    ast.Mod: ("%", operator.mod, MOD),
    ast.Pow: ("**", operator.pow, None),
    ast.BitAnd: ("&", operator.and_, LAND),
    ast.BitOr: ("|", operator.or_, LOR),
    ast.BitXor: ("^", operator.xor, NE),
    ast.LShift: ("<<", operator.lshift, SHIFT_LEFT),
    ast.RShift: (">>", operator.rshift, SHIFT_RIGHT),
}

COMPARISONS: dict[type[ast.cmpop], tuple[str, Callable[[Any, Any], Any], Primitive]] = {
    ast.Lt: ("<", operator.lt, LT),
    ast.LtE: ("<=", operator.le, LE),
    ast.Gt: (">", operator.gt, GT),
    ast.GtE: (">=", operator.ge, GE),
    ast.Eq: ("==", operator.eq, EQ),
    ast.NotEq: ("!=", operator.ne, NE),
}

_BITWISE = {ast.BitAnd: BIT_AND_OP, ast.BitOr: BIT_OR_OP, ast.BitXor: BIT_XOR_OP}
_SHIFTS = (ast.LShift, ast.RShift)
#: A shift by more than this is one by this, and for ``<<`` one more.
_LARGEST_SHIFT = 63
_ON_BOOLEANS = {ADD: LOR, MUL: LAND}

#: Constant exponents up to this become products.
LARGEST_INTEGER_POWER = 64
_LARGEST_CONSTANT_BITS = 4096
#: Marks the absolute value of a complex number among the memos, with its parts: the square of it
#: is the sum of their squares, and has no root nor a kink at zero.
LENGTH = "length"


# -- broadcasting -------------------------------------------------------------------------------


def broadcast_shape(operands: Sequence[tuple[Dim, ...]], what: str) -> tuple[Dim, ...]:
    """Return the shape that operands have together; where symbols differ the first one counts."""
    rank = max(len(shape) for shape in operands)
    result: list[Dim] = []
    for axis in range(-rank, 0):
        dims = [shape[axis] for shape in operands if len(shape) >= -axis]
        wide = [dim for dim in dims if dim != 1]
        known = {dim for dim in wide if isinstance(dim, int)}
        if len(known) > 1:
            written = " and ".join(_shape_text(shape) for shape in operands)
            raise shapes(
                f"{what} could not be broadcast together: shapes {written}",
                "the last axes are aligned; each pair of sizes must be equal, or one of them 1",
            )
        result.append(next(iter(known), wide[0] if wide else 1))
    return tuple(result)


def shape_together(
    ctx: Lowering, operands: Sequence[tuple[Dim, ...]], what: str
) -> tuple[Dim, ...]:
    """Return the shape that operands have together, as it turns out where that is asked for."""
    known = broadcast_shape(operands, what)
    sizes = ctx.builder.sizes
    if not sizes.as_they_come:
        return known
    found: list[Dim] = []
    for axis, first in zip(range(-len(known), 0), known, strict=True):
        dims = {shape[axis]: None for shape in operands if len(shape) >= -axis}
        fixed = [dim for dim in dims if dim != 1 and not sizes.may_be_one(dim)]
        found.append(fixed[0] if fixed else _wider(ctx, [dim for dim in dims if dim != 1], first))
    return tuple(found)


def _wider(ctx: Lowering, dims: Sequence[Dim], first: Dim) -> Dim:
    """The first of the sizes that turns out not to be 1."""
    if len(dims) < 2:
        return first
    one = ctx.builder.const(1)
    size = ctx.size(dims[-1])
    for dim in reversed(dims[:-1]):
        own = ctx.size(dim)
        size = ctx.emit(SELECT, (ctx.emit(EQ, (own, one)), size, own), None, "size")
    return dim_of(size)


def _shape_text(shape: tuple[Dim, ...]) -> str:
    comma = "," if len(shape) == 1 else ""
    return f"({', '.join(str(dim) for dim in shape)}{comma})"


def expect_shape(ctx: Lowering, value: Value, shape: tuple[Dim, ...], what: str) -> Value:
    """Return the value under other size symbols, checked at run time where they differ.

    `what` is the message of the error, at compile time or, with the user's line, at run time.
    """
    if value.type.shape == shape:
        return value
    for own, dim in zip(value.type.shape, shape, strict=True):
        gap = ctx.builder.sizes.form(own).plus(ctx.builder.sizes.form(dim), -1)
        if not gap.terms and gap.constant:
            raise shapes(what)
    sizes = [ctx.size(dim) for dim in shape]
    return ctx.emit(EXPECT, (value, *sizes), {"what": at_line(ctx, what)}, value.name)


def at_line(ctx: Lowering, what: str) -> str:
    """The message of an error at run time, behind the user's file and line."""
    place = ctx.builder.loc
    return f"{PurePath(place.file).name}:{place.line}: {what}"


def _may_stretch(ctx: Lowering, own: Sequence[Dim], target: Sequence[Dim]) -> bool:
    """Whether sizes that are taken to be equal may be so only because one of them is 1."""
    pairs = [pair for pair in zip(own, target, strict=True) if pair[0] != pair[1]]
    return any(map(ctx.builder.sizes.may_be_one, chain.from_iterable(pairs)))


def _stretched(ctx: Lowering, value: Value, shape: tuple[Dim, ...], what: str) -> Value:
    """Repeat axes that turn out to have size 1; others are left to be compared."""
    for axis, (own, wanted) in enumerate(zip(value.type.shape, shape, strict=True)):
        if own == wanted or not ctx.builder.sizes.may_be_one(own):
            continue
        mine, size = ctx.size(own), ctx.size(wanted)
        one = ctx.builder.const(1)
        fits = ctx.emit(LOR, (ctx.emit(EQ, (mine, one)), ctx.emit(EQ, (mine, size))))
        ctx.check(fits, "ValueError", at_line(ctx, what))
        last = ctx.builder.integer(IMIN, ctx.builder.integer(SUB, mine, 1), 1)
        numbers = ctx.call(Constant(np.arange), (ctx.dim(wanted),), {}, None)
        places = binary(ctx, ast.Mult, numbers, Scalar(last, weak=True), what)
        ref = ctx.result(value)
        taken = ctx.call(Constant(np.take), (ref, places), {"axis": Constant(axis)}, None)
        value = ctx.value(taken)
    return value


def broadcast_to(ctx: Lowering, value: Value, shape: tuple[Dim, ...], what: str) -> Value:
    """Broadcast a value by explicit ops; `what` is the message where sizes do not fit."""
    own = value.type.shape
    if own == shape:
        return value
    if len(own) > len(shape):
        raise shapes(what)
    lead = len(shape) - len(own)
    target = tuple(1 if dim == 1 else wanted for dim, wanted in zip(own, shape[lead:], strict=True))
    for dim, wanted in zip(own, target, strict=True):
        if isinstance(dim, int) and isinstance(wanted, int) and dim != wanted:
            raise shapes(what)
    if ctx.builder.sizes.as_they_come:
        value = _stretched(ctx, value, target, what)
    elif _may_stretch(ctx, own, target):
        adjoint = f"line {ctx.builder.loc.line}: {UNEQUAL}"
        ctx.builder.sizes.assumed.update({at_line(ctx, what), adjoint})
    value = expect_shape(ctx, value, target, what)
    if target == shape:
        return value
    sizes = [ctx.size(dim) for dim in shape]
    axes = tuple(range(lead, len(shape)))
    return ctx.emit(BROADCAST, (value, *sizes), {"axes": axes}, value.name)


def together(
    ctx: Lowering, refs: Sequence[Ref], dtype: DType | Sequence[DType], what: str
) -> list[Value]:
    """Return operands as values of one shape and of the given element type."""
    dtypes = [dtype] * len(refs) if isinstance(dtype, DType) else list(dtype)
    values = [ctx.value(ref, own) for ref, own in zip(refs, dtypes, strict=True)]
    shape = shape_together(ctx, [value.type.shape for value in values], what)
    message = f"{what} could not be broadcast together"
    return [broadcast_to(ctx, value, shape, message) for value in values]


def reshaped(ctx: Lowering, value: Value, shape: tuple[Dim, ...]) -> Value:
    """Return the same elements in another shape that is known to fit."""
    if value.type.shape == shape:
        return value
    return ctx.emit(RESHAPE, (value, *(ctx.size(dim) for dim in shape)), {}, value.name)


# -- folding ------------------------------------------------------------------------------------


def fold(function: Callable[..., Any], *args: Any) -> Ref:
    """Apply a function to objects known at compile time."""
    try:
        with np.errstate(all="ignore"):
            found = function(*args)
            return Constant(
                found[()] if isinstance(found, np.ndarray) and not found.ndim else found
            )
    except ZeroDivisionError as error:
        raise RefusedError(f"this is a {error} whenever it is computed") from None
    except (TypeError, ValueError, OverflowError) as error:
        raise shapes(f"this fails whenever it is computed: {error}") from None


def _fold_binary(op: type[ast.operator], left: Any, right: Any) -> Ref:
    _, function, _ = BINARY[op]
    if op is ast.Pow and _is_too_large(left, right):
        raise RefusedError("this integer power is too large")
    return fold(function, left, right)


def _is_too_large(base: Any, exponent: Any) -> bool:
    both = isinstance(base, int) and isinstance(exponent, int)
    return both and base.bit_length() * exponent > _LARGEST_CONSTANT_BITS


# -- operators ----------------------------------------------------------------------------------


def binary(ctx: Lowering, op: type[ast.operator], left: Ref, right: Ref, text: str) -> Ref:
    """Apply a binary operator; `text` is what the user wrote."""
    if isinstance(left, Poison) or isinstance(right, Poison):
        return POISON
    if isinstance(left, Constant) and isinstance(right, Constant):
        return _fold_binary(op, left.value, right.value)
    if is_complex(left) or is_complex(right):
        return ctx.tables.complex_binary(ctx, op, left, right, text)
    symbol, _, prim = BINARY[op]
    kinds = [ctx.kind(left), ctx.kind(right)]
    what = f"operands of {text}"
    if op is ast.Pow:
        return power(ctx, left, right, what)
    if op in _BITWISE:
        return _bitwise(ctx, op, left, right, kinds, what)
    if op in _SHIFTS:
        return _shift(ctx, op, left, right, kinds, what)
    assert prim is not None
    kind = promote(kinds)
    if op is ast.Div:
        kind = as_float(kind)
    elif kind.dtype is DType.BOOL and not all(own.weak for own in kinds):
        return _on_booleans(ctx, symbol, prim, left, right, what)
    else:
        kind = as_number(kind)
    values = together(ctx, [left, right], kind.dtype, what)
    return ctx.result(ctx.emit(prim, values), kind.weak)


def _on_booleans(
    ctx: Lowering, symbol: str, prim: Primitive, left: Ref, right: Ref, what: str
) -> Ref:
    """NumPy adds and multiplies booleans as "or" and "and"."""
    if prim not in _ON_BOOLEANS:
        raise shapes(
            f"NumPy has no `{symbol}` for booleans", "convert one of them: `x.astype(float)`"
        )
    values = together(ctx, [left, right], DType.BOOL, what)
    return ctx.result(ctx.emit(_ON_BOOLEANS[prim], values))


def _bitwise(
    ctx: Lowering,
    op: type[ast.operator],
    left: Ref,
    right: Ref,
    kinds: Sequence[Kind],
    what: str,
) -> Ref:
    """``&``, ``|`` and ``^``: of truth values, or of the bits of integers."""
    symbol, _, prim = BINARY[op]
    kind = _integral(ctx, symbol, kinds)
    if kind.dtype is DType.INT:
        prim = _BITWISE[op]
    assert prim is not None
    values = together(ctx, [left, right], kind.dtype, what)
    return ctx.result(ctx.emit(prim, values), kind.weak)


def _integral(ctx: Lowering, symbol: str, kinds: Sequence[Kind]) -> Kind:
    """The kind of an operation that there is for integers and booleans only."""
    kind = promote(kinds)
    if kind.dtype.is_float:
        raise shapes(
            f"`{symbol}` is for integers and booleans, not for floats",
            "did you mean `and`, `or` or `**`?" if symbol in "&|^" else "multiply by a power of 2",
        )
    return kind


def _shift(
    ctx: Lowering,
    op: type[ast.operator],
    left: Ref,
    right: Ref,
    kinds: Sequence[Kind],
    what: str,
) -> Ref:
    """``<<`` and ``>>``: the bits that leave the 64 are lost.

    A shift by 64 and more, which machines have no rule for, is made of two.
    """
    kind = as_number(_integral(ctx, BINARY[op][0], kinds))
    _check_shift(ctx, right)
    last = Constant(_LARGEST_SHIFT)
    if isinstance(right, Constant):
        first, more = fold(min, right.value, _LARGEST_SHIFT), right.value > _LARGEST_SHIFT
    else:
        first, more = _at_most(ctx, right, last), True
    made = _shifted(ctx, op, left, first, kind, what)
    if op is ast.RShift or not more:
        return made
    excess = binary(ctx, ast.Sub, right, first, what)
    return _shifted(ctx, op, made, _at_most(ctx, excess, Constant(1)), kind, what)


def _shifted(
    ctx: Lowering, op: type[ast.operator], left: Ref, right: Ref, kind: Kind, what: str
) -> Ref:
    prim = BINARY[op][2]
    assert prim is not None
    values = together(ctx, [left, right], DType.INT, what)
    return ctx.result(ctx.emit(prim, values), kind.weak)


def _at_most(ctx: Lowering, ref: Ref, most: Ref) -> Ref:
    if isinstance(ref, Constant) and isinstance(most, Constant):
        return fold(min, ref.value, most.value)
    values = together(ctx, [ref, most], DType.INT, "a shift")
    return ctx.result(ctx.emit(IMIN, values), ctx.kind(ref).weak)


def _check_shift(ctx: Lowering, count: Ref) -> None:
    """Refuse a negative shift, when it is compiled or when it runs."""
    if isinstance(count, Constant):
        if count.value < 0:
            raise shapes("this fails whenever it is computed: negative shift count")
        return
    value = ctx.value(count, DType.INT)
    if value.type.rank:
        smallest = ctx.call(Constant(np.min), (count,), {"initial": Constant(0)}, None)
        value = ctx.value(smallest, DType.INT)
    if not ctx.builder.certain(value, 0):
        zero = ctx.builder.const(0)
        ctx.check(ctx.emit(GE, (value, zero)), "ValueError", "negative shift count")


def power(ctx: Lowering, base: Ref, exponent: Ref, what: str = "operands of `**`") -> Ref:
    """Raise to a power: constant integer exponents become products."""
    kind = as_number(promote([ctx.kind(base), ctx.kind(exponent)]))
    number = exponent.value if isinstance(exponent, Constant) else None
    if not kind.dtype.is_float:
        return _integer_power(ctx, base, exponent, number, kind, what)
    if number is not None and _is_product(number):
        value = ctx.value(base, kind.dtype)
        if number == 2 and (LENGTH, value) in ctx.memo:
            squares = [ctx.emit(IPOW, (part,), {"n": 2}) for part in ctx.memo[LENGTH, value]]
            return ctx.result(ctx.emit(ADD, squares), kind.weak)
        return ctx.result(ctx.emit(IPOW, (value,), {"n": int(number)}, "pow"), kind.weak)
    values = together(ctx, [base, exponent], kind.dtype, what)
    return ctx.result(ctx.emit(POW, values), kind.weak)


def _is_product(exponent: Any) -> bool:
    """Whether a constant exponent is written as a product."""
    return abs(exponent) <= LARGEST_INTEGER_POWER and float(exponent).is_integer()


def _integer_power(
    ctx: Lowering, base: Ref, exponent: Ref, number: Any, kind: Kind, what: str
) -> Ref:
    if number is not None and number < 0:
        if not kind.weak:
            raise shapes(
                "NumPy has no negative integer powers of integers", "use a float base: `x**-1.0`"
            )
        return power(ctx, Scalar(ctx.value(base, DType.F64), weak=True), exponent, what)
    values = together(ctx, [base, exponent], DType.INT, what)
    return ctx.result(ctx.emit(INTEGER_POWER, values, {}, "pow"), kind.weak)


def negate(ctx: Lowering, ref: Ref) -> Ref:
    """The unary minus."""
    if isinstance(ref, Constant):
        return fold(operator.neg, ref.value)
    if is_complex(ref):
        return ctx.tables.complex_negate(ctx, ref)
    kind = ctx.kind(ref)
    if kind.dtype is DType.BOOL and not kind.weak:
        raise shapes("NumPy has no unary `-` for booleans", "use `~x` or `np.logical_not(x)`")
    kind = as_number(kind)
    return ctx.result(ctx.emit(NEG, (ctx.value(ref, kind.dtype),)), kind.weak)


def invert(ctx: Lowering, ref: Ref) -> Ref:
    """The operator ``~``: "not" of booleans of NumPy, all bits of an integer."""
    if isinstance(ref, Constant):
        return fold(operator.invert, ref.value)
    kind = ctx.kind(ref)
    if kind.dtype is DType.INT:
        return binary(ctx, ast.Sub, Constant(-1), ref, "`~`")
    if kind.dtype is not DType.BOOL or kind.weak:
        raise shapes("`~` is supported for integers and boolean arrays only", "use `not`")
    return ctx.result(ctx.emit(LNOT, (ctx.value(ref),)))


def compare(ctx: Lowering, op: type[ast.cmpop], left: Ref, right: Ref, text: str) -> Ref:
    """Apply one comparison."""
    _, function, prim = COMPARISONS[op]
    if isinstance(left, Constant) and isinstance(right, Constant):
        return fold(function, left.value, right.value)
    if is_complex(left) or is_complex(right):
        return ctx.tables.complex_compare(ctx, op, left, right, text)
    kinds = [ctx.kind(left), ctx.kind(right)]
    values = together(ctx, [left, right], promote(kinds).dtype, f"operands of {text}")
    return ctx.result(ctx.emit(prim, values), all(kind.weak for kind in kinds))
