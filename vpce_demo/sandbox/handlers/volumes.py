"""Volumes, as far as what becomes of them with their instance."""

from __future__ import annotations

from typing import Any

from ..api.calls import Call, handles
from . import validation


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
