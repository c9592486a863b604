"""Calls: of known functions, of methods, and of the user's functions, which are read in place."""

from __future__ import annotations

import ast
import difflib
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradc.errors import AliasingError
from gradc.frontend.python import complexes, environment, growing, liveness, sequences
from gradc.frontend.python.applying import apply_handler
from gradc.frontend.python.batches import call_batch
from gradc.frontend.python.blocks import block
from gradc.frontend.python.callables import called_object
from gradc.frontend.python.checkpointing import call_checkpointed
from gradc.frontend.python.complex_calls import call_complex, call_complex_method
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.custom import CUSTOM_FUNCTION, CustomFunction, call_custom
from gradc.frontend.python.derived import (
    Derived,
    Meaning,
    Outermost,
    Prepared,
    apply_meaning,
    call_blocks,
)
from gradc.frontend.python.desugar import desugar
from gradc.frontend.python.hidden import RAISED, RETURNED, RETURNED_VALUE
from gradc.frontend.python.outputs import call_writing
from gradc.frontend.python.outs import METHODS, out_of
from gradc.frontend.python.problems import (
    RefusedError,
    TooMuchError,
    shapes,
    unknown_function,
)
from gradc.frontend.python.products import Product, Pullback, apply_product, pull_back
from gradc.frontend.python.public import public_name
from gradc.frontend.python.refs import (
    NONE,
    POISON,
    Array,
    Callee,
    Conflict,
    Constant,
    Dict,
    Frame,
    List,
    Method,
    Partial,
    Poison,
    Ref,
    Scalar,
    Struct,
    Tuple,
)
from gradc.frontend.python.refused import is_library, no_such_attribute, why_refused
from gradc.frontend.python.routines import call_routine, calls_itself
from gradc.frontend.python.sites import before_call, mark_call
from gradc.frontend.python.structs import construct, replaced
from gradc.frontend.python.transforms import (
    Derivation,
    Transform,
    apply_transform,
    call_derivation,
    meaning_of,
)
from gradc.frontend.python.ufuncs import call_ufunc

#: Calls inside calls.
_DEEPEST = 200


def call(
    ctx: Lowering,
    function: Ref,
    args: Sequence[Ref],
    kwargs: Mapping[str, Ref],
    node: ast.AST | None,
) -> Ref:
    """Call anything that can be called."""
    match function:
        case Partial(callee=inner, args=first, kwargs=named):
            return call(ctx, inner, (*first, *args), {**named, **kwargs}, node)
        case Callee():
            return inline(ctx, function, args, kwargs, node)
        case Method():
            return _method(ctx, function, args, kwargs, node)
        case Derived():
            kinds = {"batch": call_batch, "returning": call_writing}
            interpret = kinds.get(function.meaning.kind, call_blocks)
            return interpret(ctx, call, function, args, kwargs, node)
        case Pullback():
            if kwargs:
                raise shapes("what vjp returns takes one argument: the cotangent of the value")
            return pull_back(ctx, function, args)
        case Derivation():
            return call_derivation(ctx, call, function, args, kwargs, node)
        case Constant(value=value):
            return _known(ctx, value, args, kwargs, node)
        case Struct(cls=cls) if any("__call__" in vars(base) for base in cls.__mro__):
            return _method(ctx, Method(function, "__call__"), args, kwargs, node)
        case _:
            raise shapes(f"{ctx.describe(function)} cannot be called")


# -- methods ------------------------------------------------------------------------------------


def _method(
    ctx: Lowering,
    method: Method,
    args: Sequence[Ref],
    kwargs: Mapping[str, Ref],
    node: ast.AST | None,
) -> Ref:
    owner, name = method.owner, method.name
    if ctx.is_numeric(owner):
        args = [growing.settled(ctx, arg) for arg in args]
    if isinstance(owner, Struct) and owner.is_tuple and name == "_replace":
        if args:
            raise shapes("_replace() takes fields by name")
        return replaced(owner, kwargs)
    if isinstance(owner, Struct) and owner.is_tuple and name == "_asdict":
        return Dict(dict(owner.fields))
    if complexes.has_complex((owner, *args), kwargs, ctx):
        return call_complex_method(ctx, owner, name, args, kwargs)
    if isinstance(owner, Struct):
        found = inspect.getattr_static(owner.cls, name)
        first: tuple[Ref, ...] = () if isinstance(found, staticmethod) else (owner,)
        if isinstance(found, classmethod):
            first = (Constant(owner.cls),)
        function = getattr(found, "__func__", found)
        return call(ctx, Constant(function), (*first, *args), kwargs, node)
    if isinstance(owner, Constant) and isinstance(getattr(type(owner.value), name, None), property):
        getter = getattr(type(owner.value), name).fget
        return call(ctx, Constant(getter), (owner,), {}, node)
    group = _method_group(owner)
    handler = ctx.tables.methods.get((group, name))
    if handler is None:
        raise no_such_attribute(ctx.describe(owner), name, group == "array")
    how = METHODS.get(name) if group == "array" else None
    return apply_handler(ctx, handler, (owner, *args), kwargs, name, how)


def _method_group(owner: Ref) -> str:
    match owner:
        case Array() | Scalar():
            return "array"
        case List():
            return "list"
        case Tuple():
            return "tuple"
        case Dict():
            return "dict"
        case _:
            return type(owner).__name__


# -- known functions ----------------------------------------------------------------------------


def _known(
    ctx: Lowering,
    function: Any,
    args: Sequence[Ref],
    kwargs: Mapping[str, Ref],
    node: ast.AST | None,
) -> Ref:
    custom = getattr(function, CUSTOM_FUNCTION, None)
    if isinstance(custom, CustomFunction):
        return call_custom(ctx, call, custom, args, kwargs, node)
    transform = meaning_of(function)
    if isinstance(transform, Outermost):
        raise RefusedError(transform.what, transform.hint)
    if isinstance(transform, Meaning):
        return apply_meaning(ctx, transform, args, kwargs)
    if isinstance(transform, Prepared):
        prepared = Derived(Constant(transform.function), transform.settings, transform.meaning)
        return call(ctx, prepared, args, kwargs, node)
    if isinstance(transform, Product):
        return apply_product(ctx, call, transform, args, kwargs, node)
    if isinstance(transform, Transform):
        return apply_transform(ctx, transform, args, kwargs)
    if isinstance(transform, tuple):  # what grad has returned: the function and how it is meant
        primal, numbers, has_aux, meaning = transform
        made = (Constant(primal), _numbers(numbers), Constant(has_aux))
        return call(ctx, apply_transform(ctx, meaning, made, {}), args, kwargs, node)
    handler = _handler(ctx, function)
    if handler is not None:
        args = [growing.settled(ctx, arg) for arg in args]
        kwargs = {key: growing.settled(ctx, arg) for key, arg in kwargs.items()}
    if complexes.has_complex(args, kwargs, ctx):
        found = call_complex(ctx, function, args, kwargs, node)
        if found is not None:
            return found
    title = getattr(function, "__name__", type(function).__name__)
    if handler is not None and isinstance(function, np.ufunc):

        def compute(operands: Sequence[Ref], named: Mapping[str, Ref]) -> Ref:
            return apply_handler(ctx, handler, operands, named, title)

        return call_ufunc(ctx, function, compute, args, kwargs)
    if handler is not None:
        return apply_handler(ctx, handler, args, kwargs, title, out_of(function))
    if not kwargs:
        called = called_object(ctx, function, args)
        if called is not None:
            return called
    if isinstance(function, type) and not _is_refused_class(function):
        return construct(ctx, function, args, kwargs)
    if not callable(function):
        raise shapes(f"an object of type {type(function).__name__} cannot be called")
    callee = None
    if not _is_library(function):
        callee = ctx.callees.get(id(function)) or environment.callee_of(ctx, function)
    if callee is None:
        raise _refused(ctx, function, title, node)
    ctx.callees[id(function)] = callee
    return call(ctx, callee, args, kwargs, node)


def _numbers(argnums: Any) -> Ref:
    if isinstance(argnums, Sequence) and not isinstance(argnums, str):
        return Tuple(tuple(Constant(number) for number in argnums))
    return Constant(argnums)


def _handler(ctx: Lowering, function: Any) -> Any:
    intrinsic = getattr(function, environment.INTRINSIC, None)
    key = intrinsic if isinstance(intrinsic, str) else function
    try:
        found = ctx.tables.functions.get(key)
    except TypeError:
        return None
    return found or ctx.tables.functions.get(public_name(function))


def _is_library(function: Any) -> bool:
    return is_library(getattr(function, "__module__", None) or "")


def _is_refused_class(cls: type) -> bool:
    return _is_library(cls) and not issubclass(cls, BaseException)


def _refused(ctx: Lowering, function: Any, title: str, node: ast.AST | None) -> RefusedError:
    """The refusal of a function or class of a library, with the reason where there is one."""
    is_users = isinstance(node, ast.Call) and ctx.pinned is None
    written = ast.unparse(node.func) if is_users and isinstance(node, ast.Call) else title
    reason, hint = why_refused(function)
    return unknown_function(f"`{written}` is not supported{reason}", hint)


# -- the user's functions -----------------------------------------------------------------------


def inline(
    ctx: Lowering,
    callee: Callee,
    args: Sequence[Ref],
    kwargs: Mapping[str, Ref],
    node: ast.AST | None,
) -> Ref:
    """Interpret the body of a function of the user with the given arguments."""
    _check_depth(ctx)
    for ref in (*args, *kwargs.values()):
        sequences.check_kept(ctx, ref)
    names = bind_arguments(ctx, callee, args, kwargs)
    if calls_itself(ctx, callee):
        return call_routine(ctx, callee, names, lambda given: _in_place(ctx, callee, given, node))
    if callee.checkpoint:
        return call_checkpointed(
            ctx, callee, names, lambda given: _in_place(ctx, callee, given, node)
        )
    return _in_place(ctx, callee, names, node)


def _in_place(ctx: Lowering, callee: Callee, names: Mapping[str, Ref], node: ast.AST | None) -> Ref:
    frame = new_frame(ctx, callee, dict(names))
    given = before_call(ctx, names)
    place: object = id(node)
    if node is None:  # of a function of NumPy, or by one such as `map`: what it is given tells
        shapes_given = (ref.type.shape for ref in names.values() if isinstance(ref, Array))
        place = (id(ctx.node), ctx.builder.loc, *shapes_given)
    with ctx.call_frame(frame), ctx.inside(place):
        result = run(ctx, callee, frame)
    sequences.check_kept(ctx, result)
    mark_call(ctx, callee, given)
    if RAISED in frame.names:
        ctx.state.frame.names[RAISED] = NONE
        return POISON
    return result


def run(ctx: Lowering, callee: Callee, frame: Frame) -> Ref:
    """Interpret the body of a call and return its result."""
    if isinstance(callee.node, ast.Lambda):
        return ctx.expression(callee.node.body)
    frame.names[RETURNED] = Constant(False)
    block(ctx, callee.node.body)
    returned = ctx.truth(frame.names.get(RETURNED, Constant(False)))
    if returned is False or RAISED in frame.names:
        return NONE
    result = frame.names.get(RETURNED_VALUE, NONE)
    if returned is not True and result is not NONE and not isinstance(result, Poison):
        ctx.report(
            RefusedError(
                f"{callee.name} returns a value on some paths only, and None on others",
                "end the function with a `return` of the same kind",
            ),
            callee.node,
        )
        return POISON
    if isinstance(result, Conflict):
        problem = RefusedError(
            f"{callee.name} returns different kinds of things on different paths",
            "return the same structure, with the same dtypes and shapes, from each `return`",
        )
        if result.kind is AliasingError:
            problem = RefusedError(result.message, result.hint, result.kind)
        ctx.report(problem, callee.node)
        return POISON
    return result


def new_frame(ctx: Lowering, callee: Callee, names: dict[str, Ref]) -> Frame:
    """The frame of a call."""
    node = callee.node
    body = [] if isinstance(node, ast.Lambda) else node.body
    if id(node) not in ctx.analysed:
        desugar(node)
        nonlocals = _declared(node)
        if any(isinstance(n, ast.Yield | ast.YieldFrom | ast.Await) for n in _own_nodes(node)):
            raise RefusedError(
                f"{callee.name} is a generator, which is not supported", "return an array"
            )
        ctx.analysed[id(node)] = (
            liveness.liveness(body),
            liveness.names_assigned(body) - nonlocals,
            nonlocals,
        )
    live, assigned, nonlocals = ctx.analysed[id(node)]
    return Frame(
        callee.name,
        names,
        assigned | names.keys(),
        callee.outer,
        callee.globals,
        callee.source,
        live,
        nonlocals,
        ctx.branch_depth,
        node,
        callee.checkpoint or any(frame.checkpoint for frame in ctx.state.frames),
    )


def _own_nodes(node: ast.AST) -> list[ast.AST]:
    """The nodes of a function, those of functions inside left out."""
    found: list[ast.AST] = []
    pending = list(ast.iter_child_nodes(node))
    while pending:
        inner = pending.pop()
        if isinstance(inner, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            continue
        found.append(inner)
        pending += ast.iter_child_nodes(inner)
    return found


def _declared(node: ast.AST) -> frozenset[str]:
    """The names that a function declares as ``nonlocal``."""
    return frozenset(
        name
        for inner in _own_nodes(node)
        if isinstance(inner, ast.Nonlocal)
        for name in inner.names
    )


def _check_depth(ctx: Lowering) -> None:
    if len(ctx.state.frames) >= _DEEPEST:
        ctx.diagnostics.add(
            ctx.builder.loc, f"{_DEEPEST} calls inside calls", "is this recursion without an end?"
        )
        raise TooMuchError


def bind_arguments(
    ctx: Lowering, callee: Callee, args: Sequence[Ref], kwargs: Mapping[str, Ref]
) -> dict[str, Ref]:
    """Bind arguments to parameters as Python does."""
    spec = callee.node.args
    positional = [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)]
    keywords = {parameter.arg for parameter in (*spec.args, *spec.kwonlyargs)}
    names = dict(zip(positional, args, strict=False))
    extra = {key: ref for key, ref in kwargs.items() if key not in keywords}
    for key, ref in kwargs.items():
        if key in keywords:
            if key in names:
                raise shapes(f"{callee.name}() got `{key}` twice")
            names[key] = ref
    if len(args) > len(positional) and spec.vararg is None:
        raise shapes(
            f"{callee.name}() takes {len(positional)} positional arguments, {len(args)} are given"
        )
    if extra and spec.kwarg is None:
        close = difflib.get_close_matches(next(iter(extra)), keywords, n=1)
        raise shapes(
            f"{callee.name}() has no parameter `{next(iter(extra))}`",
            f"did you mean `{close[0]}`?" if close else None,
        )
    for parameter in (*positional, *(parameter.arg for parameter in spec.kwonlyargs)):
        if parameter not in names and parameter in callee.defaults:
            names[parameter] = callee.defaults[parameter]
    missing = [
        parameter
        for parameter in (*positional, *(parameter.arg for parameter in spec.kwonlyargs))
        if parameter not in names
    ]
    if missing:
        raise shapes(f"{callee.name}() needs a value for `{missing[0]}`")
    if spec.vararg is not None:
        names[spec.vararg.arg] = Tuple(tuple(args[len(positional) :]))
    if spec.kwarg is not None:
        names[spec.kwarg.arg] = Dict(extra)
    return names
