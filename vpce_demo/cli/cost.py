"""``cost``: what the demo costs, by part, so far, and compared with a NAT gateway."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from ..aws.environment import price_list_client, region_without_asking
from ..aws.messages import as_demo_errors
from ..aws.partitions import partition_of
from ..changes import CHANGES
from ..chapters import demo_of
from ..config.settings import Where
from ..cost.bill import HOURS_A_MONTH, BillLine, Regions, between, bill, price
from ..cost.comparison import INTERFACE, KINDS, MOST_ENDPOINTS, MOST_GB, NAT_GATEWAY, Comparison
from ..cost.prices import price_list, table
from ..errors import ConfigError, DemoError
from ..model import Side
from ..session.open import open_recorded
from ..ui import money
from .app import App, command_line
from .group import chapter_option, command, pass_app

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .documents import BilledPart, ComparedEndpoints, ComparedKind, ComparedMonth, CostDocument, Refreshed


class _Gigabytes(click.ParamType[Decimal]):
    """The traffic of a month: ``500``, ``0.5``."""

    name = "gigabytes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        if not re.fullmatch(r"\d{1,7}(\.\d{1,3})?", value, re.ASCII) or (gb := Decimal(value)) > MOST_GB:
            self.fail(f"{value!r} is not a valid number of GB, from 0 to {MOST_GB}, such as 500 or 0.5.", param, ctx)
        return gb


@command()
@click.option("--refresh", is_flag=True, help="First read the region's prices from AWS's Price List.")
@click.option(
    "--gb",
    type=_Gigabytes(),
    metavar="N",
    help="Also compare each kind of endpoint with a NAT gateway, for N GB a month in one zone.",
)
@chapter_option("Only this chapter, as it stands or would be made.")
@pass_app
def cost(app: App, refresh: bool, gb: Decimal | None, chapter: str | None) -> None:
    """Show what the demo costs: by part, so far, and compared with a NAT gateway.

    Needs no account and asks AWS nothing: prices come with the program, with their date, and ages from the state file.
    Of a demo that is not there it shows what it would cost.  --refresh reads AWS's own prices (it needs a sign-in that
    may call pricing:GetProducts) and keeps them for later runs (on Linux in ~/.config/vpce-demo/prices.json).

    \b
    Example:
      vpce-demo cost --region ap-northeast-1
      vpce-demo cost --gb 500
      vpce-demo cost --chapter gateway
      vpce-demo cost --refresh
    """
    screen, where = app.screen(), app.where()
    regions, recorded = _header(app, where)
    region = regions[Side.PROVIDER]

    state, settings = open_recorded(where)
    if chapter:
        settings = settings.model_copy(update={"chapters": (chapter,)})
    demo = demo_of(settings)
    if refresh:
        for each in dict.fromkeys(regions.values()):
            _refresh(app, where, each, demo.web.type)
    ages = {key: int(age) for key, age in state.recent.items()} if regions == recorded else {}
    there = [r for r in demo.resources if r.key in ages]
    lines = bill(there or demo.resources, regions, ages)
    if where.sandbox:
        screen.line("Nothing in the sandbox is billed. On AWS it would be this:")
    elif recorded and regions != recorded:
        screen.line(f"The demo on record is in {_named(recorded)}. In {_named(regions)} it would cost this:")
    elif not there:
        screen.line("There is no demo on record. This is what it would cost:")
    screen.line()
    money.bill(screen, lines, counts=bool(there))
    screen.line()
    money.comparison(screen, regions[Side.CONSUMER])
    money.traffic(screen, lines, regions)
    if apart := region != regions[Side.CONSUMER]:
        money.paragraph(screen, "So does transfer between the two regions, at a rate that is not known here.")
    hourly = _sum([line.hourly for line in lines])
    money.sources(screen, lines, bool(there), f"{command_line(app).replace(' --sandbox', '')} cost --refresh")
    document: CostDocument = {
        "region": region,
        "currency": "USD",
        "billed": not where.sandbox,
        "stands": bool(there),
        "prices_of": between(line.price for line in lines),
        "parts": [_billed_part(line, apart) for line in lines],
        "hourly": _written(hourly),
        "daily": _written(hourly and hourly * 24),
        "so_far": _written(_sum([line.so_far for line in lines])),
        "traffic": {
            "endpoint_gb": _usd("endpoint-gb", regions[Side.CONSUMER]),
            "capacity_unit_hour": _usd("capacity-unit-hour", region),
        },
        "nat_gateway": {"hour": _usd("nat-hour", region), "gb": _usd("nat-gb", region)},
    }
    if gb is not None:
        compared = Comparison(table.table(), regions[Side.CONSUMER], gb)
        screen.line()
        money.month(screen, compared)
        document["comparison"] = _compared_month(compared)
    app.document.update(document)


def _named(regions: Regions) -> str:
    return " and ".join(dict.fromkeys(regions.values()))


def _header(app: App, where: Where) -> tuple[Regions, Regions]:
    """Show the first line; return the regions that are meant, and the recorded ones of the demo, if any."""
    screen = app.screen()
    if where.sandbox:
        app.environment(where, screen, start=False)
        regions = {side: where.config.region_of(side) or "us-east-1" for side in Side}
        return regions, regions
    app.begin_line(where)

    sides = open_recorded(where)[0].sides
    recorded = {side: one["region"] for side in Side if (one := sides.get(side)) and "region" in one}
    asked_for = {side: where.config.region_of(side) for side in Side}
    if asked_for[Side.PROVIDER] and not where.config.consumer.region:
        asked_for[Side.CONSUMER] = asked_for[Side.PROVIDER]
    regions = {
        side: region or recorded.get(side) or region_without_asking(where.config) for side, region in asked_for.items()
    }
    screen.end_line("   ".join(dict.fromkeys(regions.values())))
    screen.message()
    return regions, recorded


def _refresh(app: App, where: Where, region: str, instance_type: str) -> None:
    """Read the region's prices from AWS and save them.  If that fails, the prices stay as they were."""
    if where.sandbox:
        raise ConfigError(
            "The sandbox has no price list, and AWS is not asked with --sandbox.",
            code="VPCE110",
            hint=f"{command_line(app).replace(' --sandbox', '')} cost --refresh",
        )
    place = partition_of(region).price_list
    if not place:
        raise ConfigError(f"No Price List has the prices of {region}.", code="VPCE111")
    with as_demo_errors():
        client = price_list_client(where.config, place)
        answer = price_list.ask(client, region, instance_type)
    if not answer.prices:
        raise DemoError(
            f"AWS's Price List has none of these prices for {region}.", code="VPCE111", facts=answer.missing
        )
    before = table.table()
    found = {(item, region): price for item, price in answer.prices.items()}
    path = table.keep(found)
    CHANGES.note("The prices were saved.")
    screen = app.screen()
    screen.line(f"Read {len(found)} prices of {region} from AWS's Price List, kept in {path}.", mark="✓")
    for key, now in found.items():
        if key in before and before[key].usd != now.usd:
            screen.line(f"  {key[0]:<24} ${now.usd}, and ${before[key].usd} before")
    for item, why in answer.missing.items():
        screen.line(f"{item}: {why}. It stays as it was.", mark="!")
    before_it: Refreshed = app.document.get("refreshed", {"file": str(path), "prices": {}, "missing": {}})
    where_else = f" {region}" if "refreshed" in app.document else ""  # of the second region
    refreshed: Refreshed = {
        "file": str(path),
        "prices": before_it["prices"] | {f"{item}{where_else}": str(one.usd) for item, one in answer.prices.items()},
        "missing": before_it["missing"] | {f"{item}{where_else}": why for item, why in answer.missing.items()},
    }
    app.document["refreshed"] = refreshed


def _billed_part(line: BillLine, apart: bool) -> BilledPart:
    part: BilledPart = {
        "part": line.part.name,
        "item": line.part.item,
        "quantity": str(line.part.quantity),
        "per": line.part.per,
        "price": str(line.price.usd) if line.price else None,
        "date": line.price.date if line.price else None,
        "confidence": line.price.confidence if line.price else None,
        "hourly": _written(line.hourly),
        "so_far": _written(line.so_far),
    }
    return {**part, "region": line.region} if apart else part


def _compared_month(compared: Comparison) -> ComparedMonth:
    kinds: list[ComparedKind] = []
    for kind in KINDS:
        rate = compared.rate(kind)
        cheaper, crossing = (kind is not NAT_GATEWAY and compared.beside_nat(kind)) or (None, None)
        kinds.append(
            {
                "kind": kind.name.strip(),
                "hour": str(rate.hour) if rate else None,
                "gb": str(rate.gb) if rate else None,
                "month": _written(rate.month(compared.gb) if rate else None),
                "cheaper": cheaper,
                "crossing_gb": crossing,
            }
        )
    endpoints: list[ComparedEndpoints] = []
    for number in range(1, MOST_ENDPOINTS + 1):
        cheaper, crossing = compared.beside_nat(INTERFACE, number) or (None, None)
        endpoints.append({"endpoints": number, "cheaper": cheaper, "crossing_gb": crossing})
    used = compared.prices(*KINDS)
    return {
        "region": compared.region,
        "gb": f"{compared.gb.normalize():f}",
        "hours": int(HOURS_A_MONTH),
        "prices_of": between(used.values()),
        "missing": [item for item, known in used.items() if known is None],
        "kinds": kinds,
        "endpoints": endpoints,
        "most_endpoints": compared.most_endpoints,
    }


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    """The sum; None if one of them is not known."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None


def _written(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.6f}"


def _usd(item: str, region: str) -> str | None:
    known = price(item, region)
    return str(known.usd) if known else None
