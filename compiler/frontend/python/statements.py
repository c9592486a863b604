"""Statements: what each kind of node of Python's syntax tree does."""

from __future__ import annotations

import ast
import dataclasses
import importlib
from collections.abc import Callable

import numpy as np

from gradc.frontend.python import arithmetic, blocks, changing, jumps, loops, writes
from gradc.frontend.python.assigning import assign, bind
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.expressions import local_function
from gradc.frontend.python.hidden import BROKEN, CONTINUED
from gradc.frontend.python.problems import RefusedError
from gradc.frontend.python.refs import (
    NONE,
    POISON,
    Array,
    Constant,
    List,
    Poison,
    Ref,
    Struct,
    Tuple,
    is_complex,
    is_listed,
)
from gradc.frontend.python.strings import message
from gradc.ir.core import Value


def assignment(ctx: Lowering, node: ast.Assign) -> None:
    """``a = b = value``."""
    ref = ctx.expression(node.value)
    for target in node.targets:
        assign(ctx, target, ref)


def annotated(ctx: Lowering, node: ast.AnnAssign) -> None:
    """``a: type = value``; the annotation says nothing to gradc."""
    if node.value is not None:
        assign(ctx, node.target, ctx.expression(node.value))


def augmented(ctx: Lowering, node: ast.AugAssign) -> None:
    """``a += value`` and its relatives: in place for arrays, as in NumPy."""
    match node.target:
        case ast.Name(id=name):
            old = ctx.expression(ast.copy_location(ast.Name(name, ast.Load()), node.target))
            ref = ctx.expression(node.value)
            _augmented_name(ctx, node, name, old, ref)
        case ast.Subscript():
            owner, index = ctx.expression(node.target.value), ctx.expression(node.target.slice)
            before = ctx.state.tokens.get(owner.cell) if isinstance(owner, Array) else None
            ref = ctx.expression(node.value)
            if isinstance(owner, Array) and ctx.state.tokens[owner.cell] != before:
                raise RefusedError(
                    f"the right side writes to `{owner.cell.name}`, an element of which is updated",
                    "call the function in a statement of its own, before",
                )
            with ctx.blame(node.target):
                writes.augmented(ctx, owner, index, _supported(node), ref, node.target)
        case ast.Attribute() if (array := _array_of(ctx, node.target)) is not None:
            ref = ctx.expression(node.value)
            with ctx.blame(node.target):
                writes.in_place(ctx, array, _supported(node), ref, ast.unparse(node.target))
        case _:
            assign(ctx, node.target, ctx.expression(node.value))


def _array_of(ctx: Lowering, target: ast.Attribute) -> Array | None:
    """The array that an attribute of a dataclass holds: ``body.speed += ...`` changes that."""
    owner = ctx.expression(target.value)
    if not isinstance(owner, Struct) or not dataclasses.is_dataclass(owner.cls):
        return None
    found = owner.fields.get(target.attr)
    frozen = owner.cls.__dataclass_params__.frozen  # type: ignore[attr-defined]
    return found if isinstance(found, Array) and found.type.rank and not frozen else None


def _augmented_name(ctx: Lowering, node: ast.AugAssign, name: str, old: Ref, ref: Ref) -> None:
    if isinstance(old, Poison) or isinstance(ref, Poison):
        bind(ctx, name, POISON)
        return
    if isinstance(node.op, ast.MatMult):
        bind(ctx, name, ctx.operator("matmul", old, ref, node))
        return
    op = _supported(node)
    text = f"{name} {arithmetic.BINARY[type(op)][0]} {ast.unparse(node.value)}"
    if isinstance(old, Array):
        writes.in_place(ctx, old, op, ref, text)
    elif isinstance(old, Struct) and is_complex(old) and ctx.shape(old.fields["re"]):
        writes.complex_in_place(ctx, old, op, ref, text)
    elif isinstance(old, Tuple) and isinstance(ref, Tuple) and isinstance(op, ast.Add):
        bind(ctx, name, Tuple((*old.items, *ref.items)))
    elif isinstance(op, ast.Add) and (isinstance(old, List) or is_listed(old)):
        changing.extend(ctx, changing.changeable(ctx, old), ref)
    else:
        bind(ctx, name, arithmetic.binary(ctx, type(op), old, ref, text))


def _supported(node: ast.AugAssign) -> ast.operator:
    if type(node.op) not in arithmetic.BINARY:
        raise RefusedError("this operator is not supported")
    return node.op


def expression(ctx: Lowering, node: ast.Expr) -> None:
    """An expression for its effect: a call that writes to an array, or a docstring."""
    if not isinstance(node.value, ast.Constant):
        ctx.expression(node.value)


def return_(ctx: Lowering, node: ast.Return) -> None:
    """``return value``."""
    jumps.finish(ctx, NONE if node.value is None else ctx.expression(node.value))


def function(ctx: Lowering, node: ast.FunctionDef) -> None:
    """A function defined inside this one."""
    if node.decorator_list:
        raise RefusedError(
            "decorated inner functions are not supported",
            "move the function out of this one",
            node=node.decorator_list[0],
        )
    ctx.state.frame.names[node.name] = local_function(ctx, node, node.name)


def import_(ctx: Lowering, node: ast.Import) -> None:
    """An import inside the function."""
    for alias in node.names:
        module = _module(alias.name)
        if alias.asname is None:
            top = alias.name.split(".")[0]
            bind(ctx, top, Constant(_module(top)))
        else:
            bind(ctx, alias.asname, Constant(module))


def import_from(ctx: Lowering, node: ast.ImportFrom) -> None:
    """``from module import name``."""
    if node.level or node.module is None:
        raise RefusedError(
            "relative imports inside a function are not supported", "import at the top"
        )
    module = _module(node.module)
    for alias in node.names:
        if not hasattr(module, alias.name):
            raise RefusedError(f"module `{node.module}` has no `{alias.name}`")
        bind(ctx, alias.asname or alias.name, Constant(getattr(module, alias.name)))


def _module(name: str) -> object:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise RefusedError(f"the import fails: {error}") from None


def nothing(ctx: Lowering, node: ast.stmt) -> None:
    """``pass``, ``global`` and ``nonlocal``."""


def delete(ctx: Lowering, node: ast.Delete) -> None:
    """``del name``."""
    for target in node.targets:
        if not isinstance(target, ast.Name):
            raise RefusedError("only names can be deleted", node=target)
        ctx.state.frame.names.pop(target.id, None)


def assert_(ctx: Lowering, node: ast.Assert) -> None:
    """``assert condition, message``."""
    condition = ctx.truth(ctx.expression(node.test))
    text = "" if node.msg is None else message(ctx, node.msg)
    _require(ctx, condition, "AssertionError", text)


def raise_(ctx: Lowering, node: ast.Raise) -> None:
    """``raise Error(message)``: what follows is not reached."""
    kind, message = exception(ctx, node)
    _require(ctx, False, kind, message)
    jumps.fail(ctx)


def _require(ctx: Lowering, condition: Value | bool, kind: str, message: str) -> None:
    if condition is not True:
        value = ctx.builder.const(condition) if isinstance(condition, bool) else condition
        ctx.check(value, kind, message)


def exception(ctx: Lowering, node: ast.Raise) -> tuple[str, str]:
    """The name of the built-in exception that a statement raises, and its message."""
    raised: ast.expr | None = node.exc
    args: list[ast.expr] = []
    if isinstance(raised, ast.Call) and not raised.keywords:
        args, raised = raised.args, raised.func
    found = None if raised is None else ctx.expression(raised)
    if isinstance(found, Poison):
        return "RuntimeError", ""
    kind = found.value if isinstance(found, Constant) else object
    if not (isinstance(kind, type) and issubclass(kind, Exception)) or len(args) > 1:
        raise RefusedError(
            "this `raise` is not supported", 'write `raise ValueError("message")`, or the like'
        )
    if kind.__module__ != "builtins":
        raise RefusedError(
            f"`{kind.__name__}` is not a built-in exception: a compiled function cannot raise it",
            "raise a built-in one, such as ValueError",
        )
    return kind.__name__, "".join(message(ctx, arg) for arg in args)


def if_(ctx: Lowering, node: ast.If) -> None:
    """``if``; one that only raises becomes a check."""
    match node.body, node.orelse:
        case [ast.Raise() as inner], []:
            test = ctx.expression(node.test)
            if isinstance(test, Poison):
                return
            condition = ctx.truth(test)
            if condition is False:
                return
            if condition is True:
                ctx.statement(inner)
                return
            with ctx.blame(inner):
                kind, message = exception(ctx, inner)
            _require(ctx, ctx.negated(condition), kind, message)
        case _:
            blocks.conditional(ctx, node)


def with_(ctx: Lowering, node: ast.With) -> None:
    """``with np.errstate(...)``, which says nothing to compiled code; no other context."""
    for item in node.items:
        context = item.context_expr
        called = context.func if isinstance(context, ast.Call) else context
        found = ctx.expression(called)
        if isinstance(found, Poison):
            return
        if not isinstance(found, Constant) or found.value is not np.errstate:
            raise RefusedError(
                f"`with {ast.unparse(context)}` is not supported",
                "call the function inside the block instead",
            )
    blocks.block(ctx, node.body)


_REFUSED = {
    ast.Match: ("this pattern is not supported", "match constants, or write an `if` chain"),
    ast.Try: ("`try` is not supported", "test the condition beforehand"),
    ast.ClassDef: ("classes cannot be defined inside", "define the class at the top of the file"),
    ast.AsyncFunctionDef: ("async functions are not supported", None),
    ast.AsyncFor: ("async loops are not supported", None),
    ast.AsyncWith: ("`async with` is not supported", None),
}


def refused(ctx: Lowering, node: ast.stmt) -> None:
    """Statements that are not taken."""
    message, hint = _REFUSED[type(node)]
    raise RefusedError(message, hint)


def global_(ctx: Lowering, node: ast.Global) -> None:
    """``global name``: reading needs no declaration, and writing is not possible."""
    raise RefusedError(
        f"global variables cannot be assigned (`global {', '.join(node.names)}`)",
        "return the value instead",
    )


STATEMENTS: dict[type[ast.stmt], Callable[..., None]] = {
    ast.Assign: assignment,
    ast.AnnAssign: annotated,
    ast.AugAssign: augmented,
    ast.Expr: expression,
    ast.Return: return_,
    ast.Assert: assert_,
    ast.Raise: raise_,
    ast.If: if_,
    ast.With: with_,
    ast.For: loops.for_statement,
    ast.While: loops.while_statement,
    ast.Break: lambda ctx, node: jumps.jump(ctx, BROKEN),
    ast.Continue: lambda ctx, node: jumps.jump(ctx, CONTINUED),
    ast.FunctionDef: function,
    ast.Import: import_,
    ast.ImportFrom: import_from,
    ast.Pass: nothing,
    ast.Nonlocal: nothing,
    ast.Global: global_,
    ast.Delete: delete,
    **dict.fromkeys(_REFUSED, refused),
}
