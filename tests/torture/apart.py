"""Killed at each operation of a demo whose sides are apart: in two accounts, in two regions, in both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .cases import Case, Operations, Sweep
from .crash import KILLED, UNDISTURBED, Crash, at_each_operation
from .world import World

ACCOUNT = {"VPCE_DEMO_CONSUMER_PROFILE": "222222222222"}
REGION = {"VPCE_DEMO_CONSUMER_REGION": "eu-west-1"}
PLACES: Mapping[str, Mapping[str, str]] = {
    "two accounts": ACCOUNT,
    "two regions": REGION,
    "two accounts and regions": ACCOUNT | REGION,
}
"""What the environment says in each."""
ONLY_APART = ("DescribeRegions", "ModifyVpcEndpointServicePermissions", "ModifyLoadBalancerAttributes")
"""What ``up`` calls only there."""


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
    """Each operation of ``up`` and ``down`` in each place: what is not called there ends by itself."""
    called = {"up": [*operations["up"], *ONLY_APART], "down": operations["down"]}
    return [Apart(place, crash) for place in PLACES for crash in at_each_operation(called)]


SWEEP = Sweep(
    "apart",
    "Killed with the two sides apart",
    """\
Demos whose consumer is in another account, in another region, or in both: `up` and `down` are killed at each operation
that they call, at its first or second call, before it and after it. Then the same must hold, in both places. (What each
call leaves is the sweep above; here it is whose account and region it is in.)""",
    (KILLED, UNDISTURBED),
    cases,
)
