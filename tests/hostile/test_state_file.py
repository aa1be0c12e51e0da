"""The state file: whatever stands in it, it is used or refused, and left as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpce_demo.aws.environment import Environment
from vpce_demo.config.load import load
from vpce_demo.errors import DemoError
from vpce_demo.journal.state_file import LARGEST_FILE, StateFile
from vpce_demo.session.discover import not_looked_up
from vpce_demo.session.run import Run

from .cases import MANY, almost, as_json, everything_in, only, torn, values, within_bounds

OpenRun = Callable[..., AbstractContextManager[Run]]


def whole(place: Environment) -> dict[str, Any]:
    """What the program itself writes."""
    entry = {"kind": "Vpc", "id": "vpc-0a0a0a0a0a0a0a0a0", "token": "t", "at": 1.0e9, "outputs": {"a": "b"}}
    return {
        "version": 1,
        "sides": {str(side): dict(facts) for side, facts in place.accounts.items()},
        "place": place.id,
        "settings": not_looked_up(load(None, {}), "7f3a9c").model_dump(),
        "resources": {"provider-vpc": entry, "web": {"kind": "Instance", "token": "u", "at": 5.0}},
    }


def kept_in(directory: Path) -> dict[str, tuple[int, bytes]]:
    return {name: kept for name, kept in everything_in(directory).items() if not name.endswith("lock")}


def used_or_refused(open_run: OpenRun, directory: Path) -> bool:
    """Whether it was used: opened as a command does it, and asked all that it is asked."""
    before = kept_in(directory)
    with only(DemoError) as refused, open_run(directory, makes=False) as run:
        assert all(age >= 0 for age in run.state.recent.values())
        assert all(intent.age >= 0 for intent in run.state.intents.values())
        assert len(run.demo.resources) == 32
    for error in refused:
        assert error.exit_code in (1, 5)
    assert kept_in(directory) == before
    return not refused


def put(directory: Path, content: bytes) -> None:
    path = directory / "sandbox" / "vpce-demo" / "state.json"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_bytes(content)


@MANY
@given(data=st.data())
def test_any_bytes(place: Environment, open_run: OpenRun, tmp_path: Path, data: st.DataObject) -> None:
    text = json.dumps(whole(place), indent=2).encode()
    put(tmp_path, data.draw(st.binary(max_size=300) | torn(text) | values().map(lambda v: as_json(v).encode())))
    used_or_refused(open_run, tmp_path)


@MANY
@given(data=st.data())
def test_any_values(place: Environment, open_run: OpenRun, tmp_path: Path, data: st.DataObject) -> None:
    put(tmp_path, as_json(data.draw(almost(whole(place)))).encode())
    used_or_refused(open_run, tmp_path)


def test_what_the_program_writes_is_used(place: Environment, open_run: OpenRun, tmp_path: Path) -> None:
    put(tmp_path, json.dumps(whole(place)).encode())
    assert used_or_refused(open_run, tmp_path)


def with_entry(**changes: Any) -> Callable[[dict[str, Any]], bytes]:
    def make(document: dict[str, Any]) -> bytes:
        document["resources"]["web"].update(changes)
        return as_json(document).encode()

    return make


def text(content: str | bytes) -> Callable[[dict[str, Any]], bytes]:
    return lambda document: content if isinstance(content, bytes) else content.encode()


CORPUS: dict[str, tuple[Callable[[dict[str, Any]], bytes], str]] = {
    "nothing": (text(""), "not JSON"),
    "deep lists": (text("[" * 100_000), "recursion limit"),
    "deep settings": (text('{"version": 1, "settings": ' + '{"a":' * 100_000), "recursion limit"),
    "a NUL": (text('{"version": 1\0}'), "not JSON"),
    "UTF-16": (text('{"version": 1}'.encode("utf-16")), "not JSON"),
    "half a character": (text('{"version": 1, "place": "\\ud800"}'), "not JSON"),
    "a huge version": (text('{"version": 1' + "0" * 4000 + "}"), "a newer vpce-demo wrote it"),
    "a huger version": (text('{"version": 1' + "0" * 5000 + "}"), "not JSON"),
    "version of another kind": (text('{"version": true}'), "wrong kind: version"),
    "version 0": (lambda d: as_json({**d, "version": 0}).encode(), "wrong kind: version"),
    "an escape in a key": (lambda d: as_json({**d, "\x1b[2J": 1}).encode(), "wrong kind: ?[2J"),
    "a time that is none": (with_entry(at="yesterday"), "wrong kind: resources.web.at"),
    "a time without end": (with_entry(at=float("inf")), "wrong kind: resources.web.at"),
    "no time at all": (with_entry(at=float("nan")), "wrong kind: resources.web.at"),
    "an id that is none": (with_entry(id=None), "wrong kind: resources.web.id"),
    "outputs that are none": (with_entry(outputs=["a"]), "wrong kind: resources.web.outputs"),
    "an output of another kind": (with_entry(outputs={"a": 1}), "wrong kind: resources.web.outputs.a"),
    "another field": (with_entry(shell="rm"), "wrong kind: resources.web.shell"),
    "settings out of bounds": (
        lambda d: as_json({**d, "settings": {"\x1b": {}}}).encode(),
        "settings in the state file",
    ),
    "another account": (lambda d: as_json({**d, "sides": {"provider": {}}}).encode(), "belongs to another AWS account"),
}


@pytest.mark.parametrize("case", CORPUS)
def test_a_known_trick(place: Environment, open_run: OpenRun, tmp_path: Path, case: str) -> None:
    make, words = CORPUS[case]
    put(tmp_path, make(whole(place)))
    before = kept_in(tmp_path)
    with within_bounds(), pytest.raises(DemoError) as caught, open_run(tmp_path, makes=False):
        pass
    assert words in caught.value.message
    assert kept_in(tmp_path) == before


def test_what_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / "state.json").open("wb") as file:
        file.truncate(LARGEST_FILE * 1000)  # a hole, not written
    with within_bounds(), pytest.raises(DemoError, match=f"larger than {LARGEST_FILE} bytes"):
        StateFile.load(tmp_path)
