"""The tutorial's two VPCs, complete, as a ``View`` to break one link of at a time, and a network running on it."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vpce_demo.sandbox import connect
from vpce_demo.sandbox.clock import Clock
from vpce_demo.sandbox.network.network import Network
from vpce_demo.sandbox.store.view import (
    AclEntry,
    Endpoint,
    EndpointService,
    Group,
    GroupRule,
    Instance,
    Interface,
    InterfaceOwner,
    LoadBalancer,
    Peering,
    Route,
    Subnet,
    Target,
    TargetGroup,
    View,
    Vpc,
)

WEB, CUSTOMER = "i-web", "i-customer"
WEB_ADDRESS, CUSTOMER_ADDRESS = "20.0.1.10", "10.0.1.15"
WEB_PUBLIC, CUSTOMER_PUBLIC, BALANCER_PUBLIC = "198.51.100.1", "198.51.100.2", "198.51.100.3"
BALANCER_ADDRESS, ENDPOINT_ADDRESS = "20.0.1.20", "10.0.1.87"
BALANCER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/MyNetwork-LB/50dc6c495c0c9188"
TARGETS = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/MyNetwork-TG/73e2d6bc24d8a067"
BALANCER_NAME = "MyNetwork-LB-50dc6c495c0c9188.elb.us-east-1.amazonaws.com"
ENDPOINT_NAME = "vpce-1-abcdefgh.vpce-svc-1.us-east-1.vpce.amazonaws.com"
ZONAL_NAME = "vpce-1-abcdefgh-us-east-1a.vpce-svc-1.us-east-1.vpce.amazonaws.com"
ANYWHERE = ("0.0.0.0/0",)
PAGE = "<html><h1> Welcome to Hangyuzs Server 1 </h1></html>\n"
USER_DATA = f"""#cloud-config
packages: [httpd]
write_files:
  - path: /var/www/html/index.html
    content: |
      {PAGE.strip()}
runcmd:
  - systemctl enable --now httpd
"""

OPEN_ACL = tuple(
    AclEntry(100, egress, protocol="-1", from_port=0, to_port=65535, cidr="0.0.0.0/0", allow=True)
    for egress in (False, True)
)


def rule(port: int, *cidrs: str, groups: tuple[str, ...] = ()) -> GroupRule:
    """TCP to one port."""
    return GroupRule("tcp", port, port, cidrs, groups)


ALL_OUT = (GroupRule("-1", 0, 65535, ANYWHERE, ()),)


def subnet(name: str, cidr: str, zone: str = "use1-az1", acl: tuple[AclEntry, ...] = OPEN_ACL) -> Subnet:
    """A public subnet of the VPC ``vpc-NAME``."""
    vpc_cidr = cidr.replace(".1.0/24", ".0.0/16").replace(".2.0/24", ".0.0/16")
    routes = (Route(vpc_cidr, "local", True), Route("0.0.0.0/0", f"igw-{name}", True))
    return Subnet(f"subnet-{name}", f"vpc-{name}", cidr, zone, f"rtb-{name}", routes, f"acl-{name}", acl, "us-east-1a")


def interface(
    name: str,
    side: str,
    address: str,
    public: str | None,
    groups: tuple[str, ...],
    holder: InterfaceOwner,
    holder_id: str,
) -> Interface:
    return Interface(f"eni-{name}", f"vpc-{side}", f"subnet-{side}", address, public, groups, holder, holder_id)


def tutorial(user_data: str = USER_DATA, public_keys: tuple[str, ...] = ()) -> View:
    """The tutorial after step 15: everything stands, accepted and available."""
    parts: list[Any] = [
        Vpc("vpc-service", ("20.0.0.0/16",), ("igw-service",)),
        Vpc("vpc-customer", ("10.0.0.0/16",), ("igw-customer",)),
        subnet("service", "20.0.1.0/24"),
        subnet("customer", "10.0.1.0/24"),
        Group("sg-web", "Webserver_sg", tuple(rule(each, *ANYWHERE) for each in (22, 80, 443)), ALL_OUT),
        Group("sg-customer", "Customer_EC2_SG", tuple(rule(each, *ANYWHERE) for each in (22, 80)), ALL_OUT),
        interface("web", "service", WEB_ADDRESS, WEB_PUBLIC, ("sg-web",), InterfaceOwner.INSTANCE, WEB),
        interface(
            "customer",
            "customer",
            CUSTOMER_ADDRESS,
            CUSTOMER_PUBLIC,
            ("sg-customer",),
            InterfaceOwner.INSTANCE,
            CUSTOMER,
        ),
        interface("balancer", "service", BALANCER_ADDRESS, BALANCER_PUBLIC, (), InterfaceOwner.LOAD_BALANCER, BALANCER),
        interface("endpoint", "customer", ENDPOINT_ADDRESS, None, ("sg-customer",), InterfaceOwner.ENDPOINT, "vpce-1"),
        Instance(WEB, "running", "eni-web", public_keys, user_data, 0.0),
        Instance(CUSTOMER, "running", "eni-customer", public_keys, "", 0.0),
        LoadBalancer(
            BALANCER, "MyNetwork-LB", BALANCER_NAME, "active", True, ("eni-balancer",), (), True, {80: TARGETS}
        ),
        TargetGroup(TARGETS, "MyNetwork-TG", (Target(WEB, 80, 0.0),), 10.0, 5.0, 2, 2),
        EndpointService("vpce-svc-1", "com.amazonaws.vpce.us-east-1.vpce-svc-1", "Available", (BALANCER,)),
        Endpoint("vpce-1", "vpc-customer", "available", "vpce-svc-1", ("eni-endpoint",), (ENDPOINT_NAME, ZONAL_NAME)),
    ]
    view = View()
    for part in parts:
        view = with_(view, part)
    return view


_SHELVES = {
    Vpc: "vpcs",
    Subnet: "subnets",
    Group: "groups",
    Interface: "interfaces",
    Instance: "instances",
    LoadBalancer: "load_balancers",
    TargetGroup: "target_groups",
    EndpointService: "services",
    Endpoint: "endpoints",
    Peering: "peerings",
}


def with_(view: View, part: Any) -> View:
    """The view with this part added, or in the place of the one with its id."""
    shelf = _SHELVES[type(part)]
    key = part.arn if isinstance(part, (LoadBalancer, TargetGroup)) else part.id
    return replace(view, **{shelf: {**getattr(view, shelf), key: part}})


def without(view: View, kind: type[Any], key: str) -> View:
    shelf = _SHELVES[kind]
    return replace(view, **{shelf: {at: part for at, part in getattr(view, shelf).items() if at != key}})


def but(view: View, kind: type[Any], key: str, **changes: Any) -> View:
    """The view with some fields of one part changed."""
    return with_(view, replace(getattr(view, _SHELVES[kind])[key], **changes))


@dataclass
class World:
    """A view that tests change under a running network."""

    view: View
    clock: Clock

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def look(self) -> View:
        with self._lock:
            return self.view

    def change(self, kind: type[Any], key: str, **changes: Any) -> None:
        with self._lock:
            self.view = but(self.view, kind, key, **changes)

    def remove(self, kind: type[Any], key: str) -> None:
        with self._lock:
            self.view = without(self.view, kind, key)


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until the condition holds; fail if it does not within so many seconds of the machine."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


@dataclass
class Lab:
    """A running network, its world and its folder, and the ways in that its users have."""

    world: World
    network: Network
    directory: Path
    key: Path

    def booted(self, *instance_ids: str) -> None:
        """Wait until these instances, or both, have booted."""
        for each in instance_ids or (WEB, CUSTOMER):
            wait_for(lambda each=each: "login:" in self.network.console(each))  # type: ignore[misc]

    def file(self, instance_id: str, path: str) -> Path:
        """Where a file of an instance is on this machine."""
        return self.directory / "instances" / instance_id / path.lstrip("/")

    def send(self, request: str, timeout: float = 10.0) -> str:
        """Say something to the proxy, listen until it hangs up.  Raises ``TimeoutError`` if it does not."""
        with socket.create_connection(("127.0.0.1", self.network.proxy_port), timeout) as proxy:
            proxy.sendall(request.encode())
            return b"".join(iter(lambda: proxy.recv(65536), b"")).decode()

    def get(self, host: str, path: str = "/", timeout: float = 10.0) -> str:
        """Fetch a page from outside."""
        return self.send(f"GET http://{host}{path} HTTP/1.1\r\nHost: {host}\r\n\r\n", timeout)

    def tunnel(self, host: str, port: int, said: str) -> str:
        """Say something to a host's port from outside."""
        answer = self.send(f"CONNECT {host}:{port} HTTP/1.1\r\n\r\n{said}")
        return answer.partition("\r\n\r\n")[2]

    def ssh_command(self, address: str, *words: str) -> list[str]:
        """The OpenSSH client's command line, through ``vpce_demo.sandbox.connect``."""
        program = f"{sys.executable} {Path(connect.__file__).resolve()}"  # by its file: it needs nothing of the package
        options = {
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "LogLevel": "ERROR",
            "IdentitiesOnly": "yes",
            "ProxyCommand": f"{program} {self.network.proxy_port} %h %p",
        }
        given = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return ["ssh", "-F", "none", "-i", str(self.key), *given, f"ec2-user@{address}", *words]

    def ssh(self, *words: str, address: str = CUSTOMER_PUBLIC, said: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command on an instance, the customer's unless told otherwise."""
        command = self.ssh_command(address, *words)
        return subprocess.run(command, input=said, capture_output=True, text=True, timeout=30, check=False)
