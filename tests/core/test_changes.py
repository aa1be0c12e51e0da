"""What a command says it changed is derived from what it did."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.exceptions import ConnectionClosedError, CredentialRetrievalError

from vpce_demo.changes import NOTHING_CHANGED, Changes
from vpce_demo.engine.events import Action, Event
from vpce_demo.errors import DemoError
from vpce_demo.model import Live, Phase
from vpce_demo.session.noting import noting

from .fake_resources import Thing, World, refusal, thing

LOST = ConnectionClosedError(endpoint_url="https://x")


@pytest.fixture
def world() -> World:
    return World()


def done(world: World, act: Callable[[World, Callable[[Event], None]], object]) -> str:
    """What is said after this."""
    changes = Changes()
    act(world, noting(lambda event: None, changes))
    return changes.sentence()


def things(world: World) -> list[Thing]:
    """One that stands on another, and one that goes with it."""
    vpc = thing(world, "vpc")
    web = thing(world, "web", vpc)
    return [vpc, web, thing(world, "rule", web, part_of=web)]


def made(world: World) -> list[Thing]:
    found = things(world)
    assert world.engine().up(found) == []
    return found


def test_nothing_is_done() -> None:
    assert Changes().sentence() == NOTHING_CHANGED
    assert Changes().is_empty


def test_what_is_there_is_no_change(world: World) -> None:
    all = made(world)
    assert done(world, lambda world, hear: world.engine(hear).up(all)) == NOTHING_CHANGED


def test_what_was_created_is_counted(world: World) -> None:
    all = things(world)
    all[2].ways.create_refusals = [refusal("InvalidParameterValue", status=400)]
    assert done(world, lambda world, hear: world.engine(hear).up(all)) == "2 resources were created and are recorded."


def test_one_is_not_many(world: World) -> None:
    all = things(world)
    all[1].ways.create_refusals = [refusal("InvalidParameterValue", status=400)]
    assert done(world, lambda world, hear: world.engine(hear).up(all)) == "1 resource was created and is recorded."


def test_what_was_deleted_is_counted_with_what_goes_with_it(world: World) -> None:
    all = made(world)
    all[0].ways.delete_refusals = [refusal("UnauthorizedOperation", status=403)]
    told = done(world, lambda world, hear: world.engine(hear).down(all, []))
    assert told == "2 of 3 resources were deleted so far, which is recorded."


def test_when_all_is_deleted_nothing_is_to_come(world: World) -> None:
    one = made(world)[:1]
    told = done(world, lambda world, hear: world.engine(hear).down(one, []))
    assert told == "1 resource was deleted, which is recorded."


def test_what_is_still_being_deleted_is_counted_apart(world: World) -> None:
    all = made(world)
    all[1].ways.lingers = 1000
    told = done(world, lambda world, hear: world.engine(hear, timeout_seconds=0.3).down(all, []))
    assert told == "1 of 3 resources is being deleted."


@pytest.mark.parametrize("error", [LOST, refusal("InternalError", status=500)])
def test_a_request_without_an_answer_may_have_been_carried_out(world: World, error: Exception) -> None:
    all = things(world)
    all[0].ways.create_refusals = [error] * 10_000
    told = done(world, lambda world, hear: world.engine(hear, timeout_seconds=0.3).up(all))
    assert told == "1 resource may have been created."


@pytest.mark.parametrize(
    "error",
    [
        refusal("VpcLimitExceeded", status=400),
        refusal("RequestExpired", status=400),
        CredentialRetrievalError(provider="x", error_msg="x"),
    ],
)
def test_a_refused_request_changed_nothing(world: World, error: Exception) -> None:
    all = things(world)
    all[0].ways.create_refusals = [error]
    assert done(world, lambda world, hear: world.engine(hear).up(all)) == NOTHING_CHANGED


def test_a_deletion_without_an_answer(world: World) -> None:
    all = made(world)
    all[1].ways.delete_refusals = [LOST] * 10_000
    told = done(world, lambda world, hear: world.engine(hear, timeout_seconds=0.3).down(all, []))
    assert told == "1 resource may have been deleted."


def test_what_was_gone_already_is_no_change(world: World) -> None:
    all = made(world)
    all[1].ways.delete_refusals = [refusal("InvalidInstanceID.NotFound", status=400)]
    all[0].ways.delete_refusals = [refusal("UnauthorizedOperation", status=403)]
    assert done(world, lambda world, hear: world.engine(hear).down(all, [])) == NOTHING_CHANGED


def test_what_is_replaced_is_both(world: World) -> None:
    all = things(world)
    all[0].ways.made = Phase.WRONG
    world.there["vpc"] = [Live("vpc-1", Phase.WRONG)]
    all[0].ways.made = Phase.READY
    told = done(world, lambda world, hear: world.engine(hear).up(all[:1]))
    assert told == "1 resource was created and 1 deleted, which is recorded."


def test_what_could_not_be_recorded_is_not_called_recorded(world: World) -> None:
    changes = Changes()

    def full(event: Event) -> None:
        if event.action is Action.CREATED:
            raise DemoError("The disk is full.")

    with pytest.raises(DemoError):
        world.engine(noting(full, changes)).up(things(world)[:1])
    assert changes.sentence() == "1 resource was created. Not all of that is recorded; the tags in AWS tell it."


def test_a_request_that_could_not_be_recorded_is_not_sent(world: World) -> None:
    changes = Changes()

    def full(event: Event) -> None:
        if event.action is Action.CREATING:
            raise DemoError("The disk is full.")

    with pytest.raises(DemoError):
        world.engine(noting(full, changes)).up(things(world)[:1])
    assert changes.sentence() == NOTHING_CHANGED


def test_calls_that_no_event_tells_of() -> None:
    changes = Changes()
    changes.call("DescribeVpcs", 200)
    changes.call("CreateVpc", 403)
    assert changes.is_empty
    changes.call("DeleteVpc", 500)
    assert changes.sentence() == "AWS may have carried out DeleteVpc."
    changes.call("RejectVpcEndpointConnections", 200)
    assert changes.sentence() == "AWS carried out RejectVpcEndpointConnections."
    changes.note("The sandbox was started.")
    assert changes.sentence().endswith(" The sandbox was started.")
    changes.begin()
    assert changes.is_empty
