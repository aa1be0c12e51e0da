"""The timing chart of one run: a bar for each resource, and the longest chain of waits."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from xml.etree import ElementTree

from ..diagram.shapes import Element, font_rules, group, named, path, rect, text, written
from ..diagram.theme import css
from ..tutorial import Demo
from ..ui.style import duration
from .timing import Bar, Timing

WIDTH, NAMES, LEFT, RIGHT = 1120.0, 190.0, 460.0, 1060.0
"""The page's width, where names and the time axis begin, and where the axis ends."""
ROW, THICK, TOP, GAP = 20.0, 11.0, 34.0, 5.0
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800)
STYLE = (
    font_rules("c")
    + """
.c .call { fill: $line }
.c .wait { fill: $faint }
.c .call.held { fill: $accent }
.c .wait.held { fill: $accent; fill-opacity: .4 }
.c .failed .call, .c .failed .wait { fill: $red; fill-opacity: 1 }
.c .chained .small { fill: $ink }
.c .failed .small { fill: $red }
.c .grid { stroke: $faint; stroke-width: 1 }
.c .then { fill: none; stroke: $accent; stroke-width: 1.5 }
"""
)


def chart(timing: Timing, demo: Demo) -> str:
    """The chart as an SVG element."""
    kind, verb = ("gone", "delete") if timing.deletes else ("ready", "make")
    rows = list(_rows(timing, demo))
    bottom = rows[-1][1] + ROW
    root = ElementTree.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "class": "c", "role": "img"})
    root.attrib.update({"viewBox": f"0 0 {WIDTH:g} {bottom + 12:g}", "width": f"{WIDTH:g}"})
    ElementTree.SubElement(root, "title").text = f"What {timing.run.head['command']} took to {verb} each resource"
    ElementTree.SubElement(root, "desc").text = " ".join(_described(bar, kind) for bar in timing.bars)
    ElementTree.SubElement(root, "style").text = css(STYLE, "auto")
    scale = (RIGHT - LEFT) / max(timing.seconds, 0.001)
    _grid(root, timing.seconds, scale, bottom)
    middles = {bar.resource.key: y + ROW / 2 for bar, y, _ in rows}
    for bar, y, step in rows:
        if step:
            if y > TOP:
                path(root, "grid", f"M0 {y - GAP / 2:g} H{WIDTH:g}")
            named(root, "strong", 0, y + 14, step, NAMES - 8)
        _bar(root, bar, y, scale, kind)
    for earlier, later in pairwise(timing.chain):
        x, start, end = LEFT + later.began * scale, middles[earlier.resource.key], middles[later.resource.key]
        path(root, "then", f"M{x:g} {start:g} V{end:g}")
    return written(root)


def _rows(timing: Timing, demo: Demo) -> Iterator[tuple[Bar, float, str]]:
    """Each bar with its y, and the title of its step on the first bar of a step."""
    y, before = TOP, ""
    for bar in timing.bars:
        step = demo.step_of(bar.resource)
        title = f"{step.number}  {step.title}"
        if before and title != before:
            y += GAP
        yield bar, y, "" if title == before else title
        y, before = y + ROW, title


def _bar(root: Element, bar: Bar, y: float, scale: float, kind: str) -> None:
    kinds = ["row", *(["chained"] if bar.passed_on is not None else []), *(["failed"] if bar.failed else [])]
    made = group(root, " ".join(kinds), _described(bar, kind))
    named(made, "small", NAMES, y + 14, str(bar.resource), LEFT - NAMES - 12)
    text(made, "small", WIDTH, y + 14, bar.failed or duration(bar.ended - bar.began), "end")
    held = bar.began if bar.passed_on is None else bar.passed_on
    for style, start, end in (("call", bar.began, bar.answered), ("wait", bar.answered, bar.ended)):
        for chained, first, last in ((" held", start, min(end, held)), ("", max(start, held), end)):
            wide = (last - first) * scale
            if wide > 0.5 or (style == "call" and first == bar.began and last > first):
                rect(made, style + chained, LEFT + first * scale, y + (ROW - THICK) / 2, max(2.0, wide), THICK, 0)


def _described(bar: Bar, kind: str) -> str:
    after = f", after {bar.after}" if bar.after else ""
    took = f"the call {duration(bar.answered - bar.began)}, until {kind} {duration(bar.ended - bar.answered)}"
    return f"{bar.resource}: began at {duration(bar.began)}{after}; {bar.failed or took}."


def _grid(root: Element, seconds: float, scale: float, bottom: float) -> None:
    """At most ten lines, at round times."""
    step = next((tick for tick in TICKS if seconds / tick <= 10), seconds / 10)
    for number in range(int(seconds / step) + 1):
        x = LEFT + number * step * scale
        path(root, "grid", f"M{x:g} {TOP - 8:g} V{bottom:g}")
        text(root, "small", x, TOP - 14, f"{number * step:g} s", "middle")
