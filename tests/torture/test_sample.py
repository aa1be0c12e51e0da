"""A sample of each sweep of ``make torture``: real cases of it, of different kinds, in a worker's world."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.torture import apart, chapters, crash, drift, hidden, lives, neighbours, refusals, strangers
from tests.torture.apart import Apart
from tests.torture.cases import Case
from tests.torture.chapters import OfChapter
from tests.torture.crash import Crash
from tests.torture.drift import MendingKilled
from tests.torture.hidden import CutOff
from tests.torture.lives import Lives
from tests.torture.neighbours import MIDDLE, AtOnce, Taken
from tests.torture.pool import Workers, workers
from tests.torture.refusals import Refusal
from tests.torture.strangers import Held, Like, People

pytestmark = pytest.mark.extended

SAMPLE: list[tuple[Case, str]] = [
    (Crash("up", 37, "after", "lost", "up"), crash.KILLED),
    (Crash("down", 23, "after", "kept", "down"), crash.KILLED),
    (Refusal("up", "CreateVpc", "lost reply", "once"), refusals.SUCCEEDED),
    (Refusal("up", "CreateLoadBalancer", "not allowed", "once"), refusals.SUCCEEDED),
    (Refusal("up", "CreateLoadBalancer", "not allowed", "always"), refusals.STOPPED),
    (Refusal("up", "RunInstances", "spoilt: truncated", "once"), refusals.SUCCEEDED),
    (Refusal("down", "GetCallerIdentity", "spoilt: html", "always"), refusals.STOPPED),
    (Refusal("down", "DeleteVpc", "expired credentials", "always"), refusals.STOPPED),
    (CutOff("CreateVpc", "after", "up"), hidden.DONE),
    (AtOnce("up", "up", MIDDLE), neighbours.LOCKED_OUT),
    (Taken("load balancer"), neighbours.REFUSED),
    (Held("an endpoint of aws and its group"), strangers.NAMED),
    (Like("service", "recorded instead"), strangers.UNTOUCHED),
    (People("up", "up", at_once=True), strangers.UNTOUCHED),
    (MendingKilled("target-group/health check port"), drift.KILLED),
    (Apart("two accounts and regions", Crash("up", 2, "after", "lost", "up", "RunInstances")), crash.KILLED),
    (Apart("two accounts", Crash("up", 1, "after", "kept", "up", "ModifyVpcEndpointServicePermissions")), crash.KILLED),
    (Apart("two regions", Crash("down", 1, "after", "kept", "down", "DeleteVpcEndpoints")), crash.KILLED),
    (OfChapter("gateway", Crash("up", 1, "before", "lost", "down", "CreateVpcEndpoint")), crash.KILLED),
    (OfChapter("interface", Crash("up", 2, "after", "kept", "down", "RunInstances")), crash.KILLED),
    (OfChapter("interface", Crash("down", 1, "after", "kept", "down", "DeleteVpcEndpoints")), crash.KILLED),
]
TRIED = (0, 2, 8, 10, 12, 14, 17)
"""The numbers of those that ``make test-extended`` tries; ``make test-all`` tries all."""


@pytest.fixture(scope="module")
def worker() -> Iterator[Workers]:
    """A worker that has run the commands undisturbed, which belongs to no case."""
    with workers(1) as one:
        one.operations()
        yield one


@pytest.mark.parametrize(
    ("case", "ending"),
    [pytest.param(*one, marks=() if at in TRIED else pytest.mark.slow) for at, one in enumerate(SAMPLE)],
    ids=lambda value: str(value).replace(" ", "-"),
)
def test_a_case(worker: Workers, case: Case, ending: str) -> None:
    (outcome,) = worker.outcomes([case])
    assert outcome.wrong == ""
    assert set(outcome.endings) == {ending}


@pytest.mark.slow
def test_any_sequence_of_all_that(worker: Workers) -> None:
    (outcome,) = worker.outcomes([Lives(seed=1, examples=1, steps=3)])
    assert outcome.wrong == ""
    assert outcome.endings.count(lives.WHOLE_AND_NOTHING) == 1
    assert lives.STEP in outcome.endings


def test_the_sample_is_of_the_sweeps(worker: Workers) -> None:
    operations = worker.operations()
    sweeps = (crash, refusals, hidden, neighbours, strangers, drift, apart, chapters)
    tried = {case for each in sweeps for case in each.SWEEP.cases(operations)}
    assert [case for case, _ in SAMPLE if case not in tried] == []
