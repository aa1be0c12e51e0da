"""The words that everything else uses: sides, phases, what AWS says about a resource, drift and holders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, NamedTuple

ANYWHERE = "0.0.0.0/0"
"""Every IPv4 address, as a destination of a route or a source of a rule."""


class Side(StrEnum):
    """Whose account and region a resource belongs to."""

    PROVIDER = "provider"
    CONSUMER = "consumer"

    @classmethod
    def of(cls, party: str) -> Side:
        """The side of a party (``Resource.party``)."""
        return cls(party.partition("-")[0])


class Phase(Enum):
    """The state of a resource, in the same words for every kind."""

    PENDING = "pending"
    READY = "ready"
    WRONG = "wrong"
    """It exists, but differs from the tutorial: ``up`` deletes it and creates it again."""
    FOREIGN = "foreign"
    """The name is taken by a resource that is not the demo's: ``up`` refuses, and nothing touches it."""
    FAILED = "failed"
    """AWS could not create it or ended it, and documents no way back: ``up`` deletes it and creates another."""
    DELETING = "deleting"
    GONE = "gone"

    @classmethod
    def of(cls, word: str | None) -> Phase:
        """The phase for a state word of any AWS API, in any case; PENDING for an unknown word."""
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


class Remedy(StrEnum):
    """What ``up`` does about a field that differs from the tutorial."""

    MEND = "mend"
    """It is brought back in place."""
    REPLACE = "replace"
    """AWS has no call that brings it back and the demo needs it: the resource is deleted and created again."""
    ASK = "ask"
    """The demo works with it, and the account is less safe: it is mended if the user agrees."""
    LEAVE = "leave"


class Drift(NamedTuple):
    """A field in which AWS's value differs from the tutorial's; ``why`` is the reason if it is left."""

    field: str
    tutorial: str
    aws: str
    remedy: Remedy = Remedy.LEAVE
    why: str = ""


Held = tuple[str, object, object]
"""A field: its name, the tutorial's value (a value, a resource, or several), and AWS's value.  See ``drift.py``."""


@dataclass(frozen=True)
class Live:
    """What AWS returns about one resource.

    ``word`` is AWS's state word, for the screen; ``why`` is AWS's reason, if it gives one; ``outputs`` is what other
    resources or the user need (a service's name, an address); ``held`` are its fields, and ``drift`` those that differ,
    once every resource has been looked up (``Run.look``); ``made`` is when AWS created it, if AWS says so; ``identity``
    is what AWS keeps of it and nobody can edit, to recognise it without its tags.
    """

    id: str
    phase: Phase = Phase.READY
    word: str = ""
    why: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    held: tuple[Held, ...] = ()
    drift: tuple[Drift, ...] = ()
    made: datetime | None = None
    identity: Mapping[str, str] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """The state on every screen: AWS's word; our phase if AWS has none, or it is not as the tutorial says."""
        return self.phase.value if self.phase in (Phase.WRONG, Phase.FOREIGN) or not self.word else self.word

    def differs(self, *fields: str) -> bool:
        """True if it differs in one of these fields."""
        return any(one.field in fields for one in self.drift)


class Record(NamedTuple):
    """What the state file has of a resource: its id, the client token of its create call, and its ``Live.identity``."""

    id: str
    token: str = ""
    identity: Mapping[str, str] = {}


def numbered(word: str, number: int) -> str:
    """A key, name or party of a customer: the first has the tutorial's own."""
    return word if number == 1 else f"{word}-{number}"


def short_id(id: str) -> str:
    """The last part of a load balancer's ARN, ``net/MyNetwork-LB/50dc6c495c0c9188``; any other id as it is."""
    if ":elasticloadbalancing:" not in id:
        return id
    return id.rpartition(":")[2].removeprefix("loadbalancer/").removeprefix("targetgroup/")


@dataclass(frozen=True)
class Holder:
    """What keeps AWS from deleting something.  ``what`` describes it.

    ``foreign``: it does not go by itself, and somebody has to remove it: with these ``commands`` of the AWS CLI, if any
    can.  ``remove`` removes one that is the demo's own.
    """

    id: str
    what: str = ""
    foreign: bool = False
    commands: tuple[str, ...] = ()
    remove: Callable[[Any], object] | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.id} ({self.what})" if self.what and self.id else self.id or self.what


def is_fine(live: Live | None) -> bool:
    """True if it exists and stays, or is being created."""
    return live is not None and live.phase in (Phase.READY, Phase.PENDING) and not is_replaced(live)


def is_replaced(live: Live) -> bool:
    """True if ``up`` deletes it and creates it again."""
    return live.phase in (Phase.WRONG, Phase.FAILED) or any(one.remedy is Remedy.REPLACE for one in live.drift)


def ours(found: Iterable[Live]) -> list[Live]:
    """Of what was found, what exists and is the demo's: the best one first, those being deleted last."""
    order = [Phase.READY, Phase.PENDING, Phase.WRONG, Phase.FAILED, Phase.DELETING]
    return sorted((live for live in found if live.phase in order), key=lambda live: order.index(live.phase))
