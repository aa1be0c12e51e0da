"""The resources of a demo as a table: state, age, price, id and drift."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from rich.style import Style
from rich.text import Text

from ..engine.drift import shortened
from ..engine.resource import Resource
from ..model import Drift, Live, Remedy, is_fine, short_id
from .style import Screen, duration

if TYPE_CHECKING:
    from ..tutorial import Demo

ROOM_FOR_AN_ID = 24
"""The width kept for ids, in the last column; a longer id gets its own line."""


@dataclass(frozen=True)
class Table:
    """What to show of each resource, by its key.

    ``prices`` are per hour; ``links`` lead to AWS's console; ``absent`` is the word for a missing resource.
    """

    demo: Demo
    lives: Mapping[str, Live]
    absent: str
    ages: Mapping[str, int] = field(default_factory=dict)
    prices: Mapping[str, Decimal | None] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


def show(screen: Screen, table: Table) -> None:
    """Print a line for each resource, and its drift below.  Ids are never cut."""
    rows = [_row(table, step.number, r) for step in table.demo.steps for r in step.resources]
    columns = _columns(rows, screen.out.width)
    widths = {column: max(len(row.cells[column]) for row in rows) for column in columns}
    widths = {column: max(width, len(HEADS[column])) for column, width in widths.items() if width}
    head = " ".join(f"{HEADS[column]:<{width}}" for column, width in widths.items())
    screen.line(f"     {head} {'id' if table.lives else ''}".rstrip(), style="dim")
    for row in rows:
        cells = " ".join(f"{row.cells[column]:<{width}}" for column, width in widths.items())
        _line(screen, row, f"{row.number:>2} {cells}")
        for more in _below(row.live, screen.out.width - 8):
            screen.line(f"        {more}")


HEADS = {"kind": "kind", "name": "name", "state": "state", "age": "age", "cost": "an hour"}


@dataclass(frozen=True)
class _Row:
    number: int
    live: Live | None
    cells: Mapping[str, str]
    id: str
    link: str

    @property
    def mark(self) -> str:
        if self.live is None:
            return "·"
        return "✓" if is_fine(self.live) and not self.live.drift else "!"


def _row(table: Table, number: int, r: Resource) -> _Row:
    live, age, price = table.lives.get(r.key), table.ages.get(r.key), table.prices.get(r.key)
    cells = {
        "kind": r.kind,
        "name": r.name,
        "state": live.word if live else table.absent,
        "age": duration(float(age)) if live and age is not None else "",
        "cost": f"${price:.4f}" if price else "",
    }
    return _Row(number, live, cells, short_id(live.id) if live else "", table.links.get(r.key, ""))


def _columns(rows: list[_Row], width: int) -> tuple[str, ...]:
    """The first choice of columns that fits beside an id, else the last."""
    choices = (("kind", "name", "state", "age", "cost"), ("name", "state", "age", "cost"), ("kind", "state", "age"))
    id = ROOM_FOR_AN_ID if any(row.id for row in rows) else 0
    for columns in choices:
        taken = sum(1 + max(len(row.cells[column]) for row in rows) for column in columns)
        if 5 + taken + id <= width:
            return columns
    return choices[-1]


def _line(screen: Screen, row: _Row, before: str) -> None:
    id = Text(row.id, style=Style(link=row.link) if row.link and screen.out.file.isatty() else "")
    if id and 2 + len(before) + 1 + len(id) <= screen.out.width:
        screen.line(Text(f"{before} ").append_text(id), mark=row.mark)
        return
    screen.line(before.rstrip(), mark=row.mark)
    if id:
        screen.line(Text("        ").append_text(id))


def differs(drift: Drift) -> tuple[str, str]:
    """``health check interval: 30`` and ``in the tutorial 10``."""
    return f"{drift.field}: {shortened(drift.aws)}", f"in the tutorial {shortened(drift.tutorial)}"


def what_up_does(drift: Drift) -> str:
    """``up mends it``, or why it is left."""
    return {
        Remedy.MEND: "up mends it",
        Remedy.REPLACE: "up replaces the resource",
        Remedy.ASK: "up asks whether to mend it",
        Remedy.LEAVE: f"up leaves it: {drift.why}",
    }[drift.remedy]


def _below(live: Live | None, room: int) -> Iterator[str]:
    """Its drift, ``zone: use1-az2, in the tutorial use1-az1`` and what ``up`` does about it; else AWS's reason for its
    state, if any."""
    if live and live.drift:
        for drift in live.drift:
            holds, says = differs(drift)
            yield from [f"{holds}, {says}"] if len(holds) + len(says) + 2 <= room else [f"{holds},", f"  {says}"]
            yield from textwrap.wrap(what_up_does(drift), room, initial_indent="  ", subsequent_indent="  ")
    elif live and live.why:
        yield live.why
