"""NAT gateways, the network interface that AWS keeps for each, and elastic addresses (EC2 API reference; VPC guide)."""

from __future__ import annotations

from typing import Any

from .. import timing
from ..api.calls import Call, handles
from ..api.protocol import ApiError
from . import network_interfaces, validation


def _gateway(call: Call, gateway_id: str) -> Any:
    """Moto's NAT gateway.  Raises ``NatGatewayNotFound``."""
    found = call.ec2.nat_gateways.get(gateway_id)
    if found is None:
        raise ApiError("NatGatewayNotFound", f"NAT gateway {gateway_id} was not found")
    return found


@handles("ec2", "CreateNatGateway")
def create_nat_gateway(call: Call) -> dict[str, Any]:
    """``pending`` first, with an interface that AWS manages.  Raises ``MissingParameter`` for a public one without an
    elastic address, ``InvalidSubnetID.NotFound``."""

    def again(before: dict[str, Any]) -> dict[str, Any] | None:
        return before if before["NatGateway"]["NatGatewayId"] in call.ec2.nat_gateways else None

    return call.once(lambda: _make(call), again)


def _make(call: Call) -> dict[str, Any]:
    params = call.params
    subnet = validation.subnet(call, params["SubnetId"])
    if params.get("ConnectivityType", "public") == "public" and not params.get("AllocationId"):
        raise ApiError("MissingParameter", "The request must contain the parameter AllocationId")
    address = validation.address(call, subnet, params.get("PrivateIpAddress"), network_interfaces.NAT_GATEWAY)
    try:
        answer = call.moto()
    except ApiError:
        subnet.del_subnet_ip(address)
        raise
    made = call.ec2.nat_gateways[answer["NatGateway"]["NatGatewayId"]]
    interface = made._eni
    interface.private_ip_address = made.private_ip = made.address_set[0]["privateIp"] = address
    interface.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]
    interface.description = f"Interface for NAT Gateway {made.id}"
    interface.source_dest_check = False
    network_interfaces.manage(interface, network_interfaces.NAT_GATEWAY, [])
    made.state = answer["NatGateway"]["State"] = "pending"
    answer["NatGateway"]["NatGatewayAddresses"][0]["PrivateIp"] = address

    def available() -> None:
        if made.state == "pending":
            made.state = "available"

    call.cloud.later(timing.NAT_GATEWAY_PENDING, available)
    return answer


@handles("ec2", "DescribeNatGateways")
def describe_nat_gateways(call: Call) -> dict[str, Any]:
    """One unknown id fails the whole call."""
    for gateway_id in call.params.get("NatGatewayIds") or []:
        _gateway(call, gateway_id)
    return call.moto()


@handles("ec2", "DeleteNatGateway")
def delete_nat_gateway(call: Call) -> dict[str, Any]:
    """``deleting``, then ``deleted``: its interface gone, its elastic address free; in an hour forgotten."""
    one = _gateway(call, call.params["NatGatewayId"])
    if one.state in ("deleting", "deleted"):
        return {"NatGatewayId": one.id}
    cloud, store = call.cloud, call.ec2
    one.state = "deleting"

    def deleted() -> None:
        one.state = "deleted"
        for address in store.addresses:
            if address.eni is one._eni:
                store.disassociate_address(association_id=address.association_id)
                break
        network_interfaces.drop(store, one._eni.id)
        cloud.forget(timing.NAT_GATEWAY_DELETED_SEEN, gone)

    def gone() -> None:
        store.nat_gateways.pop(one.id, None)
        store.tags.pop(one.id, None)

    cloud.later(timing.NAT_GATEWAY_DELETING, deleted)
    return {"NatGatewayId": one.id}


def _named(call: Call) -> Any | None:
    """The elastic address a call names by whichever id, if there is one."""
    wanted = {call.params.get(key) for key in ("AllocationId", "AssociationId", "PublicIp")} - {None}
    return next(
        (one for one in call.ec2.addresses if {one.allocation_id, one.association_id, one.public_ip} & wanted), None
    )


@handles("ec2", "ReleaseAddress")
def release_address(call: Call) -> dict[str, Any]:
    """Not while it is associated."""
    one = _named(call)
    if one is not None and one.association_id:
        raise ApiError("InvalidIPAddress.InUse", f"Address {one.public_ip} is in use.")
    allocation = one.allocation_id if one is not None else ""
    answer = call.moto()
    call.ec2.tags.pop(allocation, None)
    return answer


@handles("ec2", "DisassociateAddress")
def disassociate_address(call: Call) -> dict[str, Any]:
    """Not from an interface of AWS's own."""
    one = _named(call)
    if one is not None and one.eni is not None and hasattr(one.eni, "managed_attachment"):
        raise ApiError("AuthFailure", "You do not have permission to access the specified resource.")
    return call.moto()
