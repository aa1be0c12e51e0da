"""When each resource was created or deleted in a run, what it waited for, and the longest chain of such waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ..engine.events import Action
from ..engine.graph import TaskType, creation_graph, deletion_graph
from ..engine.resource import Resource
from ..journal.run_log import RecordedRun
from ..tutorial import Demo

SAME_MOMENT = 0.5
"""The engine starts a waiting resource at most this many seconds after the other is ready."""


@dataclass(frozen=True)
class Bar:
    """One resource in one run; times are seconds since the run began.

    ``began`` to ``answered`` is the call with its retries, from there to ``ended`` the wait until it was ready or gone.
    ``after`` is the key of the resource that it waited for.  ``passed_on`` is when the next one on the longest chain
    began; None if it is not on that chain.
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
    """A run that created or deleted something.  ``with_others`` counts resources deleted along with another."""

    run: RecordedRun
    deletes: bool
    bars: tuple[Bar, ...]
    with_others: int

    @property
    def seconds(self) -> float:
        return max(bar.ended for bar in self.bars)

    @property
    def chain(self) -> list[Bar]:
        """The longest chain of waits, in time order."""
        return sorted((bar for bar in self.bars if bar.passed_on is not None), key=lambda bar: bar.began)


def timing(run: RecordedRun, demo: Demo) -> Timing | None:
    """The timing of a run; None if it created and deleted nothing."""
    times = _EventTimes(run)
    deletes = not times.any(Action.CREATING)
    there = [r for r in demo.resources if times.last(r, Action.GONE) or times.last(r, Action.DELETING)]
    graph = deletion_graph(there, demo.teardown) if deletes else creation_graph(demo.resources)
    start, answer, end = (
        (TaskType.ASK, TaskType.ASK, TaskType.GONE) if deletes else (TaskType.MAKE, TaskType.MAKE, TaskType.READY)
    )
    bars: dict[str, Bar] = {}
    for r in demo.resources:
        if (began := times.first(r, _BEGINS[start])) is None:
            continue
        ended = times.last(r, _ENDS[end]) or times.first(r, Action.FAILED) or times.seconds
        answered = min(times.last(r, _ENDS[answer]) or ended, ended)
        waits = (
            (times.last(other, _ENDS[verb]), times.deleted_with(other).key) for verb, other in graph.get((start, r), ())
        )
        bars[r.key] = Bar(
            r, began, max(began, answered), max(began, ended), times.errors.get(r.key, ""), _last(waits, began, r.key)
        )
    if not bars:
        return None
    chain = list(_chain(bars))
    for key, next in zip(chain, [None, *chain], strict=False):
        bars[key] = replace(bars[key], passed_on=bars[next].began if next else bars[key].ended)
    with_others = sum(times.last(r, Action.GONE) is not None for r in demo.resources if r.key not in bars)
    return Timing(run, deletes, tuple(bars.values()), with_others)


_BEGINS = {TaskType.MAKE: Action.CREATING, TaskType.ASK: Action.DELETING}
_ENDS = {
    TaskType.MAKE: Action.CREATED,
    TaskType.READY: Action.READY,
    TaskType.ASK: Action.DELETED,
    TaskType.GONE: Action.GONE,
}
"""The events that begin and end each type of task."""


class _EventTimes:
    """The times of a run's events by resource, in seconds since it began.

    What the run has made and then finds again, as it does where it makes one part after the other, was ready before.
    """

    def __init__(self, run: RecordedRun) -> None:
        self._times: dict[tuple[str, Action], list[float]] = {}
        self.errors: dict[str, str] = {}
        self.seconds = 0.0
        found_again = set[str]()
        for line in run.lines:
            if line["type"] in ("event", "end"):
                self.seconds = max(0.0, line["seconds"])
            if line["type"] == "event":
                action = Action(line["action"])
                if action is Action.FOUND and (line["key"], Action.CREATED) in self._times:
                    found_again.add(line["key"])
                if action is Action.READY and line["key"] in found_again:
                    continue
                self._times.setdefault((line["key"], action), []).append(self.seconds)
                if action is Action.FAILED:
                    error = line["error"] or {}
                    self.errors[line["key"]] = error.get("code") or line["note"] or "failed"

    def any(self, action: Action) -> bool:
        return any(each is action for _, each in self._times)

    def deleted_with(self, r: Resource) -> Resource:
        """The resource whose delete call also deletes this one, or itself."""
        it = r
        while self.first(it, Action.DELETING) is None and (parent := it.goes_with()):
            it = parent
        return it if self.first(it, Action.DELETING) is not None else r

    def first(self, r: Resource, action: Action) -> float | None:
        return min(self._times.get((r.key, action), []), default=None)

    def last(self, r: Resource, action: Action) -> float | None:
        return max(self._times.get((r.key, action), []), default=None)


def _last(waits: Iterable[tuple[float | None, str]], began: float, own: str) -> str:
    """The key of the wait that ended last, if it ended just before ``began``."""
    over = [(at, key) for at, key in waits if at is not None and at <= began + 0.01 and key != own]
    at, key = max(over, default=(float("-inf"), ""))
    return key if began - at <= SAME_MOMENT else ""


def _chain(bars: Mapping[str, Bar]) -> Iterator[str]:
    """The keys from the last one to end back to the first, each followed by the one it waited for."""
    key, seen = max(bars, key=lambda key: bars[key].ended), set[str]()
    while key in bars and key not in seen:
        yield key
        seen.add(key)
        key = bars[key].after
