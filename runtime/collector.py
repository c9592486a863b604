"""Lets Python's cycle collector look less often while programs are compiled.

Compilers make hundreds of thousands of small objects that stay until they are done. CPython looks
for cycles among them after each 700 new ones, and at all of them again each time they have grown
by a quarter: a sixth of the time to the first gradient. With :func:`less_collecting` it looks
after each 50,000, which bounds what garbage there can be to some megabytes.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

NEW_OBJECTS = 50_000
"""How many new objects make the collector look, meanwhile."""


class _Users:
    """How many are compiling, and the thresholds that were set before the first of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._before: tuple[int, int, int] | None = None

    def enter(self) -> None:
        with self._lock:
            self._count += 1
            before = gc.get_threshold()
            # 0 is never; and nobody's own large threshold is made smaller
            if self._count == 1 and 0 < before[0] < NEW_OBJECTS:
                self._before = before
                gc.set_threshold(NEW_OBJECTS, *before[1:])

    def leave(self) -> None:
        with self._lock:
            self._count -= 1
            if self._count or self._before is None:
                return
            before, self._before = self._before, None
            # what somebody else set meanwhile stays
            if gc.get_threshold() == (NEW_OBJECTS, *before[1:]):
                gc.set_threshold(*before)


_USERS = _Users()


@contextmanager
def less_collecting() -> Iterator[None]:
    """Raise the threshold of the youngest generation; the last of several threads restores it."""
    _USERS.enter()
    try:
        yield
    finally:
        _USERS.leave()
