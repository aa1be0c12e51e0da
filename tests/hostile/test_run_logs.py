"""The log of a run: what is no line of one is left out, and what is can be shown."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vpce_demo.cli import run_command
from vpce_demo.journal import run_log
from vpce_demo.ui import run_log_view
from vpce_demo.ui.style import CleanConsole, Screen

from .cases import MANY, almost, as_json, everything_in, torn, values, within_bounds

NAME = "20261124T145500Z-up-99999999.jsonl"
HEAD = {
    "type": "run",
    "version": 1,
    "at": 1.0e9,
    "command": "up",
    "demo": "vpce-demo",
    "demo_id": "7f3a9c",
    "place": "sandbox",
    "program": "0.1.0",
    "accounts": {"provider": {"account": "123456789012", "region": "us-east-1"}},
}
EVENT = {
    "type": "event",
    "at": 1.0e9,
    "seconds": 1.0,
    "action": "created",
    "key": "web",
    "kind": "Instance",
    "name": "w",
    "side": "provider",
    "step": 6,
    "id": "i-1",
    "state": "running",
    "note": "",
    "outputs": {"a": "b"},
    "error": {"code": "A", "message": "b"},
}
CHECK = {
    "type": "check",
    "at": 1.0e9,
    "number": 1,
    "title": "t",
    "passed": True,
    "evidence": "e",
    "seconds": 0.1,
    "because": ["b"],
    "likely": "l",
    "fix": "f",
    "ruled_out": ["r"],
}
LOOK = {"type": "look", "at": 1.0e9, "left": [{"key": "web", "kind": "Instance", "id": "i-1", "why": "x"}]}
PAGE = {"type": "page", "at": 1.0e9, "text": "<html>"}
ADDRESSES = {"type": "addresses", "at": 1.0e9, "found": {"endpoint": "10.0.1.5"}}
END = {"type": "end", "at": 1.0e9, "seconds": 9.0, "exit_code": 1, "message": "m"}
LINES = [HEAD, EVENT, CHECK, PAGE, ADDRESSES, LOOK, END]
WHOLE = "".join(json.dumps(line) + "\n" for line in LINES).encode()


def shown(directory: Path) -> str:
    """Everything that ``logs`` shows of what is in this directory."""
    out = io.StringIO()
    console = CleanConsole(file=out, width=100)
    screen = Screen(console, console, ascii=False)
    runs = run_log.runs(directory)
    run_log_view.listed(screen, runs)
    for run in runs:
        assert json.dumps(list(run.lines))
        for mark, text in run_log_view.run_lines(run, verbose=True):
            screen.line(text, mark=mark)
    return out.getvalue()


@MANY
@given(st.binary(max_size=300) | torn(WHOLE) | torn(WHOLE))
@example(as_json({**HEAD, "command": "up\u0600"}).encode())
def test_any_bytes(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    before = everything_in(tmp_path)
    told = shown(tmp_path)
    assert all(each.isprintable() or each in "\n\t" for each in told)
    assert everything_in(tmp_path) == before


@pytest.mark.extended
@MANY
@given(st.lists(st.sampled_from(LINES).flatmap(almost) | values(), max_size=5), st.booleans())
def test_any_lines(tmp_path: Path, lines: list[object], headed: bool) -> None:
    told = [HEAD, *lines] if headed else lines
    (tmp_path / NAME).write_text("".join(as_json(line) + "\n" for line in told))
    shown(tmp_path)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(WHOLE)
    (run,) = run_log.runs(tmp_path)
    assert list(run.lines) == LINES


CORPUS = {
    "deep": b"[" * 100_000,
    "a huge number": as_json({**EVENT, "at": 10**400}).encode(),
    "a huger number": b'{"type": "event", "at": 1' + b"0" * 5000 + b"}",
    "a time without end": as_json({**EVENT, "at": float("inf")}).encode(),
    "a time before all": as_json({**EVENT, "at": -1e300}).encode(),
    "an unknown action": as_json({**EVENT, "action": "dance"}).encode(),
    "another kind of line": b'{"type": "dance", "at": 1}',
    "half a character": b'{"type": "page", "at": 1, "text": "\\ud800"}',
    "no encoding": b"\xff\xfe",
    "a NUL": b"\0\0\0",
}


@pytest.mark.parametrize("case", CORPUS)
def test_a_line_that_is_none_is_left_out(tmp_path: Path, case: str) -> None:
    (tmp_path / NAME).write_bytes(json.dumps(HEAD).encode() + b"\n" + CORPUS[case] + b"\n" + json.dumps(END).encode())
    with within_bounds():
        assert "Exit code 1" in shown(tmp_path)
        (run,) = run_log.runs(tmp_path)
    assert list(run.lines) == [HEAD, END]


def test_a_page_may_not_speak_to_the_terminal(tmp_path: Path) -> None:
    page = {**PAGE, "text": "\x1b]0;owned\x07\x1b[2Jhello\x9b"}
    (tmp_path / NAME).write_text(json.dumps(HEAD) + "\n" + json.dumps(page) + "\n")
    told = shown(tmp_path)
    assert "?]0;owned??[2Jhello?" in told


@pytest.mark.parametrize("character", ["\u0600", "\u202e", "\u2028", "\u200b", "\ufeff", "\U000e0041", "\x85"])
def test_what_is_not_printable_is_shown_as_a_question_mark(tmp_path: Path, character: str) -> None:
    head = {**HEAD, "command": f"up{character}x"}
    (tmp_path / NAME).write_text(json.dumps(head) + "\n" + json.dumps({**PAGE, "text": f"he{character}llo"}) + "\n")
    told = shown(tmp_path)
    assert character not in told
    assert "he?llo" in told
    assert "up?x" in told


@pytest.mark.parametrize("name", ["x-0.jsonl", "x-.jsonl", "-99999999999999999999.jsonl", "x-²-1e9.jsonl", "x.jsonl"])
def test_a_name_that_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(json.dumps(HEAD) + "\n")
    (run,) = run_log.runs(tmp_path)
    assert not run.is_at_work
    assert "killed" in shown(tmp_path)


def test_the_command_shows_what_there_is(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    logs = tmp_path / "state" / "logs" / "sandbox" / "vpce-demo"
    logs.mkdir(parents=True)
    (logs / NAME).write_bytes(WHOLE)
    (logs / "garbage.jsonl").write_bytes(bytes(range(256)) * 100)
    assert run_command(["--sandbox", "--state-dir", str(tmp_path / "state"), "logs", "--last"]) == 0
    assert "Exit code 1" in capfd.readouterr().out
