"""ssh's ``ProxyCommand`` into the sandbox: who has left, the sandbox or ssh, when a connection ends."""

from __future__ import annotations

import os
import select
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ACCEPTED = b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.fixture
def proxy() -> Iterator[socket.socket]:
    """A socket in place of the sandbox's proxy."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)
        yield listening


def connecting(
    proxy: socket.socket, out: int = subprocess.PIPE, into: int = subprocess.PIPE
) -> tuple[subprocess.Popen[bytes], socket.socket]:
    port = str(proxy.getsockname()[1])
    words = [sys.executable, "-P", "-m", "vpce_demo.sandbox.connect", port, "10.0.0.1", "22"]
    process = subprocess.Popen(words, stdin=into, stdout=out, stderr=subprocess.PIPE)
    connection, _ = proxy.accept()
    connection.settimeout(20)
    assert connection.recv(1000).startswith(b"CONNECT 10.0.0.1:22 ")
    return process, connection


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Its exit code and standard error; ssh, its standard input, stays until then."""
    code = process.wait(timeout=20)
    _, err = process.communicate()
    return code, err.decode().strip()


def reset(connection: socket.socket) -> None:
    """Close it with a reset, as the system does for a process that is killed with unread data."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


ENDS = pytest.mark.parametrize(
    ("answer", "close"),
    [(b"", socket.socket.close), (b"", reset), (ACCEPTED, reset)],
    ids=["closed", "reset", "broken"],
)


@ENDS
def test_a_sandbox_that_ends_the_connection_has_stopped(
    proxy: socket.socket, answer: bytes, close: Callable[[socket.socket], None]
) -> None:
    process, connection = connecting(proxy)
    connection.sendall(answer)
    close(connection)
    assert ended(process) == (1, "the sandbox has stopped")


@ENDS
def test_nothing_is_said_when_the_sandbox_ends_the_connection_after_ssh(
    proxy: socket.socket, answer: bytes, close: Callable[[socket.socket], None]
) -> None:
    process, connection = connecting(proxy)
    connection.sendall(answer)
    assert process.stdin is not None
    process.stdin.close()
    process.stdin = None
    assert connection.recv(1) == b""
    close(connection)
    assert ended(process) == (0, "")


def test_an_ssh_that_leaves_without_reading_is_noticed_in_silence(proxy: socket.socket) -> None:
    """Its end of a socket pair then fails with a reset, and not with an end of file."""
    ssh, ours = socket.socketpair()
    process, connection = connecting(proxy, ours.fileno(), ours.fileno())
    ours.close()
    connection.sendall(ACCEPTED + b"SSH-2.0-x\r\n")
    select.select([ssh], [], [], 20)
    ssh.close()
    assert connection.recv(1) == b""
    connection.close()
    assert ended(process) == (0, "")


@pytest.mark.parametrize("close", [socket.socket.close, reset])
def test_a_refusal_is_told(proxy: socket.socket, close: Callable[[socket.socket], None]) -> None:
    process, connection = connecting(proxy)
    connection.sendall(b"HTTP/1.1 504 Gateway Timeout\r\n\r\nno route")
    close(connection)
    assert ended(process) == (1, "no route")


def test_nothing_is_said_when_ssh_reads_no_more(proxy: socket.socket) -> None:
    reading, writing = os.pipe()
    process, connection = connecting(proxy, writing)
    os.close(writing)
    os.close(reading)
    connection.sendall(ACCEPTED + b"SSH-2.0-x\r\n")
    assert ended(process) == (0, "")
    connection.close()


def test_no_module_of_the_directory_is_run(tmp_path: Path) -> None:
    """The documented command, in a directory with modules named like the standard library's."""
    for name in ("socket", "threading", "contextlib", "os", "vpce_demo"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken')")
    words = [sys.executable, "-P", "-m", "vpce_demo.sandbox.connect"]
    assert subprocess.run(words, cwd=tmp_path, capture_output=True, text=True).returncode == 2
