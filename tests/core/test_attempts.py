"""The record of a session's exercises, and how much a hint says."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from vpce_demo.exercises.attempts import FILE, Attempt, Attempts
from vpce_demo.exercises.exercise import Call
from vpce_demo.extras import WARNINGS
from vpce_demo.model import Side
from vpce_demo.verify.diagnosis import RULES


def begun(directory: Path, rule: str = "ssh-hangs", *, demo_id: str = "7f3a9c", sandbox: str = "first") -> Attempts:
    attempts = Attempts.load(directory)
    attempts.begin(Attempt.of(rule, "route", demo_id=demo_id, surprise=True), sandbox)
    return attempts


def test_a_record_is_read_as_it_was_written_and_cannot_be_read_by_accident(tmp_path: Path) -> None:
    attempts = begun(tmp_path)
    undo: list[Call] = [(Side.CONSUMER, "delete_subnet", {"SubnetId": "subnet-1"})]
    attempts.all[0].seal("ssh-hangs", "route", undo)
    attempts.all[0].speed = "max"
    attempts.save()
    read = Attempts.load(tmp_path)
    assert read.all == attempts.all
    assert read.all[0].rule == "ssh-hangs"
    assert read.all[0].undo == undo
    text = (tmp_path / FILE).read_text()
    assert not any(word in text for word in ("ssh", "route", "subnet"))


def test_a_record_of_before_sides_is_the_provider_s(tmp_path: Path) -> None:
    attempts = begun(tmp_path)
    old = ["ssh-hangs", "route", [["delete_subnet", {"SubnetId": "subnet-1"}]]]
    attempts.all[0].sealed = base64.b64encode(json.dumps(old).encode()).decode()
    attempts.save()
    assert Attempts.load(tmp_path).all[0].undo == [(Side.PROVIDER, "delete_subnet", {"SubnetId": "subnet-1"})]


def test_an_exercise_is_open_until_it_ends_or_its_demo_does(tmp_path: Path) -> None:
    attempts = begun(tmp_path)
    assert attempts.open("7f3a9c") is attempts.all[0]
    assert attempts.open("another") is None
    assert attempts.open("") is None
    attempts.all[0].ended = "solved"
    assert attempts.open("7f3a9c") is None
    assert Attempts(tmp_path).open("7f3a9c") is None


def test_a_session_is_the_life_of_a_sandbox(tmp_path: Path) -> None:
    begun(tmp_path)
    assert len(begun(tmp_path).all) == 2
    assert len(begun(tmp_path, sandbox="second").all) == 1
    assert len(Attempts.load(tmp_path).all) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1, "sandbox": "a", "attempts": [{}]}', "sealed"])
def test_a_damaged_record_is_named_and_begun_anew(tmp_path: Path, text: str) -> None:
    if text == "sealed":
        attempts = begun(tmp_path)
        attempts.all[0].sealed = "bm90IEpTT04="
        attempts.save()
    else:
        (tmp_path / FILE).write_text(text)
    WARNINGS.begin()
    assert Attempts.load(tmp_path).all == []
    assert WARNINGS.sentences == [
        f"The record of exercises {tmp_path / FILE} cannot be used: it is damaged. A new one begins."
    ]


def test_a_hint_says_less_than_the_cause() -> None:
    for rule in RULES:
        assert rule.likely not in (rule.about.value, rule.confirmed_by)
