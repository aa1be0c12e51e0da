"""AWS's partitions: which one a region is in, and what differs between them.  botocore knows most of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

_OURS = {
    "aws": ("console.aws.amazon.com", "us-east-1"),
    "aws-cn": ("console.amazonaws.cn", "cn-northwest-1"),
    "aws-us-gov": ("console.amazonaws-us-gov.com", "us-east-1"),
    "aws-eusc": ("console.amazonaws-eusc.eu", "eusc-de-east-1"),
}
"""What botocore does not know: the console's domain, and the region whose Price List has the partition's prices.
GovCloud's are in that of the ordinary partition."""


@dataclass(frozen=True)
class Partition:
    """``name`` is as in an ARN, ``aws-cn``; ``first_region`` is one that every account has enabled.  ``console`` and
    ``price_list`` are empty for a partition that is not open to the public."""

    name: str
    dns_suffix: str
    first_region: str
    regions: frozenset[str]
    pattern: re.Pattern[str]
    console: str
    price_list: str

    @property
    def service_prefix(self) -> str:
        """The beginning of an endpoint service's name: ``com.amazonaws``, in China ``cn.com.amazonaws``."""
        return ".".join(reversed(self.dns_suffix.split(".")))


@cache
def partitions() -> tuple[Partition, ...]:
    """All of them, the ordinary one first."""
    from botocore.loaders import Loader

    known: Any = Loader().load_data("partitions")
    return tuple(
        Partition(
            one["id"],
            one["outputs"]["dnsSuffix"],
            one["outputs"]["implicitGlobalRegion"],
            frozenset(one["regions"]),
            re.compile(one["regionRegex"]),
            *_OURS.get(one["id"], ("", "")),
        )
        for one in sorted(known["partitions"], key=lambda one: one["id"] != "aws")
    )


def partition_of(region: str) -> Partition:
    """The partition of a region, also of one that is newer than botocore; the ordinary one if it is in none."""
    known = partitions()
    listed = (one for one in known if region in one.regions)
    alike = (one for one in known if one.pattern.match(region))
    return next(listed, None) or next(alike, known[0])
