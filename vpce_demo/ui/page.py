"""Pages of text on the screen: Markdown through Rich, with line breaks between Japanese phrases.

Commands and web addresses are never wrapped, so that they can be copied.
"""

from __future__ import annotations

import re
from typing import ClassVar

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Heading, Markdown, MarkdownElement
from rich.rule import Rule
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from rich.theme import Theme

from .style import Screen

WIDEST = 100
"""Longer lines are hard to read, however wide the terminal."""
THEME = Theme(
    {
        "markdown.h2": "bold",
        "markdown.code": "cyan",
        "markdown.table.header": "bold",
        "markdown.table.border": "dim",
    }
)
_BLOCK = re.compile(
    r"^```\w*\n(?P<code>.*?)\n```$|^- \[(?P<title>[^\]]+)\]\((?P<url>[^)]+)\)$", re.MULTILINE | re.DOTALL
)

# Rich breaks lines at spaces, and Japanese has none.  So a separator, which Rich takes for a space of no width, goes
# before each phrase: after kana or punctuation, if the next word begins with another script.
_BREAK, _NO_BREAK = "\x1f", "\ue000"
_PHRASE = re.compile(
    r"(?<=[ぁ-ん、。」）：])(?<![こそ]の)(?<!もう)(?=[一-龠々ァ-ヶA-Za-z0-9「（`*])|(?<=[ァ-ヶー一-龠々])(?=[「（])"
    r"|(?<=[ァ-ヶー])(?=インターフェイス|エンドポイント|ゲートウェイ|グループ|テーブル|ポリシー|サービス|ゾーン)"
)
_KEPT = re.compile(
    r"(?<=[\w`*)]) (?=[ぁ-ん])(?<![ぁ-ん] )|(?<=\d) (?=[一-龠ァ-ヶ])|(?<=ステップ) (?=\d)|`[^`\n]{1,50}`"
)
"""Never broken: a word in another script and its particle, a number and its unit, a short command."""


def show(screen: Screen, heading: str, markdown: str) -> None:
    title(screen, heading)
    text(screen, markdown)


def title(screen: Screen, heading: str) -> None:
    """Print a title, on a rule."""
    rule = Rule(Text(heading, style="bold"), characters=screen.plain("─"), align="left", style="dim")
    _draw(screen, rule)


def text(screen: Screen, markdown: str) -> None:
    """Print the text below a title."""
    position = 0
    for block in _BLOCK.finditer(markdown):
        before = markdown[position : block.start()]
        _prose(screen, before)
        if before.strip() or block["code"] is not None:
            screen.line()
        if block["code"] is not None:
            for line in block["code"].split("\n"):
                screen.line(line, style="cyan")
        else:
            _draw(screen, _markdown(f"- {block['title']}"))
            screen.out.print(Text(f"   {block['url']}", style=Style(link=block["url"], dim=True)), soft_wrap=True)
        position = block.end()
    _prose(screen, markdown[position:])


def _prose(screen: Screen, markdown: str) -> None:
    if markdown.strip():
        screen.line()
        _draw(screen, _markdown(markdown.strip("\n")))


def _markdown(text: str) -> Markdown:
    kept = _KEPT.sub(lambda match: match[0].replace(" ", _NO_BREAK), text)
    return _Page(_PHRASE.sub(_BREAK, kept), hyperlinks=False)


def _draw(screen: Screen, drawn: Markdown | Rule) -> None:
    with screen.out.use_theme(THEME):
        screen.out.print(_Plain(screen, drawn), width=min(screen.out.width, WIDEST))


class _Heading(Heading):
    """At the left; underlined where bold cannot be shown."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.text
        if not console.color_system:
            yield Text("-" * cell_len(self.text.plain))


class _Page(Markdown):
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {**Markdown.elements, "heading_open": _Heading}


class _Plain:
    """Output of Rich in the symbols of this screen, without our separators and Rich's trailing spaces."""

    def __init__(self, screen: Screen, drawn: Markdown | Rule) -> None:
        self.screen = screen
        self.drawn = drawn

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        blank = True
        for line in Segment.split_lines(console.render(self.drawn, options)):
            while line and not line[-1].text.strip(f" {_BREAK}"):
                line.pop()
            if line or not blank:
                for segment in line:
                    last = segment is line[-1]
                    yield Segment(self._without_breaks(segment.text.rstrip() if last else segment.text), segment.style)
                yield Segment.line()
            blank = not line

    def _without_breaks(self, text: str) -> str:
        return self.screen.plain(text.replace(_BREAK, "").replace(_NO_BREAK, " "))
