"""What somebody else has written reaches a terminal, a pipe or a file only as printable characters on lines of ours."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.cli.conftest import made, stage
from tests.cli.stage import Stage
from tests.ui.conftest import Stream
from vpce_demo.aws.environment import Environment
from vpce_demo.cli import run_command
from vpce_demo.model import Side
from vpce_demo.sandbox.client import LOG_FILE

from .test_run_logs import LINES, NAME

pytestmark = pytest.mark.extended

__all__ = ["made", "stage"]

FORGED = "PASSED  8 of 8 in 0.7s."
HOSTILE = f"\n{FORGED}\r\x1b]52;c;b3duZWQ=\x07\x1b[2J\x9b31m\x85\u202e\u2028\u200b\ufeff\u0600\U000e0041\x7f\0"
STYLES = re.compile(r"\x1b\[[\d;]*m|\x1b\]8;[ -~]*?\x1b\\|\x1b\[\?25[lh]|\r?\x1b\[(?:1A|2K)|\r(?=\x1b)")
"""Colours and links, and what a live view does to the cursor."""


def spoiled(value: Any, keep: re.Pattern[str], key: str = "") -> Any:
    """The same with something hostile after every text, but for the fields that are kept."""
    match value:
        case dict():
            return {name: spoiled(one, keep, str(name)) for name, one in value.items()}
        case list():
            return [spoiled(one, keep, key) for one in value]
        case str() if not keep.fullmatch(key):
            return value + HOSTILE
    return value


def whole(value: Any) -> Any:
    """The same without what was added, so that AWS knows its own ids again."""
    match value:
        case dict():
            return {name: whole(one) for name, one in value.items()}
        case list() | tuple():
            return [whole(one) for one in value]
        case str():
            return value.replace(HOSTILE, "")
    return value


@contextmanager
def hooked(place: Environment, **hooks: Any) -> Iterator[None]:
    """Inside, these functions hear botocore's events of the same names, with hyphens, for every call."""
    it = place.clients[Side.PROVIDER]  # which are the consumer's too
    others: Any = it.other  # makes the clients of the other services from a session
    registries = [one.meta.events for one in (it.ec2, it.elb, it.changing_ec2, it.changing_elb)]
    registries.append(others.args[0].events)
    named = {name.replace("_", "-"): hook for name, hook in hooks.items()}
    for registry in registries:
        for name, hook in named.items():
            registry.register(name, hook)
    try:
        yield
    finally:
        for registry in registries:
            for name, hook in named.items():
                registry.unregister(name, hook)


def answers(place: Environment, keep: str) -> AbstractContextManager[None]:
    """Inside, AWS's answers are spoiled, but for these fields."""

    def spoil(parsed: dict[str, Any], **_: Any) -> None:
        parsed.update({k: spoiled(v, re.compile(keep), k) for k, v in parsed.items() if k != "ResponseMetadata"})

    def mend(params: dict[str, Any], **_: Any) -> Any:
        return whole(params)

    return hooked(place, after_call=spoil, provide_client_params=mend)


def assert_harmless(text: str) -> None:
    assert all(each.isprintable() or each == "\n" for each in text), repr(text)
    assert not any(line.startswith(FORGED) for line in text.splitlines()), text


COMMANDS = (
    "status",
    "plan",
    "-o json status",
    "diagram",
    "diagram --format mermaid",
    "diagram --format svg",
    "diagram --to drawn.md",
    "diagram --to drawn.svg",
    "doctor",
    "test --timeout 1",
    "-v logs --last",
    "-o json logs --last",
    "explain 7",
    "report --to page.html",
    "sandbox status",
    "sandbox trace",
)
KEPT = {
    "every field": "",
    "ids": r"State|Status|Code|Key|Value|Type|Protocol|IpProtocol|.*Cidr.*|.*State",
    "what a resource is": r"State|Status|Code|Key|Value|Type|Protocol|IpProtocol|.*Cidr.*|.*State|.*Ids?|.*Arns?",
}


@pytest.mark.parametrize(
    "kept", [pytest.param(one, marks=() if one == "every field" else pytest.mark.slow) for one in KEPT]
)
def test_answers_of_aws(stage: Stage, place: Environment, kept: str) -> None:
    with answers(place, KEPT[kept]):
        for line in COMMANDS:
            _, out, err = stage.text(*line.split())
            assert_harmless(out + err)
            if kept == "what a resource is" and line in ("status", "diagram"):
                assert "?]52" in out
    for file in ("drawn.md", "drawn.svg", "page.html"):
        assert all(each.isprintable() or each in "\n\t" for each in Path(file).read_text()), file


@pytest.mark.ordinary
@pytest.mark.parametrize(
    "code", ["UnauthorizedOperation", "DependencyViolation", "RequestExpired", f"Odd{HOSTILE}"], ids=range(4)
)
@pytest.mark.parametrize("line", ["status", "doctor", "-o json plan", "--progress plain down --yes --timeout 1"])
def test_errors_of_aws(stage: Stage, place: Environment, line: str, code: str) -> None:
    refused = {"Error": {"Code": code, "Message": f"You may not.{HOSTILE}"}, "ResponseMetadata": {}}

    def refuse(**_: Any) -> Any:
        return SimpleNamespace(status_code=400), refused

    with hooked(place, before_call=refuse):
        _, out, err = stage.text(*line.split())
    assert "You may not.?" in out + err or line == "doctor"
    assert_harmless(out + err)


@pytest.mark.parametrize("line", ["status", "diagram", "doctor", "-v logs --last", "-o json logs --last", "report"])
@pytest.mark.parametrize("keep", ["", r"(?!name|word|note|id|title|message|text|evidence|why).*"])
@pytest.mark.sampled(4)
def test_files_of_the_state_directory(stage: Stage, tmp_path: Path, line: str, keep: str) -> None:
    directory = tmp_path / "state"
    shutil.copytree(stage.directory, directory)
    demo = next(directory.rglob("state.json"))
    demo.write_text(json.dumps(spoiled(json.loads(demo.read_text()), re.compile(keep))))
    logs = next(directory.rglob("logs")) / "sandbox" / "vpce-demo"
    logs.mkdir(parents=True, exist_ok=True)
    (logs / NAME).write_text("".join(json.dumps(spoiled(one, re.compile(keep or "type"))) + "\n" for one in LINES))
    _, out, err = replace(stage, directory=directory).text(*line.split())
    assert_harmless(out + err)


def test_log_of_the_sandbox(stage: Stage) -> None:
    log = stage.directory / "emulator" / LOG_FILE
    log.write_text(f"GET /{HOSTILE}")
    try:
        _, out, _ = stage.text("sandbox", "logs")
    finally:
        log.unlink()
    assert "?]52" in out
    assert all(each.isprintable() or each == "\n" for each in out)


@contextmanager
def terminal() -> Iterator[Stream]:
    """Inside, the program writes to a terminal with colours."""
    stream = Stream(is_terminal=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "xterm-256color")
        patch.setenv("COLUMNS", "100")
        patch.setattr(sys, "stdout", stream)
        patch.setattr(sys, "stderr", stream)
        yield stream


@pytest.mark.parametrize("line", ["status", "diagram", "doctor"])
@pytest.mark.sampled(3)
def test_on_a_terminal_with_colours(stage: Stage, place: Environment, line: str) -> None:
    with answers(place, KEPT["ids"]), terminal() as shown:
        stage.text(*line.split())
    assert "\x1b[" in shown.getvalue()
    assert_harmless(STYLES.sub("", shown.getvalue()))


@pytest.mark.ordinary
@pytest.mark.parametrize(
    "words",
    [
        [HOSTILE],
        [f"--{HOSTILE}"],
        ["status", HOSTILE],
        ["--name", HOSTILE, "status"],
        ["sandbox", HOSTILE],
        ["sandbox", "break", HOSTILE],
        ["diagram", "--format", HOSTILE],
        ["-c", HOSTILE, "status"],
        ["-o", "json", "explain", f"\udc80{HOSTILE}"],
    ],
)
def test_words_of_the_command_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command([word.replace("\0", "") for word in words]) == 2
    told = capsys.readouterr()
    assert_harmless(told.out + told.err)


def test_a_path_in_a_hint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = tmp_path / f"a b;c{HOSTILE}".replace("/", "").replace("\0", "")
    state = directory / "sandbox" / "vpce-demo" / "state.json"
    state.parent.mkdir(parents=True, mode=0o700)
    state.write_text("{}")
    assert run_command(["--state-dir", str(directory), "--sandbox", "status"]) == 1
    err = capsys.readouterr().err
    assert_harmless(err)
    assert f"mv '{tmp_path}/a b;c?PASSED" in err
    capsys.readouterr()
    assert run_command(["--state-dir", str(directory), "report"]) != 0
    assert_harmless(capsys.readouterr().err)


def test_a_live_view(stage: Stage, place: Environment) -> None:
    with answers(place, KEPT["ids"]), terminal() as shown:
        stage.text("--progress", "live", "up", "--timeout", "1")
    assert "\x1b[?25l" in shown.getvalue()
    assert "?]52" in shown.getvalue()
    assert_harmless(STYLES.sub("", shown.getvalue()))


@pytest.mark.parametrize("how", ["plain", pytest.param("none", marks=pytest.mark.slow)])
def test_making_and_deleting(stage: Stage, place: Environment, how: str) -> None:
    """The last of this file: afterwards there is no demo."""
    with answers(place, KEPT["ids"]):
        for line in ("up --timeout 1", "down --yes --timeout 1"):
            _, out, err = stage.text("--progress", how, *line.split())
            assert_harmless(out + err)
            assert how == "none" or "?]52" in out + err
