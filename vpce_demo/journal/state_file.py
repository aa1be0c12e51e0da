"""The state file of one demo: a journal of the engine's events that is safe to lose.

AWS is the truth.  The journal records the intent *before* each create, with its client token, and the id right after,
so that a run can continue after the process was killed anywhere.  Without it, ``down`` finds everything by tags.  Each
write replaces the whole file at once.  It holds no secret.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..aws.error_codes import is_rejection
from ..changes import CHANGES
from ..engine.engine import Intent
from ..engine.events import Action, Event
from ..errors import DemoError, Locked
from ..extras import WARNINGS, extra, why
from ..model import Record
from ..private import (
    ELSEWHERE,
    NotAFile,
    is_there,
    make_private,
    not_yours,
    open_file,
    put_aside,
    refuse_links,
    remove_file,
    replace_file,
)
from ..untrusted import printable, text_within

VERSION = 1
_NAMES = ("name", "demo_id")
DEPTH = 2
"""How many directories of the program a demo's is: the place's, and its own."""
_WORD = re.compile("[!-~]{0,2048}")
"""An id or a token of AWS, or none: the longest is an ARN."""
LARGEST_FILE = 10_000_000
"""Bytes.  A demo's state has twenty thousand."""


@dataclass
class Entry:
    """What was last recorded of a resource.  Without an id, its create was begun and no answer recorded.  ``at`` is
    Unix time, or 0 if the creation was not recorded."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    kind: str
    id: str = ""
    token: str = ""
    at: float = 0.0
    outputs: dict[str, str] = field(default_factory=dict)
    identity: dict[str, str] = field(default_factory=dict)


class _Version(BaseModel):
    """What a file of any version holds."""

    model_config = ConfigDict(strict=True)

    version: int


Party = Annotated[str, Field(pattern=r"^(provider|consumer(-\d{1,2})?)$")]


class _File(BaseModel):
    """What a file of this version holds."""

    model_config = ConfigDict(extra="forbid", strict=True)

    version: Literal[1]
    demo: str = ""
    demo_id: str = ""
    sides: dict[Party, dict[str, str]]
    place: str
    settings: dict[str, Any]
    resources: dict[str, Entry]


@dataclass
class StateFile:
    """The journal of one demo, in a directory of its own."""

    directory: Path
    demo: str = ""
    """The demo's name."""
    demo_id: str = ""
    """The demo's id, as in its tags; empty if there is no record."""
    sides: dict[str, dict[str, str]] = field(default_factory=dict)
    """Account and region of each party (``Resource.party``), when the demo was first created."""
    place: str = ""
    """The boot id of the sandbox that holds the demo; empty on AWS."""
    settings: dict[str, Any] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    sides_on_record: set[str] = field(default_factory=set)
    """The sides of which something was recorded.  Without settings, the account of another one is not known."""

    @property
    def path(self) -> Path:
        return self.directory / "state.json"

    @property
    def key_file(self) -> Path:
        """The demo's private ssh key."""
        return self.directory / "key.pem"

    @property
    def known_hosts(self) -> Path:
        return self.directory / "known_hosts"

    # --- reading and writing ------------------------------------------------

    @classmethod
    def load(cls, directory: Path) -> StateFile:
        """Read the state of a demo; empty if there is no file.  Raises DemoError for a file that is not a state
        file, and NotAFile and NotYours."""
        path = directory / "state.json"
        refuse_links(directory, DEPTH)
        try:
            text = text_within(open_file(path), LARGEST_FILE)
        except FileNotFoundError:
            return cls(directory)
        except OSError as error:
            foreign = not_yours(path) if isinstance(error, PermissionError) else None
            raise foreign or _unreadable(path, printable(str(error))) from None
        except ValueError as error:
            raise _unreadable(path, f"it is not JSON: {printable(str(error))}") from None
        try:
            version = _Version.model_validate_json(text).version
            if version > VERSION:
                why = f"a newer vpce-demo wrote it (version {printable(str(version))}, this one knows {VERSION})"
                raise _unreadable(path, why)
            told = _File.model_validate_json(text)
        except ValidationError as error:
            raise _unreadable(path, _what_is_wrong(error)) from None
        # A file of an earlier release has them among the settings alone.
        demo, demo_id = (value if isinstance(value := told.settings.get(name), str) else "" for name in _NAMES)
        return cls(
            directory,
            told.demo or demo,
            told.demo_id or demo_id,
            told.sides,
            told.place,
            told.settings,
            dict(_undamaged(path, told.resources)),
            {party.partition("-")[0] for party in told.sides},
        )

    def save(self) -> None:
        """Write it, readable by the owner only.  At every moment either the old or the new file is complete.

        Raises DemoError if it cannot be written.
        """
        _make(self.directory)
        told = {
            "version": VERSION,
            "demo": self.demo,
            "demo_id": self.demo_id,
            "sides": {
                party: at
                for party, at in self.sides.items()
                if self.settings or party.partition("-")[0] in self.sides_on_record
            },
            "place": self.place,
            "settings": self.settings,
        }
        resources = {key: vars(entry) for key, entry in sorted(self.entries.items())}
        text = f'{{\n{_lines(told)},\n"resources": {{\n{_lines(resources)}\n}}\n}}\n'
        try:
            replace_file(self.path, text)
        except NotAFile as error:
            raise DemoError(
                f"The state file {self.path} cannot be written: {error.reason}.", code="VPCE080", hint=error.hint
            ) from None
        except OSError as error:
            foreign = not_yours(self.directory) if isinstance(error, PermissionError) else None
            raise foreign or DemoError(
                f"The state file {self.path} cannot be written: {error.strerror}.",
                code="VPCE080",
                hint="Free some space or mend the permissions, then run the command again: it goes on from here.",
            ) from None

    def forget(self) -> None:
        """Delete the file, the key and everything else of this demo except its lock.  What is not a file is named and
        stays."""
        draft = self.path.with_suffix(".json.new")
        for path in (self.path, draft, self.key_file, self.key_file.with_suffix(".pem.pub"), self.known_hosts):
            with extra(f"{path} cannot be deleted", "", DemoError):
                remove_file(path)
        self.demo, self.demo_id, self.sides, self.place, self.settings, self.entries = "", "", {}, "", {}, {}

    def remove_customer(self, number: int) -> None:
        """Record that this customer is not wanted any more.  Without settings, what is there says which ones are."""
        if self.settings:
            removed = {*self.settings.get("removed_customers", ()), number}
            self.settings = {**self.settings, "removed_customers": sorted(removed)}
            self.save()

    def remove_chapter(self, name: str) -> None:
        """Record that this chapter is not there any more."""
        if self.settings:
            left = [one for one in self.settings.get("chapters", ()) if one != name]
            before = {one: told for one, told in self.settings.get("before", {}).items() if one != name}
            self.settings = {**self.settings, "chapters": left, "before": before}
            self.save()

    # --- listening ------------------------------------------------------------

    def on_event(self, event: Event) -> None:
        """Record one event.  The engine waits until it is written.

        Raises DemoError if a create cannot be recorded, which is then not requested.  Everything else is safe to lose,
        since AWS knows the demo by its tags: nothing is kept from being deleted.
        """
        key, live = event.resource.key, event.live
        if event.action is Action.CREATING:
            self.entries[key] = Entry(event.resource.kind, token=event.token, at=time.time())
        elif event.action in (Action.FOUND, Action.CREATED, Action.READY) and live:
            before = self.entries.get(key)
            token, at = (before.token, before.at) if before else ("", 0.0)
            identity = dict(live.identity) or (before.identity if before and before.id == live.id else {})
            entry = Entry(event.resource.kind, live.id, token, at, dict(live.outputs), identity)
            if entry == before:
                return
            self.entries[key] = entry
        elif self._is_over(event):
            if self.entries.pop(key, None) is None:
                return
        else:
            return
        self.sides_on_record.add(event.resource.side)
        try:
            self.save()
        except DemoError as error:
            if event.action is Action.CREATING:
                raise
            CHANGES.not_recorded()
            WARNINGS.add(f"{error.message} AWS knows the demo by its tags.")

    def _is_over(self, event: Event) -> bool:
        """True if the entry can be removed: deleted, found missing, or certainly never created."""
        known = bool(self.id(event.resource.key))
        match event.action:
            case Action.GONE:
                return True
            case Action.MISSING:
                return known
            case Action.FAILED:
                return not known and is_rejection(event.error)
            case _:
                return False

    # --- what is recorded -----------------------------------------------------

    def id(self, key: str) -> str:
        """The recorded id, or nothing."""
        entry = self.entries.get(key)
        return entry.id if entry else ""

    def records(self) -> Mapping[str, Record]:
        """What is recorded of each resource, by key."""
        return {key: Record(entry.id, entry.token, entry.identity) for key, entry in list(self.entries.items())}

    @property
    def ids(self) -> dict[str, str]:
        return {key: entry.id for key, entry in self.entries.items() if entry.id}

    @property
    def recent(self) -> Mapping[str, float]:
        """How many seconds ago each recorded resource was created.  AWS may not show a new one yet."""
        now = time.time()
        return {key: max(0.0, now - entry.at) for key, entry in self.entries.items() if entry.id and entry.at}

    @property
    def intents(self) -> Mapping[str, Intent]:
        """Creates that an earlier run began and whose answer was not recorded."""
        now = time.time()
        return {
            key: Intent(entry.token, max(0.0, now - entry.at)) for key, entry in self.entries.items() if not entry.id
        }


def _undamaged(path: Path, entries: Mapping[str, Entry]) -> Iterator[tuple[str, Entry]]:
    """The entries that AWS can be asked for.  Others are named (``extras``): their resources are found by tags."""
    for key, entry in entries.items():
        damaged = [name for name in ("id", "token") if not _WORD.fullmatch(getattr(entry, name))]
        for name in damaged:
            field = printable(f"resources.{key}.{name}")
            WARNINGS.add(f"The state file {path} is damaged: {field} is not a valid {name}", ". It is left out.")
        if not damaged:
            yield key, entry


def _lines(members: Mapping[str, Any]) -> str:
    """The members of a JSON object, one a line: each step writes it anew, and ``indent`` would be much slower."""
    return ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in members.items())


def _what_is_wrong(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    if problems[0]["type"] == "json_invalid":
        return f"it is not JSON: {printable(problems[0]['msg'].removeprefix('Invalid JSON: '))}"
    places = dict.fromkeys(".".join(map(str, one["loc"])) or "all of it" for one in problems)
    return f"something is missing or of the wrong kind: {printable(', '.join(places))}"


def _unreadable(path: Path, why: str) -> DemoError:
    if not os.path.lexists(path):  # something else stands where its directory should be
        return DemoError(f"The state file {path} cannot be used: {why}.", code="VPCE079", hint=ELSEWHERE)
    return DemoError(
        f"The state file {path} cannot be used: {why}.",
        code="VPCE079",
        hint=f"AWS knows the demo by its tags, so put the file aside and go on:\n    {put_aside(path)}",
    )


def _make(directory: Path) -> None:
    try:
        make_private(directory, DEPTH)  # where it cannot be: the key is the only secret, and is refused there
    except OSError as error:
        raise DemoError(f"The directory {directory} cannot be made: {error.strerror}.", code="VPCE081") from None


@contextlib.contextmanager
def locked(directory: Path, command: str, *, makes: bool = True) -> Iterator[None]:
    """Hold the demo's lock, which is released when the process ends.  Raises Locked, with the process that holds it.

    A directory that holds nothing else is removed with the lock.  One in which no lock can be made raises DemoError or
    OSError for a command that ``makes``; any other goes on without.
    """
    path = directory / "lock"
    lock = FileLock(path, timeout=0, mode=0o600)
    try:
        _make(directory)
        is_there(path)
        lock.acquire()
    except Timeout:
        raise Locked(
            "Another run of this demo is at work.",
            facts={"held by": _read_or(path, "another process")},
            hint="Wait until it has finished, then run the command again.",
        ) from None
    except (DemoError, OSError) as error:
        if makes:
            raise
        WARNINGS.add(f"The lock {path} cannot be made: {why(error)}. Run no other command on this demo meanwhile.")
    try:
        if lock.is_locked:
            with contextlib.suppress(OSError):  # it is for a message to others
                text = f"process {os.getpid()}, vpce-demo {command}, since {time.strftime('%H:%M:%SZ', time.gmtime())}"
                with os.fdopen(open_file(path, os.O_WRONLY | os.O_TRUNC), "w") as file:
                    file.write(text)
        yield
    finally:
        with contextlib.suppress(OSError):
            if lock.is_locked and os.listdir(directory) == [path.name]:
                path.unlink()  # while it is held: once released, it may be the lock of another run
                remove_if_empty(directory)
                remove_if_empty(directory.parent)
        lock.release()


def _read_or(path: Path, otherwise: str) -> str:
    try:
        return printable(text_within(open_file(path), LARGEST_FILE).strip()) or otherwise
    except (DemoError, OSError, ValueError):
        return otherwise


def remove_if_empty(directory: Path) -> None:
    """Remove a directory if it is empty.  What another process puts there at this moment stays."""
    with contextlib.suppress(OSError):
        directory.rmdir()
