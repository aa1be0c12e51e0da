"""The resources of a demo as a table, a line for each step: state, age, price, id, and what is not as it should be."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from ..chapters import chapter_named
from ..config.settings import TUTORIAL
from ..diagram.picture import Drawn, state_of
from ..engine.drift import shortened
from ..engine.resource import Resource
from ..lessons import Language, words
from ..model import Drift, Live, Remedy, is_fine, short_id
from .style import Screen, duration, padded, wrapped

if TYPE_CHECKING:
    from ..tutorial import Demo, Step

ROOM_FOR_AN_ID = 24
"""The width kept for ids, in the last column; a longer id gets its own line."""
INDENT = " " * 5
"""Before what is under the line of a step."""


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
    """Print a line for each step, or for each of several customers, and below it each resource that is not as it
    should be, with its drift; all of them if the screen is verbose.  Ids are never cut."""
    width = screen.out.width
    steps = [(step, _said(screen, _step(table, step))) for step in table.demo.rows if step.resources]
    parts = {r.key: _said(screen, _part(table, r)) for r in table.demo.resources}
    heads = {column: screen.said(head) for column, head in HEADS.items()}
    step_widths = _widths([row for _, row in steps], STEP_COLUMNS, width, heads)
    part_widths = _widths(parts.values(), PART_COLUMNS, width - len(INDENT), heads)
    head = " ".join(padded(heads[column], wide) for column, wide in step_widths.items())
    screen.line(f"     {head} {'id' if table.lives else ''}".rstrip(), style="dim")
    before = TUTORIAL
    for step, row in steps:
        if step.chapter != before:
            screen.line(f"     {chapter_named(step.chapter).title}", style="bold")
            before = step.chapter
        _line(screen, row, "", f"{step.number:>2} {_joined(row, step_widths)}")
        for r in step.resources:
            part = parts[r.key]
            below = list(_below(screen, part.live, width - len(INDENT) - 4))
            # A step that is not there at all says so in one line.
            if screen.verbose or below or (part.mark != "✓" and row.mark != "·"):
                shown = part if screen.verbose or r is not step.head else replace(part, id="")
                _line(screen, shown, INDENT, _joined(part, part_widths))
            for more in below:
                screen.line(f"{INDENT}    {more}")


HEADS = {"title": "step", "side": "side", "name": "name", "state": "state", "age": "age", "cost": "an hour"}
STEP_COLUMNS = (
    ("title", "side", "name", "state", "age", "cost"),
    ("title", "name", "state", "age", "cost"),
    ("title", "side", "state", "age"),
    ("title", "side"),
)
PART_COLUMNS = (("what", "state", "age", "cost"), ("what", "state"))
"""The choices of columns: the first one that fits beside an id, else the last."""


@dataclass(frozen=True)
class _Row:
    mark: str
    live: Live | None
    cells: Mapping[str, str]
    id: str
    link: str


def _step(table: Table, step: Step) -> _Row:
    """The line of a step: its head, for all of its resources."""
    head, lives = step.head, [table.lives[r.key] for r in step.resources if r.key in table.lives]
    live, count = table.lives.get(head.key), len(step.resources)
    if not lives:
        mark, state = "·", f"{count} {table.absent}" if count > 1 else table.absent
    else:
        mark = "✓" if len(lives) == count and all(_mark(one) == "✓" for one in lives) else "!"
        state = live.state if live and len(lives) == count else f"{len(lives)} of {count}"
    prices = [table.prices.get(r.key) for r in step.resources]
    cells = {"title": step.title, "side": head.side.value, "name": head.name, "state": state}
    price = sum(filter(None, prices), Decimal(0))
    return _row(mark, live, cells, table.ages.get(head.key), price, table.links.get(head.key))


def _part(table: Table, r: Resource) -> _Row:
    """The line of a resource under its step."""
    live = table.lives.get(r.key)
    cells = {"what": str(r), "state": live.state if live else table.absent}
    return _row(_mark(live), live, cells, table.ages.get(r.key), table.prices.get(r.key), table.links.get(r.key))


def _row(
    mark: str, live: Live | None, cells: Mapping[str, str], age: int | None, price: Decimal | None, link: str | None
) -> _Row:
    more = {
        "age": duration(float(age)) if live and age is not None else "",
        "cost": f"${price:.4f}" if price else "",
    }
    return _Row(mark, live, {**cells, **more}, short_id(live.id) if live else "", link or "")


def _said(screen: Screen, row: _Row) -> _Row:
    """The same in the screen's language, but for names."""
    cells = {column: cell if column == "name" else screen.said(cell) for column, cell in row.cells.items()}
    return replace(row, cells=cells)


def _mark(live: Live | None) -> str:
    if live is None:
        return "·"
    return "✓" if is_fine(live) and not live.drift and state_of(live) is not Drawn.BROKEN else "!"


def _widths(
    rows: Collection[_Row], choices: Sequence[Sequence[str]], room: int, heads: Mapping[str, str]
) -> dict[str, int]:
    """The columns of the first choice that fits into ``room`` beside an id, else of the last, with their widths."""
    id = 1 + ROOM_FOR_AN_ID if any(row.id for row in rows) else 0
    for columns in choices:
        widths = {column: max([cell_len(row.cells[column]) for row in rows]) for column in columns}
        widths = {column: max(wide, cell_len(heads.get(column, ""))) for column, wide in widths.items() if wide}
        if 4 + sum(1 + wide for wide in widths.values()) + id <= room:
            break
    return widths


def _joined(row: _Row, widths: Mapping[str, int]) -> str:
    return " ".join(padded(row.cells[column], wide) for column, wide in widths.items())


def _line(screen: Screen, row: _Row, indent: str, before: str) -> None:
    id = Text(row.id, style=Style(link=row.link) if row.link and screen.out.file.isatty() else "")
    fits = len(indent) + 2 + cell_len(before) + 1 + len(id) <= screen.out.width
    text = Text(f"{before} " if id and fits else before.rstrip())
    screen.line(text.append_text(id) if fits else text, mark=f"{indent}{row.mark}")
    if id and not fits:
        screen.line(Text(f"{indent}        ").append_text(id))


def differs(drift: Drift, lang: Language = "en") -> tuple[str, str]:
    """``health check interval: 30`` and ``in the tutorial 10``."""
    wanted = words(lang, "report")["in the tutorial"].format(value=shortened(drift.tutorial))
    return f"{drift.field}: {shortened(drift.aws)}", wanted


def what_up_does(drift: Drift) -> str:
    """``up mends it``, or why it is left."""
    return {
        Remedy.MEND: "up mends it",
        Remedy.REPLACE: "up replaces the resource",
        Remedy.ASK: "up asks whether to mend it",
        Remedy.LEAVE: f"up leaves it: {drift.why}",
    }[drift.remedy]


def _below(screen: Screen, live: Live | None, room: int) -> Iterator[str]:
    """Its drift, ``zone: use1-az2, in the tutorial use1-az1`` and what ``up`` does about it; else AWS's reason for its
    state, if any."""
    if live and live.drift:
        for drift in live.drift:
            holds, says = differs(drift._replace(field=screen.said(drift.field)), screen.lang)
            short = cell_len(holds) + cell_len(says) + 2 <= room
            yield from [f"{holds}, {says}"] if short else [f"{holds},", f"  {says}"]
            yield from (f"  {line}" for line in wrapped(screen.said(what_up_does(drift)), room - 2))
    elif live and live.why:
        yield live.why
