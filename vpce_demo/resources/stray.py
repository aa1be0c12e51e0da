"""What carries the demo's tags beside the tutorial's resources: volumes and interfaces that outlive their instance, and
whatever else somebody gave the tags to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ..aws.error_codes import ErrorKind, error_kind
from ..aws.tags import DEMO_TAG, ID_TAG, OWNER_TAG, RESOURCE_TAG
from ..engine.resource import Aws, Resource
from ..model import Live, Phase, Side
from .by_tag import tagged
from .holders import is_aws_s

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef

VOLUME, INTERFACE = "volume", "network-interface"
_FOUND_BY_KIND = {
    *("instance", "vpc", "internet-gateway", "subnet", "route-table", "key-pair", "security-group", "vpc-endpoint"),
    *("vpc-endpoint-service", "loadbalancer", "targetgroup", "listener"),
}
"""Types that ``tagged`` lists, and those that go with them."""
_PREFIXES = {"i": "instance", "sg": "security-group", "rtb": "route-table", "igw": "internet-gateway"}
_Tagged = tuple[str, str, Mapping[str, str]]
"""Type, id and tags."""


@dataclass(frozen=True, eq=False)
class Stray(Resource):
    """One such thing: found and deleted as a resource is, and never created.  ``key`` and ``name`` are its id or ARN;
    ``type`` is AWS's name for what it is."""

    type: str

    usual_delete_seconds = 1.0

    @property
    def kind(self) -> str:
        return self.type

    @property
    def can_be_deleted(self) -> bool:
        """True for what the demo's own create calls tag, and may leave behind."""
        return self.type in (VOLUME, INTERFACE)

    def find(self, aws: Aws) -> Iterator[Live]:
        if self.type == VOLUME:
            for volume in aws.ec2.describe_volumes(VolumeIds=[self.key])["Volumes"]:
                yield Live(self.key, _phase(volume["State"]), volume["State"])
        elif self.type == INTERFACE:
            for interface in aws.ec2.describe_network_interfaces(NetworkInterfaceIds=[self.key])["NetworkInterfaces"]:
                yield Live(self.key, _phase(interface["Status"]), interface["Status"])
        else:
            yield Live(self.key)

    def create(self, aws: Aws) -> Live:
        raise NotImplementedError("the demo makes none of these by itself")

    def delete(self, aws: Aws, live: Live) -> None:
        if self.type == VOLUME:
            aws.ec2.delete_volume(VolumeId=self.key)
        else:
            aws.ec2.delete_network_interface(NetworkInterfaceId=self.key)


def _phase(word: str) -> Phase:
    return Phase.READY if word == "in-use" else Phase.of(word)


def strays(sides: Mapping[Side, Aws], known: Mapping[str, Side], ids: Collection[str]) -> list[Stray]:
    """Everything with this demo's tags that is none of its resources, and does not go with one.

    ``known`` gives the sides of its resources by key, ``ids`` are those that exist.

    EC2's DescribeTags and the lists of the kinds are asked, and the Resource Groups Tagging API, which knows all
    services but lags, where that is allowed.
    """
    each = {id(sides[side]): (side, sides[side]) for side in (Side.CONSUMER, Side.PROVIDER)}.values()
    with ThreadPoolExecutor() as pool:
        listed = pool.submit(tagged, sides)
        asked = [(side, aws, pool.submit(_by_ec2, aws), pool.submit(_by_tagging_api, aws)) for side, aws in each]
    found: dict[str, Stray] = {}
    for side, aws, by_ec2, by_tagging_api in asked:
        ours = {
            id: Stray(id, known.get(tags.get(RESOURCE_TAG, ""), side), id, type=type)
            for type, id, tags in (*by_tagging_api.result(), *by_ec2.result())
            if aws.is_ours(tags) and type not in _FOUND_BY_KIND
        }
        found |= {id: one for id, one in ours.items() if not one.can_be_deleted}
        found |= {id: ours[id] for id in _kept(aws, [one for one in ours.values() if one.can_be_deleted])}
    for one in listed.result():
        if sides[Side.PROVIDER].is_ours(one.tags) and one.id not in ids:
            found.setdefault(one.id, Stray(one.id, Side.PROVIDER, one.id, type=_type(one.id)))
    return list(found.values())


def tagged_in_ec2(aws: Aws) -> list[str]:
    """The ids of everything in EC2 with this demo's tags."""
    return [id for _, id, tags in _by_ec2(aws) if aws.is_ours(tags)]


def _by_ec2(aws: Aws) -> list[_Tagged]:
    """By DescribeTags, which returns one tag at a time."""
    tags: dict[str, dict[str, str]] = {}
    types: dict[str, str] = {}
    which: list[FilterTypeDef] = [{"Name": "key", "Values": [DEMO_TAG, ID_TAG, OWNER_TAG, RESOURCE_TAG]}]
    for page in aws.ec2.get_paginator("describe_tags").paginate(Filters=which):
        for tag in page["Tags"]:
            tags.setdefault(tag["ResourceId"], {})[tag["Key"]] = tag["Value"]
            types[tag["ResourceId"]] = tag["ResourceType"]
    return [(types[id], id, tags[id]) for id in tags]


def _by_tagging_api(aws: Aws) -> list[_Tagged]:
    """By the Resource Groups Tagging API; nothing where it is not allowed, or does not answer."""
    try:
        client = aws.clients.other("resourcegroupstaggingapi")
        pages = client.get_paginator("get_resources").paginate(TagFilters=[{"Key": DEMO_TAG, "Values": [aws.demo]}])
        return [
            (*_type_and_id(one["ResourceARN"]), {tag["Key"]: tag["Value"] for tag in one["Tags"]})
            for page in pages
            for one in page["ResourceTagMappingList"]
        ]
    except (ClientError, BotoCoreError) as error:
        if error_kind(error) is ErrorKind.SIGN_IN:
            raise
        return []


def _type_and_id(arn: str) -> tuple[str, str]:
    """EC2 names its resources by ids, other services by ARNs."""
    _, _, service, _, _, rest = arn.split(":", 5)
    type, _, id = rest.partition("/")
    return (type, id) if service == "ec2" else (type if service == "elasticloadbalancing" else service, arn)


def _kept(aws: Aws, some: Sequence[Stray]) -> Iterator[str]:
    """The ids of volumes and interfaces that exist, and that AWS does not delete with an instance."""
    volumes = [one.key for one in some if one.type == VOLUME]
    by_volume: list[FilterTypeDef] = [{"Name": "volume-id", "Values": volumes}]
    pages = aws.ec2.get_paginator("describe_volumes").paginate(Filters=by_volume) if volumes else ()
    for volume in (volume for page in pages for volume in page["Volumes"]):
        goes = any(one.get("DeleteOnTermination") for one in volume.get("Attachments", []))
        if not goes and volume["State"] not in ("deleting", "deleted"):
            yield volume["VolumeId"]
    interfaces = [one.key for one in some if one.type == INTERFACE]
    by_interface: list[FilterTypeDef] = [{"Name": "network-interface-id", "Values": interfaces}]
    more = aws.ec2.get_paginator("describe_network_interfaces").paginate(Filters=by_interface) if interfaces else ()
    for interface in (interface for page in more for interface in page["NetworkInterfaces"]):
        if not interface.get("Attachment", {}).get("DeleteOnTermination") and not is_aws_s(interface):
            yield interface["NetworkInterfaceId"]


def _type(id: str) -> str:
    """The type of a resource by its id."""
    return _PREFIXES.get(id.partition("-")[0], id.partition("-")[0])
