"""A worker's world: a directory, a sandbox under it, the commands run in it, and what there has to be afterwards."""

from __future__ import annotations

import contextlib
import gc
import math
import os
import shutil
import signal
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.account import Account, Shape, account, differences, shape
from tools.process import COMMANDS, Command, Ended, Wrong, hurry, load_everything, nothing_of_the_user, start
from vpce_demo.aws import environment
from vpce_demo.aws.clients import Clients
from vpce_demo.changes import NOTHING_CHANGED
from vpce_demo.config.load import load
from vpce_demo.model import Side
from vpce_demo.sandbox import client

STATE = ".vpce-demo"
OUTLIVES = {"emulator", "logs"}
"""What of the state directory stays when no demo is left: the sandbox's own, and the logs of the runs."""
READING = ("Describe", "Get", "List")
TESTS, TESTS_OF_A_CHAPTER = 8, 6
KEPT = 8
"""Of how many commands, the last ones, the output is kept at a time."""


class World:
    """A directory with a sandbox.  There is one in a process, whose environment and current directory it takes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        nothing_of_the_user(self.directory)
        load_everything()
        hurry()
        self.sandbox = client.ensure(self.emulator, speed=math.inf)
        self.environment = environment.in_sandbox(load(None, {}), self.sandbox)
        self.clients: Clients = self.environment.clients[Side.PROVIDER]
        self.other: Clients | None = None
        self._places: dict[str, tuple[Shape, Shape]] = {}
        self._chapters: dict[str, Shape] = {}
        self._chapter = ""
        self.nothing: Shape | None = None
        self.struck = 0
        self._number = 0
        self._logged = 0
        self._started: list[int] = []
        gc.collect()
        gc.freeze()
        self.whole, self.operations = self._undisturbed()

    def close(self) -> None:
        """Stop the sandbox."""
        client.stop(self.emulator)

    @property
    def emulator(self) -> Path:
        return self.directory / STATE / "emulator"

    def demo(self, name: str = "vpce-demo") -> Path:
        """Where the program keeps what is this demo's."""
        return self.directory / STATE / "sandbox" / name

    # --- beginning and end of a case ------------------------------------------------

    def begin(self) -> None:
        """An empty account, whose clock has no waits, no fault, and no demo on record."""
        self.clear()
        self.speed("max")
        self.sandbox.control("reset")
        shutil.rmtree(self.directory / STATE / "sandbox", ignore_errors=True)
        self.nothing = self.nothing or shape(self.held())
        self._logged = self._log_size()

    def end(self) -> None:
        """Look whether the sandbox itself failed meanwhile.  Raises Wrong."""
        with (self.emulator / client.LOG_FILE).open("rb") as log:
            log.seek(self._logged)
            said = log.read().decode("utf-8", "replace")
        if "Traceback" in said:
            raise Wrong(f"the sandbox failed:\n{said}")

    def _log_size(self) -> int:
        return (self.emulator / client.LOG_FILE).stat().st_size

    def _undisturbed(self) -> tuple[Shape, dict[str, list[str]]]:
        """What the account holds after an ``up`` that nothing disturbs, and the operations that each command calls."""
        self.begin()
        operations = {}
        whole: Shape | None = None
        for command in COMMANDS:
            before = len(self.calls())
            self.succeed(command)
            operations[command] = [call["operation"] for call in self.calls()[before:]]
            whole = whole or shape(self.held())
        assert whole is not None
        self.expect_nothing()
        return whole, operations

    @contextlib.contextmanager
    def between(self, variables: Mapping[str, str]) -> Iterator[None]:
        """Every command inside is between two accounts or regions, as these variables say."""
        here = self.clients, self.nothing, self.whole
        profile, region = (variables.get(f"VPCE_DEMO_CONSUMER_{name}") for name in ("PROFILE", "REGION"))
        place = environment.in_sandbox(load(None, {"consumer": {"profile": profile, "region": region}}), self.sandbox)
        self.other = place.clients[Side.CONSUMER]
        os.environ.update(variables)
        try:
            name = str(sorted(variables.items()))
            if name not in self._places:
                self.nothing = shape(self.held())
                self.succeed("up")
                self._places[name] = self.nothing, shape(self.held())
                self.down_and_nothing()
            self.nothing, self.whole = self._places[name]
            yield
        finally:
            for variable in variables:
                os.environ.pop(variable, None)
            self.clients, self.nothing, self.whole = here
            self.other = None

    @contextlib.contextmanager
    def making(self, chapter: str) -> Iterator[None]:
        """Every ``up`` inside makes this chapter, and nothing else."""
        tutorial, self._chapter = self.whole, chapter
        try:
            if chapter not in self._chapters:
                self.succeed("up", "--skip-test")
                self._chapters[chapter] = shape(self.held())
                self.down_and_nothing()
            self.whole = self._chapters[chapter]
            yield
        finally:
            self.whole, self._chapter = tutorial, ""

    # --- commands -----------------------------------------------------------------------

    def start(self, *words: str) -> Command:
        """Begin a command; whoever does so waits for its end."""
        if self._chapter and "up" in words:
            words += ("--chapter", self._chapter)
        self._number += 1
        out, err = (self.directory / f"{self._number % KEPT}.{name}" for name in ("out", "err"))
        command = start(words, out, err)
        self._started.append(command.pid)
        return command

    def run(self, *words: str) -> Ended:
        """Run a command to its end.  Raises Wrong if it says that nothing was changed, and something was."""
        before = len(self.calls())
        done = self.start(*words).ended()
        self.expect_true(done, before)
        return done

    def succeed(self, *words: str) -> Ended:
        """The same for one that has to succeed.  Raises Wrong."""
        done = self.run(*words)
        if done.code:
            raise Wrong(f"it should have succeeded: {done}")
        return done

    def kill_what_still_runs(self) -> None:
        """End the commands that nobody has waited for."""
        for pid in self._started:
            with contextlib.suppress(ChildProcessError):
                if not os.waitpid(pid, os.WNOHANG)[0]:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
        self._started.clear()

    # --- what goes wrong --------------------------------------------------------------------

    @contextlib.contextmanager
    def fault(self, do: str, **how: Any) -> Iterator[None]:
        """Something goes wrong with the calls inside; ``struck`` is how often it did."""
        self.sandbox.control("faults", {"add": [{"do": do, **how}]})
        try:
            yield
        finally:
            self.struck = self.sandbox.control("faults")["faults"][-1]["struck"]
            if not (self.struck and how.keys() & {"nth", "times"}):
                self.clear()  # one that is spent may stay: to clear it would also show what is hidden

    def clear(self) -> None:
        """Nothing goes wrong any more, and nothing is hidden."""
        self.sandbox.control("faults", {"clear": True})

    def hide(self, seconds: float | None) -> None:
        """Hide what is made from now on for so many of the sandbox's seconds."""
        self.sandbox.control("faults", {"hidden_seconds": seconds})

    def hidden(self) -> list[Any]:
        """What is hidden at the moment."""
        hidden: list[Any] = self.sandbox.control("faults")["hidden"]
        return hidden

    def expire(self, expired: bool = True) -> None:
        """Let the credentials be expired, or fine."""
        self.sandbox.control("faults", {"credentials": "expired" if expired else "fine"})

    def speed(self, speed: float | str) -> None:
        """How many times faster than AWS's the clock runs; ``max``: no waits."""
        self.sandbox.control("settings", {"speed": speed})

    def lose_state(self) -> None:
        """The state file is deleted; the demo's key stays."""
        (self.demo() / "state.json").unlink(missing_ok=True)

    def lose_everything(self) -> None:
        """All that is kept for the demo is deleted, its key too."""
        shutil.rmtree(self.demo(), ignore_errors=True)

    # --- what there has to be -------------------------------------------------------------------

    def held(self) -> Account:
        """What the account holds now, or both.  It is our look that must meet no fault."""
        return account(self.clients) | (account(self.other) if self.other else {})

    def calls(self) -> list[dict[str, Any]]:
        """Every call to the API since the case began, oldest first."""
        calls: list[dict[str, Any]] = self.sandbox.control("calls")["calls"]
        return calls

    def expect_true(self, done: Ended, before: int) -> None:
        """The command did not say that nothing was changed if AWS carried out one of its calls, which are those after
        so many.  Raises Wrong.

        The calls are asked for and not the account, since a look at it would meet the faults that are set.
        """
        if NOTHING_CHANGED in done.out + done.err and (changed := carried_out(self.calls()[before:])):
            raise Wrong(f"it says that nothing was changed, after {', '.join(changed)}: {done}")

    def up_and_whole(self) -> None:
        """``up`` succeeds with its test, and the account is that of an undisturbed run.  Raises Wrong."""
        passed(self.succeed("-o", "json", "up"), chapter=bool(self._chapter))
        self.expect_whole()

    def expect_whole(self) -> None:
        """The account holds exactly what an undisturbed ``up`` makes.  Raises Wrong."""
        if differ := differences(self.whole, shape(self.held())):
            raise Wrong(f"the account is not that of an undisturbed run:\n{differ}")

    def down_and_nothing(self) -> None:
        """``down`` succeeds and leaves nothing.  Raises Wrong."""
        self.succeed("down")
        self.expect_nothing()

    def expect_nothing(self) -> None:
        """The account holds what it does in the beginning, and no file of a demo is left.  Raises Wrong."""
        assert self.nothing is not None
        if differ := differences(self.nothing, shape(self.held())):
            raise Wrong(f"the account is not empty:\n{differ}")
        left = {path.name for path in (self.directory / STATE).iterdir()} - OUTLIVES
        if left:
            files = sorted(str(path) for name in left for path in (self.directory / STATE / name).rglob("*"))
            raise Wrong(f"files are left: {', '.join(files) or left}")


def carried_out(calls: Iterable[Mapping[str, Any]]) -> list[str]:
    """The operations among these calls that changed something, whether the caller heard of it or not."""
    changing = [call for call in calls if not call["operation"].startswith(READING)]
    return [call["operation"] for call in changing if call["error"] in (None, "dropped after", "killed after")]


def passed(done: Ended, *, chapter: bool = False) -> None:
    """All questions of the test were answered with yes; the first of a ``chapter`` is told from the record, which may
    be lost.  Raises Wrong."""
    results = [check["passed"] for check in done.document.get("checks", [])]
    if chapter and results[:1] == [None]:
        results[0] = True
    if results != [True] * (TESTS_OF_A_CHAPTER if chapter else TESTS):
        raise Wrong(f"the test did not pass: {results}, {done}")


def expect_same(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Two looks at one account saw the same.  Raises Wrong."""
    gone, new = [id for id in before if id not in after], [id for id in after if id not in before]
    changed = [id for id in before if id in after and before[id] != after[id]]
    if gone or new or changed:
        raise Wrong(f"the account is not as it was: gone {gone}, new {new}, changed {changed}")
