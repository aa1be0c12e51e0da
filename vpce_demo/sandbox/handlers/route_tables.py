"""Internet gateways, route tables and routes (``aws-behaviours.md`` section 1.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

from .. import timing
from ..api.calls import Call, handles
from ..api.filters import Fields, matching
from ..api.protocol import ApiError
from ..store.moto import is_active_route
from . import prefix_lists, validation


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


def of_endpoint(call: Call, endpoint_id: str) -> list[Any]:
    """The route tables with the route of a gateway endpoint."""
    return [one for one in call.ec2.route_tables.values() if any(_leads(each, endpoint_id) for each in one.routes)]


def _leads(route: Any, endpoint_id: str = "vpce-") -> bool:
    """True if it is the route of this gateway endpoint, or of any: such a route is AWS's."""
    return bool(route.destination_prefix_list) and (route.gateway_id or "").startswith(endpoint_id)


def _route_to_list(table: Any, list_id: str) -> Any:
    """The table's route to a prefix list, if it has one."""
    return next((one for one in table.routes if one.destination_prefix_list_id == list_id), None)


def lead_to_endpoint(call: Call, tables: Iterable[Any], list_id: str, endpoint_id: str) -> None:
    """Put the route of a gateway endpoint into route tables.  Raises ``RouteAlreadyExists`` if one has a route to
    this prefix list, and changes none then."""
    for one in tables:
        if _route_to_list(one, list_id):
            text = f"route table {one.id} already has a route with destination-prefix-list-id {list_id}"
            raise ApiError("RouteAlreadyExists", text)
    for one in tables:
        route = call.ec2.create_route(one.id, None, destination_prefix_list_id=list_id)
        route.gateway = SimpleNamespace(id=endpoint_id)  # moto does not know the endpoint


def lead_no_more(tables: Iterable[Any], endpoint_id: str) -> None:
    """Take the route of a gateway endpoint out of route tables."""
    for one in tables:
        one._routes = {key: route for key, route in one._routes.items() if not _leads(route, endpoint_id)}


@handles("ec2", "CreateRoute", "ReplaceRoute")
def create_or_replace_route(call: Call) -> dict[str, Any]:
    """An internet gateway must exist, and be attached to the table's VPC.  The route of a gateway endpoint is AWS's
    alone, and no endpoint of another type is a target here."""
    one, gateway_id = table(call, call.params["RouteTableId"]), call.params.get("GatewayId", "")
    target, list_id = call.params.get("VpcEndpointId") or gateway_id, call.params.get("DestinationPrefixListId")
    there = _route_to_list(one, prefix_lists.prefix_list(call, list_id).id) if list_id else None
    if list_id and (target.startswith("vpce-") or (there and _leads(there))):
        text = "Cannot create or replace a prefix list route targeting a VPC Endpoint."
        raise ApiError("InvalidParameterValue", text)
    if there and call.operation == "CreateRoute":
        raise ApiError("RouteAlreadyExists", f"The route identified by {list_id} already exists.")
    if target.startswith("vpce-"):
        text = f"Route table contains unsupported route target: {target}. "
        text += "VPC Endpoints of this type cannot be used as route targets."
        raise ApiError("InvalidParameterValue", text)
    if gateway_id.startswith("igw-"):
        found = call.ec2.internet_gateways.get(gateway_id)
        if found is None:
            raise ApiError("InvalidGatewayID.NotFound", f"The gateway ID '{gateway_id}' does not exist")
        if found.vpc is None or found.vpc.id != one.vpc_id:
            text = f"route table {one.id} and network gateway {gateway_id} belong to different networks"
            raise ApiError("InvalidParameterValue", text)
    return call.moto()


@handles("ec2", "DeleteRoute")
def delete_route(call: Call) -> dict[str, Any]:
    """Neither the local one nor that of a gateway endpoint, which goes with the endpoint."""
    one, params = table(call, call.params["RouteTableId"]), call.params
    for route in one.routes:
        held = (route.destination_cidr_block, route.destination_ipv6_cidr_block, route.destination_prefix_list_id)
        wanted = tuple(params.get(f"Destination{name}") for name in ("CidrBlock", "Ipv6CidrBlock", "PrefixListId"))
        if held == wanted and (route.local or _leads(route)):
            kind = "local" if route.local else "VPC endpoint"
            text = f"cannot remove {kind} route {next(filter(None, held))} in route table {one.id}"
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


def _each(items: str, field: str) -> Callable[[dict[str, Any]], object]:
    """What each of a table's routes, or associations, has in a field."""
    return lambda one: [each[field] for each in one.get(items, []) if field in each]


_FIELDS: Fields = {
    "route-table-id": lambda one: one["RouteTableId"],
    "vpc-id": lambda one: one["VpcId"],
    "owner-id": lambda one: one["OwnerId"],
    "association.main": _each("Associations", "Main"),
    "association.gateway-id": _each("Associations", "GatewayId"),
    "association.subnet-id": _each("Associations", "SubnetId"),
    "association.route-table-id": _each("Associations", "RouteTableId"),
    "association.route-table-association-id": _each("Associations", "RouteTableAssociationId"),
    "route.destination-cidr-block": _each("Routes", "DestinationCidrBlock"),
    "route.destination-ipv6-cidr-block": _each("Routes", "DestinationIpv6CidrBlock"),
    "route.destination-prefix-list-id": _each("Routes", "DestinationPrefixListId"),
    "route.egress-only-internet-gateway-id": _each("Routes", "EgressOnlyInternetGatewayId"),
    "route.gateway-id": _each("Routes", "GatewayId"),
    "route.instance-id": _each("Routes", "InstanceId"),
    "route.nat-gateway-id": _each("Routes", "NatGatewayId"),
    "route.origin": _each("Routes", "Origin"),
    "route.state": _each("Routes", "State"),
    "route.transit-gateway-id": _each("Routes", "TransitGatewayId"),
    "route.vpc-peering-connection-id": _each("Routes", "VpcPeeringConnectionId"),
}


@handles("ec2", "DescribeRouteTables", pages="RouteTables")
def describe_route_tables(call: Call) -> dict[str, Any]:
    """A route to what is gone or not active is a ``blackhole``; an association ``associating`` for a moment."""
    shown = call.moto(Filters=None, MaxResults=None, NextToken=None).get("RouteTables", [])
    for one in shown:
        for route in one.get("Routes", []):
            target = next(filter(None, map(route.get, ("GatewayId", "NatGatewayId", "VpcPeeringConnectionId"))), "")
            if not is_active_route(call.ec2, target, one["VpcId"]):
                route["State"] = "blackhole"
        for held in one.get("Associations", []):
            if _recent(call, timing.ROUTE_ASSOCIATING, held["RouteTableAssociationId"]):
                held["AssociationState"] = {"State": "associating"}
    return {"RouteTables": matching(shown, call.params.get("Filters"), _FIELDS)}


@handles("ec2", "DeleteRouteTable")
def delete_route_table(call: Call) -> dict[str, Any]:
    """Neither the main one nor one that a subnet uses."""
    one = table(call, call.params["RouteTableId"])
    if one.main_association_id or one._associations:
        text = f"The routeTable '{one.id}' has dependencies and cannot be deleted."
        raise ApiError("DependencyViolation", text)
    call.ec2.tags.pop(one.id, None)
    return call.moto()
