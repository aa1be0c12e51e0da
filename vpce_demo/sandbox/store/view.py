"""What the network sees of the API: every fact that decides a packet's path, at one moment.

The API side makes a ``View`` (``Cloud.view``); the network side decides with it and holds nothing of its own about
routes, groups or connections.  It spans every account and region of the sandbox, as the wires of AWS do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class InterfaceOwner(Enum):
    """What a network interface belongs to."""

    INSTANCE = "instance"
    ENDPOINT = "endpoint"
    LOAD_BALANCER = "load balancer"
    NAT_GATEWAY = "NAT gateway"
    OTHER = "other"


@dataclass(frozen=True)
class Interface:
    """A network interface.  ``holder_id`` is the id of an instance, an endpoint or a NAT gateway that is
    available, or a load balancer's ARN."""

    id: str
    vpc_id: str
    subnet_id: str
    address: str
    public_address: str | None
    group_ids: tuple[str, ...]
    holder: InterfaceOwner
    holder_id: str

    @property
    def hostname(self) -> str:
        """``ip-10-0-1-15.ec2.internal``, the default name of an instance."""
        return f"ip-{self.address.replace('.', '-')}.ec2.internal"


@dataclass(frozen=True)
class GroupRule:
    """One permission of a security group: ``protocol`` is ``tcp``, ``udp``, ``icmp`` or ``-1`` for all."""

    protocol: str
    from_port: int
    to_port: int
    cidrs: tuple[str, ...]
    group_ids: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """A security group."""

    id: str
    name: str
    ingress: tuple[GroupRule, ...]
    egress: tuple[GroupRule, ...]


@dataclass(frozen=True)
class AclEntry:
    """One numbered line of a network ACL; ports are 0-65535 where the protocol has none."""

    number: int
    egress: bool
    protocol: str
    from_port: int
    to_port: int
    cidr: str
    allow: bool


@dataclass(frozen=True)
class Route:
    """One route.  ``destination`` is a range of addresses, or the id of a prefix list with these ``cidrs``; ``target``
    is ``local``, ``igw-...`` or another id; ``active`` is false for a blackhole."""

    destination: str
    target: str
    active: bool
    cidrs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subnet:
    """A subnet with the routes and ACL lines that apply to it (explicitly associated or the VPC's main ones)."""

    id: str
    vpc_id: str
    cidr: str
    zone_id: str
    route_table_id: str
    routes: tuple[Route, ...]
    acl_id: str
    acl: tuple[AclEntry, ...]
    zone: str = ""


@dataclass(frozen=True)
class Vpc:
    """A VPC and the internet gateways attached to it; ``blocked`` by Block Public Access, they carry nothing.
    ``dns_support`` and ``dns_hostnames`` are its two DNS attributes."""

    id: str
    cidrs: tuple[str, ...]
    gateway_ids: tuple[str, ...]
    blocked: bool = False
    dns_support: bool = True
    dns_hostnames: bool = True


@dataclass(frozen=True)
class Peering:
    """An active peering connection between two VPCs."""

    id: str
    vpc_ids: tuple[str, str]

    def other(self, vpc_id: str) -> str:
        """The VPC at the other end."""
        return self.vpc_ids[self.vpc_ids[0] == vpc_id]


@dataclass(frozen=True)
class Instance:
    """A virtual machine.  ``public_keys`` are OpenSSH lines; ``user_data`` is decoded; ``running_since`` in AWS s."""

    id: str
    state: str
    interface_id: str
    public_keys: tuple[str, ...]
    user_data: str
    running_since: float | None


@dataclass(frozen=True)
class Target:
    """A registered instance and port; ``registered_at`` in AWS seconds."""

    instance_id: str
    port: int
    registered_at: float


@dataclass(frozen=True)
class TargetGroup:
    """A target group and the settings of its health check, seconds in AWS time; ``check_port`` 0: the target's own."""

    arn: str
    name: str
    targets: tuple[Target, ...]
    interval: float
    timeout: float
    healthy_threshold: int
    unhealthy_threshold: int
    check_port: int = 0
    cross_zone: bool | None = None


@dataclass(frozen=True)
class LoadBalancer:
    """A Network Load Balancer.  ``listeners`` maps a TCP port to the ARN of the target group it forwards to; with
    ``cross_zone``, each of its nodes forwards to the targets in all its zones, unless the group says otherwise."""

    arn: str
    name: str
    dns_name: str
    state: str
    internet_facing: bool
    interface_ids: tuple[str, ...]
    group_ids: tuple[str, ...]
    enforces_groups_on_private_link: bool
    listeners: Mapping[int, str]
    cross_zone: bool = False


@dataclass(frozen=True)
class EndpointService:
    """An endpoint service and the load balancers behind it."""

    id: str
    name: str
    state: str
    load_balancer_arns: tuple[str, ...]
    region: str = ""


@dataclass(frozen=True)
class Endpoint:
    """An interface or gateway endpoint: ``state`` in AWS's word for it, lower camel case; ``dns_names`` regional first,
    then one for each interface.

    ``service_id`` is empty for a service of AWS's own.  ``policy`` is JSON, empty if it has none; with ``private_dns``,
    the service's public names mean its interfaces in its VPC.
    """

    id: str
    vpc_id: str
    state: str
    service_id: str
    interface_ids: tuple[str, ...]
    dns_names: tuple[str, ...]
    region: str = ""
    kind: str = "Interface"
    service_name: str = ""
    policy: str = ""
    private_dns: bool = False


@dataclass(frozen=True)
class View:
    """Everything, by id."""

    vpcs: Mapping[str, Vpc] = field(default_factory=dict)
    subnets: Mapping[str, Subnet] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    interfaces: Mapping[str, Interface] = field(default_factory=dict)
    instances: Mapping[str, Instance] = field(default_factory=dict)
    load_balancers: Mapping[str, LoadBalancer] = field(default_factory=dict)
    target_groups: Mapping[str, TargetGroup] = field(default_factory=dict)
    services: Mapping[str, EndpointService] = field(default_factory=dict)
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    peerings: Mapping[str, Peering] = field(default_factory=dict)


@dataclass(frozen=True)
class Health:
    """What the health checks of one target have found: ``None`` until enough of them agree."""

    healthy: bool | None = None
