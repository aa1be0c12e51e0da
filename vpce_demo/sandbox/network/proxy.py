"""The proxy into the sandbox: one HTTP proxy on the loopback interface, in the role of the internet.

Whoever uses it is ``names.OPERATOR`` to the sandbox.  ``CONNECT host:port`` carries anything (ssh); a request for an
absolute ``http://`` URL is passed on (curl, a browser).  Names are those of the sandbox's internet.
"""

from __future__ import annotations

import asyncio
import logging
import math
import socket
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit

from vpce_demo.sandbox.network.http import BadMessage, Head, read_head
from vpce_demo.sandbox.network.names import OPERATOR, resolve
from vpce_demo.sandbox.network.pace import cancelled
from vpce_demo.sandbox.network.wire import LOOPBACK, Connection, ConnectionRefused, Wire

log = logging.getLogger(__name__)

CHUNK = 65536
REQUEST_PATIENCE = 30.0
"""Seconds until a client must have sent its request."""


class _Answer(Exception):
    """The proxy itself answers, with a status line and words."""

    def __init__(self, status: str, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


class Proxy:
    """Listens on ``port``, or a free one for 0, or on a socket that listens already; ``port`` is the real one once
    started."""

    def __init__(self, wire: Wire, port: int, listening: socket.socket | None = None) -> None:
        self._wire = wire
        self.port = port
        self._listening = listening
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def start(self) -> None:
        """Raises ``OSError`` if the port is taken."""
        where: Any = {"sock": self._listening} if self._listening else {"host": LOOPBACK, "port": self.port}
        self._server = await asyncio.start_server(self._accept, **where)
        self.port = self._server.sockets[0].getsockname()[1]

    def held(self) -> socket.socket:
        """Its listening socket, which lasts when this proxy stops: nobody else is given the port meanwhile."""
        return self._server.sockets[0].dup()

    async def stop(self) -> None:
        self._stopped = True
        self._server.close()
        await cancelled(*self._tasks)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._stopped:
            writer.transport.abort()
            return
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: writer.close())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._carry(reader, writer)
        except _Answer as answer:
            body = f"{answer.words}\n"
            lines = (
                f"HTTP/1.1 {answer.status}",
                "Content-Type: text/plain; charset=UTF-8",
                f"Content-Length: {len(body.encode())}",
                "Connection: close",
            )
            writer.write("\r\n".join([*lines, "", body]).encode())
        except (ConnectionError, TimeoutError):
            pass  # the client has gone, or never said anything
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        except Exception:
            log.exception("a connection of the proxy failed")

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_PATIENCE):
                head = await read_head(reader)
        except BadMessage as bad:
            raise _Answer("400 Bad Request", f"This is no HTTP request: {bad}.") from bad
        if head is None:
            return
        host, port, request = _wanted(head)
        address = resolve(self._wire.view(), host)
        if address is None:
            raise _Answer(
                "502 Bad Gateway", f"Could not resolve host: {host}. The sandbox's internet has no such name."
            )
        async with AsyncExitStack() as stack:
            opening = asyncio.create_task(
                stack.enter_async_context(self._wire.connect(OPERATOR, address, port, math.inf))
            )
            # Read on while connecting: that is how a client that leaves during a hang is noticed.
            reading = asyncio.create_task(reader.read(CHUNK))
            try:
                while not opening.done():
                    await asyncio.wait({opening, reading}, return_when=asyncio.FIRST_COMPLETED)
                    if reading.done() and not opening.done():
                        request += _unless_gone(reading.result())
                        reading = asyncio.create_task(reader.read(CHUNK))
                connection = opening.result()
                connection.writer.write(request)
                if head.first.startswith("CONNECT "):
                    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await _relay(reading, reader, writer, connection)
            except ConnectionRefused as refused:
                words = f"Connection refused: {host} port {port}. {refused.decision.settled_by}"
                raise _Answer("502 Bad Gateway", words) from refused
            finally:
                await cancelled(opening, reading)


def _wanted(head: Head) -> tuple[str, int, bytes]:
    """The host and port to go to, and what to say there first.  Raises ``_Answer``."""
    method, _, rest = head.first.partition(" ")
    target, _, version = rest.rpartition(" ")
    if not version.startswith("HTTP/1."):
        raise _Answer("400 Bad Request", "This is no HTTP/1 request.")
    try:
        url = urlsplit(f"//{target}" if method == "CONNECT" else target)
        host, port = url.hostname or "", url.port
    except ValueError:
        raise _Answer("400 Bad Request", "This address makes no sense.") from None
    if method == "CONNECT":
        if not host or not port:
            raise _Answer("400 Bad Request", "CONNECT needs host:port.")
        return host, port, b""
    if url.scheme != "http" or not host:
        raise _Answer(
            "400 Bad Request", "This is the sandbox's proxy, not a web page: ask it for a whole http:// address."
        )
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    ours = ("connection:", "proxy-connection:", "proxy-authorization:", "keep-alive:")
    lines = [each for each in head.lines if not each.lower().startswith(ours)]
    request = "\r\n".join([f"{method} {path} {version}", *lines, "Connection: close", "", ""])
    return host, port or 80, request.encode("latin-1", "replace")


def _unless_gone(data: bytes) -> bytes:
    if not data:
        raise ConnectionResetError("the client has left")
    return data


async def _relay(
    reading: asyncio.Task[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: Connection
) -> None:
    """Carry bytes both ways until the server is done, or the client has vanished."""

    async def upwards() -> None:
        data = await reading
        while data:
            connection.writer.write(data)
            await connection.writer.drain()
            data = await reader.read(CHUNK)
        connection.writer.write_eof()

    async def downwards() -> None:
        while data := await connection.reader.read(CHUNK):
            writer.write(data)
            await writer.drain()

    up, down = asyncio.create_task(upwards()), asyncio.create_task(downwards())
    try:
        done, _ = await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        if down not in done and up.exception() is None:
            await down
    finally:
        await cancelled(up, down)
