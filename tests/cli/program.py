"""The program as a process in a directory of its own, and a sandbox under it that plain boto3 can look into."""

from __future__ import annotations

import functools
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import boto3
import jsonschema

from vpce_demo.aws import environment
from vpce_demo.cli import run_command
from vpce_demo.errors import THIS_COMMAND, THIS_DEMO
from vpce_demo.sandbox import client
from vpce_demo.sandbox.client import Running

from .launcher import launcher

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "output.schema.json").read_text())
VALIDATOR = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)
"""What every document of ``-o json`` is held against."""
SECONDS = 60.0
"""How long one command may take before a test gives it up."""
READING = ("Describe", "Get", "List")
STAGES = ("create-provider", "create-endpoint-service", "create-consumer", "accept")
clients_made_once = functools.cache(environment._sandbox_clients)
"""In this process, the clients of each sandbox and region: to make them takes longer than most commands."""
PAGE = "<html><h1> Welcome to Hangyuzs Server 1 </h1></html>"


@dataclass(frozen=True)
class Done:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout, which is as the schema says."""
        document = json.loads(self.out)
        assert isinstance(document, dict)
        VALIDATOR.validate(document)
        assert document.keys() <= SCHEMA["properties"].keys()
        return document


class Program:
    """``python -m vpce_demo`` in this directory, with nothing of the user's environment but where programs are."""

    def __init__(self, directory: Path, **environment: str) -> None:
        self.directory = directory
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
            "AWS_CONFIG_FILE": str(directory / "no-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(directory / "no-credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
            **environment,
        }

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """Begin a command in an interpreter of its own; whoever does so waits for its end."""
        return subprocess.Popen(
            [sys.executable, "-m", "vpce_demo", *words],
            cwd=self.directory,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, **environment: str) -> Done:
        """Run a command to its end.  Whatever it was, it never shows a traceback, nor the token for this demo."""
        done = Done(*launcher().run(words, self.directory, {**self.environment, **environment}))
        assert not any(token in done.text for token in (THIS_DEMO, THIS_COMMAND)), done.text
        return done


def good(done: Done) -> Done:
    """The command did what it was told."""
    assert done.code == 0, done.text
    return done


def finished(process: subprocess.Popen[str]) -> Done:
    """Wait for the end of a command."""
    with process:
        try:
            out, err = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    done = Done(process.returncode, out, err)
    assert "Traceback" not in done.text, done.text
    return done


def imported(program: Program, *words: str) -> set[str]:
    """Every module that a command has imported at its end, in an interpreter of its own."""
    code = (
        "import sys; from vpce_demo.cli import run_command; run_command(sys.argv[1:]); "
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], env=program.environment, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


class World(Program):
    """A program whose demos live in a sandbox of its own, without waits unless a test sets another speed."""

    state = ".vpce-demo"
    sides: tuple[str, ...] = ()
    """The options that put the consumer into another account or region."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, VPCE_DEMO_SANDBOX="1")

    @property
    def emulator(self) -> Path:
        return self.directory / self.state / "emulator"

    def demo_directory(self, name: str = "vpce-demo") -> Path:
        """Where the program keeps what is this demo's."""
        return self.directory / self.state / "sandbox" / name

    @property
    def sandbox(self) -> Running:
        found = client.running(self.emulator)
        assert found is not None, "the sandbox does not run"
        return found

    def here(self, *words: str) -> Done:
        """Run a command in this process: the same, but for what is about processes, and quicker."""
        return self.on_aws("--sandbox", "--state-dir", str(self.directory / self.state), *self.sides, *words)

    def on_aws(self, *words: str) -> Done:
        """The same with no options but these, so that it goes where the environment of this process leads."""
        out, err = io.StringIO(), io.StringIO()
        once = patch.object(environment, "_sandbox_clients", clients_made_once)
        with once, redirect_stdout(out), redirect_stderr(err):
            code = run_command(list(words))
        done = Done(code, out.getvalue(), err.getvalue())
        assert "Traceback" not in done.text, done.text
        return done

    def start_sandbox(self) -> None:
        """By the program, so that it is nobody's child here."""
        assert self.run("sandbox", "start", "--speed", "max").code == 0
        self.forget_clients()

    def forget_clients(self) -> None:
        """Another sandbox has another port."""
        for client_of_another in ("ec2", "elb", "consumer_ec2"):
            self.__dict__.pop(client_of_another, None)

    def empty(self) -> None:
        """A fresh account, and no demo on record."""
        if client.running(self.emulator) is None:
            self.start_sandbox()
        self.forget_clients()
        self.speed("max")
        self.sandbox.control("reset")
        for path in (self.directory / self.state).iterdir():
            if path != self.emulator:
                shutil.rmtree(path)
        (self.directory / "demo.yaml").unlink(missing_ok=True)

    def speed(self, speed: float | str) -> None:
        self.sandbox.control("settings", {"speed": speed})

    def config(self, text: str) -> str:
        """Write a config file; returns its name."""
        (self.directory / "demo.yaml").write_text(text)
        return "demo.yaml"

    def as_aws(self) -> dict[str, str]:
        """The environment in which the program takes the sandbox for AWS itself."""
        return {
            "VPCE_DEMO_SANDBOX": "0",
            "AWS_ENDPOINT_URL": self.sandbox.endpoint_url,
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_REGION": "us-east-1",
        }

    def recorded(self) -> dict[str, str]:
        """The ids in the demo's state file, by key: not of creates that were begun and not answered."""
        state = json.loads((self.demo_directory() / "state.json").read_text())
        return {key: entry["id"] for key, entry in state["resources"].items() if entry["id"]}

    # --- what the API holds -----------------------------------------------------

    def _client(self, service: str, profile: str | None = None, region: str = "us-east-1") -> Any:
        session = boto3.Session(
            aws_access_key_id=environment.sandbox_key(profile),
            aws_secret_access_key="sandbox",
            region_name=region,
            profile_name=None,
        )
        return session.client(service, endpoint_url=self.sandbox.endpoint_url)  # type: ignore[call-overload]

    @cached_property
    def ec2(self) -> EC2Client:
        client: EC2Client = self._client("ec2")
        return client

    @cached_property
    def consumer_ec2(self) -> EC2Client:
        told = dict(zip(self.sides[::2], self.sides[1::2], strict=True))
        region = told.get("--consumer-region", "us-east-1")
        client: EC2Client = self._client("ec2", told.get("--consumer-profile"), region)
        return client

    @cached_property
    def elb(self) -> ElasticLoadBalancingv2Client:
        client: ElasticLoadBalancingv2Client = self._client("elbv2")
        return client

    def account(self) -> dict[str, list[Any]]:
        """Everything in the account that can be made and deleted, but for what is only still shown as gone."""
        instances = [i for r in self.ec2.describe_instances()["Reservations"] for i in r["Instances"]]
        balancers = self.elb.describe_load_balancers()["LoadBalancers"]
        return {
            "vpcs": _sorted(self.ec2.describe_vpcs()["Vpcs"]),
            "gateways": _sorted(self.ec2.describe_internet_gateways()["InternetGateways"]),
            "subnets": _sorted(self.ec2.describe_subnets()["Subnets"]),
            "route tables": _sorted(self.ec2.describe_route_tables()["RouteTables"]),
            "groups": _sorted(self.ec2.describe_security_groups()["SecurityGroups"]),
            "interfaces": _sorted(self.ec2.describe_network_interfaces()["NetworkInterfaces"]),
            "key pairs": _sorted(self.ec2.describe_key_pairs()["KeyPairs"]),
            "instances": _sorted([i for i in instances if i["State"]["Name"] != "terminated"]),
            "volumes": _sorted(self.ec2.describe_volumes()["Volumes"]),
            "load balancers": _sorted(balancers),
            "listeners": _sorted(
                [
                    one
                    for b in balancers
                    for one in self.elb.describe_listeners(LoadBalancerArn=b["LoadBalancerArn"])["Listeners"]
                ]
            ),
            "target groups": _sorted(self.elb.describe_target_groups()["TargetGroups"]),
            "services": _sorted(self.ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]),
            "endpoints": _sorted(
                [e for e in self.ec2.describe_vpc_endpoints()["VpcEndpoints"] if e["State"].lower() != "deleted"]
            ),
        }

    @contextmanager
    def nothing_changes(self) -> Iterator[None]:
        """What happens inside leaves the account as it was, and does not even try to change it."""
        calls = self.changing_calls()
        with self.account_stays():
            yield
        assert self.changing_calls() == calls

    @contextmanager
    def account_stays(self) -> Iterator[None]:
        """What happens inside leaves the account as it was, whatever it tried."""
        before = self.account()
        yield
        assert self.account() == before

    def changing_calls(self) -> dict[str, int]:
        """How often each operation was called that changes something; a dry run changes nothing."""
        real = (call["operation"] for call in self.calls() if call["error"] != "DryRunOperation")
        return Counter(name for name in real if name != "unknown" and not name.startswith(READING))

    # --- what was asked of it ------------------------------------------------------

    def calls(self) -> list[dict[str, Any]]:
        """Every call to the API so far, oldest first."""
        calls: list[dict[str, Any]] = self.sandbox.control("calls")["calls"]
        return calls

    def changes(self, after: int = 0) -> list[str]:
        """The operations that change something, in order, after so many calls."""
        return [c["operation"] for c in self.calls()[after:] if not c["operation"].startswith(READING)]


def _sorted(items: list[Any]) -> list[Any]:
    return sorted(items, key=lambda item: json.dumps(item, sort_keys=True, default=str))


def wait_until(holds: Callable[[], object], what: str, seconds: float = 20.0) -> None:
    """Look until it holds; fails when it takes too long."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.02)


def interrupt(process: subprocess.Popen[str], number: int = signal.SIGINT) -> Done:
    """Send a signal and wait for the end."""
    process.send_signal(number)
    return finished(process)


def names(mapping: Mapping[str, object]) -> str:
    """The Name tag of something described."""
    tags: Any = mapping.get("Tags") or []
    return next((str(tag["Value"]) for tag in tags if tag["Key"] == "Name"), "")
