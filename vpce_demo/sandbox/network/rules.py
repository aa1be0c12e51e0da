"""Evaluates security groups, network ACLs and route tables.

Sources: the VPC user guide on security groups (stateful, rules only allow), network ACLs (stateless, numbered lines,
the first match holds, nothing matched is a refusal) and route tables (the longest prefix wins).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network

from vpce_demo.sandbox.store.view import Group, GroupRule, Interface, LoadBalancer, Route, Subnet, TargetGroup, View

TCP = frozenset({"tcp", "6", "-1"})
"""The protocols of a rule that cover TCP, the only one that travels here."""

Ports = tuple[int, int]
"""A range of ports, both ends included."""


@lru_cache(maxsize=4096)
def _network(cidr: str) -> IPv4Network | None:
    try:
        return IPv4Network(cidr, strict=False)
    except ValueError:  # an IPv6 range or a prefix list: no packet of ours is in there
        return None


def within(address: str, cidr: str) -> bool:
    """Whether the address lies in the range."""
    network = _network(cidr)
    return network is not None and IPv4Address(address) in network


def allowing_group(
    view: View, group_ids: Iterable[str], egress: bool, address: str, peer_groups: Iterable[str], port: int
) -> Group | None:
    """The first of the groups with a rule for TCP to that port from (or to) that peer; ``None`` if none has."""
    peers = frozenset(peer_groups)
    for group in (view.groups[each] for each in group_ids if each in view.groups):
        if any(_allows(rule, address, peers, port) for rule in (group.egress if egress else group.ingress)):
            return group
    return None


def _allows(rule: GroupRule, address: str, peer_groups: frozenset[str], port: int) -> bool:
    if rule.protocol not in TCP or not (rule.protocol == "-1" or rule.from_port <= port <= rule.to_port):
        return False
    return any(within(address, cidr) for cidr in rule.cidrs) or not peer_groups.isdisjoint(rule.group_ids)


def acl_line(subnet: Subnet, egress: bool, address: str, ports: Ports) -> tuple[bool, str]:
    """Whether the subnet's ACL lets all these ports pass to (or from) the address, and the line that says so.

    The line is its number, or ``*`` for the refusal at the end of every list.
    """
    open_parts, line = [ports], "*"
    for entry in sorted(subnet.acl, key=lambda each: each.number):
        if entry.egress != egress or entry.protocol not in TCP or not within(address, entry.cidr):
            continue
        low, high = (0, 65535) if entry.protocol == "-1" else (entry.from_port, entry.to_port)
        touched = [part for part in open_parts if part[0] <= high and low <= part[1]]
        if not touched:
            continue
        line = str(entry.number)
        if not entry.allow:
            return False, line
        open_parts = [rest for part in open_parts for rest in _without(part, (low, high))]
        if not open_parts:
            return True, line
    return False, "*"


def _without(part: Ports, taken: Ports) -> list[Ports]:
    left, right = (part[0], min(part[1], taken[0] - 1)), (max(part[0], taken[1] + 1), part[1])
    return [each for each in (left, right) if each[0] <= each[1]]


def route_to(subnet: Subnet, address: str) -> Route | None:
    """The subnet's route with the longest prefix that holds the address; a range of its own goes before a prefix list
    with the same one."""
    matching = [
        (int(cidr.partition("/")[2]), not route.cidrs, route)
        for route in subnet.routes
        for cidr in route.cidrs or (route.destination,)
        if within(address, cidr)
    ]
    return max(matching, key=lambda each: each[:2], default=(0, True, None))[2]


def zones_served(view: View, balancer: LoadBalancer, group: TargetGroup, node: Interface) -> set[str]:
    """Ids of the zones to whose targets this node of a load balancer forwards: its own, or with cross-zone load
    balancing those of all nodes.  A group of targets may overrule its load balancer."""
    across = balancer.cross_zone if group.cross_zone is None else group.cross_zone
    nodes = (view.interfaces[each] for each in balancer.interface_ids if each in view.interfaces)
    return {view.subnets[each.subnet_id].zone_id for each in ([*nodes] if across else [node])}
