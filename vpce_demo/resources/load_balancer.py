"""A Network Load Balancer and its listener."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from ..engine.resource import STARTED_IS_ENOUGH, Aws, Resource
from ..model import Held, Holder, Live, Phase, Record, Remedy, short_id
from .elb import Balanced, NamedListing, attributes, find_named, tags_by_arn
from .holders import OF_LOAD_BALANCER, holding
from .internet_gateway import GatewayAttachment
from .subnet import Subnet
from .target_group import TargetGroup

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import NetworkInterfaceTypeDef
    from mypy_boto3_elbv2.type_defs import (
        ActionTypeDef,
        ListenerTypeDef,
        LoadBalancerTypeDef,
    )


CROSS_ZONE = "load_balancing.cross_zone.enabled"


def _load_balancers(aws: Aws, which: Mapping[str, Any]) -> Iterator[Balanced]:
    for page in aws.elb.get_paginator("describe_load_balancers").paginate(**which):
        for balancer in page["LoadBalancers"]:
            yield Balanced(balancer["LoadBalancerArn"], balancer["LoadBalancerName"], _live(balancer), balancer)


LOAD_BALANCERS = NamedListing(_load_balancers, "LoadBalancerArns", "loadbalancer")


def _live(balancer: LoadBalancerTypeDef) -> Live:
    state = balancer.get("State", {})
    word = state.get("Code", "")
    return Live(
        balancer["LoadBalancerArn"],
        Phase.of(word),
        word,
        state.get("Reason", ""),
        {"dns_name": balancer["DNSName"]},
        made=balancer.get("CreatedTime"),
        identity=_identity(balancer),
    )


def balancer_attributes(aws: Aws, arn: str) -> Mapping[str, str]:
    """The attributes of a load balancer, by key."""
    return attributes(aws, arn, lambda: aws.elb.describe_load_balancer_attributes(LoadBalancerArn=arn))


def set_attribute(aws: Aws, arn: str, key: str, value: str) -> None:
    """Set one attribute of a load balancer."""
    aws.elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{"Key": key, "Value": value}])


def _identity(balancer: Mapping[str, Any]) -> dict[str, str]:
    """When AWS created it."""
    created = balancer.get("CreatedTime")
    return {"created": created.isoformat()} if created else {}


@dataclass(frozen=True, eq=False)
class LoadBalancer(Resource):
    """An internet-facing load balancer without security groups: they could never be removed, and none is needed."""

    aws_noun = "Network Load Balancer"

    subnet: Subnet
    attachment: GatewayAttachment
    """AWS refuses an internet-facing load balancer in a VPC that has no internet gateway yet."""
    more_subnets: tuple[Subnet, ...] = ()
    """Those in its other zones.  It has targets in the first one only, which ``CrossZone`` makes up for."""

    usual_seconds = 120.0
    pending_words = frozenset({"provisioning"})
    ready_word = "active"
    remedies: ClassVar = {
        "address type": Remedy.MEND,
        "cross-zone": Remedy.MEND,
        "deletion protection": "somebody protects it; down gives the command that lifts it",
        "subnets": "a zone in which endpoints use it cannot be taken away",
        "security groups": "they cannot be taken away, and the demo works with them if they let port 80 in",
    }

    @property
    def subnets(self) -> tuple[Subnet, ...]:
        """One for each of its zones."""
        return self.subnet, *self.more_subnets

    def find(self, aws: Aws) -> Iterator[Live]:
        yield from find_named(aws, self, LOAD_BALANCERS, self._held)

    def attributes(self, aws: Aws, live: Live) -> Iterator[Held]:
        found = balancer_attributes(aws, live.id)
        if not self.more_subnets:
            yield "cross-zone", "false", found.get(CROSS_ZONE)
        yield "deletion protection", "false", found.get("deletion_protection.enabled")

    def mend(self, aws: Aws, live: Live) -> None:
        super().mend(aws, live)
        if live.differs("address type"):
            aws.elb.set_ip_address_type(LoadBalancerArn=live.id, IpAddressType="ipv4")
        if live.differs("cross-zone"):
            set_attribute(aws, live.id, CROSS_ZONE, "false")

    def is_recorded(self, aws: Aws, item: Mapping[str, Any], record: Record) -> bool:
        return bool(record.identity) and _identity(item) == record.identity

    def _held(self, balancer: Mapping[str, Any]) -> Iterator[Held]:
        yield "type", "network", balancer.get("Type")
        yield "scheme", "internet-facing", balancer.get("Scheme")
        yield "address type", "ipv4", balancer.get("IpAddressType")
        yield "subnets", [*self.subnets], [zone.get("SubnetId") for zone in balancer.get("AvailabilityZones", [])]
        yield "security groups", (), balancer.get("SecurityGroups", [])

    def create(self, aws: Aws) -> Live:
        answer = aws.elb.create_load_balancer(
            Name=self.name,
            Type="network",
            Scheme="internet-facing",
            IpAddressType="ipv4",
            Subnets=aws.ids(self.subnets),
            Tags=aws.elb_tags(self),
        )
        return _live(answer["LoadBalancers"][0])

    def delete(self, aws: Aws, live: Live) -> None:
        aws.elb.delete_load_balancer(LoadBalancerArn=live.id)

    def held_by(self, aws: Aws, live: Live) -> Iterator[Holder]:
        yield from holding(aws, live.id, OF_LOAD_BALANCER)


def balancer_interfaces(aws: Aws, balancer: LoadBalancer) -> list[NetworkInterfaceTypeDef]:
    """A load balancer's network interfaces, whose private addresses its targets see as the source.

    The interfaces have its name in their description (section 3.5).  Empty while it has none.
    """
    pages = aws.ec2.get_paginator("describe_network_interfaces").paginate(
        Filters=[{"Name": "description", "Values": [f"ELB {short_id(aws.id(balancer))}"]}]
    )
    return [interface for page in pages for interface in page["NetworkInterfaces"]]


@dataclass(frozen=True, eq=False)
class Listener(Resource):
    """A TCP listener on one port.  ``name`` is for the screen; AWS has none."""

    aws_noun = "listener"

    target_group: TargetGroup
    port: int
    load_balancer: LoadBalancer = field(metadata=STARTED_IS_ENOUGH)

    remedies: ClassVar = dict.fromkeys(("port", "protocol", "target group"), Remedy.MEND)

    def find(self, aws: Aws) -> Iterator[Live]:
        arn = aws.id(self.load_balancer)

        def ask() -> list[ListenerTypeDef]:
            pages = aws.elb.get_paginator("describe_listeners").paginate(LoadBalancerArn=arn)
            return [listener for page in pages for listener in page["Listeners"]]

        found = list[Live]()
        for listener in aws.shared(("listeners", arn), ask):
            recorded = listener["ListenerArn"] == getattr(aws.records().get(self.key), "id", "")
            if recorded or listener["Port"] == self.port:
                if not recorded and (tags := self._of_somebody_else(aws, listener)) is not None:
                    yield Live(listener["ListenerArn"], Phase.FOREIGN, why=aws.whose("a listener", tags))
                    continue
                held = (
                    ("port", self.port, listener["Port"]),
                    ("protocol", "TCP", listener["Protocol"]),
                    (
                        "target group",
                        [self.target_group],
                        [one.get("TargetGroupArn") for one in listener["DefaultActions"]],
                    ),
                )
                found.append(Live(listener["ListenerArn"], held=held))
        # One that was made by hand in its place may have the port by now.
        yield from sorted(found, key=lambda live: live.held[0][2] != self.port)[:1]

    def _of_somebody_else(self, aws: Aws, listener: ListenerTypeDef) -> Mapping[str, str] | None:
        """The tags of a listener that is not the demo's and sends elsewhere; None for any other."""
        arn, ours = listener["ListenerArn"], aws.known.get(self.target_group.key)
        groups = [one["TargetGroupArn"] for one in listener["DefaultActions"] if "TargetGroupArn" in one]
        if ours and ours.id in groups:
            return None
        tags: dict[str, dict[str, str]] = aws.shared(("tags", arn), lambda: tags_by_arn(aws, [arn, *groups]))
        if any(aws.is_mine(self.target_group, tags.get(group, {})) for group in groups):
            return None  # which was not looked up yet
        own = tags.get(arn, {})
        return None if aws.is_mine(self, own) else own

    def mend(self, aws: Aws, live: Live) -> None:
        aws.elb.modify_listener(ListenerArn=live.id, Port=self.port, Protocol="TCP", DefaultActions=self._forward(aws))

    def _forward(self, aws: Aws) -> list[ActionTypeDef]:
        return [{"Type": "forward", "TargetGroupArn": aws.id(self.target_group)}]

    def create(self, aws: Aws) -> Live:
        answer = aws.elb.create_listener(
            LoadBalancerArn=aws.id(self.load_balancer),
            Protocol="TCP",
            Port=self.port,
            DefaultActions=self._forward(aws),
            Tags=aws.elb_tags(self),
        )
        return Live(answer["Listeners"][0]["ListenerArn"])

    def delete(self, aws: Aws, live: Live) -> None:
        aws.elb.delete_listener(ListenerArn=live.id)

    def goes_with(self) -> Resource:
        return self.load_balancer
