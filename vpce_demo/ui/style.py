"""Consoles, marks, and how durations are written.  Colour never carries meaning alone.

Messages come in English, and are shown in the screen's language.
"""

from __future__ import annotations

import locale
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.spinner import Spinner
from rich.text import Text

from ..lessons import Language
from ..lessons.phrases import pieces
from ..untrusted import one_line, only_printable
from .output import styled

WIDTH_WITHOUT_TERMINAL = 100

_ASCII = {"✓": "v", "✗": "x", "·": ".", "…": "...", "→": ">", "━": "=", "╸": "=", "─": "-", "│": "|", "•": "*"}
_WORD = re.compile(r"""\s*(?:'[^']*'|"[^"]*"|\S)+""")
"""A word of a shell's command line, with the space before it."""
_COLOURS = {"✓": "green", "✗": "red", "·": "dim", "-": "dim", "!": "yellow"}


@dataclass(frozen=True)
class Screen:
    """Two consoles: ``out`` for results, ``err`` for messages."""

    out: Console
    err: Console
    ascii: bool
    quiet: bool = False
    verbose: bool = False
    lang: Language = "en"
    _begun: list[str] = field(default_factory=list)
    """The text of the unfinished line, if there is one."""
    _rest: list[Callable[[], Sequence[str]]] = field(default_factory=list)

    @property
    def is_lost(self) -> bool:
        """True if nobody reads the results any more, or there is no room for them."""
        return bool(getattr(self.out.file, "lost", None))

    def said(self, text: str) -> str:
        """A message in this screen's language.  What is said in several columns is translated before it is padded."""
        if self.lang == "en":
            return text
        from ..lessons.catalogue import translated  # reads a long table

        return translated(text, self.lang)

    def plain(self, text: str) -> str:
        """The text on one line, with only printable characters; in ASCII if the terminal needs that."""
        text = one_line(text)
        if self.ascii:
            for symbol, instead in _ASCII.items():
                text = text.replace(symbol, instead)
        return text

    def cleaned(self, text: Text) -> Text:
        """A styled text on one line.  Its length stays, so the styles keep their places."""
        if (plain := one_line(text.plain)) != text.plain:
            text = text.copy()
            text.plain = plain
        return text

    def mark(self, mark: str) -> Text:
        return Text(self.plain(mark), style=_COLOURS.get(mark.strip(), ""))

    def spinner(self) -> Spinner:
        return Spinner("line" if self.ascii else "dots")

    def line(self, text: str | Text = "", *, mark: str = "", style: str = "", to_err: bool = False) -> None:
        """Print one message, never wrapped or cut, so that ids can be copied.  A line feed in the text is ``?``."""
        console = self.err if to_err else self.out
        self.end_line()
        shown = Text()
        if mark:
            shown.append_text(self.mark(mark)).append(" ")
        shown.append(self.cleaned(text) if isinstance(text, Text) else Text(self.plain(self.said(text)), style=style))
        console.print(shown, soft_wrap=True, highlight=False)

    def text(self, text: str) -> None:
        """Print a text of several lines, as it is."""
        for line in text.split("\n"):
            self.line(Text(self.plain(line)))

    def entry(self, head: str, text: str, *, mark: str = "", to_err: bool = False) -> None:
        """Print a text after its head; on a terminal wrap it with a hanging indent."""
        head, text = self.said(head), self.said(text)
        console, before = self.err if to_err else self.out, cell_len(head) + 2 * bool(mark)
        room = console.width - before if console.is_terminal else 0
        parts = wrapped(text, room) if room > 0 else [text]
        self.line(head + "".join(parts[:1]), mark=mark, to_err=to_err)
        for part in parts[1:]:
            self.line(" " * before + part, to_err=to_err)

    def command(self, head: str, command: str, remark: str, *, to_err: bool = False) -> None:
        """Print a command line after its head, and a remark.

        On a terminal a long one goes on after a backslash, as a shell takes it, and is not cut inside a word.
        """
        head, remark = self.said(head), self.said(remark)
        console = self.err if to_err else self.out
        room = console.width - cell_len(head) if console.is_terminal else sys.maxsize
        lines = [""]
        for word in [command] if "#" in command else _WORD.findall(command):  # a comment ends with its line
            if lines[-1] and len(lines[-1]) + len(word) > room - 2:
                lines.append("")
            lines[-1] += word if lines[-1] else word.lstrip()
        with_remark = f"{lines[-1]:<27}  {remark}".rstrip()
        last = [with_remark] if cell_len(with_remark) <= room else [lines[-1], remark]
        for number, line in enumerate([*(f"{line} \\" for line in lines[:-1]), *last]):
            self.line((" " * cell_len(head) if number else head) + line, to_err=to_err)

    def begin_line(self, text: str) -> None:
        """Show the start of a message at once; ``end_line`` completes it."""
        if not self.quiet:
            self._begun.append("")
            self._show(self.said(text))

    def add_to_line(self, *parts: str) -> None:
        """Add parts to the unfinished line, if there is one; a part that does not fit begins a new line."""
        for part in parts if self._begun else ():
            part, space = self.said(part), " " if part.startswith("(") else "   "
            fits = cell_len(self._begun[-1]) + len(space) + cell_len(part) <= self.err.width
            if not fits:
                self._begun[-1] = ""
                self.err.print()
            self._show(space + part if fits else part)

    def _show(self, text: str) -> None:
        self._begun[-1] += text
        self.err.print(Text(self.plain(text), style="bold"), end="", soft_wrap=True, highlight=False)

    def end_line_later(self, rest: Callable[[], Sequence[str]]) -> None:
        """Complete the unfinished line with ``rest()``, and an empty line, but not before the next output."""
        self._rest.append(rest)

    def end_line(self, *parts: str) -> None:
        """Complete the unfinished line, if there is one."""
        rest = self._rest.pop()() if self._rest else None
        if self._begun:
            self.add_to_line(*parts, *(rest or ()))
            self._begun.clear()
            self.err.print("" if rest is None else "\n")

    def message(self, text: str = "", *, mark: str = "", style: str = "") -> None:
        """Print a message; nothing with --quiet."""
        if not self.quiet:
            self.line(text, mark=mark, style=style, to_err=True)


def make_screen(*, colour: bool, ascii: bool, quiet: bool, verbose: bool, lang: Language = "en") -> Screen:
    """The consoles for this process's standard streams; in English where they cannot show another language."""
    symbols = _can_show_symbols(sys.stdout) and _can_show_symbols(sys.stderr)
    out, err = _console(sys.stdout, colour), _console(sys.stderr, colour)
    return Screen(out, err, ascii or not symbols, quiet, verbose, lang if symbols else "en")


class CleanConsole(Console):
    """A console that shows only printable characters."""

    def _render_buffer(self, buffer: Iterable[Segment]) -> str:
        """All that a console writes passes here, in segments: a text and its style, or a control code of Rich's own."""
        return super()._render_buffer([_cleaned(segment) for segment in buffer])


def _cleaned(segment: Segment) -> Segment:
    text, style, control = segment
    if control:
        return segment
    if style and style.link:
        style = style.update_link(one_line(style.link))
    return Segment(only_printable(text), style)


def _console(stream: TextIO, colour: bool) -> Console:
    width = None if stream.isatty() else WIDTH_WITHOUT_TERMINAL
    # Without a colour system no escape code is written at all, bold included.
    system: Literal["auto"] | None = "auto" if colour else None
    file = styled(stream)
    return CleanConsole(file=file, color_system=system, width=width, highlight=False, emoji=False, markup=False)


def _can_show_symbols(stream: TextIO) -> bool:
    encoding = (getattr(stream, "encoding", None) or locale.getpreferredencoding(False)).lower()
    return encoding.replace("-", "") == "utf8"


def wants_colour(no_color: bool, environment: Mapping[str, str] = os.environ) -> bool:
    """False with NO_COLOR, whatever its value, unless that is empty (no-color.org)."""
    return not no_color and not environment.get("NO_COLOR")


def date_and_time(at: float) -> str:
    """``2026-11-24 15:40:53 UTC``, of a Unix time: every screen and page is in this zone, and says so."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at))


def time_of_day(at: float) -> str:
    """``15:40:53Z``: the same in a column."""
    return time.strftime("%H:%M:%SZ", time.gmtime(at))


def padded(text: str, width: int) -> str:
    """The text with spaces up to this width on the screen, where a Japanese character is two wide."""
    return text + " " * (width - cell_len(text))


def wrapped(text: str, width: int) -> list[str]:
    """The lines of a text, broken at spaces and between Japanese phrases; a longer word is not cut."""
    lines = [""]
    for piece in pieces(text):
        if lines[-1] and cell_len((lines[-1] + piece).rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines]


def duration(seconds: float) -> str:
    """``0.4s``, ``12s``, ``2m05s``, ``1h03m``."""
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


def frame(spinner: Spinner, now: float) -> Text:
    shown = spinner.render(now)
    assert isinstance(shown, Text), "a spinner without a text"
    return shown


def about(seconds: float) -> str:
    """``6 seconds``, ``2 minutes``: how long something usually takes."""
    number, unit = (round(seconds / 60), "minute") if seconds >= 50 else (max(1, round(seconds)), "second")
    return f"{number} {unit}{'' if number == 1 else 's'}"


def roughly(seconds: float) -> str:
    """``6s``, ``40s``, ``3m``: an estimate, rounded."""
    if seconds >= 90:
        return f"{round(seconds / 60)}m"
    return f"{round(seconds) if seconds < 20 else 5 * round(seconds / 5)}s"


def elapsed(seconds: float) -> str:
    """A duration in whole seconds, for a live view; ``0.4s`` below one second, empty for zero."""
    if seconds < 0.05:
        return ""
    return duration(seconds) if seconds < 0.95 or seconds >= 9.95 else f"{round(seconds)}s"


def in_a_sentence(title: str) -> str:
    """A title in lower case, except abbreviations: ``load balancer``, ``VPC endpoint``."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]
