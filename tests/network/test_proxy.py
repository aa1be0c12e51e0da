"""The way in from outside: names, pages, tunnels, and the three ways in which nothing comes back."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from vpce_demo.errors import SandboxError
from vpce_demo.sandbox.network.names import OPERATOR
from vpce_demo.sandbox.network.network import Network
from vpce_demo.sandbox.store.view import Group, TargetGroup

from .world import (
    BALANCER_NAME,
    BALANCER_PUBLIC,
    CUSTOMER_ADDRESS,
    CUSTOMER_PUBLIC,
    ENDPOINT_NAME,
    PAGE,
    TARGETS,
    WEB,
    WEB_PUBLIC,
    Lab,
    wait_for,
)


@pytest.mark.parametrize(
    "host", [BALANCER_NAME, BALANCER_NAME.lower(), BALANCER_PUBLIC, WEB_PUBLIC, f"{WEB_PUBLIC}:80"]
)
def test_the_page_comes_from_the_web_server(lab: Lab, host: str) -> None:
    answer = lab.get(host)
    assert answer.startswith("HTTP/1.1 200 OK\r\n")
    assert answer.endswith(PAGE)
    last = lab.file(WEB, "/var/log/httpd/access_log").read_text().splitlines()[-1]
    assert last.startswith(f"{OPERATOR} ")


def test_checkip_tells_the_operators_address(lab: Lab) -> None:
    assert lab.get("checkip.amazonaws.com").endswith(f"\r\n\r\n{OPERATOR}\n")


def test_the_request_is_passed_on_without_the_proxys_own_fields(lab: Lab) -> None:
    request = (
        f"POST http://{WEB_PUBLIC}/a?b=c HTTP/1.1\r\nHost: x\r\nUser-Agent: tester\r\nProxy-Connection: keep-alive\r\n"
    )
    answer = lab.send(f"{request}Content-Length: 4\r\n\r\nbody")
    assert answer.startswith("HTTP/1.1 405")
    log = lab.file(WEB, "/var/log/httpd/access_log").read_text()
    assert '"POST /a?b=c HTTP/1.1" 405' in log
    assert '"tester"' in log


@pytest.mark.parametrize(
    ("request_line", "status", "words"),
    [
        ("GET http://example.com/ HTTP/1.1", "502 Bad Gateway", "Could not resolve host: example.com"),
        ("CONNECT example.com:22 HTTP/1.1", "502 Bad Gateway", "Could not resolve host: example.com"),
        (f"GET http://{CUSTOMER_PUBLIC}/ HTTP/1.1", "502 Bad Gateway", "i-customer: nothing listens on tcp/80"),
        ("GET / HTTP/1.1", "400 Bad Request", "ask it for a whole http:// address"),
        ("GET https://example.com/ HTTP/1.1", "400 Bad Request", "whole http:// address"),
        ("GET http:/// HTTP/1.1", "400 Bad Request", "whole http:// address"),
        ("GET http://[:/ HTTP/1.1", "400 Bad Request", "makes no sense"),
        ("CONNECT example.com HTTP/1.1", "400 Bad Request", "host:port"),
        ("CONNECT example.com:99999 HTTP/1.1", "400 Bad Request", "makes no sense"),
        ("SSH-2.0-OpenSSH", "400 Bad Request", "no HTTP"),
        ("GET / HTTP/1.1\r\nno colon", "400 Bad Request", "no HTTP"),
    ],
)
def test_the_proxys_own_answers(lab: Lab, request_line: str, status: str, words: str) -> None:
    answer = lab.send(f"{request_line}\r\n\r\n")
    assert answer.startswith(f"HTTP/1.1 {status}\r\n")
    assert words in answer


def test_no_target_is_a_reset(lab: Lab) -> None:
    lab.world.change(TargetGroup, TARGETS, targets=())
    assert "Connection refused" in lab.get(BALANCER_NAME)
    assert "has no registered target" in lab.get(BALANCER_NAME)


@pytest.mark.parametrize("host", [CUSTOMER_ADDRESS, ENDPOINT_NAME, "192.0.2.1"])
def test_what_has_no_way_hangs(lab: Lab, host: str) -> None:
    with pytest.raises(TimeoutError):
        lab.get(host, timeout=0.3)


def test_a_hang_ends_in_the_page_when_the_way_opens(lab: Lab) -> None:
    ingress = lab.world.view.groups["sg-web"].ingress
    lab.world.change(Group, "sg-web", ingress=())
    with socket.create_connection(("127.0.0.1", lab.network.proxy_port), 10) as proxy:
        proxy.sendall(f"GET http://{WEB_PUBLIC}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        wait_for(lambda: any(each["destination"] == WEB_PUBLIC for each in lab.network.trace()))
        lab.world.change(Group, "sg-web", ingress=ingress)
        assert proxy.recv(65536).startswith(b"HTTP/1.1 200 OK")


def test_a_client_that_leaves_during_a_hang_is_let_go(lab: Lab) -> None:
    with socket.create_connection(("127.0.0.1", lab.network.proxy_port), 10) as proxy:
        proxy.sendall(b"CONNECT 192.0.2.1:22 HTTP/1.1\r\n\r\nSSH-2.0-early\r\n")
        wait_for(lambda: any(each["destination"] == "192.0.2.1" for each in lab.network.trace()))
        proxy.shutdown(socket.SHUT_WR)
        assert proxy.recv(10) == b""


def test_what_is_said_early_is_passed_on(lab: Lab) -> None:
    assert lab.tunnel(WEB_PUBLIC, 80, "GET / HTTP/1.0\r\n\r\n").endswith(PAGE)


def test_a_client_that_says_nothing_is_no_harm_and_stop_cuts_hanging_ones(lab: Lab) -> None:
    with (
        socket.create_connection(("127.0.0.1", lab.network.proxy_port), 10) as silent,
        socket.create_connection(("127.0.0.1", lab.network.proxy_port), 10) as hanging,
    ):
        hanging.sendall(b"CONNECT 192.0.2.1:22 HTTP/1.1\r\n\r\n")
        wait_for(lambda: any(each["destination"] == "192.0.2.1" for each in lab.network.trace()))
        lab.network.stop()
        for each in (silent, hanging):
            with contextlib.suppress(ConnectionResetError):
                assert each.recv(10) == b""


def test_a_port_that_is_taken_is_named(make_lab: Callable[..., Lab], tmp_path: Path) -> None:
    lab = make_lab()
    port = lab.network.proxy_port
    second = Network(lab.world.look, lab.world.clock, tmp_path / "second", proxy_port=port)
    with pytest.raises(SandboxError, match=f"port {port}"):
        second.start()
    second.stop()


def test_the_trace_tells_every_hop(lab: Lab) -> None:
    lab.get(BALANCER_NAME)
    entry = next(each for each in reversed(lab.network.trace()) if each["source"] == OPERATOR)
    assert entry["destination"] == BALANCER_PUBLIC
    assert (entry["outcome"], entry["host"], entry["seen_as"]) == ("delivered", WEB, OPERATOR)
    assert {"at": "rtb-service", "says": "0.0.0.0/0 to igw-service", "passed": True} in entry["hops"]
