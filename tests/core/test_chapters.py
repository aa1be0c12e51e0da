"""The lives of chapters: alone, beside the tutorial and each other, without the record, apart, and among strangers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import click
import pytest

from tools.account import account
from vpce_demo.aws.environment import Environment, in_sandbox
from vpce_demo.chapters import CHAPTERS, chapter_named, chapter_of
from vpce_demo.cli.app import App
from vpce_demo.cli.progress import again
from vpce_demo.config.load import load
from vpce_demo.config.settings import TUTORIAL, Where
from vpce_demo.errors import Refused
from vpce_demo.model import Side
from vpce_demo.sandbox.api.faults import InjectedFault
from vpce_demo.sandbox.client import Running
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.discover import networks
from vpce_demo.session.open import open_demo
from vpce_demo.session.ownership import Unrecorded
from vpce_demo.session.run import Run

from ..cli.stage import Stage, write_server_file
from .runs import created, down, up

OpenRun = Callable[..., AbstractContextManager[Run]]
EVERY = (TUTORIAL, *CHAPTERS)
OF = {TUTORIAL: 32, "gateway": 20, "interface": 21}
"""How many resources each has."""
EVERYBODY = "0.0.0.0/0"


@pytest.fixture
def stage(
    sandbox: Sandbox,
    place: Environment,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Stage:
    """An empty account, and the program beside it."""
    write_server_file(sandbox, tmp_path)
    monkeypatch.setattr("vpce_demo.aws.environment.in_sandbox", lambda config, running: place)
    return Stage(tmp_path, place.clients[Side.PROVIDER], {}, capsys)


def good(stage: Stage, *words: str) -> dict[str, Any]:
    """The document of a command that succeeds."""
    code, document, screen = stage.run(*words)
    assert code == 0, screen
    return document


def record(stage: Stage) -> dict[str, Any]:
    """The state file."""
    path = stage.directory / "sandbox" / "vpce-demo" / "state.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def lose_the_record(stage: Stage) -> None:
    (stage.directory / "sandbox" / "vpce-demo" / "state.json").unlink()


def ids(stage: Stage) -> dict[str, str]:
    return {key: entry["id"] for key, entry in record(stage)["resources"].items()}


def chapters_there(document: dict[str, Any]) -> dict[str, int]:
    """How many resources of each chapter a document lists."""
    keys = [chapter_of(one["key"]) for one in document["resources"]]
    return {name: keys.count(name) for name in EVERY if name in keys}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"chapter": "gateway", "yes": True}, "down --chapter gateway"),
        ({"customer": 2}, "down --customer 2"),
        ({}, "down"),
    ],
)
def test_an_interrupted_command_goes_on_with_the_same_part(given: dict[str, Any], said: str) -> None:
    with click.Context(click.Command("down")) as context:
        context.params = given
        assert again(cast(App, SimpleNamespace(command="down"))) == said


# --- alone and beside ---------------------------------------------------------------


def test_a_chapter_alone_is_made_once_shown_and_taken_down(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    before = account(stage.clients)
    assert good(stage, "plan", "--chapter", "gateway")["to_make"]
    made = good(stage, "up", "--chapter", "gateway")
    assert (made["created"], [one["passed"] for one in made["checks"]]) == (20, [True] * 6)
    assert record(stage)["settings"]["before"].keys() == {"gateway"}

    again = good(stage, "up", "--chapter", "gateway", "--skip-test")
    assert (again["created"], again["mended"], chapters_there(again)) == (0, [], {"gateway": 20})
    assert good(stage, "status", "--check")["missing"] == []
    assert good(stage, "plan", "--exit-code")["to_make"] == []
    assert "Without --chapter, up makes the tutorial, which is not in this plan." in stage.text("plan")[2]
    code, planned, _ = stage.run("plan", "--chapter", "interface", "--exit-code")
    assert (code, len(planned["to_make"])) == (10, 21)
    assert record(stage)["settings"]["chapters"] == ["gateway"], "a plan records nothing"
    (listed,) = good(stage, "list")["demos"]
    assert listed["hourly_usd"] == good(stage, "status")["cost"]["hourly_usd"]

    _, out, _ = stage.text("cost", "--chapter", "gateway")
    assert not re.search("Traffic|load balancer", out), "it has neither"

    monkeypatch.chdir(stage.directory)
    for words in (("report",), ("logs",), ("logs", "1"), ("support",), ("--show-calls", "status")):
        code, out, err = stage.text(*words)
        assert (code, "Traceback" in out + err) == (0, False), (words, err)
    page = (stage.directory / "vpce-demo-report.html").read_text()
    assert page.count("Gateway_S3") >= 2, "among the resources, and in the timing chart"
    assert "4  Private subnet</text>" in page
    assert "Service_Network" not in page

    assert good(stage, "down")["deleted"] == 20
    assert account(stage.clients) == before
    assert record(stage) == {}
    assert stage.run("status", "--check")[0] == 10


def test_a_chapter_goes_alone_and_leaves_the_rest(stage: Stage, open_run: OpenRun) -> None:
    """Beside a part of the tutorial, which is enough to see it; the whole of it is in the next test."""
    before = account(stage.clients)
    with open_run(stage.directory) as run:
        run.up(run.demo.of("create-provider"), lambda event: None, None)
    made = ids(stage)
    assert good(stage, "up", "--chapter", "gateway", "--skip-test")["created"] == 20
    assert record(stage)["settings"]["chapters"] == [TUTORIAL, "gateway"]
    assert {key: id for key, id in ids(stage).items() if chapter_of(key) != "gateway"} == made
    assert good(stage, "down", "--chapter", "gateway")["deleted"] == 20
    assert (record(stage)["settings"]["chapters"], ids(stage)) == ([TUTORIAL], made)

    lose_the_record(stage)
    assert chapters_there(good(stage, "status")).keys() == {TUTORIAL}, "the tags say which are there"
    assert good(stage, "down")["deleted"] == len(made)
    assert account(stage.clients) == before


@pytest.mark.slow
@pytest.mark.parametrize("first", ["tutorial", "chapter"])
def test_a_chapter_beside_the_tutorial_goes_alone_and_leaves_the_rest(stage: Stage, tmp_path: Path, first: str) -> None:
    before = account(stage.clients)
    orders = [("up", "--skip-test"), ("up", "--skip-test", "--chapter", "gateway")]
    for words in orders if first == "tutorial" else orders[::-1]:
        good(stage, *words)
    good(stage, "up", "--skip-test", "--chapter", "interface")
    assert chapters_there(good(stage, "status", "--check")) == OF
    made = ids(stage)
    good(stage, "report", "--lang", "ja", "--to", str(tmp_path / "page.html"))
    assert "ゲートウェイエンドポイント" in (tmp_path / "page.html").read_text(), "a step, in the timing chart"

    assert good(stage, "down", "--chapter", "gateway")["deleted"] == 20
    assert record(stage)["settings"]["chapters"] == [TUTORIAL, "interface"]
    assert record(stage)["settings"]["before"].keys() == {"interface"}, "what its control met goes with the chapter"
    assert ids(stage) == {key: id for key, id in made.items() if chapter_of(key) != "gateway"}
    assert chapters_there(good(stage, "status", "--check")) == {TUTORIAL: 32, "interface": 21}
    assert good(stage, "down", "--chapter", "gateway")["deleted"] == 0
    assert good(stage, "up", "--skip-test")["created"] == 0

    lose_the_record(stage)
    assert chapters_there(good(stage, "status")) == {TUTORIAL: 32, "interface": 21}, "the tags say which are there"
    good(stage, "adopt")
    assert chapters_there(good(stage, "status", "--check")) == {TUTORIAL: 32, "interface": 21}
    assert good(stage, "down")["deleted"] == 53
    assert account(stage.clients) == before
    assert record(stage) == {}


@pytest.mark.extended
def test_without_the_record_a_chapter_goes_on_where_it_was_made(stage: Stage, open_run: OpenRun) -> None:
    """In its own zone, with its own image, and its control told as not seen."""
    with open_run(stage.directory, chapters=["gateway"], zone="us-east-1c") as run:
        up(run)
    lose_the_record(stage)
    assert good(stage, "up", "--chapter", "gateway", "--skip-test")["created"] == 0
    assert record(stage)["settings"]["chapters"] == ["gateway"]
    assert chapters_there(good(stage, "status", "--check")) == {"gateway": 20}, "nothing differs"
    tested = good(stage, "test")
    first = tested["checks"][0]
    assert (first["passed"], first["evidence"]) == (
        None,
        "not run: no record of a look before the endpoints were there",
    )
    lose_the_record(stage)
    assert good(stage, "down", "--chapter", "gateway")["deleted"] == 20
    assert stage.ec2.describe_vpcs(Filters=[{"Name": "tag-key", "Values": ["vpce-demo:demo"]}])["Vpcs"] == []


@pytest.mark.extended
@pytest.mark.parametrize("name", CHAPTERS)
@pytest.mark.sampled(2)
def test_after_an_interruption_before_the_endpoints_the_control_is_made_up_for(
    stage: Stage, open_run: OpenRun, name: str
) -> None:
    chapter = chapter_named(name)
    with open_run(stage.directory, chapters=[name]) as run:
        run.up([r for r in run.demo.resources if r.key not in chapter.endpoints], lambda event: None, None)
    assert record(stage)["settings"]["before"] == {}
    assert good(stage, "up", "--chapter", name, "--skip-test")["created"] == len(chapter.endpoints)
    assert "timed out" in record(stage)["settings"]["before"][name]
    good(stage, "up", "--chapter", name, "--skip-test")
    assert "timed out" in record(stage)["settings"]["before"][name], "it survives"


@pytest.mark.slow
def test_on_failure_delete_takes_the_chapter_and_nothing_else(
    stage: Stage, sandbox: Sandbox, open_run: OpenRun
) -> None:
    with open_run(stage.directory) as run:
        run.up(run.demo.of("create-provider"), lambda event: None, None)
        made = dict(run.state.ids)
    fault = InjectedFault("error", "CreateVpcEndpoint", code="VpcEndpointLimitExceeded", times=9)
    sandbox.faults.add(fault)
    try:
        code, document, _ = stage.run("up", "--chapter", "gateway", "--skip-test", "--on-failure", "delete")
    finally:
        sandbox.faults.clear()
    assert (code, document["error"]["code"]) == (1, "VPCE051")
    assert ids(stage) == made
    assert record(stage)["settings"]["chapters"] == [TUTORIAL], "nothing of the chapter is on record"


@pytest.mark.extended
def test_a_killed_create_call_is_looked_for_when_the_chapter_is_deleted(
    stage: Stage, sandbox: Sandbox, open_run: OpenRun
) -> None:
    """Its intent is all that is on record of the chapter."""
    with open_run(stage.directory) as run:
        run.up(run.demo.of("create-provider"), lambda event: None, None)
    with open_run(stage.directory, chapters=["gateway"]) as run:
        vpc = run.demo.part("gateway-vpc")
        run.up([vpc], lambda event: None, None)
    path = stage.directory / "sandbox" / "vpce-demo" / "state.json"
    told = json.loads(path.read_text())
    made, told["resources"]["gateway-vpc"]["id"] = told["resources"]["gateway-vpc"]["id"], ""
    path.write_text(json.dumps(told))
    good(stage, "down", "--chapter", "gateway")
    assert made not in {one["VpcId"] for one in stage.ec2.describe_vpcs()["Vpcs"]}
    assert record(stage)["settings"]["chapters"] == [TUTORIAL]
    assert "provider-vpc" in ids(stage)


# --- whose side, where, and how much ----------------------------------------------------


def test_the_providers_side_alone_has_no_chapter(stage: Stage, open_run: OpenRun) -> None:
    for _ in range(2):
        code, document, screen = stage.run("--side", "provider", "up", "--chapter", "gateway")
        assert (code, document["error"]["code"]) == (5, "VPCE123")
        assert "The chapter gateway is the consumer's, and this demo is the provider's side only." in screen
        with open_run(stage.directory, side="provider") as run:
            run.up(run.demo.resources[:1], lambda event: None, None)
        assert record(stage)["settings"]["chapters"] == [TUTORIAL], "and nothing of it is on record"


@pytest.mark.extended
def test_the_consumers_side_alone_needs_no_service_for_a_chapter(stage: Stage) -> None:
    consumer = ("--side", "consumer")
    assert good(stage, *consumer, "up", "--chapter", "gateway", "--skip-test")["created"] == 20
    assert stage.run(*consumer, "status", "--check")[0] == 0
    assert good(stage, *consumer, "down")["deleted"] == 20


ACCOUNT, REGION = "222222222222", "eu-west-1"


@pytest.mark.extended
@pytest.mark.parametrize(
    "consumer", [{"profile": ACCOUNT, "region": REGION}, {"region": REGION}], ids=["accounts", "regions"]
)
@pytest.mark.sampled(2)
def test_a_chapter_stands_on_the_consumers_side(
    sandbox: Sandbox, reached: Running, tmp_path: Path, consumer: dict[str, str]
) -> None:
    """Beside a tutorial in two accounts and regions: in the consumer's, whose region's services it reaches."""
    config = load(None, {"consumer": consumer})
    place = in_sandbox(config, reached)
    before = {side: account(clients) for side, clients in place.clients.items()}
    where = Where(config, tmp_path, sandbox=True)
    with open_demo(where, place, "test", makes=True, chapters=EVERY) as run:
        assert len(created(up(run))) == len(run.demo.resources)
        theirs = place.clients[Side.CONSUMER].ec2.describe_vpc_endpoints()["VpcEndpoints"]
        names = {one["ServiceName"] for one in theirs if "vpce-svc" not in one["ServiceName"]}
        assert names == {f"com.amazonaws.{REGION}.{service}" for service in ("s3", "dynamodb", "sts")}
        ours = place.clients[Side.PROVIDER].ec2.describe_vpc_endpoints()["VpcEndpoints"]
        assert [one for one in ours if "vpce-svc" not in one["ServiceName"]] == []
        assert not [live.drift for live in run.look().values() if live.drift]
        assert created(up(run)) == []
        assert down(run) == []
    assert {side: account(clients) for side, clients in place.clients.items()} == before


@pytest.mark.parametrize(
    ("chapters", "settings", "counts"),
    [
        ((TUTORIAL,), {}, [(2, 2)]),
        (("gateway",), {}, [(1, 2)]),
        (EVERY, {}, [(4, 6)]),
        (EVERY, {"customers": 3}, [(6, 8)]),
        (EVERY, {"side": "provider"}, [(1, 1)]),
        (("gateway",), {"side": "consumer"}, [(1, 2)]),
        (EVERY, {"consumer": {"region": REGION}}, [(1, 1), (3, 5)]),
    ],
)
def test_what_the_quotas_must_have_room_for(
    reached: Running, chapters: tuple[str, ...], settings: dict[str, Any], counts: list[tuple[int, int]]
) -> None:
    """VPCs, each with a gateway, and instances."""
    config = load(None, settings)
    found = networks(config, in_sandbox(config, reached), range(1, (config.customers or 1) + 1), chapters)
    assert [tuple(each) for _, *each in found] == counts


def test_no_room_for_a_chapter_is_said_before_anything_is_made(stage: Stage, open_run: OpenRun) -> None:
    with open_run(stage.directory) as run:
        run.up(run.demo.of("create-provider"), lambda event: None, None)
    for number in range(3):
        stage.ec2.create_vpc(CidrBlock=f"10.{90 + number}.0.0/16")
    code, document, screen = stage.run("up", "--chapter", "gateway")
    assert (code, document["error"]["code"]) == (5, "VPCE052"), screen
    assert record(stage)["settings"]["chapters"] == [TUTORIAL]


# --- strangers ------------------------------------------------------------------------


def endpoint_of_a_stranger(stage: Stage, service: str, **more: Any) -> str:
    made = stage.ec2.create_vpc_endpoint(ServiceName=f"com.amazonaws.us-east-1.{service}", **more)
    id: str = made["VpcEndpoint"]["VpcEndpointId"]
    return id


def refused_with_the_endpoint_looked_up_first(run: Run, theirs: str) -> None:
    """What an endpoint is beside is known only after its VPC and its table, which are looked up at the same time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vpce_demo.engine.engine.CALLS_AT_ONCE", 1)
        with pytest.raises(Refused, match=theirs):
            run.engine().up(run.demo.resources[::-1])


@pytest.mark.extended
def test_a_strangers_gateway_endpoint_on_our_table_is_named_and_left(stage: Stage, open_run: OpenRun) -> None:
    with open_run(stage.directory, chapters=["gateway"]) as run:
        run.up([r for r in run.demo.resources if r.key != "gateway-endpoint-s3"], lambda event: None, None)
    there = ids(stage)
    table, public = there["gateway-private-routes"], there["gateway-public-routes"]
    of_the_vpc = {"VpcId": there["gateway-vpc"], "VpcEndpointType": "Gateway"}
    beside = endpoint_of_a_stranger(stage, "dynamodb", **of_the_vpc, RouteTableIds=[public])
    theirs = endpoint_of_a_stranger(stage, "s3", **of_the_vpc, RouteTableIds=[table])
    with open_run(stage.directory, chapters=["gateway"]) as run:
        refused_with_the_endpoint_looked_up_first(run, theirs)
    code, document, screen = stage.run("up", "--chapter", "gateway")
    assert (code, document["error"]["code"]) == (5, "VPCE087")
    said = f"The route of gateway endpoint Gateway_S3 is taken by {theirs}, which is not part of this demo."
    assert said in screen
    assert "Nothing was changed." in screen
    stage.ec2.create_route(RouteTableId=table, DestinationCidrBlock=EVERYBODY, GatewayId=there["gateway-igw"])
    code, document, screen = stage.run("status", "--check")
    assert (code, document["missing"], document["differing"]) == (
        10,
        ["gateway-endpoint-s3"],
        ["gateway-private-routes"],
    )
    assert f"further routes: {EVERYBODY} to igw-" in screen

    code, document, screen = stage.run("down", "--chapter", "gateway")
    assert code == 7
    assert theirs in screen
    fixes = [one["command"] for one in document["diagnosis"]["fixes"]]
    assert [one.endswith(" down --chapter gateway") for one in fixes] == [True], "not all of the demo"
    assert {one["VpcEndpointId"] for one in stage.ec2.describe_vpc_endpoints()["VpcEndpoints"]} == {theirs, beside}
    stage.ec2.delete_vpc_endpoints(VpcEndpointIds=[theirs, beside])
    good(stage, "down")


@pytest.mark.extended
def test_a_strangers_endpoint_with_the_same_private_dns_name_is_named_and_left(stage: Stage, open_run: OpenRun) -> None:
    with open_run(stage.directory, chapters=["interface"]) as run:
        run.up([r for r in run.demo.resources if r.key != "interface-endpoint"], lambda event: None, None)
    there = ids(stage)
    of_the_vpc = {"VpcId": there["interface-vpc"], "VpcEndpointType": "Interface"}
    theirs = endpoint_of_a_stranger(
        stage, "sts", **of_the_vpc, SubnetIds=[there["interface-private-subnet"]], PrivateDnsEnabled=True
    )
    with open_run(stage.directory, chapters=["interface"]) as run:
        refused_with_the_endpoint_looked_up_first(run, theirs)
    code, document, screen = stage.run("up", "--chapter", "interface")
    assert (code, document["error"]["code"]) == (5, "VPCE087")
    assert f"The private DNS name of interface endpoint Interface_STS is taken by {theirs}" in screen
    assert record(stage)["settings"]["before"] == {}, "a control that met the stranger's proves nothing"
    code, _, screen = stage.run("down")
    assert code == 7
    assert theirs in screen
    assert [one["VpcEndpointId"] for one in stage.ec2.describe_vpc_endpoints()["VpcEndpoints"]] == [theirs]
    stage.ec2.modify_vpc_endpoint(VpcEndpointId=theirs, PrivateDnsEnabled=False)
    good(stage, "up", "--chapter", "interface", "--skip-test")
    stage.ec2.delete_vpc_endpoints(VpcEndpointIds=[theirs])
    good(stage, "down")


def test_a_demo_of_somebody_else_has_chapters_too(stage: Stage, open_run: OpenRun, tmp_path: Path) -> None:
    """Its chapters are found by the tags, and left alone without ``--adopt``."""
    with open_run(stage.directory, chapters=["gateway"]) as run:
        run.up([run.demo.part("gateway-vpc")], lambda event: None, None)
        vpc = run.state.id("gateway-vpc")
    stage.ec2.create_tags(Resources=[vpc], Tags=[{"Key": "vpce-demo:owner", "Value": "arn:aws:iam::1:user/bob"}])
    with pytest.raises(Refused), open_run(tmp_path / "mine", chapters=["gateway"]):
        pass
    with open_run(tmp_path / "mine", makes=False, unrecorded=Unrecorded.ADOPT) as run:
        assert set(run.look()) == {"gateway-vpc"}
        assert down(run) == []
