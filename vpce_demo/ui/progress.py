"""A run as it goes: a live tree of the steps on a terminal, one line a change and a heartbeat elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.live import Live as Screenful

from ..model import Event, Resource
from ..runlog import described
from .board import Board
from .lines import Teller, line
from .style import Screen, elapsed
from .tree import Tree

HEARTBEAT_SECONDS = 30.0


@contextmanager
def progress(
    screen: Screen, board: Board, how: str, command: str, cost: Callable[[list[Resource]], str]
) -> Iterator[Progress]:
    """Show a run in the way asked for: ``live``, ``plain``, ``none``, or ``auto`` for what suits the terminal.

    ``command`` is the one that goes on after an interruption; ``cost`` says what these resources cost now.
    """
    if how == "auto":
        # Rich takes FORCE_COLOR for a terminal, and would animate into a log.
        how = "live" if screen.talk.file.isatty() and not screen.talk.is_dumb_terminal else "plain"
    if screen.quiet or how == "none":
        yield Progress(board)
    elif how == "live":
        tree = Tree(screen, board, command, cost)
        screen.end_line()
        try:
            with Screenful(tree, console=screen.talk, refresh_per_second=8):
                try:
                    yield Progress(board)
                finally:
                    tree.over = True
        finally:
            screen.say()
    else:
        lines = Lines(screen, board)
        try:
            with lines.heartbeat():
                yield lines
        finally:
            if lines.said:
                screen.say()


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
        self.said = 0
        self._last = time.monotonic()

    def hear(self, event: Event) -> None:
        super().hear(event)
        at = time.time() - (time.monotonic() - event.at)
        self._say(self.teller.tell({"at": at, **described(event, self.board.demo)}))

    def _say(self, text: str) -> None:
        if text:
            self.said += 1
            self._last = time.monotonic()
            self.screen.say(text)

    @contextmanager
    def heartbeat(self) -> Iterator[None]:
        """Say every while inside what is being waited for, when nothing else was said."""
        over = threading.Event()

        def beat() -> None:
            while not over.wait(max(0.0, self._last + HEARTBEAT_SECONDS - time.monotonic())):
                if time.monotonic() - self._last >= HEARTBEAT_SECONDS:
                    self.beat(time.monotonic())
                    self._last = time.monotonic()

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def beat(self, now: float) -> None:
        """Say of each step that is busy what is being waited for, and for how long by now."""
        for row in self.board.rows:
            if cell := row.busy:
                word = cell.note or (cell.live.word if cell.live else "")
                r = cell.resource
                about = {"at": time.time(), "step": row.step.number, "kind": r.kind, "name": r.name}
                self._say(line(about, "waiting", f"{word}, {elapsed(cell.seconds(now))}"))
