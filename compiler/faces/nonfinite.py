"""Where the first infinity or NaN comes from: the program is run op by op and watched.

An op is suspected if it makes an infinity or NaN out of finite operands. Not every such number
does harm (a branch of ``np.where`` that is not taken may overflow), so each suspect is tried: the
program runs once more with the others repaired, and the first one that still spoils the result is
reported.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradc.errors import Diagnostic, NonFiniteError
from gradc.faces.containers import flatten
from gradc.faces.functions import Differentiated
from gradc.ir.builder import CONST
from gradc.ir.control import FOR
from gradc.ir.core import Function, Op, Region, Role, Value
from gradc.ir.walk import defining_ops
from gradc.passes.routines import without_calls
from gradc.prims.evaluate import evaluate

# How many suspects are tried, in the order in which they arise.
SUSPECTS = 20
REPAIRED = 1.0
# What is made by these has undefined contents at first, which nothing reads.
_UNDEFINED = frozenset({"empty", "tape", "grow"})


def is_finite(results: Any) -> bool:
    """Whether all floats in a tree of results are finite."""
    leaves, _ = flatten(results)
    # a sparse matrix is finite where its entries are
    values = [getattr(leaf, "data", leaf) if hasattr(leaf, "nnz") else leaf for leaf in leaves]
    return all(_finite(np.asarray(value)) for value in values if _is_number(value))


def _is_number(leaf: Any) -> bool:
    return isinstance(leaf, float | np.ndarray | np.generic)


def _finite(array: Any) -> bool:
    return not np.issubdtype(array.dtype, np.floating) or bool(np.all(np.isfinite(array)))


def explain_nonfinite(
    transform: Differentiated, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> NonFiniteError:
    """Find out why a derivative is not finite at these arguments.

    Returns
    -------
    NonFiniteError
        To be raised.
    """
    program, function, prepared = transform.watched(args, kwargs)
    function = without_calls(function)
    if len(prepared) != len(function.params):
        return NonFiniteError(
            Diagnostic(program.where, "the result is not finite", "debug grad(f) of the function")
        )
    for param, value in zip(function.params, prepared, strict=True):
        array = np.asarray(value)
        if not _finite(array):
            return NonFiniteError(
                Diagnostic(
                    program.where, f"argument {param.name!r} holds {_first_bad(array)} already"
                )
            )
    suspects = _Watch(function)
    suspects.run(prepared)
    for suspect in list(suspects.found)[:SUSPECTS]:
        watch = _Watch(function, spared=suspect)
        if watch.run(prepared):
            return watch.error(suspect)
    first = next(iter(suspects.found), None)
    if first is None:
        return NonFiniteError(
            Diagnostic(program.where, "the result is not finite in the compiled kernel only")
        )
    return suspects.error(first)


def _first_bad(array: Any) -> str:
    place = _place(array)
    value = array[place]
    return f"{value} at index {', '.join(map(str, place))}" if array.ndim else str(value)


def _place(array: Any) -> tuple[int, ...]:
    """The index of the first element that is not finite."""
    return tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])


@dataclass
class _Watch:
    """Runs a function and notes the ops that make what is not finite out of what is.

    Attributes
    ----------
    spared : Op or None
        Where given, what any other op makes is repaired.
    found : dict of Op to list of lines
        For each op what is to be said of its first time.
    """

    function: Function
    spared: Op | None = None
    found: dict[Op, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.makers = defining_ops(self.function.body)
        self.loops: dict[Op, tuple[Value, ...]] = {}
        self._note_loops(self.function.body, ())

    def _note_loops(self, region: Region, indices: tuple[Value, ...]) -> None:
        for op in region.ops:
            self.loops[op] = indices
            own = op.regions[0].params[:1] if op.prim is FOR else ()
            for inner in op.regions:
                self._note_loops(inner, (*indices, *own))

    def run(self, prepared: Sequence[Any]) -> bool:
        """Whether a result is not finite."""
        results = evaluate(self.function, prepared, self.see)
        return not all(_finite(np.asarray(result)) for result in results)

    def see(self, op: Op, values: dict[Value, Any]) -> None:
        if op.prim.name in _UNDEFINED:
            return
        for out in op.outs:
            array = np.asarray(values[out])
            if _finite(array) or not all(_finite(np.asarray(values[arg])) for arg in op.args):
                continue
            if op not in self.found:
                self.found[op] = self.lines(op, array, values)
            if self.spared is not None and op is not self.spared:
                values[out] = np.where(np.isfinite(array), array, REPAIRED).astype(array.dtype)[()]

    def lines(self, op: Op, array: Any, values: Mapping[Value, Any]) -> list[str]:
        """What the op computes, and its operands at the element that is not finite."""
        place = _place(array)
        known = [
            f"{self.name(arg)} = {self.element(values[arg], array.shape, place)}"
            for arg in dict.fromkeys(op.args)
            if not self.is_constant(arg)
        ]
        known += [f"{index.name} = {int(values[index])}" for index in self.loops[op]]
        where = f" at index {', '.join(map(str, place))}" if place else ""
        return [f"{self.text(op)} is {array[place]}{where}", ", ".join(known)]

    def is_constant(self, value: Value) -> bool:
        maker = self.makers.get(value)
        return maker is not None and maker.prim is CONST

    def element(self, value: Any, shape: tuple[int, ...], place: tuple[int, ...]) -> str:
        array = np.asarray(value)
        if array.shape == shape:
            return repr(array[place].item())
        if array.ndim == 0:
            return repr(array.item())
        return f"an array of shape {array.shape}"

    def text(self, op: Op) -> str:
        """The op as a person would write it."""
        names = [self.name(arg) for arg in op.args]
        template = op.prim.texts.scalar
        if template:
            operands = names if template.endswith(")") else map(_in_brackets, names)
            made = template.format(*operands, **op.params)
            return made.replace("np.", "").replace("math.", "")
        return f"{op.prim.name.rstrip('_')}({', '.join(names)})"

    def name(self, value: Value) -> str:
        """What the user wrote for a value; for one of the adjoint, how it is computed."""
        maker = self.makers.get(value)
        if value.named or maker is None:
            return value.name
        if maker.prim is CONST:
            return repr(maker.params["value"])
        loc = maker.loc
        if maker.role is Role.PRIMAL:
            written = loc.source_line[loc.col - 1 : loc.end_col - 1] if loc.end_col else ""
            return written or value.name
        return self.text(maker) if maker.prim.texts.scalar else value.name

    def error(self, op: Op) -> NonFiniteError:
        """What is known of one suspect."""
        what, known = self.found[op]
        if op.role is not Role.PRIMAL:
            what = f"the derivative of this line is not finite: {what}"
        return NonFiniteError(Diagnostic(op.loc, f"{what}, with {known}" if known else what))


def _in_brackets(text: str) -> str:
    """An operand, in brackets where it is more than a name, a number, a call or an element."""
    if text.isidentifier() or text.replace(".", "", 1).isdigit():
        return text
    head = re.match(r"[\w.]+[(\[]", text)
    return text if head is not None and _closes_last(text[head.end() - 1 :]) else f"({text})"


def _closes_last(text: str) -> bool:
    """Whether the bracket that a text opens with is closed by its last letter."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if depth == 0:
            return place == len(text) - 1
    return False
