"""SVG elements for the drawings: rectangles, text that fits, arrows, marks and icons."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from ..lessons import Language
from . import measure
from .picture import Drawn, Node, shortened
from .theme import MONO, SANS

Element = ElementTree.Element
PAD = 14.0
MARK = 16.0
"""Width of the state's mark at the end of a line."""
ICON = 34.0
GAP = 10.0
"""The least between what stands at the left and at the right of a line."""

_NO_CHARACTER = re.compile("[^\\t\\n\\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""XML 1.0, production 2 (Char)."""
_MARKS = {
    Drawn.READY: "M-5 0 L-1.5 3.5 L5 -4",
    Drawn.BROKEN: "M-4 -4 L4 4 M4 -4 L-4 4",
    Drawn.PENDING: "M0 -4.5 A4.5 4.5 0 1 1 -0.01 -4.5",
    Drawn.MISSING: "M-3.5 0 L3.5 0",
}
ICONS = {
    "instance": "M-9 -9 H9 V-1 H-9 Z M-9 1 H9 V9 H-9 Z M-5 -5 H-4 M-5 5 H-4 M0 -5 H5 M0 5 H5",
    "endpoint": "M-10 0 H-4 M4 0 H10 M-4 0 A4 4 0 1 1 4 0 A4 4 0 1 1 -4 0 M-10 -5 V5",
    "balancer": "M-10 0 H-3 M-3 0 L7 -7 M-3 0 H7 M-3 0 L7 7 M7 -7 H10 M7 0 H10 M7 7 H10",
    "service": "M-9 -6 H5 L10 0 L5 6 H-9 Z M-5 0 H1",
    "gateway": "M-9 9 V-1 A9 9 0 0 1 9 -1 V9 M-3.5 9 V0 A3.5 3.5 0 0 1 3.5 0 V9 M-10 9 H10",
}
"""Strokes around the middle, 20 units wide."""


@dataclass(frozen=True)
class TextLine:
    """A line of text in a box: ``left`` is shortened if it does not fit, ``right`` never; ``state`` adds a mark."""

    left: str = ""
    right: str = ""
    style: str = "small"
    right_style: str = "small"
    state: Drawn | None = None
    keep: bool = False
    """``left`` is an id: never shorten it."""


@dataclass(frozen=True)
class Font:
    """Text size and line height, in pixels."""

    size: float
    line: float
    bold: bool = False
    mono: bool = False


FONTS = {
    "title": Font(22, 30, bold=True),
    "name": Font(15, 21, bold=True),
    "strong": Font(13, 19, bold=True),
    "label": Font(11, 17, bold=True),
    "small": Font(12.5, 18),
    "mono": Font(12.5, 18, mono=True),
    "address": Font(13.5, 19, mono=True),
    "fine": Font(11, 16, mono=True),
}


def font_rules(root: str) -> str:
    """Style rules, for ``theme.css``, of the texts in an element of this class."""
    rules = [
        f".{root} text {{ font-family: {SANS}; fill: $ink }}",
        f".{root} .mono, .{root} .address, .{root} .fine {{ font-family: {MONO} }}",
        f".{root} .small, .{root} .label, .{root} .mono, .{root} .fine {{ fill: $muted }}",
    ]
    for name, font in FONTS.items():
        weight = 600 if font.bold else 400
        rules.append(f".{root} .{name} {{ font-size: {font.size:g}px; font-weight: {weight} }}")
    return "\n".join(rules)


def width(text: str, style: str) -> float:
    font = FONTS[style]
    return measure.width(text, font.size, mono=font.mono, bold=font.bold)


def drawing(kind: str, lang: Language) -> Element:
    """An empty drawing; its language is for the choice of letters, which Japanese and Chinese share."""
    language = {} if lang == "en" else {"xml:lang": lang}
    return ElementTree.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "class": kind, "role": "img", **language})


def written(root: Element) -> str:
    """The drawing as XML; characters that XML does not allow become ``?``."""
    return _NO_CHARACTER.sub("?", ElementTree.tostring(root, encoding="unicode"))


def group(parent: Element, kind: str, title: str = "") -> Element:
    """A group; ``title`` is its tooltip."""
    made = ElementTree.SubElement(parent, "g", {"class": kind})
    if title:
        ElementTree.SubElement(made, "title").text = title
    return made


def rect(parent: Element, kind: str, x: float, y: float, w: float, h: float, round: float = 10) -> Element:
    sizes = {"x": x, "y": y, "width": w, "height": h, "rx": round}
    return ElementTree.SubElement(parent, "rect", {"class": kind, **{k: f"{v:g}" for k, v in sizes.items()}})


def path(parent: Element, kind: str, d: str, x: float = 0, y: float = 0) -> Element:
    moved = {"transform": f"translate({x:g} {y:g})"} if x or y else {}
    return ElementTree.SubElement(parent, "path", {"class": kind, "d": d, **moved})


def text(parent: Element, style: str, x: float, y: float, words: str, anchor: str = "start") -> Element:
    placed = {"class": style, "x": f"{x:g}", "y": f"{y:g}", "text-anchor": anchor}
    made = ElementTree.SubElement(parent, "text", placed)
    made.text = words
    return made


def named(parent: Element, style: str, x: float, y: float, name: str, room: float, anchor: str = "start") -> Element:
    """A name, shortened to ``room``; the whole name is the tooltip."""
    shown = shortened(name, lambda words: width(words, style) <= room)
    made = text(parent, style, x, y, shown, anchor)
    if shown != name:
        made.text = None
        title = ElementTree.SubElement(made, "title")
        title.text, title.tail = name, shown
    return made


def mark(parent: Element, state: Drawn, x: float, y: float) -> None:
    path(parent, f"mark {state}", _MARKS[state], x, y)


def icon(parent: Element, name: str, x: float, y: float) -> None:
    rect(parent, "plate", x - ICON / 2, y - ICON / 2, ICON, ICON, 8)
    path(parent, "icon", ICONS[name], x, y)


def arrow(parent: Element, state: Drawn, start: tuple[float, float], end: tuple[float, float]) -> None:
    """A straight arrow; if broken, with a cross instead of the head."""
    (x1, y1), (x2, y2) = start, end
    dx, dy = (x2 > x1) - (x2 < x1), (y2 > y1) - (y2 < y1)
    if state is Drawn.BROKEN:
        path(parent, "way broken", f"M{x1:g} {y1:g} L{x2 - 10 * dx:g} {y2 - 10 * dy:g}")
        cross(parent, x2 - 10 * dx, y2 - 10 * dy)
        return
    path(parent, f"way {state}", f"M{x1:g} {y1:g} L{x2 - 9 * dx:g} {y2 - 9 * dy:g}")
    corners = [(x2, y2), (x2 - 11 * dx - 6 * dy, y2 - 11 * dy - 6 * dx), (x2 - 11 * dx + 6 * dy, y2 - 11 * dy + 6 * dx)]
    path(parent, f"head {state}", "M" + " L".join(f"{x:g} {y:g}" for x, y in corners) + " Z")


def cross(parent: Element, x: float, y: float) -> None:
    """A mark for broken that does not depend on colour."""
    path(parent, "way broken", "M-6 -6 L6 6 M6 -6 L-6 6", x, y)


def number(parent: Element, state: Drawn, x: float, y: float, n: int) -> None:
    placed = {"class": f"dot {state}", "cx": f"{x:g}", "cy": f"{y:g}", "r": "12"}
    ElementTree.SubElement(parent, "circle", placed)
    text(parent, f"number {state}", x, y + 4.6, str(n), "middle")


def height(lines: Sequence[TextLine]) -> float:
    return sum(_tall(line) for line in lines)


def _tall(line: TextLine) -> float:
    return max(FONTS[line.style].line, FONTS[line.right_style].line if line.right else 0)


def fits(line: TextLine, room: float) -> bool:
    """Whether nothing of it would be shortened."""
    return width(line.left, line.style) <= _left(line, room)


def _left(line: TextLine, room: float) -> float:
    """The room for ``left``."""
    room -= MARK if line.state else 0
    return room - (width(line.right, line.right_style) + GAP if line.right else 0)


def write(parent: Element, x: float, y: float, room: float, lines: Sequence[TextLine]) -> None:
    """Write lines of text below each other, ``room`` wide."""
    for line in lines:
        base, end = y + _tall(line) - 5, x + room
        if line.state:
            mark(parent, line.state, end - 6, base - 4)
            end -= MARK
        if line.right:
            text(parent, f"{line.right_style} {line.state or ''}".strip(), end, base, line.right, "end")
        if line.left and line.keep:
            text(parent, line.style, x, base, line.left)
        elif line.left:
            named(parent, line.style, x, base, line.left, _left(line, room))
        y += _tall(line)


def described(part: Node) -> str:
    return ", ".join(word for word in (f"{part.kind} {part.name}", part.id, part.address, part.word, part.why) if word)
