"""The sandbox as a process in the background, found by a file."""

from __future__ import annotations

import ast
import json
import os
import pwd
import re
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from vpce_demo.errors import SandboxError
from vpce_demo.sandbox import client
from vpce_demo.sandbox.__main__ import ensure_home

from ..network.world import wait_for

pytestmark = pytest.mark.extended


def gone(pid: int) -> bool:
    child = client._children.get(pid)
    if child is not None:
        return child.poll() is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def end(home: Path, before: Collection[int]) -> None:
    """Stop the sandbox of a directory, and whatever was started since then."""
    client.stop(home)
    for pid in [pid for pid in client._children if pid not in before]:
        child = client._children.pop(pid)
        child.kill()
        child.wait()


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A directory whose sandbox is stopped at the end, however the test went."""
    before = list(client._children)
    yield tmp_path / "sandbox"
    end(tmp_path / "sandbox", before)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory for all tests that take a sandbox as they find it, in whatever way they end it."""
    home = tmp_path_factory.mktemp("home") / "sandbox"
    before = list(client._children)
    yield home
    end(home, before)


@pytest.fixture
def first(home: Path) -> Iterator[client.Running]:
    """The one that stands there, or a new one."""
    found = client.ensure(home)
    yield found
    if not gone(found.pid):
        os.kill(found.pid, signal.SIGCONT)


@pytest.mark.ordinary
def test_a_user_without_a_home_is_given_the_sandboxs_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_home(tmp_path / "sandbox")
    assert Path.home() == tmp_path, "who has one keeps it"
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: {}[uid])
    ensure_home(tmp_path / "sandbox")
    assert Path.home() == tmp_path / "sandbox"


@pytest.mark.ordinary
def test_a_life(home: Path) -> None:
    client.stop(home)
    assert client.running(home) is None
    assert client.stop(home) is False
    first = client.ensure(home, speed=50, latency_ms=1, quotas={"vpcs": 21})
    assert first.speed == 50
    assert client.ensure(home) == first
    assert client.running(home) == first
    assert stat.S_IMODE((home / client.SERVER_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    status = first.control("status")
    assert (status["boot_id"], status["pid"], status["latency_ms"]) == (first.boot_id, first.pid, 1)
    assert status["quotas"] == {"vpcs": 21, "endpoints": 50, "gateway-endpoints": 20}
    first.control("settings", {"speed": "max"})
    assert (found := client.running(home)) is not None
    assert found.speed == float("inf")
    with pytest.raises(SandboxError, match="unknown key"):
        first.control("settings", {"sped": 1})
    assert client.stop(home) is True
    assert gone(first.pid)
    assert client.running(home) is None
    assert not (home / client.SERVER_FILE).exists()
    with pytest.raises(SandboxError, match="has stopped"):
        first.control("status")
    second = client.ensure(home)
    assert second.boot_id != first.boot_id


def test_a_killed_one_is_replaced(home: Path, first: client.Running) -> None:
    os.kill(first.pid, signal.SIGKILL)
    wait_for(lambda: gone(first.pid))
    assert (home / client.SERVER_FILE).exists()
    assert client.running(home) is None
    assert client.ensure(home).boot_id != first.boot_id


def test_one_that_is_stopped_is_not_forgotten_and_can_be_ended(
    home: Path, first: client.Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a laptop that wakes up: what is in it stands."""
    monkeypatch.setattr(client, "ANSWERING", 0.2)
    first = client.ensure(home)
    os.kill(first.pid, signal.SIGSTOP)
    for ask in (client.running, client.ensure, lambda _: first.control("status")):
        with pytest.raises(SandboxError, match=f"process {first.pid}. does not answer"):
            ask(home)
    os.kill(first.pid, signal.SIGCONT)
    monkeypatch.setattr(client, "ANSWERING", 10)
    assert client.running(home) == first
    monkeypatch.setattr(client, "ANSWERING", 0.2)
    os.kill(first.pid, signal.SIGSTOP)
    assert client.stop(home) is True
    assert gone(first.pid)
    assert client.running(home) is None
    assert not (home / client.SERVER_FILE).exists()


def test_one_that_cuts_off_is_not_gone(first: client.Running) -> None:
    """Only a refused connection or a process that is no more says so."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        threading.Thread(target=lambda: other.accept()[0].close(), daemon=True).start()
        cut = replace(first, endpoint_url=f"http://127.0.0.1:{other.getsockname()[1]}")
        with pytest.raises(client.NotReached, match=f"process {first.pid}"):
            cut.control("status")


@pytest.mark.slow
def test_one_that_is_stopped_while_it_is_asked_to_end(
    home: Path, first: client.Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found_then_stopped(_: Path) -> client.Running:
        os.kill(first.pid, signal.SIGSTOP)
        return first

    with monkeypatch.context() as patch:
        patch.setattr(client, "ANSWERING", 0.2)
        patch.setattr(client, "running", found_then_stopped)
        assert client.stop(home) is True
    assert gone(first.pid)
    assert client.running(home) is None


@pytest.mark.ordinary
@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}', "null"])
def test_a_file_that_says_nothing(directory: Path, content: str) -> None:
    directory.mkdir()
    (directory / client.SERVER_FILE).write_text(content)
    assert client.running(directory) is None
    assert client.stop(directory) is False


def test_somebody_else_on_the_port(home: Path, first: client.Running) -> None:
    """The process id and the port of a dead sandbox may belong to others by now."""
    file, aside = home / client.SERVER_FILE, home / "aside"
    told = json.loads(file.read_text())
    file.rename(aside)
    file.write_text(json.dumps({**told, "token": "another"}))
    assert client.running(home) is None
    aside.replace(file)
    assert client.running(home) == first


def test_two_starters_make_one(home: Path) -> None:
    client.stop(home)
    before = set(client._children)
    found: list[client.Running] = []
    starters = [threading.Thread(target=lambda: found.append(client.ensure(home))) for _ in range(3)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert len(found) == 3
    assert len({one.pid for one in found}) == 1
    assert len(client._children.keys() - before) == 1


def test_sigterm(home: Path, first: client.Running) -> None:
    os.kill(first.pid, signal.SIGTERM)
    wait_for(lambda: gone(first.pid))
    assert not (home / client.SERVER_FILE).exists()
    assert client._children[first.pid].returncode == 0


def test_it_ends_with_its_directory(home: Path, first: client.Running) -> None:
    shutil.rmtree(home)
    wait_for(lambda: gone(first.pid))
    assert not home.exists()


@pytest.mark.parametrize("which", ["port", "proxy_port"])
@pytest.mark.sampled(2)
def test_a_port_in_use(directory: Path, which: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SandboxError) as caught:
            client.ensure(directory, **{which: port})
    assert str(port) in caught.value.message
    assert f"--{which.replace('_', '-')}" in caught.value.hint
    assert client.running(directory) is None


def test_one_that_cannot_start_shows_its_log(directory: Path) -> None:
    with pytest.raises(SandboxError, match="ended while it was starting") as caught:
        client.ensure(directory, speed=-1)
    assert "--speed" in caught.value.facts["log"]


@pytest.mark.ordinary
def test_parts_not_installed(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "NEEDED", ("no_such_part",))
    with pytest.raises(SandboxError, match="no_such_part") as caught:
        client.ensure(directory)
    command, *packages = shlex.split(caught.value.hint.removeprefix("Install them:  "))
    assert command == sys.executable
    named = {re.split(r"[^\w-]", one)[0].replace("-", "_") for one in packages[-4:]}
    assert named == {"moto", "flask", "flask_cors", "asyncssh"}, "no name of our own: an index may have another"


def test_the_client_is_light(directory: Path) -> None:
    script = "import sys, vpce_demo.sandbox.client; print(sorted({m.partition('.')[0] for m in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=client._environment(directory)
    )
    assert not {"boto3", "botocore", "moto", "flask", "werkzeug", "asyncssh", "asyncio", "ssl"} & set(
        ast.literal_eval(loaded.stdout)
    )


def test_one_with_a_parent_ends_when_that_does(directory: Path) -> None:
    """In whatever way: a parent that is killed can stop nothing."""
    start = (
        "import os, pathlib, signal, sys; from vpce_demo.sandbox import client; "
        "client.ensure(pathlib.Path(sys.argv[1]), parent=os.getpid()); "
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", start, directory], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    wait_for(lambda: not (directory / client.SERVER_FILE).exists())
