"""What a region offers to an account: zones, instance types, images, the way to the internet, keys for volumes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ..config.model import Config
from ..errors import Refused
from .clients import Clients
from .error_codes import ErrorKind, error_kind

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef, InstanceTypeInfoTypeDef, VpcTypeDef
    from mypy_boto3_ssm import SSMClient

ROOT_DEVICE = "/dev/xvda"
"""The device of Amazon Linux's root volume."""
VOLUME_KEY = "alias/aws/ebs"
"""AWS's own key for volumes, which everybody in the account may use through EC2."""
OPEN = "off"
"""The mode of VPC Block Public Access that lets traffic through internet gateways pass."""
T = TypeVar("T")


def if_allowed(ask: Callable[[], T]) -> T | None:
    """The answer; None if AWS does not allow the question."""
    from botocore.exceptions import ClientError  # botocore is slow to import, and ``explain`` needs none of it

    try:
        return ask()
    except ClientError as error:
        if error_kind(error) is not ErrorKind.DENIED:
            raise
        return None


def image(clients: Clients, config: Config) -> str:
    """The id of the image that the settings' SSM parameter names.

    Raises Refused if the demo cannot use it: it is for another architecture than the instance type, or is not laid out
    as Amazon Linux is.  Without permission to ask, it is taken as it is.
    """
    ssm: SSMClient = clients.other("ssm")
    id = ssm.get_parameter(Name=config.image_parameter)["Parameter"]["Value"]
    described = if_allowed(lambda: clients.ec2.describe_images(ImageIds=[id])["Images"])
    for one in described or ():
        facts = {"image": id, "image_parameter": config.image_parameter}
        hint = "Leave image_parameter out of the config file, and the right one is chosen."
        if one.get("RootDeviceName", ROOT_DEVICE) != ROOT_DEVICE:
            raise Refused(
                f"The image starts from {one['RootDeviceName']}, and Amazon Linux from {ROOT_DEVICE}.",
                facts=facts,
                hint=hint,
            )
        runs = (instance_type(clients, config.instance_type) or {}).get("ProcessorInfo", {})
        supported = runs.get("SupportedArchitectures")
        if supported and one.get("Architecture") not in supported:
            raise Refused(
                f"An instance of type {config.instance_type} cannot run the image, which is for {one['Architecture']}.",
                facts={**facts, config.instance_type: ", ".join(supported)},
                hint=f"{hint} Or set another instance_type.",
            )
    return id


def instance_type(clients: Clients, name: str) -> InstanceTypeInfoTypeDef | None:
    """What AWS says of an instance type; None if it does not know it, or may not be asked."""
    which: list[FilterTypeDef] = [{"Name": "instance-type", "Values": [name]}]  # a type that does not exist is no error
    found = if_allowed(lambda: clients.ec2.describe_instance_types(Filters=which)["InstanceTypes"])
    return found[0] if found else None


def volume_key(clients: Clients) -> str:
    """The key to name for an encrypted volume; empty if the account's default is to be taken.

    The default of most accounts is AWS's own key, which AWS makes when it is first used: it need not be named.  Where
    the default is a key of somebody's, AWS's own is named instead.  Who may launch instances need not be allowed to use
    that other key, and then AWS ends the launch after it has answered; and a volume without encryption would get that
    key too, where the account encrypts all volumes.  Without permission to ask, AWS's own is named.
    """
    default = if_allowed(lambda: clients.ec2.get_ebs_default_kms_key_id()["KmsKeyId"])
    return "" if default and default.endswith(VOLUME_KEY) else VOLUME_KEY


def public_access(clients: Clients) -> str:
    """The mode of VPC Block Public Access that a new VPC gets, such as ``block-ingress``; ``off`` if it is not used.

    Without permission to ask, what the account's VPCs show; empty if they show nothing.
    """
    options = if_allowed(lambda: clients.ec2.describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"])
    if options is not None:
        return options.get("InternetGatewayBlockMode", OPEN)
    pages = clients.ec2.get_paginator("describe_vpcs").paginate()
    modes = [mode for page in pages for vpc in page["Vpcs"] if (mode := public_access_of(vpc))]
    return next((mode for mode in modes if mode != OPEN), modes[0] if modes else "")


def public_access_of(vpc: VpcTypeDef) -> str:
    """The mode of VPC Block Public Access that AWS shows of a VPC; empty if it shows none."""
    return vpc.get("BlockPublicAccessStates", {}).get("InternetGatewayBlockMode", "")


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
