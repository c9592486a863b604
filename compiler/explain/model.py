"""What a derivation consists of: nodes, the steps of the backward pass, and the gradient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gradc.errors import Location
from gradc.explain.notation import Expr

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
