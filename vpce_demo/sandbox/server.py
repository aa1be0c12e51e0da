"""One sandbox: the clock, the cloud, the API's server and the network, started and stopped together."""

from __future__ import annotations

import errno
import logging
import math
import os
import secrets
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import ClientDisconnected
from werkzeug.serving import BaseWSGIServer, ThreadedWSGIServer, WSGIRequestHandler

from vpce_demo import __version__
from vpce_demo.errors import SandboxError

from .api.app import HAS_COME, Api, RecordedCall
from .api.faults import Faults
from .clock import Clock
from .control import Control
from .handlers import HANDLERS
from .limits import IDLE_SECONDS, MOST_CONNECTIONS, REQUEST_SECONDS
from .store import moto
from .store.cloud import Cloud, NoWires
from .store.snapshot import snapshot

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
DEFAULT_REGION = "us-east-1"
HALT_SECONDS = 0.1
"""How often the API's server checks whether it should stop, in seconds."""


class Sandbox:
    """A sandbox in this process; moto's store is the process's, so there is one at a time.

    ``speed`` is how many times faster than AWS its clock runs (``math.inf``: no waits), ``latency_ms`` is added to
    every call, ``directory`` is where the machines keep their files (a temporary one if none is given), ports are free
    ones if 0, ``iam`` says whether permissions are checked, ``quotas`` are those that are not AWS's defaults.  Raises
    ``SandboxError`` from ``start`` when a port is taken.
    """

    def __init__(
        self,
        speed: float = 20,
        latency_ms: float = 0,
        directory: Path | None = None,
        port: int = 0,
        proxy_port: int = 0,
        iam: bool = False,
        quotas: Mapping[str, int] | None = None,
    ) -> None:
        self.clock = Clock(speed)
        self.boot_id = secrets.token_hex(8)
        self.token = secrets.token_hex(24)
        self.stop_asked = threading.Event()
        self.cloud = Cloud(self.clock, snapshot)
        self.cloud.quotas.update(quotas or {})
        self.faults = Faults(self.cloud.lock, self.clock)
        self._api = Api(self.cloud, Control(self), self.faults, HANDLERS, latency_ms / 1000)
        self._api.gate.on = iam
        self._wanted = port, proxy_port
        self._directory = directory
        self._own_directory: Path | None = None
        self._server: BaseWSGIServer | None = None
        self._network: Any = None
        self._threads: list[threading.Thread] = []
        self._halt = threading.Event()
        self._started = 0.0

    @property
    def port(self) -> int:
        assert self._server is not None, "not started"
        return int(self._server.port)

    @property
    def endpoint_url(self) -> str:
        """For ``AWS_ENDPOINT_URL``."""
        return f"http://{HOST}:{self.port}"

    @property
    def proxy_url(self) -> str:
        """The proxy into the sandbox, for ``curl -x`` and ssh's ProxyCommand."""
        return f"http://{HOST}:{self._network.proxy_port}"

    def start(self) -> Sandbox:
        """Start with empty accounts.  Returns itself."""
        port, _ = self._wanted
        moto.reset()
        self.cloud.clear()
        self._halt.clear()
        self._server = _listen(port, self._api)
        self._api.hosts = frozenset({f"{HOST}:{self.port}", f"localhost:{self.port}"})
        if self._directory is None:
            self._own_directory = Path(tempfile.mkdtemp(prefix="vpce-demo-"))
        try:
            self._plug_in(self._wanted[1])
        except BaseException:
            self._server.server_close()
            self._server = None
            self._remove_own_directory()
            raise
        self._started = time.time()
        self._run("api", partial(self._server.serve_forever, poll_interval=HALT_SECONDS))
        self._run("clock", self._tick)
        return self

    def _run(self, name: str, work: Any) -> None:
        thread = threading.Thread(target=work, name=f"sandbox-{name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _plug_in(self, proxy_port: int, listening: socket.socket | None = None) -> None:
        from .network.network import Network  # asyncssh is slow to import

        directory = self._directory or self._own_directory
        assert directory is not None
        network = Network(
            self.cloud.view,
            self.clock,
            directory,
            proxy_port=proxy_port,
            install_error=self.faults.install_error,
            listening=listening,
        )
        network.start()
        self._network = self.cloud.wires = network

    def warm_up(self) -> None:
        """Load what the first calls need: AWS's models, moto's tables of zones, images and types.  For the background
        process."""
        with self.cloud.lock:
            moto.warm_up(DEFAULT_REGION)

    def stop(self) -> None:
        """Stop everything.  No thread, port or file is left."""
        if self._server is None:
            return
        self._halt.set()
        self.cloud.alarm.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._unplug()
        self._server = None
        self._remove_own_directory()
        moto.reset()

    def _unplug(self) -> None:
        network, self._network = self._network, None
        self.cloud.wires = NoWires()
        if network is not None:
            network.stop()

    def _remove_own_directory(self) -> None:
        if self._own_directory is not None:
            shutil.rmtree(self._own_directory, ignore_errors=True)
            self._own_directory = None

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _tick(self) -> None:
        """Apply what happens by time alone, such as an instance that becomes running, and tell the network."""
        while not self._halt.is_set():
            due = self.cloud.wait()
            if due is None or due > 0:
                self.cloud.alarm.wait(due)
            self.cloud.alarm.clear()
            try:
                with self.cloud.lock:
                    self.cloud.settle()
            except Exception:
                log.exception("what was due could not be done")

    def reset(self) -> None:
        """Empty every account, on the same ports.  Stops the machines and removes all faults."""
        with self.cloud.lock:
            listening = self._network.held()
        self._unplug()
        with self.cloud.lock:
            moto.reset()
            self.cloud.clear()
            self._api.clear()
            self.faults.clear()
        self._plug_in(0, listening)

    def set(
        self,
        speed: float | None = None,
        latency_ms: float | None = None,
        iam: bool | None = None,
        quotas: Mapping[str, int] | None = None,
        zones_differ: bool | None = None,
    ) -> None:
        """Change the pace, whether permissions are checked, the quotas, and whether zones have other names in other
        accounts, from now on."""
        if speed is not None:
            self.clock.speed = speed
        if latency_ms is not None:
            self._api.latency = latency_ms / 1000
        if iam is not None:
            self._api.gate.on = iam
        if zones_differ is not None:
            self._api.zone_names.differ = zones_differ
        self.cloud.quotas.update(quotas or {})
        self.cloud.alarm.set()
        self.cloud.wires.changed()

    def skip(self, seconds: float) -> None:
        """Let this many AWS seconds pass at once."""
        self.clock.skip(seconds)
        self.cloud.alarm.set()
        self.cloud.wires.changed()

    def connect(self, source: str, destination: str, port: int) -> dict[str, Any]:
        """Open a connection in the network and close it; the outcome, and every hop, as ``trace`` has them.

        See ``Network.connect``.  Raises ``ValueError``, and ``RuntimeError`` if the sandbox is emptied meanwhile.
        """
        decision = self._network.connect(source, destination, port)
        return {"source": source, "destination": destination, "port": port, **decision.as_dict()}

    def ask_to_stop(self) -> None:
        """Set ``stop_asked``, whose waiter calls ``stop``: a request cannot stop the server that answers it."""
        self.stop_asked.set()

    def calls(self) -> list[RecordedCall]:
        """The recorded API calls, oldest first."""
        with self.cloud.lock:
            return list(self._api.calls)

    def trace(self) -> list[dict[str, Any]]:
        """The last connections in the network, hop by hop."""
        return list(self._network.trace())

    def status(self) -> dict[str, Any]:
        """What ``sandbox status`` shows."""
        speed, network = self.clock.speed, self._network
        return {
            "boot_id": self.boot_id,
            "version": __version__,
            "pid": os.getpid(),
            "speed": speed if math.isfinite(speed) else "max",
            "latency_ms": self._api.latency * 1000,
            "iam": self._api.gate.on,
            "quotas": dict(self.cloud.quotas),
            "zones_differ": self._api.zone_names.differ,
            "endpoint_url": self.endpoint_url,
            "proxy_url": self.proxy_url,
            "uptime": time.time() - self._started,
            "calls": dict(sorted(self._api.counts.items())),
            "not_understood": network.not_understood() if network else {},
            "permissions": {caller: dict(sorted(asked.items())) for caller, asked in self._api.gate.asked.items()},
        }


class _Quiet(WSGIRequestHandler):
    """HTTP/1.1 with connections kept open; requests go to the log, not to the screen.

    A connection is closed if no request begins within ``IDLE_SECONDS``, or one has not come whole after
    ``REQUEST_SECONDS``, also if it comes byte by byte.
    """

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    server: _Server

    def handle_one_request(self) -> None:
        self.server.wait_for(self.connection, IDLE_SECONDS)
        super().handle_one_request()

    def parse_request(self) -> bool:
        self.server.wait_for(self.connection, REQUEST_SECONDS)
        return super().parse_request()

    def make_environ(self) -> WSGIEnvironment:
        environ = super().make_environ()
        environ[HAS_COME] = partial(self.server.has_come, self.connection)
        return environ

    def send_response(self, code: int, message: str | None = None) -> None:
        """Without ``Server``, which differs between AWS's services."""
        self.log_request(code)
        self.send_response_only(code, message)
        self.send_header("Date", self.date_time_string())

    def log(self, type: str, message: str, *args: Any) -> None:
        log.debug(message, *args)

    def connection_dropped(self, error: BaseException, environ: WSGIEnvironment | None = None) -> None:
        """Close the connection if the caller has left or is to get no answer."""
        self.close_connection = True


class _Server(ThreadedWSGIServer):
    """At most ``MOST_CONNECTIONS`` are open: for one more, the one that has been waiting longest for a request is
    closed, so that nobody is kept out by connections that say nothing."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.waiting: dict[socket.socket, float] = {}
        """The connections on which no request is being answered, the longest wait first, and until when they may."""
        self._open: set[socket.socket] = set()
        self._given_up: set[socket.socket] = set()

    def wait_for(self, connection: socket.socket, seconds: float) -> None:
        """Wait for what comes on a connection, at most so long."""
        self.waiting.pop(connection, None)
        self.waiting[connection] = time.monotonic() + seconds

    def has_come(self, connection: socket.socket) -> None:
        """A request has come whole.  Raises ClientDisconnected if the connection was given up: without an answer the
        caller sends it again, so it must not be carried out."""
        self.waiting.pop(connection, None)
        if connection in self._given_up:
            raise ClientDisconnected

    def service_actions(self) -> None:
        """Called all the time: give up connections on which nothing whole has come in time."""
        now = time.monotonic()
        for connection, until in list(self.waiting.items()):
            if until < now:
                self._give_up(connection)

    def _give_up(self, connection: socket.socket) -> None:
        """Close a connection, unless a request on it has come whole in this moment."""
        self._given_up.add(connection)
        if self.waiting.pop(connection, None) is None:
            self._given_up.discard(connection)
            return
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)  # its thread closes it

    def process_request(self, request: Any, client_address: Any) -> None:
        if len(self._open) >= MOST_CONNECTIONS:
            self.wait_for(request, IDLE_SECONDS)
            self._give_up(next(iter(list(self.waiting))))
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        self._given_up.discard(request)
        self.waiting.pop(request, None)
        super().shutdown_request(request)


def _listen(port: int, app: Api) -> BaseWSGIServer:
    """The server on a socket bound here: werkzeug would print and exit if the port is taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
            listening.listen(128)
        except OSError as error:
            raise _unavailable(port, error) from error
        return _Server(HOST, listening.getsockname()[1], app, handler=_Quiet, fd=listening.fileno())


def _unavailable(port: int, error: OSError) -> SandboxError:
    why = "in use" if error.errno == errno.EADDRINUSE else f"not to be had: {error.strerror}"
    return SandboxError(
        f"Port {port}, for the sandbox's API, is {why}.",
        code="VPCE114",
        hint="Choose another port with --port, or leave the option out: then a free one is taken.",
    )
