"""The place where a rewrite rule looks: what defines its operands, and which are constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gradc.analysis.affine import AffineForms
from gradc.ir.builder import CONST, Symbols
from gradc.ir.core import Function, Op, Params, Primitive, Value
from gradc.ir.types import INT, DType, Type
from gradc.passes.rewrite import Replacements
from gradc.prims.shape import BROADCAST, ZEROS


@dataclass(slots=True)
class Site:
    """What a rule may ask about the place of an op, and how it makes new ones.

    Attributes
    ----------
    function : Function
        The function as it was.
    relaxed : bool
        Whether rewrites are allowed that ignore the sign of zero or round differently.
    uses : mapping of Value to int
        How often each value is used in the function.
    makers : dict of Value to Op
        The defining op of each value seen so far, in its new form.
    visible : set of Value
        The values in scope.
    pending : list of Op
        Ops that the rule at work has made, to be put in front of its result.
    """

    function: Function
    relaxed: bool
    uses: Mapping[Value, int]
    replacements: Replacements
    makers: dict[Value, Op] = field(default_factory=dict)
    visible: set[Value] = field(default_factory=set)
    pending: list[Op] = field(default_factory=list)
    forms: AffineForms = field(init=False)
    symbols: Symbols | None = None

    def __post_init__(self) -> None:
        self.forms = AffineForms(self.makers)

    # -- asking ----------------------------------------------------------------------------

    def maker(self, value: Value, prim: Primitive) -> Op | None:
        """Return the op that defines a value if it is one of this primitive."""
        op = self.makers.get(value)
        return op if op is not None and op.prim is prim else None

    def constant(self, value: Value) -> Any:
        """Return the number that a value, or each of its elements, is known to be; else None."""
        op = self.makers.get(value)
        if op is None:
            return None
        if op.prim is CONST:
            return op.params["value"]
        if op.prim is BROADCAST:
            return self.constant(op.args[0])
        return 0 if op.prim is ZEROS else None

    def is_constant(self, value: Value, number: float) -> bool:
        """Whether a value is known to be this number; -0.0 is not 0.0."""
        known = self.constant(value)
        if known is None or known != number:
            return False
        return _is_negative_zero(known) is _is_negative_zero(number)

    def holder(self, symbol: str) -> Value | None:
        """Return a value in scope that denotes a size."""
        value = self.forms.holders.get(symbol)
        if value is None:
            return None
        value = self.replacements.value(value)
        return value if value in self.visible else None

    def used_once(self, value: Value) -> bool:
        """Whether the value has one use only."""
        return self.uses.get(value, 0) == 1

    # -- making ----------------------------------------------------------------------------

    def const(self, number: float | int | bool, like: Op, dtype: DType) -> Value:
        """Make a scalar constant."""
        value: float | int | bool = float(number) if dtype.is_float else number
        size = int(value) if dtype is DType.INT else None
        out = Value(Type(dtype), "c", like.loc, size)
        params = {"dtype": dtype, "value": value}
        return self._add(Op(CONST, (), params, (out,), (), like.loc), like)

    def fresh_size(self, hint: str) -> str:
        """Return a size symbol that is new in the function."""
        if self.symbols is None:
            self.symbols = Symbols.of(self.function)
        return self.symbols.fresh(hint)

    def make(
        self,
        prim: Primitive,
        args: tuple[Value, ...],
        like: Op,
        type: Type,
        params: Params | None = None,
    ) -> Value:
        """Make an op at the place of another."""
        size = None
        if type == INT:
            size = self.fresh_size(prim.name)
        out = Value(type, prim.name.rstrip("_"), like.loc, size)
        return self._add(Op(prim, args, params or {}, (out,), (), like.loc), like)

    def _add(self, op: Op, like: Op) -> Value:
        op = replace(op, role=like.role)
        self.pending.append(op)
        return op.out


def instead(op: Op, prim: Primitive, args: tuple[Value, ...], params: Params | None = None) -> Op:
    """Return an op of another primitive with the same result."""
    return replace(op, prim=prim, args=args, params={} if params is None else params)


def _is_negative_zero(number: Any) -> bool:
    return number == 0 and str(number).startswith("-")


Rule = Callable[[Op, Site], Value | Op | None]
