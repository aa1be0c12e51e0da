"""The instances' ssh server: user ``ec2-user``, the keys the instance was launched with, the instance's own shell, and
connections from the instance on (``ssh -J``, ``-W``, ``-L``)."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, cast

import asyncssh
from asyncssh.stream import SSHTCPStreamSession

from vpce_demo.sandbox.machines.shell import Exit, Host, Shell
from vpce_demo.sandbox.network.pace import cancelled
from vpce_demo.sandbox.network.wire import LOOPBACK, TCP_PATIENCE, Connection, ConnectionRefused, Unanswered

log = logging.getLogger(__name__)
logging.getLogger("asyncssh").setLevel(logging.WARNING)

USER = "ec2-user"
PORT = 22
MACS = ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"]
"""How it proves that nothing was changed on the way: nothing by SHA-1."""
INTERRUPTED = 130
CHUNK = 65536
"""Bytes of a forwarded connection that are carried at once."""


class Sshd:
    """Listens while the machine is up.  The host key is made at the first boot, as on EC2, and announced in its log."""

    def __init__(self, machine: Host) -> None:
        self._machine = machine
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._stopped = False
        self._forwarding: set[asyncio.Task[Any]] = set()

    def announcement(self) -> list[str]:
        """What the boot log says of the host key, so that a client can know it beforehand."""
        public = self._host_key.export_public_key().decode().strip()
        return [
            "-----BEGIN SSH HOST KEY FINGERPRINTS-----",
            f"256 {self._host_key.get_fingerprint()} (ED25519)",
            "-----END SSH HOST KEY FINGERPRINTS-----",
            "-----BEGIN SSH HOST KEY KEYS-----",
            public,
            "-----END SSH HOST KEY KEYS-----",
        ]

    async def start(self, public_keys: tuple[str, ...]) -> None:
        self._stopped = False
        keys = []
        for line in public_keys:
            try:
                keys.append(asyncssh.import_public_key(line))
            except asyncssh.KeyImportError:
                self._machine.say("sshd: one of the instance's public keys is not understood, and left out")
        listening = socket.create_server((LOOPBACK, 0))
        try:
            self._acceptor = await asyncssh.listen(
                sock=listening,
                server_factory=lambda: _Login(self, keys),
                server_host_keys=[self._host_key],
                mac_algs=MACS,
                process_factory=self._session,
                encoding="utf-8",
                errors="surrogateescape",
                password_auth=False,
                kbdint_auth=False,
                agent_forwarding=False,
                allow_scp=False,
            )
        except BaseException:  # cancelled while it starts: nobody else would close it
            asyncio.get_running_loop().remove_reader(listening)
            listening.close()
            raise
        self._machine.wire.listen(self._machine.id, PORT, self._acceptor.get_port())

    async def stop(self) -> None:
        self._stopped = True
        self._machine.wire.unlisten(self._machine.id, PORT)
        if self._acceptor is None:
            return
        self._acceptor.close()
        for connection in list(self._connections):
            connection.abort()
            await connection.wait_closed()
        await cancelled(*self._forwarding)
        await self._acceptor.wait_closed()
        self._acceptor = None

    def admit(self, connection: asyncssh.SSHServerConnection) -> None:
        """Keep track of a connection, unless it did not come over the wire, or came in while the server stopped."""
        if self._stopped or self._machine.wire.client(connection.get_extra_info("peername")[1]) is None:
            connection.abort()
        else:
            self._connections.add(connection)

    def dismiss(self, connection: asyncssh.SSHServerConnection) -> None:
        self._connections.discard(connection)

    async def forward(self, host: str, port: int) -> asyncssh.SSHTCPSession[bytes]:
        """Connect from the instance to a host, whose bytes the session carries.  Raises ``ChannelOpenError`` if nothing
        answers."""
        address, words = self._machine.resolve(host), "Name or service not known"
        stack = AsyncExitStack()
        try:
            if address:
                connection = await stack.enter_async_context(
                    self._machine.wire.connect(self._machine.interface.id, address, port, TCP_PATIENCE)
                )
                return SSHTCPStreamSession(partial(self._carry, stack, connection))
        except ConnectionRefused:
            words = "Connection refused"
        except Unanswered:
            words = "Connection timed out"
        except LookupError:
            words = "Network is unreachable"  # the instance has gone
        raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, words)

    async def _carry(self, *what: Any) -> None:
        """Carry a forwarded connection, no longer than the server runs."""
        task = asyncio.current_task()
        assert task is not None
        self._forwarding.add(task)
        try:
            await _carry(*what)
        finally:
            self._forwarding.discard(task)

    async def _session(self, process: asyncssh.SSHServerProcess[str]) -> None:
        shell = Shell(self._machine, USER, process.stdout.write, process.stderr.write)
        try:
            if process.command is None:
                code = await _converse(process, shell)
            else:
                code = await _until_closed(process, shell.run(process.command))
            process.exit(code)
        except (asyncssh.Error, ConnectionError, LookupError):
            process.close()  # the client, or the instance under it, has gone
        except Exception:
            log.exception("a session on %s failed", self._machine.id)
            process.exit(255)


class _Login(asyncssh.SSHServer):
    def __init__(self, sshd: Sshd, keys: list[asyncssh.SSHKey]) -> None:
        self._sshd, self._keys = sshd, keys

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._conn = conn
        self._sshd.admit(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        self._sshd.dismiss(self._conn)

    def connection_requested(
        self, dest_host: str, dest_port: int, orig_host: str, orig_port: int
    ) -> Any:  # asyncssh awaits it, though its types do not say so
        return self._sshd.forward(dest_host, dest_port)

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == USER and key in self._keys


async def _carry(
    stack: AsyncExitStack,
    connection: Connection,
    reader: asyncssh.SSHReader[bytes],
    writer: asyncssh.SSHWriter[bytes],
) -> None:
    """Carry bytes both ways until the host is done, or the client has gone."""

    async def upwards() -> None:
        try:
            while data := await reader.read(CHUNK):
                connection.writer.write(data)
                await connection.writer.drain()
        finally:
            connection.writer.write_eof()

    async with stack:
        up = asyncio.ensure_future(upwards())
        try:
            while data := await connection.reader.read(CHUNK):
                writer.write(data)
                await writer.drain()
        except (asyncssh.Error, ConnectionError):
            pass
        finally:
            await cancelled(up)
            writer.close()


async def _until_closed(process: asyncssh.SSHServerProcess[str], running: Coroutine[Any, Any, int]) -> int:
    """Let a command run, but not longer than the client stays."""
    command = asyncio.ensure_future(running)
    closed = asyncio.ensure_future(process.wait_closed())
    try:
        await asyncio.wait({command, closed}, return_when=asyncio.FIRST_COMPLETED)
        return command.result() if command.done() else INTERRUPTED
    finally:
        await cancelled(command, closed)


async def _converse(process: asyncssh.SSHServerProcess[str], shell: Shell) -> int:
    """Prompt, line, command, until ``exit`` or the end of the input.  Ctrl-C ends the command that runs."""
    interactive = process.term_type is not None
    short = shell.machine.hostname.partition(".")[0]
    reading = asyncio.ensure_future(process.stdin.readline())
    running: asyncio.Future[int] | None = None
    prompt = True
    try:
        while True:
            if interactive and prompt:
                process.stdout.write(f"[{USER}@{short} ~]$ ")
            prompt = True
            try:
                line = await reading
            except asyncssh.BreakReceived:
                cast(asyncssh.SSHLineEditorChannel, process.channel).clear_input()
                process.stdout.write("^C\n")
                shell.code = INTERRUPTED
                line = "\n"
            except asyncssh.TerminalSizeChanged:
                line, prompt = "\n", False
            if not line:
                return shell.code
            reading = asyncio.ensure_future(process.stdin.readline())
            running = asyncio.ensure_future(shell.run_line(line))
            await asyncio.wait({running, reading}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done() and isinstance(reading.exception(), asyncssh.BreakReceived):
                await cancelled(running)
                continue
            try:
                await running
            except Exit as end:
                return end.code
    finally:
        await cancelled(reading, *([running] if running else []))
