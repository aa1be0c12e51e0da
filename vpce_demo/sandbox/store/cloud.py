"""What the sandbox holds beside moto's store: its clock, scheduled effects, and PrivateLink, which moto does not have.

Moto's objects and the records below hold the current state.  A handler that starts something slow sets its first state
and calls ``cloud.later(seconds, effect)``; ``settle``, at the start of every call and view, runs the effects that are
due, in order of time.  So nothing changes during a call, and no timer is needed.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from ..clock import Clock
from ..quotas import defaults
from .view import Health, View


class Wires(Protocol):
    """What the API asks of the network."""

    def health(self, group_arn: str, instance_id: str, port: int) -> Health: ...
    def console(self, instance_id: str) -> str: ...
    def changed(self) -> None: ...
    def settle(self) -> None: ...


class NoWires:
    """A network with nothing on it, until the real one is plugged in."""

    def health(self, group_arn: str, instance_id: str, port: int) -> Health:
        return Health()

    def console(self, instance_id: str) -> str:
        return ""

    def changed(self) -> None:
        return None

    def settle(self) -> None:
        return None


@dataclass
class Service:
    """An endpoint service.  ``principals`` maps an allowed principal's ARN to its permission's id, ``regions`` a
    region from which it can be reached to its state; until it is ``usable``, endpoints to it are refused."""

    id: str
    name: str
    account: str
    region: str
    load_balancer_arns: list[str]
    zones: list[str]
    acceptance_required: bool
    private_dns_name: str | None
    regions: dict[str, str]
    payer: str | None = None
    state: str = "Available"
    usable: bool = False
    principals: dict[str, str] = field(default_factory=dict)


@dataclass
class VpcEndpoint:
    """A VPC endpoint.  ``interfaces`` maps a subnet to the network interface in it; ``listed`` says whether the
    owner of the service sees the request yet; ``service`` is the one that was asked, though it may be deleted by now,
    or None for a service of AWS's own.

    With ``private_dns`` the service's public names, which may begin with ``*.``, lead to it inside its VPC; with
    ``inbound_only`` not those that its own resolver answers.  The routes of a gateway endpoint stand in moto's tables.
    """

    id: str
    account: str
    region: str
    vpc_id: str
    kind: str
    service_name: str
    service: Service | None
    state: str
    policy: str
    token: str | None
    group_ids: list[str] = field(default_factory=list)
    private_dns: bool = False
    inbound_only: bool = False
    dns_names: list[str] = field(default_factory=list)
    interfaces: dict[str, str] = field(default_factory=dict)
    listed: bool = False
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def service_id(self) -> str:
        return self.service.id if self.service else ""


@dataclass
class RegisteredTarget:
    """A target in a target group; ``leaving`` while it is being drained."""

    registered_at: float
    leaving: bool = False


@dataclass(frozen=True)
class Exclusion:
    """A VPC that Block Public Access leaves out; ``mode`` says in which directions."""

    account: str
    region: str
    vpc_id: str
    mode: str
    since: datetime


@dataclass(order=True)
class _Due:
    at: float
    number: int
    seconds: float = field(compare=False)
    effect: Callable[[], None] = field(compare=False)


class Cloud:
    """Everything one sandbox holds, over all accounts and regions.

    ``snapshot`` makes a ``View`` of it.  ``lock`` guards it and moto's store together; ``alarm`` is set when something
    new is to come.
    """

    def __init__(self, clock: Clock, snapshot: Callable[[Cloud], View]) -> None:
        self.clock = clock
        self._snapshot = snapshot
        self.lock = threading.RLock()
        self.alarm = threading.Event()
        self.wires: Wires = NoWires()
        self.quotas = defaults()
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.services: dict[str, Service] = {}
        self.endpoints: dict[str, VpcEndpoint] = {}
        self.registrations: dict[str, dict[tuple[str, int], RegisteredTarget]] = {}
        self.since: dict[tuple[str, ...], float] = {}
        self.tokens: dict[tuple[str, ...], tuple[str, dict[str, Any]]] = {}
        self.not_enforcing: set[str] = set()
        self.blocking: dict[tuple[str, str], tuple[str, datetime]] = {}
        """Block Public Access: its mode and when that was set, by account and region."""
        self.exclusions: dict[str, Exclusion] = {}
        """VPCs that are excluded from it, by the id of the exclusion."""
        self.volume_keys: dict[tuple[str, str], str] = {}
        """The ARN of the key for volumes that somebody has made the default, by account and region."""
        self._soon: list[_Due] = []
        self._memory: list[_Due] = []
        self._numbers = itertools.count()
        self._moment: float | None = None
        self._view: View | None = None

    def now(self) -> float:
        """AWS seconds; while an effect runs, the moment it was due, so that what it starts begins then."""
        return self.clock.now() if self._moment is None else self._moment

    def later(self, seconds: float, effect: Callable[[], None]) -> None:
        """Run ``effect`` after this many AWS seconds; at speed max, at the next ``settle``."""
        heapq.heappush(self._soon, _Due(self.now() + seconds, next(self._numbers), seconds, effect))
        self.alarm.set()

    def forget(self, seconds: float, effect: Callable[[], None]) -> None:
        """Run ``effect`` after this many seconds of AWS's clock, even at speed max: for what AWS remembers for a
        while."""
        heapq.heappush(self._memory, _Due(self.now() + seconds, next(self._numbers), seconds, effect))

    def settle(self) -> bool:
        """Run everything that is due.  Returns True if anything ran."""
        happened = False
        while due := self._next():
            self._moment = due.at
            try:
                due.effect()
            finally:
                self._moment = None
            happened = True
        if happened:
            self.touched()
        return happened

    def _next(self) -> _Due | None:
        if self._soon and self.clock.passed(self._soon[0].at - self._soon[0].seconds, self._soon[0].seconds):
            return heapq.heappop(self._soon)
        if self._memory and self._memory[0].at <= self.clock.now():
            return heapq.heappop(self._memory)
        return None

    def wait(self) -> float | None:
        """Seconds of the machine until the next effect is due; none if nothing is to come."""
        with self.lock:
            return self.clock.real(max(0.0, self._soon[0].at - self.clock.now())) if self._soon else None

    def touched(self) -> None:
        """Record a change: the next view is made anew, and the network looks again."""
        self._view = None
        self.wires.changed()

    def view(self) -> View:
        """Everything that decides a packet's path at this moment.  Safe to call from any thread."""
        with self.lock:
            self.settle()
            if self._view is None:
                self._view = self._snapshot(self)
            return self._view
