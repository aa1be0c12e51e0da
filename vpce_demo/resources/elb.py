"""How resources of Elastic Load Balancing are found: its describe calls cannot filter by tag, and names are unique."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from ..aws.error_codes import ErrorKind, error_kind
from ..engine.resource import Aws, Resource
from ..model import Held, Live, Phase

TAGS_A_CALL = 20
"""The most ARNs that DescribeTags accepts (Elastic Load Balancing v2 API reference)."""


@dataclass(frozen=True)
class Balanced:
    """A load balancer or target group, as a describe call lists it."""

    arn: str
    name: str
    live: Live
    described: Mapping[str, Any]


Pages = Callable[[Aws, list[str]], Iterator[Balanced]]
"""Lists the items with these ARNs, or all."""


def find_named(
    aws: Aws,
    resource: Resource,
    pages: Pages,
    held: Callable[[Mapping[str, Any]], Iterator[Held]],
) -> Iterator[Live]:
    """Yield what has this resource's tags or its recorded ARN; or, as FOREIGN, what only has its name.

    ``held`` returns the fields of an item.  A known one is asked for by its ARN alone, without its tags.
    """
    if resource.key in aws.known:
        arn = aws.id(resource)
        for one in aws.shared((pages, arn), lambda: list(pages(aws, [arn]))):
            yield replace(one.live, held=tuple(held(one.described)))
        return
    record = aws.records().get(resource.key)
    for one, tags in listed_with_tags(aws, pages):
        if aws.is_mine(resource, tags) or (
            record and one.arn == record.id and aws.is_proven(resource, tags, one.described, record)
        ):
            yield replace(one.live, held=aws.held(resource, tags, *held(one.described)))
        elif one.name == resource.name:
            yield replace(one.live, phase=Phase.FOREIGN, why=aws.whose("it has the name, and is one", tags))


def attributes(aws: Aws, arn: str, ask: Callable[[], Mapping[str, Any]]) -> dict[str, str]:
    """The attributes in the answer of DescribeLoadBalancerAttributes or DescribeTargetGroupAttributes, by key."""
    return {one["Key"]: one.get("Value", "") for one in aws.shared(("attributes", arn), ask)["Attributes"]}


def listed_with_tags(aws: Aws, pages: Pages) -> list[tuple[Balanced, dict[str, str]]]:
    """Everything in the account, with its tags; without what was deleted since it was listed."""
    listed: list[Balanced] = aws.shared(pages, lambda: list(pages(aws, [])))
    tags: dict[str, dict[str, str]] = aws.shared((pages, "tags"), lambda: tags_by_arn(aws, [one.arn for one in listed]))
    return [(one, tags[one.arn]) for one in listed if one.arn in tags]


def tags_by_arn(aws: Aws, arns: list[str]) -> dict[str, dict[str, str]]:
    """Tags by ARN, without those deleted since they were listed."""
    tags: dict[str, dict[str, str]] = {}
    for first in range(0, len(arns), TAGS_A_CALL):
        tags |= _tags_in_one_call(aws, arns[first : first + TAGS_A_CALL])
    return tags


def _tags_in_one_call(aws: Aws, arns: list[str]) -> dict[str, dict[str, str]]:
    try:
        described = aws.elb.describe_tags(ResourceArns=arns)["TagDescriptions"]
    except ClientError as error:
        if error_kind(error) is not ErrorKind.MISSING:
            raise
        # One ARN that somebody has just deleted makes the call fail for all of them.
        middle = len(arns) // 2
        halves = (arns[:middle], arns[middle:]) if middle else ()
        return {arn: tags for half in halves for arn, tags in _tags_in_one_call(aws, half).items()}
    return {one["ResourceArn"]: {tag["Key"]: tag.get("Value", "") for tag in one.get("Tags", [])} for one in described}
