"""Arrays of complex numbers: made, moved, summed and multiplied, in terms of real ones.

What is linear over the reals is applied to both parts; what is linear in each of several operands
is a sum of such products of their parts.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradc.frontend.python import arithmetic, complexes
from gradc.frontend.python.complexes import both, each, is_complex_dtype, pair, part_dtype
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions.common import is_none
from gradc.frontend.python.functions.complex_functions import absolute
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import NONE, Constant, Method, Ref, Struct, Tuple, is_complex
from gradc.frontend.python.sequences import elements

REGISTRY = Registry()

Handler = Callable[..., Ref]

TRUE = Constant(True)


def _real(ctx: Lowering, function: Any, args: Sequence[Ref], kwargs: Mapping[str, Ref]) -> Ref:
    """Call a function of real numbers; a type of complex numbers becomes that of their parts."""
    given = [Constant(part_dtype(ref)) if is_complex_dtype(ref) else ref for ref in args]
    named = {
        key: Constant(part_dtype(ref)) if is_complex_dtype(ref) else ref
        for key, ref in kwargs.items()
    }
    return ctx.call(Constant(function), given, named, None)


# -- by parts -----------------------------------------------------------------------------------

#: The positions of the operands that have parts; all others are the same for both.
_BY_PARTS: Mapping[Any, tuple[int, ...]] = {
    **dict.fromkeys(
        (
            np.sum, np.mean, np.average, np.cumsum, np.diff, np.ediff1d, np.trace, np.diagonal,
            np.diag, np.reshape, np.ravel, np.transpose, np.matrix_transpose, np.moveaxis,
            np.swapaxes, np.rollaxis, np.expand_dims, np.squeeze, np.broadcast_to, np.concatenate,
            np.stack, np.vstack, np.hstack, np.dstack, np.column_stack, np.tile, np.repeat, np.roll,
            np.flip, np.fliplr, np.flipud, np.rot90, np.take, np.copy, np.tril, np.triu,
            np.positive, np.atleast_1d, np.atleast_2d, np.atleast_3d, np.zeros_like, np.empty_like,
            np.array, np.asarray, np.ascontiguousarray,
        ),
        (0,),
    ),
    np.where: (1, 2),
    np.append: (0, 1),
}  # fmt: skip


def _by_parts(function: Any, positions: tuple[int, ...]) -> Handler:
    def handler(ctx: Lowering, *args: Ref, **kwargs: Ref) -> Ref:
        if len(args) <= positions[-1]:
            raise shapes(
                f"np.{function.__name__} of complex numbers takes its operands by position"
            )
        if not is_none(kwargs.get("dtype", NONE)) and not is_complex_dtype(kwargs["dtype"]):
            raise _loses()
        made = []
        for side in (0, 1):
            given = [_side(ctx, ref, side) if k in positions else ref for k, ref in enumerate(args)]
            made.append(_real(ctx, function, given, kwargs))
        return pair(ctx, *made)

    return handler


def _loses() -> RefusedError:
    return shapes("complex numbers do not fit into an array of real ones", "take .real or np.abs")


def _side(ctx: Lowering, ref: Ref, side: int) -> Ref:
    """One part of an operand, or of each item of a sequence of them."""
    if isinstance(ref, Struct) or is_complex(ref) or ctx.is_numeric(ref):
        return both(ctx, ref)[side]
    return Tuple(tuple(_side(ctx, item, side) for item in elements(ctx, ref, "the operands")))


for _moved, _positions in _BY_PARTS.items():
    REGISTRY.complex(_moved)(_by_parts(_moved, _positions))


def _method(name: str) -> Handler:
    def handler(ctx: Lowering, owner: Ref, *args: Ref, **kwargs: Ref) -> Ref:
        return each(ctx, lambda part: ctx.call(Method(part, name), args, kwargs, None), owner)

    return handler


for _name in (
    "sum", "mean", "cumsum", "trace", "diagonal", "reshape", "ravel", "flatten", "transpose",
    "swapaxes", "squeeze", "repeat", "take", "copy", "item",
):  # fmt: skip
    REGISTRY.method(_name, group="complex")(_method(_name))


# -- creation -----------------------------------------------------------------------------------


def _ones(function: Any) -> Handler:
    def handler(ctx: Lowering, *args: Ref, **kwargs: Ref) -> Ref:
        given = [both(ctx, ref)[0] if is_complex(ref) else ref for ref in args]
        return pair(ctx, _real(ctx, function, given, kwargs), None)

    return handler


for _made in (np.zeros, np.empty, np.ones, np.ones_like, np.eye, np.identity):
    REGISTRY.complex(_made)(_ones(_made))


@REGISTRY.complex(np.full)
def full(ctx: Lowering, shape: Ref, fill_value: Ref, dtype: Ref = NONE) -> Ref:
    """``np.full``."""
    named = {} if is_none(dtype) else {"dtype": dtype}
    if named and not is_complex_dtype(dtype):
        raise _loses()
    sides = both(ctx, fill_value)
    return pair(ctx, *(_real(ctx, np.full, (shape, side), named) for side in sides))


@REGISTRY.complex(np.astype)
@REGISTRY.method("astype", group="complex")
def astype(ctx: Lowering, x: Ref, dtype: Ref, copy: Ref = TRUE) -> Ref:
    """``x.astype(complex)``."""
    if not is_complex_dtype(dtype):
        raise _loses()
    kind, named = Constant(part_dtype(dtype)), {"copy": copy}
    return each(ctx, lambda part: ctx.call(Constant(np.astype), (part, kind), named, None), x)


@REGISTRY.function(np.iscomplexobj)
@REGISTRY.complex(np.iscomplexobj)
def iscomplexobj(ctx: Lowering, x: Ref) -> Ref:
    """``np.iscomplexobj``: known when the program is read."""
    return Constant(is_complex(x))


@REGISTRY.function(np.isrealobj)
@REGISTRY.complex(np.isrealobj)
def isrealobj(ctx: Lowering, x: Ref) -> Ref:
    """``np.isrealobj``: known when the program is read."""
    return Constant(not is_complex(x))


# -- products -----------------------------------------------------------------------------------


def _multilinear(
    ctx: Lowering, function: Any, args: Sequence[Ref], kwargs: Mapping[str, Ref]
) -> Ref:
    """Apply a function that is linear in each operand: part by part, with the powers of i."""
    for k, ref in enumerate(args):
        if is_complex(ref):
            re, im = (
                _multilinear(ctx, function, (*args[:k], part, *args[k + 1 :]), kwargs)
                for part in both(ctx, ref)
            )
            return complexes.binary(ctx, ast.Add, re, _times_i(ctx, im), f"np.{function.__name__}")
    return _real(ctx, function, args, kwargs)


def _times_i(ctx: Lowering, ref: Ref) -> Ref:
    if not is_complex(ref):
        return pair(ctx, None, ref)
    re, im = both(ctx, ref)
    return pair(ctx, arithmetic.negate(ctx, im), re)


def _product(function: Any, conjugated: int | None = None) -> Handler:
    def handler(ctx: Lowering, *args: Ref, **kwargs: Ref) -> Ref:
        given = list(args)
        if conjugated is not None and len(given) > conjugated and is_complex(given[conjugated]):
            given[conjugated] = complexes.conjugate(ctx, given[conjugated])
        return _multilinear(ctx, function, given, kwargs)

    return handler


for _bilinear in (
    np.dot, np.matmul, np.inner, np.outer, np.kron, np.tensordot, np.cross, np.einsum, np.convolve,
    np.linalg.matmul, np.linalg.outer, np.linalg.tensordot, np.linalg.multi_dot,
):  # fmt: skip
    REGISTRY.complex(_bilinear)(_product(_bilinear))
for _bilinear in (np.vdot, np.vecdot, np.linalg.vecdot):
    REGISTRY.complex(_bilinear)(_product(_bilinear, 0))
REGISTRY.complex(np.correlate)(_product(np.correlate, 1))
REGISTRY.method("dot", group="complex")(_product(np.dot))


@REGISTRY.complex(np.linalg.norm)
def norm(ctx: Lowering, x: Ref, ord: Ref = NONE, axis: Ref = NONE, keepdims: Ref = NONE) -> Ref:
    """``np.linalg.norm``: that of the absolute values, but for norms of matrices."""
    lengths = absolute(ctx, x)
    if not is_none(ord) and len(ctx.shape(lengths)) > 1 and not _is_one_axis(axis):
        raise RefusedError(
            "norms of complex matrices are supported without `ord` only", "np.linalg.norm(x)"
        )
    named = {"ord": ord, "axis": axis}
    named = {key: ref for key, ref in named.items() if not is_none(ref)}
    if not is_none(keepdims):
        named["keepdims"] = keepdims
    return _real(ctx, np.linalg.norm, (lengths,), named)


def _is_one_axis(axis: Ref) -> bool:
    return isinstance(axis, Constant) and isinstance(axis.value, int)


# -- attributes ---------------------------------------------------------------------------------


def attribute(ctx: Lowering, owner: Ref, name: str) -> Ref:
    """Read an attribute of a complex number or array."""
    re, im = both(ctx, owner)
    if name in ("real", "imag"):
        return re if name == "real" else im
    if name == "dtype":
        return complexes.dtype_of(ctx, owner)
    handler = ctx.tables.attributes.get(name)
    if name in ("T", "mT") and handler is not None:
        return pair(ctx, handler(ctx, re), handler(ctx, im))
    if name in ("shape", "ndim", "size") and handler is not None:
        return handler(ctx, re)
    return Method(owner, name)


def _measure(function: Any) -> Handler:
    def handler(ctx: Lowering, x: Ref, *args: Ref) -> Ref:
        return _real(ctx, function, (both(ctx, x)[0], *args), {})

    return handler


for _measured in (np.shape, np.ndim, np.size, len):
    REGISTRY.complex(_measured)(_measure(_measured))


@REGISTRY.complex(sum)
def sum_of_items(ctx: Lowering, iterable: Ref, start: Ref = NONE) -> Ref:
    """The built-in ``sum``."""
    total = Constant(0) if is_none(start) else start
    for item in elements(ctx, iterable, "sum()"):
        total = arithmetic.binary(ctx, ast.Add, total, item, "sum()")
    return total
