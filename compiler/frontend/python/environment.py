"""Names: looking them up, and turning Python objects from outside into references."""

from __future__ import annotations

import ast
import builtins
import dataclasses
import difflib
import enum
import functools
import inspect
import types
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.promote import kind_of_constant
from gradc.frontend.python.refs import (
    NONE,
    Callee,
    Cell,
    ComplexNumber,
    Constant,
    Dict,
    Frame,
    Method,
    Partial,
    Ref,
    Scalar,
    Struct,
    Tuple,
)
from gradc.frontend.python.refused import SEE_FUNCTIONS, is_library
from gradc.ir.core import Value
from gradc.ir.types import Type, dtype_of_numpy

#: The attribute by which a function asks to be understood rather than read.
INTRINSIC = "__gradc_intrinsic__"


def lookup(ctx: Lowering, name: str) -> Ref:
    """Return what a name refers to here."""
    frame: Frame | None = ctx.state.frame
    while frame is not None:
        if name in frame.names:
            return ctx.present(frame.names[name], name)
        if name in frame.locals and name not in frame.nonlocals:
            raise RefusedError(
                f"`{name}` is not assigned on every path that leads here",
                f"give `{name}` a value before",
            )
        if frame.outer is None:
            break
        frame = frame.outer
    names = ctx.state.frame.globals
    if name in names:
        return from_python(ctx, name, names[name])
    known = {*ctx.state.frame.names, *names}
    close = difflib.get_close_matches(name, [k for k in known if not k.startswith("$")], n=1)
    raise RefusedError(
        f"name `{name}` is not defined", f"did you mean `{close[0]}`?" if close else None
    )


def from_python(ctx: Lowering, name: str, value: Any) -> Ref:
    """Return a reference to an object from outside of the function.

    Numbers, strings and the like are constants; an array becomes a further argument of the
    compiled function; tuples, lists and dictionaries are taken as they are now.
    """
    if value is None:
        return NONE
    if isinstance(value, np.ndarray):
        return _array(ctx, name, value)
    if kind_of_constant(value) is not None or isinstance(value, str | enum.Enum):
        if getattr(builtins, name, None) is not value:
            ctx.constants[name] = value
        return Constant(value)
    if isinstance(value, tuple):
        items = tuple(from_python(ctx, f"{name}_{k}", item) for k, item in enumerate(value))
        if hasattr(value, "_fields"):
            return Struct(type(value), dict(zip(value._fields, items, strict=True)))
        return Tuple(items)
    if isinstance(value, list):
        return Tuple(tuple(from_python(ctx, f"{name}_{k}", item) for k, item in enumerate(value)))
    if isinstance(value, dict):
        return Dict({key: from_python(ctx, f"{name}_{key}", item) for key, item in value.items()})
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {
            field.name: from_python(ctx, f"{name}_{field.name}", getattr(value, field.name))
            for field in dataclasses.fields(value)
        }
        return Struct(type(value), fields)
    return Constant(value)


def _array(ctx: Lowering, name: str, array: Any) -> Ref:
    """An array from outside; of a complex one both parts, which are views of it."""
    if array.dtype.kind != "c":
        return capture(ctx, name, array)
    key = "parts", id(array)
    if key not in ctx.memo:
        ctx.memo[key] = array, array.real, array.imag
    _, re, im = ctx.memo[key]
    parts = {"re": capture(ctx, f"{name}_re", re), "im": capture(ctx, f"{name}_im", im)}
    return Struct(ComplexNumber, parts)


def capture(ctx: Lowering, name: str, array: Any, type: Type | None = None) -> Ref:
    """Return an array from outside of the function; it becomes a further parameter.

    Its type is made from the array where none is given.
    """
    known = ctx.captured.get(id(array))
    if known is not None:
        return known[0]
    dtype = dtype_of_numpy(array.dtype)
    if dtype is None:
        raise shapes(f"`{name}` is an array of dtype {array.dtype}, which is not supported")
    symbols = ctx.root.symbols
    if type is None:
        sizes = (size if size < 2 else symbols.fresh(f"{name}_size") for size in array.shape)
        type = Type(dtype, tuple(sizes))
    value = Value(type, name, ctx.builder.loc, None, named=True)
    symbols.note(value)
    for dim in type.shape:
        ctx.root.sizes.note_argument(dim)
    if value.type.is_scalar:
        ref: Ref = Scalar(value)
    else:
        ref = ctx.state.pin(Cell(name, value.type, captured=True), value)
    ctx.captured[id(array)] = ref, value, array
    return ref


def attribute(ctx: Lowering, owner: Constant, name: str) -> Ref:
    """Return an attribute of an object known at compile time: of a module, mostly."""
    value = owner.value
    if not isinstance(value, types.ModuleType | type | np.finfo | np.iinfo):
        found = getattr(type(value), name, None)
        if isinstance(found, property):
            return Method(owner, name)
    try:
        found = getattr(value, name)
    except AttributeError:
        what = getattr(value, "__name__", type(value).__name__)
        raise RefusedError(
            f"`{what}` has no attribute `{name}`", _attribute_hint(value, name)
        ) from None
    return from_python(ctx, name, found)


def _attribute_hint(value: object, name: str) -> str | None:
    """What to write instead: guessed among the user's own names only."""
    named = value if isinstance(value, types.ModuleType | type) else type(value)
    if is_library(getattr(named, "__module__", named.__name__)):
        return SEE_FUNCTIONS
    close = difflib.get_close_matches(name, dir(value), n=1)
    return f"did you mean `{close[0]}`?" if close else None


def callee_of(ctx: Lowering, function: Any) -> Ref | None:
    """Return a function of the user as something whose source can be interpreted.

    Methods, partial applications, numba dispatchers and cached functions stand for the function
    inside them. None for what has no Python source.
    """
    if isinstance(function, functools.partial):
        args = tuple(from_python(ctx, f"arg{k}", arg) for k, arg in enumerate(function.args))
        kwargs = {key: from_python(ctx, key, arg) for key, arg in function.keywords.items()}
        return Partial(Constant(function.func), args, kwargs)
    if isinstance(function, types.MethodType):
        inner = callee_of(ctx, function.__func__)
        owner = from_python(ctx, "self", function.__self__)
        return None if inner is None else Partial(inner, (owner,), {})
    function = _unwrapped(function)
    if isinstance(function, types.FunctionType):
        found = ctx.files.find(function)
        return Callee(
            found.node,
            found.source,
            found.names,
            None,
            defaults_of(ctx, found.node, function),
            found.name,
            bool(getattr(function, "__gradc_checkpoint__", False)),
        )
    call = inspect.getattr_static(type(function), "__call__", None)
    if isinstance(call, types.FunctionType) and not isinstance(function, type):
        inner = callee_of(ctx, call)
        return None if inner is None else Partial(inner, (from_python(ctx, "self", function),), {})
    return None


def _unwrapped(function: Any) -> Any:
    """The Python function inside a numba dispatcher or a cache, which mean the same."""
    python_function = getattr(function, "py_func", None)
    if python_function is not None:
        return python_function
    if isinstance(function, functools._lru_cache_wrapper):
        return function.__wrapped__
    return function


def defaults_of(
    ctx: Lowering, node: ast.FunctionDef | ast.Lambda, function: types.FunctionType
) -> Mapping[str, Ref]:
    """Values of the parameters that need not be given."""
    spec = node.args
    names = [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)]
    given = function.__defaults__ or ()
    found = dict(zip(names[len(names) - len(given) :], given, strict=True))
    found.update(function.__kwdefaults__ or {})
    return {name: from_python(ctx, name, value) for name, value in found.items()}
