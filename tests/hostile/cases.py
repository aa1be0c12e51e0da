"""Made-up input: anything at all, and documents that are almost right."""

from __future__ import annotations

import contextlib
import copy
import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from vpce_demo.errors import DemoError

MANY = settings(
    max_examples=min(60, settings().max_examples // 2 + 10),
    deadline=None,  # the machine may be busy; what hangs is caught by ``within_bounds``
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
"""Each parser has two tests with so many, 60 in a search: any bytes, and documents that are almost right."""

SECONDS, BYTES = 10.0, 100_000_000

NASTY: list[Any] = [
    *(
        "",
        "\0",
        "\x1b[2J",
        "\x9b2J",
        "\u202e",
        "\u2028",
        "\u0600",
        "a\nb",
        "é",
        "x" * 5000,
        "../../etc/passwd",
        "-1",
        "null",
        "{{x}}",
        "$(id)",
        "'; --",
    ),
    *(True, False, None, 0, -1, 2**63, 10**400, 1e308, float("inf"), float("nan"), [], {}, [[]], {"": {}}),
]
"""Values that parsers stumble over."""

SCALARS = st.sampled_from(NASTY) | st.text(max_size=20) | st.integers() | st.floats() | st.booleans() | st.none()
TEXTS = st.text(st.characters(), max_size=200)
"""Surrogates among them."""


SHORT = st.text(max_size=8)


def values(keys: st.SearchStrategy[str] = SHORT) -> st.SearchStrategy[Any]:
    """Anything that JSON can say, and a little more; keys of mappings are such."""
    return st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5), max_leaves=12
    )


@st.composite
def almost(draw: st.DrawFn, document: Any) -> Any:
    """The document with one to three of its values replaced, removed, renamed or put one level deeper."""
    changed = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        spots = list(_spots(changed))
        if not spots:
            return draw(values())
        holder, key = draw(st.sampled_from(spots))
        match draw(st.sampled_from(["replace", "replace", "remove", "rename", "deeper"])):
            case "replace":
                holder[key] = draw(values())
            case "remove":
                del holder[key]
            case "rename" if isinstance(holder, dict):
                holder[draw(SHORT)] = holder.pop(key)
            case _:
                holder[key] = [holder[key]]
    return changed


def _spots(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        yield value, key
        yield from _spots(inner)


@st.composite
def torn(draw: st.DrawFn, text: bytes) -> bytes:
    """The text with a piece cut out, put in or doubled."""
    at = draw(st.integers(0, len(text)))
    to = draw(st.integers(at, len(text)))
    piece = draw(st.binary(max_size=20) | st.sampled_from([b"\0", b"\xff", b"\xc3\x28", b"[" * 3000, b"\r", b"*a &a"]))
    return text[:at] + piece + text[draw(st.sampled_from([at, to])) :]


def as_json(value: Any) -> str:
    """JSON as Python writes it, with its infinities; a number that is too long for Python is left to it."""
    return json.dumps(value)


@contextlib.contextmanager
def within_bounds() -> Iterator[None]:
    """What happens inside takes neither for ever nor all the memory."""
    began, before = time.process_time(), _most_memory()
    yield
    assert time.process_time() - began < SECONDS
    assert _most_memory() - before < BYTES


def _most_memory() -> int:
    """The most bytes that this process has ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@contextlib.contextmanager
def only(kind: type[DemoError]) -> Iterator[list[DemoError]]:
    """What happens inside ends well, or with an error of ours: then that is in the list, short and harmless to show."""
    refused: list[DemoError] = []
    try:
        yield refused
    except kind as error:
        refused.append(error)
    for one in refused:
        told = "\n".join([one.message, *one.facts, *one.facts.values(), one.hint])
        assert len(told) < 10_000
        assert all(each.isprintable() or each == "\n" for each in told), told


def everything_in(directory: Path) -> dict[str, tuple[int, bytes]]:
    """All files below a directory, with their modes and contents."""
    return {
        str(path.relative_to(directory)): (path.stat().st_mode, path.read_bytes())
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }
