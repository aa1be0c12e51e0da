"""Causes of a load balancer without a healthy target."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ...errors import Fix
from ...model import Side
from ..aws_facts import AwsFacts
from .differences import on_the_way
from .filters import lets_in
from .groups import LET_IN, PORT, named, opened
from .server import console
from .table import About, Finding, LikelierFirst, Symptom, rule

if TYPE_CHECKING:
    from mypy_boto3_elbv2.type_defs import LoadBalancerTypeDef


def _target(facts: AwsFacts) -> tuple[str, str]:
    """State and reason of the web server as a target, in AWS's words."""
    health = facts.health()
    told = health.get("TargetHealth", {}) if health else {}
    return told.get("State", "").lower(), told.get("Reason", "")


@rule(
    "targets-initial",
    Symptom.INITIAL,
    likely="the health checks have not finished",
    confirmed_by="its reason, and the age of the web server",
    mend="wait: registration and the first checks take AWS two to five minutes",
    about=About.HEALTH,
    checks=(3, 6),
    seen_by="doctor",
    passes=True,
)
def targets_initial(facts: AwsFacts) -> Finding | None:
    state, reason = _target(facts)
    if state != "initial":
        return None
    group, web = facts.target_group(), facts.instance(facts.demo.web)
    age = (datetime.now(UTC) - web["LaunchTime"]).total_seconds()
    checks, interval = group.get("HealthyThresholdCount", 0), group.get("HealthCheckIntervalSeconds", 0)
    return Finding(
        "the health checks have not finished.",
        [
            f"{web['InstanceId']} was launched {age:.0f} s ago, and is initial ({reason}).",
            f"After its registration, {checks} checks in a row have to pass, one every {interval} s.",
        ],
        [Fix("waits for them", "<demo> test")],
    )


@rule(
    "targets-unhealthy",
    Symptom.UNHEALTHY,
    likely="the web server is not up, or its group refuses the load balancer's subnet",
    confirmed_by="the health reason and the group's rules",
    mend="add the rule, or make another web server",
    about=About.HEALTH,
    checks=(3, 6),
)
def targets_unhealthy(facts: AwsFacts) -> Finding | None:
    """Health checks come from the load balancer's own addresses, in its subnet."""
    state, reason = _target(facts)
    if state != "unhealthy":
        if any(r is facts.demo.registration for r, _ in on_the_way(facts)):
            raise LikelierFirst  # another target may be, which somebody registered
        return None
    groups = facts.groups_of(facts.demo.web)
    for balancer in facts.balancers():
        peers = balancer.get("SecurityGroups", [])
        for node in facts.nodes(balancer):
            address = node.get("PrivateIpAddress", "")
            if lets_in(groups, PORT, address, peers):
                continue
            source = facts.subnet(Side.PROVIDER, node["SubnetId"])["CidrBlock"]
            return Finding(
                "the web server's security group refuses the load balancer's subnet.",
                [
                    f"{facts.id(facts.demo.web)} is unhealthy ({reason}).",
                    f"{', '.join(map(named, groups))} has no inbound rule for tcp/{PORT} from {address}, the load "
                    "balancer's own address.",
                ],
                opened(facts, facts.demo.web.group, groups, LET_IN, protocol="tcp", port=PORT, cidr=source),
            )
    if on_the_way(facts):
        raise LikelierFirst
    return Finding(
        "the web server is not up.",
        [
            f"{facts.id(facts.demo.web)} is unhealthy ({reason}), and its security group is open to the load balancer.",
            *console(facts),
        ],
        [Fix("makes another web server: what its boot did is done once", facts.another(facts.demo.web), deletes=True)],
    )


def _forwards_to(facts: AwsFacts, balancer: LoadBalancerTypeDef) -> set[str]:
    """The target groups that a load balancer's listeners send to."""
    actions = (action for one in facts.listeners(balancer) for action in one["DefaultActions"])
    return {action.get("TargetGroupArn", "") for action in actions}


@rule(
    "targets-unused",
    Symptom.UNUSED,
    likely="the load balancer has no listener for it, or the target's zone is not enabled there",
    confirmed_by="listeners and zones",
    mend="add the listener, or put the web server into the load balancer's zone",
    about=About.HEALTH,
    checks=(3, 6),
)
def targets_unused(facts: AwsFacts) -> Finding | None:
    state, reason = _target(facts)
    if state != "unused":
        return None
    group = facts.id(facts.demo.targets)
    listening = [balancer for balancer in facts.balancers() if group in _forwards_to(facts, balancer)]
    if not listening:
        balancer = facts.id(facts.demo.balancer)
        ours = [one for one in facts.balancers() if one["LoadBalancerArn"] == balancer]
        is_free = bool(ours) and all(one["Port"] != PORT for one in facts.listeners(ours[0]))
        create = facts.command(
            Side.PROVIDER,
            "elbv2 create-listener",
            load_balancer_arn=balancer,
            protocol="TCP",
            port=PORT,
            default_actions=f"Type=forward,TargetGroupArn={group}",
        )
        return Finding(
            "the load balancer has no listener that forwards to the web server.",
            [
                f"{facts.id(facts.demo.web)} is unused ({reason}).",
                f"{facts.demo.balancer.name} has no listener that forwards to {facts.demo.targets.name}.",
            ],
            [Fix("adds what is missing", "<demo> up"), *([Fix("", create)] if is_free else [])],
        )
    zone = facts.subnet(Side.PROVIDER, facts.instance(facts.demo.web)["SubnetId"])["AvailabilityZone"]
    zones = sorted({one["ZoneName"] for balancer in listening for one in balancer["AvailabilityZones"]})
    if zone in zones:
        return None
    return Finding(
        "the web server is in a zone that is not enabled on the load balancer.",
        [
            f"{facts.id(facts.demo.web)} is in {zone}, and unused ({reason}).",
            f"{listening[0]['LoadBalancerName']} is in {', '.join(zones)}.",
        ],
        [Fix("makes another web server, in the load balancer's zone", facts.another(facts.demo.web), deletes=True)],
    )
