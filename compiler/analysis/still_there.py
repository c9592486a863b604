"""Which array elements, once read in a loop, are not overwritten before the loop ends.

Such an element serves as its own tape: the reverse sweep reads it from the array that the loop
leaves behind. In ``a[i] = f(a[i - 1])`` each element is written once, before it is read, so
nothing has to be recorded; in ``a[i] = a[i] * x`` the element that is read is overwritten at once.

The proof compares the index of the read with that of every write to the array, axis by axis, as
affine forms: on one axis the two must differ in the same iteration (for writes that come later in
it) and for every later iteration. Where their difference is not a number, it has to follow from
the bounds of the loops around them (:mod:`gradc.analysis.apart`).

A number that is stored and not overwritten is there, too, and need not be recorded::

    for i in range(n):
        y[i] = exp(x[i])        # the reverse sweep reads y[i]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

from gradc.analysis.affine import Affine, AffineForms
from gradc.analysis.apart import Part, are_apart, of_later, with_facts
from gradc.analysis.ranges import Facts
from gradc.ir.control import FOR, IF, LOOP_BOUNDS, loop_body
from gradc.ir.core import Op, Value
from gradc.ir.walk import all_ops, substitute_op, used_by
from gradc.prims.index import ADD_AT, AT, GET, PUT, split_operands

UPDATES = (PUT, ADD_AT)


@dataclass(frozen=True, slots=True)
class Write:
    """An update of the array: by which op, at or in which op of the body."""

    position: int
    op: Op

    @property
    def index(self) -> tuple[tuple[str, tuple[Value, ...]], ...]:
        """Where in the array."""
        return _index(self.op.params["spec"], _places(self.op))


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
    makers : mapping of Value to Op, optional
        The ops that define what the loop uses.
    enclosing : sequence of Op, optional
        The loops around it, the outermost first.
    """

    def __init__(
        self,
        loop: Op,
        body: Sequence[Op],
        makers: Mapping[Value, Op] | None = None,
        enclosing: Sequence[Op] = (),
    ) -> None:
        region = loop.regions[0]
        self.loop, self.body, self.enclosing = loop, body, enclosing
        self.step = loop.args[2].size
        self.index = region.params[0].size
        self.chains: list[Chain] = []
        own = {out: op for op in _nested(body) for out in op.outs}
        self.makers = {**(makers or {}), **own}
        self.forms = AffineForms(self.makers)
        self.varying = _symbols_inside(region.params, body)
        if not isinstance(self.step, int) or not isinstance(self.index, str):
            return
        carried = zip(region.params[1:], region.yields, loop.outs, strict=True)
        for param, end, out in carried:
            if param.type.rank:
                chain = _chain(param, end, out, body)
                if chain is not None:
                    self.chains.append(chain)

    def overwritten(self, reads: Sequence[Op]) -> list[Op]:
        """Those of the reads in the body whose elements may be overwritten before the loop ends.

        Reads of what does not change in the loop are not among them.
        """
        places = self._places_of(self.body)
        found = []
        for read in reads:
            array = read.args[0]
            chain = next((each for each in self.chains if array in each.versions), None)
            if chain is not None and not self._safe(read, array, chain, places):
                found.append(read)
        return found

    def redirected(self, ops: Sequence[Op]) -> list[Op]:
        """The ops with reads of elements that are still there turned to the array left behind.

        An op is changed only where it does nothing with a version but read such elements.
        """
        places = self._places_of(ops)
        return [self._redirected_op(op, places) for op in ops]

    def substitution(self, ops: Sequence[Op], also_used: Sequence[Value]) -> dict[Value, Value]:
        """Versions that ops only read where elements are still there, and what to read instead."""
        found = {}
        places = self._places_of(ops)
        for chain in self.chains:
            for version in chain.versions:
                uses = [op for op in ops if version in set(used_by(op))]
                if not uses or version in also_used:
                    continue
                if self._all_safe(uses, version, chain, places):
                    found[version] = chain.result
        return found

    def keeper(self, store: Op) -> Value | None:
        """The array that the loop leaves behind, if it still has what an op of the body stored."""
        for chain in self.chains:
            for own in chain.writes:
                if own.op is store:
                    kept = all(
                        self._apart(write, store, self.places, own.position)
                        for write in chain.writes
                    )
                    return chain.result if kept else None
        return None

    def read_back(self, ops: Sequence[Op], recorded: Sequence[Value]) -> Sequence[Op]:
        """The ops of the body with numbers read from where they were stored; the same if none is.

        Parameters
        ----------
        ops : sequence of Op
            The body as :meth:`redirected` has made it.
        recorded : sequence of Value
            The numbers that would be recorded.
        """
        wanted = set(recorded)
        found: dict[Value, Op] = {}
        if any(loop.prim is not FOR for loop in self.enclosing):
            return ops
        for op in self.body:
            if op.prim is PUT and op.args[1] in wanted and op.args[1].type.is_scalar:
                array = self.keeper(op)
                if array is not None and all(each.keeper(op) for each in self.around):
                    args, spec = (array, *op.args[2:]), {"spec": op.params["spec"]}
                    found.setdefault(op.args[1], replace(op, prim=GET, args=args, params=spec))
        if not found:
            return ops
        return [
            replace(found[op.outs[0]], outs=op.outs) if op.outs and op.outs[0] in found else op
            for op in ops
        ]

    @cached_property
    def around(self) -> list[StillThere]:
        """The same for the loops around this one."""
        return [
            StillThere(loop, loop_body(loop).ops, self.makers, self.enclosing[:place])
            for place, loop in enumerate(self.enclosing)
        ]

    def _redirected_op(self, op: Op, places: _Places) -> Op:
        used = set(used_by(op))
        mapping = {
            version: chain.result
            for chain in self.chains
            for version in chain.versions
            if version in used and self._all_safe([op], version, chain, places)
        }
        return substitute_op(op, mapping) if mapping else op

    def _all_safe(self, ops: Sequence[Op], version: Value, chain: Chain, places: _Places) -> bool:
        for op in _nested(ops):
            yielded = any(version in region.yields for region in op.regions)
            if yielded or (version in op.args and not self._safe(op, version, chain, places)):
                return False
        return True

    def _safe(self, op: Op, version: Value, chain: Chain, places: _Places) -> bool:
        if op.prim is not GET or op.args[0] is not version or version in op.args[1:]:
            return False
        made_at = chain.versions[version]
        return all(self._apart(write, op, places, made_at) for write in chain.writes)

    # -- indices that differ by a number ----------------------------------------------------------

    def _apart(self, write: Write, access: Op, places: _Places, made_at: int) -> bool:
        """Whether a write never hits what an op reads or stores, after it has done so."""
        read = _index(access.params["spec"], _places(access))
        follows = write.position > made_at
        for (item, own), (other, theirs) in zip(write.index, read, strict=True):
            if item != AT or other != AT:
                continue
            if self._never_meet(self.forms.of(own[0]), self.forms.of(theirs[0]), follows):
                return True
        return self._bounded_apart(write, access, places, follows)

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

    # -- indices that are kept apart by their bounds ----------------------------------------------

    @cached_property
    def facts(self) -> Facts:
        """What is known in the body of the loop as an iteration begins."""
        facts = Facts(self.forms)
        for loop in (*self.enclosing, self.loop):
            facts.note_values(used_by(loop))
            facts = facts.child()
            facts.note_loop(loop)
        return facts

    @cached_property
    def places(self) -> _Places:
        """What is known where the body writes."""
        return _Places(self.body, self.facts)

    @cached_property
    def nested(self) -> frozenset[str]:
        """Sizes that may change within an iteration."""
        inner = (region for op in self.body for region in op.regions)
        return frozenset().union(*(_symbols_inside(each.params, each.ops) for each in inner))

    def _places_of(self, ops: Sequence[Op]) -> _Places:
        if self.chains:
            self.makers.update({out: op for op in _nested(ops) for out in op.outs})
        return _Places(ops, self.facts)

    def _bounded_apart(self, write: Write, access: Op, places: _Places, follows: bool) -> bool:
        assert isinstance(self.index, str)
        assert isinstance(self.step, int)
        touched, written = places.part(access), self.places.part(write.op)
        if follows and not are_apart(touched, written, self.nested):
            return False
        ahead = Affine({of_later(self.index): 1, self.index: -1})
        later = ahead.shifted(-self.step) if self.step > 0 else ahead.times(-1).shifted(self.step)
        return are_apart(touched, written, self.varying, [later])


class _Places:
    """Where ops read and write arrays, with what is known there; looked at when it is asked for."""

    def __init__(self, ops: Sequence[Op], facts: Facts) -> None:
        self.ops, self.around = ops, facts
        self.parts: dict[Op, Part] = {}

    @cached_property
    def facts(self) -> dict[Op, Facts]:
        """What is known where each read and write stands."""
        found = with_facts(self.ops, self.around.child())
        return {op: facts for op, facts in found if op.prim in (GET, *UPDATES)}

    def part(self, access: Op) -> Part:
        """The part of its array that an op reads or writes."""
        if access not in self.parts:
            spec = access.params["spec"]
            self.parts[access] = Part.of(spec, _places(access), self.facts[access])
        return self.parts[access]


def _nested(ops: Sequence[Op]) -> Iterator[Op]:
    for op in ops:
        yield op
        for region in op.regions:
            yield from all_ops(region)


def _symbols_inside(params: Sequence[Value], body: Sequence[Op]) -> frozenset[str]:
    """Sizes that may change from one iteration to the next."""
    values = [*params, *(out for op in _nested(body) for out in op.outs)]
    values += [param for op in _nested(body) for inner in op.regions for param in inner.params]
    return frozenset(value.size for value in values if isinstance(value.size, str))


def _places(access: Op) -> Sequence[Value]:
    """The operands of the index of an op that reads or updates an array."""
    return access.args[1:] if access.prim is GET else access.args[2:]


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
        writes.append(Write(position, op))
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
    writes += [Write(position, write.op) for write in inner.writes]
    return op.outs[slot]


def _through_branch(op: Op, current: Value, position: int, writes: list[Write]) -> Value | None:
    for slot, out in enumerate(op.outs):
        if out.type != current.type:
            continue
        sides = [_chain(current, side.yields[slot], out, side.ops) for side in op.regions]
        if all(side is not None for side in sides):
            for side in sides:
                assert side is not None
                writes += [Write(position, write.op) for write in side.writes]
            return out
    return None
