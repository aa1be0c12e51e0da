"""A target group with its health check, and the registration of an instance in it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from ..aws.tags import tags_of
from ..engine.resource import DELETE_REQUESTED_IS_ENOUGH, Aws, Resource
from ..model import Held, Holder, Live, Phase, Record, Remedy
from .elb import Balanced, NamedListing, attributes, find_named
from .holders import OF_TARGET_GROUP, holding
from .instance import Instance
from .vpc import Vpc

if TYPE_CHECKING:
    from mypy_boto3_elbv2.type_defs import TargetDescriptionTypeDef, TargetHealthDescriptionTypeDef


THRESHOLD = 2
"""Consecutive checks that make a target healthy or unhealthy."""
_HEALTH_CHECK = (
    "health check protocol",
    "health check port",
    "health check interval",
    "health check timeout",
    "healthy threshold",
    "unhealthy threshold",
)
"""The fields that ModifyTargetGroup brings back."""


def _target_groups(aws: Aws, which: Mapping[str, Any]) -> Iterator[Balanced]:
    for page in aws.elb.get_paginator("describe_target_groups").paginate(**which):
        for group in page["TargetGroups"]:
            yield Balanced(group["TargetGroupArn"], group["TargetGroupName"], Live(group["TargetGroupArn"]), group)


TARGET_GROUPS = NamedListing(_target_groups, "TargetGroupArns", "targetgroup")


@dataclass(frozen=True, eq=False)
class TargetGroup(Resource):
    """A target group of instances on one TCP port.  ``health_interval`` is the seconds between two checks."""

    aws_noun = "target group"

    vpc: Vpc
    port: int
    health_interval: int

    remedies: ClassVar = dict.fromkeys((*_HEALTH_CHECK, "client address kept", "proxy protocol"), Remedy.MEND)

    def find(self, aws: Aws) -> Iterator[Live]:
        yield from find_named(aws, self, TARGET_GROUPS, self._held)

    def is_recorded(self, aws: Aws, item: Mapping[str, Any], record: Record) -> bool:
        return (item["VpcId"], item["TargetGroupName"]) == (aws.id(self.vpc), self.name)  # unique in a region

    def _held(self, group: Mapping[str, Any]) -> Iterator[Held]:
        yield "target type", "instance", group.get("TargetType")
        yield "protocol", "TCP", group.get("Protocol")
        yield "port", self.port, group.get("Port")
        yield "VPC", self.vpc, group.get("VpcId")
        yield "health check protocol", "TCP", group.get("HealthCheckProtocol")
        yield "health check port", "traffic-port", group.get("HealthCheckPort")
        yield "health check interval", self.health_interval, group.get("HealthCheckIntervalSeconds")
        yield "health check timeout", self.health_timeout, group.get("HealthCheckTimeoutSeconds")
        yield "healthy threshold", THRESHOLD, group.get("HealthyThresholdCount")
        yield "unhealthy threshold", THRESHOLD, group.get("UnhealthyThresholdCount")

    def attributes(self, aws: Aws, live: Live) -> Iterator[Held]:
        found = attributes(aws, live.id, lambda: aws.elb.describe_target_group_attributes(TargetGroupArn=live.id))
        yield "client address kept", "true", found.get("preserve_client_ip.enabled")
        yield "proxy protocol", "false", found.get("proxy_protocol_v2.enabled")

    def mend(self, aws: Aws, live: Live) -> None:
        super().mend(aws, live)
        if live.differs(*_HEALTH_CHECK):
            aws.elb.modify_target_group(TargetGroupArn=live.id, HealthCheckPort="traffic-port", **self._health_check)
        if live.differs("client address kept", "proxy protocol"):
            aws.elb.modify_target_group_attributes(
                TargetGroupArn=live.id,
                Attributes=[
                    {"Key": "preserve_client_ip.enabled", "Value": "true"},
                    {"Key": "proxy_protocol_v2.enabled", "Value": "false"},
                ],
            )

    @property
    def _health_check(self) -> dict[str, Any]:
        return {
            "HealthCheckProtocol": "TCP",
            "HealthCheckIntervalSeconds": self.health_interval,
            "HealthCheckTimeoutSeconds": self.health_timeout,
            "HealthyThresholdCount": THRESHOLD,
            "UnhealthyThresholdCount": THRESHOLD,
        }

    @property
    def health_timeout(self) -> int:
        """Seconds.  Below the interval, which is right whether AWS accepts the two equal or not."""
        return max(2, min(5, self.health_interval - 1))

    def create(self, aws: Aws) -> Live:
        answer = aws.elb.create_target_group(
            Name=self.name,
            Protocol="TCP",
            Port=self.port,
            VpcId=aws.id(self.vpc),
            TargetType="instance",
            **self._health_check,
            Tags=aws.elb_tags(self),
        )
        return Live(answer["TargetGroups"][0]["TargetGroupArn"])

    def delete(self, aws: Aws, live: Live) -> None:
        aws.elb.delete_target_group(TargetGroupArn=live.id)

    def held_by(self, aws: Aws, live: Live) -> Iterator[Holder]:
        yield from holding(aws, live.id, OF_TARGET_GROUP)


def target_health(aws: Aws, group: TargetGroup) -> list[TargetHealthDescriptionTypeDef]:
    """The health of every target of the group, as DescribeTargetHealth returns it."""
    arn = aws.id(group)
    health: list[TargetHealthDescriptionTypeDef] = aws.shared(
        ("target health", arn),
        lambda: aws.elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"],
    )
    return health


def _others(aws: Aws, ids: Collection[str]) -> set[str]:
    """Those of these instances that are somebody else's, and live."""
    which: Any = {"Name": "instance-id", "Values": sorted(ids)}  # a filter: a forgotten one is not an error
    if not ids:
        return set()
    pages = aws.ec2.get_paginator("describe_instances").paginate(Filters=[which])
    there = [instance for page in pages for held in page["Reservations"] for instance in held["Instances"]]
    living = [one for one in there if Phase.of(one["State"]["Name"]) is not Phase.GONE]
    return {one["InstanceId"] for one in living if not aws.is_ours(tags_of(one))}


@dataclass(frozen=True, eq=False)
class Registration(Resource):
    """An instance registered as a target.  Ready as soon as AWS lists it; ``test`` waits until it is healthy.

    A registration on another port is WRONG and replaced.
    """

    aws_noun = "registered target"

    target_group: TargetGroup = field(metadata=DELETE_REQUESTED_IS_ENOUGH)
    instance: Instance
    port: int

    remedies: ClassVar = {"port": Remedy.REPLACE, "further ports": Remedy.MEND, "further targets": Remedy.ASK}

    def find(self, aws: Aws) -> Iterator[Live]:
        instance_id = aws.id(self.instance)
        ours = f"{instance_id}:{self.port}"
        words: dict[str, tuple[str, str]] = {}
        for described in target_health(aws, self.target_group):
            target, health = described.get("Target", {}), described.get("TargetHealth", {})
            words[f"{target.get('Id')}:{target.get('Port')}"] = health.get("State", ""), health.get("Reason", "")
        standing = [id for id, (word, _) in words.items() if word.lower() != "draining"]
        for id, (word, reason) in words.items():
            if id == ours:
                phase = Phase.READY if id in standing else Phase.DELETING
                ports = [other for other in standing if other != ours and other.startswith(f"{instance_id}:")]
                others = [other for other in standing if other != ours and other not in ports]
                held = ("further ports", (), ports), ("further targets", (), others)
                yield Live(id, phase, word, reason, held=held)
            elif id in standing and id.startswith(f"{instance_id}:"):
                port = id.rpartition(":")[2]
                yield Live(id, Phase.WRONG, word, f"on port {port}", held=(("port", self.port, port),))

    def mend(self, aws: Aws, live: Live) -> None:
        further = [id for one in live.drift for id in one.aws.split(", ")]
        targets: list[TargetDescriptionTypeDef] = [
            {"Id": id, "Port": int(port)} for id, _, port in (one.rpartition(":") for one in further)
        ]
        aws.elb.deregister_targets(TargetGroupArn=aws.id(self.target_group), Targets=targets)

    def create(self, aws: Aws) -> Live:
        instance_id, group_arn = aws.id(self.instance), aws.id(self.target_group)
        # AWS deregisters a terminated instance by itself, but lists it for a while.
        listed = {one.get("Target", {}).get("Id", "") for one in target_health(aws, self.target_group)}
        if before := listed - {instance_id} - _others(aws, listed):
            aws.elb.deregister_targets(TargetGroupArn=group_arn, Targets=[{"Id": id} for id in sorted(before)])
        aws.elb.register_targets(TargetGroupArn=group_arn, Targets=[{"Id": instance_id, "Port": self.port}])
        return Live(f"{instance_id}:{self.port}", word="registered")

    def delete(self, aws: Aws, live: Live) -> None:
        instance_id, _, port = live.id.partition(":")
        aws.elb.deregister_targets(
            TargetGroupArn=aws.id(self.target_group), Targets=[{"Id": instance_id, "Port": int(port)}]
        )

    def goes_with(self) -> Resource:
        return self.instance
