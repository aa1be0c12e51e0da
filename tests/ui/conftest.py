"""Terminals of any width, and pipes, whose screens can be read back."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import pytest

from vpce_demo.lessons import Language
from vpce_demo.ui.style import Screen, make_screen


class Stream(io.StringIO):
    """What is written, by both streams of a process; a terminal or not."""

    encoding = "utf-8"

    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        return self.is_terminal


Opens = Callable[..., tuple[Screen, Stream]]


@pytest.fixture
def open_screen(monkeypatch: pytest.MonkeyPatch) -> Opens:
    """Opens a screen of a width as the program does, and the stream that it writes to; without a width it is a pipe."""

    def open_it(
        width: int = 0, *, colour: bool = False, ascii: bool = False, lang: Language = "en"
    ) -> tuple[Screen, Stream]:
        stream = Stream(bool(width))
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("COLUMNS", str(width or 200))
        return make_screen(colour=colour, ascii=ascii, quiet=False, verbose=False, lang=lang), stream

    return open_it
