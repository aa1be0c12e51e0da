"""The log of a run: what a run in the sandbox leaves, and what of a damaged file can still be read."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from vpce_demo.engine.events import Event
from vpce_demo.errors import Leftovers
from vpce_demo.extras import WARNINGS
from vpce_demo.journal import run_log
from vpce_demo.journal.run_log import RunLog
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.run import Interrupted, Run

Opens = Callable[..., AbstractContextManager[Run]]


HEAD = {
    "type": "run",
    "at": 100.0,
    "version": 1,
    "command": "up",
    "demo": "vpce-demo",
    "demo_id": "7f3a9c",
    "place": "sandbox",
    "accounts": {"provider": {"account": "123456789012", "region": "us-east-1"}},
    "program": "0.1.0",
}
PAGE = {"type": "page", "at": 101.0, "text": "<html>"}


def nobody(event: Event) -> None:
    """Listens to nothing."""


def test_a_demo_s_life_is_on_record_after_it_is_gone(sandbox: Sandbox, open_run: Opens, tmp_path: Path) -> None:
    with open_run(tmp_path) as run:
        run.up(run.demo.resources, nobody, None)
        ids = dict(run.state.ids)
        run.down(nobody, None)
    logs = tmp_path / "logs" / "sandbox" / "vpce-demo"
    assert not (tmp_path / "sandbox").exists()
    (recorded,) = run_log.runs(logs)
    assert recorded.head["command"] == "test"
    assert recorded.head["demo_id"] == run.settings.demo_id
    assert recorded.head["accounts"]["provider"] == {"account": "123456789012", "region": "us-east-1"}
    assert recorded.end is not None
    assert recorded.end["exit_code"] == 0
    events = [line for line in recorded.lines if line["type"] == "event"]
    assert {e["key"]: e["id"] for e in events if e["action"] == "created"} == ids
    assert {e["key"] for e in events if e["action"] == "gone"} == ids.keys()
    assert {e["step"] for e in events} == set(range(1, 16))
    assert all(0 < e["seconds"] <= recorded.end["seconds"] for e in events)
    assert [line["left"] for line in recorded.lines if line["type"] == "look"] == [[]]
    text = recorded.path.read_text()
    assert run.settings.public_key.split()[1] not in text
    assert "token" not in text


def test_it_is_the_owner_s_alone(sandbox: Sandbox, open_run: Opens, tmp_path: Path) -> None:
    with open_run(tmp_path):
        pass
    (file,) = tmp_path.rglob("*.jsonl")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for directory in list(file.parents)[:3]:
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_who_only_looks_leaves_no_log(sandbox: Sandbox, open_run: Opens, tmp_path: Path) -> None:
    with open_run(tmp_path, makes=False) as run:
        run.look()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "code"), [(Leftovers("2 are left."), 7), (Interrupted(15, 3), 143), (KeyboardInterrupt(), 130)]
)
def test_how_it_ended(sandbox: Sandbox, open_run: Opens, tmp_path: Path, error: BaseException, code: int) -> None:
    with pytest.raises(type(error)), open_run(tmp_path):
        raise error
    (recorded,) = run_log.runs(tmp_path / "logs" / "sandbox" / "vpce-demo")
    assert recorded.end is not None
    assert recorded.end["exit_code"] == code
    assert recorded.end["message"]


def test_the_newest_are_kept(sandbox: Sandbox, open_run: Opens, tmp_path: Path) -> None:
    with open_run(tmp_path) as run:
        logs = tmp_path / "old"
        logs.mkdir()
        for number in range(run_log.KEPT + 5):
            line = {**HEAD, "at": number, "command": str(number)}
            (logs / f"20250101T0000{number:02}Z-up-1.jsonl").write_text(json.dumps(line) + "\n")
        others = logs / "20250101T000003Z-up-2.jsonl", logs / "20250101T000002Z-up-2.jsonl"
        others[0].mkdir()
        others[1].symlink_to("nowhere")
        RunLog.begin(logs, "up", run.settings, run.environment, run.demo).end(0, "")
    assert [os.path.lexists(one) for one in others] == [True, True], "what is not a file of ours stays"
    assert len(list(logs.iterdir())) == run_log.KEPT + len(others)
    found = run_log.runs(logs)
    assert len(found) == run_log.KEPT
    assert [one.head["command"] for one in found] == ["up", *map(str, range(run_log.KEPT + 4, 5, -1))]


def test_a_log_that_cannot_be_written_stops_nobody(sandbox: Sandbox, open_run: Opens, tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    WARNINGS.begin()
    with open_run(tmp_path) as run:
        run.up(run.demo.resources[:1], nobody, None)
    assert (tmp_path / "logs").read_text() == "in the way"
    (warning,) = WARNINGS.sentences
    assert warning.startswith(f"The logs in {tmp_path}/logs/")


def test_a_log_on_a_disk_that_fills_up_is_named_once(sandbox: Sandbox, open_run: Opens, tmp_path: Path) -> None:
    WARNINGS.begin()
    with open_run(tmp_path, makes=False) as run, contextlib.suppress(OSError), Path("/dev/full").open("w") as full:
        log = RunLog(run.demo, full)
        for _ in range(2):
            log.page("x")
        log.end(0, "")
    assert WARNINGS.sentences == ["The log of this run cannot be written any more: No space left on device."]


def test_logs_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    WARNINGS.begin()
    assert run_log.runs(tmp_path) == run_log.runs(tmp_path / "nothing") == []
    assert WARNINGS.sentences == []
    link = tmp_path / "dangling.jsonl"
    link.symlink_to("nowhere")
    assert run_log.runs(tmp_path) == []
    assert WARNINGS.sentences == [f"The log dangling.jsonl is left out: {link} is a symbolic link."]
    WARNINGS.begin()
    assert run_log.runs(tmp_path / "loop") == []
    assert len(WARNINGS.sentences) == 1


def lines(*them: dict[str, Any]) -> str:
    return "".join(json.dumps(one) + "\n" for one in them)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (lines(HEAD, PAGE), 2),
        (lines(HEAD, PAGE, {"type": "event", "at": 101.0}, {"type": "later", "at": 101.0}), 2),
        (lines(HEAD) + '{"type": "event", "at": 10', 1),
        (lines(HEAD, PAGE) + "\x00\x00\n[]\nnull\n", 2),
        (lines(PAGE, HEAD), None),
        ("", None),
    ],
)
def test_what_can_be_read_of_a_torn_file(tmp_path: Path, text: str, kept: int | None) -> None:
    path = tmp_path / "20250101T000000Z-up-1.jsonl"
    path.write_text(text)
    recorded = run_log.read(path)
    assert (len(recorded.lines) if recorded else None) == kept


def test_whether_it_is_still_at_work(tmp_path: Path) -> None:
    path = tmp_path / f"20250101T000000Z-up-{os.getpid()}.jsonl"
    path.write_text(lines(HEAD, {**PAGE, "at": 103.5}))
    (recorded,) = run_log.runs(tmp_path)
    assert recorded.is_at_work
    assert recorded.end is None
    assert recorded.seconds == 3.5
    path.write_text(lines(HEAD, {"type": "end", "at": 104.0, "seconds": 4.0, "exit_code": 0, "message": ""}))
    (recorded,) = run_log.runs(tmp_path)
    assert not recorded.is_at_work
