"""Takes over a demo that somebody built by hand: which of the things in the account are it, and their tags.

``down`` deletes what is taken, so the doubtful is left: what another demo has, what does not hang on something that is
taken, what is only similar, and what ``up`` would have to replace.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ..aws.tags import BY_HAND_TAG, DEMO_TAG, RESOURCE_TAG, tags_of
from ..config.model import Config
from ..engine.events import Action, Event
from ..engine.resource import Aws, Resource
from ..engine.waits import HIDDEN_SECONDS
from ..errors import Refused
from ..model import Live, Phase, Remedy, Side, is_replaced, short_id
from ..resources.by_tag import tagged
from ..resources.elb import tags_by_arn
from ..resources.endpoint_service import EndpointService
from ..resources.instance import INSTANCES, Instance
from ..resources.internet_gateway import InternetGateway
from ..resources.key_pair import KeyPair
from ..resources.load_balancer import LoadBalancer
from ..resources.security_group import IngressRule
from ..resources.stray import left_by_instances
from ..resources.subnet import Subnet
from ..resources.target_group import TargetGroup
from ..resources.vpc import Vpc
from ..verify.hand_made import FOUND_THROUGH_OTHERS, HandMade, look_at_hand_made
from .discover import not_looked_up
from .run import Run

STANDS_ON = (Vpc, Subnet, LoadBalancer, TargetGroup, EndpointService)
"""What something is part of: without it, it is not taken either."""


class Taken(NamedTuple):
    """A thing that is taken: the demo's from now on.  ``with_it``: the ids of what an instance does not take along when
    it is terminated."""

    resource: Resource
    live: Live
    name: str
    is_tagged: bool
    with_it: tuple[str, ...] = ()


class Left(NamedTuple):
    """A thing that is left to its owner: its id, what it is, its name, and why."""

    id: str
    what: str
    name: str
    why: str


class HandOver(NamedTuple):
    """What is taken, in the tutorial's order, and what is left."""

    taken: list[Taken]
    left: list[Left]

    @property
    def new(self) -> list[Taken]:
        """What does not carry the demo's tags yet."""
        return [one for one in self.taken if not one.is_tagged]


def by_shape(run: Run, config: Config, vpcs: Collection[str], service: str) -> HandOver:
    """What there is of a demo that somebody built by hand.  Changes nothing.

    Raises ClientError, ConfigError for an id that is not there, and Refused if two VPCs fit, or if the other side is in
    an account or region that is not looked at.
    """
    own = run.sides[Side.PROVIDER].is_ours
    found = look_at_hand_made(not_looked_up(config), run.environment.clients, vpcs, service, own=own)
    if rivals := next(iter(found.shapes.rivals.values()), None):
        meant = " ".join(f"--vpc {id}" for id in (*vpcs, rivals[0].id))
        raise Refused(
            f"Several fit: {', '.join(map(str, rivals))}.",
            code="VPCE136",
            hint=f"Say which one is meant:  <demo> adopt --by-hand {meant}",
        )
    hands, side = _Hands(run, found).over(), found.shapes.unseen
    if side and not vpcs and not any(one.is_tagged for one in hands.taken):
        why = next(found.shapes.not_allowed[r.key] for r in found.demo.resources if r.side is side)
        region = found.shapes.unseen_region
        where = f"--{side}-region {region}" if region else f"--{side}-profile PROFILE"
        raise Refused(
            f"The {side}'s side is not here: {why}.",
            code="VPCE142",
            hint=f"Look there, too:  <demo> adopt --by-hand {where}\n"
            "To take only what is here:  <demo> adopt --by-hand --vpc ID",
        )
    return hands


class _Hands:
    def __init__(self, run: Run, found: HandMade) -> None:
        self.run, self.found, self.shapes = run, found, found.shapes
        self.own = run.sides[Side.PROVIDER].is_ours
        self.taken: dict[str, Live] = {}
        arns = [live.id for live in found.live.values() if live.id.startswith("arn:")]
        self.elb_tags = tags_by_arn(run.sides[Side.PROVIDER], arns)

    def over(self) -> HandOver:
        there = [
            r
            for r in self.found.demo.resources
            if r.key in self.found.live and not isinstance(r, IngressRule) and r.kind not in FOUND_THROUGH_OTHERS
        ]
        left = []
        for r in sorted(there, key=lambda r: isinstance(r, KeyPair)):  # which is its instance's
            if self._id(r) in {live.id for live in self.taken.values()}:
                continue  # one key pair for both instances
            if why := self._why_left(r):
                left.append(Left(self._id(r), r.noun, self._name(r), why))
            else:
                self.taken[r.key] = self.found.live[r.key]
        taken = [self._taken(r) for r in there if r.key in self.taken]
        return HandOver(taken, [*left, *self._beside(taken)])

    def _id(self, r: Resource) -> str:
        return self.found.live[r.key].id

    def _tags(self, r: Resource) -> Mapping[str, str]:
        return self.elb_tags.get(self._id(r)) or tags_of(self.shapes.described.get(r.key, {}))

    def _taken(self, r: Resource) -> Taken:
        kept = left_by_instances(self.run.sides[r.party], [self._id(r)]) if isinstance(r, Instance) else ()
        return Taken(r, self.taken[r.key], self._name(r), self.own(self._tags(r)), tuple(kept))

    def _name(self, r: Resource) -> str:
        """The name that it has in AWS; empty if it has none."""
        key_name = self.shapes.described.get(r.key, {}).get("KeyName") if isinstance(r, KeyPair) else ""
        return key_name or self.shapes.names.get(r.key) or ""

    def _why_left(self, r: Resource) -> str:
        """Why it is not taken; empty if it is."""
        live, tags, described = self.found.live[r.key], self._tags(r), self.shapes.described.get(r.key, {})
        if self.own(tags):
            return "" if tags.get(RESOURCE_TAG) == r.key else "it is another part of the demo"
        if DEMO_TAG in tags:
            return f"it is of the demo {tags[DEMO_TAG]}"
        if outside := next(
            (n.resource for n in r.needs() if isinstance(n.resource, STANDS_ON) and n.resource.key not in self.taken),
            None,
        ):
            return f"its {outside.noun} is not taken"
        is_main = any(one.get("Main") for one in described.get("Associations", ()))
        if described.get("IsDefault") or described.get("GroupName") == "default" or is_main:
            return "AWS made it, as a default"
        if why := self._is_only_similar(r, described):
            return why
        for one in self.found.musts(r, live):
            if one.remedy not in (Remedy.MEND, Remedy.ASK):
                return f"{one.field} is {one.aws}, in the tutorial {one.tutorial}"
        return f"its state is {live.state}" if is_replaced(live) else ""

    def _is_only_similar(self, r: Resource, described: Mapping[str, Any]) -> str:
        """Why it need not be this demo's: nothing that is taken leads to it."""
        chosen = self.shapes.chosen
        vpc = chosen.get(f"{'provider' if r.side is Side.PROVIDER else 'customer'}-vpc")
        endpoint = self.shapes.described.get("endpoint", {})
        match r:
            case Vpc(key="customer-vpc"):  # its addresses, and in a class its name, are many people's
                connects = endpoint.get("VpcId") == vpc
                is_named = self.shapes.names.get(r.key) == r.name and not self.shapes.vpcs
                leads = "service" in self.taken and self._names_the_service(endpoint) if connects else is_named
                if not (leads or vpc in self.shapes.vpcs):
                    return f"only its addresses fit. If it is the demo's: --vpc {vpc}"
            case InternetGateway():
                if vpc not in [one.get("VpcId") for one in described.get("Attachments", ())] or not self._has_vpc(r):
                    return "it is not attached to a VPC that is taken"
            case KeyPair():
                users = [one for one in self.found.demo.resources if isinstance(one, Instance) and one.key_pair is r]
                if not any(self.shapes.described[one.key].get("KeyName") for one in users if one.key in self.taken):
                    return "no instance that is taken was launched with it"
            case EndpointService():
                if chosen.get("load-balancer") not in described.get("NetworkLoadBalancerArns", ()):
                    return "another load balancer is behind it"
        return ""

    def _names_the_service(self, endpoint: Mapping[str, Any]) -> bool:
        return str(endpoint.get("ServiceName", "")).endswith(f".{self.shapes.chosen.get('service')}")

    def _has_vpc(self, r: Resource) -> bool:
        return f"{'provider' if r.side is Side.PROVIDER else 'customer'}-vpc" in self.taken

    def _beside(self, taken: Collection[Taken]) -> Iterator[Left]:
        """What is not taken, and would keep AWS from deleting what is; and what goes with it."""
        ids = {one.live.id for one in taken}
        told: set[str] = set()
        for r, live, *_ in taken:
            # As the demo will be: what is taken holds nothing up.
            aws = replace(self.run.sides[r.party].fresh_after(time.monotonic()), known=dict(self.taken))
            for holder in r.held_by(aws, live):
                if holder.foreign and holder.id and holder.id not in {*ids, *told} - {live.id}:
                    told.add(holder.id)
                    yield Left(holder.id, holder.what, "", f"it keeps AWS from deleting {short_id(live.id)}")
            if isinstance(r, KeyPair):
                which: Any = {"Filters": [{"Name": "key-name", "Values": [self._name(r)]}]}
                for user in INSTANCES.pages(aws, which):
                    if user["InstanceId"] not in ids and Phase.of(user["State"]["Name"]) is not Phase.GONE:
                        why = "it was launched with the key pair that down deletes"
                        yield Left(user["InstanceId"], "instance", tags_of(user).get("Name", ""), why)
            if isinstance(r, LoadBalancer):
                for one in aws.elb.describe_listeners(LoadBalancerArn=live.id)["Listeners"]:
                    if one["ListenerArn"] not in ids:
                        goes = "not part of the tutorial, and AWS deletes it with the load balancer"
                        yield Left(one["ListenerArn"], "listener", f"{one['Protocol']}/{one['Port']}", goes)


def take(run: Run, hands: HandOver) -> None:
    """Give everything that is taken the demo's tags and write it to the state file.

    Its own name stays.  If it is interrupted, the next try goes on: it finds what is tagged by the tags, and the rest
    by its shape.  Raises ClientError.
    """
    for one in hands.new:
        aws = run.sides[one.resource.party].to_change()
        _tag(aws, one)
    run.state.demo, run.state.demo_id, run.state.settings = run.settings.name, run.settings.demo_id, {}
    for one in hands.taken:
        run.state.on_event(Event(Action.FOUND, one.resource, one.live))
    _wait_until_shown(run, {one.live.id for one in hands.taken})


def _tag(aws: Aws, one: Taken) -> None:
    tags = {**aws.tags(one.resource), BY_HAND_TAG: "yes"}
    if one.name:
        tags["Name"] = one.name
    listed: Any = [{"Key": key, "Value": value} for key, value in tags.items()]
    if one.live.id.startswith("arn:"):
        aws.elb.add_tags(ResourceArns=[one.live.id], Tags=listed)
    else:
        aws.ec2.create_tags(Resources=[one.live.id, *one.with_it], Tags=listed)


def _wait_until_shown(run: Run, ids: Collection[str]) -> None:
    """Look by tag until everything is listed, for a while: AWS may list it late, and the settings are read from it."""
    listeners = {id for id in ids if ":listener/" in id}  # which go with their load balancer
    until = time.monotonic() + HIDDEN_SECONDS / run.environment.pace
    while not {one.id for one in tagged(run.sides)} >= set(ids) - listeners and time.monotonic() < until:
        time.sleep(max(0.05, 2.0 / run.environment.pace))
