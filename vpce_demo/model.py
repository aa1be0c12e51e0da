"""The words that everything else uses: sides, phases, what AWS says about a resource, drift and holders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from typing import NamedTuple

ANYWHERE = "0.0.0.0/0"
"""Every IPv4 address, as a destination of a route or a source of a rule."""


class Side(StrEnum):
    """Whose account and region a resource lives in."""

    PROVIDER = "provider"
    CONSUMER = "consumer"


class Phase(Enum):
    """Where a resource is in its life, in the same words for every kind."""

    PENDING = "pending"
    READY = "ready"
    WRONG = "wrong"
    """It is there, but not as the tutorial says: ``up`` deletes it and makes it again."""
    FOREIGN = "foreign"
    """Somebody else's thing has the name: never adopted, never touched; ``up`` refuses."""
    FAILED = "failed"
    """AWS gave it up, and it cannot be used again: ``up`` deletes it and makes another."""
    DELETING = "deleting"
    GONE = "gone"

    @classmethod
    def of(cls, word: str | None) -> Phase:
        """Translate a state word of any AWS API, whatever its case; a word that we do not know is PENDING."""
        return _PHASES.get((word or "").lower(), cls.PENDING)


_PHASES = {
    **dict.fromkeys(("available", "active", "active_impaired", "attached", "associated", "running"), Phase.READY),
    **dict.fromkeys(
        ("failed", "rejected", "expired", "unavailable", "failed-insufficient-capacity", "stopped", "stopping"),
        Phase.FAILED,
    ),
    **dict.fromkeys(("deleting", "detaching", "disassociating", "shutting-down"), Phase.DELETING),
    **dict.fromkeys(("deleted", "detached", "disassociated", "terminated"), Phase.GONE),
}


class Drift(NamedTuple):
    """A field of which AWS holds something else than the tutorial says."""

    field: str
    tutorial: str
    aws: str


Held = tuple[str, object, object]
"""A field by name, what the tutorial says of it (a value, a resource, several), what AWS holds: see ``drift.py``."""


@dataclass(frozen=True)
class Live:
    """What AWS says about one resource now.

    ``word`` is AWS's own state word, for the screen; ``why`` its reason where it gives one; ``outputs`` what other
    resources or the user need of it (a service's name, an address); ``held`` its fields, and ``drift`` those in which
    it differs, once everything has been looked at (``Run.look``); ``made`` when AWS made it, where it says so.
    """

    id: str
    phase: Phase = Phase.READY
    word: str = ""
    why: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    held: tuple[Held, ...] = ()
    drift: tuple[Drift, ...] = ()
    made: datetime | None = None


def short_id(id: str) -> str:
    """An id as people know it: the last part of an ARN, ``net/MyNetwork-LB/50dc6c495c0c9188``."""
    return (
        id.rpartition(":")[2].removeprefix("loadbalancer/").removeprefix("targetgroup/")
        if id.startswith("arn:")
        else id
    )


@dataclass(frozen=True)
class Holder:
    """What keeps AWS from deleting something.  ``what`` describes it.  ``foreign``: it is not part of the demo, and its
    owner has to remove it."""

    id: str
    what: str = ""
    foreign: bool = False

    def __str__(self) -> str:
        return f"{self.id} ({self.what})" if self.what else self.id


def is_fine(live: Live | None) -> bool:
    """Whether it is there and as it should be, or on its way there."""
    return live is not None and live.phase in (Phase.READY, Phase.PENDING)


def ours(found: Iterable[Live]) -> list[Live]:
    """Of what was found, what is there and ours: the one to go on with first, those on their way out last."""
    order = [Phase.READY, Phase.PENDING, Phase.WRONG, Phase.FAILED, Phase.DELETING]
    return sorted((live for live in found if live.phase in order), key=lambda live: order.index(live.phase))
