"""A call of a function that brings its own derivative.

The op stands for the whole call, so that no other rule looks into it: ``custom(x, rule=...)``.
Its operands are the differentiable arguments and, after them, whatever the functions of the rule
use from around the call. Differentiation takes what the rule says; what is left in the end is
replaced by the function itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradc.ir.calls import inlined_calls
from gradc.ir.core import Function, Kind, Params, Primitive, Value
from gradc.ir.types import Type
from gradc.prims.evaluate import evaluate

# Dearer than anything that would be computed again rather than recorded.
_COST = 10_000


@dataclass(eq=False, slots=True)
class CustomRule:
    """The functions of one custom derivative, for arguments of certain types.

    They may call the function that they are the derivative of, so a rule is made first and
    filled when its functions are known. Each of them takes, last, the values from around the
    call. In what follows `args` are the differentiable arguments, `outs` all results, and dots
    and bars belong to the results that are floats.

    Attributes
    ----------
    name : str
    count : int
        The number of differentiable arguments.
    primal : Function or None
        ``(*args) -> outs``
    forward : Function or None
        ``(*args) -> (*outs, *residuals)``
    backward : Function or None
        ``(*residuals, *out_bars) -> arg_bars``
    tangent : Function or None
        ``(*args, *arg_dots) -> (*outs, *out_dots)``
    again : bool
        Whether its derivative is that of `primal`, which runs again in the adjoint; then there are
        no other functions.
    """

    name: str
    count: int
    primal: Function | None = None
    forward: Function | None = None
    backward: Function | None = None
    tangent: Function | None = None
    again: bool = False

    def __repr__(self) -> str:
        return f"<rule of {self.name} {id(self):x}>"


def function_of(params: Params) -> Function:
    """The function that an op of :data:`CUSTOM` stands for."""
    rule: CustomRule = params["rule"]
    function = rule.forward if params.get("recording") else rule.primal
    assert function is not None
    return function


def without_again(function: Function) -> Function:
    """Put functions in the place of their calls that are computed again in the adjoint."""
    return inlined_calls(
        function,
        lambda op: (
            op.params["rule"].primal if op.prim is CUSTOM and op.params["rule"].again else None
        ),
    )


def _infer(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    return tuple(result.type for result in function_of(params).results)


def _evaluate(*args: Any, **params: Any) -> tuple[Any, ...]:
    return evaluate(function_of(params), args)


# With ``recording`` it is the forward function of the rule, whose results go on with residuals.
CUSTOM = Primitive(
    "custom",
    Kind.COMPOSITE,
    _infer,
    _evaluate,
    results=("out",),
    cost=_COST,
    formula="what its rule says",
)
