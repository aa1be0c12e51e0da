"""The picture in a terminal: two boxes with the packet's path running down through them.

Solid lines exist, dashed ones do not yet, a cross is broken; colour only repeats that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from .picture import Drawn, Hop, Node, Picture, VpcView, shortened


@dataclass(frozen=True)
class Symbols:
    """``line`` holds a horizontal and a vertical stroke; ``corners`` the left and right ones, by "at the top"."""

    line: dict[Drawn, tuple[str, str]]
    mark: dict[Drawn, str]
    corners: dict[bool, tuple[str, str]]
    arrow: str
    more: str


_SOLID, _DASHED = ("─", "│"), ("╌", "╎")
SYMBOLS = {
    False: Symbols(
        {Drawn.READY: _SOLID, Drawn.BROKEN: _SOLID, Drawn.PENDING: _DASHED, Drawn.MISSING: _DASHED},
        {Drawn.READY: "✓", Drawn.BROKEN: "✗", Drawn.PENDING: "-", Drawn.MISSING: "·"},
        {True: ("╭", "╮"), False: ("╰", "╯")},
        "→",
        "…",
    ),
    True: Symbols(
        {
            Drawn.READY: ("-", "|"),
            Drawn.BROKEN: ("-", "|"),
            Drawn.PENDING: (".", ":"),
            Drawn.MISSING: (".", ":"),
        },
        {Drawn.READY: "+", Drawn.BROKEN: "x", Drawn.PENDING: "-", Drawn.MISSING: "."},
        {True: ("+", "+"), False: ("+", "+")},
        ">",
        "...",
    ),
}
STYLES = {Drawn.READY: "green", Drawn.BROKEN: "red", Drawn.PENDING: "yellow", Drawn.MISSING: "dim"}
PATH = 3
"""The column in which the packet runs."""
LEAST_NAME = 18
"""The shortest that names are cut to; before that, ids move to their own lines."""


def in_terminal(picture: Picture, width: int = 100, ascii: bool = False) -> Text:
    """The picture, at least 80 cells wide.  Names are shortened if there is no room, ids never."""
    return Text("\n").join(_Terminal(picture, max(80, width), SYMBOLS[ascii]).lines())


@dataclass(frozen=True)
class _Terminal:
    picture: Picture
    width: int
    symbols: Symbols

    def lines(self) -> Iterator[Text]:
        p = self.picture
        to_endpoint, privatelink, to_web = p.hops
        yield self.edge(p.customer, "the customer", top=True)
        yield from self.rows(p.customer, self.ground(p.customer))
        yield self.inside(p.customer, Text())
        yield from self.rows(p.customer, [p.customer.instance], to_endpoint)
        yield self.inside(p.customer, self.leg(to_endpoint))
        yield from self.rows(p.customer, [p.endpoint], privatelink)
        yield self.edge(p.customer, "", top=False, crossed_by=privatelink)
        yield self.leg(privatelink, p.connection.word)
        yield self.edge(p.provider, "the provider", top=True, crossed_by=privatelink)
        yield from self.rows(p.provider, [p.service, p.balancer, p.targets], to_web)
        yield self.inside(p.provider, self.leg(to_web))
        yield from self.rows(p.provider, [p.provider.instance])
        yield self.inside(p.provider, Text())
        yield from self.rows(p.provider, self.ground(p.provider))
        yield self.edge(p.provider, "", top=False)

    def ground(self, network: VpcView) -> list[Node]:
        return [network.vpc, network.subnet, network.gateway, network.route]

    # --- boxes ----------------------------------------------------------------

    def edge(self, network: VpcView, title: str, top: bool, crossed_by: Hop | None = None) -> Text:
        """The upper or lower edge of a VPC; with a title, also its zone."""
        state = network.vpc.state
        across = self.symbols.line[state][0]
        left, right = self.symbols.corners[top]
        line = Text(left + across * (self.width - 2) + right, style=STYLES[state])
        if crossed_by:
            line = line[:PATH] + self.stroke(crossed_by) + line[PATH + 1 :]
        if title:
            label = Text(f" {title}   {network.zone} " if network.zone else f" {title} ", style="bold")
            start = PATH + 2
            line = line[:start] + label + line[start + label.cell_len :]
        return line

    def inside(self, network: VpcView, content: Text) -> Text:
        """Put a line between the edges of a VPC."""
        edge = Text(self.symbols.line[network.vpc.state][1], style=STYLES[network.vpc.state])
        line = edge + (content[1:] if content else Text())
        line.append(" " * max(0, self.width - 1 - line.cell_len))
        return line + edge

    # --- the path ---------------------------------------------------------------

    def stroke(self, hop: Hop) -> Text:
        """A stroke of the packet's path; a cross if it is broken."""
        upright = self.symbols.line[hop.state][1]
        return Text(self.symbols.mark[hop.state] if hop.state is Drawn.BROKEN else upright, style=STYLES[hop.state])

    def leg(self, hop: Hop, more: str = "") -> Text:
        """The path with the packet's addresses."""
        way = f"{hop.source} {self.symbols.arrow} {hop.destination}"
        line = Text(" " * PATH) + self.stroke(hop) + Text(f"  {hop.number}  ", style="bold") + Text(way)
        for words in (more, hop.explanation):
            if words and line.cell_len + 3 + cell_len(words) < self.width - 1:
                line.append(f"   {words}", style="dim")
        return line

    # --- rows -------------------------------------------------------------------

    def rows(self, network: VpcView, parts: Sequence[Node], onward: Hop | None = None) -> Iterator[Text]:
        """A line for each node; a long id goes on its own line below.  ``onward`` is the next hop of the packet."""
        name, beside, address = self.columns
        for part in parts:
            line = Text(" " * PATH) + Text(self.symbols.mark[part.state], style=STYLES[part.state])
            line.append(
                "  " + set_cell_size(shortened(part.name, lambda text: cell_len(text) <= name, self.symbols.more), name)
            )
            room = cell_len(part.id) <= beside
            line.append("  " + set_cell_size(part.id if room else "", beside))
            line.append("  " + set_cell_size(self.address(network, part), address))
            line.append("  " + part.word, style=STYLES[part.state])
            yield self.inside(network, line)
            if not room:
                path = self.stroke(onward) if onward else Text(" ")
                yield self.inside(network, Text(" " * PATH) + path + Text("  " + part.id))

    def address(self, network: VpcView, part: Node) -> str:
        return {network.vpc: network.cidr, network.subnet: network.subnet_cidr}.get(part, part.address)

    @property
    def columns(self) -> tuple[int, int, int]:
        """The widths of names, ids and addresses: long ids move to their own lines first, then names are cut."""
        p = self.picture
        listed = [
            (network, part)
            for network, path in ((p.customer, [p.endpoint]), (p.provider, [p.service, p.balancer, p.targets]))
            for part in (network.instance, *path, *self.ground(network))
        ]
        name = max(cell_len(part.name) for _, part in listed)
        address = max(cell_len(self.address(network, part)) for network, part in listed)
        room = self.width - PATH - 11 - address - max(cell_len(part.word) for _, part in listed)
        for id in sorted({cell_len(part.id) for _, part in listed}, reverse=True):
            if room - id >= min(name, LEAST_NAME):
                return min(name, room - id), id, address
        return min(name, room), 0, address
