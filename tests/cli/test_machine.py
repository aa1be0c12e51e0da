"""People's own machines: file systems without permissions, other users and unknown ones, YAML, pipes, no loopback."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from vpce_demo import private
from vpce_demo.cli import run_command
from vpce_demo.cli.app import App, for_this_demo
from vpce_demo.config.load import load
from vpce_demo.errors import ConfigError, DemoError, SandboxError
from vpce_demo.extras import WARNINGS
from vpce_demo.journal.run_log import runs
from vpce_demo.journal.state_file import StateFile, locked
from vpce_demo.private import NoModes, NotAFile, NotYours
from vpce_demo.sandbox import client
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.run import Run
from vpce_demo.ssh import ensure_key
from vpce_demo.untrusted import write_text
from vpce_demo.verify import doctor

from .program import ROOT
from .stage import write_server_file

NOBODY = 54321
"""A user id that no system knows."""


# --- file systems without permissions ---------------------------------------------------


def take_modes_away(monkeypatch: pytest.MonkeyPatch, chmod_is: str) -> None:
    """Everybody may do everything with each file, and ``chmod`` does nothing, or is refused."""
    real, real_fstat = os.stat, os.fstat

    def everybody(found: os.stat_result) -> os.stat_result:
        return os.stat_result((found.st_mode | 0o777, *found[1:10]))

    def chmod(path: Path, mode: int, *, follow_symlinks: bool = True) -> None:
        if chmod_is == "refused":
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))

    monkeypatch.setattr(Path, "stat", lambda path, **rest: everybody(real(path, **rest)))
    monkeypatch.setattr(os, "fstat", lambda file: everybody(real_fstat(file)))
    monkeypatch.setattr(Path, "chmod", chmod)


@pytest.fixture(params=["without effect", "refused"])
def without_modes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that keeps no permissions, of both kinds."""
    take_modes_away(monkeypatch, request.param)


@pytest.mark.usefixtures("without_modes")
def test_a_key_that_others_may_read_is_refused_when_it_is_made(tmp_path: Path) -> None:
    """ssh would not use it: told before anything is created, and nothing secret is left."""
    with pytest.raises(NoModes, match="its file system keeps no permissions") as caught:
        ensure_key(tmp_path / "key.pem", "demo")
    assert "--state-dir ~/.local/state/vpce-demo" in caught.value.hint
    assert os.listdir(tmp_path) == []


def test_a_key_that_was_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be the key of instances that are there: the file system may be another one tomorrow."""
    public = ensure_key(tmp_path / "key.pem", "demo")
    take_modes_away(monkeypatch, "without effect")
    with pytest.raises(NoModes):
        ensure_key(tmp_path / "key.pem", "demo")
    assert sorted(os.listdir(tmp_path)) == ["key.pem", "key.pem.pub"]
    assert (tmp_path / "key.pem.pub").read_text().strip() == public


@pytest.mark.usefixtures("without_modes")
def test_nothing_is_created_for_a_demo_whose_key_could_not_be_used(
    sandbox: Sandbox, open_run: Callable[..., AbstractContextManager[Run]], tmp_path: Path
) -> None:
    with pytest.raises(NoModes), open_run(tmp_path / "state"):
        pass
    assert not [call for call in sandbox.calls() if call.operation.startswith("Create")]


@pytest.mark.usefixtures("without_modes")
def test_a_directory_there_can_be_used(tmp_path: Path) -> None:
    """Nothing secret is in it but the key: its state can be read, locked and written."""
    with locked(tmp_path / "demo", "down"):
        StateFile(tmp_path / "demo", demo="vpce-demo").save()
        assert StateFile.load(tmp_path / "demo").demo == "vpce-demo"


@pytest.mark.usefixtures("without_modes")
def test_a_sandbox_is_not_started_where_others_could_read_its_token(tmp_path: Path) -> None:
    with pytest.raises(NoModes):
        client.ensure(tmp_path / "emulator")
    assert os.listdir(tmp_path / "emulator") == []


@pytest.mark.usefixtures("without_modes")
def test_doctor_sees_a_file_system_without_permissions(tmp_path: Path) -> None:
    for key in (tmp_path / "no.pem", tmp_path / "key.pem"):
        (tmp_path / "key.pem").touch()
        line = doctor.files(key)
        assert (line.title, line.fine) == ("files", False)
        assert "keeps no permissions" in line.evidence
        assert "--state-dir" in line.fix


def test_doctor_leaves_nothing_where_it_looks(tmp_path: Path) -> None:
    line = doctor.files(tmp_path / "state" / "key.pem")
    assert (line.fine, line.evidence) == (True, f"{tmp_path} keeps permissions")
    assert os.listdir(tmp_path) == []


def test_doctor_tells_a_key_that_is_open_from_a_file_system_without_permissions(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.touch(mode=0o644)
    line = doctor.files(key)
    assert (line.fine, line.evidence) == (False, f"{key} can be read by others, so ssh refuses it.")
    assert line.fix == f"chmod 600 {key}"


def test_a_hint_names_the_other_directory_alone() -> None:
    app = App(given={"sandbox": True, "state_dir": "here", "name": "second"})
    said = for_this_demo(app, private.ELSEWHERE)
    assert said.endswith("  vpce-demo --sandbox --name second --state-dir ~/.local/state/vpce-demo ...")


# --- files of another user --------------------------------------------------------------


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Gives a file to another user, who lets nobody read it: for this user, whoever that is."""
    closed: list[Path] = []
    real_open, real_stat, real_os_open = open, os.stat, os.open

    def is_closed(path: object) -> bool:
        return isinstance(path, (str, Path)) and any(Path(path).absolute().is_relative_to(one) for one in closed)

    def refused(real: Callable[..., object]) -> Callable[..., object]:
        def call(path: object, *rest: object, **more: object) -> object:
            if is_closed(path):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return real(path, *rest, **more)

        return call

    def stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        found = real_stat(path, follow_symlinks=follow_symlinks)
        return os.stat_result((*found[:4], NOBODY, *found[5:10])) if is_closed(path) else found

    monkeypatch.setattr("io.open", refused(real_open))
    monkeypatch.setattr("builtins.open", refused(real_open))
    monkeypatch.setattr(os, "open", refused(real_os_open))
    monkeypatch.setattr(Path, "stat", stat)
    monkeypatch.setattr(Path, "lstat", lambda path: stat(path, follow_symlinks=False))
    return closed.append


TAKE_BACK = 'sudo chown -R "$(id -u)" .vpce-demo'


@pytest.mark.parametrize(
    ("words", "file"),
    [
        ("sandbox status", "emulator/server.json"),
        ("sandbox stop", "emulator/server.json"),
        ("sandbox start", "emulator/start.lock"),
        ("sandbox logs", "emulator/sandbox.log"),
        ("--sandbox status", "emulator/server.json"),
        ("--sandbox status", "sandbox/vpce-demo/state.json"),
        ("--sandbox plan", "sandbox"),
        ("--sandbox cost", "sandbox/vpce-demo/state.json"),
        ("--sandbox down --yes", "emulator"),
    ],
)
def test_a_file_of_another_user_is_told_with_the_command_that_helps(
    tmp_path: Path,
    others: Callable[[Path], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    file: str,
) -> None:
    """As after ``sudo vpce-demo``: never to move what cannot be moved, never that nothing runs."""
    path = tmp_path / ".vpce-demo" / file
    path.parent.mkdir(parents=True, mode=0o700)
    path.touch()
    others(path)
    assert run_command(words.split()) == 5
    said = "".join(capsys.readouterr())
    assert f"belongs to user {NOBODY}, and you are {private.user_name(os.geteuid())}" in said
    assert (TAKE_BACK if os.geteuid() else f"Run it as user {NOBODY}, without sudo.") in said
    for wrong in ("mv ", "does not run", "There is no log", "Traceback"):
        assert wrong not in said


def test_a_directory_of_another_user_is_no_wrong_option(
    tmp_path: Path,
    others: Callable[[Path], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "state" / "emulator").mkdir(parents=True)
    (tmp_path / "state" / "emulator" / "server.json").touch()
    others(tmp_path / "state")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert run_command(["--state-dir", str(tmp_path / "state"), "sandbox", "status"]) == 5
    assert f"belongs to user {NOBODY}" in capsys.readouterr().err


def test_logs_of_another_user_are_named_with_their_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    monkeypatch.setattr(Path, "iterdir", refused)
    WARNINGS.begin()
    assert runs(tmp_path) == []
    (warning,) = WARNINGS.sentences
    assert f"The logs in {tmp_path} cannot be used: {tmp_path} belongs to " in warning


def test_what_is_wrong_with_one_s_own_file_is_not_blamed_on_another_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert private.not_yours(tmp_path / "none") is None
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    assert (foreign := private.not_yours(tmp_path / "none" / "below")) is not None
    assert foreign.message.startswith(f"{tmp_path} belongs to ")
    assert 'sudo chown -R "$(id -u)" <state-dir>' in foreign.hint
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    tmp_path.chmod(0o755)
    real = Path.stat
    monkeypatch.setattr(Path, "stat", lambda path: os.stat_result((*real(path)[:4], NOBODY, *real(path)[5:10])))
    assert (foreign := private.not_yours(tmp_path)) is not None
    assert f"Run it as user {NOBODY}, without sudo." in foreign.hint


def test_a_demo_of_another_user_is_refused_to_whoever_can_read_it(
    sandbox: Sandbox,
    open_run: Callable[..., AbstractContextManager[Run]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As under sudo, which can read every file."""
    with open_run(tmp_path) as run:
        run.state.save()
        monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
        with pytest.raises(NotYours, match=r"state\.json belongs to "):
            StateFile.load(run.state.directory)


def test_a_directory_of_another_user_is_not_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path, mode: int) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))

    tmp_path.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    monkeypatch.setattr(Path, "chmod", refused)
    with pytest.raises(NotYours), locked(tmp_path, "up"):
        pass


# --- users that the system does not know ------------------------------------------------


@pytest.fixture
def unknown_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No line in /etc/passwd, and an ssh-keygen that says so."""
    keygen = tmp_path / "bin" / "ssh-keygen"
    keygen.parent.mkdir()
    keygen.write_text(f"#!/bin/sh\necho No user exists for uid {NOBODY} >&2\nexit 1\n")
    keygen.chmod(0o755)
    monkeypatch.setenv("PATH", f"{keygen.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(os, "getuid", lambda: NOBODY)


@pytest.mark.usefixtures("unknown_user")
def test_what_ssh_keygen_refuses_is_told_with_a_way_on(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="could not make a key") as caught:
        ensure_key(tmp_path / "key.pem", "demo")
    assert caught.value.facts == {"it said": f"No user exists for uid {NOBODY}"}
    assert "/etc/passwd" in caught.value.hint
    line = next(line for line in doctor.machine() if line.title == "OpenSSH client")
    assert line.fine is False
    assert f"No user exists for uid {NOBODY}" in line.evidence
    assert "/etc/passwd" in line.fix


def test_ssh_keygen_that_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ssh-keygen").symlink_to(shutil.which("false") or "/bin/false")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DemoError) as caught:
        ensure_key(tmp_path / "key.pem", "demo")
    assert caught.value.facts == {"it said": "nothing; its exit code is 1"}
    assert "/etc/passwd" not in caught.value.hint


# --- YAML 1.1 ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: no", '1:7: name: YAML reads no as false; write "no" in quotes'),
        ("name: ON", '1:7: name: YAML reads ON as true; write "ON" in quotes'),
        ("name: 2026-01-01", '1:7: name: YAML reads 2026-01-01 as a date; write "2026-01-01" in quotes'),
        ("name: 42", '1:7: name: YAML reads 42 as a number; write "42" in quotes'),
        ("name: 1e3", None),
        ("name: 1.50", '1:7: name: YAML reads 1.50 as 1.5; write "1.50" in quotes'),
        ("name: ~", '1:7: name: YAML reads ~ as nothing; write "~" in quotes'),
        ("name:", "1:6: name: has no value"),
        ("provider: {vpc_name: yes}", '1:22: provider.vpc_name: YAML reads yes as true; write "yes" in quotes'),
        ("name: 22:22", '1:7: YAML reads 22:22 as 1342; write 1342, or "22:22" in quotes if it is a text'),
        ("health_check_seconds: 010", '1:23: YAML reads 010 as 8; write 8, or "010" in quotes if it is a text'),
        ("health_check_seconds: 1:30", '1:23: YAML reads 1:30 as 90; write 90, or "1:30" in quotes if it is a text'),
        ("health_check_seconds: 1_0", '1:23: YAML reads 1_0 as 10; write 10, or "1_0" in quotes if it is a text'),
        ("health_check_seconds: 0b111", '1:23: YAML reads 0b111 as 7; write 7, or "0b111" in quotes if it is a text'),
        ("health_check_seconds: 0o10", "1:23: health_check_seconds: '0o10' input should be a valid integer"),
        ("health_check_seconds: yes", "1:23: health_check_seconds: yes input should be a valid integer"),
        (
            "name: 2026-13-45",
            "1:7: YAML takes 2026-13-45 for its type timestamp, as which it cannot be read; "
            'write "2026-13-45" in quotes',
        ),
        (
            "page: !!timestamp x",
            '1:7: YAML takes x for its type timestamp, as which it cannot be read; write "x" in quotes',
        ),
        ("page: !!bool x", '1:7: YAML takes x for its type bool, as which it cannot be read; write "x" in quotes'),
        ("page: !!int ''", '1:7: YAML takes  for its type int, as which it cannot be read; write "" in quotes'),
        (
            "page: !!float '1:'",
            '1:7: YAML takes 1: for its type float, as which it cannot be read; write "1:" in quotes',
        ),
        ("on: x", '1:1: YAML reads on not as a name; write "on" in quotes'),
        ("provider: {~: x}", '1:12: YAML reads ~ not as a name; write "~" in quotes'),
        ("2026-01-01: x", '1:1: YAML reads 2026-01-01 not as a name; write "2026-01-01" in quotes'),
        ("health_check_seconds: 1:30.5", "1:23: health_check_seconds: 1:30.5 input should be a valid integer"),
        ('name: "no"\nhealth_check_seconds: 10\nprovider: {vpc_name: "22:22"}', None),
    ],
)
def test_what_yaml_reads_otherwise_than_it_is_written(tmp_path: Path, text: str, said: str | None) -> None:
    path = tmp_path / "demo.yaml"
    path.write_text(text)
    if said is None:
        load(path, {})
        return
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert caught.value.message == f"{path}:{said}"


# --- files that are not files -----------------------------------------------------------


def test_a_pipe_that_has_a_name_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link"):
        with pytest.raises(ConfigError, match="it is not a file but a device or a pipe"):
            load(tmp_path / name, {})
    with pytest.raises(ConfigError, match="Is a directory"):
        load(tmp_path, {})
    os.mkfifo(tmp_path / "state.json")
    with pytest.raises(NotAFile, match=r"state\.json is a pipe"):
        StateFile.load(tmp_path)
    for name in ("pipe", "link"):
        with pytest.raises(OSError, match="nobody reads from it"):
            write_text(tmp_path / name, "a page")


def test_a_file_where_the_state_directory_should_be_is_not_to_be_moved(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DemoError, match="Not a directory") as caught:
        StateFile.load(tmp_path / "file" / "sandbox" / "vpce-demo")
    assert "mv " not in caught.value.hint
    assert "--state-dir" in caught.value.hint


@pytest.mark.parametrize("way", ["<(echo name: given)", "/dev/stdin", "/dev/null"])
def test_what_a_shell_hands_over_as_a_file_is_read(tmp_path: Path, way: str) -> None:
    if way == "/dev/null":
        assert load(Path(way), {}).name == "vpce-demo"
        return
    code = "import sys; from pathlib import Path; from vpce_demo.config.load import load; "
    code += "print(load(Path(sys.argv[1]), {}).name)"
    line = f'echo name: given | "$0" -c "$1" {way}'
    done = subprocess.run(
        ["bash", "-c", line, sys.executable, code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stdout == "given\n", done.stderr


# --- a sandbox that cannot be reached ---------------------------------------------------


@pytest.fixture
def announced(sandbox: Sandbox, tmp_path: Path) -> Iterator[Path]:
    """The directory of a sandbox that runs, and that says so by a lock."""
    write_server_file(sandbox, tmp_path)
    with open(tmp_path / "emulator" / client.SERVER_FILE) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield tmp_path / "emulator"


@pytest.mark.parametrize(
    ("error", "said", "hint"),
    [
        (OSError(errno.ENETUNREACH, "unreachable"), "no loopback interface", "sudo ip link set lo up"),
        (OSError(errno.EADDRNOTAVAIL, "not available"), "no loopback interface", "sudo ip link set lo up"),
        (TimeoutError("timed out"), "does not answer", "vpce-demo sandbox stop"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "not in this container", "--state-dir"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "cannot be reached", "firewall"),
        (PermissionError(errno.EPERM, "not permitted"), "cannot be reached", "firewall"),
    ],
)
def test_a_sandbox_that_cannot_be_reached_is_not_said_to_be_stopped(
    announced: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, said: str, hint: str
) -> None:
    assert client.running(announced) is not None

    def refused(*_: object, **__: object) -> socket.socket:
        raise error

    monkeypatch.setattr(socket, "create_connection", refused)
    for ask in (client.running, client.stop, client.ensure):
        with pytest.raises(SandboxError, match=said) as caught:
            ask(announced)
        assert hint in caught.value.hint
    # A file that was left behind says nothing, whoever has the number of its process by now.
    told = (announced / client.SERVER_FILE).read_text()
    (announced / client.SERVER_FILE).unlink()
    (announced / client.SERVER_FILE).write_text(told)
    assert client.running(announced) is None
    assert client.stop(announced) is False


def _can_take_the_network_away() -> bool:
    program = shutil.which("unshare")
    return program is not None and subprocess.run([program, "-n", "true"], capture_output=True).returncode == 0


@pytest.mark.extended
@pytest.mark.skipif(not _can_take_the_network_away(), reason="only root may take the network away")
def test_a_machine_without_a_loopback_interface_is_told_at_once(tmp_path: Path) -> None:
    done = subprocess.run(
        ["unshare", "-n", sys.executable, "-P", "-m", "vpce_demo", "--sandbox", "up"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=20,  # it took a minute
    )
    assert done.returncode == 1
    assert "this machine has no loopback interface (127.0.0.1), or it is down" in done.stderr
    assert "sudo ip link set lo up" in done.stderr
