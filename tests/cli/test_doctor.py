"""``doctor``: the machine, the account and the demo, each line with its evidence, with what there is to ask."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from vpce_demo.aws.environment import Environment, in_sandbox
from vpce_demo.aws.messages import understood
from vpce_demo.chapters import demo_of
from vpce_demo.cli import run_command
from vpce_demo.config.load import load
from vpce_demo.config.model import Config
from vpce_demo.config.settings import TUTORIAL
from vpce_demo.model import Live, Side
from vpce_demo.sandbox import client
from vpce_demo.sandbox.api.faults import InjectedFault
from vpce_demo.sandbox.client import Running
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.discover import not_looked_up
from vpce_demo.session.open import sides_of
from vpce_demo.session.run import Run
from vpce_demo.verify import doctor, dry_run
from vpce_demo.verify.doctor import DoctorLine

from .program import Program, World, good

MACHINE = ["versions", "packages", "OpenSSH client", "AWS CLI", "files"]
ACCOUNT = [
    "sign-in",
    "region",
    "clock",
    "permissions",
    "quotas",
    "image",
    "Block Public Access",
    "zones",
    "your address",
]


def lines(config: Config, place: Environment, chapter: str = TUTORIAL, **ids: str) -> dict[str, DoctorLine]:
    """What is said of the account, by title, where these are the ids of the demo's resources."""
    sides = sides_of(config.name, place)
    sides[Side.PROVIDER].known.update({key: Live(id) for key, id in ids.items()})
    settings = not_looked_up(config).model_copy(update={"chapters": (chapter,)})
    return {line.title: line for line in doctor.account(config, place, settings, sides, demo_of(settings))}


# --- as a command ---------------------------------------------------------------------


def test_a_fix_names_this_demo_for_programs_too(program: Program) -> None:
    done = program.run("doctor", "--name", "second", "-o", "json")
    fixes = [line["fix"] for line in done.document["lines"] if line["fix"]]
    assert any(fix.startswith("Give one:  vpce-demo --name second doctor --region us-east-1") for fix in fixes), fixes


def test_without_credentials_the_machine_is_checked_and_the_rest_says_why_not(program: Program) -> None:
    done = program.run("doctor", "--region", "us-east-1", "-o", "json")
    assert done.code == 1
    told = {line["title"]: line for line in done.document["lines"]}
    assert list(told) == [*MACHINE, "sign-in", "account"]
    there = True if shutil.which("aws") else None
    assert [line["fine"] for line in told.values()] == [True, True, True, there, True, False, None]
    assert "There are no AWS credentials." in told["sign-in"]["evidence"]
    assert "aws configure" in told["sign-in"]["fix"]
    assert told["account"]["evidence"] == "not asked: that needs a sign-in and a region"
    assert "Wrong: sign-in. Exit code 1. Nothing was changed." in done.err


@pytest.mark.parametrize("found", ["/usr/local/bin/aws", None])
def test_the_aws_cli_is_not_needed_but_by_what_is_offered(found: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: found)
    line = doctor.aws_cli()
    if found:
        assert (line.fine, line.evidence, line.fix) == (True, found, "")
    else:
        assert line.fine is None
        assert line.evidence.startswith("not installed: ")
        assert line.fix.startswith("Install it:  https://docs.aws.amazon.com/cli/")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "No AWS region is set."),
        ({"AWS_PROFILE": "nobody", "AWS_REGION": "us-east-1"}, "There is no such AWS profile."),
    ],
)
def test_what_keeps_aws_from_being_asked_is_a_line(program: Program, options: dict[str, str], said: str) -> None:
    done = program.run("doctor", **options)
    assert done.code == 1
    assert f"✗     sign-in                       {said}" in done.out


def test_a_sandbox_that_does_not_run_is_not_started(program: Program) -> None:
    done = good(program.run("--sandbox", "doctor"))
    assert "-     sandbox                       does not run; it starts by itself:  vpce-demo --sandbox up" in done.out
    assert not (program.directory / ".vpce-demo").exists()


@pytest.mark.extended
def test_a_demo_from_before_it_is_there_to_when_it_is_broken(world: World) -> None:
    nothing = good(world.here("doctor", "-o", "json"))
    assert [line["title"] for line in nothing.document["lines"]] == [*MACHINE, *ACCOUNT, "demo"]
    assert "there is none of this name" in nothing.document["lines"][-1]["evidence"]
    assert "diagnosis" not in nothing.document

    assert world.here("up", "--skip-test").code == 0
    with world.account_stays():
        fine = world.here("doctor", "-o", "json")
    assert fine.code == 0, fine.text
    assert [line["title"] for line in fine.document["lines"]] == [*MACHINE, *ACCOUNT]
    permissions = next(line for line in fine.document["lines"] if line["title"] == "permissions")
    asked = {call["operation"] for call in world.calls() if call["error"] == "DryRunOperation"}
    assert permissions["evidence"] == (
        f"{len(asked)} of {len(asked)} EC2 calls allowed. Elastic Load Balancing has no DryRun: not asked."
    )
    assert [one["passed"] for one in fine.document["checks"]] == [True] * 8
    assert fine.document["diagnosis"]["rule"] == ""
    assert fine.document["diagnosis"]["ruled_out"] == [
        "acceptance",
        "target health",
        "zones",
        "routes",
        "Block Public Access",
        "network ACLs",
        "the endpoint's security group",
        "the load balancer's security groups",
        "the consumer's security group",
        "the key pair",
        "peering",
        "stopped instances",
        "changed parts",
        "missing parts",
    ]
    assert "Nothing is wrong, as far as that can be asked." in fine.err

    # No check of the test needs port 443; that its rule is gone is seen all the same.
    group = world.recorded()["provider-group"]
    world.ec2.revoke_security_group_ingress(
        GroupId=group, IpProtocol="tcp", FromPort=443, ToPort=443, CidrIp="0.0.0.0/0"
    )
    broken = world.here("doctor", "-o", "json")
    assert broken.code == 6, broken.text
    assert all(one["passed"] for one in broken.document["checks"])
    assert broken.document["diagnosis"]["rule"] == "part-missing"
    assert broken.document["diagnosis"]["evidence"] == ["Inbound rule tcp/443 is gone."]

    assert world.here("down").code == 0
    made = {name.removeprefix("ec2:") for name in world.changing_calls() if name.startswith("ec2:")}
    assert made <= asked


# --- the machine ------------------------------------------------------------------------


def test_old_and_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    needs = ["boto3>=1.40", "click>=99.1", "no-such-package>=1", 'moto[ec2]>=99; extra == "sandbox"']
    monkeypatch.setattr("importlib.metadata.requires", lambda name: needs)
    line = next(line for line in doctor.machine() if line.title == "packages")
    assert line.fine is False
    assert "is older than 99.1; no-such-package is missing" in line.evidence
    assert "moto" not in line.evidence
    # No name of our own: on an index it is somebody else's.
    assert line.fix == f"Install them:  {sys.executable} -m pip install 'click>=99.1' 'no-such-package>=1'"


@pytest.mark.parametrize(("options", "fine"), [((), None), (("--sandbox",), False)])
def test_what_the_sandbox_lacks(
    options: tuple[str, ...], fine: bool | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is wrong if it is AWS that is asked for."""
    monkeypatch.setattr(client, "NEEDED", ("no_such_part",))
    assert run_command([*options, "doctor", "-o", "json"]) == 1
    (line,) = (one for one in json.loads(capsys.readouterr().out)["lines"] if one["title"] == "sandbox")
    assert line["fine"] is fine
    assert "not installed: no_such_part" in line["evidence"]
    assert "install 'moto[ec2,elbv2,ssm]<5.3,>=5.2.5' " in line["fix"]


def test_no_openssh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    line = next(line for line in doctor.machine() if line.title == "OpenSSH client")
    assert (line.fine, line.evidence) == (False, "There is no ssh-keygen on this machine.")
    assert "apt install openssh-client" in line.fix


def test_an_old_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "OLDEST_PYTHON", (99, 0))
    line = next(doctor.machine())
    assert (line.title, line.fine, line.fix) == ("versions", False, "install Python 99.0 or newer")


# --- the account --------------------------------------------------------------------------


@pytest.mark.parametrize(("off", "fine"), [(0.0, True), (-200.0, True), (3600.0, False), (-3600.0, False)])
def test_the_clock(off: float, fine: bool) -> None:
    """By the date in AWS's answer, and in its refusal too: a clock that is wrong is often why it refuses."""
    headers = {"date": formatdate(time.time() + off, usegmt=True)}
    answer: Any = {"Error": {"Code": "SignatureDoesNotMatch"}, "ResponseMetadata": {"HTTPHeaders": headers}}
    refused = ClientError(answer, "GetCallerIdentity")
    ours = understood(refused)
    assert ours
    told = {line.title: line for line in doctor.not_signed_in(refused, ours)}
    assert told["sign-in"].fine is False
    assert told["clock"].fine is fine
    assert ("set this machine's clock" in told["clock"].fix) is not fine


@pytest.fixture
def _reset(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.faults.clear()


@pytest.mark.usefixtures("_reset")
def test_what_is_wrong_with_an_account_is_said_line_by_line(sandbox: Sandbox, place: Environment) -> None:
    ec2, config = place.clients[Side.PROVIDER].ec2, load(None, {})
    fine = lines(config, place)
    assert all(line.fine for line in fine.values())
    assert fine["zones"].evidence == "t3.micro in us-east-1a, us-east-1b, us-east-1c, us-east-1d, us-east-1f"
    assert fine["quotas"].evidence.startswith("1 of 5 VPCs (AWS's default), 2 more needed")
    apart = lines(config, place, "gateway")["quotas"].evidence
    assert apart.startswith("1 of 5 VPCs (AWS's default), 1 more needed; 1 of 5 internet gateways"), (
        "of a chapter alone"
    )
    assert "Load Balancers" not in apart
    assert apart.endswith("0 of 5 vCPUs (AWS's default), 4 more needed")

    vpcs = [ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"] for number in range(3)]
    ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode="block-ingress")
    sandbox.faults.add(
        InjectedFault("error", "CreateVpc", code="UnauthorizedOperation", status=403),
        InjectedFault("error", "GetParameter", code="AccessDeniedException"),
    )
    wrong = lines(config, place)
    assert {title for title, line in wrong.items() if line.fine is False} == {
        "permissions",
        "quotas",
        "Block Public Access",
    }
    assert "not allowed: CreateVpc;" in wrong["permissions"].evidence
    assert wrong["quotas"].evidence.startswith("4 of 5 VPCs (AWS's default), 2 more needed")
    assert "request-service-quota-increase --service-code vpc --quota-code L-F678F1CE --desired-value 6" in (
        wrong["quotas"].fix
    )
    assert wrong["Block Public Access"].evidence == "block-ingress"
    assert wrong["Block Public Access"].fix.endswith("--internet-gateway-block-mode off")
    assert "for the whole account and region" in wrong["Block Public Access"].fix
    assert (wrong["image"].fine, wrong["image"].evidence) == (None, "not asked: GetParameter is not allowed to you")

    # Those that are the demo's own are needed no more.
    ec2.create_vpc_block_public_access_exclusion(VpcId=vpcs[0], InternetGatewayExclusionMode="allow-bidirectional")
    assert not lines(config, place, **{"provider-vpc": vpcs[0], "customer-vpc": vpcs[1]})["Block Public Access"].fine
    ec2.create_vpc_block_public_access_exclusion(VpcId=vpcs[1], InternetGatewayExclusionMode="allow-bidirectional")
    ours = lines(config, place, **{"provider-vpc": vpcs[0], "customer-vpc": vpcs[1]})
    assert ours["Block Public Access"].evidence == "block-ingress, from which the demo's are excluded"
    assert ours["quotas"].evidence.startswith("4 of 5 VPCs (AWS's default); 1 of 5 internet gateways")


def test_the_dry_run_asks_for_exactly_what_up_and_down_send(
    sandbox: Sandbox, place: Environment, open_run: Callable[..., AbstractContextManager[Run]], tmp_path: Path
) -> None:
    def of(params: Mapping[str, Any]) -> str:
        return str({name: value for name, value in params.items() if name != "ClientToken"})

    sent: dict[str, set[str]] = {}

    def hear(params: Mapping[str, Any], model: Any, **rest: object) -> None:
        if not model.name.startswith("Describe"):
            sent.setdefault(model.name, set()).add(of(params))

    events = place.clients[Side.PROVIDER].changing_ec2.meta.events
    events.register("provide-client-params.ec2", hear)
    try:
        with open_run(tmp_path, tags={"CostCenter": "4711"}) as run:
            run.up(run.demo.resources, lambda event: None, None)
            asked = list(dry_run.calls(None, run.settings, run.sides))
            run.down(lambda event: None, None)
    finally:
        events.unregister("provide-client-params.ec2", hear)
    both = {name for name, _ in asked} & sent.keys()
    assert {"RunInstances", "CreateVpcEndpoint", "AcceptVpcEndpointConnections", "DeleteVpc"} <= both
    assert both == sent.keys(), "every call of up and down is asked for"
    for name, params in asked:
        assert params is not None
        assert name not in both or of(params) in sent[name], name


def test_a_type_that_the_zone_does_not_offer(sandbox: Sandbox, place: Environment) -> None:
    assert lines(load(None, {"zone": "us-east-1e"}), place)["zones"].fine is False
    none = lines(load(None, {"instance_type": "t3.giant"}), place)["zones"]
    assert (none.fine, none.evidence) == (False, "t3.giant in none")


def test_a_region_that_is_not_enabled(sandbox: Sandbox) -> None:
    running = Running(sandbox.endpoint_url, sandbox.proxy_url, sandbox.boot_id, 1, sandbox.token, sandbox.clock.speed)
    there = {
        region: lines(config, in_sandbox(config, running))["region"]
        for region in ("ap-northeast-1", "ap-east-1")
        if (config := load(None, {"region": region}))
    }
    assert there["ap-northeast-1"].fine is True
    assert there["ap-east-1"].evidence == "ap-east-1: not-opted-in"
    assert there["ap-east-1"].fix.endswith("account enable-region --region-name ap-east-1")
