"""What commands found out, as text: plan, status, the test, and the ends of up and down."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..errors import DemoError
from ..model import Live, Phase
from .style import Screen, duration, short_id

if TYPE_CHECKING:
    from ..checks import Result
    from ..run import Left
    from ..tutorial import Demo


def header(screen: Screen, place: str, accounts: Collection[Mapping[str, str]]) -> None:
    """The rest of every command's first line: where, whose account, what region."""
    seen = dict.fromkeys(f"account {one['account']}   {one['region']}" for one in accounts)
    screen.end_line("   ".join(["", *([f"in the {place}"] if place != "AWS" else []), *seen]))
    screen.say()


def result(screen: Screen, result: Result) -> None:
    """One check of the test, as it comes."""
    mark = {True: "✓", False: "✗", None: "-"}[result.passed]
    took = f"{result.seconds:.1f}s" if result.passed is not None else ""
    room = max(0, min(44, screen.out.width - 42))
    screen.line(f" {result.number}  {result.title:<29} {result.evidence:<{room}} {took}".rstrip(), mark=mark)


def verdict(screen: Screen, results: Sequence[Result], page: str, seconds: float) -> None:
    """The end of the test."""
    screen.line()
    failed = next((one for one in results if one.passed is False), None)
    if failed is None:
        screen.line(page.rstrip("\n"))
        screen.line()
        screen.line(
            f"PASSED  {len(results)} of {len(results)} in {duration(seconds)}. "
            "The customer reached the web server through PrivateLink, and no other way.",
            style="green",
        )
        return
    screen.line(f"FAILED  at {failed.number}. Exit code 6. Nothing was changed.", style="red")
    if failed.failure and failed.failure.likely:
        screen.line(f"Most likely: {failed.failure.likely}")
    if failed.failure and failed.failure.hint:
        screen.line(f"Fix:   {failed.failure.hint}")


def table(screen: Screen, demo: Demo, live: Mapping[str, Live], missing: str) -> None:
    """The resources by step, with what AWS has of each, or this word."""
    for step in demo.steps:
        for r in step.resources:
            one = live.get(r.key)
            mark = "·" if one is None else ("✓" if one.phase in (Phase.READY, Phase.PENDING) else "!")
            state = f"{short_id(one.id):<46} {one.word}" if one else missing
            why = f"  {one.why}" if one and one.why else ""
            screen.line(f"{step.number:>2} {r.kind:<18} {r.name:<22} {state}{why}".rstrip(), mark=mark)


def facts(screen: Screen, pairs: Iterable[tuple[str, str]]) -> None:
    """Names and values, one a line."""
    for name, value in pairs:
        if value:
            screen.line(f"{name:<15} {value}")


def left_over(screen: Screen, left: Sequence[Left]) -> None:
    """What a delete left behind, and why."""
    for r, live, why, _ in left:
        screen.line(f"    {r.kind:<18} {r.name:<22} {short_id(live.id):<46} {why}".rstrip(), to_talk=True)


def error(screen: Screen, error: DemoError) -> None:
    """What happened, the facts, what to do, and whether anything was changed."""
    first, *rest = str(error.message).split("\n")
    screen.line(first, mark="✗", to_talk=True)
    for line in rest:
        screen.line(f"  {line}", to_talk=True)
    for name, value in error.facts.items():
        if value:
            screen.line(f"  {name:<12} {value}", to_talk=True)
    widths = [max(map(len, column)) for column in zip(*error.table, strict=True)]
    for row in error.table:
        screen.line("  " + "   ".join(map(str.ljust, row, widths)).rstrip(), to_talk=True)
    if error.hint:
        screen.line(error.hint, to_talk=True)
    if error.changed:
        screen.line(error.changed, to_talk=True)
