"""Volumes, as far as what becomes of them with their instance, and the keys that encrypt them."""

from __future__ import annotations

from typing import Any

from ..api.calls import Call, handles
from . import validation

OWN_KEY = "alias/aws/ebs"
"""AWS's own key, which everybody may use."""


def is_own_key(key: str) -> bool:
    """True for AWS's own key, by its alias or by the alias's ARN."""
    return key.rpartition(":")[2] == OWN_KEY


@handles("ec2", "GetEbsDefaultKmsKeyId")
def get_ebs_default_kms_key_id(call: Call) -> dict[str, Any]:
    return {"KmsKeyId": call.cloud.volume_keys.get((call.account, call.region), OWN_KEY)}


@handles("ec2", "ModifyEbsDefaultKmsKeyId")
def modify_ebs_default_kms_key_id(call: Call) -> dict[str, Any]:
    """The sandbox has no KMS, and believes in every key."""
    key = call.params["KmsKeyId"]
    front = f"arn:aws:kms:{call.region}:{call.account}:"
    arn = key if key.startswith("arn:") else f"{front}{key}" if key.startswith("alias/") else f"{front}key/{key}"
    call.cloud.volume_keys[call.account, call.region] = arn
    return get_ebs_default_kms_key_id(call)


@handles("ec2", "ResetEbsDefaultKmsKeyId")
def reset_ebs_default_kms_key_id(call: Call) -> dict[str, Any]:
    call.cloud.volume_keys.pop((call.account, call.region), None)
    return get_ebs_default_kms_key_id(call)


def has_foreign_key(call: Call, mapping: dict[str, Any]) -> bool:
    """Whether a volume of a launch is encrypted with a key other than AWS's own.

    The sandbox knows of no key policy, so nobody may use such a key.
    """
    ebs = mapping.get("Ebs", {})
    is_encrypted = str(ebs.get("Encrypted")).lower() == "true" or "KmsKeyId" in ebs
    key = ebs.get("KmsKeyId") or get_ebs_default_kms_key_id(call)["KmsKeyId"]
    return (is_encrypted or call.ec2.get_ebs_encryption_by_default()) and not is_own_key(key)


@handles("ec2", "DescribeVolumes")
def describe_volumes(call: Call) -> dict[str, Any]:
    """An attachment says whether the volume goes with the instance, which moto leaves out."""
    answer = call.moto()
    instances = {one.id: one for one in validation.instances(call)}
    for volume in answer.get("Volumes", []):
        for attachment in volume.get("Attachments", []):
            instance = instances.get(attachment["InstanceId"])
            held = instance.block_device_mapping.get(attachment["Device"]) if instance is not None else None
            if held is not None:
                attachment["DeleteOnTermination"] = held.delete_on_termination
    return answer
