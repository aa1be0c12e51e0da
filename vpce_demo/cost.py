"""What the demo costs an hour, from AWS's on-demand prices.  Money is decimal, never float."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from .model import Resource

AS_OF = "2026-09-25"
"""When the prices were last compared with their sources (aws-behaviours.md section 8)."""

HOURLY: dict[str, dict[str, Decimal]] = {
    "us-east-1": {
        "VpcEndpoint": Decimal("0.01"),
        "LoadBalancer": Decimal("0.0225"),
        "t3.micro": Decimal("0.0104"),
        "public IPv4": Decimal("0.005"),
    },
    "ap-northeast-1": {
        "VpcEndpoint": Decimal("0.014"),
        "LoadBalancer": Decimal("0.0243"),
        "t3.micro": Decimal("0.0136"),
        "public IPv4": Decimal("0.005"),
    },
}
"""USD an hour, by region and kind.  Not in it: traffic, load balancer capacity units, volumes (cents a day)."""

HOURS_A_MONTH = Decimal(730)
"""As AWS's own calculator counts."""

_BESIDE = {
    ("endpoint-gb", "us-east-1"): Decimal("0.01"),
    ("endpoint-gb", "ap-northeast-1"): Decimal("0.01"),
    ("nat-hour", "us-east-1"): Decimal("0.045"),
    ("nat-hour", "ap-northeast-1"): Decimal("0.062"),
    ("nat-gb", "us-east-1"): Decimal("0.045"),
    ("nat-gb", "ap-northeast-1"): Decimal("0.062"),
}
_KINDS = {
    "endpoint-hour": "VpcEndpoint",
    "load-balancer-hour": "LoadBalancer",
    "instance-hour t3.micro": "t3.micro",
    "ipv4-hour": "public IPv4",
}


class Price(NamedTuple):
    """A price in US dollars, and when it was last compared with its sources."""

    usd: Decimal
    date: str


def price(item: str, region: str) -> Price | None:
    """One price; None where it is not known."""
    usd = _BESIDE.get((item, region)) or HOURLY.get(region, {}).get(_KINDS.get(item, ""))
    return Price(usd, AS_OF) if usd is not None else None


_PUBLIC_ADDRESSES = {"Instance": 1, "LoadBalancer": 1}


def hourly(resources: Iterable[Resource], region: str) -> Decimal | None:
    """What these resources cost an hour in USD; None where a price of theirs is not known here."""
    prices = HOURLY.get(region)
    if prices is None:
        return None
    total = Decimal(0)
    for r in resources:
        name = getattr(r, "type", "") if r.kind == "Instance" else r.kind
        if r.kind in ("Instance", "LoadBalancer", "VpcEndpoint"):
            if name not in prices:
                return None
            total += prices[name] + _PUBLIC_ADDRESSES.get(r.kind, 0) * prices["public IPv4"]
    return total


def said(amount: Decimal | None) -> str:
    """``about $0.07 an hour ($1.66 a day)``."""
    if amount is None:
        return "an amount whose prices are not known for this region"
    return f"about ${amount:.2f} an hour (${amount * 24:.2f} a day)"
