"""Health checks: real connections, on the sandbox's clock, through the same rules as any other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from vpce_demo.sandbox import timing
from vpce_demo.sandbox.store.view import Group, Instance, LoadBalancer, Target, TargetGroup

from .world import BALANCER, CUSTOMER, TARGETS, WEB, Lab, rule, wait_for

MakeLab = Callable[..., Lab]


def verdict(lab: Lab, instance_id: str = WEB, port: int = 80) -> bool | None:
    return lab.network.health(TARGETS, instance_id, port).healthy


def test_a_web_server_becomes_healthy_not_before_its_registration_and_checks(make_lab: MakeLab) -> None:
    lab = make_lab(speed=100)
    assert verdict(lab) is None
    wait_for(lambda: verdict(lab) is not None)
    # Registration, then two checks in a row with an interval of ten seconds between them.
    assert lab.world.clock.now() >= timing.TARGET_REGISTERING + 10
    # On a machine so busy that the web server boots late, the first checks may have failed.
    wait_for(lambda: verdict(lab) is True)


def test_one_check_is_not_enough(make_lab: MakeLab) -> None:
    lab = make_lab()
    group = lab.world.view.target_groups[TARGETS]
    lab.world.change(TargetGroup, TARGETS, targets=(), healthy_threshold=10**9, unhealthy_threshold=10**9)
    lab.network.changed()
    lab.booted()
    lab.world.change(TargetGroup, TARGETS, targets=(Target(WEB, 80, lab.world.clock.now()),))
    wait_for(lambda: checks(lab) > 5)
    assert verdict(lab) is None
    lab.world.change(TargetGroup, TARGETS, healthy_threshold=group.healthy_threshold)
    wait_for(lambda: verdict(lab) is True)


def checks(lab: Lab) -> int:
    """How many checks have reached the server."""
    mine = [each for each in lab.network.trace() if each["source"] == "eni-balancer" and each["outcome"] == "delivered"]
    return sum(each["times"] for each in mine)


def test_a_closed_group_makes_it_unhealthy_and_an_opened_one_healthy(lab: Lab) -> None:
    wait_for(lambda: verdict(lab) is True)
    lab.world.change(Group, "sg-web", ingress=(rule(80, "10.0.0.0/8"),))
    wait_for(lambda: verdict(lab) is False)
    lab.world.change(Group, "sg-web", ingress=(rule(80, "20.0.1.20/32"),))
    wait_for(lambda: verdict(lab) is True)


def test_another_port_is_checked_if_the_group_says_so(lab: Lab) -> None:
    wait_for(lambda: verdict(lab) is True)
    lab.world.change(TargetGroup, TARGETS, check_port=443)
    wait_for(lambda: verdict(lab) is False)
    lab.world.change(TargetGroup, TARGETS, check_port=22)
    wait_for(lambda: verdict(lab) is True)


def test_a_stopped_web_server_is_unhealthy(lab: Lab) -> None:
    wait_for(lambda: verdict(lab) is True)
    assert lab.ssh("sudo systemctl stop httpd", address="198.51.100.1").returncode == 0
    wait_for(lambda: verdict(lab) is False)


def test_a_host_without_a_web_server_is_unhealthy(make_lab: MakeLab) -> None:
    lab = make_lab()
    lab.world.change(TargetGroup, TARGETS, targets=(Target(WEB, 81, 0.0),))
    wait_for(lambda: verdict(lab, port=81) is False)
    assert verdict(lab, CUSTOMER) is None


def test_deregistered_is_forgotten_and_registered_anew_starts_anew(lab: Lab) -> None:
    wait_for(lambda: verdict(lab) is True)
    lab.world.change(TargetGroup, TARGETS, targets=())
    lab.network.changed()
    wait_for(lambda: verdict(lab) is None)
    lab.world.change(TargetGroup, TARGETS, targets=(Target(WEB, 80, lab.world.clock.now()),))
    lab.network.changed()
    wait_for(lambda: verdict(lab) is True)


def test_without_a_listener_or_an_active_load_balancer_nobody_checks(lab: Lab) -> None:
    breakages: list[dict[str, object]] = [{"listeners": {}}, {"state": "provisioning"}]
    for broken in breakages:
        wait_for(lambda: verdict(lab) is True)
        whole = lab.world.view.load_balancers[BALANCER]
        lab.world.change(LoadBalancer, BALANCER, **broken)
        lab.network.changed()
        wait_for(lambda: verdict(lab) is None)
        lab.world.change(LoadBalancer, BALANCER, listeners=whole.listeners, state=whole.state)
        lab.network.changed()


def test_a_terminated_target_is_forgotten_with_its_instance(lab: Lab) -> None:
    wait_for(lambda: verdict(lab) is True)
    lab.world.change(Instance, WEB, state="terminated", running_since=None)
    lab.network.changed()
    wait_for(lambda: verdict(lab) is False)
    lab.world.remove(Instance, WEB)
    lab.network.changed()
    wait_for(lambda: verdict(lab) is None)


def test_checks_come_at_their_interval_not_faster(make_lab: MakeLab) -> None:
    lab = make_lab(speed=100)
    wait_for(lambda: checks(lab) >= 2)
    began, before = lab.world.clock.now(), checks(lab)
    wait_for(lambda: checks(lab) >= before + 3)
    assert lab.world.clock.now() - began >= 2 * 10


def test_a_target_group_is_only_what_the_view_says_now(lab: Lab) -> None:
    wait_for(lambda: verdict(lab) is True)
    twin = replace(lab.world.view.target_groups[TARGETS], arn=f"{TARGETS}2")
    assert lab.network.health(twin.arn, WEB, 80).healthy is None
