"""The sandbox's network: machines, connections between them, health checks, and the proxy from outside.

It holds nothing of its own about routes, groups or connections: each connection is decided from a fresh ``View``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import socket
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any, TypeVar

from vpce_demo.errors import SandboxError
from vpce_demo.sandbox.client import INSTANCES
from vpce_demo.sandbox.clock import SHORTEST, Clock
from vpce_demo.sandbox.machines.hosts import Hosts
from vpce_demo.sandbox.network import ends
from vpce_demo.sandbox.network.decide import Decision, Outcome
from vpce_demo.sandbox.network.health import Checks, Verdicts
from vpce_demo.sandbox.network.internet import servers
from vpce_demo.sandbox.network.proxy import Proxy
from vpce_demo.sandbox.network.wire import Unanswered, Wire
from vpce_demo.sandbox.store.view import Health, View

log = logging.getLogger(__name__)

_SLOWEST_LOOK = 1.0
_LOOK_SHARE = 0.1
"""States of the API also change by the clock alone, without a call.  So the network looks again by itself: after a
tenth of the time since the last change that it saw, and at least every ``_SLOWEST_LOOK`` seconds of the machine."""


SETTLING = 5.0
"""Seconds.  Booting and the first health checks take a few tenths of one."""

T = TypeVar("T")


class Ended(RuntimeError):
    """The network has ended, as it does when the sandbox is emptied."""


class Network:
    """The network of one sandbox, in a thread of its own between ``start`` and ``stop``, each called once.

    ``view`` is called from that thread.  Instances' files are in ``directory`` while it runs.  ``proxy_port`` 0 takes a
    free port; the attribute of that name is the real one after ``start``.  ``install_error`` is a ``Machine``'s.
    """

    def __init__(
        self,
        view: Callable[[], View],
        clock: Clock,
        directory: Path,
        proxy_port: int = 0,
        install_error: Callable[[], str] = str,
        listening: socket.socket | None = None,
    ) -> None:
        self._verdicts = Verdicts()
        self._wire = Wire(view, self._verdicts.of, clock)
        self._hosts = Hosts(self._wire, clock, directory / INSTANCES, install_error)
        self._checks = Checks(self._wire, clock, self._verdicts)
        self._proxy = Proxy(self._wire, proxy_port, listening)
        self._view = view
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._poked = asyncio.Event()
        self._clock = clock
        self._seen = View()
        self._stopping = False

    @property
    def proxy_port(self) -> int:
        return self._proxy.port

    def held(self) -> socket.socket:
        """The proxy's listening socket, for the network that is to follow this one on the same port."""
        return self._proxy.held()

    def start(self) -> None:
        """Return once the proxy listens.  Raises ``SandboxError`` if its port is taken."""
        self._thread = threading.Thread(target=self._run, name="sandbox-network", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def stop(self) -> None:
        """End everything: servers, connections, checks, instances' files.  Stopping twice is no harm."""
        if self._thread is not None:
            self._stopping = True
            self.changed()
            self._thread.join()

    def changed(self) -> None:
        """Say that the API has changed: look again soon.  Cheap, from any thread."""
        if self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(self._poked.set)
            except RuntimeError:  # the loop has ended meanwhile
                log.debug("changed() after the end")

    def health(self, group_arn: str, instance_id: str, port: int) -> Health:
        """What the health checks of this target have found so far."""
        return self._verdicts.of(group_arn, instance_id, port)

    def console(self, instance_id: str) -> str:
        """The boot log of an instance, as ``GetConsoleOutput`` shows it; empty before it has booted."""
        return self._hosts.console(instance_id)

    def not_understood(self) -> dict[str, list[str]]:
        """What the sandbox did not understand in the user data of instances that run, by instance."""
        return self._hosts.not_understood()

    def settle(self) -> None:
        """Wait until everything has happened whose time has come, at most ``SETTLING`` seconds of the machine.

        Instances have booted; and where no wait takes time, health checks have come to their verdicts.
        """
        with contextlib.suppress(Ended):
            self._in_the_loop(self._settle())

    def connect(self, source: str, destination: str, port: int) -> Decision:
        """Open a connection, when the network has settled, and close it.

        ``source`` is an instance's id, ``internet``, or an address there; ``destination`` an instance's id, an address,
        or a DNS name (``ends.py``).  Raises ``ValueError`` for what is none of these, and ``Ended``.
        """
        return self._in_the_loop(self._connect(source, destination, port))

    def _in_the_loop(self, work: Coroutine[Any, Any, T]) -> T:
        """What it returns or raises.  Raises ``Ended`` if the network does before."""
        loop = self._loop
        try:
            if loop is None:
                raise Ended
            running = asyncio.run_coroutine_threadsafe(work, loop)
        except RuntimeError:
            work.close()
            raise Ended("the network has ended") from None
        try:
            return running.result(2 * SETTLING)
        except (CancelledError, TimeoutError):
            running.cancel()
            raise Ended("the network has ended meanwhile") from None

    async def _settle(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLING):
                while not self._is_settled():
                    await asyncio.sleep(SHORTEST / 4)

    def _is_settled(self) -> bool:
        if self._view() != self._seen:
            self._poked.set()
            return False
        return not self._hosts.booting and (math.isfinite(self._clock.speed) or self._checks.agree)

    async def _connect(self, source: str, destination: str, port: int) -> Decision:
        await self._settle()
        view = self._view()
        try:
            start = ends.source(view, source)
            address = ends.destination(view, destination, start)
            async with self._wire.connect(start, address, port, 0.0) as connection:
                return connection.decision
        except ends.NotThere as failure:
            return Decision(Outcome.DROPPED, (failure.hop,))
        except Unanswered as failure:
            return failure.decision

    def trace(self) -> list[dict[str, Any]]:
        """The last connections with their hops, oldest first, ready for JSON (see ``wire.Trace.as_dicts``)."""
        return self._wire.trace.as_dicts()

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except Exception as failure:
            log.exception("the network has ended")
            self._failure = failure
        finally:
            self._ready.set()

    async def _main(self) -> None:
        try:
            await self._proxy.start()
        except OSError as error:
            self._failure = SandboxError(
                f"The sandbox's proxy cannot listen on port {self._proxy.port}: {error.strerror or error}.",
                code="VPCE114",
                hint="Choose another port with --proxy-port, or 0 for any free one.",
            )
            return
        internet = servers(self._wire)
        try:
            for server in internet:
                await server.start()
            self._loop = asyncio.get_running_loop()
            self._ready.set()
            await self._follow()
        finally:
            self._loop = None
            await self._checks.stop()
            await self._proxy.stop()
            await self._hosts.stop()
            for server in internet:
                await server.stop()

    async def _follow(self) -> None:
        """Keep machines and checks in step with the API."""
        loop = asyncio.get_running_loop()
        changed_at = loop.time()
        while not self._stopping:
            self._poked.clear()
            try:
                view = self._view()
                await self._hosts.follow(view)
                await self._checks.follow(view)
                if view != self._seen:
                    self._seen, changed_at = view, loop.time()
                    self._wire.changes += 1
            except Exception:
                log.exception("could not follow the API's changes")
            pause = min(max((loop.time() - changed_at) * _LOOK_SHARE, SHORTEST), _SLOWEST_LOOK)
            try:
                async with asyncio.timeout(pause):
                    await self._poked.wait()
                changed_at = loop.time()
            except TimeoutError:
                pass


__all__ = ["Network"]
