"""Ctrl-C and SIGTERM, at every moment of a command: it ends with the word ``Interrupted.`` and the code 128 + number.

    ``begin``           while the program is imported: ends at once
    ``interrupt``       while the command runs: KeyboardInterrupt in the main thread
    ``interruptible``   while calls must not be cut off: the first one is noted, and calls in progress complete
    ``finish``          once the command has ended: its own code stays

A second signal ends the process at once.  A signal that does so leaves the terminal as it was: ``before_a_sudden_end``
says how.  This module imports nothing of the program, and little else: nothing is handled before it is there.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys

TYPE_CHECKING = False  # typing takes as long to import as all of this
if TYPE_CHECKING:
    import threading
    import types
    from collections.abc import Callable, Iterator
    from typing import NoReturn

_STOPPING = (signal.SIGINT, signal.SIGTERM)
_LAST: list[Callable[[], object]] = []
_IMPORTED_SECONDS = 0.005
"""After so long it is asked again whether an import has ended."""
_heard: list[int] = []
"""The signals that have interrupted the command."""


def begin() -> None:
    """From now on such a signal ends the process at once, with the word and the code.

    What the process was begun to ignore, as by ``nohup``, is ignored still.
    """
    _handle(_leave)


def interrupt() -> None:
    """From now on the first such signal raises KeyboardInterrupt, as soon as nothing is being imported, and a second
    one ends the process."""
    _heard.clear()
    sys.unraisablehook = _not_raised
    _handle(_raise)


def number() -> int:
    """The signal that interrupted the command; SIGINT also for a ^C that was not sent as a signal."""
    return _heard[0] if _heard else signal.SIGINT


def code() -> int:
    """The exit code of a command that was interrupted."""
    return 128 + number()


def interrupted() -> int:
    """Say that the command was interrupted, where it could not say so itself, and return its exit code."""
    with contextlib.suppress(OSError):
        os.write(2, b"Interrupted.\n")
    return code()


def finish(code: int) -> None:
    """The command has ended with this code, and all is written: from now on such a signal ends the process with it, and
    changes nothing once Python has no more threads to wait for."""
    signal.setitimer(signal.ITIMER_REAL, 0)  # one that waited for an import to end came too late
    _handle(lambda number, frame: os._exit(code))
    atexit.register(_handle, signal.SIG_IGN)


def before_a_sudden_end(do: Callable[[], object]) -> None:
    """From now on call this before a signal ends the process at once.  It must not wait for anything."""
    _LAST.append(do)
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def _handle(handler: Callable[[int, types.FrameType | None], object] | signal.Handlers) -> None:
    for number in _STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _leave(number: int, frame: types.FrameType | None = None) -> NoReturn:
    for do in _LAST:
        do()
    interrupted()
    os._exit(128 + number)


def _raise(number: int, frame: types.FrameType | None) -> None:
    if _is_importing(frame):
        signal.signal(signal.SIGALRM, lambda _, later: _raise(number, later))
        # Again and again: a wait that begins just after a signal has come is not ended by it.
        signal.setitimer(signal.ITIMER_REAL, _IMPORTED_SECONDS, _IMPORTED_SECONDS)
        return
    signal.setitimer(signal.ITIMER_REAL, 0)
    _handle(_end)
    _heard.append(number)
    raise KeyboardInterrupt


def _is_importing(frame: types.FrameType | None) -> bool:
    """True if a module is being imported: one that is left half imported cannot be imported again."""
    while frame and frame.f_code.co_filename != "<frozen importlib._bootstrap>":
        frame = frame.f_back
    return frame is not None


def _not_raised(unraisable: sys.UnraisableHookArgs) -> None:
    """Python cannot raise out of ``__del__`` and the like: there an interrupt ends the process instead."""
    if unraisable.exc_type is KeyboardInterrupt:
        _leave(number())
    sys.__unraisablehook__(unraisable)


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

    before = {number: signal.getsignal(number) for number in _STOPPING}
    try:
        _handle(heard)
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
