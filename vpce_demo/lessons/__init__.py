"""All texts in English and in Japanese: the pages of ``walkthrough`` and ``explain``, one for each step and each topic,
and the words of the picture and of the report.

The pages are Markdown files under ``texts/``, in a folder for each language, with the words as JSON.  The ``aws``
commands of the steps are the same in both and are kept once, in ``texts/commands/``; together they are a script of the
whole tutorial.  Names in braces stand for values of the demo: see ``placeholders.py``.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from ..errors import ConfigError

TEXTS = Path(__file__).parent / "texts"
Language = Literal["en", "ja"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
_FILE = re.compile(r"(?P<number>\d\d(?:-\d(?=-))?)-(?P<name>.+)\.md")
# After Japanese punctuation the next line is joined without a space, unless it begins a new block.
_LINE_GOES_ON = re.compile(r"(?<=[。、）」：])\n(?=[^\s\-|#>`\d]|`[^`]|\d(?!\. ))")
_TAG = re.compile(r"#(\w+) ?")
_AWS_COMMANDS = re.compile(r"^```sh\n(?=(?:(?!```).)*\baws )", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Apart:
    """A demo whose sides are apart: the line of shell, by side, after which ``aws`` is that side's, and whether they
    are in two ``accounts`` or ``regions``."""

    whose: Mapping[str, str]
    accounts: bool
    regions: bool


@dataclass(frozen=True)
class Page:
    """A page of a step or of a topic.  ``number`` orders them (``07``, ``15-2``); ``text`` is without the title."""

    of_a_step: bool
    number: str
    name: str
    title: str
    text: str

    @property
    def step(self) -> int:
        """The number of the tutorial's step, for a page of a step."""
        return int(self.number.partition("-")[0])


def language(environment: Mapping[str, str] = os.environ) -> Language:
    """The language of ``VPCE_DEMO_LANG``, else of the locale; English if there are no texts in the locale's.

    Raises ConfigError if there are no texts in the language of VPCE_DEMO_LANG.
    """
    if asked := environment.get("VPCE_DEMO_LANG"):
        return language_of(asked, "VPCE_DEMO_LANG")
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environment.get(name))), "")
    return "ja" if locale.startswith("ja") else "en"


def language_of(asked: str, origin: str) -> Language:
    """The language that is asked for by this option or variable.  Raises ConfigError if there are no texts in it."""
    if found := next((lang for lang in LANGUAGES if lang == asked), None):
        return found
    raise ConfigError(f"{origin} is '{asked}', and there are texts in {' and '.join(LANGUAGES)}.", code="VPCE015")


def steps(lang: str, apart: Apart | None = None) -> list[Page]:
    """The pages of the steps, in order; step 15 has two."""
    return _pages(lang, "steps", apart)


def topics(lang: str) -> list[Page]:
    """The pages of the topics, in reading order."""
    return _pages(lang, "topics")


def topic(name: str, lang: str, apart: Apart | None = None) -> list[Page]:
    """The page of a topic or of an error's code (in English), or the pages of a step by its number.

    Raises ConfigError, naming the nearest topic.
    """
    from .errors import ERRORS

    if row := next((row for row in ERRORS if row.code == name.upper()), None):
        return [Page(False, "", row.code, f"{row.code}: {row.title}", row.text)]
    pages = [page for page in topics(lang) if page.name == name]
    if not pages and name.isdecimal():
        pages = [page for page in steps(lang, apart) if page.step == int(name)]
    if not pages:
        if name.isdecimal():
            last = max(page.step for page in steps(lang))
            raise ConfigError(f"There is no step {name}: the tutorial's are 1 to {last}.", code="VPCE016")
        near = difflib.get_close_matches(name.lower(), [page.name for page in topics(lang)], n=1)
        raise ConfigError(
            f"There is no topic '{name}'" + (f"; did you mean '{near[0]}'?" if near else "."),
            code="VPCE016",
            hint="See all topics:  vpce-demo explain",
        )
    return pages


def welcome(lang: str, place: str) -> Page:
    """The page before the first step; ``place`` is ``aws`` or ``sandbox``."""
    page = _page(TEXTS / lang / "welcome.md")
    more = _joined((TEXTS / lang / f"welcome-{place}.md").read_text(encoding="utf-8"))
    return Page(False, "", page.name, page.title, f"{page.text}\n{more}")


@cache
def words(lang: str, of: str = "words") -> Mapping[str, str]:
    """The prompts and labels around the pages; those ``of`` the ``picture`` or the ``report``."""
    read: dict[str, str] = json.loads((TEXTS / lang / f"{of}.json").read_text(encoding="utf-8"))
    return read


def noun(english: str, lang: str) -> str:
    """A noun of AWS's or of the demo's in this language, after what stands before it: ``t3.micro instance``.

    What has none there, such as AWS's states, stays as it is.
    """
    nouns = _japanese_nouns() if lang == "ja" else {}
    before, space, last = english.rpartition(" ")
    return nouns.get(english) or before + space + nouns.get(last, last)


@cache
def _japanese_nouns() -> Mapping[str, str]:
    read: dict[str, str] = json.loads((TEXTS / "nouns.json").read_text(encoding="utf-8"))
    return read


def heading(page: Page, last: int, labels: Mapping[str, str]) -> str:
    """The title of a step's page, with its number out of ``last``."""
    step, _, part = page.number.partition("-")
    return labels["part" if part else "step"].format(number=int(step), part=part, last=last, title=page.title)


def on_the_sandbox(text: str, command: str) -> str:
    """The text, with the first commands of the AWS CLI preceded by what makes all of them run by this command."""
    return _AWS_COMMANDS.sub(lambda match: f'{match[0]}aws() {{ {command} "$@"; }}\n', text, count=1)


def commands(number: str, apart: Apart | None = None) -> str:
    """The commands of a step's page.

    In their file ``#provider`` or ``#consumer`` says whose those below it are.  What comes after ``#accounts`` or
    ``#regions`` is for sides in two of them, ``#region`` for one; ``#apart`` is for either, ``#together`` for neither.
    """
    regions, accounts = bool(apart and apart.regions), bool(apart and apart.accounts)
    wanted = {"regions": regions, "region": not regions, "accounts": accounts, "apart": apart, "together": not apart}
    lines, whose = [], ""
    for line in (TEXTS / "commands" / f"{number}.sh").read_text(encoding="utf-8").splitlines():
        while (match := _TAG.match(line)) and wanted.get(match[1]):
            line = line[match.end() :]
        if match and match[1] in ("provider", "consumer"):
            if apart and match[1] != whose:
                whose = match[1]
                lines.append(apart.whose[whose])
        elif not match:
            lines.append(line)
    return "\n".join(lines)


def _pages(lang: str, folder: str, apart: Apart | None = None) -> list[Page]:
    return [_page(file, apart) for file in sorted((TEXTS / lang / folder).glob("*.md"))]


def _page(file: Path, apart: Apart | None = None) -> Page:
    match = _FILE.fullmatch(file.name)
    number, name = (match["number"], match["name"]) if match else ("", file.stem)
    title, _, text = _joined(file.read_text(encoding="utf-8")).partition("\n")
    if "{commands}" in text:
        text = text.replace("{commands}", commands(number, apart))
    return Page(file.parent.name == "steps", number, name, title.removeprefix("# "), text.strip("\n") + "\n")


def _joined(text: str) -> str:
    return _LINE_GOES_ON.sub("", text)
