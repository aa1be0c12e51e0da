"""Pages of text on the screen: Markdown through Rich, with line breaks between Japanese phrases.

Commands and web addresses are never wrapped, so that they can be copied.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import ClassVar

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderableType, RenderResult
from rich.markdown import Heading, Markdown, MarkdownElement, TableDataElement
from rich.rule import Rule
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from rich.theme import Theme

from ..lessons.phrases import breaks
from .pager import drawn
from .style import Screen

WIDEST = 100
"""Longer lines are hard to read, however wide the terminal."""
THEME = Theme(
    {
        "markdown.h2": "bold",
        "markdown.code": "bold",
        "markdown.table.header": "bold",
        "markdown.table.border": "dim",
    }
)
LONGEST_KEPT = 50
"""Characters of a command within a sentence that is not broken at its spaces."""

# Rich breaks lines at spaces, and Japanese has none.  So a separator, which Rich takes for a space of no width, goes
# before each phrase.
_BREAK, _NO_BREAK = "\x1f", "\ue000"
_SPACES = f" {_BREAK}{_NO_BREAK}"


def show(screen: Screen, heading: str, markdown: str) -> None:
    title(screen, heading)
    text(screen, markdown)


def blocks(screen: Screen, heading: str, markdown: str) -> list[list[Text]]:
    """The lines of a page for the pager, by section; the title is with the first."""
    first, *rest = filter(None, re.split(r"^(?=## )", markdown, flags=re.MULTILINE))
    return [
        drawn(screen, partial(show, screen, heading, first)),
        *(drawn(screen, partial(text, screen, section)) for section in rest),
    ]


def title(screen: Screen, heading: str) -> None:
    """Print a title, on a rule; above it where the terminal is too narrow."""
    name = Text("".join(_marked(heading)), style="bold")
    narrow = cell_len(heading) > screen.out.width - 4
    if narrow:
        _draw(screen, name)
    rule = Rule("" if narrow else name, characters=screen.plain("─"), align="left", style="dim")
    _draw(screen, rule)


def text(screen: Screen, markdown: str) -> None:
    """Print the text below a title."""
    for block in _blocks(MarkdownIt().enable("table").parse(markdown)):
        screen.line()
        if block[0].type == "fence":
            for line in block[0].content.removesuffix("\n").split("\n"):
                screen.line(line)
        elif links := [(item, url) for item in _blocks(block[1:-1]) if (url := _taken_out_of(item))]:
            for item, url in links:
                _draw(screen, _Page([block[0], *item, block[-1]]))
                screen.out.print(Text(f"   {url}", style=Style(link=url, dim=True)), soft_wrap=True)
        else:
            _draw(screen, _Page(block))


def _blocks(tokens: Iterable[Token]) -> Iterator[list[Token]]:
    """Each block, from the token that opens it to the one that closes it."""
    block: list[Token] = []
    depth = 0
    for token in tokens:
        block.append(token)
        depth += token.nesting
        if depth == 0:
            yield block
            block = []


def _taken_out_of(item: Sequence[Token]) -> str:
    """The address of an item that is nothing but a link, whose title becomes plain text; else empty."""
    children = item[2].children if item[0].type == "list_item_open" else None
    if not children or children[0].type != "link_open" or children[-1].type != "link_close":
        return ""
    item[2].children = children[1:-1]
    return str(children[0].attrs["href"])


def _draw(screen: Screen, drawn: RenderableType) -> None:
    with screen.out.use_theme(THEME):
        screen.out.print(_Plain(screen, drawn), width=min(screen.out.width, WIDEST))


def _keep_together(inline: Token) -> None:
    """Mark where the lines of a paragraph may be broken: between Japanese phrases, and not within a short command."""
    parts = [child for child in inline.children or () if child.type in ("text", "code_inline")]
    marked = iter(_marked("".join(part.content for part in parts)))
    for part in parts:
        command = part.type == "code_inline" and len(part.content) <= LONGEST_KEPT
        part.content = "".join(islice(marked, len(part.content)))
        if command:
            part.content = part.content.replace(" ", _NO_BREAK)


def _marked(text: str) -> list[str]:
    """The characters of a text, each after a break where a Japanese phrase begins; a space within a phrase is kept."""
    begins, within = breaks(text)
    return [
        _NO_BREAK if at in within else _BREAK + character if at in begins else character
        for at, character in enumerate(text)
    ]


class _Heading(Heading):
    """At the left; underlined where bold cannot be shown."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.text
        if not console.color_system:
            yield Text("-" * cell_len(self.text.plain))


class _Cell(TableDataElement):
    """Nothing of it is cut off, however narrow its column."""

    def __init__(self, justify: JustifyMethod) -> None:
        super().__init__(justify)
        self.content.overflow = "fold"


class _Page(Markdown):
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": _Heading,
        "td_open": _Cell,
        "th_open": _Cell,
    }

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__("", hyperlinks=False)
        self.parsed = tokens
        for token in tokens:
            _keep_together(token)


class _Plain:
    """Output of Rich in the symbols of this screen, without our separators, Rich's trailing spaces, and empty lines at
    either end."""

    def __init__(self, screen: Screen, drawn: RenderableType) -> None:
        self.screen = screen
        self.drawn = drawn

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        begun = blank = False
        for line in Segment.split_lines(console.render(self.drawn, options)):
            while line and not line[-1].text.strip(_SPACES):
                line.pop()
            if not line:
                blank = begun
                continue
            if blank:
                yield Segment.line()
            for segment in line:
                last = segment is line[-1]
                yield Segment(
                    self._without_breaks(segment.text.rstrip(_SPACES) if last else segment.text), segment.style
                )
            yield Segment.line()
            begun, blank = True, False

    def _without_breaks(self, text: str) -> str:
        return self.screen.plain(text.replace(_BREAK, "").replace(_NO_BREAK, " "))
