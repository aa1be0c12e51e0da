"""Texts that teach: a page for each step of the tutorial and for each topic, in English and in Japanese.

They are Markdown under ``texts/``, a folder for each language.  The ``aws`` commands of the steps are the same in both,
and so stand once, under ``texts/commands/``: one after the other they are a script that does the whole tutorial.  What
changes from demo to demo stands in braces; ``placeholders.py`` knows what for.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError

TEXTS = Path(__file__).parent / "texts"
LANGUAGES = ("en", "ja")
_FILE = re.compile(r"(?P<number>\d\d(?:-\d(?=-))?)-(?P<name>.+)\.md")
# A line that ends in Japanese punctuation goes on without a space, unless something of its own begins below.
_LINE_GOES_ON = re.compile(r"(?<=[。、）」：])\n(?=[^\s\-|#>`\d]|`[^`]|\d(?!\. ))")


@dataclass(frozen=True)
class Page:
    """One text.

    ``of_a_step`` tells the tutorial's steps from topics; ``number`` is its place in the order of its kind, ``07`` or
    ``15-2``; ``text`` is what stands below the title.
    """

    of_a_step: bool
    number: str
    name: str
    title: str
    text: str

    @property
    def step(self) -> int:
        """The number of the tutorial's step that a page of the steps is about."""
        return int(self.number.partition("-")[0])


def language(environment: Mapping[str, str] = os.environ) -> str:
    """``VPCE_DEMO_LANG``, else the language of the locale, as POSIX finds it; English where there is no text in that.

    Raises ConfigError where VPCE_DEMO_LANG names no language of the texts.
    """
    if asked := environment.get("VPCE_DEMO_LANG"):
        if asked not in LANGUAGES:
            raise ConfigError(f"VPCE_DEMO_LANG is '{asked}', and there are texts in {' and '.join(LANGUAGES)}.")
        return asked
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environment.get(name))), "")
    return "ja" if locale.startswith("ja") else "en"


def steps(lang: str) -> list[Page]:
    """The pages of the steps, in the order of the tutorial's; step 15 has two."""
    return _pages(lang, "steps")


def topics(lang: str) -> list[Page]:
    """The pages that explain one thing each, in the order in which they are best read."""
    return _pages(lang, "topics")


def topic(name: str, lang: str) -> list[Page]:
    """The page of a topic, or those of a step by its number.  Raises ConfigError, with the nearest name, for others."""
    pages = [page for page in topics(lang) if page.name == name]
    if not pages and name.isdecimal():
        pages = [page for page in steps(lang) if page.step == int(name)]
    if not pages:
        near = difflib.get_close_matches(name.lower(), [page.name for page in topics(lang)], n=1)
        raise ConfigError(
            f"There is no topic '{name}'" + (f"; did you mean '{near[0]}'?" if near else "."),
            hint="See all topics:  vpce-demo explain",
        )
    return pages


def welcome(lang: str, place: str) -> Page:
    """The page before the first step, on ``aws`` or in the ``sandbox``."""
    page = _page(TEXTS / lang / "welcome.md")
    more = _joined((TEXTS / lang / f"welcome-{place}.md").read_text(encoding="utf-8"))
    return Page(False, "", page.name, page.title, f"{page.text}\n{more}")


def words(lang: str) -> Mapping[str, str]:
    """The small words around the pages."""
    read: dict[str, str] = json.loads((TEXTS / lang / "words.json").read_text(encoding="utf-8"))
    return read


def heading(page: Page, last: int, said: Mapping[str, str]) -> str:
    """The title of a step's page, with its place among so many."""
    step, _, part = page.number.partition("-")
    return said["part" if part else "step"].format(number=int(step), part=part, last=last, title=page.title)


def _pages(lang: str, folder: str) -> list[Page]:
    return [_page(file) for file in sorted((TEXTS / lang / folder).glob("*.md"))]


def _page(file: Path) -> Page:
    match = _FILE.fullmatch(file.name)
    number, name = (match["number"], match["name"]) if match else ("", file.stem)
    title, _, text = _joined(file.read_text(encoding="utf-8")).partition("\n")
    if "{commands}" in text:
        commands = (TEXTS / "commands" / f"{number}.sh").read_text(encoding="utf-8")
        text = text.replace("{commands}", commands.rstrip("\n"))
    return Page(file.parent.name == "steps", number, name, title.removeprefix("# "), text.strip("\n") + "\n")


def _joined(text: str) -> str:
    return _LINE_GOES_ON.sub("", text)
