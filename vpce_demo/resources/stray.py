"""What carries the demo's tags beside the tutorial's resources: volumes and interfaces that outlive their instance, and
whatever else somebody gave the tags to."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..aws.clients import CALLS_AT_ONCE
from ..aws.tags import DEMO_TAG, ID_TAG, OWNER_TAG, RESOURCE_TAG
from ..config.model import EXPIRES_TAG
from ..engine.resource import Aws, Resource
from ..model import Holder, Live, Phase, Side
from .by_tag import tagged
from .holders import attached_interface, attached_volume, holding, is_aws_s
from .tagging_api import by_tagging_api

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef

VOLUME, INTERFACE = "volume", "network-interface"
_LISTED = {
    *("instance", "vpc", "internet-gateway", "subnet", "route-table", "key-pair", "security-group", "vpc-endpoint"),
    *("vpc-endpoint-service", "loadbalancer", "targetgroup", "listener", VOLUME, INTERFACE),
}
"""Types that ``tagged`` lists, and those that go with them."""
_PREFIXES = {
    "i": "instance",
    "sg": "security-group",
    "rtb": "route-table",
    "igw": "internet-gateway",
    "vol": VOLUME,
    "eni": INTERFACE,
    "key": "key-pair",
    "vpce": "vpc-endpoint",
    "vpce-svc": "vpc-endpoint-service",
}
OF_STRAY = {VOLUME: (attached_volume,), INTERFACE: (attached_interface,)}
_Tagged = tuple[str, str, Mapping[str, str]]
"""Type, id and tags."""


@dataclass(frozen=True, eq=False)
class Stray(Resource):
    """One such thing: found and deleted as a resource is, and never created.  ``key`` and ``name`` are its id or ARN;
    ``type`` is AWS's name for what it is, ``of`` the key of the resource that its tags name, or else the id of the
    instance that left it."""

    type: str
    of: str = ""

    usual_delete_seconds = 1.0

    @property
    def kind(self) -> str:
        return self.type

    @property
    def noun(self) -> str:
        return self.type.replace("-", " ")

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

    def held_by(self, aws: Aws, live: Live) -> Iterator[Holder]:
        if self.type in OF_STRAY:
            yield from holding(aws, live.id, OF_STRAY[self.type])

    def create(self, aws: Aws) -> Live:
        raise NotImplementedError("the demo makes none of these by itself")

    def delete(self, aws: Aws, live: Live) -> None:
        if self.type == VOLUME:
            aws.ec2.delete_volume(VolumeId=self.key)
        else:
            aws.ec2.delete_network_interface(NetworkInterfaceId=self.key)


def _phase(word: str) -> Phase:
    return Phase.READY if word == "in-use" else Phase.of(word)


def strays(
    sides: Mapping[str, Aws], known: Mapping[str, str], ids: Collection[str], moment: float | None = None
) -> list[Stray]:
    """Everything of this demo that is none of its resources and does not go with one.

    ``known`` gives the parties of its resources by key, ``ids`` are those that exist, as of this ``moment``.  What the
    demo's instances were created with, and do not take along, is the demo's without tags too.  The lists of the kinds
    and EC2's DescribeTags are asked, and the Resource Groups Tagging API, which knows all services but lags, where that
    is allowed.
    """
    since = time.monotonic() if moment is None else moment
    sides = {side: aws.fresh_after(since) for side, aws in sides.items()}
    each = {id(aws.clients): (party, aws) for party, aws in reversed(sides.items())}
    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        listed = pool.submit(tagged, sides, since, ids)
        asked = [
            (
                side,
                aws,
                pool.submit(_by_ec2, aws),
                pool.submit(_by_tagging_api, aws),
                pool.submit(left_by_instances, aws, ids),
            )
            for side, aws in each.values()
        ]
    found: dict[str, Stray] = {}
    any_side = next(iter(sides.values()))
    for side, aws, by_ec2, by_api, kept in asked:
        for type, id_, tags in (*by_api.result(), *by_ec2.result()):
            if aws.is_ours(tags) and type not in _LISTED:
                of = tags.get(RESOURCE_TAG, "")
                found[id_] = Stray(id_, known.get(of, side), id_, type=type, of=of)
        found |= {id_: Stray(id_, side, id_, type=_type(id_), of=of) for id_, of in kept.result().items()}
    for one in listed.result():
        if any_side.is_ours(one.tags) and one.id not in ids and not _goes_with_another(one.item, ids):
            of = one.tags.get(RESOURCE_TAG, "")
            found[one.id] = Stray(one.id, known.get(of, one.party), one.id, type=_type(one.id), of=of)
    return list(found.values())


def _goes_with_another(item: Mapping[str, Any], ids: Collection[str]) -> bool:
    """True for a volume or interface that AWS deletes with one of the demo's instances, or manages by itself."""
    attached = [*item.get("Attachments", []), item.get("Attachment") or {}] if "VolumeId" in item else []
    if "NetworkInterfaceId" in item and "Attachment" in item:
        attached = [item["Attachment"]]
    goes = any(one.get("DeleteOnTermination") and one.get("InstanceId") in ids for one in attached)
    return goes or ("NetworkInterfaceId" in item and is_aws_s(item))


def left_by_instances(aws: Aws, ids: Collection[str]) -> dict[str, str]:
    """The root volumes and first interfaces of these instances that outlive them, each with its instance."""
    if not (instances := [id for id in ids if id.startswith("i-") and ":" not in id]):
        return {}
    which: list[FilterTypeDef] = [{"Name": "instance-id", "Values": instances}]
    kept = {}
    for page in aws.ec2.get_paginator("describe_instances").paginate(Filters=which):
        for instance in (one for reservation in page["Reservations"] for one in reservation["Instances"]):
            for device in instance.get("BlockDeviceMappings", []):
                if device.get("DeviceName") == instance.get("RootDeviceName") and not device["Ebs"].get(
                    "DeleteOnTermination"
                ):
                    kept[device["Ebs"]["VolumeId"]] = instance["InstanceId"]
            for interface in instance.get("NetworkInterfaces", []):
                attachment = interface.get("Attachment", {})
                if attachment.get("DeviceIndex") == 0 and not attachment.get("DeleteOnTermination"):
                    kept[interface["NetworkInterfaceId"]] = instance["InstanceId"]
    return kept


def tagged_in_ec2(aws: Aws) -> list[str]:
    """The ids of everything in EC2 with this demo's tags."""
    return [id for _, id, tags in _by_ec2(aws) if aws.is_ours(tags)]


def other_demos(sides: Mapping[str, Aws]) -> list[str]:
    """The names of the other demos in these accounts and regions, from one call that ``strays`` may have made already.

    A demo of which only terminated instances are listed is none any more."""
    ours = sides[Side.PROVIDER].demo
    tagged = [one for aws in {id(aws.clients): aws for aws in sides.values()}.values() for one in _by_ec2(aws)]
    names = {tags[DEMO_TAG] for type, _, tags in tagged if DEMO_TAG in tags and type != "instance"}
    return sorted(names - {ours})


def tagged_of_all(aws: Aws) -> list[_Tagged]:
    """Everything that any demo has in this account and region; what is not EC2's where the tagging API is allowed."""
    others = by_tagging_api(aws, of_all=True) or {}
    return [*_by_ec2(aws), *((*_type_and_id(arn), tags) for arn, tags in others.items() if ":ec2:" not in arn)]


def _by_ec2(aws: Aws) -> list[_Tagged]:
    """By DescribeTags, which returns one tag at a time."""
    found: list[_Tagged] = aws.shared("tags", lambda: _described_tags(aws))
    return found


def _described_tags(aws: Aws) -> list[_Tagged]:
    tags: dict[str, dict[str, str]] = {}
    types: dict[str, str] = {}
    which: list[FilterTypeDef] = [{"Name": "key", "Values": [DEMO_TAG, ID_TAG, OWNER_TAG, RESOURCE_TAG, EXPIRES_TAG]}]
    for page in aws.ec2.get_paginator("describe_tags").paginate(Filters=which):
        for tag in page["Tags"]:
            tags.setdefault(tag["ResourceId"], {})[tag["Key"]] = tag["Value"]
            types[tag["ResourceId"]] = tag["ResourceType"]
    return [(types[id], id, tags[id]) for id in tags]


def _by_tagging_api(aws: Aws) -> list[_Tagged]:
    """By the Resource Groups Tagging API; nothing where it is not allowed, or does not answer."""
    return [(*_type_and_id(arn), tags) for arn, tags in (by_tagging_api(aws) or {}).items()]


def _type_and_id(arn: str) -> tuple[str, str]:
    """EC2 names its resources by ids, other services by ARNs."""
    _, _, service, _, _, rest = arn.split(":", 5)
    type, _, id = rest.partition("/")
    return (type, id) if service == "ec2" else (type if service == "elasticloadbalancing" else service, arn)


def _type(id: str) -> str:
    """The type of a resource by its id or ARN."""
    if id.startswith("arn:"):
        return _type_and_id(id)[0]
    front = id.rpartition("-")[0]
    return _PREFIXES.get(front, front)
