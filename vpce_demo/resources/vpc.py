"""A VPC: a private network of one account in one region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from ..aws.tags import tags_of
from ..engine.resource import OTHERS_MAY_NEED_IT, Aws, Listing, Resource
from ..model import Held, Holder, Live, Phase, Record, Remedy
from .holders import OF_VPC, holding

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import VpcTypeDef


def _vpcs(aws: Aws, which: Mapping[str, Any]) -> Iterator[VpcTypeDef]:
    for page in aws.ec2.get_paginator("describe_vpcs").paginate(**which):
        yield from page["Vpcs"]


VPCS = Listing(_vpcs, "VpcIds")


def _identity(vpc: Mapping[str, Any]) -> dict[str, str]:
    """The id of the association of its first address range, which lasts as long as the VPC."""
    ranges = vpc.get("CidrBlockAssociationSet", [])
    return {"cidr association": ranges[0]["AssociationId"]} if ranges else {}


def _further_ranges(vpc: Mapping[str, Any], cidr: str) -> list[str]:
    ranges = vpc.get("CidrBlockAssociationSet", [])
    there = [one["CidrBlock"] for one in ranges if one.get("CidrBlockState", {}).get("State") == "associated"]
    return [one for one in there if one not in (cidr, vpc["CidrBlock"])]


def _live(vpc: VpcTypeDef) -> Live:
    return Live(vpc["VpcId"], Phase.of(vpc["State"]), vpc["State"], identity=_identity(vpc))


@dataclass(frozen=True, eq=False)
class Vpc(Resource):
    """A VPC with one range of IPv4 addresses."""

    aws_noun = "VPC"

    cidr: str

    create_can_duplicate = True
    usual_seconds = 1.0
    remedies: ClassVar = {"DNS resolution": Remedy.MEND, "further address ranges": OTHERS_MAY_NEED_IT}

    def find(self, aws: Aws) -> Iterator[Live]:
        for vpc in aws.mine(self, VPCS):
            held = aws.held(
                self,
                tags_of(vpc),
                ("address range", self.cidr, vpc["CidrBlock"]),
                ("further address ranges", (), _further_ranges(vpc, self.cidr)),
            )
            yield replace(_live(vpc), held=held)

    def attributes(self, aws: Aws, live: Live) -> Iterator[Held]:
        answer = aws.shared(
            ("DNS resolution", live.id),
            lambda: aws.ec2.describe_vpc_attribute(VpcId=live.id, Attribute="enableDnsSupport"),
        )
        yield "DNS resolution", True, answer.get("EnableDnsSupport", {}).get("Value")

    def mend(self, aws: Aws, live: Live) -> None:
        super().mend(aws, live)
        if live.differs("DNS resolution"):
            aws.ec2.modify_vpc_attribute(VpcId=live.id, EnableDnsSupport={"Value": True})

    def is_recorded(self, aws: Aws, item: Mapping[str, Any], record: Record) -> bool:
        return bool(record.identity) and _identity(item) == record.identity

    def create(self, aws: Aws) -> Live:
        return _live(aws.ec2.create_vpc(CidrBlock=self.cidr, TagSpecifications=aws.tagged(self, "vpc"))["Vpc"])

    def delete(self, aws: Aws, live: Live) -> None:
        aws.ec2.delete_vpc(VpcId=live.id)

    def held_by(self, aws: Aws, live: Live) -> Iterator[Holder]:
        yield from holding(aws, live.id, OF_VPC)
