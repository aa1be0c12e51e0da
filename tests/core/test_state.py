"""The journal: noted before and after, whole at every moment, the owner's alone; and its lock."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from vpce_demo.changes import CHANGES
from vpce_demo.config.model import Config
from vpce_demo.config.settings import Where
from vpce_demo.engine.events import Action, Event
from vpce_demo.errors import DemoError, Locked
from vpce_demo.extras import WARNINGS
from vpce_demo.journal.state_file import StateFile, locked, remove_if_empty
from vpce_demo.model import Live, Phase, Side
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.noting import noting
from vpce_demo.session.open import forget_if_the_sandbox_is_another
from vpce_demo.session.run import Run

from .fake_resources import Thing, World, refusal

BY_TAGS = "AWS knows the demo by its tags."


@pytest.fixture
def state(tmp_path: Path) -> StateFile:
    return StateFile(
        tmp_path / "demo",
        "vpce-demo",
        sides={"provider": {"account": "1", "region": "r"}},
        settings={"name": "vpce-demo"},
    )


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def one(world: World) -> Thing:
    return Thing("one", Side.PROVIDER, "One", world)


def again(state: StateFile) -> StateFile:
    """As the next process would see it."""
    return StateFile.load(state.directory)


# --- what is noted, and when ------------------------------------------------------------


def test_the_intent_is_on_disk_before_the_create_and_the_id_right_after(
    state: StateFile, world: World, one: Thing
) -> None:
    seen: list[tuple[str, dict[str, str]]] = []

    def look_on_disk() -> None:
        seen.append((again(state).intents["one"].token, again(state).ids))

    one.ways.at_create = look_on_disk
    above = Thing("above", Side.PROVIDER, "Above", world, (one,))
    above.ways.at_create = lambda: seen.append(("", again(state).ids))
    world.engine(state.on_event).up([one, above])
    (token, nothing), (_, ids) = seen
    assert token == world.tokens["one"][0]
    assert nothing == {}
    assert ids == {"one": world.there["one"][0].id}
    assert again(state).intents == {}


def test_a_create_that_failed_leaves_its_token_for_the_next_try(state: StateFile, world: World, one: Thing) -> None:
    one.ways.create_refusals = [refusal("InternalError")]
    world.engine(state.on_event).up([one])
    later = again(state)
    world.engine(later.on_event, intents=dict(later.intents)).up([one])
    first, second = world.tokens["one"]
    assert first == second


def test_a_create_that_aws_refused_for_certain_leaves_no_intent(state: StateFile, world: World, one: Thing) -> None:
    one.ways.create_refusals = [refusal("VpcLimitExceeded", status=400)]
    assert world.engine(state.on_event).up([one])
    assert again(state).intents == {}


def test_the_age_of_an_intent_goes_on_while_nobody_runs(state: StateFile, one: Thing) -> None:
    state.on_event(Event(Action.CREATING, one, token="t"))
    state.entries["one"].at -= 100
    state.save()
    assert 100 <= again(state).intents["one"].age < 110


def test_what_is_gone_is_taken_out(state: StateFile, one: Thing) -> None:
    live = Live("one-1", outputs={"dns_name": "x"})
    state.on_event(Event(Action.FOUND, one, live))
    assert again(state).id("one") == "one-1"
    assert again(state).entries["one"].outputs == {"dns_name": "x"}
    state.on_event(Event(Action.GONE, one))
    assert again(state).ids == {}


def test_what_somebody_else_deleted_is_taken_out_but_an_intent_stays(state: StateFile, one: Thing) -> None:
    state.on_event(Event(Action.CREATED, one, Live("one-1")))
    state.on_event(Event(Action.MISSING, one))
    assert again(state).entries == {}
    state.on_event(Event(Action.CREATING, one, token="t"))
    state.on_event(Event(Action.MISSING, one))
    assert set(again(state).intents) == {"one"}


@pytest.mark.parametrize("action", [Action.WAITING, Action.RETRYING, Action.DELETING, Action.FAILED, Action.SKIPPED])
def test_the_rest_of_the_story_is_not_written(state: StateFile, one: Thing, action: Action) -> None:
    state.on_event(Event(action, one, Live("one-1", Phase.PENDING), note="x"))
    assert not state.path.exists()


def test_what_is_known_already_is_not_written_again(state: StateFile, one: Thing) -> None:
    state.on_event(Event(Action.CREATED, one, Live("one-1")))
    before = state.path.stat().st_ino
    state.on_event(Event(Action.FOUND, one, Live("one-1")))
    assert state.path.stat().st_ino == before


def test_it_says_the_same_to_the_next_process(state: StateFile, one: Thing) -> None:
    state.place = "boot-1"
    state.on_event(Event(Action.CREATED, one, Live("one-1")))
    assert again(state) == state


def test_nothing_secret_is_in_it(
    sandbox: Sandbox, open_run: Callable[..., AbstractContextManager[Run]], tmp_path: Path
) -> None:
    with open_run(tmp_path) as run:
        run.up(run.demo.resources, lambda event: None, None)
        text = run.state.path.read_text()
        secret = run.state.key_file.read_text().splitlines()
        assert len(secret) > 3
        assert not [line for line in secret if line in text]
        assert run.settings.public_key in text
        assert sandbox.token not in text
        assert [oct(path.stat().st_mode & 0o777) for path in (run.state.path, run.state.key_file)] == ["0o600"] * 2


# --- how it is written ------------------------------------------------------------------------


def test_only_its_owner_can_look_into_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        state = StateFile(tmp_path / "new" / "demo")
        state.save()
    finally:
        os.umask(before)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (state.path, state.directory, tmp_path / "new")}
    assert modes == {"state.json": "0o600", "demo": "0o700", "new": "0o700"}


def test_a_crash_while_it_is_written_leaves_the_old_one_whole(
    state: StateFile, one: Thing, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.on_event(Event(Action.CREATED, one, Live("one-1")))

    class PowerCut(BaseException):
        pass

    def cut(*paths: Any) -> None:
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", cut)
        with pytest.raises(PowerCut):
            state.on_event(Event(Action.CREATED, one, Live("one-2")))
    assert again(state).id("one") == "one-1"
    state.on_event(Event(Action.CREATED, one, Live("one-3")))
    assert again(state).id("one") == "one-3"
    assert [path.name for path in state.directory.iterdir()] == ["state.json"]


def test_a_disk_that_is_full_is_told_with_the_file_s_name(state: StateFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DemoError, match="No space left on device") as caught:
        state.save()
    assert str(state.path) in caught.value.message


@pytest.fixture
def unwritable(state: StateFile) -> StateFile:
    """A state file with a record that can be written no more, as on a full disk."""
    state.save()
    state.path.with_suffix(".json.new").mkdir()
    CHANGES.begin()
    WARNINGS.begin()
    return state


def test_a_create_that_cannot_be_recorded_is_not_requested(unwritable: StateFile, world: World, one: Thing) -> None:
    with pytest.raises(DemoError, match="cannot be written"):
        world.engine(noting(unwritable.on_event)).up([one])
    assert not any(world.there.values())
    assert CHANGES.is_empty


def test_a_create_whose_answer_cannot_be_recorded_is_named(state: StateFile, world: World, one: Thing) -> None:
    one.ways.at_create = lambda: (state.directory / "state.json.new").mkdir()
    CHANGES.begin()
    WARNINGS.begin()
    assert world.engine(noting(state.on_event)).up([one]) == []
    assert list(again(state).intents) == ["one"], "the next run finds it"
    assert CHANGES.sentence() == "1 resource was created. Not all of that is recorded; the tags in AWS tell it."
    assert WARNINGS.sentences == [
        f"The state file {state.path} cannot be written: {state.path}.new is a directory. {BY_TAGS}"
    ]


def test_a_record_that_cannot_be_written_keeps_nothing_from_being_deleted(
    state: StateFile, world: World, one: Thing
) -> None:
    above = Thing("above", Side.PROVIDER, "Above", world, (one,))
    world.engine(state.on_event).up([one, above])
    (state.directory / "state.json.new").mkdir()
    WARNINGS.begin()
    assert world.engine(state.on_event).down([one, above], [[above], [one]]) == []
    assert not any(world.there.values())
    assert len(WARNINGS.sentences) == 1, "however often it was tried"


# --- files that are none -------------------------------------------------------------------------


def test_no_file_is_an_empty_state(tmp_path: Path) -> None:
    assert StateFile.load(tmp_path).entries == {}


WHOLE: dict[str, Any] = {"version": 1, "sides": {}, "place": "", "settings": {}, "resources": {}}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not JSON"),
        (b'{"version": 1, "sides"', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "wrong kind"),
        (b"{}", "missing"),
        (json.dumps({**WHOLE, "version": 2}).encode(), "newer vpce-demo"),
        (json.dumps({**WHOLE, "sides": []}).encode(), "wrong kind"),
        (json.dumps({**WHOLE, "settings": 7}).encode(), "wrong kind"),
        (json.dumps({**WHOLE, "resources": {"web": "i-1"}}).encode(), "wrong kind"),
        (json.dumps({**WHOLE, "resources": {"web": {"kind": "Instance", "colour": "red"}}}).encode(), "wrong kind"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_left_alone(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(content)
    with pytest.raises(DemoError, match=why) as caught:
        StateFile.load(tmp_path)
    assert str(path) in caught.value.message
    assert f"mv {path}" in caught.value.hint
    assert path.read_bytes() == content


def test_settings_of_the_wrong_shape_are_told_with_the_file_s_name(
    sandbox: Sandbox, open_run: Callable[..., AbstractContextManager[Run]], tmp_path: Path
) -> None:
    path = tmp_path / "sandbox" / "vpce-demo" / "state.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({**WHOLE, "settings": {"name": 7}}))
    for makes in (True, False):
        with pytest.raises(DemoError, match="demo_id") as caught, open_run(tmp_path, makes=makes):
            pass
        assert str(path) in caught.value.message


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "state.json").mkdir()
    with pytest.raises(DemoError, match=r"state\.json"):
        StateFile.load(tmp_path)


@pytest.mark.parametrize("field", ["id", "token"])
@pytest.mark.parametrize("value", ["vpc-1\x1b[2J", "vpc-1\n", " ", "vpc-\u202e1", "v" * 3000])
def test_a_damaged_entry_is_named_and_left_out(tmp_path: Path, field: str, value: str) -> None:
    entries = {"web": {"kind": "Instance", "id": "i-1"}, "provider-vpc": {"kind": "Vpc", "id": "vpc-1", field: value}}
    path = tmp_path / "state.json"
    path.write_text(json.dumps({**WHOLE, "resources": entries}))
    WARNINGS.begin()
    assert StateFile.load(tmp_path).ids == {"web": "i-1"}
    assert WARNINGS.sentences == [
        f"The state file {path} is damaged: resources.provider-vpc.{field} is not a valid {field}. It is left out."
    ]


# --- forgetting ---------------------------------------------------------------------------------------


def test_forgetting_leaves_no_file(state: StateFile) -> None:
    with locked(state.directory, "down"):
        state.save()
        state.key_file.write_text("x")
        state.known_hosts.write_text("x")
        (state.directory / "state.json.new").write_text("what a killed process was writing")
        state.forget()
        assert [path.name for path in state.directory.iterdir()] == ["lock"]
        with pytest.raises(Locked), locked(state.directory, "up"):
            pass
    assert (state.settings, state.sides, state.place, state.entries) == ({}, {}, "", {})
    assert not state.directory.parent.exists()


def test_forgetting_leaves_what_is_not_ours(state: StateFile) -> None:
    state.save()
    notes = state.directory / "my-notes.txt"
    notes.write_text("keep")
    state.forget()
    assert notes.read_text() == "keep"


# --- the lock ---------------------------------------------------------------------------------------------

HOLD = """
import sys, time
from pathlib import Path
from vpce_demo.journal.state_file import locked
with locked(Path(sys.argv[1]), "up"):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(directory: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", HOLD, str(directory)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_refused_and_told_who_is_at_work(tmp_path: Path) -> None:
    with holder(tmp_path) as first:
        try:
            with pytest.raises(Locked) as caught, locked(tmp_path, "down"):
                pass
            assert caught.value.exit_code == 9
            assert f"process {first.pid}, vpce-demo up" in caught.value.facts["held by"]
        finally:
            first.communicate()
    with locked(tmp_path, "down"):
        assert "vpce-demo down" in (tmp_path / "lock").read_text()


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    with holder(tmp_path) as first:
        first.send_signal(signal.SIGKILL)
        first.communicate()
    with locked(tmp_path, "up"):
        pass


def test_the_end_of_a_run_leaves_the_lock_of_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = Where(Config(), tmp_path, sandbox=True)
    StateFile(where.directory, place="a sandbox that has stopped").save()
    release = FileLock.release
    with contextlib.ExitStack() as next_run:

        def another_run_takes_it(lock: FileLock) -> None:
            monkeypatch.undo()
            release(lock)
            next_run.enter_context(locked(where.directory, "up"))

        monkeypatch.setattr(FileLock, "release", another_run_takes_it)
        assert forget_if_the_sandbox_is_another(where, "the sandbox of now")
        with pytest.raises(Locked, match="at work"), locked(where.directory, "down"):
            pass


def test_the_lock_is_let_go_when_the_work_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyError), locked(tmp_path, "up"):
        raise KeyError
    with locked(tmp_path, "up"):
        assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DemoError, match="file is not a directory"), locked(tmp_path / "file" / "demo", "up"):
        pass


def test_who_makes_nothing_goes_on_without_a_lock(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    WARNINGS.begin()
    with locked(tmp_path / "file" / "demo", "down", makes=False):
        (warning,) = WARNINGS.sentences
    assert warning.startswith(f"The lock {tmp_path}/file/demo/lock cannot be made: ")
    with locked(tmp_path, "up"), pytest.raises(Locked), locked(tmp_path, "down", makes=False):
        pass


def test_a_directory_is_not_removed_with_what_another_process_puts_into_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "sandbox"
    shared.mkdir()
    rmdir = Path.rmdir

    def too_late(directory: Path) -> None:
        (directory / "another-demo").mkdir()
        rmdir(directory)

    monkeypatch.setattr(Path, "rmdir", too_late)
    remove_if_empty(shared)
    assert (shared / "another-demo").is_dir()
    monkeypatch.undo()
    rmdir(shared / "another-demo")
    remove_if_empty(shared)
    assert not shared.exists()
