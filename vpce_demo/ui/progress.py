"""A run as it goes: a live tree of the steps on a terminal, one line a change and a heartbeat elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Group
from rich.live import Live as Screenful
from rich.spinner import Spinner
from rich.text import Text

from ..model import Action, Event, Resource
from ..runlog import described
from .board import BUSY, Board, Row
from .lines import Teller, line
from .style import Screen, duration, elapsed, short_id

HEARTBEAT_SECONDS = 30.0


@contextmanager
def progress(screen: Screen, board: Board, how: str, cost: Callable[[list[Resource]], str]) -> Iterator[Progress]:
    """Show a run in the way asked for: ``live``, ``plain``, ``none``, or ``auto`` for what suits the terminal.

    ``cost`` says what these resources cost now.
    """
    if how == "auto":
        # Rich takes FORCE_COLOR for a terminal, and would animate into a log.
        how = "live" if screen.talk.file.isatty() and not screen.talk.is_dumb_terminal else "plain"
    if screen.quiet or how == "none":
        yield Progress(board)
    elif how == "live":
        tree = Tree(screen, board, cost)
        with Screenful(tree, console=screen.talk, refresh_per_second=8):
            try:
                yield tree
            finally:
                tree.over = True
        screen.say()
    else:
        lines = Lines(screen, board)
        with lines.heartbeat():
            yield lines


class Progress:
    """Hears the events of a run and shows nothing."""

    def __init__(self, board: Board) -> None:
        self.board = board

    def hear(self, event: Event) -> None:
        self.board.hear(event)


class Lines(Progress):
    """One line for each change, with the time; and one a while for what is still waited for."""

    def __init__(self, screen: Screen, board: Board) -> None:
        super().__init__(board)
        self.screen = screen
        self.teller = Teller(screen.verbose)
        self._last = time.monotonic()

    def hear(self, event: Event) -> None:
        super().hear(event)
        self._say(self.teller.tell({"at": time.time(), **described(event, self.board.demo)}))

    def _say(self, text: str) -> None:
        if text:
            self._last = time.monotonic()
            self.screen.say(text)

    @contextmanager
    def heartbeat(self) -> Iterator[None]:
        """Say every while inside what is being waited for, when nothing else was said."""
        over = threading.Event()

        def beat() -> None:
            while not over.wait(1.0):
                if time.monotonic() - self._last >= HEARTBEAT_SECONDS:
                    self.beat()

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def beat(self) -> None:
        """Say of each step that is busy what is being waited for, and for how long."""
        for row in self.board.rows:
            if cell := row.busy:
                word = cell.note or (cell.live.word if cell.live else "")
                r = cell.resource
                about = {"at": time.time(), "step": row.step.number, "kind": r.kind, "name": r.name}
                self._say(line(about, "waiting", f"{word}, {elapsed(cell.seconds)}"))


class Tree(Progress):
    """The tutorial's steps, redrawn in place."""

    def __init__(self, screen: Screen, board: Board, cost: Callable[[list[Resource]], str]) -> None:
        super().__init__(board)
        self.screen = screen
        self.cost = cost
        self.over = False
        self.spinner = Spinner("line" if screen.ascii else "dots")

    def __rich__(self) -> Group:
        return Group(*self._lines())

    def _lines(self) -> Iterator[Text]:
        plain, width = self.screen.plain, self.screen.talk.width
        for row in self.board.rows:
            yield self._row(row, width)
            cell = row.busy
            if cell and cell.action in (Action.WAITING, Action.RETRYING) and cell.seconds > 1:
                usual = max(cell.resource.usual_seconds, cell.resource.usual_seconds_gone)
                about = f" (usually {duration(usual)} on AWS)" if usual >= 30 else ""
                yield Text(
                    plain(f"        {cell.resource}: {cell.note or 'waiting'}{about}"), style="dim", no_wrap=True
                )
        if self.over:
            return
        done, all = self.board.finished, len(self.board.cells)
        bar = round(50 * done / all) if all else 50
        yield Text("")
        yield Text(plain("━" * bar) + plain("─" * (50 - bar)) + f"  {done} of {all}", style="green", no_wrap=True)
        so_far = f"{duration(self.board.seconds)} so far. {self.cost(self.board.there)}".rstrip()
        yield Text(f"{so_far} Ctrl-C is safe: run the same command to go on.", style="dim", no_wrap=True)

    def _row(self, row: Row, width: int) -> Text:
        done = [cell for cell in row.cells if cell.action in self.board.done]
        failed = [cell for cell in row.cells if cell.action in (Action.FAILED, Action.SKIPPED)]
        busy = row.busy
        text = Text(no_wrap=True, overflow="ignore")
        if failed:
            text.append(self.screen.plain("✗"), style="red")
        elif len(done) == len(row.cells):
            text.append(self.screen.plain("✓"), style="green")
        elif busy:
            text.append_text(_frame(self.spinner, time.monotonic()))
        else:
            text.append(self.screen.plain("·"), style="dim")
        head = row.head
        text.append(f" {row.step.number:>2} {row.step.title:<18} ")
        if not (busy or done or failed):
            if waits_for := self.board.waits_for(row):
                text.append(f"waits for: {waits_for}", style="dim")
            return text
        id = short_id(head.live.id) if head.live else ""
        name = f"{head.resource.name:<22} " if width >= 98 else ""
        word = head.live.word if head.live and head.action in BUSY | self.board.done else ""
        if head.action is Action.GONE:
            word = "gone"
        took = duration(max(c.seconds for c in row.cells)) if any(c.began for c in row.cells) else ""
        text.append(f"{name}{id:<33} {word:<12} {took if len(word) <= 12 else ''}".rstrip())
        return text


def _frame(spinner: Spinner, now: float) -> Text:
    frame = spinner.render(now)
    return frame if isinstance(frame, Text) else Text("*")
