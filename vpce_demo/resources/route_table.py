"""A route table, its association with a subnet, and the default route."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from ..aws.tags import tags_of
from ..engine.resource import Aws, Listing, Resource
from ..model import ANYWHERE, Holder, Live, Phase, Record
from .holders import OF_ROUTE_TABLE, holding
from .internet_gateway import GatewayAttachment
from .subnet import Subnet
from .vpc import Vpc

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import RouteTableAssociationTypeDef, RouteTableTypeDef, RouteTypeDef


def _route_tables(aws: Aws, which: Mapping[str, Any]) -> Iterator[RouteTableTypeDef]:
    for page in aws.ec2.get_paginator("describe_route_tables").paginate(**which):
        yield from page["RouteTables"]


ROUTE_TABLES = Listing(_route_tables, "RouteTableIds")
DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
TARGETS = (
    "GatewayId",
    "NatGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "EgressOnlyInternetGatewayId",
    "CarrierGatewayId",
    "LocalGatewayId",
    "CoreNetworkArn",
    "OdbNetworkArn",
    "NetworkInterfaceId",
    "InstanceId",
    "IpAddress",
)
"""The keys of DescribeRouteTables for a route's target; a route has one of them."""


def _first(route: Mapping[str, Any], names: Sequence[str]) -> str:
    return next((str(route[name]) for name in names if route.get(name)), "nothing")


def _destination(route: RouteTypeDef) -> str:
    return _first(route, DESTINATIONS)


def _target(route: RouteTypeDef) -> str:
    return _first(route, TARGETS)


def _is_aws_own(route: RouteTypeDef) -> bool:
    """True for the VPC's local route, and for what AWS adds for a gateway endpoint and takes away with it
    (``aws-behaviours-2.md``, rule 20)."""
    target = _target(route)
    return target == "local" or (bool(route.get("DestinationPrefixListId")) and target.startswith("vpce-"))


@dataclass(frozen=True, eq=False)
class RouteTable(Resource):
    """A route table of a VPC."""

    aws_noun = "route table"

    vpc: Vpc
    is_public: bool = True
    """True if it has a default route, which is a resource of its own."""

    remedies: ClassVar = {"further routes": "others may need it; test says if it is in the way"}

    def find(self, aws: Aws) -> Iterator[Live]:
        for table in aws.mine(self, ROUTE_TABLES):
            expected = (ANYWHERE,) if self.is_public else ()
            others = [
                f"{_destination(route)} to {_target(route)}"
                for route in table["Routes"]
                if not _is_aws_own(route) and _destination(route) not in expected
            ]
            held = aws.held(self, tags_of(table), ("VPC", self.vpc, table["VpcId"]), ("further routes", (), others))
            yield Live(table["RouteTableId"], held=held)

    def is_recorded(self, aws: Aws, item: Mapping[str, Any], record: Record) -> bool:
        on_record = {one.id for one in aws.records().values()}
        associated = any(one.get("SubnetId") in on_record for one in item["Associations"])
        return item["VpcId"] == aws.id(self.vpc) and associated

    def create(self, aws: Aws) -> Live:
        answer = aws.ec2.create_route_table(
            VpcId=aws.id(self.vpc), ClientToken=aws.token, TagSpecifications=aws.tagged(self, "route-table")
        )
        return Live(answer["RouteTable"]["RouteTableId"])

    def delete(self, aws: Aws, live: Live) -> None:
        aws.ec2.delete_route_table(RouteTableId=live.id)

    def held_by(self, aws: Aws, live: Live) -> Iterator[Holder]:
        yield from holding(aws, live.id, OF_ROUTE_TABLE)


def _associations(tables: Iterable[RouteTableTypeDef], subnet_id: str) -> Iterator[RouteTableAssociationTypeDef]:
    for table in tables:
        yield from (one for one in table["Associations"] if one.get("SubnetId") == subnet_id)


@dataclass(frozen=True, eq=False)
class SubnetRouting(Resource):
    """The association of a route table with a subnet."""

    aws_noun = "route table association"

    table: RouteTable
    subnet: Subnet

    pending_words = frozenset({"associating"})

    def find(self, aws: Aws) -> Iterator[Live]:
        subnet_id, table_id = aws.id(self.subnet), aws.id(self.table)
        ours = {table["RouteTableId"]: table for table in aws.mine(self.table, ROUTE_TABLES)}
        found = list(_associations(ours.values(), subnet_id))
        if not found:
            # A subnet has one route table: somebody may have associated another.
            which = {"Filters": [{"Name": "association.subnet-id", "Values": [subnet_id]}]}
            others = aws.shared(("tables of", subnet_id), lambda: list(_route_tables(aws, which)))
            found = list(_associations(others, subnet_id))
        for association in found:
            word = association.get("AssociationState", {}).get("State", "associated")
            live = Live(association["RouteTableAssociationId"], Phase.of(word), word)
            if association["RouteTableId"] != table_id:
                live = replace(live, phase=Phase.WRONG, why=f"routed by {association['RouteTableId']}")
            yield live

    def create(self, aws: Aws) -> Live:
        answer = aws.ec2.associate_route_table(RouteTableId=aws.id(self.table), SubnetId=aws.id(self.subnet))
        word = answer.get("AssociationState", {}).get("State", "associated")
        return Live(answer["AssociationId"], Phase.of(word), word)

    def delete(self, aws: Aws, live: Live) -> None:
        aws.ec2.disassociate_route_table(AssociationId=live.id)

    def goes_with(self) -> Resource:
        return self.subnet


@dataclass(frozen=True, eq=False)
class InternetRoute(Resource):
    """The default route, to the internet gateway.  ``name`` is its destination."""

    aws_noun = "default route"

    table: RouteTable
    attachment: GatewayAttachment

    def find(self, aws: Aws) -> Iterator[Live]:
        gateway_id = aws.id(self.attachment)
        for table in aws.mine(self.table, ROUTE_TABLES):
            for route in table["Routes"]:
                if route.get("DestinationCidrBlock") == self.name:
                    right = route.get("GatewayId") == gateway_id and route["State"] == "active"
                    yield Live(
                        table["RouteTableId"],
                        Phase.READY if right else Phase.WRONG,
                        route["State"],
                        "" if right else f"goes to {_target(route)}",
                        held=(("target", self.attachment, _target(route)), ("state", "active", route["State"])),
                    )

    def create(self, aws: Aws) -> Live:
        table_id = aws.id(self.table)
        aws.ec2.create_route(RouteTableId=table_id, DestinationCidrBlock=self.name, GatewayId=aws.id(self.attachment))
        return Live(table_id, word="active")

    def delete(self, aws: Aws, live: Live) -> None:
        aws.ec2.delete_route(RouteTableId=live.id, DestinationCidrBlock=self.name)

    def goes_with(self) -> Resource:
        return self.table
