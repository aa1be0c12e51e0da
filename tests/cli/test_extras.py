"""What is not needed is done without: each extra taken away, in each way, under each command."""

from __future__ import annotations

import errno
import os
import pwd
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from vpce_demo.aws.environment import Environment
from vpce_demo.cli import run_command
from vpce_demo.config.load import load
from vpce_demo.config.settings import Where
from vpce_demo.errors import DemoError
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.open import open_demo

from .stage import Stage

Patch = pytest.MonkeyPatch
Way = Callable[[Where, Path, Patch], object]
"""Takes an extra away from this demo, from the user with this home, or from this process."""
PRICES = ".config/vpce-demo/prices.json"


def room(path: Path) -> Path:
    """The path, with nothing there and its directory made."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def file(path: Path, content: bytes = b"") -> None:
    room(path).write_bytes(content)


def link(path: Path, target: Path | str) -> None:
    room(path).symlink_to(target)


def loop(path: Path) -> None:
    """A link to itself, which nobody can read: not root either, for whom no file is unreadable."""
    link(path, path)


def nobody(where: Where, home: Path, patch: Patch) -> None:
    """A user id that the system does not know, without HOME."""

    def unknown(uid: int) -> NoReturn:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    patch.delenv("HOME")
    patch.setattr(pwd, "getpwuid", unknown)
    # A sandbox of its own has a home (test_background); this one is in the same process.
    patch.setattr("asyncssh.config.Path", lambda *parts: home)


def terminal(where: Where, home: Path, patch: Patch) -> None:
    """A terminal and a locale that nobody knows."""
    for name in ("TERM", "COLUMNS", "LINES", "COLORTERM", "LANG", "LC_ALL"):
        patch.setenv(name, "nonsense")


def full(where: Where, home: Path, patch: Patch) -> None:
    """A disk that takes no byte more."""

    def refused(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    patch.setattr(os, "fsync", refused)


WAYS: dict[str, tuple[Way, str]] = {
    "nothing": (lambda where, home, patch: None, ""),
    # --- the refreshed prices, and where they lie
    "prices: truncated": (lambda where, home, patch: file(home / PRICES, b'{"version": 1, "prices": ['), "prices"),
    "prices: binary": (lambda where, home, patch: file(home / PRICES, bytes(range(256))), "prices"),
    "prices: a directory": (lambda where, home, patch: room(home / PRICES).mkdir(), "prices"),
    "prices: unreadable": (lambda where, home, patch: loop(home / PRICES), "prices"),
    "prices: a pipe": (lambda where, home, patch: os.mkfifo(room(home / PRICES)), "prices"),
    "config: unreadable": (lambda where, home, patch: loop(home / ".config"), "prices"),
    "config: a file": (lambda where, home, patch: file(home / ".config"), ""),
    "config: relative": (lambda where, home, patch: patch.setenv("XDG_CONFIG_HOME", "~/here"), ""),
    "home: /dev/null": (lambda where, home, patch: patch.setenv("HOME", "/dev/null"), ""),
    "home: none": (nobody, ""),
    "terminal: unknown": (terminal, ""),
    # --- the logs
    "logs: a file": (lambda where, home, patch: file(where.logs), "log"),
    "logs: a dangling link in it": (lambda where, home, patch: link(where.logs / "2026.jsonl", "nowhere"), ""),
    "logs: unreadable": (lambda where, home, patch: loop(where.state_directory / "logs"), "log"),
    # --- the record
    "state: no draft": (lambda where, home, patch: room(where.directory / "state.json.new").mkdir(), "state"),
    "state: a full disk": (full, "state"),
    "state: a link": (lambda where, home, patch: link(where.directory / "state.json.new", home / "victim"), "state"),
    "lock: a link": (lambda where, home, patch: link(where.directory / "lock", home / "victim"), "lock"),
    "lock: a directory": (lambda where, home, patch: room(where.directory / "lock").mkdir(), "lock"),
}
"""How an extra is taken away, and what the warning of ``down`` is about; nothing where the extra is just not there."""
SAID = {
    "prices": "The refreshed prices in ",
    "log": "The logs in ",
    "state": "state.json cannot be written: ",
    "lock": "lock cannot be made: ",
}


@pytest.fixture
def demo(
    sandbox: Sandbox,
    place: Environment,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: Patch,
) -> tuple[Stage, Where]:
    """A demo of a VPC and its gateway on what the program takes for AWS, where money is asked for."""
    aws = replace(place, name="AWS", id="")  # at the sandbox's pace
    monkeypatch.setattr("vpce_demo.aws.environment.on_aws", lambda config: aws)
    state = tmp_path / "state"
    where = Where(load(None, {}), state, sandbox=False)
    with open_demo(where, aws, "up", makes=True) as run:
        run.up(run.demo.resources[:2], lambda event: None, None)
    return Stage(state, next(iter(aws.clients.values())), {}, capsys, []), where


@pytest.fixture(params=WAYS)
def without(
    request: pytest.FixtureRequest, demo: tuple[Stage, Where], tmp_path: Path, monkeypatch: Patch
) -> tuple[Stage, str]:
    """The demo with one extra taken away, and what is said of it."""
    stage, where = demo
    take_away, said = WAYS[request.param]
    take_away(where, tmp_path, monkeypatch)
    return stage, SAID.get(said, "")


@pytest.mark.sampled(
    "nothing",
    "prices: a pipe",
    "prices: unreadable",
    "config: relative",
    "home: none",
    "terminal: unknown",
    "logs: unreadable",
    "state: a full disk",
    "lock: a link",
)
def test_nothing_is_kept_from_being_deleted(without: tuple[Stage, str]) -> None:
    stage, said = without
    assert stage.text("cost")[0] == 0
    code, document, err = stage.run("down", "--yes")
    assert (code, document["deleted"], document["left"]) == (0, 2, [])
    assert not stage.ec2.describe_vpcs(Filters=[{"Name": "tag:vpce-demo:demo", "Values": ["vpce-demo"]}])["Vpcs"]
    warnings = document.get("warnings", [])
    assert len([one for one in warnings if said in one]) == bool(said)
    assert len(warnings) == len(set(warnings)) <= 1 + said.count("state.json")
    assert all(err.count(one) == 1 for one in warnings)
    assert " rm " not in err


LOOKS = {
    "status": 0,
    "plan": 0,
    "diagram": 0,
    "report --to report.html": 0,
    "report --redact --to report.html": 0,
    "doctor": 6,  # parts are missing
    "logs": 0,
    "cost": 0,
    "iam-policy": 0,
    "explain 7": 0,
    "completion bash": 0,
    "test": 5,
}
"""Commands that change nothing, with their exit code for this demo."""


@pytest.mark.slow
def test_nothing_is_kept_from_being_looked_at(without: tuple[Stage, str]) -> None:
    stage, _ = without
    found = {words: stage.text(*words.split())[0] for words in LOOKS}
    assert found == LOOKS


@pytest.mark.slow
def test_nothing_is_kept_from_being_made_but_without_a_record(without: tuple[Stage, str]) -> None:
    stage, said = without
    needed = said in (SAID["state"], SAID["lock"])
    for words in ("up --yes", "adopt --yes"):
        code, document, err = stage.run(*words.split())
        assert code == int(needed), (words, err)
        assert needed or len(document.get("warnings", [])) <= 1
    assert stage.text("down", "--yes")[0] == 0


def test_nothing_is_made_that_is_not_recorded_before(demo: tuple[Stage, Where]) -> None:
    stage, where = demo
    (where.directory / "state.json.new").mkdir()
    before = where.directory.joinpath("state.json").read_text()
    code, _, err = stage.text("up", "--yes", "--until", "create-provider")
    assert code == DemoError.exit_code
    assert "state.json.new is a directory." in err
    assert "state.json cannot be written: " in err
    assert where.directory.joinpath("state.json").read_text() == before


WITHOUT_ACCOUNT = {
    "cost": 0,
    "diagram": 0,
    "explain 7": 0,
    "iam-policy": 0,
    "init": 0,
    "logs": 0,
    "completion bash": 0,
    "report": 5,  # there is nothing to report yet
    "sandbox status": 0,
    "--sandbox status": 0,
    "--sandbox plan": 0,
    "--sandbox cost": 0,
    "--sandbox diagram": 0,
    "--sandbox down": 0,
    "plan": 2,
}
"""Commands that need no account, and one that does, with their exit codes."""


@pytest.mark.parametrize(
    "variables",
    [{"AWS_PROFILE": "nonsense"}, {"AWS_CONFIG_FILE": "garbage"}, {"AWS_DEFAULT_PROFILE": "nonsense"}],
    ids=str,
)
def test_a_command_that_needs_no_account_needs_no_profile(
    monkeypatch: Patch, capsys: pytest.CaptureFixture[str], variables: dict[str, str]
) -> None:
    file(Path("garbage"), b"[[[\xff")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert {words: run_command(words.split()) for words in WITHOUT_ACCOUNT} == WITHOUT_ACCOUNT
    capsys.readouterr()
    assert run_command(["cost"]) == 0
    assert "! The region of the AWS profile cannot be read: " in capsys.readouterr().err


@pytest.mark.parametrize("command", ["cost", "diagram"])
def test_a_profile_that_is_named_must_exist(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert run_command([command, "--profile", "nonsense"]) == 2
    assert "There is no such AWS profile" in capsys.readouterr().err
