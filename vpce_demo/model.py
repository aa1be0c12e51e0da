"""The words everything else uses: a resource can find, create and delete itself.

A kind is a frozen dataclass with three methods in plain API calls.  It never waits, retries, catches, logs, prints or
writes state: the engine does that, the same way for all.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from .aws.clients import Aws


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
    """What keeps AWS from deleting something.  ``what`` is it in words; ``stays`` says that it is not ours and will not
    let go by itself."""

    id: str
    what: str = ""
    stays: bool = False

    def __str__(self) -> str:
        return f"{self.id} ({self.what})" if self.what else self.id


WHILE_IT_STARTS = {"while_it_starts": True}
"""Metadata of a field: what it holds must have been asked for, but need not be ready yet."""
UNTIL_IT_GOES = {"until_it_goes": True}
"""Metadata of a field: what it holds may be asked to go as soon as this one has been, and need not wait for its end."""


@dataclass(frozen=True, eq=False)
class Resource(ABC):
    """One thing in AWS: one create call, and a delete that undoes exactly that.

    Fields that hold resources, or tuples of them, are what it needs; ``after`` is for an order that no other field
    shows.  ``key`` names it in the state file and in its tags, for ever; ``name`` is what AWS shows.
    """

    key: str
    side: Side
    name: str
    after: tuple[Resource, ...] = field(default=(), kw_only=True)

    doubles: ClassVar[bool] = False
    """Whether a second create call makes a second one: AWS knows neither a client token nor a unique name of it."""
    usual_seconds: ClassVar[float] = 0.5
    """How long AWS usually takes from the create call until it is ready."""
    ready_word: ClassVar[str] = "available"
    """AWS's state word when it is ready."""
    usual_seconds_gone: ClassVar[float] = 0.0
    """How long AWS usually takes from the delete call until it is gone; 0 where the answer to the call says so."""

    @abstractmethod
    def find(self, aws: Aws) -> Iterator[Live]:
        """Yield what AWS has of this resource: nothing, one, duplicates, or some gone ones too."""

    @abstractmethod
    def create(self, aws: Aws) -> Live:
        """Ask AWS for the resource and return what it answers.  Don't wait."""

    @abstractmethod
    def delete(self, aws: Aws, live: Live) -> None:
        """Ask AWS to remove the resource.  Don't wait for it to go."""

    def held_by(self, aws: Aws, live: Live) -> Iterator[Holder]:
        """Yield what uses it, as far as AWS can be asked: for when it says that it is in use."""
        yield from ()

    def release(self, aws: Aws, live: Live, holders: Sequence[Holder]) -> bool:
        """Send these away that are not ours, if that may be asked of the kind; return whether it was."""
        return False

    def goes_with(self) -> Resource | None:
        """The resource whose deletion removes this one too, so that AWS need not be asked twice."""
        return None

    @property
    def kind(self) -> str:
        return type(self).__name__

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    def needs(self) -> Iterator[Need]:
        """Yield what this one needs: the resources in its fields."""
        for f in fields(self):
            value = getattr(self, f.name)
            for item in value if isinstance(value, tuple) else (value,):
                if isinstance(item, Resource):
                    yield Need(item, "while_it_starts" not in f.metadata, "until_it_goes" not in f.metadata)


def is_fine(live: Live | None) -> bool:
    """Whether it is there and as it should be, or on its way there."""
    return live is not None and live.phase in (Phase.READY, Phase.PENDING)


class Need(NamedTuple):
    """What a resource needs: ready or only asked for, and until it is gone itself or only until it is asked to go."""

    resource: Resource
    ready: bool
    until_gone: bool


def ours(found: Iterable[Live]) -> list[Live]:
    """Of what was found, what is there and ours: the one to go on with first, those on their way out last."""
    order = [Phase.READY, Phase.PENDING, Phase.WRONG, Phase.FAILED, Phase.DELETING]
    return sorted((live for live in found if live.phase in order), key=lambda live: order.index(live.phase))


def closure(resources: Iterable[Resource]) -> list[Resource]:
    """These resources and everything they need, each after what it needs."""
    seen: dict[str, Resource] = {}

    def visit(resource: Resource) -> None:
        if resource.key not in seen:
            for need in resource.needs():
                visit(need.resource)
            seen[resource.key] = resource

    for resource in resources:
        visit(resource)
    return list(seen.values())


class Action(Enum):
    """What the engine just did, saw, or could not do with a resource."""

    FOUND = "found"
    MISSING = "missing"
    CREATING = "creating"
    CREATED = "created"
    WAITING = "waiting"
    RETRYING = "retrying"
    READY = "ready"
    DELETING = "deleting"
    DELETED = "deleted"
    GONE = "gone"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Event:
    """One line of the story that the engine tells its listeners.

    ``token`` is the client token of a create; ``note`` what is being waited for or was answered, in AWS's words;
    ``at`` seconds of the monotonic clock.
    """

    action: Action
    resource: Resource
    live: Live | None = None
    error: Exception | None = None
    token: str = ""
    note: str = ""
    at: float = field(default_factory=time.monotonic)
