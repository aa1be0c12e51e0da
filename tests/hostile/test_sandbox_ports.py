"""What the sandbox is sent: its control port, its API, and the file by which it is found."""

from __future__ import annotations

import json
import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.test import Client

from tests.cli.program import wait_until
from vpce_demo.sandbox import client, limits, server
from vpce_demo.sandbox.api.faults import DOES
from vpce_demo.sandbox.client import TOKEN_HEADER
from vpce_demo.sandbox.control import LARGEST_BODY
from vpce_demo.sandbox.server import Sandbox

from .cases import MANY, almost, as_json, everything_in, torn, values, within_bounds

SETTINGS = {"speed": 20, "latency_ms": 0, "iam": False}
FAULTS = {
    "clear": True,
    "add": [
        {"do": "error", "operation": "CreateVpc", "nth": 1, "code": "RequestLimitExceeded", "message": "slow down"},
        {"do": "delay", "times": 2, "seconds": 1.5},
        {"do": "drop-after", "operation": "Delete*"},
    ],
    "hidden_seconds": 2,
    "hidden_tags_seconds": 2,
    "credentials": "fine",
}
KEYS = st.sampled_from([*SETTINGS, *FAULTS, "do", "operation", "nth", "times", "code", "status", "message", "seconds"])
BODIES = {"settings": SETTINGS, "faults": FAULTS}


@pytest.fixture(scope="module")
def quiet(module_sandbox: Sandbox) -> Iterator[Client]:
    """A way to ask the sandbox in this process, without a socket; it may not reset or end."""
    yield Client(module_sandbox._api)
    module_sandbox.set(speed=float("inf"), latency_ms=0, iam=False)
    module_sandbox.faults.clear()


def ask(quiet: Client, sandbox: Sandbox, verb: str, body: bytes, method: str = "POST") -> tuple[int, Any]:
    host = f"127.0.0.1:{sandbox.port}"
    answer = quiet.open(
        f"/_sandbox/{verb}", method=method, data=body, headers={"Host": host, TOKEN_HEADER: sandbox.token}
    )
    return answer.status_code, json.loads(answer.get_data())


def set_in(sandbox: Sandbox) -> dict[str, Any]:
    told = sandbox.status()
    return {**{name: told[name] for name in SETTINGS}, **sandbox.faults.as_dict()}


def done_or_refused(quiet: Client, sandbox: Sandbox, verb: str, body: bytes) -> None:
    before = set_in(sandbox)
    status, answer = ask(quiet, sandbox, verb, body)
    assert status in (200, 400), answer
    if status == 400:
        assert 0 < len(answer["error"]) <= 1000
        assert set_in(sandbox) == before, "a refusal changes nothing"
    sandbox.faults.clear()
    sandbox.set(latency_ms=0, iam=False)


@pytest.mark.extended
@MANY
@given(verb=st.sampled_from(list(BODIES)), data=st.data())
def test_any_bytes_at_the_control_port(quiet: Client, module_sandbox: Sandbox, verb: str, data: st.DataObject) -> None:
    text = json.dumps(BODIES[verb]).encode()
    body = data.draw(st.binary(max_size=200) | torn(text) | values(KEYS).map(lambda value: as_json(value).encode()))
    done_or_refused(quiet, module_sandbox, verb, body)


@MANY
@given(verb=st.sampled_from(list(BODIES)), data=st.data())
def test_any_values_at_the_control_port(quiet: Client, module_sandbox: Sandbox, verb: str, data: st.DataObject) -> None:
    body = data.draw(almost(BODIES[verb]) | st.dictionaries(KEYS, values(KEYS), max_size=5))
    done_or_refused(quiet, module_sandbox, verb, as_json(body).encode())


def faulty(**fault: Any) -> bytes:
    return as_json({"add": [fault]}).encode()


CORPUS = {
    "deep": ("settings", b"[" * 100_000, "the body goes too deep"),
    "deep objects": ("faults", b'{"a":' * 100_000, "the body goes too deep"),
    "a huge number": ("settings", b'{"speed": 1' + b"0" * 400 + b"}", "speed is a number above 0, or max"),
    "a huger number": ("settings", b'{"speed": 1' + b"0" * 5000 + b"}", "not JSON"),
    "an infinite one": ("settings", b'{"speed": 1e999}', "speed is a number above 0, or max"),
    "no number": ("settings", b'{"latency_ms": NaN}', "latency_ms is a number of milliseconds"),
    "a huge wait": ("faults", b'{"hidden_seconds": 1' + b"0" * 400 + b"}", "hidden_seconds is a number from 0"),
    "a huge delay": ("faults", faulty(do="delay", seconds=10**400), "seconds is a number from 0 to 3600"),
    "neither true nor false": ("settings", b'{"iam": "yes"}', "iam is true or false, not 'yes'"),
    "a NUL": ("settings", b'{"speed": 1\0}', "not JSON"),
    "another encoding": ("settings", '{"sped": 1}'.encode("utf-16"), "unknown key 'sped'"),
    "no encoding": ("settings", b'{"\xff": 1}', "not JSON"),
    "half a character": ("settings", b'{"\\ud800": 1}', "unknown key '\\ud800'"),
    "an escape": ("settings", b'{"\\u001b[2J": 1}', "unknown key '\\x1b[2J'"),
    "half a character to be answered": ("faults", faulty(do="error", code="A", message="\ud800"), "message is a text"),
    "a NUL to be answered": ("faults", faulty(do="error", code="A", message="\0"), "message is a text"),
    "a long answer": ("faults", faulty(do="error", code="A", message="x" * 9999), "message is a text"),
    "a code that is none": ("faults", faulty(do="error", code="A<b>"), "code is AWS's code for an error"),
    "a long code": ("faults", faulty(do="error", code="A" * 999), "code is AWS's code for an error"),
    "a long pattern": ("faults", faulty(do="drop-before", operation="*a" * 9999 + "b"), "operation is a name"),
    "a slow pattern": ("faults", faulty(do="drop-before", operation="*a" * 50), "matches no operation"),
    "a long key": ("settings", as_json({"x" * 500_000: 1}).encode(), "unknown key"),
    "a large body": ("settings", b" " * (LARGEST_BODY + 1), f"larger than {LARGEST_BODY} bytes"),
    "a list": ("settings", b"[]", "not a JSON object"),
    "nobody to kill": ("faults", faulty(do="kill"), "do is one of " + DOES[0]),
}


@pytest.mark.parametrize("case", CORPUS)
def test_a_known_trick_at_the_control_port(quiet: Client, module_sandbox: Sandbox, case: str) -> None:
    verb, body, words = CORPUS[case]
    before = set_in(module_sandbox)
    with within_bounds():
        status, answer = ask(quiet, module_sandbox, verb, body)
    assert (status, words in answer["error"]) == (400, True), answer
    assert len(answer["error"]) <= 1000
    assert set_in(module_sandbox) == before


@pytest.mark.parametrize("verb", ["reset", "stop", "status", "calls", "trace"])
def test_what_takes_no_body_refuses_one(quiet: Client, module_sandbox: Sandbox, verb: str) -> None:
    method = "POST" if verb in ("reset", "stop") else "GET"
    boot = module_sandbox.boot_id
    for body in (b'{"a": 1}', b"[", b"5", b"\xff"):
        assert ask(quiet, module_sandbox, verb, body, method)[0] == 400
    assert not module_sandbox.stop_asked.is_set()
    assert module_sandbox.boot_id == boot


# --- the API --------------------------------------------------------------------------------

CREDENTIAL = "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"
HEADERS = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=80)


@MANY
@given(
    authorization=HEADERS | st.sampled_from(["ec2", "elasticloadbalancing", "ssm", "sts", "s3"]).map(CREDENTIAL.format),
    agent=HEADERS,
    target=HEADERS,
    path=st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=20),
    body=st.binary(max_size=200) | st.text(max_size=50).map(lambda text: f"Action={text}&Version=1".encode()),
)
@example("Credential=", "", "", "", b"")
@example("Credential=,", "", "", "", b"")
@example("Credential=/////, ", "pid/" + "9" * 5000, "", "", b"Action=DescribeVpcs")
@example(CREDENTIAL.format("ec2").replace("us-east-1", "../.."), "", "", "", b"Action=DescribeVpcs")
@example(CREDENTIAL.format("ec2"), "", "", "", b"Action=RunInstances&UserData=%25&MinCount=1&MaxCount=1")
@example(CREDENTIAL.format("ssm"), "", "AmazonSSM.GetParameter", "", b"[" * 5000)
@example(CREDENTIAL.format("sts"), "", "", "", b"Action=DecodeAuthorizationMessage&EncodedMessage=a")
def test_any_request(
    quiet: Client,
    module_sandbox: Sandbox,
    authorization: str,
    agent: str,
    target: str,
    path: str,
    body: bytes,
) -> None:
    headers = {
        "Host": f"127.0.0.1:{module_sandbox.port}",
        "Authorization": authorization.strip(),
        "User-Agent": agent.strip(),
        "X-Amz-Target": target.strip(),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = quiet.post(f"/{path}", data=body, headers=headers)
    assert 200 <= answer.status_code < 600
    assert "Traceback" not in answer.get_data(as_text=True)


def test_a_body_that_is_too_large(quiet: Client, module_sandbox: Sandbox) -> None:
    headers = {"Host": f"127.0.0.1:{module_sandbox.port}"}
    with within_bounds():
        assert quiet.post("/", data=b"x" * (limits.LARGEST_BODY + 1), headers=headers).status_code == 413


def test_too_many_parameters(quiet: Client, module_sandbox: Sandbox) -> None:
    headers = {"Host": f"127.0.0.1:{module_sandbox.port}", "Authorization": CREDENTIAL.format("ec2")}
    body = "Action=DescribeVpcs" + "".join(f"&VpcId.{number}=a" for number in range(limits.MOST_PARAMETERS))
    form = "application/x-www-form-urlencoded"
    with within_bounds():
        assert quiet.post("/", data=body, headers=headers, content_type=form).status_code == 413
        assert quiet.get(f"/?{body}", headers=headers).status_code == 413


def test_what_is_remembered_of_calls_is_bounded(quiet: Client, module_sandbox: Sandbox) -> None:
    module_sandbox._api.clear()
    headers = {"Host": f"127.0.0.1:{module_sandbox.port}"}
    for number in range(20):
        quiet.get(f"/{number}{'a' * 60_000}", headers=headers)
        service = CREDENTIAL.format(f"service{number}{'b' * 6_000}")
        quiet.post("/", data={"Action": "A" * 60_000}, headers={**headers, "Authorization": service})
        signed = {**headers, "Authorization": CREDENTIAL.format("ec2")}
        quiet.post("/", data={"Action": f"Nothing{number}"}, headers=signed)
        quiet.post("/", data={"Action": "DescribeVpcs", "VpcId.1": "c" * 60_000}, headers=signed)
    assert module_sandbox.status()["calls"] == {"ec2:DescribeVpcs": 20, "ec2:unknown": 20, "unknown:unknown": 40}
    largest = max(len(as_json(call.as_dict())) for call in module_sandbox.calls())
    assert largest < limits.REMEMBERED_CHARACTERS + 500


BODY = b"POST / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 60000\r\n\r\nAction="


@pytest.mark.extended
@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\nHost: ", BODY], ids=["headers", "body"])
def test_connections_that_say_nothing(module_sandbox: Sandbox, said: bytes) -> None:
    """They take neither all threads nor the place of somebody who asks."""
    said = said % module_sandbox.port if said is BODY else said
    threads = threading.active_count()
    with ExitStack() as stack:
        for number in range(limits.MOST_CONNECTIONS + 50):
            silent = stack.enter_context(socket.create_connection(("127.0.0.1", module_sandbox.port)))
            if number % 2:
                silent.sendall(said)
        asked = urllib.request.Request(
            f"{module_sandbox.endpoint_url}/_sandbox/status", headers={TOKEN_HEADER: module_sandbox.token}
        )
        with urllib.request.urlopen(asked) as answer:
            assert json.load(answer)["boot_id"] == module_sandbox.boot_id
        # The threads of those that were closed end a moment later.
        wait_until(lambda: threading.active_count() <= threads + limits.MOST_CONNECTIONS + 2, "the threads to end")


@pytest.mark.extended
@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n", BODY], ids=["headers", "body"])
def test_a_request_that_comes_byte_by_byte(
    module_sandbox: Sandbox, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given up although something always comes."""
    monkeypatch.setattr(server, "REQUEST_SECONDS", 0.3)
    with socket.create_connection(("127.0.0.1", module_sandbox.port)) as slow:
        slow.sendall(said % module_sandbox.port if said is BODY else said)
        slow.settimeout(0.02)

        def is_given_up() -> bool:
            try:
                slow.sendall(b"a")
                return not slow.recv(4096)
            except TimeoutError:
                return False
            except OSError:
                return True

        wait_until(is_given_up, "the connection to be closed")


def test_what_came_too_late_is_not_carried_out(module_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its caller gets no answer and sends it again: a deletion would then find nothing to delete."""
    monkeypatch.setattr(server, "REQUEST_SECONDS", 0.0)
    make_environ = server._Quiet.make_environ

    def on_a_busy_machine(handler: server._Quiet) -> Any:
        wait_until(lambda: handler.connection not in handler.server.waiting, "the connection to be given up")
        return make_environ(handler)

    monkeypatch.setattr(server._Quiet, "make_environ", on_a_busy_machine)
    before = module_sandbox.status()["calls"]
    with socket.create_connection(("127.0.0.1", module_sandbox.port)) as asked:
        asked.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 0\r\n\r\n" % module_sandbox.port)
        assert asked.recv(4096) == b""
    server_of_it: Any = module_sandbox._server
    wait_until(lambda: not server_of_it._open, "the request to be dealt with")
    assert module_sandbox.status()["calls"] == before


# --- how it is found ------------------------------------------------------------------------

SERVER = {
    "pid": 1,
    "boot_id": "0a1b",
    "endpoint_url": "http://127.0.0.1:1",
    "proxy_url": "http://127.0.0.1:1",
    "token": "secret",
}


@MANY
@given(st.binary(max_size=200) | torn(json.dumps(SERVER).encode()) | almost(SERVER).map(lambda v: as_json(v).encode()))
@example(as_json({**SERVER, "endpoint_url": "http://ec2.us-east-1.amazonaws.com:80"}).encode())
@example(as_json({**SERVER, "endpoint_url": "https://ec2.us-east-1.amazonaws.com"}).encode())
@example(as_json({**SERVER, "endpoint_url": "http://127.0.0.1:1@example.com"}).encode())
@example(as_json({**SERVER, "endpoint_url": "http://127.0.0.1:1\n"}).encode())
@example(as_json({**SERVER, "proxy_url": "http://198.51.100.1:80"}).encode())
@example(as_json({**SERVER, "endpoint_url": ["http://127.0.0.1:1"]}).encode())
@example(b"[" * 100_000)
@example(b"")
def test_a_file_that_leads_elsewhere(tmp_path: Path, content: bytes) -> None:
    asked: list[str] = []

    def listen(url: str, *rest: Any) -> tuple[int, dict[str, Any]]:
        asked.append(url)
        return 200, {"boot_id": "0a1b", "speed": "max"}

    (tmp_path / "server.json").write_bytes(content)
    before = everything_in(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "_ask", listen)
        found = client.running(tmp_path)
    assert all(url.startswith("http://127.0.0.1:") and url[17:].isdecimal() for url in asked), asked
    assert found is None or found.proxy_url.startswith("http://127.0.0.1:")
    assert everything_in(tmp_path) == before
