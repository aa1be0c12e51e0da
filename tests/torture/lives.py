"""The stateful property test: whatever happens in whatever order, ``up`` ends in one demo and ``down`` in nothing."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tools.process import Ended, Wrong
from vpce_demo.cli.commands import STAGES

from .cases import Case, Operations, Sweep
from .hidden import SPEED
from .mischief import MISCHIEF, do
from .refusals import EXIT_CODES
from .world import World, passed

WHOLE_AND_NOTHING, STEP = "one whole demo, then nothing", "steps on the way"
SEEDS, EXAMPLES, STEPS = 40, 4, 8
ANY_CALL = st.integers(1, 70)
COMMANDS = st.sampled_from(("up", "down"))
FAULTS: dict[str, dict[str, Any]] = {
    "throttled": {"do": "error", "code": "RequestLimitExceeded", "status": 503},
    "an internal error": {"do": "error", "code": "InternalError", "status": 500},
    "unavailable": {"do": "error", "code": "Unavailable", "status": 503},
    "not allowed": {"do": "error", "code": "UnauthorizedOperation", "status": 403},
    "expired": {"do": "error", "code": "RequestExpired", "status": 400},
    "a lost reply": {"do": "drop-after"},
    "a dropped connection": {"do": "drop-before"},
}


class Life(RuleBasedStateMachine):
    """One demo and all that may happen to it."""

    world: ClassVar[World]
    lived: ClassVar[int]
    steps: ClassVar[int]
    failed: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.story: list[str] = []
        self.fine = True

    @contextlib.contextmanager
    def as_dict(self, *words: object) -> Iterator[None]:
        """Do something; if that is wrong, the whole story is told."""
        self.story.append(" ".join(map(str, words)))
        self.fine = False
        try:
            yield
        except Wrong as error:
            if not type(self).failed:
                type(self).failed = "\n".join([*self.story, str(error)])
            raise
        self.fine = True

    @initialize()
    def begin(self) -> None:
        self.world.begin()

    # --- the program ---------------------------------------------------------------------

    @rule()
    def up(self) -> None:
        with self.as_dict("up"):
            passed(self.world.succeed("-o", "json", "up"))
            self.wait_until_all_is_seen()
            self.world.expect_whole()

    @rule(stage=st.sampled_from(STAGES))
    def one_step(self, stage: str) -> None:
        with self.as_dict(stage):
            may_end(self.world.run(stage), 0, *EXIT_CODES["up"])

    @rule()
    def down(self) -> None:
        with self.as_dict("down"):
            self.world.succeed("down")
            self.wait_until_all_is_seen()
            self.world.expect_nothing()

    # --- what happens to it -------------------------------------------------------------------

    @rule(command=COMMANDS, number=ANY_CALL, when=st.sampled_from(("before", "after")))
    def kill(self, command: str, number: int, when: str) -> None:
        with self.as_dict(command, "killed", when, "call", number):
            with self.world.fault(f"kill-{when}", nth=number):
                done = self.world.run(command)
            may_end(done, *((-signal.SIGKILL,) if self.world.struck else (0, *EXIT_CODES[command])))

    @rule(command=COMMANDS, number=ANY_CALL, what=st.sampled_from(sorted(FAULTS)))
    def fault(self, command: str, number: int, what: str) -> None:
        with self.as_dict(command, "with", what, "at call", number):
            with self.world.fault(nth=number, **FAULTS[what]):
                done = self.world.run(command)
            may_end(done, 0, *EXIT_CODES[command])

    @rule(what=st.sampled_from(sorted(MISCHIEF)))
    def somebody(self, what: str) -> None:
        with self.as_dict("somebody:", what):
            self.wait_until_all_is_seen()
            if not do(what, self.world.clients, self.world.held()):
                self.story[-1] += " (could not)"

    @rule(everything=st.booleans())
    def lose(self, everything: bool) -> None:
        with self.as_dict("all files of the demo lost" if everything else "state file lost"):
            # What is hidden and on no record can be known to nobody.
            self.wait_until_all_is_seen()
            (self.world.lose_everything if everything else self.world.lose_state)()

    @rule(speed=st.sampled_from((SPEED, 1000)), seconds=st.sampled_from((0.0, 1.0, 5.0)))
    def clock(self, speed: float, seconds: float) -> None:
        with self.as_dict("clock", speed, "times as fast, new things hidden for", seconds, "s"):
            self.world.speed(speed)
            self.world.hide(seconds or None)

    @rule()
    def clock_without_waits(self) -> None:
        with self.as_dict("clock without waits"):
            self.world.hide(None)
            self.world.speed("max")

    def wait_until_all_is_seen(self) -> None:
        while self.world.hidden():
            time.sleep(0.01)

    def teardown(self) -> None:
        if self.fine:
            self.up()
            self.down()
            type(self).lived += 1
            type(self).steps += len(self.story) - 2


def may_end(done: Ended, *codes: int) -> None:
    """It ended with one of these.  Raises Wrong."""
    if done.code not in codes:
        raise Wrong(f"its exit code should be one of {sorted(set(codes))}: {done}")


@dataclass(frozen=True)
class Lives(Case):
    """So many lives of so many steps, all from one seed."""

    seed: int
    examples: int = EXAMPLES
    steps: int = STEPS

    @property
    def row(self) -> str:
        return f"lives of up to {self.steps} steps"

    def run(self, world: World) -> Iterator[str]:
        machine: type[Life] = type("OneLife", (Life,), {"world": world, "lived": 0, "steps": 0, "failed": ""})
        seed(self.seed)(machine)
        how = settings(
            max_examples=self.examples,
            stateful_step_count=self.steps,
            phases=(Phase.generate,),  # a shorter story of the same would take minutes to find
            database=None,
            deadline=None,
            print_blob=False,
            verbosity=Verbosity.quiet,
            suppress_health_check=list(HealthCheck),
        )
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(world.directory / "hypothesis")
        try:
            run_state_machine_as_test(machine, settings=how)
        except Exception as error:
            raise Wrong(machine.failed or repr(error)) from error
        yield from itertools.repeat(WHOLE_AND_NOTHING, machine.lived)
        yield from itertools.repeat(STEP, machine.steps)


def cases(operations: Operations) -> Sequence[Case]:
    """Each seed is another set of lives."""
    return [Lives(number) for number in range(1, SEEDS + 1)]


SWEEP = Sweep(
    "lives",
    "Any sequence of the above",
    f"""\
A property test (hypothesis): any sequence of up to {STEPS} of `up`, a single step, `down`, a kill at any call, one
error or lost answer at any call, changes by somebody else ({len(MISCHIEF)} kinds: {", ".join(MISCHIEF)}), the
state file or all files of the demo lost, another speed of the clock, and new resources hidden. Every undisturbed
`up` ends with one complete demo whose test passes, every undisturbed `down` with an empty account; and so does the
end of each sequence: `up`, then `down`.""",
    (WHOLE_AND_NOTHING, STEP),
    cases,
)
