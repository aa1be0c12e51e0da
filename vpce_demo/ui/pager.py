"""Pages that are longer than the terminal: in the user's pager, or turned here, a screen at a time."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType

import click
from rich.cells import cell_len
from rich.console import ConsoleDimensions
from rich.pager import Pager
from rich.text import Text

from ..masking import MASK
from .style import Screen

Block = Sequence[Text]
"""Lines that belong together, a section of a page."""
ENTER = "\r"
NEXT, BACK, PICTURE = " ", "b", "p"
GAP = "   "
RESIZED = ""


@contextlib.contextmanager
def paged(screen: Screen) -> Iterator[None]:
    """Inside, results go through the user's pager if the terminal is too small for them.

    PAGER names it; without that it is ``less``, and there is none if PAGER is empty or ``cat``.  Nor is there one
    outside a terminal, or in one that cannot move its cursor.
    """
    on_terminal = sys.stdin.isatty() and sys.stdout.isatty() and screen.out.file is not screen.err.file
    if not on_terminal or screen.out.is_dumb_terminal or os.environ.get("PAGER", "less").strip() in ("", "cat"):
        yield
        return
    with screen.out.pager(_UsersPager(screen), styles=True):
        yield


class _UsersPager(Pager):
    def __init__(self, screen: Screen) -> None:
        self.screen = screen

    def show(self, content: str) -> None:
        out = self.screen.out
        if sum(_rows(line, out.width) for line in _lines(content)) < out.height:
            out.file.write(content)
            return
        os.environ.setdefault("LESS", "-FRX")  # as git and gh do: colours, and the text stays when it is left
        before = signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is the pager's
        try:
            click.echo_via_pager(MASK.text(content))
        finally:
            signal.signal(signal.SIGINT, before)


def drawn(screen: Screen, draw: Callable[[], object]) -> list[Text]:
    """The lines of the results that a function prints, instead of printing them."""
    with screen.out.capture() as captured:
        draw()
    return _lines(captured.get())


def _lines(content: str) -> list[Text]:
    return [Text.from_ansi(line) for line in content.rstrip("\n").split("\n")]


def screens(blocks: Iterable[Block], width: int, height: int) -> list[list[Text]]:
    """Put lines on screens of this size: a block that fits on one stays whole, and no empty line is at an end."""
    done: list[list[Text]] = [[]]
    free = height
    for block in blocks:
        if done[-1] and sum(_rows(line, width) for line in block) > free:
            done.append([])
            free = height
        for line in block:
            rows = _rows(line, width)
            if done[-1] and rows > free:
                done.append([])
                free = height
            if line or done[-1]:
                done[-1].append(line)
                free -= rows
    for lines in done:
        while lines and not lines[-1]:
            lines.pop()
    return done


def _rows(line: Text, width: int) -> int:
    """How many rows of the terminal a line takes."""
    return max(1, -(-line.cell_len // width))


@dataclass
class Reader:
    """Shows a page screen by screen, and a picture on demand: all is drawn anew for each, in the terminal's size.

    ``ends`` are the keys that end it, with their words; ENTER turns too, and ends it on the last screen.  ``words`` are
    those of the keys that turn.
    """

    screen: Screen
    words: Mapping[str, str]
    page: Callable[[], Iterable[Block]]
    picture: Callable[[], Iterable[Block]] | None
    ends: Mapping[str, str]
    at: int = 0
    left_at: int | None = None
    """The screen of the page to come back to, while the picture is shown."""

    def read(self) -> str:
        """Show it; return the key that ended it.

        Raises KeyboardInterrupt for Ctrl-C, EOFError for Ctrl-D and where the terminal has gone.
        """
        with _keys_at_once() as typed:
            while True:
                size, shown = self.screen.out.size, self.screens()
                self.at = min(self.at, len(shown) - 1)
                last = self.at == len(shown) - 1
                for line in shown[self.at]:
                    self.screen.line(line)
                self.screen.line()
                keys = self.keys(last)
                count = [f"{self.at + 1}/{len(shown)}"] if len(shown) > 1 else []
                for words in _folded([*count, *keys.values()], self.screen.out.width):
                    self.screen.line(words, style="bold")
                key = self.key(typed, size, {*keys, ENTER, *(NEXT * self.in_picture)})
                if key in self.ends and (key != ENTER or ENTER in keys):
                    return key
                self.turn(key, last)

    def key(self, typed: Callable[[], str], size: ConsoleDimensions, known: Collection[str]) -> str:
        """Wait for one of these keys; RESIZED as soon as the terminal has another size."""
        while True:
            try:
                with _telling_of_resizes():
                    if self.screen.out.size != size:
                        return RESIZED
                    text = typed().lower().replace("\n", ENTER)
            except _Resized:
                return RESIZED
            if text in ("", "\x04"):
                raise EOFError
            keys = [key for key in text if key in known]
            if keys and text[0] != "\x1b":
                return keys[0]

    @property
    def in_picture(self) -> bool:
        return self.left_at is not None

    def turn(self, key: str, last: bool) -> None:
        if key in (NEXT, ENTER) and not last:
            self.at += 1
        elif key == BACK:
            self.at -= 1
        elif self.left_at is not None and key != RESIZED:
            self.at, self.left_at = self.left_at, None
        elif key == PICTURE:
            self.at, self.left_at = 0, self.at

    def screens(self) -> list[list[Text]]:
        """The screens of what is shown now, each with room for the keys below it."""
        out = self.screen.out
        blocks = self.picture() if self.picture and self.in_picture else self.page()
        if out.is_dumb_terminal:
            return screens(blocks, out.width, sys.maxsize)
        below = max(len(_folded(["10/10", *self.keys(last).values()], out.width)) for last in (True, False))
        return screens(blocks, out.width, max(1, out.height - below - 2))

    def keys(self, last: bool) -> dict[str, str]:
        """The keys on this screen, with their words."""
        keys = {}
        if not last:
            keys[NEXT] = self.words["key next"]
        elif not self.in_picture:
            keys[ENTER] = self.ends[ENTER]
        if self.at:
            keys[BACK] = self.words["key back"]
        if self.picture:
            keys[PICTURE] = self.words["key page" if self.in_picture else "key picture"]
        return keys | {key: words for key, words in self.ends.items() if key != ENTER}


def _folded(words: Iterable[str], width: int) -> list[str]:
    """The words beside each other, on as many lines as they need."""
    lines: list[str] = []
    for word in words:
        if lines and cell_len(lines[-1] + GAP + word) <= width:
            lines[-1] += GAP + word
        else:
            lines.append(word)
    return lines


@contextlib.contextmanager
def _keys_at_once() -> Iterator[Callable[[], str]]:
    """Inside, the terminal gives each key as it is pressed; what was typed before is discarded.

    Yields what waits for a key.
    """
    try:
        import termios
        import tty
    except ImportError:  # Windows
        yield click.getchar
        return

    def typed() -> str:
        return os.read(terminal, 32).decode(errors="ignore")

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal)
    try:
        yield typed
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


class _Resized(Exception):
    """The terminal has got another size."""


@contextlib.contextmanager
def _telling_of_resizes() -> Iterator[None]:
    """Inside, a key that is waited for is waited for no longer when the terminal gets another size."""

    def resized(number: int, frame: FrameType | None) -> None:
        if frame and frame.f_code.co_name in ("key", "typed"):  # not where a handler is put back
            raise _Resized

    before = signal.signal(signal.SIGWINCH, resized)
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
