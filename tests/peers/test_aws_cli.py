"""The aws CLI walks the tutorial in the sandbox, by hand as it were; skipped where it is not installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.contenders import PEERS, to_the_sandbox
from tools.account import account
from vpce_demo.aws.environment import Environment
from vpce_demo.model import Side
from vpce_demo.sandbox import connect
from vpce_demo.sandbox.api.faults import InjectedFault
from vpce_demo.sandbox.server import Sandbox

from ..scripts import TUTORIAL

pytestmark = [
    pytest.mark.extended,
    pytest.mark.skipif(shutil.which("aws") is None, reason="the aws CLI is not installed"),
]

Aws = Callable[..., Any]


def aws(sandbox: Sandbox) -> Aws:
    """A function that runs ``aws`` with these words and returns its answer."""

    def run(*words: str) -> Any:
        done = subprocess.run(
            ["aws", *words, "--output", "json"],
            env={**os.environ, **to_the_sandbox(sandbox.endpoint_url), "AWS_MAX_ATTEMPTS": "1"},
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return json.loads(done.stdout) if done.stdout.strip() else None

    return run


@pytest.mark.slow
def test_a_walk_through_the_handshake(sandbox: Sandbox, place: Environment) -> None:
    """Steps 1-3, 7-9, 11, 15 and 17, with the states that the console shows."""
    a, clients = aws(sandbox), place.clients[Side.PROVIDER]
    before = account(clients)
    vpc = a("ec2", "create-vpc", "--cidr-block", "20.0.0.0/16")["Vpc"]
    assert vpc["State"] == "pending"
    gateway = a("ec2", "create-internet-gateway")["InternetGateway"]["InternetGatewayId"]
    a("ec2", "attach-internet-gateway", "--internet-gateway-id", gateway, "--vpc-id", vpc["VpcId"])
    zone = ("--availability-zone", "us-east-1a")
    subnet = a("ec2", "create-subnet", "--vpc-id", vpc["VpcId"], "--cidr-block", "20.0.1.0/24", *zone)["Subnet"]
    balancer = a(
        *("elbv2", "create-load-balancer", "--name", "MyNetwork-LB", "--type", "network"),
        *("--scheme", "internet-facing", "--subnets", subnet["SubnetId"]),
    )["LoadBalancers"][0]
    assert balancer["State"]["Code"] == "provisioning"
    assert balancer["DNSName"].endswith(".elb.us-east-1.amazonaws.com")
    arn = balancer["LoadBalancerArn"]
    a("elbv2", "wait", "load-balancer-available", "--load-balancer-arns", arn)
    service = a(
        *("ec2", "create-vpc-endpoint-service-configuration", "--network-load-balancer-arns", arn),
        "--acceptance-required",
    )["ServiceConfiguration"]
    assert service["ServiceName"] == f"com.amazonaws.vpce.us-east-1.{service['ServiceId']}"
    customer = a("ec2", "create-vpc", "--cidr-block", "10.0.0.0/16")["Vpc"]["VpcId"]
    inside = a("ec2", "create-subnet", "--vpc-id", customer, "--cidr-block", "10.0.1.0/24", *zone)["Subnet"]
    endpoint = a(
        *("ec2", "create-vpc-endpoint", "--vpc-endpoint-type", "Interface", "--vpc-id", customer),
        *("--service-name", service["ServiceName"], "--subnet-ids", inside["SubnetId"]),
        "--no-private-dns-enabled",
    )["VpcEndpoint"]
    assert endpoint["State"] == "pendingAcceptance"
    ids = ("--vpc-endpoint-ids", endpoint["VpcEndpointId"])
    accept = ("ec2", "accept-vpc-endpoint-connections", "--service-id", service["ServiceId"], *ids)
    assert a(*accept)["Unsuccessful"] == []
    (seen,) = a("ec2", "describe-vpc-endpoints", *ids)["VpcEndpoints"]
    assert seen["State"] == "available"

    with pytest.raises(RuntimeError, match="ResourceInUse"):
        a("elbv2", "delete-load-balancer", "--load-balancer-arn", arn)
    refused = a("ec2", "delete-vpc-endpoint-service-configurations", "--service-ids", service["ServiceId"])
    assert refused["Unsuccessful"][0]["Error"]["Code"] == "ExistingVpcEndpointConnections"
    a("ec2", "delete-vpc-endpoints", *ids)
    a("ec2", "delete-vpc-endpoint-service-configurations", "--service-ids", service["ServiceId"])
    a("elbv2", "delete-load-balancer", "--load-balancer-arn", arn)
    for one in (subnet["SubnetId"], inside["SubnetId"]):
        a("ec2", "delete-subnet", "--subnet-id", one)
    a("ec2", "detach-internet-gateway", "--internet-gateway-id", gateway, "--vpc-id", vpc["VpcId"])
    a("ec2", "delete-internet-gateway", "--internet-gateway-id", gateway)
    for one in (vpc["VpcId"], customer):
        a("ec2", "delete-vpc", "--vpc-id", one)
    assert account(clients) == before


@pytest.mark.slow
def test_the_tutorial_by_hand_with_its_own_user_data(sandbox: Sandbox, place: Environment, tmp_path: Path) -> None:
    """Steps 1 to 16 with the original text's user data: the page comes through the endpoint, in the consumer's ssh."""
    a, key = aws(sandbox), tmp_path / "key"
    zone = ("--availability-zone", "us-east-1a")
    name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    image = a("ssm", "get-parameter", "--name", name)["Parameter"]["Value"]
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    a("ec2", "import-key-pair", "--key-name", "demo", "--public-key-material", f"fileb://{key}.pub")

    def network(front: str, *ports: int) -> tuple[str, str, str]:
        vpc = a("ec2", "create-vpc", "--cidr-block", f"{front}.0.0/16")["Vpc"]["VpcId"]
        gateway = a("ec2", "create-internet-gateway")["InternetGateway"]["InternetGatewayId"]
        a("ec2", "attach-internet-gateway", "--internet-gateway-id", gateway, "--vpc-id", vpc)
        block = ("--cidr-block", f"{front}.1.0/24")
        subnet = a("ec2", "create-subnet", "--vpc-id", vpc, *block, *zone)["Subnet"]["SubnetId"]
        table = a("ec2", "create-route-table", "--vpc-id", vpc)["RouteTable"]["RouteTableId"]
        a("ec2", "associate-route-table", "--route-table-id", table, "--subnet-id", subnet)
        anywhere = ("--destination-cidr-block", "0.0.0.0/0")
        a("ec2", "create-route", "--route-table-id", table, *anywhere, "--gateway-id", gateway)
        named = ("--group-name", f"group-{front}", "--description", "Security group")
        group = a("ec2", "create-security-group", *named, "--vpc-id", vpc)["GroupId"]
        for port in ports:
            opened = ("--protocol", "tcp", "--port", str(port), "--cidr", "0.0.0.0/0")
            a("ec2", "authorize-security-group-ingress", "--group-id", group, *opened)
        return vpc, subnet, group

    def instance(subnet: str, group: str, *more: str) -> dict[str, Any]:
        words = ("--image-id", image, "--instance-type", "t2.micro", "--key-name", "demo", "--subnet-id", subnet)
        made = a("ec2", "run-instances", *words, "--security-group-ids", group, "--associate-public-ip-address", *more)
        id = made["Instances"][0]["InstanceId"]
        a("ec2", "wait", "instance-running", "--instance-ids", id)
        return dict(a("ec2", "describe-instances", "--instance-ids", id)["Reservations"][0]["Instances"][0])

    vpc, subnet, group = network("20.0", 22, 80, 443)
    web = instance(subnet, group, "--user-data", TUTORIAL)["InstanceId"]
    front = ("--name", "MyNetwork-LB", "--type", "network", "--subnets", subnet)
    balancer = a("elbv2", "create-load-balancer", *front)["LoadBalancers"][0]["LoadBalancerArn"]
    checks = ("--protocol", "TCP", "--port", "80", "--health-check-interval-seconds", "10")
    targets = a("elbv2", "create-target-group", "--name", "MyNetwork-TG", "--vpc-id", vpc, *checks)
    targets = targets["TargetGroups"][0]["TargetGroupArn"]
    a("elbv2", "register-targets", "--target-group-arn", targets, "--targets", f"Id={web}")
    action = ("--default-actions", f"Type=forward,TargetGroupArn={targets}")
    a("elbv2", "create-listener", "--load-balancer-arn", balancer, "--protocol", "TCP", "--port", "80", *action)
    a("elbv2", "wait", "load-balancer-available", "--load-balancer-arns", balancer)
    a("elbv2", "wait", "target-in-service", "--target-group-arn", targets)
    behind = ("--network-load-balancer-arns", balancer, "--acceptance-required")
    service = a("ec2", "create-vpc-endpoint-service-configuration", *behind)["ServiceConfiguration"]
    vpc, subnet, group = network("10.0", 22, 80)
    customer = instance(subnet, group)
    to = ("--service-name", service["ServiceName"], "--vpc-endpoint-type", "Interface", "--no-private-dns-enabled")
    inside = ("--vpc-id", vpc, "--subnet-ids", subnet, "--security-group-ids", group)
    endpoint = a("ec2", "create-vpc-endpoint", *to, *inside)["VpcEndpoint"]
    ids = ("--vpc-endpoint-ids", endpoint["VpcEndpointId"])
    a("ec2", "accept-vpc-endpoint-connections", "--service-id", service["ServiceId"], *ids)
    interface = a("ec2", "describe-vpc-endpoints", *ids)["VpcEndpoints"][0]["NetworkInterfaceIds"][0]
    seen = a("ec2", "describe-network-interfaces", "--network-interface-ids", interface)["NetworkInterfaces"]
    address = seen[0]["PrivateIpAddress"]

    port = sandbox.proxy_url.rpartition(":")[2]
    way_in = f"{sys.executable} {Path(connect.__file__).resolve()} {port} %h %p"
    options = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", f"ProxyCommand={way_in}")
    login = ("ssh", "-F", "none", "-i", str(key), *options, f"ec2-user@{customer['PublicIpAddress']}")
    done = subprocess.run([*login, "curl", "-sS", address], capture_output=True, text=True, timeout=60)
    assert done.stdout == "<html><h1> Welcome to Hangyuzs Server 1 </h1><html>\n", done.stderr
    told = a("ec2", "get-console-output", "--instance-id", web)["Output"]
    assert "Failed to restart http.service: Unit http.service not found." in told
    sandbox.reset()


@pytest.mark.slow
def test_somebody_elses_script(sandbox: Sandbox, place: Environment) -> None:
    """The whole tutorial as a shell script of the aws CLI: up, up again, down."""
    script, clients = PEERS / "aws-cli" / "demo.sh", place.clients[Side.PROVIDER]
    before = account(clients)
    environment = {**os.environ, **to_the_sandbox(sandbox.endpoint_url)}
    for word in ("up", "up", "down"):
        done = subprocess.run(["bash", script, word], env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
    assert account(clients) == before


def test_what_goes_wrong_is_told_in_aws_s_words(sandbox: Sandbox, place: Environment) -> None:
    a = aws(sandbox)
    sandbox.faults.hide(1000)
    vpc = place.clients[Side.PROVIDER].ec2.create_vpc(CidrBlock="20.0.0.0/16")["Vpc"]["VpcId"]
    with pytest.raises(RuntimeError, match=rf"InvalidVpcID.NotFound.*{vpc}"):
        a("ec2", "describe-vpcs", "--vpc-ids", vpc)
    sandbox.faults.add(InjectedFault("drop-after", "CreateInternetGateway"))
    with pytest.raises(RuntimeError, match="Connection was closed before we received a valid response"):
        a("ec2", "create-internet-gateway")
