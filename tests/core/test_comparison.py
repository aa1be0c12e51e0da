"""The kinds of endpoint beside a NAT gateway: a month's cost, and where one overtakes the other."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from vpce_demo.cost.bill import TOKYO
from vpce_demo.cost.comparison import INTERFACE, KINDS, MOST_ENDPOINTS, NAT_GATEWAY, Comparison, Rate
from vpce_demo.cost.prices.table import table


def rate(hour: str, gb: str) -> Rate:
    return Rate(Decimal(hour), Decimal(gb))


@pytest.mark.parametrize(
    ("one", "other", "when"),
    [
        (rate("0.01", "0.01"), rate("0.045", "0.045"), ("always", None)),
        (rate("0.045", "0.045"), rate("0.01", "0.01"), ("never", None)),
        (rate("0.01", "0.01"), rate("0.01", "0.01"), ("always", None)),
        (rate("0.05", "0.01"), rate("0.045", "0.045"), ("from", 105)),
        (rate("0.045", "0.045"), rate("0.05", "0.01"), ("up to", 104)),
        (rate("0.05", "0.045"), rate("0.045", "0.045"), ("never", None)),
        (rate("0", "0.05"), rate("0", "0.045"), ("never", None)),
        (rate("1", "0"), rate("0", "1"), ("from", 730)),
        (rate("0", "1"), rate("1", "0"), ("up to", 730)),
    ],
)
def test_where_two_prices_cross(one: Rate, other: Rate, when: tuple[str, int | None]) -> None:
    """The point itself is told in whole GB at which it is still true."""
    assert one.beside(other) == when


@pytest.mark.parametrize("region", ["us-east-1", TOKYO, "eu-west-1", "ap-southeast-1"])
def test_some_endpoints_beside_a_nat_gateway(region: str) -> None:
    """Computed here once more, in fractions, from the prices alone."""
    prices = table()
    items = ("endpoint-hour", "endpoint-gb", "nat-hour", "nat-gb")
    hour, gb, nat_hour, nat_gb = (Fraction(prices[item, region].usd) for item in items)
    compared = Comparison(prices, region, Decimal(500))

    def no_more(number: int, traffic: int) -> bool:
        return number * hour * 730 + traffic * gb <= nat_hour * 730 + traffic * nat_gb

    for number in range(1, MOST_ENDPOINTS + 1):
        when, least = compared.beside_nat(INTERFACE, number) or ("", None)
        assert (when == "always") == no_more(number, 0)
        if least is not None:
            assert when == "from"
            assert no_more(number, least)
            assert not no_more(number, least - 1)
    assert compared.most_endpoints == max(number for number in range(1, 300) if no_more(number, 500))


def test_the_tutorials_own_figures_for_a_month() -> None:
    compared = Comparison(table(), TOKYO, Decimal(500))
    months = [f"{rate.month(compared.gb):.3f}" for kind in KINDS if (rate := compared.rate(kind))]
    assert months == ["0.000", "15.220", "15.220", "35.959", "11.970", "76.260"]
    for kind in KINDS[:-1]:
        assert compared.beside_nat(kind) == ("always", None)


def test_what_follows_from_a_price_that_is_not_known_is_not_known() -> None:
    compared = Comparison(table(), "mars-north-1", Decimal(500))
    assert [compared.rate(kind) for kind in KINDS[1:]] == [None] * 5
    assert [compared.beside_nat(kind) for kind in KINDS[1:]] == [None] * 5
    assert compared.beside_nat(KINDS[0]) == ("always", None), "what costs nothing costs no more than anything"
    assert compared.most_endpoints is None
    assert set(compared.prices(NAT_GATEWAY)) == {"nat-hour", "nat-gb"}


@pytest.mark.parametrize(
    ("endpoint", "most"), [(("0", "0.01"), 0), (("0.045", "0.045"), 1), (("0.045", "9"), 0), (("0.01", "0.045"), 4)]
)
def test_how_many_cost_no_more(endpoint: tuple[str, str], most: int) -> None:
    prices = dict(table())
    for item, usd in zip((*INTERFACE.hour, *INTERFACE.gb), endpoint, strict=True):
        known = prices[item, "us-east-1"]
        prices[item, "us-east-1"] = type(known)(Decimal(usd), known.date, known.sources)
    assert Comparison(prices, "us-east-1", Decimal(500)).most_endpoints == most
