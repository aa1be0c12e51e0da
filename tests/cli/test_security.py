"""Who can read what, what goes nowhere, and where nothing is ever sent."""

from __future__ import annotations

import ast
import os
import re
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import vpce_demo
from vpce_demo import packages
from vpce_demo.aws import environment
from vpce_demo.aws.environment import Environment
from vpce_demo.cli import run_command
from vpce_demo.config.model import Config
from vpce_demo.private import make_private
from vpce_demo.sandbox.api.faults import InjectedFault
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.run import Run
from vpce_demo.ssh import ensure_key

from .program import Done, Program, finished, good

OpenRun = Callable[..., AbstractContextManager[Run]]
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TOKEN = "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJGMEQCIEXAMPLETOKEN"


CLIENTS: dict[str, Environment] = {}


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


@pytest.fixture
def no_umask() -> Iterator[None]:
    """Whatever is made is open to everybody, but for what closes it itself."""
    before = os.umask(0)
    yield
    os.umask(before)


# --- processes --------------------------------------------------------------------------------


def test_python_is_started_without_the_modules_of_the_directory() -> None:
    """Each of our own processes; whole lives in such a directory are in test_environments."""
    every = Path(vpce_demo.__file__).parent.rglob("*.py")
    sources = [file.read_text() for file in every if file != Path(packages.__file__)]  # whose command is shown
    started = [
        ast.unparse(second)
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.List | ast.Tuple) and len(node.elts) > 1
        for first, second in [node.elts[:2]]
        if ast.unparse(first) == "sys.executable"
    ]
    assert sorted(started) == ["'-I'", "'-P'"]
    assert sum(source.count("sys.executable") for source in sources) == len(started)


# --- files ------------------------------------------------------------------------------------


def test_everything_in_the_state_directory_is_its_owners_alone(
    sandbox: Sandbox, open_run: OpenRun, tmp_path: Path, no_umask: None
) -> None:
    with open_run(tmp_path / "state") as run:
        run.up(run.demo.resources[:2], lambda event: None, None)
        modes = {path: mode(path) for path in (tmp_path / "state").rglob("*")}
    assert mode(tmp_path / "state") == "0o700"
    assert {path.name for path in modes} >= {"state.json", "key.pem", "key.pem.pub", "lock", "logs"}
    assert {path: found for path, found in modes.items() if found != ("0o700" if path.is_dir() else "0o600")} == {}


def test_the_key_is_closed_from_its_first_byte_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_umask: None
) -> None:
    """By us, however ssh-keygen makes its files."""
    careless = tmp_path / "bin" / "ssh-keygen"
    careless.parent.mkdir()
    careless.write_text(
        '#!/bin/sh\nwhile [ "$1" != -f ]; do shift; done\n: > "$2"; ls -l "$2" > "$2.seen"\n'
        'echo private > "$2"; echo public > "$2.pub"\n'
    )
    careless.chmod(0o755)
    monkeypatch.setenv("PATH", f"{careless.parent}:{os.environ['PATH']}")
    assert ensure_key(tmp_path / "key.pem", "demo") == "public"
    assert (tmp_path / "key.pem.seen").read_text().startswith("-rw------- ")


def test_what_was_open_is_closed(tmp_path: Path) -> None:
    key, directory = tmp_path / "demo" / "key.pem", tmp_path / "demo"
    tmp_path.chmod(0o755)
    around = mode(tmp_path)
    make_private(directory)
    public = ensure_key(key, "demo")
    key.chmod(0o644)
    directory.chmod(0o755)
    make_private(directory)
    assert ensure_key(key, "demo") == public
    assert (mode(key), mode(directory)) == ("0o600", "0o700")
    assert mode(tmp_path) == around, "what is not ours stays as it is"


# --- secrets -------------------------------------------------------------------------------------


@pytest.fixture
def as_aws(
    sandbox: Sandbox, place: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: Any
) -> Callable[..., Done]:
    """The command line in this process, which takes the sandbox for AWS and has temporary credentials for it."""
    for name, value in {
        "AWS_ENDPOINT_URL": sandbox.endpoint_url,
        "AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": TOKEN,
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "demo.yaml").write_text("ssh_from: 203.0.113.10/32\n")
    on_aws = environment.on_aws

    def quickly(config: Config) -> Environment:
        """Without AWS's waits, with clients that are made once, as they take long, and a way to the test client."""
        if sandbox.endpoint_url not in CLIENTS:
            CLIENTS[sandbox.endpoint_url] = replace(on_aws(config), pace=1e9, ssh_options=place.ssh_options)
        return CLIENTS[sandbox.endpoint_url]

    monkeypatch.setattr(environment, "on_aws", quickly)

    def run(*words: str) -> Done:
        code = run_command(["-c", "demo.yaml", *words])
        return Done(code, *capfd.readouterr())

    return run


def test_no_secret_is_written_or_said(as_aws: Callable[..., Done], sandbox: Sandbox, tmp_path: Path) -> None:
    state = tmp_path / ".vpce-demo"
    seen: dict[str, bytes] = {}
    private: set[bytes] = set()

    def do(*words: str, codes: tuple[int, ...] = (0,)) -> None:
        done = as_aws(*words)
        assert done.code in codes, done.text
        seen[" ".join(words)] = done.text.encode()
        for path in filter(Path.is_file, state.rglob("*")):
            content = path.read_bytes()
            if path.name == "key.pem":
                private.update(line for line in content.splitlines() if len(line) > 20 and b"-----" not in line)
            else:
                seen[f"{path} after {words}"] = content

    do("plan")
    do("up", "--yes", "--until", "create-provider", "-v")
    sandbox.faults.add(InjectedFault("error", "CreateVpcEndpoint", code="UnauthorizedOperation", status=403))
    do("up", "--yes", "--skip-test", "-v", codes=(1,))
    sandbox.faults.clear()
    do("up", "--yes", "--skip-test", "-o", "json")
    sandbox.faults.expire()
    do("status", "-v", codes=(4,))
    sandbox.faults.clear()
    do("status")
    do("status", "-o", "json")
    do("logs", "--last", "-v", "-o", "json")
    for name in ("report", "diagram", "cost", "doctor", "explain"):
        do(name, codes=tuple(range(12)))
    do("down", "--yes", "-v")
    do("logs", "--last", "-v")

    assert len(private) >= 4
    secrets = [SECRET.encode(), TOKEN.encode(), sandbox.token.encode(), *private]
    assert [(where, secret) for where, text in seen.items() for secret in secrets if secret in text] == []


# --- what AWS is asked for --------------------------------------------------------------------------


def test_instances_and_rules_are_asked_for_as_they_should_be(
    sandbox: Sandbox, open_run: OpenRun, tmp_path: Path
) -> None:
    """Not what the sandbox makes of it, but what it was sent."""
    with open_run(tmp_path) as run:
        run.up(run.demo.resources, lambda event: None, None)
    launched = [call.params for call in sandbox.calls() if call.operation == "RunInstances"]
    assert len(launched) == 2
    for params in launched:
        assert params["MetadataOptions"] == {"HttpTokens": "required", "HttpEndpoint": "enabled"}
        assert [volume["Ebs"]["Encrypted"] for volume in params["BlockDeviceMappings"]] == [True]
        assert "IamInstanceProfile" not in params
    opened = [
        (rule["FromPort"], one["CidrIp"])
        for call in sandbox.calls()
        if call.operation == "AuthorizeSecurityGroupIngress"
        for rule in call.params["IpPermissions"]
        for one in rule["IpRanges"]
    ]
    assert {source for port, source in opened if port == 22} == {"203.0.113.10/32"}
    assert {port for port, _ in opened} == {22, 80, 443}


# --- who is listened to --------------------------------------------------------------------------------


def listening(process: int) -> Iterator[tuple[str, int]]:
    """The addresses and ports on which a process listens, TCP and UDP, as Linux tells them."""
    sockets = set()
    for handle in Path(f"/proc/{process}/fd").iterdir():
        try:
            sockets.add(os.readlink(handle))
        except OSError:
            continue
    for protocol, state in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        for line in Path(f"/proc/{process}/net/{protocol}").read_text().splitlines()[1:]:
            _, local, _, now, *_, inode = line.split()[:10]
            if now == state and f"socket:[{inode}]" in sockets:
                address, port = local.split(":")
                family = socket.AF_INET if len(address) == 8 else socket.AF_INET6
                # Each group of four bytes is written in the machine's own order.
                groups = [bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8)]
                yield socket.inet_ntop(family, b"".join(groups)), int(port, 16)


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="Linux tells it there")
def test_the_sandbox_listens_on_the_loopback_interface_alone(
    sandbox: Sandbox, open_run: OpenRun, tmp_path: Path
) -> None:
    with socket.socket() as other:
        other.bind(("", 0))
        other.listen()
        elsewhere = ("0.0.0.0", other.getsockname()[1])
        assert elsewhere in listening(os.getpid()), "one that does not is seen"
    with open_run(tmp_path) as run:
        run.up(run.demo.resources, lambda event: None, None)
        found = set(listening(os.getpid()))
    ports = {port for _, port in found}
    assert {sandbox.port, int(sandbox.proxy_url.rpartition(":")[2])} <= ports
    assert len(ports) >= 4, "the machines' own are among them"
    assert {address for address, _ in found} == {"127.0.0.1"}


# --- where nothing is sent ---------------------------------------------------------------------------------


@pytest.fixture
def trap() -> Iterator[tuple[str, list[bytes]]]:
    """An address in AWS's place, and what was sent to it."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(5)
                    heard.append(connection.recv(4096))

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", heard
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_a_sandbox_run_sends_nothing_anywhere_else_and_leaves_nothing_open(
    program: Program, trap: tuple[str, list[bytes]], no_umask: None
) -> None:
    address, heard = trap
    config = program.directory / "aws-config"
    config.write_text(f"[default]\nregion=us-east-1\nendpoint_url={address}\n[profile real]\nendpoint_url={address}\n")
    names = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_SSM")
    proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
    surroundings = {
        **dict.fromkeys((*names, "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2", *proxies), address),
        "AWS_CONFIG_FILE": str(config),
        "AWS_PROFILE": "real",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": address,
        "AWS_EC2_METADATA_DISABLED": "false",
        **dict.fromkeys(("NO_PROXY", "no_proxy"), "*"),
        **dict.fromkeys(("AWS_DEFAULTS_MODE", "AWS_STS_REGIONAL_ENDPOINTS", "AWS_RETRY_MODE"), "nonsense"),
    }
    try:
        for words in ("sandbox start --speed max", "--sandbox up", "--sandbox down"):
            good(finished(program.start(*words.split(), **surroundings)))
            state = program.directory / ".vpce-demo"
            assert {str(path) for path in (state, *state.rglob("*")) if path.stat().st_mode & 0o077} == set()
    finally:
        program.run("sandbox", "stop", **surroundings)
    assert heard == []


def test_a_run_on_aws_does_not_touch_the_sandbox_s_state_nor_the_other_way_round(
    as_aws: Callable[..., Done], tmp_path: Path
) -> None:
    state = tmp_path / ".vpce-demo"
    garbage = {}
    for place in ("sandbox", "aws"):
        path = state / place / "vpce-demo" / "state.json"
        make_private(path.parent)
        path.write_text(f"the {place}'s, and not to be read")
        garbage[place] = path
    done = as_aws("--sandbox", "status")
    assert "sandbox/vpce-demo/state.json" in done.err
    assert "aws/" not in done.text
    garbage["aws"].unlink()
    for words in (("status",), ("up", "--yes", "--until", "create-provider"), ("down", "--yes")):
        done = as_aws(*words)
        assert done.code == 0, done.text
        assert not re.search(r"sandbox/vpce-demo", done.text)
    assert garbage["sandbox"].read_text() == "the sandbox's, and not to be read"
    assert not garbage["aws"].exists()
