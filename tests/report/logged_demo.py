"""A demo whose logs are written by the log itself, without AWS: created, tested, deleted."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tests.diagram.demos import FRAME, standing
from vpce_demo.aws.environment import Environment
from vpce_demo.config.model import Config
from vpce_demo.engine.events import Action, Event, Leftover
from vpce_demo.engine.graph import Task, TaskType, creation_graph, deletion_graph
from vpce_demo.engine.resource import Resource
from vpce_demo.errors import Diagnosis, Fix
from vpce_demo.journal.run_log import RecordedRun, RunLog, runs
from vpce_demo.model import Live, Phase, Side
from vpce_demo.session.discover import not_looked_up
from vpce_demo.session.look import Look
from vpce_demo.tutorial import Demo, tutorial
from vpce_demo.verify.checks import CheckFailed, Result
from vpce_demo.verify.diagnosis.table import Symptom

CALL = 0.2
"""How many seconds a call takes here."""
PAGE = "<html><h1> Welcome to Hangyuzs Server 1 </h1></html>\n"
CHECKS = (
    ("endpoint service", "Available, behind MyNetwork-LB"),
    ("ssh to the consumer instance", "ec2-user@54.1.2.3"),
    ("curl http://10.0.1.87/", "200 from 10.0.1.15 to 10.0.1.87, 1.9 ms"),
    ("control: no other way in", "20.0.1.10 unreachable from 10.0.1.15"),
)


def closed() -> CheckFailed:
    """A failed check, and its cause."""
    failure = CheckFailed("timed out", Symptom.HANGS)
    fix = Fix("adds what is missing", "vpce-demo up")
    failure.diagnosis = Diagnosis("endpoint-group-closed", "The group lets nobody in.", (), [fix], ())
    return failure


@dataclass
class Life:
    """One demo whose runs are logged in this directory."""

    directory: Path
    place: str = "AWS"
    demo_id: str = "7f3a9c"
    config: Config = field(default_factory=Config)

    def __post_init__(self) -> None:
        found = {"zone": "us-east-1a", "ssh_source": "203.0.113.10/32"}
        self.settings = not_looked_up(self.config, self.demo_id).model_copy(update=found)
        self.demo: Demo = tutorial(self.settings)
        self.live: dict[str, Live] = standing(self.demo)
        self.live["customer-rule-ssh"] = Live("sg-0123456789abcdef0", outputs={"source": "203.0.113.10/32"})

    @property
    def runs(self) -> list[RecordedRun]:
        return runs(self.directory)

    def look(self, live: Mapping[str, Live], at: float = 2e9) -> Look:
        """What a look at AWS finds."""
        accounts = {str(side): facts for side, facts in FRAME.accounts.items()}
        return Look(at, self.place, accounts, self.settings, live, FRAME.addresses)

    def begin(self, command: str) -> RunLog:
        accounts: dict[str, Mapping[str, str]] = {side: FRAME.accounts[side] for side in Side}
        place = Environment(self.place, "", 1.0, {}, accounts)
        return RunLog.begin(self.directory, command, self.settings, place, self.demo)

    def up(self, *steps: str, command: str = "up", fails: str = "", killed: bool = False) -> None:
        """Make these steps, or all: each as soon as what it needs is there, in the time that AWS usually takes."""
        log, began = self.begin(command), time.monotonic()
        resources = self.demo.of(*steps) if steps else self.demo.resources
        ready: dict[Task, float] = {}
        for r in resources:
            start = max((ready.get(move, 0.0) for move in creation_graph(resources)[TaskType.MAKE, r]), default=0.0)
            ready[TaskType.MAKE, r], ready[TaskType.READY, r] = start + CALL, start + CALL + r.usual_seconds
            live, new = self.live[r.key], Live(self.live[r.key].id, Phase.PENDING, "pending")
            self.tell(log, began, [(Action.CREATING, r, None, start)])
            if r.key == fails:
                words = f"none for {live.id} of 111122223333"
                answer: Any = {"Error": {"Code": "InsufficientInstanceCapacity", "Message": words}}
                error = ClientError(answer, "RunInstances")
                log.on_event(Event(Action.FAILED, r, error=error, at=began + start + CALL))
                return log.end(1, f"AWS refused it: none in account 111122223333 for {live.id}.")
            self.tell(log, began, [(Action.CREATED, r, new, start + CALL)])
            self.tell(log, began, [(Action.READY, r, live, ready[TaskType.READY, r])])
        return self.kill(log) if killed else log.end(0, "")

    def test(self, failing: int | None = None, page: str = PAGE, command: str = "test") -> None:
        """Ask a few questions, of which this one does not hold."""
        log = self.begin(command)
        for number, (title, evidence) in enumerate(CHECKS, 1):
            failure = closed() if number == failing else None
            passed = None if failing and number > failing else number != failing
            result = Result(number, title, passed, "timed out after 5s" if failure else evidence, 0.2, failure)
            log.check(result.as_dict(), failure)
        log.page(page)
        log.addresses(FRAME.addresses)
        log.end(6 if failing else 0, "check failed" if failing else "")

    def down(self, left: Iterable[str] = (), killed: bool = False) -> None:
        """Delete it all but these."""
        log, began, stays = self.begin("down"), time.monotonic(), set(left)
        resources = self.demo.resources
        self.tell(log, began, [(Action.FOUND, r, self.live[r.key], 0.1) for r in resources])
        over: dict[Task, float] = {}
        graph = deletion_graph(resources, self.demo.teardown)
        for move in TopologicalSorter(graph).static_order():
            verb, r = move
            start = max((over[before] for before in graph[move]), default=0.1)
            over[move] = start + (CALL if verb is TaskType.ASK else r.usual_delete_seconds)
            if r.key in stays:
                continue
            if verb is TaskType.ASK:
                self.tell(log, began, [(Action.DELETING, r, self.live[r.key], start)])
                self.tell(log, began, [(Action.DELETED, r, self.live[r.key], over[move])])
            elif not killed:
                self.tell(log, began, [(Action.GONE, r, None, over[move])])
        if killed:
            return self.kill(log)
        log.look(
            [Leftover(r, self.live[r.key], "DependencyViolation: in use", {}) for r in resources if r.key in stays]
        )
        return log.end(7 if stays else 0, "some are left" if stays else "")

    def kill(self, log: RunLog) -> None:
        """Leave the log of a process that came to no end."""
        log.end(0, "")
        file = self.runs[0].path
        file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))

    def tell(self, log: RunLog, began: float, story: Iterable[tuple[Action, Resource, Live | None, float]]) -> None:
        for action, r, live, seconds in story:
            log.on_event(Event(action, r, live, at=began + seconds))
