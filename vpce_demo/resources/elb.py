"""How resources of Elastic Load Balancing are found: its describe calls cannot filter by tag, but names are unique in a
region.

They are asked for by name and by the recorded ARN, so that it does not matter how many others the account has.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from ..aws.error_codes import ErrorKind, error_kind
from ..engine.resource import Aws, Resource
from ..model import Held, Live, Phase
from .tagging_api import by_tagging_api

TAGS_A_CALL = 20
"""The most ARNs that DescribeTags accepts (Elastic Load Balancing v2 API reference)."""
T = TypeVar("T")


@dataclass(frozen=True)
class Balanced:
    """A load balancer or target group, as a describe call lists it."""

    arn: str
    name: str
    live: Live
    described: Mapping[str, Any]


Tagged = tuple[Balanced, dict[str, str]]
"""One of them with its tags."""


@dataclass(frozen=True)
class NamedListing:
    """A describe call that lists load balancers or target groups: all, or those with certain names or ARNs.

    ``pages`` makes the call with the parameters given; ``arns_parameter`` is the name of its parameter for ARNs, and
    ``arn_type`` the type of resource in these.
    """

    pages: Callable[[Aws, Mapping[str, Any]], Iterator[Balanced]]
    arns_parameter: str
    arn_type: str

    def all(self, aws: Aws) -> list[Balanced]:
        return list(self.pages(aws, {}))

    def named(self, aws: Aws, name: str) -> list[Balanced]:
        """The one with this name, if there is one."""
        return without_missing(lambda names: self.pages(aws, {"Names": names}), [name])

    def with_arns(self, aws: Aws, arns: Iterable[str]) -> list[Balanced]:
        """Those of these that exist.  ARNs of another type are left out."""
        ours = [arn for arn in arns if arn.startswith("arn:") and f":{self.arn_type}/" in arn]
        return [
            one
            for first in range(0, len(ours), TAGS_A_CALL)
            for one in without_missing(
                lambda some: self.pages(aws, {self.arns_parameter: some}), ours[first : first + TAGS_A_CALL]
            )
        ]


def find_named(
    aws: Aws,
    resource: Resource,
    listing: NamedListing,
    held: Callable[[Mapping[str, Any]], Iterator[Held]],
) -> Iterator[Live]:
    """Yield what has this resource's tags or its recorded ARN; or, as FOREIGN, what only has its name.

    ``held`` returns the fields of an item.  A known one is asked for by its ARN alone, without its tags.  If neither
    the name nor the record leads to it, it is looked for by its tags: the names may have been others, and the record
    lost.
    """
    if resource.key in aws.known:
        arn = aws.id(resource)
        for one in aws.shared((listing, arn), lambda: list(listing.pages(aws, {listing.arns_parameter: [arn]}))):
            yield replace(one.live, held=tuple(held(one.described)))
        return
    record = aws.records().get(resource.key)
    recorded = record.id if record else ""

    def ask() -> list[Tagged]:
        named = listing.named(aws, resource.name)
        further = [arn for arn in (recorded,) if arn not in {one.arn for one in named}]
        return _with_tags(aws, [*named, *listing.with_arns(aws, further)])

    def is_mine(one: Balanced, tags: Mapping[str, str]) -> bool:
        return aws.is_mine(resource, tags) or bool(
            record and one.arn == recorded and aws.is_proven(resource, tags, one.described, record)
        )

    found: list[Tagged] = aws.shared((listing, resource.name, recorded), ask)
    mine = [(one, tags) for one, tags in found if is_mine(one, tags)]
    if not mine:
        others = listed_by_tags(aws, listing, without=frozenset(one.arn for one, _ in found))
        mine = [(one, tags) for one, tags in others if is_mine(one, tags)]
    for one, tags in mine:
        yield replace(one.live, held=aws.held(resource, tags, *held(one.described)))
    for one, tags in found:
        if one.name == resource.name and (one, tags) not in mine:
            yield replace(one.live, phase=Phase.FOREIGN, why=aws.whose("it has the name, and is one", tags))


def attributes(aws: Aws, arn: str, ask: Callable[[], Mapping[str, Any]]) -> dict[str, str]:
    """The attributes in the answer of DescribeLoadBalancerAttributes or DescribeTargetGroupAttributes, by key."""
    return {one["Key"]: one.get("Value", "") for one in aws.shared(("attributes", arn), ask)["Attributes"]}


def listed_by_tags(aws: Aws, listing: NamedListing, without: Collection[str] = frozenset()) -> list[Tagged]:
    """What may have the demo's tags, with the tags it has now; ``without`` those ARNs, which are known already.

    The Resource Groups Tagging API and the state file give the ARNs.  Where that API is not allowed, everything in the
    account is listed, and all its tags are read.
    """

    def ask() -> list[Tagged]:
        by_tag = by_tagging_api(aws)
        if by_tag is None:
            return _with_tags(aws, [one for one in listing.all(aws) if one.arn not in without])
        arns = {*by_tag, *(record.id for record in aws.records().values())}
        return _with_tags(aws, listing.with_arns(aws, sorted(arns.difference(without))))

    tagged: list[Tagged] = aws.shared((listing, "by tags", frozenset(without)), ask)
    return tagged


def _with_tags(aws: Aws, listed: list[Balanced]) -> list[Tagged]:
    """These with their tags; without what was deleted since it was listed."""
    tags = tags_by_arn(aws, [one.arn for one in listed])
    return [(one, tags[one.arn]) for one in listed if one.arn in tags]


def tags_by_arn(aws: Aws, arns: list[str]) -> dict[str, dict[str, str]]:
    """Tags by ARN, without those deleted since they were listed."""
    tags: dict[str, dict[str, str]] = {}
    for first in range(0, len(arns), TAGS_A_CALL):
        for one in without_missing(
            lambda some: aws.elb.describe_tags(ResourceArns=some)["TagDescriptions"], arns[first : first + TAGS_A_CALL]
        ):
            tags[one["ResourceArn"]] = {tag["Key"]: tag.get("Value", "") for tag in one.get("Tags", [])}
    return tags


def without_missing(ask: Callable[[list[str]], Iterable[T]], wanted: list[str]) -> list[T]:
    """What AWS answers about these names or ARNs: one that does not exist makes the call fail for all of them."""
    try:
        return list(ask(wanted))
    except ClientError as error:
        if error_kind(error) is not ErrorKind.MISSING:
            raise
    middle = len(wanted) // 2
    halves = (wanted[:middle], wanted[middle:]) if middle else ()
    return [one for half in halves for one in without_missing(ask, half)]
