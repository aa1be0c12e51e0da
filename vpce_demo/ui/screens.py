"""The output of commands: first and last lines, the checks of the test, a diagnosis, an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from ..errors import DemoError
from ..model import Side
from .style import Screen, duration, padded

if TYPE_CHECKING:
    from ..engine.events import Leftover
    from ..errors import Diagnosis
    from ..verify.checks import Result


def header(
    screen: Screen,
    place: str,
    accounts: Mapping[str, Mapping[str, str]],
    alias: Callable[[str], str | None] = lambda account: "",
) -> None:
    """Complete every command's first line with the place, the account and its region; with those of each side, if they
    are several.

    ``alias`` returns an account's alias, '' if it has none, and None if it is not known yet.
    """
    seen: dict[tuple[str, str], list[str]] = {}
    for party, one in accounts.items():
        whose = seen.setdefault((one["account"], one["region"]), [])
        whose += {Side.of(party).value} - set(whose)
    apart = len(seen) > 1

    def rest() -> list[str]:
        parts = []
        for (account, region), sides in seen.items():
            name = alias(account)
            parts += [_whose(sides, account, apart), *([f"({name})"] if name else []), region]
        return parts[1:]

    if place != "AWS":
        screen.add_to_line(f"in the {place}")
    for (account, _), sides in list(seen.items())[:1]:
        screen.add_to_line(_whose(sides, account, apart))
    screen.end_line_later(rest)
    if all(alias(account) is not None for account, _ in seen):
        screen.end_line()


def _whose(sides: Sequence[str], account: str, apart: bool) -> str:
    return f"{', '.join(sides)}: account {account}" if apart else f"account {account}"


def ready(
    screen: Screen,
    seconds: float,
    created: int,
    mended: int,
    found: int,
    pairs: Iterable[tuple[str, str]],
    differing: int = 0,
) -> None:
    """Print the end of ``up``: the counts, and the values that one wants to copy.

    Those mended were found too; those still ``differing`` are left as they are.
    """
    counts = [f"{created} created", *([f"{mended} mended"] if mended else []), f"{found - mended} already there"]
    done = f"Ready in {duration(seconds)}: {', '.join(counts)}."
    nothing = f"Nothing was changed: all {found} are there, and {differing} differ{'s' * (differing == 1)}."
    if not differing:
        nothing = f"Nothing to do: all {found} were there already."
    screen.line(done if created or mended else nothing, style="bold")
    facts(screen, pairs)


def next_commands(screen: Screen, commands: Sequence[str]) -> None:
    """Print the commands to continue with: on one line if they fit."""
    together = "    ".join(commands)
    lines = [together] if 7 + len(together) <= screen.err.width else commands
    for word, line in zip(("Next:", *[""] * len(lines)), lines, strict=False):
        screen.message(f"{word:<7}{line}")


def result(screen: Screen, result: Result) -> None:
    """Print one check of the test."""
    mark = {True: "✓", False: "✗", None: "-"}[result.passed]
    wide = screen.out.width >= 100
    title, room = (31, 55) if wide else (30, max(0, screen.out.width - 41))
    said = screen.said(result.evidence)
    took = f"{result.seconds:.1f}s" if result.passed and cell_len(said) < room else ""
    head = f" {result.number}  {padded(screen.said(result.title), title - 1)} "
    if took or not said:
        screen.line(f"{head}{padded(said, room)}{took}".rstrip(), mark=mark)
    else:
        screen.entry(head, said, mark=mark)


def customer(screen: Screen, title: str, results: Sequence[Result], evidence: str) -> None:
    """Print the checks of one of several customers on one line."""
    passed = sum(one.passed is True for one in results)
    mark = "✗" if any(one.passed is False for one in results) else "✓" if passed else "-"
    count = padded(screen.said(f"{passed} of {len(results)}"), 7)
    screen.line(f"    {padded(screen.said(title), 12)} {count} {screen.said(evidence)}".rstrip(), mark=mark)


def verdict(
    screen: Screen,
    results: Sequence[Result],
    page: str,
    seconds: float,
    changed: str,
    customers: int = 1,
    chapter: str = "",
) -> None:
    """Print the end of the test: with the page, if it is given, and what the command changed if it failed.

    ``chapter`` is what a chapter proves.
    """
    failed = next((one for one in results if one.passed is False), None)
    if not screen.quiet:
        screen.line()
    if failed is None:
        if page:
            screen.text(page.rstrip("\n"))
            screen.line()
        done = sum(one.passed is not None for one in results)
        passed = f"PASSED  {done} of {done} in {duration(seconds)}."
        proof = "The consumer reached the web server through PrivateLink, and no other way."
        if customers > 1:
            proof = f"Each of {customers} customers reached the web server through PrivateLink, and no other way."
        if chapter:
            proof = chapter
        elif others := sum(one.is_left_to_the_other_side for one in results):
            proof = f"The other {others} need the other side's sign-in."
        fits = cell_len(f"{screen.said(passed)} {screen.said(proof)}") <= screen.out.width
        for line in [f"{passed} {proof}"] if fits else [passed, proof]:
            screen.line(line, style="green")
        return
    at = f"FAILED  at {failed.number}. Exit code 6."
    if failed.customer:
        at = f"FAILED  at {failed.number} of customer {failed.customer}. Exit code 6."
    screen.line(f"{at} {changed}", style="red")
    if failed.failure and failed.failure.diagnosis:
        diagnosis(screen, failed.failure.diagnosis)


def diagnosis(screen: Screen, cause: Diagnosis, *, to_err: bool = False) -> None:
    """Print the most likely cause: the evidence, the fixes, and what was ruled out."""
    likely = cause.likely or "none of the causes known here, as far as AWS says."
    screen.entry("Most likely: ", likely, to_err=to_err)
    for line in cause.evidence:
        screen.entry("  ", line, to_err=to_err)
    for number, (label, command, _) in enumerate(cause.fixes):
        head, remark = padded(screen.said("Or:" if number else "Fix:"), 7), f"({label})" if label else ""
        screen.command(head, command, remark, to_err=to_err)
    for word, names in (("Ruled out", cause.ruled_out), ("Not asked", cause.not_asked)):
        if names:
            screen.entry(f"{word}: ", f"{', '.join(names)}.", to_err=to_err)


def facts(screen: Screen, pairs: Iterable[tuple[str, str]]) -> None:
    """Print names and values, one on each line."""
    column = 16 if screen.out.width >= 100 else 14
    for name, value in pairs:
        if value:
            screen.line(padded(screen.said(name), column) + screen.said(value))


def table(screen: Screen, rows: Sequence[Sequence[str]]) -> None:
    """Print rows, of which the first is their heading."""
    told = [[screen.said(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) + 2 for column in zip(*told, strict=True)]
    for number, row in enumerate(told):
        screen.line("".join(map(padded, row, widths)).rstrip(), style="" if number else "dim")


def left_over(left: Sequence[Leftover]) -> list[tuple[str, str]]:
    """The leftovers of a delete as the table of an error; with their names if there are several of a kind."""
    kinds = [one.resource.noun for one in left]
    names = [
        f"{kind} {one.resource.name}" if kinds.count(kind) > 1 or one.resource.name == one.live.id else kind
        for kind, one in zip(kinds, left, strict=True)
    ]
    return [("left", "why it would not go"), *zip(names, (one.why for one in left), strict=True)]


def error(screen: Screen, error: DemoError) -> None:
    """Print what happened, the facts, what to do, and whether anything was changed."""
    first, *rest = screen.said(str(error.message)).split("\n")
    screen.line(
        Text.assemble(screen.plain(first), (f"  {error.code}" if error.code else "", "dim")), mark="✗", to_err=True
    )
    told = [(screen.said(name), screen.said(value)) for name, value in error.facts.items() if value]
    column = max((cell_len(name) for name, _ in told), default=0) + 2
    lines = [f"  {line}" for line in rest]
    lines += [f"  {padded(name, column)}{value}" for name, value in told]
    lines += _rows([[screen.said(cell) for cell in row] for row in error.table])
    hint = screen.said(error.hint).split("\n") if error.hint else []
    # Whether anything was changed comes after the command to run, and before any other advice.
    commands = [number for number, line in enumerate(hint, 1) if line.startswith("    ")]
    until = commands[-1] if commands else len(hint)
    for line in [*lines, *hint[:until], *([error.changed] if error.changed else []), *hint[until:]]:
        if "  " in line:  # a fact, or a command to copy
            screen.line(line, to_err=True)
        else:
            screen.entry("", line, to_err=True)
    if error.diagnosis:
        diagnosis(screen, error.diagnosis, to_err=True)


def _rows(table: Sequence[Sequence[str]]) -> list[str]:
    """A table as lines.  A blank line goes before and after a table with a heading over its first column."""
    used = [column for column in zip(*table, strict=True) if any(column)]
    widths = [max(25 if column[0] else 0, max(map(cell_len, column)) + (2 if column[0] else 4)) for column in used]
    rows = ["  " + "".join(map(padded, row, widths)).rstrip() for row in zip(*used, strict=True)]
    return ["", *rows, ""] if table and table[0][0] else rows
