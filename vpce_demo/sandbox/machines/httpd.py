"""The instances' web servers: a ``Site`` serves the files of a folder; ``UNITS`` are those that systemd knows."""

from __future__ import annotations

import asyncio
import html
import mimetypes
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, unquote

from vpce_demo.sandbox.machines.disk import Disk
from vpce_demo.sandbox.network.http import BadMessage, Head, read_head

KEEP_ALIVE = 5.0
"""Seconds of the machine an idle connection is kept, as Apache's ``KeepAliveTimeout``."""
LARGEST_SETTINGS = 1 << 16
"""Bytes of a web server's settings that are read."""


@dataclass(frozen=True)
class Unit:
    """A web server that a package of the same name brings.

    Its file ``settings`` has ``text`` at first; the first line that begins with ``port``, and with ``root``, counts.
    ``page`` is what the package puts into the folder that it serves.
    """

    title: str
    settings: str
    text: str
    port: str
    root: str
    folder: str
    log: str
    page: str = ""

    def left_out(self, disk: Disk) -> list[str]:
        """Further settings that somebody wrote, which are not read."""
        return sorted(disk.inside(each) for each in disk.path(self.more).glob("*.conf"))

    @property
    def more(self) -> str:
        """The folder for further settings."""
        return f"/etc/{self.name}/conf.d"

    @property
    def name(self) -> str:
        return self.settings.split("/")[2]

    def site(self, disk: Disk) -> tuple[int, Site]:
        """Port and site as the settings say.  Raises ``OSError`` and ``ValueError`` if they cannot be used."""
        with disk.path(self.settings).open("rb") as file:
            lines = file.read(LARGEST_SETTINGS).decode("utf-8", "replace").splitlines()
        words = [line.split("#")[0].replace('"', " ").replace(";", " ").split() for line in lines]
        first = {line[0]: line[1] for line in reversed(words) if len(line) > 1}
        port = int(first.get(self.port, "").rpartition(":")[2])
        if not 0 < port < 65536:
            raise ValueError(f"{port} is not a port")
        disk.append(self.log, "")
        return port, Site(disk, first.get(self.root, self.folder), self.name, self.log)


UNITS = {
    "httpd": Unit(
        title="The Apache HTTP Server",
        settings="/etc/httpd/conf/httpd.conf",
        text='ServerRoot "/etc/httpd"\nListen 80\nDocumentRoot "/var/www/html"\n',
        port="Listen",
        root="DocumentRoot",
        folder="/var/www/html",
        log="/var/log/httpd/access_log",
    ),
    "nginx": Unit(
        title="The nginx HTTP and reverse proxy server",
        settings="/etc/nginx/nginx.conf",
        text="http {\n    server {\n        listen       80;\n        root         /usr/share/nginx/html;\n    }\n}\n",
        port="listen",
        root="root",
        folder="/usr/share/nginx/html",
        log="/var/log/nginx/access.log",
        page="<html><h1>Welcome to nginx!</h1></html>\n",
    ),
}
"""By the name of the unit, which is the package's too."""


class Site:
    """Serves the files of one folder of an instance as the program ``name``; ``lists`` shows a folder without
    ``index.html``.  ``serve`` takes one connection at a time."""

    def __init__(self, disk: Disk, folder: str, name: str, log: str = "", lists: bool = False) -> None:
        self._disk, self._name, self._log, self._lists = disk, name, log, lists
        self._folder = disk.inside(disk.path(folder))

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
            file = self._disk.path(f"{self._folder}/{path}", below=self._folder)
            if file.is_dir():
                if not path.endswith("/"):
                    return HTTPStatus.MOVED_PERMANENTLY, {"Location": f"{target.partition('?')[0]}/"}, b""
                folder, file = file, file / "index.html"
                if not file.is_file() and self._lists:
                    return HTTPStatus.OK, {"Content-Type": "text/html; charset=utf-8"}, _listing(folder)
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
            "Server": self._name,
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
        if self._log:
            with suppress(OSError):  # a full disk has no room for a log, and Apache answers all the same
                self._disk.append(
                    self._log, f'{client} - - [{stamp}] "{quoted}" {status.value} {len(sent)} "-" "{agent}"\n'
                )
        await writer.drain()


def _listing(folder: Path) -> bytes:
    names = sorted(f"{each.name}/" if each.is_dir() else each.name for each in folder.iterdir())
    items = "".join(f'<li><a href="{quote(each)}">{html.escape(each)}</a></li>\n' for each in names)
    return f"<h1>Directory listing</h1>\n<ul>\n{items}</ul>\n".encode("utf-8", "replace")
