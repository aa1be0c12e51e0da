"""The cost of interface endpoints compared with a NAT gateway, as the pages state it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ..cost.bill import HOURS_A_MONTH, TOKYO
from ..cost.comparison import INTERFACE, MOST_ENDPOINTS, NAT_GATEWAY, Comparison, Rate
from ..cost.prices.table import table
from .placeholders import Lookup


def from_nat_prices(region: str = TOKYO) -> Lookup:
    """Look up ``nat.*``: the ratios, the break-even, and the rows of the table.  Raises ValueError for one of them if a
    price is not known."""

    def lookup(name: str) -> str | None:
        if not name.startswith("nat."):
            return None
        known = Comparison(table(), region, Decimal(0))
        endpoint, nat = known.rate(INTERFACE), known.rate(NAT_GATEWAY)
        if endpoint is None or nat is None:
            raise ValueError(f"prices that are not known for {region}")
        return {
            "nat.hour-ratio": f"{endpoint.hour / nat.hour:.2f}",
            "nat.gb-ratio": f"{endpoint.gb / nat.gb:.2f}",
            "nat.endpoints": str(known.most_endpoints),
            "nat.hours": str(HOURS_A_MONTH),
            "nat.rows": "\n".join(_rows(known, endpoint, nat)),
        }.get(name)

    return lookup


def _rows(known: Comparison, endpoint: Rate, nat: Rate) -> Iterator[str]:
    theirs = nat.month(known.gb)
    for number in range(1, MOST_ENDPOINTS + 1):
        ours = endpoint.times(number)
        yield f"| {number} | {ours.month(known.gb):.2f} | {theirs:.2f} | {ours.beside(nat)[1] or 0} |"
