"""ssh's ``ProxyCommand`` into the sandbox: who has left, the sandbox or ssh, when a connection ends."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

ACCEPTED = b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.fixture
def proxy() -> Iterator[socket.socket]:
    """A socket in place of the sandbox's proxy."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)
        yield listening


def connecting(proxy: socket.socket, out: int = subprocess.PIPE) -> tuple[subprocess.Popen[bytes], socket.socket]:
    port = str(proxy.getsockname()[1])
    words = [sys.executable, "-m", "vpce_demo.sandbox.connect", port, "10.0.0.1", "22"]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.PIPE)
    connection, _ = proxy.accept()
    connection.settimeout(20)
    assert connection.recv(1000).startswith(b"CONNECT 10.0.0.1:22 ")
    return process, connection


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Its exit code and standard error; ssh, its standard input, stays until then."""
    code = process.wait(timeout=20)
    _, err = process.communicate()
    return code, err.decode().strip()


def test_a_sandbox_that_hangs_up_has_stopped(proxy: socket.socket) -> None:
    process, connection = connecting(proxy)
    connection.close()
    assert ended(process) == (1, "the sandbox has stopped")


def test_a_refusal_is_told(proxy: socket.socket) -> None:
    process, connection = connecting(proxy)
    connection.sendall(b"HTTP/1.1 504 Gateway Timeout\r\n\r\nno route")
    connection.close()
    assert ended(process) == (1, "no route")


def test_nothing_is_said_when_ssh_has_left_before_the_answer(proxy: socket.socket) -> None:
    process, connection = connecting(proxy)
    assert process.stdin is not None
    process.stdin.close()
    process.stdin = None
    assert connection.recv(1) == b""  # as the proxy sees it, which then hangs up
    connection.close()
    assert ended(process) == (0, "")


def test_nothing_is_said_when_ssh_reads_no_more(proxy: socket.socket) -> None:
    reading, writing = os.pipe()
    process, connection = connecting(proxy, writing)
    os.close(writing)
    os.close(reading)
    connection.sendall(ACCEPTED + b"SSH-2.0-x\r\n")
    assert ended(process) == (0, "")
    connection.close()
