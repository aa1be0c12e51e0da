"""Fake runs: the engine's events as AWS would have them happen, at times that a test chooses."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tests.diagram.demos import PREFIX, demo_of
from vpce_demo.config.load import load
from vpce_demo.engine.events import Action, Event
from vpce_demo.engine.resource import Resource
from vpce_demo.model import Live, Phase
from vpce_demo.tutorial import Demo
from vpce_demo.ui.progress_state import DONE_DOWN, DONE_UP, Board

BEGAN = 1000.0
"""When every run begins, in monotonic seconds."""
IDS = {
    "provider-vpc": "vpc-0a0a0a0a0a0a0a0a0",
    "provider-gateway": "igw-0b0b0b0b0b0b0b0b0",
    "load-balancer": "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/net/{name}/50dc6c495c0c9188",
    "target-group": "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/{name}/6d0ecf831eec9f09",
    "service": "vpce-svc-0a1b2c3d4e5f67890",
    "customer-vpc": "vpc-0c0ffee0c0ffee012",
    "endpoint": "vpce-0fedcba9876543210",
    "acceptance": "vpce-0fedcba9876543210",
}
PREFIXES = {**PREFIX, "Listener": "listener", "Registration": "i"}
WORDLESS = ("KeyPair", "SecurityGroup", "IngressRule", "RouteTable", "InternetGateway", "TargetGroup", "Listener")


def demo(name: str = "vpce-demo") -> Demo:
    """The tutorial as it is without a config file."""
    return demo_of(load(None, {"name": name}))


def id_of(r: Resource) -> str:
    """An id in AWS's form, always the same."""
    number = f"0{sum(map(ord, r.key)):04x}" + "0123456789ab"
    return IDS.get(r.key, f"{PREFIXES.get(r.kind, 'x')}-{number}").format(name=r.name)


class Play:
    """A run of ``up`` or ``down`` and what has happened in it so far; times are seconds since it began."""

    def __init__(self, done: set[Action], it: Demo | None = None, pace: float = 1.0) -> None:
        self.demo = it or demo()
        self.by_key = {r.key: r for r in self.demo.resources}
        self.board = Board(self.demo, self.demo.resources, done, pace, began=BEGAN)
        self.events: list[Event] = []

    @classmethod
    def up(cls, it: Demo | None = None, pace: float = 1.0) -> Play:
        return cls(DONE_UP, it, pace)

    @classmethod
    def down(cls, it: Demo | None = None, pace: float = 1.0) -> Play:
        return cls(DONE_DOWN, it, pace)

    def emit(
        self,
        at: float,
        action: Action,
        key: str,
        live: Live | None = None,
        note: str = "",
        error: Exception | None = None,
    ) -> None:
        event = Event(action, self.by_key[key], live, error, note=note, at=BEGAN + at)
        self.events.append(event)
        self.board.on_event(event)

    def live(self, key: str, phase: Phase = Phase.READY, word: str | None = None) -> Live:
        """What AWS has of it."""
        r = self.by_key[key]
        if word is None:
            word = "" if r.kind in WORDLESS else r.ready_word
        return Live(id_of(r), phase, word)

    def missing(self, at: float = 0.5) -> None:
        """Nothing is there."""
        for key in self.by_key:
            self.emit(at, Action.MISSING, key)

    def found(self, *keys: str, at: float = 0.5) -> None:
        """These are there, or everything."""
        for key in keys or self.by_key:
            self.emit(at, Action.FOUND, key, self.live(key))

    def asked(self, key: str, began: float, pending: str = "") -> None:
        """It was asked for, in half a second, and is waited for in this state."""
        self.emit(began, Action.CREATING, key)
        live = self.live(key, Phase.PENDING if pending else Phase.READY, pending or None)
        self.emit(began + 0.5, Action.CREATED, key, live)
        if pending:
            self.emit(began + 0.5, Action.WAITING, key, live, note=pending)

    def made(self, key: str, began: float, seconds: float, pending: str = "") -> None:
        """It was asked for and became ready."""
        self.asked(key, began, pending)
        self.emit(began + seconds, Action.READY, key, self.live(key))

    def asked_to_go(self, key: str, began: float) -> None:
        """Its deletion was asked for and is waited for."""
        self.emit(began, Action.DELETING, key, self.live(key))
        self.emit(began + 0.5, Action.DELETED, key, self.live(key))
        if self.by_key[key].usual_delete_seconds:
            self.emit(began + 0.5, Action.WAITING, key, self.live(key), note=self.live(key).word)

    def gone(self, key: str, began: float, seconds: float) -> None:
        """It was asked to go and went."""
        if self.by_key[key].goes_with() is None:
            self.asked_to_go(key, began)
        self.emit(began + seconds, Action.GONE, key)


def up_to_the_load_balancer() -> Play:
    """``up`` in the middle: everything is there but the load balancer, and what needs it."""
    play = Play.up()
    play.missing()
    waits = ["load-balancer", "service", "endpoint", "acceptance", "listener", "target"]
    began = 1.0
    for key, r in play.by_key.items():
        if key not in waits:
            instance = r.kind == "Instance"
            play.made(key, began, 14.0 if instance else 2.0 if r.kind in ("Vpc", "Subnet") else 1.0, "pending")
            began += 0.25
    play.asked("load-balancer", 12.0, "provisioning")
    play.made("listener", 13.0, 0.6)
    play.made("target", 25.0, 0.6)
    return play


def ids_in(text: str) -> Iterable[str]:
    """Everything that looks like an id."""
    return re.findall(r"(?:[a-z]+-)+[0-9a-f]{17}|net/[\w-]+/[0-9a-f]{16}", text)
