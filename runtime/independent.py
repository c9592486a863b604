"""Tells LLVM which loops of a kernel have iterations that never meet in memory.

LLVM asks before it makes vectors of a loop whether an iteration reads or writes what another one
writes, and compares addresses at run time where it cannot tell. These comparisons are made once
for a whole nest of loops, and there they fail for what is right: the rows of one array ::

    for layer in range(layers):
        for i in range(width):
            h[2 * layer, i] = f(h[2 * layer, i], h[2 * layer + 1, i])    # rows 0 2 4 ..., 1 3 5 ...
            h[2 * layer + 1, i] = ...

In an innermost loop over a range in which every array that is written is a block of memory of its
own, read and written only at the loop's index along one axis, no two iterations meet: indices are
within their axes when a generated program uses them. Loads and stores of such a loop are put into
an access group, and its last branch says that the group is parallel
(https://llvm.org/docs/LangRef.html#llvm-loop-parallel-accesses-metadata).
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from numba.core import analysis, ir
from numba.core import types as numba_types
from numba.core.compiler_machinery import register_pass
from numba.core.ir_utils import build_definitions
from numba.core.typed_passes import BaseNativeLowering

from gradc_runtime.lowering import ShortLower
from gradc_runtime.scopes import Distinct, Scopes
from gradc_runtime.workspaces import workspace

types: Any = numba_types  # declares fewer types than it has

# What is no memory: numbers, what numba makes of ranges, functions and modules, shapes.
_VALUES = (
    types.Number,
    types.Boolean,
    types.NoneType,
    types.BaseTuple,
    types.RangeType,
    types.RangeIteratorType,
    types.Pair,
    types.Callable,
    types.Module,
    types.SliceType,
    types.DTypeSpec,
    types.StringLiteral,
    types.BooleanLiteral,
)
# Arrays that a program is given may share memory with each other, and what comes out of a list or
# the like may be any array.
_GIVEN, _ANY = "arguments", "any"


@register_pass(mutates_CFG=True, analysis_only=False)
class IndependentLowering(BaseNativeLowering):  # type: ignore[misc]
    """The lowering of :mod:`gradc_runtime.lowering`, with independent loops marked for LLVM."""

    _name = "gradc_independent_lowering"

    @property
    def lowering_class(self) -> Any:
        """The class that lowers a function."""
        return _Lower


class _Lower(ShortLower):
    """Writes LLVM's text; what it writes for a loop that was found independent is marked."""

    def pre_lower(self) -> None:
        super().pre_lower()
        self._offset = -1
        self._offsets = {id(block): offset for offset, block in self.blocks.items()}
        self._loops: dict[int, _Loop] = {}
        for header, body in independent_loops(self.blocks, self.fndesc.typemap):
            self._loops.update(dict.fromkeys(body, _marked(self.module, header)))
        self._scopes = Scopes(self.module, pieces_of_memory(self.blocks, self.fndesc.typemap))

    def touched(self, array: str, access: Any) -> None:
        self._scopes.mark(access, array)

    def pre_block(self, block: Any) -> None:
        super().pre_block(block)
        self._offset = self._offsets[id(block)]

    def lower_inst(self, inst: Any) -> Any:
        loop = self._loops.get(self._offset)
        if loop is None:
            return super().lower_inst(inst)
        blocks = self.function.blocks
        current, count = self.builder.block, len(blocks)
        length = len(current.instructions)
        made = super().lower_inst(inst)
        written = list(current.instructions[length:])
        for block in blocks[count:]:
            written += block.instructions
        for each in written:
            if each.opname in ("load", "store"):
                each.set_metadata("llvm.access.group", loop.accesses)
        if isinstance(inst, ir.Jump) and inst.target == loop.header:
            self.builder.block.terminator.set_metadata("llvm.loop", loop.name)
        return made


@dataclass(frozen=True, slots=True)
class _Loop:
    """A marked loop: where it begins, and its names for LLVM.

    Attributes
    ----------
    header : int
    accesses : Distinct
        What its loads and stores say.
    name : Distinct
        What the branch at its end says.
    """

    header: int
    accesses: Distinct
    name: Distinct


def _marked(module: Any, header: int) -> _Loop:
    accesses = Distinct(module, ())
    said = module.add_metadata(["llvm.loop.parallel_accesses", accesses])
    return _Loop(header, accesses, Distinct.of_itself(module, said))


# -- which loops ----------------------------------------------------------------------------------


def independent_loops(
    blocks: Mapping[int, Any], typemap: Mapping[str, Any]
) -> Iterator[tuple[int, frozenset[int]]]:
    """Find the innermost loops of a function that write arrays and whose iterations never meet.

    Parameters
    ----------
    blocks : mapping of int to ir.Block
        The typed function, its indices unsigned.
    typemap : mapping of str to numba type

    Yields
    ------
    header : int
    body : frozenset of int
        The blocks of the loop, the header among them.
    """
    for header, body, accesses in _innermost(blocks, typemap):
        if accesses.written and accesses.never_meet():
            yield header, body


def loops_of_vectors(
    blocks: Mapping[int, Any], typemap: Mapping[str, Any]
) -> Iterator[frozenset[int]]:
    """Find the innermost loops that LLVM could make of vectors if there were no branches in them.

    Their iterations never meet in memory, and numbers that they carry are only added to, or are
    running extrema.
    """
    for _, body, accesses in _innermost(blocks, typemap):
        if accesses.never_meet() and accesses.only_sums():
            yield body


def pieces_of_memory(
    blocks: Mapping[int, Any], typemap: Mapping[str, Any]
) -> dict[str, frozenset[object]]:
    """For each array of which it can be told names for the memory that it may lie in."""
    variables = _Variables(typemap, build_definitions(blocks))
    arrays = [name for name in variables.definitions if variables.is_array(name)]
    found = {name: variables.memory(name) for name in arrays}
    return {name: memory for name, memory in found.items() if memory and _ANY not in memory}


def _innermost(
    blocks: Mapping[int, Any], typemap: Mapping[str, Any]
) -> Iterator[tuple[int, frozenset[int], _Accesses]]:
    """The innermost loops that do no more than compute, read and write elements."""
    variables = _Variables(typemap, build_definitions(blocks))
    loops = analysis.compute_cfg_from_blocks(blocks).loops()
    for header, loop in loops.items():
        body = frozenset(loop.body)
        if any(other != header and other in body for other in loops):
            continue
        accesses = _Accesses(variables, [each for label in body for each in blocks[label].body])
        if accesses.only_elements():
            yield header, body, accesses


@dataclass(frozen=True, slots=True)
class _Variables:
    """What is known of the variables of a function."""

    types: Mapping[str, Any]
    definitions: Mapping[str, list[Any]]

    def is_array(self, name: str) -> bool:
        return isinstance(self.types.get(name), types.Array)

    def holds_no_memory(self, name: str) -> bool:
        """Whether a variable is a number or the like; tuples of arrays are not."""
        kind = self.types.get(name)
        if isinstance(kind, types.BaseTuple):
            return all(isinstance(each, (types.Number, types.Boolean)) for each in kind)
        return isinstance(kind, _VALUES) and not isinstance(kind, types.BoundFunction)

    def one(self, name: str) -> Any:
        """The one definition of a variable; None where it has several."""
        found = self.definitions.get(name, ())
        return found[0] if len(found) == 1 else None

    def origin(self, name: str, seen: frozenset[str] = frozenset()) -> str:
        """The variable that a variable is a copy of, perhaps with another type of integer.

        numba also copies what waits on Python's stack while a conditional is evaluated.
        """
        found = set()
        for made in self.definitions.get(name, ()):
            if isinstance(made, ir.Expr) and made.op == "cast":
                made = made.value
            if not isinstance(made, ir.Var) or name in seen:
                return name
            found.add(self.origin(made.name, seen | {name}))
        return found.pop() if len(found) == 1 else name

    def memory(self, name: str, seen: frozenset[str] = frozenset()) -> frozenset[object]:
        """Names for all memory that an array or a tuple of arrays may lie in."""
        if name in seen:
            return frozenset()
        found: set[object] = set()
        for made in self.definitions.get(name, ()):
            found |= self.memory_of(made, seen | {name})
        return frozenset(found)

    def memory_of(self, made: Any, seen: frozenset[str]) -> frozenset[object]:
        """The memory of what an expression gives: new, or that of any array it is made of."""
        if isinstance(made, ir.Var):
            return self.memory(made.name, seen)
        if isinstance(made, (ir.Global, ir.FreeVar, ir.Arg)):
            return frozenset({_GIVEN})
        if not isinstance(made, ir.Expr):
            return frozenset({_ANY})
        if (block := self.of_workspace(made)) is not None:
            return frozenset({(id(block), made.index)})
        found: set[object] = {id(made)}
        for variable in () if self.is_copy(made) else made.list_vars():
            kind = self.types[variable.name]
            if isinstance(kind, (types.Array, types.BaseTuple, types.BoundFunction)):
                found |= self.memory(variable.name, seen)
            elif not self.holds_no_memory(variable.name):
                found.add(_ANY)
        return frozenset(found)

    def of_workspace(self, made: Any) -> Any:
        """The call of ``workspace`` that an expression is one of the arrays of, or None."""
        if made.op != "static_getitem" or not isinstance(made.index, int):
            return None
        made = self.one(self.origin(made.value.name))
        if isinstance(made, ir.Expr) and made.op == "exhaust_iter":
            made = self.one(self.origin(made.value.name))
        if not isinstance(made, ir.Expr) or made.op != "call":
            return None
        called = getattr(self.one(made.func.name), "value", None)
        return made if called is workspace else None

    def is_copy(self, made: Any) -> bool:
        """Whether an expression is the call of a method that copies."""
        if made.op != "call":
            return False
        method = self.one(made.func.name)
        return isinstance(method, ir.Expr) and method.op == "getattr" and method.attr == "copy"


@dataclass(slots=True)
class _Accesses:
    """Where a loop reads and writes arrays.

    Attributes
    ----------
    written : set of str
        The arrays that are written.
    own : dict
        For each array the axes along which every access so far is at the loop's index.
    """

    variables: _Variables
    statements: list[Any]
    written: set[str] = field(default_factory=set)
    own: dict[str, set[int]] = field(default_factory=dict)

    def only_elements(self) -> bool:
        """Look at the loop; False where it may do more than compute, read and write elements."""
        return all(map(self.statement, self.statements))

    def statement(self, statement: Any) -> bool:
        """Take a statement into account; False where it may do more than :meth:`only_elements`."""
        if isinstance(statement, (ir.SetItem, ir.StaticSetItem)):
            index = statement.index
            if isinstance(statement, ir.StaticSetItem):
                index = statement.index_var
            self.written.add(self.variables.origin(statement.target.name))
            number = self.variables.holds_no_memory(statement.value.name)
            return number and self.access(statement.target.name, index)
        if isinstance(statement, ir.Assign):
            return self.assignment(statement)
        return isinstance(statement, (ir.Jump, ir.Branch, ir.Del, ir.StaticRaise, ir.PopBlock))

    def assignment(self, statement: Any) -> bool:
        value = statement.value
        if isinstance(value, ir.Var) and self.variables.is_array(value.name):
            return self.variables.origin(statement.target.name) == self.variables.origin(value.name)
        if not self.variables.holds_no_memory(statement.target.name):
            return False
        if not isinstance(value, ir.Expr):
            return True
        if value.op in ("getitem", "static_getitem") and self.variables.is_array(value.value.name):
            index = value.index if value.op == "getitem" else value.index_var
            return self.access(value.value.name, index)
        if value.op == "getattr" and self.variables.is_array(value.value.name):
            return value.attr in ("shape", "size", "ndim")
        return all(self.variables.holds_no_memory(each.name) for each in value.list_vars())

    def access(self, array: str, index: Any) -> bool:
        """An element is read or written; False where that cannot be told."""
        if index is None or not self.variables.is_array(array):
            return False
        name = self.variables.origin(array)
        own = {axis for axis, item in enumerate(self.items(index)) if self.is_index(item)}
        self.own[name] = self.own[name] & own if name in self.own else own
        return True

    def items(self, index: Any) -> list[str]:
        """The variables of an index, one for each axis."""
        if not isinstance(self.variables.types[index.name], types.BaseTuple):
            return [index.name]
        made = self.variables.one(self.variables.origin(index.name))
        if isinstance(made, ir.Expr) and made.op == "build_tuple":
            return [item.name for item in made.items]
        return []

    def is_index(self, name: str) -> bool:
        """Whether a variable is what the loop's range gives in this iteration."""
        made = self.variables.one(self.variables.origin(name))
        if not (isinstance(made, ir.Expr) and made.op == "pair_first"):
            return False
        step = self.variables.one(made.value.name)
        return (
            isinstance(step, ir.Expr)
            and step.op == "iternext"
            and isinstance(self.variables.types[step.value.name], types.RangeIteratorType)
            and any(getattr(each, "value", None) is step for each in self.statements)
        )

    def never_meet(self) -> bool:
        """Whether nothing is written that another iteration touches."""
        memory = {name: self.variables.memory(name) for name in self.own}
        return all(
            self.own[name]
            and self.variables.types[name].layout in "CF"
            and not any(_meet(memory[name], memory[other]) for other in memory if other != name)
            for name in self.written
        )

    def only_sums(self) -> bool:
        """Whether the numbers that the loop carries are only added to, or compared with."""
        inside: dict[str, list[Any]] = {}
        uses: dict[str, int] = {}
        for each in self.statements:
            if isinstance(each, ir.Assign):
                inside.setdefault(each.target.name, []).append(each.value)
                for used in _read(each.value):
                    uses[used.name] = uses.get(used.name, 0) + 1
        return all(
            uses.get(name, 0) <= 1 and all(_leads(made, name, inside) for made in values)
            for name, values in inside.items()
            if isinstance(self.variables.types[name], (types.Number, types.Boolean))
            and len(self.variables.definitions[name]) > len(values)
        )


def _read(value: Any) -> list[Any]:
    """The variables that the right side of an assignment reads."""
    if isinstance(value, ir.Var):
        return [value]
    return list(value.list_vars()) if isinstance(value, ir.Expr) else []


def _leads(
    made: Any, name: str, inside: Mapping[str, list[Any]], seen: frozenset[str] = frozenset()
) -> bool:
    """Whether a value is a variable to which something has been added, or an extremum with it."""
    if isinstance(made, ir.Var):
        values = inside.get(made.name, ())
        if made.name == name or made.name in seen or len(values) != 1:
            return bool(made.name == name)
        return _leads(values[0], name, inside, seen | {made.name})
    if not isinstance(made, ir.Expr):
        return False
    if made.op in ("binop", "inplace_binop"):
        function = made.immutable_fn if made.op == "inplace_binop" else made.fn
        operands = {operator.add: (made.lhs, made.rhs), operator.sub: (made.lhs,)}
        return any(_leads(each, name, inside, seen) for each in operands.get(function, ()))
    return made.op == "call" and any(each.name == name for each in made.args)


def _meet(one: frozenset[object], other: frozenset[object]) -> bool:
    return _ANY in one | other or not one.isdisjoint(other)
