"""``jacobian``, ``hessian``, ``hvp`` and ``batch`` inside a function that is compiled.

The inner function is interpreted apart (:mod:`gradc.frontend.python.regions`); a transformation
makes another function of it, whose ops are put in place of the call::

    def f(x, y):
        return np.sum(jacobian(lambda z: z * z * y)(x))    # d/dz, with y from outside, at z = x

The result is ordinary IR, so that an outer derivative sees how it depends on everything around.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.problems import shapes
from gradc.frontend.python.refs import (
    NONE,
    Callee,
    Constant,
    Dict,
    List,
    Ref,
    Struct,
    Tuple,
    is_complex,
)
from gradc.frontend.python.regions import Closed, Param, closed_call
from gradc.frontend.python.sharing import copies
from gradc.frontend.python.trees import Parts, is_number, made_ref, number_or_known, taken_apart
from gradc.ir.core import Function, Value
from gradc.ir.inlining import inline, with_fresh_symbols
from gradc.ir.types import Type
from gradc.prims.arithmetic import ADD
from gradc.prims.shape import EXPECT

# How to compile is decided by the outermost transformation; inside it means nothing.
OPTIONS = (
    "target",
    "style",
    "fastmath",
    "parallel",
    "cache",
    "memory_limit",
    "boundscheck",
    "share",
)

Call = Callable[..., Ref]
Key = int | str


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a transformation means inside a compiled function.

    Attributes
    ----------
    name : str
        What the user calls it.
    kind : {"jacobian", "hessian", "hvp", "batch", "returning"}
    parameters : mapping
        Its parameters after the function, with their defaults.
    build : callable
        ``build(function, wrt, results, mode)`` for Jacobians, ``build(function, wrt, result)``
        for second derivatives, ``build(function, types, in_axes, out_axes)`` for batches, and
        nothing for functions that return what they wrote.
    """

    name: str
    kind: str
    parameters: Mapping[str, Any]
    build: Callable[..., Function] | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a transformation returned outside: the function and how it is meant."""

    function: Callable[..., Any]
    settings: Mapping[str, Any]
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class Outermost:
    """What is called from Python only, and what to use inside a compiled function instead."""

    what: str
    hint: str


@dataclass(frozen=True, eq=False, slots=True)
class Derived(Ref):
    """A function that is to be transformed when it is called."""

    function: Ref
    settings: Mapping[str, Any]
    meaning: Meaning


def apply_meaning(
    ctx: Lowering, meaning: Meaning, args: Sequence[Ref], kwargs: Mapping[str, Ref]
) -> Derived:
    """Interpret ``jacobian(function, ...)``."""
    names = list(meaning.parameters)
    given = dict(zip(["function", *names], args, strict=False))
    unknown = [key for key in kwargs if key not in (*names, "function", *OPTIONS)]
    given.update({key: ref for key, ref in kwargs.items() if key not in OPTIONS})
    if unknown or len(args) > len(names) + 1 or "function" not in given:
        raise shapes(f"{meaning.name} takes a function, {', '.join(names)} and options")
    settings = dict(meaning.parameters)
    for name in names:
        if name in given:
            settings[name] = _known(ctx, given[name], f"{name} of {meaning.name}")
    return Derived(given["function"], settings, meaning)


def _known(ctx: Lowering, ref: Ref, what: str) -> Any:
    if isinstance(ref, Dict):
        return {key: _known(ctx, part, what) for key, part in ref.items.items()}
    if isinstance(ref, Tuple):
        return tuple(_known(ctx, part, what) for part in ref.items)
    return ctx.constant(ref, what)


def call_blocks(
    ctx: Lowering,
    call: Call,
    derived: Derived,
    args: Sequence[Ref],
    kwargs: Mapping[str, Ref],
    node: ast.AST | None,
) -> Ref:
    """Interpret a call of a Jacobian, a Hessian or its product with a vector."""
    vector: Ref | None = None
    if derived.meaning.kind == "hvp":
        if len(args) < 2:
            raise shapes("hvp(f) takes the arguments of f and, after them, the vector")
        args, vector = args[:-1], args[-1]
    return _Blocks(ctx, call, derived, list(args), dict(kwargs), node).run(vector)


class _Blocks:
    """One call of a Jacobian, Hessian or Hessian-vector product."""

    def __init__(
        self,
        ctx: Lowering,
        call: Call,
        derived: Derived,
        args: list[Ref],
        kwargs: dict[str, Ref],
        node: ast.AST | None,
    ) -> None:
        self.ctx, self.call, self.derived, self.node = ctx, call, derived, node
        self.args, self.kwargs = args, kwargs
        self.has_aux = bool(derived.settings["has_aux"])
        given = derived.settings["argnums"]
        self.single = isinstance(given, int | str)
        numbers = (given,) if isinstance(given, int | str) else tuple(given)
        self.asked = [self.key(number) for number in numbers]
        self.keys = list(dict.fromkeys(self.asked))
        self.groups = [taken_apart(ctx, self.argument(key), is_differentiable) for key in self.keys]
        for key, group in zip(self.keys, self.groups, strict=True):
            if not group.leaves:
                raise shapes(f"argument {key!r} holds no floats and cannot be differentiated")
        self.value: Parts | None = None

    # -- arguments ----------------------------------------------------------------------------

    def key(self, number: Any) -> Key:
        """The argument that an entry of argnums means."""
        return argument_key(self.derived.function, number, self.args, self.kwargs)

    def argument(self, key: Key) -> Ref:
        return self.kwargs[key] if isinstance(key, str) else self.args[key]

    def leaves(self) -> list[Ref]:
        return [leaf for group in self.groups for leaf in group.leaves]

    def with_leaves(self, refs: Sequence[Ref]) -> tuple[list[Ref], dict[str, Ref]]:
        """The arguments around other leaves."""
        args, kwargs, rest = list(self.args), dict(self.kwargs), iter(refs)
        for key, group in zip(self.keys, self.groups, strict=True):
            made = group.around(next(rest) for _ in group.leaves)
            if isinstance(key, str):
                kwargs[key] = made
            else:
                args[key] = made
        return args, kwargs

    # -- the call -----------------------------------------------------------------------------

    def run(self, vector: Ref | None) -> Ref:
        ctx = self.ctx
        actual = [ctx.value(leaf) for leaf in self.leaves()]
        weak = [ctx.kind(leaf).weak for leaf in self.leaves()]
        params: list[Param] = [
            (value.type, value.name, own) for value, own in zip(actual, weak, strict=True)
        ]
        title = f"a function inside {self.derived.meaning.name}"
        closed = closed_call(ctx, title, params, self.apply, writes=True)
        assert self.value is not None
        results = closed.function.results
        count = len(self.value.leaves)
        floats = [place for place in range(count) if results[place].type.is_float]
        made, further = self.transformed(closed, floats, vector)
        made = with_fresh_symbols(made, closed.function, ctx.builder.symbols)
        values = inline(ctx.builder, made, [*actual, *closed.around, *further])
        blocks = iter(values[len(results) :])
        tree = self.arranged(blocks, floats, weak)
        if not self.has_aux:
            return tree
        pairs = zip(values[: len(results)], closed.weak, strict=True)
        both = closed.out.around(made_ref(ctx, value, own) for value, own in pairs)
        assert isinstance(both, Tuple)
        return Tuple((tree, both.items[1]))

    def apply(self, refs: list[Ref]) -> Ref:
        args, kwargs = self.with_leaves(refs)
        with copies(self.ctx, list(zip(self.leaves(), refs, strict=True))):
            result = self.call(self.ctx, self.derived.function, args, kwargs, self.node)
        value = result
        if self.has_aux:
            value, _ = value_and_aux(self.ctx, result)
        self.value = taken_apart(self.ctx, value, is_number)
        return result

    def transformed(
        self, closed: Closed, floats: list[int], vector: Ref | None
    ) -> tuple[Function, list[Value]]:
        """The function of the derivatives, and its further arguments."""
        meaning, function = self.derived.meaning, closed.function
        wrt = range(len(self.leaves()))
        assert meaning.build is not None
        if meaning.kind == "jacobian":
            if not floats:
                raise shapes(f"a function inside {meaning.name} returns no float")
            mode = self.derived.settings.get("mode", "auto")
            return meaning.build(function, wrt, floats, mode), []
        assert self.value is not None
        is_number = len(self.value.leaves) == 1 and self.value.structure == "chosen"
        if not (is_number and floats and function.results[0].type.is_scalar):
            raise shapes(f"a function inside {meaning.name} returns one float")
        further = [] if vector is None else self.vector_values(vector)
        return meaning.build(function, wrt, 0), further

    def vector_values(self, vector: Ref) -> list[Value]:
        vectors = (vector,) if self.single else vector.items if isinstance(vector, Tuple) else ()
        if len(vectors) != len(self.asked):
            raise shapes("hvp takes a tuple with one vector for each entry of argnums")
        found: dict[Key, list[Value]] = {}
        for key, own in zip(self.asked, vectors, strict=True):
            values = self.fitted_vector(self.groups[self.keys.index(key)], own)
            before = found.get(key)
            if before is not None:  # an argument that is named twice goes along both
                values = [
                    self.ctx.emit(ADD, pair, {}, "vector")
                    for pair in zip(before, values, strict=True)
                ]
            found[key] = values
        return [value for key in self.keys for value in found[key]]

    def fitted_vector(self, group: Parts, own: Ref) -> list[Value]:
        """The leaves of a vector, of the types of those of its argument."""
        leaves = taken_apart(self.ctx, own, is_number).leaves
        if len(leaves) != len(group.leaves):
            raise shapes("the vector of hvp has another structure than its argument")
        return [
            fitted(self.ctx, leaf, self.ctx.value(like).type, "the vector of hvp")
            for leaf, like in zip(leaves, group.leaves, strict=True)
        ]

    # -- results ------------------------------------------------------------------------------

    def arranged(self, blocks: Iterator[Value], floats: list[int], weak: list[bool]) -> Ref:
        assert self.value is not None
        kind = self.derived.meaning.kind
        if kind == "hvp":
            return self.columns(blocks, weak)
        if kind == "jacobian":
            made = [
                self.columns(blocks, weak) if place in floats else NONE
                for place in range(len(self.value.leaves))
            ]
            return self.value.around(made, lambda ref: NONE)
        rows = [
            group.around([self.columns(blocks, weak) for _ in group.leaves], lambda ref: NONE)
            for group in self.groups
        ]
        return self.as_asked(rows)

    def as_asked(self, made: Sequence[Ref]) -> Ref:
        """What there is for each argument, in the order of argnums."""
        if self.single:
            return made[0]
        return Tuple(tuple(made[self.keys.index(key)] for key in self.asked))

    def columns(self, blocks: Iterator[Value], weak: Sequence[bool]) -> Ref:
        """The next blocks in the structure of the arguments."""
        own = iter(weak)
        made = [
            group.around(
                [made_ref(self.ctx, next(blocks), next(own)) for _ in group.leaves],
                lambda ref: NONE,
            )
            for group in self.groups
        ]
        return self.as_asked(made)


def value_and_aux(ctx: Lowering, result: Ref) -> tuple[Ref, Ref]:
    """The two items that a function returns with ``has_aux``."""
    if not isinstance(result, Tuple) or len(result.items) != 2:
        raise shapes("with has_aux=True the function returns a pair (value, aux)")
    value, aux = result.items
    taken_apart(ctx, aux, number_or_known("what a function returns as aux"))
    return value, aux


def fitted(ctx: Lowering, ref: Ref, type: Type, what: str) -> Value:
    """A number or array as a value of a type: cast, and its sizes checked when it runs."""
    value = ctx.value(ref, type.dtype)
    if value.type.rank != type.rank:
        raise shapes(f"{what} has {value.type.rank} axes, not {type.rank}")
    if value.type.shape == type.shape:
        return value
    sizes = [ctx.size(dim) for dim in type.shape]
    return ctx.emit(EXPECT, (value, *sizes), {"what": f"{what} has another shape"}, value.name)


def is_differentiable(ctx: Lowering, ref: Ref) -> bool:
    """Whether a part of an argument is a float, or an array of floats."""
    return ctx.is_numeric(ref) and ctx.kind(ref).dtype.is_float


def argument_key(function: Ref, number: Any, args: Sequence[Ref], kwargs: Mapping[str, Ref]) -> Key:
    """The argument of a call that an entry of argnums means: a position or a keyword."""
    count, names = len(args), parameter_names(function)
    if isinstance(number, str):
        if number in kwargs:
            return number
        if number in names and names.index(number) < count:
            return names.index(number)
    elif isinstance(number, int) and not isinstance(number, bool):
        if -count <= number < count:
            return number % count
        if 0 <= number < len(names) and names[number] in kwargs:
            return names[number]
    raise shapes(f"argnums names {number!r}, and the call has no such argument")


def parameter_names(function: Ref) -> list[str]:
    """The names of the parameters of a function, where they can be had."""
    if isinstance(function, Callee):
        spec = function.node.args
        return [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)]
    if isinstance(function, Constant) and callable(function.value):
        try:
            return list(inspect.signature(function.value).parameters)
        except (TypeError, ValueError):
            return []
    return []


def children(ctx: Lowering, ref: Ref) -> dict[Any, Ref] | None:
    """The parts of a container by index or name; None for what is none."""
    match ref:
        case Tuple(items=items):
            return dict(enumerate(items))
        case List():
            return dict(enumerate(ctx.state.items(ref)))
        case Struct(fields=fields) if not is_complex(ref):
            return dict(fields)
        case Dict(items=entries):
            return dict(entries)
    return None
