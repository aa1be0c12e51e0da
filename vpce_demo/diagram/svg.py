"""The picture as one SVG, for a slide, a page or the report, without scripts, fonts or links.

The packet goes down in the consumer's VPC, across through PrivateLink, and up in the provider's.  Solid lines exist,
dashed ones do not yet, red and crossed ones are broken.  Every text fits its box: names are shortened, with the whole
name as tooltip, ids are wrapped, and boxes grow with their lines.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from xml.etree import ElementTree

from . import measure
from .picture import Drawn, Hop, Node, Picture, VpcView
from .shapes import (
    FONTS,
    ICON,
    PAD,
    TextLine,
    arrow,
    cross,
    described,
    drawing,
    fits,
    font_rules,
    group,
    height,
    icon,
    named,
    number,
    path,
    rect,
    text,
    width,
    write,
    written,
)
from .theme import Theme, css

WIDTH, MARGIN, PANEL = 1200.0, 24.0, 428.0
INSET = PANEL - 2 * PAD
CARD = INSET - 2 * PAD
CARD_ROOM = CARD - 3 * PAD - ICON
"""For a line of text in a card, beside its icon."""
GATEWAY_ROOM = INSET - 2 * PAD - ICON - 12
TOP = 92.0
LEG = 78.0
"""The length of an arrow between two boxes."""
SMALL = FONTS["small"]
STYLE = (
    font_rules("d")
    + """
.d .number { font-size: 13px; font-weight: 700; fill: $onaccent }
.d text.broken { fill: $red }
.d text.number.broken, .d text.number.pending, .d text.number.missing { fill: $ground }
.d .ground { fill: $ground }
.d rect { stroke-width: 1.5 }
.d .panel { fill: $panel; stroke: $line }
.d .inset { fill: $inset; stroke: $faint }
.d .card { fill: $card; stroke: $line }
.d rect.pending, .d rect.missing { stroke-dasharray: 6 5 }
.d rect.broken { fill: $softred; stroke: $red; stroke-width: 2 }
.d .bridge { fill: $panel }
.d .bridge.ready { fill: $soft }
.d rect.bridge { stroke: none }
.d .plate { fill: $soft; stroke: none }
.d .icon { fill: none; stroke: $accent; stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round }
.d .missing .plate { fill: $panel }
.d .missing .icon { stroke: $line }
.d .mark { fill: none; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; stroke: $accent }
.d .mark.pending, .d .mark.missing { stroke: $line }
.d .mark.broken { stroke: $red }
.d .way { fill: none; stroke: $accent; stroke-width: 3; stroke-linejoin: round }
.d .way.pending, .d .way.missing { stroke: $line; stroke-width: 2.5; stroke-dasharray: 7 6 }
.d .way.broken { stroke: $red }
.d .head, .d .dot { fill: $accent }
.d .head.pending, .d .head.missing, .d .dot.pending, .d .dot.missing { fill: $line }
.d .head.broken, .d .dot.broken { fill: $red }
.d .thin { fill: none; stroke: $line; stroke-width: 1.5 }
.d .thin.pending, .d .thin.missing { stroke-dasharray: 4 4 }
.d .thin.broken { stroke: $red; stroke-width: 2 }
"""
)


def svg(picture: Picture, theme: Theme = "auto") -> str:
    """The picture as an SVG document, which can also be embedded in HTML."""
    return _Drawing(picture, theme).document()


def said(picture: Picture) -> str:
    """The state of the picture, as a sentence, and another one for its place."""
    planned = all(part.state is Drawn.MISSING for part in picture.parts)
    state = Drawn.PENDING if picture.state is Drawn.MISSING and not planned else picture.state
    words = picture.said[f"all {state}"]
    if picture.only and not planned and state is not Drawn.BROKEN:
        words = picture.said["all but"].format(side=picture.said[f"the {picture.only}"])
    return words + picture.said.get(f"on {picture.place}", "")


@dataclass(frozen=True)
class _Box:
    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        return self.x + self.w

    @property
    def bottom(self) -> float:
        return self.y + self.h

    @property
    def middle(self) -> float:
        return self.y + self.h / 2


class _Drawing:
    def __init__(self, picture: Picture, theme: Theme) -> None:
        self.picture = picture
        self.theme = theme
        self.said = picture.said
        self.sides = (picture.customer, picture.provider)
        self.root = drawing("d", picture.lang)

    def document(self) -> str:
        p = self.picture
        self.root.set("aria-labelledby", "d-title d-desc")
        ElementTree.SubElement(
            self.root, "title", {"id": "d-title"}
        ).text = f"AWS PrivateLink: {self.said['demo'].format(name=p.demo)}"
        ElementTree.SubElement(self.root, "desc", {"id": "d-desc"}).text = p.description
        ElementTree.SubElement(self.root, "style").text = css(STYLE, self.theme)
        ground = rect(self.root, "ground", 0, 0, WIDTH, 0, 0)
        tall = math.ceil(self.draw())  # a fraction of a pixel would show the background
        ground.set("height", f"{tall:g}")
        self.root.attrib.update({"viewBox": f"0 0 {WIDTH:g} {tall:g}", "width": f"{WIDTH:g}", "height": f"{tall:g}"})
        return written(self.root) + "\n"

    def draw(self) -> float:
        """Draw everything; return the height."""
        p = self.picture
        self.header()
        left, right = MARGIN, WIDTH - MARGIN - PANEL
        upper = [self.instance_lines(p.customer), self.instance_lines(p.provider)]
        lower = [self.endpoint_lines(), self.balancer_lines()]
        inset = TOP + PAD + height(self.panel_lines(p.customer)) + 10
        top = _Box(0, inset + height(self.inset_lines(p.customer)) + 20, CARD, max(map(height, upper)) + 24)
        low = _Box(0, top.bottom + LEG, CARD, max(map(height, lower)) + 24)
        gateway = _Box(0, low.bottom + PAD + 34, INSET, height(self.gateway_lines(p.customer)) + 20)
        bottom = gateway.bottom + PAD
        for network, x in ((p.customer, left), (p.provider, right)):
            self.panel(network, _Box(x, TOP, PANEL, bottom - TOP))
            self.inset(network, _Box(x + PAD, inset, INSET, low.bottom + PAD - inset))
            self.gateway(network, _Box(x + PAD, gateway.y, INSET, gateway.h), low.bottom + PAD)
        a, b = left + 2 * PAD, right + 2 * PAD
        self.card(p.customer.instance, "instance", _Box(a, top.y, CARD, top.h), upper[0])
        self.card(p.provider.instance, "instance", _Box(b, top.y, CARD, top.h), upper[1])
        self.card(p.endpoint, "endpoint", _Box(a, low.y, CARD, low.h), lower[0])
        self.card(p.balancer, "balancer", _Box(b, low.y, CARD, low.h), lower[1])
        self.leg(p.hops[0], a, top.bottom, low.y)
        self.leg(p.hops[2], b, low.y, top.bottom)
        # Between the VPCs: the height follows from the text, which is drawn on top.
        edges = (left + PANEL, right)
        bridge = rect(self.root, f"bridge {p.hops[1].state}", edges[0], 0, edges[1] - edges[0], 0, 0)
        service = self.service(*edges, low)
        ceiling = self.across(p.hops[1], a + CARD, service, b, edges)
        bridge.attrib.update({"y": f"{ceiling:g}", "height": f"{service.bottom + PAD - ceiling:g}"})
        self.internet(*edges, gateway)
        return bottom + MARGIN

    # --- around --------------------------------------------------------------------

    def header(self) -> None:
        p = self.picture
        legend = (("there", Drawn.READY), ("not there yet", Drawn.PENDING), ("broken", Drawn.BROKEN))
        x = WIDTH - MARGIN
        for words, state in reversed(legend):
            x -= width(self.said[words], "small")
            text(self.root, "small", x, 46, self.said[words])
            arrow(self.root, state, (x - 46, 42), (x - 8, 42))
            x -= 64
        named(self.root, "title", MARGIN, 46, f"AWS PrivateLink: {p.demo}", x - MARGIN)
        text(self.root, "small", MARGIN, 70, said(p))

    def panel(self, network: VpcView, box: _Box) -> None:
        made = group(self.root, f"area {network.vpc.state}", described(network.vpc))
        rect(made, f"panel {network.vpc.state}", box.x, box.y, box.w, box.h, 16)
        write(made, box.x + 2 * PAD, box.y + PAD, CARD, self.panel_lines(network))

    def panel_lines(self, network: VpcView) -> list[TextLine]:
        return [
            *_beside(self.panel_head(network), CARD, map(self.panel_head, self.sides)),
            TextLine(network.vpc.name, network.vpc.word, "name", "small", network.vpc.state),
            TextLine(network.vpc.id, network.cidr, "mono", "address", keep=True),
        ]

    def panel_head(self, network: VpcView) -> TextLine:
        account = self.said["account"].format(account=network.account) if network.account else ""
        whose = self.said[f"{self.role(network)}'s VPC"]
        return TextLine(whose.upper(), _joined(account, network.region), "label", "small")

    def inset(self, network: VpcView, box: _Box) -> None:
        made = group(self.root, f"area {network.subnet.state}", described(network.subnet))
        rect(made, f"inset {network.subnet.state}", box.x, box.y, box.w, box.h, 12)
        write(made, box.x + PAD, box.y + 10, CARD, self.inset_lines(network))

    def inset_lines(self, network: VpcView) -> list[TextLine]:
        subnet = network.subnet
        return [
            TextLine(subnet.name, _joined(network.zone, subnet.word), "strong", "small", subnet.state),
            TextLine(subnet.id, network.subnet_cidr, "mono", "address", keep=True),
        ]

    def gateway(self, network: VpcView, box: _Box, top: float) -> None:
        route, line, start = network.route, box.x + PAD + ICON / 2, box.x + 2 * PAD + ICON - 2
        made = group(self.root, "route", described(route))
        path(made, f"thin {route.state}", f"M{line:g} {top:g} V{box.y:g}")
        if route.state is Drawn.BROKEN:
            cross(made, line, (top + box.y) / 2)
        words = f"{route.kind} {route.name}, {route.word}"
        text(made, f"small {route.state}", start, (top + box.y) / 2 + 4, words)
        made = group(self.root, f"part {network.gateway.state}", described(network.gateway))
        rect(made, f"card {network.gateway.state}", box.x, box.y, box.w, box.h)
        icon(made, "gateway", box.x + PAD + ICON / 2, box.middle)
        write(made, box.x + PAD + ICON + 12, box.y + 9, GATEWAY_ROOM, self.gateway_lines(network))

    def gateway_lines(self, network: VpcView) -> list[TextLine]:
        return [
            TextLine(network.gateway.name, network.gateway.word, "strong", "small", network.gateway.state),
            *_beside(self.gateway_id(network), GATEWAY_ROOM, map(self.gateway_id, self.sides)),
        ]

    def gateway_id(self, network: VpcView) -> TextLine:
        return TextLine(network.gateway.kind, network.gateway.id, "small", "mono")

    def internet(self, left: float, right: float, gateway: _Box) -> None:
        """The way in for ssh and to the load balancer's public address, and out for updates: not the packet's."""
        p, middle = self.picture, (left + right) / 2
        pill = _Box(middle - 66, gateway.middle - 17, 132, 34)
        for network, start, end in ((p.customer, left - PAD, pill.x), (p.provider, right + PAD, pill.right)):
            path(self.root, f"thin {network.gateway.state}", f"M{start:g} {pill.middle:g} H{end:g}")
        made = group(self.root, "part")
        rect(made, "inset", pill.x, pill.y, pill.w, pill.h, 17)
        text(made, "strong", middle, pill.middle + 4.5, self.said["the internet"], "middle")
        text(self.root, "small", middle, pill.y - 12, self.said["internet for"], "middle")

    def role(self, network: VpcView) -> str:
        return "consumer" if network is self.picture.customer else "provider"

    # --- the path --------------------------------------------------------------------

    def instance_lines(self, network: VpcView) -> list[TextLine]:
        part = network.instance
        address = network.public_address
        public = self.said["public"].format(address=address) if address else ""
        return [
            TextLine(part.name, part.word, "name", "small", part.state),
            TextLine(part.kind, part.address, "small", "address"),
            TextLine(part.id, "", "mono", keep=True),
            TextLine(public, "", "mono", keep=True),
            *(self.group_lines(network.group) if network is self.picture.provider else ()),
        ]

    def endpoint_lines(self) -> list[TextLine]:
        part, connection = self.picture.endpoint, self.picture.connection
        return [
            TextLine(part.name, part.word, "name", "small", part.state),
            TextLine(part.kind, part.address, "small", "address"),
            TextLine(part.id, "", "mono", keep=True),
            TextLine(connection.kind, connection.word, "small", "small", connection.state),
            *self.group_lines(self.picture.customer.group),
        ]

    def group_lines(self, part: Node) -> list[TextLine]:
        """The security group in front of what the card shows, and what it lets in."""
        words = measure.lines(part.word, CARD_ROOM, SMALL.size)
        shown = [TextLine(line, "", "small", keep=True) for line in words]
        return [TextLine(f"{part.kind} {part.name}", "", "small", state=part.state), *shown]

    def balancer_lines(self) -> list[TextLine]:
        part, targets = self.picture.balancer, self.picture.targets
        return [
            TextLine(part.name, part.word, "name", "small", part.state),
            TextLine(part.kind, part.address, "small", "address"),
            *(
                TextLine(line, "", "mono", keep=True)
                for line in measure.id_lines(part.id, measure.letters(CARD_ROOM, FONTS["mono"].size))
            ),
            TextLine(f"{targets.kind} {targets.name}", targets.word, "small", "small", targets.state),
        ]

    def card(self, part: Node, picture: str, box: _Box, lines: Sequence[TextLine]) -> None:
        p = self.picture
        beside = {p.balancer: p.targets, p.endpoint: p.customer.group, p.provider.instance: p.provider.group}
        told = "; ".join(described(one) for one in (part, beside.get(part)) if one)
        made = group(self.root, f"part {part.state}", told)
        rect(made, f"card {part.state}", box.x, box.y, box.w, box.h)
        icon(made, picture, box.x + PAD + ICON / 2, box.y + 12 + ICON / 2)
        start = PAD + ICON + 12
        write(made, box.x + start, box.y + 10, box.w - start - PAD, lines)

    def leg(self, hop: Hop, x: float, start: float, end: float) -> None:
        """Draw a vertical hop, with its source and destination beside it."""
        middle, line = (start + end) / 2, x + PAD + ICON / 2
        arrow(self.root, hop.state, (line, start), (line, end))
        number(self.root, hop.state, line, middle, hop.number)
        words = measure.lines(hop.why or hop.explanation, CARD - 2 * PAD - ICON, SMALL.size)
        y = middle - (FONTS["address"].line + len(words) * SMALL.line) / 2
        text(self.root, "address", x + PAD + ICON + 12, y + 14, f"{hop.source} → {hop.destination}")
        for n, line_of_words in enumerate(words, 1):
            text(self.root, _style(hop), x + PAD + ICON + 12, y + 14 + n * SMALL.line, line_of_words)

    def service(self, left: float, right: float, row: _Box) -> _Box:
        """Draw the endpoint service, which is in no VPC, in front of the load balancer."""
        service, wide = self.picture.service, right - left - 48
        room = wide - 24
        name = self.picture.service_name or service.id
        lines = [
            TextLine(service.name, "", "strong"),
            TextLine(service.kind, service.word, "small", "small", service.state),
            *(
                TextLine(line, "", "fine", keep=True)
                for line in measure.id_lines(name, measure.letters(room, FONTS["fine"].size))
            ),
        ]
        tall = height(lines) + 20
        box = _Box(left + 24, row.middle - tall / 2, wide, tall)
        made = group(self.root, f"part {service.state}", described(service))
        rect(made, f"card {service.state}", box.x, box.y, box.w, box.h)
        write(made, box.x + 12, box.y + 9, room, lines)
        return box

    def across(self, hop: Hop, start: float, service: _Box, end: float, edges: tuple[float, float]) -> float:
        """Draw the hop between the VPCs, with its text above; return the top of that."""
        words = measure.lines(hop.why or hop.explanation, service.w, SMALL.size)
        middle, y = service.x + service.w / 2, service.y - 92 - len(words) * SMALL.line
        arrow(self.root, hop.state, (start, service.middle), (service.x, service.middle))
        arrow(self.root, hop.state, (service.right, service.middle), (end, service.middle))
        number(self.root, hop.state, edges[0] - PAD / 2, service.middle, hop.number)
        text(self.root, "name", middle, y, "AWS PrivateLink", "middle")
        text(self.root, "mono", middle, y + 26, hop.source, "middle")
        text(self.root, "mono", middle, y + 44, f"→ {hop.destination}", "middle")
        for n, line in enumerate(words):
            text(self.root, _style(hop), middle, y + 70 + n * SMALL.line, line, "middle")
        return y - 30


def _style(hop: Hop) -> str:
    """The classes of a hop's explanation, or of why it is broken."""
    return "small broken" if hop.why else "small"


def _beside(line: TextLine, room: float, alike: Iterable[TextLine]) -> list[TextLine]:
    """A line whose left is not shortened: if there is no room for both in it or one that is ``alike``, its right goes
    below."""
    if all(fits(one, room) for one in alike):
        return [line]
    return [replace(line, right=""), TextLine(line.right, "", line.right_style, keep=True)]


def _joined(*words: str) -> str:
    return " · ".join(word for word in words if word)
