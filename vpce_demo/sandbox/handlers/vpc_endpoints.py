"""VPC endpoints: the consumer's half of PrivateLink (``aws-behaviours.md`` section 3)."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from .. import timing
from ..api.calls import Call, handles
from ..api.filters import INVALID_FILTER, Fields, matching
from ..api.ids import ENDPOINT_ZONES, dns_mark, hex_id, hosted_zone
from ..api.protocol import ApiError
from ..store import prefix_lists
from ..store.aws_services import private_names
from ..store.cloud import Service, VpcEndpoint
from . import network_interfaces, route_tables, tags, validation, vpc_endpoint_services

_ALLOWED = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
OPEN_POLICIES = {
    "Gateway": json.dumps({"Version": "2008-10-17", "Statement": [_ALLOWED]}, separators=(",", ":")),
    "Interface": json.dumps({"Statement": [_ALLOWED]}, indent=2, sort_keys=True),
}
"""The policy of an endpoint that was given none, by its type."""
LONGEST_POLICY = 20_480
"""Characters of an endpoint's policy."""
MOST_GATEWAYS = 255
"""Gateway endpoints in a VPC, whatever the region's quota."""
GOING = ("deleting", "deleted")
BY_AWS = ".guardduty-data"
"""The end of the name of a service whose endpoints AWS makes by itself: whoever asks for one is taken for GuardDuty."""


def own(call: Call, endpoint_id: str) -> VpcEndpoint:
    """An endpoint of the caller's.  Raises ``InvalidVpcEndpointId.NotFound``."""
    endpoint = call.cloud.endpoints.get(endpoint_id)
    if endpoint is None or (endpoint.account, endpoint.region) != (call.account, call.region):
        text = f"The Vpc Endpoint Id '{endpoint_id}' does not exist"
        raise ApiError("InvalidVpcEndpointId.NotFound", text)
    return endpoint


def endpoint_item(call: Call, endpoint: VpcEndpoint) -> dict[str, Any]:
    """The endpoint as its owner sees it."""
    names = {group.id: group.name for groups in call.ec2.groups.values() for group in groups.values()}
    zone = hosted_zone(ENDPOINT_ZONES, endpoint.region)
    shown: dict[str, Any] = {
        "VpcEndpointId": endpoint.id,
        "VpcEndpointType": endpoint.kind,
        "VpcId": endpoint.vpc_id,
        "ServiceName": endpoint.service_name,
        "State": endpoint.state,
        "RouteTableIds": [one.id for one in route_tables.of_endpoint(call, endpoint.id)],
        "SubnetIds": list(endpoint.interfaces),
        "Groups": [{"GroupId": each, "GroupName": names.get(each, "")} for each in endpoint.group_ids],
        "PrivateDnsEnabled": endpoint.private_dns,
        "RequesterManaged": endpoint.service_name.endswith(BY_AWS),
        "NetworkInterfaceIds": list(endpoint.interfaces.values()),
        "DnsEntries": [{"DnsName": name, "HostedZoneId": zone} for name in endpoint.dns_names]
        + _public_entries(endpoint),
        "CreationTimestamp": endpoint.created,
        "OwnerId": endpoint.account,
        "ServiceRegion": endpoint.service.region if endpoint.service else endpoint.region,
        "Tags": tags.of(call, endpoint.id),
    }
    shown["IpAddressType"] = "ipv4"
    shown["DnsOptions"] = {"DnsRecordIpType": "ipv4" if endpoint.kind == "Interface" else "service-defined"}
    if endpoint.private_dns and _has_inbound(endpoint.service_name):
        shown["DnsOptions"]["PrivateDnsOnlyForInboundResolverEndpoint"] = endpoint.inbound_only
    if not endpoint.service_id:
        shown["PolicyDocument"] = endpoint.policy
    return shown


def _public_entries(endpoint: VpcEndpoint) -> list[dict[str, str]]:
    """The public names that private DNS gives it, in a zone that nobody else sees."""
    names = private_names(endpoint.service_name) if endpoint.private_dns else []
    zone = "Z0" + hashlib.sha256(endpoint.id.encode()).hexdigest()[:18].upper()
    return [{"DnsName": name, "HostedZoneId": zone} for name in names]


def subnets_for(call: Call, subnet_ids: list[str], vpc_id: str, service: Service | None) -> list[Any]:
    """The subnets an endpoint goes into.

    Raises ``InvalidSubnetID.NotFound``, ``InvalidParameter`` for a subnet of another VPC or in a zone the service is
    not in or that takes no part in remote access, ``DuplicateSubnetsInSameZone``.
    """
    remote = service is not None and service.region != call.region
    found = [validation.subnet(call, subnet_id) for subnet_id in dict.fromkeys(subnet_ids)]
    for subnet in found:
        if subnet.vpc_id != vpc_id:
            raise ApiError("InvalidParameter", f"The subnet {subnet.id} does not belong to the VPC {vpc_id}.")
        if remote:
            _refuse_excluded(call, subnet)
        elif service is not None and not set(vpc_endpoint_services.zone_ids(call, [subnet.availability_zone])) & set(
            vpc_endpoint_services.zone_ids(call, service.zones)
        ):
            name = service.name
            text = f"The VPC endpoint service {name} does not support the availability zone of the subnet: {subnet.id}."
            raise ApiError("InvalidParameter", text)
    zones = Counter(subnet.availability_zone for subnet in found)
    if any(count > 1 for count in zones.values()):
        text = "Found another VPC endpoint subnet in the availability zone of " + found[-1].id
        raise ApiError("DuplicateSubnetsInSameZone", text)
    return found


def _refuse_excluded(call: Call, subnet: Any) -> None:
    """Raise ``InvalidParameter`` for a subnet in a zone from which no other region's service can be reached."""
    zones = sorted(zone.zone_id for zone in call.ec2.describe_availability_zones())
    fit = [zone for zone in zones if zone not in vpc_endpoint_services.REMOTE_ZONES_NOT]
    if not set(vpc_endpoint_services.zone_ids(call, [subnet.availability_zone])) & set(fit):
        text = f"Only the following availability zones are supported for remote access: {', '.join(fit)}"
        raise ApiError("InvalidParameter", text)


def _service(call: Call, name: str, region: str = "") -> tuple[Service | None, str]:
    """The private service of that name, or AWS's own, and the middle of its endpoints' names.

    A service that is asked for in a ``region`` is somebody's own.
    """
    service = vpc_endpoint_services.visible(call, name, region)
    if service is not None:
        if not service.usable:
            raise ApiError("Unavailable", "The service is unavailable", 503)
        return service, vpc_endpoint_services.base_names(service)
    if region or name not in vpc_endpoint_services.aws_names(call):
        raise ApiError("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    return None, vpc_endpoint_services.aws_base_names(name)


@handles("ec2", "CreateVpcEndpoint")
def create_vpc_endpoint(call: Call) -> dict[str, Any]:
    """An interface endpoint waits to be accepted if its service wants that; a gateway endpoint is there at once."""

    def again(before: dict[str, Any]) -> dict[str, Any] | None:
        endpoint = call.cloud.endpoints.get(before["VpcEndpoint"]["VpcEndpointId"])
        return _answer(call, endpoint) if endpoint and endpoint.state not in GOING else None

    return call.once(lambda: _answer(call, _make(call)), again)


def _answer(call: Call, endpoint: VpcEndpoint) -> dict[str, Any]:
    """Without the region, and without tags if it has none."""
    token = {"ClientToken": endpoint.token} if endpoint.token else {}
    item = {key: value for key, value in endpoint_item(call, endpoint).items() if key != "ServiceRegion"}
    return {"VpcEndpoint": item if item["Tags"] else {k: v for k, v in item.items() if k != "Tags"}, **token}


TYPES = ("Interface", "Gateway", "GatewayLoadBalancer")
"""Types of endpoints to endpoint services."""
NOT_HERE = ("Resource", "ServiceNetwork", "Tunnel")
"""Types of endpoints that need services which the sandbox has not."""


def _refuse_too_many(call: Call, vpc_id: str, kind: str) -> None:
    """Raise ``VpcEndpointLimitExceeded`` if the VPC, or for gateway endpoints the region, has all that it may have."""
    there = [one.vpc_id for one in _mine(call) if one.kind == kind and one.state not in GOING]
    quotas, inside = call.cloud.quotas, there.count(vpc_id)
    if kind == "Gateway" and len(there) >= quotas["gateway-endpoints"]:
        where = call.region
    elif inside >= (MOST_GATEWAYS if kind == "Gateway" else quotas["endpoints"]):
        where = vpc_id
    else:
        return
    raise ApiError("VpcEndpointLimitExceeded", f"The maximum number of VPC endpoints in {where} has been reached.")


def _check_kind(service: Service | None, name: str, kind: str) -> None:
    """Raise ``InvalidParameter`` if the service has no endpoints of this type."""
    kinds = ["Interface"] if service else vpc_endpoint_services.kinds(name)
    if kind not in kinds:
        text = f"Endpoint type ({kind}) does not match available service types ([{', '.join(kinds)}])."
        raise ApiError("InvalidParameter", text)


MISPLACED = {
    "Gateway": {
        "SubnetIds": "Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints.",
        "SecurityGroupIds": "Security group IDs are only supported for Interface type VPC Endpoints.",
        "PrivateDnsEnabled": "Private DNS is only supported for Interface type VPC Endpoints.",
    },
    "Interface": {"RouteTableIds": "Route table IDs are only supported for Gateway type VPC Endpoint."},
}
"""By an endpoint's type, the parameters that are for another, with AWS's words.  Those for groups and private DNS are
assumed."""


def _refuse_misplaced(params: dict[str, Any], kind: str) -> None:
    """Raise ``InvalidParameter`` if there is a parameter, or one that adds or removes, for another type of endpoint."""
    for name, text in MISPLACED[kind].items():
        names = (name, f"Add{name}", f"Remove{name}")
        if any(map(params.get, names)) or (name == "SubnetIds" and params.get("SubnetConfigurations")):
            raise ApiError("InvalidParameter", text)


def _check_policy(text: str, kind: str) -> None:
    """Raise ``InvalidPolicyDocument`` for a policy that is none, is too long, or, at a gateway endpoint, has another
    principal than ``*``.  AWS's code and words for it are not known."""
    try:
        statements = json.loads(text)["Statement"]
        found = statements if isinstance(statements, list) else [statements]
        principals = [one.get("Principal") for one in found if one["Effect"] in ("Allow", "Deny")]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        principals = []
    if not principals or len(text) > LONGEST_POLICY:
        raise ApiError("InvalidPolicyDocument", "The policy document is not valid.")
    if kind == "Gateway" and any(one not in ("*", {"AWS": "*"}) for one in principals):
        raise ApiError("InvalidPolicyDocument", "The Principal of a gateway endpoint's policy must be *.")


def _tables(call: Call, table_ids: list[str], vpc_id: str) -> list[Any]:
    """The route tables, all of the endpoint's VPC.  Raises ``InvalidRouteTableId.NotFound`` or ``InvalidParameter``."""
    found = []
    for table_id in dict.fromkeys(table_ids):
        one = call.ec2.route_tables.get(table_id)
        if one is None:
            raise ApiError("InvalidRouteTableId.NotFound", f"The routeTable ID '{table_id}' does not exist")
        if one.vpc_id != vpc_id:
            text = f"Route table {table_id} and network {vpc_id} belong to different networks."
            raise ApiError("InvalidParameter", text)
        found.append(one)
    return found


def _make(call: Call) -> VpcEndpoint:
    params = call.params
    tags.only(call, "vpc-endpoint")
    vpc = validation.vpc(call, params["VpcId"])
    kind = params.get("VpcEndpointType", "Gateway")
    if kind in NOT_HERE:
        raise ApiError("UnsupportedOperation", f"The sandbox has no VPC endpoints of the type {kind}.")
    if kind not in TYPES:
        raise ApiError("InvalidParameterValue", f"Value ({kind}) for parameter VpcEndpointType is invalid.")
    name = params["ServiceName"]
    service, base = _service(call, name, params.get("ServiceRegion", ""))
    _check_kind(service, name, kind)
    _refuse_misplaced(params, kind)
    if params.get("PolicyDocument"):
        _check_policy(params["PolicyDocument"], kind)
    _refuse_too_many(call, vpc.id, kind)
    endpoint = VpcEndpoint(
        id=hex_id("vpce"),
        account=call.account,
        region=call.region,
        vpc_id=vpc.id,
        kind=kind,
        service_name=name,
        service=service,
        state="available",
        policy=params.get("PolicyDocument") or OPEN_POLICIES[kind],
        token=params.get("ClientToken"),
    )
    (_make_gateway if kind == "Gateway" else _make_interfaces)(call, endpoint, base)
    call.cloud.endpoints[endpoint.id] = endpoint
    tags.at_creation(call, endpoint.id, "vpc-endpoint")
    call.cloud.later(timing.ENDPOINT_REQUESTED, lambda: setattr(endpoint, "listed", True))
    if endpoint.state == "pending":
        become_available(call, endpoint)
    return endpoint


def _make_gateway(call: Call, endpoint: VpcEndpoint, base: str) -> None:
    """Its routes.  Raises what ``_tables`` raises, and ``RouteAlreadyExists``."""
    _lead(call, endpoint, _tables(call, call.params.get("RouteTableIds", []), endpoint.vpc_id))


def _lead(call: Call, endpoint: VpcEndpoint, tables: list[Any]) -> None:
    list_id = prefix_lists.id_of(endpoint.service_name, call.region)
    route_tables.lead_to_endpoint(call, tables, list_id, endpoint.id)


def _make_interfaces(call: Call, endpoint: VpcEndpoint, base: str) -> None:
    """Its network interfaces and names."""
    params, service, vpc_id = call.params, endpoint.service, endpoint.vpc_id
    wanted = {each["SubnetId"]: each.get("Ipv4") for each in params.get("SubnetConfigurations", [])}
    subnets = subnets_for(call, [*params.get("SubnetIds", []), *wanted], vpc_id, service)
    group_ids = list(dict.fromkeys(params.get("SecurityGroupIds", [])))
    endpoint.group_ids = group_ids or [call.ec2.get_default_security_group(vpc_id).id]
    groups = validation.groups_in(call, endpoint.group_ids, vpc_id)
    has_names = service is None and bool(private_names(endpoint.service_name))
    _set_private_dns(call, endpoint, default=has_names and not _has_inbound(endpoint.service_name))
    star = "*." if _has_inbound(endpoint.service_name) else ""
    endpoint.dns_names = _names(call, f"{star}{endpoint.id}-{dns_mark()}.{base}", service, subnets)
    endpoint.state = "pendingAcceptance" if service is not None and service.acceptance_required else "pending"
    for subnet in subnets:
        add_interface(call, endpoint, subnet, groups, wanted.get(subnet.id))


INBOUND_ONLY = "PrivateDnsOnlyForInboundResolverEndpoint"


def _has_inbound(service_name: str) -> bool:
    """True of a service whose private DNS can be for inbound resolver endpoints only, beside a gateway endpoint."""
    return service_name.endswith(".s3")


def _set_private_dns(call: Call, endpoint: VpcEndpoint, default: bool) -> None:
    """Switch private DNS on or off as the call says, else to ``default``.

    Raises ``InvalidParameter`` if the service has no public names, the VPC lacks one of its two attributes for DNS,
    another endpoint in it has the names, or they shall be for inbound resolver endpoints only without a gateway
    endpoint.
    """
    params, name, vpc_id = call.params, endpoint.service_name, endpoint.vpc_id
    wanted = params.get("PrivateDnsEnabled", default)
    said = params.get("DnsOptions", {}).get(INBOUND_ONLY)
    if said and not _has_inbound(name):
        raise ApiError("InvalidParameter", f"{INBOUND_ONLY} is not supported for the service {name}.")
    usual = endpoint.inbound_only or not endpoint.private_dns
    inbound_only = _has_inbound(name) and (usual if said is None else said)
    if wanted:
        _check_private_dns(call, endpoint)
    if wanted and inbound_only and not _gateways(call, vpc_id, name):
        text = f"To set {INBOUND_ONLY} to true, the VPC {vpc_id} must have a Gateway endpoint for the service."
        raise ApiError("InvalidParameter", text)
    endpoint.private_dns, endpoint.inbound_only = wanted, wanted and inbound_only


def _check_private_dns(call: Call, endpoint: VpcEndpoint) -> None:
    names = [] if endpoint.service else private_names(endpoint.service_name)
    vpc = validation.vpc(call, endpoint.vpc_id)
    if not names:
        text = f"the service {endpoint.service_name} does not provide a private DNS name."
        raise ApiError("InvalidParameter", f"Private DNS can't be enabled because {text}")
    if any(str(each).lower() != "true" for each in (vpc.enable_dns_support, vpc.enable_dns_hostnames)):
        text = "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true"
        raise ApiError("InvalidParameter", f"{text} for {vpc.id}")
    for other in _mine(call):
        if other.vpc_id == vpc.id and other.private_dns and other.state not in GOING and other.id != endpoint.id:
            taken = private_names(other.service_name)
            if name := next((each for each in names if each in taken), ""):
                text = "private-dns-enabled cannot be set because there is already a conflicting DNS domain"
                raise ApiError("InvalidParameter", f"{text} for {name} in the VPC {vpc.id}")


def _gateways(call: Call, vpc_id: str, service_name: str) -> list[VpcEndpoint]:
    """The gateway endpoints of a VPC for a service."""
    return [
        one
        for one in _mine(call)
        if (one.vpc_id, one.kind, one.service_name) == (vpc_id, "Gateway", service_name) and one.state not in GOING
    ]


def _names(call: Call, regional: str, service: Service | None, subnets: list[Any]) -> list[str]:
    """The DNS names of an interface endpoint: its regional one, which may begin with ``*.``, and if the service is in
    the same region, one for each zone."""
    if service is not None and service.region != call.region:
        return [regional]
    star = "*." if regional.startswith("*.") else ""
    front, _, base = regional.removeprefix(star).partition(".")
    return [regional, *(f"{star}{front}-{subnet.availability_zone}.{base}" for subnet in subnets)]


def add_interface(call: Call, endpoint: VpcEndpoint, subnet: Any, groups: list[Any], ip: str | None = None) -> None:
    """Give an endpoint its network interface in a subnet."""
    text = f"VPC Endpoint Interface {endpoint.id}"
    endpoint.interfaces[subnet.id] = network_interfaces.keep(
        call, network_interfaces.ENDPOINT, subnet, text, groups, ip
    )


def become_available(call: Call, endpoint: VpcEndpoint) -> None:
    """Put an endpoint into ``pending``; it is ``available`` a minute later, unless something else happens to it."""
    endpoint.state = "pending"

    def available() -> None:
        if endpoint.state == "pending":
            endpoint.state = "available"

    call.cloud.later(timing.ENDPOINT_PENDING, available)


_FIELDS: Fields = {
    "vpc-endpoint-id": lambda one: one["VpcEndpointId"],
    "vpc-endpoint-state": lambda one: one["State"],
    "vpc-endpoint-type": lambda one: one["VpcEndpointType"],
    "vpc-id": lambda one: one["VpcId"],
    "service-name": lambda one: one["ServiceName"],
    "service-region": lambda one: one["ServiceRegion"],
    "ip-address-type": lambda one: one.get("IpAddressType"),
}


@handles("ec2", "DescribeVpcEndpoints", pages="VpcEndpoints")
def describe_vpc_endpoints(call: Call) -> dict[str, Any]:
    wanted = call.params.get("VpcEndpointIds") or []
    found = [own(call, each) for each in wanted] if wanted else list(_mine(call))
    shown = [endpoint_item(call, one) for one in found]
    return {"VpcEndpoints": matching(shown, call.params.get("Filters"), _FIELDS, INVALID_FILTER)}


def _mine(call: Call) -> Iterator[VpcEndpoint]:
    return (e for e in call.cloud.endpoints.values() if (e.account, e.region) == (call.account, call.region))


@handles("ec2", "ModifyVpcEndpoint")
def modify_vpc_endpoint(call: Call) -> dict[str, Any]:
    """Policy, and the route tables of a gateway endpoint, or subnets, groups and private DNS of an interface
    endpoint."""
    params, endpoint = call.params, own(call, call.params["VpcEndpointId"])
    if endpoint.state in GOING:
        raise ApiError("InvalidState", f"The endpoint {endpoint.id} is {endpoint.state}.")
    _refuse_misplaced(params, endpoint.kind)
    if params.get("PolicyDocument"):
        _check_policy(params["PolicyDocument"], endpoint.kind)
    (_modify_gateway if endpoint.kind == "Gateway" else _modify_interfaces)(call, endpoint)
    usual = OPEN_POLICIES[endpoint.kind]
    endpoint.policy = usual if params.get("ResetPolicy") else params.get("PolicyDocument") or endpoint.policy
    return {"Return": True}


def _modify_gateway(call: Call, endpoint: VpcEndpoint) -> None:
    """Its routes.  Raises what ``_tables`` raises, ``RouteAlreadyExists``, and ``InvalidParameter`` if a table to be
    removed is not the endpoint's."""
    added, removed = (
        _tables(call, call.params.get(f"{verb}RouteTableIds", []), endpoint.vpc_id) for verb in ("Add", "Remove")
    )
    held = route_tables.of_endpoint(call, endpoint.id)
    for one in removed:
        if one not in held:
            raise ApiError("InvalidParameter", f"The route table {one.id} is not associated with {endpoint.id}.")
    _lead(call, endpoint, [one for one in added if one not in held])
    route_tables.lead_no_more(removed, endpoint.id)


def _modify_interfaces(call: Call, endpoint: VpcEndpoint) -> None:
    """Subnets, private DNS and groups, which are those of all its interfaces."""
    params = call.params
    removed = set(params.get("RemoveSecurityGroupIds", []))
    group_ids = list(dict.fromkeys([*endpoint.group_ids, *params.get("AddSecurityGroupIds", [])]))
    group_ids = [each for each in group_ids if each not in removed]
    groups = validation.groups_in(call, group_ids, endpoint.vpc_id)
    if not groups:
        raise ApiError("InvalidParameter", "An interface endpoint must have at least one security group.")
    leaving = set(params.get("RemoveSubnetIds", []))
    subnet_ids = [each for each in [*endpoint.interfaces, *params.get("AddSubnetIds", [])] if each not in leaving]
    subnets = subnets_for(call, subnet_ids, endpoint.vpc_id, endpoint.service)
    if "PrivateDnsEnabled" in params or INBOUND_ONLY in params.get("DnsOptions", {}):
        _set_private_dns(call, endpoint, default=endpoint.private_dns)
    for subnet_id in leaving & set(endpoint.interfaces):
        network_interfaces.drop(call.ec2, endpoint.interfaces.pop(subnet_id))
    for subnet in subnets:
        if subnet.id not in endpoint.interfaces:
            add_interface(call, endpoint, subnet, groups)
    endpoint.dns_names = _names(call, endpoint.dns_names[0], endpoint.service, subnets)
    endpoint.group_ids = group_ids
    for interface_id in endpoint.interfaces.values():
        call.ec2.enis[interface_id]._group_set = list(groups)


@handles("ec2", "DeleteVpcEndpoints")
def delete_vpc_endpoints(call: Call) -> dict[str, Any]:
    """``deleting``, then ``deleted`` with its interfaces gone, then forgotten.  Failures are told with HTTP 200."""
    failed = []
    for endpoint_id in call.params["VpcEndpointIds"]:
        endpoint = call.cloud.endpoints.get(endpoint_id)
        if endpoint is None or (endpoint.account, endpoint.region) != (call.account, call.region):
            text = f"The Vpc Endpoint Id '{endpoint_id}' does not exist"
            failed.append(vpc_endpoint_services.unsuccessful(endpoint_id, "InvalidVpcEndpoint.NotFound", text))
        elif endpoint.kind == "Gateway" and (other := _needs_gateway(call, endpoint)):
            text = f"{endpoint_id} cannot be deleted while Interface endpoint {other.id} has {INBOUND_ONLY} set to true"
            failed.append(vpc_endpoint_services.unsuccessful(endpoint_id, "InvalidParameter", text))
        elif endpoint.state not in GOING:
            endpoint.state = "deleting"
            route_tables.lead_no_more(call.ec2.route_tables.values(), endpoint_id)
            _delete_later(call, endpoint)
    return {"Unsuccessful": failed}


def _needs_gateway(call: Call, gateway: VpcEndpoint) -> VpcEndpoint | None:
    """An endpoint whose private DNS needs this gateway endpoint, the last of its service in the VPC."""
    if _gateways(call, gateway.vpc_id, gateway.service_name) != [gateway]:
        return None
    same = (one for one in _mine(call) if (one.vpc_id, one.service_name) == (gateway.vpc_id, gateway.service_name))
    return next((one for one in same if one.inbound_only and one.state not in GOING), None)


def _delete_later(call: Call, endpoint: VpcEndpoint) -> None:
    cloud, store = call.cloud, call.ec2

    def deleted() -> None:
        endpoint.state = "deleted"
        for interface_id in endpoint.interfaces.values():
            network_interfaces.drop(store, interface_id)
        cloud.later(timing.ENDPOINT_DELETED_SEEN, gone)

    def gone() -> None:
        cloud.endpoints.pop(endpoint.id, None)
        store.tags.pop(endpoint.id, None)

    cloud.later(0.0 if endpoint.kind == "Gateway" else timing.ENDPOINT_DELETING, deleted)
