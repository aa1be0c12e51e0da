"""Makes the network's ``View`` from moto's stores and our records."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .cloud import Cloud
from .moto import ec2_stores, elb_stores, forwards_to, is_active_route, load_balancer_interfaces
from .prefix_lists import cidrs_in
from .view import (
    AclEntry,
    Endpoint,
    EndpointService,
    Group,
    GroupRule,
    Instance,
    Interface,
    InterfaceOwner,
    LoadBalancer,
    Peering,
    Route,
    Subnet,
    Target,
    TargetGroup,
    View,
    Vpc,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

LARGEST_USER_DATA = 1 << 18
"""Bytes that gzip may unpack to."""
CROSS_ZONE = "load_balancing.cross_zone.enabled"
PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp"}


def snapshot(cloud: Cloud) -> View:
    """The view of every account and region."""
    holders = _holders(cloud)
    stores = list(ec2_stores())
    balancers = [_load_balancer(cloud, one) for store in elb_stores() for one in store.load_balancers.values()]
    groups = [one for store in elb_stores() for one in store.target_groups.values()]
    return View(
        vpcs=_by_id(_vpc(cloud, store, vpc) for store in stores for vpc in store.vpcs.values()),
        subnets=_by_id(one for store in stores for one in _subnets(store)),
        groups=_by_id(
            _group(store, one) for store in stores for held in store.groups.values() for one in held.values()
        ),
        interfaces=_by_id(_interface(one, holders) for store in stores for one in store.enis.values()),
        instances=_by_id(one for store in stores for one in _instances(store)),
        load_balancers={one.arn: one for one in balancers},
        target_groups={one.arn: _target_group(cloud, one) for one in groups},
        services=_by_id(
            EndpointService(one.id, one.name, one.state, tuple(one.load_balancer_arns), one.region)
            for one in cloud.services.values()
        ),
        endpoints=_by_id(
            Endpoint(
                *(one.id, one.vpc_id, one.state, one.service_id, tuple(one.interfaces.values()), tuple(one.dns_names)),
                region=one.region,
            )
            for one in cloud.endpoints.values()
            if one.kind == "Interface"
        ),
        peerings=_by_id(
            Peering(one.id, (one.vpc.id, one.peer_vpc.id))
            for store in stores
            for one in store.vpc_pcxs.values()
            if one.status["Code"] == "active"
        ),
    )


def _by_id(items: Iterable[Any]) -> dict[str, Any]:
    return {item.id: item for item in items}


def _holders(cloud: Cloud) -> dict[str, tuple[InterfaceOwner, str]]:
    """Who has an interface, by its id, for those that AWS keeps."""
    held = {
        each: (InterfaceOwner.ENDPOINT, one.id) for one in cloud.endpoints.values() for each in one.interfaces.values()
    }
    arns = {_text(arn): arn for store in elb_stores() for arn in store.load_balancers}
    for store in ec2_stores():
        for interface in store.enis.values():
            if interface.description in arns and hasattr(interface, "managed_attachment"):
                held[interface.id] = InterfaceOwner.LOAD_BALANCER, arns[interface.description]
    return held


def _text(arn: str) -> str:
    return f"ELB {arn.partition(':loadbalancer/')[2]}"


def _interface(one: Any, holders: dict[str, tuple[InterfaceOwner, str]]) -> Interface:
    if one.instance is not None:
        holder, holder_id = InterfaceOwner.INSTANCE, one.instance.id
    else:
        holder, holder_id = holders.get(one.id, (InterfaceOwner.OTHER, ""))
    groups = tuple(group.id for group in one.group_set)
    return Interface(
        one.id, one.vpc_id, one.subnet.id, one.private_ip_address, one.public_ip, groups, holder, holder_id
    )


def _vpc(cloud: Cloud, store: Any, vpc: Any) -> Vpc:
    cidrs = tuple(one["cidr_block"] for one in vpc.get_cidr_block_association_set(ipv6=False))
    gateways = (one.id for one in store.internet_gateways.values() if one.vpc is not None and one.vpc.id == vpc.id)
    mode, _ = cloud.blocking.get((store.account_id, store.region_name), ("off", None))
    is_open = any(one.vpc_id == vpc.id and one.mode == "allow-bidirectional" for one in cloud.exclusions.values())
    return Vpc(vpc.id, cidrs, tuple(gateways), blocked=mode != "off" and not is_open)


def _subnets(store: Any) -> Iterator[Subnet]:
    main = {table.vpc_id: table for table in store.route_tables.values() if table.main_association_id}
    routed = {subnet_id: table for table in store.route_tables.values() for subnet_id in table._associations.values()}
    acls = {held.subnet_id: acl for acl in store.network_acls.values() for held in acl._associations.values()}
    default = {acl.vpc_id: acl for acl in store.network_acls.values() if acl.default}
    tables = {table.id: tuple(_routes(store, table)) for table in store.route_tables.values()}
    entries = {acl.id: tuple(_acl(acl)) for acl in store.network_acls.values()}
    for subnets in store.subnets.values():
        for one in subnets.values():
            table, acl = routed.get(one.id) or main[one.vpc_id], acls.get(one.id) or default[one.vpc_id]
            zone, routes = one._availability_zone, tables[table.id]
            yield Subnet(
                *(one.id, one.vpc_id, one.cidr_block, zone.zone_id, table.id, routes, acl.id, entries[acl.id]),
                zone=zone.name,
            )


def _routes(store: Any, table: Any) -> Iterator[Route]:
    for one in table.routes:
        target = next(
            filter(
                None,
                (
                    one.gateway_id,
                    one.nat_gateway_id,
                    one.network_interface_id,
                    one.vpc_peering_connection_id,
                    one.instance_id,
                ),
            ),
            one.transit_gateway_id or "",
        )
        active = is_active_route(store, target, table.vpc_id)
        yield from (Route(destination, target, active) for destination in _destinations(one))


def _destinations(route: Any) -> list[str]:
    """The ranges of IPv4 addresses that a route is for: several of a prefix list."""
    if route.destination_prefix_list:
        return cidrs_in(route.destination_prefix_list)
    return [route.destination_cidr_block] if route.destination_cidr_block else []


def _acl(acl: Any) -> Iterator[AclEntry]:
    for one in acl.network_acl_entries:
        if one.cidr_block is None:
            continue
        protocol = str(one.protocol)
        start = 0 if one.port_range_from is None else int(one.port_range_from)
        end = 65535 if one.port_range_to is None else int(one.port_range_to)
        egress, allow = str(one.egress).lower() == "true", one.rule_action == "allow"
        number = int(one.rule_number)
        yield AclEntry(number, egress, PROTOCOLS.get(protocol, protocol), start, end, one.cidr_block, allow)


def _group(store: Any, group: Any) -> Group:
    ingress, egress = (
        tuple(_rule(store, rule) for rule in rules) for rules in (group.ingress_rules, group.egress_rules)
    )
    return Group(group.id, group.name, ingress, egress)


def _rule(store: Any, rule: Any) -> GroupRule:
    ports = (0, 65535) if rule.from_port is None or rule.ip_protocol == "-1" else (rule.from_port, rule.to_port)
    named = store.managed_prefix_lists.get(rule.prefix_list_id)
    cidrs = (rule.cidr_ipv4,) if rule.cidr_ipv4 else tuple(cidrs_in(named)) if named else ()
    groups = (rule.source_group["GroupId"],) if rule.source_group.get("GroupId") else ()
    return GroupRule(rule.ip_protocol, int(ports[0]), int(ports[1]), cidrs, groups)


def _instances(store: Any) -> Iterator[Instance]:
    for reservation in store.reservations.values():
        for one in reservation.instances:
            keys, since = getattr(one, "public_keys", ()), getattr(one, "running_since", None)
            yield Instance(one.id, one.state, one.nics[0].id, keys, _user_data(one.user_data), since)


def _user_data(encoded: Any) -> str:
    """User data as the machine reads it: decoded, and unpacked if it is gzip, as cloud-init does."""
    if not encoded:
        return ""
    data = bytes(encoded) if isinstance(encoded, bytes | bytearray) else str(encoded).encode()
    try:
        data = base64.b64decode(data, validate=True)
        if data.startswith(b"\x1f\x8b"):
            unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            unpacked = unpacker.decompress(data, LARGEST_USER_DATA)
            data = unpacked if unpacker.eof else data
    except (binascii.Error, zlib.error):
        pass
    return data.decode("utf-8", "replace")


def _load_balancer(cloud: Cloud, one: Any) -> LoadBalancer:
    held = [each.id for store in ec2_stores() for each in load_balancer_interfaces(store, one.arn)]
    forwards = {
        int(each.port): forwards_to(each) for each in one.listeners.values() if each.protocol in ("TCP", "TCP_UDP")
    }
    return LoadBalancer(
        arn=one.arn,
        name=one.name,
        dns_name=one.dns_name,
        state=one.state,
        internet_facing=one.scheme == "internet-facing",
        interface_ids=tuple(held),
        group_ids=tuple(one.security_groups or ()),
        enforces_groups_on_private_link=one.arn not in cloud.not_enforcing,
        listeners={port: arns[0] for port, arns in forwards.items() if arns},
        cross_zone=one.attrs.get(CROSS_ZONE) == "true",
    )


def _target_group(cloud: Cloud, one: Any) -> TargetGroup:
    held = cloud.registrations.get(one.arn, {})
    return TargetGroup(
        arn=one.arn,
        name=one.name,
        targets=tuple(
            Target(key[0], key[1], target.registered_at) for key, target in held.items() if not target.leaving
        ),
        interval=float(one.health_check_interval_seconds),
        timeout=float(one.health_check_timeout_seconds),
        healthy_threshold=int(one.healthy_threshold_count),
        unhealthy_threshold=int(one.unhealthy_threshold_count),
        check_port=int(one.health_check_port) if str(one.health_check_port).isdigit() else 0,
        cross_zone={"true": True, "false": False}.get(one.attributes.get(CROSS_ZONE, "")),
    )
