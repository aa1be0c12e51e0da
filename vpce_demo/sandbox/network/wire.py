"""Opens the sandbox's connections, after asking ``decide``.  The only place that opens a socket for them.

A delivered connection is a real TCP connection over the loopback interface.  Servers there learn the client's virtual
address from the wire, by the client's own loopback port; they turn away whoever did not come through the wire.
"""

from __future__ import annotations

import asyncio
import logging
import math
import socket
import ssl
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from vpce_demo.sandbox.clock import SHORTEST, Clock
from vpce_demo.sandbox.network.decide import Decision, HealthOf, Outcome, TraceStep, decide
from vpce_demo.sandbox.network.pace import cancelled
from vpce_demo.sandbox.store.view import View

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
FIRST_RETRY = 1.0
"""AWS seconds until a client's TCP sends its unanswered SYN again; the pause doubles each time (RFC 6298)."""
TCP_PATIENCE = 130.0
"""AWS seconds until Linux itself gives up an unanswered connect (``tcp_syn_retries`` 6)."""
TRACED = 100
"""How many different connections the trace remembers."""


class Unanswered(Exception):
    """The packets were dropped until the client timed out."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(str(decision.settled_by))
        self.decision = decision


class ConnectionRefused(Unanswered):
    """The connection was reset at once."""


@dataclass(frozen=True)
class Connection:
    """An open connection: asyncio's two ends, and what was decided about it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    decision: Decision


class Trace:
    """The last connections, the newest last; the same one again is counted, not listed twice."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: OrderedDict[tuple[str, str, int, bool, Decision], tuple[float, int]] = OrderedDict()

    def add(self, at: float, source: str, destination: str, port: int, decision: Decision, check: bool = False) -> None:
        key = (source, destination, port, check, decision)
        with self._lock:
            _, times = self._seen.pop(key, (at, 0))
            self._seen[key] = (at, times + 1)
            if len(self._seen) > TRACED:
                self._seen.popitem(last=False)

    def as_dicts(self) -> list[dict[str, Any]]:
        """For JSON: ``at`` in AWS seconds, ``times`` how often the very same was decided, ``check``: a health check."""
        with self._lock:
            seen = list(self._seen.items())
        return [
            {
                "at": round(at, 3),
                "times": times,
                "source": source,
                "destination": destination,
                "port": port,
                "check": check,
                **decision.as_dict(),
            }
            for (source, destination, port, check, decision), (at, times) in seen
        ]


class Wire:
    """Connections between hosts.  Everything but ``trace`` belongs to the network's event loop."""

    def __init__(self, view: Callable[[], View], health: HealthOf, clock: Clock) -> None:
        self.view, self.clock = view, clock
        self.trace = Trace()
        self.changes = 0
        """Counts what may change the answer to a health check: the API's changes, and who listens."""
        self._health = health
        self._listening: dict[tuple[str, int], int] = {}
        self._clients: dict[int, Decision] = {}

    def listen(self, host: str, port: int, loopback_port: int) -> None:
        """From now on this host's port is served at that port of the loopback interface."""
        self._listening[host, port] = loopback_port
        self.changes += 1

    def listens(self, host: str, port: int) -> bool:
        """True if something serves this host's port."""
        return (host, port) in self._listening

    def unlisten(self, host: str, port: int) -> None:
        self._listening.pop((host, port), None)
        self.changes += 1

    def client(self, loopback_port: int) -> str | None:
        """The virtual address of the client that connected from this loopback port; ``None``: not over the wire."""
        decision = self._clients.get(loopback_port)
        return decision.source if decision else None

    def endpoint(self, loopback_port: int) -> str:
        """The id of the VPC endpoint to a service of AWS's own that this client came through, if it did."""
        decision = self._clients.get(loopback_port)
        return decision.endpoint if decision else ""

    @asynccontextmanager
    async def connect(
        self, source: str, destination: str, port: int, within: float, check: bool = False
    ) -> AsyncIterator[Connection]:
        """Connect from an interface id or a public address to an IPv4 address; ``check``: it is a health check.

        Raises ``ConnectionRefused`` at once, or ``Unanswered`` after ``within`` AWS seconds (``math.inf``: never).
        Like TCP, it sends the unanswered SYN again now and then, so a way that opens meanwhile is found.
        """
        own = socket.socket()
        try:
            own.setblocking(False)
            own.bind((LOOPBACK, 0))
            own_port: int = own.getsockname()[1]
            decision = await self._settle(source, destination, port, own_port, within, check)
            self._clients[own_port] = decision
        except BaseException:
            own.close()
            raise
        try:
            reader, writer = await self._open(own, decision)
            try:
                yield Connection(reader, writer, decision)
            finally:
                writer.close()
        finally:
            del self._clients[own_port]

    async def _settle(
        self, source: str, destination: str, port: int, flow: int, within: float, check: bool
    ) -> Decision:
        loop = asyncio.get_running_loop()
        end = math.inf if math.isinf(within) else loop.time() + max(self.clock.real(within), SHORTEST)
        pause = max(self.clock.real(FIRST_RETRY), SHORTEST)
        told: Decision | None = None
        while True:
            decision = decide(self.view(), source, destination, port, self._health, flow)
            if decision.outcome is Outcome.DELIVERED and (decision.host, decision.port) not in self._listening:
                decision = _closed(decision)
            if decision != told:
                self.trace.add(self.clock.now(), source, destination, port, decision, check)
                told = decision
            if decision.outcome is Outcome.DELIVERED:
                return decision
            if decision.outcome is Outcome.REFUSED:
                raise ConnectionRefused(decision)
            left = end - loop.time()
            if left <= 0:
                raise Unanswered(decision)
            await asyncio.sleep(min(pause, left))
            pause *= 2

    async def _open(self, own: socket.socket, decision: Decision) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            await asyncio.get_running_loop().sock_connect(
                own, (LOOPBACK, self._listening[decision.host, decision.port])
            )
            return await asyncio.open_connection(sock=own)
        except BaseException as error:
            own.close()
            if not isinstance(error, (KeyError, ConnectionError)):
                raise
            # It stopped listening a moment ago.
            raise ConnectionRefused(_closed(decision)) from error


def _closed(decision: Decision) -> Decision:
    hop = TraceStep(decision.host, f"nothing listens on tcp/{decision.port}", passed=False)
    return replace(decision, outcome=Outcome.REFUSED, hops=(*decision.hops, hop))


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter, str], Awaitable[None]]
"""Serves one connection; the last argument is the client's virtual address."""


class Server:
    """A TCP server that stands at a host's port for as long as it runs; with ``tls``, it speaks TLS."""

    def __init__(self, wire: Wire, host: str, port: int, serve: Serve, tls: ssl.SSLContext | None = None) -> None:
        self._wire, self._host, self._port, self._serve, self._tls = wire, host, port, serve, tls
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, LOOPBACK, 0, ssl=self._tls, start_serving=False)
        try:
            await self._server.start_serving()
        except BaseException:  # cancelled while it starts: nobody else would close it
            self._server.close()
            raise
        self._wire.listen(self._host, self._port, self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close the port and cut the connections that are still open."""
        self._stopped = True
        self._wire.unlisten(self._host, self._port)
        self._server.close()
        await cancelled(*self._tasks)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = self._wire.client(writer.get_extra_info("peername")[1])
        if client is None or self._stopped:  # a last connection may still be on its way in when the port closes
            writer.transport.abort()
            return
        task = asyncio.create_task(self._run(reader, writer, client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: writer.close())  # not in the task: cancelled early, it never begins

    async def _run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: str) -> None:
        try:
            await self._serve(reader, writer, client)
        except (ConnectionError, EOFError):
            pass  # the client has gone: its business
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        except Exception:
            log.exception("a connection to %s port %d failed", self._host, self._port)
