"""A security group, and one inbound rule of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..aws import Aws, Listing
from ..model import Holder, Live, Phase, Resource
from .network_interface import interfaces
from .vpc import Vpc

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import IpPermissionTypeDef, SecurityGroupTypeDef


def _groups(aws: Aws, which: Mapping[str, Any]) -> Iterator[SecurityGroupTypeDef]:
    for page in aws.ec2.get_paginator("describe_security_groups").paginate(**which):
        yield from page["SecurityGroups"]


GROUPS = Listing(_groups, "GroupIds")


@dataclass(frozen=True, eq=False)
class SecurityGroup(Resource):
    """A security group of a VPC; everything may go out."""

    vpc: Vpc
    description: str

    def find(self, aws: Aws) -> Iterator[Live]:
        for group in aws.mine(self, GROUPS):
            yield Live(group["GroupId"])

    def create(self, aws: Aws) -> Live:
        answer = aws.ec2.create_security_group(
            VpcId=aws.id(self.vpc),
            GroupName=self.name,
            Description=self.description,
            TagSpecifications=aws.tagged(self, "security-group"),
        )
        return Live(answer["GroupId"])

    def delete(self, aws: Aws, live: Live) -> None:
        aws.ec2.delete_security_group(GroupId=live.id)

    def held_by(self, aws: Aws, live: Live) -> Iterator[Holder]:
        yield from interfaces(aws, "group-id", live.id)


@dataclass(frozen=True, eq=False)
class IngressRule(Resource):
    """One TCP port opened to one range of addresses.

    The rule's description carries our key, so that a rule whose source has changed is still known as this one.
    """

    group: SecurityGroup
    port: int
    source: str

    @property
    def _description(self) -> str:
        return f"vpce-demo: {self.key}"

    def _permission(self, source: str) -> IpPermissionTypeDef:
        ranges = [{"CidrIp": source, "Description": self._description}]
        return {"IpProtocol": "tcp", "FromPort": self.port, "ToPort": self.port, "IpRanges": ranges}  # type: ignore[typeddict-item]

    def find(self, aws: Aws) -> Iterator[Live]:
        for group in aws.mine(self.group, GROUPS):
            for permission in group["IpPermissions"]:
                if (permission["IpProtocol"], permission.get("FromPort"), permission.get("ToPort")) != (
                    "tcp",
                    self.port,
                    self.port,
                ):
                    continue
                for allowed in permission["IpRanges"]:
                    source = allowed.get("CidrIp", "")
                    if source == self.source:
                        yield Live(group["GroupId"], outputs={"source": source})
                    elif allowed.get("Description") == self._description:
                        yield Live(group["GroupId"], Phase.WRONG, why=f"open to {source}", outputs={"source": source})

    def create(self, aws: Aws) -> Live:
        group_id = aws.id(self.group)
        aws.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[self._permission(self.source)])
        return Live(group_id, outputs={"source": self.source})

    def delete(self, aws: Aws, live: Live) -> None:
        source = live.outputs.get("source", self.source)
        aws.ec2.revoke_security_group_ingress(GroupId=live.id, IpPermissions=[self._permission(source)])

    def goes_with(self) -> Resource:
        return self.group
