"""The crash sweep over a demo whose provider and consumer are apart: in two accounts, in two regions, in both."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .cases import Case, Operations, Sweep
from .crash import KILLED, UNDISTURBED, Crash
from .world import World

ACCOUNT = {"VPCE_DEMO_CONSUMER_PROFILE": "222222222222"}
REGION = {"VPCE_DEMO_CONSUMER_REGION": "eu-west-1"}
PLACES: Mapping[str, Mapping[str, str]] = {
    "two accounts": ACCOUNT,
    "two regions": REGION,
    "two accounts and regions": ACCOUNT | REGION,
}
"""What the environment says in each."""


@dataclass(frozen=True)
class Apart(Case):
    """``Crash`` in one of these places."""

    place: str
    crash: Crash

    @property
    def row(self) -> str:
        return f"{self.place}: {self.crash.row}"

    def run(self, world: World) -> Iterator[str]:
        with world.between(PLACES[self.place]):
            yield from self.crash.run(world)


def cases(operations: Operations) -> list[Case]:
    """As many calls as an undisturbed run in one place makes, and some more: what is not reached ends by itself."""
    more = 8
    return [
        Apart(place, Crash(command, number, when, state, then))
        for place in PLACES
        for command in ("up", "down")
        for number in range(1, len(operations[command]) + more)
        for when, (state, then) in itertools.product(("before", "after"), (("kept", "up"), ("lost", "down")))
    ]


SWEEP = Sweep(
    "apart",
    "Killed with the two sides apart",
    """\
The crash sweep over a demo whose consumer is in another account, in another region, or in both. Before and afterwards
both places are compared, field by field.""",
    (KILLED, UNDISTURBED),
    cases,
)
