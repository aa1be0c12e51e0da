"""What the demo costs on AWS: the billed parts of each resource, an hour and so far.  Money is decimal, never float.

How AWS counts time (its pricing pages for Elastic Load Balancing, PrivateLink, EC2, EBS and VPC):
a begun hour of a load balancer or an endpoint is a full hour; an instance, a volume and a public address are billed by
the second, and for a minute at least.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from ..engine.resource import Resource
from .prices.table import Price, table

HOURS_A_MONTH = Decimal(730)
"""As AWS's own calculator counts: what a GB-month is worth an hour."""
ROOT_VOLUME_GB = Decimal(8)
"""The volume of Amazon Linux 2023's images, gp3: the instances ask for no size of their own."""


@dataclass(frozen=True)
class Part:
    """One thing that AWS bills.  ``item`` is its name in the table of prices, and says per what the price is."""

    name: str
    item: str
    quantity: Decimal = Decimal(1)
    unit: str = ""
    full_hours: bool = False
    """Whether a begun hour is billed as a full one; otherwise it goes by the second."""

    @property
    def per(self) -> str:
        """What one price is for: ``hour`` or ``GB-month``."""
        return "GB-month" if self.item.endswith("gb-month") else "hour"

    def hourly(self, price: Price) -> Decimal:
        """US dollars an hour."""
        return price.usd * self.quantity / (HOURS_A_MONTH if self.per == "GB-month" else 1)

    def billed_hours(self, seconds: int) -> Decimal:
        """So many hours AWS bills for this age."""
        if self.full_hours:
            return Decimal(max(1, -(-seconds // 3600)))
        return Decimal(max(60, seconds)) / 3600


ADDRESS = Part("public IPv4 address", "ipv4-hour")
_LOAD_BALANCER = Part("Network Load Balancer", "load-balancer-hour", full_hours=True)
_ENDPOINT = Part("interface endpoint", "endpoint-hour", unit="zone", full_hours=True)
_VOLUME = Part("root volume, gp3", "gp3-gb-month", ROOT_VOLUME_GB, "GB")


def parts(resource: Resource) -> tuple[Part, ...]:
    """What AWS bills for it while it stands; nothing for most kinds.  Traffic comes on top (``traffic``)."""
    match resource.kind:
        case "Instance":
            type = getattr(resource, "type", "")
            return Part(f"{type} instance", f"instance-hour {type}"), _VOLUME, ADDRESS
        case "LoadBalancer":
            return _LOAD_BALANCER, ADDRESS  # one zone, and an address in each
        case "VpcEndpoint":
            return (_ENDPOINT,)
        case _:
            return ()


@dataclass(frozen=True)
class BillLine:
    """All parts of one kind together: a line of the bill.

    ``price`` is None where it is not known for the region; ``so_far`` where that or an age is not known.
    """

    part: Part
    price: Price | None
    so_far: Decimal | None

    @property
    def hourly(self) -> Decimal | None:
        return self.part.hourly(self.price) if self.price else None


def bill(resources: Iterable[Resource], region: str, ages: Mapping[str, int] | None = None) -> list[BillLine]:
    """The lines for these resources.  ``ages`` are seconds since each was made, by key, where that is known."""
    prices = table()
    lines: dict[str, BillLine] = {}
    for resource in resources:
        age = (ages or {}).get(resource.key)
        for part in parts(resource):
            price = prices.get((part.item, region))
            so_far = None if age is None or price is None else part.hourly(price) * part.billed_hours(age)
            if before := lines.get(part.item):
                whole = Part(part.name, part.item, before.part.quantity + part.quantity, part.unit, part.full_hours)
                lines[part.item] = BillLine(whole, price, _sum((before.so_far, so_far)))
            else:
                lines[part.item] = BillLine(part, price, so_far)
    return list(lines.values())


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum; None as soon as one is not known."""
    total = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


def hourly(resources: Iterable[Resource], region: str) -> Decimal | None:
    """What these resources cost an hour in USD; None where a price of theirs is not known here."""
    return _sum(line.hourly for line in bill(resources, region))


def so_far(resources: Iterable[Resource], region: str, ages: Mapping[str, int]) -> Decimal | None:
    """What these have cost since they were made, in USD; None where a price or an age of theirs is not known."""
    return _sum(line.so_far for line in bill(resources, region, ages))


def as_of(resources: Iterable[Resource], region: str) -> str:
    """When the prices of these were read: ``2026-09-29``, ``2025-03-02 to 2026-09-29``; empty where none is known."""
    return between(line.price for line in bill(resources, region))


def between(prices: Iterable[Price | None]) -> str:
    """The days of these prices, from the oldest to the newest."""
    dates = sorted({price.date for price in prices if price})
    return " to ".join(dict.fromkeys((dates[0], dates[-1]))) if dates else ""


def said(amount: Decimal | None) -> str:
    """``about $0.07 an hour ($1.66 a day)``."""
    if amount is None:
        return "an amount whose prices are not known for this region"
    return f"about ${amount:.2f} an hour (${amount * 24:.2f} a day)"


def price(item: str, region: str) -> Price | None:
    """One price, for what is not billed by the resource: traffic, or a NAT gateway to compare with."""
    return table().get((item, region))
