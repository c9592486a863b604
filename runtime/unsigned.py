"""A numba compiler whose kernels index arrays without looking for negative indices.

numba compares every signed index with zero, to count negative ones from the end as Python does;
where the comparison cannot be proven away it keeps loops from being vectorised. In generated
programs no index is negative (:func:`gradc_runtime.arrays.wrap` has seen to those of the user),
so the integers that index arrays are handed to numba as unsigned. The text of the programs keeps
Python's plain integers: in them unsigned arithmetic would be a trap, since NumPy makes a float
of the sum of an unsigned and a signed integer.

Single elements of arrays are lowered by :mod:`gradc_runtime.lowering`, which needs no telling;
here are parts of arrays (``x[i, 1:]``), and all that numba lowers itself.
"""

from __future__ import annotations

import operator
from typing import Any

from numba.core import ir
from numba.core import types as numba_types
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.ir_utils import mk_unique_var

from gradc_runtime.lowering import rows_to_write, serves, takes

types: Any = numba_types  # declares fewer types than it has


@register_pass(mutates_CFG=False, analysis_only=False)
class UnsignedIndices(FunctionPass):  # type: ignore[misc]
    """Makes the integers that index arrays unsigned."""

    _name = "gradc_unsigned_indices"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Rewrite every block; return whether anything changed."""
        rewriting = _Rewriting(state)
        for block in state.func_ir.blocks.values():
            rewriting.block(block)
        return rewriting.changed


@register_pass(mutates_CFG=False, analysis_only=False)
class VectorPowers(FunctionPass):  # type: ignore[misc]
    """Under fastmath, makes ``x**y`` of floats calls that loops are vectorised with."""

    _name = "gradc_vector_powers"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Rewrite every power; return whether there was one."""
        if not state.flags.fastmath:
            return False
        found = [
            (block, statement)
            for block in state.func_ir.blocks.values()
            for statement in block.body
            if isinstance(statement, ir.Assign) and _is_power(statement.value, state.typemap)
        ]
        function = _power() if found else None
        if function is None:
            return False
        # the function may be younger than the tables of this compilation
        state.typingctx.refresh()
        state.targetctx.refresh()
        kind = state.typingctx.resolve_value_type(function)
        for block, statement in found:
            old = statement.value
            named = ir.Var(block.scope, mk_unique_var("$power"), old.loc)
            state.typemap[named.name] = kind
            new = ir.Expr.call(named, [old.lhs, old.rhs], (), old.loc)
            operands = tuple(state.typemap[each.name] for each in (old.lhs, old.rhs))
            state.calltypes[new] = kind.get_call_type(state.typingctx, operands, {})
            place = block.body.index(statement)
            block.body[place : place + 1] = [
                ir.Assign(ir.Global("power", function, old.loc), named, old.loc),
                ir.Assign(new, statement.target, statement.loc),
            ]
        return True


def _is_power(expression: Any, types_of: Any) -> bool:
    if not isinstance(expression, ir.Expr) or expression.op not in ("binop", "inplace_binop"):
        return False
    if expression.fn not in (operator.pow, operator.ipow):
        return False
    left, right = types_of[expression.lhs.name], types_of[expression.rhs.name]
    return left == right and left in (types.float64, types.float32)


def _power() -> Any:
    from gradc_runtime.vector_math import power

    return power()


class _Rewriting:
    def __init__(self, state: Any) -> None:
        self.state = state
        self.rest_only = serves(state.flags)
        self.types = state.typemap
        self.changed = False

    def block(self, block: Any) -> None:
        """Rewrite the statements of a block."""
        self.scope = block.scope
        statements: list[Any] = []
        for statement in block.body:
            if isinstance(statement, ir.SetItem):
                statement = self.write(statement, statements)
            elif isinstance(statement, ir.Assign) and _is_getitem(statement.value):
                statement = self.read(statement, statements)
            statements.append(statement)
        block.body = statements

    def read(self, statement: Any, before: list[Any]) -> Any:
        """An assignment of an element of an array."""
        old = statement.value
        index = self.index(old.value, old.index, before)
        if index is None:
            return statement
        new = ir.Expr.getitem(old.value, index, old.loc)
        operands = (self.types[old.value.name], self.types[index.name])
        context = self.state.typingctx
        self.state.calltypes[new] = context.resolve_function_type(operator.getitem, operands, {})
        return ir.Assign(new, statement.target, statement.loc)

    def write(self, statement: Any, before: list[Any]) -> Any:
        """An assignment to an element of an array."""
        if self.rest_only and rows_to_write(self.typeof, self.state.func_ir, statement) is not None:
            return statement
        index = self.index(statement.target, statement.index, before)
        if index is None:
            return statement
        new = ir.SetItem(statement.target, index, statement.value, statement.loc)
        value = self.state.calltypes[statement].args[2]
        self.state.calltypes[new] = self.state.typingctx.resolve_setitem(
            self.types[statement.target.name], self.types[index.name], value
        )
        return new

    def index(self, array: Any, index: Any, before: list[Any]) -> Any:
        """The unsigned index in place of one of an array; None where there is none."""
        kind = self.types[index.name]
        if not isinstance(self.types[array.name], types.Array):
            return None
        if self.rest_only and takes(self.typeof, array, index):
            return None
        if _is_signed(kind):
            return self.unsigned(index, before)
        if not isinstance(kind, types.BaseTuple) or not any(map(_is_signed, kind)):
            return None
        made = self.definition(index)
        if made is None:
            return None
        items = [
            self.unsigned(item, before) if _is_signed(self.types[item.name]) else item
            for item in made.items
        ]
        return self.assign(
            ir.Expr.build_tuple(items, index.loc),
            types.BaseTuple.from_types([self.types[item.name] for item in items]),
            index.loc,
            before,
        )

    def typeof(self, name: str) -> Any:
        """The type of a variable."""
        return self.types[name]

    def definition(self, index: Any) -> Any:
        """The expression that builds a tuple; None where it cannot be told."""
        try:
            made = self.state.func_ir.get_definition(index)
        except KeyError:
            return None
        return made if isinstance(made, ir.Expr) and made.op == "build_tuple" else None

    def unsigned(self, value: Any, before: list[Any]) -> Any:
        """A variable with the same integer, unsigned."""
        return self.assign(ir.Expr.cast(value, value.loc), types.uintp, value.loc, before)

    def assign(self, expression: Any, kind: Any, loc: Any, before: list[Any]) -> Any:
        """Add a variable for an expression."""
        variable = ir.Var(self.scope, mk_unique_var("$unsigned"), loc)
        self.types[variable.name] = kind
        before.append(ir.Assign(expression, variable, loc))
        self.changed = True
        return variable


def _is_getitem(expression: Any) -> bool:
    return isinstance(expression, ir.Expr) and expression.op == "getitem"


def _is_signed(kind: Any) -> bool:
    return isinstance(kind, types.Integer) and kind.signed
