"""When each resource was worked at in a run, what it had to wait for, and the longest chain of such waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ..model import Action, Resource
from ..runlog import Recorded
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

    run: Recorded
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


def timing(run: Recorded, demo: Demo) -> Timing | None:
    """The timing of a run, or None if it made and deleted nothing."""
    told = _Told(run)
    deletes = not told.of(Action.CREATING)
    start, answer, end = (
        (Action.DELETING, Action.DELETED, Action.GONE) if deletes else (Action.CREATING, Action.CREATED, Action.READY)
    )
    bars: dict[str, Bar] = {}
    for r in demo.resources:
        if (began := told.first(r, start)) is None:
            continue
        failed = told.first(r, Action.FAILED)
        ended = told.last(r, end) or failed or told.seconds
        answered = min(told.last(r, answer) or ended, ended)
        bars[r.key] = Bar(r, began, max(began, answered), max(began, ended), told.errors.get(r.key, ""))
    if not bars:
        return None
    waits = _before_deleting if deletes else _before_making
    waited = {key: replace(bar, after=_last(waits(bar.resource, demo, bars), bar)) for key, bar in bars.items()}
    chain = list(_chain(waited))
    for key, next in zip(chain, [None, *chain], strict=False):
        waited[key] = replace(waited[key], passed_on=waited[next].began if next else waited[key].ended)
    with_others = sum(told.last(r, Action.GONE) is not None for r in demo.resources if r.key not in bars)
    return Timing(run, deletes, tuple(waited.values()), with_others)


class _Told:
    """When a run told what of which resource, in seconds since it began."""

    def __init__(self, run: Recorded) -> None:
        self._times: dict[tuple[str, Action], list[float]] = {}
        self.errors: dict[str, str] = {}
        self.seconds = 0.0
        for line in run.lines:
            if line["type"] in ("event", "end"):
                self.seconds = float(line["seconds"])
            if line["type"] == "event":
                action = Action(line["action"])
                self._times.setdefault((line["key"], action), []).append(float(line["seconds"]))
                if action is Action.FAILED:
                    error = line["error"] or {}
                    self.errors[line["key"]] = error.get("code") or line["note"] or "failed"

    def of(self, action: Action) -> bool:
        return any(told is action for _, told in self._times)

    def first(self, r: Resource, action: Action) -> float | None:
        return min(self._times.get((r.key, action), []), default=None)

    def last(self, r: Resource, action: Action) -> float | None:
        return max(self._times.get((r.key, action), []), default=None)


def _before_making(r: Resource, demo: Demo, bars: Mapping[str, Bar]) -> Iterator[tuple[float, str]]:
    """When what it needs was there: ready, or only asked for where that is enough."""
    for need in r.needs():
        if bar := bars.get(need.resource.key):
            yield (bar.ended if need.ready else bar.answered), need.resource.key


def _before_deleting(r: Resource, demo: Demo, bars: Mapping[str, Bar]) -> Iterator[tuple[float, str]]:
    """When what needs it was gone, or only asked to go; and when the group before it was asked for."""
    for other in demo.resources:
        for need in other.needs():
            held_by = other if other.key in bars else other.goes_with()
            if need.resource is r and held_by and (bar := bars.get(held_by.key)):
                yield (bar.ended if need.until_gone else bar.answered), held_by.key
    earlier: list[Bar] = []
    for group in demo.teardown:
        if any(one.key == r.key for one in group):
            yield from ((bar.answered, bar.resource.key) for bar in earlier)
            return
        earlier = [bars[one.key] for one in group if one.key in bars] or earlier


def _last(waits: Iterator[tuple[float, str]], bar: Bar) -> str:
    """The last of what it waited for, if it began right after that."""
    over = [(at, key) for at, key in waits if at <= bar.began + 0.01 and key != bar.resource.key]
    at, key = max(over, default=(float("-inf"), ""))
    return key if bar.began - at <= SAME_MOMENT else ""


def _chain(bars: Mapping[str, Bar]) -> Iterator[str]:
    """Back from what ended last, from each to what it waited for."""
    key = max(bars, key=lambda key: bars[key].ended)
    while key:
        yield key
        key = bars[key].after
