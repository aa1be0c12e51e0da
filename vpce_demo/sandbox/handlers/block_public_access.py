"""VPC Block Public Access: the account's switch that closes all internet gateways of a region (VPC user guide)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ..api.calls import Call, handles
from ..api.protocol import ApiError

MODES = ("off", "block-bidirectional", "block-ingress")


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
