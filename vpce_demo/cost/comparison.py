"""The kinds of endpoint beside a NAT gateway: what a month of traffic costs, and where one overtakes the other.

All of it is for one zone: an endpoint is billed in each zone that it is in, and a NAT gateway stands in one.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal

from .bill import HOURS_A_MONTH
from .prices.table import Price, Table

MOST_GB = 1_000_000
"""GB a month.  Above a petabyte AWS asks less for each GB, which the table of prices does not have."""
MOST_ENDPOINTS = 8
"""How many endpoints in one zone are compared with one NAT gateway."""
Cheaper = Literal["always", "from", "up to", "never"]
"""When one costs no more than the other: whatever the traffic, from or up to the point where they cross, or never."""


@dataclass(frozen=True)
class Rate:
    """What one costs in US dollars: by the hour, and by the GB that goes through it."""

    hour: Decimal
    gb: Decimal

    def times(self, number: int) -> Rate:
        """That of so many, which share the traffic."""
        return Rate(self.hour * number, self.gb)

    def month(self, gb: Decimal) -> Decimal:
        """US dollars for a month with this traffic."""
        return self.hour * HOURS_A_MONTH + self.gb * gb

    def beside(self, other: Rate) -> tuple[Cheaper, int | None]:
        """When this one costs no more than the other, and the GB a month from or up to which it does."""
        more_an_hour, less_a_gb = self.hour - other.hour, other.gb - self.gb
        if more_an_hour <= 0 <= less_a_gb:
            return "always", None
        if more_an_hour >= 0 >= less_a_gb:
            return "never", None
        crossing = more_an_hour * HOURS_A_MONTH / less_a_gb
        if more_an_hour > 0:
            return "from", int(crossing.to_integral_value(ROUND_CEILING))
        return "up to", int(crossing.to_integral_value(ROUND_FLOOR))


FREE = Rate(Decimal(0), Decimal(0))


@dataclass(frozen=True)
class Kind:
    """A kind of endpoint, or the NAT gateway, with the items in the table of prices whose sum is its price."""

    name: str
    hour: tuple[str, ...] = ()
    gb: tuple[str, ...] = ()


INTERFACE = Kind("interface, AWS service", ("endpoint-hour",), ("endpoint-gb",))
NAT_GATEWAY = Kind("NAT gateway", ("nat-hour",), ("nat-gb",))
KINDS = (
    Kind("gateway (S3, DynamoDB)"),
    INTERFACE,
    Kind("interface, endpoint service", INTERFACE.hour, INTERFACE.gb),
    # A capacity unit is 1 GB in an hour, so that each GB costs one.
    Kind("  with its load balancer", (*INTERFACE.hour, "load-balancer-hour"), (*INTERFACE.gb, "capacity-unit-hour")),
    Kind("Gateway Load Balancer", ("gwlb-endpoint-hour",), ("gwlb-endpoint-gb",)),
    NAT_GATEWAY,
)


@dataclass(frozen=True)
class Comparison:
    """The kinds beside a NAT gateway, for this traffic in one zone of this region.  Where a price is not known, what
    follows from it is None."""

    table: Table
    region: str
    gb: Decimal

    def prices(self, *kinds: Kind) -> dict[str, Price | None]:
        """The prices of these kinds by item."""
        return {item: self.table.get((item, self.region)) for kind in kinds for item in (*kind.hour, *kind.gb)}

    def rate(self, kind: Kind) -> Rate | None:
        known = {item: price.usd for item, price in self.prices(kind).items() if price}
        if len(known) < len(kind.hour) + len(kind.gb):
            return None
        return Rate(*(sum((known[item] for item in items), Decimal(0)) for items in (kind.hour, kind.gb)))

    def beside_nat(self, kind: Kind, number: int = 1) -> tuple[Cheaper, int | None] | None:
        """When so many of this kind cost no more than one NAT gateway, and from or up to how many GB a month."""
        rate, nat = self.rate(kind), self.rate(NAT_GATEWAY)
        if rate == FREE:
            return "always", None
        return rate.times(number).beside(nat) if rate and nat else None

    @property
    def most_endpoints(self) -> int | None:
        """How many interface endpoints cost no more than one NAT gateway with this traffic in all; 0 also where their
        hours are free."""
        rate, nat = self.rate(INTERFACE), self.rate(NAT_GATEWAY)
        if not (rate and nat):
            return None
        left = nat.month(self.gb) - rate.gb * self.gb
        return max(0, int(left / (rate.hour * HOURS_A_MONTH))) if rate.hour else 0
