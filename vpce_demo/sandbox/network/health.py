"""Health checks: each load balancer tries a TCP connection to each of its registered targets, again and again.

A check is a connection like any other, from the load balancer's own interface, so a closed security group makes a
target unhealthy just as a stopped web server does (``aws-behaviours.md`` section 4).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

from vpce_demo.sandbox import timing
from vpce_demo.sandbox.clock import SHORTEST, Clock
from vpce_demo.sandbox.network.pace import cancelled, wait_until
from vpce_demo.sandbox.network.rules import zones_served
from vpce_demo.sandbox.network.wire import Unanswered, Wire
from vpce_demo.sandbox.store.view import Health, Interface, LoadBalancer, Target, TargetGroup, View

log = logging.getLogger(__name__)

Key = tuple[str, Target]
"""A target group's ARN and one registration in it: registering anew starts anew."""


class Verdicts:
    """What is known of each target.  Any thread may read."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, int], Health] = {}

    def of(self, group_arn: str, instance_id: str, port: int) -> Health:
        return self._known.get((group_arn, instance_id, port), Health())

    def set(self, key: Key, healthy: bool | None) -> None:
        arn, target = key
        self._known[arn, target.instance_id, target.port] = Health(healthy)

    def forget(self, key: Key) -> None:
        arn, target = key
        self._known.pop((arn, target.instance_id, target.port), None)


class Checks:
    """One task per registered target of a load balancer that listens."""

    def __init__(self, wire: Wire, clock: Clock, verdicts: Verdicts) -> None:
        self._wire, self._clock, self._verdicts = wire, clock, verdicts
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._final: dict[Key, int] = {}
        """After which of the wire's changes the checks of a target came to their verdict."""

    @property
    def agree(self) -> bool:
        """True if every verdict stays as it is until something else changes."""
        return all(self._final.get(key) == self._wire.changes for key in self._tasks)

    async def follow(self, view: View) -> None:
        """Begin to check what is newly registered, forget what no longer is."""
        wanted = {(group.arn, target) for group in view.target_groups.values() for target in group.targets}
        wanted = {key for key in wanted if _place(view, key) is not None}
        for key in self._tasks.keys() - wanted:
            await self._end(key)
        for key in wanted - self._tasks.keys():
            self._tasks[key] = asyncio.create_task(self._check(key))

    async def stop(self) -> None:
        for key in list(self._tasks):
            await self._end(key)

    async def _end(self, key: Key) -> None:
        await cancelled(self._tasks.pop(key))
        self._verdicts.forget(key)
        self._final.pop(key, None)

    async def _check(self, key: Key) -> None:
        target = key[1]
        await wait_until(self._clock, target.registered_at, timing.TARGET_REGISTERING)
        answers: bool | None = None
        in_a_row = 0
        changes, since = -1, 0
        while True:
            interval = SHORTEST
            changes, since = self._wire.changes, since + 1 if self._wire.changes == changes else 1
            try:
                place = _place(self._wire.view(), key)
                if place is not None:
                    group, node, address = place
                    interval = group.interval
                    answered = await self._answers(node, address, group.check_port or target.port, group.timeout)
                    in_a_row = in_a_row + 1 if answered == answers else 1
                    answers = answered
                    if in_a_row >= (group.healthy_threshold if answered else group.unhealthy_threshold):
                        self._verdicts.set(key, answered)
                    if since >= max(group.healthy_threshold, group.unhealthy_threshold):
                        self._final[key] = changes
            except Exception:
                log.exception("a health check of %s failed by itself", target.instance_id)
            asked = self._clock.now()
            await asyncio.sleep(SHORTEST)
            await wait_until(self._clock, asked, interval)

    async def _answers(self, node: Interface, address: str, port: int, timeout: float) -> bool:
        try:
            async with self._wire.connect(node.id, address, port, timeout, check=True):
                return True
        except Unanswered:
            return False


def _place(view: View, key: Key) -> tuple[TargetGroup, Interface, str] | None:
    """The target group, the load balancer's node that checks, and the target's address; ``None``: not to be checked."""
    arn, target = key
    group = view.target_groups.get(arn)
    instance = view.instances.get(target.instance_id)
    interface = view.interfaces.get(instance.interface_id) if instance else None
    if group is None or target not in group.targets or interface is None:
        return None
    zone = view.subnets[interface.subnet_id].zone_id
    nodes = [
        (view.subnets[node.subnet_id].zone_id != zone, node)
        for balancer, node in _nodes(view, arn)
        if zone in zones_served(view, balancer, group, node)
    ]
    node = min(nodes, key=lambda each: each[0])[1] if nodes else None
    return (group, node, interface.address) if node else None


def _nodes(view: View, group_arn: str) -> Iterator[tuple[LoadBalancer, Interface]]:
    for balancer in view.load_balancers.values():
        if balancer.state.lower() in ("active", "active_impaired") and group_arn in balancer.listeners.values():
            held = (view.interfaces[each] for each in balancer.interface_ids if each in view.interfaces)
            yield from ((balancer, node) for node in held)
