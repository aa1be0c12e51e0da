"""Questions many handlers ask before they do anything; each raises what AWS raises (``aws-behaviours.md`` 1.2)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Any

from ..api.calls import Call
from ..api.protocol import ApiError


def vpc(call: Call, vpc_id: str) -> Any:
    """Moto's VPC.  Raises ``InvalidVpcID.NotFound``."""
    found = call.ec2.vpcs.get(vpc_id)
    if found is None:
        raise ApiError("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")
    return found


def subnet(call: Call, subnet_id: str) -> Any:
    """Moto's subnet.  Raises ``InvalidSubnetID.NotFound``."""
    for subnets in call.ec2.subnets.values():
        if subnet_id in subnets:
            return subnets[subnet_id]
    raise ApiError("InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist")


def group(call: Call, group_id: str) -> Any:
    """Moto's security group.  Raises ``InvalidGroup.NotFound``."""
    for groups in call.ec2.groups.values():
        if group_id in groups:
            return groups[group_id]
    raise ApiError("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")


def groups_in(call: Call, group_ids: Iterable[str], vpc_id: str) -> list[Any]:
    """The security groups, all of one VPC.  Raises ``InvalidGroup.NotFound`` or ``InvalidParameter``."""
    found = [group(call, group_id) for group_id in group_ids]
    for one in found:
        if one.vpc_id != vpc_id:
            text = f"Security group {one.id} and the subnet belong to different networks."
            raise ApiError("InvalidParameter", text)
    return found


def instances(call: Call) -> Iterator[Any]:
    """Every instance moto has in this account and region."""
    for reservation in call.ec2.reservations.values():
        yield from reservation.instances


def address(call: Call, of_subnet: Any, wanted: str | None, taker: object) -> str:
    """A free address of the subnet, taken; ``wanted`` if it is given.

    Raises ``InvalidParameterValue`` outside the subnet, ``InvalidIPAddress.InUse``,
    ``InsufficientFreeAddressesInSubnet``.
    """
    if not wanted:
        try:
            return str(of_subnet.get_available_subnet_ip(instance=taker))
        except (StopIteration, RuntimeError):
            text = f"There are not enough free addresses in subnet '{of_subnet.id}' to satisfy the requested number."
            raise ApiError("InsufficientFreeAddressesInSubnet", text) from None
    try:
        inside = ipaddress.ip_address(wanted) in of_subnet.cidr
    except ValueError:
        inside = False
    if not inside:
        text = f"Address {wanted} does not fall within the subnet's address range"
        raise ApiError("InvalidParameterValue", text)
    taken = (each.private_ip_address for each in call.ec2.enis.values() if each.subnet.id == of_subnet.id)
    if wanted in taken or wanted in of_subnet._subnet_ips:
        raise ApiError("InvalidIPAddress.InUse", f"Address {wanted} is in use.")
    of_subnet.request_ip(wanted, instance=taker)
    return wanted
