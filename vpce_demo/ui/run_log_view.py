"""Earlier runs, from their logs: the list of them, and one as readable lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..journal.run_log import RecordedRun
from ..lessons import Language, words
from ..lessons.catalogue import translated
from ..resources.nouns import noun_of
from .lines import EventFormatter
from .style import Screen, date_and_time, duration


def listed(screen: Screen, runs: Sequence[RecordedRun]) -> None:
    """Print the runs, newest first: number, time, command, duration and end."""
    column = max((len(run.head["command"]) for run in runs), default=0)
    for number, run in enumerate(runs, 1):
        mark = "·" if run.is_at_work else ("✓" if run.end and run.end["exit_code"] == 0 else "✗")
        what = f"{number:>2}  {date_and_time(run.head['at'])}  {run.head['command']:<{column}}"
        screen.line(f"{what}  {duration(run.seconds):>6}  {ended(run, screen.lang)}", mark=mark)


def ended(run: RecordedRun, lang: Language = "en") -> str:
    said = words(lang, "report")
    if run.end is None:
        return said["run at work" if run.is_at_work else "run killed"]
    code, message = run.end["exit_code"], run.end["message"].partition("\n")[0]
    return said["run failed"].format(code=code, message=translated(message, lang)) if code else said["run done"]


def run_lines(run: RecordedRun, verbose: bool) -> Iterator[tuple[str, str]]:
    """A mark and a text for each line of a run; with ``verbose`` every event, not only changes."""
    head = run.head
    accounts = dict.fromkeys(f"account {one['account']}   {one['region']}" for one in head["accounts"].values())
    place = [] if head["place"] == "AWS" else [f"in the {head['place']}"]
    began = date_and_time(head["at"])
    yield "", "   ".join([f"vpce-demo {head['command']}", f"demo {head['demo']}", *place, *accounts, began])
    yield "", ""
    formatter = EventFormatter(verbose)
    width = max((len(line["title"]) for line in run.lines if line["type"] == "check"), default=0)
    for line in run.lines[1:]:
        yield from _line(formatter, line, max(29, width))


def _line(formatter: EventFormatter, line: Mapping[str, Any], width: int) -> Iterator[tuple[str, str]]:
    match line["type"]:
        case "event":
            if text := formatter.format(line):
                yield "", text
        case "check":
            mark = {True: "✓", False: "✗", None: "-"}[line["passed"]]
            yield mark, f" {line['number']}  {line['title']:<{width}} {line['evidence']}"
            if line["likely"]:
                yield "", f"Most likely: {line['likely']}"
        case "page":
            yield from (("", one) for one in line["text"].rstrip("\n").split("\n"))
        case "look":
            for one in line["left"]:
                yield "!", f"left: {noun_of(one['kind'])} {one['id']}  {one['why']}".rstrip()
            if not line["left"]:
                yield "", "Looked again by tag: nothing left."
        case "end":
            code = line["exit_code"]
            yield "", ""
            yield (
                "✗" if code else "✓",
                f"{line['message'] or 'Done'}  Exit code {code} after {duration(line['seconds'])}.",
            )
