"""The two outputs: what they let through, and what they do when nobody takes it."""

from __future__ import annotations

import errno
import io
import os
import re
from collections.abc import Callable

import pytest
from rich.style import Style
from rich.table import Table
from rich.text import Text

from vpce_demo import signals
from vpce_demo.cli import boundary
from vpce_demo.ui.output import Output, clean_outputs
from vpce_demo.ui.style import Screen

from .conftest import Opens, Stream

BAD = "\x1b]52;c;b3duZWQ=\x07\x9b31m\x85\u202e\u2028\u200b\ufeff\u0600\U000e0041\x7f\0\r"


def harmless(text: str) -> bool:
    return all(each.isprintable() or each == "\n" for each in text)


def table(cell: str) -> Table:
    table = Table(cell)
    table.add_row(cell)
    return table


@pytest.mark.parametrize(
    "show",
    [
        lambda screen: screen.line(f"a{BAD}b\nc"),
        lambda screen: screen.line(Text(f"a{BAD}b\nc", style="red")),
        lambda screen: screen.message(f"a{BAD}b\nc"),
        lambda screen: screen.out.print(Text(BAD), soft_wrap=True),
        lambda screen: screen.err.print(table(BAD)),
        lambda screen: screen.out.print(Text("id", style=Style(link=f"https://x/{BAD}\x1b\\"))),
        lambda screen: (screen.begin_line(BAD), screen.end_line(f"{BAD}\nc", "d")),
    ],
)
@pytest.mark.parametrize("colour", [False, True])
def test_only_what_is_printable_is_shown(open_screen: Opens, show: Callable[[Screen], object], colour: bool) -> None:
    screen, stream = open_screen(100, colour=colour)
    show(screen)
    told = stream.getvalue()
    assert "?" in told or "id" in told  # without colours there are no links
    if colour:
        told = re.sub(r"\x1b\[[\d;]*m|\x1b\]8;[ -~]*?\x1b\\", "", told)
    assert harmless(told)
    assert "\nc" not in told


def test_styles_are_not_taken_from_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream(is_terminal=True)
    monkeypatch.setattr("sys.stdout", stream)
    with clean_outputs():
        print(f"a\x1b[31mb{BAD}\tc\n")
    assert stream.getvalue().startswith("a?[31mb?]52;c;b3duZWQ=??31m?")


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("ascii", "caf? ? ?"), ("latin-1", "café ? ?"), ("cp1252", "café ? €"), ("utf-8", "café ✓ €")],
)
def test_what_an_encoding_cannot_carry_is_replaced(encoding: str, shown: str) -> None:
    content = io.BytesIO()
    output = Output(io.TextIOWrapper(content, encoding, errors="strict"))
    output.write("café ✓ €")
    output.write_styled("\udcff")
    output.flush()
    assert content.getvalue().decode(encoding) == f"{shown}?"


class Full(io.StringIO):
    """A device without room."""

    tried = 0

    def write(self, text: str) -> int:
        self.tried += 1
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_what_cannot_be_written_is_tried_once_and_said() -> None:
    full = Full()
    output = Output(full)
    assert [output.write("one"), output.write("three")] == [3, 5]
    assert full.tried == 1
    lost: OSError | None = output.lost
    assert lost
    assert lost.errno == errno.ENOSPC


def test_a_closed_stream_loses_only_what_is_written() -> None:
    output = Output(None)
    assert not output.isatty()
    assert output.lost is None
    output.write("one")
    assert output.lost


def test_an_error_of_ours_is_shown_clean_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(arguments: list[str]) -> int:
        raise ValueError(f"unexpected{BAD}")

    monkeypatch.setattr(boundary, "run_command", fail)
    monkeypatch.setattr(signals, "before_a_sudden_end", lambda do: None)
    with pytest.raises(SystemExit) as ended:
        boundary.main()
    told = capsys.readouterr().err
    assert ended.value.code == 1
    assert "ValueError: unexpected?]52" in told
    assert harmless(told)
