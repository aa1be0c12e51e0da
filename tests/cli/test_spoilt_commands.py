"""Every command, and answers that are not AWS's: one of them does no harm, and where they stay it says so.

``make test-extended`` tries each command with one kind, ``make test-all`` every command with every kind.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from tools.account import account
from vpce_demo.aws.environment import Environment
from vpce_demo.model import Side
from vpce_demo.sandbox.api.faults import InjectedFault
from vpce_demo.sandbox.api.spoil import SPOILS
from vpce_demo.sandbox.server import Sandbox

from .stage import Stage, write_server_file

pytestmark = [pytest.mark.extended, pytest.mark.usefixtures("gives_up_soon")]

READING = {
    "status": "status",
    "status check": "status --check",
    "plan": "plan",
    "test": "test",
    "doctor": "doctor",
    "diagram": "diagram",
    "adopt": "adopt --yes",
    "up": "up --yes --skip-test",
}
"""Commands that only read where a demo stands and nothing is to be changed."""
CHANGING = {
    "create-provider": "Create*",
    "create-endpoint-service": "Create*",
    "create-consumer": "Create*",
    "accept": "Accept*",
    "down": "Delete*",
}
"""Commands that change something, in the order of a demo's life, and what each of them calls."""


def sampled(rows: list[tuple[str, str]], names: list[str]) -> list[Any]:
    """All pairs, of which one for each name, with another kind each, is not slow."""
    few = set(zip(names, cycle(SPOILS)))
    return [pytest.param(*row, marks=() if row in few else pytest.mark.slow, id="-".join(row)) for row in rows]


TABLE = sampled([(name, how) for name in READING for how in SPOILS], list(READING))


@pytest.fixture
def faults(module_sandbox: Sandbox) -> Iterator[Any]:
    yield module_sandbox.faults
    module_sandbox.faults.clear()


@pytest.mark.parametrize(("name", "how"), TABLE)
def test_a_command_whose_answers_stay_spoilt(stage: Stage, faults: Any, name: str, how: str) -> None:
    """Once AWS has answered a few calls, nothing that comes is an answer."""
    faults.add(InjectedFault("spoil-before", "DescribeSecurityGroups", how=how))
    code, document, err = stage.run(*READING[name].split())
    assert "Traceback" not in err
    assert code == 1, (document, err)
    said = json.dumps(document.get("error", document))  # doctor goes on with its other lines
    assert "The answer to DescribeSecurityGroups is not a valid answer of AWS." in said
    assert "A proxy or a portal" in said


@pytest.mark.parametrize(("name", "how"), TABLE)
def test_a_command_of_which_one_answer_is_spoilt(stage: Stage, faults: Any, name: str, how: str) -> None:
    fault = InjectedFault("spoil-after", "*", how=how, nth=7)
    faults.add(fault)
    code, document, err = stage.run(*READING[name].split())
    assert (code, fault.struck) == (0, 1), (document, err)
    assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.parametrize("how", SPOILS)
def test_a_life_in_which_each_command_meets_a_spoilt_answer(
    sandbox: Sandbox, place: Environment, tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    """What was made is found, and nothing is made twice or left behind."""
    before = account(place.clients[Side.PROVIDER])
    write_server_file(sandbox, tmp_path / "state")
    stage = Stage(tmp_path / "state", place.clients[Side.PROVIDER], {}, capsys)
    for command, operation in CHANGING.items():
        sandbox.faults.clear()
        fault = InjectedFault("spoil-after", operation, how=how, nth=1)
        sandbox.faults.add(fault)
        code, document, err = stage.run(command, "--yes")
        assert (code, fault.struck) == (0, 1), (command, document, err)
        assert "Traceback" not in err
    assert account(place.clients[Side.PROVIDER]) == before
