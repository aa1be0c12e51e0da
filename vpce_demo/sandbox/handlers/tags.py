"""Tags, on what moto does not know too.  They all lie in moto's own table of tags, by resource id."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..api.calls import Call, handles
from ..api.protocol import ApiError
from ..store.cloud import Service, VpcEndpoint
from . import validation

KINDS = {"vpce-svc": "vpc-endpoint-service", "vpce": "vpc-endpoint"}
"""Resource types of our own, by the front of the id, the longer front first."""


def of(call: Call, resource_id: str) -> list[dict[str, str]]:
    """A resource's tags as a describe call shows them."""
    return [{"Key": key, "Value": value} for key, value in call.ec2.tags.get(resource_id, {}).items()]


def asked(call: Call, kind: str) -> dict[str, str]:
    """The tags for one kind of resource in a create call.  Raises ``InvalidTagKey.Malformed`` for AWS's own keys."""
    wanted = {
        tag["Key"]: tag.get("Value", "")
        for spec in call.params.get("TagSpecifications", [])
        if spec.get("ResourceType") == kind
        for tag in spec.get("Tags", [])
    }
    _check(wanted)
    return wanted


def only(call: Call, kind: str) -> None:
    """Raises ``InvalidParameter`` if a create call has tags for another kind of resource than what it makes, and
    ``InvalidTagKey.Malformed``."""
    for spec in call.params.get("TagSpecifications", []):
        if (named := spec.get("ResourceType")) != kind:
            text = f"'{named}' is not a valid taggable resource type for this operation."
            raise ApiError("InvalidParameter", text)
    asked(call, kind)


def at_creation(call: Call, resource_id: str, kind: str) -> None:
    """Put the tags of a create call on what it made."""
    if wanted := asked(call, kind):
        call.ec2.create_tags([resource_id], wanted)


def _check(wanted: Iterable[str]) -> None:
    for key in wanted:
        if key.lower().startswith("aws:"):
            raise ApiError("InvalidTagKey.Malformed", f"Tag key '{key}' must not start with 'aws:'")


def kind_of(resource_id: str) -> str | None:
    """The resource type of an id of ours."""
    return next((kind for front, kind in KINDS.items() if resource_id.startswith(f"{front}-")), None)


def _own(call: Call) -> set[str]:
    held: list[Service | VpcEndpoint] = [*call.cloud.services.values(), *call.cloud.endpoints.values()]
    return {one.id for one in held if (one.account, one.region) == (call.account, call.region)}


@handles("ec2", "CreateTags", "DeleteTags")
def create_or_delete_tags(call: Call) -> dict[str, Any]:
    """On endpoints and services directly, on everything else through moto.

    ``DeleteTags`` without ``Tags`` takes off all but AWS's own; one without a value goes whatever its value is.
    """
    ours = [each for each in call.params["Resources"] if kind_of(each)]
    known = _own(call)
    for each in ours:
        if each not in known:
            code = "InvalidVpcEndpointServiceId" if each.startswith("vpce-svc-") else "InvalidVpcEndpointId"
            raise ApiError(f"{code}.NotFound", f"The ID '{each}' does not exist")
    given = {tag["Key"]: tag.get("Value") for tag in call.params.get("Tags", [])}
    if call.operation == "CreateTags":
        given = {key: value or "" for key, value in given.items()}
    _check(given)
    others = [each for each in call.params["Resources"] if each not in ours]
    if call.operation == "CreateTags":
        _check_there(call, others)
    if others:
        call.moto(Resources=others)
    if call.operation == "CreateTags":
        call.ec2.create_tags(ours, given)
    elif given:
        call.ec2.delete_tags(ours, given)
    else:
        for each in call.params["Resources"]:
            held = call.ec2.tags.get(each, {})
            for key in [key for key in held if not key.startswith("aws:")]:
                del held[key]
    return {}


def _check_there(call: Call, ids: list[str]) -> None:
    """Of the kinds that moto does not look for.  Raises the kind's ``NotFound``."""
    kinds = {
        "i-": ("InvalidInstanceID", {one.id for one in validation.instances(call)}),
        "eni-": ("InvalidNetworkInterfaceID", set(call.ec2.enis)),
        "key-": ("InvalidKeyPair", {pair.id for pair in call.ec2.key_pairs.values()}),
    }
    for each in ids:
        for front, (code, there) in kinds.items():
            if each.startswith(front) and each not in there:
                raise ApiError(f"{code}.NotFound", f"The ID '{each}' does not exist")


@handles("elbv2", "DescribeTags")
def describe_load_balancing_tags(call: Call) -> dict[str, Any]:
    """One unknown ARN fails the whole call.  Raises ``LoadBalancerNotFound``, ``TargetGroupNotFound`` and so on."""
    call.moto("RemoveTags", ResourceArns=call.params["ResourceArns"], TagKeys=[])  # moto looks for them there alone
    return call.moto()
