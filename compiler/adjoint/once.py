"""What is the same in all directions is computed once, before the loop over them.

One pass of forward mode has the primal in it. Where the primal has been computed before the loop
over directions, its results are read there, and a pass repeats only what its tangents need
iteration by iteration. What is cheap is made again where it is read::

    for j in range(0, n, 4):                     m, y = 1.0, 0.0
        m, m_dot, y, y_dot = 1.0, 0.0, 0.0, 0.0  for i in range(k):
        for i in range(k):                           m = m * cos(x[i])
            ...                                      y = y + m * q[i]
            m_dot = ...                          for j in range(0, n, 4):
            m = m * cos(x[i])            ->          m, m_dot, y_dot = 1.0, 0.0, 0.0
            y_dot = y_dot + m_dot * q[i]             for i in range(k):
            y = y + m * q[i]                             ...
        jac[j] = 2.0 * y * y_dot                         m_dot = ...
                                                         m = m * cos(x[i])
                                                         y_dot = y_dot + m_dot * q[i]
                                                     jac[j] = 2.0 * y * y_dot

The carried `m` is needed for the tangents of the iterations and stays, `y` is not. If all that the
rest of a pass reads of a loop stays in it, that is read from there, and nothing is computed before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradc.analysis.liveness import Liveness
from gradc.analysis.storage import UPDATES, VIEWS
from gradc.ir.builder import Builder
from gradc.ir.control import IF, carried_inits
from gradc.ir.core import Function, Kind, Op, Region, Role, Value
from gradc.ir.walk import clone_op, used_by

# An elementwise op of this cost is dearer than to store and to load its result.
_WORTH_KEEPING = 8


def inline_pass(
    builder: Builder, swept: Function, args: Sequence[Value], before: Mapping[Value, Value]
) -> list[Value]:
    """Append one pass of forward mode without what has been computed before the loop around it.

    Parameters
    ----------
    builder : Builder
    swept : Function
        A function with tangents; the ops of the primal define the values that they did there.
    args : sequence of Value
        For its parameters.
    before : mapping
        From the primal's values, its parameters among them, to those before the loop.

    Returns
    -------
    list of Value
        The results.
    """
    work = _Pass(builder, swept, args, before)
    for op in swept.ops:
        work.op(op)
    return [work.mapping.get(result, result) for result in swept.results]


class _Pass:
    """One pass under construction.

    Attributes
    ----------
    mapping : dict
        From values of `swept` to what they are here.
    outer : set of Value
        Those that are what they were before the loop.
    """

    def __init__(
        self,
        builder: Builder,
        swept: Function,
        args: Sequence[Value],
        before: Mapping[Value, Value],
    ) -> None:
        self.builder = builder
        self.before = before
        self.mapping = dict(zip(swept.params, args, strict=True))
        self.outer = {param for param in swept.params if param in before}
        self.makers = {out: op for op in swept.ops for out in op.outs}

    def op(self, op: Op) -> None:
        """Append an op, or refer to what it computed before."""
        is_control = op.prim.kind is Kind.CONTROL
        if all(out in self.before for out in op.outs):
            same = all(value in self.outer for value in used_by(op))
            if same and _is_repeated(op):
                self.append(op, self.mapping)
                self.outer.update(op.outs)
                return
            if same or (op.role is Role.PRIMAL if not op.outs else is_control):
                self.refer(op.outs)
                return
        if is_control:
            self.control(op)
        else:
            self.append(op, self.mapping)

    def refer(self, values: Sequence[Value]) -> None:
        for value in values:
            self.mapping[value] = self.before[value]
            self.outer.add(value)

    def append(self, op: Op, mapping: dict[Value, Value]) -> None:
        made = clone_op(op, mapping)
        self.builder.append(made)
        for out in made.outs:
            self.builder.symbols.note(out)

    def control(self, op: Op) -> None:
        """A loop or branch with tangents: what the primal is after it was computed before."""
        inside = dict(self.mapping)
        if op.prim is not IF:
            for init in carried_inits(op):
                if init.type.rank and init in self.outer:
                    inside[init] = self.own(init)
        self.append(op, inside)
        tangents = [out for out in op.outs if out not in self.before]
        needed = Liveness(Region((), (op,), ()), tangents).positions[op]
        for position, out in enumerate(op.outs):
            if out in self.before and position not in needed:
                self.refer([out])
            else:
                self.mapping[out] = inside[out]

    def own(self, array: Value) -> Value:
        """An array that a pass may write to, made again where it was made by simple ops."""
        op = self.makers.get(array)
        if op is None or op.regions:
            return self.mapping[array]
        inside = dict(self.mapping)
        if op.prim in UPDATES and op.args[0] in self.outer:
            inside[op.args[0]] = self.own(op.args[0])
        self.append(op, inside)
        return inside[array]


def _is_new(op: Op) -> bool:
    """Whether an op makes an array of its own."""
    return op.out.type.rank > 0 and not op.prim.pointwise


def _is_repeated(op: Op) -> bool:
    """Whether a value is easier made again than kept: views, and a few operations an element."""
    if op.regions or len(op.outs) != 1 or not op.prim.pure:
        return False
    easy = op.prim.pointwise or all(arg.type.is_scalar for arg in op.args)
    return op.prim in VIEWS or (easy and op.prim.cost < _WORTH_KEEPING and not _is_new(op))
