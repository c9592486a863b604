"""Seeded minibatches whose place can be saved and gone on from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Minibatches:
    """Which samples each step takes: every sample once an epoch, in a new order each time.

    `current` names the samples of the next step and `advance` moves on, so that a step that was
    broken off before its parameters changed has not been counted.

    Parameters
    ----------
    count : int
        How many samples there are, at least 1.
    batch_size : int
        Samples a step, at least 1. The last batch of an epoch holds what is left.
    seed : int
        Seeds ``Generator(PCG64(seed))``, which shuffles each epoch.
    """

    def __init__(self, count: int, batch_size: int, seed: int) -> None:
        if count < 1 or batch_size < 1:
            raise ValueError(f"count and batch_size must be at least 1, not {count}, {batch_size}")
        self.count = count
        self.batch_size = batch_size
        self.steps_per_epoch = -(-count // batch_size)
        self._rng = np.random.Generator(np.random.PCG64(seed))
        self._shuffle()

    @property
    def step(self) -> int:
        """How many batches of this epoch are done."""
        return self._step

    @property
    def epoch_is_done(self) -> bool:
        """Whether every sample of this epoch was taken."""
        return self._step == self.steps_per_epoch

    def current(self) -> NDArray[np.int64]:
        """Return the indices of the samples of the next step."""
        if self.epoch_is_done:
            raise ValueError("the epoch is done; call next_epoch")
        start = self._step * self.batch_size
        return self._order[start : start + self.batch_size]

    def advance(self) -> None:
        """Count the current batch as done."""
        if self.epoch_is_done:
            raise ValueError("the epoch is done; call next_epoch")
        self._step += 1

    def next_epoch(self) -> None:
        """Shuffle the samples anew."""
        self._shuffle()

    def state(self) -> dict[str, Any]:
        """Return the place as integers and strings, fit for JSON.

        The order of an epoch is not in it: the generator's state from before the shuffle is.
        """
        return {"generator": self._before_shuffle, "step": self._step}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned, with the same count and batch size.

        Raises
        ------
        ValueError
            When the state is not one of PCG64 or the step is not in the epoch.
        """
        step = state.get("step")
        if not isinstance(step, int) or not 0 <= step <= self.steps_per_epoch:
            raise ValueError(f"step {step} is not in an epoch of {self.steps_per_epoch}")
        try:
            self._rng.bit_generator.state = state["generator"]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"not the state of a PCG64 generator: {error}") from None
        self._shuffle()
        self._step = step

    def _shuffle(self) -> None:
        self._before_shuffle = self._rng.bit_generator.state
        self._order = self._rng.permutation(self.count)
        self._step = 0
