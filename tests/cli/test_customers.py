"""Several customers on the command line: a line each, one opened, one taken away, and who has asked to connect."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from vpce_demo.aws.environment import Environment
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.run import Run

from .program import Done
from .stage import Stage, standing

pytestmark = pytest.mark.extended


@pytest.fixture(scope="module")
def made(
    module_sandbox: Sandbox,
    open_run: Callable[..., AbstractContextManager[Run]],
    place: Environment,
    tmp_path_factory: pytest.TempPathFactory,
) -> Stage:
    """One demo with three customers for the module.  The last test takes one away."""
    return standing(module_sandbox, open_run, place, tmp_path_factory.mktemp("state"), customers=3)


@pytest.fixture
def stranger(stage: Stage) -> Any:
    """An endpoint that is not the demo's and waits."""
    (service,) = stage.ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]
    made = stage.ec2.create_vpc_endpoint(
        VpcEndpointType="Interface", VpcId=stage.ids["customer-vpc-3"], ServiceName=service["ServiceName"]
    )["VpcEndpoint"]["VpcEndpointId"]
    yield made
    stage.ec2.delete_vpc_endpoints(VpcEndpointIds=[made])


@pytest.mark.ordinary
def test_each_customer_is_a_line_of_the_test(stage: Stage) -> None:
    code, document, screen = stage.run("test")
    assert code == 0, screen
    assert [line.split()[1:7] for line in screen.splitlines() if " Customer " in line] == [
        ["Customer", str(number), "5", "of", "5", "200"] for number in (1, 2, 3)
    ]
    assert "PASSED  18 of 18" in screen
    assert "Each of 3 customers reached the web server through PrivateLink, and no other way." in screen
    told = [(check["number"], check.get("customer")) for check in document["checks"]]
    assert told == [(n, None) for n in (1, 2, 3)] + [(n, of) for of in (1, 2, 3) for n in (4, 5, 6, 7, 8)]


def test_one_customer_is_tested_like_the_tutorials_own(stage: Stage) -> None:
    code, document, screen = stage.run("test", "--customer", "2")
    assert code == 0, screen
    assert [check["number"] for check in document["checks"]] == [*range(1, 9)]
    assert "PASSED  8 of 8" in screen


def test_a_customer_that_fails_is_named_with_its_cause(stage: Stage) -> None:
    group = {"GroupId": stage.ids["customer-group-2"]}
    (found,) = stage.ec2.describe_security_groups(GroupIds=list(group.values()))["SecurityGroups"]
    (rule,) = (one for one in found["IpPermissions"] if one["FromPort"] == 80)
    stage.ec2.revoke_security_group_ingress(**group, IpPermissions=[rule])
    try:
        code, document, screen = stage.run("test")
    finally:
        stage.ec2.authorize_security_group_ingress(**group, IpPermissions=[rule])
    assert code == 6
    assert document["error"]["message"].startswith("check 6 of customer 2 failed")
    lines = screen.splitlines()
    assert [line[0] for line in lines if " Customer " in line and " of 5" in line] == ["✓", "✗", "✓"]
    assert stage.ids["customer-group-2"] in screen, "the command that repairs it is about this customer's group"
    assert f"{stage.ids['customer-group']} " not in screen
    assert "FAILED  at 6 of customer 2." in screen


def test_status_has_a_line_for_each_and_opens_one(stage: Stage) -> None:
    code, out, _ = stage.text("status")
    assert code == 0
    rows = [line.split() for line in out.splitlines() if " Customer " in line]
    assert [(row[3], row[5]) for row in rows] == [("1", "MyEndpoint"), ("2", "MyEndpoint-2"), ("3", "MyEndpoint-3")]
    assert "customers       3 of 3, each with 10.0.0.0/16" in out
    assert "60 of 60 there." in out
    code, out, _ = stage.text("status", "--customer", "3")
    assert "Customer_Network-3" in out
    assert "MyEndpoint-2" not in out
    assert "32 of 32 there." in out
    code, _, err = stage.text("status", "--customer", "4")
    assert (code, "The demo has no customer 4: there is 1, 2, 3." in err) == (2, True)


@pytest.mark.slow
def test_the_others_count_in_every_place(stage: Stage) -> None:
    assert stage.run("plan", "--customers", "4")[1]["to_make"][:2] == ["customer-vpc-4", "customer-gateway-4"]
    quantities = {part["part"]: part["quantity"] for part in stage.run("cost")[1]["parts"]}
    assert (quantities["interface endpoint"], quantities["t3.micro instance"]) == ("3", "4")
    assert "Customer_Network and 2 more" in stage.text("diagram")[1]
    assert "Customer_Network and 2 more" in stage.text("diagram", "--format", "svg")[1]
    assert "Customer_Network 他 2" in stage.text("diagram", "--lang", "ja")[1]
    assert stage.run("test")[0] == 0
    assert stage.run("report", "--to", str(stage.directory / "report.html"))[0] == 0
    page = (stage.directory / "report.html").read_text()
    assert "MyEndpoint-3" in page
    assert "endpoint connection, customer 3" in page


def test_the_queue_tells_whose_each_request_is(stage: Stage, stranger: str) -> None:
    done = Done(*stage.text("-o", "json", "accept", "--list"))
    document, screen = done.document, done.err
    assert {one["endpoint"]: (one["customer"], one["state"]) for one in document["requests"]} == {
        **{stage.ids[key]: (n, "available") for n, key in enumerate(("endpoint", "endpoint-2", "endpoint-3"), 1)},
        stranger: (None, "pendingAcceptance"),
    }
    assert document["answered"] == []
    assert f"{stranger}  123456789012  us-east-1  pendingAcceptance" in screen


@pytest.mark.ordinary
def test_accept_leaves_a_strangers_request_and_says_how_to_accept_it(stage: Stage, stranger: str) -> None:
    code, out, err = stage.text("accept")
    assert code == 0
    assert "Nothing to do: all 3 were there already." in out
    assert "Not this demo's own, and left to wait:" in out
    assert f"accept {stranger}" in err
    code, document, _ = stage.run("accept", stranger)
    assert (code, document["answered"]) == (0, [stranger])
    assert stage.run("accept", "--all")[1]["answered"] == []
    document = Done(*stage.text("-o", "json", "reject", stranger)).document
    assert (document["command"], document["answered"]) == ("reject", [stranger])
    assert "Not this demo's" not in stage.text("accept")[1], "a rejected one does not wait"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("accept", "vpce-0123456789abcdef0"), 2, "Not asked to connect to this service: vpce-0123456789abcdef0."),
        (("reject", "vpce-0123456789abcdef0"), 2, "Not asked to connect to this service: vpce-0123456789abcdef0."),
        (("accept", "--all", "--list"), 2, "exclude each other"),
        (("reject",), 2, "Missing argument 'ENDPOINT...'"),
        (("up", "--customers", "51"), 2, "1<=x<=50"),
        (("up", "--customers", "2"), 5, "asking for fewer deletes none"),
        (("up", "--customers", "9"), 5, "sandbox start --quota vpcs=11"),
        (("down", "--customer", "9"), 2, "no customer 9"),
    ],
)
def test_what_is_refused(stage: Stage, words: tuple[str, ...], code: int, said: str) -> None:
    got, _, err = stage.text(*words)
    assert (got, said in err) == (code, True), err


@pytest.mark.slow
def test_one_is_taken_away_and_the_last_one_is_not(stage: Stage) -> None:
    code, out, err = stage.text("down", "--customer", "2")
    assert code == 0, err
    assert "Nothing left of customer 2." in out
    assert "Left as they are: the provider, and of the customers 1, 3." in out
    assert "2 of 2" in stage.text("status")[1]
    code, out, _ = stage.text("up", "--skip-test")
    assert "Nothing to do: all 46 were there already." in out
    assert stage.text("down", "--customer", "3")[0] == 0
    code, _, err = stage.text("down", "--customer", "1")
    assert (code, "Customer 1 is the demo's only one." in err) == (5, True)
    code, out, _ = stage.text("up", "--customers", "2", "--skip-test")
    assert (code, "14 created, 32 already there" in out) == (0, True), "asked for by their number, it is made again"
