"""Reading user data: what it asks an instance to do at its first boot.

The sandbox obeys scripts for ``bash`` and ``sh`` as far as its own ``shell`` goes; of a ``#cloud-config`` the modules
``packages``, ``write_files``, ``runcmd``; and MIME multipart of these.  User data is somebody's text, so nothing
in it is trusted: whatever is not understood becomes a warning for the boot log, never an exception, and no value of
unknown shape is ever printed (a few YAML aliases can stand for gigabytes).
Source: the cloud-init reference, "User data formats", modules "Package update upgrade install", "Write files",
"Runcmd", "Scripts user".
"""

from __future__ import annotations

import base64
import binascii
import email
import re
import shlex
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import yaml

from vpce_demo.sandbox.limits import LARGEST_DISK

LARGEST_FILE = 1 << 20
"""Bytes one file may have after unpacking."""
MOST_ITEMS = 100
"""How many items of one list are looked at."""
MOST_PARTS = 20
"""How many parts of MIME multipart are looked at."""
SCRIPT = re.compile(r"#!\s*(?:/usr/bin/env\s+|(?:/usr)?/bin/)(?:bash|sh)(?P<options>(?:\s+-[a-z]+)*)")
"""The first line of a script that the sandbox runs; the options are as for ``set``."""
_MIME = re.compile(r"(?:Content-Type|MIME-Version):", re.IGNORECASE)
_IGNORED = {"package_update", "package_upgrade", "package_reboot_if_required"}
"""They have no effect here: every package is the newest."""


@dataclass(frozen=True)
class File:
    """A file to write; ``mode`` as for ``chmod``."""

    path: str
    content: bytes
    mode: int = 0o644
    append: bool = False


@dataclass(frozen=True)
class Orders:
    """What user data asks for, in the order in which cloud-init does it, and what in it was not understood."""

    files: list[File] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read(text: str) -> Orders:
    """Read user data; never fails."""
    orders = Orders()
    if _MIME.match(text):
        _multipart(orders, text)
    elif text.strip():
        _read_one(orders, text)
    return orders


def _multipart(orders: Orders, text: str) -> None:
    parts: list[Any] = []
    with suppress(RecursionError):  # parts in parts in parts
        message = email.message_from_bytes(text.encode("utf-8", "replace"))
        parts = [part for part in message.walk() if message.is_multipart() and not part.is_multipart()]
    if not parts:
        orders.warnings.append("user data is not valid MIME multipart: it is not obeyed")
    if len(parts) > MOST_PARTS:
        orders.warnings.append(f"MIME multipart: only the first {MOST_PARTS} parts are looked at")
    for part in parts[:MOST_PARTS]:
        content = part.get_payload(decode=True)
        _read_one(orders, content.decode("utf-8", "replace") if isinstance(content, bytes) else "")


def _read_one(orders: Orders, text: str) -> None:
    """A script or a ``#cloud-config``, told apart by its first line, as cloud-init does with what has no type."""
    first = text.split("\n", 1)[0]
    if first.startswith("#!"):
        if first.endswith("\r"):
            orders.warnings.append("user data has the line ends of Windows, with which no script runs on AWS")
        elif not SCRIPT.fullmatch(first.strip()):
            orders.warnings.append(f"user data is a script for {_short(first[2:].strip())}: only bash and sh are known")
        else:
            orders.scripts.append(text)
    elif first.strip() == "#cloud-config":
        _cloud_config(orders, text)
    else:
        orders.warnings.append("user data begins neither with #cloud-config nor with #!: it is not obeyed")


def _cloud_config(orders: Orders, text: str) -> None:
    try:
        # BaseLoader makes only texts, lists and mappings: nothing in a document can construct anything.
        wanted = yaml.load(text, yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" (line {where.line + 1})" if where else ""
        orders.warnings.append(f"user data is not valid YAML{line}: it is not obeyed")
        return
    if not isinstance(wanted, dict):
        if wanted:
            orders.warnings.append("user data is no mapping of cloud-config modules: it is not obeyed")
        return
    readers = {"packages": _package, "write_files": _file, "runcmd": _command}
    for key, value in wanted.items():
        if key in _IGNORED:
            continue
        if key not in readers:
            orders.warnings.append(f"{_short(key)}: the sandbox does not know this module and leaves it out")
            continue
        if not isinstance(value, list):
            orders.warnings.append(f"{key}: should be a list")
            continue
        if len(value) > MOST_ITEMS:
            orders.warnings.append(f"{key}: only the first {MOST_ITEMS} are looked at")
        for number, item in enumerate(value[:MOST_ITEMS], start=1):
            try:
                readers[key](orders, item)
            except _Wrong as wrong:
                orders.warnings.append(f"{key}, number {number}: {wrong}")


class _Wrong(Exception):
    """One item of the user data makes no sense."""


def _short(value: object) -> str:
    return repr(value[:60]) if isinstance(value, str) else f"a {type(value).__name__}"


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise _Wrong(f"{what} should be text")
    return value


def _package(orders: Orders, item: object) -> None:
    if isinstance(item, list) and item:  # [name, version]
        item = item[0]
    orders.packages.append(_text(item, "a package"))


def _command(orders: Orders, item: object) -> None:
    if isinstance(item, list):
        orders.commands.append(shlex.join(_text(word, "every word of a command") for word in item[:MOST_ITEMS]))
    else:
        orders.commands.append(_text(item, "a command"))


def _file(orders: Orders, item: object) -> None:
    if not isinstance(item, dict):
        raise _Wrong("should be a mapping with a path and a content")
    path = _text(item.get("path"), "path")
    if not path.startswith("/") or "\0" in path:
        raise _Wrong("path should be absolute")
    try:
        content = _text(item.get("content", ""), "content").encode()
    except UnicodeEncodeError:
        raise _Wrong("content is not Unicode") from None
    encoding = _text(item.get("encoding", ""), "encoding").lower()
    mode = _text(item.get("permissions", "0644"), "permissions").removeprefix("0o")
    if not re.fullmatch("[0-7]{1,5}", mode):
        raise _Wrong("permissions should be octal digits")
    permissions = int(mode, 8) & 0o777
    append = _text(item.get("append", "false"), "append").lower() in ("true", "yes", "on", "1")
    file = File(path, _decoded(content, encoding), permissions, append)
    if sum(len(one.content) for one in (*orders.files, file)) > LARGEST_DISK:
        raise _Wrong("the files before it fill the disk")
    orders.files.append(file)


def _decoded(content: bytes, encoding: str) -> bytes:
    steps = {
        "": (False, False),
        "text/plain": (False, False),
        "b64": (True, False),
        "base64": (True, False),
        "gz": (False, True),
        "gzip": (False, True),
        "gz+b64": (True, True),
        "gz+base64": (True, True),
        "gzip+b64": (True, True),
        "gzip+base64": (True, True),
    }.get(encoding)
    if steps is None:
        raise _Wrong(f"encoding {_short(encoding)} is unknown")
    try:
        if steps[0]:
            content = base64.b64decode(b"".join(content.split()), validate=True)
        if steps[1]:
            unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            content = unpacker.decompress(content, LARGEST_FILE + 1)
            if not unpacker.eof and len(content) <= LARGEST_FILE:
                raise _Wrong("content ends too early for gzip")
    except (binascii.Error, zlib.error):
        raise _Wrong(f"content is not {encoding}") from None
    if len(content) > LARGEST_FILE:
        raise _Wrong(f"content is larger than {LARGEST_FILE} bytes")
    return content
