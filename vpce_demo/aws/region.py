"""What a region offers to an account: zones, instance types, images, the way to the internet, keys for volumes."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ..config.model import Config
from ..errors import Refused
from .clients import Clients
from .error_codes import may_not_be_asked

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import (
        FilterTypeDef,
        InstanceTypeDef,
        InstanceTypeInfoTypeDef,
        InternetGatewayTypeDef,
        VpcTypeDef,
    )
    from mypy_boto3_ssm import SSMClient

ROOT_DEVICE = "/dev/xvda"
"""The device of Amazon Linux's root volume."""
NOT_FOR_REMOTE_ACCESS = frozenset({"use1-az3", "usw1-az2", "apne1-az3", "apne2-az2", "apne2-az4"})
"""Ids of the zones that take no part in access from other regions (PrivateLink guide, "Share your services")."""
VOLUME_KEY = "alias/aws/ebs"
"""AWS's own key for volumes, which everybody in the account may use through EC2."""
OPEN = "off"
"""The mode of VPC Block Public Access that lets traffic through internet gateways pass."""
T = TypeVar("T")


def if_allowed(ask: Callable[[], T]) -> T | None:
    """The answer; None if AWS does not allow the question, or has no such call here."""
    from botocore.exceptions import ClientError  # botocore is slow to import, and ``explain`` needs none of it

    try:
        return ask()
    except ClientError as error:
        if not may_not_be_asked(error):
            raise
        return None


def image(clients: Clients, config: Config) -> str:
    """The id of the image that the settings' SSM parameter names.

    Raises Refused if the demo cannot use it: it is for another architecture than the instance type, or is not laid out
    as Amazon Linux is, or the parameter names none.  Without permission to ask, it is taken as it is.
    """
    with ThreadPoolExecutor(1) as pool:
        type = pool.submit(instance_type, clients, config.instance_type)
        return _image(clients, config, type)


def _image(clients: Clients, config: Config, type: Future[InstanceTypeInfoTypeDef | None]) -> str:
    ssm: SSMClient = clients.other("ssm")
    id = ssm.get_parameter(Name=config.image_parameter)["Parameter"]["Value"]
    hint = "Leave image_parameter out of the config file, and the usual image is taken."
    if not re.fullmatch(r"ami-[0-9a-f]+", id):  # not shown: the parameter may hold a secret
        raise Refused(
            "The value of the image's SSM parameter is not the id of an image.",
            code="VPCE023",
            facts={"image_parameter": config.image_parameter},
            hint=hint,
        )
    described = if_allowed(lambda: clients.ec2.describe_images(ImageIds=[id])["Images"])
    for one in described or ():
        facts = {"image": id, "image_parameter": config.image_parameter}
        if one.get("RootDeviceName", ROOT_DEVICE) != ROOT_DEVICE:
            raise Refused(
                f"The image starts from {one['RootDeviceName']}, and Amazon Linux from {ROOT_DEVICE}.",
                code="VPCE024",
                facts=facts,
                hint=hint,
            )
        runs = (type.result() or {}).get("ProcessorInfo", {})
        supported = runs.get("SupportedArchitectures")
        if supported and one.get("Architecture") not in supported:
            raise Refused(
                f"An instance of type {config.instance_type} cannot run the image, which is for {one['Architecture']}.",
                code="VPCE025",
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
    return "" if default and default.rpartition(":")[2] == VOLUME_KEY else VOLUME_KEY


def own_vpcs(clients: Clients) -> list[VpcTypeDef]:
    """The VPCs of this account.  AWS lists those too that others share with it: they count towards their owner's quota,
    and have their owner's settings."""
    pages = clients.ec2.get_paginator("describe_vpcs").paginate()
    account = clients.account
    return [vpc for page in pages for vpc in page["Vpcs"] if vpc.get("OwnerId", account) == account]


def internet_gateways(clients: Clients) -> list[InternetGatewayTypeDef]:
    """The internet gateways of this account."""
    pages = clients.ec2.get_paginator("describe_internet_gateways").paginate()
    return [one for page in pages for one in page["InternetGateways"]]


def instances_of(clients: Clients) -> list[InstanceTypeDef]:
    """The instances of this account, also those that are terminated and still listed."""
    pages = clients.ec2.get_paginator("describe_instances").paginate()
    return [one for page in pages for held in page["Reservations"] for one in held["Instances"]]


class PublicAccess(NamedTuple):
    """What VPC Block Public Access does to a new VPC.

    ``mode`` is such as ``block-ingress``, ``off`` if it is not used, and empty if that is not known.  An account cannot
    change what its organization's declarative policy sets.  ``has_exclusions`` says whether it may exclude a VPC, which
    has to be there first.
    """

    mode: str
    is_the_organizations: bool = False
    has_exclusions: bool = True

    @property
    def is_closed(self) -> bool:
        return self.mode not in ("", OPEN)


OPEN_THE_GATEWAYS = f"ec2 modify-vpc-block-public-access-options --internet-gateway-block-mode {OPEN}"
"""The words of the AWS CLI after ``aws``, for a whole account and region."""
EXCLUDE = "ec2 create-vpc-block-public-access-exclusion"
EXCLUDED = "allow-bidirectional"
"""The mode of an exclusion that lets traffic pass both ways; the other one keeps ssh out."""
THE_ORGANIZATION_S = "The organization's declarative policy sets it, and no account can change that."


def public_access(clients: Clients) -> PublicAccess:
    """What VPC Block Public Access does to a new VPC.

    Without permission to ask, what the account's VPCs show.
    """
    options = if_allowed(lambda: clients.ec2.describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"])
    if options is not None:
        return PublicAccess(
            options.get("InternetGatewayBlockMode", OPEN),
            options.get("ManagedBy") == "declarative-policy",
            options.get("ExclusionsAllowed") != "not-allowed",
        )
    modes = [mode for vpc in own_vpcs(clients) if (mode := public_access_of(vpc))]
    return PublicAccess(next((mode for mode in modes if mode != OPEN), modes[0] if modes else ""))


def is_excluded(clients: Clients, *ids: str) -> bool:
    """True if one of these VPCs and subnets is excluded from Block Public Access, in both directions.

    Without permission to ask, False.
    """
    which: dict[str, str] = {}
    while True:
        answer = if_allowed(partial(clients.ec2.describe_vpc_block_public_access_exclusions, **which))  # type: ignore[arg-type]
        for one in answer["VpcBlockPublicAccessExclusions"] if answer else ():
            works = one.get("State", "") in ("create-complete", "update-in-progress", "update-complete")
            both_ways = one.get("InternetGatewayExclusionMode") == EXCLUDED
            if works and both_ways and one.get("ResourceArn", "").rpartition("/")[2] in ids:
                return True
        which = {"NextToken": answer["NextToken"]} if answer and answer.get("NextToken") else {}
        if not which:
            return False


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
