"""The timing chart: every call of one run on a time axis, as an SVG file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from . import goals, limit
from .contenders import ROOT
from .measure import Call
from .results import Results

CHART = ROOT / "docs" / "performance.svg"

WIDTH, LEFT, ROW, BAR = 1040, 390, 15, 9
READING = ("Describe", "Get", "List")
STYLE = """
text { font: 11px ui-monospace, Menlo, Consolas, monospace; fill: #57606a }
.title { font-size: 13px; font-weight: bold }
.call { fill: #0969da } .chain { fill: #cf222e } .look { fill: #8c959f } .aws { fill: #54aeff; opacity: .35 }
.chain-aws { fill: #cf222e; opacity: .25 } .grid { stroke: #8c959f; stroke-opacity: .3 }
@media (prefers-color-scheme: dark) { text { fill: #9198a1 } }
"""


@dataclass(frozen=True)
class Row:
    """The calls of one operation on one thing."""

    label: str
    calls: Sequence[Call]


def svg(results: Results) -> str:
    """The chart of this measurement's ``up`` and ``down``."""
    parts, top = list(_legend()), 40
    for phase in ("up", "down"):
        rows, y = rows_of(results.timelines[phase]), top + 24
        end = max(call.ended for row in rows for call in row.calls)
        scale = (WIDTH - LEFT - 20) / end
        parts.append(f'<text class="title" x="10" y="{top + 8}">{phase}</text>')
        parts += _grid(end, scale, top + 14, y + ROW * len(rows))
        chain = {link.done(results.timelines[phase]) for link in goals.chain(results, phase)}
        for row in rows:
            parts.append(f'<text x="10" y="{y + BAR}">{escape(row.label)}</text>')
            for call in row.calls:
                parts += _bars(call, y, scale, results, call in chain, end)
            y += ROW
        top = y + 24
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}">'
    title = f"<title>Every API call of one up and one down, {results.pace} times AWS's assumed pace</title>"
    return "\n".join([head, title, f"<style>{STYLE}</style>", *parts, "</svg>"]) + "\n"


def rows_of(calls: Iterable[Call]) -> list[Row]:
    """One row for each operation and name: changing calls in the order of their first call, then describe calls."""
    rows: dict[tuple[bool, str, str], list[Call]] = {}
    for call in calls:
        looks = call.operation.startswith(READING)
        rows.setdefault((looks, call.operation, "" if looks else call.name), []).append(call)
    ordered = sorted(rows.items(), key=lambda item: (item[0][0], item[1][0].started))
    return [Row(f"{operation} {name}".strip(), calls) for (_, operation, name), calls in ordered]


def _bars(call: Call, y: int, scale: float, results: Results, chain: bool, end: float) -> Iterable[str]:
    """The call, and AWS's own time after it."""
    looks = call.operation.startswith(READING)
    durations = goals.durations(results)
    aws = 0.0 if looks or call.error else limit.aws_seconds_after(call.operation, durations) / results.pace
    if aws:
        width = min(aws, end - call.ended)
        yield _bar("chain-aws" if chain else "aws", call.ended, width, y, scale, f"AWS takes {aws:.2f} s")
    told = f"{call.operation} {call.name} {call.error} {call.started:.2f}-{call.ended:.2f} s"
    kind = "look" if looks or call.error else "chain" if chain else "call"
    yield _bar(kind, call.started, call.ended - call.started, y, scale, told)


def _bar(kind: str, start: float, seconds: float, y: int, scale: float, told: str) -> str:
    x, width = LEFT + start * scale, max(1.0, seconds * scale)
    shape = f'<rect class="{kind}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR}">'
    return f"{shape}<title>{escape(told)}</title></rect>"


def _grid(end: float, scale: float, top: int, bottom: int) -> Iterable[str]:
    """At most ten lines, at round seconds."""
    step = next(step for step in (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500) if end / step <= 10 or step == 500)
    for number in range(int(end / step) + 1):
        x = LEFT + number * step * scale
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}"/>'
        yield f'<text x="{x + 2:.1f}" y="{top + 4}">{number * step:g} s</text>'


def _legend() -> Iterable[str]:
    x = 10
    for kind, told in (
        ("chain", "a call on the longest chain"),
        ("chain-aws", "AWS's time on it"),
        ("call", "another call"),
        ("aws", "AWS's time"),
        ("look", "a look, or refused"),
    ):
        yield f'<rect class="{kind}" x="{x}" y="10" width="{BAR}" height="{BAR}"/>'
        yield f'<text x="{x + 14}" y="{10 + BAR}">{told}</text>'
        x += 30 + 7 * len(told)
