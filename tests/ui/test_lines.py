"""A run in lines: one for each change, a heartbeat for what is waited for, and the same out of the log."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pyte
import pytest
from botocore.exceptions import ClientError

from vpce_demo.engine.events import Action, Event
from vpce_demo.journal import run_log
from vpce_demo.model import Phase
from vpce_demo.ui import progress as module
from vpce_demo.ui import run_log_view
from vpce_demo.ui.progress import Lines, checking, progress
from vpce_demo.ui.progress_state import DONE_DOWN, DONE_UP

from .conftest import Opens
from .fake_run import BEGAN, Play, up_to_the_load_balancer


def words(line: str) -> str:
    """A line without its time of day and without columns."""
    return " ".join(line.split()[1:])


def told(opened: Opens, play: Play) -> list[str]:
    """The lines of a run."""
    screen, stream = opened()
    lines = Lines(screen, play.board)
    for event in play.events:
        lines.on_event(event)
    return [words(line) for line in stream.getvalue().splitlines()]


def test_nothing_is_said_of_what_has_not_changed(open_screen: Opens) -> None:
    play = Play.up()
    play.found()
    for key in play.by_key:
        play.emit(1.0, Action.READY, key, play.live(key))
    assert told(open_screen, play) == []


def test_what_is_ready_at_once_has_one_line_and_what_is_waited_for_has_two(open_screen: Opens) -> None:
    play = Play.up()
    play.missing()
    play.made("provider-key", 1.0, 0.5)
    play.made("provider-vpc", 1.0, 2.0, "pending")
    assert told(open_screen, play) == [
        "step=6 key pair Service_key created key-004e10123456789ab 0.5s",
        "step=1 VPC Service_Network created vpc-0a0a0a0a0a0a0a0a0 0.5s",
        "step=1 VPC Service_Network available vpc-0a0a0a0a0a0a0a0a0 2s",
    ]


def test_what_was_on_its_way_is_told_with_its_state(open_screen: Opens) -> None:
    play = Play.up()
    pending = play.live("load-balancer", Phase.PENDING, "provisioning")
    play.emit(0.5, Action.FOUND, "load-balancer", pending)
    play.emit(1.0, Action.WAITING, "load-balancer", pending, note="provisioning")
    play.emit(31.0, Action.READY, "load-balancer", play.live("load-balancer"))
    assert told(open_screen, play) == [
        "step=7 Network Load Balancer MyNetwork-LB provisioning net/MyNetwork-LB/50dc6c495c0c9188",
        "step=7 Network Load Balancer MyNetwork-LB active net/MyNetwork-LB/50dc6c495c0c9188 30s",
    ]


def test_down_tells_the_id_to_the_end(open_screen: Opens) -> None:
    play = Play.down()
    play.found()
    play.gone("endpoint", 1.0, 58.0)
    play.gone("acceptance", 1.0, 58.0)
    play.gone("provider-key", 1.0, 0.7)
    assert told(open_screen, play) == [
        "step=15 VPC endpoint MyEndpoint deleting vpce-0fedcba9876543210 0.5s",
        "step=15 VPC endpoint MyEndpoint gone vpce-0fedcba9876543210 58s",
        "step=15 endpoint connection MyEndpoint gone vpce-0fedcba9876543210",
        "step=6 key pair Service_key gone key-004e10123456789ab 0.7s",
    ]


def test_trying_again_is_said_once_for_each_reason(open_screen: Opens) -> None:
    play = Play.up()
    play.emit(1.0, Action.CREATING, "endpoint")
    for note in ("InvalidServiceName, trying again", "InvalidServiceName, trying again", "Unavailable, trying again"):
        play.emit(2.0, Action.RETRYING, "endpoint", note=note)
    refusal = ClientError({"Error": {"Code": "UnauthorizedOperation", "Message": "not you"}}, "CreateVpcEndpoint")
    play.emit(3.0, Action.FAILED, "endpoint", error=refusal)
    play.emit(3.0, Action.SKIPPED, "acceptance", note="needs MyEndpoint")
    assert told(open_screen, play) == [
        "step=15 VPC endpoint MyEndpoint retrying InvalidServiceName, trying again",
        "step=15 VPC endpoint MyEndpoint retrying Unavailable, trying again",
        "step=15 VPC endpoint MyEndpoint failed UnauthorizedOperation: not you",
        "step=15 endpoint connection MyEndpoint skipped needs MyEndpoint",
    ]


def test_verbose_tells_everything(open_screen: Opens) -> None:
    screen, stream = open_screen()
    play = up_to_the_load_balancer()
    lines = Lines(screen, play.board)
    lines.formatter.verbose = True
    for event in play.events:
        lines.on_event(event)
    assert len(stream.getvalue().splitlines()) == len(play.events)


def test_a_heartbeat_says_what_is_waited_for(open_screen: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 0.05)
    screen, stream = open_screen()
    play = Play.up()
    lines = Lines(screen, play.board)
    pending = play.live("load-balancer", Phase.PENDING, "provisioning")
    lines.on_event(Event(Action.CREATED, play.by_key["load-balancer"], pending))
    with lines.heartbeat:
        until = time.monotonic() + 10
        while stream.getvalue().count("waiting") < 2 and time.monotonic() < until:
            time.sleep(0.01)
    told = [words(line) for line in stream.getvalue().splitlines()]
    assert told[1].startswith("step=7 Network Load Balancer MyNetwork-LB waiting provisioning")
    assert len(told) >= 3


def test_the_heartbeat_is_silent_while_there_is_news(open_screen: Opens) -> None:
    screen, stream = open_screen()
    lines = Lines(screen, up_to_the_load_balancer().board)
    with lines.heartbeat:
        pass
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("how", "terminal", "kind"),
    [
        ("auto", True, "live"),
        ("auto", False, "plain"),
        ("live", True, "live"),
        ("plain", True, "plain"),
        ("none", True, ""),
    ],
)
def test_how_a_run_is_shown(open_screen: Opens, how: str, terminal: bool, kind: str) -> None:
    screen, stream = open_screen(100 if terminal else 0)
    play = Play.up()
    with progress(screen, play.board, how, "up", lambda there: "") as shown:
        shown.on_event(Event(Action.CREATED, play.by_key["provider-vpc"], play.live("provider-vpc")))
    text = stream.getvalue()
    assert ("\x1b[" in text) is (kind == "live")
    assert ("step=1 " in text) is (kind == "plain")
    assert bool(text) is bool(kind)


def test_a_check_that_takes_long_is_seen_at_work_and_leaves_nothing(
    open_screen: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen, stream = open_screen(100)
    with checking(screen, "auto", 3, "targets"):
        until = time.monotonic() + 10
        while "3  targets" not in stream.getvalue() and time.monotonic() < until:
            time.sleep(0.01)
    text = stream.getvalue()
    assert re.search(r"⠋|⠙|⠹|⠸|⠼|⠴|⠦|⠧|⠇|⠏", text)
    seen = pyte.Screen(100, 5)
    pyte.Stream(seen).feed(text.replace("\n", "\r\n"))
    assert not "".join(seen.display).strip()
    assert not seen.cursor.hidden

    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 0.05)
    screen, stream = open_screen()
    with checking(screen, "auto", 3, "targets"):
        until = time.monotonic() + 10
        while not stream.getvalue() and time.monotonic() < until:
            time.sleep(0.01)
    assert stream.getvalue().startswith("still at 3  targets, 0.")
    screen, stream = open_screen()
    with checking(screen, "none", 3, "targets"):
        time.sleep(0.06)
    assert stream.getvalue() == ""


# --- out of the log --------------------------------------------------------------------


def recorded(directory: Path, play: Play, *more: dict[str, object]) -> run_log.RecordedRun:
    """The run as if its log were read back."""
    account = {"account": "111122223333", "region": "us-east-1"}
    head = {
        "type": "run",
        "version": 1,
        "at": 1795000000.0,
        "command": "up",
        "demo": "vpce-demo",
        "demo_id": "7f3a9c",
        "program": "0.1.0",
        "place": "AWS",
        "accounts": {"provider": account, "consumer": account},
    }
    events = [
        {
            "type": "event",
            "at": 1795000000.0 + event.at - BEGAN,
            "seconds": event.at - BEGAN,
            **run_log.described(event, play.demo),
        }
        for event in play.events
    ]
    path = directory / "20261118T104640Z-up-1.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in [head, *events, *more]))
    read = run_log.read(path)
    assert read
    return read


def test_a_log_tells_the_same_lines(open_screen: Opens, tmp_path: Path) -> None:
    play = up_to_the_load_balancer()
    lines = [text for _, text in run_log_view.run_lines(recorded(tmp_path, play), verbose=False)]
    assert re.match(
        r"vpce-demo up   demo vpce-demo   account 111122223333   us-east-1   2026-11-1\d \d\d:\d\d:\d\d UTC", lines[0]
    )
    assert [words(line) for line in lines[2:]] == told(open_screen, play)


def test_a_log_s_other_lines(open_screen: Opens, tmp_path: Path) -> None:
    fine = {
        "type": "check",
        "title": "ssh",
        "evidence": "fine",
        "likely": "",
        "fix": "",
        "ruled_out": [],
        "seconds": 1.0,
    }
    more: list[dict[str, object]] = [
        {**fine, "number": 5, "passed": True},
        {**fine, "number": 6, "title": "curl", "passed": False, "evidence": "hangs", "likely": "closed."},
        {**fine, "number": 7, "title": "page", "passed": None, "evidence": "not run"},
        {"type": "page", "text": "<p>\n"},
        {"type": "look", "left": []},
        {"type": "look", "left": [{"key": "provider-vpc", "kind": "Vpc", "id": "vpc-1", "why": "in use"}]},
        {"type": "addresses", "found": {"endpoint": "10.0.1.87"}},
        {"type": "something new"},
        {"type": "end", "exit_code": 6, "message": "check 6 failed: hangs", "seconds": 12.3},
    ]
    run = recorded(tmp_path, Play(DONE_UP), *({"at": 1795000012.3, **line} for line in more))
    assert [line["type"] for line in run.lines[-3:]] == ["look", "addresses", "end"]
    assert [f"{mark}{' '.join(text.split())}" for mark, text in run_log_view.run_lines(run, verbose=False)][2:] == [
        "✓5 ssh fine",
        "✗6 curl hangs",
        "Most likely: closed.",
        "-7 page not run",
        "<p>",
        "Looked again by tag: nothing left.",
        "!left: VPC vpc-1 in use",
        "",
        "✗check 6 failed: hangs Exit code 6 after 12s.",
    ]
    assert run_log_view.ended(run) == "exit code 6: check 6 failed: hangs"


def test_the_list_of_runs(open_screen: Opens, tmp_path: Path) -> None:
    screen, stream = open_screen(100)
    end = {"type": "end", "at": 1795000083.0, "exit_code": 0, "message": "", "seconds": 83.0}
    run_log_view.listed(screen, [recorded(tmp_path, Play(DONE_UP), end), recorded(tmp_path, Play(DONE_DOWN))])
    done, killed = stream.getvalue().splitlines()
    assert re.match(r"✓  1  2026-11-1\d \d\d:\d\d:\d\d UTC  up   1m23s  done$", done)
    assert re.match(r"·  2  2026-11-1\d \d\d:\d\d:\d\d UTC  up    0\.0s  at work$", killed)
