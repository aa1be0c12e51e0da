"""The two outputs of the program: all that it writes to a terminal, a pipe or a file goes through them.

An output lets only printable characters and line ends through, masks secrets (``masking``), and puts ``?`` for what its
encoding cannot carry.  A reader that has left or a full disk ends the showing, not the work: what comes after is
dropped, and ``lost`` says why.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast

from ..masking import MASK


class Output:
    """A stream of the process as the file that the program writes to; None is one that is closed."""

    errors = "replace"

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._lost: OSError | None = None

    def write(self, text: str) -> int:
        """Write a text; what is not printable in it, escape codes too, is ``?``."""
        if not (text.isascii() and text.replace("\n", "").isprintable()):
            from ..untrusted import only_printable  # not for the help: it is slow to import

            text = only_printable(text)
        return self.write_styled(text)

    def write_styled(self, text: str) -> int:
        """Write what a console has cleaned and styled: escape codes go through, secrets do not."""
        text = MASK.text(text)
        if self._stream is None:
            self._lost = OSError(errno.EBADF, "it is closed")
        elif not self._lost:
            if encoding := self.encoding:
                text = text.encode(encoding, self.errors).decode(encoding)
            with self._until_lost():
                self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        if self._stream is not None and not self._lost:
            with self._until_lost():
                self._stream.flush()

    @property
    def lost(self) -> OSError | None:
        """Why something that was written did not arrive, if so."""
        self.flush()
        return self._lost

    @contextlib.contextmanager
    def _until_lost(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._lost = error
            # What is still in the stream's buffer is written when the interpreter ends, and must not fail again.
            with contextlib.suppress(OSError), open(os.devnull, "wb") as nothing:
                os.dup2(nothing.fileno(), self.fileno())

    def isatty(self) -> bool:
        return self._stream is not None and self._stream.isatty()

    def fileno(self) -> int:
        if self._stream is None:
            raise io.UnsupportedOperation("fileno")
        return self._stream.fileno()

    @property
    def encoding(self) -> str | None:
        """None if the stream takes any text."""
        return "utf-8" if self._stream is None else getattr(self._stream, "encoding", None)


class _Styled:
    """The same output as a console's file."""

    def __init__(self, output: Output) -> None:
        self.write = output.write_styled
        self._output = output

    def __getattr__(self, name: str) -> Any:
        return getattr(self._output, name)


@contextlib.contextmanager
def clean_outputs() -> Iterator[Output]:
    """Inside, standard output and standard error are such outputs.  Yields that of standard output."""
    before = sys.stdout, sys.stderr
    out, err = (stream if isinstance(stream, Output) else Output(stream) for stream in before)
    sys.stdout, sys.stderr = cast("TextIO", out), cast("TextIO", err)
    try:
        yield out
    finally:
        out.flush()
        err.flush()
        sys.stdout, sys.stderr = before


def styled(stream: TextIO) -> TextIO:
    """The way into an output for a console, which cleans what it writes by itself."""
    return cast("TextIO", _Styled(stream)) if isinstance(stream, Output) else stream
