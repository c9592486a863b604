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

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gradc.ir.core import Value
from gradc.ir.types import Dim
from gradc.passes.loop_nodes import Base, Form, Node, Ref, is_array, same_entries
from gradc.prims.index import ADD_AT
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
        self.uses: dict[Node, int] = {}

    def run(self, nodes: Sequence[Node]) -> Schedule:
        for node in nodes:
            for ref in node.refs():
                if isinstance(ref.base, Node):
                    self.uses[ref.base] = self.uses.get(ref.base, 0) + 1
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
            if self.made.is_loop(place):
                together = is_aligned(ref, node) or self.adds_on(ref, node)
            else:
                together = not node.shape
            earliest = max(earliest, place if together else place + 1)
        makers = (self.sizes.get(dim) for dim in node.shape if isinstance(dim, str))
        # what is not among these nodes was emitted before the region around them
        before = [other for other in (*node.after, *makers) if other in self.made.home]
        places = [self.made.home[other] + bool(node.shape) for other in before]
        return max([earliest, *places])

    def adds_on(self, ref: Ref, node: Node) -> bool:
        """Whether a node adds to what another one adds to, and nobody reads what is between."""
        before = ref.base
        if ref is not node.updates or not isinstance(before, Node) or self.uses[before] > 1:
            return False
        return node.prim is ADD_AT is before.prim and bool(node.shape)

    def after_readers(self, node: Node) -> int:
        """The first group in which the old versions of what a node updates are not needed."""
        earliest = 0
        for old in _updates(node):
            self.made.updated.add(self.made.root(old.base))
            for version in _versions(old.base):
                for reader, ref in self.readers.get(self.made.root(version), ()):
                    if _add_to_one_cell(reader, node) or _adds_before(reader, ref, node):
                        continue
                    place = self.made.home[reader]
                    same = self.made.groups[place].dim == (node.shape[0] if node.shape else None)
                    if node.shape:
                        same = same and ref.base is version
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


def _versions(base: Base) -> Iterator[Base]:
    """An array and what it was before its updates: they are in one place in memory."""
    yield base
    while isinstance(base, Node) and base.form is Form.STORE and base.updates is not None:
        base = base.updates.base
        yield base


def _updates(node: Node) -> list[Ref]:
    """The arrays whose next versions a node makes."""
    if node.updates is not None:
        return [node.updates]
    if node.form is Form.STORE and node.target is not None:
        return [Ref(node.target.cell, node.target.entries, node.shape)]
    if node.form is Form.SINGLE and node.op.regions:
        return [ref for ref in node.inputs if is_array(ref.base)]
    return []


def _add_to_one_cell(left: Node, right: Node) -> bool:
    """Whether two nodes only add to elements of one array: their order does not matter."""
    if left.form is not Form.STORE or left.target is None or right.target is None:
        return False
    same = left.target.cell is right.target.cell
    return same and left.prim is ADD_AT and right.prim is ADD_AT


def _adds_before(reader: Node, ref: Ref, node: Node) -> bool:
    """Whether a node reads an array only to add to it, as another does: in any order."""
    return ref is reader.updates and reader.prim is ADD_AT is node.prim


def schedule(
    nodes: Sequence[Node],
    makers: Mapping[Value, Node] | None = None,
    sizes: Mapping[str, Node] | None = None,
) -> Schedule:
    """Put nodes into groups.

    Parameters
    ----------
    nodes : sequence of Node
        In an order in which they can be computed.
    makers : mapping of Value to Node, optional
        The single ops that make values.
    sizes : mapping of str to Node, optional
        The nodes that make the integers that sizes are.
    """
    return _Scheduler(makers or {}, sizes or {}).run(nodes)


@dataclass(slots=True)
class Plan:
    """What is computed in each group (a cheap map may be in several), and what is stored.

    Attributes
    ----------
    groups : list of Group
    arrays : set of Node
        The nodes whose results become arrays.
    places : dict
        The groups in which a node is computed.
    uses : dict
        Who refers to a node, a value or a cell, and how.
    """

    groups: list[Group]
    arrays: set[Node]
    places: dict[Node, set[int]]
    uses: dict[Base, list[tuple[Node, Ref]]]


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
    return _Planner(made, nodes, set(wanted)).run()


class _Planner:
    def __init__(self, made: Schedule, nodes: Sequence[Node], wanted: set[Node]) -> None:
        self.made = made
        self.nodes = nodes
        self.wanted = wanted
        self.costs: dict[Node, int] = {}
        self.uses: dict[Base, list[tuple[Node, Ref]]] = {}
        self.places: dict[Node, set[int]] = {}
        self.arrays: set[Node] = set()
        for node in nodes:
            for ref in node.refs():
                self.uses.setdefault(ref.base, []).append((node, ref))

    def run(self) -> Plan:
        """Decide until it settles: what is made of a stored array is cheap to compute again."""
        count = None
        while count is None or len(self.arrays) < count:
            count = len(self.arrays) if count is not None else len(self.nodes) + 1
            for node in self.nodes:
                self.costs[node] = self.cost(node)
            self.decide()
        groups = [Group(group.dim) for group in self.made.groups]
        for node in self.nodes:
            for place in sorted(self.places[node]):
                groups[place].nodes.append(node)
        return Plan(groups, self.arrays, self.places, self.uses)

    def cost(self, node: Node) -> int:
        """The cost of one element of a map, with all maps that it is made of."""
        own = node.prim.cost if node.prim is not None else 0
        bases = {ref.base for ref in node.inputs} - self.arrays
        return own + sum(self.costs.get(b, 0) for b in bases if isinstance(b, Node) and b.shape)

    def decide(self) -> None:
        self.places, self.arrays = {}, set()
        for node in reversed(self.nodes):
            home = self.made.home[node]
            users = self.uses.get(node, ())
            places = {place for user, _ in users for place in self.places[user]}
            if node.has_effect or node in self.wanted:
                self.places[node] = {home}
            elif node.form is Form.MAP and node.shape and self.again(node, places):
                self.places[node] = places
                continue
            else:
                self.places[node] = {home} if places else set()
            elsewhere = not places <= {home}
            if node.form is Form.STORE or not node.out_shape:
                continue
            if node in self.wanted or elsewhere:
                self.arrays.add(node)

    def again(self, node: Node, places: set[int]) -> bool:
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
            if self.places[user]
        )
