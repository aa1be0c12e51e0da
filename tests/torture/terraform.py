"""The drift sweep's changes made to the tutorial's Terraform stack: what Terraform plans, and what it mends.

``python -m tests.torture.terraform`` runs it where Terraform and its AWS provider are installed, in half an hour,
and keeps what came of it for the page of the sweeps.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from bench.contenders import PEERS, provider_mirror, to_the_sandbox
from vpce_demo.aws.environment import in_sandbox
from vpce_demo.config.load import load
from vpce_demo.model import Side
from vpce_demo.sandbox import client

from .drift import CHANGEABLE, FIELDS
from .page import TERRAFORM

OURS_ALONE = ("ssh key", "source", "tag Name")
"""Fields that are told by the demo's own tags and descriptions; a stack's own tags are Terraform's daily bread."""
YES, NO, FAILED, WITHOUT = "yes", "no", "fails", "-"
DIFFERENT = 2
"""The exit code of ``terraform plan -detailed-exitcode`` if something differs."""


@dataclass(frozen=True)
class Stack:
    """The tutorial's resources, whoever made them: found by their addresses, names and what they hold."""

    ec2: Any
    elb: Any

    @property
    def ids(self) -> Mapping[str, str]:
        """The ids by the demo's keys."""
        ids = dict(self._of_the_network())
        (balancer,) = self.elb.describe_load_balancers(Names=["MyNetwork-LB"])["LoadBalancers"]
        (group,) = self.elb.describe_target_groups(Names=["MyNetwork-TG"])["TargetGroups"]
        listener = self.elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"][0]
        (service,) = self.ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]
        (endpoint,) = self.ec2.describe_vpc_endpoints()["VpcEndpoints"]
        return ids | {
            "load-balancer": balancer["LoadBalancerArn"],
            "target-group": group["TargetGroupArn"],
            "listener": listener["ListenerArn"],
            "service": service["ServiceId"],
            "endpoint": endpoint["VpcEndpointId"],
        }

    def _of_the_network(self) -> Iterator[tuple[str, str]]:
        for vpc in self.ec2.describe_vpcs()["Vpcs"]:
            side = {"20.0.0.0/16": "provider", "10.0.0.0/16": "customer"}.get(vpc["CidrBlock"])
            if side is None:
                continue
            inside = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
            yield f"{side}-vpc", vpc["VpcId"]
            subnets = self.ec2.describe_subnets(Filters=inside)["Subnets"]
            (subnet,) = [one for one in subnets if ".0.1.0/" in one["CidrBlock"]]
            yield f"{side}-subnet", subnet["SubnetId"]
            attached = [{"Name": "attachment.vpc-id", "Values": [vpc["VpcId"]]}]
            (gateway,) = self.ec2.describe_internet_gateways(Filters=attached)["InternetGateways"]
            yield f"{side}-gateway", gateway["InternetGatewayId"]
            of_it = [{"Name": "association.subnet-id", "Values": [subnet["SubnetId"]]}]
            (table,) = self.ec2.describe_route_tables(Filters=of_it)["RouteTables"]
            yield f"{side}-routes", table["RouteTableId"]
            groups = self.ec2.describe_security_groups(Filters=inside)["SecurityGroups"]
            (group,) = [one for one in groups if one["GroupName"] != "default"]
            yield f"{side}-group", group["GroupId"]
            for held in self.ec2.describe_instances(Filters=inside)["Reservations"]:
                for instance in held["Instances"]:
                    if instance["State"]["Name"] == "running" and instance.get("Tags"):
                        yield {"provider": "web"}.get(side, side), instance["InstanceId"]


class Terraform:
    """Terraform in a directory of its own, against a sandbox."""

    def __init__(self, directory: Path, url: str) -> None:
        shutil.copytree(PEERS, directory / "peers")
        self.directory = directory / "peers" / "terraform"
        mirror = provider_mirror()
        settings = directory / "terraformrc"
        settings.write_text(f'provider_installation {{ filesystem_mirror {{ path = "{mirror}" }} }}\n')
        self.environment = {
            **os.environ,
            **to_the_sandbox(url),
            "TF_CLI_CONFIG_FILE": str(settings),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        }

    def run(self, *words: str) -> int:
        """Its exit code.  What it said is kept beside its files."""
        command = ["terraform", *words, "-no-color", "-input=false"]
        with (self.directory / "said.txt").open("w") as said:
            return subprocess.run(
                command, cwd=self.directory, env=self.environment, stdout=said, stderr=said, timeout=600
            ).returncode

    def good(self, *words: str) -> None:
        if code := self.run(*words):
            said = (self.directory / "said.txt").read_text()
            raise RuntimeError(f"terraform {words[0]} ended with {code}:\n{said[-2000:]}")

    def plans(self) -> str:
        """Whether it plans to change something."""
        return {0: NO, DIFFERENT: YES}.get(self.run("plan", "-detailed-exitcode"), FAILED)


def main() -> int:
    """Make the stack, change each field, see what Terraform says and does, and take the stack down.

    Of fields that are named, what comes of them is put with what there is of the others.
    """
    wanted = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the sandbox is stopped all the same
    found: dict[str, list[str]] = json.loads(TERRAFORM.read_text())["fields"] if wanted else {}
    with tempfile.TemporaryDirectory(prefix="vpce-demo-terraform-") as name:
        directory = Path(name)
        running = client.ensure(directory / "emulator", speed=math.inf)
        try:
            clients = in_sandbox(load(None, {}), running).clients[Side.PROVIDER]
            terraform, stack = Terraform(directory, running.endpoint_url), Stack(clients.ec2, clients.elb)
            terraform.good("init")
            terraform.good("apply", "-auto-approve")
            fields = wanted or [field for field in CHANGEABLE if not field.endswith(OURS_ALONE)]
            for number, field in enumerate(fields, 1):
                found[field] = _tried(terraform, stack, field)
                print(f"{number:>3} of {len(fields)}  {field}: {' '.join(found[field])}", flush=True)
            terraform.good("destroy", "-auto-approve")
        finally:
            client.stop(directory / "emulator")
    TERRAFORM.write_text(json.dumps({"when": date.today().isoformat(), "fields": found}, indent=1) + "\n")
    return 0


def _tried(terraform: Terraform, stack: Stack, field: str) -> list[str]:
    """Whether Terraform plans to put this field right, and whether its plan is empty after it was applied."""
    after = ExitStack()
    try:
        FIELDS[field](stack, after)
    except (ClientError, KeyError, ValueError) as error:
        with contextlib.suppress(ClientError, KeyError):
            after.close()
        print(f"     {field} cannot be changed here: {error}", file=sys.stderr)
        return [WITHOUT, WITHOUT]
    planned = terraform.plans()
    mended = NO
    if planned != NO:
        applied = terraform.run("apply", "-auto-approve")
        mended = FAILED if applied else {NO: YES}.get(terraform.plans(), NO)
    with contextlib.suppress(ClientError, KeyError):  # it is as it was by now
        after.close()
    if terraform.plans() != NO:
        terraform.good("apply", "-auto-approve")
    return [planned, mended]


if __name__ == "__main__":
    sys.exit(main())
