"""Everything of a demo's name that the describe calls of its kinds list, by its tags alone."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ..aws.clients import CALLS_AT_ONCE
from ..aws.tags import DEMO_TAG, tags_of
from ..engine.resource import Aws, Listing, state_word
from ..model import Phase, Side
from .elb import listed_by_tags
from .endpoint_service import SERVICES
from .instance import INSTANCES
from .internet_gateway import GATEWAYS
from .key_pair import KEY_PAIRS
from .load_balancer import LOAD_BALANCERS
from .route_table import ROUTE_TABLES
from .security_group import GROUPS
from .subnet import SUBNETS
from .target_group import TARGET_GROUPS
from .vpc import VPCS
from .vpc_endpoint import ENDPOINTS

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import NetworkInterfaceTypeDef, VolumeTypeDef


def _volumes(aws: Aws, which: Mapping[str, Any]) -> Iterator[VolumeTypeDef]:
    for page in aws.ec2.get_paginator("describe_volumes").paginate(**which):
        yield from page["Volumes"]


def _interfaces(aws: Aws, which: Mapping[str, Any]) -> Iterator[NetworkInterfaceTypeDef]:
    for page in aws.ec2.get_paginator("describe_network_interfaces").paginate(**which):
        yield from page["NetworkInterfaces"]


VOLUMES = Listing(_volumes, "VolumeIds")
INTERFACES = Listing(_interfaces, "NetworkInterfaceIds")
_BOTH: tuple[Listing[Any], ...] = (
    *(VPCS, GATEWAYS, SUBNETS, ROUTE_TABLES, KEY_PAIRS, GROUPS, INSTANCES),
    *(VOLUMES, INTERFACES),
)
LISTINGS: Mapping[Side, tuple[Listing[Any], ...]] = {
    Side.PROVIDER: (*_BOTH, SERVICES),
    Side.CONSUMER: (*_BOTH, ENDPOINTS),
}
"""What each side's resources are found with, besides the calls of Elastic Load Balancing."""
_WHEN = ("LaunchTime", "CreateTime", "CreationTimestamp", "CreatedTime")


class Tagged(NamedTuple):
    """One thing that has the tag with the demo's name: its id or ARN, its tags, when AWS created it if AWS says so, and
    how AWS describes it."""

    id: str
    tags: Mapping[str, str]
    created: datetime | None
    item: Mapping[str, Any]
    party: str
    """Whose clients listed it (``Resource.party``)."""


def tagged(
    sides: Mapping[str, Aws], moment: float | None = None, without: Collection[str] = frozenset()
) -> list[Tagged]:
    """Everything that has the demo's name in its tags and exists, of whatever demo, id and maker.

    On these ``sides``: of one alone nothing is asked that only the other one lists.  As AWS lists it now, or has listed
    it since this monotonic ``moment``.  Load balancers and target groups ``without`` these ids; and, where the Resource
    Groups Tagging API is allowed, without those that are so new that it does not list them, if they are not on record
    either.
    """
    since = time.monotonic() if moment is None else moment
    sides = {side: aws.fresh_after(since) for side, aws in sides.items()}
    parties = {id(aws.clients): party for party, aws in reversed(sides.items())}
    asked = {
        (id(aws.clients), listing): (aws, listing)
        for party, aws in sides.items()
        for listing in LISTINGS[Side.of(party)]
    }
    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        balanced = [
            pool.submit(listed_by_tags, sides[Side.PROVIDER], listing, without)
            for listing in (LOAD_BALANCERS, TARGET_GROUPS)
            if Side.PROVIDER in sides
        ]
        found = list(pool.map(lambda one: [(one[1], item) for item in one[0].listed(one[1])], asked.values()))
    items = [
        (listing.id(item), tags_of(item), item, parties[whose])
        for (whose, _), group in zip(asked, found, strict=True)
        for listing, item in group
    ]
    items += [(one.arn, tags, one.described, Side.PROVIDER) for group in balanced for one, tags in group.result()]
    demo = next(iter(sides.values())).demo
    return [
        Tagged(id, tags, next((item[name] for name in _WHEN if item.get(name)), None), item, party)
        for id, tags, item, party in items
        if tags.get(DEMO_TAG) == demo and Phase.of(state_word(item)) not in (Phase.DELETING, Phase.GONE)
    ]
