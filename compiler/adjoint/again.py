"""Which calls of functions with ``checkpoint`` run again in the adjoint, and how their loops do.

A call of such a function is one op, and reverse mode runs the function again: what it records is
there for only as long as it is gone back through::

    for i in range(n):               h_tape[i] = h; h = layer(h)     # nothing in it is recorded
        h = checkpoint(layer)(h)     ...
                                     the adjoint: layer(h_tape[i]) with its tape, and back

Where it is called once, outside of loops, this would save nothing of what its loops record. There
it stands in its place, and its loops keep checkpoints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from functools import partial

from gradc.errors import Location
from gradc.ir.calls import inlined_calls
from gradc.ir.control import FOR, IF, WHILE
from gradc.ir.core import Function, Op, Region
from gradc.ir.walk import all_ops, map_regions, rebuilt, with_body
from gradc.prims.custom import CUSTOM, CustomRule, function_of


def with_loops_in_place(function: Function, everywhere: bool) -> Function:
    """Put functions with loops in the place of their calls where running again gains nothing.

    Parameters
    ----------
    function : Function
    everywhere : bool
        Whether all calls of functions with loops are replaced: where loops share a limit.
    """
    while rules := {op.params["rule"] for op in _to_replace(function, everywhere)}:
        function = inlined_calls(function, partial(_function_in_place, rules))
    return function


def _function_in_place(rules: Collection[CustomRule], op: Op) -> Function | None:
    return function_of(op.params) if op.params.get("rule") in rules else None


def _to_replace(function: Function, everywhere: bool) -> list[Op]:
    calls = [op for op in all_ops(function.body) if _runs_loops_again(op)]
    if everywhere:
        return calls
    counts = Counter(map(_whose, calls))
    straight = _outside_of_loops(function.body)
    return [op for op in calls if counts[_whose(op)] == 1 and op in straight]


def that_records(function: Function) -> Function:
    """The function of a call that runs again, whose loops record.

    A loop that is marked itself (``for i in checkpoint(range(n))``) keeps its checkpoints.
    """
    return with_body(function, _unmarked_region(function.body))


def _unmarked_region(region: Region) -> Region:
    return rebuilt(region, [_unmarked(op) for op in region.ops], region.yields)


def _unmarked(op: Op) -> Op:
    op = map_regions(op, _unmarked_region)
    if op.params.get("checkpoint") != "function":
        return op
    return replace(op, params={key: op.params[key] for key in op.params if key != "checkpoint"})


def _runs_loops_again(op: Op) -> bool:
    if op.prim is not CUSTOM or not op.params["rule"].again:
        return False
    return any(inner.prim in (FOR, WHILE) for inner in all_ops(function_of(op.params).body))


def _whose(op: Op) -> tuple[str, Location | None]:
    function = function_of(op.params)
    return function.name, function.loc


def _outside_of_loops(region: Region) -> set[Op]:
    found = set(region.ops)
    for op in region.ops:
        if op.prim is IF:
            for arm in op.regions:
                found |= _outside_of_loops(arm)
    return found
