"""What a region offers: its zones, the instance types in each, and the images that public parameters name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .clients import Clients

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


def image(clients: Clients, parameter: str) -> str:
    """The id of the image that a public SSM parameter names."""
    ssm: SSMClient = clients.other("ssm")
    return ssm.get_parameter(Name=parameter)["Parameter"]["Value"]


def zones(clients: Clients) -> dict[str, str]:
    """Names and ids of a region's Availability Zones."""
    found = clients.ec2.describe_availability_zones(
        Filters=[{"Name": "zone-type", "Values": ["availability-zone"]}, {"Name": "state", "Values": ["available"]}]
    )["AvailabilityZones"]
    return {zone["ZoneName"]: zone["ZoneId"] for zone in found}


def offering(clients: Clients, instance_type: str) -> set[str]:
    """Names of the zones that offer an instance type."""
    pages = clients.ec2.get_paginator("describe_instance_type_offerings").paginate(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": [instance_type]}]
    )
    return {offering["Location"] for page in pages for offering in page["InstanceTypeOfferings"]}
