"""Which results may be written over an operand that nobody needs any more.

In ``w = w + g`` in a loop, where `w` is carried and read nowhere else, the new `w` goes where the
old one lies: ``w[i] += g[i]``. Only an array that this region made or carries is taken over, and
only when whoever reads it does so earlier, or in the same iteration at the same element.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gradc.ir.control import FOR, IF, WHILE
from gradc.ir.core import Value
from gradc.passes.fusion import Plan
from gradc.passes.loop_nodes import Base, Form, Node, Ref, is_array, shape_of
from gradc.prims.index import PICK
from gradc.prims.loops import GROW
from gradc.prims.shape import EXPECT, RESHAPE, TRANSPOSE, ZEROS

_ALIASING = frozenset({EXPECT, RESHAPE, GROW, TRANSPOSE, IF, PICK})


@dataclass(slots=True)
class Buffers:
    """Finds operands to write over.

    Attributes
    ----------
    plan : Plan
    makers : mapping of Value to Node
        The single ops of the region that make values.
    owned : frozenset of Value
        Arrays that the region carries.
    pinned : frozenset
        What the region yields.
    """

    plan: Plan
    makers: Mapping[Value, Node]
    owned: frozenset[Value]
    pinned: frozenset[Base]
    taken: set[Base] = field(default_factory=set)

    def take(self, node: Node, place: int, nodes: Sequence[Node]) -> Ref | None:
        """Find an array over which the result of a map can be written, and take it.

        Parameters
        ----------
        node : Node
        place : int
            The number of the group in which it is computed.
        nodes : sequence of Node
            The nodes of that group: what they read may do where no operand does.
        """
        if node.form is not Form.MAP or node.out is None:
            return None
        others = [ref for other in nodes for ref in other.inputs]
        for ref in (*node.inputs, *others):
            if self._fits(ref, node) and self._is_ours(ref.base):
                users = self.plan.uses[ref.base]
                if all(self._is_done(user, use, place) for user, use in users):
                    self.taken.add(ref.base)
                    return ref
        return None

    def _fits(self, ref: Ref, node: Node) -> bool:
        base = ref.base
        if not is_array(base) or not ref.is_identity or base in self.taken or base in self.pinned:
            return False
        assert node.out is not None
        pattern = base.out if isinstance(base, Node) else base
        if pattern is None or pattern.type.dtype is not node.out.type.dtype:
            return False
        return shape_of(base) == node.out_shape

    def _is_ours(self, base: Base) -> bool:
        if isinstance(base, Node):
            return base in self.plan.arrays or base.form is Form.STORE
        if not isinstance(base, Value):
            return False
        maker = self.makers.get(base)
        if maker is not None and maker.op.prim in (FOR, WHILE):
            # with no iteration the result is the initial value
            inits = maker.inputs[-len(maker.op.outs) :]
            return self._is_ours(inits[maker.op.outs.index(base)].base)
        if maker is not None and maker.op.prim is ZEROS:
            return False  # what reads zeros needs no array of them
        return base in self.owned or (maker is not None and maker.op.prim not in _ALIASING)

    def _is_done(self, user: Node, use: Ref, place: int) -> bool:
        """Whether a use of an array is over when the array is written to."""
        if user.form is Form.SINGLE and user.op.prim in _ALIASING:
            return False
        for where in self.plan.places[user]:
            if where > place:
                return False
            same = use.is_identity and use is not user.updates and user.form is not Form.SINGLE
            if where == place and not same:
                return False
        return True
