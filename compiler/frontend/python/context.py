"""The context of one lowering: builder, state, problems, and reading references as values."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from gradc.errors import Diagnostics, InternalError, Location
from gradc.frontend.python import aliasing, views
from gradc.frontend.python.describing import describe
from gradc.frontend.python.handlers import Tables
from gradc.frontend.python.liveness import names_assigned
from gradc.frontend.python.problems import RefusedError, TooMuchError, follow_up, shapes, untaken
from gradc.frontend.python.promote import Kind, kind_of_constant, number_of, promote
from gradc.frontend.python.refs import (
    POISON,
    UNNAMED,
    Array,
    Cell,
    Conflict,
    Constant,
    Dict,
    Frame,
    List,
    Maybe,
    Poison,
    Ref,
    Scalar,
    Tuple,
    is_listed,
)
from gradc.frontend.python.sizes import SizedBuilder
from gradc.frontend.python.source import Files
from gradc.frontend.python.state import Growth, State
from gradc.ir.core import Params, Primitive, Value
from gradc.ir.types import BOOL, Dim, DType, dtype_of_numpy
from gradc.prims.arithmetic import CAST
from gradc.prims.compare import LNOT, LOR, NE
from gradc.prims.effects import CHECK
from gradc.prims.shape import COPY

#: Statements interpreted for one function before it is refused as too large.
LARGEST_PROGRAM = 100_000


#: What a user's mistake in the abstract program may look like inside; each is a defect of gradc.
_DEFECTS = (TypeError, ValueError, KeyError, IndexError, AttributeError, AssertionError)


class Lowering:
    """Interprets a function abstractly and builds its IR."""

    def __init__(self, tables: Tables, files: Files) -> None:
        self.tables = tables
        self.files = files
        self.root = SizedBuilder()
        self.builder = self.root
        self.state = State()
        self.diagnostics = Diagnostics()
        #: Names that the user gave to values made by ops; applied when the function is done.
        self.given: dict[Value, str] = {}
        self.view_names: dict[Array, str] = {}
        self.called: set[Cell] = set()
        #: Where in loops and calls the interpreter is: memos of loops are kept per place.
        self.path: tuple[object, ...] = ()
        #: The loops that are being built around the place, outermost first.
        self.loops: tuple[object, ...] = ()
        #: The expression being interpreted.
        self.node: ast.expr | None = None
        self.memo: dict[object, Any] = {}
        self.captured: dict[int, tuple[Ref, Value, Any]] = {}
        self.constants: dict[str, Any] = {}
        self.callees: dict[int, Ref] = {}
        self.analysed: dict[int, Any] = {}
        #: Nodes made here, kept so that no other node gets the ``id`` of one of them.
        self.kept_nodes: list[ast.AST] = []
        #: Size symbols of the indices of loops that can be unrolled.
        self.unrollable: set[str] = set()
        #: The user's line while a function of the library is interpreted for it.
        self.pinned: Location | None = None
        self.growth = Growth()
        self.branch_depth = 0
        self.budget = LARGEST_PROGRAM
        #: Whether the function asks which of its arrays are one object.
        self.compares = False

    # -- places and problems --------------------------------------------------------------

    def location(self, node: ast.AST) -> Location:
        """Return the place of a node of the function being interpreted."""
        if self.pinned is not None:
            return self.pinned
        place: Location = self.state.frame.source.location(node)
        return place

    def report(self, problem: RefusedError, node: ast.AST) -> None:
        """Note what is refused and go on."""
        if not problem.message:
            return
        place = self.location(problem.node if problem.node is not None else node)
        self.diagnostics.add(place, problem.message, problem.hint, problem.kind)

    @contextmanager
    def blame(self, node: ast.AST) -> Iterator[None]:
        """Let problems be reported at a part of the statement."""
        try:
            with self.builder.at(self.location(node)):
                yield
        except RefusedError as problem:
            problem.node = problem.node or node
            raise

    def expression(self, node: ast.expr) -> Ref:
        """Interpret an expression; what is refused becomes poison."""
        handler = self.tables.expressions.get(type(node))
        outer, self.node = self.node, node
        with self.builder.at(self.location(node)):
            try:
                if handler is None:
                    raise RefusedError(*untaken(node))
                return handler(self, node)
            except RefusedError as problem:
                self.report(problem, node)
            except _DEFECTS as defect:
                raise self.defect(defect, node) from defect
            finally:
                self.node = outer
        return POISON

    def statement(self, node: ast.stmt) -> None:
        """Interpret a statement; what is refused is noted."""
        self.budget -= 1
        if self.budget < 0:
            self.report(
                RefusedError("the function is too large with all its calls and loops"), node
            )
            raise TooMuchError
        handler = self.tables.statements.get(type(node))
        with self.builder.at(self.location(node)):
            try:
                if handler is None:
                    raise RefusedError(*untaken(node))
                handler(self, node)
            except RefusedError as problem:
                self.report(problem, node)
                for name in names_assigned([node]):
                    self.state.frame.names[name] = POISON
            except _DEFECTS as defect:
                raise self.defect(defect, node) from defect

    def defect(self, error: Exception, node: ast.AST) -> InternalError:
        """The error for a defect of the front end itself, at the user's line."""
        return InternalError(
            f"{self.location(node)}: internal error while reading this line"
            f" ({type(error).__name__}: {error}); please report it"
        )

    # -- what a reference is --------------------------------------------------------------

    def present(self, ref: Ref, name: str) -> Ref:
        """Check that a name can be read here, and return what it refers to."""
        if isinstance(ref, Conflict):
            raise RefusedError(ref.message, ref.hint, ref.kind)
        if isinstance(ref, Maybe):
            self.check(
                ref.assigned,
                "UnboundLocalError",
                f"cannot access local variable '{name}' where it is not associated with a value",
            )
            return ref.ref
        return ref

    def kind(self, ref: Ref) -> Kind:
        """Return the element type of a number or array."""
        found: Kind | None = None
        if isinstance(ref, Scalar):
            found = Kind(ref.value.type.dtype, ref.weak)
        elif isinstance(ref, Array):
            found = Kind(ref.type.dtype)
        elif isinstance(ref, Constant):
            found = kind_of_constant(ref.value)
        if found is None:
            raise self._no_number(ref)
        return found

    def _no_number(self, ref: Ref) -> RefusedError:
        """What to say of something that is no number; nothing more of what was refused before."""
        if isinstance(ref, Poison):
            return RefusedError("")
        return shapes(f"a number or array belongs here, not {self.describe(ref)}")

    def is_numeric(self, ref: Ref) -> bool:
        """Whether a reference is a number or an array."""
        if isinstance(ref, Constant):
            return kind_of_constant(ref.value) is not None
        return isinstance(ref, Scalar | Array)

    def shape(self, ref: Ref) -> tuple[Dim, ...]:
        """Return the shape of a number or array."""
        return ref.type.shape if isinstance(ref, Array) else ()

    def describe(self, ref: Ref) -> str:
        """Say what a reference is, for messages."""
        return describe(ref)

    # -- values ---------------------------------------------------------------------------

    def value(self, ref: Ref, dtype: DType | None = None) -> Value:
        """Return a number or array as an IR value, cast to an element type if one is given."""
        if isinstance(ref, Constant):
            return self._constant_value(ref, dtype)
        if isinstance(ref, Scalar):
            value = ref.value
        elif isinstance(ref, Array):
            value = self.read(ref)
        else:
            raise self._no_number(ref)
        return value if dtype is None else self.cast(value, dtype)

    def _constant_value(self, ref: Constant, dtype: DType | None) -> Value:
        wanted = self.kind(ref).dtype if dtype is None else dtype
        return self.builder.const(number_of(ref.value, wanted), wanted)

    def cast(self, value: Value, dtype: DType) -> Value:
        """Convert a value to another element type by an explicit op."""
        if value.type.dtype is dtype:
            return value
        return self.builder.emit(CAST, (value,), {"dtype": dtype}, value.name)

    def read(self, ref: Array) -> Value:
        """Return what an array object holds now."""
        cell = ref.cell
        for source, token in cell.sources.items():
            if self.state.tokens.get(source) != token:
                raise aliasing.stale(cell, source)
        base = self.state.cells.get(cell)
        if base is None:
            raise aliasing.not_made(cell)
        if not ref.steps:
            return base
        known = self.state.reads.get(ref)
        if known is not None and known[0] is base:
            return known[1]
        name = self.view_names.get(ref)
        value = views.apply(self.builder, base, ref.steps, name or cell.name)
        if name is not None:
            self.given.setdefault(value, name)
        self.state.reads[ref] = base, value
        return value

    def emit(
        self,
        prim: Primitive,
        args: Sequence[Value],
        params: Params | None = None,
        name: str | None = None,
    ) -> Value:
        """Append an op at the current place."""
        return self.builder.emit(prim, args, params, name)

    def result(self, value: Value, weak: bool = False, name: str = "") -> Ref:
        """Return a computed value as a reference; an array starts a new object."""
        if value.type.is_scalar:
            return Scalar(value, weak)
        return self.state.new_cell(Cell(name or value.name, value.type), value)

    def without_box(self, ref: Any) -> Any:
        """The number that an array without axes holds; anything else is itself."""
        is_box = isinstance(ref, Array) and ref.type.rank == 0
        return Scalar(self.read(ref)) if is_box else ref

    def boolean(self, value: Value | bool) -> Ref:
        """Return a Python boolean."""
        return Constant(value) if isinstance(value, bool) else Scalar(value, weak=True)

    def size(self, dim: Dim) -> Value:
        """Return the integer value of a dimension."""
        return self.builder.size(dim)

    def in_scope(self, dim: Dim) -> bool:
        """Whether the value of a dimension can be had here."""
        return self.builder.can_size(dim)

    def dim(self, dim: Dim) -> Ref:
        """Return a dimension as a Python integer."""
        return Constant(dim) if isinstance(dim, int) else Scalar(self.size(dim), weak=True)

    def check(self, condition: Value, error: str, what: str) -> None:
        """Raise one of the user's exceptions at run time where a condition is false."""
        self.emit(CHECK, (condition,), {"error": error, "what": what}, "ok")

    def copied(self, ref: Array) -> Ref:
        """Return a new array object with the same contents."""
        value = self.read(ref)
        if ref.type.rank:
            value = self.emit(COPY, (value,), None, value.name)
        return self.state.new_cell(Cell(value.name, value.type), value)

    def call_it(self, ref: Ref, name: str) -> None:
        """Give what was just computed the name of the variable that it is assigned to."""
        if isinstance(ref, Scalar):
            if not ref.value.named:
                self.given.setdefault(ref.value, name)
        elif isinstance(ref, List):
            if ref.name == UNNAMED:
                ref.name = name
        elif isinstance(ref, Array):
            if ref.steps:
                self.view_names.setdefault(ref, name)
                return
            value = self.state.cells[ref.cell]
            if ref.cell not in self.called:
                self.called.add(ref.cell)
                ref.cell.name = name
            if not value.named:
                self.given.setdefault(value, ref.cell.name)

    def operator(self, name: str, left: Ref, right: Ref, node: ast.AST) -> Ref:
        """Apply an operator that is a function of the tables, such as ``@``."""
        return self.call(Constant(self.tables.operators[name]), (left, right), {}, node)

    def call(
        self, function: Ref, args: Sequence[Ref], kwargs: Mapping[str, Ref], node: ast.AST | None
    ) -> Ref:
        """Call a function, a method or a callee of the user."""
        return self.tables.call(self, function, args, kwargs, node)

    def library(self, function: Callable[..., Any], *args: Ref, **kwargs: Ref) -> Ref:
        """Interpret a function that gradc brings along, at the place of the call."""
        before = self.pinned
        self.pinned = before or self.builder.loc
        try:
            return self.call(Constant(function), args, kwargs, None)
        finally:
            self.pinned = before

    def array_like(self, ref: Ref) -> Ref:
        """A number or array; a sequence of them becomes an array."""
        return self.tables.as_operand(self, ref)

    def either(self, left: Value | bool, right: Value | bool) -> Value | bool:
        """Whether one of two conditions holds."""
        if isinstance(left, bool):
            return True if left else right
        if isinstance(right, bool):
            return True if right else left
        return self.emit(LOR, (left, right))

    def common_kind(self, refs: Sequence[Ref]) -> Kind:
        """Return the kind that an operation on several operands computes in."""
        return promote(self.kind(ref) for ref in refs)

    # -- constants ------------------------------------------------------------------------

    def constant(self, ref: Ref, what: str) -> Any:
        """Return the Python object that a reference is at compile time.

        Raises
        ------
        RefusedError
            Where it is known only at run time; `what` says what it is needed for.
        """
        match ref:
            case Constant(value=value):
                return value
            case Tuple(items=items):
                return tuple(self.constant(item, what) for item in items)
            case List():
                return [self.constant(item, what) for item in self.state.items(ref)]
            case Poison():
                raise follow_up()
            case Scalar(value=value) if isinstance(value.size, int):
                return value.size
        raise RefusedError(
            f"{what} must be known at compile time",
            "write a constant here, or pass it as an argument that is not differentiated",
        )

    def dtype(self, ref: Ref) -> DType:
        """Return the element type that a dtype argument names."""
        given = self.constant(ref, "the dtype")
        found = None
        with suppress(TypeError):
            found = dtype_of_numpy(np.dtype(given))
        if found is None:
            raise shapes(
                f"arrays of dtype {given!r} are not supported",
                "float64, float32, int64 and bool are",
            )
        return found

    def integer(self, ref: Ref, what: str) -> Value:
        """Return an index or a size as an integer value."""
        if self.is_numeric(ref) and not self.shape(ref):
            if not self.kind(ref).dtype.is_float:
                return self.value(ref, DType.INT)
        elif isinstance(ref, Array) and ref.type.rank == 0:
            return self.value(ref, DType.INT)
        hint = "divide with `//`, or use int(...)" if isinstance(ref, Scalar) else None
        raise shapes(f"{what} must be an integer, not {self.describe(ref)}", hint)

    def truth(self, ref: Ref) -> Value | bool:
        """Return whether something counts as true."""
        if isinstance(ref, Constant):
            return bool(ref.value)
        ref = self.tables.settled(self, ref)
        if isinstance(ref, Tuple | List | Dict):
            return bool(self.state.items(ref) if isinstance(ref, List) else ref.items)
        if isinstance(ref, Scalar):
            if ref.value.type == BOOL:
                return ref.value
            zero = self.builder.const(0, ref.value.type.dtype)
            return self.emit(NE, (ref.value, zero))
        if isinstance(ref, Array):
            if ref.type.rank == 0:
                return self.truth(self.without_box(ref))
            raise shapes(
                "the truth value of an array is ambiguous", "use np.any(...) or np.all(...)"
            )
        if is_listed(ref):
            some: Value | bool = self.tables.has_items(self, ref)
            return some
        if isinstance(ref, Maybe | Conflict):
            raise TypeError(f"the truth of {ref}")
        return True

    def negated(self, condition: Value | bool) -> Value | bool:
        """Return the opposite of a condition."""
        return not condition if isinstance(condition, bool) else self.emit(LNOT, (condition,))

    def augment(self, owner: Ref, index: Ref, op: ast.operator, ref: Ref) -> None:
        """Interpret ``owner[index] op= ref``."""
        target = ast.Subscript(ast.Name("x"), ast.Name("index"))
        self.tables.augmented(self, owner, index, op, ref, target)

    def assign_whole(self, array: Array, made: Ref) -> None:
        """Give an array object, or a view, new contents."""
        self.tables.assign_whole(self, array, made, f"{array.cell.name}[...]")

    # -- regions --------------------------------------------------------------------------

    @contextmanager
    def region(self) -> Iterator[SizedBuilder]:
        """Build inside a new region."""
        outer = self.builder
        self.builder = outer.child()
        try:
            yield self.builder
        finally:
            self.builder = outer

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Interpret an arm of a branch."""
        self.branch_depth += 1
        try:
            yield
        finally:
            self.branch_depth -= 1

    @contextmanager
    def in_loop(self) -> Iterator[None]:
        """Interpret what is done in each iteration of a loop."""
        before = self.loops
        self.loops = (*before, object())
        try:
            yield
        finally:
            self.loops = before

    @contextmanager
    def inside(self, *marks: object) -> Iterator[None]:
        """Mark the place for the memos of loops."""
        before = self.path
        self.path = (*before, *marks)
        try:
            yield
        finally:
            self.path = before

    @contextmanager
    def call_frame(self, frame: Frame) -> Iterator[None]:
        """Interpret the body of a call."""
        self.state.frames.append(frame)
        try:
            yield
        finally:
            self.state.frames.pop()
