"""Terraform stands the tutorial up in the sandbox, plans nothing more, and takes it down, with its own configuration.

It runs where Terraform and its AWS provider are installed; elsewhere it is skipped, and says why.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.contenders import PEERS, to_the_sandbox
from tools.account import account
from vpce_demo.aws.environment import Environment, in_sandbox, sandbox_key
from vpce_demo.config.load import load
from vpce_demo.model import Side
from vpce_demo.sandbox.api.faults import InjectedFault
from vpce_demo.sandbox.client import Running
from vpce_demo.sandbox.server import Sandbox

from ..network.world import wait_for
from ..scripts import STACKS
from ..terraform import terraform_settings


@pytest.fixture
def terraform(tmp_path: Path) -> Path:
    """A working directory with the peer's configuration, ready for ``terraform init``."""
    terraform_settings(tmp_path)
    shutil.copytree(PEERS, tmp_path, dirs_exist_ok=True)
    return tmp_path / "terraform"


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(terraform: Path, sandbox: Sandbox) -> Run:
    """Runs ``terraform`` with these words in that directory, against the sandbox."""
    environment = {
        **os.environ,
        **to_the_sandbox(sandbox.endpoint_url),
        "TF_CLI_CONFIG_FILE": str(terraform.parent / "terraformrc"),
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
    }

    def run_it(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["terraform", *words, "-no-color", "-input=false"],
            cwd=terraform,
            env=environment,
            capture_output=True,
            text=True,
            timeout=400,
        )

    return run_it


def good(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", ["httpd", "nginx", "python"])
def test_a_public_stack_with_a_script(
    run: Run, terraform: Path, sandbox: Sandbox, place: Environment, name: str
) -> None:
    """A web server behind a load balancer, as people write it: its page comes."""
    stack, elb = STACKS[name], place.clients[Side.PROVIDER].elb
    before = account(place.clients[Side.PROVIDER])
    shutil.copy(Path(__file__).with_name("stack.tf"), terraform / "main.tf")
    (terraform / "user-data.sh").write_text(stack.script)
    (terraform / "terraform.tfvars").write_text(f"port = {stack.port}\n")
    good(run("init"))
    good(run("apply", "-auto-approve"))
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    group = elb.describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]
    elb.get_waiter("target_in_service").wait(TargetGroupArn=group, WaiterConfig={"Delay": 1})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": sandbox.proxy_url}))
    wait_for(lambda: all(each in _page(opener, balancer["DNSName"]) for each in stack.page))
    again = run("plan", "-detailed-exitcode")
    assert again.returncode == 0, f"a plan right after should be empty:\n{again.stdout}{again.stderr}"
    good(run("destroy", "-auto-approve"))
    assert account(place.clients[Side.PROVIDER]) == before


@pytest.mark.slow
@pytest.mark.parametrize(("profile", "region"), [("222222222222", "us-east-1"), ("222222222222", "eu-west-1")])
def test_two_aliased_providers(run: Run, terraform: Path, reached: Running, profile: str, region: str) -> None:
    """A consumer in another account, and in another region, connects, as public examples have it."""
    consumer = {"profile": profile, "region": region}
    place = in_sandbox(load(None, {"region": "us-east-1", "consumer": consumer}), reached)
    before = {side: account(clients) for side, clients in place.clients.items()}
    shutil.copy(Path(__file__).with_name("apart.tf"), terraform / "main.tf")
    told = {"consumer_key": sandbox_key(profile), "consumer_region": region}
    (terraform / "terraform.tfvars").write_text("".join(f'{name} = "{value}"\n' for name, value in told.items()))
    good(run("init"))
    good(run("apply", "-auto-approve"))
    (endpoint,) = place.clients[Side.CONSUMER].ec2.describe_vpc_endpoints()["VpcEndpoints"]
    assert endpoint["State"].lower() == "available"
    again = run("plan", "-detailed-exitcode")
    assert again.returncode == 0, f"a plan right after should be empty:\n{again.stdout}{again.stderr}"
    good(run("destroy", "-auto-approve"))
    assert {side: account(clients) for side, clients in place.clients.items()} == before


@pytest.mark.slow
def test_endpoints_to_aws(run: Run, terraform: Path, place: Environment) -> None:
    """Gateway and interface endpoints, with their routes and names; a table that is exchanged takes the route along."""
    ec2 = place.clients[Side.PROVIDER].ec2
    before = account(place.clients[Side.PROVIDER])

    def routes() -> dict[str, list[str]]:
        """The services that each route table with a route to an endpoint leads to, by the table's id."""
        services = {one["VpcEndpointId"]: one["ServiceName"] for one in ec2.describe_vpc_endpoints()["VpcEndpoints"]}
        led = {
            table["RouteTableId"]: [
                services[one["GatewayId"]].rpartition(".")[2]
                for one in table["Routes"]
                if one.get("DestinationPrefixListId")
            ]
            for table in ec2.describe_route_tables()["RouteTables"]
        }
        return {table: sorted(services) for table, services in led.items() if services}

    shutil.copy(Path(__file__).with_name("gateway.tf"), terraform / "main.tf")
    good(run("init"))
    good(run("apply", "-auto-approve"))
    assert sorted(routes().values()) == [["dynamodb", "s3"], ["s3"]]
    (sts,) = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-endpoint-type", "Values": ["Interface"]}])[
        "VpcEndpoints"
    ]
    assert sts["DnsEntries"][-1]["DnsName"] == "sts.us-east-1.amazonaws.com"
    first = routes()
    for words in ((), ("-var=dynamodb_table=other",)):
        good(run("apply", "-auto-approve", *words))
        again = run("plan", "-detailed-exitcode", *words)
        assert again.returncode == 0, f"a plan right after should be empty:\n{again.stdout}{again.stderr}"
    assert routes() == dict(zip(first, reversed(first.values()), strict=True))
    good(run("destroy", "-auto-approve"))
    assert account(place.clients[Side.PROVIDER]) == before


def _page(opener: urllib.request.OpenerDirector, name: str) -> str:
    with opener.open(f"http://{name}/", timeout=20) as answer:
        return str(answer.read().decode())


@pytest.mark.slow
def test_apply_plan_destroy(run: Run, place: Environment) -> None:
    clients = place.clients[Side.PROVIDER]
    before = account(clients)
    good(run("init"))
    good(run("apply", "-auto-approve"))
    states = [endpoint["State"] for endpoint in clients.ec2.describe_vpc_endpoints()["VpcEndpoints"]]
    assert states == ["available"], "the provider accepted the connection"
    again = run("plan", "-detailed-exitcode")
    assert again.returncode == 0, f"a plan right after should be empty:\n{again.stdout}{again.stderr}"
    good(run("destroy", "-auto-approve"))
    assert account(clients) == before


@pytest.mark.slow
def test_what_goes_wrong_on_aws_goes_wrong_as_terraform_knows_it(
    run: Run, sandbox: Sandbox, place: Environment
) -> None:
    """It waits out fresh resources that are not seen, and gets over a lost reply and a full queue.

    Not of key pairs: its provider reads a new one once, and fails if it is not seen.  So that is made before.
    """
    before = account(place.clients[Side.PROVIDER])
    good(run("init"))
    good(run("apply", "-auto-approve", "-target=aws_key_pair.side"))
    sandbox.faults.hide(2)
    sandbox.faults.add(
        InjectedFault("drop-after", "Describe*", nth=5),
        InjectedFault("error", "Create*", nth=3, code="RequestLimitExceeded", status=503),
    )
    good(run("apply", "-auto-approve"))
    assert [fault["struck"] for fault in sandbox.faults.as_dict()["faults"]] == [1, 1]
    errors = {call.error for call in sandbox.calls()}
    assert {"InvalidVpcID.NotFound", "InvalidSubnetID.NotFound", "InvalidGroup.NotFound"} <= errors
    good(run("destroy", "-auto-approve"))
    assert account(place.clients[Side.PROVIDER]) == before
