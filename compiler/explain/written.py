"""From IR to notation: how each primitive is written in an explanation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gradc.explain.notation import (
    Call,
    Element,
    Expr,
    Infix,
    Literal,
    Name,
    Transposed,
    choice,
    less,
    minus,
    over,
    plus,
    power,
    times,
    to_text,
)
from gradc.ir.builder import CONST
from gradc.ir.control import IF
from gradc.ir.core import Kind, Op, Params, Value
from gradc.prims.index import ALL, AT, split_operands

_COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
_INFIX = {**_COMPARISONS, "land": "and", "lor": "or", "matmul": "@", "floordiv": "//", "mod": "%"}
_RENAMED = {"maximum": "max", "minimum": "min", "rint": "round", "lnot": "not"}
# Ops that change the type or the book-keeping of a value and not the value.
_SAME = frozenset({"again", "cast", "copy", "expect"})
_OPERATORS: dict[str, tuple[Callable[[Expr, Expr], Expr], str | None]] = {
    "add": (plus, "+"),
    "sub": (less, "-"),
    "mul": (times, "*"),
    "div": (over, None),
    "pow": (power, None),
}


Writing = Callable[["Writer", Sequence[Value], Params], Expr]


class Writer:
    """Writes values as expressions of leaves.

    Parameters
    ----------
    leaves : mapping
        What is written by name, or otherwise as given.
    ops : mapping
        The op of each other value; it is written out.
    tidy : bool
        Leave out factors of one and the like; else each op is written as it is.
    """

    def __init__(
        self, leaves: Mapping[Value, Expr], ops: Mapping[Value, Op], tidy: bool = True
    ) -> None:
        self._leaves = leaves
        self._ops = ops
        self._tidy = tidy

    def within(self, leaves: Mapping[Value, Expr], ops: Mapping[Value, Op]) -> Writer:
        """Return a writer for a region inside, which sees the values around it."""
        return Writer({**self._leaves, **leaves}, {**self._ops, **ops}, self._tidy)

    def value(self, value: Value) -> Expr:
        """Write a value."""
        if value in self._leaves:
            return self._leaves[value]
        op = self._ops.get(value)
        if op is None:
            return Name(str(value.size) if isinstance(value.size, str) else value.name)
        if op.prim is IF:
            arms = [region.yields[op.outs.index(value)] for region in op.regions]
            return choice(*(self.value(part) for part in (op.args[0], *arms)))
        if len(op.outs) != 1 or op.prim.kind is Kind.CONTROL:
            return Name(value.name)
        return self.op(op)

    def op(self, op: Op) -> Expr:
        """Write what an op computes."""
        if op.prim is CONST:
            return constant(op)
        name = op.prim.name
        if name in _SAME:
            return self.value(op.args[0])
        if name == "dim":
            return Call("size", (self.value(op.args[0]),), f"axis {op.params['axis']}")
        special = _SPECIAL.get(name)
        if special is not None:
            return special(self, op.args, op.params)
        args = [self.value(arg) for arg in op.args]
        if name in _OPERATORS:
            plain, symbol = _OPERATORS[name]
            return plain(*args) if self._tidy or symbol is None else Infix(symbol, *args)
        if name in _INFIX:
            return Infix(_INFIX[name], *args)
        return Call(_RENAMED.get(name, name), tuple(args))

    def index(self, params: Params, operands: Sequence[Value]) -> tuple[str, ...]:
        """Write a basic index, item by item."""
        items = []
        for item, own in split_operands(params["spec"], operands):
            if item == ALL:
                items.append(":")
                continue
            texts = [to_text(self.value(value), ascii_only=True) for value in own]
            items.append(texts[0] if item == AT else _slice_text(*texts))
        return tuple(items)


def constant(op: Op) -> Expr:
    """Write a literal constant; pi and e by their names."""
    if op.out.name in ("pi", "e") and not op.out.named and op.out.type.is_float:
        return Name(op.out.name)
    return Literal(float(op.params["value"]))


def _slice_text(start: str, size: str, step: str) -> str:
    if step == "1":
        stop = str(int(start) + int(size)) if _both_digits(start, size) else f"{start} + {size}"
        return f"{start}:{stop}" if start != "0" else f":{stop}"
    return f"{size} from {start} by {step}"


def _both_digits(*texts: str) -> bool:
    return all(text.isdigit() for text in texts)


def _axes(params: Params) -> str:
    axes = params["axes"]
    return f"ax{'i' if len(axes) == 1 else 'e'}s {', '.join(map(str, axes))}"


def _reduced(name: str) -> Writing:
    def write(writer: Writer, args: Sequence[Value], params: Params) -> Expr:
        whole = len(params["axes"]) == args[0].type.rank
        return Call(name, (writer.value(args[0]),), "" if whole else _axes(params))

    return write


def _broadcast(writer: Writer, args: Sequence[Value], params: Params) -> Expr:
    inner = writer.value(args[0])
    return inner if isinstance(inner, Literal) else Call("broadcast", (inner,))


def _transpose(writer: Writer, args: Sequence[Value], params: Params) -> Expr:
    inner = writer.value(args[0])
    if params["perm"] == (1, 0):
        return Transposed(inner)
    return Call("transpose", (inner,), f"axes {params['perm']}")


def _get(writer: Writer, args: Sequence[Value], params: Params) -> Expr:
    return Element(writer.value(args[0]), writer.index(params, args[1:]))


def _update(writer: Writer, args: Sequence[Value], params: Params, adds: bool) -> Expr:
    index = writer.index(params, args[2:])
    return Element(writer.value(args[0]), index, writer.value(args[1]), adds)


def _first(name: str) -> Writing:
    return lambda writer, args, params: Call(name, (writer.value(args[0]),))


def _created(fill: str) -> Writing:
    return lambda writer, args, params: Call(fill, tuple(writer.value(arg) for arg in args))


def _labelled(writer: Writer, args: Sequence[Value]) -> str:
    return to_text(writer.value(args[-1]))


_SPECIAL: dict[str, Writing] = {
    "neg": lambda writer, args, params: minus(writer.value(args[0])),
    "ipow": lambda writer, args, params: power(writer.value(args[0]), Literal(float(params["n"]))),
    "select": lambda writer, args, params: choice(*(writer.value(arg) for arg in args)),
    "broadcast": _broadcast,
    "transpose": _transpose,
    "reshape": _first("reshape"),
    "sum": _reduced("sum"),
    "max": _reduced("max"),
    "min": _reduced("min"),
    "get": _get,
    "put": lambda writer, args, params: _update(writer, args, params, adds=False),
    "add_at": lambda writer, args, params: _update(writer, args, params, adds=True),
    "pick": lambda writer, args, params: Element(writer.value(args[0]), (_labelled(writer, args),)),
    "pick_add": lambda writer, args, params: Element(
        writer.value(args[0]), (_labelled(writer, args),), writer.value(args[1]), adds=True
    ),
    "zeros": _created("zeros"),
    "empty": _created("empty"),
}
