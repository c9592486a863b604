"""Forward mode: from a function to the function of its directional derivative.

Each op is followed by the op of its tangent; loops carry tangents along::

    def f(x, y):                 def f_jvp(x, y, x_dot):
        a = mul(x, y)                a = mul(x, y)
        b = sin(a)                   a_dot = mul(x_dot, y)
        return b                     b = sin(a)
                                     b_dot = mul(a_dot, cos(a))
                                     return b, b_dot
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gradc.adjoint.rules import tangents_of
from gradc.analysis.activity import Activity, activity
from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR, IF, carried_inits, carried_params, loop_body
from gradc.ir.core import Function, Kind, Op, Region, Role, Value
from gradc.ir.walk import rename_values
from gradc.prims.trace import zeros


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
    sweep = _ForwardSweep(activity(function, wrt))
    builder = Builder(Symbols())
    for param in function.params:
        builder.symbols.note(param)
    builder.symbols.taken.update(Symbols.of(function).taken)
    builder.loc = function.loc
    tangents = [
        builder.value(function.params[index].type, dot_name(function.params[index]))
        for index in wrt
    ]
    dots = {
        function.params[index]: dot
        for index, dot in zip(wrt, tangents, strict=True)
        if sweep.is_active(function.params[index])
    }
    sweep.block(function.ops, dots, builder)
    out_dots = [
        dots[result] if result in dots else zeros(builder, result.type, dot_name(result))
        for result in function.results
        if result.type.is_float
    ]
    body = builder.close((*function.params, *tangents), (*function.results, *out_dots))
    made = Function(name or f"{function.name}_jvp", body, function.loc)
    return rename_values(made, sweep.names)


class _ForwardSweep:
    def __init__(self, active: Activity) -> None:
        self.activity = active
        self.names: dict[Value, tuple[str, bool]] = {}

    def is_active(self, value: Value) -> bool:
        return self.activity.is_active(value)

    def block(self, ops: Sequence[Op], dots: dict[Value, Value], builder: Builder) -> None:
        """Append ops and their tangents; `dots` is extended by what they define."""
        for op in ops:
            if op.prim is IF:
                self.branch(op, dots, builder)
            elif op.prim.kind is Kind.CONTROL:
                self.loop(op, dots, builder)
            else:
                builder.append(op)
                for out in op.outs:
                    builder.symbols.note(out)
                self.simple(op, dots, builder)

    def simple(self, op: Op, dots: dict[Value, Value], builder: Builder) -> None:
        if not any(map(self.is_active, op.outs)):
            return
        with builder.at(op.loc, Role.TANGENT):
            made = tangents_of(builder, op, [dots.get(arg) for arg in op.args])
        for out, dot in zip(op.outs, made, strict=True):
            if dot is not None and self.is_active(out):
                dots[out] = dot
                self.names.setdefault(dot, (dot_name(out), out.named))

    def ends(
        self, values: Sequence[Value], dots: dict[Value, Value], builder: Builder
    ) -> list[Value]:
        return [
            dots[value] if value in dots else zeros(builder, value.type, dot_name(value))
            for value in values
        ]

    def branch(self, op: Op, dots: dict[Value, Value], builder: Builder) -> None:
        active = [index for index, out in enumerate(op.outs) if self.is_active(out)]
        regions = []
        for region in op.regions:
            inner, inside = builder.child(), dict(dots)
            self.block(region.ops, inside, inner)
            with inner.at(op.loc, Role.TANGENT):
                ends = self.ends([region.yields[index] for index in active], inside, inner)
            regions.append(inner.close((), (*region.yields, *ends)))
        extra = self.outs([op.outs[index] for index in active], dots)
        self.finish(op, builder, replace(op, regions=tuple(regions), outs=(*op.outs, *extra)))

    def loop(self, op: Op, dots: dict[Value, Value], builder: Builder) -> None:
        params, body = carried_params(op), loop_body(op)
        active = [index for index, param in enumerate(params) if self.is_active(param)]
        with builder.at(op.loc, Role.TANGENT):
            inits = self.ends([carried_inits(op)[index] for index in active], dots, builder)
        inner, inside = builder.child(), dict(dots)
        for param in body.params:
            inner.symbols.note(param)
        carried = self.outs([params[index] for index in active], inside)
        self.block(body.ops, inside, inner)
        with inner.at(op.loc, Role.TANGENT):
            ends = self.ends([body.yields[index] for index in active], inside, inner)
        widened = inner.close((*body.params, *carried), (*body.yields, *ends))
        extra = self.outs([op.outs[index] for index in active], dots)
        regions = (widened,) if op.prim is FOR else (self.condition(op, carried), widened)
        args, outs = (*op.args, *inits), (*op.outs, *extra)
        self.finish(op, builder, replace(op, args=args, outs=outs, regions=regions))

    def condition(self, op: Op, carried: Sequence[Value]) -> Region:
        condition = op.regions[0]
        extra = tuple(replace(value) for value in carried)
        return Region((*condition.params, *extra), condition.ops, condition.yields)

    def outs(self, primals: Sequence[Value], dots: dict[Value, Value]) -> list[Value]:
        made = [Value(primal.type, dot_name(primal), primal.loc) for primal in primals]
        dots.update(zip(primals, made, strict=True))
        return made

    def finish(self, op: Op, builder: Builder, changed: Op) -> None:
        builder.append(changed)
        for out in changed.outs:
            builder.symbols.note(out)
