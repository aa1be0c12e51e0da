"""What ``sandbox status`` tells other tools, and what is said while a sandbox starts."""

from __future__ import annotations

import pytest

from vpce_demo.cli import run_command
from vpce_demo.cli import sandbox as commands
from vpce_demo.cli.app import App
from vpce_demo.errors import SandboxError
from vpce_demo.sandbox import client
from vpce_demo.sandbox.client import Running

from .program import World, good


def test_what_was_not_understood_in_user_data_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {"i-1": [f"line {number}: php: command not found" for number in range(1, 8)]}
    status = {"speed": 20, "iam": False, "calls": {}, "not_understood": told}
    monkeypatch.setattr(Running, "control", lambda *_: status)
    app = App()
    commands._show_sandbox(app, Running("http://127.0.0.1:1", "http://127.0.0.1:2", "x", 1, "x", 20), "Runs.")
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("Not understood in the user data of i-1, and left out:")
    assert lines[at + 1] == "  line 1: php: command not found"
    assert lines[at + 6] == "  and 2 more, in its console output"
    assert app.document["status"]["not_understood"] == told


def test_it_says_how_other_tools_reach_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(Running, "control", lambda *_: {"speed": 20, "iam": False, "calls": {}})
    running = Running("http://127.0.0.1:1", "http://127.0.0.1:2", "x", 1, "x", 20)
    commands._show_sandbox(App(given={"state_dir": "there"}), running, "Runs.")
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:] == [
        "AWS's API is on http://127.0.0.1:1. For the tools in a shell:",
        '  eval "$(vpce-demo --state-dir there sandbox env)"',
        "The proxy to the addresses in it is on http://127.0.0.1:2. To use it:",
        "  vpce-demo --state-dir there sandbox curl http://ADDRESS/",
    ]


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("up", "vpce-demo up   demo vpce-demo   starting the sandbox …"),
        ("accept", "vpce-demo accept   demo vpce-demo   starting the sandbox …"),
        ("sandbox start", "Starting the sandbox …"),
    ],
)
def test_the_seconds_until_it_runs_are_not_silent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, line: str
) -> None:
    """On stderr, before it is started; and nothing with --quiet."""
    told: list[tuple[str, ...]] = []

    def ensure(*directory: object, **options: object) -> Running:
        told.append(tuple(capsys.readouterr()))
        raise SandboxError("A port is taken.")

    monkeypatch.setattr(client, "ensure", ensure)
    for more in ([], ["--quiet"]):
        assert run_command(["--sandbox", *command.split(), *more]) == 1
        capsys.readouterr()
    assert told == [("", line), ("", "")]


@pytest.mark.parametrize("command", ["up --until create-provider", "sandbox start"])
def test_nothing_is_started_that_runs(world: World, command: str) -> None:
    assert "tarting the sandbox" not in good(world.here(*command.split())).err
