"""Reading and updating parts of arrays; updates make a new version of the array.

A basic index is a `spec`, one item an axis of the array, and the integers it consumes:
``"at"`` an index (the axis goes away), ``"slice"`` a start, a size and a step, ``"all"`` nothing.
Indices are not negative here: :data:`WRAP` checks an index and counts negative ones from the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.ir.builder import dim_of
from gradc.ir.core import Kind, Params, Primitive, Value
from gradc.ir.types import INT, Dim, DType, Type

AT, SLICE, ALL = "at", "slice", "all"
_CONSUMES = {AT: 1, SLICE: 3, ALL: 0}


def operand_count(spec: Sequence[str]) -> int:
    """How many integers an index of this form consumes."""
    return sum(_CONSUMES[item] for item in spec)


def split_operands(spec: Sequence[str], operands: Sequence[Any]) -> list[tuple[str, list[Any]]]:
    """Pair each item of an index with the operands that it consumes."""
    parts, position = [], 0
    for item in spec:
        count = _CONSUMES[item]
        parts.append((item, list(operands[position : position + count])))
        position += count
    return parts


def part_type(array: Type, spec: Sequence[str], operands: Sequence[Value]) -> Type:
    """The type of the part of an array that an index selects."""
    if len(spec) != array.rank or operand_count(spec) != len(operands):
        raise TypeError(f"index {spec} with {len(operands)} operands of {array}")
    if any(operand.type != INT for operand in operands):
        raise TypeError("indices are integers")
    shape: list[Dim] = []
    for (item, own), dim in zip(split_operands(spec, operands), array.shape, strict=True):
        if item == SLICE:
            shape.append(dim_of(own[1]))
        elif item == ALL:
            shape.append(dim)
    return array.with_shape(tuple(shape))


def numpy_index(spec: Sequence[str], operands: Sequence[Any]) -> tuple[Any, ...]:
    """The index as NumPy takes it."""
    items: list[Any] = []
    for item, own in split_operands(spec, operands):
        if item == AT:
            items.append(int(own[0]))
        elif item == ALL:
            items.append(slice(None))
        else:
            start, size, step = (int(value) for value in own)
            stop = start + size * step
            whole = slice(start, stop if stop >= 0 else None, step)
            items.append(whole if size else slice(0, 0))
    return tuple(items)


def _infer_get(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    return (part_type(args[0].type, params["spec"], args[1:]),)


def _infer_update(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    part = part_type(args[0].type, params["spec"], args[2:])
    if args[1].type != part:
        raise TypeError(f"an update of {part} by {args[1].type}")
    return (args[0].type,)


# `inplace` marks an update whose operand is not needed afterwards: generated programs write into
# its buffer. The meaning is the same.
def _evaluate_put(
    a: Any, v: Any, *operands: Any, spec: Sequence[str], inplace: bool = False
) -> Any:
    out = np.array(a)
    out[numpy_index(spec, operands)] = v
    return out


def _evaluate_add_at(
    a: Any, v: Any, *operands: Any, spec: Sequence[str], inplace: bool = False
) -> Any:
    out = np.array(a)
    out[numpy_index(spec, operands)] += v
    return out


class Into:
    """A contribution that is added into part of the cotangent instead of to all of it.

    ``Into(update)`` with ``update(accumulator) -> accumulator``; this keeps the adjoint of an
    element read an addition to one element.
    """

    def __init__(self, update: Any) -> None:
        self.update = update


def _transpose_get(ct: Any, a: Any, *operands: Any, spec: Sequence[str]) -> tuple[Any, ...]:
    update = Into(lambda accumulated: ADD_AT(accumulated, ct, *operands, spec=spec))
    return (update, *(None for _ in operands))


def _zeros_like(v: Any) -> Any:
    from gradc.prims.trace import zeros_like

    return zeros_like(v)


def _transpose_put(ct: Any, a: Any, v: Any, *operands: Any, spec: Sequence[str]) -> tuple[Any, ...]:
    # read first: what is zeroed afterwards can then be zeroed in place
    part = GET(ct, *operands, spec=spec)
    below = PUT(ct, _zeros_like(v), *operands, spec=spec)
    return (below, part, *(None for _ in operands))


GET = Primitive(
    "get",
    Kind.LINEAR,
    _infer_get,
    lambda a, *operands, spec: np.asarray(a)[numpy_index(spec, operands)],
    transpose=_transpose_get,
    linear_in=(0,),
    formula="the cotangent added at the index",
)
PUT = Primitive(
    "put",
    Kind.LINEAR,
    _infer_update,
    _evaluate_put,
    transpose=_transpose_put,
    linear_in=(0, 1),
    formula="(the cotangent, zero at the index; its part at the index)",
)
ADD_AT = Primitive(
    "add_at",
    Kind.LINEAR,
    _infer_update,
    _evaluate_add_at,
    transpose=lambda ct, a, v, *operands, spec: (
        ct,
        GET(ct, *operands, spec=spec),
        *(None for _ in operands),
    ),
    linear_in=(0, 1),
    formula="(the cotangent; its part at the index)",
)


def _infer_wrap(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    if [value.type for value in args] != [INT, INT]:
        raise TypeError("wrap: index and size are integers")
    return (INT,)


def _evaluate_wrap(index: Any, size: Any, line: int) -> Any:
    if not -size <= index < size:
        raise IndexError(f"line {line}: index {index} is out of range for size {size}")
    return index + size if index < 0 else index


# ``wrap(i, n)``: i where 0 <= i < n, i + n where -n <= i < 0, IndexError elsewhere. It goes away
# where the range can be proven.
WRAP = Primitive("wrap", Kind.CONSTANT, _infer_wrap, _evaluate_wrap)


# -- one element of each row, chosen by a label -----------------------------------------------


def _infer_pick(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    rows, labels = args[0].type, args[1].type
    if rows.rank == 0 or labels != Type(DType.INT, rows.shape[:-1]):
        raise TypeError(f"pick: labels {labels} for rows {rows}")
    return (rows.with_shape(rows.shape[:-1]),)


def _infer_pick_add(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    (part,) = _infer_pick((args[0], args[2]), params)
    if args[1].type != part:
        raise TypeError(f"pick_add: {args[1].type} into {part}")
    return (args[0].type,)


def _evaluate_pick(rows: Any, labels: Any) -> Any:
    chosen = np.expand_dims(np.asarray(labels), -1)
    return np.take_along_axis(np.asarray(rows), chosen, -1)[..., 0]


def _evaluate_pick_add(rows: Any, values: Any, labels: Any, inplace: bool = False) -> Any:
    out = np.array(rows)
    chosen = np.expand_dims(np.asarray(labels), -1)
    old = np.take_along_axis(out, chosen, -1)
    np.put_along_axis(out, chosen, old + np.expand_dims(values, -1), -1)
    return out


PICK = Primitive(
    "pick",
    Kind.LINEAR,
    _infer_pick,
    _evaluate_pick,
    transpose=lambda ct, rows, labels: (Into(lambda acc: PICK_ADD(acc, ct, labels)), None),
    linear_in=(0,),
    formula="the cotangent added at the label",
)
PICK_ADD: Primitive = Primitive(
    "pick_add",
    Kind.LINEAR,
    _infer_pick_add,
    _evaluate_pick_add,
    transpose=lambda ct, rows, values, labels: (ct, PICK(ct, labels), None),
    linear_in=(0, 1),
    formula="(the cotangent; its part at the label)",
)

RECORDS = (GET, PUT, ADD_AT, WRAP, PICK, PICK_ADD)
