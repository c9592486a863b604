"""Algebra of shapes, parts and updates: rewrites that give the same arrays.

Before::

    b: f64[n, m] = broadcast(s, n, m, axes=())
    t: f64[m, n] = transpose(b, perm=(1, 0))
    a2: f64[n] = put(a, v, i, spec=('at',))
    w: f64 = get(a2, i, spec=('at',))

After: ``t`` is ``broadcast(s, m, n, axes=())`` and ``w`` is ``v``.

Views are composed (broadcast of broadcast, transpose of transpose, reshape of reshape), what
changes nothing goes away, and a read after a write at the same index is what was written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradc.ir.core import Op, Primitive, Role, Value
from gradc.ir.types import DType
from gradc.passes.fold import constant_op
from gradc.passes.site import Rule, Site, instead
from gradc.prims.arithmetic import ADD
from gradc.prims.index import ADD_AT, ALL, AT, GET, PUT, split_operands
from gradc.prims.linalg import MATMUL
from gradc.prims.shape import (
    BROADCAST,
    EXPECT,
    MAX,
    MIN,
    RESHAPE,
    STOP_GRADIENT,
    SUM,
    TRANSPOSE,
    ZEROS,
)

# -- views -----------------------------------------------------------------------------------


def _broadcast(op: Op, site: Site) -> Value | Op | None:
    source, sizes, axes = op.args[0], op.args[1:], op.params["axes"]
    if axes == tuple(range(op.out.type.rank)) and site.replacements.same_dims(source, op.out):
        return source
    inner = site.maker(source, BROADCAST)
    if inner is not None:
        composed = tuple(axes[axis] for axis in inner.params["axes"])
        return instead(op, BROADCAST, (inner.args[0], *sizes), {"axes": composed})
    return None


def _transpose(op: Op, site: Site) -> Value | Op | None:
    (source,), perm = op.args, op.params["perm"]
    if perm == tuple(range(len(perm))):
        return source
    inner = site.maker(source, TRANSPOSE)
    if inner is not None:
        composed = tuple(inner.params["perm"][axis] for axis in perm)
        return instead(op, TRANSPOSE, inner.args, {"perm": composed})
    inner = site.maker(source, BROADCAST)
    if inner is not None:
        sizes = tuple(inner.args[1 + axis] for axis in perm)
        axes = tuple(perm.index(axis) for axis in inner.params["axes"])
        # a broadcast keeps its operand's axes in order
        if list(axes) == sorted(axes):
            return instead(op, BROADCAST, (inner.args[0], *sizes), {"axes": axes})
    # values have the bits that NumPy's have
    return None if op.role is Role.PRIMAL else _of_product(op, site)


def _of_product(op: Op, site: Site) -> Op | None:
    """``(A.T @ B).T`` is ``B.T @ A``, which BLAS may round otherwise.

    It is the cotangent of B in ``A @ B.T``, as networks have it.
    """
    product = site.maker(op.args[0], MATMUL)
    if product is None or not site.used_once(product.out) or op.params["perm"] != (1, 0):
        return None
    left, right = product.args
    if left.type.rank != 2 or right.type.rank != 2:
        return None
    if all(site.maker(each, TRANSPOSE) is None for each in (left, right)):
        return None
    args = tuple(_transposed(each, op, site) for each in (right, left))
    return instead(op, MATMUL, args)


def _transposed(matrix: Value, op: Op, site: Site) -> Value:
    made = site.maker(matrix, TRANSPOSE)
    if made is not None:
        return made.args[0]
    type = matrix.type.with_shape(matrix.type.shape[::-1])
    return site.make(TRANSPOSE, (matrix,), op, type, {"perm": (1, 0)})


def _reshape(op: Op, site: Site) -> Value | Op | None:
    source = op.args[0]
    if site.replacements.same_dims(source, op.out):
        return source
    inner = site.maker(source, RESHAPE)
    if inner is not None:
        return instead(op, RESHAPE, (inner.args[0], *op.args[1:]))
    inner = site.maker(source, BROADCAST)
    if inner is not None and inner.args[0].type.is_scalar:
        return instead(op, BROADCAST, (inner.args[0], *op.args[1:]), {"axes": ()})
    return None


def _expect(op: Op, site: Site) -> Value | Op | None:
    return op.args[0] if site.replacements.same_dims(op.args[0], op.out) else None


def _reduction(op: Op, site: Site) -> Value | Op | None:
    """A reduction over no axes; one over axes of size 1 only drops them."""
    source, axes = op.args[0], op.params["axes"]
    if not axes:
        return source
    if all(source.type.shape[axis] == 1 for axis in axes):
        spec = tuple(AT if axis in axes else ALL for axis in range(source.type.rank))
        first = site.const(0, op, DType.INT)
        return instead(op, GET, (source, *(first for _ in axes)), {"spec": spec})
    return None


# -- parts and updates -----------------------------------------------------------------------


def _get(op: Op, site: Site) -> Value | Op | None:
    source, operands, spec = op.args[0], op.args[1:], op.params["spec"]
    if all(item == ALL for item in spec):
        return source
    written = _written(op, site)
    if written is not None:
        return written
    inner = site.makers.get(source)
    if inner is None:
        return None
    if inner.prim is BROADCAST:
        return _get_of_broadcast(op, inner)
    if inner.prim is TRANSPOSE and ALL not in spec and op.out.type.is_scalar:
        perm = inner.params["perm"]
        moved = tuple(operands[perm.index(axis)] for axis in range(len(perm)))
        return instead(op, GET, (inner.args[0], *moved), {"spec": spec})
    return None


def _same_index(operands: Sequence[Value], spec: Sequence[str], other: Op) -> bool:
    lead = 1 if other.prim is GET else 2
    return tuple(spec) == tuple(other.params["spec"]) and all(
        left is right for left, right in zip(operands, other.args[lead:], strict=True)
    )


def _written(op: Op, site: Site) -> Value | Op | None:
    """The value that was written last at the index of a read, where updates lead to it.

    A read is never moved to an older version of the array: that would keep the version alive
    and cost a copy.
    """
    array = op.args[0]
    while (update := site.makers.get(array)) is not None:
        if update.prim is ZEROS and op.out.type.is_scalar:
            return constant_op(op, 0.0 if op.out.type.is_float else 0)
        if update.prim is PUT and _same_index(update.args[2:], update.params["spec"], op):
            return update.args[1]
        if update.prim not in (PUT, ADD_AT) or not _apart(update, op, site):
            return None
        array = update.args[0]
    return None


def _apart(update: Op, read: Op, site: Site) -> bool:
    """Whether a read certainly does not touch the element that an update writes."""
    if update.params["spec"] != read.params["spec"]:
        return False
    written = split_operands(update.params["spec"], update.args[2:])
    wanted = split_operands(read.params["spec"], read.args[1:])
    for (item, own), (_, other) in zip(written, wanted, strict=True):
        if item == AT:
            distance = site.forms.of(own[0]).minus(site.forms.of(other[0])).known
            if distance is not None and distance != 0:
                return True
    return False


def _get_of_broadcast(op: Op, inner: Op) -> Value | Op | None:
    """Read from what is broadcast: the indices of its own axes remain."""
    spec, axes, source = op.params["spec"], inner.params["axes"], inner.args[0]
    if any(item != AT for item in spec):
        return None
    if source.type.is_scalar:
        return source
    if any(
        source.type.shape[own] == 1 and inner.out.type.shape[axis] != 1
        for own, axis in enumerate(axes)
    ):
        return None
    kept = tuple(op.args[1 + axis] for axis in axes)
    return instead(op, GET, (source, *kept), {"spec": (AT,) * len(kept)})


def _overwrites(update: Op, earlier: Op) -> bool:
    return _same_index(earlier.args[2:], earlier.params["spec"], update)


def _put(op: Op, site: Site) -> Value | Op | None:
    array, value, spec = op.args[0], op.args[1], op.params["spec"]
    if all(item == ALL for item in spec):
        return value
    read = site.maker(value, GET)
    if read is not None and read.args[0] is array and _same_index(op.args[2:], spec, read):
        return array
    inner = site.maker(array, PUT)
    if inner is not None and site.used_once(array) and _overwrites(op, inner):
        return instead(op, PUT, (inner.args[0], *op.args[1:]), {"spec": spec})
    return None


def _add_at(op: Op, site: Site) -> Value | Op | None:
    array, value, spec = op.args[0], op.args[1], op.params["spec"]
    if all(item == ALL for item in spec):
        return instead(op, ADD, (array, value))
    inner = site.maker(array, PUT)
    if inner is not None and site.used_once(array) and _overwrites(op, inner):
        total = site.make(ADD, (inner.args[1], value), op, value.type)
        return instead(op, PUT, (inner.args[0], total, *op.args[2:]), {"spec": spec})
    return None


def _stop(op: Op, site: Site) -> Value | Op | None:
    """A constant has no gradient to stop."""
    return op.args[0] if site.constant(op.args[0]) is not None else None


RULES: Mapping[Primitive, Sequence[Rule]] = {
    BROADCAST: (_broadcast,),
    TRANSPOSE: (_transpose,),
    RESHAPE: (_reshape,),
    EXPECT: (_expect,),
    SUM: (_reduction,),
    MAX: (_reduction,),
    MIN: (_reduction,),
    GET: (_get,),
    PUT: (_put,),
    ADD_AT: (_add_at,),
    STOP_GRADIENT: (_stop,),
}
