"""The schedule of checkpoints: optimal, complete, and never with more slots than there are."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from gradc_runtime import schedule


@cache
def least_steps(length: int, slots: int) -> int:
    """Steps run forward to reverse a chain from its start, by dynamic programming.

    The start lies in one of the slots; steps that are recorded do not count.
    """
    if length <= 1:
        return 0
    if slots == 1:
        return length * (length - 1) // 2
    return min(
        split + least_steps(length - split, slots - 1) + least_steps(split, slots)
        for split in range(1, length)
    )


def steps_run(count: int, slots: int, block: int) -> tuple[int, list[tuple[int, int]]]:
    """What generated programs do with the schedule; returns the steps run and the blocks."""
    positions: list[int] = []
    at = run = 0
    while at < count:
        positions.append(at)
        steps = schedule.segment(count - at, slots - len(positions), block)
        at, run = at + steps, run + steps
    assert len(positions) <= slots + 1
    further, blocks = reversed_from(positions, count, slots, block)
    return run + further, blocks


def reversed_from(
    positions: list[int], count: int, slots: int, block: int
) -> tuple[int, list[tuple[int, int]]]:
    """The same from checkpoints that are there."""
    positions, run, high, blocks = [*positions], 0, count, []
    while high > 0:
        if positions[-1] == high:
            positions.pop()
        at = positions[-1]
        while (steps := schedule.advance(high - at, slots - len(positions), block)) > 0:
            at, run = at + steps, run + steps
            if len(positions) < slots:
                positions.append(at)
        blocks.append((at, high))
        high = at
    return run, blocks


@pytest.mark.parametrize("slots", range(1, 9))
def test_as_few_steps_as_possible(slots):
    for count in range(1, 50):
        run, _ = steps_run(count, slots, 1)
        # the last step is run forward as well: the function's value needs it
        assert run == least_steps(count, slots) + 1
        assert run == schedule.forward_steps(count, slots)


@pytest.mark.parametrize("count", [1, 2, 7, 64, 1000, 1023])
@pytest.mark.parametrize("block", [1, 3, 64, 2000])
@pytest.mark.parametrize("slots", [1, 2, 5, 400])
def test_every_step_is_reversed_once(count, block, slots):
    _, blocks = steps_run(count, slots, block)
    assert [step for low, high in reversed(blocks) for step in range(low, high)] == [*range(count)]
    assert max(high - low for low, high in blocks) <= block


@pytest.mark.parametrize("count", [1, 10, 1000, 10**6])
@pytest.mark.parametrize("limit", [10**4, 10**6, 64 * 2**20])
@pytest.mark.parametrize(("state", "tape"), [(8, 8), (800, 8), (8, 800), (1000, 1000), (16, 0)])
def test_the_limit_is_kept(count, limit, state, tape):
    block = schedule.block_length(count, state, tape, 0, limit, 1)
    slots = schedule.slot_count(count, state, tape, 0, limit, block)
    assert block >= 1
    assert slots >= 1
    assert (slots + 1) * state + block * tape <= limit


def test_what_cannot_be_kept_is_refused_with_what_is_needed():
    with pytest.raises(schedule.MemoryLimitError, match=r"line 7: .* at least 2800 bytes") as told:
        schedule.block_length(100, 900, 800, 200, 2799, 7)
    assert told.value.args == (7, 2800, 2799)
    assert schedule.block_length(100, 900, 800, 200, 2800, 7) == 1


def test_a_million_steps_in_64_mebibytes_are_run_twice():
    count, limit, state, tape = 10**6, 64 * 2**20, 8008, 8000
    block = schedule.block_length(count, state, tape, 0, limit, 1)
    slots = schedule.slot_count(count, state, tape, 0, limit, block)
    run, _ = steps_run(count, slots, block)
    assert (run + count) / count < 2.05


def online(count: int, slots: int, block: int) -> list[int]:
    """The steps of the checkpoints that a loop of unknown length has left after `count` steps."""
    positions = np.zeros(slots, np.int64)
    for step in range(count):
        slot = schedule.online_slot(positions, step, slots, block)
        if slot < slots:
            positions[slot] = schedule.online_mark(positions, step, slots, block)
    used = min(-(-count // block), slots)
    steps = schedule.steps_of(positions)
    return steps[schedule.by_step(steps, used)[:used]].tolist()


@pytest.mark.parametrize("slots", [2, 3, 5, 20, 64])
def test_loops_of_unknown_length_take_hardly_more_steps(slots):
    # all of them, those of the recording included, beside the optimum for a known length
    for count in (1, slots, slots + 1, 3 * slots, 400, 1500):
        kept = online(count, slots, 1)
        assert kept[0] == 0
        assert len(set(kept)) == min(count, slots)
        run, _ = reversed_from(kept, count, slots, 1)
        assert 2 * count + run <= 1.25 * (count + schedule.forward_steps(count, slots))


def test_checkpoints_of_unknown_lengths_lie_before_blocks():
    kept = online(1000, 7, 10)
    assert len(set(kept)) == 7
    assert all(step % 10 == 0 for step in kept)
    assert online(70, 7, 10) == list(range(0, 70, 10))
