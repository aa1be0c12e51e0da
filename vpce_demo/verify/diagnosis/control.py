"""Causes of a failed control: the consumer reaches the web server without PrivateLink."""

from __future__ import annotations

from ...errors import Fix
from ...model import Side
from ..aws_facts import AwsFacts
from .filters import route_to
from .table import About, Finding, Symptom, rule


@rule(
    "other-way-in",
    Symptom.OTHER_WAY,
    likely="the two VPCs are joined: by peering, by a transit gateway, or they are one",
    confirmed_by="the consumer's route table",
    mend="remove that connection: with it the test proves nothing",
    about=About.PEERING,
    checks=(8,),
)
def other_way_in(facts: AwsFacts) -> Finding | None:
    web, customer = facts.instance(facts.demo.web), facts.instance(facts.demo.customer)
    address = facts.address(facts.demo.web)
    if web.get("VpcId") == customer.get("VpcId"):
        return Finding(
            "both instances are in one VPC: the test proves nothing.",
            [f"{web['InstanceId']} and {customer['InstanceId']} are in {web.get('VpcId')}."],
            [Fix("makes both sides anew", "<demo> down && <demo> up", deletes=True)],
        )
    table = facts.route_table(Side.CONSUMER, customer["SubnetId"])
    route = route_to(table, address)
    if route is None or route.get("State") != "active":
        return None
    if peering := route.get("VpcPeeringConnectionId"):
        what, call = f"peering connection {peering}", "ec2 delete-vpc-peering-connection"
        cut = facts.command(Side.CONSUMER, call, vpc_peering_connection_id=peering)
    elif gateway := route.get("TransitGatewayId"):
        what = f"transit gateway {gateway}"
        cut = facts.command(
            Side.CONSUMER,
            "ec2 delete-route",
            route_table_id=table["RouteTableId"],
            destination_cidr_block=route.get("DestinationCidrBlock", ""),
        )
    else:
        return None
    return Finding(
        f"the two VPCs are joined by {what}: the test proves nothing.",
        [
            f"{table['RouteTableId']} sends {route.get('DestinationCidrBlock')} to {what}, and {address}, the web "
            "server, is behind it."
        ],
        [Fix("cuts them apart", cut, deletes=True)],
    )
