"""``list``: all demos of the account and region, for whoever looks after several."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from ..aws.messages import as_demo_errors
from ..config.settings import Where
from ..cost.bill import said
from ..errors import DemoError
from ..journal.state_file import StateFile
from ..session.demos import ListedDemo, all_demos
from ..session.open import sides_of
from ..ui.screens import table
from .app import App, command_line
from .group import command, pass_app

if TYPE_CHECKING:
    from .documents import ListDocument


@command("list")
@pass_app
def list_demos(app: App) -> None:
    """List all demos of the account and region: who made them, and what they cost.  Changes nothing.

    By their tags, whoever made them and wherever their records are.  A star marks a demo whose record is in this
    directory.

    \b
    Example:
      vpce-demo list
      vpce-demo list --query 'demos[?yours].name'
    """
    screen, where = app.screen(), app.where()
    environment = app.environment(where, screen, start=False)
    found: list[ListedDemo] = []
    callers = {one.caller for one in environment.clients.values()} if environment else set()
    if environment:
        with as_demo_errors():
            found = all_demos(sides_of(where.config.name, environment))
    prices = [one.hourly for one in found]
    known = [one for one in prices if one is not None]
    total = sum(known, Decimal(0)) if len(known) == len(prices) else None
    here = [_is_recorded(where, one) for one in found]
    document: ListDocument = {
        "demos": [
            {
                "name": one.name,
                "id": one.id,
                "made_by": one.owner,
                "yours": one.owner in callers,
                "recorded": recorded,
                "tagged": len(one.keys),
                "hourly_usd": None if price is None else f"{price:.6f}",
                "expires": one.expires,
            }
            for one, price, recorded in zip(found, prices, here, strict=True)
        ],
        "hourly_usd": None if total is None else f"{total:.6f}",
    }
    app.document.update(document)
    if not found:
        screen.line("There is no demo.")
        return
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}"
    rows = [("demo", "id", "tagged", "an hour", "made by", "wanted until")]
    for one, price, recorded in zip(found, prices, here, strict=True):
        whose = "you" if one.owner in callers else re.split("[:/]", one.owner)[-1] or "unknown"
        until = f"{one.expires}{' (over)' if one.expires < now else ''}" if one.expires else ""
        cost = "unknown" if price is None else f"${price:.4f}"
        rows.append((f"{one.name}{' *' if recorded else ''}", one.id, str(len(one.keys)), cost, whose, until))
    table(screen, rows)
    screen.line()
    counted = f"{len(found)} demo{'s' * (len(found) != 1)}"
    if environment and environment.is_free:
        screen.line(f"{counted}. Nothing is billed here; AWS would ask {said(total)}.")
    else:
        screen.line(f"{counted}: {said(total)}.")
    if own := next((one.name for one in found if one.owner in callers), ""):
        screen.message(f"Delete one:  {command_line(app, '--name')} down --name {shlex.quote(own)}")


def _is_recorded(where: Where, demo: ListedDemo) -> bool:
    """True if the record of this demo is in this directory."""
    try:
        return StateFile.load(where.directory.with_name(demo.name)).demo_id == demo.id
    except (DemoError, OSError, ValueError):
        return False
