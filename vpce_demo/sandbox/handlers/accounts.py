"""What an account finds there: public parameters, the agents of Systems Manager, the reasons of a refusal."""

from __future__ import annotations

from typing import Any

from moto.utilities.utils import get_partition

from ..api.calls import Call, handles
from ..api.iam.gate import ROOT_KEY, decoded
from ..api.ids import user_id
from ..api.protocol import ApiError
from ..client import ACCOUNT_KEY
from ..quotas import QUOTAS


def public_parameter(call: Call, name: str) -> str:
    """The image a public parameter names.  Raises ``InvalidAMIID.NotFound``."""
    from moto.ssm.models import ssm_backends

    found = ssm_backends[call.account][call.region].get_parameters([name])
    if name not in found:
        raise ApiError("InvalidAMIID.NotFound", f"The image id '[resolve:ssm:{name}]' does not exist")
    return str(found[name].value)


@handles("ssm", "GetParameter", "GetParameters", "GetParametersByPath")
def get_parameters(call: Call) -> dict[str, Any]:
    """A public parameter belongs to no account."""
    answer = call.moto()
    for one in [*answer.get("Parameters", []), *filter(None, [answer.get("Parameter")])]:
        if one["Name"].startswith("/aws/"):
            one["ARN"] = one["ARN"].replace(f":{call.account}:", "::")
    return answer


@handles("service-quotas", "GetServiceQuota")
def get_service_quota(call: Call) -> dict[str, Any]:
    """Of the quotas that were raised.  Raises ``NoSuchResourceException`` for one that applies as it is by default."""
    service, code = call.params["ServiceCode"], call.params["QuotaCode"]
    for name, quota in QUOTAS.items():
        value = call.cloud.quotas[name]
        if (service, code) == ("vpc", quota.code) and value != quota.default:
            arn = f"arn:aws:servicequotas:{call.region}:{call.account}:vpc/{code}"
            told = {"ServiceCode": "vpc", "ServiceName": "Amazon Virtual Private Cloud (Amazon VPC)", "QuotaArn": arn}
            more = {"QuotaCode": code, "QuotaName": quota.name, "Value": float(value), "Unit": "None"}
            return {"Quota": {**told, **more, "Adjustable": True, "GlobalQuota": False}}
    raise ApiError("NoSuchResourceException", "The request failed because the specified quota code does not exist.")


@handles("ssm", "DescribeInstanceInformation")
def describe_instance_information(call: Call) -> dict[str, Any]:
    """No agent registers: the sandbox's machines have none, as instances without an instance profile on AWS."""
    return {"InstanceInformationList": []}


@handles("ssm", "SendCommand")
def send_command(call: Call) -> dict[str, Any]:
    """So there is nobody to run a command."""
    raise ApiError("InvalidInstanceId", "Instances not in a valid state for account")


@handles("sts", "GetCallerIdentity")
def get_caller_identity(call: Call) -> dict[str, Any]:
    """An IAM user or an assumed role.  A key that belongs to neither is a user of that name, without ``sandbox-`` in
    front; one that names an account is the user ``sandbox`` there."""
    from moto.iam.models import iam_backends
    from moto.sts.models import sts_backends

    partition = get_partition(call.region)
    if role := sts_backends[call.account][partition].get_assumed_role_from_access_key(call.key):
        return {"UserId": role.user_id, "Account": role.account_id, "Arn": role.arn}
    if user := iam_backends[call.account][partition].get_user_from_access_key_id(call.key):
        return {"UserId": user.id, "Account": user.account_id, "Arn": user.arn}
    named = call.key and not call.key.startswith(ACCOUNT_KEY)
    name = call.key.removeprefix(f"{ROOT_KEY}-") if named else ROOT_KEY
    return {
        "UserId": user_id(call.account, name),
        "Account": call.account,
        "Arn": f"arn:{partition}:iam::{call.account}:user/{name}",
    }


@handles("sts", "DecodeAuthorizationMessage")
def decode_authorization_message(call: Call) -> dict[str, Any]:
    """Why a call was refused."""
    return {"DecodedMessage": decoded(call.params["EncodedMessage"])}
