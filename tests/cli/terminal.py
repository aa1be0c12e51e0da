"""The program in a terminal of its own, and the screen as somebody in front of it sees it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType

import pexpect
import pyte

from .program import SECONDS, Program


class Terminal:
    """A command at work in a terminal of this size.  Leaving it ends the command."""

    def __init__(self, program: Program, *words: str, width: int = 100, height: int = 40, **environment: str) -> None:
        self.screen = pyte.Screen(width, height)
        self._stream = pyte.ByteStream(self.screen)
        self._text: str | None = None
        self._child: pexpect.spawn[bytes] = pexpect.spawn(
            sys.executable,
            ["-m", "vpce_demo", *words],
            cwd=str(program.directory),
            env={**program.environment, "TERM": "xterm-256color", **environment},
            dimensions=(height, width),
            timeout=SECONDS,
        )

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.close(force=True)

    @property
    def lines(self) -> list[str]:
        """What stands on the screen, without empty lines at its end."""
        return self.text.split("\n")

    @property
    def text(self) -> str:
        if self._text is None:
            # Not ``screen.display``, which is slow.  The second half of a wide letter is empty.
            rows = (self.screen.buffer[y] for y in range(self.screen.lines))
            columns = range(self.screen.columns)
            self._text = "\n".join("".join(row[x].data for x in columns).rstrip() for row in rows).rstrip()
        return self._text

    @property
    def is_coloured(self) -> bool:
        """Whether anything on the screen has a colour, or is bold."""
        cells = [cell for row in self.screen.buffer.values() for cell in row.values()]
        return any(cell.fg != "default" or cell.bold for cell in cells)

    def until(self, holds: Callable[[Terminal], object], what: str) -> None:
        """Let the command go on until this holds of the screen; fails when it takes too long or the command ends."""
        end = time.monotonic() + SECONDS
        while not holds(self):
            assert time.monotonic() < end, f"waited for {what}:\n{self.text}"
            assert self._read(), f"ended before {what}:\n{self.text}"

    def press(self, key: str) -> None:
        self._child.send(key)

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size, with nothing on it."""
        self.screen.resize(height, width)
        self.screen.reset()
        self._text = None
        self._child.setwinsize(height, width)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._child.sendintr()

    def finish(self) -> int:
        """Let the command end; returns its exit code."""
        while self._read():
            pass
        self._child.close()
        assert "Traceback" not in self.text, self.text
        assert self._child.exitstatus is not None, f"ended by signal {self._child.signalstatus}"
        return self._child.exitstatus

    def ended_by(self) -> int | None:
        """Let the command end; returns the number of the signal that ended it, if one did."""
        while self._read():
            pass
        self._child.close()
        signal: int | None = self._child.signalstatus
        return signal

    def _read(self) -> bool:
        """Take in what the command shows; whether it goes on."""
        try:
            self._stream.feed(self._child.read_nonblocking(65536, timeout=0.05))
            self._text = None
        except pexpect.TIMEOUT:
            pass
        except pexpect.EOF:
            return False
        return True
