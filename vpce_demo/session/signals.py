"""Ctrl-C and SIGTERM: the first lets calls in progress complete, the second ends the process.

A signal that ends the process at once leaves the terminal as it was: ``before_a_sudden_end`` says how.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import types
from collections.abc import Callable, Iterator

_LAST: list[Callable[[], object]] = []


def before_a_sudden_end(do: Callable[[], object]) -> None:
    """From now on call this before a signal ends the process at once.  It must not wait for anything."""
    _LAST.append(do)
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def _end(number: int, frame: types.FrameType | None = None) -> None:
    for do in _LAST:
        do()
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)


@contextlib.contextmanager
def interruptible(stop: threading.Event) -> Iterator[list[int]]:
    """Inside, the first Ctrl-C or SIGTERM sets ``stop`` and is added to the list; a second one ends the process."""
    seen: list[int] = []

    def heard(number: int, frame: types.FrameType | None) -> None:
        if seen:
            _end(number)
        seen.append(number)
        stop.set()

    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
