"""``-q``: results alone; and the small words of messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from vpce_demo.cli import run_command
from vpce_demo.errors import ConfigError
from vpce_demo.journal.state_file import locked
from vpce_demo.lessons import topic
from vpce_demo.verify.checks import Result

from .stage import Stage


def test_a_test_that_passes_is_one_line(stage: Stage) -> None:
    code, out, err = stage.text("test", "-q")
    assert (code, err) == (0, "")
    assert [line.partition(" in ")[0] for line in out.splitlines()] == ["PASSED  8 of 8"]


def test_of_a_test_that_fails_what_failed_is_shown(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(lab: Any, **_: Any) -> Iterator[Result]:
        yield from (Result(number, "fine", True, "fine") for number in range(1, 8))
        yield Result(8, "control", False, "it came")

    monkeypatch.setattr("vpce_demo.verify.checks.run", answers)
    lines = stage.text("test", "-q")[1].splitlines()
    assert lines[0].split() == ["✗", "8", "control", "it", "came"]
    assert lines[1].startswith("FAILED  at 8.")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("status", "--watch", "x"), "'x' is not a valid number."),
        (("test", "--timeout", "x"), "'x' is not a valid number."),
        (("sandbox", "start", "--port", "x"), "'x' is not a valid whole number."),
        (("report", "--to", "page.md"), "The report is an HTML page, so page.md has the wrong ending: --to page.html"),
    ],
)
def test_what_is_wrong_with_an_option(words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(list(words)) == 2
    assert told in capsys.readouterr().err


def test_a_step_that_there_is_not() -> None:
    with pytest.raises(ConfigError, match=r"There is no step 18: the tutorial's are 1 to 17\."):
        topic("18", "en")


def test_doctor_beside_another_run_is_no_finding(stage: Stage) -> None:
    with locked(stage.directory / "sandbox" / "vpce-demo", "up"):
        code, document, _ = stage.run("doctor")
    lines = {line["title"]: line for line in document["lines"]}
    assert code == 0
    assert (lines["demo"]["fine"], lines["demo"]["evidence"]) == (None, "Another run of this demo is at work.")
