"""The error sweep: every operation that the program calls, answered with every error that AWS has for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tools.process import Ended, Wrong

from .cases import Case, Operations, Sweep
from .codes import EXPIRED, cause, fault, kinds, often
from .world import World, passed

SUCCEEDED, STOPPED, NOT_STRUCK = "succeeded all the same", "stopped, and went on", "not reached"
PATIENCE = 3
"""Seconds (``--timeout``) that a command is given when the error stays."""
SIGN_IN = 4
EXPIRED_CODES = {error.code for error in EXPIRED.values()}
EXPIRES_AFTER = (1, 3, 9, 15, 21)
"""How many calls a command has made when all credentials expire."""
BEGUN_SECONDS = 10.0
"""How long a command is given to have made them."""
SETTING = 2
"""The exit code for a wrong setting, such as the name of the image's parameter."""
EXIT_CODES = {"up": {1, 4, 5, 6, 8}, "test": {1, 4, 5, 6, 8}, "down": {1, 4, 7, 8}}
"""With which a command may stop: an error of AWS, sign-in, refused for safety, a failed test (`up` ends with one),
leftovers, time is up."""


@dataclass(frozen=True)
class Refusal(Case):
    """An operation that a command calls fails in one way, the first time or every time."""

    command: str
    operation: str
    kind: str
    often: str

    @property
    def row(self) -> str:
        return f"{self.kind}, {self.often}"

    def run(self, world: World) -> Iterator[str]:
        if self.command != "up":
            world.succeed("up", "--skip-test")
        words = ["-o", "json", self.command]
        times: dict[str, Any] = {"times": 1} if self.often == "once" else {}
        if self.often == "always":
            words += ["--timeout", str(PATIENCE)]
        with world.fault(operation=self.operation, **fault(self.operation, self.kind), **times):
            done = world.run(*words)
        if not world.struck:
            yield NOT_STRUCK
        elif done.code:
            self.expect_a_reason(done)
            yield STOPPED
        else:
            yield SUCCEEDED
        _expect_to_go_on(world, done, again=self.misleads)

    @property
    def misleads(self) -> bool:
        """Whether the answer is no failure of the call, but says that there is nothing where there may be something."""
        return self.kind == "not found" and self.operation.startswith("Describe")

    def expect_a_reason(self, done: Ended) -> None:
        """It stopped with a right exit code, and says which operation failed, and why.  Raises Wrong."""
        allowed = {SIGN_IN} if self.kind == "expired credentials" else EXIT_CODES[self.command]
        if (self.operation, self.kind) == ("GetParameter", "not found"):
            allowed = {SETTING}
        if done.code not in allowed:
            raise Wrong(f"its exit code should be one of {sorted(allowed)}: {done}")
        if self.misleads:
            expect_some_reason(done)  # what fails because of it is named instead
            return
        for words in (self.operation, cause(self.operation, self.kind)):
            if words not in done.err:
                raise Wrong(f"it does not say {words!r}: {done}")


@dataclass(frozen=True)
class Expiry(Case):
    """The credentials expire for good while a command is at work, after so many of its calls."""

    command: str
    after: int

    @property
    def row(self) -> str:
        return "all credentials expire in the middle of a command"

    def run(self, world: World) -> Iterator[str]:
        if self.command != "up":
            world.succeed("up", "--skip-test")
        before = len(world.calls())
        command = world.start("-o", "json", self.command)
        until = time.monotonic() + BEGUN_SECONDS
        while len(world.calls()) - before < self.after and time.monotonic() < until:
            time.sleep(0.002)
        world.expire()
        done = command.ended()
        world.clear()
        world.expect_true(done, before)
        expired = [call["operation"] for call in world.calls()[before:] if call["error"] in EXPIRED_CODES]
        if expired:
            if done.code != SIGN_IN:
                raise Wrong(f"its exit code should be {SIGN_IN}: {done}")
            if not any(operation in done.err for operation in expired) or not any(c in done.err for c in EXPIRED_CODES):
                raise Wrong(f"it does not say which of {', '.join(set(expired))} was refused, and why: {done}")
        yield STOPPED if expired else NOT_STRUCK
        _expect_to_go_on(world, done)


def expect_some_reason(done: Ended) -> None:
    """It says what failed, as every error does.  Raises Wrong."""
    if not done.document.get("error", {}).get("message"):
        raise Wrong(f"it does not say what failed: {done}")


def _expect_to_go_on(world: World, done: Ended, again: bool = False) -> None:
    """If it did not succeed, or was misled, the next run does; and the demo is whole or gone.  Raises Wrong."""
    if done.code or again:
        done = world.succeed("-o", "json", done.command)
    if done.command == "down":
        world.expect_nothing()
    else:
        passed(done)
        world.expect_whole()
        world.down_and_nothing()


def cases(operations: Operations) -> list[Case]:
    """Everything that the commands call, times all that can go wrong with it.  Of the ways in which an answer is spoilt
    each operation has a few, in turn: they are told apart where answers are read, before it matters of which operation
    they are."""
    each = [(command, operation) for command, called in operations.items() for operation in sorted(set(called))]
    return [
        *(Expiry(command, after) for command in operations for after in EXPIRES_AFTER),
        *(
            Refusal(command, operation, kind, repeated)
            for at, (command, operation) in enumerate(each)
            for kind in kinds(operation, at)
            for repeated in often(kind)
        ),
    ]


SWEEP = Sweep(
    "errors",
    "Refused at every operation",
    """\
Every operation that `up`, `test` and `down` call (taken from a recorded run) is made to fail: throttled, with 500,
with 503 `Unavailable`, with its reply lost, with the connection dropped before it, with expired credentials, not
allowed, with its own in-use and not-found codes, and with what portals and proxies answer in AWS's place or make of
an answer after the call was carried out ("spoilt": as an HTML page, and as a quarter of the other ways in turn); the
first time only, and every time. And all credentials expire while a command is running. The command must succeed
nevertheless, or stop with the right exit code and a message that names the operation and the cause. Then the next run
must continue, and the demo must be complete, or gone. (A describe call that is answered "not found" has not failed:
it says that nothing exists. What fails because of it must be named, and the next run must correct it.)""",
    (SUCCEEDED, STOPPED, NOT_STRUCK),
    cases,
)
