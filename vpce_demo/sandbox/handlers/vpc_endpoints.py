"""VPC endpoints: the consumer's half of PrivateLink (``aws-behaviours.md`` section 3)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from .. import timing
from ..api.calls import Call, handles
from ..api.filters import INVALID_FILTER, Fields, matching
from ..api.ids import ENDPOINT_ZONES, dns_mark, hex_id, hosted_zone
from ..api.protocol import ApiError
from ..store.cloud import Service, VpcEndpoint
from . import network_interfaces, route_tables, tags, validation, vpc_endpoint_services

OPEN_POLICY = json.dumps(
    {"Statement": [{"Action": "*", "Effect": "Allow", "Principal": "*", "Resource": "*"}]}, separators=(",", ":")
)
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
        "RouteTableIds": list(endpoint.route_table_ids),
        "SubnetIds": list(endpoint.interfaces),
        "Groups": [{"GroupId": each, "GroupName": names.get(each, "")} for each in endpoint.group_ids],
        "PrivateDnsEnabled": endpoint.private_dns,
        "RequesterManaged": endpoint.service_name.endswith(BY_AWS),
        "NetworkInterfaceIds": list(endpoint.interfaces.values()),
        "DnsEntries": [{"DnsName": name, "HostedZoneId": zone} for name in endpoint.dns_names],
        "CreationTimestamp": endpoint.created,
        "OwnerId": endpoint.account,
        "ServiceRegion": endpoint.service.region if endpoint.service else endpoint.region,
        "Tags": tags.of(call, endpoint.id),
    }
    if endpoint.kind == "Interface":
        shown |= {"IpAddressType": "ipv4", "DnsOptions": {"DnsRecordIpType": "ipv4"}}
    if not endpoint.service_id:
        shown["PolicyDocument"] = endpoint.policy
    return shown


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
    return None, f"{name.rpartition('.')[2]}.{call.region}.vpce.amazonaws.com"


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


def _refuse_too_many(call: Call, vpc_id: str) -> None:
    """Raise ``VpcEndpointLimitExceeded`` if the VPC has all the interface endpoints that it may have."""
    there = [each for each in call.cloud.endpoints.values() if each.vpc_id == vpc_id and each.state not in GOING]
    if sum(each.kind == "Interface" for each in there) >= call.cloud.quotas["endpoints"]:
        raise ApiError("VpcEndpointLimitExceeded", f"The maximum number of VPC endpoints in {vpc_id} has been reached.")


def _make(call: Call) -> VpcEndpoint:
    params = call.params
    tags.only(call, "vpc-endpoint")
    vpc = validation.vpc(call, params["VpcId"])
    name, kind = params.get("ServiceName", ""), params.get("VpcEndpointType", "Gateway")
    service, base = _service(call, name, params.get("ServiceRegion", ""))
    if kind not in ("Interface", "Gateway") or (service is not None and kind != "Interface"):
        raise ApiError(
            "InvalidParameter", f"Endpoint type ({kind}) does not match available service types ([Interface])."
        )
    if kind == "Gateway" and params.get("SubnetIds"):
        text = "Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints."
        raise ApiError("InvalidParameter", text)
    if kind == "Gateway":
        for table_id in params.get("RouteTableIds", []):
            route_tables.table(call, table_id)
    if kind == "Interface" and service is not None and params.get("PrivateDnsEnabled"):
        text = f"Private DNS can't be enabled because the service {name} does not provide a private DNS name."
        raise ApiError("InvalidParameter", text)
    if kind == "Interface":
        _refuse_too_many(call, vpc.id)
    wanted = {each["SubnetId"]: each.get("Ipv4") for each in params.get("SubnetConfigurations", [])}
    subnets = subnets_for(call, [*params.get("SubnetIds", []), *wanted], vpc.id, service) if kind == "Interface" else []
    group_ids = list(dict.fromkeys(params.get("SecurityGroupIds", []))) if kind == "Interface" else []
    if kind == "Interface" and not group_ids:
        group_ids = [call.ec2.get_default_security_group(vpc.id).id]
    groups = validation.groups_in(call, group_ids, vpc.id)
    endpoint_id = hex_id("vpce")
    front = f"{endpoint_id}-{dns_mark()}"
    waits = service is not None and service.acceptance_required
    endpoint = VpcEndpoint(
        id=endpoint_id,
        account=call.account,
        region=call.region,
        vpc_id=vpc.id,
        kind=kind,
        service_name=name,
        service=service,
        state="pendingAcceptance" if waits else ("available" if kind == "Gateway" else "pending"),
        group_ids=group_ids,
        route_table_ids=list(params.get("RouteTableIds", [])) if kind == "Gateway" else [],
        policy=params.get("PolicyDocument") or OPEN_POLICY,
        private_dns=kind == "Interface" and service is None and params.get("PrivateDnsEnabled", True),
        dns_names=_names(call, f"{front}.{base}", service, subnets) if kind == "Interface" else [],
        token=params.get("ClientToken"),
    )
    for subnet in subnets:
        add_interface(call, endpoint, subnet, groups, wanted.get(subnet.id))
    call.cloud.endpoints[endpoint_id] = endpoint
    tags.at_creation(call, endpoint_id, "vpc-endpoint")
    call.cloud.later(timing.ENDPOINT_REQUESTED, lambda: setattr(endpoint, "listed", True))
    if endpoint.state == "pending":
        become_available(call, endpoint)
    return endpoint


def _names(call: Call, regional: str, service: Service | None, subnets: list[Any]) -> list[str]:
    """The DNS names of an interface endpoint: its regional one, and if the service is in the same region, one for each
    zone."""
    if service is not None and service.region != call.region:
        return [regional]
    front, _, base = regional.partition(".")
    return [regional, *(f"{front}-{subnet.availability_zone}.{base}" for subnet in subnets)]


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
    """Subnets, groups, route tables and policy; groups are those of all its interfaces."""
    params, endpoint = call.params, own(call, call.params["VpcEndpointId"])
    if endpoint.state in GOING:
        raise ApiError("InvalidState", f"The endpoint {endpoint.id} is {endpoint.state}.")
    removed = set(params.get("RemoveSecurityGroupIds", []))
    group_ids = list(dict.fromkeys([*endpoint.group_ids, *params.get("AddSecurityGroupIds", [])]))
    group_ids = [each for each in group_ids if each not in removed]
    groups = validation.groups_in(call, group_ids, endpoint.vpc_id)
    if endpoint.kind == "Interface" and not groups:
        raise ApiError("InvalidParameter", "An interface endpoint must have at least one security group.")
    leaving = set(params.get("RemoveSubnetIds", []))
    subnet_ids = [each for each in [*endpoint.interfaces, *params.get("AddSubnetIds", [])] if each not in leaving]
    subnets = subnets_for(call, subnet_ids, endpoint.vpc_id, endpoint.service)
    for subnet_id in leaving & set(endpoint.interfaces):
        network_interfaces.drop(call.ec2, endpoint.interfaces.pop(subnet_id))
    for subnet in subnets:
        if subnet.id not in endpoint.interfaces:
            add_interface(call, endpoint, subnet, groups)
    if endpoint.dns_names:
        endpoint.dns_names = _names(call, endpoint.dns_names[0], endpoint.service, subnets)
    endpoint.group_ids = group_ids
    for interface_id in endpoint.interfaces.values():
        call.ec2.enis[interface_id]._group_set = list(groups)
    tables = [*endpoint.route_table_ids, *params.get("AddRouteTableIds", [])]
    endpoint.route_table_ids = [
        each for each in dict.fromkeys(tables) if each not in params.get("RemoveRouteTableIds", [])
    ]
    endpoint.policy = OPEN_POLICY if params.get("ResetPolicy") else params.get("PolicyDocument") or endpoint.policy
    if params.get("PrivateDnsEnabled") and endpoint.service_id:
        name = endpoint.service_name
        text = f"Private DNS can't be enabled because the service {name} does not provide a private DNS name."
        raise ApiError("InvalidParameter", text)
    endpoint.private_dns = params.get("PrivateDnsEnabled", endpoint.private_dns)
    return {"Return": True}


@handles("ec2", "DeleteVpcEndpoints")
def delete_vpc_endpoints(call: Call) -> dict[str, Any]:
    """``deleting``, then ``deleted`` with its interfaces gone, then forgotten.  Failures are told with HTTP 200."""
    failed = []
    for endpoint_id in call.params["VpcEndpointIds"]:
        endpoint = call.cloud.endpoints.get(endpoint_id)
        if endpoint is None or (endpoint.account, endpoint.region) != (call.account, call.region):
            text = f"The Vpc Endpoint Id '{endpoint_id}' does not exist"
            failed.append(vpc_endpoint_services.unsuccessful(endpoint_id, "InvalidVpcEndpoint.NotFound", text))
        elif endpoint.state not in GOING:
            endpoint.state = "deleting"
            _delete_later(call, endpoint)
    return {"Unsuccessful": failed}


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
