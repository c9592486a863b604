"""Broadcast and its transpose, the sum; reshape, transpose, creation of arrays.

A broadcast is an op of its own (its transpose is a sum over the new axes), so that no other
rule has to think of shapes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from gradc.ir.builder import dim_of
from gradc.ir.core import Kind, Params, Primitive, Texts, Value
from gradc.ir.types import DType, Type, dtype_of_numpy


def sizes_of(x: Any) -> list[Any]:
    """The sizes of a traced value, as traced integers."""
    return [type(x)(x.builder, x.builder.size(dim)) for dim in x.shape]


# -- broadcast and sum ----------------------------------------------------------------------


def _infer_broadcast(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    source, axes = args[0].type, params["axes"]
    shape = tuple(dim_of(size) for size in args[1:])
    if len(axes) != source.rank or any(a >= b for a, b in pairwise(axes)):
        raise TypeError(f"broadcast: axes {axes} for {source}")
    for axis, dim in zip(axes, source.shape, strict=True):
        if dim not in (1, shape[axis]):
            raise TypeError(f"broadcast: size {dim} of {source} against {shape[axis]}")
    return (source.with_shape(shape),)


def _evaluate_broadcast(x: Any, *sizes: Any, axes: tuple[int, ...]) -> Any:
    shape = [1] * len(sizes)
    for axis, dim in zip(axes, np.shape(x), strict=True):
        shape[axis] = dim
    return np.broadcast_to(np.reshape(x, shape), tuple(int(size) for size in sizes))


def _transpose_broadcast(ct: Any, x: Any, *sizes: Any, axes: tuple[int, ...]) -> tuple[Any, ...]:
    stretched = [
        axis for axis, dim in zip(axes, x.shape, strict=True) if dim == 1 and ct.shape[axis] != 1
    ]
    new = [axis for axis in range(len(sizes)) if axis not in axes]
    total = SUM(ct, axes=tuple(sorted(new + stretched))) if new or stretched else ct
    if stretched:
        total = RESHAPE(total, *sizes_of(x))
    return (total, *(None for _ in sizes))


# Axis k of the operand becomes axis ``axes[k]`` of the result, in order; an axis of size 1 is
# stretched.
BROADCAST = Primitive(
    "broadcast",
    Kind.LINEAR,
    _infer_broadcast,
    _evaluate_broadcast,
    transpose=_transpose_broadcast,
    linear_in=(0,),
    formula="sum over the new axes",
    cost=0,
)


def _infer_sum(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    source, axes = args[0].type, params["axes"]
    if tuple(sorted(set(axes))) != tuple(axes) or any(not 0 <= a < source.rank for a in axes):
        raise TypeError(f"axes {axes} of {source}")
    kept = tuple(dim for axis, dim in enumerate(source.shape) if axis not in axes)
    return (source.with_shape(kept),)


def back_to(x: Any, reduced: Any, axes: tuple[int, ...]) -> Any:
    """Broadcast the result of a reduction over `axes` back to the shape of `x`."""
    kept = tuple(axis for axis in range(len(x.shape)) if axis not in axes)
    return BROADCAST(reduced, *sizes_of(x), axes=kept)


SUM = Primitive(
    "sum",
    Kind.LINEAR,
    _infer_sum,
    lambda x, axes: np.sum(x, axis=axes),
    transpose=lambda ct, x, *, axes: (back_to(x, ct, axes),),
    formula="broadcast of the cotangent",
)


def least(dtype: DType, larger: bool) -> float:
    """What every number beats in the search of the largest, or of the smallest."""
    if dtype.is_float:
        return -math.inf if larger else math.inf
    if dtype is DType.BOOL:
        return not larger
    return -(2**63) if larger else 2**63 - 1


def _tied(x: Any, out: Any, axes: tuple[int, ...], empty: bool) -> tuple[Any, Any]:
    """Which elements are the extremum, and how many: one of nothing, for it is a divisor."""
    from gradc.prims.arithmetic import CAST
    from gradc.prims.compare import EQ
    from gradc.prims.elementary import MAXIMUM

    chosen = EQ(x, back_to(x, out, axes))
    count = SUM(CAST(chosen, dtype=x.type.dtype), axes=axes)
    return chosen, MAXIMUM(count, 1.0) if empty else count


def _share_ties(ct: Any, x: Any, out: Any, axes: tuple[int, ...], empty: bool) -> Any:
    from gradc.prims.compare import SELECT

    chosen, count = _tied(x, out, axes, empty)
    share = ct / count
    return SELECT(chosen, back_to(x, share, axes), 0.0)


def _extremum_jvp(
    tangents: Sequence[Any], x: Any, *, out: Any, axes: tuple[int, ...], empty: bool = False
) -> Any:
    from gradc.prims.compare import SELECT

    chosen, count = _tied(x, out, axes, empty)
    return SUM(SELECT(chosen, tangents[0], 0.0), axes=axes) / count


# With `empty`, the extremum of nothing is what every number beats, not an error.
def _extremum(name: str, evaluate: Any, larger: bool) -> Primitive:
    def evaluated(x: Any, axes: tuple[int, ...], empty: bool = False) -> Any:
        dtype = dtype_of_numpy(x.dtype)
        if not empty or dtype is None:
            return evaluate(x, axis=axes)
        return evaluate(x, axis=axes, initial=least(dtype, larger))

    return Primitive(
        name,
        Kind.COMPOSITE,
        _infer_sum,
        evaluated,
        vjp=lambda ct, x, *, out, axes, empty=False: (_share_ties(ct, x, out, axes, empty),),
        jvp=_extremum_jvp,
        formula="1 at the extremum, else 0",
        edges="ties share equally",
    )


MAX = _extremum("max", np.max, larger=True)
MIN = _extremum("min", np.min, larger=False)


def _infer_arg_extremum(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    (kept,) = _infer_sum(args, {"axes": (params["axis"],)})
    return (kept.with_dtype(DType.INT),)


ARGMAX = Primitive(
    "argmax", Kind.CONSTANT, _infer_arg_extremum, lambda x, axis: np.argmax(x, axis=axis)
)
ARGMIN = Primitive(
    "argmin", Kind.CONSTANT, _infer_arg_extremum, lambda x, axis: np.argmin(x, axis=axis)
)

# -- rearrangement ----------------------------------------------------------------------------


def _infer_transpose(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    source, perm = args[0].type, params["perm"]
    if sorted(perm) != list(range(source.rank)):
        raise TypeError(f"transpose: {perm} of {source}")
    return (source.with_shape(tuple(source.shape[axis] for axis in perm)),)


def _inverse(perm: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(perm.index(axis) for axis in range(len(perm)))


TRANSPOSE: Primitive = Primitive(
    "transpose",
    Kind.LINEAR,
    _infer_transpose,
    lambda x, perm: np.transpose(x, perm),
    transpose=lambda ct, x, *, perm: (TRANSPOSE(ct, perm=_inverse(perm)),),
    formula="the inverse permutation",
    cost=0,
)


def _infer_reshape(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    return (args[0].type.with_shape(tuple(dim_of(size) for size in args[1:])),)


# The sizes are given in full; that their product fits is checked when it runs.
RESHAPE: Primitive = Primitive(
    "reshape",
    Kind.LINEAR,
    _infer_reshape,
    lambda x, *sizes: np.reshape(x, tuple(int(size) for size in sizes)),
    transpose=lambda ct, x, *sizes: (RESHAPE(ct, *sizes_of(x)), *(None for _ in sizes)),
    linear_in=(0,),
    formula="the cotangent reshaped back",
    cost=0,
)

#: What is said where the adjoint finds it first, behind the line.
UNEQUAL = "sizes that must be equal are not"

# The same array under other size symbols, after a check at run time that the sizes agree;
# `what` says for the message what does not fit otherwise. The adjoint of a check knows that the
# sizes agree: an empty `what` checks nothing.
EXPECT: Primitive = Primitive(
    "expect",
    Kind.LINEAR,
    lambda args, params: _infer_reshape(args, params),
    lambda x, *sizes, what: _checked_shape(x, sizes, what),
    transpose=lambda ct, x, *sizes, what: (
        EXPECT(ct, *sizes_of(x), what=""),
        *(None for _ in sizes),
    ),
    linear_in=(0,),
    formula="1",
    cost=0,
)


def _checked_shape(x: Any, sizes: Sequence[Any], what: str) -> Any:
    if what and tuple(np.shape(x)) != tuple(int(size) for size in sizes):
        raise ValueError(what)
    return x


# -- creation -----------------------------------------------------------------------------------


def _infer_creation(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    return (Type(params["dtype"], tuple(dim_of(size) for size in args)),)


def _filled(fill: float) -> Any:
    return lambda *sizes, dtype: np.full([int(size) for size in sizes], fill, dtype.numpy)


ZEROS = Primitive("zeros", Kind.CONSTANT, _infer_creation, _filled(0))
# Contents are undefined: every element is written before it is read. NaN shows where not.
# With `settled`, whatever is put at a place is one value: a zero that is put there can be left out
# of an array of zeros. With `lines`, its rows have been made to fill lines of the cache. Those of
# one number of a `block` are made together, one after the other.
BLOCK = "block"
EMPTY = Primitive(
    "empty",
    Kind.CONSTANT,
    _infer_creation,
    lambda *sizes, dtype, settled=False, lines=False, block=None: _filled(math.nan)(
        *sizes, dtype=dtype
    ),
    cost=0,
)

# With `own`, never a view: of a part of an array that is written to while the copy is in use.
COPY = Primitive(
    "copy",
    Kind.LINEAR,
    lambda args, params: (args[0].type,),
    lambda x, own=False: np.array(x),
    transpose=lambda ct, x, own=False: (ct,),
    formula="1",
)

STOP_GRADIENT = Primitive(
    "stop_gradient", Kind.CONSTANT, lambda args, params: (args[0].type,), lambda x: x, cost=0
)

# The same array, of which the passes do not know that: what is computed of it is computed again.
AGAIN = Primitive(
    "again",
    Kind.LINEAR,
    lambda args, params: (args[0].type,),
    lambda x: x,
    transpose=lambda ct, x: (ct,),
    cost=0,
    formula="1",
)

# An array of undefined contents in the memory of one that nobody needs any more.
REUSE = Primitive(
    "reuse",
    Kind.CONSTANT,
    lambda args, params: (args[0].type,),
    lambda x: np.full_like(x, math.nan if x.dtype.kind == "f" else 0),
    cost=0,
)


def _infer_stand_in(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    value, through = (arg.type for arg in args)
    if value != through:
        raise TypeError(f"stand_in: operands of types {value} and {through}")
    return (value,)


# The value of the first operand, which is computed one way, with the derivative of the second,
# which is differentiated more easily.
STAND_IN = Primitive(
    "stand_in",
    Kind.LINEAR,
    _infer_stand_in,
    lambda value, through: value,
    Texts("{0}", "{0}"),
    transpose=lambda ct, value, through: (None, ct),
    linear_in=(1,),
    formula="(-, 1)",
    cost=0,
)

RECORDS = (
    BROADCAST,
    SUM,
    MAX,
    MIN,
    ARGMAX,
    ARGMIN,
    TRANSPOSE,
    RESHAPE,
    EXPECT,
    ZEROS,
    EMPTY,
    COPY,
    STOP_GRADIENT,
    AGAIN,
    REUSE,
    STAND_IN,
)
