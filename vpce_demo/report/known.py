"""Everything known about a demo: from the logs of its runs, and from AWS while it exists.

The logs alone are enough: a deleted demo has no state file and nothing in AWS.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from ..chapters import demo_of
from ..config.model import Config
from ..config.settings import Settings
from ..diagram.picture import Frame, Picture, picture
from ..engine.events import Action
from ..journal.run_log import RecordedRun
from ..lessons import Language
from ..model import Live, Phase, Side
from ..session.discover import not_looked_up
from ..session.look import Look
from ..tutorial import Demo

LogLine = Mapping[str, Any]
DELETES = ("down", "destroy")


@dataclass(frozen=True)
class Test:
    """The last test: its checks, the page that it received, and whether all of it passed."""

    run: RecordedRun
    checks: Sequence[LogLine]
    page: str
    passed: bool

    @property
    def at(self) -> float:
        return float(self.checks[-1]["at"])

    @property
    def seconds(self) -> float:
        return sum(float(check["seconds"]) for check in self.checks)

    @property
    def passed_count(self) -> int:
        return sum(check["passed"] is True for check in self.checks)

    @property
    def failed(self) -> LogLine | None:
        return next((check for check in self.checks if check["passed"] is False), None)


def last_test(runs: Iterable[RecordedRun]) -> Test | None:
    """The last test that ran a check.  ``runs`` are newest first."""
    for run in runs:
        if checks := [line for line in run.lines if line["type"] == "check"]:
            page = next((line["text"] for line in run.lines if line["type"] == "page"), "")
            ended_well = run.end is not None and run.end["exit_code"] == 0
            return Test(run, checks, page, ended_well and not any(check["passed"] is False for check in checks))
    return None


@dataclass(frozen=True)
class Teardown:
    """The last delete.  ``left`` is what the final search found; None if the run did not reach it."""

    run: RecordedRun
    left: Sequence[LogLine] | None
    looked: float


@dataclass(frozen=True)
class Known:
    """One demo.  ``runs`` are oldest first; ``made`` and ``gone`` are Unix times by resource key.

    ``live`` holds the last known state of each resource, also of deleted ones.
    """

    runs: Sequence[RecordedRun]
    settings: Settings
    look: Look | None
    live: dict[str, Live] = field(default_factory=dict)
    made: dict[str, float] = field(default_factory=dict)
    gone: dict[str, float] = field(default_factory=dict)
    tells_reasons: bool = True
    """False while an exercise is open: the picture does not say why its hops are broken."""

    @cached_property
    def demo(self) -> Demo:
        return demo_of(self.settings)

    @property
    def there(self) -> set[str]:
        return {key for key in self.live if key not in self.gone}

    @property
    def is_gone(self) -> bool:
        """True if it existed and nothing is left of it."""
        return bool(self.live) and not self.there

    @property
    def place(self) -> str:
        """``AWS`` or ``sandbox``."""
        return str(self.look.place if self.look else self.runs[-1].head["place"])

    @property
    def accounts(self) -> dict[str, Mapping[str, str]]:
        recorded = self.look.accounts if self.look else self.runs[-1].head["accounts"]
        known = {party: one for party, one in recorded.items() if party.partition("-")[0] in tuple(Side)}
        return {**{side.value: {"account": "", "region": ""} for side in Side}, **known}

    @property
    def tested(self) -> Test | None:
        return last_test(reversed(self.runs))

    @property
    def torn_down(self) -> Teardown | None:
        for run in reversed(self.runs):
            if run.head["command"] in DELETES:
                look = next((line for line in reversed(run.lines) if line["type"] == "look"), None)
                return Teardown(run, look["left"] if look else None, float(look["at"]) if look else 0.0)
        return None

    @property
    def addresses(self) -> dict[str, str]:
        """The last known private addresses of endpoint and load balancer, by resource key."""
        found: dict[str, str] = {}
        for line in _lines(self.runs, "addresses"):
            found.update(line["found"])
        return {**found, **(self.look.addresses if self.look else {})}

    def picture(self, lang: Language = "en") -> Picture:
        """The demo now, in this language; if it is deleted, as it was before."""
        live = self.live if self.is_gone else {key: self.live[key] for key in self.there}
        accounts = self.accounts
        theirs = accounts.get(self.demo.customers[0].party, accounts[Side.CONSUMER])
        of_sides = {Side.PROVIDER: accounts[Side.PROVIDER], Side.CONSUMER: theirs}
        frame = Frame(self.settings.name, self.place, self.settings.zone, of_sides, self.addresses)
        drawn = picture(self.demo, live, frame, lang)
        return drawn if self.tells_reasons else drawn.without_reasons()


def known(runs: Iterable[RecordedRun], config: Config, look: Look | None = None) -> Known:
    """What is known of the latest demo.  ``runs`` are newest first; there is at least one, or a look."""
    mine = _of_one_demo(list(runs))
    story = Known(mine, look.settings if look else _settings(mine, config), look)
    keys = {r.key for r in story.demo.resources}
    for event in _lines(mine, "event"):
        if event["key"] in keys:
            _note(story, event)
    if look:
        for key in story.there - look.live.keys():
            story.gone[key] = look.at
        for key, live in look.live.items():
            story.gone.pop(key, None)
            story.live[key] = live
            if live.made:
                story.made.setdefault(key, live.made.timestamp())
    elif (test := story.tested) and story.demo.registration.key in story.live:
        _healthy_if_tested(story, test)
    story.live.update(story.demo.with_gateways(story.live))
    return story


def _of_one_demo(runs: Sequence[RecordedRun]) -> list[RecordedRun]:
    """The runs of the latest demo, oldest first: each demo has an id, even under the same name.

    A run that met no resource, since there was none or it was interrupted early, belongs to the demo of its time.
    """
    last = next((id for run in runs if (id := _demo_id(run))), "")
    mine: list[RecordedRun] = []
    for run in runs:
        if _demo_id(run) not in (last, ""):
            break
        mine.insert(0, run)
    while len(mine) > 1 and last and not _demo_id(mine[0]):
        mine.pop(0)
    return mine


def _demo_id(run: RecordedRun) -> str:
    """The id of the run's demo; empty if it met no resource: then the id is one that no demo has."""
    return str(run.head["demo_id"]) if any(line["type"] in ("event", "check") for line in run.lines) else ""


def _settings(runs: Sequence[RecordedRun], config: Config) -> Settings:
    """The recorded settings of the runs, else the current ones."""
    ordered = sorted(runs, key=lambda run: (bool(run.head["demo_id"]), run.head["at"]), reverse=True)
    return next((settings for run in ordered if (settings := settings_of(run))), not_looked_up(config))


def settings_of(run: RecordedRun) -> Settings | None:
    """The recorded settings of a run, if they can be read."""
    try:
        return Settings.model_validate(run.head.get("settings"))
    except ValidationError:
        return None


def _lines(runs: Iterable[RecordedRun], type: str) -> Iterator[LogLine]:
    return (line for run in runs for line in run.lines if line["type"] == type)


def _note(story: Known, event: LogLine) -> None:
    """Record what an event of the engine says about ``live``, ``made`` and ``gone``."""
    key, at = event["key"], float(event["at"])
    match Action(event["action"]):
        case Action.CREATING:
            story.made[key] = at
        case Action.FOUND | Action.CREATED | Action.MENDED | Action.WAITING | Action.READY | Action.DELETING if event[
            "id"
        ]:
            story.gone.pop(key, None)
            before = story.live.get(key)
            live = _live(event)
            # Keep the state from before the delete.
            if not (before and live.phase in (Phase.DELETING, Phase.GONE)):
                story.live[key] = live
        case Action.MISSING | Action.GONE if key in story.live:
            story.gone.setdefault(key, at)
        case _:
            pass


def _live(event: LogLine) -> Live:
    word = event["state"]
    # The state of a target is its health; it exists in any case.
    phase = Phase.READY if event["kind"] == "Registration" or not word else Phase.of(word)
    return Live(event["id"], phase, word, outputs=event["outputs"])


def _healthy_if_tested(story: Known, test: Test) -> None:
    """The engine saw the target before its first health check; a test that passed is newer."""
    key = story.demo.registration.key
    if test.passed and story.made.get(key, 0.0) < test.at:
        story.live[key] = Live(story.live[key].id, Phase.READY, "healthy")
