"""Reverse mode: from a function to the function of its gradient.

The ops run forwards as they are (loops record what is needed), then cotangents are swept
backwards over them::

    def f(x, y):                 def f_grad(x, y):
        a = mul(x, y)                a = mul(x, y)
        b = sin(a)                   b = sin(a)
        return b                     b_bar = 1.0
                                     a_bar = mul(b_bar, cos(a))   # adjoint of b = sin(a)
                                     x_bar = mul(a_bar, y)        # adjoint of a = mul(x, y)
                                     y_bar = mul(a_bar, x)
                                     return b, x_bar, y_bar

The result is an ordinary function of the same IR, made of primitives that have rules, so it can
be differentiated again. Whatever the gradient does not need is removed by later passes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from gradc.adjoint.again import with_loops_in_place
from gradc.adjoint.checkpoints import reverse_checkpointed
from gradc.adjoint.cotangents import Cotangents, bar_name
from gradc.adjoint.custom import cotangents_of_call, recording, without_recording
from gradc.adjoint.guards import Guards, add_unless_zero, guarded
from gradc.adjoint.residuals import Plan
from gradc.adjoint.reverse_control import in_order_of_use, reverse_branch, reverse_loop
from gradc.adjoint.routines import cotangents_of_routine
from gradc.adjoint.rules import contributions, refuse_unknown
from gradc.analysis.activity import Activity, activity
from gradc.analysis.masks import Mask
from gradc.errors import InternalError
from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR, IF, WHILE
from gradc.ir.core import Function, Kind, Op, Region, Role, Value
from gradc.ir.walk import defining_ops, rename_values
from gradc.prims.custom import CUSTOM
from gradc.prims.routines import CALL
from gradc.prims.shape import STAND_IN
from gradc.prims.trace import Var


@dataclass(slots=True)
class ReverseSweep:
    """State of one reverse transformation.

    Attributes
    ----------
    activity : Activity
        Which values have cotangents.
    guards : Guards
        Which ops keep a cotangent of zero from meeting an infinite partial derivative.
    residuals : list
        For each loop and branch the plan of what it records, for reports and tests.
    limits : dict of Op to int
        How many bytes of tape a loop may have.
    nested : set of Op
        Those of them that are in another.
    makers : mapping of Value to Op
        What defines each value of the function.
    enclosing : list of Op
        The loops around the place that the sweep has come to.
    """

    activity: Activity
    guards: Guards
    residuals: list[tuple[Op, Plan]] = field(default_factory=list)
    limits: dict[Op, int] = field(default_factory=dict)
    nested: set[Op] = field(default_factory=set)
    makers: Mapping[Value, Op] = field(default_factory=dict)
    enclosing: list[Op] = field(default_factory=list)

    def checkpoints(self, op: Op) -> bool:
        """Whether a loop keeps checkpoints rather than a tape, if it needs one."""
        return op.params.get("checkpoint", False) or op in self.limits

    def is_active(self, value: Value) -> bool:
        """Whether a value has a cotangent."""
        return self.activity.is_active(value)

    def block(
        self, ops: Sequence[Op], bars: Cotangents, forward: Symbols, together: bool = True
    ) -> list[Op]:
        """Sweep backwards over ops, appending the adjoint to ``bars.builder``.

        `forward` has the sizes that are there before them. `together` says whether the adjoint
        runs where the ops themselves run: in the same call, or in the same iteration of the loop
        around.

        Returns
        -------
        list of Op
            The ops as they must run forwards: loops and branches that record residuals.
        """
        kept: list[Op] = []
        before = _sizes_before(ops, forward)
        for op in reversed(ops):
            with bars.builder.at(op.loc, Role.ADJOINT):
                sizes = before.get(op, forward)
                kept.extend(reversed(self._op(op, bars, sizes, kept, together)))
        kept.reverse()
        return kept

    def _op(
        self, op: Op, bars: Cotangents, forward: Symbols, kept: Sequence[Op], together: bool
    ) -> Sequence[Op]:
        """Sweep over one op; `kept` is what runs after it, last op first."""
        if op.prim.kind is Kind.CONTROL:
            if all(bars.get(out) is None for out in op.outs):
                return [op]
            if op.prim is IF:
                return reverse_branch(self, op, bars, forward)
            if self.checkpoints(op):
                replaced = reverse_checkpointed(self, op, bars, forward)
                if replaced is not None:
                    return replaced
            return reverse_loop(self, op, bars, forward, kept[::-1], together)
        cts = [bars.take(out) for out in op.outs]
        if any(ct is not None for ct in cts):
            if op.prim is CUSTOM:
                return [self._call(op, cts, bars)]
            if op.prim is CALL:
                self._routine(op, cts, bars)
                return [op]
            self._simple(op, cts, bars)
            if op.prim is STAND_IN:  # differentiated: what runs forwards does not wait for it
                return [replace(op, args=(op.args[0], op.args[0]))]
        return [op]

    def _call(self, op: Op, cts: Sequence[Value | None], bars: Cotangents) -> Op:
        """Take the cotangents of a call with its own derivative from its rule."""
        kept = recording(op)
        mask = self.guards.mask(op)
        parts = cotangents_of_call(bars.builder, op, kept, cts, self.is_active, _transpose, mask)
        for operand, part in zip(op.args, parts, strict=False):
            if part is not None:
                bars.add(operand, Var(bars.builder, part))
        return kept

    def _routine(self, op: Op, cts: Sequence[Value | None], bars: Cotangents) -> None:
        """Call the derivative of a function that is compiled on its own."""
        mask = self.guards.mask(op)
        parts = cotangents_of_routine(bars.builder, op, cts, self.is_active, _transpose, mask)
        for place, part in parts.items():
            bars.add(op.args[place], Var(bars.builder, part))

    def _simple(self, op: Op, cts: Sequence[Value | None], bars: Cotangents) -> None:
        """Add the contributions of one op to the cotangents of its operands."""
        builder = bars.builder
        if op.prim.refuses:
            refuse_unknown(op, [self.is_active(operand) for operand in op.args])
        if self.guards.on_all(op):
            add_unless_zero(bars, op, cts, self.is_active)
            return
        parts = contributions(builder, op, cts)
        for operand, part in zip(op.args, parts, strict=True):
            if part is None or not self.is_active(operand):
                continue
            if cts[0] is not None and self.guards.on_each(op, operand):
                part = guarded(builder, cts[0], part)
            bars.add(operand, part)


def _sizes_before(ops: Sequence[Op], forward: Symbols) -> dict[Op, Symbols]:
    """The sizes that are there before each loop and branch, where it may record."""
    found: dict[Op, Symbols] = {}
    for op in ops:
        if op.prim.kind is Kind.CONTROL:
            found[op] = forward
            forward = Symbols(forward)
        for out in op.outs:
            forward.note(out)
    return found


def reverse(
    function: Function,
    wrt: Sequence[int],
    *,
    results: Sequence[int] | None = None,
    seeded: bool = False,
    name: str | None = None,
    residuals: list[tuple[Op, Plan]] | None = None,
    scope: Symbols | None = None,
    memory_limit: int | None = None,
    mask: Mask = Mask.NONE,
) -> Function:
    """Build the gradient or vector-Jacobian product of a function.

    Parameters
    ----------
    function : Function
    wrt : sequence of int
        Positions of the parameters to differentiate with respect to.
    results : sequence of int, optional
        Positions of the results that are differentiated; all float ones by default.
    seeded : bool
        Whether the cotangents of the results are parameters (a vector-Jacobian product, one
        parameter for each differentiated result) or the single scalar result has cotangent 1.
    name : str, optional
    residuals : list, optional
        Is extended by the loops and branches that were reversed, inner ones first, each with
        what it records and what is computed again.
    scope : Symbols, optional
        The sizes around a function that uses values from outside of itself.
    memory_limit : int, optional
        Bytes of tape. The loops that are in no other and need a tape have equal shares of it and
        keep checkpoints (see :mod:`gradc.adjoint.checkpoints`).
    mask : Mask
        Why the given cotangents may be zero, where something around the function is the reason.

    Returns
    -------
    Function
        Its parameters are those of `function` and the seeds; its results are those of
        `function` followed by one cotangent for each of `wrt`, of the parameter's type.
    """
    chosen = [
        index
        for index in (range(len(function.results)) if results is None else results)
        if function.results[index].type.is_float
    ]
    function = with_loops_in_place(function, everywhere=memory_limit is not None)
    limits: dict[Op, int] = {}
    if memory_limit is not None:
        probe: list[tuple[Op, Plan]] = []
        reverse(function, wrt, results=results, seeded=seeded, residuals=probe, scope=scope)
        loops = frozenset(op for op, plan in probe if plan.recorded) & frozenset(function.ops)
        loops = frozenset(op for op in loops if op.prim in (FOR, WHILE))
        limits = dict.fromkeys(loops, memory_limit // max(len(loops), 1))
    active = activity(function, wrt, chosen)
    guards = Guards.of(function, active, chosen, mask)
    makers = defining_ops(function.body)
    sweep = ReverseSweep(active, guards, limits=limits, makers=makers)
    everything = Symbols(scope)
    everything.note_region(function.body)
    builder = Builder(Symbols(everything))
    forward = Symbols(scope)
    forward.taken = everything.taken
    for param in function.params:
        forward.note(param)
    builder.loc, builder.role = function.loc, Role.ADJOINT
    bars = Cotangents(builder, sweep.is_active, {})
    seeds = [_seed(function.results[index], builder, seeded) for index in chosen]
    for index, seed in zip(chosen, seeds, strict=True):
        bars.add(function.results[index], Var(builder, seed))
    kept = sweep.block(function.ops, bars, forward)
    if residuals is not None:
        residuals += sweep.residuals
    gradients = [bars.get_or_zeros(function.params[index]) for index in wrt]
    params = (*function.params, *(seeds if seeded else ()))
    ops = in_order_of_use((*kept, *builder.ops))
    body = Region(params, tuple(ops), (*function.results, *gradients))
    made = Function(name or f"{function.name}_grad", body, function.loc)
    return without_recording(rename_values(made, bars.names))


def _transpose(
    function: Function, wrt: Sequence[int], results: Sequence[int], mask: Mask = Mask.NONE
) -> Function:
    return reverse(function, wrt, results=results, seeded=True, mask=mask)


def _seed(result: Value, builder: Builder, seeded: bool) -> Value:
    if seeded:
        return builder.value(result.type, bar_name(result))
    if not result.type.is_scalar:
        raise InternalError(f"the gradient of a result of type {result.type}")
    return builder.const(1.0, result.type.dtype)
