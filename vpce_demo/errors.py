"""Every error of the program, with its exit code, and the diagnosis that an error may carry.

    DemoError                 exit 1   something we understand went wrong; the base of all
    ├── ConfigError           exit 2   a setting is wrong: file, line, column, nearest right name
    ├── Cancelled             exit 3   the user said no
    ├── SignInError           exit 4   no credentials, or expired ones
    ├── Refused               exit 5   refused for safety: wrong account, wrong order, no confirmation
    │   └── NotCreated        exit 5   asked for something that does not exist yet
    ├── TestFailed            exit 6   a check of ``test`` failed
    ├── Leftovers             exit 7   a delete left something behind
    ├── InUse                 exit 7   it cannot be deleted while something that is not ours uses it
    ├── TimedOut              exit 8   not ready in time; running again goes on
    ├── Locked                exit 9   another run holds the lock
    └── SandboxError          exit 1   the sandbox will not start, or has stopped

This module imports nothing of the program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

NOTHING_CHANGED = "Nothing was changed."


class Fix(NamedTuple):
    """A command that mends it, with a word on what it does (or none)."""

    label: str
    command: str


@dataclass(frozen=True)
class Diagnosis:
    """One most likely cause: the rule's ``key``, empty where none was confirmed; what was asked and is not the cause;
    and what could not be asked, with why."""

    key: str
    likely: str
    evidence: Sequence[str]
    fixes: Sequence[Fix]
    ruled_out: Sequence[str]
    not_asked: Sequence[str] = ()

    def as_dict(self) -> dict[str, object]:
        """For programs."""
        return {
            "rule": self.key,
            "most_likely": self.likely,
            "evidence": list(self.evidence),
            "fixes": [fix._asdict() for fix in self.fixes],
            "ruled_out": list(self.ruled_out),
            "not_asked": list(self.not_asked),
        }


class DemoError(Exception):
    """Something went wrong that we understand.

    ``message`` says what happened and to what; ``facts`` are shown as a list under it, ``table`` as rows of which the
    first holds the headings; ``hint`` is what to do next, with the command to run; ``changed`` says whether anything
    was changed before it happened.
    """

    exit_code: int = 1
    usual_change: str = ""
    """What is said of changes where the raiser does not say it."""

    def __init__(
        self,
        message: str,
        *,
        facts: Mapping[str, str] | None = None,
        table: Sequence[Sequence[str]] = (),
        hint: str = "",
        changed: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.facts = dict(facts or {})
        self.table = table
        self.hint = hint
        self.changed = self.usual_change if changed is None else changed
        self.diagnosis: Diagnosis | None = None
        """The one most likely cause, where the table of causes was asked for it."""


class ConfigError(DemoError):
    """A setting is wrong."""

    exit_code = 2
    usual_change = NOTHING_CHANGED


class Cancelled(DemoError):
    """The user said no at the prompt."""

    exit_code = 3
    usual_change = NOTHING_CHANGED


class SignInError(DemoError):
    """There are no credentials, or AWS does not accept them any more."""

    exit_code = 4


class Refused(DemoError):
    """Going on would not be safe."""

    exit_code = 5
    usual_change = NOTHING_CHANGED


class NotCreated(Refused):
    """A resource was asked for that does not exist yet."""


class TestFailed(DemoError):
    """A check of ``test`` failed."""

    __test__ = False  # not a test class, whatever pytest makes of the name
    exit_code = 6


class Leftovers(DemoError):
    """A delete left something behind."""

    exit_code = 7


class InUse(Leftovers):
    """It cannot be deleted: something uses it that is not ours, and will not let go by itself."""


class TimedOut(DemoError):
    """Something was not ready, or not gone, in time."""

    exit_code = 8


class Locked(DemoError):
    """Another run of the same demo is at work."""

    exit_code = 9


class SandboxError(DemoError):
    """The sandbox will not start, or is not there any more."""
