"""Which nodes share a loop, and which results become arrays.

Nodes are put into groups in the order of the program. A group is a loop over one size; a node
joins the first loop over the size of its own first axis that comes after everything it depends
on, or is the one in which that is computed, if element ``i`` depends on element ``i`` alone.
Between the loops lie groups of scalar computations and of ops that are kept as they are.

Example: of ``e = exp(x); s = sum(e); y = e / s`` the first two share a loop; ``y`` needs all of
``s`` and gets the next one. ``e`` is needed in both, and becomes an array: ``exp`` costs more
than a store and a load. Had it been ``x + 1``, it would be computed twice.

What a store overwrites is read before: a node that reads an array comes before the one that
makes the array's next version, or reads exactly the element that is overwritten in the same
iteration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gradc.ir.core import Value
from gradc.ir.types import Dim
from gradc.passes.loop_nodes import Base, Form, Node, Ref, is_array, same_entries
from gradc.prims.loops import GROW
from gradc.prims.shape import EXPECT, RESHAPE

# A map whose whole expression costs at most this much is computed again rather than stored.
RECOMPUTE_LIMIT = 4
_ALIASING = frozenset({EXPECT, RESHAPE, GROW})


@dataclass(eq=False, slots=True)
class Group:
    """Nodes of one loop over a size, or (size None) outside of loops."""

    dim: Dim | None
    nodes: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Schedule:
    """Groups in order, and the group that each node is at home in."""

    groups: list[Group] = field(default_factory=lambda: [Group(None)])
    home: dict[Node, int] = field(default_factory=dict)
    updated: set[Base] = field(default_factory=set)
    aliases: dict[Base, Base] = field(default_factory=dict)

    def root(self, base: Base) -> Base:
        """The array that an array lies in."""
        while base in self.aliases:
            base = self.aliases[base]
        return base

    def is_loop(self, place: int) -> bool:
        """Whether a group is a loop."""
        return self.groups[place].dim is not None


def depends_on(ref: Ref, makers: Mapping[Value, Node]) -> Node | None:
    """The node that makes the base of a reference, if one does."""
    if isinstance(ref.base, Node):
        return ref.base
    return makers.get(ref.base) if isinstance(ref.base, Value) else None


def is_aligned(ref: Ref, consumer: Node) -> bool:
    """Whether element ``i`` of the consumer needs what its base has at ``i``, and no more."""
    base = ref.base
    if not isinstance(base, Node) or base.form in (Form.STORE, Form.SINGLE):
        return False
    if ref is consumer.updates:
        return False
    if not consumer.shape or not base.out_shape or 0 in base.axes or not ref.shape:
        return False
    first, *rest = ref.entries
    return first.is_plain and first.axis == 0 and all(entry.axis != 0 for entry in rest)


class _Scheduler:
    def __init__(self, makers: Mapping[Value, Node], sizes: Mapping[str, Node]) -> None:
        self.makers = makers
        self.sizes = sizes
        self.made = Schedule()
        self.readers: dict[Base, list[tuple[Node, Ref]]] = {}
        self.last_single = 0

    def run(self, nodes: Iterable[Node]) -> Schedule:
        for node in nodes:
            self.put(node)
        return self.made

    def put(self, node: Node) -> None:
        earliest = self.after_operands(node)
        earliest = max(earliest, self.after_readers(node))
        if node.form is Form.SINGLE:
            earliest = max(earliest, self.last_single)
        place = self.place(node.shape[0] if node.shape else None, earliest)
        if node.form is Form.SINGLE:
            self.last_single = place
            self.note_alias(node)
        self.made.groups[place].nodes.append(node)
        self.made.home[node] = place
        for ref in node.refs():
            if is_array(ref.base):
                self.readers.setdefault(self.made.root(ref.base), []).append((node, ref))

    def after_operands(self, node: Node) -> int:
        """The first group in which everything that a node needs is there."""
        earliest = 0
        for ref in node.refs():
            needed = depends_on(ref, self.makers)
            if needed is None or needed not in self.made.home:
                continue
            place = self.made.home[needed]
            together = is_aligned(ref, node) if self.made.is_loop(place) else not node.shape
            earliest = max(earliest, place if together else place + 1)
        makers = (self.sizes.get(dim) for dim in node.shape if isinstance(dim, str))
        before = [*node.after, *(maker for maker in makers if maker in self.made.home)]
        places = [self.made.home[other] + bool(node.shape) for other in before]
        return max([earliest, *places])

    def after_readers(self, node: Node) -> int:
        """The first group in which the old versions of what a node updates are not needed."""
        earliest = 0
        for old in _updates(node):
            self.made.updated.add(self.made.root(old.base))
            for reader, ref in self.readers.get(self.made.root(old.base), ()):
                place = self.made.home[reader]
                same = self.made.groups[place].dim == (node.shape[0] if node.shape else None)
                if node.shape:
                    same = same and ref.base is old.base
                    same = same and same_entries(ref.entries, old.entries)
                earliest = max(earliest, place if same else place + 1)
        return earliest

    def place(self, dim: Dim | None, earliest: int) -> int:
        """The first group over a size from `earliest` on; a new one where there is none."""
        groups = self.made.groups
        for place in range(earliest, len(groups)):
            if groups[place].dim == dim and (dim is None) is (groups[place].dim is None):
                return place
        groups += [Group(dim), Group(None)]
        return len(groups) - 2

    def note_alias(self, node: Node) -> None:
        if node.op.prim in _ALIASING:
            self.made.aliases[node.op.out] = self.made.root(node.inputs[0].base)


def _updates(node: Node) -> list[Ref]:
    """The arrays whose next versions a node makes."""
    if node.updates is not None:
        return [node.updates]
    if node.form is Form.STORE and node.target is not None:
        return [Ref(node.target.cell, node.target.entries, node.shape)]
    if node.form is Form.SINGLE and node.op.regions:
        return [ref for ref in node.inputs if is_array(ref.base)]
    return []


def schedule(
    nodes: Iterable[Node],
    makers: Mapping[Value, Node] | None = None,
    sizes: Mapping[str, Node] | None = None,
) -> Schedule:
    """Put nodes into groups.

    Parameters
    ----------
    nodes : iterable of Node
        In an order in which they can be computed.
    makers : mapping of Value to Node, optional
        The single ops that make values.
    sizes : mapping of str to Node, optional
        The nodes that make the integers that sizes are.
    """
    return _Scheduler(makers or {}, sizes or {}).run(nodes)


@dataclass(slots=True)
class Plan:
    """What is computed in each group (a cheap map may be in several), and what is stored."""

    groups: list[Group]
    arrays: set[Node]


def plan(made: Schedule, nodes: Sequence[Node], wanted: Iterable[Node]) -> Plan:
    """Decide between storing and computing again.

    Parameters
    ----------
    made : Schedule
    nodes : sequence of Node
        Those of the schedule, in order.
    wanted : iterable of Node
        Nodes whose results are needed as they are afterwards.
    """
    planner = _Planner(made, nodes)
    return planner.run(set(wanted))


class _Planner:
    def __init__(self, made: Schedule, nodes: Sequence[Node]) -> None:
        self.made = made
        self.nodes = nodes
        self.costs: dict[Node, int] = {}
        self.uses: dict[Node, list[tuple[Node, Ref]]] = {}
        for node in nodes:
            self.costs[node] = self.cost(node)
            for ref in node.refs():
                if isinstance(ref.base, Node):
                    self.uses.setdefault(ref.base, []).append((node, ref))

    def cost(self, node: Node) -> int:
        """The cost of one element of a map, with all maps that it is made of."""
        own = node.prim.cost if node.prim is not None else 0
        bases = {ref.base for ref in node.inputs}
        return own + sum(self.costs.get(b, 0) for b in bases if isinstance(b, Node) and b.shape)

    def run(self, wanted: set[Node]) -> Plan:
        computed: dict[Node, set[int]] = {}
        arrays: set[Node] = set()
        for node in reversed(self.nodes):
            home = self.made.home[node]
            places = {place for user, _ in self.uses.get(node, ()) for place in computed[user]}
            if node.has_effect or node in wanted:
                computed[node] = {home}
            elif node.form is Form.MAP and node.shape and self.again(node, places, computed):
                computed[node] = places
                continue
            else:
                computed[node] = {home} if places else set()
            elsewhere = not places <= {home}
            if node.form is not Form.STORE and node.out_shape and (node in wanted or elsewhere):
                arrays.add(node)
        groups = [Group(group.dim) for group in self.made.groups]
        for node in self.nodes:
            for place in sorted(computed[node]):
                groups[place].nodes.append(node)
        return Plan(groups, arrays)

    def again(self, node: Node, places: set[int], computed: Mapping[Node, set[int]]) -> bool:
        """Whether a map is computed wherever it is used."""
        if places <= {self.made.home[node]}:
            return True
        if self.costs[node] > RECOMPUTE_LIMIT:
            return False
        if any(self.made.root(ref.base) in self.made.updated for ref in node.refs()):
            return False
        return all(
            is_aligned(ref, user) and user.shape[0] == node.shape[0]
            for user, ref in self.uses[node]
            if computed[user]
        )
