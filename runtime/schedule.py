"""Where the adjoint of a long loop keeps checkpoints, and how far it goes forward again.

A loop of `count` steps is reversed in blocks. Each block is run once more from a checkpoint (the
values that the loop carries) up to its start, then once recording what its adjoint needs. Where
the checkpoints lie is the binomial schedule of Griewank and Walther (2000, "Algorithm 799:
revolve", ACM TOMS 26), with a block in the place of their step: with `slots` checkpoints and no
block run forward more than `r` times, ``binomial(slots + r, slots)`` blocks can be reversed.

For a loop whose length is not known beforehand (``while``) blocks get checkpoints by the algorithm
of Wang, Moin and Iaccarino (2009, "Minimal repetition dynamic checkpointing algorithm for unsteady
adjoint calculation", SIAM J. Sci. Comput. 31): a checkpoint has a level, and when the slots are
full one of a lower level than a later one makes room. At any time the steps so far can be reversed
with hardly more repetitions than if their number had been known. From there on the binomial
schedule serves, with the slots that become free.

Every function here is plain Python over integers; compiled programs get them compiled.
"""

from __future__ import annotations

from typing import Any

import numpy as np

IntArray = np.ndarray[Any, np.dtype[np.int64]]

# Without a limit, for loops of unknown length.
ONLINE_BLOCK = 64
ONLINE_SLOTS = 64
# With more slots, looking for one that makes room would take longer than it saves.
MOST_ONLINE_SLOTS = 4096
# Positions of checkpoints carry a level while a loop of unknown length runs.
_LEVELS = 1 << 16


class MemoryLimitError(ValueError):
    """A memory limit that no schedule keeps.

    Parameters
    ----------
    line : int
        Line of the loop in the user's source.
    needed, limit : int
        The least number of bytes with which its adjoint can run, and what it was given.
    """

    def __init__(self, line: int, needed: int, limit: int) -> None:
        super().__init__(line, needed, limit)

    def __str__(self) -> str:
        line, needed, limit = self.args
        return (
            f"line {line}: the adjoint of this loop needs at least {needed} bytes of tape, and "
            f"its part of memory_limit is {limit}"
        )


def refuse_limit(line: int, needed: int, limit: int) -> int:
    """Raise a `MemoryLimitError`; see :mod:`gradc_runtime.compiled` for the compiled form."""
    raise MemoryLimitError(line, needed, limit)


MOST_REPETITIONS = 10_000


def repetitions(blocks: int, slots: int) -> int:
    """How often some block is run forward before it is recorded: the least `r` that suffices.

    Beyond `MOST_REPETITIONS` it is not counted on: such a schedule is the last that one chooses.
    """
    repeated, reach = 1, slots + 1
    while reach < blocks and repeated < MOST_REPETITIONS:
        repeated += 1
        reach = reach * (slots + repeated) // repeated
    return repeated


def forward_steps(blocks: int, slots: int) -> int:
    """How many blocks are run forward in all before the recording runs.

    ``r*l - binomial(s + r, r - 1)`` with `r` of :func:`repetitions` (Griewank and Walther, 2008,
    "Evaluating Derivatives", proposition 12.3), where the last block is run forward, too: the
    function's value needs it.
    """
    repeated = repetitions(blocks, slots)
    saved = 1
    for k in range(1, repeated):
        saved = saved * (slots + 1 + k) // k
    return repeated * blocks - saved + 1


def block_length(count: int, state: int, tape: int, fixed: int, limit: int, line: int) -> int:
    """How many steps are recorded at a time.

    The length with which the fewest steps are run, of the powers of two that leave room for at
    least one checkpoint; without a limit the root of `count`.

    Parameters
    ----------
    count : int
        Steps of the loop.
    state, tape : int
        Bytes of a checkpoint, and of what is recorded for one step.
    fixed : int
        Bytes beside these.
    limit : int
        Bytes for all of it; negative for none.
    line : int
        Line of the loop in the user's source.

    Raises
    ------
    MemoryLimitError
        Where not even one checkpoint and one recorded step have room.
    """
    if limit < 0:
        length = 1
        while length * length < count:
            length += 1
        return length
    least = fixed + 2 * state + tape
    if least > limit:
        refuse_limit(line, least, limit)
    limit -= fixed
    best, best_steps, length = 1, -1, 1
    while 2 * state + length * tape <= limit:
        blocks = (count + length - 1) // length
        slots = min((limit - length * tape) // state - 1, blocks) if state > 0 else blocks
        steps = forward_steps(blocks, slots) * length
        if best_steps < 0 or steps < best_steps:
            best, best_steps = length, steps
        if length >= count:
            break
        length *= 2
    return best


def slot_count(count: int, state: int, tape: int, fixed: int, limit: int, block: int) -> int:
    """How many checkpoints there is room for beside the block; at least one, one for each block.

    One more slot is allocated than this, for the latest values.
    """
    blocks = max((count + block - 1) // block, 1)
    if limit < 0 or state == 0:
        return blocks
    return max(min((limit - fixed - block * tape) // state - 1, blocks), 1)


def advance(left: int, free: int, block: int) -> int:
    """How many steps to run from a checkpoint to where the next one belongs.

    Parameters
    ----------
    left : int
        Steps from the checkpoint to the end of what is to be reversed.
    free : int
        Slots that are free.
    block : int
        Steps that are recorded at a time.

    Returns
    -------
    int
        A multiple of `block`; 0 where the rest is recorded now.
    """
    blocks = (left + block - 1) // block
    if blocks <= 1:
        return 0
    if free <= 0:
        return (blocks - 1) * block
    if free + 1 >= blocks:
        return block
    # the left part is as long as can be reversed with one repetition less, as far as the right
    # part can still be done with one slot less
    slots = free + 1
    repeated, reach, before, smaller = 1, slots + 1, 1, slots
    while reach < blocks:
        repeated += 1
        before = reach
        reach = reach * (slots + repeated) // repeated
        smaller = smaller * (slots - 1 + repeated) // repeated
    least = before * (repeated - 1) // (slots + repeated - 1)
    return max(min(before, max(blocks - smaller, least)), 1) * block


def segment(left: int, free: int, block: int) -> int:
    """The same on the first way forward, which goes on to the end of the last block."""
    steps = advance(left, free, block)
    return left if steps == 0 else steps


# -- loops of unknown length ---------------------------------------------------------------------


def online_block(state: int, tape: int, fixed: int, limit: int, line: int) -> int:
    """How many steps are recorded at a time: as many as a quarter of the limit has room for."""
    if limit < 0:
        return ONLINE_BLOCK
    least = fixed + 2 * state + tape
    if least > limit:
        refuse_limit(line, least, limit)
    limit -= fixed
    length = max(limit // 4 // max(tape, 1), 1)
    return length if 2 * state + length * tape <= limit else 1


def online_slots(state: int, tape: int, fixed: int, limit: int, block: int) -> int:
    """How many checkpoints there is room for beside the block and the latest values."""
    if limit < 0:
        return ONLINE_SLOTS
    return min(max((limit - fixed - block * tape) // max(state, 1) - 1, 1), MOST_ONLINE_SLOTS)


def _level_of(positions: IntArray, step: int, slots: int, block: int) -> int:
    """The level of what would be a checkpoint now: how many blocks ago the last one was kept."""
    number = step // block
    if number < slots:
        return 0
    latest = 0
    for slot in range(slots):
        latest = max(latest, positions[slot] // _LEVELS)
    return min(number - latest // block - 1, _LEVELS - 1)


def online_slot(positions: IntArray, step: int, slots: int, block: int) -> int:
    """The slot for a checkpoint before this step; the number of slots where none is kept.

    A checkpoint makes room if a later one has a higher level, and of these the latest does. The one
    before the first step, in the first slot, never does.

    Parameters
    ----------
    positions : ndarray of int
        What :func:`online_mark` says of the checkpoint in each slot.
    step : int
        The steps so far.
    slots, block : int
    """
    if step % block != 0:
        return slots
    number = step // block
    if number < slots:
        return number
    own = _level_of(positions, step, slots, block)
    found, latest, level = slots, 0, -1
    while True:
        # the next level that there is, and the latest checkpoint above it
        following = _LEVELS
        for slot in range(1, slots):
            if positions[slot] % _LEVELS > level:
                following = min(following, positions[slot] % _LEVELS)
        if following == _LEVELS:
            return found
        level, above = following, step if own > following else 0
        if above == 0:
            for slot in range(1, slots):
                if positions[slot] % _LEVELS > level:
                    above = max(above, positions[slot] // _LEVELS)
        for slot in range(1, slots):
            at = positions[slot] // _LEVELS
            if positions[slot] % _LEVELS == level and latest < at < above:
                found, latest = slot, at


def online_mark(positions: IntArray, step: int, slots: int, block: int) -> int:
    """What is noted of a checkpoint before this step: the step, and a level."""
    return step * _LEVELS + _level_of(positions, step, slots, block)


def steps_of(positions: IntArray) -> IntArray:
    """The steps of checkpoints, from what was noted of them."""
    return positions // _LEVELS


def by_step(positions: IntArray, used: int) -> IntArray:
    """The slots in the order of their steps, those that are not used after them."""
    order = np.empty(positions.shape[0], np.int64)
    for slot in range(positions.shape[0]):
        order[slot] = slot
    # by insertion: numba takes seconds to compile a sort of NumPy's
    for slot in range(1, used):
        place = slot
        while place > 0 and positions[order[place - 1]] > positions[slot]:
            order[place] = order[place - 1]
            place -= 1
        order[place] = slot
    return order
