"""Ctrl-C and SIGTERM at any moment of a command's life: its own words and its own code, and never a traceback."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vpce_demo.sandbox import client

from .program import Done, Program, World, finished

STATUS = Path("/proc/self/status")
pytestmark = [
    pytest.mark.extended,
    pytest.mark.skipif(not STATUS.exists(), reason="needs /proc, which tells when a process handles signals"),
]

STEP = 0.01
"""Seconds between the moments of the whole sweep."""
FEW = 4
"""The moments of the sample."""
BOTH = (signal.SIGINT, signal.SIGTERM)


def begun(process: subprocess.Popen[str]) -> None:
    """Wait until the program's own first line has run, or its end: what comes before is Python's start."""
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        caught = int(status.partition("SigCgt:")[2].split()[0], 16)
        if caught >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.001)


def command_line(process: Path) -> str:
    """The words with which a process was begun; none if it has ended."""
    with contextlib.suppress(OSError):
        return process.read_text(errors="replace").replace("\0", " ")
    return ""


def struck(program: Program, number: int, after: float, *words: str) -> Done:
    """The command gets the signal so many seconds after its beginning."""
    process = program.start(*words)
    begun(process)
    time.sleep(after)
    if process.poll() is None:
        os.kill(process.pid, number)
    return finished(process)


def seconds(program: Program, *words: str) -> float:
    """How long the command takes if nothing disturbs it, from its beginning on."""
    process = program.start(*words)
    begun(process)
    began = time.monotonic()
    finished(process)
    return time.monotonic() - began


def expect_an_end(done: Done, number: int, own: set[int]) -> None:
    """It ended as it would have done, or interrupted."""
    assert "Traceback" not in done.text, done.text
    assert "Exception ignored" not in done.text, done.text
    assert done.code in {*own, 128 + number}, (done.code, done.text)
    if done.code == 128 + number:
        assert "Interrupted" in done.text, done.text


def moments(life: float, count: int | None) -> Iterator[float]:
    """So many moments of a life of this length, or one every ``STEP``."""
    count = count or max(FEW, min(40, int(life / STEP)))
    for number in range(count):
        yield life * number / (count - 1)


def sweep(
    program: Program,
    words: tuple[str, ...],
    count: int | None,
    own: set[int],
    before: Callable[[], object] = lambda: None,
) -> list[Done]:
    """Every end of the command; ``before`` is called before each of its beginnings."""
    before()
    life = seconds(program, *words)
    all_of_it = []
    for moment in moments(life, count):
        for number in BOTH:
            before()
            done = struck(program, number, moment, *words)
            expect_an_end(done, number, own)
            all_of_it.append(done)
    return all_of_it


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("--version",), FEW),
        (("explain", "7"), 3),
        pytest.param(("--version",), None, marks=pytest.mark.slow),
        pytest.param(("explain", "7"), None, marks=pytest.mark.slow),
        pytest.param(("--sandbox", "status"), None, marks=pytest.mark.slow),
        pytest.param(("-o", "json", "explain"), None, marks=pytest.mark.slow),
    ],
)
def test_a_command_that_changes_nothing(program: Program, words: tuple[str, ...], count: int | None) -> None:
    ends = {done.code for done in sweep(program, words, count, {0})}
    assert len(ends) > 1, "some moments are within its life"


@pytest.mark.slow
def test_up_and_down(world: World) -> None:
    """Whatever was interrupted, the next command goes on from there."""
    for words in (("up", "--skip-test"), ("down",), ("status",)):
        sweep(world, words, None, {0})
    assert world.run("down").code == 0


@pytest.mark.slow
def test_the_start_of_a_sandbox(program: Program) -> None:
    """It was started or it was not, and one that was can be stopped."""
    directory = program.directory / ".vpce-demo" / "emulator"
    try:
        ends = sweep(program, ("sandbox", "start"), 12, {0}, lambda: client.stop(directory))
    finally:
        client.stop(directory)
    assert len({done.code for done in ends}) > 1
    assert not [one for one in Path("/proc").glob("[0-9]*/cmdline") if str(directory) in command_line(one)]
