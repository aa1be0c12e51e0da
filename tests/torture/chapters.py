"""Killed at each operation of the chapters: other kinds of endpoints, made by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vpce_demo.chapters import CHAPTERS

from .cases import Case, Operations, Sweep
from .crash import KILLED, UNDISTURBED, Crash, at_each_operation
from .world import World

ONLY_OF_CHAPTERS = ("ModifyVpcAttribute", "DescribePrefixLists", "DescribeVpcAttribute", "DescribeNetworkAcls")
"""What ``up`` calls only for them."""


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
    """Each operation of ``up`` and ``down``: what a chapter does not call ends by itself."""
    called = {"up": [*operations["up"], *ONLY_OF_CHAPTERS], "down": operations["down"]}
    return [OfChapter(chapter, crash) for chapter in CHAPTERS for crash in at_each_operation(called)]


SWEEP = Sweep(
    "chapters",
    "Killed while a chapter is made",
    """\
Demos of `up --chapter gateway` and `up --chapter interface`: killed at each operation that they call, as above. With
the state file lost too, the control that was tried before the endpoints were there is told as not seen.""",
    (KILLED, UNDISTURBED),
    cases,
)
