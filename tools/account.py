"""Everything that one account and region holds, by id, as AWS describes it: to be compared with itself later, or with
another account in which the same was done.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from vpce_demo.aws.clients import Clients
from vpce_demo.aws.tags import ID_TAG, KEY_TAG, RESOURCE_TAG

EC2_LISTS = {
    "describe_vpcs": ("Vpcs", "VpcId"),
    "describe_internet_gateways": ("InternetGateways", "InternetGatewayId"),
    "describe_subnets": ("Subnets", "SubnetId"),
    "describe_route_tables": ("RouteTables", "RouteTableId"),
    "describe_network_acls": ("NetworkAcls", "NetworkAclId"),
    "describe_security_groups": ("SecurityGroups", "GroupId"),
    "describe_key_pairs": ("KeyPairs", "KeyPairId"),
    "describe_volumes": ("Volumes", "VolumeId"),
    "describe_addresses": ("Addresses", "AllocationId"),
    "describe_network_interfaces": ("NetworkInterfaces", "NetworkInterfaceId"),
    "describe_vpc_endpoints": ("VpcEndpoints", "VpcEndpointId"),
    "describe_vpc_endpoint_service_configurations": ("ServiceConfigurations", "ServiceId"),
    "describe_vpc_endpoint_connections": ("VpcEndpointConnections", "VpcEndpointConnectionId"),
}

Account = dict[str, Any]
Shape = Counter[str]
"""An account without values that differ from run to run: each resource as a text, and how often it occurs."""


def account(clients: Clients) -> Account:
    """Every resource that is not deleted, whoever created it."""
    held: Account = {}
    for call, (items, id) in EC2_LISTS.items():
        for item in getattr(clients.ec2, call)()[items]:
            # AWS lists a rejected connection for as long as its endpoint stands, though the service is deleted.
            outlives = "VpcEndpointConnectionId" in item and item["ServiceId"] not in held
            if item.get("State") != "deleted" and item.get("ServiceState") != "Deleted" and not outlives:
                held[item[id]] = item
    for reservation in clients.ec2.describe_instances()["Reservations"]:
        for instance in reservation["Instances"]:
            if instance["State"]["Name"] != "terminated":
                held[instance["InstanceId"]] = instance
    for balancer in clients.elb.describe_load_balancers()["LoadBalancers"]:
        arn = balancer["LoadBalancerArn"]
        listeners = clients.elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]
        held[arn] = (
            balancer,
            _tags(clients, arn),
            [(listener, _tags(clients, listener["ListenerArn"])) for listener in listeners],
        )
    for group in clients.elb.describe_target_groups()["TargetGroups"]:
        arn = group["TargetGroupArn"]
        health = clients.elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        # One that drains is as good as gone, like a terminated instance: AWS lists it for a while.
        targets = [one["Target"] for one in health if one["TargetHealth"]["State"] != "draining"]
        held[arn] = group, _tags(clients, arn), targets
    return held


def _tags(clients: Clients, arn: str) -> Any:
    return clients.elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]


# --- compared with another run ----------------------------------------------------------

_OF_THE_RUN = {ID_TAG, KEY_TAG}
"""Tags whose values differ in every run."""
_RANDOM = {"KeyFingerprint", "ClientToken", "MacAddress"}
_PATTERNS = [
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "*"),
    (
        re.compile(r"(vpce-[0-9a-f]{17}|the (?:interface-)?endpoint)-[0-9a-z]{8}\b"),
        r"\1-*",
    ),  # the mark in an endpoint's names
    (re.compile(r"\bZ0[0-9A-F]{18,19}\b"), "zone"),  # of private DNS
    (re.compile(r"([/-])(?:[0-9a-f]{17}|[0-9a-f]{16}|[0-9a-f]{8})\b"), r"\1*"),  # the end of an id, an ARN or a name
    (re.compile(r"\b\d+([.-])\d+\1\d+\1\d+\b(?!/\d)"), "address"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[ T][\d:.+]+"), "moment"),
]


def shape(held: Account) -> Shape:
    """The account without ids, addresses, times and random values; tagged resources are named by their keys."""
    labels = {id: label for id, item in held.items() if (label := part_of(item))}
    return Counter(_plain(id, item, labels) for id, item in held.items())


def part_of(item: Any) -> str:
    """The resource key in its tags, if any."""
    tags = item[1] if isinstance(item, tuple) else item.get("Tags") or item.get("TagSet") or ()
    return next((str(tag["Value"]) for tag in tags if tag["Key"] == RESOURCE_TAG), "")


def _plain(id: str, item: Any, labels: dict[str, str]) -> str:
    text = json.dumps({id: _without_what_is_random(item)}, default=str)
    for known, label in labels.items():
        text = text.replace(known, f"the {label}")
    for pattern, word in _PATTERNS:
        text = pattern.sub(word, text)
    return json.dumps(_sorted(json.loads(text)))


def _without_what_is_random(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get("Key") in _OF_THE_RUN:
            return {"Key": value["Key"]}
        return {key: _without_what_is_random(one) for key, one in value.items() if key not in _RANDOM}
    if isinstance(value, list | tuple):
        return [_without_what_is_random(one) for one in value]
    return value


def _sorted(value: Any) -> Any:
    """Sort lists, since AWS promises no order."""
    if isinstance(value, dict):
        return {key: _sorted(one) for key, one in sorted(value.items())}
    if isinstance(value, list):
        return sorted((_sorted(one) for one in value), key=json.dumps)
    return value


def differences(wanted: Shape, found: Shape) -> str:
    """A line for each fact that is missing or unexpected; empty if the two are equal."""
    missing, more = (Counter(f for text in texts for f in _facts(json.loads(text))) for texts in _apart(wanted, found))
    lines = [f"missing: {fact}" for fact in (missing - more).elements()]
    lines += [f"too much: {fact}" for fact in (more - missing).elements()]
    return "\n".join(lines) or ("the same facts, put together otherwise" if wanted != found else "")


def _apart(wanted: Shape, found: Shape) -> tuple[list[str], list[str]]:
    return list((wanted - found).elements()), list((found - wanted).elements())


def _facts(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _facts(one, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for one in value:
            yield from _facts(one, path)
    else:
        yield f"{path} = {value}"
