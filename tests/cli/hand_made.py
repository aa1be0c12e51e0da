"""A demo that somebody built by hand, in a sandbox of this process, and how ``check`` looks at it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.by_hand import ByHand, carried_out
from vpce_demo.aws.clients import Clients
from vpce_demo.aws.environment import Environment
from vpce_demo.config.load import load
from vpce_demo.model import Side
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.discover import not_looked_up
from vpce_demo.verify.hand_made import CheckedStep, HandMade, State, look_at_hand_made

from ..network.world import wait_for

ROUNDS = 8
"""So many next things bring back what is put in the place of something that AWS cannot change."""


@dataclass
class Account:
    """The account of the sandbox, and how it is checked."""

    sandbox: Sandbox
    place: Environment
    image: str
    theirs: dict[str, Any] = field(default_factory=dict)
    """What ``ByHand`` needs for a consumer in another account or region."""

    @property
    def clients(self) -> Clients:
        return self.place.clients[Side.PROVIDER]

    def look(self, **wanted: Any) -> HandMade:
        settings = not_looked_up(load(None, {}))
        return look_at_hand_made(settings, self.place.clients, **wanted)

    def by_hand(self, until: int = 16, **others: Any) -> ByHand:
        return ByHand(self.clients, self.image, **self.theirs, **others).build(until)

    def settled(self, *, within: float = 60.0) -> HandMade:
        """A look when AWS works on nothing any more."""
        end = time.monotonic() + within
        while True:
            found = self.look()
            if all(one.state is not State.NOT_YET for one in found.steps) or time.monotonic() > end:
                return found
            time.sleep(0.05)

    def mended(self, found: HandMade | None = None, rounds: int = ROUNDS) -> HandMade:
        """Do the next thing, as printed, until nothing is left."""
        found = found or self.settled()
        for _ in range(rounds):
            following = found.next_thing()
            if following is None:
                break
            carried_out(following.command, *self.place.clients.values())
            found = self.settled()
        return found


def states(found: HandMade) -> dict[str, State]:
    return {one.number: one.state for one in found.steps}


def undone(found: HandMade) -> dict[str, CheckedStep]:
    return {one.number: one for one in found.steps if one.problem}


def words(one: CheckedStep) -> str:
    p = one.problem
    if p is None:
        return ""
    drift = "; ".join(f"{d.field} {d.aws} not {d.tutorial}" for d in p.drift)
    return f"{one.state}: {p.resource.noun}: {p.why or drift}"


def permission(call: str, whose: str, *rules: Any) -> Callable[[ByHand], None]:
    def change(hand: ByHand) -> None:
        getattr(hand.of(whose), call)(GroupId=hand.ids[f"{whose}-group"], IpPermissions=list(rules))

    return change


REVOKE = "revoke_security_group_ingress"


def no_route(whose: str) -> Callable[[ByHand], None]:
    return lambda hand: hand.of(whose).delete_route(
        RouteTableId=hand.ids[f"{whose}-routes"], DestinationCidrBlock="0.0.0.0/0"
    )


def no_endpoint(hand: ByHand) -> None:
    hand.of("customer").delete_vpc_endpoints(VpcEndpointIds=[hand.ids["endpoint"]])
    which = [{"Name": "vpc-endpoint-id", "Values": [hand.ids["endpoint"]]}]
    wait_for(lambda: not hand.of("customer").describe_vpc_endpoints(Filters=which)["VpcEndpoints"])


def another_endpoint(**others: Any) -> Callable[[ByHand], None]:
    def change(hand: ByHand) -> None:
        no_endpoint(hand)

        def filled(value: Any) -> Any:
            if isinstance(value, list):
                return [filled(one) for one in value]
            return hand.ids[value[1:]] if str(value)[:1] == "@" else value

        hand.endpoint(**{name: filled(value) for name, value in others.items()})

    return change


def rejected(hand: ByHand) -> None:
    hand.ec2.reject_vpc_endpoint_connections(ServiceId=hand.ids["service"], VpcEndpointIds=[hand.ids["endpoint"]])


def swept(hand: ByHand, kept: set[str]) -> None:
    """Remove what is not the demo's any more, as somebody would."""
    for ec2 in {id(one): one for one in map(hand.of, ("provider", "customer"))}.values():
        _sweep_the_side(ec2, kept)
    listed = hand.ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]
    if services := [one["ServiceId"] for one in listed if one["ServiceId"] not in kept]:
        hand.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=services)
    for balancer in hand.elb.describe_load_balancers()["LoadBalancers"]:
        if balancer["LoadBalancerArn"] not in kept:
            hand.elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    for group in hand.elb.describe_target_groups()["TargetGroups"]:
        if group["TargetGroupArn"] not in kept:
            hand.elb.delete_target_group(TargetGroupArn=group["TargetGroupArn"])


def _sweep_the_side(ec2: Any, kept: set[str]) -> None:
    held = [one for each in ec2.describe_instances()["Reservations"] for one in each["Instances"]]
    gone = [one["InstanceId"] for one in held if one["InstanceId"] not in kept and one["State"]["Name"] != "terminated"]
    if gone:
        ec2.terminate_instances(InstanceIds=gone)
    endpoints = [one["VpcEndpointId"] for one in ec2.describe_vpc_endpoints()["VpcEndpoints"]]
    if others := [one for one in endpoints if one not in kept]:
        ec2.delete_vpc_endpoints(VpcEndpointIds=others)
        wait_for(lambda: {one["VpcEndpointId"] for one in ec2.describe_vpc_endpoints()["VpcEndpoints"]} <= kept)
