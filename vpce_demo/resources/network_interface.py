"""Network interfaces: what prevents a VPC, subnet or group from being deleted, and who owns them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..aws.tags import DEMO_TAG
from ..engine.resource import Aws
from ..model import Holder

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import NetworkInterfaceTypeDef


def interfaces(aws: Aws, filter: str, id: str) -> Iterator[Holder]:
    """Yield the interfaces found by this filter of DescribeNetworkInterfaces, such as ``vpc-id`` or ``group-id``.

    AWS deletes those it manages with their endpoint or load balancer (``aws-behaviours.md`` section 3.5); others are
    foreign.
    """
    pages = aws.ec2.get_paginator("describe_network_interfaces").paginate(Filters=[{"Name": filter, "Values": [id]}])
    for page in pages:
        for interface in page["NetworkInterfaces"]:
            what = interface.get("Description") or _attached_to(interface) or interface.get("InterfaceType", "")
            yield Holder(
                interface["NetworkInterfaceId"], what, foreign=not (_managed(interface) or _ours(aws, interface))
            )


def _attached_to(interface: NetworkInterfaceTypeDef) -> str:
    instance = interface.get("Attachment", {}).get("InstanceId", "")
    return f"of instance {instance}" if instance else ""


def _managed(interface: NetworkInterfaceTypeDef) -> bool:
    by_aws = interface.get("RequesterManaged", False) or interface.get("InterfaceType", "interface") != "interface"
    return by_aws or interface.get("Attachment", {}).get("InstanceOwnerId", "").startswith("amazon-")


def _ours(aws: Aws, interface: NetworkInterfaceTypeDef) -> bool:
    tags = {tag.get("Key"): tag.get("Value") for tag in interface.get("TagSet", [])}
    held = {live.id for live in list(aws.known.values())}
    return tags.get(DEMO_TAG) == aws.demo or interface.get("Attachment", {}).get("InstanceId") in held
