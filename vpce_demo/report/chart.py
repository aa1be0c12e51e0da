"""The timing chart of one run: a bar for each resource, and the longest chain of waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from xml.etree import ElementTree

from ..config.settings import TUTORIAL
from ..diagram.shapes import Element, drawing, font_rules, group, named, path, rect, text, written
from ..diagram.theme import css
from ..engine.resource import Resource
from ..lessons import Language, noun, steps, words
from ..lessons.catalogue import translated
from ..tutorial import Demo
from ..ui.style import duration
from .timing import Bar, Timing

WIDTH, RIGHT = 1120.0, 1060.0
"""The page's width, and where the time axis ends."""
COLUMNS: Mapping[Language, tuple[float, float]] = {"en": (190.0, 460.0), "ja": (230.0, 570.0)}
"""Where the names and the time axis begin."""
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


def called(resource: Resource, lang: Language) -> str:
    """A resource by its noun and its name."""
    return f"{noun(resource.noun, lang)} {resource.name}"


def chart(timing: Timing, demo: Demo, lang: Language = "en") -> str:
    """The chart as an SVG element, in this language."""
    said, kind = words(lang, "report"), "deleted" if timing.deletes else "made"
    rows = list(_rows(timing, demo, lang))
    bottom = rows[-1][1] + ROW
    names, left = COLUMNS[lang]
    columns = _Columns(names, left, (RIGHT - left) / max(timing.seconds, 0.001))
    root = drawing("c", lang)
    root.attrib.update({"viewBox": f"0 0 {WIDTH:g} {bottom + 12:g}", "width": f"{WIDTH:g}"})
    ElementTree.SubElement(root, "title").text = said[f"drawn {kind}"].format(command=timing.run.head["command"])
    ElementTree.SubElement(root, "desc").text = " ".join(_described(bar, kind, lang) for bar in timing.bars)
    ElementTree.SubElement(root, "style").text = css(STYLE, "auto")
    _grid(root, timing.seconds, columns, bottom)
    middles = {bar.resource.key: y + ROW / 2 for bar, y, _ in rows}
    for bar, y, step in rows:
        if step:
            if y > TOP:
                path(root, "grid", f"M0 {y - GAP / 2:g} H{WIDTH:g}")
            named(root, "strong", 0, y + 14, step, names - 8)
        _bar(root, bar, y, columns, kind, lang)
    for earlier, later in pairwise(timing.chain):
        x, start, end = columns.at(later.began), middles[earlier.resource.key], middles[later.resource.key]
        path(root, "then", f"M{x:g} {start:g} V{end:g}")
    return written(root)


def _rows(timing: Timing, demo: Demo, lang: Language) -> Iterator[tuple[Bar, float, str]]:
    """Each bar with its y, and the title of its step on the first bar of a step."""
    titles = [page.title for page in steps(lang)]
    y, before = TOP, ""
    for bar in timing.bars:
        step = demo.step_of(bar.resource)
        own = titles[demo.steps.index(step)] if step.chapter == TUTORIAL else translated(step.title, lang)
        title = f"{step.number}  {own}"
        if before and title != before:
            y += GAP
        yield bar, y, "" if title == before else title
        y, before = y + ROW, title


@dataclass(frozen=True)
class _Columns:
    """Where the names and the time axis begin, and the pixels of a second."""

    names: float
    left: float
    scale: float

    def at(self, seconds: float) -> float:
        return self.left + seconds * self.scale


def _bar(root: Element, bar: Bar, y: float, columns: _Columns, kind: str, lang: Language) -> None:
    kinds = ["row", *(["chained"] if bar.passed_on is not None else []), *(["failed"] if bar.failed else [])]
    made = group(root, " ".join(kinds), _described(bar, kind, lang))
    named(made, "small", columns.names, y + 14, called(bar.resource, lang), columns.left - columns.names - 12)
    text(made, "small", WIDTH, y + 14, bar.failed or duration(bar.ended - bar.began), "end")
    held = bar.began if bar.passed_on is None else bar.passed_on
    for style, start, end in (("call", bar.began, bar.answered), ("wait", bar.answered, bar.ended)):
        for chained, first, last in ((" held", start, min(end, held)), ("", max(start, held), end)):
            wide = (last - first) * columns.scale
            if wide > 0.5 or (style == "call" and first == bar.began and last > first):
                rect(made, style + chained, columns.at(first), y + (ROW - THICK) / 2, max(2.0, wide), THICK, 0)


def _described(bar: Bar, kind: str, lang: Language) -> str:
    said = words(lang, "report")
    call, wait = duration(bar.answered - bar.began), duration(bar.ended - bar.answered)
    return said["bar"].format(
        resource=called(bar.resource, lang),
        began=duration(bar.began),
        after=said["bar after"].format(resource=bar.after) if bar.after else "",
        took=bar.failed or said[f"bar {kind}"].format(call=call, wait=wait),
    )


def _grid(root: Element, seconds: float, columns: _Columns, bottom: float) -> None:
    """At most ten lines, at round times."""
    step = next((tick for tick in TICKS if seconds / tick <= 10), seconds / 10)
    for number in range(int(seconds / step) + 1):
        x = columns.at(number * step)
        path(root, "grid", f"M{x:g} {TOP - 8:g} V{bottom:g}")
        text(root, "small", x, TOP - 14, f"{number * step:g} s", "middle")
