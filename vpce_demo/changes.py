"""What the command that runs has changed so far, and the sentence that says so at the end of an error.

No place that raises an error says whether anything was changed: it does not know.  The engine's events and the calls to
AWS are noted here as they come, and the sentence is derived from them.  This module imports nothing of the program.
"""

from __future__ import annotations

import threading

NOTHING_CHANGED = "Nothing was changed."
_READING = ("Describe", "Get", "List", "Decode", "Search")
"""How the operations begin that change nothing."""


def is_reading(operation: str) -> bool:
    """True if an operation of AWS, such as ``DescribeVpcs``, changes nothing."""
    return operation.startswith(_READING)


class Changes:
    """What one command has changed.  ``CHANGES`` is that of the command that runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.begin()

    def begin(self, *, keeps_commands: bool = False) -> None:
        """A command begins, or its work on another demo: nothing has been changed."""
        self._seen: set[str] = set()
        self._creating: set[str] = set()
        self._created: set[str] = set()
        self._mended: set[str] = set()
        self._deleting: set[str] = set()
        self._going: set[str] = set()
        self._deleted: set[str] = set()
        self._carried_out: dict[str, None] = {}
        self._unanswered: dict[str, None] = {}
        self._notes: dict[str, None] = {}
        self._all_recorded = True
        self.commands: list[str] = self.commands if keeps_commands else []
        """The calls that changed something, as commands of the AWS CLI."""

    # --- what is noted ----------------------------------------------------------

    def note(self, sentence: str) -> None:
        """Something on this machine was changed."""
        self._notes[sentence] = None

    def call(self, operation: str, status: int) -> None:
        """AWS answered a call with this HTTP status; 0 if it did not answer.  Calls that change nothing are ignored."""
        if is_reading(operation):
            return
        with self._lock:
            if 200 <= status < 300:
                self._carried_out[operation] = None
            elif not 400 <= status < 500:
                self._unanswered[operation] = None

    def found(self, key: str) -> None:
        """The resource exists."""
        self._seen.add(key)

    def creating(self, key: str) -> None:
        """The creation of the resource was requested."""
        if key in self._going:  # it is replaced, so it is gone
            self.gone(key)
        self._creating.add(key)

    def created(self, key: str) -> None:
        """AWS answered: the resource was created."""
        self._creating.discard(key)
        self._created.add(key)
        self._seen.add(key)

    def mended(self, key: str) -> None:
        """AWS answered: fields of the resource were brought back."""
        self._mended.add(key)

    def deleting(self, key: str) -> None:
        """The deletion of the resource was requested."""
        self._deleting.add(key)

    def deleted(self, key: str, *, by_us: bool = True) -> None:
        """AWS answered: the resource is being deleted, or was gone already."""
        self._deleting.discard(key)
        if by_us:
            self._going.add(key)

    def was_deleted(self, key: str) -> bool:
        """True if AWS accepted this command's request to delete the resource."""
        return key in self._going or key in self._deleted

    def gone(self, key: str) -> None:
        """A resource whose deletion this command requested, itself or with another one, no longer exists."""
        self._going.discard(key)
        self._created.discard(key)
        self._deleted.add(key)

    def refused(self, key: str) -> None:
        """AWS certainly did not do what was requested for the resource."""
        self._creating.discard(key)
        self._deleting.discard(key)

    def not_recorded(self) -> None:
        """What was done last could not be written to the state file."""
        self._all_recorded = False

    # --- what is said -----------------------------------------------------------

    @property
    def made(self) -> set[str]:
        """The keys of the resources that were created and not deleted again, or may have been."""
        return self._created | self._creating

    @property
    def is_empty(self) -> bool:
        """True if nothing was changed, for certain."""
        return self.sentence() == NOTHING_CHANGED

    def sentence(self) -> str:
        """What was changed, in one or more sentences."""
        said = [*self._counted(), *self._not_answered()]
        if not said and self._carried_out:
            said.append(f"AWS carried out {', '.join(self._carried_out)}.")
        if not said and self._unanswered:
            said.append(f"AWS may have carried out {', '.join(self._unanswered)}.")
        return " ".join([*said, *self._notes]) or NOTHING_CHANGED

    def _counted(self) -> list[str]:
        made, gone, going, all = map(len, (self._created, self._deleted, self._going, self._seen))
        tail = ", which is recorded" if self._all_recorded else ""
        said = []
        if made and gone:
            said.append(f"{_resources(made)} created and {gone} deleted{tail}.")
        elif made:
            recorded = f" and {'is' if made == 1 else 'are'} recorded" if self._all_recorded else ""
            said.append(f"{_resources(made)} created{recorded}.")
        elif gone:
            said.append(f"{_resources(gone, all)} deleted{' so far' if gone < all else ''}{tail}.")
        if mended := len(self._mended - self._created):
            said.append(f"{_resources(mended)} mended.")
        if going and said:
            said.append(f"{going} more {'is' if going == 1 else 'are'} being deleted.")
        elif going:
            said.append(f"{_resources(going, all, 'is', 'are')} being deleted.")
        if said and not self._all_recorded:
            said.append("Not all of that is recorded; the tags in AWS tell it.")
        return said

    def _not_answered(self) -> list[str]:
        requested = ((self._creating, "created"), (self._deleting, "deleted"))
        return [f"{_resources(len(keys), 0, '', '').strip()} may have been {done}." for keys, done in requested if keys]


def _resources(count: int, of: int = 0, one: str = "was", more: str = "were") -> str:
    """``1 resource was``, ``6 of 32 resources were``."""
    number = f"{count} of {of}" if of > count else str(count)
    noun = "resource" if max(count, of) == 1 else "resources"
    return f"{number} {noun} {one if count == 1 else more}"


CHANGES = Changes()
"""What the command that runs has changed.  ``cli.boundary`` begins it and says it."""
