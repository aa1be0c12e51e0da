"""Interface endpoints beside a NAT gateway, in numbers.  Money is decimal, never float."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from ..cost.bill import HOURS_A_MONTH, price
from .placeholders import Lookup

TOKYO = "ap-northeast-1"
"""The region of the tutorial's own comparison."""
UP_TO = 8
"""So many endpoints times zones the table goes."""


@dataclass(frozen=True)
class Prices:
    """What an endpoint in one zone and a NAT gateway cost, in US dollars an hour and a GB."""

    endpoint_hour: Decimal
    endpoint_gb: Decimal
    nat_hour: Decimal
    nat_gb: Decimal

    @property
    def endpoints(self) -> int:
        """So many endpoints, each in one zone, cost no more an hour than one NAT gateway."""
        return int(self.nat_hour / self.endpoint_hour)

    def month(self, endpoints: int) -> tuple[Decimal, Decimal]:
        """The hours of a month: of so many endpoints, and of one NAT gateway."""
        return endpoints * self.endpoint_hour * HOURS_A_MONTH, self.nat_hour * HOURS_A_MONTH

    def break_even_gb(self, endpoints: int) -> int:
        """From so many GB a month, so many endpoints cost no more than one NAT gateway through which all that goes."""
        ours, theirs = self.month(endpoints)
        more = (ours - theirs) / (self.nat_gb - self.endpoint_gb)
        return max(0, int(more.to_integral_value(ROUND_CEILING)))


def prices(region: str) -> Prices:
    """The prices in a region.  Raises KeyError where one is not known."""

    def usd(item: str) -> Decimal:
        found = price(item, region)
        if found is None:
            raise KeyError(item)
        return found.usd

    return Prices(usd("endpoint-hour"), usd("endpoint-gb"), usd("nat-hour"), usd("nat-gb"))


def from_nat_prices(region: str = TOKYO) -> Lookup:
    """Look up ``nat.*``: the ratios, where they cross, and the rows of the table."""

    def look(name: str) -> str | None:
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

    return look


def _rows(known: Prices) -> Iterator[str]:
    for endpoints in range(1, UP_TO + 1):
        ours, theirs = known.month(endpoints)
        yield f"| {endpoints} | {ours:.2f} | {theirs:.2f} | {known.break_even_gb(endpoints)} |"
