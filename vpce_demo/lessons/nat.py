"""The cost of interface endpoints compared with a NAT gateway.  Money is decimal, never float."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from ..cost.bill import HOURS_A_MONTH, TOKYO, price
from .placeholders import Lookup

UP_TO = 8
"""The last row of the table: endpoints times zones."""


@dataclass(frozen=True)
class Prices:
    """Prices of an endpoint in one zone and of a NAT gateway, in US dollars per hour and per GB."""

    endpoint_hour: Decimal
    endpoint_gb: Decimal
    nat_hour: Decimal
    nat_gb: Decimal

    @property
    def endpoints(self) -> int:
        """The most endpoints, each in one zone, that cost no more an hour than one NAT gateway."""
        return int(self.nat_hour / self.endpoint_hour)

    def month(self, endpoints: int) -> tuple[Decimal, Decimal]:
        """The hourly charges of a month: for these endpoints, and for one NAT gateway."""
        return endpoints * self.endpoint_hour * HOURS_A_MONTH, self.nat_hour * HOURS_A_MONTH

    def break_even_gb(self, endpoints: int) -> int:
        """The GB a month from which these endpoints cost no more than one NAT gateway with the same traffic."""
        ours, theirs = self.month(endpoints)
        more = (ours - theirs) / (self.nat_gb - self.endpoint_gb)
        return max(0, int(more.to_integral_value(ROUND_CEILING)))


def prices(region: str) -> Prices:
    """The prices in a region.  Raises KeyError if one is not known."""

    def usd(item: str) -> Decimal:
        found = price(item, region)
        if found is None:
            raise KeyError(item)
        return found.usd

    return Prices(usd("endpoint-hour"), usd("endpoint-gb"), usd("nat-hour"), usd("nat-gb"))


def from_nat_prices(region: str = TOKYO) -> Lookup:
    """Look up ``nat.*``: the ratios, the break-even, and the rows of the table."""

    def lookup(name: str) -> str | None:
        if not name.startswith("nat."):
            return None
        known = prices(region)
        return {
            "nat.hour-ratio": f"{known.endpoint_hour / known.nat_hour:.2f}",
            "nat.gb-ratio": f"{known.endpoint_gb / known.nat_gb:.2f}",
            "nat.endpoints": str(known.endpoints),
            "nat.hours": str(HOURS_A_MONTH),
            "nat.rows": "\n".join(_rows(known)),
        }.get(name)

    return lookup


def _rows(known: Prices) -> Iterator[str]:
    for endpoints in range(1, UP_TO + 1):
        ours, theirs = known.month(endpoints)
        yield f"| {endpoints} | {ours:.2f} | {theirs:.2f} | {known.break_even_gb(endpoints)} |"
