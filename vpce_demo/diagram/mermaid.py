"""The picture as a Mermaid flowchart, which GitHub and others draw in a Markdown page.

The page's own theme sets the colours; a state is a solid, dashed or red line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from .picture import Drawn, Hop, Node, Picture, VpcView

_ARROWS = {Drawn.READY: "-->", Drawn.PENDING: "-.->", Drawn.MISSING: "-.->", Drawn.BROKEN: "--x"}
_CLASSES = {
    Drawn.READY: "stroke:#1d5fd1,stroke-width:2px",
    Drawn.PENDING: "stroke:#8d9aac,stroke-width:2px,stroke-dasharray:6 5",
    Drawn.MISSING: "stroke:#8d9aac,stroke-width:1px,stroke-dasharray:3 5",
    Drawn.BROKEN: "stroke:#c3202f,stroke-width:3px",
}
WIDEST = 500
"""Pixels of a label: enough for a service name, which would otherwise be broken at its hyphens."""


def mermaid(picture: Picture) -> str:
    return "\n".join(_lines(picture)) + "\n"


def _lines(p: Picture) -> Iterator[str]:
    to_endpoint, privatelink, to_web = p.hops
    classed: dict[str, Node] = {}

    def node(key: str, part: Node, *more: str) -> str:
        classed[key] = part
        return f"{key}[{_label(part.name, part.kind, part.id, part.address, *more, part.word)}]"

    def side(key: str, network: VpcView, *nodes: str) -> Iterator[str]:
        classed[key], classed[f"{key}_subnet"] = network.vpc, network.subnet
        yield f"    subgraph {key}[{_heading(network.vpc, network.cidr)}]"
        yield f'        subgraph {key}_space[" "]'
        yield f"            subgraph {key}_subnet[{_heading(network.subnet, network.subnet_cidr)}]"
        yield from (f"                {line}" for line in nodes)
        yield from ("            end", "        end")
        route = network.route
        yield f"        {node(f'{key}_gateway', network.gateway, _beside(route))}"
        yield f"        {key}_subnet {_ARROWS[route.state]} {key}_gateway"
        yield "    end"

    yield from ("---", "config:", "  flowchart:", f"    wrappingWidth: {WIDEST}", "---", "flowchart LR")
    yield f"    accTitle: AWS PrivateLink, {_plain(p.said['demo'].format(name=p.demo))}"
    yield f"    accDescr: {_plain(p.description)}"
    instance = node("customer_instance", p.customer.instance)
    endpoint = node("endpoint", p.endpoint, _beside(p.customer.group))
    yield from side("customer", p.customer, instance, endpoint)
    yield f"    {node('service', replace(p.service, id=p.service_name or p.service.id))}"
    balancer = node("balancer", p.balancer, _beside(p.targets))
    web = node("web", p.provider.instance, _beside(p.provider.group))
    yield from side("provider", p.provider, balancer, web)
    yield f"    customer_instance {_hop(to_endpoint)} endpoint"
    yield f"    endpoint {_hop(privatelink)} service"
    yield f"    service {_edge(privatelink.state)} balancer"
    yield f"    balancer {_hop(to_web)} web"
    # Between two boxes, so that the title of the inner one does not lie on that of the outer one.
    yield from ("    classDef space fill:none,stroke:none", "    class customer_space,provider_space space")
    for state, style in _CLASSES.items():
        if keys := [key for key, part in classed.items() if part.state is state]:
            yield f"    classDef {state} {style}"
            yield f"    class {','.join(keys)} {state}"


def _hop(hop: Hop) -> str:
    return _edge(hop.state, f"{hop.number}: {hop.title}", f"{hop.source} → {hop.destination}", hop.why)


def _beside(part: Node) -> str:
    """What belongs to a node and has no box of its own, as a line of the node's label."""
    names = [part.name] if part.name not in part.id else []
    return f"{' '.join(filter(None, [part.kind, *names, part.id]))}: {part.word}"


def _edge(state: Drawn, *words: str) -> str:
    return _ARROWS[state] + (f"|{_label(*words)}|" if words else "")


def _heading(part: Node, cidr: str) -> str:
    """A label on one line: Mermaid leaves the title of a box no room for more."""
    return _label(" · ".join(word for word in (part.name, cidr, part.id, part.word) if word))


def _label(*lines: str) -> str:
    """A quoted label of several lines, with the special characters of Mermaid and HTML escaped."""
    return '"' + "<br/>".join(_escaped(line) for line in lines if line) + '"'


def _escaped(text: str) -> str:
    return re.sub(r'["#<>&;`*{}|\\\[\]]', lambda found: f"#{ord(found[0])};", " ".join(text.split()))


def _plain(text: str) -> str:
    """Text for a place where Mermaid allows no quotes."""
    return re.sub(r"[#;{}<>%]", " ", " ".join(text.split()))
