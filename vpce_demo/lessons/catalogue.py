"""What the program says, in Japanese: a finished English sentence is recognised by its template.

``texts/ja/messages.json`` has the templates by the module that says them: English, and Japanese with the same names in
braces; ``{command}`` and ``{demo}``, a demo's name, stay as they are.  The program itself speaks English, which is what
its documents and logs hold; the screen translates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache, cached_property, lru_cache

from ..errors import STATE_DIRECTORY, THEIR_DEMO, THIS_COMMAND, THIS_DEMO
from . import TEXTS, Language

FILE = TEXTS / "ja" / "messages.json"
_NAME = re.compile(rf"(\{{\w+\}}|{THIS_DEMO}|{THEIR_DEMO}|{THIS_COMMAND}|{STATE_DIRECTORY})")
"""A placeholder; a command line has the options of the demo at hand when it is shown."""
_DIGITS = re.compile(r"\{(number|status)\w*\}")
"""A placeholder for a number."""
_INTRODUCED = re.compile(r"\w\)?: +$")
"""The end of what comes before words of somebody else's: ``AWS said: ``."""
NOUNS = "resources/nouns.py"
"""The module of the nouns that stand before a name."""
ENOUGH = 9
"""How many characters of its own tell a template, whatever its values are."""
_GOES_ON = re.compile(r"\n(?=[a-z])")
"""A line feed within a sentence, which is one line in the catalogue."""
_SENTENCE = re.compile(r"(?<=[.?]) +(?=[A-Z\d])|(?<=:) +(?=[A-Z])")
_PARTS = re.compile(r", and |, | and |; ")
_SPACE_TOO_MANY = re.compile(r"(?<=[ぁ-んァ-ヶー一-龠]) (?=[ぁ-んァ-ヶ一-龠])")
_SPACE_MISSING = re.compile(r"(?<=[A-Za-z0-9'\"])(?=[ぁ-んァ-ヶ一-龠])|(?<=[ぁ-んァ-ヶー一-龠])(?=[A-Za-z0-9])")
LONGEST, DEEPEST = 1000, 4
"""Characters of a text of ours, and how deep values lie in others; what is beyond is somebody else's."""
_IN_BRACKETS = re.compile(r"(.*?) ?\((.+)\)")


def lines_of(text: str) -> list[str]:
    """The lines of a text, each with whole sentences."""
    return _GOES_ON.sub(" ", text).split("\n")


def translated(text: str, lang: Language) -> str:
    """The text in this language.  What has no entry, such as a command or AWS's own words, stays as it is."""
    return text if lang == "en" else "\n".join(map(_japanese, lines_of(text)))


@cache
def _read() -> Mapping[str, Mapping[str, str]]:
    read: Mapping[str, Mapping[str, str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return read


@cache
def entries() -> Mapping[str, str]:
    """Japanese templates by the English ones."""
    return {english: japanese for module in _read().values() for english, japanese in module.items()}


class _Template:
    """An entry with placeholders."""

    def __init__(self, english: str, japanese: str) -> None:
        self.english = english
        self.japanese = japanese
        self.literal = _NAME.split(english)[::2]
        self.start, self.end = self.literal[0], self.literal[-1]
        self.fixed = len("".join(self.literal))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        groups = [r"(\d+)" if _DIGITS.fullmatch(name) else "(.*?)" for name in _NAME.findall(self.english)]
        parts = zip(map(re.escape, self.literal), [*groups, ""], strict=True)
        return re.compile("".join(literal + group for literal, group in parts))

    def said(self, text: str, depth: int) -> str:
        """The text in Japanese, if it is of this template, with its values in Japanese too; else empty."""
        if not (text.startswith(self.start) and text.endswith(self.end)):
            return ""
        match = self._pattern.fullmatch(text)
        if not match:
            return ""
        names = _NAME.findall(self.english)
        told = [
            value.strip() if name.startswith(("{command", "{demo")) else _value(value.strip(), depth - 1)
            for name, value in zip(names, match.groups(), strict=True)
        ]
        if self.fixed < ENOUGH and not all(map(_may_be, self.literal, match.groups(), told)):
            return ""
        values = dict(zip(names, told, strict=True))
        return spaced(_NAME.sub(lambda name: values[name[0]], self.japanese))


def _may_be(before: str, value: str, told: str) -> bool:
    """Whether a template that says little may have this value: words, or what has an entry."""
    words = all(" " not in part for part in _PARTS.split(value))
    return words or bool(_INTRODUCED.search(before)) or (told != value and "; " not in value)


@cache
def _templates() -> list[_Template]:
    """Those with placeholders: first those that leave least to them."""
    made = [_Template(*entry) for entry in entries().items() if _NAME.search(entry[0])]
    return sorted(made, key=lambda each: -each.fixed)


def spaced(text: str) -> str:
    """The text with a space between Japanese and other letters, and none between Japanese and Japanese."""
    return _SPACE_MISSING.sub(" ", _SPACE_TOO_MANY.sub("", text))


def _japanese(line: str) -> str:
    text = line.strip()
    return line.replace(text, _value(text, DEEPEST)) if text else line


def _entry(text: str, depth: int) -> str:
    """The text by one entry; at the start of a sentence its first letter may be a capital.  Empty without one."""
    for one in (text, text[:1].lower() + text[1:]):
        if found := entries().get(one) or next(filter(None, (each.said(one, depth) for each in _templates())), ""):
            return found
    return ""


@lru_cache(1000)
def _value(text: str, depth: int) -> str:
    """A text by its entry, or several; or a noun of an entry before a name: ``security group MySG``."""
    if found := entries().get(text):
        return found
    if " " not in text or len(text) > LONGEST or not depth:
        return text
    sentences = _SENTENCE.split(text)
    each = [_entry(one, depth) for one in sentences]
    if not all(each) and (found := _entry(text, depth)):
        return found
    if any(each):
        told = " ".join(japanese or english for japanese, english in zip(each, sentences, strict=True))
        return re.sub(r"(?<=[。）]) ", "", told)
    if text.endswith(".") and (found := _value(text[:-1], depth)) != text[:-1]:
        return f"{found}。"
    parts = _PARTS.split(text)
    if len(parts) > 1:
        several = [_value(part, depth - 1) for part in parts]
        if several != parts and all(
            japanese != part or " " not in part for japanese, part in zip(several, parts, strict=True)
        ):
            return "、".join(several)
    if match := _IN_BRACKETS.fullmatch(text):
        both = [_value(part, depth - 1) for part in match.groups()]
        if both != [*match.groups()]:
            return f"{both[0]}（{both[1]}）"
    noun, _, name = text.rpartition(" ")
    found = _read()[NOUNS].get(noun) or _read()[NOUNS].get(noun[:1].lower() + noun[1:])
    return f"{found} {name}" if found else text
