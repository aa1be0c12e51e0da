"""The command ``python -m tests.torture.memory``: what a sandbox holds after many lives and many hostile requests.

It writes ``results/memory.json``, which ``docs/reliability.md`` shows, and takes some minutes.
"""

from __future__ import annotations

import http.client
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

from bench.results import machine
from tests.sandbox.world import World
from vpce_demo.sandbox import client

from .page import MEMORY

LIVES = 100
REQUESTS = 10_000
LARGEST_GROWTH = 60
"""Megabytes.  The calls that are remembered take up to half of them."""
BEFORE, LIVED, AFTER = (
    "after 5 lives and 100 hostile requests",
    f"after {LIVES} lives more",
    f"after {REQUESTS:,} hostile requests more",
)


def main() -> int:
    """Measure and write; 1 if it has grown too much."""
    with tempfile.TemporaryDirectory() as name, sandbox(Path(name)) as running:
        found = measured(running)
    MEMORY.write_text(
        json.dumps({"when": date.today().isoformat(), "machine": machine(), "megabytes": found}, indent=1) + "\n"
    )
    print(json.dumps(found, indent=1))
    return int(found[AFTER] - found[BEFORE] > LARGEST_GROWTH)


@contextmanager
def sandbox(directory: Path) -> Iterator[client.Running]:
    """A sandbox in a process of its own, where nothing waits."""
    started = client.ensure(directory / "sandbox")
    try:
        started.control("settings", {"speed": "max"})
        yield started
    finally:
        client.stop(directory / "sandbox")


def measured(running: client.Running) -> dict[str, int]:
    """What the sandbox's process holds at three moments, in megabytes."""
    world = World(cast(Any, SimpleNamespace(endpoint_url=running.endpoint_url)))
    for _ in range(5):
        live(world)
    attack(running.endpoint_url, 100)
    found = {BEFORE: memory(running.pid)}
    for _ in range(LIVES):
        live(world)
    found[LIVED] = memory(running.pid)
    attack(running.endpoint_url, REQUESTS)
    found[AFTER] = memory(running.pid)
    return found


def memory(pid: int) -> int:
    """Megabytes of this machine that a process holds."""
    (line,) = [one for one in Path(f"/proc/{pid}/status").read_text().splitlines() if one.startswith("VmRSS")]
    return round(int(line.split()[1]) / 1024)


def live(world: World) -> None:
    """The tutorial's calls, from the first network to the last deletion."""
    net, customer, balancer, service, endpoint = world.joined()
    instance = world.instance(net)
    assert not world.accept(service["ServiceId"], endpoint["VpcEndpointId"])
    world.described(instance)
    world.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    world.endpoints()
    world.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[service["ServiceId"]])
    world.elb.delete_load_balancer(LoadBalancerArn=balancer)
    world.ec2.terminate_instances(InstanceIds=[instance])
    world.described(instance)
    for one in (net, customer):
        world.ec2.delete_subnet(SubnetId=one.subnet)
        world.ec2.delete_route_table(RouteTableId=one.table)
        world.ec2.delete_security_group(GroupId=one.group)
        world.ec2.detach_internet_gateway(InternetGatewayId=one.gateway, VpcId=one.vpc)
        world.ec2.delete_internet_gateway(InternetGatewayId=one.gateway)
        world.ec2.delete_vpc(VpcId=one.vpc)


def attack(url: str, count: int) -> None:
    """Requests of each kind in turn: long paths, large bodies, many parameters, unknown names, control characters."""
    scope = "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"
    many = "Action=DescribeVpcs" + "".join(f"&VpcId.{number}=a" for number in range(100_000))
    for number in range(count):
        kinds: list[tuple[str, str, str, str]] = [
            ("GET", f"/{number}{'a' * 60_000}", "", ""),
            ("POST", "/", "ec2", f"Action=Nothing{number}&a={'b' * 60_000}"),
            ("POST", "/", f"service{number}", f"Action=A{number}"),
            ("POST", "/", "ec2", f"Action=DescribeVpcs&VpcId.1={number}{'c' * 60_000}"),
            ("POST", "/", "ec2", f"Action=CreateVpc&CidrBlock=%01{number}"),
            ("POST", "/", "ssm", "[" * 5000),
            ("POST", "/", "ec2", many if number % 70 == 6 else "Action=DescribeVpcs"),
        ]
        method, path, service, body = kinds[number % len(kinds)]
        headers = {"Authorization": scope.format(service)} if service else {}
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        try:
            connection.request(method, path, body, {**headers, "Content-Type": "application/x-www-form-urlencoded"})
            assert connection.getresponse().status < 500
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before the whole body was sent
        finally:
            connection.close()


if __name__ == "__main__":
    sys.exit(main())
