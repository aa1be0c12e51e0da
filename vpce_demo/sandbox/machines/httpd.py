"""The instances' web server, known to systemd as ``httpd``: static files out of ``/var/www/html``."""

from __future__ import annotations

import asyncio
import mimetypes
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from urllib.parse import unquote

from vpce_demo.sandbox.machines.disk import Disk
from vpce_demo.sandbox.network.http import BadMessage, Head, read_head

DOCUMENT_ROOT = "/var/www/html"
ACCESS_LOG = "/var/log/httpd/access_log"
KEEP_ALIVE = 5.0
"""Seconds of the machine an idle connection is kept, as Apache's ``KeepAliveTimeout``."""


class Httpd:
    """Serves one instance's files.  ``serve`` takes one connection at a time."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: str) -> None:
        while True:
            try:
                async with asyncio.timeout(KEEP_ALIVE):
                    head = await read_head(reader)
            except TimeoutError:
                return
            except BadMessage:
                await self._answer(writer, client, Head("-", (), {}), HTTPStatus.BAD_REQUEST, {}, b"", last=True)
                return
            if head is None:
                return
            if not await self._respond(writer, client, head):
                return

    async def _respond(self, writer: asyncio.StreamWriter, client: str, head: Head) -> bool:
        """Answer one request; whether the connection stays open for another."""
        method, _, rest = head.first.partition(" ")
        target, _, version = rest.rpartition(" ")
        # A request with a body is answered, but its body is not read: the connection ends there.
        body_follows = head.fields.get("content-length", "0") != "0" or "transfer-encoding" in head.fields
        connection = head.fields.get("connection", "").lower()
        last = body_follows or "close" in connection or (version == "HTTP/1.0" and "keep-alive" not in connection)
        fields: dict[str, str] = {}
        body = b""
        if (
            version not in ("HTTP/1.0", "HTTP/1.1")
            or not target
            or (version == "HTTP/1.1" and "host" not in head.fields)
        ):
            status, last = HTTPStatus.BAD_REQUEST, True
        elif method not in ("GET", "HEAD"):
            status, fields["Allow"] = HTTPStatus.METHOD_NOT_ALLOWED, "GET, HEAD"
        else:
            status, fields, body = self._find(target)
        await self._answer(writer, client, head, status, fields, body, last)
        return not last

    def _find(self, target: str) -> tuple[HTTPStatus, dict[str, str], bytes]:
        path = unquote(target.partition("?")[0])
        try:
            file = self._disk.path(f"{DOCUMENT_ROOT}/{path}", below=DOCUMENT_ROOT)
            if file.is_dir():
                if not path.endswith("/"):
                    return HTTPStatus.MOVED_PERMANENTLY, {"Location": f"{target.partition('?')[0]}/"}, b""
                file = file / "index.html"
                if not file.is_file():
                    return HTTPStatus.FORBIDDEN, {}, b""
            if not file.is_file():
                return HTTPStatus.NOT_FOUND, {}, b""
            changed = datetime.fromtimestamp(file.stat().st_mtime, UTC)
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            charset = "; charset=UTF-8" if kind.startswith("text/") else ""
            fields = {"Last-Modified": format_datetime(changed, usegmt=True), "Content-Type": kind + charset}
            return HTTPStatus.OK, fields, file.read_bytes()
        except (OSError, ValueError):  # a name too long, or with a NUL in it
            return HTTPStatus.NOT_FOUND, {}, b""

    async def _answer(
        self,
        writer: asyncio.StreamWriter,
        client: str,
        head: Head,
        status: HTTPStatus,
        fields: dict[str, str],
        body: bytes,
        last: bool,
    ) -> None:
        if status is not HTTPStatus.OK:
            body = f"<html><h1>{status.value} {status.phrase}</h1></html>\n".encode()
            fields = {**fields, "Content-Type": "text/html; charset=UTF-8"}
        now = datetime.now(UTC)
        fields = {
            "Date": format_datetime(now, usegmt=True),
            "Server": "httpd",
            **fields,
            "Content-Length": str(len(body)),
            **({"Connection": "close"} if last else {}),
        }
        lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in fields.items())]
        sent = b"" if head.first.startswith("HEAD ") else body
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + sent)
        quoted = head.first.replace("\\", "\\\\").replace('"', '\\"')
        agent = head.fields.get("user-agent", "-").replace('"', '\\"')
        stamp = now.strftime("%d/%b/%Y:%H:%M:%S +0000")
        with suppress(OSError):  # a full disk has no room for a log, and Apache answers all the same
            self._disk.append(
                ACCESS_LOG, f'{client} - - [{stamp}] "{quoted}" {status.value} {len(sent)} "-" "{agent}"\n'
            )
        await writer.drain()
