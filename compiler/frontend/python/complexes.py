"""Complex numbers while a program is read: pairs of real numbers or arrays.

There are none in the IR. What has complex values here is a structure with the parts `re` and `im`,
two objects of their own: a view of a complex array is a pair of views, a write to it two writes.
A part that is zero for sure is None inside of this file, and costs nothing::

    np.exp(1j*t)    is read as    (cos(t), sin(t))
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradc.frontend.python import arithmetic
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.promote import as_float, promote
from gradc.frontend.python.refs import (
    Array,
    ComplexNumber,
    Constant,
    List,
    Ref,
    Scalar,
    Struct,
    Tuple,
    is_complex,
)
from gradc.ir.core import Value
from gradc.ir.types import DType

Part = Ref | None

_ADD, _SUB, _MUL, _DIV = ast.Add, ast.Sub, ast.Mult, ast.Div


# -- pairs --------------------------------------------------------------------------------------


def parts(ctx: Lowering, ref: Ref) -> tuple[Part, Part]:
    """The parts of a number or array; None for one that is zero for sure."""
    if isinstance(ref, Struct) and ref.cls is ComplexNumber:
        return ref.fields["re"], ref.fields["im"]
    if isinstance(ref, Constant) and isinstance(ref.value, complex | np.complexfloating):
        re, im = ref.value.real, ref.value.imag
        return (Constant(re) if re else None), (Constant(im) if im else None)
    return ctx.array_like(ref), None


def both(ctx: Lowering, ref: Ref) -> tuple[Ref, Ref]:
    """The parts of a number or array, zeros written out."""
    made = pair(ctx, *parts(ctx, ref))
    return made.fields["re"], made.fields["im"]


def pair(ctx: Lowering, re: Part, im: Part) -> Struct:
    """A complex number or array of two parts, which get one element type and shape."""
    if re is None and im is None:
        re = Constant(0.0)
    re = _zeros_like(ctx, im) if re is None else re
    im = _zeros_like(ctx, re) if im is None else im
    kind = as_float(promote([ctx.kind(re), ctx.kind(im)]))
    same = ctx.kind(re).dtype is ctx.kind(im).dtype is kind.dtype
    if not same or ctx.shape(re) != ctx.shape(im):
        what = "the parts of a complex array"
        values = arithmetic.together(ctx, [re, im], kind.dtype, what)
        re, im = (ctx.result(value, kind.weak) for value in values)
    return Struct(ComplexNumber, {"re": re, "im": im})


def _zeros_like(ctx: Lowering, ref: Part) -> Ref:
    assert ref is not None
    if not isinstance(ref, Array):
        return ctx.result(ctx.builder.const(0.0, as_float(ctx.kind(ref)).dtype), ctx.kind(ref).weak)
    return ctx.call(Constant(np.zeros_like), (ref,), {}, None)


def own(ctx: Lowering, part: Part) -> Part:
    """A part as an object of its own, for a result that is another array than its operand."""
    return ctx.copied(part) if isinstance(part, Array) else part


def each(ctx: Lowering, function: Callable[[Ref], Ref], ref: Ref) -> Struct:
    """Apply a function that is linear over the reals to each part."""
    return pair(ctx, *(function(part) for part in both(ctx, ref)))


def has_complex(args: Sequence[Ref], kwargs: Mapping[str, Ref], ctx: Lowering) -> bool:
    """Whether complex numbers, or the type of such, are among the arguments of a call."""
    return any(is_complex(ref) or is_complex_dtype(ref) for ref in _flat(ctx, args, kwargs))


def _flat(ctx: Lowering, args: Sequence[Ref], kwargs: Mapping[str, Ref]) -> Iterator[Ref]:
    for ref in (*args, *kwargs.values()):
        if isinstance(ref, Tuple):
            yield from _flat(ctx, ref.items, {})
        elif isinstance(ref, List) and ref in ctx.state.lists:
            yield from _flat(ctx, ctx.state.lists[ref], {})
        else:
            yield ref


def is_complex_dtype(ref: Ref) -> bool:
    """Whether an argument names a type of complex numbers."""
    if not isinstance(ref, Constant) or not isinstance(ref.value, type | np.dtype):
        return False
    if isinstance(ref.value, np.dtype):
        return ref.value.kind == "c"
    return issubclass(ref.value, complex | np.complexfloating)


def part_dtype(ref: Ref) -> np.dtype[Any]:
    """The element type of the parts of a type of complex numbers."""
    assert isinstance(ref, Constant)
    return np.dtype(np.float32 if np.dtype(ref.value) == np.complex64 else np.float64)


def dtype_of(ctx: Lowering, ref: Ref) -> Ref:
    """The dtype of a complex array, a constant."""
    single = ctx.kind(both(ctx, ref)[0]).dtype is DType.F32
    return Constant(np.dtype(np.complex64 if single else np.complex128))


# -- arithmetic ---------------------------------------------------------------------------------


def _apply(ctx: Lowering, op: type[ast.operator], a: Ref, b: Ref, text: str) -> Ref:
    return arithmetic.binary(ctx, op, a, b, text)


def _sum(ctx: Lowering, a: Part, b: Part, text: str) -> Part:
    if a is None or b is None:
        return b if a is None else a
    return _apply(ctx, _ADD, a, b, text)


def _difference(ctx: Lowering, a: Part, b: Part, text: str) -> Part:
    if a is None and b is not None:
        return arithmetic.negate(ctx, b)
    if a is None or b is None:
        return a
    return _apply(ctx, _SUB, a, b, text)


def _product(ctx: Lowering, a: Part, b: Part, text: str) -> Part:
    return None if a is None or b is None else _apply(ctx, _MUL, a, b, text)


def multiply(ctx: Lowering, left: Ref, right: Ref, text: str) -> Struct:
    """The product: of real and complex numbers two products, else four."""
    (a, b), (c, d) = parts(ctx, left), parts(ctx, right)
    re = _difference(ctx, _product(ctx, a, c, text), _product(ctx, b, d, text), text)
    im = _sum(ctx, _product(ctx, a, d, text), _product(ctx, b, c, text), text)
    return pair(ctx, re, im)


def squared_length(ctx: Lowering, ref: Ref, text: str = "abs(z)**2") -> Ref:
    """The sum of the squares of both parts."""
    found = None
    for part in parts(ctx, ref):
        found = _sum(ctx, found, _product(ctx, part, part, text), text)
    return Constant(0.0) if found is None else found


def divide(ctx: Lowering, left: Ref, right: Ref, text: str) -> Struct:
    """The quotient: by a complex number it is the product with the conjugate over the square."""
    if is_complex(right):
        left, right = (
            multiply(ctx, left, conjugate(ctx, right), text),
            squared_length(ctx, right, text),
        )
    a, b = parts(ctx, left)
    return pair(
        ctx,
        None if a is None else _apply(ctx, _DIV, a, right, text),
        None if b is None else _apply(ctx, _DIV, b, right, text),
    )


def conjugate(ctx: Lowering, ref: Ref) -> Struct:
    """The conjugate, a new array."""
    re, im = parts(ctx, ref)
    return pair(ctx, own(ctx, re), None if im is None else arithmetic.negate(ctx, im))


def _whole(exponent: Ref) -> int | None:
    """An exponent that is an integer, known and not too large."""
    number: Any = exponent.value if isinstance(exponent, Constant) else None
    if not isinstance(number, int | float | np.integer | np.floating):
        return None
    value = float(number)
    is_whole = value.is_integer() and abs(value) <= arithmetic.LARGEST_INTEGER_POWER
    return int(value) if is_whole else None


def power(ctx: Lowering, base: Ref, exponent: Ref, text: str) -> Ref:
    """Integer powers, by squaring."""
    number = _whole(exponent)
    if number is None:
        raise RefusedError(
            f"`{text}`: of complex numbers, powers with an integer known at compile time only",
            "np.exp(p*np.log(z)) is the power with any exponent",
        )
    found: Ref | None = None
    count, square = abs(number), base
    while count:
        if count % 2:
            found = square if found is None else multiply(ctx, found, square, text)
        count //= 2
        square = multiply(ctx, square, square, text) if count else square
    if found is None:
        return ctx.call(Constant(np.ones_like), (both(ctx, base)[0],), {}, None)
    found = pair(ctx, *(own(ctx, part) for part in parts(ctx, found)))
    return divide(ctx, Constant(1.0), found, text) if number < 0 else found


_OPERATORS: Mapping[type[ast.operator], Callable[..., Ref]] = {
    ast.Mult: multiply,
    ast.Div: divide,
    ast.Pow: power,
}


def binary(ctx: Lowering, op: type[ast.operator], left: Ref, right: Ref, text: str) -> Ref:
    """Apply a binary operator of which an operand is complex."""
    if op in _OPERATORS:
        return _OPERATORS[op](ctx, left, right, text)
    if op not in (_ADD, _SUB):
        symbol = arithmetic.BINARY[op][0]
        raise shapes(f"`{text}`: there is no `{symbol}` of complex numbers")
    combine = _sum if op is _ADD else _difference
    (a, b), (c, d) = parts(ctx, left), parts(ctx, right)
    made = [combine(ctx, one, other, text) for one, other in ((a, c), (b, d))]
    # one that stands alone must not be the operand itself: this is a new array
    return pair(ctx, *(own(ctx, part) if part in (a, b, c, d) else part for part in made))


def negate(ctx: Lowering, ref: Ref) -> Ref:
    """The unary minus."""
    return each(ctx, lambda part: arithmetic.negate(ctx, part), ref)


def compare(ctx: Lowering, op: type[ast.cmpop], left: Ref, right: Ref, text: str) -> Ref:
    """Equality of both parts; there is no order."""
    if op not in (ast.Eq, ast.NotEq):
        raise shapes(f"`{text}`: complex numbers have no order", "compare np.abs(...) or .real")
    first, second = (
        arithmetic.compare(ctx, op, a, b, text)
        for a, b in zip(both(ctx, left), both(ctx, right), strict=True)
    )
    both_weak = isinstance(first, Scalar) and first.weak
    join = np.logical_and if op is ast.Eq else np.logical_or
    made = ctx.call(Constant(join), (first, second), {}, None)
    return ctx.boolean(_value(made)) if both_weak else made


def _value(ref: Ref) -> Value:
    assert isinstance(ref, Scalar)
    return ref.value
