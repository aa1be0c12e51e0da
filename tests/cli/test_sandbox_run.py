"""``sandbox run``: the sandbox in the foreground, on ports of the options or the settings."""

from __future__ import annotations

import json
import os
import signal
import socket
import urllib.request
from contextlib import suppress
from pathlib import Path

import boto3
import pytest

from vpce_demo.aws.environment import sandbox_variables
from vpce_demo.cli import run_command
from vpce_demo.cli.app import App
from vpce_demo.config.model import Config
from vpce_demo.errors import SandboxError
from vpce_demo.sandbox import client

from ..network.world import wait_for
from ..ports import free_port
from .program import SECONDS, Program, finished, good

pytestmark = pytest.mark.extended


def is_healthy(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/_sandbox/health", timeout=5) as answer:
        return bool(answer.status == 200)
    return False


@pytest.mark.ordinary
def test_a_life_in_the_foreground(program: Program) -> None:
    """It begins at a port of the config file, is found by others, logs each call, and Ctrl-C leaves nothing."""
    port, directory = free_port(), program.directory / ".vpce-demo" / "emulator"
    (program.directory / "vpce-demo.yaml").write_text(f"sandbox:\n  port: {port}\n")
    process = program.start("sandbox", "run", "--speed", "max", "--zones-differ", "--log-format", "json")
    try:
        wait_for(lambda: is_healthy(port) and client.running(directory), SECONDS)
        running = client.running(directory)
        assert running
        assert (running.pid, running.endpoint_url) == (process.pid, f"http://127.0.0.1:{port}")
        assert running.control("status")["zones_differ"] is True
        again = program.run("sandbox", "run")
        assert again.code == 1
        assert f"A sandbox is running already, in process {process.pid}." in again.err
        assert "vpce-demo sandbox stop" in again.err
        variables = sandbox_variables(Config(), running, {})
        keys = {key: variables[key.upper()] for key in ("aws_access_key_id", "aws_secret_access_key")}
        boto3.client("ec2", "us-east-1", endpoint_url=running.endpoint_url, **keys).describe_vpcs()  # type: ignore[call-overload]
        process.send_signal(signal.SIGINT)
        done = finished(process)
    finally:
        process.kill()
    assert (done.code, done.err) == (0, "")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [one["message"].split(" ")[0] for one in lines] == ["ready", "123456789012", "stopped"]
    assert (lines[1]["service"], lines[1]["operation"], lines[1]["status"]) == ("ec2", "DescribeVpcs", 200)
    assert sorted(os.listdir(directory)) == ["start.lock"]
    assert not is_healthy(port)


def test_a_port_of_the_environment_that_is_taken_is_told(program: Program) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = finished(program.start("sandbox", "run", VPCE_DEMO_SANDBOX_PORT=str(port)))
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines()[0] == f"Port {port}, for the sandbox's API, is in use.  VPCE114"
    assert "--port" in done.err


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_it_ends_with_its_terminal_too(program: Program, number: signal.Signals) -> None:
    """And as soon as it can, if the signal comes before it is ready."""
    process, directory = program.start("sandbox", "run"), program.directory / ".vpce-demo" / "emulator"
    try:
        wait_for(lambda: b"vpce_demo.sandbox" in Path(f"/proc/{process.pid}/cmdline").read_bytes(), SECONDS)
        process.send_signal(number)
        done = finished(process)
    finally:
        process.kill()
    assert (done.code, done.err) == (0, "")
    assert sorted(os.listdir(directory)) == ["start.lock"]


def test_an_option_goes_before_the_environment_and_that_before_the_file(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    (program.directory / "vpce-demo.yaml").write_text("sandbox:\n  port: 1\n  proxy_port: 2\n")
    shown = good(program.run("init", "--show", VPCE_DEMO_SANDBOX_PORT="3")).out
    assert [line.split() for line in shown.splitlines() if "port:" in line] == [
        ["port:", "3", "#", "VPCE_DEMO_SANDBOX_PORT"],
        ["proxy_port:", "2", "#", "vpce-demo.yaml:3"],
    ]
    monkeypatch.chdir(program.directory)
    assert App(given={"sandbox_port": 4}).where().config.sandbox.port == 4


def test_what_is_started_by_itself_has_the_ports_of_the_settings(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, object]] = []

    def ensure(directory: object, **options: object) -> None:
        told.append({name: options[name] for name in ("port", "proxy_port")})
        raise SandboxError("A port is taken.")

    (program.directory / "vpce-demo.yaml").write_text("sandbox:\n  port: 1\n  proxy_port: 2\n")
    monkeypatch.chdir(program.directory)
    monkeypatch.setattr(client, "ensure", ensure)
    for words in (["--sandbox", "up"], ["sandbox", "start", "--port", "3"]):
        assert run_command(words) == 1
    assert told == [{"port": 1, "proxy_port": 2}, {"port": 3, "proxy_port": 2}]
