"""Ctrl-C between two steps, never in the middle of an update."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class InterruptGuard:
    """While it is entered, SIGINT waits for the end of a `critical` section.

    Outside of critical sections the handler that was there before acts at once; in other threads
    than the main one, where SIGINT never arrives, nothing is changed.
    """

    def __init__(self) -> None:
        self._previous: Callable[[int, FrameType | None], Any] | None = None
        self._inside = False
        self._pending = False

    def __enter__(self) -> InterruptGuard:
        handler = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is threading.main_thread() and callable(handler):
            self._previous = handler
            signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
            self._previous = None

    @contextmanager
    def critical(self) -> Iterator[None]:
        """Let the statements inside run to their end before an interrupt takes effect."""
        self._inside = True
        try:
            yield
        finally:
            self._inside = False
        if self._pending:
            self._pending = False
            self._interrupt(signal.SIGINT, None)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._inside:
            self._pending = True
        else:
            self._interrupt(number, frame)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._previous is not None:
            self._previous(number, frame)
