"""The pytest plugin: what its fixture offers, and that a suite which does not use it pays nothing."""

from __future__ import annotations

import json
import math
import os
import re
import resource
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.docs.lines import ROOT, files
from tests.terraform import terraform_settings
from vpce_demo import pytest_plugin
from vpce_demo.errors import SandboxError
from vpce_demo.pytest_plugin import Sandbox
from vpce_demo.sandbox import server
from vpce_demo.sandbox.client import Running, _alive

from ..sandbox.world import World

HEAVY = ("vpce_demo", "moto", "boto", "rich", "click", "pydantic", "flask", "werkzeug", "asyncssh")
COMMAND = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q")
Run = Callable[..., subprocess.CompletedProcess[str]]
PAGE = files(ROOT / "docs" / "testing.md")
AFTER = """
import os

BEFORE = dict(os.environ)


def test_inside(sandbox):
    import boto3

    assert boto3.client("sts").get_caller_identity()["Account"] == "123456789012"
    assert os.environ["AWS_ENDPOINT_URL"] == sandbox.endpoint_url
    assert "AWS_PROFILE" not in os.environ
    boto3.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")
    sandbox.clock.speed = 5
    sandbox.set(iam=True, quotas={"vpcs": 9}, latency_ms=1)
    sandbox.faults.expire()


def test_the_next_begins_anew(sandbox):
    import boto3

    assert sandbox.faults.added == []
    assert len(boto3.client("ec2").describe_vpcs()["Vpcs"]) == 1
    assert [call["operation"] for call in sandbox.calls()] == ["DescribeVpcs"]
    status = sandbox._running.control("status")
    assert (status["speed"], status["latency_ms"], status["iam"], status["quotas"]["vpcs"]) == ("max", 0, False, 5)


def test_after():
    import boto3

    assert boto3.DEFAULT_SESSION is None
    assert {**os.environ, "PYTEST_CURRENT_TEST": ""} == {**BEFORE, "PYTEST_CURRENT_TEST": ""}
"""
"""What a test leaves to the next one, and to one without the sandbox: nothing."""


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """A small repository with the files of ``docs/testing.md``, and nothing else: no ``conftest.py``."""
    repository = tmp_path / "repository"
    repository.mkdir()
    for name, text in PAGE.items():
        (repository / name).write_text(text)
    return repository


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where pytest finds the plugin by its entry point, as it will be installed; of somebody whose profile does not
    exist."""
    installed = tmp_path_factory.mktemp("installed")
    (metadata := installed / "vpce_demo_here-0.dist-info").mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: vpce-demo-here\nVersion: 0\n")
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    ((name, module),) = points["pytest11"].items()
    (metadata / "entry_points.txt").write_text(f"[pytest11]\n{name} = {module}\n")
    paths = [str(ROOT), str(installed), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "AWS_PROFILE": "nowhere"}


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    """Runs pytest in a directory."""

    def run_it(directory: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        theirs = {**environment, **more}
        return subprocess.run([*COMMAND, *words], cwd=directory, env=theirs, capture_output=True, text=True)

    return run_it


@pytest.mark.extended
def test_a_stranger_s_repository(run: Run, stranger: Path) -> None:
    """In less than 5 s of the processor, with what starts and runs the sandbox: so also of a machine that is idle."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = run(stranger, "--deselect", "test_terraform.py", "-W", "error")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stdout
    assert "6 passed" in done.stdout
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5


@pytest.mark.slow
def test_a_stranger_s_terraform_module(run: Run, stranger: Path, tmp_path: Path) -> None:
    variables = {"TF_CLI_CONFIG_FILE": str(terraform_settings(tmp_path)), "CHECKPOINT_DISABLE": "1"}
    done = run(stranger, "test_terraform.py", **variables)
    assert done.returncode == 0, done.stdout


@pytest.mark.extended
def test_a_suite_that_does_not_use_it_pays_nothing(run: Run, tmp_path: Path) -> None:
    loaded = f"sorted(name for name in sys.modules if name.startswith({HEAVY!r}))"
    (tmp_path / "test_it.py").write_text(f"import sys\n\n\ndef test_it():\n    print(*{loaded})\n")
    done = run(tmp_path, "-s")
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[0] == "vpce_demo vpce_demo.pytest_plugin"


@pytest.mark.extended
def test_without_the_extra_it_says_how_to_install_it(run: Run, tmp_path: Path) -> None:
    """No traceback, and only the tests that use it fail.  With a wider scope, wider fixtures may use it."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nsandbox_scope = class\n")
    (tmp_path / "conftest.py").write_text("from vpce_demo.sandbox import client\n\nclient.NEEDED = ('nothing_here',)\n")
    (tmp_path / "test_it.py").write_text(
        "import pytest\n\n\n@pytest.fixture(scope='class')\ndef network(sandbox):\n    pass\n\n\n"
        "def test_it(network):\n    pass\n\n\ndef test_another():\n    pass\n"
    )
    done = run(tmp_path)
    assert "1 passed, 1 error" in done.stdout
    _, said, how, *_ = done.stdout.partition("ERROR at setup of test_it")[2].splitlines()
    assert said == "The sandbox needs parts that are not installed: nothing_here."
    assert how.startswith("Install them:  ")
    assert "moto" in how


@pytest.mark.extended
def test_the_fixture_explains_itself(run: Run, tmp_path: Path) -> None:
    done = run(tmp_path, "--fixtures")
    told = r"^sandbox -- .*\n    AWS with PrivateLink on this machine: empty accounts"
    assert re.search(told, done.stdout, re.MULTILINE), done.stdout
    assert "_sandbox_process" not in done.stdout


@pytest.mark.extended
def test_nothing_is_left_of_a_test_nor_after_ctrl_c_of_the_sandbox(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "test_after.py").write_text(AFTER)
    (tmp_path / "test_it.py").write_text(
        "import time\n\n\ndef test_it(sandbox):\n"
        "    print('process', sandbox._running.pid, flush=True)\n    time.sleep(60)\n"
    )
    said = []
    with subprocess.Popen(
        [*COMMAND, "-s"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if found := re.search(r"process (\d+)", line):
                process.send_signal(signal.SIGINT)
                pid = int(found[1])
    assert process.returncode == pytest.ExitCode.INTERRUPTED, said
    assert "3 passed" in said[-1], said
    assert not _alive(pid)


# --- what it offers, in the sandbox of this process -----------------------------------------------


@pytest.fixture
def offered(sandbox: server.Sandbox, reached: Running, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The fixture's object; this process is in its environment."""
    it = Sandbox(reached)
    for name, value in it.environment().items():
        monkeypatch.setenv(name, value)
    return it


def test_sessions(offered: Sandbox) -> None:
    there = offered.session(account="210987654321", region="eu-west-1")
    assert there.client("sts").get_caller_identity()["Account"] == "210987654321"
    vpc = there.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]
    assert vpc["OwnerId"] == "210987654321"
    assert len(offered.session(region="eu-west-1").client("ec2").describe_vpcs()["Vpcs"]) == 1
    theirs = offered.environment(there)
    assert (theirs["AWS_ACCESS_KEY_ID"], theirs["AWS_REGION"]) == ("SANDBOX210987654321", "eu-west-1")
    assert [(call["service"], call["operation"]) for call in offered.calls()][:2] == [
        ("sts", "GetCallerIdentity"),
        ("ec2", "CreateVpc"),
    ]


def test_a_connection_says_why(offered: Sandbox, sandbox: server.Sandbox) -> None:
    world = World(sandbox)
    net = world.network()
    web = world.instance(net)
    found = offered.connect("internet", web, 22)
    assert found
    assert (found.host, found.host_port, found.seen_as) == (web, 22, "203.0.113.10")
    closed = offered.connect("internet", web, 443)
    assert (bool(closed), closed.outcome, closed.host) == (False, "dropped", "")
    assert closed.hops[-1].at == f"{net.group} (web)"
    why = f"{net.group} (web): has no inbound rule for tcp/443 from 203.0.113.10"
    assert repr(closed) == f"<tcp/443 from internet to {web}: dropped at {why}>"
    first, *hops = str(closed).splitlines()
    assert first == f"tcp/443 from internet to {web}: dropped"
    assert hops[0].startswith("  ✓ internet") or hops[0].startswith("  ✓ rtb-")
    assert hops[-1] == f"  ✗ {why}"
    assert offered.connect("internet", web, 80).outcome == "refused"
    with pytest.raises(SandboxError, match=r"refused connect: 'web' is not an instance") as caught:
        offered.connect("web", web, 80)
    assert caught.traceback.filter(caught)[-1].path == Path(__file__), "a failed test shows its own line last"
    with pytest.raises(SandboxError, match=r"refused connect: \"PosixPath\(.*\)\" is not an instance or an address"):
        offered.connect("internet", Path(web), 80)  # type: ignore[arg-type]
    assert offered._running.token not in repr(offered._running)


def test_the_clock(offered: Sandbox, sandbox: server.Sandbox) -> None:
    assert offered.clock.speed == math.inf
    offered.clock.speed = 1
    assert offered.clock.speed == 1
    world = World(sandbox)
    instance = world.instance(world.network())
    assert world.described(instance)["State"]["Name"] == "pending"
    offered.clock.skip(minutes=1)
    assert world.described(instance)["State"]["Name"] == "running"
    offered.clock.speed = math.inf
    with pytest.raises(SandboxError, match="seconds is a number from 0"):
        offered.clock.skip(seconds=-1)


def test_faults(offered: Sandbox) -> None:
    ec2 = offered.session().client("ec2")
    offered.faults.add("error", "CreateVpc", code="VpcLimitExceeded", times=1)
    with pytest.raises(ClientError, match="VpcLimitExceeded"):
        ec2.create_vpc(CidrBlock="10.0.0.0/16")
    assert [(one["seen"], one["struck"]) for one in offered.faults.added] == [(1, 1)]
    offered.faults.hide(1000)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    with pytest.raises(ClientError, match=r"InvalidVpcID\.NotFound"):
        ec2.describe_vpcs(VpcIds=[vpc])
    offered.faults.expire()
    with pytest.raises(ClientError, match="RequestExpired"):
        ec2.describe_vpcs()
    offered.faults.clear()
    assert ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]
    with pytest.raises(SandboxError, match="operation 'CreateVcp' matches no operation"):
        offered.faults.add("error", "CreateVcp", code="X")


def test_a_user_may_what_the_policy_says(offered: Sandbox, sandbox: server.Sandbox) -> None:
    assert offered.iam is False
    statement = {"Effect": "Allow", "Action": "ec2:DescribeVpcs", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    try:
        for one in (offered.user(policy), offered.user(json.dumps(policy), "bob", "210987654321", "eu-west-1")):
            ec2 = one.client("ec2")
            ec2.describe_vpcs()
            with pytest.raises(ClientError, match="not authorized to perform: ec2:DescribeSubnets"):
                ec2.describe_subnets()
        assert offered.iam is True
        assert offered.session().client("ec2").describe_subnets()["Subnets"], "the root user may everything"
        offered.iam = False
        assert ec2.describe_subnets()["Subnets"]
    finally:
        sandbox.set(iam=False)


def test_settings_are_those_of_the_sandbox(offered: Sandbox) -> None:
    assert set(pytest_plugin.SETTINGS) <= offered._running.control("status").keys()
    with pytest.raises(SandboxError, match="unknown key 'iamm'"):
        offered.set(iamm=True)
