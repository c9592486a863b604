"""From a Python function and the types of its arguments to IR."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gradc.errors import (
    Diagnostic,
    GradTypeError,
    InternalError,
    UnsupportedFunctionError,
)
from gradc.frontend.python import calls, environment, growing, sharing
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.custom import CUSTOM_FUNCTION, CustomFunction
from gradc.frontend.python.derived import Prepared
from gradc.frontend.python.handlers import Tables
from gradc.frontend.python.hidden import RAISED
from gradc.frontend.python.problems import RefusedError, TooMuchError, UnrollableError, shapes
from gradc.frontend.python.promote import kind_of_constant
from gradc.frontend.python.refs import (
    Array,
    Callee,
    Cell,
    Constant,
    Dict,
    Frame,
    List,
    Partial,
    Poison,
    Ref,
    Scalar,
    Struct,
    Tuple,
    is_complex,
    is_listed,
)
from gradc.frontend.python.sharing import Memory
from gradc.frontend.python.source import Files, Source, function_name
from gradc.frontend.python.transforms import meaning_of
from gradc.ir.builder import CONST
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.types import Type
from gradc.ir.walk import substitute_region

#: Interpreting a deeply nested function takes many Python calls; none of them is deep in C.
_RECURSION_LIMIT = 50_000


@dataclass(frozen=True)
class Leaf:
    """An argument, or a part of one, that has a value at run time.

    Attributes
    ----------
    type : Type
    weak : bool
        Whether it is a Python number: combined with a float32 array it does not make float64.
    memory : Memory, optional
        Which other arrays of the call share memory with it, where that matters.
    boxed : bool
        Whether it is an array, of a type without axes.
    """

    type: Type
    weak: bool = False
    memory: Memory | None = None
    boxed: bool = False


@dataclass(frozen=True)
class Static:
    """An argument, or a part of one, that is a constant of the compiled function."""

    value: object


@dataclass(frozen=True)
class Lowered:
    """A Python function as IR.

    Attributes
    ----------
    function : Function
        Its parameters are the leaves of the arguments in order, then the captured arrays.
    out_tree : object
        The structure of the result, with an index into ``function.results`` at each leaf and
        :class:`Static` where the result has a string, None or the like.
    out_weak : tuple of bool
        For each result, whether it is a Python number.
    leaf_names : tuple of str
        The name of each leaf of the arguments.
    mutated : tuple of int
        The leaves (by position) that the function may write to.
    captured : tuple of (Value, object)
        Arrays from outside of the function: the parameter, and the array to pass for it.
    constants : mapping of str to object
        Numbers and strings from outside of the function that the IR has taken as constants.
    compares : bool
        Whether the function asks which of its arrays are one object.
    changes_lists : bool
        Whether it changes a list that is an argument.
    assumed : frozenset of (int or str)
        What was taken for granted of sizes that are known at run time only; see
        :class:`gradc.frontend.python.sizes.Sizes`.
    """

    function: Function
    out_tree: object
    out_weak: tuple[bool, ...]
    leaf_names: tuple[str, ...]
    mutated: tuple[int, ...]
    captured: tuple[tuple[Value, object], ...]
    constants: Mapping[str, object]
    compares: bool = False
    changes_lists: bool = False
    assumed: frozenset[int | str] = frozenset()


def lower(
    tables: Tables,
    fn: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    as_they_come: bool = False,
) -> Lowered:
    """Lower a function; see :func:`gradc.frontend.python.lower_function`."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _RECURSION_LIMIT))
    try:
        return _Lowerer(tables, fn, as_they_come).run(args, kwargs)
    finally:
        sys.setrecursionlimit(before)


class _Lowerer:
    def __init__(self, tables: Tables, fn: Callable[..., Any], as_they_come: bool) -> None:
        self.fn = fn
        self.ctx = Lowering(tables, Files())
        self.ctx.root.sizes.as_they_come = as_they_come
        self.params: list[Value] = []
        self.cells: dict[int, Cell] = {}
        self.memory: dict[Cell, Memory] = {}
        self.lists: dict[List, tuple[Ref, ...]] = {}
        self.results: list[Value] = []
        self.weak: list[bool] = []
        self.whole: object = None

    def run(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Lowered:
        ctx = self.ctx
        callee, first, named = self._callee()
        source: Source = callee.source
        loc = source.location(callee.node)
        ctx.builder.loc = loc
        # the sizes of arrays have their names already: an integer before them must not take one
        for leaf in _leaves([*args, *kwargs.values()]):
            ctx.root.symbols.taken.update(dim for dim in leaf.type.shape if isinstance(dim, str))
        refs, keywords = self._arguments(callee, first, named, args, kwargs)
        try:
            names = calls.bind_arguments(ctx, callee, refs, keywords)
            frame = calls.new_frame(ctx, callee, names)
        except RefusedError as problem:
            raise problem.kind(Diagnostic(loc, problem.message, problem.hint)) from None
        out_tree: object = None
        with ctx.call_frame(frame):
            try:
                result = self._result(callee, frame, refs, keywords)
                out_tree = self._flatten(result, callee)
            except TooMuchError:
                pass
            except UnrollableError as wish:
                ctx.report(wish.reason, callee.node)
            except RefusedError as problem:
                ctx.report(problem, callee.node)
        ctx.diagnostics.raise_if_any()
        written = ctx.state.ever_written()
        mutated = [number for number, cell in self.cells.items() if cell in written]
        captured = [(value, array) for _, value, array in ctx.captured.values()]
        params = [*self.params, *(value for value, _ in captured)]
        body = Region(tuple(params), tuple(ctx.builder.ops), tuple(self.results))
        body = _renamed(body, ctx.given)
        function = Function(_identifier(callee.name), body, loc)
        return Lowered(
            function,
            out_tree,
            tuple(self.weak),
            tuple(param.name for param in self.params),
            tuple(mutated),
            tuple(captured),
            dict(ctx.constants),
            ctx.compares,
            any(ctx.state.lists.get(ref) is not items for ref, items in self.lists.items()),
            frozenset(ctx.root.sizes.assumed),
        )

    def _read(self, function: Any) -> Ref | None:
        """The source to read for a function; one that is more than its source is remembered."""
        meant = getattr(function, CUSTOM_FUNCTION, None) or meaning_of(function)
        is_written = isinstance(meant, Prepared) and meant.meaning.kind == "returning"
        if isinstance(meant, CustomFunction) or (isinstance(meant, Prepared) and is_written):
            self.whole = self.whole or function
            return self._read(meant.function)
        return environment.callee_of(self.ctx, function)

    def _result(
        self, callee: Callee, frame: Frame, refs: Sequence[Ref], keywords: Mapping[str, Ref]
    ) -> Ref:
        if self.whole is not None:
            return calls.call(self.ctx, Constant(self.whole), refs, keywords, callee.node)
        return calls.run(self.ctx, callee, frame)

    # -- arguments ------------------------------------------------------------------------

    def _callee(self) -> tuple[Callee, tuple[Ref, ...], Mapping[str, Ref]]:
        ref = self._read(self.fn)
        args: tuple[Ref, ...] = ()
        kwargs: dict[str, Ref] = {}
        while isinstance(ref, Partial):
            args, kwargs = (*ref.args, *args), {**ref.kwargs, **kwargs}
            ref = ref.callee
            if isinstance(ref, Constant):
                ref = self._read(ref.value)
        if not isinstance(ref, Callee):
            raise UnsupportedFunctionError(
                f"{function_name(self.fn)}: this is not a Python function whose source can be read"
            )
        return ref, args, kwargs

    def _arguments(
        self,
        callee: Callee,
        first: tuple[Ref, ...],
        named: Mapping[str, Ref],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> tuple[list[Ref], dict[str, Ref]]:
        spec = callee.node.args
        names = [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)][len(first) :]
        rest = spec.vararg.arg if spec.vararg is not None else "arg"
        names += [f"{rest}_{k}" for k in range(len(args) - len(names))]
        with self.ctx.builder.at(self.ctx.builder.loc):
            refs = [self._argument(name, tree) for name, tree in zip(names, args, strict=False)]
            keywords = {key: self._argument(key, tree) for key, tree in kwargs.items()}
            sharing.connect(self.ctx, self.memory)
        return [*first, *refs], {**named, **keywords}

    def _argument(self, name: str, tree: Any) -> Ref:
        if isinstance(tree, Leaf):
            return self._leaf(name, tree)
        if isinstance(tree, Static):
            return environment.from_python(self.ctx, name, tree.value)
        if isinstance(tree, dict):
            return Dict({key: self._argument(f"{name}_{key}", part) for key, part in tree.items()})
        if isinstance(tree, tuple) and hasattr(tree, "_fields"):
            fields = zip(tree._fields, tree, strict=True)
            return Struct(type(tree), {k: self._argument(f"{name}_{k}", p) for k, p in fields})
        if isinstance(tree, tuple | list):
            items = tuple(self._argument(f"{name}_{k}", part) for k, part in enumerate(tree))
            if isinstance(tree, tuple):
                return Tuple(items)
            made = List(name)
            self.ctx.state.lists[made] = self.lists[made] = items
            return made
        if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
            parts = {field.name: getattr(tree, field.name) for field in dataclasses.fields(tree)}
            return Struct(
                type(tree), {k: self._argument(f"{name}_{k}", p) for k, p in parts.items()}
            )
        raise GradTypeError(
            f"argument `{name}` of {function_name(self.fn)}: {type(tree).__name__} is no"
            " description of an argument"
        )

    def _leaf(self, name: str, leaf: Leaf) -> Ref:
        ctx = self.ctx
        value = ctx.builder.value(leaf.type, _identifier(name), named=True)
        for dim in leaf.type.shape:
            ctx.builder.sizes.note_argument(dim)
        number = len(self.params)
        self.params.append(value)
        if leaf.type.is_scalar and not leaf.boxed:
            return Scalar(value, leaf.weak)
        cell = Cell(value.name, leaf.type)
        ctx.called.add(cell)
        self.cells[number] = cell
        if leaf.memory is not None:
            self.memory[cell] = leaf.memory
        return ctx.state.new_cell(cell, value)

    # -- results --------------------------------------------------------------------------

    def _flatten(self, ref: Ref, callee: Callee) -> object:
        ctx = self.ctx
        ref = growing.settled(ctx, ctx.present(ref, "the result"))
        match ref:
            case _ if is_complex(ref):
                raise shapes(
                    f"{callee.name} returns {ctx.describe(ref)}: results are real",
                    "return .real and .imag, or np.abs of it",
                )
            case _ if is_listed(ref):
                raise RefusedError(
                    f"{callee.name} returns {ctx.describe(ref)}", "return an array: np.array(...)"
                )
            case Constant(value=value) if kind_of_constant(value) is None:
                return Static(value)
            case Constant() | Scalar() | Array():
                self.results.append(ctx.value(ref))
                self.weak.append(ctx.kind(ref).weak)
                return len(self.results) - 1
            case Tuple(items=items):
                return tuple(self._flatten(item, callee) for item in items)
            case List():
                return [self._flatten(item, callee) for item in ctx.state.items(ref)]
            case Dict(items=entries):
                return {key: self._flatten(entry, callee) for key, entry in entries.items()}
            case Struct():
                fields = {key: self._flatten(part, callee) for key, part in ref.fields.items()}
                return _instance(ref.cls, fields)
            case Poison():
                if not ctx.diagnostics.found and RAISED not in ctx.state.frame.names:
                    raise InternalError(f"{callee.name}: the result was lost without a message")
                return None
        raise RefusedError(
            f"{callee.name} returns {ctx.describe(ref)}, which is no number, array or container"
        )


def _leaves(trees: Iterable[Any]) -> Iterator[Leaf]:
    """The leaves of the descriptions of arguments."""
    for tree in trees:
        if isinstance(tree, Leaf):
            yield tree
        elif isinstance(tree, dict):
            yield from _leaves(tree.values())
        elif isinstance(tree, tuple | list):
            yield from _leaves(tree)
        elif dataclasses.is_dataclass(tree) and not isinstance(tree, Static | type):
            yield from _leaves(getattr(tree, field.name) for field in dataclasses.fields(tree))


def _instance(cls: type, fields: dict[str, object]) -> object:
    """An instance of a named tuple or dataclass, without running its own code."""
    if issubclass(cls, tuple):
        return tuple.__new__(cls, fields.values())
    made = object.__new__(cls)
    for key, value in fields.items():
        object.__setattr__(made, key, value)
    return made


def _identifier(name: str) -> str:
    cleaned = "".join(
        letter if letter.isidentifier() or letter.isdigit() else "_" for letter in name
    )
    return cleaned if cleaned.isidentifier() else f"_{cleaned}"


def _renamed(body: Region, given: Mapping[Value, str]) -> Region:
    """Give values the names of the variables that they were assigned to."""
    mapping: dict[Value, Value] = {}

    def region_of(region: Region) -> Region:
        return Region(region.params, tuple(renamed(op) for op in region.ops), region.yields)

    def renamed(op: Op) -> Op:
        regions = tuple(region_of(region) for region in op.regions)
        outs = op.outs
        if op.prim is not CONST and any(out in given and not out.named for out in outs):
            for out in outs:
                if out in given and not out.named:
                    mapping[out] = replace(out, name=_identifier(given[out]), named=True)
            outs = tuple(mapping.get(out, out) for out in outs)
        return replace(op, regions=regions, outs=outs)

    return substitute_region(region_of(body), mapping)
