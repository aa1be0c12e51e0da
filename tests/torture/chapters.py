"""The crash sweep over the chapters: other kinds of endpoints, made by themselves."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from vpce_demo.chapters import CHAPTERS

from .cases import Case, Operations, Sweep
from .crash import KILLED, UNDISTURBED, Crash
from .world import World


@dataclass(frozen=True)
class OfChapter(Case):
    """``Crash`` with a demo of this chapter alone."""

    chapter: str
    crash: Crash

    @property
    def row(self) -> str:
        return f"{self.chapter}: {self.crash.row}"

    def run(self, world: World) -> Iterator[str]:
        with world.making(self.chapter):
            yield from self.crash.run(world)


def cases(operations: Operations) -> list[Case]:
    """As many calls as the tutorial's ``up`` makes, which are more than a chapter's: what is not reached ends by
    itself."""
    return [
        OfChapter(chapter, Crash(command, number, when, state, then))
        for chapter in CHAPTERS
        for command in ("up", "down")
        for number in range(1, len(operations[command]) + 1)
        for when, (state, then) in itertools.product(("before", "after"), (("kept", "up"), ("lost", "down")))
    ]


SWEEP = Sweep(
    "chapters",
    "Killed while a chapter is made",
    """\
The crash sweep over the demos of `up --chapter gateway` and `up --chapter interface`. With the state file lost too, the
control that was tried before the endpoints were there is told as not seen.""",
    (KILLED, UNDISTURBED),
    cases,
)
