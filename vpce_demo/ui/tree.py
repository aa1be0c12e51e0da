"""The live view: the tutorial's steps, redrawn in place, never wider or taller than the terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from ..engine.events import Action
from ..engine.resource import Resource
from ..model import short_id
from .progress_state import BUSY, Board, Row
from .style import Screen, about, elapsed, frame, padded, roughly, wrapped

TITLE, ID, WORD, TOOK = 18, 34, 13, 6
"""Widths of the columns, each with the space after it; an id is longest for a load balancer."""
INDENT = " " * 6
WORTH_SAYING_SECONDS = 2.0
"""Shorter waits are not shown: the line would vanish before it can be read."""


@dataclass(frozen=True)
class TreeLine:
    """A line of the tree.  Neighbours with the same ``fold`` may be folded into one if there is no room."""

    text: Text
    fold: str = ""


class Tree:
    """Draws a board.  ``cost`` formats the current cost of resources; ``command`` continues the run."""

    def __init__(self, screen: Screen, board: Board, command: str, cost: Callable[[list[Resource]], str]) -> None:
        self.screen = screen
        self.board = board
        self.command = command
        self.cost = cost
        self.over = False
        self._spinner = screen.spinner()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        # One line is kept for the cursor.
        height = None if self.over else options.size.height - 1
        yield Text("\n").join(self.lines(time.monotonic(), options.max_width, height))

    def lines(self, now: float, width: int, height: int | None) -> list[Text]:
        """The whole view now, in at most ``height`` lines."""
        tree = [line for row in self.board.rows for line in self._step(row, now, width)]
        if self.over:
            return [line.text for line in tree]
        footer = self._footer(now, width)
        if height is not None:
            tree = self._folded(tree, height - len(footer))
        return [line.text for line in tree] + footer

    # --- steps ------------------------------------------------------------------

    def _step(self, row: Row, now: float, width: int) -> list[TreeLine]:
        """A step, and its remarks."""
        shown, busy = _mark(row, self.board), row.busy
        lead = Text(no_wrap=True, overflow="ignore")
        if busy and not shown and not self.over:
            lead.append_text(frame(self._spinner, now))
        else:
            lead.append_text(self.screen.mark(shown or ("!" if busy else "·")))
        lead.append(f" {row.step.number:>2} ")
        fold = shown if shown in ("✓", "-") else "·" if not (shown or busy) else ""
        lines = [TreeLine(lead.append_text(self._columns(row, now, width)), fold)]
        for remark in self._remarks(row, now):
            remark = self.screen.plain(self.screen.said(" ".join(remark.split())))
            for text in wrapped(remark, width - len(INDENT)):
                lines.append(TreeLine(Text(f"{INDENT}{text}", style="dim"), f"{fold} remark"))
        return lines

    def _columns(self, row: Row, now: float, width: int) -> Text:
        """The columns of a step that fit; the id is never cut."""
        head = row.head
        if not any(cell.began or cell.live for cell in row.cells):
            needed = self.board.waits_for(row) if head.action is Action.MISSING else ""
            why = head.note if head.action is Action.SKIPPED else f"waits for: {needed}" if needed else ""
            why = self.screen.plain(self.screen.said(why))
            return Text(padded(self.screen.said(row.step.title), self._title)).append(why, style="dim")
        id = short_id(head.live.id) if head.live else ""
        took = elapsed(max(cell.seconds(now) for cell in row.cells))
        title = padded(self.screen.said(row.step.title), self._title)
        line = _fitted(title, self._name(row, width), id, self.screen.said(self._word(row)), took, width - 5)
        return Text(self.screen.plain(line))

    @cached_property
    def _title(self) -> int:
        """The width of the titles."""
        return max([TITLE, *(cell_len(self.screen.said(row.step.title)) + 1 for row in self.board.rows)])

    def _name(self, row: Row, width: int) -> str:
        """The padded name; empty if there is no room for all names."""
        column = max(len(row.head.resource.name) for row in self.board.rows) + 1
        fits = 5 + self._title + column + ID + WORD + TOOK <= width
        return f"{row.head.resource.name:<{column}}" if fits else ""

    def _word(self, row: Row) -> str:
        """AWS's state of the step, or how many of its resources are done."""
        head, done = row.head, [cell for cell in row.cells if cell.action in self.board.done]
        if head.live is None or (head.action is Action.GONE and len(done) < len(row.cells)):
            return f"{len(done)} of {len(row.cells)}"
        return head.word

    def _remarks(self, row: Row, now: float) -> Iterator[str]:
        """What a busy step waits for or was refused; why another was skipped or failed."""
        if self.over or not row.busy:
            if failed := next((cell for cell in row.cells if cell.error and not cell.is_late), None):
                yield str(failed.error)
            elif row.head.action is Action.SKIPPED and row.head.live:
                yield row.head.note
            for cell in row.cells:
                if note := self.board.mended.get(cell.resource.key):
                    yield f"mended: {note}"
            return
        for cell in row.cells:
            if cell.action is Action.RETRYING:
                yield cell.note if cell is row.head else f"{cell.resource.name}: {cell.note}"
        cell, usual = row.busy, row.busy.usual_seconds / self.board.pace
        if cell.action is Action.WAITING and max(usual, cell.seconds(now)) >= WORTH_SAYING_SECONDS:
            yield f"waits for: {'gone' if cell.is_going else cell.resource.ready_word} (about {about(usual)})"

    # --- the rest -----------------------------------------------------------------

    def _footer(self, now: float, width: int) -> list[Text]:
        """The progress bar, the time, the cost."""
        board, plain, said = self.board, self.screen.plain, self.screen.said
        count = said(f"{board.finished} of {board.all}")
        # The bar must fit even if a terminal draws these symbols two cells wide.
        room = max(10, min(50, (width - cell_len(count) - 2) // 2))
        halves = round(2 * room * board.finished / board.all) if board.all else 0
        full = plain("━" * (halves // 2) + "╸" * (halves % 2))
        bar = Text(full, style="green", no_wrap=True).append(plain("─" * (room - len(full))), style="dim")
        left = board.seconds_left(now)
        time = f"{elapsed(now - board.began) or '0s'} so far" + (f", about {roughly(left)} left." if left >= 1 else ".")
        safe = f"Ctrl-C is safe: run {self.command} to go on."
        cost = self.cost(board.there)
        costs = f"Costs {cost} already" if board.makes else f"Still costs {cost}"
        so_far, safe = said(f"{time} {costs}." if cost else time), said(safe)
        lines = [f"{so_far} {safe}"]
        if cell_len(lines[0]) > width:
            lines = [*wrapped(so_far, width), *wrapped(safe, width)]
        return [Text(), bar.append(f"  {count}"), *(Text(line, style="dim") for line in lines)]

    def _folded(self, tree: Sequence[TreeLine], room: int) -> list[TreeLine]:
        """The tree in ``room`` lines: folds finished steps, then those to come, then skipped ones, then remarks."""
        lines = list(tree)
        for kind in ("✓", "·", "-"):
            if len(lines) > room:
                lines = list(self._fold(lines, kind))
        for kind in ("✓ remark", "- remark", "· remark", " remark"):
            if len(lines) > room:
                lines = [line for line in lines if line.fold != kind]
        if len(lines) > room > 1:
            more = self.screen.said(f"{len(lines) - room + 1} lines more")
            return [*lines[: room - 1], TreeLine(Text(self.screen.plain(f"   … {more}"), style="dim"))]
        return lines[: max(0, room)]

    def _fold(self, lines: Iterable[TreeLine], kind: str) -> Iterable[TreeLine]:
        words = {"✓": "done", "·": "to come", "-": "left out"}
        for fold, run in groupby(lines, key=lambda line: line.fold):
            same = list(run)
            if fold == kind and len(same) > 1:
                more = self.screen.said(f"{len(same)} steps {words[kind]}")
                yield TreeLine(Text(self.screen.plain(f"   … {more}"), style="dim"))
            else:
                yield from same


def _mark(row: Row, board: Board) -> str:
    """How the step ended, as a mark; empty before that."""
    failed = [cell for cell in row.cells if cell.action is Action.FAILED]
    if failed:
        return "!" if all(cell.is_late for cell in failed) else "✗"
    if not any(map(board.is_open, row.cells)):
        return "✓"
    if any(cell.action in BUSY for cell in row.cells):
        return ""
    return "-" if any(cell.action is Action.SKIPPED for cell in row.cells) else ""


def _fitted(title: str, name: str, id: str, word: str, took: str, width: int) -> str:
    """The columns of a step, without the least needed ones if there is no room.

    A long id replaces the name; a long state takes the space before it.
    """
    room = len(name) + ID
    where = f"{name}{id}" if len(id) < ID else id
    where = f"{where:<{max(len(where) + 1, room - max(0, cell_len(word) - WORD + 1))}}"
    middle = f"{where}{padded(word, room + WORD - len(where))}"
    for line in (f"{title}{middle}{took:>{TOOK}}", f"{title}{middle}", f"{title}{where}", where):
        if cell_len(line.rstrip()) <= width:
            return line.rstrip()
    return id
