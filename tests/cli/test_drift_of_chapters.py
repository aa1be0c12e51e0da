"""What AWS holds against what the chapters say: the fields of their kinds, changed behind the program's back."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from vpce_demo.aws.environment import Environment
from vpce_demo.aws.tags import DEMO_TAG, ID_TAG, RESOURCE_TAG
from vpce_demo.chapters import CHAPTERS
from vpce_demo.model import Remedy
from vpce_demo.sandbox.server import Sandbox

from ..changes import CALLED_IN_CHAPTERS, CASES, CASES_IN_CHAPTERS, Change, remedy
from .stage import Stage, standing
from .test_drift import OpenRun, drift, expect_mended, expect_named

pytestmark = pytest.mark.extended

MENDED = [(key, field) for key, field, _ in CALLED_IN_CHAPTERS if remedy(key, field) is Remedy.MEND]


@pytest.fixture(scope="module")
def made(
    module_sandbox: Sandbox, open_run: OpenRun, place: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Stage:
    """A demo of both chapters."""
    return standing(module_sandbox, open_run, place, tmp_path_factory.mktemp("state"), chapters=CHAPTERS)


@pytest.mark.parametrize(
    ("key", "field", "aws", "change"),
    [pytest.param(*case, id=f"{case[0]}-{case[1]}") for case in CASES_IN_CHAPTERS],
)
@pytest.mark.sampled(3)
def test_a_field_that_differs_is_named_and_nothing_else(
    stage: Stage, key: str, field: str, aws: str, change: Change
) -> None:
    expect_named(stage, key, field, aws, change)


@pytest.mark.parametrize(("key", "field"), [pytest.param(*one, id="-".join(one)) for one in MENDED])
@pytest.mark.sampled(4)
def test_up_mends_it_in_place(stage: Stage, open_run: OpenRun, key: str, field: str) -> None:
    change = next(one for found, one in CALLED_IN_CHAPTERS.items() if found[:2] == (key, field))
    expect_mended(stage, open_run, key, field, change)


def test_a_route_table_that_others_added_is_taken_away_only_with_a_yes(stage: Stage) -> None:
    """AWS's own route to the endpoint is in it, and is no difference of that table."""
    endpoint, public = stage.ids["gateway-endpoint-s3"], stage.ids["gateway-public-routes"]
    with ExitStack() as after:
        stage.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=[public])
        after.callback(stage.ec2.modify_vpc_endpoint, VpcEndpointId=endpoint, RemoveRouteTableIds=[public])
        again = ("up", "--chapter", "gateway", "--skip-test")
        code, document, _ = stage.run(*again)
        assert (code, document["mended"], list(drift(document))) == (0, [], ["gateway-endpoint-s3"])
        assert [one["remedy"] for one in drift(document)["gateway-endpoint-s3"]] == [Remedy.ASK]
        code, document, _ = stage.run(*again, "--yes")
        assert (code, document["mended"], drift(document)) == (0, ["gateway-endpoint-s3"], {})
        after.pop_all()


def test_what_is_gone_is_named_with_the_command_of_its_chapter(stage: Stage) -> None:
    """``up`` alone would make the tutorial.  The route goes with the endpoint, or stays in a table that is not used."""
    again = ("up", "--chapter", "gateway", "--skip-test")
    stage.ec2.delete_vpc_endpoints(VpcEndpointIds=[stage.ids["gateway-endpoint-s3"]])
    _, _, err = stage.text("plan")
    assert err.rstrip().endswith(" up --chapter gateway"), err
    diagnosis = stage.run("doctor")[1]["diagnosis"]
    assert (diagnosis["rule"], diagnosis["most_likely"]) == ("no-endpoint-route", "the gateway endpoint of S3 is gone.")
    assert stage.run(*again)[1]["created"] == 1

    stage.ec2.disassociate_route_table(AssociationId=stage.ids["gateway-private-routing"])
    diagnosis = stage.run("doctor")[1]["diagnosis"]
    assert diagnosis["most_likely"] == "the private subnet does not use its route table."
    assert [one["command"].endswith("up --chapter gateway") for one in diagnosis["fixes"]] == [True]
    assert stage.run(*again)[1]["created"] == 1
    subnet = stage.ids["gateway-private-subnet"]
    stage.ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    told = [
        line for line in stage.text("status")[1].splitlines() if "Gateway_Private_subnet" in line and "mends" in line
    ]
    assert told == ["! up --chapter gateway mends:  subnet Gateway_Private_subnet"]
    assert stage.run(*again)[1]["mended"] == ["gateway-private-subnet"]


def test_dns_hostnames_that_are_off_are_missing_and_switched_on_again(stage: Stage) -> None:
    vpc = stage.ids["interface-vpc"]
    stage.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": False})
    code, document, screen = stage.run("status", "--check")
    assert (code, document["missing"]) == (10, ["interface-hostnames"]), screen
    code, document, _ = stage.run("up", "--chapter", "interface", "--skip-test")
    assert (code, document["created"]) == (0, 1)
    found = stage.ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")
    assert found["EnableDnsHostnames"] == {"Value": True}
    assert stage.run("status", "--check")[0] == 0


@pytest.mark.ordinary
def test_every_field_that_is_compared_is_tried_above(stage: Stage, open_run: OpenRun) -> None:
    """Here, or of the same kind in the tutorial."""
    with open_run(stage.directory, makes=False) as run:
        lives = run.look()
        held = {(r.kind, one[0]) for r in run.demo.resources for one in lives[r.key].held}
        kinds = {r.key: r.kind for r in run.demo.resources}
    ours = {"GatewayEndpoint", "InterfaceEndpoint"}
    tried = {(kinds[key], field) for key, field, *_ in CASES_IN_CHAPTERS}
    tags = {f"tag {name}" for name in (DEMO_TAG, ID_TAG, RESOURCE_TAG)}
    assert {one for one in held if one[0] in ours and one[1] not in tags} == {one for one in tried if one[0] in ours}
    assert {field for kind, field in held if kind not in ours} - tags <= {field for _, field, *_ in CASES}
