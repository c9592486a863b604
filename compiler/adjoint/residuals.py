"""Residuals: how the reverse sweep of a region gets the primal values that it needs.

For each needed value the first of these that holds: it is still there (defined outside the
region), it is recomputed, or it is recorded while the region runs forwards. What to record is a
minimum cut between what cannot be recomputed (the values that a loop carries) and what is
needed: a value costs the size of its recording, and an op that is computed again its arithmetic,
loops in it included; among equal cuts the one nearest to the needed values is taken, which leaves
the least to recompute (Griewank and Walther, 2008, "Evaluating Derivatives", chapter 12, for the
trade; the cut as in Kwon et al. and Enzyme). Where the adjoint runs in the same iteration as the
primal, computing again costs nothing: it is the same computation, and is done once.

Example: for ``p = p * x`` in a loop the adjoint needs ``p`` as it was before the product. It is
carried, so it is recorded, one scalar an iteration. For ``s += (x[i] + 1.0)**2`` it needs
``x[i] + 1.0``, which depends on the index alone: recomputed, nothing is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gradc.analysis.flow import maximum_flow_residual
from gradc.errors import InternalError
from gradc.ir.control import IF
from gradc.ir.core import Op, Value
from gradc.ir.types import Dim
from gradc.ir.walk import used_by
from gradc.prims.index import GET, PICK

_NEVER = 10**8
# A store and a load, in arithmetic operations; an axis or a loop of a length not known counts as
# this many elements.
_RECORDING, _AXIS = 8, 100


@dataclass(frozen=True, slots=True)
class Plan:
    """What a region records and what its reverse sweep computes again, in order."""

    recorded: tuple[Value, ...]
    recomputed: tuple[Op, ...]


def recording_cost(value: Value, sizes_known: Callable[[Dim], bool]) -> int:
    """The size of a recording of a value; values of a size unknown beforehand cannot be."""
    if not all(sizes_known(dim) for dim in value.type.shape):
        return _NEVER
    return int(_RECORDING * _AXIS ** min(value.type.rank, 2))


def recomputing_cost(op: Op) -> int:
    """The arithmetic of an op with the ops inside it, as far as it can be told."""
    inside = [_total_cost(region.ops) for region in op.regions]
    if op.prim is IF:
        return max(inside)
    if op.regions:
        return min(_AXIS * sum(inside), _NEVER // 100)
    touched = (*op.args, *op.outs)
    if "spec" in op.params:  # an access costs what is read or written, not what that is part of
        touched = op.outs if op.prim in (GET, PICK) else op.args[1:]
    rank = max((value.type.rank for value in touched), default=0)
    return op.prim.cost * int(_AXIS ** min(rank, 2))


def _total_cost(ops: Sequence[Op]) -> int:
    return sum(map(recomputing_cost, ops))


def plan_residuals(
    ops: Sequence[Op],
    needed: Iterable[Value],
    carried: Iterable[Value],
    sizes_known: Callable[[Dim], bool],
    recompute_limit: int | None = None,
    costs: bool = False,
) -> Plan:
    """Choose between recording and recomputing.

    Parameters
    ----------
    ops : sequence of Op
        The ops of the region as it runs forwards.
    needed : iterable of Value
        Values of the region that its reverse sweep uses.
    carried : iterable of Value
        Parameters that cannot be recomputed.
    sizes_known : callable
        Whether a dimension is known before the region runs.
    recompute_limit : int, optional
        Scalar results of ops that cost more than this are recorded rather than recomputed.
    costs : bool
        Whether computing again costs something.
    """
    makers = {out: op for op in ops for out in op.outs}
    sources = set(carried)
    wanted = [value for value in needed if value in makers or value in sources]
    network = _Network()
    added = _add_slice(network, wanted, makers, sources, sizes_known, recompute_limit)
    if costs:
        for op in added:
            network.add_cost(op, recomputing_cost(op))
    recorded = network.cut()
    recomputed = _recomputed_ops(ops, wanted, makers, set(recorded), sources)
    return Plan(tuple(recorded), recomputed)


def _add_slice(
    network: _Network,
    wanted: Sequence[Value],
    makers: dict[Value, Op],
    sources: set[Value],
    sizes_known: Callable[[Dim], bool],
    recompute_limit: int | None,
) -> set[Op]:
    """Add everything that the wanted values depend on inside the region; return the ops."""
    pending, seen = list(wanted), set(wanted)
    added_ops: set[Op] = set()
    for value in wanted:
        network.require(value)
    while pending:
        value = pending.pop()
        network.add_value(value, recording_cost(value, sizes_known))
        op = makers.get(value)
        if value in sources:
            network.add_source(value)
        if op is None:
            continue
        network.add_result(op, value)
        expensive = recompute_limit is not None and op.prim.cost > recompute_limit
        if (expensive and value.type.is_scalar) or not op.prim.pure:
            network.add_source(value)
        if op in added_ops:
            continue
        added_ops.add(op)
        for arg in used_by(op):
            if arg in makers or arg in sources:
                network.add_operand(arg, op)
                if arg not in seen:
                    seen.add(arg)
                    pending.append(arg)
    return added_ops


def _recomputed_ops(
    ops: Sequence[Op],
    wanted: Sequence[Value],
    makers: dict[Value, Op],
    recorded: set[Value],
    sources: set[Value],
) -> tuple[Op, ...]:
    chosen: set[Op] = set()
    pending = [value for value in wanted if value not in recorded]
    while pending:
        value = pending.pop()
        if value in sources:
            raise InternalError(f"{value.name} is needed and neither recorded nor recomputed")
        op = makers.get(value)
        if op is None or op in chosen:
            continue
        chosen.add(op)
        pending += [
            arg for arg in used_by(op) if arg not in recorded and (arg in makers or arg in sources)
        ]
    return tuple(op for op in ops if op in chosen)


class _Network:
    """A flow network: each value is an edge whose capacity is the cost of recording it."""

    def __init__(self) -> None:
        self.nodes: dict[tuple[str, object], int] = {("source", None): 0, ("sink", None): 1}
        self.edges: dict[tuple[int, int], int] = {}
        self.values: list[Value] = []

    def node(self, side: str, item: object) -> int:
        return self.nodes.setdefault((side, item), len(self.nodes))

    def edge(self, tail: int, head: int, capacity: int) -> None:
        self.edges[tail, head] = min(self.edges.get((tail, head), 0) + capacity, _NEVER)

    def add_value(self, value: Value, cost: int) -> None:
        self.values.append(value)
        self.edge(self.node("in", value), self.node("out", value), cost)

    def add_source(self, value: Value) -> None:
        self.edge(0, self.node("in", value), _NEVER)

    def add_cost(self, op: Op, cost: int) -> None:
        if cost:
            self.edge(0, self.node("op", op), cost)

    def add_result(self, op: Op, value: Value) -> None:
        self.edge(self.node("op", op), self.node("in", value), _NEVER)

    def add_operand(self, value: Value, op: Op) -> None:
        self.edge(self.node("out", value), self.node("op", op), _NEVER)

    def require(self, value: Value) -> None:
        self.edge(self.node("out", value), 1, _NEVER)

    def cut(self) -> list[Value]:
        """Return the values on a minimum cut, the one nearest to the sink."""
        if not any(tail == 0 for tail, _ in self.edges):
            return []
        reaching = self._reaching_sink(maximum_flow_residual(self.edges, 0, 1))
        cut = []
        for value in self.values:
            begin, end = self.node("in", value), self.node("out", value)
            if begin not in reaching and end in reaching:
                if self.edges[begin, end] >= _NEVER:
                    raise InternalError(f"{value.name} is needed and cannot be recorded")
                cut.append(value)
        return cut

    def _reaching_sink(self, left: Mapping[int, Mapping[int, int]]) -> set[int]:
        """The nodes from which the sink can still be reached."""
        into: dict[int, list[int]] = {}
        for tail, neighbours in left.items():
            for head, capacity in neighbours.items():
                if capacity > 0:
                    into.setdefault(head, []).append(tail)
        reached, pending = {1}, [1]
        while pending:
            for tail in into.get(pending.pop(), ()):
                if tail not in reached:
                    reached.add(tail)
                    pending.append(tail)
        return reached
