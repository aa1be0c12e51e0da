"""VPC Block Public Access: the account's switch that closes all internet gateways of a region, and the VPCs that are
excluded from it (VPC user guide)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ..api.calls import Call, handles
from ..api.ids import hex_id
from ..api.protocol import ApiError
from ..store.cloud import Exclusion
from . import validation

MODES = ("off", "block-bidirectional", "block-ingress")
EXCLUSIONS = ("allow-bidirectional", "allow-egress")


def _item(call: Call) -> dict[str, Any]:
    mode, since = call.cloud.blocking.get((call.account, call.region), ("", None))
    shown = {
        "AwsAccountId": call.account,
        "AwsRegion": call.region,
        "State": "update-complete" if mode else "default-state",
        "InternetGatewayBlockMode": mode or "off",
        "LastUpdateTimestamp": since,
        "ManagedBy": "account",
        "ExclusionsAllowed": "allowed",
    }
    return {"VpcBlockPublicAccessOptions": {key: value for key, value in shown.items() if value is not None}}


@handles("ec2", "DescribeVpcBlockPublicAccessOptions")
def describe_vpc_block_public_access_options(call: Call) -> dict[str, Any]:
    return _item(call)


@handles("ec2", "ModifyVpcBlockPublicAccessOptions")
def modify_vpc_block_public_access_options(call: Call) -> dict[str, Any]:
    """Either mode stops what goes through an internet gateway: the other ways that ``block-ingress`` leaves open, by
    NAT gateways, are none in the sandbox."""
    mode = call.params["InternetGatewayBlockMode"]
    if mode not in MODES:
        raise ApiError("InvalidParameterValue", f"Invalid value '{mode}' for InternetGatewayBlockMode.")
    call.cloud.blocking[call.account, call.region] = mode, datetime.now(UTC)
    return _item(call)


def _exclusion(call: Call, id: str, state: str) -> dict[str, Any]:
    one = call.cloud.exclusions[id]
    return {
        "ExclusionId": id,
        "InternetGatewayExclusionMode": one.mode,
        "ResourceArn": f"arn:aws:ec2:{one.region}:{one.account}:vpc/{one.vpc_id}",
        "State": state,
        "CreationTimestamp": one.since,
        "LastUpdateTimestamp": one.since,
        "Tags": [],
    }


@handles("ec2", "CreateVpcBlockPublicAccessExclusion")
def create_vpc_block_public_access_exclusion(call: Call) -> dict[str, Any]:
    """Of a VPC; it works at once."""
    mode, vpc = call.params["InternetGatewayExclusionMode"], call.params.get("VpcId", "")
    if mode not in EXCLUSIONS:
        raise ApiError("InvalidParameterValue", f"Invalid value '{mode}' for InternetGatewayExclusionMode.")
    if call.params.get("SubnetId") or not vpc:
        raise ApiError("UnsupportedOperation", "The sandbox excludes VPCs only, no subnets.")
    validation.vpc(call, vpc)
    id = hex_id("vpcbpa-exclude")
    call.cloud.exclusions[id] = Exclusion(call.account, call.region, vpc, mode, datetime.now(UTC))
    return {"VpcBlockPublicAccessExclusion": _exclusion(call, id, "create-in-progress")}


@handles("ec2", "DescribeVpcBlockPublicAccessExclusions", pages="VpcBlockPublicAccessExclusions")
def describe_vpc_block_public_access_exclusions(call: Call) -> dict[str, Any]:
    wanted = call.params.get("ExclusionIds") or call.cloud.exclusions
    ours = [id for id, one in call.cloud.exclusions.items() if (one.account, one.region) == (call.account, call.region)]
    shown = [_exclusion(call, id, "create-complete") for id in ours if id in wanted]
    return {"VpcBlockPublicAccessExclusions": shown}


@handles("ec2", "DeleteVpcBlockPublicAccessExclusion")
def delete_vpc_block_public_access_exclusion(call: Call) -> dict[str, Any]:
    id = call.params["ExclusionId"]
    if id not in call.cloud.exclusions:
        raise ApiError("InvalidVpcBlockPublicAccessExclusionId.NotFound", f"The exclusion '{id}' does not exist")
    shown = _exclusion(call, id, "delete-in-progress")
    del call.cloud.exclusions[id]
    return {"VpcBlockPublicAccessExclusion": shown}
