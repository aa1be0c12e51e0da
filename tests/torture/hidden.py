"""Eventual consistency: what was just made is not seen yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .cases import Case, Operations, Sweep
from .refusals import NOT_STRUCK
from .world import World, passed

SPEED = 150
"""Times faster than AWS's: the engine's waits and what it allows for are AWS's, and shrink with it."""
SECONDS = (0.1, 0.3, 1, 3, 10, 20)
LONGEST = max(SECONDS)
CREATES = ("Create", "Import", "Run")
DONE = "as if it had been seen"


@dataclass(frozen=True)
class Hidden(Case):
    """The whole way with everything hidden for so many AWS seconds after it was made."""

    seconds: float
    state: str

    @property
    def row(self) -> str:
        return f"hidden for {self.seconds:g} s, state {self.state} before down"

    def run(self, world: World) -> Iterator[str]:
        world.speed(SPEED)
        world.hide(self.seconds)
        passed(world.succeed("-o", "json", "up"))
        world.expect_whole()
        if self.state == "lost":
            world.lose_state()
        world.down_and_nothing()
        yield DONE


@dataclass(frozen=True)
class CutOff(Case):
    """``up`` is killed at a create, while all that it has made is hidden; then somebody runs ``then``."""

    operation: str
    when: str
    then: str

    @property
    def row(self) -> str:
        return f"hidden for {LONGEST:g} s, up killed {self.when} a create, then {self.then}"

    def run(self, world: World) -> Iterator[str]:
        world.speed(SPEED)
        world.hide(LONGEST)
        with world.fault(f"kill-{self.when}", operation=self.operation, nth=1):
            world.run("up", "--skip-test")
        if self.then == "up":
            world.up_and_whole()
        world.down_and_nothing()
        yield DONE if world.struck else NOT_STRUCK


def cases(operations: Operations) -> list[Case]:
    """Every time there is, and every create in the middle of which somebody may be cut off."""
    creates = sorted({operation for operation in operations["up"] if operation.startswith(CREATES)})
    return [
        *(Hidden(seconds, state) for seconds in SECONDS for state in ("kept", "lost")),
        *(
            CutOff(operation, when, then)
            for operation in creates
            for when in ("before", "after")
            for then in ("up", "down")
        ),
    ]


SWEEP = Sweep(
    "hidden",
    "New resources are not visible yet",
    f"""\
Every new resource stays invisible to describe calls, filters and other calls that name it for this many AWS
seconds, at {SPEED} times AWS's pace, which shortens all of the program's waits alike. `up` must create one
complete demo whose test passes, and `down` must leave nothing, with the state file and without it. And `up` is
killed at each kind of create, before it and after it with its answer lost, while everything is hidden for
{LONGEST:g} s: with the state file, whose intent is all that is known of the create, nothing may be created twice
and nothing may be left.""",
    (DONE, NOT_STRUCK),
    cases,
)
