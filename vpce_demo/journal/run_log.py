"""The log of a run: writes events as JSON lines, and reads such files.

Every command that changes or tests a demo writes one file, which outlives the demo: ``logs`` prints it, and a report
is made from it.  Each line is an object with a ``type``; ``at`` is Unix time, ``seconds`` counts from the start of the
run.

    run     the first: version, command, demo, demo_id, place, accounts by side, program, settings
    event   one of the engine's: action, key, kind, name, side, step, id, state, note, outputs, error
    check   one answer of test: number, title, passed, evidence, likely, because, fix, ruled_out
    page    the web page that the test saw: text
    addresses   the private ones of what AWS manages, by resource key, as the test found them
    look    after a delete, what is left: key, kind, id, why of each
    end     the last: exit_code, message; missing if the process was killed

It holds no secret: no key, no credentials (``masking``), no client token.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from .. import __version__, signals
from ..aws.error_codes import error_code, whole_message
from ..aws.messages import understood
from ..engine.events import Event
from ..errors import DemoError
from ..extras import WARNINGS, extra, why
from ..masking import MASK
from ..private import NotAFile, NotYours, make_private, not_yours, open_file, refuse_links, remove_file
from .run_log_schema import read_line

if TYPE_CHECKING:
    from ..aws.environment import Environment
    from ..config.settings import Settings
    from ..engine.events import Leftover
    from ..tutorial import Demo

VERSION = 1
KEPT = 20
"""How many runs of a demo are kept."""
LARGEST_FILE = 50_000_000
"""Bytes of a file that are read.  A run has some ten thousand."""
DEPTH = 3
"""How many directories of the program a demo's logs are in: ``logs``, the place's, and the demo's."""


class RunLog:
    """Writes one run.  Without a file, or if that can no longer be written, it writes nothing.

    A failing log is named (``extras``) and does not fail the run: what must be recorded is in the state file.
    """

    def __init__(self, demo: Demo, file: IO[str] | None = None) -> None:
        self._demo = demo
        self._file = file
        self._began = time.monotonic()

    @classmethod
    def begin(cls, directory: Path, command: str, settings: Settings, environment: Environment, demo: Demo) -> RunLog:
        """Open the file of a run in the directory of this demo's logs, and delete the oldest ones."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        path = directory / f"{stamp}-{command.replace(' ', '-')}-{os.getpid()}.jsonl"
        file = None
        with extra(f"The logs in {directory} cannot be used", "", DemoError):
            make_private(directory, DEPTH)
            file = os.fdopen(open_file(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), "a", encoding="utf-8")
        for old in _files(directory)[KEPT:] if file else ():
            with contextlib.suppress(OSError, NotAFile, NotYours):
                remove_file(old)
        log = cls(demo, file)
        accounts = {str(side): {k: one[k] for k in ("account", "region")} for side, one in environment.accounts.items()}
        log._write(
            "run",
            version=VERSION,
            command=command,
            demo=settings.name,
            demo_id=settings.demo_id,
            place=environment.name,
            accounts=accounts,
            program=__version__,
            settings=settings.model_dump(exclude={"public_key"}),
        )
        return log

    def __enter__(self) -> RunLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        self.end(*_ending(error))

    # --- listening --------------------------------------------------------------

    def on_event(self, event: Event) -> None:
        """Write one event of the engine."""
        self._write("event", seconds=round(event.at - self._began, 3), **described(event, self._demo))

    def check(self, result: Mapping[str, Any], failure: DemoError | None) -> None:
        """Write one result of the test, and the most likely cause if it failed."""
        cause = failure.diagnosis if failure else None
        self._write(
            "check",
            **result,
            likely=cause.likely if cause else "",
            because=list(cause.evidence) if cause else [],
            fix=cause.fixes[0].command if cause and cause.fixes else "",
            ruled_out=list(cause.ruled_out) if cause else [],
        )

    def page(self, text: str) -> None:
        """Write the web page that the test saw."""
        self._write("page", text=text)

    def addresses(self, found: Mapping[str, str]) -> None:
        """Write the private addresses of the endpoint and the load balancer."""
        self._write("addresses", found=dict(found))

    def look(self, left: Sequence[Leftover]) -> None:
        """Write what was still there after a delete."""
        self._write(
            "look",
            left=[
                {"key": one.resource.key, "kind": one.resource.kind, "id": one.live.id, "why": one.why} for one in left
            ],
        )

    def end(self, exit_code: int, message: str) -> None:
        """Write how the run ended, and close the file."""
        self._write("end", seconds=round(time.monotonic() - self._began, 3), exit_code=exit_code, message=message)
        file, self._file = self._file, None
        if file:
            with contextlib.suppress(OSError):
                file.close()

    def _write(self, type: str, **rest: Any) -> None:
        if self._file is None:
            return
        try:
            line = MASK.data({"type": type, "at": round(time.time(), 3), **rest})
            self._file.write(json.dumps(line, default=lambda value: MASK.text(str(value))) + "\n")
            self._file.flush()  # a killed process leaves what it has written
        except OSError as error:
            self._file = None
            WARNINGS.add(f"The log of this run cannot be written any more: {why(error)}.")


def described(event: Event, demo: Demo) -> dict[str, Any]:
    """An event of the engine as the log has it, without the time."""
    r, live = event.resource, event.live
    return {
        "action": event.action.value,
        "key": r.key,
        "kind": r.kind,
        "name": r.name,
        "side": str(r.side),
        "step": demo.step_of(r).number,
        "id": live.id if live else "",
        "state": live.word if live else "",
        "note": event.note,
        "outputs": dict(live.outputs) if live else {},
        "error": _error_as_dict(event.error) if event.error else None,
    }


def _error_as_dict(error: Exception) -> dict[str, str]:
    """The code and message of AWS's error, or of ours."""
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError):
        return {"code": error_code(error), "message": whole_message(error)}
    return {"code": type(error).__name__, "message": str(error)}


def _ending(error: BaseException | None) -> tuple[int, str]:
    """The exit code of a run that ends with this error, and the message."""
    if error is None:
        return 0, ""
    if isinstance(error, KeyboardInterrupt):
        return signals.code(), "Interrupted."
    told = understood(error)
    # click's Exit, such as 10 for differences, has a code too.
    return int(getattr(told or error, "exit_code", 1)), told.message if told else str(error)


# --- reading ----------------------------------------------------------------------


@dataclass(frozen=True)
class RecordedRun:
    """A run read back: its file and its complete lines."""

    path: Path
    lines: Sequence[Mapping[str, Any]]

    @property
    def id(self) -> str:
        return self.path.stem

    @property
    def head(self) -> Mapping[str, Any]:
        """Its first line."""
        return self.lines[0]

    @property
    def end(self) -> Mapping[str, Any] | None:
        """Its last line; None if it is still running or was killed."""
        return self.lines[-1] if self.lines[-1].get("type") == "end" else None

    @property
    def seconds(self) -> float:
        """How long it took, or until the last line."""
        return float(self.lines[-1]["at"]) - float(self.head["at"])

    @property
    def is_at_work(self) -> bool:
        """True if its process is still running."""
        if self.end:
            return False
        try:
            process = int(self.id.rpartition("-")[2])
            os.kill(process, 0)
        except PermissionError:
            return True
        except (OSError, ValueError, OverflowError):
            return False
        return process > 0


def read(path: Path) -> RecordedRun | None:
    """Read one run, without incomplete or unknown lines.  None if the file is not the log of a run.

    What cannot be read, or is not a file of this user, is named (``extras``).
    """
    lines: list[Mapping[str, Any]] = []
    with (
        extra(f"The log {path.name} is left out", "", DemoError),
        contextlib.suppress(FileNotFoundError),
        os.fdopen(open_file(path), "rb") as file,
    ):
        lines += [line for text in file.read(LARGEST_FILE).split(b"\n") if (line := read_line(text))]
    return RecordedRun(path, lines) if lines and lines[0]["type"] == "run" else None


def runs(directory: Path) -> list[RecordedRun]:
    """The runs in a demo's log directory, newest first."""
    return [run for path in _files(directory) if (run := read(path))]


def _files(directory: Path) -> list[Path]:
    """Newest first: by the time in the name, and within a second by when they were last written."""
    found = []
    with extra(f"The logs in {directory} cannot be used", "", DemoError), contextlib.suppress(FileNotFoundError):
        try:
            refuse_links(directory, DEPTH)
            paths = list(directory.iterdir())
        except PermissionError as error:
            raise not_yours(directory) or error from None
        for path in paths:
            if path.suffix == ".jsonl":
                found.append((path.name[:16], path.lstat().st_mtime_ns, path))
    return [path for *_, path in sorted(found, reverse=True)]
