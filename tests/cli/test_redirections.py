"""Outputs that are closed, full, left by their reader, or of a small alphabet: they end the showing, not the work."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from .program import SECONDS, Done, Program, World, good
from .terminal import Terminal

pytestmark = pytest.mark.extended

CLOSED = "The output could not be written: it is closed."
FULL = "The output could not be written: No space left on device."


def in_shell(program: Program, line: str, **environment: str) -> Done:
    """A command line of bash in which ``vpce-demo`` is the program."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f'vpce-demo() {{ "{sys.executable}" -m vpce_demo "$@"; }}; {line}'],
        cwd=program.directory,
        env={**program.environment, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
    )
    told = Done(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Traceback" not in told.text, told.text
    assert "Exception ignored" not in told.text, told.text
    return told


@pytest.mark.parametrize(
    ("line", "code", "shown", "said"),
    [
        ("vpce-demo cost >&-", 1, False, CLOSED),
        ("vpce-demo cost 2>&-", 0, True, ""),
        ("vpce-demo cost >&- 2>&-", 1, False, ""),
        ("vpce-demo cost <&-", 0, True, "vpce-demo cost"),
        ("vpce-demo cost <&- >&- 2>&-", 1, False, ""),
        ("vpce-demo cost >/dev/full", 1, False, FULL),
        ("vpce-demo cost 2>/dev/full", 0, True, ""),
        ("vpce-demo cost >/dev/full 2>&1", 1, False, ""),
        ("vpce-demo -o json cost >/dev/full", 1, False, FULL),
        ("vpce-demo -o json cost 2>&-", 0, True, ""),
        ("vpce-demo --help >/dev/full", 1, False, FULL),
        ("vpce-demo --version >&-", 1, False, CLOSED),
        ("vpce-demo --no-such-option >/dev/full", 2, False, "No such option"),
        ("vpce-demo cost | true", 1, False, ""),
        ("vpce-demo -o json cost | true", 1, False, ""),
    ],
)
@pytest.mark.sampled(4)
def test_a_stream_that_takes_nothing(program: Program, line: str, code: int, shown: bool, said: str) -> None:
    done = in_shell(program, line, AWS_REGION="us-east-1")
    assert done.code == code, done.text
    assert bool(done.out) is shown
    assert said in done.err


def test_a_file_of_ours_is_not_opened_as_a_closed_stream(program: Program) -> None:
    """Else what is meant for the stream would be written into it."""
    good(in_shell(program, "vpce-demo init <&- 2>&-"))
    assert (program.directory / "vpce-demo.yaml").read_text().startswith("#")


@pytest.mark.parametrize(
    ("encoding", "line"),
    [
        ("ascii", "explain --lang ja nat"),
        ("cp1252:strict", "explain --lang ja nat"),
        ("latin-1", "no-such-→\udcff"),
        ("utf-8:strict", "no-such-\udcff"),
    ],
)
def test_a_small_alphabet(program: Program, line: str, encoding: str) -> None:
    """What it has no character for is a question mark."""
    done = subprocess.run(
        [sys.executable, "-m", "vpce_demo", *line.split()],
        cwd=program.directory,
        env={**program.environment, "PYTHONUTF8": "0", "PYTHONIOENCODING": encoding},
        capture_output=True,
        timeout=SECONDS,
    )
    assert b"Traceback" not in done.stderr
    assert done.returncode == (0 if "explain" in line else 2)
    assert "?" in (done.stdout + done.stderr).decode(encoding.partition(":")[0])


@pytest.mark.parametrize("where", [">/dev/full", "| true"])
@pytest.mark.sampled(2)
def test_what_is_made_is_finished(world: World, where: str) -> None:
    done = in_shell(world, f"vpce-demo up {where}")
    assert done.code == 1
    if "full" in where:
        assert done.err.endswith(f"✗ {FULL}  VPCE006\n32 resources were created and are recorded.\n")
    assert len(world.recorded()) == 32
    (log,) = (world.directory / world.state).rglob("*-up-*.jsonl")
    assert sum(json.loads(line).get("passed") is True for line in log.read_text().splitlines()) == 8


def test_a_watch_ends_with_its_reader(world: World) -> None:
    done = in_shell(world, "vpce-demo status --watch 0.1 | head -1")
    assert (done.code, len(done.out.splitlines())) == (1, 1)


def test_a_signal_that_ends_it_at_once_leaves_the_cursor(world: World) -> None:
    world.speed(20)
    with Terminal(world, "up") as up:
        up.until(lambda it: it.screen.cursor.hidden, "the live view")
        up.press("\x1c")
        up.until(lambda it: not it.screen.cursor.hidden, "the cursor")
        assert up.ended_by() == signal.SIGQUIT
