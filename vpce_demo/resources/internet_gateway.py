"""An internet gateway, and its attachment to a VPC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..aws.tags import tags_of
from ..engine.resource import Aws, Listing, Resource
from ..errors import NotCreated
from ..model import Holder, Live, Phase, Record
from .holders import OF_GATEWAY, OF_GATEWAY_ATTACHMENT, holding
from .vpc import Vpc

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import InternetGatewayTypeDef


def _gateways(aws: Aws, which: Mapping[str, Any]) -> Iterator[InternetGatewayTypeDef]:
    for page in aws.ec2.get_paginator("describe_internet_gateways").paginate(**which):
        yield from page["InternetGateways"]


GATEWAYS = Listing(_gateways, "InternetGatewayIds")


@dataclass(frozen=True, eq=False)
class InternetGateway(Resource):
    """An internet gateway: once attached, a VPC's connection to the internet."""

    aws_noun = "internet gateway"
    create_can_duplicate = True

    def find(self, aws: Aws) -> Iterator[Live]:
        for gateway in aws.mine(self, GATEWAYS):
            yield Live(gateway["InternetGatewayId"], held=aws.held(self, tags_of(gateway)))

    def is_recorded(self, aws: Aws, item: Mapping[str, Any], record: Record) -> bool:
        attached = {one["VpcId"] for one in item["Attachments"]}
        if not attached & {live.id for live in list(aws.known.values())}:
            raise NotCreated(f"{self.at_start} is not attached to a VPC of this demo.")
        return True

    def create(self, aws: Aws) -> Live:
        answer = aws.ec2.create_internet_gateway(TagSpecifications=aws.tagged(self, "internet-gateway"))
        return Live(answer["InternetGateway"]["InternetGatewayId"])

    def delete(self, aws: Aws, live: Live) -> None:
        aws.ec2.delete_internet_gateway(InternetGatewayId=live.id)

    def held_by(self, aws: Aws, live: Live) -> Iterator[Holder]:
        yield from holding(aws, live.id, OF_GATEWAY)


@dataclass(frozen=True, eq=False)
class GatewayAttachment(Resource):
    """The attachment of an internet gateway to a VPC.  ``name`` is the gateway's."""

    aws_noun = "internet gateway attachment"

    gateway: InternetGateway
    vpc: Vpc

    usual_seconds = 1.0
    pending_words = frozenset({"attaching"})
    ready_word = "attached"

    def find(self, aws: Aws) -> Iterator[Live]:
        vpc_id = aws.id(self.vpc)
        for gateway in aws.mine(self.gateway, GATEWAYS):
            for attachment in gateway["Attachments"]:
                if attachment["VpcId"] == vpc_id:
                    word: str = attachment["State"]
                    # AWS returns "available" for what the console shows as attached, unlike its own model.
                    yield Live(gateway["InternetGatewayId"], Phase.of(word), word.replace("available", "attached"))

    def create(self, aws: Aws) -> Live:
        gateway_id = aws.id(self.gateway)
        aws.ec2.attach_internet_gateway(InternetGatewayId=gateway_id, VpcId=aws.id(self.vpc))
        return Live(gateway_id, Phase.PENDING, "attaching")

    def delete(self, aws: Aws, live: Live) -> None:
        aws.ec2.detach_internet_gateway(InternetGatewayId=live.id, VpcId=aws.id(self.vpc))

    def held_by(self, aws: Aws, live: Live) -> Iterator[Holder]:
        yield from holding(aws, aws.id(self.vpc), OF_GATEWAY_ATTACHMENT)
