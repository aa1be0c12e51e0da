"""A subnet: a part of a VPC's addresses, in one Availability Zone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..aws.tags import tags_of
from ..engine.resource import Aws, Listing, Resource
from ..model import Holder, Live, Phase, Record
from .holders import OF_SUBNET, holding
from .vpc import Vpc

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import SubnetTypeDef


def _subnets(aws: Aws, which: Mapping[str, Any]) -> Iterator[SubnetTypeDef]:
    for page in aws.ec2.get_paginator("describe_subnets").paginate(**which):
        yield from page["Subnets"]


SUBNETS = Listing(_subnets, "SubnetIds")


@dataclass(frozen=True, eq=False)
class Subnet(Resource):
    """A subnet; ``cidr`` lies in the VPC's."""

    vpc: Vpc
    cidr: str
    zone_id: str
    """The zone by its id (``use1-az1``): a name may mean another zone in another account."""

    usual_seconds = 1.0

    def find(self, aws: Aws) -> Iterator[Live]:
        for subnet in aws.mine(self, SUBNETS):
            held = aws.held(
                self,
                tags_of(subnet),
                ("address range", self.cidr, subnet["CidrBlock"]),
                ("zone", self.zone_id, subnet.get("AvailabilityZoneId")),
                ("VPC", self.vpc, subnet["VpcId"]),
            )
            yield Live(subnet["SubnetId"], Phase.of(subnet["State"]), subnet["State"], held=held)

    def is_recorded(self, aws: Aws, item: Mapping[str, Any], record: Record) -> bool:
        return (item["VpcId"], item["CidrBlock"]) == (aws.id(self.vpc), self.cidr)  # only one at a time can have it

    def create(self, aws: Aws) -> Live:
        subnet = aws.ec2.create_subnet(
            VpcId=aws.id(self.vpc),
            CidrBlock=self.cidr,
            AvailabilityZoneId=self.zone_id,
            TagSpecifications=aws.tagged(self, "subnet"),
        )["Subnet"]
        return Live(subnet["SubnetId"], Phase.of(subnet["State"]), subnet["State"])

    def delete(self, aws: Aws, live: Live) -> None:
        aws.ec2.delete_subnet(SubnetId=live.id)

    def held_by(self, aws: Aws, live: Live) -> Iterator[Holder]:
        yield from holding(aws, live.id, OF_SUBNET)
