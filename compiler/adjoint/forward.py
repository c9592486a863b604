"""Forward mode: from a function to the function of its directional derivative.

Each op is followed by the op of its tangent; loops carry tangents along::

    def f(x, y):                 def f_jvp(x, y, x_dot):
        a = mul(x, y)                a = mul(x, y)
        b = sin(a)                   a_dot = mul(x_dot, y)
        return b                     b = sin(a)
                                     b_dot = mul(a_dot, cos(a))
                                     return b, b_dot

Several directions go along in one pass, each in a *lane* of its own: they share the primal and
its partial derivatives. A lane has its own set of parameters with tangents, so that what does not
depend on these has no tangent there (rather than a zero one).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from gradc.adjoint.custom import Transpose, tangents_of_call
from gradc.adjoint.reverse import reverse
from gradc.adjoint.routines import tangents_of_routine
from gradc.adjoint.rules import tangents_of
from gradc.analysis.activity import Activity, activity
from gradc.analysis.masks import Mask
from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR, IF, carried_inits, carried_params, loop_body
from gradc.ir.core import Function, Kind, Op, Region, Role, Value
from gradc.ir.walk import rename_values, substitute_region
from gradc.prims.arithmetic import ADD
from gradc.prims.custom import CUSTOM, without_again
from gradc.prims.routines import CALL
from gradc.prims.trace import zeros

# The tangents of one lane, by primal value.
Dots = dict[Value, Value]


def dot_name(primal: Value) -> str:
    """The name of a value's tangent."""
    return f"{primal.name}_dot"


def forward(function: Function, wrt: Sequence[int], name: str | None = None) -> Function:
    """Build the Jacobian-vector product of a function.

    Parameters
    ----------
    function : Function
    wrt : sequence of int
        Positions of the parameters that have tangents.
    name : str, optional

    Returns
    -------
    Function
        Its parameters are those of `function` and one tangent for each of `wrt`; its results
        those of `function` followed by one tangent for each float result.
    """
    return forward_lanes(function, [wrt], name)


def forward_lanes(
    function: Function, lanes: Sequence[Sequence[int]], name: str | None = None
) -> Function:
    """Build the function of several directional derivatives at once.

    Parameters
    ----------
    function : Function
    lanes : sequence of sequence of int
        For each direction the positions of the parameters that have tangents in it.
    name : str, optional

    Returns
    -------
    Function
        Its parameters are those of `function` and then, lane by lane, one tangent for each of
        its positions; its results are those of `function` and then, lane by lane, one tangent
        for each float result.
    """
    function = without_again(function)
    sweep = _ForwardSweep([activity(function, wrt) for wrt in lanes], _transpose)
    builder = Builder(Symbols())
    for param in function.params:
        builder.symbols.note(param)
    builder.symbols.taken.update(Symbols.of(function).taken)
    builder.loc = function.loc
    tangents: list[Value] = []
    dots: list[Dots] = []
    for lane, wrt in enumerate(lanes):
        params = [function.params[index] for index in wrt]
        made = [builder.value(param.type, dot_name(param)) for param in params]
        tangents += made
        own: Dots = {}
        for param, dot in zip(params, made, strict=True):
            if sweep.is_active(lane, param):
                # a parameter that is named twice goes along both
                with builder.at(function.loc, Role.TANGENT):
                    own[param] = builder.emit(ADD, [own[param], dot]) if param in own else dot
        dots.append(own)
    sweep.block(function.ops, dots, builder)
    floats = [result for result in function.results if result.type.is_float]
    out_dots = [dot for own in dots for dot in sweep.ends(floats, own, builder)]
    body = builder.close((*function.params, *tangents), (*function.results, *out_dots))
    body = substitute_region(body, sweep.results)
    made_function = Function(name or f"{function.name}_jvp", body, function.loc)
    return rename_values(made_function, sweep.names)


def _transpose(
    function: Function, wrt: Sequence[int], results: Sequence[int], mask: Mask
) -> Function:
    return reverse(function, wrt, results=results, seeded=True, mask=mask)


class _ForwardSweep:
    def __init__(self, lanes: Sequence[Activity], transpose: Transpose) -> None:
        self.lanes = lanes
        self.transpose = transpose
        # What takes the place of the results of calls that have rules of their own.
        self.results: dict[Value, Value] = {}
        self.names: dict[Value, tuple[str, bool]] = {}

    def is_active(self, lane: int, value: Value) -> bool:
        return self.lanes[lane].is_active(value)

    def active(self, values: Sequence[Value]) -> Iterator[tuple[int, int]]:
        """The lanes and the positions of the values that have tangents there."""
        for lane in range(len(self.lanes)):
            for position, value in enumerate(values):
                if self.is_active(lane, value):
                    yield lane, position

    def block(self, ops: Sequence[Op], dots: list[Dots], builder: Builder) -> None:
        """Append ops and their tangents; `dots` is extended by what they define."""
        for op in ops:
            if op.prim is IF:
                self.branch(op, dots, builder)
            elif op.prim.kind is Kind.CONTROL:
                self.loop(op, dots, builder)
            elif op.prim is CALL:
                self.routine(op, dots, builder)
            else:
                builder.append(op)
                for out in op.outs:
                    builder.symbols.note(out)
                for lane, own in enumerate(dots):
                    self.simple(op, lane, own, builder)

    def simple(self, op: Op, lane: int, dots: Dots, builder: Builder) -> None:
        if not any(self.is_active(lane, out) for out in op.outs):
            return
        with builder.at(op.loc, Role.TANGENT):
            given = [dots.get(arg) for arg in op.args]
            if op.prim is CUSTOM:
                made = self.call(op, given, lane, builder)
            else:
                made = tangents_of(builder, op, given)
        self.note(op, lane, dots, made)

    def note(self, op: Op, lane: int, dots: Dots, made: Sequence[Value | None]) -> None:
        """Remember the tangents of what an op defines."""
        for out, dot in zip(op.outs, made, strict=True):
            if dot is not None and self.is_active(lane, out):
                dots[out] = dot
                self.names.setdefault(dot, (dot_name(out), out.named))

    def call(
        self, op: Op, given: Sequence[Value | None], lane: int, builder: Builder
    ) -> Sequence[Value | None]:
        """The tangents of a call with its own rule, whose results take its place."""

        def is_active(value: Value) -> bool:
            return self.is_active(lane, value)

        outs, made = tangents_of_call(builder, op, given, is_active, self.transpose)
        for out, result in zip(op.outs, outs, strict=True):
            self.results.setdefault(out, result)
        return made

    def routine(self, op: Op, dots: list[Dots], builder: Builder) -> None:
        """The tangents of a call of a routine, in all lanes at once; its results take its place."""
        builder.append(op)
        for out in op.outs:
            builder.symbols.note(out)
        lanes = [
            lane
            for lane in range(len(dots))
            if any(self.is_active(lane, out) for out in op.outs)
            and any(self.is_active(lane, arg) for arg in op.args)
        ]
        if not lanes:
            return
        with builder.at(op.loc, Role.TANGENT):
            given = [
                [
                    self.end(arg, dots[lane], builder) if self.is_active(lane, arg) else None
                    for arg in op.args
                ]
                for lane in lanes
            ]
            outs, made = tangents_of_routine(builder, op, given, forward_lanes)
        for out, result in zip(op.outs, outs, strict=True):
            self.results.setdefault(out, result)
        for lane, own in zip(lanes, made, strict=True):
            self.note(op, lane, dots[lane], own)

    def ends(self, values: Sequence[Value], dots: Dots, builder: Builder) -> list[Value]:
        return [self.end(value, dots, builder) for value in values]

    def end(self, value: Value, dots: Dots, builder: Builder) -> Value:
        if value in dots:
            return dots[value]
        return zeros(builder, value.type, dot_name(value))

    def branch(self, op: Op, dots: list[Dots], builder: Builder) -> None:
        active = list(self.active(op.outs))
        regions = []
        for region in op.regions:
            inner, inside = builder.child(), [dict(own) for own in dots]
            self.block(region.ops, inside, inner)
            with inner.at(op.loc, Role.TANGENT):
                ends = [self.end(region.yields[k], inside[lane], inner) for lane, k in active]
            regions.append(inner.close((), (*region.yields, *ends)))
        extra = self.outs(op.outs, active, dots)
        self.finish(op, builder, replace(op, regions=tuple(regions), outs=(*op.outs, *extra)))

    def loop(self, op: Op, dots: list[Dots], builder: Builder) -> None:
        params, body = carried_params(op), loop_body(op)
        active, starts = list(self.active(params)), carried_inits(op)
        with builder.at(op.loc, Role.TANGENT):
            inits = [self.end(starts[k], dots[lane], builder) for lane, k in active]
        inner, inside = builder.child(), [dict(own) for own in dots]
        for param in body.params:
            inner.symbols.note(param)
        carried = self.outs(params, active, inside)
        self.block(body.ops, inside, inner)
        with inner.at(op.loc, Role.TANGENT):
            ends = [self.end(body.yields[k], inside[lane], inner) for lane, k in active]
        widened = inner.close((*body.params, *carried), (*body.yields, *ends))
        extra = self.outs(op.outs, active, dots)
        regions = (widened,) if op.prim is FOR else (self.condition(op, carried), widened)
        args, outs = (*op.args, *inits), (*op.outs, *extra)
        self.finish(op, builder, replace(op, args=args, outs=outs, regions=regions))

    def condition(self, op: Op, carried: Sequence[Value]) -> Region:
        condition = op.regions[0]
        extra = tuple(replace(value) for value in carried)
        return Region((*condition.params, *extra), condition.ops, condition.yields)

    def outs(
        self, primals: Sequence[Value], active: Sequence[tuple[int, int]], dots: list[Dots]
    ) -> list[Value]:
        made = []
        for lane, position in active:
            primal = primals[position]
            dots[lane][primal] = Value(primal.type, dot_name(primal), primal.loc)
            made.append(dots[lane][primal])
        return made

    def finish(self, op: Op, builder: Builder, changed: Op) -> None:
        builder.append(changed)
        for out in changed.outs:
            builder.symbols.note(out)
