"""The model of the picture: the two VPCs, the resources in them, and the packet's path.

It makes no AWS call and knows no symbols, colours or coordinates.  Each renderer in this package draws all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ..config.model import DEFAULT_NAME
from ..engine.resource import Resource
from ..model import Live, Phase, Side, short_id
from ..resources.instance import Instance
from ..resources.internet_gateway import GatewayAttachment
from ..resources.route_table import InternetRoute, SubnetRouting
from ..resources.security_group import IngressRule, SecurityGroup
from ..tutorial import Demo
from ..untrusted import printable


class Drawn(StrEnum):
    """How a node or a hop is drawn."""

    MISSING = "missing"
    PENDING = "pending"
    """Being created or deleted; or some of it is missing."""
    READY = "ready"
    BROKEN = "broken"


NOT_THERE = "not there"
LONGEST = 300
"""The longest name or id that is shown; AWS's are shorter."""
_STATES = {
    Phase.READY: Drawn.READY,
    Phase.PENDING: Drawn.PENDING,
    Phase.DELETING: Drawn.PENDING,
    Phase.GONE: Drawn.MISSING,
    Phase.WRONG: Drawn.BROKEN,
    Phase.FOREIGN: Drawn.BROKEN,
    Phase.FAILED: Drawn.BROKEN,
}
_WORDS = {
    # The engine calls these ready because no resource waits for them; a packet does.
    "pendingacceptance": Drawn.PENDING,
    "pending": Drawn.PENDING,
    "registered": Drawn.PENDING,
    "initial": Drawn.PENDING,
    "unhealthy": Drawn.BROKEN,
    "unused": Drawn.BROKEN,
}


@dataclass(frozen=True)
class Node:
    """A resource in the picture: ``kind`` in plain words, ``word`` AWS's state, ``why`` AWS's reason for it, if any."""

    kind: str
    name: str
    state: Drawn = Drawn.MISSING
    word: str = NOT_THERE
    id: str = ""
    address: str = ""
    why: str = ""


@dataclass(frozen=True)
class VpcView:
    """One side: its VPC, the subnet with its way to the internet, and the instance."""

    side: Side
    vpc: Node
    cidr: str
    subnet: Node
    subnet_cidr: str
    zone: str
    """The zone's name, or its id if only that is known."""
    gateway: Node
    route: Node
    instance: Node
    public_address: str
    account: str = ""
    region: str = ""


@dataclass(frozen=True)
class Hop:
    """A part of the packet's path, with the packet's addresses there; in words while an address is not known."""

    number: int
    title: str
    source: str
    destination: str
    explanation: str
    state: Drawn


@dataclass(frozen=True)
class Picture:
    """The whole demo.  ``hops`` are in the packet's order; the answer comes back the same way."""

    demo: str
    place: str
    """``AWS``, ``sandbox`` or empty."""
    customer: VpcView
    provider: VpcView
    endpoint: Node
    connection: Node
    service: Node
    service_name: str
    balancer: Node
    dns_name: str
    targets: Node
    hops: tuple[Hop, ...]

    @property
    def state(self) -> Drawn:
        """Whether a packet can go all the way."""
        return combined(hop.state for hop in self.hops)

    @property
    def parts(self) -> list[Node]:
        """Every node: first the path in the packet's order, then VPCs, subnets, gateways and routes."""
        sides = (self.customer, self.provider)
        path = [self.customer.instance, self.endpoint, self.connection, self.service, self.balancer, self.targets]
        ground = [part for side in sides for part in (side.vpc, side.subnet, side.gateway, side.route)]
        return [*path, self.provider.instance, *ground]

    @property
    def description(self) -> str:
        """The picture in words, for readers who cannot see it."""
        on = f"A packet from {self.customer.instance.name} in {self.customer.vpc.name} ({self.customer.cidr})"
        to = f"reaches {self.provider.instance.name} in {self.provider.vpc.name} ({self.provider.cidr})"
        way = "".join(f" {hop.number}. {hop.source} to {hop.destination}: {hop.state}." for hop in self.hops)
        return f"{on} {to} through AWS PrivateLink.{way}"


@dataclass(frozen=True)
class Frame:
    """Facts that no resource holds.  ``addresses`` are the private ones of endpoint and load balancer, by key."""

    demo: str = DEFAULT_NAME
    place: str = ""
    zone: str = ""
    accounts: Mapping[Side, Mapping[str, str]] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)


def picture(demo: Demo, live: Mapping[str, Live], frame: Frame | None = None) -> Picture:
    """The picture of a demo; ``live`` is by resource key."""
    return _Painter(demo, live, frame or Frame()).picture()


def combined(states: Iterable[Drawn]) -> Drawn:
    """The state of several together: broken if one is, ready or missing if all are, else pending."""
    seen = set(states)
    if Drawn.BROKEN in seen:
        return Drawn.BROKEN
    return seen.pop() if len(seen) == 1 else Drawn.PENDING


def state_of(live: Live | None) -> Drawn:
    if live is None:
        return Drawn.MISSING
    state = _STATES[live.phase]
    return _WORDS.get(live.word.lower(), state) if state is Drawn.READY else state


def shortened(name: str, fits: Callable[[str], bool], more: str = "…") -> str:
    """Shorten a name until it fits, in its first third, where the names of one demo are alike."""
    candidate = name
    for kept in range(len(name) - 1, -1, -1):
        if fits(candidate):
            break
        head = kept // 3
        candidate = name[:head] + more + name[len(name) - kept + head :]
    return candidate


def _clean(text: str) -> str:
    """Text without control characters, of limited length."""
    return printable(text, LONGEST)


def _word(live: Live) -> str:
    """AWS's state; our phase if AWS has none, or the resource is not as the tutorial says."""
    return live.phase.value if live.phase in (Phase.WRONG, Phase.FOREIGN) or not live.word else live.word


@dataclass(frozen=True)
class _Painter:
    demo: Demo
    live: Mapping[str, Live]
    frame: Frame

    def picture(self) -> Picture:
        demo = self.demo
        customer, provider = self.network(demo.customer), self.network(demo.web)
        endpoint, balancer = self.endpoint(), self.part(demo.balancer, "Network Load Balancer")
        connection = self.connection()
        targets = self.joined(demo.targets, "target group", demo.registration, "no target")
        service = self.part(demo.service, "endpoint service")
        port = demo.listener.port
        into_endpoint = combined((endpoint.state, self.state(self.rule(demo.customer_group, port))))
        to_the_web = (self.state(demo.listener), self.state(self.rule(demo.web.group, demo.registration.port)))
        hops = (
            Hop(
                1,
                "to the endpoint",
                customer.instance.address or "the instance",
                f"{endpoint.address or 'the endpoint'}:{port}",
                "The endpoint is an interface in the customer's own subnet.",
                combined((customer.instance.state, into_endpoint)),
            ),
            Hop(
                2,
                "through PrivateLink",
                endpoint.id or "the endpoint",
                service.id or "the endpoint service",
                "Within AWS, over a connection that the provider accepts: no route, no peering, no gateway.",
                combined((endpoint.state, connection.state, service.state)),
            ),
            Hop(
                3,
                "to the web server",
                balancer.address or "the load balancer",
                f"{provider.instance.address or 'the web server'}:{demo.registration.port}",
                "The web server sees the load balancer's address as source.",
                combined((balancer.state, targets.state, provider.instance.state, *to_the_web)),
            ),
        )
        return Picture(
            self.frame.demo,
            self.frame.place,
            customer,
            provider,
            endpoint,
            connection,
            service,
            self.output(demo.service, "service_name"),
            balancer,
            self.output(demo.balancer, "dns_name"),
            targets,
            hops,
        )

    def network(self, instance: Instance) -> VpcView:
        vpc, subnet = instance.subnet.vpc, instance.subnet
        attachment = next(r for r in self.demo.resources if isinstance(r, GatewayAttachment) and r.vpc is vpc)
        route = next(r for r in self.demo.resources if isinstance(r, InternetRoute) and r.attachment is attachment)
        routing = next(r for r in self.demo.resources if isinstance(r, SubnetRouting) and r.subnet is subnet)
        default_route = self.part(route, "default route")
        role = "web server" if instance is self.demo.web else "customer instance"
        whose = self.frame.accounts.get(instance.side, {})
        return VpcView(
            instance.side,
            self.part(vpc, "VPC"),
            vpc.cidr,
            self.part(subnet, "public subnet"),
            subnet.cidr,
            _clean(self.frame.zone or subnet.zone_id),
            self.joined(attachment.gateway, "internet gateway", attachment, "not attached"),
            replace(default_route, state=combined((default_route.state, self.state(routing)))),
            self.part(instance, role),
            self.output(instance, "public_address"),
            _clean(whose.get("account", "")),
            _clean(whose.get("region", "")),
        )

    def part(self, resource: Resource, kind: str) -> Node:
        live = self.live.get(resource.key)
        name = _clean(resource.name)
        if live is None:
            return Node(kind, name)
        address = self.frame.addresses.get(resource.key, "") or live.outputs.get("private_address", "")
        words = map(_clean, (_word(live), short_id(live.id), address, live.why))
        return Node(kind, name, state_of(live), *words)

    def joined(self, resource: Resource, kind: str, to: Resource, otherwise: str) -> Node:
        """A node that needs another and shows the other's state, or ``otherwise`` if there is none."""
        part, other = self.part(resource, kind), self.live.get(to.key)
        if not part.id:
            return part
        state = combined((part.state, state_of(other)))
        return replace(
            part, state=state, word=_clean(_word(other)) if other else otherwise, why=_clean(other.why) if other else ""
        )

    def endpoint(self) -> Node:
        """The endpoint; while it is pending the state of its connection may be newer."""
        part = self.part(self.demo.endpoint, "interface endpoint")
        newer = self.part(self.demo.acceptance, part.kind)
        if part.state is Drawn.PENDING and newer.id:
            return replace(part, state=newer.state, word=newer.word)
        return part

    def connection(self) -> Node:
        """The connection, as the provider sees it once it is accepted, else as the endpoint shows it."""
        accepted = self.demo.acceptance
        return self.part(accepted if accepted.key in self.live else self.demo.endpoint, "connection")

    def state(self, resource: Resource) -> Drawn:
        return state_of(self.live.get(resource.key))

    def output(self, resource: Resource, name: str) -> str:
        live = self.live.get(resource.key)
        return _clean(live.outputs.get(name, "")) if live else ""

    def rule(self, group: SecurityGroup, port: int) -> Resource:
        """The rule that lets packets to this port in."""
        return next(
            r for r in self.demo.resources if isinstance(r, IngressRule) and r.group is group and r.port == port
        )
