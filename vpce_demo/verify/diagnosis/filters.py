"""Evaluates security groups, network ACLs and route tables as AWS describes them.

Sources: the VPC user guide on security groups (stateful, rules only allow), network ACLs (stateless, numbered lines,
the first match holds, nothing matched is a refusal) and route tables (the longest prefix wins).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import (
        IpPermissionOutputTypeDef,
        IpPermissionTypeDef,
        NetworkAclEntryTypeDef,
        NetworkAclTypeDef,
        RouteTableTypeDef,
        RouteTypeDef,
        SecurityGroupTypeDef,
    )

TCP = ("tcp", "6", "-1")
"""The protocols of a rule that cover TCP."""
LAST_LINE = 32767
"""The number under which AWS lists the refusal at the end of every network ACL, which the console shows as ``*``."""

Ports = tuple[int, int]
"""A range of ports, both ends included."""
ANSWERS: Ports = (1024, 65535)
"""The ports that answers go to (VPC user guide, "Ephemeral ports")."""
LINUX_ANSWERS: Ports = (32768, 60999)
"""The ports that answers to a Linux client go to."""


def within(address: str, cidr: str) -> bool:
    """True if an IPv4 address is in a range."""
    return IPv4Address(address) in IPv4Network(cidr, strict=False)


def lets_in(groups: Iterable[SecurityGroupTypeDef], port: int, address: str, peers: Iterable[str] = ()) -> bool:
    """Whether one of these groups has an inbound rule for TCP to that port from that address.

    ``peers`` are the security groups of who is at that address.
    """
    return any(_allows(rule, port, address, set(peers)) for group in groups for rule in group["IpPermissions"])


def lets_out(groups: Iterable[SecurityGroupTypeDef], port: int, address: str, peers: Iterable[str] = ()) -> bool:
    """The same for outbound rules and who is to be reached."""
    return any(_allows(rule, port, address, set(peers)) for group in groups for rule in group["IpPermissionsEgress"])


def _allows(rule: IpPermissionTypeDef | IpPermissionOutputTypeDef, port: int, address: str, peers: set[str]) -> bool:
    protocol = rule.get("IpProtocol", "-1")
    if protocol not in TCP or not (protocol == "-1" or rule.get("FromPort", 0) <= port <= rule.get("ToPort", 65535)):
        return False
    named = {pair.get("GroupId", "") for pair in rule.get("UserIdGroupPairs", ())}
    return bool(named & peers) or any(within(address, one.get("CidrIp", "")) for one in rule.get("IpRanges", ()))


def refusing_line(acl: NetworkAclTypeDef, egress: bool, address: str, ports: Ports) -> int:
    """The number of the rule that denies TCP to some of these ports; 0 if all are allowed.

    ``address`` is where it goes (``egress``), or comes from.
    """
    open_parts = [ports]
    for entry in sorted(acl["Entries"], key=lambda entry: entry.get("RuleNumber", LAST_LINE)):
        if not _touches(entry, egress, address):
            continue
        low, high = _ports(entry)
        if not any(part[0] <= high and low <= part[1] for part in open_parts):
            continue
        if entry.get("RuleAction") != "allow":
            return entry.get("RuleNumber", LAST_LINE)
        open_parts = [rest for part in open_parts for rest in _without(part, (low, high))]
        if not open_parts:
            return 0
    return LAST_LINE


def _touches(entry: NetworkAclEntryTypeDef, egress: bool, address: str) -> bool:
    cidr = entry.get("CidrBlock")  # without it, the line is about IPv6
    return entry.get("Egress") is egress and entry.get("Protocol") in TCP and cidr is not None and within(address, cidr)


def _ports(entry: NetworkAclEntryTypeDef) -> Ports:
    stated = entry.get("PortRange")
    return (stated.get("From", 0), stated.get("To", 65535)) if stated else (0, 65535)


def _without(part: Ports, taken: Ports) -> list[Ports]:
    left, right = (part[0], min(part[1], taken[0] - 1)), (max(part[0], taken[1] + 1), part[1])
    return [each for each in (left, right) if each[0] <= each[1]]


def free_line(acl: NetworkAclTypeDef, egress: bool, before: int) -> int:
    """A free rule number that is evaluated before this one."""
    taken = {entry.get("RuleNumber") for entry in acl["Entries"] if entry.get("Egress") is egress}
    usual = range(100, LAST_LINE - 1, 10) if before == LAST_LINE else range(before - 1, 0, -1)
    return next(number for number in usual if number not in taken)


def route_to(table: RouteTableTypeDef, address: str) -> RouteTypeDef | None:
    """The route with the longest prefix that contains the address."""
    ranges: Sequence[tuple[int, RouteTypeDef]] = [
        (IPv4Network(cidr).prefixlen, route)
        for route in table["Routes"]
        if (cidr := route.get("DestinationCidrBlock")) and within(address, cidr)
    ]
    return max(ranges, key=lambda one: one[0], default=(0, None))[1]
