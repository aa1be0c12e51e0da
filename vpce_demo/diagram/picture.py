"""The model of the picture: the two VPCs, the resources in them, and the packet's path.

It makes no AWS call and knows no symbols, colours or coordinates.  Each renderer in this package draws all of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network

from ..config.model import DEFAULT_NAME
from ..engine.drift import added
from ..engine.resource import Resource, closure
from ..lessons import Language, noun, words
from ..model import Drift, Live, Phase, Side, short_id
from ..resources.instance import Instance
from ..resources.internet_gateway import GatewayAttachment
from ..resources.route_table import InternetRoute, SubnetRouting
from ..resources.security_group import IngressRule, SecurityGroup
from ..resources.vpc_endpoint import VpcEndpoint
from ..tutorial import Demo
from ..untrusted import printable


class Drawn(StrEnum):
    """How a node or a hop is drawn."""

    MISSING = "missing"
    PENDING = "pending"
    """Being created or deleted; or some of it is missing."""
    READY = "ready"
    BROKEN = "broken"


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
    state: Drawn
    word: str
    id: str = ""
    address: str = ""
    why: str = ""


@dataclass(frozen=True)
class VpcView:
    """One side: its VPC, the subnet with its way to the internet, the instance, and the security group that the packet
    meets there: the endpoint's, or the web server's.  The group's ``word`` is what it lets in."""

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
    group: Node
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
    why: str = ""
    """Why no packet gets through, if it is broken."""


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
    lang: Language = "en"
    only: Side | None = None
    """The side that was looked at, if the other one was not."""

    @property
    def said(self) -> Mapping[str, str]:
        """The words of the picture in its language."""
        return words(self.lang, "picture")

    def without_reasons(self) -> Picture:
        """The same, but for why its hops are broken."""
        return replace(self, hops=tuple(replace(hop, why="") for hop in self.hops))

    @property
    def state(self) -> Drawn:
        """Whether a packet can go all the way."""
        return combined(hop.state for hop in self.hops)

    @property
    def parts(self) -> list[Node]:
        """Every node: first the path in the packet's order, then security groups, VPCs, subnets, gateways, routes."""
        sides = (self.customer, self.provider)
        path = [self.customer.instance, self.endpoint, self.connection, self.service, self.balancer, self.targets]
        ground = [part for side in sides for part in (side.group, side.vpc, side.subnet, side.gateway, side.route)]
        return [*path, self.provider.instance, *ground]

    @property
    def description(self) -> str:
        """The picture in words, for readers who cannot see it."""
        said = self.said
        whole = said["description"].format(
            customer=self.customer.instance.name,
            customer_vpc=self.customer.vpc.name,
            customer_cidr=self.customer.cidr,
            web=self.provider.instance.name,
            provider_vpc=self.provider.vpc.name,
            provider_cidr=self.provider.cidr,
        )
        return whole + "".join(
            said["description hop"].format(
                number=hop.number,
                source=hop.source,
                destination=hop.destination,
                state=said[hop.state],
                why=hop.why and said["description why"].format(why=hop.why),
            )
            for hop in self.hops
        )


@dataclass(frozen=True)
class Frame:
    """Facts that no resource holds.  ``addresses`` are the private ones of endpoint and load balancer, by key."""

    demo: str = DEFAULT_NAME
    place: str = ""
    zone: str = ""
    accounts: Mapping[Side, Mapping[str, str]] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)


def picture(demo: Demo, live: Mapping[str, Live], frame: Frame | None = None, lang: Language = "en") -> Picture:
    """The picture of a demo in this language; ``live`` is by resource key."""
    return _Painter(demo, live, frame or Frame(), lang, words(lang, "picture")).picture()


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


@dataclass(frozen=True)
class _Painter:
    demo: Demo
    live: Mapping[str, Live]
    frame: Frame
    lang: Language
    said: Mapping[str, str]

    def picture(self) -> Picture:
        demo, said = self.demo, self.said
        endpoint, balancer = self.endpoint(), self.part(demo.balancer)
        connection = self.connection()
        targets = self.joined(demo.targets, demo.registration, said["no target"])
        service = self.part(demo.service)
        port, web_port = demo.listener.port, demo.registration.port
        customer_instance, web = self.part(demo.customer, "consumer instance"), self.part(demo.web, "web server")
        into_endpoint = self.group(demo.endpoint, endpoint, port, customer_instance.address)
        into_web = self.group(demo.web, web, web_port, balancer.address)
        customer = self.network(demo.customer, customer_instance, into_endpoint)
        if more := len(demo.customers) - 1:
            name = said["and more"].format(name=customer.vpc.name, count=more)
            customer = replace(customer, vpc=replace(customer.vpc, name=name))
        provider = self.network(demo.web, web, into_web)
        hops = (
            self.hop(
                1,
                customer_instance.address or said["the instance"],
                f"{endpoint.address or said['the endpoint']}:{port}",
                (customer_instance, endpoint),
                {
                    said["nothing out"]: self.out_of(demo.customer_group),
                    self.closed("the endpoint", into_endpoint, port): into_endpoint.state,
                },
            ),
            self.hop(
                2,
                endpoint.id or said["the endpoint"],
                service.id or said["the endpoint service"],
                (connection, endpoint, service),
            ),
            self.hop(
                3,
                balancer.address or said["the load balancer"],
                f"{web.address or said['the web server']}:{web_port}",
                (balancer, targets, web),
                {
                    said["no listener"].format(port=port): self.state(demo.listener),
                    self.closed("the web server", into_web, web_port): into_web.state,
                },
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
            self.lang,
            self.only,
        )

    def network(self, instance: Instance, part: Node, group: Node) -> VpcView:
        vpc, subnet = instance.subnet.vpc, instance.subnet
        needs = closure([instance])  # also where the demo is the other side only
        attachment = next(r for r in needs if isinstance(r, GatewayAttachment) and r.vpc is vpc)
        route = next(r for r in needs if isinstance(r, InternetRoute) and r.attachment is attachment)
        routing = next(r for r in needs if isinstance(r, SubnetRouting) and r.subnet is subnet)
        default_route = self.part(route)
        whose = self.frame.accounts.get(instance.side, {}) if self.is_looked_at(instance) else {}
        return VpcView(
            instance.side,
            self.part(vpc),
            vpc.cidr,
            self.part(subnet),
            subnet.cidr,
            _clean(self.zone(instance, whose) or subnet.zone_id) if self.is_looked_at(instance) else "",
            self.joined(attachment.gateway, attachment, "detached"),
            replace(default_route, state=combined((default_route.state, self.state(routing)))),
            part,
            group,
            self.output(instance, "public_address"),
            _clean(whose.get("account", "")),
            _clean(whose.get("region", "")),
        )

    def zone(self, instance: Instance, whose: Mapping[str, str]) -> str:
        """The zone's name: the frame's, but in a region of the consumer's own."""
        provider = self.frame.accounts.get(self.demo.web.side, {})
        apart = whose.get("region") != provider.get("region")
        return self.output(instance, "zone") if apart else self.frame.zone

    def part(self, resource: Resource, role: str = "") -> Node:
        live = self.live.get(resource.key)
        kind, name = noun(role or resource.noun, self.lang), _clean(resource.name)
        if live is None:
            return Node(
                kind, name, Drawn.MISSING, self.said["not there" if self.is_looked_at(resource) else "not seen"]
            )
        address = self.frame.addresses.get(resource.key, "") or live.outputs.get("private_address", "")
        words = map(_clean, (noun(live.state, self.lang), short_id(live.id), address, live.why))
        return Node(kind, name, state_of(live), *words)

    @property
    def only(self) -> Side | None:
        """The side of a demo that has one only."""
        sides = {r.side for r in self.demo.resources}
        return sides.pop() if len(sides) == 1 else None

    def is_looked_at(self, resource: Resource) -> bool:
        """False on the other side of a demo of which only one side is here."""
        return self.only in (None, resource.side)

    def joined(self, resource: Resource, to: Resource, otherwise: str) -> Node:
        """A node that needs another and shows the other's state, or ``otherwise`` if there is none."""
        part, other = self.part(resource), self.live.get(to.key)
        if not part.id:
            return part
        state = combined((part.state, state_of(other)))
        return replace(
            part,
            state=state,
            word=_clean(noun(other.state, self.lang)) if other else otherwise,
            why=_clean(other.why) if other else "",
        )

    def endpoint(self) -> Node:
        """The endpoint; while it is pending the state of its connection may be newer."""
        part = self.part(self.demo.endpoint)
        newer = self.part(self.demo.acceptance)
        if part.state is Drawn.PENDING and newer.id:
            return replace(part, state=newer.state, word=newer.word)
        return part

    def connection(self) -> Node:
        """The connection, as the provider sees it once it is accepted, else as the endpoint shows it."""
        accepted = self.demo.acceptance
        return self.part(accepted if accepted.key in self.live else self.demo.endpoint, accepted.noun)

    def state(self, resource: Resource) -> Drawn:
        return state_of(self.live.get(resource.key))

    def output(self, resource: Resource, name: str) -> str:
        live = self.live.get(resource.key)
        return _clean(live.outputs.get(name, "")) if live else ""

    # --- the packet's path --------------------------------------------------------

    def hop(
        self,
        number: int,
        source: str,
        destination: str,
        parts: Iterable[Node],
        gates: Mapping[str, Drawn] | None = None,
    ) -> Hop:
        """A hop: its state follows from the ``parts`` that it needs, and from the ``gates`` on its way, which are by
        the sentence for one that is closed.

        A gate that is missing between parts that are all there breaks the hop; before that, it is just not there yet.
        """
        parts, gates = tuple(parts), gates or {}
        there = all(part.state is Drawn.READY for part in parts)
        reasons = [
            *(why for why, state in gates.items() if state is Drawn.BROKEN or (there and state is not Drawn.READY)),
            *(f"{part.kind}: {part.word}" for part in parts if part.state is Drawn.BROKEN),
        ]
        state = Drawn.BROKEN if reasons else combined((*(part.state for part in parts), *gates.values()))
        title, explanation = self.said[f"hop {number}"], self.said[f"explained {number}"]
        return Hop(number, title, source, destination, explanation, state, next(iter(reasons), ""))

    def closed(self, whose: str, group: Node, port: int) -> str:
        """The sentence for a security group that keeps the packet out."""
        sentence = "other group" if group.word == self.said["not ours"] else "closed"
        return self.said[sentence].format(whose=self.said[whose], port=port)

    # --- security groups ----------------------------------------------------------

    def group(self, of: VpcEndpoint | Instance, guarded: Node, port: int, source: str) -> Node:
        """The group of an endpoint or an instance, ready if it lets packets from that address in to the port."""
        part = self.part(of.group, "security group")
        others = [one.aws for one in self.drift(of, "security groups") if part.id not in one.aws.split(", ")]
        if others:
            return Node(part.kind, self.said["another group"], Drawn.BROKEN, self.said["not ours"], _clean(others[0]))
        if not part.id:
            return part
        by_source: dict[str, list[str]] = {}
        for rule in self.rules(of.group):
            what, _, whom = rule.partition(" from ")
            by_source.setdefault(whom, []).append(what)
        members = part.id if of is self.demo.endpoint else ""  # the consumer's instance is one, the load balancer none
        open = any(
            _is_for(what, port) and (whom == members or _is_within(source, whom))
            for whom, all in by_source.items()
            for what in all
        )
        rules = "; ".join(
            self.said["rule"].format(what=", ".join(noun(one, self.lang) for one in what), whom=whom)
            for whom, what in by_source.items()
        )
        lets_in = self.said["lets in"].format(rules=rules) if rules else self.said["lets in nothing"]
        closed = Drawn.BROKEN if guarded.state is Drawn.READY else Drawn.PENDING
        return replace(part, state=part.state if open else closed, word=_clean(lets_in))

    def rules(self, group: SecurityGroup) -> Iterator[str]:
        """The inbound rules that AWS has in a group, as ``tcp/80 from 0.0.0.0/0``: the tutorial's, and further ones."""
        for r in self.demo.resources:
            if isinstance(r, IngressRule) and r.group is group and r.key in self.live:
                yield f"tcp/{r.port} from {self.output(r, 'source') or r.source or '?'}"
        for drift in self.drift(group, "further inbound rules", "open to everybody"):
            yield from added(drift)

    def out_of(self, group: SecurityGroup) -> Drawn:
        """Broken if the tutorial's outbound rule is gone and there is no other."""
        open = not self.drift(group, "outbound rules") or self.drift(group, "further outbound rules")
        return self.state(group) if open else Drawn.BROKEN

    def drift(self, resource: Resource, *fields: str) -> list[Drift]:
        live = self.live.get(resource.key)
        return [one for one in live.drift if one.field in fields] if live else []


def _is_for(what: str, port: int) -> bool:
    """Whether a rule for ``tcp/80``, ``tcp/20-90``, ``tcp`` or ``everything`` is for TCP to this port."""
    ports = re.fullmatch(r"everything|tcp(?:/(\d+)(?:-(\d+))?)?", what)
    return ports is not None and (not ports[1] or int(ports[1]) <= port <= int(ports[2] or ports[1]))


def _is_within(address: str, source: str) -> bool:
    """Whether a rule's source is a CIDR block with this address in it; an address that is not known is in any."""
    try:
        return IPv4Address(address or source.partition("/")[0]) in IPv4Network(source, strict=False)
    except ValueError:  # a group, a prefix list, IPv6, or masked
        return False
