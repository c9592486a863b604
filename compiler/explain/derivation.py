"""The derivation of a gradient: forward values, then cotangents, rule by rule.

For ``(2*x1 + 3*x2)**2 + 3`` at (1, 3)::

    forward              backward
    v1 = 2*x1       2    v5: linearity rule   dv5/dv4 = 1             1 * 1 = 1
    v2 = 3*x2       9    v4: monomial rule    dv4/dv3 = 2*v3 = 22     1 * 22 = 22
    v3 = v1 + v2   11    v3: linearity rule   dv3/dv1 = 1             22 * 1 = 22
    v4 = v3**2    121                         dv3/dv2 = 1             22 * 1 = 22
    v5 = v4 + 3   124    v2: linearity rule   dv2/dx2 = 3             22 * 3 = 66
                         v1: linearity rule   dv1/dx1 = 2             22 * 2 = 44

The cotangents are those of :mod:`gradc.adjoint`: its sweep runs over the ops one at a time, and
what it adds to the cotangents is written down.
"""

from __future__ import annotations

import linecache
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gradc.errors import Location
from gradc.explain.notation import Expr
from gradc.frontend.scalar_ir import ParsedFormula
from gradc.ir.core import Function

NodeKind = Literal["input", "operation", "control"]


@dataclass(frozen=True, slots=True)
class Node:
    """One value of the computation, or all that a loop or branch hands on.

    Attributes
    ----------
    key : str
        Unique in its derivation.
    name : str
        The user's name, or ``v1``, ``v2`` ... in the order of the computation.
    expression : Expr or None
        What it computes, of other nodes; None for an input.
    operands : tuple of str
        Keys of the nodes that it is computed from.
    rule : str
        Which rule differentiates it; empty for an input.
    value, bar : object or None
        Forward value and cotangent; None without a point, and for the cotangent of what carries
        no derivative. A tuple for a loop or branch of several values.
    active : bool
        Whether it lies between the inputs and the result.
    inside : tuple of str
        For a loop or branch what is in it, line by line.
    """

    key: str
    name: str
    kind: NodeKind
    expression: Expr | None
    operands: tuple[str, ...]
    rule: str
    value: Any
    bar: Any
    active: bool
    is_result: bool
    location: Location
    inside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """What one node passes back to one of its operands.

    Attributes
    ----------
    operand, key : str
        Name and key of the operand.
    local : Expr or None
        The local derivative, where there is one for each element.
    local_value : float or None
        Its value, for scalars at a point.
    product : Expr or None
        Cotangent times derivative as an expression, where `local` is None.
    value : object or None
        What is added to the operand's cotangent.
    """

    operand: str
    key: str
    local: Expr | None
    local_value: float | None
    product: Expr | None
    value: Any


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the backward pass: the node that is left, by which rule, and what it passes on.

    `constants` are the operands that get nothing, by the constant rule.
    """

    node: str
    rule: str
    shares: tuple[Share, ...]
    constants: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Partial:
    """One component of the gradient: in closed form where it is short enough, and its value."""

    name: str
    key: str
    closed_form: Expr | None
    value: Any


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of the user's source."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Derivation:
    """Everything that the renderings show.

    Attributes
    ----------
    name : str
        What the function is called in ``df/dx``.
    formula : Expr or None
        The whole function as one expression, where it is short.
    point : mapping or None
        Values of the inputs.
    nodes : tuple of Node
        Inputs first, then in the order of the computation.
    steps : tuple of Step
        In the order of the backward pass.
    gradient : tuple of Partial
    source : tuple of SourceLine
    program : str
        The generated program; empty where none was asked for.
    traced : bool
        Whether loops and branches were followed at the point.
    """

    name: str
    formula: Expr | None
    point: Mapping[str, Any] | None
    nodes: tuple[Node, ...]
    steps: tuple[Step, ...]
    gradient: tuple[Partial, ...]
    source: tuple[SourceLine, ...]
    program: str
    traced: bool

    def node(self, key: str) -> Node:
        """Return a node by its key."""
        for node in self.nodes:
            if node.key == key:
                return node
        raise KeyError(key)

    def contributions_to(self, key: str) -> tuple[Any, ...]:
        """What all steps add to the cotangent of a node, in their order."""
        shares = (share for step in self.steps for share in step.shares)
        return tuple(share.value for share in shares if share.key == key)

    @property
    def result(self) -> Node:
        """The node that is differentiated."""
        return next(node for node in self.nodes if node.is_result)

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that were used, each once."""
        used = [step.rule for step in self.steps]
        inside = [line for node in self.nodes for line in node.inside]
        used += [rule for rule in RULES if any(f"({rule})" in line for line in inside)]
        if any(step.constants for step in self.steps):
            used.append("constant rule")
        if self.steps:
            used.append("chain rule")  # incoming times local is the chain rule at every step
        return tuple(rule for rule in RULES if rule in used)


#: The four rules, as the legend of every rendering says them.
RULES: Mapping[str, str] = {
    "constant rule": "what does not depend on the variables passes nothing back",
    "linearity rule": "d(a·u + b·v) = a·du + b·dv",
    "monomial rule": "d(uⁿ) = n·uⁿ⁻¹·du",
    "chain rule": "df = df/du·du: incoming times local, added over all uses",
}


def derive(
    parsed: ParsedFormula, point: Sequence[float] | None = None, program: str | None = None
) -> Derivation:
    """Derive the gradient of a formula.

    Parameters
    ----------
    parsed : ParsedFormula
        From :func:`gradc.frontend.formula.parse_formula` or
        :func:`gradc.frontend.sympy_import.from_sympy`.
    point : sequence of float, optional
        A number for each of ``parsed.names``; without it only formulas are shown.
    program : str, optional
        The generated program; made here where it is left out.
    """
    positions = [parsed.names.index(name) for name in parsed.wrt]
    if program is None:
        program = _readable_program(parsed.function, positions)
    return derive_function(parsed.function, positions, point, name="f", program=program)


def _readable_program(function: Function, positions: Sequence[int]) -> str:
    from gradc.driver import Options, compile_function

    options = Options(style="numpy")
    return compile_function(function, "value_and_grad", positions, options).source


def derive_function(
    function: Function,
    wrt: Sequence[int],
    point: Sequence[Any] | None = None,
    *,
    result: int = 0,
    name: str | None = None,
    program: str = "",
) -> Derivation:
    """Derive the gradient of a function of the IR.

    Parameters
    ----------
    function : Function
    wrt : sequence of int
        Positions of the parameters to differentiate with respect to.
    point : sequence, optional
        A value for each parameter, of its type. Loops and branches are followed there unless that
        takes more than :data:`gradc.explain.trace.LONGEST_TRACE` operations.
    result : int
        Position of the scalar result that is differentiated.
    name : str, optional
        The name of the result; that of the function by default.
    program : str
        The generated program, to be shown beside the source.
    """
    from gradc.explain.closed_form import function_expression, gradient_expressions
    from gradc.explain.nodes import NodeTable
    from gradc.explain.sweep import sweep_back
    from gradc.explain.trace import trace

    followed = trace(function, point) if point is not None else None
    shown = followed if followed is not None else function
    swept = sweep_back(shown, wrt, result)
    values = swept.values(point) if point is not None else None
    table = NodeTable(shown, swept, values, result)
    closed = gradient_expressions(function, wrt, result)
    return Derivation(
        name=name or function.name,
        formula=function_expression(function, result),
        point=None if point is None else _named_point(function, point),
        nodes=table.nodes(),
        steps=table.steps(),
        gradient=table.partials(wrt, closed),
        source=source_of(function),
        program=program,
        traced=followed is not None,
    )


def _named_point(function: Function, point: Sequence[Any]) -> dict[str, Any]:
    return {
        param.name: np.asarray(value, param.type.dtype.numpy)[()]
        for param, value in zip(function.params, point, strict=True)
    }


def source_of(function: Function) -> tuple[SourceLine, ...]:
    """The lines of the user's source from the function's first to the last that is used."""
    from gradc.ir.walk import all_ops

    first = function.loc
    if not first.line:
        return ()
    lines = [
        op.loc.line for op in all_ops(function.body) if op.loc.file == first.file and op.loc.line
    ]
    last = max([first.line, *lines])
    if first.text and last == first.line:
        return (SourceLine(first.line, first.text),)
    found = [
        SourceLine(number, linecache.getline(first.file, number).rstrip("\n"))
        for number in range(first.line, last + 1)
    ]
    return tuple(found) if any(line.text for line in found) else ()
