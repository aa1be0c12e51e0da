"""Endpoint services: the provider's half of PrivateLink (``aws-behaviours.md`` section 3)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from typing import Any

from moto.utilities.utils import get_partition

from .. import timing
from ..api.calls import Call, handles
from ..api.filters import INVALID_FILTER, Fields, matching
from ..api.ids import hex_id
from ..api.protocol import ApiError
from ..store.aws_services import SERVICES, host_of, private_names, region_of, short_name
from ..store.cloud import Service
from . import tags

GONE = ("Deleting", "Deleted")
BY_GATEWAY = ("s3", "dynamodb")
"""AWS's services that have gateway endpoints too."""
REMOTE_ZONES_NOT = frozenset({"use1-az3", "usw1-az2", "apne1-az3", "apne2-az2", "apne2-az4"})
"""Ids of the zones from which no service of another region can be reached (``aws-behaviours-2.md`` section 3.2)."""
HOLDING = ("pendingAcceptance", "pending", "available")
"""States of a connection that keep its service from being deleted."""


def own(call: Call, service_id: str) -> Service:
    """A service of the caller's.  Raises ``InvalidVpcEndpointServiceId.NotFound``."""
    service = call.cloud.services.get(service_id)
    if service is None or (service.account, service.region) != (call.account, call.region):
        text = f"The VpcEndpointService Id '{service_id}' does not exist"
        raise ApiError("InvalidVpcEndpointServiceId.NotFound", text)
    return service


def visible(call: Call, name: str, region: str = "") -> Service | None:
    """The service of that name in the caller's region, or another one, if the caller may connect to it.

    That is its own, or one that allows its account; from another region, one that can be reached from there.
    """
    region = region or call.region
    for service in call.cloud.services.values():
        reached = service.region == region and service.regions.get(call.region) == "Available"
        if service.name == name and service.state not in GONE and reached:
            allowed = {"*", f"arn:aws:iam::{call.account}:root"}
            mine = f"arn:aws:iam::{call.account}:"
            if service.account == call.account or any(
                one in allowed or one.startswith(mine) for one in service.principals
            ):
                return service
    return None


def base_names(service: Service) -> str:
    """The name endpoints' own names end in."""
    return f"{service.id}.{service.region}.vpce.amazonaws.com"


def zone_ids(call: Call, zones: list[str]) -> list[str]:
    """Zone ids by zone name."""
    known = {zone.name: zone.zone_id for zone in call.ec2.describe_availability_zones()}
    return [known[zone] for zone in zones if zone in known]


def service_item(call: Call, service: Service) -> dict[str, Any]:
    """The service as its owner sees it: without the ids of its zones."""
    shown: dict[str, Any] = {
        "ServiceType": [{"ServiceType": "Interface"}],
        "ServiceId": service.id,
        "ServiceName": service.name,
        "ServiceState": service.state,
        "AvailabilityZones": list(service.zones),
        "AcceptanceRequired": service.acceptance_required,
        "ManagesVpcEndpoints": False,
        "NetworkLoadBalancerArns": list(service.load_balancer_arns),
        "SupportedIpAddressTypes": ["ipv4"],
        "BaseEndpointDnsNames": [base_names(service)],
        "PrivateDnsName": service.private_dns_name,
        "PrivateDnsNameConfiguration": {},
        "PayerResponsibility": service.payer,
        "SupportedRegions": [
            {"Region": region, "ServiceState": service.state if region == service.region else state}
            for region, state in sorted(service.regions.items())
        ],
        "RemoteAccessEnabled": len(service.regions) > 1,
        "Tags": tags.of(call, service.id),
    }
    if service.private_dns_name:
        shown["PrivateDnsNameConfiguration"] = {"State": "pendingVerification", "Type": "TXT"}
    return {key: value for key, value in shown.items() if value not in ("", None)}


def _balancers(call: Call, arns: list[str], but: str = "") -> list[Any]:
    """The load balancers of a service, all fit for one.  ``but`` is the service that may have them already."""
    found = []
    for arn in arns:
        balancer = call.elb.load_balancers.get(arn)
        if balancer is None or balancer.type != "network":
            text = f"The Network Load Balancer Arn '{arn}' does not exist"
            raise ApiError("InvalidNetworkLoadBalancerArn.NotFound", text)
        if balancer.state != "active":
            text = f"LBs are not in active state: {arn}"
            raise ApiError("InvalidParameter", text)
        if any(
            arn in s.load_balancer_arns and s.id != but and s.state != "Deleted" for s in call.cloud.services.values()
        ):
            text = f"LBs are already associated with another VPC Endpoint Service Configuration: {arn}"
            raise ApiError("InvalidParameter", text)
        found.append(balancer)
    return found


def _zones(balancers: list[Any]) -> list[str]:
    return sorted({subnet.availability_zone for balancer in balancers for subnet in balancer.subnets})


@handles("ec2", "CreateVpcEndpointServiceConfiguration")
def create_vpc_endpoint_service_configuration(call: Call) -> dict[str, Any]:
    """One service on one or more active Network Load Balancers; ``Available``, but of no use for a while."""

    def make() -> dict[str, Any]:
        tags.only(call, "vpc-endpoint-service")
        arns = call.params.get("NetworkLoadBalancerArns") or []
        gateways = call.params.get("GatewayLoadBalancerArns") or []
        if gateways and not arns:
            raise _no_gateways()
        if not arns or gateways:
            text = "exactly one of network_load_balancer_arn or gateway_load_balancer_arn is a required member"
            raise ApiError("InvalidParameter", text)
        zones = _zones(_balancers(call, arns))
        regions = _regions(call, call.params.get("SupportedRegions", []))
        service_id = hex_id("vpce-svc")
        service = call.cloud.services[service_id] = Service(
            id=service_id,
            name=f"com.amazonaws.vpce.{call.region}.{service_id}",
            account=call.account,
            region=call.region,
            load_balancer_arns=list(arns),
            zones=zones,
            acceptance_required=call.params.get("AcceptanceRequired", True),
            private_dns_name=call.params.get("PrivateDnsName"),
            regions={call.region: "Available"},
        )
        _add_regions(call, service, regions)
        tags.at_creation(call, service_id, "vpc-endpoint-service")
        call.cloud.later(timing.SERVICE_UNAVAILABLE, lambda: setattr(service, "usable", True))
        return answer(service)

    def answer(service: Service) -> dict[str, Any]:
        token = call.params.get("ClientToken")
        return {"ServiceConfiguration": service_item(call, service), **({"ClientToken": token} if token else {})}

    def again(before: dict[str, Any]) -> dict[str, Any] | None:
        service = call.cloud.services.get(before["ServiceConfiguration"]["ServiceId"])
        return answer(service) if service and service.state not in GONE else None

    return call.once(make, again)


def _no_gateways() -> ApiError:
    text = "The sandbox has no endpoint services on Gateway Load Balancers, only on Network Load Balancers."
    return ApiError("UnsupportedOperation", text)


_FIELDS: Fields = {
    "service-id": lambda one: one["ServiceId"],
    "service-name": lambda one: one["ServiceName"],
    "service-state": lambda one: one.get("ServiceState"),
    "supported-ip-address-types": lambda one: one.get("SupportedIpAddressTypes"),
}


@handles("ec2", "DescribeVpcEndpointServiceConfigurations", pages="ServiceConfigurations")
def describe_vpc_endpoint_service_configurations(call: Call) -> dict[str, Any]:
    """The caller's services."""
    wanted = call.params.get("ServiceIds") or []
    found = [own(call, service_id) for service_id in wanted] if wanted else list(_mine(call))
    shown = [service_item(call, service) for service in found]
    return {"ServiceConfigurations": matching(shown, call.params.get("Filters"), _FIELDS, INVALID_FILTER)}


def _mine(call: Call) -> Iterator[Service]:
    return (s for s in call.cloud.services.values() if (s.account, s.region) == (call.account, call.region))


@handles("ec2", "ModifyVpcEndpointServiceConfiguration")
def modify_vpc_endpoint_service_configuration(call: Call) -> dict[str, Any]:
    """Acceptance, load balancers (and with them zones), regions, private name."""
    service = own(call, call.params["ServiceId"])
    if call.params.get("AddGatewayLoadBalancerArns") or call.params.get("RemoveGatewayLoadBalancerArns"):
        raise _no_gateways()
    left = [
        arn for arn in service.load_balancer_arns if arn not in call.params.get("RemoveNetworkLoadBalancerArns", [])
    ]
    arns = list(dict.fromkeys([*left, *call.params.get("AddNetworkLoadBalancerArns", [])]))
    if not arns:
        raise ApiError("InvalidParameter", "A VPC endpoint service must have at least one load balancer.")
    added, removed = (_regions(call, call.params.get(f"{verb}SupportedRegions", [])) for verb in ("Add", "Remove"))
    if any(region == service.region or service.regions.get(region) == "Closed" for region in removed):
        raise ApiError("InvalidParameter", "Cannot remove region")
    service.zones = _zones(_balancers(call, arns, but=service.id))
    service.load_balancer_arns = arns
    service.acceptance_required = call.params.get("AcceptanceRequired", service.acceptance_required)
    service.private_dns_name = call.params.get("PrivateDnsName", service.private_dns_name)
    if call.params.get("RemovePrivateDnsName"):
        service.private_dns_name = None
    _add_regions(call, service, added)
    for region in removed:
        _removeregion_of(call, service, region)
    return {"Return": True}


def _regions(call: Call, names: list[str]) -> list[str]:
    """Regions that a service can be reached from.  Raises ``InvalidParameter`` for one that is none, is in another
    partition, or that the account has not enabled."""
    enabled = {one.name for one in call.ec2.describe_regions() if one.opt_in_status != "not-opted-in"}
    for name in names:
        if name not in enabled or get_partition(name) != get_partition(call.region):
            raise ApiError("InvalidParameter", f"The region {name} is not supported or not enabled for the account.")
    return list(dict.fromkeys(names))


def _add_regions(call: Call, service: Service, regions: list[str]) -> None:
    """``Pending`` first: no endpoint can be made from there yet."""

    def available(region: str) -> None:
        if service.regions.get(region) == "Pending":
            service.regions[region] = "Available"

    for region in regions:
        if service.regions.get(region) not in ("Pending", "Available"):
            service.regions[region] = "Pending"
            call.cloud.later(timing.REGION_PENDING, partial(available, region))


def _removeregion_of(call: Call, service: Service, region: str) -> None:
    """No endpoint can be made from there any more.  Those that are there go on, and keep it ``Closed``."""
    if region not in service.regions:
        return
    service.regions[region] = "Deleting"

    def removed() -> None:
        if service.regions.get(region) == "Deleting":
            there = [one for one in call.cloud.endpoints.values() if one.service is service and one.region == region]
            if any(one.state in HOLDING for one in there):
                service.regions[region] = "Closed"
            else:
                del service.regions[region]

    call.cloud.later(timing.REGION_DELETING, removed)


@handles("ec2", "ModifyVpcEndpointServicePayerResponsibility")
def modify_vpc_endpoint_service_payer_responsibility(call: Call) -> dict[str, Any]:
    own(call, call.params["ServiceId"]).payer = call.params["PayerResponsibility"]
    return {"ReturnValue": True}


@handles("ec2", "DeleteVpcEndpointServiceConfigurations")
def delete_vpc_endpoint_service_configurations(call: Call) -> dict[str, Any]:
    """Failures are told in ``Unsuccessful``, with HTTP 200; a service with live connections stays."""
    failed = []
    for service_id in call.params["ServiceIds"]:
        service = call.cloud.services.get(service_id)
        if service is None or (service.account, service.region) != (call.account, call.region):
            text = f"The VpcEndpointService Id '{service_id}' does not exist"
            failed.append(unsuccessful(service_id, "InvalidVpcEndpointService.NotFound", text))
        elif any(one.service_id == service_id and one.state in HOLDING for one in call.cloud.endpoints.values()):
            text = "Service has existing active VPC Endpoint connections!"
            failed.append(unsuccessful(service_id, "ExistingVpcEndpointConnections", text))
        elif service.state not in GONE:
            service.state = "Deleting"
            _delete_later(call, service)
    return {"Unsuccessful": failed}


def _delete_later(call: Call, service: Service) -> None:
    cloud, store = call.cloud, call.ec2

    def deleted() -> None:
        service.state = "Deleted"
        cloud.later(timing.SERVICE_DELETED_SEEN, gone)

    def gone() -> None:
        cloud.services.pop(service.id, None)
        store.tags.pop(service.id, None)

    cloud.later(timing.SERVICE_DELETING, deleted)


def unsuccessful(resource_id: str, code: str, message: str) -> dict[str, Any]:
    """One item of an ``Unsuccessful`` list."""
    return {"ResourceId": resource_id, "Error": {"Code": code, "Message": message}}


@handles("ec2", "DescribeVpcEndpointServicePermissions", pages="AllowedPrincipals")
def describe_vpc_endpoint_service_permissions(call: Call) -> dict[str, Any]:
    service = own(call, call.params["ServiceId"])
    shown = [_permission(service, principal) for principal in service.principals]
    fields: Fields = {
        "principal": lambda one: one["Principal"],
        "principal-type": lambda one: one["PrincipalType"],
    }
    return {"AllowedPrincipals": matching(shown, call.params.get("Filters"), fields, INVALID_FILTER)}


def _permission(service: Service, principal: str) -> dict[str, Any]:
    kind = (
        "All"
        if principal == "*"
        else {"user/": "User", "role/": "Role"}.get(principal.rpartition(":")[2][:5], "Account")
    )
    return {
        "Principal": principal,
        "PrincipalType": kind,
        "ServicePermissionId": service.principals[principal],
        "ServiceId": service.id,
        "Tags": [],
    }


@handles("ec2", "ModifyVpcEndpointServicePermissions")
def modify_vpc_endpoint_service_permissions(call: Call) -> dict[str, Any]:
    """Taking a principal off the list cuts none of its connections (``aws-behaviours.md`` section 9, 20)."""
    service = own(call, call.params["ServiceId"])
    for principal in call.params.get("RemoveAllowedPrincipals", []):
        service.principals.pop(principal, None)
    new = [one for one in call.params.get("AddAllowedPrincipals", []) if one not in service.principals]
    for principal in new:
        if principal != "*" and not principal.startswith("arn:"):
            raise ApiError("InvalidPrincipal", f"Invalid Principal: '{principal}'")
        service.principals[principal] = hex_id("vpce-svc-perm")
    added = [{key: value for key, value in _permission(service, one).items() if key != "Tags"} for one in new]
    return {"AddedPrincipals": added, "ReturnValue": True}


@handles("ec2", "StartVpcEndpointServicePrivateDnsVerification")
def start_vpc_endpoint_service_private_dns_verification(call: Call) -> dict[str, Any]:
    """The sandbox has no public DNS to find the record in, so the name stays unverified."""
    own(call, call.params["ServiceId"])
    return {"ReturnValue": True}


@handles("ec2", "DescribeVpcEndpointServices")
def describe_vpc_endpoint_services(call: Call) -> dict[str, Any]:
    """What a consumer sees: AWS's own services, by type of endpoint, and those it may connect to, in its region or in
    ``ServiceRegions``.  One unknown name fails the whole call."""
    names = call.params.get("ServiceNames") or []
    filters = call.params.get("Filters") or []
    regions = call.params.get("ServiceRegions") or [call.region]
    aws = [each for name in aws_names(call) if call.region in regions for each in _of_aws(call, name)]
    private = [
        _details(call, service)
        for service in call.cloud.services.values()
        if any(visible(call, service.name, region) is service for region in regions)
    ]
    found = [*private, *aws]
    for name in names:
        if all(one["ServiceName"] != name for one in found):
            raise ApiError("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    fields: Fields = {
        "service-name": lambda one: one["ServiceName"],
        "service-type": lambda one: [kind["ServiceType"] for kind in one["ServiceType"]],
        "owner": lambda one: one.get("Owner"),
        "service-region": lambda one: one.get("ServiceRegion", call.region),
        "supported-ip-address-types": lambda one: one.get("SupportedIpAddressTypes", []),
    }
    asked = [one for one in found if not names or one["ServiceName"] in names]
    kept = matching(asked, filters, fields, INVALID_FILTER)
    return {"ServiceNames": [one["ServiceName"] for one in kept], "ServiceDetails": kept}


def aws_names(call: Call) -> list[str]:
    """The names of AWS's own services with endpoints in the region."""
    return [f"com.amazonaws.{call.region}.{name}" for name in SERVICES]


def kinds(name: str) -> list[str]:
    """The types of endpoints that a service of AWS's own has."""
    return ["Gateway", "Interface"] if short_name(name) in BY_GATEWAY else ["Interface"]


def aws_base_names(name: str) -> str:
    """The name that the own names of interface endpoints to a service of AWS's own end in."""
    return f"{host_of(short_name(name))}.{region_of(name)}.vpce.amazonaws.com"


def _of_aws(call: Call, name: str) -> list[dict[str, Any]]:
    """A service of AWS's own: one for each type of endpoint that it has."""
    zones = [zone.name for zone in call.ec2.describe_availability_zones()]
    return [
        {
            "ServiceName": name,
            "ServiceId": f"vpce-svc-0{hashlib.sha256(f'{name}/{kind}'.encode()).hexdigest()[:16]}",
            "ServiceRegion": call.region,
            "ServiceType": [{"ServiceType": kind}],
            "AvailabilityZones": zones,
            "AvailabilityZoneIds": zone_ids(call, zones),
            "Owner": "amazon",
            "VpcEndpointPolicySupported": True,
            "AcceptanceRequired": False,
            "ManagesVpcEndpoints": False,
            "SupportedIpAddressTypes": ["ipv4"],
            "Tags": [],
            **_aws_names_shown(name, kind),
        }
        for kind in kinds(name)
    ]


def _aws_names_shown(name: str, kind: str) -> dict[str, Any]:
    """The names of its endpoints, and for interface endpoints those that private DNS gives them."""
    if kind == "Gateway":
        return {"BaseEndpointDnsNames": [f"{short_name(name)}.{region_of(name)}.amazonaws.com"]}
    shown: dict[str, Any] = {"BaseEndpointDnsNames": [aws_base_names(name)]}
    if names := private_names(name):
        shown["PrivateDnsName"] = names[0]
        shown["PrivateDnsNames"] = [{"PrivateDnsName": each} for each in names]
        shown["PrivateDnsNameVerificationState"] = "verified"
    return shown


def _details(call: Call, service: Service) -> dict[str, Any]:
    """A service as a consumer sees it: without its zones, from another region."""
    zones = list(service.zones) if service.region == call.region else []
    return {
        "ServiceName": service.name,
        "ServiceId": service.id,
        "ServiceRegion": service.region,
        "ServiceType": [{"ServiceType": "Interface"}],
        "AvailabilityZones": zones,
        "AvailabilityZoneIds": zone_ids(call, zones),
        "Owner": service.account,
        "BaseEndpointDnsNames": [base_names(service)],
        "VpcEndpointPolicySupported": False,
        "AcceptanceRequired": service.acceptance_required,
        "ManagesVpcEndpoints": False,
        **({"PayerResponsibility": service.payer} if service.payer else {}),
        "SupportedIpAddressTypes": ["ipv4"],
        "Tags": tags.of(call, service.id) if service.account == call.account else [],
    }
