"""The few hosts on the sandbox's internet: who tells you your address, and where packages come from."""

from __future__ import annotations

import asyncio

from vpce_demo.sandbox.network.http import BadMessage, read_head
from vpce_demo.sandbox.network.names import CHECKIP, REPOSITORY
from vpce_demo.sandbox.network.wire import Server, Wire

PACKAGES = ("httpd",)


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


async def _hand_out(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: str) -> None:
    """The package repository: a line with a package's name in, ``yes`` or ``no`` out."""
    while name := (await reader.readline()).decode("utf-8", "replace").strip():
        writer.write(b"yes\n" if name in PACKAGES else b"no\n")
        await writer.drain()


def servers(wire: Wire) -> list[Server]:
    """The servers out there, not started yet."""
    return [Server(wire, CHECKIP, 80, _tell_address), Server(wire, REPOSITORY, 443, _hand_out)]
