"""The record of a session's exercises: what was broken, how many hints were asked for, and how it ended.

A session is the life of a sandbox: the first exercise in another one begins a new record.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, Self

from annotated_types import Ge, Le, MaxLen
from pydantic import BaseModel, ConfigDict

from ..errors import DemoError
from ..extras import extra
from ..model import Side
from ..private import open_file, replace_file
from ..untrusted import text_within
from .exercise import Call

FILE = "exercises.json"
LARGEST = 1_000_000
"""Bytes of the file."""
MOST = 1000
"""Exercises in a record."""
ANSWER = 3
"""The number of the hint that is the answer."""
Ended = Literal["", "solved", "undone"]


class Attempt(BaseModel):
    """One exercise; ``ended`` is empty as long as it is open.

    ``sealed`` is the rule's key, the way and what undoes it, in a form that nobody reads by accident.  ``demo_id`` is
    the demo that was broken; ``speed`` that of the sandbox before it was slowed down, 0 if it was not.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    demo_id: str
    sealed: str
    surprise: bool
    at: float
    hints: Annotated[int, Ge(0), Le(ANSWER)] = 0
    ended: Ended = ""
    speed: float | Literal["max"] = 0.0

    @classmethod
    def of(cls, rule: str, way: str, *, demo_id: str, surprise: bool) -> Self:
        """An exercise that begins now."""
        attempt = cls(demo_id=demo_id, sealed="", surprise=surprise, at=time.time())
        attempt.seal(rule, way, [])
        return attempt

    def seal(self, rule: str, way: str, undo: Iterable[Call]) -> None:
        self.sealed = base64.b64encode(json.dumps([rule, way, list(undo)]).encode()).decode()

    @property
    def _content(self) -> tuple[str, str, list[Call]]:
        rule, way, undo = json.loads(base64.b64decode(self.sealed))
        # A record that is older than exercises with two sides apart names none: both were the provider's.
        whole = [one if len(one) > 2 else [Side.PROVIDER, *one] for one in undo]
        return str(rule), str(way), [(Side(side), str(operation), dict(params)) for side, operation, params in whole]

    @property
    def rule(self) -> str:
        """The key of the rule whose cause was made to happen."""
        return self._content[0]

    @property
    def undo(self) -> list[Call]:
        """The calls that take back what ``up`` would leave, in the order in which the exercise noted them."""
        return self._content[2]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    version: Literal[1]
    sandbox: str
    attempts: Annotated[list[Attempt], MaxLen(MOST)]


@dataclass
class Attempts:
    """The exercises of a session, oldest first; ``sandbox`` is the boot id of the sandbox they were in."""

    path: Path
    sandbox: str = ""
    all: list[Attempt] = field(default_factory=list)

    @classmethod
    def load(cls, directory: Path) -> Self:
        """The record in a demo's directory; empty if there is none, or, with a warning, if it cannot be used."""
        path = directory / FILE
        if os.path.lexists(path):
            with extra(f"The record of exercises {path} cannot be used", "A new one begins.", DemoError):
                return cls(path, *_read(text_within(open_file(path), LARGEST)))
        return cls(path)

    def open(self, demo_id: str) -> Attempt | None:
        """The exercise that this demo is broken by, if any.  With the demo its exercise is gone."""
        last = self.all[-1] if self.all else None
        return last if last and not last.ended and last.demo_id == demo_id and demo_id else None

    def begin(self, attempt: Attempt, sandbox: str) -> None:
        """Add an exercise, in a new record if the last one was of another sandbox."""
        kept = self.all if sandbox == self.sandbox else []
        self.sandbox, self.all = sandbox, [*kept[1 - MOST :], attempt]
        self.save()

    def save(self) -> None:
        """Write the file.  Raises NotAFile, NotYours and OSError."""
        content = _File(version=1, sandbox=self.sandbox, attempts=self.all)
        replace_file(self.path, content.model_dump_json(indent=1) + "\n")


def _read(text: str) -> tuple[str, list[Attempt]]:
    """The sandbox and the exercises in the text of a record.  Raises ValueError."""
    try:
        read = _File.model_validate_json(text)
        for attempt in read.attempts:
            attempt._content  # noqa: B018 - a damaged seal raises
    except (ValueError, TypeError, RecursionError):
        raise ValueError("it is damaged") from None
    return read.sandbox, read.attempts
