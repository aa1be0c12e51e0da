"""What an account finds there: public parameters, the agents of Systems Manager, the reasons of a refusal."""

from __future__ import annotations

from typing import Any

from ..api.calls import Call, handles
from ..api.iam.gate import decoded
from ..api.protocol import ApiError


def public_parameter(call: Call, name: str) -> str:
    """The image a public parameter names.  Raises ``InvalidAMIID.NotFound``."""
    from moto.ssm.models import ssm_backends

    found = ssm_backends[call.account][call.region].get_parameters([name])
    if name not in found:
        raise ApiError("InvalidAMIID.NotFound", f"The image id '[resolve:ssm:{name}]' does not exist")
    return str(found[name].value)


@handles("ssm", "DescribeInstanceInformation")
def describe_instance_information(call: Call) -> dict[str, Any]:
    """No agent registers: the sandbox's machines have none, as instances without an instance profile on AWS."""
    return {"InstanceInformationList": []}


@handles("ssm", "SendCommand")
def send_command(call: Call) -> dict[str, Any]:
    """So there is nobody to run a command."""
    raise ApiError("InvalidInstanceId", "Instances not in a valid state for account")


@handles("sts", "DecodeAuthorizationMessage")
def decode_authorization_message(call: Call) -> dict[str, Any]:
    """Why a call was refused."""
    return {"DecodedMessage": decoded(call.params["EncodedMessage"])}
