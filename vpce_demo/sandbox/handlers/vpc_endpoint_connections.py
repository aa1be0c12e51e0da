"""The handshake: an endpoint's request as the owner of the service sees, accepts and rejects it."""

from __future__ import annotations

from typing import Any

from ..api.calls import Call, handles
from ..api.filters import INVALID_FILTER, Fields, matching
from ..api.ids import ENDPOINT_ZONES, hosted_zone
from ..store.cloud import Service, VpcEndpoint
from . import vpc_endpoint_services, vpc_endpoints


def _fields(call: Call) -> Fields:
    """Not ``vpc-endpoint-id``: the model has it, the service refuses it (``aws-behaviours.md`` 3.3)."""

    def regions(one: dict[str, Any]) -> list[str]:
        region = str(one["VpcEndpointRegion"])
        return [region] if region == call.region else [region, "cross-region"]

    return {
        "service-id": lambda one: one["ServiceId"],
        "vpc-endpoint-state": lambda one: one["VpcEndpointState"],
        "vpc-endpoint-owner": lambda one: one["VpcEndpointOwner"],
        "vpc-endpoint-region": regions,
        "ip-address-type": lambda one: one["IpAddressType"],
    }


@handles("ec2", "DescribeVpcEndpointConnections", pages="VpcEndpointConnections")
def describe_vpc_endpoint_connections(call: Call) -> dict[str, Any]:
    """Every request to the caller's services, a moment after it was made.

    A rejected one is listed even when its service is deleted.
    """
    services = call.cloud.services
    shown = [
        _item(one, one.service)
        for one in call.cloud.endpoints.values()
        if one.listed and one.service and (one.service.account, one.service.region) == (call.account, call.region)
        if one.service.id in services or one.state == "rejected"
    ]
    return {"VpcEndpointConnections": matching(shown, call.params.get("Filters"), _fields(call), INVALID_FILTER)}


def _item(endpoint: VpcEndpoint, service: Service) -> dict[str, Any]:
    zone = hosted_zone(ENDPOINT_ZONES, endpoint.region)
    return {
        "ServiceId": service.id,
        "VpcEndpointId": endpoint.id,
        "VpcEndpointOwner": endpoint.account,
        "VpcEndpointState": endpoint.state,
        "VpcEndpointRegion": endpoint.region,
        "CreationTimestamp": endpoint.created,
        "DnsEntries": [{"DnsName": name, "HostedZoneId": zone} for name in endpoint.dns_names],
        "NetworkLoadBalancerArns": list(service.load_balancer_arns),
        "IpAddressType": "ipv4",
        "VpcEndpointConnectionId": endpoint.id.replace("vpce-", "vpce-con-", 1),
        "Tags": [],
    }


@handles("ec2", "AcceptVpcEndpointConnections", "RejectVpcEndpointConnections")
def accept_or_reject_vpc_endpoint_connections(call: Call) -> dict[str, Any]:
    """Accept what is ``pendingAcceptance``; reject that, or what was accepted before.  Failures come with HTTP 200."""
    service = vpc_endpoint_services.own(call, call.params["ServiceId"])
    accept = call.operation == "AcceptVpcEndpointConnections"
    fit = ("pendingAcceptance",) if accept else ("pendingAcceptance", "pending", "available")
    failed = []
    for endpoint_id in call.params["VpcEndpointIds"]:
        endpoint = call.cloud.endpoints.get(endpoint_id)
        # What the list does not show yet can be accepted all the same: people's scripts do so right after the create.
        if endpoint is None or endpoint.service_id != service.id:
            text = f"The Vpc Endpoint Id '{endpoint_id}' does not exist"
            failed.append(vpc_endpoint_services.unsuccessful(endpoint_id, "InvalidVpcEndpoint.NotFound", text))
        elif endpoint.state not in fit:
            done = "accepted" if accept else "rejected"
            text = f"The endpoint {endpoint_id} is in state {endpoint.state} and cannot be {done}."
            failed.append(vpc_endpoint_services.unsuccessful(endpoint_id, "InvalidState", text))
        elif accept:
            vpc_endpoints.become_available(call, endpoint)
        else:
            endpoint.state = "rejected"
    return {"Unsuccessful": failed}
