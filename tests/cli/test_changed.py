"""What a command says it changed, when it ends with an error after it has changed something."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import CredentialRetrievalError

from vpce_demo.aws import environment
from vpce_demo.engine.events import Action, Event
from vpce_demo.errors import DemoError
from vpce_demo.session.run import Run

from .program import Done, World, good

ALL = 32
NOTHING = "Nothing was changed."
EXPIRED = {"do": "error", "code": "ExpiredToken", "status": 400, "message": "The security token is expired"}


@pytest.fixture(scope="module")
def shared_world(world_in_process: World) -> World:
    return world_in_process


def lost(done: Done) -> str:
    """The sign-in was lost after something had been changed.  Returns what was said."""
    assert done.code == 4, done.text
    assert NOTHING not in done.text
    return done.err


def expire_at(world: World, operation: str) -> None:
    world.sandbox.control("faults", {"add": [{**EXPIRED, "operation": operation}]})


def test_a_sign_in_that_ends_in_the_middle_of_down(world: World) -> None:
    good(world.here("up", "--skip-test"))
    expire_at(world, "DeleteSubnet")
    said = lost(world.here("down"))
    left = len(world.recorded())
    assert 0 < left < ALL
    assert f"{ALL - left} of {ALL} resources were deleted so far, which is recorded." in said
    assert f"{left} resources exist now." in said


def test_a_sign_in_that_ends_in_the_middle_of_up(world: World) -> None:
    expire_at(world, "RunInstances")
    said = lost(world.here("up", "--skip-test"))
    made = len(world.recorded())
    # Between the two: what may have been created, where the end came in the middle of a call.
    assert f"{made} resources were created and are recorded." in said
    assert f"{made} resources exist now." in said


def test_a_sign_in_that_has_ended_before_down(world: World) -> None:
    good(world.here("up", "--skip-test"))
    good(world.here("sandbox", "faults", "expire"))
    done = world.here("down")
    assert done.code == 4
    assert NOTHING in done.err
    assert f"{ALL} resources from earlier runs still exist." in done.err
    good(world.here("sandbox", "faults", "clear"))
    assert len(world.recorded()) == ALL


SECONDS = 3
"""How long the credentials of ``PROCESS`` last.  botocore asks for new ones with each call, and uses what it has while
it can."""
PROCESS = """
import datetime, json, pathlib, sys
closed, seconds = sys.argv[1:]
with open(closed + ".asked", "a") as asked:
    asked.write("x")
if pathlib.Path(closed).exists():
    sys.exit("the vault is closed")
until = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=int(seconds))).isoformat()
print(json.dumps({"Version": 1, "AccessKeyId": "sandbox", "SecretAccessKey": "sandbox", "Expiration": until}))
"""


@pytest.mark.extended
def test_a_credential_process_that_fails_in_the_middle_of_down(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = world.config("ssh_from: 198.51.100.7/32\n")
    closed, program = tmp_path / "closed", tmp_path / "process.py"
    program.write_text(PROCESS)
    command = f"{sys.executable} {program} {closed} {SECONDS}"
    (tmp_path / "config").write_text(f"[profile vault]\nregion = us-east-1\ncredential_process = {command}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", world.sandbox.endpoint_url)
    # What is behind the endpoint is the sandbox, whose clock has no waits.
    on_aws = environment.on_aws
    monkeypatch.setattr(environment, "on_aws", lambda config: replace(on_aws(config), pace=1e9))
    state = ["--state-dir", str(tmp_path / "state"), "--profile", "vault", "-c", str(world.directory / config)]
    good(world.on_aws(*state, "up", "--skip-test", "--yes"))

    gone: list[Event] = []
    asked = tmp_path / "closed.asked"

    def close(run: Run, on_event: Any) -> Any:
        def listen(event: Event) -> None:
            on_event(event)
            if event.action is Action.GONE and not gone:
                gone.append(event)
                closed.touch()
                time.sleep(SECONDS)  # what was given before has expired
                asked.write_text("")

        return listen

    down = Run.down
    monkeypatch.setattr(Run, "down", lambda run, hear, *rest, **more: down(run, close(run, hear), *rest, **more))
    said = lost(world.on_aws(*state, "down", "--yes"))
    assert len(asked.read_text()) < 6, "it stops at once, and 24 threads do not each ask again"
    assert "deleted so far, which is recorded." in said
    assert "the credential_process failed" in said
    assert "the vault is closed" not in said, "what it says may be secret"
    assert f"credential_process ({sys.executable}) by hand to see why it fails" in said
    assert "\n    aws configure get credential_process --profile vault\n" in said
    assert f"{program}" not in said


def test_credentials_that_cannot_be_refreshed_in_the_middle_of_down(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    good(world.here("up", "--skip-test"))
    down = Run.down
    using: list[Any] = []

    def losing(run: Run, on_event: Any, *rest: Any, **more: Any) -> Any:
        def listen(event: Event) -> None:
            on_event(event)
            if event.action is Action.GONE:
                for clients in run.environment.clients.values():
                    for client in (clients.ec2, clients.elb, clients.changing_ec2, clients.changing_elb):
                        client.meta.events.register("before-call", fail)
                        using.append(client)

        return down(run, listen, *rest, **more)

    def fail(**_: Any) -> None:
        raise CredentialRetrievalError(provider="x", error_msg="the vault is closed")

    monkeypatch.setattr(Run, "down", losing)
    done = world.here("down")
    for client in using:  # commands of this process share their clients
        client.meta.events.unregister("before-call", fail)
    said = lost(done)
    assert f"of {ALL} resources were deleted so far, which is recorded." in said


def test_an_up_that_created_resources_and_fails_its_test(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(lab: Any, **_: Any) -> Any:
        from vpce_demo.verify.checks import QUESTIONS, CheckFailed, Result
        from vpce_demo.verify.diagnosis.table import Symptom

        failure = CheckFailed("gone", Symptom.GONE)
        yield Result(1, QUESTIONS[0].title(lab), False, "gone", 0.0, failure)
        yield from (Result(q.number, q.title(lab), None, "not run: needs 1") for q in QUESTIONS[1:])

    monkeypatch.setattr("vpce_demo.verify.checks.run", wrong)
    done = world.here("up")
    assert done.code == 6, done.text
    assert f"FAILED  at 1. Exit code 6. {ALL} resources were created and are recorded." in done.text
    assert NOTHING not in done.text
    again = world.here("test")
    assert f"FAILED  at 1. Exit code 6. {NOTHING}" in again.text


def test_an_up_that_created_resources_and_cannot_read_its_prices(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(*_: object) -> None:
        raise DemoError("The refreshed prices cannot be used.")

    monkeypatch.setattr("vpce_demo.cli.up.look_of", unreadable)
    done = world.here("up", "--skip-test")
    assert done.code == 1, done.text
    assert "The refreshed prices cannot be used." in done.err
    assert f"{ALL} resources were created and are recorded." in done.err
    assert NOTHING not in done.text
