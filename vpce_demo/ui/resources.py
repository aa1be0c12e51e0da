"""The resources of a demo as a table: what there is of each, its age, what it costs, and where it differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from rich.text import Text

from ..engine.resource import Resource
from ..model import Drift, Live, is_fine, short_id
from .style import Screen, duration

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
    """The columns for which there is room beside an id; the first choice that fits, else the last."""
    choices = (("kind", "name", "state", "age", "cost"), ("name", "state", "age", "cost"), ("kind", "state", "age"))
    id = ROOM_FOR_AN_ID if any(row.id for row in rows) else 0
    for columns in choices:
        taken = sum(1 + max(len(row.cells[column]) for row in rows) for column in columns)
        if 5 + taken + id <= width:
            return columns
    return choices[-1]


def _line(screen: Screen, row: _Row, before: str) -> None:
    id = Text(row.id, style=f"link {row.link}" if row.link and screen.out.file.isatty() else "")
    if id and 2 + len(before) + 1 + len(id) <= screen.out.width:
        screen.line(Text(f"{before} ").append_text(id), mark=row.mark)
        return
    screen.line(before.rstrip(), mark=row.mark)
    if id:
        screen.line(Text("        ").append_text(id))


def _short(value: str) -> str:
    """A value in which every id is as people know it."""
    return ", ".join(short_id(word) for word in value.split(", "))


def differs(drift: Drift) -> tuple[str, str]:
    """``health check interval: 30`` and ``in the tutorial 10``."""
    return f"{drift.field}: {_short(drift.aws)}", f"in the tutorial {_short(drift.tutorial)}"


def _below(live: Live | None, room: int) -> Iterator[str]:
    """Where it differs, ``zone: use1-az2, in the tutorial use1-az1``; else why it is as it is, if AWS says so."""
    if live and live.drift:
        for drift in live.drift:
            holds, says = differs(drift)
            yield from [f"{holds}, {says}"] if len(holds) + len(says) + 2 <= room else [f"{holds},", f"  {says}"]
    elif live and live.why:
        yield live.why
