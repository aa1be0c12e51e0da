"""Drift: every field that somebody can change, changed; alone, in pairs, and with ``up`` killed while it mends."""

from __future__ import annotations

import contextlib
import json
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tests.changes import CALLED, Change, remedy
from tools.process import Ended, Wrong
from vpce_demo.model import Remedy

from .cases import Case, Operations, Sweep
from .world import READING, World, passed

MENDED, REPLACED, TAKEN, LEFT = "mended in place", "replaced", "taken away with --yes", "left, and said why"
KILLED = "killed, then mended"
WORDS = {Remedy.MEND: MENDED, Remedy.REPLACE: REPLACED, Remedy.ASK: TAKEN, Remedy.LEAVE: LEFT}
DIFFERENT, FAILED = 10, 6
FIELDS: Mapping[str, Change] = {f"{key}/{field}": change for (key, field, _), change in CALLED.items()}
"""What changes each field, by the resource's key and the field's name."""
CHANGEABLE = [name for name in FIELDS if name != "provider-route/state"]
"""Those that a call can change."""
APART = (
    ("provider-subnet/network ACL", "provider-subnet/network ACL rules"),
    ("target/port", "target/further ports"),
)
"""Of these only one can be changed, or is seen, at a time."""


@dataclass(frozen=True)
class Demo:
    """The demo that stands in a world."""

    world: World

    @property
    def ids(self) -> Mapping[str, str]:
        state = json.loads((self.world.demo() / "state.json").read_text())
        return {key: entry["id"] for key, entry in state["resources"].items()}

    @property
    def ec2(self) -> Any:
        return self.world.clients.ec2

    @property
    def elb(self) -> Any:
        return self.world.clients.elb


def _remedy(name: str) -> Remedy:
    return remedy(*name.split("/"))


def _expect(world: World, command: tuple[str, ...], names: set[str]) -> None:
    """The command names exactly these differences.  Raises Wrong."""
    done = world.run("-o", "json", *command)
    found = {f"{one['key']}/{drift['field']}" for one in done.document["resources"] for drift in one["drift"]}
    if found != names or done.code != (DIFFERENT if names else 0):
        raise Wrong(f"{' '.join(command)} names {sorted(found)} and not {sorted(names)}: {done}")


def _expect_a_cause(tested: Ended) -> None:
    """The test passed, or names a cause whose fix ends no instance.  Raises Wrong."""
    if tested.code not in (0, FAILED):
        raise Wrong(f"it neither passed nor failed: {tested}")
    if tested.code == FAILED:
        cause = tested.document["diagnosis"]
        if not cause["rule"]:
            raise Wrong(f"it knows no cause: {tested}")
        if any("terminate-" in fix["command"] for fix in cause["fixes"]):
            raise Wrong(f"it would end an instance because of a field: {tested}")


@contextlib.contextmanager
def _changed(world: World, *names: str) -> Iterator[None]:
    """The demo with these fields changed; afterwards they are put back as far as they still differ, and what the
    change needed is taken away."""
    after = ExitStack()
    for name in names:
        FIELDS[name](Demo(world), after)
    yield
    with contextlib.suppress(ClientError):  # it is as it was by now
        after.close()


@dataclass(frozen=True)
class Differs(Case):
    """These fields are changed.  ``status`` and ``plan`` name exactly them, ``test`` passes or names a cause, ``up``
    brings them back or leaves them, and its test passes."""

    fields: tuple[str, ...]

    @property
    def row(self) -> str:
        return "one field" if len(self.fields) == 1 else "two fields"

    def run(self, world: World) -> Iterator[str]:
        world.succeed("up", "--skip-test")
        left = {name for name in self.fields if _remedy(name) is Remedy.LEAVE}
        with _changed(world, *self.fields):
            _expect(world, ("status", "--check"), set(self.fields))
            _expect(world, ("plan", "--exit-code"), set(self.fields))
            _expect_a_cause(world.run("-o", "json", "test", "--timeout", "30"))
            passed(world.succeed("-o", "json", "up", "--yes"))
            _expect(world, ("status", "--check"), left)
        if not left:  # a trace of those may be listed for a while
            world.expect_whole()
        world.down_and_nothing()
        for name in self.fields:
            yield WORDS[_remedy(name)]


@dataclass(frozen=True)
class MendingKilled(Case):
    """A field is changed, and ``up`` is killed at each call with which it mends it, before it is carried out and
    after; the next ``up`` makes the demo whole."""

    field: str

    @property
    def row(self) -> str:
        return "up killed while it mends"

    def run(self, world: World) -> Iterator[str]:
        world.succeed("up", "--skip-test")
        with _changed(world, self.field):
            before = len(world.calls())
            world.succeed("up", "--skip-test")
            mending = [one["operation"] for one in world.calls()[before:]]
        for operation in dict.fromkeys(one for one in mending if not one.startswith(READING)):
            for when in ("before", "after"):
                with _changed(world, self.field):
                    with world.fault(f"kill-{when}", operation=operation, nth=1):
                        done = world.run("up", "--skip-test")
                    if done.code != -signal.SIGKILL:
                        raise Wrong(f"it should have been killed at {operation}: {done}")
                    world.succeed("up", "--skip-test")
                world.expect_whole()
                yield KILLED
        world.down_and_nothing()


def cases(operations: Operations) -> list[Case]:
    """Each field, each with another one, and each that is mended with ``up`` killed."""
    step = len(CHANGEABLE) // 2 - 1
    pairs = zip(CHANGEABLE, CHANGEABLE[step:] + CHANGEABLE[:step], strict=True)
    return [
        *(Differs((name,)) for name in CHANGEABLE),
        *(Differs(pair) for pair in pairs if not any(set(pair) <= set(apart) for apart in APART)),
        *(MendingKilled(name) for name in CHANGEABLE if _remedy(name) is Remedy.MEND),
    ]


SWEEP = Sweep(
    "drift",
    "What somebody changed",
    """\
Every field of every kind is changed to another value that AWS allows, as somebody could do it in the console: one at
a time, and each together with another one. `status` and `plan` must name exactly these fields, `test` must pass or
name a cause whose fix ends no instance, `up --yes` must bring them back (or leave what its list says, with the
reason), its test must pass, the account must then be exactly that of an undisturbed run, and `down` must leave
nothing. The same with `up` killed at each call with which it mends, before it is carried out and after.""",
    (MENDED, REPLACED, TAKEN, LEFT, KILLED),
    cases,
)
