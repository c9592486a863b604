"""Which array elements, once read in a loop, are not overwritten before the loop ends.

Such an element serves as its own tape: the reverse sweep reads it from the array that the loop
leaves behind. In ``a[i] = f(a[i - 1])`` each element is written once, before it is read, so
nothing has to be recorded; in ``a[i] = a[i] * x`` the element that is read is overwritten at once.

The proof compares the index of the read with that of every write to the array, axis by axis, as
affine forms: on one axis the two must differ in the same iteration (for writes that come later in
it) and for every later iteration.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from gradc.analysis.affine import Affine, AffineForms
from gradc.ir.control import FOR, IF, LOOP_BOUNDS
from gradc.ir.core import Op, Region, Value
from gradc.ir.walk import all_ops, substitute_op, used_by
from gradc.prims.index import ADD_AT, AT, GET, PUT, split_operands

UPDATES = (PUT, ADD_AT)


@dataclass(frozen=True, slots=True)
class Write:
    """An update of the array: at which op of the body, and where in the array."""

    position: int
    index: tuple[tuple[str, tuple[Value, ...]], ...]


@dataclass(slots=True)
class Chain:
    """The versions of one carried array through the body of a loop.

    Attributes
    ----------
    result : Value
        The array that the loop leaves behind.
    versions : dict of Value to int
        Each version, with the position of the op that made it (-1: as the iteration begins).
    writes : list of Write
    """

    result: Value
    versions: dict[Value, int]
    writes: list[Write] = field(default_factory=list)


class StillThere:
    """Answers for one counted loop.

    Parameters
    ----------
    loop : Op
    body : sequence of Op
        Its ops as they run forwards.
    """

    def __init__(self, loop: Op, body: Sequence[Op]) -> None:
        region = loop.regions[0]
        self.step = loop.args[2].size
        self.index = region.params[0].size
        self.chains: list[Chain] = []
        makers = {out: op for op in _nested(body) for out in op.outs}
        self.forms = AffineForms(makers)
        self.varying = _symbols_inside(region, body)
        if not isinstance(self.step, int) or not isinstance(self.index, str):
            return
        carried = zip(region.params[1:], region.yields, loop.outs, strict=True)
        for param, end, out in carried:
            if param.type.rank:
                chain = _chain(param, end, out, body)
                if chain is not None:
                    self.chains.append(chain)

    def redirected(self, ops: Sequence[Op]) -> list[Op]:
        """The ops with reads of elements that are still there turned to the array left behind.

        An op is changed only where it does nothing with a version but read such elements.
        """
        return [self._redirected_op(op) for op in ops]

    def substitution(self, ops: Sequence[Op], also_used: Sequence[Value]) -> dict[Value, Value]:
        """Versions that ops only read where elements are still there, and what to read instead."""
        found = {}
        for chain in self.chains:
            for version in chain.versions:
                uses = [op for op in ops if version in set(used_by(op))]
                if uses and version not in also_used and self._all_safe(uses, version, chain):
                    found[version] = chain.result
        return found

    def _redirected_op(self, op: Op) -> Op:
        used = set(used_by(op))
        mapping = {
            version: chain.result
            for chain in self.chains
            for version in chain.versions
            if version in used and self._all_safe([op], version, chain)
        }
        return substitute_op(op, mapping) if mapping else op

    def _all_safe(self, ops: Sequence[Op], version: Value, chain: Chain) -> bool:
        makers = {out: op for op in _nested(ops) for out in op.outs}
        forms = AffineForms({**self.forms.makers, **makers})
        for op in _nested(ops):
            yielded = any(version in region.yields for region in op.regions)
            if yielded or (version in op.args and not self._safe(op, version, chain, forms)):
                return False
        return True

    def _safe(self, op: Op, version: Value, chain: Chain, forms: AffineForms) -> bool:
        if op.prim is not GET or op.args[0] is not version or version in op.args[1:]:
            return False
        read = _index(op.params["spec"], op.args[1:])
        made_at = chain.versions[version]
        return all(self._apart(write, read, made_at, forms) for write in chain.writes)

    def _apart(
        self,
        write: Write,
        read: tuple[tuple[str, tuple[Value, ...]], ...],
        made_at: int,
        forms: AffineForms,
    ) -> bool:
        """Whether a write never hits a read element after it has been read."""
        for (item, own), (other, theirs) in zip(write.index, read, strict=True):
            if item == AT and other == AT:
                written, wanted = forms.of(own[0]), forms.of(theirs[0])
                if self._never_meet(written, wanted, write.position > made_at):
                    return True
        return False

    def _never_meet(self, written: Affine, wanted: Affine, same_iteration: bool) -> bool:
        assert isinstance(self.index, str)
        assert isinstance(self.step, int)
        slope = written.terms.get(self.index, 0)
        gap = written.minus(wanted).known
        if gap is None or any(
            symbol in self.varying for symbol in written.terms if symbol != self.index
        ):
            return False
        if same_iteration and gap == 0:
            return False
        if slope == 0:
            return gap != 0
        meeting = Fraction(-gap) / (Fraction(slope) * self.step)
        return not (meeting.denominator == 1 and meeting >= 1)


def _nested(ops: Sequence[Op]) -> Iterator[Op]:
    for op in ops:
        yield op
        for region in op.regions:
            yield from all_ops(region)


def _symbols_inside(region: Region, body: Sequence[Op]) -> set[str]:
    """Sizes that may change from one iteration to the next."""
    values = [*region.params, *(out for op in _nested(body) for out in op.outs)]
    values += [param for op in _nested(body) for inner in op.regions for param in inner.params]
    return {value.size for value in values if isinstance(value.size, str)}


def _index(
    spec: Sequence[str], operands: Sequence[Value]
) -> tuple[tuple[str, tuple[Value, ...]], ...]:
    return tuple((item, tuple(own)) for item, own in split_operands(spec, operands))


def _chain(param: Value, end: Value, out: Value, body: Sequence[Op]) -> Chain | None:
    """Follow a carried array through the body; None where it takes another way."""
    chain = Chain(out, {param: -1})
    current = param
    for position, op in enumerate(body):
        following = _updated(op, current, position, chain.writes)
        if following is not None:
            current = following
            chain.versions[current] = position
    return chain if current is end else None


def _updated(op: Op, current: Value, position: int, writes: list[Write]) -> Value | None:
    """The version that an op makes of an array, its writes added to the list."""
    if op.prim in UPDATES and op.args[0] is current:
        writes.append(Write(position, _index(op.params["spec"], op.args[2:])))
        return op.out
    if op.prim is FOR and current in op.args[LOOP_BOUNDS:]:
        return _through_loop(op, current, position, writes)
    if op.prim is IF:
        return _through_branch(op, current, position, writes)
    return None


def _through_loop(op: Op, current: Value, position: int, writes: list[Write]) -> Value | None:
    slot = op.args[LOOP_BOUNDS:].index(current)
    region = op.regions[0]
    inner = _chain(region.params[1 + slot], region.yields[slot], op.outs[slot], region.ops)
    if inner is None:
        return None
    writes += [Write(position, write.index) for write in inner.writes]
    return op.outs[slot]


def _through_branch(op: Op, current: Value, position: int, writes: list[Write]) -> Value | None:
    for slot, out in enumerate(op.outs):
        if out.type != current.type:
            continue
        sides = [_chain(current, side.yields[slot], out, side.ops) for side in op.regions]
        if all(side is not None for side in sides):
            for side in sides:
                assert side is not None
                writes += [Write(position, write.index) for write in side.writes]
            return out
    return None
