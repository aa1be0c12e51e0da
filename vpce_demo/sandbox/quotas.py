"""The quotas of every account and region in the sandbox, which can be raised."""

from __future__ import annotations

from typing import NamedTuple


class Quota(NamedTuple):
    """AWS's default, its code and name in Service Quotas, and the largest that the sandbox takes."""

    default: int
    code: str
    name: str
    most: int = 1_000


QUOTAS = {
    "vpcs": Quota(5, "L-F678F1CE", "VPCs per Region"),
    "endpoints": Quota(50, "L-29B6F2EB", "Interface VPC endpoints per VPC"),
    "gateway-endpoints": Quota(20, "L-1B52E74A", "Gateway VPC endpoints per Region"),
}
"""By the name that ``sandbox start --quota`` takes.  Internet gateways follow the VPCs (``aws-behaviours.md`` section
6)."""


def defaults() -> dict[str, int]:
    return {name: quota.default for name, quota in QUOTAS.items()}


def is_quota(name: str, value: object) -> bool:
    """True if the sandbox has this quota and takes this value."""
    return name in QUOTAS and isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= QUOTAS[name].most
