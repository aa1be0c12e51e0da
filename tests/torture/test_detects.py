"""The torture can fail: what is not as it has to be is found, told, and shown on the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from tests.torture.__main__ import SWEEPS
from tests.torture.cases import Case, Outcome, attempt
from tests.torture.crash import KILLED, UNDISTURBED, Crash, further
from tests.torture.mischief import do
from tests.torture.page import page
from tests.torture.refusals import Refusal
from tests.torture.results import gathered
from tests.torture.world import World, carried_out, expect_same, passed
from tools.account import account, differences, shape
from tools.process import Ended, Wrong
from vpce_demo.aws.environment import Environment
from vpce_demo.model import Side
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.run import Run

OpenRun = Callable[..., AbstractContextManager[Run]]


@pytest.mark.extended
def test_an_account_is_told_apart_from_that_of_another_run(
    sandbox: Sandbox, place: Environment, open_run: OpenRun, tmp_path: Path
) -> None:
    clients = place.clients[Side.PROVIDER]
    shapes = []
    for name in ("one", "two"):
        sandbox.reset()
        with open_run(tmp_path / name) as run:
            run.up(run.demo.resources, lambda event: None, None)
        shapes.append(shape(account(clients)))
    assert differences(*shapes) == ""
    spoilt = {
        "close a port": "missing: the customer-group.IpPermissions.FromPort = ",
        "delete the route": "missing: the customer-routes.Routes.GatewayId = the customer-gateway",
        "deregister the target": "missing: the target-group.Id = the web",
        "delete the listener": "missing: the load-balancer.DefaultActions.TargetGroupArn = the target-group",
        "terminate the web server": "missing: the web.InstanceId = the web",
    }
    for what, told in spoilt.items():
        assert do(what, clients, account(clients))
        assert told in differences(shapes[0], shape(account(clients))), what
    clients.ec2.create_security_group(GroupName="more", Description="more than there should be")
    assert "too much: sg-*.GroupName = more" in differences(shapes[0], shape(account(clients)))


def test_what_a_call_changed_whether_it_was_heard_or_not() -> None:
    ends = {
        "CreateVpc": None,
        "DeleteVpc": "dropped after",
        "CreateSubnet": "dropped before",
        "RunInstances": "Throttling",
    }
    calls = [{"operation": name, "error": error} for name, error in {**ends, "DescribeVpcs": None}.items()]
    assert carried_out(calls) == ["CreateVpc", "DeleteVpc"]


def test_two_looks_at_one_account() -> None:
    before = {"vpc-1": {"State": "available"}}
    expect_same(before, {"vpc-1": {"State": "available"}})
    for after in ({}, {**before, "vpc-2": {}}, {"vpc-1": {"State": "pending"}}):
        with pytest.raises(Wrong, match="not as it was"):
            expect_same(before, after)


def test_a_test_that_was_not_run_has_not_passed() -> None:
    for document in ("{}", '{"checks": [{"passed": true}]}', f'{{"checks": {[{"passed": None}] * 8}}}'):
        with pytest.raises(Wrong, match="did not pass"):
            passed(Ended(("test",), 0, document.replace("'", '"').replace("None", "null"), ""))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (0, "CreateVpc UnauthorizedOperation"),
        (7, "CreateVpc UnauthorizedOperation"),
        (1, "something UnauthorizedOperation"),
        (1, "CreateVpc failed"),
    ],
)
def test_a_stop_without_its_reason_is_wrong(code: int, said: str) -> None:
    case = Refusal("up", "CreateVpc", "not allowed", "once")
    case.expect_a_reason(Ended(("up",), 1, "", "You may not call CreateVpc: UnauthorizedOperation"))
    with pytest.raises(Wrong):
        case.expect_a_reason(Ended(("up",), code, "", said))


def test_a_sweep_goes_on_until_the_command_ends_first() -> None:
    one, other = (Crash("up", 70, when, "kept", "up") for when in ("before", "after"))
    outcomes = [Outcome(one, (KILLED,), 1.0), Outcome(other, (UNDISTURBED,), 1.0)]
    assert further(outcomes) == [Crash("up", 71, "before", "kept", "up")]


@dataclass(frozen=True)
class Sabotage(Case):
    how: str

    @property
    def row(self) -> str:
        return "sabotage"

    def run(self, world: World) -> Iterator[str]:
        yield "begun"
        raise Wrong(self.how) if self.how != "a bug" else ValueError("of the torture's own")


class Nowhere:
    """What ``attempt`` needs of a world."""

    directory = Path("/somewhere/of/a/machine")

    def begin(self) -> None: ...

    def kill_what_still_runs(self) -> None: ...


def test_what_is_wrong_is_counted_and_shown_on_the_page_without_paths_of_the_machine() -> None:
    nowhere = cast("World", Nowhere())
    outcomes = [
        attempt(nowhere, Sabotage("files are left: /somewhere/of/a/machine/.vpce-demo/key.pem")),
        attempt(nowhere, Sabotage("a bug")),
    ]
    results = gathered("crash", outcomes, 90.0, 2)
    assert results.rows == {"sabotage": {"begun": 2, "wrong": 2}}
    text = page(SWEEPS, {"crash": results})
    assert "- `files are left: /somewhere/of/a/machine/.vpce-demo/key.pem`: files are left: .vpce-demo/key.pem" in text
    assert "ValueError: of the torture's own" in text
    assert str(Path(__file__).parents[2]) not in text
    assert "| Killed at every call | 2 | 2 | 1.5 |" in text
    assert text.count("Not run yet") == len(SWEEPS) - 1
