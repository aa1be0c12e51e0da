"""What a command can do without: refreshed prices, the log of a run, the record of a deletion, a profile's region.

An extra that cannot be used never stops a command.  It is named once, in one line (``cli.boundary`` prints it, and
``warnings`` has it with ``-o json``), and done without.  This module imports nothing of the program.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

_CANNOT_BE_USED = (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError)
"""What reading or writing a file raises, and what taking apart an invalid one does."""


class Warnings:
    """What one command does without.  ``WARNINGS`` is that of the command that runs."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A command begins: nothing is missing."""
        self._said: dict[str, str] = {}

    def add(self, what: str, rest: str = "") -> None:
        """Add the sentence ``{what}{rest}``, in one line, unless there is one of this ``what``."""
        self._said.setdefault(what, " ".join(f"{what}{rest}".split()))

    @property
    def sentences(self) -> list[str]:
        """In the order in which they were added."""
        return list(self._said.values())


WARNINGS = Warnings()


@contextlib.contextmanager
def extra(warning: str, instead: str = "", *errors: type[Exception]) -> Iterator[None]:
    """Do the block if it can be done.

    Else add the warning ``{warning}: {why}. {instead}`` and go on after the block.  Further ``errors`` count as such a
    failure too.
    """
    expected: tuple[type[Exception], ...] = (*_CANNOT_BE_USED, *errors)
    try:
        yield
    except expected as error:
        WARNINGS.add(warning, f": {why(error):.200}. {instead}")


def why(error: Exception) -> str:
    """The reason in an error, without the full stop: ``No space left on device``."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    if isinstance(error, KeyError):
        said = f"{said} is missing"
    return (said or type(error).__name__).rstrip(". ")


def home() -> Path | None:
    """The user's home directory; None if there is none: no HOME, and a user that the system does not know."""
    try:
        found = Path.home()
    except RuntimeError:
        return None
    return found if found.is_absolute() else None
