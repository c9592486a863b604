"""Writing to parts of arrays and lists: item assignment, plain and augmented."""

from __future__ import annotations

import ast

import numpy as np

from gradc.errors import AliasingError
from gradc.frontend.python import (
    aliasing,
    arithmetic,
    changing,
    complexes,
    growing,
    indexing,
    opening,
    views,
)
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.promote import as_float, promote
from gradc.frontend.python.refs import (
    Array,
    Constant,
    Dict,
    Iteration,
    List,
    Poison,
    Ref,
    Scalar,
    Struct,
    Tuple,
    is_complex,
    is_listed,
)
from gradc.ir.core import Value
from gradc.prims.arithmetic import ADD, NEG
from gradc.prims.index import ADD_AT


def store(ctx: Lowering, owner: Ref, index: Ref, ref: Ref, target: ast.expr) -> None:
    """Interpret ``owner[index] = ref``."""
    if isinstance(owner, Poison) or isinstance(ref, Poison) or _poisoned(index):
        return
    match owner:
        case Array():
            selection = indexing.index_items(index)
            if ctx.tables.is_advanced(ctx, selection):
                check_writable(ctx, owner)
                ctx.tables.write_advanced(ctx, owner, selection, as_array(ctx, ref))
            else:
                write(ctx, located(ctx, owner, index), ref, ast.unparse(target))
        case Iteration(kind="flat", parts=(Array(steps=()) as whole,)):
            flat = ctx.call(Constant(np.reshape), (whole, Constant(-1)), {}, None)
            store(ctx, flat, index, ref, target)
        case List():
            changing.store(ctx, owner, index, ref, ast.unparse(target))
        case Struct(fields=fields) if is_complex(owner):
            for part, value in zip(fields.values(), complexes.both(ctx, ref), strict=True):
                store(ctx, part, index, value, target)
        case Struct() if is_listed(owner):
            made = opening.changeable(ctx, owner)
            changing.store(ctx, made, index, ref, ast.unparse(target))
        case Tuple() | Struct():
            raise shapes("a tuple cannot be changed", "use a list or an array")
        case Dict():
            raise RefusedError(
                "dictionaries cannot be changed",
                f"make another one: `d = {{**d, {_key(index)}: ...}}`",
            )
        case _:
            raise shapes(f"{ctx.describe(owner)} has no items to assign to")


def augmented(
    ctx: Lowering, owner: Ref, index: Ref, op: ast.operator, ref: Ref, target: ast.expr
) -> None:
    """Interpret ``owner[index] op= ref``; sums into an array become one op."""
    if isinstance(owner, Poison) or isinstance(ref, Poison) or _poisoned(index):
        return
    text = f"{ast.unparse(target)} {arithmetic.BINARY[type(op)][0]}= ..."
    if not isinstance(owner, Array) or ctx.tables.is_advanced(ctx, indexing.index_items(index)):
        old = indexing.subscript(ctx, owner, index, text)
        if not (isinstance(owner, Array) or is_complex(owner)) and _is_array(ctx, old):
            _item_in_place(ctx, owner, old, op, ref, text)
            return
        store(ctx, owner, index, arithmetic.binary(ctx, type(op), old, ref, text), target)
        return
    part = located(ctx, owner, index)
    in_place(ctx, part, op, ref, text)


def _is_array(ctx: Lowering, ref: Ref) -> bool:
    part = ref.fields["re"] if isinstance(ref, Struct) and is_complex(ref) else ref
    return isinstance(part, Array) and bool(ctx.shape(part))


def _item_in_place(
    ctx: Lowering, owner: Ref, item: Ref, op: ast.operator, ref: Ref, text: str
) -> None:
    """Interpret ``items[k] op= ref`` where the item is an array: it stays the object that it is."""
    if isinstance(owner, Tuple) or (isinstance(owner, Struct) and owner.is_tuple):
        raise shapes("a tuple cannot be changed", "write to the array: `y = items[0]`, `y += ...`")
    if isinstance(item, Struct):
        complex_in_place(ctx, item, op, ref, text)
    else:
        assert isinstance(item, Array)
        in_place(ctx, item, op, ref, text)


def in_place(ctx: Lowering, part: Array, op: ast.operator, ref: Ref, text: str) -> None:
    """Interpret ``part op= ref`` for an array object or a part of one."""
    if part.type.rank:
        ref = as_array(ctx, ref)
    if is_complex(ref):
        _fitted(ctx, part, ref, text)
    kinds = [ctx.kind(part), ctx.kind(ref)]
    kind = promote(kinds)
    if isinstance(op, ast.Div):
        kind = as_float(kind)
    dtype = part.type.dtype
    whole = part.type.rank or not part.steps
    if whole and kind.dtype.is_float and not dtype.is_float:
        raise shapes(
            f"{text}: a result of {kind.dtype.numpy_name} does not fit into an array of"
            f" {dtype.numpy_name}",
            "make it a float array first",
        )
    single = len(part.steps) == 1 and part.steps[0].kind == views.GET_STEP
    if single and isinstance(op, ast.Add | ast.Sub) and kind.dtype is dtype and dtype.is_float:
        value = _fitted(ctx, part, ref, text)
        if isinstance(op, ast.Sub):
            value = ctx.emit(NEG, (value,))
        _add_into(ctx, part, value)
        return
    result = arithmetic.binary(ctx, type(op), _readable(ctx, part), ref, text)
    write(ctx, part, result, text)


def complex_in_place(ctx: Lowering, old: Struct, op: ast.operator, ref: Ref, text: str) -> None:
    """Interpret ``old op= ref`` for a complex array: both parts get new contents."""
    made = complexes.both(ctx, arithmetic.binary(ctx, type(op), old, ref, text))
    for part, value in zip(old.fields.values(), made, strict=True):
        assert isinstance(part, Array)
        write(ctx, part, value, text)


def _readable(ctx: Lowering, part: Array) -> Ref:
    return part if part.type.rank else ctx.result(ctx.read(part))


def located(ctx: Lowering, owner: Array, index: Ref) -> Array:
    """The part of an array that an index selects, as a view (of rank 0 for an element)."""
    found = indexing.basic_index(ctx, owner.type, indexing.index_items(index))
    return indexing.view(ctx, owner, found)


def write(ctx: Lowering, part: Array, ref: Ref, text: str) -> None:
    """Give an array object, or a part of one, new contents."""
    value = _fitted(ctx, part, ref, text)
    check_writable(ctx, part)
    for cell in (part.cell, *part.cell.twins):
        base = ctx.state.cells[cell]
        made = views.write(ctx.builder, base, part.steps, value, cell.name)
        ctx.state.write(cell, made)
        ctx.given.setdefault(made, cell.name)


def _add_into(ctx: Lowering, part: Array, value: Value) -> None:
    check_writable(ctx, part)
    if part.cell.twins:
        # the element must be one value for all of them
        total = ctx.emit(ADD, (ctx.read(part), value))
        write(ctx, part, Scalar(total) if total.type.is_scalar else ctx.result(total), "")
        return
    cell, (step,) = part.cell, part.steps
    args = (ctx.state.cells[cell], value, *step.operands)
    made = ctx.emit(ADD_AT, args, {"spec": step.spec}, cell.name)
    ctx.state.write(cell, made)
    ctx.given.setdefault(made, cell.name)


def _fitted(ctx: Lowering, part: Array, ref: Ref, text: str) -> Value:
    """What is written, as a value of the type of the part."""
    if is_complex(ref):
        raise shapes(
            f"{text}: {ctx.describe(ref)} cannot be written to an array of real numbers",
            "make that complex: np.zeros(n, dtype=complex)",
        )
    if part.type.rank:
        ref = as_array(ctx, ref)
    if not ctx.is_numeric(ref):
        raise shapes(f"{text}: {ctx.describe(ref)} cannot be written to an array")
    value = ctx.value(ref, part.type.dtype)
    shape = part.type.shape
    what = f"could not broadcast what is assigned into the shape of {text}"
    own = value.type.shape
    while len(own) > len(shape) and own[0] == 1:
        own = own[1:]
    if own != value.type.shape:
        value = arithmetic.reshaped(ctx, value, own)
    return arithmetic.broadcast_to(ctx, value, shape, what)


def as_array(ctx: Lowering, ref: Ref) -> Ref:
    """What is written to an array: a list or tuple of numbers as an array of them."""
    ref = growing.settled(ctx, ref)
    is_sequence = isinstance(ref, List | Tuple) or is_listed(ref)
    return ctx.array_like(ref) if is_sequence else ref


def check_writable(ctx: Lowering, part: Array) -> None:
    """Refuse a write to an array that may be another one, or is not the function's own."""
    cell = part.cell
    if cell.captured:
        raise RefusedError(
            f"`{cell.name}` is an array from outside of the function and cannot be written to",
            "pass it as an argument, or write to a copy",
            AliasingError,
        )
    if cell.locked:
        raise aliasing.undecided(cell)


def _key(index: Ref) -> str:
    return repr(index.value) if isinstance(index, Constant) else "key"


def _poisoned(index: Ref) -> bool:
    return any(isinstance(item, Poison) for item in indexing.index_items(index))
