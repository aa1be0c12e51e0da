"""The prefix lists that AWS manages: their ids, and the addresses of what has gateway endpoints.

The ids are AWS's own where they are known (``aws-behaviours-2.md`` section 4.3), and always the same elsewhere.  The
addresses of S3 and DynamoDB are the sandbox's: of the range for benchmarks (RFC 2544), in which nobody on the internet
answers, and others in each region, since a gateway endpoint leads to those of its own region only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from moto.ec2.models.managed_prefixes import ManagedPrefixListBackend

from .moto import regions

OWNER = "AWS"
"""Whose lists they are, in AWS's answers."""

IDS: Mapping[str, Mapping[str, str]] = {
    "s3": {
        "us-east-1": "pl-63a5400a",
        "us-east-2": "pl-7ba54012",
        "us-west-1": "pl-6ba54002",
        "us-west-2": "pl-68a54001",
        "eu-west-1": "pl-6da54004",
        "eu-west-2": "pl-7ca54015",
        "eu-central-1": "pl-6ea54007",
        "ap-northeast-1": "pl-61a54008",
        "ap-northeast-2": "pl-78a54011",
        "ap-south-1": "pl-78a54011",
        "ap-southeast-1": "pl-6fa54006",
        "ap-southeast-2": "pl-6ca54005",
        "sa-east-1": "pl-6aa54003",
    },
    "dynamodb": {
        "us-east-1": "pl-02cd2c6b",
        "us-west-2": "pl-00a54069",
        "ap-northeast-1": "pl-78a54011",
    },
}
"""By service and region."""
RANGES = {"s3": "198.18.{}.0/24", "dynamodb": "198.19.{}.0/24"}
"""The addresses of a service; the number is the region's."""


def id_of(name: str, region: str) -> str:
    """The id of the list with this name, such as ``com.amazonaws.us-east-1.s3``, in a region."""
    known = IDS.get(_service(name, region), {}).get(region)
    return known or "pl-" + hashlib.sha256(f"{region}/{name}".encode()).hexdigest()[:8]


def cidrs_of(name: str, region: str) -> list[str]:
    """The ranges of addresses of the list with this name; none of what has no gateway endpoints."""
    ranges = RANGES.get(_service(name, region))
    return [ranges.format(sorted(regions()).index(region))] if ranges else []


def _service(name: str, region: str) -> str:
    return name.removeprefix(f"com.amazonaws.{region}.")


def cidrs_in(prefix_list: Any) -> list[str]:
    """The ranges of one of moto's prefix lists, as it is now."""
    return [one["Cidr"] for entries in list(prefix_list.entries.values())[-1:] for one in entries]


def _make(self: Any, name: str, address_family: str, entries: list[dict[str, str]]) -> None:
    """Moto's own method, but for the id and, for S3 and DynamoDB, the addresses."""
    region = self.region_name
    ours = [{"Cidr": cidr} for cidr in cidrs_of(name, region)]
    made = self.create_managed_prefix_list(address_family, ours or entries, prefix_list_name=name, owner_id=OWNER)
    del self.managed_prefix_lists[made.id]
    made.id = id_of(name, region)
    made.prefix_list_arn = made.arn(region, OWNER.lower())
    made.version = made.max_entries = None
    self.managed_prefix_lists[made.id] = made


# Moto gives these lists random ids, and the addresses of one region everywhere.
setattr(ManagedPrefixListBackend, "_create_aws_managed_prefix_list", _make)  # noqa: B010
