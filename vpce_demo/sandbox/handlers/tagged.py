"""Everything that carries a tag, as ``DescribeTags`` and the tagging API's ``GetResources`` list it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection, Iterator
from typing import Any

from ..api.calls import Call, handles
from ..api.filters import Fields, matching
from ..api.protocol import ApiError
from . import validation


def _ours(held: dict[str, Any], call: Call) -> Collection[str]:
    return {one.id for one in held.values() if (one.account, one.region) == (call.account, call.region)}


def _flat(nested: dict[str, dict[str, Any]]) -> Collection[str]:
    return {id for held in nested.values() for id in held}


Ids = Callable[[Call], Collection[str]]
KINDS: dict[str, tuple[str, Ids]] = {
    "i": ("instance", lambda call: {one.id for one in validation.instances(call)}),
    "vol": ("volume", lambda call: call.ec2.volumes),
    "eni": ("network-interface", lambda call: call.ec2.enis),
    "vpc": ("vpc", lambda call: call.ec2.vpcs),
    "subnet": ("subnet", lambda call: _flat(call.ec2.subnets)),
    "rtb": ("route-table", lambda call: call.ec2.route_tables),
    "igw": ("internet-gateway", lambda call: call.ec2.internet_gateways),
    "eigw": ("egress-only-internet-gateway", lambda call: call.ec2.egress_only_internet_gateways),
    "sg": ("security-group", lambda call: _flat(call.ec2.groups)),
    "key": ("key-pair", lambda call: {pair.id for pair in call.ec2.key_pairs.values()}),
    "vpce": ("vpc-endpoint", lambda call: _ours(call.cloud.endpoints, call)),
    "vpce-svc": ("vpc-endpoint-service", lambda call: _ours(call.cloud.services, call)),
    "snap": ("snapshot", lambda call: call.ec2.snapshots),
    "ami": ("image", lambda call: call.ec2.amis),
    "eipalloc": ("elastic-ip", lambda call: {one.allocation_id for one in call.ec2.addresses}),
    "nat": ("natgateway", lambda call: call.ec2.nat_gateways),
    "acl": ("network-acl", lambda call: call.ec2.network_acls),
}
"""By the front of the id: AWS's name of the resource type, and the ids that are there."""
OTHER_TYPES = {"dedicated_host": "dedicated-host", "managed-prefix-list": "prefix-list", "flow-logs": "vpc-flow-log"}
"""AWS's names where moto has others, of the kinds that are not looked for."""


def _all(call: Call) -> list[dict[str, str]]:
    """One item a tag.  Moto keeps the tags of what is gone."""
    there: dict[str, Collection[str]] = {}
    found = []
    for one in call.ec2.describe_tags():
        id, front = one["resource_id"], one["resource_id"].rpartition("-")[0]
        kind, ids = KINDS.get(front, (one["resource_type"], None))
        if ids is not None and front not in there:
            there[front] = ids(call)
        if ids is None or id in there[front]:
            kind = OTHER_TYPES.get(kind, kind)
            found.append({"ResourceId": id, "ResourceType": kind, "Key": one["key"], "Value": one["value"]})
    return found


_FIELDS: Fields = {
    "key": lambda one: one["Key"],
    "value": lambda one: one["Value"],
    "resource-id": lambda one: one["ResourceId"],
    "resource-type": lambda one: one["ResourceType"],
}
_TAG = "tag:"


@handles("ec2", "DescribeTags", pages="Tags")
def describe_tags(call: Call) -> dict[str, Any]:
    """The filter ``tag:KEY`` looks at the value of one key."""
    found, filters = _all(call), []
    for one in call.params.get("Filters") or []:
        if one["Name"].startswith(_TAG):
            found = [tag for tag in found if tag["Key"] == one["Name"].removeprefix(_TAG)]
            one = {**one, "Name": "value"}
        filters.append(one)
    return {"Tags": matching(found, filters, _FIELDS)}


Tagged = tuple[str, dict[str, str]]
"""An ARN and its tags."""
SERVICES_OF_OURS = ("ec2", "elasticloadbalancing")


def _in_ec2(call: Call) -> Iterator[Tagged]:
    by_arn: dict[str, dict[str, str]] = {}
    for one in _all(call):
        arn = f"arn:aws:ec2:{call.region}:{call.account}:{one['ResourceType']}/{one['ResourceId']}"
        by_arn.setdefault(arn, {})[one["Key"]] = one["Value"]
    yield from by_arn.items()


def _in_load_balancing(call: Call) -> Iterator[Tagged]:
    held = call.elb
    arns = [*held.load_balancers, *held.target_groups]
    for balancer in held.load_balancers.values():
        for listener in balancer.listeners.values():
            arns += [listener.arn, *(rule.arn for rule in listener.rules.values())]
    for arn in arns:
        tags = {one["Key"]: one["Value"] or "" for one in held.tagging_service.list_tags_for_resource(arn)["Tags"]}
        if tags:
            yield arn, tags


def _elsewhere(call: Call) -> Iterator[Tagged]:
    """What moto finds in its other services."""
    token = None
    while True:
        answer = call.moto("GetResources", ResourcesPerPage=100, **({"PaginationToken": token} if token else {}))
        for one in answer.get("ResourceTagMappingList", []):
            if one["Tags"] and one["ResourceARN"].split(":")[2] not in SERVICES_OF_OURS:
                yield one["ResourceARN"], {tag["Key"]: tag["Value"] for tag in one["Tags"]}
        token = answer.get("PaginationToken")
        if not token:
            return


def _is_of_type(arn: str, wanted: str) -> bool:
    """Whether an ARN is of ``SERVICE`` or of ``SERVICE:TYPE``."""
    service, _, kind = wanted.partition(":")
    parts = arn.split(":", 5)
    return parts[2] == service and (not kind or parts[5] == kind or parts[5].startswith((f"{kind}/", f"{kind}:")))


@handles("resourcegroupstaggingapi", "GetResources")
def get_resources(call: Call) -> dict[str, Any]:
    """Raises ``InvalidParameterException``, ``PaginationTokenExpiredException``."""
    params = call.params
    size, token = int(params.get("ResourcesPerPage") or 100), params.get("PaginationToken")
    listed = set(params.get("ResourceARNList") or [])
    if not 1 <= size <= 100:
        raise ApiError("InvalidParameterException", "ResourcesPerPage must be between 1 and 100")
    if listed and any(
        params.get(key) for key in ("TagFilters", "ResourceTypeFilters", "ResourcesPerPage", "PaginationToken")
    ):
        text = "ResourceARNList cannot be combined with other parameters"
        raise ApiError("InvalidParameterException", text)
    kinds = params.get("ResourceTypeFilters") or []
    found = sorted(
        (arn, tags)
        for source in (_in_ec2, _in_load_balancing, _elsewhere)
        for arn, tags in source(call)
        if (not kinds or any(_is_of_type(arn, kind) for kind in kinds))
        and (not listed or arn in listed)
        and all(
            one["Key"] in tags and (not one.get("Values") or tags[one["Key"]] in one["Values"])
            for one in params.get("TagFilters") or []
        )
    )
    try:
        start = int(base64.b64decode(token, validate=True)) if token else 0
    except (binascii.Error, ValueError):
        raise ApiError("PaginationTokenExpiredException", "The pagination token is not valid") from None
    end = start + size
    return {
        "PaginationToken": base64.b64encode(str(end).encode()).decode() if end < len(found) else "",
        "ResourceTagMappingList": [
            {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
            for arn, tags in found[start:end]
        ],
    }
