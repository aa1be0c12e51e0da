"""The progress of a run: a live tree of the steps on a terminal, else a line for each change and a heartbeat."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.live import Live as Screenful
from rich.text import Text

from ..engine.events import Event
from ..engine.resource import Resource
from ..journal.run_log import described
from .lines import EventFormatter, format_line
from .progress_state import Board
from .style import Screen, elapsed, frame
from .tree import Tree

HEARTBEAT_SECONDS = 30.0
FRAMES_A_SECOND = 8


@contextmanager
def progress(
    screen: Screen, board: Board, how: str, command: str, cost: Callable[[list[Resource]], str]
) -> Iterator[Progress]:
    """Show a run.  ``how`` is ``live``, ``plain``, ``none`` or ``auto``, which is ``live`` on a terminal.

    ``command`` continues the run after an interruption; ``cost`` formats the current cost of these resources.
    """
    match _way(screen, how):
        case "live":
            tree = Tree(screen, board, command, cost)
            screen.end_line()
            try:
                with Screenful(tree, console=screen.err, refresh_per_second=FRAMES_A_SECOND):
                    try:
                        yield Progress(board)
                    finally:
                        tree.over = True
            finally:
                screen.message()
        case "plain":
            lines = Lines(screen, board)
            try:
                with lines.heartbeat:
                    yield lines
            finally:
                if lines.count:
                    screen.message()
        case _:
            yield Progress(board)


@contextmanager
def checking(screen: Screen, how: str, number: int, title: str) -> Iterator[None]:
    """Show that a check of the test is running, which may take minutes; a terminal is cleared afterwards."""
    began, title = time.monotonic(), screen.said(title)
    match _way(screen, how):
        case "live":
            screen.end_line()
            with Screenful(
                Checking(screen, number, title, began),
                console=screen.err,
                refresh_per_second=FRAMES_A_SECOND,
                transient=True,
            ):
                yield
        case "plain":
            with Heartbeat(lambda now: screen.message(f"still at {number}  {title}, {elapsed(now - began)}")):
                yield
        case _:
            yield


def _way(screen: Screen, how: str) -> str:
    if how == "auto":
        # With FORCE_COLOR Rich believes every stream is a terminal, and would animate into a log.
        how = "live" if screen.err.file.isatty() and not screen.err.is_dumb_terminal else "plain"
    return "none" if screen.quiet else how


class Progress:
    """Keeps the state of a run and shows nothing."""

    def __init__(self, board: Board) -> None:
        self.board = board

    def on_event(self, event: Event) -> None:
        self.board.on_event(event)


class Heartbeat:
    """Calls ``beat``, with the monotonic time, whenever nothing was reported for ``HEARTBEAT_SECONDS``."""

    def __init__(self, beat: Callable[[float], None]) -> None:
        self._beat = beat
        self._over = threading.Event()
        self._last = time.monotonic()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def reset(self) -> None:
        self._last = time.monotonic()

    def _run(self) -> None:
        while not self._over.wait(max(0.0, self._last + HEARTBEAT_SECONDS - time.monotonic())):
            if (now := time.monotonic()) - self._last >= HEARTBEAT_SECONDS:
                self._beat(now)
                self.reset()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()


class Lines(Progress):
    """One line for each change, with the time; and a heartbeat for each step that is still waiting."""

    def __init__(self, screen: Screen, board: Board) -> None:
        super().__init__(board)
        self.screen = screen
        self.formatter = EventFormatter(screen.verbose)
        self.heartbeat = Heartbeat(self.beat)
        self.count = 0

    def on_event(self, event: Event) -> None:
        super().on_event(event)
        at = time.time() - (time.monotonic() - event.at)
        self._print(self.formatter.format({"at": at, **described(event, self.board.demo)}))

    def _print(self, text: str) -> None:
        if text:
            self.count += 1
            self.heartbeat.reset()
            self.screen.message(text)

    def beat(self, now: float) -> None:
        """Print what each busy step waits for, and how long it has taken."""
        for row in self.board.rows:
            if cell := row.busy:
                word = cell.note or (cell.live.word if cell.live else "")
                r = cell.resource
                about = {"at": time.time(), "step": row.step.number, "kind": r.kind, "name": r.name}
                self._print(format_line(about, "waiting", f"{word}, {elapsed(cell.seconds(now))}"))


class Checking:
    """The line of a check that is running; empty for the first 0.3 seconds."""

    def __init__(self, screen: Screen, number: int, title: str, began: float) -> None:
        self._line = f" {number}  {title}"
        self._began = began
        self._spinner = screen.spinner()

    def __rich__(self) -> Text:
        now = time.monotonic()
        if now - self._began < 0.3:
            return Text()
        text = Text(no_wrap=True, overflow="crop").append_text(frame(self._spinner, now))
        return text.append(f" {self._line}  ").append(elapsed(now - self._began), style="dim")
