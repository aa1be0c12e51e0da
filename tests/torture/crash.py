"""The crash sweep: the process killed at every call of ``up`` and of ``down``."""

from __future__ import annotations

import itertools
import signal
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tools.process import Wrong

from .cases import Case, Operations, Outcome, Sweep
from .world import World

KILLED, UNDISTURBED = "killed", "not reached"


@dataclass(frozen=True)
class Crash(Case):
    """A command is killed at one of its calls, before it is carried out or after, without a reply; perhaps the state
    file is lost as well; then somebody runs ``then``.

    ``number`` counts all its calls, or those of this ``operation``."""

    command: str
    number: int
    when: str
    state: str
    then: str
    operation: str | None = None

    @property
    def row(self) -> str:
        return f"{self.command} killed {self.when} the call, state {self.state}, then {self.then}"

    def run(self, world: World) -> Iterator[str]:
        if self.command == "down":
            world.succeed("up", "--skip-test")
        with world.fault(f"kill-{self.when}", nth=self.number, operation=self.operation):
            done = world.run(self.command)
        if done.code != (-signal.SIGKILL if world.struck else 0):
            raise Wrong(f"killed {world.struck} times, but {done}")
        if self.state == "lost":
            world.lose_state()
        if self.then == "up":
            world.up_and_whole()
        world.down_and_nothing()
        yield KILLED if world.struck else UNDISTURBED


def cases(operations: Operations) -> list[Case]:
    """Every call of an undisturbed run; the number of calls differs a little from run to run."""
    return [
        Crash(command, number, when, state, then)
        for command in ("up", "down")
        for number in range(1, len(operations[command]) + 1)
        for when, state, then in itertools.product(("before", "after"), ("kept", "lost"), ("up", "down"))
    ]


def at_each_operation(operations: Mapping[str, Iterable[str]]) -> Iterator[Crash]:
    """Each operation of each command once before it is carried out and once after: its first call, and its second if it
    has one, which may be the other side's.  What becomes of the state, and what is run then, takes turns."""
    for command, called in operations.items():
        for at, (operation, times) in enumerate(sorted(Counter(called).items())):
            ends = (("kept", "up"), ("lost", "down"), ("lost", "up"), ("kept", "down"))
            for more, when in enumerate(("before", "after")):
                yield Crash(command, min(times, 1 + more), when, *ends[(at + 2 * more) % 4], operation)


def further(outcomes: Sequence[Outcome]) -> list[Case]:
    """Where even the last call tried was one, the next: until the command ends before it is reached."""
    last: dict[str, Outcome] = {}
    for outcome in outcomes:
        case = outcome.case
        assert isinstance(case, Crash)
        before = last.get(case.row)
        if before is None or _number(before) < case.number:
            last[case.row] = outcome
    return [
        replace(outcome.case, number=outcome.case.number + 1)
        for outcome in last.values()
        if isinstance(outcome.case, Crash) and KILLED in outcome.endings
    ]


def _number(outcome: Outcome) -> int:
    assert isinstance(outcome.case, Crash)
    return outcome.case.number


SWEEP = Sweep(
    "crash",
    "Killed at every call",
    """\
The process is killed with SIGKILL at every API call of `up` (with its test) and of `down`: before the call is
carried out, and after it with its answer lost; with the state file kept, and with it deleted. Then either `up`
must create exactly the resources of an undisturbed run (everything in the account is compared, field by field,
except ids, addresses and times), its test must pass, and `down` must leave nothing; or `down` alone must leave
nothing: the account as it was before, and no file of the demo.""",
    (KILLED, UNDISTURBED),
    cases,
    further,
)
