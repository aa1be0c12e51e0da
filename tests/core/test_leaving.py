"""What ``up`` leaves alone: things that need only be asked for."""

from __future__ import annotations

from vpce_demo.engine.events import Action
from vpce_demo.model import Side

from .things import Thing, Ways, World


def test_what_is_left_is_not_waited_for() -> None:
    world = World()
    balancer = Thing("balancer", Side.PROVIDER, "balancer", world, (), ways=Ways(slow=1000))
    assert world.engine().up([balancer], leave=[balancer]) == []
    assert world.story(Action.CREATED, Action.WAITING, Action.READY) == ["created balancer"]


def test_unless_another_needs_it_ready() -> None:
    world = World()
    balancer = Thing("balancer", Side.PROVIDER, "balancer", world, (), ways=Ways(slow=3))
    service = Thing("service", Side.PROVIDER, "service", world, (balancer,), ways=Ways(slow=1000))
    assert world.engine().up([balancer, service], leave=[balancer, service]) == []
    assert world.story(Action.CREATED, Action.READY) == ["created balancer", "ready balancer", "created service"]


def test_the_next_run_waits_for_what_was_left() -> None:
    world = World()
    balancer = Thing("balancer", Side.PROVIDER, "balancer", world, (), ways=Ways(slow=3))
    world.engine().up([balancer], leave=[balancer])
    world.events.clear()
    service = Thing("service", Side.PROVIDER, "service", world, (balancer,))
    assert world.engine().up([balancer, service]) == []
    assert world.story(Action.CREATED, Action.READY) == ["ready balancer", "created service", "ready service"]
