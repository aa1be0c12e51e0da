"""When each resource was worked at in a run, what it had to wait for, and the longest chain of such waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ..engine.events import Action
from ..engine.graph import TaskType, creation_graph, deletion_graph
from ..engine.resource import Resource
from ..journal.run_log import RecordedRun
from ..tutorial import Demo

SAME_MOMENT = 0.5
"""So many seconds after something was ready the engine has surely begun what waited for it (it looks that often)."""


@dataclass(frozen=True)
class Bar:
    """One resource in one run; seconds since the run began.

    From ``began`` to ``answered`` is the call, tries included; from there to ``ended`` the wait until it was ready or
    gone.  ``after`` is the key of what it waited for before it began.  On the longest chain it is until ``passed_on``,
    when the next one on it began; None for what is not on it.
    """

    resource: Resource
    began: float
    answered: float
    ended: float
    failed: str = ""
    after: str = ""
    passed_on: float | None = None


@dataclass(frozen=True)
class Timing:
    """A run that made or deleted something.  ``bars`` are in the tutorial's order.

    ``with_others`` counts what went with something else, and was never asked to go by itself.
    """

    run: RecordedRun
    deletes: bool
    bars: tuple[Bar, ...]
    with_others: int

    @property
    def seconds(self) -> float:
        return max(bar.ended for bar in self.bars)

    @property
    def chain(self) -> list[Bar]:
        """The longest chain of what waited for each other, from its beginning."""
        return sorted((bar for bar in self.bars if bar.passed_on is not None), key=lambda bar: bar.began)


def timing(run: RecordedRun, demo: Demo) -> Timing | None:
    """The timing of a run, or None if it made and deleted nothing."""
    told = _EventTimes(run)
    deletes = not told.any(Action.CREATING)
    there = [r for r in demo.resources if told.last(r, Action.GONE) or told.last(r, Action.DELETING)]
    graph = deletion_graph(there, demo.teardown) if deletes else creation_graph(demo.resources)
    start, answer, end = (
        (TaskType.ASK, TaskType.ASK, TaskType.GONE) if deletes else (TaskType.MAKE, TaskType.MAKE, TaskType.READY)
    )
    bars: dict[str, Bar] = {}
    for r in demo.resources:
        if (began := told.first(r, _BEGINS[start])) is None:
            continue
        ended = told.last(r, _ENDS[end]) or told.first(r, Action.FAILED) or told.seconds
        answered = min(told.last(r, _ENDS[answer]) or ended, ended)
        waits = ((told.last(other, _ENDS[verb]), told.asked(other).key) for verb, other in graph.get((start, r), ()))
        bars[r.key] = Bar(
            r, began, max(began, answered), max(began, ended), told.errors.get(r.key, ""), _last(waits, began, r.key)
        )
    if not bars:
        return None
    chain = list(_chain(bars))
    for key, next in zip(chain, [None, *chain], strict=False):
        bars[key] = replace(bars[key], passed_on=bars[next].began if next else bars[key].ended)
    with_others = sum(told.last(r, Action.GONE) is not None for r in demo.resources if r.key not in bars)
    return Timing(run, deletes, tuple(bars.values()), with_others)


_BEGINS = {TaskType.MAKE: Action.CREATING, TaskType.ASK: Action.DELETING}
_ENDS = {
    TaskType.MAKE: Action.CREATED,
    TaskType.READY: Action.READY,
    TaskType.ASK: Action.DELETED,
    TaskType.GONE: Action.GONE,
}
"""What the engine tells when a move begins, and when it is over."""


class _EventTimes:
    """When a run told what of which resource, in seconds since it began."""

    def __init__(self, run: RecordedRun) -> None:
        self._times: dict[tuple[str, Action], list[float]] = {}
        self.errors: dict[str, str] = {}
        self.seconds = 0.0
        for line in run.lines:
            if line["type"] in ("event", "end"):
                self.seconds = max(0.0, line["seconds"])
            if line["type"] == "event":
                action = Action(line["action"])
                self._times.setdefault((line["key"], action), []).append(self.seconds)
                if action is Action.FAILED:
                    error = line["error"] or {}
                    self.errors[line["key"]] = error.get("code") or line["note"] or "failed"

    def any(self, action: Action) -> bool:
        return any(told is action for _, told in self._times)

    def asked(self, r: Resource) -> Resource:
        """The resource itself; or what took it along, where it was not asked to go by itself."""
        it = r
        while self.first(it, Action.DELETING) is None and (parent := it.goes_with()):
            it = parent
        return it if self.first(it, Action.DELETING) is not None else r

    def first(self, r: Resource, action: Action) -> float | None:
        return min(self._times.get((r.key, action), []), default=None)

    def last(self, r: Resource, action: Action) -> float | None:
        return max(self._times.get((r.key, action), []), default=None)


def _last(waits: Iterable[tuple[float | None, str]], began: float, own: str) -> str:
    """The key of what was over last, if what waited for it began right then."""
    over = [(at, key) for at, key in waits if at is not None and at <= began + 0.01 and key != own]
    at, key = max(over, default=(float("-inf"), ""))
    return key if began - at <= SAME_MOMENT else ""


def _chain(bars: Mapping[str, Bar]) -> Iterator[str]:
    """Back from what ended last, from each to what it waited for."""
    key, seen = max(bars, key=lambda key: bars[key].ended), set[str]()
    while key in bars and key not in seen:
        yield key
        seen.add(key)
        key = bars[key].after
