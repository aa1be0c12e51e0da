"""How ``up`` makes a chapter: its network, then a look without the endpoints, the control, and then those."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from ..chapters import chapter_named
from ..chapters.chapter import Chapter
from ..engine.resource import Resource
from ..model import Live
from ..session.run import Run
from ..ui.progress import checking
from ..ui.style import Screen
from ..verify.checks import CheckFailed
from .app import App
from .test import checks_of

Part = tuple[Sequence[Resource], Callable[[], None] | None]


def parts_of(app: App, run: Run, name: str, there: Mapping[str, Live]) -> Iterator[Part]:
    """The parts of a chapter in the order in which they are made, each with what is to be done after it.

    Where one of the endpoints is there, it is too late to look without them.
    """
    chapter = chapter_named(name)
    resources = run.demo.in_chapter(name)
    if any(key in there for key in chapter.endpoints):
        yield resources, None
        return
    yield [r for r in resources if r.key not in chapter.endpoints], partial(_look_before, app, run, chapter)
    yield resources, None


def _look_before(app: App, run: Run, chapter: Chapter) -> None:
    """Ask what the endpoints are to change, and record the answer.  A failure is said, and holds up nothing."""
    screen = app.screen()
    lab = checks_of(run, run.demo.only(chapter.name), None)
    with checking(screen, app.get("progress", "auto"), 0, "before the endpoints"):
        try:
            seen = chapter.before(lab)
        except CheckFailed as failed:
            _say(screen, failed.message, "!")
            return
    _say(screen, seen, "✓")
    run.state.settings["before"] = {**run.state.settings.get("before", {}), chapter.name: seen}
    run.state.save()
    run.settings = run.settings.model_copy(update={"before": run.state.settings["before"]})


def _say(screen: Screen, seen: str, mark: str) -> None:
    if not screen.quiet:
        screen.entry(f"{screen.said('Before the endpoints:')} ", seen, mark=mark, to_err=True)
