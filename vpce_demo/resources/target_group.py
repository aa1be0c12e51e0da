"""A target group with its health check, and the registration of an instance in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..aws import Aws
from ..model import UNTIL_IT_GOES, Live, Phase, Resource
from .elb import Balanced, find_named
from .instance import Instance
from .vpc import Vpc

if TYPE_CHECKING:
    from mypy_boto3_elbv2.type_defs import TargetHealthDescriptionTypeDef


def _all(aws: Aws, arns: list[str]) -> Iterator[Balanced]:
    which: dict[str, Any] = {"TargetGroupArns": arns} if arns else {}
    for page in aws.elb.get_paginator("describe_target_groups").paginate(**which):
        for group in page["TargetGroups"]:
            yield Balanced(group["TargetGroupArn"], group["TargetGroupName"], Live(group["TargetGroupArn"]))


@dataclass(frozen=True, eq=False)
class TargetGroup(Resource):
    """Instances that answer on one TCP port.  ``health_interval`` is in seconds between two checks."""

    vpc: Vpc
    port: int
    health_interval: int

    @property
    def health_timeout(self) -> int:
        """Seconds that a check may take: the default of 10 is refused beside an interval of 10 (aws-behaviours.md
        section 0, rule 7)."""
        return max(2, min(5, self.health_interval - 1))

    def find(self, aws: Aws) -> Iterator[Live]:
        yield from find_named(aws, self, _all)

    def create(self, aws: Aws) -> Live:
        answer = aws.elb.create_target_group(
            Name=self.name,
            Protocol="TCP",
            Port=self.port,
            VpcId=aws.id(self.vpc),
            TargetType="instance",
            HealthCheckProtocol="TCP",
            HealthCheckIntervalSeconds=self.health_interval,
            HealthCheckTimeoutSeconds=self.health_timeout,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=2,
            Tags=aws.elb_tags(self),
        )
        return Live(answer["TargetGroups"][0]["TargetGroupArn"])

    def delete(self, aws: Aws, live: Live) -> None:
        aws.elb.delete_target_group(TargetGroupArn=live.id)


def target_health(aws: Aws, group: TargetGroup) -> list[TargetHealthDescriptionTypeDef]:
    """The health of every target of the group, as DescribeTargetHealth answers."""
    arn = aws.id(group)
    health: list[TargetHealthDescriptionTypeDef] = aws.shared(
        ("target health", arn),
        lambda: aws.elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"],
    )
    return health


@dataclass(frozen=True, eq=False)
class Registration(Resource):
    """An instance as a target.  Ready as soon as AWS lists it: that it is healthy is what ``test`` waits for."""

    target_group: TargetGroup = field(metadata=UNTIL_IT_GOES)
    instance: Instance
    port: int

    def find(self, aws: Aws) -> Iterator[Live]:
        instance_id = aws.id(self.instance)
        for described in target_health(aws, self.target_group):
            target, health = described.get("Target", {}), described.get("TargetHealth", {})
            if target.get("Id") == instance_id and target.get("Port") == self.port:
                word = health.get("State", "")
                phase = Phase.DELETING if word.lower() == "draining" else Phase.READY
                yield Live(f"{instance_id}:{self.port}", phase, word, health.get("Reason", ""))

    def create(self, aws: Aws) -> Live:
        instance_id = aws.id(self.instance)
        aws.elb.register_targets(
            TargetGroupArn=aws.id(self.target_group), Targets=[{"Id": instance_id, "Port": self.port}]
        )
        return Live(f"{instance_id}:{self.port}", word="registered")

    def delete(self, aws: Aws, live: Live) -> None:
        instance_id = live.id.partition(":")[0]
        aws.elb.deregister_targets(
            TargetGroupArn=aws.id(self.target_group), Targets=[{"Id": instance_id, "Port": self.port}]
        )

    def goes_with(self) -> Resource:
        return self.instance
