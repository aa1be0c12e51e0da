"""What stands in the place of a file of the program is refused by name: nothing outside is touched, nothing hangs."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import made, stage
from tests.cli.stage import Stage
from tools.hostile import KINDS, Outside, is_planted, plant
from vpce_demo.cli import run_command
from vpce_demo.errors import DemoError, Refused
from vpce_demo.private import NotAFile, make_private, open_file, refuse_links
from vpce_demo.ssh import Ssh

pytestmark = pytest.mark.extended

__all__ = ["made", "stage"]

DEMO = "sandbox/vpce-demo"
SECONDS = 20
"""After which a command hangs: it takes one at most."""


@pytest.fixture(autouse=True)
def _nothing_hangs() -> Iterator[None]:
    def too_long(*_: object) -> None:
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    """The user's files, which are as they were at the end of every test."""
    made = Outside(tmp_path / "outside")
    yield made
    made.assert_untouched()


@pytest.fixture
def copy(stage: Stage, tmp_path: Path) -> Stage:
    """The demo of this module, with files of its own."""
    directory = tmp_path / "state"
    shutil.copytree(stage.directory, directory)
    (directory / DEMO / "lock").unlink(missing_ok=True)
    return replace(stage, directory=directory)


# --- a demo that stands -----------------------------------------------------------------------

STOPS = {
    "state.json": {"status", "plan", "down", "diagram", "report", "cost", "up", "test"},
    "state.json.new": {"up"},
    "key.pem": {"up", "test"},
    "key.pem.pub": {"up"},
    "known_hosts": {"test"},
    "lock": {"up"},
}
"""A file of the demo, and the commands that it stops where it is something else.  The rest goes without it."""
LOOKS = ("status", "report", "logs", "cost")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", STOPS)
@pytest.mark.sampled(5)
def test_looking_at_a_demo(copy: Stage, outside: Outside, name: str, kind: str) -> None:
    path = copy.directory / DEMO / name
    plant(kind, path, outside)
    # A file with two names is read, and is no state file here.
    said = KINDS[kind][1] if (name, kind) != ("state.json", "hard link") else "cannot be used"
    for command in LOOKS if kind == "pipe" else LOOKS[:1]:
        code, out, err = copy.text(command)
        if command in STOPS[name]:
            assert code == DemoError.exit_code, (command, out, err)
            assert f"{path} {said}" in err
            assert f"mv {path} {path}.aside" in err
        else:
            assert code in (0, 10), (command, out, err)
    assert is_planted(kind, path)


def test_a_damaged_id_keeps_nothing_from_being_found(copy: Stage) -> None:
    path = copy.directory / DEMO / "state.json"
    told = json.loads(path.read_text())
    for entry in told["resources"].values():
        entry["id"] += "\x1b[2J"
    path.write_text(json.dumps(told))
    for line in ("status", "plan"):
        code, document, _ = copy.run(line)
        assert code in (0, 10), document
        said = f"The state file {path} is damaged: resources.provider-vpc.id is not a valid id. It is left out."
        assert said in document["warnings"]
    assert "32 of 32 there." in copy.text("status")[1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["state.json.new", "key.pem", "key.pem.pub", "lock"])
@pytest.mark.sampled(4)
def test_making_is_refused_before_anything_is_made(copy: Stage, outside: Outside, name: str, kind: str) -> None:
    path = copy.directory / "sandbox" / "second" / name
    plant(kind, path, outside)
    if (name, kind) == ("state.json.new", "hard link"):
        pytest.skip("a draft is removed and made anew, whatever other names it has")
    code, out, err = copy.text("--name", "second", "up", "--yes")
    assert code == DemoError.exit_code, out
    assert f"{path} {KINDS[kind][1]}" in err
    assert "Nothing was changed." in err
    assert kind == "hard link" or is_planted(kind, path)
    vpcs = copy.ec2.describe_vpcs(Filters=[{"Name": "tag:vpce-demo:demo", "Values": ["second"]}])["Vpcs"]
    assert vpcs == []


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "key.pem" else pytest.mark.slow) for name in STOPS]
)
def test_making_and_testing_a_demo(copy: Stage, outside: Outside, name: str) -> None:
    path = copy.directory / DEMO / name
    plant("link", path, outside)
    for line in ("up --yes --skip-test", "test --timeout 5"):
        code, out, err = copy.text(*line.split())
        stops = line.split()[0] in STOPS[name]
        assert code == (DemoError.exit_code if stops else 0), (line, out, err)
        assert f"{path} is a symbolic link" in err or not stops


@pytest.mark.ordinary
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["key.pem", "known_hosts"])
def test_ssh_is_not_given_what_is_no_file(tmp_path: Path, outside: Outside, name: str, kind: str) -> None:
    path = tmp_path / "demo" / name
    plant(kind, path, outside)
    ssh = Ssh(path.with_name("key.pem"), path.with_name("known_hosts"))
    with pytest.raises(NotAFile, match=KINDS[kind][1].replace("(", r"\(")):
        ssh.run("192.0.2.1", "one", ["true"], 1)


# --- the sandbox ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["server.json", "sandbox.log", "start.lock"])
def test_the_sandbox(
    tmp_path: Path, outside: Outside, capsys: pytest.CaptureFixture[str], name: str, kind: str
) -> None:
    path = tmp_path / "state" / "emulator" / name
    plant(kind, path, outside)
    refused = {
        "server.json": ("sandbox status", "sandbox stop", "sandbox start", "--sandbox up", "--sandbox status"),
        "sandbox.log": ("sandbox logs", "sandbox start"),
        "start.lock": ("sandbox start",),
    }[name]
    for line in refused if kind != "hard link" else ():
        assert run_command(["--state-dir", str(tmp_path / "state"), *line.split()]) == DemoError.exit_code
        assert f"{path} {KINDS[kind][1]}" in capsys.readouterr().err
    assert is_planted(kind, path)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (f"{DEMO}/state.json", "status"),
        (f"{DEMO}/known_hosts", "test --timeout 5"),
        ("emulator/server.json", "status"),
        ("emulator/server.json", "sandbox status"),
    ],
)
def test_a_file_to_which_others_may_write(
    copy: Stage, capsys: pytest.CaptureFixture[str], name: str, line: str
) -> None:
    path = copy.directory / name
    path.parent.mkdir(exist_ok=True)
    path.touch(0o600)
    path.chmod(0o666)
    if name.startswith("emulator"):
        assert run_command(["--sandbox", "--state-dir", str(copy.directory), *line.split()]) == Refused.exit_code
        err = capsys.readouterr().err
    else:
        code, _, err = copy.text(*line.split())
        assert code == Refused.exit_code
    assert f"{path}.  VPCE092\n  mode  0666" in err
    assert f"chmod 600 {path}" in err


# --- directories ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sandbox", DEMO])
def test_a_demo_s_directory_that_is_a_link(copy: Stage, outside: Outside, name: str) -> None:
    path = copy.directory / name
    shutil.rmtree(path)
    path.symlink_to(outside.directory)
    for line in ("status", "up --yes", "down --yes", "report"):
        code, _, err = copy.text(*line.split())
        assert code == DemoError.exit_code, line
        assert f"{path} is a symbolic link" in err
    assert copy.text("logs")[0] == 0


@pytest.mark.parametrize("name", ["logs", "logs/sandbox", f"logs/{DEMO}"])
@pytest.mark.sampled(3)
def test_logs_that_are_a_link(copy: Stage, outside: Outside, name: str) -> None:
    path = copy.directory / name
    shutil.rmtree(path, ignore_errors=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(outside.directory)
    for line in ("logs", "test --timeout 1", "report"):
        _, _, err = copy.text(*line.split())
        assert f"{path} is a symbolic link" in err, line


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        pytest.param(kind, name, marks=() if (kind == "pipe") == (name in (DEMO, "logs")) else pytest.mark.slow)
        for kind in ("hard link", "pipe")
        for name in (f"logs/{DEMO}", DEMO, "logs", "sandbox")
    ],
)
@pytest.mark.sampled(2)
def test_a_directory_that_is_none_is_left_as_it_is(copy: Stage, outside: Outside, name: str, kind: str) -> None:
    path = copy.directory / name
    shutil.rmtree(path, ignore_errors=True)
    plant(kind, path, outside)
    said = f"{path} is {'not a directory' if kind == 'hard link' else 'a pipe'}"
    for line in ("test --timeout 1", "doctor"):
        _, out, err = copy.text(*line.split())
        assert said in out + err or (name.startswith("logs") and line == "doctor"), line


def test_the_doctor_looks_through_no_link(copy: Stage, outside: Outside) -> None:
    path = copy.directory / DEMO
    shutil.rmtree(path)
    path.symlink_to(outside.directory)
    before = outside.directory.stat().st_mtime_ns
    _, out, _ = copy.text("doctor")
    assert f"{path} is a symbolic link" in out
    assert outside.directory.stat().st_mtime_ns == before


@pytest.mark.parametrize("name", ["emulator", "emulator/instances"])
def test_a_sandbox_is_not_started_in_a_link(
    tmp_path: Path, outside: Outside, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    outside.remove("server.json")
    path = tmp_path / "state" / name
    path.parent.mkdir(parents=True)
    path.symlink_to(outside.directory)
    assert run_command(["--state-dir", str(tmp_path / "state"), "sandbox", "start"]) == DemoError.exit_code
    assert f"{path} is a symbolic link" in capsys.readouterr().err


def test_the_state_directory_may_be_a_link_of_the_user(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir(mode=0o755)
    link.symlink_to(real)
    assert make_private(link / "aws" / "vpce-demo", 2)
    assert (real / "aws" / "vpce-demo").is_dir()
    (real / "aws").chmod(0o777)
    assert make_private(link / "aws" / "vpce-demo", 2)
    assert (real / "aws").stat().st_mode & 0o777 == 0o700
    real.chmod(0o777)
    with pytest.raises(DemoError, match="to which others may write"):
        refuse_links(link / "aws" / "vpce-demo", 2)
    link.unlink()
    link.symlink_to("nowhere")
    with pytest.raises(DemoError, match="leads nowhere"):
        make_private(link / "aws" / "vpce-demo", 2)


# --- files in the working directory -----------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.sampled(3)
def test_the_report_goes_through_no_link_that_nobody_named(copy: Stage, outside: Outside, kind: str) -> None:
    path = Path("vpce-demo-report.html").absolute()
    plant(kind, path, outside)
    code, _, err = copy.text("report")
    assert code == DemoError.exit_code
    assert KINDS[kind][1] in err
    assert is_planted(kind, path)


def test_a_link_that_the_user_named_is_followed(copy: Stage, tmp_path: Path) -> None:
    Path("named.html").symlink_to("page.html")
    assert copy.text("report", "--to", "named.html")[0] == 0
    assert "<html" in Path("page.html").read_text()


# --- the last one: afterwards there is no demo ------------------------------------------------


@pytest.mark.ordinary
def test_what_cannot_be_written_keeps_nothing_from_being_deleted(copy: Stage, outside: Outside) -> None:
    kinds = {
        "state.json.new": "link",
        "key.pem": "pipe",
        "key.pem.pub": "dangling link",
        "known_hosts": "socket",
        "lock": "directory",
    }
    planted = [copy.directory / DEMO / name for name in kinds]
    for path, kind in zip(planted, kinds.values(), strict=True):
        plant(kind, path, outside)
    plant("pipe", copy.directory / "logs" / DEMO / "x.jsonl", outside)
    code, document, _ = copy.run("down", "--yes")
    assert (code, document["left"]) == (0, [])
    assert all(os.path.lexists(path) for path in planted)
    assert not (copy.directory / DEMO / "state.json").exists()
    said = "\n".join(document["warnings"])
    assert all(path.name in said for path in planted)


def test_a_file_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(DemoError, match="belongs to"):
        open_file(tmp_path / "file")
