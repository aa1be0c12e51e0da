"""What the engine reports: an event for each thing it does, and what a delete left behind."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from ..model import Live
from .resource import Resource


class Action(Enum):
    """What the engine did, found, or failed to do with a resource."""

    FOUND = "found"
    MISSING = "missing"
    CREATING = "creating"
    CREATED = "created"
    WAITING = "waiting"
    RETRYING = "retrying"
    MENDING = "mending"
    MENDED = "mended"
    READY = "ready"
    DELETING = "deleting"
    DELETED = "deleted"
    GONE = "gone"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Event:
    """One thing that happened to a resource.

    ``token`` is the client token of a create; ``note`` is what is waited for or was answered, in AWS's words; ``at`` is
    monotonic time in seconds.
    """

    action: Action
    resource: Resource
    live: Live | None = None
    error: Exception | None = None
    token: str = ""
    note: str = ""
    at: float = field(default_factory=time.monotonic)


class Leftover(NamedTuple):
    """What a delete left behind: why, in AWS's words, who holds it that does not go by itself, by id, and the commands
    that remove them."""

    resource: Resource
    live: Live
    why: str
    strangers: Mapping[str, str]
    commands: Sequence[str] = ()
