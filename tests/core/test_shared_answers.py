"""A describe call is made once for all who ask at the same moment."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from vpce_demo.engine.resource import Answers


def test_those_who_ask_at_once_share_one_call() -> None:
    answers, asked = Answers(), 0
    begun, moment = threading.Barrier(8, timeout=5), time.monotonic()

    def ask() -> str:
        nonlocal asked
        asked += 1
        time.sleep(0.02)
        return "answer"

    def want() -> str:
        begun.wait()
        return str(answers.get("question", ask, moment))

    with ThreadPoolExecutor(8) as pool:
        assert {job.result() for job in [pool.submit(want) for _ in range(8)]} == {"answer"}
    assert asked == 1


def test_an_answer_asked_for_too_early_is_not_taken() -> None:
    answers = Answers()
    assert answers.get("question", lambda: "old", 0) == "old"
    assert answers.get("question", lambda: "new", 0) == "old"
    assert answers.get("question", lambda: "new", time.monotonic()) == "new"


def test_its_age_counts_from_when_it_was_asked_for() -> None:
    answers = Answers()
    meanwhile: list[float] = []
    answers.get("question", lambda: meanwhile.append(time.monotonic()), 0)
    assert answers.get("question", lambda: "asked later", meanwhile[0]) == "asked later"


def test_questions_do_not_wait_for_each_other() -> None:
    answers, both = Answers(), threading.Barrier(2, timeout=5)
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(answers.get, question, both.wait, 0) for question in ("one", "other")]
        assert {job.result() for job in jobs} == {0, 1}


def test_a_question_that_failed_is_asked_again() -> None:
    answers = Answers()

    def fail() -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        answers.get("question", fail, 0)
    assert answers.get("question", lambda: "answer", 0) == "answer"
