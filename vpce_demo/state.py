"""The state file of one demo: a journal that listens to the engine and is safe to lose.

AWS is the truth.  The journal says what is being done *before* it is done (with the client token of the create), and
the id right after, so that a process killed anywhere can go on; ``down`` works without it too, by tags.
Each write replaces the whole file at once.  It holds no secret.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from .engine import Intent
from .errors import DemoError, Locked, refused
from .model import Action, Event

VERSION = 1


@dataclass
class Entry:
    """What was last noted of a resource.  No id: its create was begun and no answer noted.  ``at`` is Unix time,
    or 0 where nothing was noted when it was made."""

    kind: str
    id: str = ""
    token: str = ""
    at: float = 0.0
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass
class State:
    """The journal of one demo, in a directory of its own."""

    directory: Path
    sides: dict[str, dict[str, str]] = field(default_factory=dict)
    """Account and region of each side, as they were when the demo was first made."""
    place: str = ""
    """The sandbox that held it, by its boot id; empty on AWS."""
    settings: dict[str, Any] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return self.directory / "state.json"

    @property
    def _draft(self) -> Path:
        """What is being written; one that is there when nobody writes was left by a process that was killed."""
        return self.directory / "state.json.new"

    @property
    def key_file(self) -> Path:
        """The demo's private ssh key."""
        return self.directory / "key.pem"

    @property
    def known_hosts(self) -> Path:
        return self.directory / "known_hosts"

    # --- reading and writing ------------------------------------------------

    @classmethod
    def load(cls, directory: Path) -> State:
        """Read the state of a demo; an empty one where there is no file.  Raises DemoError for a file that is none."""
        path = directory / "state.json"
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls(directory)
        except (OSError, ValueError) as error:
            raise _unreadable(path, f"it is not JSON: {error}") from None
        version = data.get("version") if isinstance(data, dict) else None
        if isinstance(version, int) and version > VERSION:
            raise _unreadable(path, f"a newer vpce-demo wrote it (version {version}, this one knows {VERSION})")
        try:
            return cls(
                directory,
                sides={str(side): dict(facts) for side, facts in data["sides"].items()},
                place=str(data["place"]),
                settings=dict(data["settings"]),
                entries={str(key): Entry(**entry) for key, entry in data["resources"].items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _unreadable(path, f"something is missing or of the wrong kind: {error}") from None

    def save(self) -> None:
        """Write it, readable by the owner alone, so that at every moment either the old or the new file is whole."""
        make_private(self.directory)
        data = {
            "version": VERSION,
            "sides": self.sides,
            "place": self.place,
            "settings": self.settings,
            "resources": {key: asdict(entry) for key, entry in sorted(self.entries.items())},
        }
        try:
            with os.fdopen(
                os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
            ) as file:
                json.dump(data, file, indent=2)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(self._draft, self.path)
        except OSError as error:
            raise DemoError(
                f"The state file {self.path} cannot be written: {error.strerror}.",
                hint="Free some space or mend the permissions, then run the command again: it goes on from here.",
            ) from None

    def forget(self) -> None:
        """Remove the file, the key and everything else kept for this demo but its lock."""
        for path in (self.path, self._draft, self.key_file, self.key_file.with_suffix(".pem.pub"), self.known_hosts):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            (self.directory / "lock").unlink(missing_ok=True)
            self.directory.rmdir()
        self.sides, self.place, self.settings, self.entries = {}, "", {}, {}

    # --- listening ------------------------------------------------------------

    def hear(self, event: Event) -> None:
        """Note one event.  The engine waits for this before it goes on."""
        key, live = event.resource.key, event.live
        if event.action is Action.CREATING:
            self.entries[key] = Entry(event.resource.kind, token=event.token, at=time.time())
        elif event.action in (Action.FOUND, Action.CREATED, Action.READY) and live:
            before = self.entries.get(key)
            token, at = (before.token, before.at) if before else ("", 0.0)
            entry = Entry(event.resource.kind, live.id, token, at, dict(live.outputs))
            if entry == before:
                return
            self.entries[key] = entry
        elif self._is_over(event):
            if self.entries.pop(key, None) is None:
                return
        else:
            return
        self.save()

    def _is_over(self, event: Event) -> bool:
        """Whether there is nothing to be noted any more: gone, gone behind our back, or never made for certain."""
        known = bool(self.id(event.resource.key))
        match event.action:
            case Action.GONE:
                return True
            case Action.MISSING:
                return known
            case Action.FAILED:
                return not known and refused(event.error)
            case _:
                return False

    # --- what others ask ------------------------------------------------------

    def id(self, key: str) -> str:
        """The recorded id, or nothing."""
        entry = self.entries.get(key)
        return entry.id if entry else ""

    @property
    def ids(self) -> dict[str, str]:
        return {key: entry.id for key, entry in self.entries.items() if entry.id}

    @property
    def recent(self) -> Mapping[str, float]:
        """How many seconds ago each thing was made whose id is known: so fresh a one AWS may not show yet."""
        now = time.time()
        return {key: max(0.0, now - entry.at) for key, entry in self.entries.items() if entry.id}

    @property
    def intents(self) -> Mapping[str, Intent]:
        """Creates that were begun in an earlier run, and whose answer was never noted."""
        now = time.time()
        return {
            key: Intent(entry.token, max(0.0, now - entry.at)) for key, entry in self.entries.items() if not entry.id
        }


def _unreadable(path: Path, why: str) -> DemoError:
    return DemoError(
        f"The state file {path} cannot be used: {why}.",
        hint=f"AWS knows the demo by its tags, so put the file aside and go on:\n    mv {path} {path}.aside",
        changed="Nothing was changed.",
    )


def make_private(directory: Path) -> None:
    """Make a directory that only its owner can look into."""
    try:
        for level in reversed([directory, *directory.parents]):
            if not level.exists():
                level.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise DemoError(f"The directory {directory} cannot be made: {error.strerror}.") from None


@contextlib.contextmanager
def locked(directory: Path, command: str) -> Iterator[None]:
    """Hold the demo's lock, which ends with the process however that ends.  Raises Locked, naming who holds it."""
    make_private(directory)
    path = directory / "lock"
    lock = FileLock(path, timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise Locked(
            "Another run of this demo is at work.",
            facts={"held by": _read_or(path, "another process")},
            hint="Wait until it has finished, then run the command again.",
            changed="Nothing was changed.",
        ) from None
    try:
        path.write_text(f"process {os.getpid()}, vpce-demo {command}, since {time.strftime('%H:%M:%S')}")
        yield
    finally:
        lock.release()


def _read_or(path: Path, otherwise: str) -> str:
    try:
        return path.read_text().strip() or otherwise
    except OSError:
        return otherwise


def remove_if_empty(directory: Path) -> None:
    """Leave no empty directory behind."""
    with contextlib.suppress(OSError):
        if not any(directory.iterdir()):
            shutil.rmtree(directory)
