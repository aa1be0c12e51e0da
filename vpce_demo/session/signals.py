"""Ctrl-C and SIGTERM: the first lets calls in progress complete, the second ends the process."""

from __future__ import annotations

import contextlib
import signal
import threading
import types
from collections.abc import Iterator


@contextlib.contextmanager
def interruptible(stop: threading.Event) -> Iterator[list[int]]:
    """Inside, the first Ctrl-C or SIGTERM sets ``stop`` and is added to the list; a second one ends the process."""
    seen: list[int] = []

    def heard(number: int, frame: types.FrameType | None) -> None:
        if seen:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        seen.append(number)
        stop.set()

    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
