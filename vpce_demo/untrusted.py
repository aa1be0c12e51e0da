"""Reading what somebody else may have written: bounded, and shown so that it does no harm.

A settings file may come from anywhere, a state file may be damaged, and a portal may answer in the place of a server.
None of them may take the memory of the machine, go on for ever, or put control characters on the terminal.
"""

from __future__ import annotations

import datetime
import errno
import os
import re
import reprlib
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import yaml
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError

from .masking import MASK

LONGEST_SHOWN = 100
"""Characters of somebody's text that are shown."""

_CHUNK = 2**16


class _Briefly(reprlib.Repr):
    def repr_int(self, x: int, level: int) -> str:
        """Python does not write numbers of more than 4300 digits; some versions name the place in memory instead."""
        return super().repr_int(x, level) if x.bit_length() < 10_000 else "a huge int"


_BRIEFLY = _Briefly()
_BRIEFLY.maxstring = _BRIEFLY.maxother = _BRIEFLY.maxlong = LONGEST_SHOWN
_BRIEFLY.maxlevel = 2

_SPACES = dict.fromkeys(map(chr, (0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)), " ")


def text_of(path: Path, largest: int) -> str:
    """The text of a file, or of what a shell hands over as one (``<(...)``, ``/dev/stdin``).

    Raises OSError, and ValueError where it is larger than so many bytes, not UTF-8, or a device or a pipe with a name,
    which may never end or never begin.
    """
    with open(path, "rb", opener=_without_waiting) as file:
        if not _ends(path, os.fstat(file.fileno()).st_mode):
            raise ValueError("it is not a file but a device or a pipe")
        os.set_blocking(file.fileno(), True)
        return _text(file.read(largest + 1), largest)


def text_within(handle: int, largest: int) -> str:
    """The text of an open file, which is closed.  Raises OSError, and ValueError where it is larger or not UTF-8."""
    with open(handle, "rb") as file:
        return _text(file.read(largest + 1), largest)


def _text(content: bytes, largest: int) -> str:
    if len(content) > largest:
        raise ValueError(f"it is larger than {largest} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8: {error.reason} at byte {error.start}") from None


class _Body(Protocol):
    """What an HTTP answer's body is read from."""

    def read1(self, amt: int, /) -> bytes:
        """So many bytes at most, as soon as there are any; none at the end."""


def parts_within(body: _Body, largest: int, seconds: float) -> Iterator[bytes]:
    """The body of an HTTP answer, as it comes.

    Raises ValueError once it is larger than so many bytes or takes longer, and what ``body`` raises.
    """
    until = time.monotonic() + seconds
    while part := body.read1(_CHUNK):
        yield part
        largest -= len(part)
        if largest < 0 or time.monotonic() > until:
            raise ValueError("it is too large" if largest < 0 else f"it takes longer than {seconds:g} s")


def write_text(path: Path, text: str) -> None:
    """Write a file without secrets, or to what a shell hands over as one (``>(...)``, ``/dev/stdout``).

    Raises OSError, also where it is a pipe or a socket that nobody reads.
    """
    try:
        with open(path, "w", encoding="utf-8", errors="replace", opener=_without_waiting) as file:
            os.set_blocking(file.fileno(), True)
            file.write(MASK.text(text))
    except OSError as error:
        if error.errno == errno.ENXIO:
            error.strerror = "nobody reads from it"
        error.filename = error.filename or str(path)
        raise


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe that has a name without waiting for its writer."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY, 0o666)


def _ends(path: Path, mode: int) -> bool:
    """True if it can be read to its end: a file, what a program writes to us, and /dev/null."""
    if stat.S_ISFIFO(mode):
        return path.is_relative_to("/dev") or path.is_relative_to("/proc")
    return stat.S_ISREG(mode) or path == Path(os.devnull)


def shown(value: object) -> str:
    """A value in few characters, whatever it is."""
    return MASK.text(_BRIEFLY.repr(value))


def printable(text: str, longest: int = LONGEST_SHOWN) -> str:
    """A text in few characters, none of which a terminal obeys."""
    text = MASK.text(text)  # before it is cut
    clean = "".join(each if each.isprintable() else "?" for each in text[: longest + 1])
    return clean if len(clean) <= longest else f"{clean[:longest]}..."


def only_printable(text: str) -> str:
    """The text with ``?`` in place of each character that is not printable, line feeds and tabs excepted.

    Not printable are control and format characters (bidirectional marks, zero-width spaces, tags), separators and
    unassigned code points.  Other spaces than the ordinary one become that.
    """
    return _cleaned(text, "\n\t")


def one_line(text: str) -> str:
    """The same without exception: a value on a line of ours, in which a line feed would begin another line."""
    return _cleaned(text, "")


def _cleaned(text: str, kept: str) -> str:
    text = MASK.text(text)  # before it is wrapped
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in kept else _SPACES.get(each, "?") for each in text)


class Misread(ConstructorError):
    """A value that YAML 1.1 reads otherwise than most people do."""


_PLAIN_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*|0x[0-9a-fA-F]+)")


_NO_NAMES = {f"tag:yaml.org,2002:{kind}" for kind in ("bool", "null", "int", "float", "timestamp", "binary")}
"""The types of keys that are written like a name, and are none."""


class _Loader(yaml.SafeLoader):
    """YAML as it stands there: nothing is copied by a name, and no key of two is silently the last one's."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
            if not isinstance(node, yaml.ScalarNode):
                raise
            raw, kind = printable(node.value), printable(node.tag.rpartition(":")[2])
            text = f'YAML takes {raw} for its type {kind}, as which it cannot be read; write "{raw}" in quotes'
            raise Misread(None, None, text, node.start_mark) from None

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            # A few of them can stand for gigabytes.
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise ComposerError(None, None, "an alias (*name) is not taken here", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(key, yaml.ScalarNode):
                if key.tag in _NO_NAMES:
                    raw = printable(key.value)
                    text = f'YAML reads {raw} not as a name; write "{raw}" in quotes'
                    raise Misread(None, None, text, key.start_mark)
                if (key.tag, key.value) in seen:
                    raise ConstructorError(None, None, f"{printable(key.value)} stands here twice", key.start_mark)
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


def _number(loader: _Loader, node: yaml.ScalarNode) -> int:
    number = int(loader.construct_yaml_int(node))
    if not _PLAIN_NUMBER.fullmatch(node.value):  # octal, binary, of base 60, or with underscores
        raw = printable(node.value)
        text = f'YAML reads {raw} as {shown(number)}; write {shown(number)}, or "{raw}" in quotes if it is a text'
        raise Misread(None, None, text, node.start_mark)
    return number


_Loader.add_constructor("tag:yaml.org,2002:int", _number)


_READ_AS: dict[type, Callable[[Any], str]] = {
    bool: lambda value: str(value).lower(),
    datetime.date: lambda value: "a date",
    datetime.datetime: lambda value: "a date",
    type(None): lambda value: "nothing",
}


def misread(node: yaml.Node | None, value: object) -> str:
    """What to say where a text is wanted and YAML made something else of it; empty if it did not."""
    if not isinstance(node, yaml.ScalarNode) or node.style or isinstance(value, str):
        return ""
    if not node.value:
        return "has no value"
    raw, read = printable(node.value), _READ_AS.get(type(value), shown)(value)
    return f'YAML reads {raw} as {"a number" if read == raw else read}; write "{raw}" in quotes'


def read_yaml(text: str) -> tuple[yaml.Node | None, Any]:
    """The nodes of a document, for their places, and what it says.

    Raises YAMLError for what is none, ValueError or RecursionError for values out of all bounds.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        return node, loader.construct_document(node) if node else None
    finally:
        loader.dispose()
