"""The rows of a derivation: nodes of the computation and steps of the backward pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from gradc.explain.model import Node, Partial, Share, Step
from gradc.explain.notation import Expr, Name, choice, to_text
from gradc.explain.sweep import Addition, Swept, SweptOp
from gradc.explain.written import Writer, constant
from gradc.ir.builder import CONST
from gradc.ir.control import FOR, IF
from gradc.ir.core import Function, Kind, Op, Region, Value
from gradc.ir.types import DType
from gradc.ir.walk import defining_ops, use_counts, used_by

# Ops that are not worth a row: sizes, checks of sizes, and constants in another shape.
_HIDDEN = frozenset({"const", "dim", "expect", "wrap"})


class NodeTable:
    """Names the values of a function and describes them.

    Parameters
    ----------
    function : Function
        What is explained: a trace, or a function as it is.
    swept : Swept
        Its backward pass.
    values : mapping or None
        What each value was at the point.
    result : int
        Position of the differentiated result.
    """

    def __init__(
        self,
        function: Function,
        swept: Swept,
        values: Mapping[Value, Any] | None,
        result: int,
    ) -> None:
        self.function = function
        self.swept = swept
        self.numbers = values
        self.result = function.results[result]
        self.same: dict[Value, Value] = {}
        self.shown = [op for op in function.ops if self._is_shown(op)]
        self.names = self._names()
        self.keys = self._keys()
        leaves: dict[Value, Expr] = {value: Name(name) for value, name in self.names.items()}
        ops = defining_ops(swept.function.body)
        self.writer = Writer(leaves, ops)
        self.as_it_is = Writer(leaves, ops, tidy=False)
        self.bars = {
            value: bar
            for each in swept.ops
            for value, bar in zip(each.op.outs, each.incoming, strict=True)
        }

    def _is_shown(self, op: Op) -> bool:
        """Whether an op has a row of its own; what has none is an alias or a number."""
        if op.prim.name == "expect":
            self.same[op.out] = self.resolved(op.args[0])
        if op.prim.name == "broadcast" and self._is_literal(op.args[0]):
            return False
        return op.prim.name not in _HIDDEN and not all(
            out.type.dtype is DType.INT and out.type.is_scalar for out in op.outs
        )

    def _is_literal(self, value: Value) -> bool:
        return any(op.prim is CONST and op.out is value for op in self.function.ops)

    def resolved(self, value: Value) -> Value:
        """The value that another only repeats."""
        return self.same.get(value, value)

    def _names(self) -> dict[Value, str]:
        """The user's name, numbered where it has several values, else v1, v2 ..."""
        values = [out for op in self.shown for out in op.outs]
        uses = Counter(value.name for value in (*self.function.params, *values) if value.named)
        names = {param: param.name for param in self.function.params}
        taken = {*names.values(), *(name for name, count in uses.items() if count == 1)}
        seen: Counter[str] = Counter(param.name for param in self.function.params)
        plain = 0
        for value in values:
            if value.named and uses[value.name] == 1:
                names[value] = value.name
                continue
            stem = value.name if value.named else "v"
            while True:
                if value.named:
                    seen[stem] += 1
                    name = f"{stem}_{seen[stem]}"
                else:
                    plain += 1
                    name = f"v{plain}"
                if name not in taken:
                    break
            taken.add(name)
            names[value] = name
        names.update({value: names[of] for value, of in self.same.items() if of in names})
        return names

    def _keys(self) -> dict[Value, str]:
        keys = {param: f"n{index}" for index, param in enumerate(self.function.params)}
        for op in self.shown:
            key = f"n{len(set(keys.values()))}"
            keys.update(dict.fromkeys(op.outs, key))
        keys.update({value: keys[of] for value, of in self.same.items() if of in keys})
        return keys

    # -- nodes ------------------------------------------------------------------------------

    def nodes(self) -> tuple[Node, ...]:
        """The inputs, then one node for each op that is shown."""
        inputs = [self._input(param) for param in self.function.params]
        return (*inputs, *(self._node(op) for op in self.shown))

    def _input(self, param: Value) -> Node:
        return Node(
            key=self.keys[param],
            name=self.names[param],
            kind="input",
            expression=None,
            operands=(),
            rule="",
            value=self._number(param),
            bar=self._number(self._gradient_of(param)),
            active=self.swept.activity.is_active(param),
            is_result=param is self.result,
            location=param.loc,
        )

    def _gradient_of(self, param: Value) -> Value | None:
        """The last cotangent that was written down for a parameter."""
        if not self.swept.activity.is_active(param):
            return None
        after = [
            addition.after
            for each in self.swept.ops
            for addition in each.additions
            if self.resolved(addition.operand) is param
        ]
        if after:
            return after[-1]
        return self.bars.get(param)

    def _node(self, op: Op) -> Node:
        control = op.prim.kind is Kind.CONTROL
        shown = self._expression(op)
        return Node(
            key=self.keys[op.outs[0]],
            name=", ".join(self.names[out] for out in op.outs),
            kind="control" if control else "operation",
            expression=shown,
            operands=self._operands(op),
            rule=op.prim.kind.rule,
            value=self._together(op.outs),
            bar=self._together([self.bars.get(out) for out in op.outs]),
            active=any(self.swept.activity.is_active(out) for out in op.outs),
            is_result=self.result in op.outs,
            location=op.loc,
            inside=tuple(_body_lines(op, self.as_it_is))
            if control and isinstance(shown, Name)
            else (),
        )

    def _expression(self, op: Op) -> Expr:
        if op.prim is IF and all(len(region.ops) <= 2 for region in op.regions):
            arms = [self.as_it_is.value(region.yields[0]) for region in op.regions]
            if len(op.outs) == 1:
                return choice(self.as_it_is.value(op.args[0]), *arms)
        if op.prim.kind is Kind.CONTROL:
            return Name(_head(op, self.as_it_is))
        return self.as_it_is.op(op)

    def _operands(self, op: Op) -> tuple[str, ...]:
        """Keys of the nodes that an op reads, through what is not shown."""
        found: dict[str, None] = {}
        pending = list(used_by(op))
        if op.prim.kind is not Kind.CONTROL:  # sizes and indices are in its expression
            pending = [value for value in pending if value.type.dtype is not DType.INT]
        hidden = {out: each for each in self.function.ops for out in each.outs}
        while pending:
            value = pending.pop(0)
            if value in self.keys:
                found.setdefault(self.keys[value])
            elif value in hidden:
                pending[:0] = used_by(hidden[value])
        return tuple(found)

    def _number(self, value: Value | None) -> Any:
        if value is None or self.numbers is None:
            return None
        return self.numbers[value]

    def _together(self, values: Sequence[Value | None]) -> Any:
        numbers = tuple(self._number(value) for value in values)
        if len(numbers) == 1:
            return numbers[0]
        return None if all(number is None for number in numbers) else numbers

    # -- steps ------------------------------------------------------------------------------

    def steps(self) -> tuple[Step, ...]:
        """The backward pass."""
        visible = set(self.shown)
        return tuple(self._step(each) for each in self.swept.ops if each.op in visible)

    def _step(self, swept: SweptOp) -> Step:
        op = swept.op
        return Step(
            node=self.keys[op.outs[0]],
            rule=op.prim.kind.rule,
            shares=tuple(self._share(swept, addition) for addition in swept.additions),
            constants=tuple(dict.fromkeys(self._constants(op))),
        )

    def _share(self, swept: SweptOp, addition: Addition) -> Share:
        local = local_value = product = None
        if addition.local is not None:
            local = self.writer.value(addition.local)
            if swept.op.out.type.is_scalar and self.numbers is not None:
                local_value = float(self.numbers[addition.local])
        elif addition.added is not None:
            product = self._product(swept, addition.added)
        operand = self.resolved(addition.operand)
        return Share(
            operand=self.names[operand],
            key=self.keys[operand],
            local=local,
            local_value=local_value,
            product=product,
            value=self._added(addition),
        )

    def _product(self, swept: SweptOp, added: Value) -> Expr:
        """The contribution as an expression of the incoming cotangent."""
        leaves: dict[Value, Expr] = {value: Name(name) for value, name in self.names.items()}
        for out, bar in zip(swept.op.outs, swept.incoming, strict=True):
            if bar is not None:
                leaves[bar] = Name(self.names.get(out, out.name), bar=True)
        return Writer(leaves, defining_ops(self.swept.function.body)).value(added)

    def _added(self, addition: Addition) -> Any:
        if self.numbers is None:
            return None
        if addition.added is not None:
            return self.numbers[addition.added]
        after = self.numbers[addition.after]
        return after if addition.before is None else after - self.numbers[addition.before]

    def _constants(self, op: Op) -> list[Expr]:
        """Operands that are terms of their own and get nothing back."""
        if op.prim.kind is Kind.CONTROL:
            return []
        found: list[Expr] = []
        for value in op.args:
            if value.type.is_float and not self.swept.activity.is_active(value):
                is_term = op.prim.name in ("add", "sub") or value in self.names
                if is_term:
                    found.append(self.writer.value(value))
        return found

    # -- gradient ---------------------------------------------------------------------------

    def partials(self, wrt: Sequence[int], closed: Sequence[Expr | None]) -> tuple[Partial, ...]:
        """The components of the gradient."""
        params = [self.function.params[index] for index in wrt]
        return tuple(
            Partial(self.names[param], self.keys[param], form, self._number(bar))
            for param, bar, form in zip(params, self.swept.gradient, closed, strict=True)
        )


def _head(op: Op, writer: Writer) -> str:
    """One line about a loop or branch."""
    if op.prim is FOR:
        start, stop, step = (to_text(writer.value(arg), ascii_only=True) for arg in op.args[:3])
        bounds = [stop] if start == "0" and step == "1" else [start, stop]
        bounds += [step] if step != "1" else []
        return f"for {op.regions[0].params[0].name} in range({', '.join(bounds)})"
    if op.prim is IF:
        return f"if {to_text(writer.value(op.args[0]), ascii_only=True)}"
    return "while"


def _body_lines(op: Op, outer: Writer) -> list[str]:
    """What is in a loop or branch, as the user would write it, with the rule of each line."""
    lines: list[str] = []
    for index, region in enumerate(op.regions):
        if op.prim is IF and index == 1:
            lines.append("else")
        targets = op.outs if op.prim is IF else region.params[len(region.params) - len(op.outs) :]
        if len(region.yields) == len(op.outs):
            lines += _region_lines(region, targets, outer)
    return lines


def _region_lines(region: Region, targets: Sequence[Value], outer: Writer) -> list[str]:
    counts = use_counts(region)
    ops = defining_ops(region)
    leaves: dict[Value, Expr] = {param: Name(param.name) for param in region.params}
    for value, op in ops.items():
        if op.prim is CONST:
            leaves[value] = constant(op)
        elif value.named or counts.get(value, 0) > 1 or len(op.outs) != 1 or op.regions:
            leaves[value] = Name(value.name)
    writer = outer.within(leaves, ops)
    lines: list[str] = []
    for op in region.ops:
        if op.prim.kind is Kind.CONTROL:
            lines.append(_head(op, writer))
            lines += [f"  {line}" for line in _body_lines(op, writer)]
        elif op.outs[0] in leaves and op.prim is not CONST:
            lines.append(_line(", ".join(out.name for out in op.outs), writer.op(op), op))
    for target, value in zip(targets, region.yields, strict=True):
        if value not in leaves and value in ops:
            lines.append(_line(target.name, writer.value(value), ops[value]))
    return lines


def _line(name: str, expression: Expr, op: Op) -> str:
    return f"{name} = {to_text(expression, ascii_only=True)}  ({op.prim.kind.rule})"
