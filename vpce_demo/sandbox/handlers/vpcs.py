"""VPCs and subnets: their first moments, the quota, and what has to go before them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from .. import timing
from ..api.calls import Call, handles
from ..api.protocol import ApiError
from ..store.moto import ec2_stores
from . import validation


@handles("ec2", "CreateVpc", "CreateDefaultVpc")
def create_vpc(call: Call) -> dict[str, Any]:
    """``pending`` first.  Raises ``VpcLimitExceeded``: the default VPC counts too."""
    if len(call.ec2.vpcs) >= call.cloud.quotas["vpcs"]:
        raise ApiError("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
    answer = call.moto()
    vpc = call.ec2.vpcs[answer["Vpc"]["VpcId"]]
    vpc.state = answer["Vpc"]["State"] = "pending"
    call.cloud.later(timing.VPC_PENDING, lambda: setattr(vpc, "state", "available"))
    return answer


@handles("ec2", "CreateInternetGateway")
def create_internet_gateway(call: Call) -> dict[str, Any]:
    """Raises ``InternetGatewayLimitExceeded``: as many as VPCs."""
    if len(call.ec2.internet_gateways) >= call.cloud.quotas["vpcs"]:
        text = "The maximum number of internet gateways has been reached."
        raise ApiError("InternetGatewayLimitExceeded", text)
    return call.moto()


@handles("ec2", "AssociateVpcCidrBlock")
def associate_vpc_cidr_block(call: Call) -> dict[str, Any]:
    """Raises ``InvalidParameterValue`` for a range that is none: moto would keep it."""
    wanted = call.params.get("CidrBlock")
    try:
        ipaddress.IPv4Network(wanted or "0.0.0.0/0", strict=False)
    except ValueError:
        text = f"Value ({wanted}) for parameter cidrBlock is invalid. This is not a valid CIDR block."
        raise ApiError("InvalidParameterValue", text) from None
    return call.moto()


@handles("ec2", "DeleteVpc")
def delete_vpc(call: Call) -> dict[str, Any]:
    """Nothing but its main route table, default group and default ACL may be left in it, nothing attached to it."""
    vpc = validation.vpc(call, call.params["VpcId"])
    store = call.ec2
    left = [*_inside(call, vpc), *_attached(call, vpc)]
    if left:
        text = f"The vpc '{vpc.id}' has dependencies and cannot be deleted."
        raise ApiError("DependencyViolation", text)
    answer = call.moto()
    for acl_id in [acl.id for acl in store.network_acls.values() if acl.vpc_id == vpc.id]:
        del store.network_acls[acl_id]
    store.tags.pop(vpc.id, None)
    return answer


def _inside(call: Call, vpc: Any) -> Iterator[Any]:
    """What holds a VPC from the inside."""
    store = call.ec2
    yield from (subnet for subnets in store.subnets.values() for subnet in subnets.values() if subnet.vpc_id == vpc.id)
    yield from (group for group in store.groups[vpc.id].values() if group.name != "default")
    for table in store.route_tables.values():
        if table.vpc_id == vpc.id and not table.main_association_id:
            yield table
    yield from (acl for acl in store.network_acls.values() if acl.vpc_id == vpc.id and not acl.default)
    yield from (interface for interface in store.enis.values() if interface.vpc_id == vpc.id)
    yield from (one for one in store.nat_gateways.values() if one.vpc_id == vpc.id and one.state != "deleted")
    yield from (one for one in call.cloud.endpoints.values() if one.vpc_id == vpc.id and one.state != "deleted")


def _attached(call: Call, vpc: Any) -> Iterator[Any]:
    """Gateways, attachments of transit gateways and active peering connections, which may be of another account."""
    store = call.ec2
    yield from (gateway for gateway in store.internet_gateways.values() if gateway.vpc is vpc)
    for gateways in (store.egress_only_internet_gateways, store.carrier_gateways):
        yield from (gateway for gateway in gateways.values() if gateway.vpc_id == vpc.id)
    for gateway in store.vpn_gateways.values():
        if vpc.id in gateway.attachments and gateway.attachments[vpc.id].state == "attached":
            yield gateway
    for each in ec2_stores():
        for attachment in each.transit_gateway_attachments.values():
            if attachment.resource_id == vpc.id and attachment.state not in ("deleted", "rejected", "failed"):
                yield attachment
        for peering in each.vpc_pcxs.values():
            if peering.status["Code"] == "active" and vpc.id in (peering.vpc.id, peering.peer_vpc.id):
                yield peering


@handles("ec2", "CreateSubnet")
def create_subnet(call: Call) -> dict[str, Any]:
    """``available`` at once.  It is nobody's default.

    Moto makes the first one of a zone its default, if given the zone's id.
    """
    validation.vpc(call, call.params["VpcId"])
    answer = call.moto()
    subnet = validation.subnet(call, answer["Subnet"]["SubnetId"])
    subnet.default_for_az = answer["Subnet"]["DefaultForAz"] = False
    subnet.map_public_ip_on_launch = answer["Subnet"]["MapPublicIpOnLaunch"] = False
    return answer


@handles("ec2", "DeleteSubnet")
def delete_subnet(call: Call) -> dict[str, Any]:
    """Not while a network interface is in it.  Its route table association goes with it."""
    subnet = validation.subnet(call, call.params["SubnetId"])
    if any(interface.subnet.id == subnet.id for interface in call.ec2.enis.values()):
        text = f"The subnet '{subnet.id}' has dependencies and cannot be deleted."
        raise ApiError("DependencyViolation", text)
    answer = call.moto()
    for table in call.ec2.route_tables.values():
        table._associations = {key: held for key, held in table._associations.items() if held != subnet.id}
    for acl in call.ec2.network_acls.values():
        acl._associations = {key: held for key, held in acl._associations.items() if held.subnet_id != subnet.id}
    call.ec2.tags.pop(subnet.id, None)
    return answer
