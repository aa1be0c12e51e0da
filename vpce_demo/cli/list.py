"""``list``: all demos of the account and region, for whoever looks after several."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from ..aws.messages import as_demo_errors
from ..config.settings import Where
from ..cost.bill import said
from ..errors import DemoError
from ..journal.run_log import runs
from ..journal.state_file import StateFile
from ..report.known import last_test
from ..session.demos import ListedDemo, all_demos, in_all_regions
from ..session.open import sides_of
from ..ui.screens import table
from ..ui.style import Screen, duration
from .app import App, command_line
from .group import command, pass_app

if TYPE_CHECKING:
    from . import documents


@command("list")
@click.option("--all-regions", is_flag=True, help="Look in every region that is enabled for the account.")
@pass_app
def list_demos(app: App, all_regions: bool) -> None:
    """List all demos of the account and region: who made them, and what they cost.  Changes nothing.

    By their tags, whoever made them and wherever their records are.  A star marks a demo whose record is in this
    directory.  The age counts from the start of its first instance; the test is the last one in this directory's logs.
    A region that cannot be looked at is named, and does not stop the others.

    \b
    Example:
      vpce-demo list
      vpce-demo list --all-regions
      vpce-demo list --query 'demos[?yours].name'
    """
    screen, where = app.screen(), app.where()
    environment = app.environment(where, screen, start=False)
    found: list[ListedDemo] = []
    failed: Mapping[str, str] = {}
    callers = {one.caller for one in environment.clients.values()} if environment else set()
    if environment:
        with as_demo_errors():
            if all_regions:
                found, failed = in_all_regions(where.config.name, environment)
            else:
                found = all_demos(sides_of(where.config.name, environment).values())
    listed = [as_document(where, one, callers) for one in found]
    total = in_all(found)
    document: documents.ListDocument = {
        "demos": listed,
        "hourly_usd": None if total is None else f"{total:.6f}",
    }
    if all_regions:
        document["not_looked_at"] = [{"region": region, "why": why} for region, why in failed.items()]
    app.document.update(document)
    if found:
        show(screen, listed, with_regions=all_regions)
    for why in dict.fromkeys(failed.values()):
        screen.message(f"Not looked at: {', '.join(one for one in failed if failed[one] == why)}: {why}.", mark="!")
    if not found:
        screen.line("There is no demo.")
        return
    counted = f"{len(found)} demo{'s' * (len(found) != 1)}"
    if environment and environment.is_free:
        screen.line(f"{counted}. Nothing is billed here; AWS would ask {said(total)}.")
    else:
        screen.line(f"{counted}: {said(total)}.")
    here = set(environment.regions.values()) if environment else set()
    if own := next((one.name for one in found if one.owner in callers and here.issuperset(one.regions)), ""):
        screen.message(f"Delete one:  {command_line(app, '--name')} down --name {shlex.quote(own)}")


def in_all(demos: Sequence[ListedDemo]) -> Decimal | None:
    """What these demos cost an hour in US dollars; None if a price is not known."""
    prices = [one.hourly for one in demos]
    known = [one for one in prices if one is not None]
    return sum(known, Decimal(0)) if len(known) == len(prices) else None


def show(screen: Screen, demos: Sequence[documents.ListedDemo], *, with_regions: bool = False) -> None:
    """Show a line for each demo."""
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}"
    rows = [("demo", "id", "region", "tagged", "age", "an hour", "test", "made by", "wanted until")]
    for one in demos:
        rows.append(
            (
                f"{one['name']}{' *' if one['recorded'] else ''}",
                one["id"],
                ", ".join(one["regions"]),
                str(one["tagged"]),
                "" if one["age_seconds"] is None else duration(one["age_seconds"]),
                "unknown" if one["hourly_usd"] is None else f"${Decimal(one['hourly_usd']):.4f}",
                one["test"] or "unknown",
                "you" if one["yours"] else re.split("[:/]", one["made_by"])[-1] or "unknown",
                f"{one['expires']}{' (over)' if one['expires'] < now else ''}" if one["expires"] else "",
            )
        )
    table(screen, rows if with_regions else [(*row[:2], *row[3:]) for row in rows])
    screen.line()


def as_document(where: Where, demo: ListedDemo, callers: Collection[str]) -> documents.ListedDemo:
    """The demo for programs.  ``callers`` are who is signed in."""
    price, (recorded, test) = demo.hourly, _on_record(where, demo)
    return {
        "name": demo.name,
        "id": demo.id,
        "regions": demo.regions,
        "made_by": demo.owner,
        "yours": demo.owner in callers,
        "recorded": recorded,
        "tagged": len(demo.keys),
        "age_seconds": demo.age,
        "hourly_usd": None if price is None else f"{price:.6f}",
        "test": None if test is None else "passed" if test else "failed",
        "expires": demo.expires,
    }


def _on_record(where: Where, demo: ListedDemo) -> tuple[bool, bool | None]:
    """True if the record of this demo is in this directory; and whether its last test on record passed, None if there
    is none."""
    try:
        recorded = StateFile.load(where.directory.with_name(demo.name)).demo_id == demo.id
        logged = runs(where.logs.with_name(demo.name))
    except (DemoError, OSError, ValueError):
        return False, None
    test = last_test(one for one in logged if one.head["demo_id"] == demo.id)
    return recorded, test.passed if test else None
