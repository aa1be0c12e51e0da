"""The address to which ssh is opened: from whom it is taken, and what is refused."""

from __future__ import annotations

import contextlib
import datetime
import http.server
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from vpce_demo.aws import environment
from vpce_demo.aws import my_address as module
from vpce_demo.aws.environment import Environment
from vpce_demo.aws.my_address import my_address
from vpce_demo.errors import DemoError
from vpce_demo.extras import WARNINGS

ON_AWS = Environment("AWS", "", 1.0, {}, {})
Serving = Callable[[bytes], AbstractContextManager[None]]


def certificate(file: Path) -> None:
    """A key and a certificate of this machine that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stand-in")])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, private, serialization.NoEncryption()))


@pytest.fixture
def serving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serving:
    """Something that answers over TLS in the place of the address service."""
    certificate(tmp_path / "stand-in.pem")

    @contextmanager
    def serve(answer: bytes) -> Iterator[None]:
        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None: ...

        with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
            server.handle_error = lambda *_: None  # type: ignore[method-assign]
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tmp_path / "stand-in.pem")
            server.socket = context.wrap_socket(server.socket, server_side=True)
            monkeypatch.setattr(module, "WHAT_IS_MY_ADDRESS", f"https://127.0.0.1:{server.server_port}/")
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield
            finally:
                server.shutdown()
                thread.join()

    return serve


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b""], ids=["page", "head"])
def test_an_answer_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch, head: bytes) -> None:
    """Each byte comes in time, and the answer never ends."""
    monkeypatch.setattr(environment, "FETCH_SECONDS", 0.3)
    done = threading.Event()

    def trickle(server: socket.socket) -> None:
        with server.accept()[0] as client, contextlib.suppress(OSError):
            client.sendall(head)
            while not done.wait(0.02):
                client.sendall(b"1")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=trickle, args=(server,))
        thread.start()
        try:
            by = Environment("AWS", "", 1.0, {}, {}, proxy=f"http://127.0.0.1:{server.getsockname()[1]}")
            with pytest.raises(TimeoutError, match=r"no whole answer within 0.3 s"):
                by.fetch("http://checkip.amazonaws.com/")
        finally:
            done.set()
            thread.join()


@pytest.mark.parametrize(
    "proxy", ["http://hunter2@a..b:3128", f"http://hunter2@{'a' * 70}:3128", "http://hunter2:p@ss"]
)
def test_a_proxy_that_is_no_url(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    """It is no traceback, and its password is not quoted.  Both answers are told."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)

    class Alone(Environment):
        def fetch(self, url: str, *, direct: bool = False) -> str:
            return "10.0.0.1" if direct else super().fetch(url)

    with pytest.raises(DemoError) as caught:
        my_address(Alone("AWS", "", 1.0, {}, {}))
    assert caught.value.facts["answer"] == "10.0.0.1, which is not a public address"
    told = caught.value.facts["through the web proxy"]
    assert told
    assert "hunter2" not in told
    assert "p@ss" not in told


def test_it_is_asked_over_tls() -> None:
    assert module.WHAT_IS_MY_ADDRESS.startswith("https://")


def test_an_answer_counts_if_its_certificate_does(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(b"1.2.3.4\n"):
        with pytest.raises(DemoError) as caught:
            my_address(ON_AWS)
        assert "CERTIFICATE_VERIFY_FAILED" in caught.value.facts["answer"]
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "stand-in.pem"))
        assert my_address(ON_AWS) == "1.2.3.4/32"


class Told(Environment):
    """One in which the service answers what its name says."""

    def fetch(self, url: str, *, direct: bool = False) -> str:
        assert url.startswith("http:" if self.proxy else "https:")
        return self.name


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        *((address, f"{address}, which is not a public address") for address in ("10.0.0.1", "127.0.0.1", "0.0.0.0")),
        *((address, f"{address}, which is not a public address") for address in ("100.64.0.9", "169.254.169.254")),
        *((address, f"{address}, which is not a public address") for address in ("224.0.0.1", "255.255.255.255")),
        ("203.0.113.10", "203.0.113.10, which is not a public address"),
        ("2001:db8::1", "'2001:db8::1', which is not an IPv4 address"),
        ("0.0.0.0/0", "'0.0.0.0/0', which is not an IPv4 address"),
        ("1.2.3.4\n5.6.7.8\n", "'1.2.3.4\\n5.6.7.8\\n', which is not an IPv4 address"),
        ("<html>\n1.2.3.4", "'<html>\\n1.2.3.4', which is not an IPv4 address"),
        ("", "'', which is not an IPv4 address"),
    ],
)
def test_anything_but_one_public_address_is_refused(answer: str, words: str) -> None:
    with pytest.raises(DemoError) as caught:
        my_address(Told(answer, "", 1.0, {}, {}))
    assert caught.value.facts["answer"] == words
    assert "ssh_from" in caught.value.hint


def test_a_page_is_not_quoted_whole() -> None:
    with pytest.raises(DemoError) as caught:
        my_address(Told("<p>" * 20_000, "", 1.0, {}, {}))
    assert len(caught.value.facts["answer"]) < 200


def test_the_sandbox_s_address_is_one_of_documentation() -> None:
    assert my_address(Told("203.0.113.10\n", "b00t", 1.0, {}, {}, proxy="http://127.0.0.1:1")) == "203.0.113.10/32"


class Both(Environment):
    """One that answers ``name`` without the web proxy, and ``id`` through it."""

    def fetch(self, url: str, *, direct: bool = False) -> str:
        if said := self.name if direct else self.id:
            return said
        raise OSError("no way out")


BEHIND = (
    ("1.2.3.4", "5.6.7.8", "1.2.3.4/32", "1.2.3.4, and 5.6.7.8 through the web proxy."),
    ("1.2.3.4", "1.2.3.4", "1.2.3.4/32", ""),
    ("1.2.3.4", "", "1.2.3.4/32", ""),
    ("", "5.6.7.8", "5.6.7.8/32", "found through the web proxy only: 5.6.7.8. ssh does not know that proxy"),
    ("10.0.0.1", "5.6.7.8", "5.6.7.8/32", "found through the web proxy only: 5.6.7.8."),
    ("1.2.3.4", "<html>Please log in", "1.2.3.4/32", ""),
)
"""What is answered without the proxy and through it, the address, and the warning."""


@pytest.mark.parametrize(("direct", "through", "address", "warning"), BEHIND)
def test_behind_a_web_proxy(
    monkeypatch: pytest.MonkeyPatch, direct: str, through: str, address: str, warning: str
) -> None:
    """ssh does not go through it."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    WARNINGS.begin()
    assert my_address(Both(direct, through, 1.0, {}, {})) == address
    assert bool(WARNINGS.sentences) == bool(warning)
    assert warning in " ".join(WARNINGS.sentences)


def test_behind_no_web_proxy_it_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY names the host."""
    WARNINGS.begin()
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "checkip.amazonaws.com")
    assert my_address(Both("1.2.3.4", "5.6.7.8", 1.0, {}, {})) == "1.2.3.4/32"
    assert WARNINGS.sentences == []


def test_the_proxy_is_left_aside(serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that refuses everything does not matter where there is a way without it."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "stand-in.pem"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with serving(b"1.2.3.4\n"):
        assert my_address(ON_AWS) == "1.2.3.4/32"
