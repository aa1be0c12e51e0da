"""Every error of the program, with its exit code, and the diagnosis that an error may carry.

    DemoError                 exit 1   an expected error; the base class
    ├── ConfigError           exit 2   a setting is not valid: file, line, column, nearest valid name
    │   └── RegionNotEnabled  exit 2   the account has not enabled the region
    ├── Cancelled             exit 3   the user declined
    ├── SignInError           exit 4   no credentials, or expired ones
    ├── Refused               exit 5   refused for safety: wrong account, wrong order, no confirmation
    │   └── NotCreated        exit 5   asked for something that does not exist yet
    │       └── OtherSide     exit 5   asked for something of a side without a sign-in
    ├── TestFailed            exit 6   a check of ``test`` failed
    ├── Leftovers             exit 7   a delete left resources behind
    ├── InUse                 exit 7   cannot be deleted: a foreign resource uses it
    ├── TimedOut              exit 8   not ready in time; running again continues
    ├── Locked                exit 9   another run holds the lock
    └── SandboxError          exit 1   the sandbox will not start, or has stopped

This module imports nothing of the program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

THIS_DEMO = "<demo>"
"""In a hint or a fix, stands for ``vpce-demo`` with the options of the demo at hand, which only ``cli`` knows."""
THEIR_DEMO = "<their-demo>"
"""In a hint or a fix for the person on the other side, stands for ``vpce-demo``, and in a sandbox ``--sandbox``."""
THIS_COMMAND = "<command>"
"""In a hint, stands for the command that is running, with the options of the demo at hand."""
STATE_DIRECTORY = "<state-dir>"
"""In a hint, stands for the directory of this demo's files, which only ``cli`` knows."""


class Fix(NamedTuple):
    """A command that fixes the cause, what it does (may be empty), and whether it deletes or replaces something."""

    label: str
    command: str
    deletes: bool = False


@dataclass(frozen=True)
class Diagnosis:
    """The most likely cause: the rule's ``key`` (empty if none was confirmed), the evidence and the fixes; what was
    ruled out; and what could not be asked, with the reason."""

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
            "fixes": [{"label": fix.label, "command": fix.command} for fix in self.fixes],
            "ruled_out": list(self.ruled_out),
            "not_asked": list(self.not_asked),
        }


class DemoError(Exception):
    """An expected error.

    ``message`` says what happened and to what; ``facts`` are shown as a list below it, ``table`` as rows, the first
    with the headings; ``hint`` is what to do next, with the command to run.
    """

    exit_code: int = 1
    code: str = ""
    """Which error it is, ``VPCE012``: a row of ``lessons/errors.py``.  A class that is one error has it; of the others
    each place that raises one says it."""
    says_what_changed: bool = False
    """True if ``message`` itself says what the command changed."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        facts: Mapping[str, str] | None = None,
        table: Sequence[Sequence[str]] = (),
        hint: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.facts = dict(facts or {})
        self.table = table
        self.hint = hint
        self.changed = ""
        """What the command changed, derived by ``cli.boundary`` from what it did (``changes.py``)."""
        self.diagnosis: Diagnosis | None = None
        """The most likely cause, if a diagnosis was made."""


class ConfigError(DemoError):
    """A setting is not valid."""

    exit_code = 2


class RegionNotEnabled(ConfigError):
    """The account, which is known, has not enabled the region."""

    code = "VPCE019"

    def __init__(self, account: str, region: str, cli: str) -> None:
        self.account = account
        super().__init__(
            f"Region {region} is not enabled for account {account}.",
            hint=f"Enable it, which takes a few minutes, or choose another one (--region):\n"
            f"    {cli} account enable-region --region-name {region}",
        )


class Cancelled(DemoError):
    """The user said no at the prompt."""

    code = "VPCE003"

    exit_code = 3


class SignInError(DemoError):
    """There are no credentials, or AWS does not accept them any more.  ``profile`` is whose they are, if known."""

    exit_code = 4
    profile: str | None = None


class Refused(DemoError):
    """Continuing would not be safe."""

    exit_code = 5


class NotCreated(Refused):
    """A resource is needed that does not exist yet."""

    code = "VPCE096"


class OtherSide(NotCreated):
    """Something is asked of a side that there is no sign-in for."""

    code = "VPCE126"

    def __init__(self, side: str) -> None:
        super().__init__(f"There is no sign-in for the {side}'s side.")
        self.side = side


class TestFailed(DemoError):
    """A check of ``test`` failed."""

    code = "VPCE102"

    __test__ = False  # not a test class, whatever pytest makes of the name
    exit_code = 6


class Leftovers(DemoError):
    """A delete left resources behind."""

    code = "VPCE100"

    exit_code = 7
    says_what_changed = True


class InUse(Leftovers):
    """Cannot be deleted: something that is not part of the demo still uses it.  ``commands`` of the AWS CLI remove
    that."""

    code = "VPCE101"

    def __init__(self, message: str, *, commands: Sequence[str] = (), **rest: Any) -> None:
        super().__init__(message, **rest)
        self.commands = tuple(commands)


class TimedOut(DemoError):
    """Something was not ready, or not gone, in time."""

    code = "VPCE075"

    exit_code = 8


class Locked(DemoError):
    """Another run of the same demo is in progress."""

    code = "VPCE082"

    exit_code = 9


class SandboxError(DemoError):
    """The sandbox does not start, or has stopped."""
