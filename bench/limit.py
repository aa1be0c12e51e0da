"""The least time that up and down can take: the longest chain of AWS's own durations and the calls on it.

It is computed from the tutorial's own graph and the sandbox's durations.  Each create, accept or delete costs one
round trip; where AWS takes its time after it, that time follows, and one look that sees it over.  Starting the
program, asking what is there already and looking again afterwards are not in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from vpce_demo.engine import graph as moves
from vpce_demo.engine.graph import TaskType
from vpce_demo.engine.resource import Resource
from vpce_demo.resources.endpoint_service import EndpointService
from vpce_demo.resources.instance import Instance
from vpce_demo.resources.internet_gateway import GatewayAttachment, InternetGateway
from vpce_demo.resources.key_pair import KeyPair
from vpce_demo.resources.load_balancer import Listener, LoadBalancer
from vpce_demo.resources.route_table import InternetRoute, RouteTable, SubnetRouting
from vpce_demo.resources.security_group import IngressRule, SecurityGroup
from vpce_demo.resources.subnet import Subnet
from vpce_demo.resources.target_group import Registration, TargetGroup
from vpce_demo.resources.vpc import Vpc
from vpce_demo.resources.vpc_endpoint import Acceptance, VpcEndpoint
from vpce_demo.sandbox import timing
from vpce_demo.tutorial import Demo, tutorial

from .measure import Call

UNTIL_READY: Mapping[type[Resource], float] = {
    Vpc: timing.VPC_PENDING,
    GatewayAttachment: timing.GATEWAY_ATTACHING,
    SubnetRouting: timing.ROUTE_ASSOCIATING,
    Instance: timing.INSTANCE_PENDING,
    LoadBalancer: timing.LOAD_BALANCER_PROVISIONING,
    EndpointService: timing.SERVICE_UNAVAILABLE,
    VpcEndpoint: timing.ENDPOINT_REQUESTED,
    Acceptance: timing.ENDPOINT_PENDING,
}
"""AWS's seconds from the create call until a dependent resource can be created."""

UNTIL_GONE: Mapping[type[Resource], float] = {
    Instance: timing.INSTANCE_SHUTTING_DOWN,
    VpcEndpoint: timing.ENDPOINT_DELETING,
    EndpointService: timing.SERVICE_DELETING,
    LoadBalancer: timing.LOAD_BALANCER_INTERFACES_LINGER,
}
"""AWS's seconds from the delete call until the resources it uses can be deleted."""

UNSEEN = (LoadBalancer,)
"""Gone from the lists at once: what lingers is not looked at, the next call tells."""

HELD_UNTIL_ASKED = ((VpcEndpoint, EndpointService),)
"""A service may go as soon as its endpoint is ``deleting`` (``aws-behaviours.md`` section 3.4)."""

NOT_HELD = ((Instance, KeyPair), (Registration, TargetGroup), (InternetRoute, GatewayAttachment))
"""What can be deleted while this still needs it: a key pair, a group with targets, a gateway with a route to it."""

OPERATIONS: Mapping[type[Resource], tuple[str, str]] = {
    Vpc: ("CreateVpc", "DeleteVpc"),
    InternetGateway: ("CreateInternetGateway", "DeleteInternetGateway"),
    GatewayAttachment: ("AttachInternetGateway", "DetachInternetGateway"),
    Subnet: ("CreateSubnet", "DeleteSubnet"),
    RouteTable: ("CreateRouteTable", "DeleteRouteTable"),
    SubnetRouting: ("AssociateRouteTable", ""),
    InternetRoute: ("CreateRoute", ""),
    KeyPair: ("ImportKeyPair", "DeleteKeyPair"),
    SecurityGroup: ("CreateSecurityGroup", "DeleteSecurityGroup"),
    IngressRule: ("AuthorizeSecurityGroupIngress", ""),
    Instance: ("RunInstances", "TerminateInstances"),
    TargetGroup: ("CreateTargetGroup", "DeleteTargetGroup"),
    LoadBalancer: ("CreateLoadBalancer", "DeleteLoadBalancer"),
    Listener: ("CreateListener", ""),
    Registration: ("RegisterTargets", ""),
    EndpointService: ("CreateVpcEndpointServiceConfiguration", "DeleteVpcEndpointServiceConfigurations"),
    VpcEndpoint: ("CreateVpcEndpoint", "DeleteVpcEndpoints"),
    Acceptance: ("AcceptVpcEndpointConnections", ""),
}
"""The calls that make and delete each kind; none for what goes with another."""


@dataclass(frozen=True)
class Link:
    """One stretch of a chain: so many round trips, and AWS's own seconds.  A call has its operation and a name."""

    key: str
    calls: int
    aws_seconds: float = 0.0
    operation: str = ""
    name: str = ""

    def seconds(self, pace: float, round_trip: float) -> float:
        """In seconds of the machine; ``round_trip`` is in those too."""
        return self.calls * round_trip + self.aws_seconds / pace

    def done(self, calls: Iterable[Call]) -> Call | None:
        """The last call of a timeline that did this; a call without a name is taken for any."""
        names = ("", self.name)
        fitting = [c for c in calls if c.operation == self.operation and (not self.name or c.name in names)]
        return max((c for c in fitting if not c.error), key=lambda c: c.ended, default=None)


Chain = list[Link]
Graph = dict[Link, set[Link]]
"""Each link with those before it."""


def seconds(chain: Chain, pace: float, round_trip: float) -> float:
    """How long a chain takes."""
    return sum(link.seconds(pace, round_trip) for link in chain)


def longest(graph: Graph, pace: float, round_trip: float) -> Chain:
    """The chain of links that takes longest."""
    return moves.longest_path(graph, lambda link: link.seconds(pace, round_trip))


def demo() -> Demo:
    """The tutorial as it is without a config file."""
    from vpce_demo.config.load import load
    from vpce_demo.session.discover import not_looked_up

    return tutorial(not_looked_up(load(None, {})))


def up(resources: Sequence[Resource], durations: Mapping[type[Resource], float] = UNTIL_READY) -> Graph:
    """The order of creation: each resource requested, then ready."""
    link: dict[moves.Task, Link] = {}
    for r in resources:
        link[TaskType.MAKE, r] = Link(r.key, 1, 0.0, OPERATIONS[type(r)][0], r.name)
        link[TaskType.READY, r] = _wait(r, durations)
    return {link[move]: {link[one] for one in before} for move, before in moves.creation_graph(resources).items()}


def down(resources: Sequence[Resource]) -> Graph:
    """The order of deletion: a resource can be deleted when those that use it are gone."""
    asked = {r: Link(r.key, 1, 0.0, OPERATIONS[type(r)][1]) for r in resources if r.goes_with() is None}
    gone = {r: _wait(r, UNTIL_GONE) for r in asked}
    graph: Graph = {link: set() for link in asked.values()} | {gone[r]: {asked[r]} for r in asked}
    for r in resources:
        holder = r.goes_with() or r
        for need, *_ in r.needs():
            held = need.goes_with() or need
            if held is not holder and (type(r), type(need)) not in NOT_HELD:
                only_asked = (type(holder), type(held)) in HELD_UNTIL_ASKED
                graph[asked[held]].add(asked[holder] if only_asked else gone[holder])
    return graph


def _wait(r: Resource, durations: Mapping[type[Resource], float]) -> Link:
    """AWS's time, and one describe call that sees it end."""
    aws_seconds = durations.get(type(r), 0.0)
    unseen = not aws_seconds or (durations is UNTIL_GONE and isinstance(r, UNSEEN))
    return Link(f"{r.key}, AWS", 0 if unseen else 1, aws_seconds)


def aws_seconds_after(operation: str, durations: Mapping[type[Resource], float] = UNTIL_READY) -> float:
    """AWS's seconds after this call, ``durations`` after a create; 0 if the call is synchronous."""
    for kind, (create, delete) in OPERATIONS.items():
        if operation == create:
            return durations.get(kind, 0.0)
        if operation == delete:
            return UNTIL_GONE.get(kind, 0.0)
    return 0.0
