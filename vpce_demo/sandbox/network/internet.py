"""The few hosts on the sandbox's internet: who tells you your address, and AWS's own services; and the instance
metadata service."""

from __future__ import annotations

import asyncio
import secrets

from vpce_demo.sandbox.network.aws import Services
from vpce_demo.sandbox.network.http import BadMessage, read_head
from vpce_demo.sandbox.network.names import AWS, CHECKIP, METADATA
from vpce_demo.sandbox.network.tls import server_context
from vpce_demo.sandbox.network.wire import Server, Wire
from vpce_demo.sandbox.store.view import View


async def _tell_address(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: str) -> None:
    """``checkip.amazonaws.com``: the address you come from, and a line feed."""
    try:
        if await read_head(reader) is None:
            return
    except BadMessage:
        return
    body = f"{client}\n"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write((head + body).encode())
    await writer.drain()


class _Metadata:
    """The instance metadata service, for the instance whose interface asks: version 2 with its token, and version 1."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._token = secrets.token_urlsafe(40)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: str) -> None:
        try:
            head = await read_head(reader)
        except BadMessage:
            return
        if head is None:
            return
        method, path, *_ = f"{head.first}  ".split(" ")
        status, body = self._answer(method, path, head.fields.get("x-aws-ec2-metadata-token"), client)
        headers = f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(f"HTTP/1.1 {status}\r\n{headers}{body}".encode("utf-8", "replace"))
        await writer.drain()

    def _answer(self, method: str, path: str, token: str | None, interface_id: str) -> tuple[str, str]:
        """Status and body."""
        if (method, path) == ("PUT", "/latest/api/token"):
            return "200 OK", self._token
        if token not in (None, self._token):
            return "401 Unauthorized", ""
        known, folder = _metadata(self._wire.view(), interface_id), path.rstrip("/") + "/"
        inside = sorted({each.removeprefix(folder).split("/")[0] for each in known if each.startswith(folder)})
        return ("200 OK", known.get(path) or "\n".join(inside)) if path in known or inside else ("404 Not Found", "")


def _metadata(view: View, interface_id: str) -> dict[str, str]:
    """What the service knows of the instance with this interface, by path; nothing if it is gone."""
    interface = view.interfaces.get(interface_id)
    if interface is None:
        return {}
    zone = view.subnets[interface.subnet_id].zone
    known = {
        "hostname": interface.hostname,
        "instance-id": interface.holder_id,
        "local-hostname": interface.hostname,
        "local-ipv4": interface.address,
        "placement/availability-zone": zone,
        "placement/region": zone[:-1],
        "public-ipv4": interface.public_address or "",
    }
    return {f"/latest/meta-data/{path}": value for path, value in known.items() if value}


def servers(wire: Wire) -> list[Server]:
    """The servers out there, not started yet."""
    tls, services = server_context(), Services(wire)
    return [
        Server(wire, CHECKIP, 80, _tell_address),
        Server(wire, CHECKIP, 443, _tell_address, tls),
        Server(wire, AWS, 80, services.serve),
        Server(wire, AWS, 443, services.serve, tls),
        Server(wire, METADATA, 80, _Metadata(wire).serve),
    ]
