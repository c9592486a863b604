"""Expressions: what each kind of node of Python's syntax tree means."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Sequence

import numpy as np

from gradc.frontend.python import (
    arithmetic,
    comprehensions,
    environment,
    growing,
    indexing,
    joined,
    listed,
    opening,
    sequences,
    strings,
)
from gradc.frontend.python.assigning import assign
from gradc.frontend.python.branches import branch, lazily
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.hidden import shown
from gradc.frontend.python.problems import RefusedError, shapes, untaken
from gradc.frontend.python.refs import (
    NONE,
    POISON,
    Array,
    Callee,
    Constant,
    Dict,
    List,
    Method,
    Poison,
    Ref,
    Scalar,
    Slice,
    Struct,
    Tuple,
    is_complex,
    is_listed,
)
from gradc.frontend.python.refused import no_such_attribute
from gradc.ir.core import Value
from gradc.ir.types import BOOL


def name(ctx: Lowering, node: ast.Name) -> Ref:
    """A name."""
    return environment.lookup(ctx, node.id)


def literal(ctx: Lowering, node: ast.Constant) -> Ref:
    """A number, a string, None, True, False or ``...``; a reference in code that gradc made."""
    value: object = node.value
    if isinstance(value, Ref):
        return value
    return NONE if node.value is None else Constant(node.value)


def binary(ctx: Lowering, node: ast.BinOp) -> Ref:
    """A binary operator."""
    left, right = (growing.settled(ctx, ctx.expression(side)) for side in (node.left, node.right))
    if isinstance(left, Poison) or isinstance(right, Poison):
        return POISON
    if isinstance(node.op, ast.MatMult):
        return ctx.operator("matmul", left, right, node)
    if type(node.op) not in arithmetic.BINARY:
        raise RefusedError(f"the operator `{_operator_text(node)}` is not supported")
    if is_listed(left) or is_listed(right):
        return joined.of_open_length(ctx, node, left, right)
    if isinstance(left, Tuple | List) or isinstance(right, Tuple | List):
        return joined.of_sequences(ctx, node, left, right)
    if isinstance(left, Constant) and isinstance(left.value, str):
        return arithmetic.fold(lambda a, b: a + b, left.value, ctx.constant(right, "a string"))
    return arithmetic.binary(ctx, type(node.op), left, right, ast.unparse(node))


def _operator_text(node: ast.BinOp) -> str:
    text = ast.unparse(ast.BinOp(ast.Name("a"), node.op, ast.Name("b")))
    return text[2:-2]


def unary(ctx: Lowering, node: ast.UnaryOp) -> Ref:
    """A unary operator."""
    operand = ctx.expression(node.operand)
    if isinstance(operand, Poison):
        return POISON
    match node.op:
        case ast.Not():
            return ctx.boolean(ctx.negated(ctx.truth(operand)))
        case ast.USub():
            return arithmetic.negate(ctx, operand)
        case ast.UAdd():
            if not is_complex(operand):
                ctx.kind(operand)
            return operand
        case _:
            return arithmetic.invert(ctx, operand)


def comparison(ctx: Lowering, node: ast.Compare) -> Ref:
    """A chain of comparisons: each operand is computed once, and as far as it counts."""
    left = ctx.expression(node.left)
    return _compare_from(ctx, node, left, 0)


def _compare_from(ctx: Lowering, node: ast.Compare, left: Ref, start: int) -> Ref:
    right = ctx.expression(node.comparators[start])
    if isinstance(left, Poison) or isinstance(right, Poison):
        return POISON
    found = _one_comparison(ctx, node, node.ops[start], left, right)
    if start + 1 == len(node.ops):
        return found
    truth = ctx.truth(found)
    if isinstance(truth, bool):
        return _compare_from(ctx, node, right, start + 1) if truth else Constant(False)
    rest = lazily(ctx, True, truth, lambda: ctx.truth(_compare_from(ctx, node, right, start + 1)))
    return ctx.boolean(rest)


def _one_comparison(ctx: Lowering, node: ast.Compare, op: ast.cmpop, left: Ref, right: Ref) -> Ref:
    if isinstance(op, ast.Is | ast.IsNot):
        return Constant(_is_same(ctx, left, right) == isinstance(op, ast.Is))
    if isinstance(op, ast.In | ast.NotIn):
        found = _contains(ctx, left, right)
        return ctx.boolean(found if isinstance(op, ast.In) else ctx.negated(found))
    if isinstance(left, Tuple) or isinstance(right, Tuple) or not _both_numbers(ctx, left, right):
        return _compare_objects(ctx, node, op, left, right)
    return arithmetic.compare(ctx, type(op), left, right, ast.unparse(node))


def _both_numbers(ctx: Lowering, left: Ref, right: Ref) -> bool:
    return all(ctx.is_numeric(side) or is_complex(side) for side in (left, right))


def _compare_objects(ctx: Lowering, node: ast.Compare, op: ast.cmpop, left: Ref, right: Ref) -> Ref:
    """Comparisons of what is no number are decided at compile time."""
    if isinstance(left, Constant) and isinstance(right, Constant):
        return arithmetic.fold(arithmetic.COMPARISONS[type(op)][1], left.value, right.value)
    if isinstance(op, ast.Eq | ast.NotEq) and (left is NONE or right is NONE):
        return Constant(isinstance(op, ast.NotEq))
    what = f"`{ast.unparse(node)}`"
    values = [ctx.constant(side, f"what is compared in {what}") for side in (left, right)]
    return arithmetic.fold(arithmetic.COMPARISONS[type(op)][1], *values)


def _is_same(ctx: Lowering, left: Ref, right: Ref) -> bool:
    if isinstance(left, Constant) and isinstance(right, Constant):
        return left.value is right.value
    if isinstance(left, Array) and isinstance(right, Array):
        return _is_same_array(ctx, left, right)
    if left is NONE or right is NONE:
        return False
    return left is right


def _is_same_array(ctx: Lowering, left: Array, right: Array) -> bool:
    if left.cell is right.cell:
        return left.steps == right.steps
    if left.steps or right.steps:
        return False
    if ctx.state.may_be_one(left.cell, right.cell):
        names = " and ".join(shown(side.cell.name) for side in (left, right))
        raise RefusedError(
            f"whether {names} are one array is not known at compile time",
            "remember it in a variable where they are set",
        )
    ctx.compares = True
    return left.cell.twins.get(right.cell, False)


def _contains(ctx: Lowering, item: Ref, container: Ref) -> Value | bool:
    if isinstance(container, Dict):
        return ctx.constant(item, "a key") in container.items
    if isinstance(container, Constant):
        return bool(ctx.constant(item, "what is looked for") in container.value)
    container = growing.settled(ctx, container)
    if is_listed(container):
        container = listed.array_of(container)
    if isinstance(container, Array) and container.type.rank:
        equal = arithmetic.compare(ctx, ast.Eq, item, container, "`in`")
        return ctx.truth(ctx.call(Constant(np.any), (equal,), {}, None))
    found: Value | bool = False
    for other in sequences.elements(ctx, container, "a container"):
        if isinstance(item, Constant) and isinstance(other, Constant):
            own: Value | bool = bool(item.value == other.value)
        else:
            own = ctx.truth(arithmetic.compare(ctx, ast.Eq, item, other, "`in`"))
        if own is True:
            return True
        if isinstance(own, Value):
            found = ctx.either(found, own)
    return found


def boolean(ctx: Lowering, node: ast.BoolOp) -> Ref:
    """``and`` and ``or``: an operand is computed only where it counts."""
    return _boolean_from(ctx, node, 0)


def _boolean_from(ctx: Lowering, node: ast.BoolOp, start: int) -> Ref:
    is_and = isinstance(node.op, ast.And)
    left = ctx.expression(node.values[start])
    if start + 1 == len(node.values) or isinstance(left, Poison):
        return left
    truth = ctx.truth(left)
    if isinstance(truth, bool):
        return _boolean_from(ctx, node, start + 1) if truth is is_and else left
    if isinstance(left, Scalar) and left.value.type == BOOL and _all_conditions(node):
        found = lazily(ctx, is_and, truth, lambda: ctx.truth(_boolean_from(ctx, node, start + 1)))
        return ctx.boolean(found)

    def rest() -> Ref:
        return _boolean_from(ctx, node, start + 1)

    chosen = branch(
        ctx, truth, rest if is_and else lambda: left, lambda: left if is_and else rest()
    )
    return POISON if chosen is None else chosen


def _all_conditions(node: ast.BoolOp) -> bool:
    """Whether the operands after the first are surely booleans, going by their syntax."""
    return all(
        isinstance(value, ast.Compare)
        or (isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not))
        or (isinstance(value, ast.BoolOp) and _all_conditions(value))
        or (isinstance(value, ast.Constant) and isinstance(value.value, bool))
        or isinstance(value, ast.Name | ast.Call)
        for value in node.values[1:]
    )


def conditional(ctx: Lowering, node: ast.IfExp) -> Ref:
    """A conditional expression."""
    test = ctx.expression(node.test)
    if isinstance(test, Poison):
        return POISON
    chosen = branch(
        ctx,
        ctx.truth(test),
        lambda: ctx.expression(node.body),
        lambda: ctx.expression(node.orelse),
    )
    if chosen is None:
        return POISON
    return ctx.present(chosen, "this expression")


def attribute(ctx: Lowering, node: ast.Attribute) -> Ref:
    """An attribute of an array, a structure, a module or another object."""
    owner = ctx.expression(node.value)
    return attribute_of(ctx, owner, node.attr)


def attribute_of(ctx: Lowering, owner: Ref, attr: str) -> Ref:
    """Read an attribute."""
    if isinstance(owner, Poison):
        return POISON
    if isinstance(owner, Struct) and is_complex(owner):
        return ctx.tables.complex_attribute(ctx, owner, attr)
    if isinstance(owner, Struct) and is_listed(owner):
        return Method(opening.changeable(ctx, owner), attr)
    if isinstance(owner, Struct):
        if attr in owner.fields:
            return owner.fields[attr]
        return _of_class(ctx, owner, attr)
    if ctx.is_numeric(owner) and not isinstance(owner, Constant):
        return _of_number(ctx, owner, attr)
    if isinstance(owner, Constant):
        found = environment.attribute(ctx, owner, attr)
        if isinstance(found, Method):
            return ctx.call(Method(owner, attr), (), {}, None)
        return found
    return Method(owner, attr)


def _of_number(ctx: Lowering, owner: Ref, attr: str) -> Ref:
    handler = ctx.tables.attributes.get(attr)
    if handler is not None:
        return handler(ctx, owner)
    methods = [name for group, name in ctx.tables.methods if group == "array"]
    if attr in methods:
        return Method(owner, attr)
    raise no_such_attribute(ctx.describe(owner), attr, is_array=True)


def _of_class(ctx: Lowering, owner: Struct, attr: str) -> Ref:
    """A method or property of a dataclass or named tuple."""
    found = inspect.getattr_static(owner.cls, attr, None)
    if isinstance(found, property):
        return ctx.call(Constant(found.fget), (owner,), {}, None)
    if isinstance(found, staticmethod):
        return Constant(found.__func__)
    if found is None:
        raise shapes(f"{ctx.describe(owner)} has no attribute `{attr}`")
    if callable(found):
        return Method(owner, attr)
    return environment.from_python(ctx, attr, found)


def subscript(ctx: Lowering, node: ast.Subscript) -> Ref:
    """An index."""
    owner, index = ctx.expression(node.value), ctx.expression(node.slice)
    return indexing.subscript(ctx, owner, index, ast.unparse(node))


def slice_(ctx: Lowering, node: ast.Slice) -> Ref:
    """A slice."""
    parts = [NONE if part is None else ctx.expression(part) for part in (node.lower, node.upper)]
    step = NONE if node.step is None else ctx.expression(node.step)
    if any(isinstance(part, Poison) for part in (*parts, step)):
        return POISON
    return Slice(parts[0], parts[1], step)


#: What to write instead of a star before an array.
_NO_STAR = "join arrays instead: np.concatenate((a, b))"
_PASS_WHOLE = "pass the array itself, or each of its elements: `f(x[0], x[1])`"


def tuple_(ctx: Lowering, node: ast.Tuple) -> Ref:
    """A tuple."""
    match node.elts:
        case [ast.Starred(value=only)]:
            return ctx.call(Constant(tuple), (ctx.expression(only),), {}, node)
    return Tuple(tuple(_elements(ctx, node.elts, _NO_STAR)))


def list_(ctx: Lowering, node: ast.List) -> Ref:
    """A list."""
    match node.elts:
        case [ast.Starred(value=only)]:
            return ctx.call(Constant(list), (ctx.expression(only),), {}, node)
    return joined.new_list(ctx, _elements(ctx, node.elts, _NO_STAR))


def _elements(ctx: Lowering, nodes: Sequence[ast.expr], hint: str) -> list[Ref]:
    items: list[Ref] = []
    for node in nodes:
        if isinstance(node, ast.Starred):
            ref = ctx.expression(node.value)
            if not isinstance(ref, Poison):
                with ctx.blame(node):
                    items += sequences.elements(ctx, ref, f"`{ast.unparse(node)}`", hint)
        else:
            items.append(ctx.expression(node))
    return items


def set_(ctx: Lowering, node: ast.Set) -> Ref:
    """A set of constants, to look something up in."""
    items = [ctx.expression(item) for item in node.elts]
    if not all(isinstance(item, Constant) for item in items):
        raise RefusedError(*untaken(node))
    return Constant(frozenset(item.value for item in items if isinstance(item, Constant)))


def dict_(ctx: Lowering, node: ast.Dict) -> Ref:
    """A dictionary with constant keys."""
    entries: dict[object, Ref] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            inner = ctx.expression(value)
            if not isinstance(inner, Dict):
                raise RefusedError("only dictionaries can be merged with `**`")
            entries.update(inner.items)
        else:
            entries[ctx.constant(ctx.expression(key), "a key")] = ctx.expression(value)
    return Dict(entries)


def call(ctx: Lowering, node: ast.Call) -> Ref:
    """A call."""
    function = ctx.expression(node.func)
    args = _arguments(ctx, function, node.args)
    kwargs: dict[str, Ref] = {}
    for keyword in node.keywords:
        value = ctx.expression(keyword.value)
        if keyword.arg is not None:
            kwargs[keyword.arg] = value
        elif isinstance(value, Dict):
            kwargs.update({str(key): entry for key, entry in value.items.items()})
        else:
            raise RefusedError("only a dictionary can be given with `**`", node=keyword.value)
    if any(isinstance(ref, Poison) for ref in (function, *args, *kwargs.values())):
        return POISON
    return ctx.call(function, args, kwargs, node)


def _arguments(ctx: Lowering, function: Ref, nodes: Sequence[ast.expr]) -> Sequence[Ref]:
    """Positional arguments; of what a function of Python or NumPy uses up, no list is made."""
    if not isinstance(function, Constant) or any(isinstance(n, ast.Starred) for n in nodes):
        return _elements(ctx, nodes, _PASS_WHOLE)
    at_once = comprehensions.is_used_at_once(function.value)
    return [
        comprehensions.comprehension(ctx, node)
        if at_once and isinstance(node, ast.ListComp)
        else ctx.expression(node)
        for node in nodes
    ]


def lambda_(ctx: Lowering, node: ast.Lambda) -> Ref:
    """A lambda: a function that closes over the names of this call."""
    return local_function(ctx, node, "lambda")


def local_function(ctx: Lowering, node: ast.FunctionDef | ast.Lambda, title: str) -> Ref:
    """A function defined inside the one being interpreted."""
    frame = ctx.state.frame
    spec = node.args
    defaults: dict[str, Ref] = {}
    positional = [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)]
    for key, default in zip(positional[::-1], spec.defaults[::-1], strict=False):
        defaults[key] = ctx.expression(default)
    for parameter, keyword_default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True):
        if keyword_default is not None:
            defaults[parameter.arg] = ctx.expression(keyword_default)
    if frame not in ctx.state.kept:
        ctx.state.kept.append(frame)
    return Callee(node, frame.source, frame.globals, frame, defaults, title)


def named(ctx: Lowering, node: ast.NamedExpr) -> Ref:
    """``(name := value)``."""
    ref = ctx.expression(node.value)
    assign(ctx, node.target, ref)
    return ref


EXPRESSIONS: dict[type[ast.expr], Callable[..., Ref]] = {
    ast.Name: name,
    ast.Constant: literal,
    ast.BinOp: binary,
    ast.UnaryOp: unary,
    ast.Compare: comparison,
    ast.BoolOp: boolean,
    ast.IfExp: conditional,
    ast.Attribute: attribute,
    ast.Subscript: subscript,
    ast.Slice: slice_,
    ast.Tuple: tuple_,
    ast.List: list_,
    ast.Dict: dict_,
    ast.Set: set_,
    ast.Call: call,
    ast.Lambda: lambda_,
    ast.JoinedStr: strings.formatted,
    ast.ListComp: comprehensions.list_of,
    ast.GeneratorExp: comprehensions.comprehension,
    ast.DictComp: comprehensions.dictionary,
    ast.NamedExpr: named,
}
