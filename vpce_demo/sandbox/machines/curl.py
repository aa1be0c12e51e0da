"""``curl`` on an instance: a real HTTP client on a connection that leaves from the instance's own interface.

Options, exit codes and words are curl's (its manual page), as far as one needs them to look at web pages.  Times are
AWS seconds.
"""

from __future__ import annotations

import asyncio
import getopt
import math
import re
import ssl
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from vpce_demo.sandbox.machines.shell import Shell
from vpce_demo.sandbox.network.http import BadMessage, Head, read_head
from vpce_demo.sandbox.network.tls import client_context
from vpce_demo.sandbox.network.wire import TCP_PATIENCE, Connection, ConnectionRefused, Unanswered

LEAST_TRANSFER = 2.0
"""Seconds of the machine a delivered transfer may take at least: a fast clock must not fail what merely ran here."""

_OF_ANOTHER = (62, 64)
"""OpenSSL's codes for the certificate of another name or address, which curl compares by itself."""

_SHORT = "sSfiIvko:w:m:H:A:X:4"
_LONG = [
    *("silent", "show-error", "fail", "include", "head", "verbose", "insecure", "ipv4"),
    *("output=", "write-out=", "max-time=", "connect-timeout=", "header=", "user-agent=", "request=", "noproxy="),
    "max-filesize=",
]


@dataclass
class _Options:
    urls: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    silent: bool = False
    show_error: bool = False
    fail: bool = False
    include: bool = False
    head: bool = False
    verbose: bool = False
    insecure: bool = False
    method: str = ""
    write_out: str = ""
    max_filesize: float = math.inf
    max_time: float | None = None
    connect_timeout: float | None = None


class _Failure(Exception):
    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code, self.words = code, words


async def curl(shell: Shell, args: list[str]) -> int:
    """Fetch each URL in turn; the exit code is the last one's."""
    try:
        options = _options(args)
    except getopt.GetoptError as error:
        return shell.cannot(f"curl: {error.msg}", 2)
    except ValueError:
        shell.err("curl: expected a proper numerical parameter\n")
        return 2
    if not options.urls:
        shell.err("curl: (2) no URL specified\n")
        return 2
    code = 0
    for number, url in enumerate(options.urls):
        output = options.outputs[number] if number < len(options.outputs) else ""
        code = await _Transfer(shell, options, url, output).run()
    return code


def seconds(text: str) -> float:
    """A time limit.  Raises ``ValueError`` for what is no number, or none to wait for."""
    value = float(text)
    if not 0 <= value < math.inf:
        raise ValueError(text)
    return value


def _options(args: list[str]) -> _Options:
    options = _Options()
    given, options.urls = getopt.gnu_getopt(args, _SHORT, _LONG)
    for name, value in given:
        match name:
            case "-s" | "--silent":
                options.silent = True
            case "-S" | "--show-error":
                options.show_error = True
            case "-f" | "--fail":
                options.fail = True
            case "-i" | "--include":
                options.include = True
            case "-I" | "--head":
                options.head = True
            case "-v" | "--verbose":
                options.verbose = True
            case "-k" | "--insecure":
                options.insecure = True
            case "-o" | "--output":
                options.outputs.append(value)
            case "-w" | "--write-out":
                options.write_out = value
            case "-m" | "--max-time":
                options.max_time = seconds(value)
            case "--connect-timeout":
                options.connect_timeout = seconds(value)
            case "--max-filesize":
                options.max_filesize = int(value)
            case "-X" | "--request":
                options.method = value
            case "-H" | "--header":
                key, _, text = value.partition(":")
                options.headers[key.strip()] = text.strip()
            case "-A" | "--user-agent":
                options.headers["User-Agent"] = value
    return options


class _Transfer:
    """One URL."""

    def __init__(self, shell: Shell, options: _Options, url: str, output: str) -> None:
        self._shell, self._options, self._url, self._output = shell, options, url, output
        self._machine = shell.machine
        self._began = self._machine.clock.now()
        self._facts: dict[str, str] = {
            "url_effective": url if "://" in url else f"http://{url}/",
            "http_code": "000",
            "content_type": "",
            "local_ip": "",
            "local_port": "0",
            "remote_ip": "",
            "remote_port": "0",
            "size_download": "0",
            "ssl_verify_result": "0",
            "time_namelookup": "0.000000",
            "time_connect": "0.000000",
            "time_appconnect": "0.000000",
            "time_starttransfer": "0.000000",
            "errormsg": "",
        }

    async def run(self) -> int:
        code = 0
        try:
            await self._fetch()
        except _Failure as failure:
            code = failure.code
            self._facts["errormsg"] = failure.words
            if not self._options.silent or self._options.show_error:
                self._shell.err(f"curl: ({code}) {failure.words}\n")
        self._facts |= {"exitcode": str(code), "time_total": self._elapsed(), "response_code": self._facts["http_code"]}
        if self._options.write_out:
            self._shell.out(self._written_out())
        return code

    async def _fetch(self) -> None:
        try:
            url = urlsplit(self._url if "://" in self._url else f"http://{self._url}")
            default = 443 if url.scheme == "https" else 80
            host, port = url.hostname, default if url.port is None else url.port
        except ValueError:
            raise _Failure(3, "URL rejected: Malformed input to a URL function") from None
        if url.scheme not in ("http", "https"):
            self._shell.not_known(f"curl: {url.scheme}: only http and https are known here")
            raise _Failure(1, f'Protocol "{url.scheme}" not supported here; http and https are')
        if not host:
            raise _Failure(3, "URL rejected: No host part in the URL")
        address = self._machine.resolve(host)
        if address is None:
            self._shell.not_known(f"curl: {host[:100]}: no such host in the sandbox's internet")
            raise _Failure(6, f"Could not resolve host: {host}")
        self._note("time_namelookup")
        interface = self._machine.interface
        limits = [each for each in (self._options.max_time, self._options.connect_timeout) if each]
        patience = min(limits, default=TCP_PATIENCE)
        try:
            async with self._machine.wire.connect(interface.id, address, port, patience) as connection:
                self._note("time_connect")
                local_port = connection.writer.get_extra_info("sockname")[1]
                self._facts |= {"local_ip": interface.address, "local_port": str(local_port)}
                self._facts |= {"remote_ip": address, "remote_port": str(port)}
                self._say(f"* Connected to {host} ({address}) port {port}")
                target = (url.path or "/") + (f"?{url.query}" if url.query else "")
                host_field = host if port == default else f"{host}:{port}"
                if url.scheme == "https":
                    await self._within_limit(self._encrypt(connection, host))
                await self._within_limit(self._exchange(connection, host_field, target))
        except ConnectionRefused:
            raise _Failure(7, f"Failed to connect to {host} port {port}: Could not connect to server") from None
        except Unanswered:
            raise _Failure(28, f"Connection timed out after {round(patience * 1000)} milliseconds") from None

    async def _within_limit(self, exchange: Coroutine[Any, Any, None]) -> None:
        limit = self._options.max_time
        seconds = None if limit is None else max(self._machine.clock.real(limit), LEAST_TRANSFER)
        try:
            async with asyncio.timeout(seconds):
                await exchange
        except TimeoutError:
            raise _Failure(28, f"Operation timed out after {round((limit or 0) * 1000)} milliseconds") from None
        except ConnectionError:
            raise _Failure(56, "Recv failure: Connection reset by peer") from None

    async def _encrypt(self, connection: Connection, host: str) -> None:
        """Begin TLS, and refuse a certificate that is not for this host, or not by an authority of the instance."""
        try:
            await connection.writer.start_tls(client_context(not self._options.insecure), server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            if error.verify_code in _OF_ANOTHER:
                words = f"SSL: no alternative certificate subject name matches target host name '{host}'"
                raise _Failure(60, words) from None
            self._facts["ssl_verify_result"] = str(error.verify_code)
            raise _Failure(60, f"SSL certificate problem: {error.verify_message}") from None
        except (ssl.SSLError, ConnectionError) as error:  # it speaks no TLS
            raise _Failure(35, f"TLS connect error: {getattr(error, 'reason', 'Connection reset by peer')}") from None
        self._note("time_appconnect")

    async def _exchange(self, connection: Connection, host: str, target: str) -> None:
        method = self._options.method or ("HEAD" if self._options.head else "GET")
        fields = {"Host": host, "User-Agent": "curl/8", "Accept": "*/*", **self._options.headers, "Connection": "close"}
        request = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items() if value)]
        for line in request:
            self._say(f"> {line}")
        connection.writer.write("\r\n".join([*request, "", ""]).encode("utf-8", "surrogateescape"))
        await connection.writer.drain()
        try:
            head = await read_head(connection.reader)
        except BadMessage:
            raise _Failure(1, "Received HTTP/0.9 when not allowed") from None
        if head is None:
            raise _Failure(52, "Empty reply from server")
        self._note("time_starttransfer")
        status = head.first.split(" ", 2)[1] if " " in head.first else ""
        if not head.first.startswith("HTTP/1.") or not re.fullmatch(r"\d{3}", status):
            raise _Failure(1, "Received HTTP/0.9 when not allowed")
        self._facts |= {"http_code": status, "content_type": head.fields.get("content-type", "")}
        for line in (head.first, *head.lines):
            self._say(f"< {line}")
        if self._options.fail and int(status) >= 400:
            raise _Failure(22, f"The requested URL returned error: {status}")
        body = b"" if method == "HEAD" else await self._body(connection, head)
        self._facts["size_download"] = str(len(body))
        shown = b""
        if self._options.include or self._options.head:
            shown = "".join(f"{line}\r\n" for line in (head.first, *head.lines, "")).encode("latin-1")
        self._deliver(shown + body)

    async def _body(self, connection: Connection, head: Head) -> bytes:
        length, limit = head.fields.get("content-length"), self._options.max_filesize
        if length is None or not length.isdecimal():
            body = await connection.reader.read()
            if len(body) > limit:
                raise _Failure(63, "Maximum file size exceeded")
            return body
        if int(length) > limit:
            raise _Failure(63, "Maximum file size exceeded")
        try:
            return await connection.reader.readexactly(int(length))
        except asyncio.IncompleteReadError as end:
            missing = int(length) - len(end.partial)
            raise _Failure(18, f"end of response with {missing} bytes missing") from None

    def _deliver(self, body: bytes) -> None:
        if self._output == "/dev/null":
            return
        if self._output in ("", "-"):
            self._shell.out(body.decode("utf-8", "surrogateescape"))
            return
        try:
            self._machine.disk.write(self._shell.absolute(self._output), body)
        except (OSError, ValueError):
            raise _Failure(23, f"Failed to open the file {self._output}") from None

    def _say(self, line: str) -> None:
        if self._options.verbose:
            self._shell.err(f"{line}\n")

    def _elapsed(self) -> str:
        return f"{self._machine.clock.now() - self._began:.6f}"

    def _note(self, fact: str) -> None:
        self._facts[fact] = self._elapsed()

    def _written_out(self) -> str:
        def replaced(match: re.Match[str]) -> str:
            if match["name"]:
                return self._facts.get(match["name"], "")
            return {"\\n": "\n", "\\t": "\t", "\\r": "\r", "%%": "%"}[match[0]]

        return re.sub(r"%\{(?P<name>\w+)\}|\\[ntr]|%%", replaced, self._options.write_out)
