"""The engine's world without AWS: fake resources whose behaviour a test chooses, and what was asked of them."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, cast

from botocore.exceptions import ClientError

from vpce_demo.engine.engine import Engine, Intent
from vpce_demo.engine.events import Action, Event
from vpce_demo.engine.resource import STARTED_IS_ENOUGH, Aws, Resource
from vpce_demo.model import Holder, Live, Phase, Remedy, Side

INSTANTLY = 1e9
"""A pace at which the engine's pauses are its shortest ones."""


def refusal(code: str, words: str = "no", status: int = 500, operation: str = "SomeCall") -> ClientError:
    """An error of AWS; one with a status of 4xx says that nothing was done."""
    answer = {"Error": {"Code": code, "Message": words}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)  # type: ignore[arg-type]


class World:
    """What is there, by key; and what was asked, in order: ``asked`` holds lines such as ``create web``."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.there: dict[str, list[Live]] = {}
        self.asked: list[str] = []
        self.tokens: dict[str, list[str]] = {}
        self.events: list[Event] = []
        self.aws = Aws(cast("Any", None), "vpce-demo", "")

    def engine(
        self,
        hear: Callable[[Event], None] | None = None,
        pace: float = INSTANTLY,
        intents: dict[str, Intent] | None = None,
        timeout_seconds: float | None = None,
    ) -> Engine:
        """An engine whose story goes to ``events``, and then to ``hear``."""

        def both(event: Event) -> None:
            self.events.append(event)
            if hear:
                hear(event)

        return Engine(dict.fromkeys(Side, self.aws), both, pace, intents, timeout_seconds)

    def story(self, *actions: Action) -> list[str]:
        """What the engine told, as lines such as ``created web``; only these actions, if any are named."""
        return [f"{e.action.value} {e.resource.name}" for e in self.events if not actions or e.action in actions]

    def when(self, line: str) -> int:
        """Where in what was asked this line stands."""
        return self.asked.index(line)


@dataclass
class Ways:
    """How one thing behaves.  ``*_refusals`` are raised by the next calls, one each; counts are of looks."""

    create_refusals: list[Exception] = field(default_factory=list)
    delete_refusals: list[Exception] = field(default_factory=list)
    mend_refusals: list[Exception] = field(default_factory=list)
    shown_late: int = 0
    """So many looks after it was mended still show it as it was."""
    find_refusals: list[Exception] = field(default_factory=list)
    hidden: int = 0
    """It is not seen by so many looks after its create."""
    slow: int = 0
    """It is pending for so many looks."""
    lingers: int = 0
    """It is deleting for so many looks."""
    made: Phase = Phase.READY
    reply_lost: Exception | None = None
    """Once: it is created, and this is what the caller hears."""
    holders: list[Holder] = field(default_factory=list)
    """What uses it, until it is sent away."""
    at_create: Callable[[], object] = lambda: None
    at_delete: Callable[[], object] = lambda: None


@dataclass(frozen=True, eq=False)
class Thing(Resource):
    world: World
    on: tuple[Thing, ...] = ()
    beside: tuple[Thing, ...] = field(default=(), metadata=STARTED_IS_ENOUGH)
    through: Thing | None = None
    """What it is found by, as a route is by its table."""
    part_of: Thing | None = None
    """What takes it along when it is deleted."""
    ways: Ways = field(default_factory=Ways)

    aws_noun = "Thing"
    create_can_duplicate = True
    usual_delete_seconds = 1.0
    remedies: ClassVar = {"mendable": Remedy.MEND, "asked": Remedy.ASK, "replaceable": Remedy.REPLACE, "left": "why"}

    def find(self, aws: Aws) -> Iterator[Live]:
        if self.through:
            aws.id(self.through)
        with self.world.lock:
            self.world.asked.append(f"find {self.name}")
            if self.ways.find_refusals:
                raise self.ways.find_refusals.pop(0)
            if self.ways.hidden:
                self.ways.hidden -= 1
                return
            there = self.world.there.get(self.key, [])
            self.world.there[self.key] = [later for live in there if (later := self._later(live))]
        yield from there

    def _later(self, live: Live) -> Live | None:
        """What the next look will see."""
        if live.phase is Phase.PENDING:
            self.ways.slow -= 1
            return live if self.ways.slow > 0 else replace(live, phase=Phase.READY)
        if live.phase is Phase.DELETING:
            self.ways.lingers -= 1
            return live if self.ways.lingers > 0 else None
        return live

    def create(self, aws: Aws) -> Live:
        with self.world.lock:
            self.world.asked.append(f"create {self.name}")
            self.world.tokens.setdefault(self.key, []).append(aws.token)
            if self.ways.create_refusals:
                raise self.ways.create_refusals.pop(0)
        self.ways.at_create()
        live = Live(f"{self.key}-{uuid.uuid4().hex[:4]}", Phase.PENDING if self.ways.slow else self.ways.made)
        with self.world.lock:
            self.world.there.setdefault(self.key, []).append(live)
            self.ways.made = Phase.READY
        if lost := self.ways.reply_lost:
            self.ways.reply_lost = None
            raise lost
        return live

    def mend(self, aws: Aws, live: Live) -> None:
        with self.world.lock:
            self.world.asked.append(f"mend {self.name} {' '.join(one.field for one in live.drift)}")
            error = self.ways.mend_refusals.pop(0) if self.ways.mend_refusals else None
            if error and not self.ways.reply_lost:
                raise error
            if self.ways.shown_late:
                self.ways.shown_late -= 1
                return
            fields = {one.field for one in live.drift}
            self.world.there[self.key] = [
                replace(one, held=tuple(held for held in one.held if held[0] not in fields))
                for one in self.world.there[self.key]
            ]
            if error:
                self.ways.reply_lost = None
                raise error

    def delete(self, aws: Aws, live: Live) -> None:
        with self.world.lock:
            self.world.asked.append(f"delete {self.name}")
            if self.ways.delete_refusals:
                raise self.ways.delete_refusals.pop(0)
        self.ways.at_delete()
        with self.world.lock:
            there = [one for one in self.world.there.get(self.key, []) if one.id != live.id]
            if self.ways.lingers:
                there.append(replace(live, phase=Phase.DELETING))
            self.world.there[self.key] = there

    def held_by(self, aws: Aws, live: Live) -> Iterator[Holder]:
        yield from self.ways.holders

    def release(self, aws: Aws, live: Live, holders: Sequence[Holder]) -> bool:
        self.world.asked.append(f"release {self.name}")
        self.ways.holders = []
        self.ways.delete_refusals = []
        return True

    def goes_with(self) -> Resource | None:
        return self.part_of


def thing(world: World, name: str, *on: Thing, **more: Any) -> Thing:
    """A thing that stands on others; words of ``Ways`` say how it behaves."""
    ways = Ways(**{word: more.pop(word) for word in list(more) if word in Ways.__dataclass_fields__})
    return Thing(name, Side.PROVIDER, name, world, on, ways=ways, **more)


def names(events: list[Event]) -> list[str]:
    return [f"{event.action.value} {event.resource.name}" for event in events]


def ids(world: World, one: Thing) -> list[str]:
    return [live.id for live in world.there.get(one.key, [])]
