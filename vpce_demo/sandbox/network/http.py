"""As much of HTTP/1.1 (RFC 9112) as the sandbox's own server, client and proxy share: reading a message's head."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

MOST_HEADERS = 100


class BadMessage(Exception):
    """What came is no HTTP."""


@dataclass(frozen=True)
class Head:
    """The first line and the header lines; ``fields`` has lower-case names, ``lines`` is as received."""

    first: str
    lines: tuple[str, ...]
    fields: dict[str, str]


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """Read up to the empty line; ``None`` if the other side closed before it said anything."""
    lines: list[str] = []
    while True:
        try:
            raw = await reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as end:
            if not lines and not end.partial:
                return None
            raise BadMessage("it ends in the middle of the headers") from end
        except asyncio.LimitOverrunError as long:
            raise BadMessage("a header line is too long") from long
        line = raw.decode("latin-1").rstrip("\r\n")
        if not line and lines:
            break
        if line:
            lines.append(line)
        if len(lines) > MOST_HEADERS:
            raise BadMessage("there are too many headers")
    fields = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise BadMessage("a header line has no name")
        fields[name.lower()] = value.strip()
    return Head(lines[0], tuple(lines[1:]), fields)
