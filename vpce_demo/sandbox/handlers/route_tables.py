"""Internet gateways, route tables and routes (``aws-behaviours.md`` section 1.2)."""

from __future__ import annotations

from typing import Any

from .. import timing
from ..api.calls import Call, handles
from ..api.protocol import ApiError
from ..store.moto import is_active_route
from . import validation


def gateway(call: Call, gateway_id: str) -> Any:
    """Moto's internet gateway.  Raises ``InvalidInternetGatewayID.NotFound``."""
    found = call.ec2.internet_gateways.get(gateway_id)
    if found is None:
        text = f"The internetGateway ID '{gateway_id}' does not exist"
        raise ApiError("InvalidInternetGatewayID.NotFound", text)
    return found


def table(call: Call, table_id: str) -> Any:
    """Moto's route table.  Raises ``InvalidRouteTableID.NotFound``."""
    found = call.ec2.route_tables.get(table_id)
    if found is None:
        raise ApiError("InvalidRouteTableID.NotFound", f"The routeTable ID '{table_id}' does not exist")
    return found


@handles("ec2", "AttachInternetGateway")
def attach_internet_gateway(call: Call) -> dict[str, Any]:
    """One gateway a VPC, one VPC a gateway."""
    one, vpc = gateway(call, call.params["InternetGatewayId"]), validation.vpc(call, call.params["VpcId"])
    if one.vpc is not None:
        text = f"resource {one.id} is already attached to network {one.vpc.id}"
        raise ApiError("Resource.AlreadyAssociated", text)
    if any(other.vpc is vpc for other in call.ec2.internet_gateways.values()):
        text = f"Network {vpc.id} already has an internet gateway attached"
        raise ApiError("InvalidParameterValue", text)
    answer = call.moto()
    call.cloud.since[one.id, vpc.id] = call.cloud.now()
    return answer


@handles("ec2", "DetachInternetGateway")
def detach_internet_gateway(call: Call) -> dict[str, Any]:
    """Not while something in the VPC has a public address."""
    one, vpc_id = gateway(call, call.params["InternetGatewayId"]), call.params["VpcId"]
    if one.vpc is None or one.vpc.id != vpc_id:
        text = f"resource {one.id} is not attached to network {vpc_id}"
        raise ApiError("Gateway.NotAttached", text)
    for interface in call.ec2.enis.values():
        coming = (
            interface.instance is not None and interface.instance.state == "pending" and interface.public_ip_auto_assign
        )
        if interface.vpc_id == vpc_id and (interface.public_ip or coming):
            text = (
                f"Network {vpc_id} has some mapped public address(es). "
                "Please unmap those public address(es) before detaching the gateway."
            )
            raise ApiError("DependencyViolation", text)
    call.cloud.since.pop((one.id, vpc_id), None)
    return call.moto()


@handles("ec2", "DeleteInternetGateway")
def delete_internet_gateway(call: Call) -> dict[str, Any]:
    """Not while it is attached."""
    one = gateway(call, call.params["InternetGatewayId"])
    if one.vpc is not None:
        text = f"The internetGateway '{one.id}' has dependencies and cannot be deleted."
        raise ApiError("DependencyViolation", text)
    call.ec2.tags.pop(one.id, None)
    return call.moto()


@handles("ec2", "DescribeInternetGateways")
def describe_internet_gateways(call: Call) -> dict[str, Any]:
    """``attaching`` for a moment."""
    answer = call.moto()
    for one in answer.get("InternetGateways", []):
        for held in one.get("Attachments", []):
            if _recent(call, timing.GATEWAY_ATTACHING, one["InternetGatewayId"], held["VpcId"]):
                held["State"] = "attaching"
    return answer


def _recent(call: Call, seconds: float, *key: str) -> bool:
    since = call.cloud.since.get(key)
    return since is not None and not call.cloud.clock.passed(since, seconds)


@handles("ec2", "CreateRouteTable")
def create_route_table(call: Call) -> dict[str, Any]:
    validation.vpc(call, call.params["VpcId"])

    def again(before: dict[str, Any]) -> dict[str, Any] | None:
        return before if before["RouteTable"]["RouteTableId"] in call.ec2.route_tables else None

    return call.once(call.moto, again)


@handles("ec2", "CreateRoute", "ReplaceRoute")
def create_or_replace_route(call: Call) -> dict[str, Any]:
    """An internet gateway must exist, and be attached to the table's VPC."""
    one, gateway_id = table(call, call.params["RouteTableId"]), call.params.get("GatewayId", "")
    if gateway_id.startswith("igw-"):
        found = call.ec2.internet_gateways.get(gateway_id)
        if found is None:
            raise ApiError("InvalidGatewayID.NotFound", f"The gateway ID '{gateway_id}' does not exist")
        if found.vpc is None or found.vpc.id != one.vpc_id:
            text = f"route table {one.id} and network gateway {gateway_id} belong to different networks"
            raise ApiError("InvalidParameterValue", text)
    return call.moto()


@handles("ec2", "AssociateRouteTable")
def associate_route_table(call: Call) -> dict[str, Any]:
    """A subnet has one explicit route table; the same again is the same association."""
    one, subnet_id = table(call, call.params["RouteTableId"]), call.params.get("SubnetId")
    if subnet_id:
        subnet = validation.subnet(call, subnet_id)
        if subnet.vpc_id != one.vpc_id:
            text = f"Route table {one.id} and subnet {subnet_id} belong to different networks"
            raise ApiError("InvalidParameterValue", text)
        for other in call.ec2.route_tables.values():
            if other is not one and subnet_id in other._associations.values():
                text = f"the specified association for route table {one.id} conflicts with an existing association"
                raise ApiError("Resource.AlreadyAssociated", text)
    answer = call.moto()
    call.cloud.since.setdefault((answer["AssociationId"],), call.cloud.now())
    state = "associating" if _recent(call, timing.ROUTE_ASSOCIATING, answer["AssociationId"]) else "associated"
    return {**answer, "AssociationState": {"State": state}}


def _of_association(call: Call, association_id: str) -> Any:
    """The route table that has an association.  Raises ``InvalidAssociationID.NotFound``."""
    for one in call.ec2.route_tables.values():
        if association_id in one.all_associations_ids:
            return one
    raise ApiError("InvalidAssociationID.NotFound", f"The association ID '{association_id}' does not exist")


@handles("ec2", "ReplaceRouteTableAssociation")
def replace_route_table_association(call: Call) -> dict[str, Any]:
    """A new association, of the same subnet or as the VPC's main table.  Raises ``InvalidParameterValue`` for a table
    of another VPC."""
    one, before = table(call, call.params["RouteTableId"]), _of_association(call, call.params["AssociationId"])
    if one.vpc_id != before.vpc_id:
        text = f"route table {one.id} and network {before.vpc_id} belong to different networks"
        raise ApiError("InvalidParameterValue", text)
    return call.moto()


@handles("ec2", "DisassociateRouteTable")
def disassociate_route_table(call: Call) -> dict[str, Any]:
    """Not the main one."""
    association_id = call.params["AssociationId"]
    if _of_association(call, association_id).main_association_id == association_id:
        text = f"cannot disassociate the main route table association {association_id}"
        raise ApiError("InvalidParameterValue", text)
    return call.moto()


@handles("ec2", "DescribeRouteTables")
def describe_route_tables(call: Call) -> dict[str, Any]:
    """A route to what is gone or not active is a ``blackhole``; an association ``associating`` for a moment."""
    answer = call.moto()
    for one in answer.get("RouteTables", []):
        for route in one.get("Routes", []):
            target = next(filter(None, map(route.get, ("GatewayId", "NatGatewayId", "VpcPeeringConnectionId"))), "")
            if not is_active_route(call.ec2, target, one["VpcId"]):
                route["State"] = "blackhole"
        for held in one.get("Associations", []):
            if _recent(call, timing.ROUTE_ASSOCIATING, held["RouteTableAssociationId"]):
                held["AssociationState"] = {"State": "associating"}
    return answer


@handles("ec2", "DeleteRouteTable")
def delete_route_table(call: Call) -> dict[str, Any]:
    """Neither the main one nor one that a subnet uses."""
    one = table(call, call.params["RouteTableId"])
    if one.main_association_id or one._associations:
        text = f"The routeTable '{one.id}' has dependencies and cannot be deleted."
        raise ApiError("DependencyViolation", text)
    call.ec2.tags.pop(one.id, None)
    return call.moto()
