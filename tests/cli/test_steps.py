"""The tutorial step by step: six commands, each a process of its own that knows only what the last one left."""

from __future__ import annotations

import pytest

from .program import PAGE, STAGES, World, good

TOO_EARLY = [
    # what is there already, what is asked for, words that name what is missing, the command to run first
    (0, "create-endpoint-service", ("Network Load Balancer MyNetwork-LB",), "create-provider"),
    (0, "create-consumer", ("endpoint service MyEndpointService",), "create-endpoint-service"),
    (1, "create-consumer", ("endpoint service MyEndpointService",), "create-endpoint-service"),
    (0, "accept", ("VPC endpoint MyEndpoint",), "create-consumer"),
    (2, "accept", ("VPC endpoint MyEndpoint",), "create-consumer"),
    (0, "test", ("endpoint service MyEndpointService", "instance Webserver1"), "up"),
    (2, "test", ("VPC endpoint MyEndpoint", "instance Customer_EC2"), "up"),
]


def test_the_six_commands_make_the_page_travel_and_leave_nothing(world: World) -> None:
    before = world.account()
    for stage, following in zip(STAGES, (*STAGES[1:], "test"), strict=True):
        done = good(world.run(stage))
        assert f"vpce-demo {stage}   demo vpce-demo" in done.err
        assert f"vpce-demo --sandbox {following}" in done.err
    tested = good(world.run("test"))
    assert PAGE in tested.out.splitlines()
    assert "PASSED  8 of 8" in tested.out
    destroyed = good(world.run("destroy"))
    assert "nothing left" in destroyed.out
    assert world.account() == before
    assert not world.demo_directory().parent.exists()


def test_a_stage_run_again_has_nothing_to_do(world: World) -> None:
    assert world.run("create-provider").code == 0
    with world.nothing_changes():
        again = world.run("create-provider")
    assert again.code == 0
    assert "Nothing to do" in again.out


@pytest.mark.parametrize(("there", "command", "missing", "first"), TOO_EARLY)
def test_too_early(world: World, there: int, command: str, missing: tuple[str, ...], first: str) -> None:
    if there:
        assert world.run("up", "--until", STAGES[there - 1]).code == 0
    with world.nothing_changes():
        done = world.run(command)
    assert done.code == 5
    assert f"too early for {command}" in done.err
    for words in missing:
        assert words in done.err
    assert f"vpce-demo --sandbox {first}" in done.err
    assert "Nothing was changed." in done.err
