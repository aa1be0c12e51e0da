"""The bill of a demo as text: its parts, prices of traffic, and a NAT gateway to compare."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from rich.cells import cell_len

from ..cost.bill import HOURS_A_MONTH, TOKYO, BillLine, Regions, between, price
from ..cost.comparison import INTERFACE, KINDS, MOST_ENDPOINTS, NAT_GATEWAY, Cheaper, Comparison
from ..cost.prices.table import ONE_SOURCE, Price
from ..lessons import noun
from ..model import Side
from .style import Screen, padded, wrapped


def bill(screen: Screen, lines: Sequence[BillLine], counts: bool) -> None:
    """Print the parts with their prices, and the sum; with the cost so far if ``counts``."""
    heads = ["an hour", "a day", *(["so far"] if counts else [])]
    screen.line(_row(screen, "part", "how many", "unit price", heads), style="dim")
    apart = len({line.region for line in lines}) > 1
    for line, before in zip(lines, [None, *lines], strict=False):
        if apart and (before is None or before.region != line.region):
            screen.line(f"  in {line.region}", style="dim")
        day = None if line.hourly is None else line.hourly * 24
        amounts = [line.hourly, day, *([line.so_far] if counts else [])]
        plural = "s" if line.part.unit == "zone" and line.part.quantity != 1 else ""
        unit = f"{line.part.quantity.normalize():f} {line.part.unit}{plural}".rstrip()
        screen.line(
            _row(
                screen,
                noun(line.part.name, screen.lang),
                unit,
                _unit_price(line),
                [_shown(amount) for amount in amounts],
            )
        )
    known = [line.hourly for line in lines if line.hourly is not None]
    total = sum(known, Decimal(0))
    gone = sum((line.so_far for line in lines if line.so_far is not None), Decimal(0))
    sums = [_shown(total), _shown(total * 24), *([_shown(gone)] if counts else [])]
    label = "in all" if len(known) == len(lines) else "what is known, in all"
    screen.line(_row(screen, label, "", "", sums), style="bold")


def _row(screen: Screen, part: str, many: str, unit_price: str, amounts: Sequence[str]) -> str:
    part, many, unit_price = (screen.said(cell) for cell in (part, many, unit_price))
    first = f"  {padded(part, 21)} {_at_the_right(many)}  {padded(unit_price, 19)}"
    return first + "".join(f" {_at_the_right(screen.said(amount))}" for amount in amounts)


def _at_the_right(text: str, width: int = 8) -> str:
    return " " * (width - cell_len(text)) + text


def _unit_price(line: BillLine) -> str:
    if line.price is None:
        return "not known"
    star = " *" if _starred([line.price]) else ""
    per = {"hour": "an hour", "GB-month": "a GB-month"}[line.part.per]
    return f"${line.price.usd} {per}{star}"


def _shown(amount: Decimal | None) -> str:
    return "-" if amount is None else f"${amount:.4f}"


def traffic(screen: Screen, lines: Sequence[BillLine], regions: Regions) -> None:
    """Print the prices of the traffic of these parts, those that are known."""
    billed = {line.part.item for line in lines}
    gigabyte, unit = (
        price(item, regions[side]) if through in billed else None
        for through, item, side in (
            ("endpoint-hour", "endpoint-gb", Side.CONSUMER),
            ("load-balancer-hour", "capacity-unit-hour", Side.PROVIDER),
        )
    )
    words = [f"${gigabyte.usd} for each GB through an interface endpoint"] if gigabyte else []
    if unit:
        words.append(f"${unit.usd} for each hour and capacity unit of a load balancer (1 GB an hour; idle uses none)")
    if words:
        paragraph(screen, f"Traffic comes on top: {', and '.join(words)}.")


def comparison(screen: Screen, region: str) -> None:
    """Print the endpoint's prices beside a NAT gateway's, in this region and in the tutorial's."""
    rows = [("interface endpoint", "endpoint-hour", "endpoint-gb"), ("NAT gateway", "nat-hour", "nat-gb")]
    table = [("to compare", "an hour", "a GB")]
    table += [(name, _usd(price(hour, region)), _usd(price(gigabyte, region))) for name, hour, gigabyte in rows]
    for number, row in enumerate(table):
        name, *prices = map(screen.said, row)
        line = "".join([f"  {padded(name, 21)}", *(f" {_at_the_right(one)}" for one in prices)])
        screen.line(line, style="" if number else "dim")
    tokyo = [price(hour, TOKYO) for _, hour, _ in rows]
    screen.line()
    screen.line(f"The tutorial compares in Tokyo: {_usd(tokyo[0])} an hour against {_usd(tokyo[1])}.")


def _usd(price: Price | None) -> str:
    return f"${price.usd}" if price else "-"


def sources(screen: Screen, lines: Sequence[BillLine], counts: bool, how_to_refresh: str) -> None:
    """Print how time is billed, how old and how certain the prices are, and how to refresh them."""
    if counts and any(line.part.full_hours for line in lines):
        paragraph(
            screen,
            "So far: a begun hour of a load balancer and of an interface endpoint counts as a full one; the rest goes "
            "by the second, for a minute at least.",
        )
    days = between(line.price for line in lines)
    if days:
        paragraph(screen, _dated(days, _starred(line.price for line in lines)))
    if any(line.price is None for line in lines):
        paragraph(screen, "A price that is not known here is not guessed.")
    screen.line(f"Read them from AWS itself:  {how_to_refresh}")


def month(screen: Screen, compared: Comparison) -> None:
    """Print what a month with this traffic costs with each kind of endpoint and with a NAT gateway, and from where on
    which is cheaper."""
    screen.line(
        f"{compared.gb.normalize():f} GB a month ({HOURS_A_MONTH} hours) through one zone of {compared.region}:"
    )
    screen.line()
    screen.line(_month_row("endpoint", ["an hour", "a GB", "a month"], "cheaper than NAT"), style="dim")
    for kind in KINDS:
        rate = compared.rate(kind)
        amounts = [f"${rate.hour}", f"${rate.gb}", f"${rate.month(compared.gb):.2f}"] if rate else ["-"] * 3
        star = " *" if rate and _starred(compared.prices(kind).values()) else ""
        beside = "" if kind is NAT_GATEWAY else _when(compared.beside_nat(kind))
        screen.line(_month_row(f"{kind.name}{star}", amounts, beside))
    screen.line()
    several = [(number, _when(compared.beside_nat(INTERFACE, number))) for number in range(1, MOST_ENDPOINTS + 1)]
    if compared.most_endpoints is not None:
        always = [f"up to {number} always" for number, when in several if when == "always"][-1:]
        others = [f"{number} {when}" for number, when in several if when != "always"]
        paragraph(
            screen,
            "A NAT gateway leads to every service, an interface endpoint to one. With this traffic in all, "
            f"{compared.most_endpoints} endpoints cost no more than one NAT gateway. When they are cheaper, by their "
            f"number: {', '.join([*always, *others])} a month.",
        )
    paragraph(
        screen,
        "Not counted: the NAT gateway's public address, transfer between zones and out of AWS, and what stands behind "
        "a Gateway Load Balancer endpoint, which inspects traffic and is no way to a service.",
    )
    used = compared.prices(*KINDS)
    if days := between(used.values()):
        paragraph(screen, _dated(days, _starred(used.values())))
    if missing := [item for item, known in used.items() if known is None]:
        paragraph(screen, f"Not known for {compared.region}, and not guessed: {', '.join(missing)}.")


def _month_row(name: str, amounts: Sequence[str], beside: str) -> str:
    return f"  {name:<28}" + "".join(f" {amount:>9}" for amount in amounts) + f"  {beside}".rstrip()


def _when(beside: tuple[Cheaper, int | None] | None) -> str:
    if beside is None:
        return "not known"
    when, gb = beside
    return when if gb is None else f"{when} {gb} GB"


def _starred(prices: Iterable[Price | None]) -> bool:
    return any(price and price.confidence == ONE_SOURCE for price in prices)


def _dated(days: str, starred: bool) -> str:
    star = "  * from one source only." if starred else ""
    return f"Prices of {days}, in US dollars, without tax, discounts and free tier.{star}"


def paragraph(screen: Screen, text: str) -> None:
    """Print a paragraph, wrapped at the width of the screen."""
    for line in wrapped(screen.said(text), min(screen.out.width, 100)):
        screen.line(line)
