"""The engine asks again: what AWS refuses for now, what was lost on the way, and what an earlier run began."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    CredentialRetrievalError,
    NoCredentialsError,
    UnauthorizedSSOTokenError,
)

from vpce_demo.engine import engine as engine_module
from vpce_demo.engine.engine import Engine, Intent
from vpce_demo.engine.events import Action, Event
from vpce_demo.errors import TimedOut
from vpce_demo.model import Live, Phase, Side

from .fake_resources import Thing, Ways, World, ids, refusal, thing

# --- asking again ---------------------------------------------------------------------


@pytest.mark.parametrize("code", ["InvalidVpcID.NotFound", "Unavailable", "DependencyViolation"])
def test_a_create_is_tried_again_while_aws_is_not_so_far(world: World, code: str) -> None:
    one = thing(world, "one", create_refusals=[refusal(code), refusal(code)])
    assert world.engine().up([one]) == []
    assert [event.note for event in world.events if event.action is Action.RETRYING] == [f"{code}, trying again"] * 2
    assert len(ids(world, one)) == 1


LOST = ConnectionClosedError(endpoint_url="https://ec2")


@pytest.mark.parametrize("error", [LOST, refusal("InternalError", status=500), refusal("Unavailable", status=503)])
def test_what_may_have_been_made_is_looked_for_before_it_is_made_again(world: World, error: Exception) -> None:
    one = thing(world, "one", reply_lost=error, hidden=3)
    assert world.engine(pace=100).up([one]) == []
    assert len(ids(world, one)) == 1
    assert world.asked.count("create one") == 1, "a second call would have made a second one"


def test_what_was_not_made_after_all_is_made_with_the_same_token(world: World) -> None:
    one = thing(world, "one", create_refusals=[LOST, LOST])
    assert world.engine().up([one]) == []
    assert len(ids(world, one)) == 1
    assert len(set(world.tokens["one"])) == 1


def test_aws_asks_to_be_slower_and_nothing_is_looked_for(world: World) -> None:
    one = thing(world, "one", create_refusals=[refusal("RequestLimitExceeded", status=503)])
    assert world.engine().up([one]) == []
    assert world.asked == ["find one", "create one", "create one"]


def test_a_look_that_fails_on_the_way_is_no_answer(world: World) -> None:
    one = thing(world, "one", lingers=2)
    world.there["one"] = [Live("one-1")]

    def fail_the_next_looks(event: Event) -> None:
        if event.action is Action.DELETED:
            one.ways.find_refusals = [LOST, refusal("InternalError", status=500)]

    assert world.engine(fail_the_next_looks).down([one], [[one]]) == []
    notes = [event.note for event in world.events if event.action is Action.RETRYING]
    assert notes == ["ConnectionClosedError, looking again", "InternalError, looking again"]
    assert ids(world, one) == []


def test_credentials_that_expire_end_everything(world: World) -> None:
    first = thing(world, "first", create_refusals=[refusal("RequestExpired", status=400)])
    second = thing(world, "second", thing(world, "ground", slow=10**9))
    failures = world.engine().up([first, *second.on, second])
    assert [f.resource for f in failures if isinstance(f.error, ClientError)] == [first]
    assert "create second" not in world.asked


LOST_SIGN_INS = [
    refusal("ExpiredToken", status=403),
    CredentialRetrievalError(provider="custom-process", error_msg="no"),
    UnauthorizedSSOTokenError(),
    NoCredentialsError(),
]


@pytest.mark.parametrize("error", LOST_SIGN_INS, ids=lambda error: type(error).__name__)
def test_a_lost_sign_in_ends_a_deletion_at_once(world: World, error: Exception) -> None:
    ground = thing(world, "ground")
    slow, lost = thing(world, "slow", ground), thing(world, "lost", ground)
    assert world.engine().up([ground, slow, lost]) == []
    slow.ways.lingers = 10**9
    lost.ways.delete_refusals = [error]
    began = time.monotonic()
    failures = world.engine(pace=1.0).down([ground, slow, lost], [])
    assert time.monotonic() - began < 2.0
    assert error in [failure.error for failure in failures]
    assert "delete ground" not in world.asked


@pytest.mark.parametrize("error", LOST_SIGN_INS, ids=lambda error: type(error).__name__)
def test_a_sign_in_lost_in_a_wait_ends_everything(world: World, error: Exception) -> None:
    one, other = thing(world, "one", slow=10**9), thing(world, "other", slow=10**9)

    def lose(event: Event) -> None:
        if event.action is Action.WAITING and event.resource is one:
            one.ways.find_refusals = [error]

    began = time.monotonic()
    failures = world.engine(lose, pace=1.0).up([one, other])
    assert time.monotonic() - began < 5.0
    assert error in [failure.error for failure in failures]


@pytest.mark.parametrize("error", LOST_SIGN_INS, ids=lambda error: type(error).__name__)
def test_a_sign_in_lost_in_a_look_is_not_tried_for_each_resource(world: World, error: Exception) -> None:
    all = [thing(world, f"t{number}") for number in range(200)]
    for one in all:
        one.ways.find_refusals = [error]
    engine = world.engine()
    failures = engine.refresh(all)
    assert [failure.error for failure in failures] == [error]
    assert engine.stop.is_set()


@pytest.mark.parametrize("error", LOST_SIGN_INS, ids=lambda error: type(error).__name__)
def test_a_sign_in_lost_when_holders_are_looked_up_is_not_swallowed(world: World, error: Exception) -> None:
    class Held(Thing):
        def held_by(self, aws: Any, live: Live) -> Any:
            raise error

    one = Held("one", Side.PROVIDER, "one", world, (), ways=Ways())
    assert world.engine().up([one]) == []
    one.ways.delete_refusals = [refusal("DependencyViolation", status=400)]
    failures = world.engine(pace=1.0).down([one], [[one]])
    assert [failure.error for failure in failures] == [error]


def test_a_refusal_for_good_is_not_tried_again(world: World) -> None:
    one = thing(world, "one", create_refusals=[refusal("UnauthorizedOperation")])
    (failure,) = world.engine().up([one])
    assert isinstance(failure.error, ClientError)
    assert world.asked.count("create one") == 1


DENIED = "User: arn:aws:iam::1:user/a is not authorized to perform: ec2:CreateSubnet on resource: arn:aws:ec2:r:1:"


def test_a_denial_of_something_just_made_is_asked_again(world: World) -> None:
    """AWS may know its tags late, by which the policy allows it."""
    vpc = thing(world, "vpc")
    subnet = thing(
        world, "subnet", vpc, create_refusals=[refusal("UnauthorizedOperation", f"{DENIED}vpc/vpc", 403)] * 3
    )
    assert world.engine().up([vpc, subnet]) == []
    assert world.asked.count("create subnet") == 4


@pytest.mark.parametrize(
    "said",
    [
        f"{DENIED}vpc/vpc with an explicit deny in a service control policy",
        f"{DENIED}subnet/* because no identity-based policy allows the ec2:CreateSubnet action",
        f"{DENIED}vpc/another",
    ],
    ids=["explicitly", "the call itself", "something else"],
)
def test_any_other_denial_is_told_at_once(world: World, said: str) -> None:
    vpc = thing(world, "vpc")
    subnet = thing(world, "subnet", vpc, create_refusals=[refusal("UnauthorizedOperation", said, 403)] * 3)
    assert [event.resource.name for event in world.engine().up([vpc, subnet])] == ["subnet"]
    assert world.asked.count("create subnet") == 1


def test_a_denial_of_something_old_is_told_at_once(world: World) -> None:
    vpc = thing(world, "vpc")
    assert world.engine().up([vpc]) == []
    subnet = thing(world, "subnet", vpc, create_refusals=[refusal("UnauthorizedOperation", f"{DENIED}vpc/vpc", 403)])
    assert [event.resource.name for event in world.engine().up([vpc, subnet])] == ["subnet"]


def test_an_encoded_denial_is_decoded_to_see_whether_it_is_explicit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    vpc = thing(world, "vpc")
    said = "You are not authorized to perform this operation. Encoded authorization failure message: abc"
    subnet = thing(world, "subnet", vpc, create_refusals=[refusal("UnauthorizedOperation", said, 403)])
    context = {"action": "ec2:CreateSubnet", "resource": "arn:aws:ec2:r:1:vpc/vpc"}
    told = json.dumps({"explicitDeny": True, "context": context})
    world.aws = replace(world.aws, clients=SimpleNamespace(decode={"abc": told}.__getitem__))  # type: ignore[arg-type]
    assert [event.resource.name for event in world.engine().up([vpc, subnet])] == ["subnet"]


def test_a_denial_that_lasts_is_told_after_a_while(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "LEAST_SHOWN_SECONDS", 0.3)
    vpc = thing(world, "vpc")
    subnet = thing(
        world, "subnet", vpc, create_refusals=[refusal("UnauthorizedOperation", f"{DENIED}vpc/vpc", 403)] * 999
    )
    assert [event.resource.name for event in world.engine().up([vpc, subnet])] == ["subnet"]


def test_what_was_just_made_and_may_not_be_deleted_or_mended_yet_is_asked_again(world: World) -> None:
    denied = refusal("UnauthorizedOperation", f"{DENIED}subnet/subnet", 403)
    wrong = thing(world, "subnet", made=Phase.FAILED, delete_refusals=[denied])
    world.engine().up([wrong])
    assert world.asked.count("delete subnet") == 2


def test_every_create_has_one_token_over_all_its_tries(world: World) -> None:
    one = thing(world, "one", create_refusals=[refusal("Unavailable")] * 2)
    other = thing(world, "other")
    world.engine().up([one, other])
    tokens = world.tokens["one"]
    assert len(tokens) == 3
    assert len(set(tokens)) == 1
    assert world.tokens["other"][0] not in ("", tokens[0])
    assert [e.token for e in world.events if e.action is Action.CREATING and e.resource is one] == tokens[:1]


def test_a_token_that_is_used_up_is_replaced(world: World) -> None:
    one = thing(world, "one", create_refusals=[refusal("IdempotentInstanceTerminated")])
    assert world.engine(intents={"one": Intent("of-the-terminated-one", age=3600)}).up([one]) == []
    first, second = world.tokens["one"]
    assert first == "of-the-terminated-one"
    assert second != first
    assert [event.token for event in world.events if event.action is Action.CREATING] == [first, second]


def test_a_duplicate_that_aws_hides_is_looked_for_again(world: World) -> None:
    one = thing(world, "one", reply_lost=refusal("RouteAlreadyExists"))

    def hide_what_is_made() -> None:
        one.ways.hidden = 2
        one.ways.create_refusals = [refusal("RouteAlreadyExists")] * 2

    one.ways.at_create = hide_what_is_made
    assert world.engine(pace=100).up([one]) == []
    assert len(ids(world, one)) == 1


def test_what_is_ours_after_a_lost_reply_is_taken(world: World) -> None:
    one = thing(world, "one", reply_lost=refusal("RouteAlreadyExists"))
    assert world.engine().up([one]) == []
    assert len(ids(world, one)) == 1
    assert world.asked.count("create one") == 1


def test_what_is_there_already_but_not_ours_is_an_error(world: World) -> None:
    one = thing(world, "one", create_refusals=[refusal("InvalidGroup.Duplicate")])
    (failure,) = world.engine().up([one])
    assert isinstance(failure.error, ClientError)
    assert ids(world, one) == []


def test_a_fresh_one_that_aws_hides_is_waited_for(world: World) -> None:
    one = thing(world, "one", hidden=3, slow=1)
    assert world.engine().up([one]) == []
    assert len(ids(world, one)) == 1


# --- creates that were cut off --------------------------------------------------------


def test_a_create_that_was_cut_off_is_looked_for_before_a_second_one(world: World) -> None:
    one = thing(world, "one", hidden=3)
    world.there["one"] = [Live("made-by-the-run-that-was-killed")]
    # A hundred times AWS's pace: it may hide a fresh thing for 0.6 seconds.
    assert world.engine(pace=100, intents={"one": Intent("token", age=0)}).up([one]) == []
    assert ids(world, one) == ["made-by-the-run-that-was-killed"]


def test_what_was_just_made_and_is_not_shown_yet_is_looked_for_again(world: World) -> None:
    one = thing(world, "one", hidden=3)
    world.there["one"] = [Live("made-a-moment-ago")]
    engine = Engine(dict.fromkeys(Side, world.aws), world.events.append, pace=100, recent={"one": 0.0})
    assert engine.up([one]) == []
    assert ids(world, one) == ["made-a-moment-ago"]


def test_what_was_made_long_ago_and_is_not_there_is_gone(world: World) -> None:
    one = thing(world, "one")
    engine = Engine(dict.fromkeys(Side, world.aws), world.events.append, pace=1, recent={"one": 3600.0})
    assert engine.up([one]) == []
    assert "creating one" in world.story()


def test_when_the_time_is_up_aws_s_last_words_are_kept(world: World) -> None:
    one = thing(world, "one", create_refusals=[refusal("InvalidServiceName", "does not exist")] * 1000)
    (failure,) = world.engine(timeout_seconds=0.3).up([one])
    assert isinstance(failure.error, TimedOut)
    assert failure.error.facts["AWS said"] == "InvalidServiceName: does not exist"


def test_a_cut_off_create_that_never_arrived_is_made_with_its_token(world: World) -> None:
    one = thing(world, "one")
    assert world.engine(intents={"one": Intent("the-token", age=3600)}).up([one]) == []
    assert world.tokens["one"] == ["the-token"]


def test_down_looks_for_what_was_cut_off_too(world: World) -> None:
    one = thing(world, "one", hidden=3)
    world.there["one"] = [Live("made-by-the-run-that-was-killed")]
    engine = world.engine(pace=100, intents={"one": Intent("token", age=0)})
    assert engine.down([one], [[one]]) == []
    assert ids(world, one) == []
    assert "deleted one" in world.story()


def test_what_was_cut_off_and_cannot_be_looked_for_keeps_all_in_place(world: World) -> None:
    one, other = thing(world, "one", hidden=1), thing(world, "other")
    world.there["other"] = [Live("other-1")]
    engine = world.engine(intents={"one": Intent("token", age=0)})

    def deny_after_the_first_look(event: Event) -> None:
        one.ways.find_refusals = [refusal("UnauthorizedOperation")]

    engine.listener = deny_after_the_first_look
    (failure,) = engine.down([one, other], [[one, other]])
    assert failure.resource is one
    assert ids(world, other)
