"""Decides where a connection goes, hop by hop, from what the API holds.

``decide`` is pure: the same view gives the same answer.  Each filter and route on the path adds a ``TraceStep`` with
its verdict; the last step is the one that decided.  A TCP connection is decided as a whole: the way there and, where
a filter keeps no state (network ACLs), the way back.

Sources: ``aws-behaviours.md`` sections 3 and 4, the VPC user guide, the Network Load Balancer user guide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, NoReturn

from vpce_demo.sandbox.network import names
from vpce_demo.sandbox.network.rules import Ports, acl_line, allowing_group, route_to, within, zones_served
from vpce_demo.sandbox.store.view import (
    Endpoint,
    Health,
    Interface,
    InterfaceOwner,
    LoadBalancer,
    Route,
    Subnet,
    Target,
    TargetGroup,
    View,
)

HealthOf = Callable[[str, str, int], Health]
"""The health of a target: of the target group's ARN, the instance and the port."""

LINUX_PORTS: Ports = (32768, 60999)
"""The ports Amazon Linux connects from; answers go back to them (VPC user guide, "Ephemeral ports")."""
ANY_CLIENT_PORTS: Ports = (1024, 65535)
"""The same for load balancers and for clients on the internet."""


class Outcome(Enum):
    """The outcome of a connection."""

    DELIVERED = "delivered"
    DROPPED = "dropped"
    """Packets are dropped: the client waits until it times out."""
    REFUSED = "refused"
    """The connection is refused at once, by a TCP reset."""


@dataclass(frozen=True)
class TraceStep:
    """One step: ``at`` is the id of the resource, ``says`` its verdict in words."""

    at: str
    says: str
    passed: bool = True

    def __str__(self) -> str:
        return f"{self.at}: {self.says}"


@dataclass(frozen=True)
class Decision:
    """The outcome of a connection, and why.

    When delivered, ``host`` is the instance id (or, for the few hosts on the sandbox's internet, the address, for AWS's
    own services ``names.AWS``), ``port`` the port there, and ``source`` the client's address as that host sees it (the
    metadata service sees the id of its interface).  ``endpoint`` is the VPC endpoint's id on a way to such a service.
    """

    outcome: Outcome
    hops: tuple[TraceStep, ...]
    host: str = ""
    port: int = 0
    source: str = ""
    endpoint: str = ""

    @property
    def settled_by(self) -> TraceStep:
        """The last hop: the one that decided."""
        return self.hops[-1]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "outcome": self.outcome.value,
            "host": self.host,
            "host_port": self.port,
            "seen_as": self.source,
            "hops": [{"at": hop.at, "says": hop.says, "passed": hop.passed} for hop in self.hops],
        }


def decide(view: View, source: str, destination: str, port: int, health: HealthOf, flow: int = 0) -> Decision:
    """Decide a TCP connection.

    ``source`` is the id of the network interface it leaves from, or the public address of somebody on the internet;
    ``destination`` an IPv4 address, meant as the source's VPC means it.  ``flow`` stands for the client's own port:
    a load balancer spreads connections over its targets by it.
    """
    way = _Way(view, port, health, flow)
    try:
        if source in view.interfaces:
            host, to_port, seen = way.from_interface(view.interfaces[source], destination)
        elif names.is_address(source):
            host, to_port, seen = way.through_internet(source, destination)
        else:
            way.drop(source, "is no network interface any more")
    except _Ended as end:
        return Decision(end.outcome, tuple(way.hops))
    return Decision(Outcome.DELIVERED, tuple(way.hops), host, to_port, seen, way.endpoint)


class _Ended(Exception):
    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


_Arrival = tuple[str, int, str]
"""Host, port there, source address as seen there."""


class _Way:
    """The path of one connection, hop by hop; a drop or refusal raises ``_Ended``."""

    def __init__(self, view: View, port: int, health: HealthOf, flow: int) -> None:
        self.view, self.port, self.health, self.flow = view, port, health, flow
        self.hops: list[TraceStep] = []
        self.endpoint = ""

    def passes(self, at: str, says: str) -> None:
        self.hops.append(TraceStep(at, says))

    def drop(self, at: str, says: str, outcome: Outcome = Outcome.DROPPED) -> NoReturn:
        self.hops.append(TraceStep(at, says, passed=False))
        raise _Ended(outcome)

    # From the source to the destination's interface

    def from_interface(self, source: Interface, destination: str) -> _Arrival:
        if destination == names.METADATA:
            self.passes(source.id, f"{destination} is the instance metadata service")
            return destination, self.port, source.id
        vpc, subnet = self.view.vpcs[source.vpc_id], self.view.subnets[source.subnet_id]
        inside = any(within(destination, cidr) for cidr in vpc.cidrs)
        route = None if inside else route_to(subnet, destination)
        peering = self.view.peerings.get(route.target) if route and route.active else None
        there = peering.other(vpc.id) if peering else vpc.id
        target = next(
            (each for each in self.view.interfaces.values() if each.vpc_id == there and each.address == destination),
            None,
        )
        private = inside or peering is not None
        peer_groups = self.groups_of(target) if private and target else ()
        self.ask_groups(source, True, destination, peer_groups, self.port)
        if not private:
            endpoint = self.view.endpoints.get(route.target) if route else None
            if route and endpoint and endpoint.kind == "Gateway":
                return self.by_gateway_endpoint(source, destination, route, endpoint)
            return self.through_internet(self.leave(source, destination), destination)
        table = subnet.route_table_id
        self.passes(table, f"{destination} is local to {vpc.id}" if inside or route is None else _words(route))
        if target is None:
            self.drop(there, f"no network interface has the address {destination}")
        self.ask_acls(source, source.address, target, self.port)
        if peering:
            self.ask_route(self.view.subnets[target.subnet_id], source.address, peering.id)
        return self.arrive(target, source.address, self.groups_of(source))

    def by_gateway_endpoint(self, source: Interface, destination: str, route: Route, endpoint: Endpoint) -> _Arrival:
        """To S3 or DynamoDB by a route of AWS's own: no public address is needed, and the service sees the private
        one."""
        subnet = self.view.subnets[source.subnet_id]
        self.passes(subnet.route_table_id, _words(route))
        self.ask_acl(subnet, True, destination, (self.port, self.port))
        self.ask_acl(subnet, False, destination, _client_ports(source))
        return self.to_aws(endpoint, source.address)

    def to_aws(self, endpoint: Endpoint, client: str) -> _Arrival:
        """From an endpoint to the service of AWS's own behind it."""
        self.ask_state(endpoint.id, "endpoint", endpoint.state, ("available",))
        self.passes(endpoint.id, f"takes it to {endpoint.service_name}")
        self.endpoint = endpoint.id
        return names.AWS, self.port, client

    def leave(self, source: Interface, destination: str) -> str:
        """Out of the VPC, perhaps by a NAT gateway: a route to an attached internet gateway, and the public address to
        go by."""
        subnet = self.view.subnets[source.subnet_id]
        route = route_to(subnet, destination)
        if route and route.target.startswith("nat-") and route.active and source.holder is InterfaceOwner.INSTANCE:
            return self.leave(self.to_nat_gateway(source, destination, route), destination)
        gateway = self.ask_route(subnet, destination)
        self.ask_public_access(source.vpc_id)
        if source.public_address is None:
            self.drop(gateway, f"{source.id} ({source.address}) has no public address to leave by")
        self.ask_acl(subnet, True, destination, (self.port, self.port))
        self.ask_acl(subnet, False, destination, _client_ports(source))
        self.passes(gateway, f"sends it out as {source.public_address}")
        return source.public_address

    def to_nat_gateway(self, source: Interface, destination: str, route: Route) -> Interface:
        """To the interface of a NAT gateway, from which it goes on (which leads to no VPC endpoint)."""
        here = self.view.subnets[source.subnet_id]
        self.passes(here.route_table_id, _words(route))
        owners = {each.holder_id: each for each in self.view.interfaces.values()}
        gateway = owners.get(route.target)
        if gateway is None:
            self.drop(route.target, "NAT gateway is not available")
        there = self.view.subnets[gateway.subnet_id]
        if there.id != here.id:
            back = _client_ports(source)
            self.ask_acl(here, True, destination, (self.port, self.port))
            self.ask_acl(there, False, source.address, (self.port, self.port))
            self.ask_acl(there, True, source.address, back)
            self.ask_acl(here, False, destination, back)
        self.passes(gateway.holder_id, f"sends it on as {gateway.address}")
        return gateway

    def through_internet(self, source: str, destination: str) -> _Arrival:
        """Between public addresses."""
        if destination == names.CHECKIP or within(destination, names.AWS_ADDRESSES):
            self.passes("internet", f"{destination} is on the internet")
            return names.AWS if within(destination, names.AWS_ADDRESSES) else destination, self.port, source
        target = next((each for each in self.view.interfaces.values() if each.public_address == destination), None)
        if target is None:
            self.drop("internet", f"nobody answers at {destination}")
        subnet = self.view.subnets[target.subnet_id]
        if not self.view.vpcs[target.vpc_id].gateway_ids:
            self.drop(target.vpc_id, "has no internet gateway attached")
        self.ask_public_access(target.vpc_id)
        self.ask_route(subnet, source)
        self.ask_acl(subnet, False, source, (self.port, self.port))
        self.ask_acl(subnet, True, source, ANY_CLIENT_PORTS)
        return self.arrive(target, source, ())

    # At the destination's interface

    def arrive(self, target: Interface, client: str, client_groups: Iterable[str]) -> _Arrival:
        if target.holder is InterfaceOwner.LOAD_BALANCER:
            balancer = self.view.load_balancers.get(target.holder_id)
            if balancer is None:
                self.drop(target.id, f"belongs to a load balancer that is gone ({target.holder_id})")
            self.ask_state(balancer.name, "load balancer", balancer.state, ("active", "active_impaired"))
            self.ask_groups(target, False, client, client_groups, self.port)
            return self.forward(balancer, target, client)
        self.ask_groups(target, False, client, client_groups, self.port)
        if target.holder is InterfaceOwner.INSTANCE:
            return self.deliver(target, self.port, client)
        if target.holder is not InterfaceOwner.ENDPOINT:
            self.drop(target.id, "nothing answers there")
        return self.private_link(target, client)

    def deliver(self, target: Interface, port: int, client: str) -> _Arrival:
        instance = self.view.instances.get(target.holder_id)
        state = instance.state if instance else "gone"
        self.ask_state(target.holder_id, "instance", state, ("running",))
        self.passes(target.holder_id, f"gets tcp/{port} from {client}")
        return target.holder_id, port, client

    def private_link(self, entry: Interface, client: str) -> _Arrival:
        """From an endpoint's interface to the load balancer of its service: in the same zone, or from another region in
        any."""
        view = self.view
        endpoint = view.endpoints.get(entry.holder_id)
        if endpoint is None:
            self.drop(entry.holder_id, "is gone")
        if endpoint.service_name and not endpoint.service_id:
            return self.to_aws(endpoint, client)
        self.ask_state(endpoint.id, "endpoint", endpoint.state, ("available",))
        service = view.services.get(endpoint.service_id)
        if service is None:
            self.drop(endpoint.service_id, "there is no such endpoint service")
        self.ask_state(service.id, "endpoint service", service.state, ("available",))
        zone = view.subnets[entry.subnet_id].zone_id
        nodes = (
            (balancer, view.interfaces[interface_id])
            for balancer in (
                view.load_balancers[arn] for arn in service.load_balancer_arns if arn in view.load_balancers
            )
            for interface_id in balancer.interface_ids
            if interface_id in view.interfaces
        )
        if endpoint.region == service.region:
            found = [each for each in nodes if view.subnets[each[1].subnet_id].zone_id == zone][:1]
            if not found:
                self.drop(service.id, f"has no load balancer in zone {zone}")
        else:
            found = list(nodes)
            if not found:
                self.drop(service.id, "has no load balancer")
            self.passes(service.id, f"takes it from {endpoint.region} to {service.region}")
        balancer, node = found[self.flow % len(found)]
        self.ask_state(balancer.name, "load balancer", balancer.state, ("active", "active_impaired"))
        if balancer.group_ids and not balancer.enforces_groups_on_private_link:
            self.passes(balancer.name, "does not ask its security groups about PrivateLink traffic")
        else:
            self.ask_groups(node, False, client, (), self.port)
        # Client addresses end here: targets see the load balancer's own private address.
        return self.forward(balancer, node, node.address)

    # Through the load balancer

    def forward(self, balancer: LoadBalancer, node: Interface, client: str) -> _Arrival:
        """From a load balancer's node to one of its targets, which sees ``client`` as the source."""
        group = self.view.target_groups.get(balancer.listeners.get(self.port, ""))
        if group is None:
            # NLB guide, "Listener configuration": traffic that matches no listener is dropped without an answer.
            self.drop(balancer.name, f"has no listener on tcp/{self.port}")
        target, interface = self.choose(balancer, group, node)
        self.passes(balancer.name, f"tcp/{self.port} goes to {target.instance_id} tcp/{target.port} of {group.name}")
        if client == interface.address:
            # aws-behaviours.md section 4, "Hairpin": the answer would come from itself.
            self.drop(balancer.name, f"sends {target.instance_id} back to itself, which loses the packets")
        self.ask_groups(node, True, interface.address, self.groups_of(interface), target.port)
        self.ask_acls(node, client, interface, target.port)
        self.ask_groups(interface, False, client, self.groups_of(node), target.port)
        return self.deliver(interface, target.port, client)

    def choose(self, balancer: LoadBalancer, group: TargetGroup, node: Interface) -> tuple[Target, Interface]:
        """A healthy target in the zones that the node forwards to; any registered one there when none is healthy
        ("fail open")."""
        zones, here = zones_served(self.view, balancer, group, node), []
        for target in group.targets:
            instance = self.view.instances.get(target.instance_id)
            interface = self.view.interfaces.get(instance.interface_id) if instance else None
            if interface and self.view.subnets[interface.subnet_id].zone_id in zones:
                here.append((target, interface))
        if not here:
            where = " or ".join(sorted(zones))
            self.drop(group.name, f"has no registered target in zone {where}", Outcome.REFUSED)
        healthy = [each for each in here if self.health(group.arn, each[0].instance_id, each[0].port).healthy]
        if not healthy:
            self.passes(group.name, "has no healthy target, so every registered one may get it")
        candidates = healthy or here
        return candidates[self.flow % len(candidates)]

    # The questions asked on the way

    def ask_state(self, at: str, what: str, state: str, good: tuple[str, ...]) -> None:
        # AWS spells states with and without capitals (aws-behaviours.md section 0, rule 1).
        if state.lower() not in good:
            self.drop(at, f"{what} is {state}")
        self.passes(at, f"{what} is {state}")

    def groups_of(self, interface: Interface) -> tuple[str, ...]:
        if interface.holder is InterfaceOwner.LOAD_BALANCER:
            balancer = self.view.load_balancers.get(interface.holder_id)
            return balancer.group_ids if balancer else ()
        return interface.group_ids

    def ask_groups(
        self, interface: Interface, egress: bool, address: str, peer_groups: Iterable[str], port: int
    ) -> None:
        group_ids = self.groups_of(interface)
        if interface.holder is InterfaceOwner.LOAD_BALANCER and not group_ids:
            return  # one made without security groups filters nothing
        way = "to" if egress else "from"
        allowing = allowing_group(self.view, group_ids, egress, address, peer_groups, port)
        if allowing:
            self.passes(allowing.id, f"allows tcp/{port} {way} {address}")
        else:
            known = [each for each in group_ids if each in self.view.groups]
            title = ", ".join(f"{each} ({self.view.groups[each].name})" for each in known) or interface.id
            self.drop(title, f"has no {'outbound' if egress else 'inbound'} rule for tcp/{port} {way} {address}")

    def ask_acls(self, source: Interface, client: str, target: Interface, port: int) -> None:
        """The ACLs of both subnets, both ways.  ``client`` is the source's address as the target sees it."""
        if source.subnet_id == target.subnet_id:
            return  # an ACL stands at the border of its subnet
        here, there = self.view.subnets[source.subnet_id], self.view.subnets[target.subnet_id]
        back = ANY_CLIENT_PORTS if client != source.address else _client_ports(source)
        self.ask_acl(here, True, target.address, (port, port))
        self.ask_acl(there, False, client, (port, port))
        self.ask_acl(there, True, client, back)
        self.ask_acl(here, False, target.address, back)

    def ask_acl(self, subnet: Subnet, egress: bool, address: str, ports: Ports) -> None:
        allowed, line = acl_line(subnet, egress, address, ports)
        low, high = ports
        what = f"tcp/{low}" if low == high else f"tcp/{low}-{high} (answers)"
        says = f"{what} {'out to' if egress else 'in from'} {address}"
        if not allowed:
            self.drop(subnet.acl_id, f"line {line} denies {says}")
        self.passes(subnet.acl_id, f"line {line} allows {says}")

    def ask_public_access(self, vpc_id: str) -> None:
        if self.view.vpcs[vpc_id].blocked:
            self.drop(vpc_id, "is closed to the internet by Block Public Access")

    def ask_route(self, subnet: Subnet, address: str, way: str = "") -> str:
        """The attached internet gateway (or the other ``way``) that the subnet's routes send this address to."""
        table, route = subnet.route_table_id, route_to(subnet, address)
        if route is None:
            self.drop(table, f"has no route to {address}")
        if not route.active:
            self.drop(table, f"{_words(route)} is a blackhole")
        if way and route.target != way:
            self.drop(table, f"{_words(route)}, and not back to {way}")
        if not way and not route.target.startswith("igw-"):
            self.drop(table, f"{_words(route)}, which is no way to the internet here")
        if not way and route.target not in self.view.vpcs[subnet.vpc_id].gateway_ids:
            self.drop(table, f"{_words(route)}, which is not attached to {subnet.vpc_id}")
        self.passes(table, _words(route))
        return route.target


def _words(route: Route) -> str:
    return f"{route.destination} to {route.target}"


def _client_ports(source: Interface) -> Ports:
    return LINUX_PORTS if source.holder is InterfaceOwner.INSTANCE else ANY_CLIENT_PORTS
