"""What the demo costs on AWS, per hour and so far: the billed parts of each resource.  Money is Decimal, never float.

How AWS counts time (its pricing pages for Elastic Load Balancing, PrivateLink, EC2, EBS and VPC):
a begun hour of a load balancer or an endpoint is a full hour; an instance, a volume and a public address are billed by
the second, and for a minute at least.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from ..engine.resource import Resource
from ..model import Side
from .prices.table import Price, table

Regions = Mapping[Side, str]
"""The region of each side: where it is billed."""
TOKYO = "ap-northeast-1"
"""The region of the tutorial's own comparison with a NAT gateway."""
HOURS_A_MONTH = Decimal(730)
"""As AWS's calculator counts: a GB-month as GB-hours."""
ROOT_VOLUME_GB = Decimal(8)
"""The volume of Amazon Linux 2023's images, gp3: the instances ask for no size of their own."""


@dataclass(frozen=True)
class BilledPart:
    """One part of a resource that AWS bills.  ``item`` is its name in the table of prices, with the unit."""

    name: str
    item: str
    quantity: Decimal = Decimal(1)
    unit: str = ""
    full_hours: bool = False
    """True if a started hour is billed as a full hour; otherwise it is billed by the second."""

    @property
    def per(self) -> str:
        """The unit of the price: ``hour`` or ``GB-month``."""
        return "GB-month" if self.item.endswith("gb-month") else "hour"

    def hourly(self, price: Price) -> Decimal:
        """US dollars an hour."""
        return price.usd * self.quantity / (HOURS_A_MONTH if self.per == "GB-month" else 1)

    def billed_hours(self, seconds: int) -> Decimal:
        """The hours that AWS bills for this age."""
        if self.full_hours:
            return Decimal(max(1, -(-seconds // 3600)))
        return Decimal(max(60, seconds)) / 3600


ADDRESS = BilledPart("public IPv4 address", "ipv4-hour")
_LOAD_BALANCER = BilledPart("Network Load Balancer", "load-balancer-hour", full_hours=True)
_ENDPOINT = BilledPart("interface endpoint", "endpoint-hour", unit="zone", full_hours=True)
_REMOTE_REGION = BilledPart("supported region", "remote-region-hour", full_hours=True)
"""Another region from which a service can be reached.  That a begun hour is a full one is assumed."""
_VOLUME = BilledPart("root volume, gp3", "gp3-gb-month", ROOT_VOLUME_GB, "GB")


def billed_parts(resource: Resource) -> tuple[BilledPart, ...]:
    """What AWS bills for it while it exists; nothing for most kinds.  Traffic is billed in addition (``traffic``)."""
    match resource.kind:
        case "volume":
            return (_VOLUME,)
        case "Instance":
            type = getattr(resource, "type", "")
            address = (ADDRESS,) if getattr(resource, "is_public", True) else ()
            return BilledPart(f"{type} instance", f"instance-hour {type}"), _VOLUME, *address
        case "LoadBalancer":
            zones = len(getattr(resource, "subnets", "1"))
            return _LOAD_BALANCER, replace(ADDRESS, quantity=Decimal(zones))  # an address in each
        case "EndpointService" if getattr(resource, "consumer_region", ""):
            return (_REMOTE_REGION,)
        case "VpcEndpoint" | "InterfaceEndpoint":
            return (_ENDPOINT,)
        case _:
            return ()


@dataclass(frozen=True)
class BillLine:
    """A line of the bill: all parts of one kind.

    ``price`` is None if it is not known for the ``region``; ``so_far`` if that or an age is not known.
    """

    part: BilledPart
    price: Price | None
    so_far: Decimal | None
    region: str

    @property
    def hourly(self) -> Decimal | None:
        return self.part.hourly(self.price) if self.price else None


def bill(resources: Iterable[Resource], regions: Regions, ages: Mapping[str, int] | None = None) -> list[BillLine]:
    """The lines for these resources, region by region.  ``ages`` are seconds since each was created, by key, if
    known."""
    prices = table()
    lines: dict[tuple[str, str], BillLine] = {}
    for resource in sorted(resources, key=lambda r: list(regions.values()).index(regions[r.side])):
        region = regions[resource.side]
        age = (ages or {}).get(resource.key)
        for part in billed_parts(resource):
            price = prices.get((part.item, region))
            so_far = None if age is None or price is None else part.hourly(price) * part.billed_hours(age)
            if before := lines.get((part.item, region)):
                whole = BilledPart(
                    part.name, part.item, before.part.quantity + part.quantity, part.unit, part.full_hours
                )
                lines[part.item, region] = BillLine(whole, price, _sum((before.so_far, so_far)), region)
            else:
                lines[part.item, region] = BillLine(part, price, so_far, region)
    return list(lines.values())


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum; None if any amount is not known."""
    total = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


def hourly(resources: Iterable[Resource], regions: Regions) -> Decimal | None:
    """What these resources cost per hour in USD; None if a price is not known."""
    return _sum(line.hourly for line in bill(resources, regions))


def cost_of(resources: Collection[Resource], regions: Regions) -> str:
    """``about $0.07 an hour ($1.66 a day)``; with an endpoint to another region, that its traffic comes on top."""
    more = ", plus transfer between regions" if any(getattr(r, "service_region", "") for r in resources) else ""
    return said(hourly(resources, regions)) + more


def so_far(resources: Iterable[Resource], regions: Regions, ages: Mapping[str, int]) -> Decimal | None:
    """What these resources have cost so far in USD; None if a price or an age is not known."""
    return _sum(line.so_far for line in bill(resources, regions, ages))


def as_of(resources: Iterable[Resource], regions: Regions) -> str:
    """The dates of these prices: ``2026-09-29``, ``2025-03-02 to 2026-09-29``; empty if none is known."""
    return between(line.price for line in bill(resources, regions))


def between(prices: Iterable[Price | None]) -> str:
    """The dates of these prices, from the oldest to the newest."""
    dates = sorted({price.date for price in prices if price})
    return " to ".join(dict.fromkeys((dates[0], dates[-1]))) if dates else ""


def said(amount: Decimal | None) -> str:
    """``about $0.07 an hour ($1.66 a day)``."""
    if amount is None:
        return "an amount whose prices are not known for this region"
    return f"about ${amount:.2f} an hour (${amount * 24:.2f} a day)"


def price(item: str, region: str) -> Price | None:
    """The price of an item that no resource of the demo has: traffic, or a NAT gateway."""
    return table().get((item, region))
