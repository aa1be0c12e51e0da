"""The command lines that the documentation shows."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / f"{name}.md" for name in ("README", "README.ja", "CONTRIBUTING", "SECURITY")),
    *sorted((ROOT / "docs").glob("*.md")),
]


def documented() -> list[str]:
    """Every line of ``vpce-demo`` in a block or between backquotes, as it stands there, each once."""
    lines = {line for page in PAGES for text in _code(page.read_text()) for line in _commands(text)}
    return sorted(line for line in lines if "COMMAND" not in line)


def files(page: Path) -> dict[str, str]:
    """The files that a page shows whole, by name: a block right after a line that names one."""
    named = re.compile(r"`(\w+\.(?:py|tf))`[^\n]*\n+```\w+\n(.*?)^```", re.DOTALL | re.MULTILINE)
    return dict(named.findall(page.read_text()))


def words(line: str) -> list[str]:
    """What stands after the program's name."""
    return shlex.split(line)[1:]


def _code(page: str) -> Iterator[str]:
    for block in re.findall(r"^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        yield from block.splitlines()
    prose = re.sub(r"^```.*?^```", "", page, flags=re.DOTALL | re.MULTILINE)
    yield from re.findall(r"^    (\S.*)", prose, re.MULTILINE)
    yield from re.findall(r"`([^`\n]+)`", prose)


def _commands(text: str) -> Iterator[str]:
    for part in re.split(r"&&|\$\(|\)|(?<=\s)#", text):
        if part.strip(' "').startswith("vpce-demo "):
            yield " ".join(part.strip(' "').split())
