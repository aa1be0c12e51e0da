"""The picture in a terminal: two boxes with the packet's path running down through them.

Solid lines exist, dashed ones do not yet, a cross is broken; colour only repeats that.  Where ids and addresses do not
fit beside the names, they go below them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from . import measure
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
        {Drawn.READY: "v", Drawn.BROKEN: "x", Drawn.PENDING: "-", Drawn.MISSING: "."},
        {True: ("+", "+"), False: ("+", "+")},
        ">",
        "...",
    ),
}
STYLES = {Drawn.READY: "green", Drawn.BROKEN: "red", Drawn.PENDING: "yellow", Drawn.MISSING: "dim"}
"""Of lines and marks.  Words stand in the terminal's own colour, since green and yellow are hard to read on white."""
PATH = 3
"""The column in which the packet runs."""
LEAST = 40
"""The least width, in cells."""


def in_terminal(picture: Picture, width: int = 100, ascii: bool = False) -> Text:
    """The picture in so many cells; a sentence instead of it if that is too narrow.

    Names are shortened if there is no room, ids never.
    """
    if width < LEAST:
        return Text(picture.said["too narrow"].format(columns=LEAST))
    return Text("\n").join(_Terminal(picture, width, SYMBOLS[ascii]).lines())


@dataclass(frozen=True)
class _Terminal:
    picture: Picture
    width: int
    symbols: Symbols

    def lines(self) -> Iterator[Text]:
        p = self.picture
        to_endpoint, privatelink, to_web = p.hops
        yield self.edge(p.customer, p.said["the consumer"], top=True)
        yield from self.rows(p.customer, self.ground(p.customer))
        yield self.inside(p.customer, Text())
        yield from self.rows(p.customer, [p.customer.instance], to_endpoint)
        yield from (self.inside(p.customer, line) for line in self.leg(to_endpoint))
        yield from self.rows(p.customer, [p.customer.group], to_endpoint)
        yield from self.rows(p.customer, [p.endpoint], privatelink)
        yield self.edge(p.customer, "", top=False, crossed_by=privatelink)
        yield from self.leg(privatelink, p.connection.word)
        yield self.edge(p.provider, p.said["the provider"], top=True, crossed_by=privatelink)
        yield from self.rows(p.provider, [p.service, p.balancer, p.targets], to_web)
        yield from (self.inside(p.provider, line) for line in self.leg(to_web))
        yield from self.rows(p.provider, [p.provider.group], to_web)
        yield from self.rows(p.provider, [p.provider.instance])
        yield self.inside(p.provider, Text())
        yield from self.rows(p.provider, self.ground(p.provider))
        yield self.edge(p.provider, "", top=False)

    def ground(self, network: VpcView) -> list[Node]:
        return [network.vpc, network.subnet, network.gateway, network.route]

    # --- boxes ----------------------------------------------------------------

    def edge(self, network: VpcView, title: str, top: bool, crossed_by: Hop | None = None) -> Text:
        """The upper or lower edge of a VPC; with a title, also its zone, and one of two accounts if there is room."""
        style = STYLES[network.vpc.state]
        across = self.symbols.line[network.vpc.state][0]
        left, right = self.symbols.corners[top]
        label = self.label(title, network.zone) if title else ""
        if title and network.account and self.picture.customer.account != self.picture.provider.account:
            with_account = self.label(title, network.zone, self.picture.said["account"].format(account=network.account))
            label = with_account if cell_len(with_account) <= self.width - PATH - 4 else label
        crossing = self.stroke(crossed_by) if crossed_by else Text(across, style)
        rest = across * (self.width - PATH - 3 - cell_len(label)) + right
        return Text.assemble(
            (left + across * (PATH - 1), style), crossing, (across, style), (label, "bold"), (rest, style)
        )

    def label(self, *words: str) -> str:
        return f" {'   '.join(filter(None, words))} "

    def inside(self, network: VpcView, content: Text) -> Text:
        """Put a line between the edges of a VPC."""
        edge = Text(self.symbols.line[network.vpc.state][1], STYLES[network.vpc.state])
        content = content[1:] if content else content
        return Text.assemble(edge, content, " " * max(0, self.width - 2 - content.cell_len), edge)

    # --- the path ---------------------------------------------------------------

    def stroke(self, hop: Hop | None) -> Text:
        """A stroke of the packet's path; a cross if it is broken."""
        if hop is None:
            return Text(" ")
        upright = self.symbols.line[hop.state][1]
        return Text(self.symbols.mark[hop.state] if hop.state is Drawn.BROKEN else upright, STYLES[hop.state])

    def beside(self, hop: Hop | None, *words: str | tuple[str, str]) -> Text:
        """A line beside the packet's path."""
        return Text.assemble(" " * PATH, self.stroke(hop), "  ", *words)

    def leg(self, hop: Hop, more: str = "") -> Iterator[Text]:
        """The path with the packet's addresses; below them why it is broken, if it is."""
        first, *rest = self.wrapped(f"{hop.source} {self.symbols.arrow} {hop.destination}", 3)
        line = self.beside(hop, (f"{hop.number}  ", "bold"), first)
        for words in () if rest or hop.why else (more, hop.explanation):
            if words and line.cell_len + 3 + cell_len(words) < self.width - 1:
                line.append(f"   {words}", style="dim")
        yield line
        yield from (self.beside(hop, f"   {words}") for words in rest)
        yield from (self.beside(hop, (f"   {words}", STYLES[hop.state])) for words in self.wrapped(hop.why, 3))

    @property
    def room(self) -> int:
        """The cells beside the packet's path."""
        return self.width - PATH - 5

    def wrapped(self, text: str, indent: int = 0) -> list[str]:
        """The lines of a text beside the packet's path."""
        return measure.wrapped(text, lambda line: cell_len(line) <= self.room - indent)

    # --- rows -------------------------------------------------------------------

    def rows(self, network: VpcView, parts: Sequence[Node], onward: Hop | None = None) -> Iterator[Text]:
        """A line for each node, and below it what does not fit in it.  ``onward`` is the next hop of the packet."""
        name, id, address = self.columns
        for part in parts:
            line = Text.assemble(" " * PATH, (self.symbols.mark[part.state], STYLES[part.state]))
            line.append(
                "  " + set_cell_size(shortened(part.name, lambda text: cell_len(text) <= name, self.symbols.more), name)
            )
            below = []
            for text, beside in ((part.id, id), (self.address(network, part), address)):
                fits = cell_len(text) <= beside
                line.append("  " + set_cell_size(text if fits else "", beside) if beside else "")
                below += [text] if not fits else []
            word = (part.word, STYLES[Drawn.BROKEN] if part.state is Drawn.BROKEN else "")
            has_room = line.cell_len + 2 + cell_len(part.word) < self.width
            yield self.inside(network, Text.assemble(line, "  ", word) if has_room else line)
            if cell_len("  ".join(below)) <= self.room:
                below = ["  ".join(below)] if below else []
            for text in chain.from_iterable(measure.id_lines(text, self.room) for text in below):
                yield self.inside(network, self.beside(onward, text))
            for text in () if has_room else self.wrapped(part.word):
                yield self.inside(network, self.beside(onward, (text, word[1])))

    def address(self, network: VpcView, part: Node) -> str:
        return {network.vpc: network.cidr, network.subnet: network.subnet_cidr}.get(part, part.address)

    @property
    def columns(self) -> tuple[int, int, int]:
        """The widths of names, ids and addresses, 0 for what goes below the names: the longest ids go there first, then
        all, then the addresses too; and only if there is no room even so, names are shortened."""
        p = self.picture
        listed = [
            (network, part)
            for network, path in ((p.customer, [p.endpoint]), (p.provider, [p.service, p.balancer, p.targets]))
            for part in (network.instance, *path, *self.ground(network))
        ]
        name = max(cell_len(part.name) for _, part in listed)
        address = max(cell_len(self.address(network, part)) for network, part in listed)
        room = self.room - 2 - max(cell_len(part.word) for _, part in listed)
        ids = sorted({cell_len(part.id) for _, part in listed}, reverse=True)
        for beside, more in (*((id, address) for id in ids), (0, address), (0, 0)):
            if name <= room - sum(width + 2 for width in (beside, more) if width):
                return name, beside, more
        return room, 0, 0
