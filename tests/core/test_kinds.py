"""What every kind promises, held over every resource of the tutorial and its chapters in a sandbox."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from tools.account import account
from vpce_demo.chapters import CHAPTERS, demo_of
from vpce_demo.config.load import load
from vpce_demo.config.settings import TUTORIAL
from vpce_demo.engine.events import Action, Event
from vpce_demo.engine.resource import closure
from vpce_demo.model import Live, Phase, Side
from vpce_demo.sandbox.api.faults import InjectedFault
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.discover import not_looked_up
from vpce_demo.session.ownership import Unrecorded
from vpce_demo.session.run import Run

OpenRun = Callable[..., AbstractContextManager[Run]]
EVERY = (TUTORIAL, *CHAPTERS)
RESOURCES = demo_of(not_looked_up(load(None, {})).model_copy(update={"chapters": EVERY})).resources
KEYS = [r.key for r in RESOURCES]
FIRST = {r.kind: r.key for r in reversed(RESOURCES)}
"""The first resource of each kind, which is enough in the ordinary run."""


@pytest.fixture(scope="module")
def shared(open_run: OpenRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One demo for the module: each test first mends what another may have left."""
    with open_run(tmp_path_factory.mktemp("state"), chapters=EVERY) as run:
        yield run


def made_by_up(run: Run) -> set[str]:
    events: list[Event] = []
    run.up(run.demo.resources, events.append, None)
    return {event.resource.key for event in events if event.action is Action.CREATED}


def seen(run: Run) -> dict[str, Live]:
    """What the last command saw."""
    return dict(run.sides[Side.PROVIDER].known)


def ids(lives: dict[str, Live]) -> dict[str, str]:
    return {key: live.id for key, live in lives.items()}


@pytest.mark.parametrize(
    "key", [key if key in FIRST.values() else pytest.param(key, marks=pytest.mark.slow) for key in KEYS]
)
@pytest.mark.sampled(6)
def test_the_life_of_a_resource(shared: Run, key: str) -> None:
    made_by_up(shared)
    everything = shared.demo.resources
    this = next(r for r in everything if r.key == key)
    before = seen(shared)
    assert before[key].phase is Phase.READY

    # Somebody else deletes it.  AWS lets nothing go that something stands on, so that goes first, and no more.
    standing_on_it = [r for r in everything if this in closure([r])]
    assert shared.engine().down(standing_on_it, [standing_on_it]) == []
    left = shared.look()
    keys = {r.key for r in standing_on_it}
    assert ids(left) == {k: id for k, id in ids(before).items() if k not in keys}, "delete undoes one create"

    # A rejected endpoint cannot be accepted again, so taking the acceptance back spoils the endpoint.
    spoiled = {k for k, live in left.items() if live.phase is Phase.FAILED}
    assert made_by_up(shared) == keys | spoiled, "what is missing is made again, and nothing else"
    assert seen(shared)[key].phase is Phase.READY


def test_a_key_pair_that_is_shown_by_its_name_before_its_tags_is_ours(
    shared: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a run that was killed in its create call: the id is not on record."""
    made_by_up(shared)
    pair = shared.demo.web.key_pair
    nothing_recorded = replace(shared.sides[Side.PROVIDER].fresh_after(time.monotonic()), records=dict)
    monkeypatch.setattr(type(nothing_recorded), "listed", lambda self, listing: [])
    (found,) = pair.find(nothing_recorded)
    assert (found.id, found.phase) == (seen(shared)[pair.key].id, Phase.READY)


def changes(sandbox: Sandbox) -> set[str]:
    """The operations that changed something since the account was emptied."""
    return {call.operation for call in sandbox.calls() if not call.operation.startswith(("Describe", "Get"))}


def test_nothing_is_seen_before_and_nothing_is_left_after(sandbox: Sandbox, open_run: OpenRun, tmp_path: Path) -> None:
    """Nor without the state file; and a lost answer to any change hides nothing of what was created.

    A create call asked again tells of what stands by then, which can be ready, and of less than a look shows.
    """
    with open_run(tmp_path / "first", chapters=EVERY) as run:
        clients = run.sides[Side.PROVIDER].clients
        empty = account(clients)
        assert run.look() == {}
        assert made_by_up(run) == set(KEYS)
        made = ids(run.look())
        assert run.state.ids == made
        assert made_by_up(run) == set(), "up twice makes one"
        assert len(account(clients)) > len(empty)
    with open_run(tmp_path / "lost", unrecorded=Unrecorded.ADOPT) as run:
        assert ids(run.look()) == made
    with open_run(tmp_path / "other", makes=False, unrecorded=Unrecorded.DELETE_OWN) as run:
        assert run.down(lambda event: None, None) == []
        assert run.look() == {}
    assert account(clients) == empty

    sandbox.faults.add(*(InjectedFault("drop-after", name, nth=1) for name in changes(sandbox)))
    try:
        with open_run(tmp_path / "third", chapters=EVERY) as run:
            made_by_up(run)
            known = {key: live.outputs for key, live in seen(run).items()}
            assert known == {key: live.outputs for key, live in run.look().items()}
            assert run.down(lambda event: None, None) == []
        assert account(clients) == empty
    finally:
        sandbox.faults.clear()
    assert [path.name for path in (tmp_path / "third").iterdir()] == ["logs"], "no other file is left"
