"""The chapters beside the tutorial: one file each, with its steps, its teardown, its checks and its causes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from importlib import import_module
from itertools import zip_longest
from typing import TYPE_CHECKING

from ..config.settings import TUTORIAL, Settings, customer_of
from ..model import Side
from ..tutorial import Demo, tutorial

if TYPE_CHECKING:
    from .chapter import Chapter

CHAPTERS = ("gateway", "interface")
"""Their names, which are those of their files, with which the keys of their resources begin."""


def chapter_named(name: str) -> Chapter:
    """The chapter of this name.  Its file is imported only now, and with it the checks."""
    found: Chapter = import_module(f".{name}", __package__).CHAPTER
    return found


def chapter_of(key: str) -> str:
    """The chapter whose resource has this key, else the tutorial."""
    return first if (first := key.partition("-")[0]) in CHAPTERS else TUTORIAL


def side_of(key: str) -> Side:
    """The side of the resource with this key."""
    return Side.CONSUMER if customer_of(key) or chapter_of(key) != TUTORIAL else Side.PROVIDER


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """These chapters, the tutorial first."""
    wanted = set(names)
    return tuple(name for name in (TUTORIAL, *CHAPTERS) if name in wanted)


def demo_of(s: Settings) -> Demo:
    """The whole demo for these settings: the tutorial, and the chapters beside it."""
    demo = tutorial(s)
    if TUTORIAL not in s.chapters:
        demo = replace(demo, steps=[], teardown=[])
    if s.side == Side.PROVIDER.value:
        return demo
    for name in CHAPTERS:
        if name in s.chapters:
            script = chapter_named(name).script(s)
            groups = zip_longest(demo.teardown, script.teardown, fillvalue=())
            demo = replace(demo, steps=[*demo.steps, *script.steps], teardown=[[*a, *b] for a, b in groups])
    return demo
