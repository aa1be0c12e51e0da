"""The resources of a demo as a table: what there is of each, its age, what it costs, and where it differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from rich.text import Text

from ..model import Drift, Live, Phase, Resource
from .style import Screen, duration, short_id

if TYPE_CHECKING:
    from ..tutorial import Demo

ROOM_FOR_AN_ID = 24
"""So much is left for the ids, which come last; a longer one has a line of its own."""


@dataclass(frozen=True)
class Table:
    """What is shown of each resource, by its key.

    ``prices`` are what they cost an hour; ``links`` the addresses of their pages in AWS's console; ``absent`` is the
    word for what is not there.
    """

    demo: Demo
    lives: Mapping[str, Live]
    absent: str
    ages: Mapping[str, int] = field(default_factory=dict)
    prices: Mapping[str, Decimal | None] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


def show(screen: Screen, table: Table) -> None:
    """Print it: a line for each resource, and under it what differs.  Ids are never cut."""
    rows = [(step.number, r, table.lives.get(r.key)) for step in table.demo.steps for r in step.resources]
    cells = [_Row(number, r, live, _cells(table, r, live)) for number, r, live in rows]
    columns = _columns(cells, screen.out.width)
    heads = {"kind": "kind", "name": "name", "state": "state", "age": "age", "cost": "an hour"}
    widths = {column: max(len(row.cells[column]) for row in cells) for column in columns}
    widths = {column: max(width, len(heads[column])) for column, width in widths.items() if width}
    id_head = "id" if any(row.live for row in cells) else ""
    head = " ".join(f"{heads[column]:<{width}}" for column, width in widths.items())
    screen.line(f"     {head}  {id_head}".rstrip(), style="dim")
    for row in cells:
        before = f"{row.number:>2} " + " ".join(f"{row.cells[column]:<{width}}" for column, width in widths.items())
        _line(
            screen, row.mark, before, short_id(row.live.id) if row.live else "", table.links.get(row.resource.key, "")
        )
        for more in _below(row.live):
            screen.line(f"        {more}")


@dataclass(frozen=True)
class _Row:
    number: int
    resource: Resource
    live: Live | None
    cells: Mapping[str, str]

    @property
    def mark(self) -> str:
        if self.live is None:
            return "·"
        fine = self.live.phase in (Phase.READY, Phase.PENDING) and not self.live.drift
        return "✓" if fine else "!"


def _cells(table: Table, r: Resource, live: Live | None) -> dict[str, str]:
    age, price = table.ages.get(r.key), table.prices.get(r.key)
    return {
        "kind": r.kind,
        "name": r.name,
        "state": live.word if live else table.absent,
        "age": duration(float(age)) if live and age is not None else "",
        "cost": f"${price:.4f}" if price else "",
    }


def _columns(rows: list[_Row], width: int) -> tuple[str, ...]:
    """The columns for which there is room beside an id; the first choice that fits, else the last."""
    choices = (("kind", "name", "state", "age", "cost"), ("name", "state", "age", "cost"), ("kind", "state", "age"))
    for columns in choices:
        taken = sum(1 + max(len(row.cells[column]) for row in rows) for column in columns)
        if 6 + taken + ROOM_FOR_AN_ID <= width:
            return columns
    return choices[-1]


def _line(screen: Screen, mark: str, before: str, id: str, link: str) -> None:
    linked = Text(id, style=f"link {link}" if link and screen.out.file.isatty() else "")
    if id and 2 + len(before) + 2 + len(id) <= screen.out.width:
        screen.line(Text(f"{before}  ").append_text(linked), mark=mark)
        return
    screen.line(before.rstrip(), mark=mark)
    if id:
        screen.line(Text("        ").append_text(linked))


def _below(live: Live | None) -> Iterator[str]:
    """Where it differs, and else why it is as it is, if AWS says so."""
    if live and live.drift:
        for drift in live.drift:
            yield differs(drift)
    elif live and live.why:
        yield live.why


def differs(drift: Drift) -> str:
    """``health check interval: 30, in the tutorial 10``."""
    return f"{drift.field}: {drift.aws}, in the tutorial {drift.tutorial}"
