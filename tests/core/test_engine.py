"""The engine in a world without AWS: order, waiting, retrying, refusing, and what it tells."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    UnauthorizedSSOTokenError,
)

from vpce_demo.engine import engine as engine_module
from vpce_demo.engine import waits
from vpce_demo.engine.engine import Engine, Intent
from vpce_demo.engine.events import Action, Event
from vpce_demo.errors import DemoError, InUse, Refused, TimedOut
from vpce_demo.model import Holder, Live, Phase, Side

from .fake_resources import Thing, Ways, World, refusal


@pytest.fixture
def world() -> World:
    return World()


def thing(world: World, name: str, *on: Thing, **more: Any) -> Thing:
    """A thing that stands on others; words of ``Ways`` say how it behaves."""
    ways = Ways(**{word: more.pop(word) for word in list(more) if word in Ways.__dataclass_fields__})
    return Thing(name, Side.PROVIDER, name, world, on, ways=ways, **more)


def names(events: list[Event]) -> list[str]:
    return [f"{event.action.value} {event.resource.name}" for event in events]


def ids(world: World, one: Thing) -> list[str]:
    return [live.id for live in world.there.get(one.key, [])]


# --- making -------------------------------------------------------------------------


def test_each_is_made_when_what_it_stands_on_is_ready(world: World) -> None:
    vpc = thing(world, "vpc", slow=2)
    subnet = thing(world, "subnet", vpc)
    web = thing(world, "web", after=(subnet,))
    assert world.engine().up([web, subnet, vpc]) == []
    assert world.story(Action.CREATING, Action.READY) == [
        *("creating vpc", "ready vpc"),
        *("creating subnet", "ready subnet"),
        *("creating web", "ready web"),
    ]


def test_what_is_needed_while_it_starts_need_not_be_ready(world: World) -> None:
    balancer = thing(world, "balancer", slow=5)
    listener = thing(world, "listener", beside=(balancer,))
    assert world.engine().up([balancer, listener]) == []
    story = world.story(Action.CREATED, Action.READY)
    assert story.index("created balancer") < story.index("created listener") < story.index("ready balancer")


def test_two_that_do_not_need_each_other_are_made_at_once(world: World) -> None:
    both_are_at_work = threading.Barrier(2, timeout=5)
    pair = [thing(world, name, at_create=both_are_at_work.wait) for name in ("left", "right")]
    assert world.engine().up(pair) == []


def test_what_is_there_is_left_alone(world: World) -> None:
    one = thing(world, "one")
    world.engine().up([one])
    before = ids(world, one)
    assert world.engine().up([one]) == []
    assert ids(world, one) == before
    assert world.asked.count("create one") == 1


def test_only_what_was_asked_for_is_made(world: World) -> None:
    vpc = thing(world, "vpc")
    assert world.engine().up([thing(world, "subnet", vpc)]) == []
    assert "create vpc" not in world.asked


def test_a_failure_skips_what_needs_it_and_nothing_else(world: World) -> None:
    broken = thing(world, "broken", create_refusals=[refusal("VpcLimitExceeded")])
    above = thing(world, "above", broken)
    top = thing(world, "top", above)
    apart = thing(world, "apart", thing(world, "ground"), slow=2)
    failures = world.engine().up([broken, above, top, *apart.on, apart])
    assert names(failures) == ["failed broken", "skipped above", "skipped top"]
    assert [failure.note for failure in failures] == ["", "needs broken", "needs above"]
    assert ids(world, apart)
    assert "ready apart" in world.story()


def test_what_aws_gives_up_while_it_starts_is_replaced(world: World) -> None:
    unlucky = thing(world, "unlucky", made=Phase.FAILED)
    assert world.engine().up([unlucky]) == []
    assert world.asked.count("create unlucky") == 2


def test_what_aws_gives_up_twice_is_a_failure(world: World) -> None:
    hopeless = thing(world, "hopeless", made=Phase.FAILED)
    hopeless.ways.at_create = lambda: setattr(hopeless.ways, "made", Phase.FAILED)
    (failure,) = world.engine().up([hopeless])
    assert isinstance(failure.error, DemoError)
    assert ids(world, hopeless), "the next up replaces it"


# --- left alone --------------------------------------------------------------------------


def test_what_is_left_is_not_waited_for(world: World) -> None:
    balancer = thing(world, "balancer", slow=1000)
    assert world.engine().up([balancer], leave=[balancer]) == []
    assert world.story(Action.CREATED, Action.WAITING, Action.READY) == ["created balancer"]


def test_what_is_left_is_waited_for_if_another_needs_it_ready(world: World) -> None:
    balancer = thing(world, "balancer", slow=3)
    service = thing(world, "service", balancer, slow=1000)
    assert world.engine().up([balancer, service], leave=[balancer, service]) == []
    assert world.story(Action.CREATED, Action.READY) == ["created balancer", "ready balancer", "created service"]


def test_the_next_run_waits_for_what_was_left(world: World) -> None:
    balancer = thing(world, "balancer", slow=3)
    world.engine().up([balancer], leave=[balancer])
    world.events.clear()
    service = thing(world, "service", balancer)
    assert world.engine().up([balancer, service]) == []
    assert world.story(Action.CREATED, Action.READY) == ["ready balancer", "created service", "ready service"]


# --- asking again -----------------------------------------------------------------------


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


# --- creates that were cut off -------------------------------------------------------------


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


# --- what is not as it should be --------------------------------------------------------------


@pytest.mark.parametrize("phase", [Phase.WRONG, Phase.FAILED])
def test_what_is_wrong_is_replaced_and_what_stands_on_it_looked_at_again(world: World, phase: Phase) -> None:
    ground = thing(world, "ground", lingers=2)
    above = thing(world, "above", ground)
    world.there = {"ground": [Live("old", phase)], "above": [Live("above-1")]}
    ground.ways.at_create = lambda: world.there["above"].clear()  # it went with the old one
    assert world.engine().up([ground, above]) == []
    assert "old" not in ids(world, ground)
    assert len(ids(world, above)) == 1
    assert world.when("delete ground") < world.when("create ground") < world.when("create above")


def differing(*fields: str) -> Live:
    """One that differs in these fields."""
    return Live("id-1", held=tuple((field, "wanted", "other") for field in fields))


def test_what_differs_is_mended_in_place_and_what_needs_it_waits(world: World) -> None:
    ground = thing(world, "ground")
    above = thing(world, "above", ground)
    world.there["ground"] = [differing("mendable", "left", "asked")]
    assert world.engine().up([ground, above]) == []
    assert [line for line in world.asked if line.startswith(("mend", "delete"))] == ["mend ground mendable"]
    assert ids(world, ground) == ["id-1"]
    assert world.when("mend ground mendable") < world.when("create above")
    (told,) = [event for event in world.events if event.action is Action.MENDED]
    assert told.note == "mendable other → wanted"


def test_what_the_user_agrees_to_is_mended_too(world: World) -> None:
    one = thing(world, "one")
    world.there["one"] = [differing("asked", "left")]
    assert world.engine().up([one], agreed=[("one", "asked")]) == []
    assert "mend one asked" in world.asked


def test_what_cannot_be_mended_is_replaced(world: World) -> None:
    one = thing(world, "one")
    world.there["one"] = [differing("replaceable", "mendable")]
    assert world.engine().up([one]) == []
    assert ids(world, one) != ["id-1"]
    assert not [line for line in world.asked if line.startswith("mend")]


@pytest.mark.parametrize("phase", [Phase.READY, Phase.WRONG])
def test_without_mending_what_is_there_is_left(world: World, phase: Phase) -> None:
    one, other = thing(world, "one"), thing(world, "other")
    world.there["one"] = [replace(differing("mendable", "replaceable"), phase=phase)]
    assert world.engine().up([one, other], mend=False) == []
    assert ids(world, one) == ["id-1"]
    assert [line for line in world.asked if not line.startswith("find")] == ["create other"]


def test_it_is_mended_again_until_aws_shows_it(world: World) -> None:
    one = thing(world, "one", shown_late=2)
    world.there["one"] = [differing("mendable")]
    assert world.engine().up([one]) == []
    assert world.asked.count("mend one mendable") == 3


@pytest.mark.parametrize("code", ["RequestLimitExceeded", "IncorrectState", "InternalError"])
def test_mending_is_tried_again(world: World, code: str) -> None:
    one = thing(world, "one", mend_refusals=[refusal(code)])
    world.there["one"] = [differing("mendable")]
    assert world.engine().up([one]) == []
    assert world.story(Action.RETRYING, Action.MENDED) == ["retrying one", "mended one"]


@pytest.mark.parametrize("code", ["InvalidPermission.Duplicate", "InvalidPermission.NotFound", "UnauthorizedOperation"])
def test_what_aws_shows_as_mended_is_mended_whatever_it_answered(world: World, code: str) -> None:
    lost = refusal(code, status=400)
    one = thing(world, "one", mend_refusals=[lost], reply_lost=lost)
    world.there["one"] = [differing("mendable")]
    assert world.engine().up([one]) == []
    assert world.story(Action.RETRYING, Action.FAILED) == []


def test_mending_that_is_not_allowed_is_a_failure_at_once(world: World) -> None:
    one = thing(world, "one", mend_refusals=[refusal("UnauthorizedOperation", status=403)])
    world.there["one"] = [differing("mendable")]
    (failure,) = world.engine().up([one])
    assert failure.resource is one
    assert world.asked.count("mend one mendable") == 1


def test_what_is_being_deleted_is_waited_out_and_made_again(world: World) -> None:
    one = thing(world, "one", lingers=3)
    world.there["one"] = [Live("old", Phase.DELETING)]
    assert world.engine().up([one]) == []
    assert "delete one" not in world.asked
    (id,) = ids(world, one)
    assert id != "old"


def test_a_name_that_somebody_else_has_is_refused_before_anything_is_made(world: World) -> None:
    free, taken = thing(world, "free"), thing(world, "taken")
    world.there["taken"] = [Live("theirs", Phase.FOREIGN, why="has the name")]
    with pytest.raises(Refused, match="taken by theirs"):
        world.engine().up([free, taken])
    assert not [line for line in world.asked if line.startswith(("create", "delete"))]


def test_two_of_one_are_refused_before_anything_is_made(world: World) -> None:
    free, twice = thing(world, "free"), thing(world, "twice")
    world.there["twice"] = [Live("a"), Live("b")]
    with pytest.raises(Refused, match="exists 2 times") as caught:
        world.engine().up([free, twice])
    assert caught.value.facts == {"ids": "a, b"}
    assert "create free" not in world.asked


def test_one_on_its_way_out_is_no_duplicate(world: World) -> None:
    one = thing(world, "one")
    world.there["one"] = [Live("old", Phase.DELETING), Live("new")]
    assert world.engine().up([one]) == []
    assert world.aws.id(one) == "new"
    assert "create one" not in world.asked


# --- taking down ---------------------------------------------------------------------------------


def test_nothing_is_deleted_before_what_stands_on_it_is_gone(world: World) -> None:
    vpc = thing(world, "vpc")
    subnet = thing(world, "subnet", vpc, lingers=3)
    web = thing(world, "web", subnet, lingers=3)
    world.engine().up([vpc, subnet, web])
    world.events.clear()
    assert world.engine().down([vpc, subnet, web], [[web], [vpc, subnet]]) == []
    assert world.story(Action.DELETING, Action.GONE) == [
        *("deleting web", "gone web"),
        *("deleting subnet", "gone subnet"),
        *("deleting vpc", "gone vpc"),
    ]


def test_groups_are_asked_in_their_order_without_waiting_for_them_to_go(world: World) -> None:
    first, second, third = (thing(world, name, lingers=5) for name in ("first", "second", "third"))
    world.engine().up([first, second, third])
    world.events.clear()
    assert world.engine().down([first, second, third], [[second], [third], [first]]) == []
    assert [line for line in world.asked if line.startswith("delete")] == [
        *("delete second", "delete third", "delete first")
    ]
    story = world.story(Action.DELETED, Action.GONE)
    assert story.index("deleted first") < story.index("gone second"), "it sat out the deletion of an unrelated thing"


def test_what_is_in_use_is_asked_for_again(world: World) -> None:
    one = thing(world, "one", delete_refusals=[refusal("DependencyViolation"), refusal("ResourceInUse")])
    world.there["one"] = [Live("one-1")]
    assert world.engine().down([one], [[one]]) == []
    notes = [event.note for event in world.events if event.action is Action.RETRYING]
    assert [note.split("(")[1].split(")")[0] for note in notes] == ["DependencyViolation", "ResourceInUse"]
    assert ids(world, one) == []


def test_the_holder_is_named(world: World) -> None:
    one = thing(world, "one", delete_refusals=[refusal("DependencyViolation")], holders=[Holder("eni-1", "of a lamp")])
    world.there["one"] = [Live("one-1")]
    assert world.engine().down([one], [[one]]) == []
    (note,) = [event.note for event in world.events if event.action is Action.RETRYING]
    assert note == "still in use by eni-1 (of a lamp) (DependencyViolation), trying again"


def test_a_stranger_who_holds_it_is_not_waited_for(world: World) -> None:
    stranger = Holder("vpce-2", "of another account", foreign=True)
    one = thing(world, "one", delete_refusals=[refusal("ExistingVpcEndpointConnections")] * 9, holders=[stranger])
    world.there["one"] = [Live("one-1")]
    (failure,) = world.engine().down([one], [[one]])
    assert isinstance(failure.error, InUse)
    assert failure.error.facts["AWS said"] == "ExistingVpcEndpointConnections: vpce-2 is not ours"
    assert ids(world, one) == ["one-1"]
    assert world.engine().down([one], [[one]], release=True) == []
    assert world.asked.count("release one") == 1
    assert ids(world, one) == []


def test_what_holds_it_is_asked_for_at_the_first_refusal_with_the_commands_that_remove_it(world: World) -> None:
    holders = [Holder("i-1", "an instance", True, ("aws terminate",)), Holder("eni-1", "of it")]
    one = thing(world, "one", delete_refusals=[refusal("DependencyViolation")] * 9, holders=holders)
    world.there["one"] = [Live("one-1")]
    (failure,) = world.engine().down([one], [[one]])
    assert isinstance(failure.error, InUse)
    assert failure.error.commands == ("aws terminate",)
    assert world.asked.count("delete one") == 1


def test_a_holder_of_our_own_is_removed(world: World) -> None:
    removed: list[Any] = []
    one = thing(world, "one", delete_refusals=[refusal("DependencyViolation")])
    one.ways.holders = [Holder("eni-1", remove=removed.append)]
    world.there["one"] = [Live("one-1")]
    assert world.engine().down([one], [[one]]) == []
    assert len(removed) == 1


def test_a_protection_is_told_in_aws_s_words_with_the_command_that_lifts_it(world: World) -> None:
    error = refusal("OperationNotPermitted", "may not be terminated", 400)
    one = thing(world, "one", delete_refusals=[error])
    one.ways.holders = [Holder("protection", "the protection", True, ("aws modify",))]
    world.there["one"] = [Live("one-1")]
    (failure,) = world.engine().down([one], [[one]])
    assert isinstance(failure.error, InUse)
    assert failure.error.facts["AWS said"] == "OperationNotPermitted: may not be terminated"
    assert failure.error.commands == ("aws modify",)


def test_what_nothing_holds_is_not_asked_for_long(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waits, "LEAST_SHOWN_SECONDS", 0.1)
    one = thing(world, "one", delete_refusals=[refusal("DependencyViolation")] * 999)
    world.there["one"] = [Live("one-1")]
    (failure,) = world.engine(pace=60 / 0.2).down([one], [[one]])  # 60 of AWS's seconds are 0.2 here
    assert isinstance(failure.error, TimedOut)
    assert 2 < world.asked.count("delete one") < 900, "for 60 of AWS's seconds, not for twenty minutes"


def test_a_state_that_leads_nowhere_ends_the_wait(world: World) -> None:
    for word in ("shelved", "stopped"):
        one = thing(world, "one")
        world.there["one"] = [Live("one-1", Phase.PENDING, word, "for a reason")]
        one.ways.slow = 99
        (failure,) = world.engine().up([one])
        assert isinstance(failure.error, DemoError)
        assert failure.error.message == f"Thing one is {word} in AWS."
        assert failure.error.facts["AWS said"] == "for a reason"


def test_what_ends_while_it_starts_is_replaced_at_once(world: World) -> None:
    one = thing(world, "one", slow=3)

    def end(event: Event) -> None:
        if event.action is Action.WAITING and world.asked.count("create one") == 1:
            world.there["one"] = [replace(live, phase=Phase.GONE, word="ended") for live in world.there["one"]]

    assert world.engine(end).up([one]) == []
    assert world.asked.count("create one") == 2
    failed = next(event for event in world.events if event.action is Action.FAILED)
    assert "one is ended in AWS" in str(failed.error)


def test_a_deletion_that_aws_takes_back_ends_the_wait(world: World) -> None:
    one = thing(world, "one", lingers=99)
    world.there["one"] = [Live("one-1")]

    def turn_back(event: Event) -> None:
        if event.action is Action.WAITING:
            world.there["one"] = [Live("one-1", Phase.FAILED, "failed", "the key is gone")]

    (failure,) = world.engine(turn_back).down([one], [[one]])
    assert failure.error is not None
    assert "one is failed in AWS" in str(failure.error)


def test_what_is_gone_when_it_is_to_be_deleted_is_fine(world: World) -> None:
    one = thing(world, "one", delete_refusals=[refusal("InvalidVpcID.NotFound")])
    world.there["one"] = [Live("one-1")]

    def somebody_is_faster(event: Event) -> None:
        if event.action is Action.DELETING:
            world.there.clear()

    engine = world.engine(somebody_is_faster)
    assert engine.down([one], [[one]]) == []
    assert world.story()[-1] == "gone one"


def test_a_refused_deletion_keeps_what_it_stands_on_and_nothing_else(world: World) -> None:
    vpc = thing(world, "vpc")
    stuck = thing(world, "stuck", vpc, delete_refusals=[refusal("OperationNotPermitted", status=400)])
    later = thing(world, "later")
    world.engine().up([vpc, stuck, later])
    failures = world.engine().down([vpc, stuck, later], [[stuck], [later], [vpc]])
    assert names(failures) == ["failed stuck", "skipped vpc"]
    assert [failure.note for failure in failures] == ["", "still used by stuck"]
    assert ids(world, vpc)
    assert not ids(world, later)


def test_what_goes_with_another_is_not_asked_for(world: World) -> None:
    table = thing(world, "table", lingers=2)
    route = thing(world, "route", table, part_of=table)
    world.engine().up([table, route])
    table.ways.at_delete = lambda: world.there.pop("route")
    assert world.engine().down([table, route], [[table, route]]) == []
    assert "delete route" not in world.asked
    assert world.story()[-2:] == ["gone table", "gone route"]


def test_what_goes_with_another_that_stays_is_asked_for(world: World) -> None:
    table = thing(world, "table")
    route = thing(world, "route", table, part_of=table)
    world.engine().up([table, route])
    assert world.engine().down([route], [[route]]) == []
    assert ids(world, route) == []
    assert ids(world, table)


def test_all_of_several_are_deleted(world: World) -> None:
    twice = thing(world, "twice")
    world.there["twice"] = [Live("a"), Live("b"), Live("c", Phase.WRONG)]
    assert world.engine().down([twice], [[twice]]) == []
    assert ids(world, twice) == []
    assert world.asked.count("delete twice") == 3


def test_what_somebody_else_has_is_not_deleted(world: World) -> None:
    taken = thing(world, "taken")
    world.there["taken"] = [Live("theirs", Phase.FOREIGN)]
    assert world.engine().down([taken], [[taken]]) == []
    assert ids(world, taken) == ["theirs"]


@pytest.mark.parametrize(
    "error", [refusal("UnauthorizedOperation"), refusal("InternalError"), EndpointConnectionError(endpoint_url="x")]
)
def test_not_seen_is_not_gone(world: World, error: Exception) -> None:
    seen, unseen = thing(world, "seen"), thing(world, "unseen")
    world.there = {"seen": [Live("seen-1")], "unseen": [Live("unseen-1")]}
    unseen.ways.find_refusals = [error]
    (failure,) = world.engine().down([seen, unseen], [[seen, unseen]])
    assert failure.resource is unseen
    assert failure.note == "could not be looked up"
    assert not [line for line in world.asked if line.startswith("delete")]


# --- looking -----------------------------------------------------------------------------------------


def test_what_is_found_through_another_is_seen_in_any_order(world: World) -> None:
    table = thing(world, "table")
    route = thing(world, "route", through=table)
    hop = thing(world, "hop", through=route)
    lost = thing(world, "lost", through=thing(world, "nowhere"))
    world.there = {"table": [Live("t")], "route": [Live("r")], "hop": [Live("h")], "lost": [Live("l")]}
    assert world.engine().refresh([hop, lost, route, table]) == []
    assert sorted(world.story()) == ["found hop", "found route", "found table", "missing lost"]
    assert world.aws.id(hop) == "h"


def test_what_is_gone_by_now_is_forgotten(world: World) -> None:
    one = thing(world, "one")
    world.engine().up([one])
    world.there["one"] = [Live("one-1", Phase.GONE)]
    assert world.engine().refresh([one]) == []
    assert world.story()[-1] == "missing one"
    assert one.key not in world.aws.known


def test_a_look_that_says_not_found_is_an_answer(world: World) -> None:
    one = thing(world, "one", find_refusals=[refusal("LoadBalancerNotFound")])
    assert world.engine().refresh([one]) == []
    assert world.story() == ["missing one"]


# --- ends ----------------------------------------------------------------------------------------------


def test_a_stop_ends_the_waiting_and_skips_the_rest(world: World) -> None:
    in_flight, held = threading.Event(), threading.Event()
    endless = thing(world, "endless", slow=10**9, at_create=lambda: in_flight.wait(5))
    released: list[bool] = []
    after = thing(world, "after", endless)

    def be_in_flight() -> None:
        in_flight.set()
        released.append(held.wait(60))

    apart = thing(world, "apart", at_create=be_in_flight)
    next_to_it = thing(world, "next", apart)
    engine = world.engine()

    def stop_when_it_waits(event: Event) -> None:
        if event.action is Action.WAITING:
            engine.stop.set()
            held.set()

    engine.listener = stop_when_it_waits
    failures = engine.up([endless, after, apart, next_to_it])
    assert released == [True], "the call in progress was completed, not waited out"
    assert {e.resource.name: type(e.error) for e in failures} == {
        "endless": TimedOut,
        **dict.fromkeys(("after", "apart", "next"), type(None)),
    }
    assert ids(world, apart), "what is in flight is finished"
    assert "create next" not in world.asked


def test_the_time_for_all_of_it_is_kept(world: World) -> None:
    endless = thing(world, "endless", slow=10**9)
    apart = thing(world, "apart", at_create=lambda: time.sleep(0.3))
    too_late = thing(world, "late", apart)
    failures = world.engine(timeout_seconds=0.2).up([endless, apart, too_late])
    by_name = {event.resource.name: event for event in failures}
    assert isinstance(by_name["endless"].error, TimedOut)
    assert "create late" not in world.asked, "nothing is begun when the time is up"


@pytest.mark.parametrize("error", [DemoError("the disk is full"), RuntimeError("a bug"), OSError("no space")])
@pytest.mark.parametrize("at", [Action.CREATING, Action.CREATED, Action.READY])
def test_a_listener_that_raises_stops_the_run(world: World, error: Exception, at: Action) -> None:
    first = thing(world, "first")
    endless = thing(world, "endless", slow=10**9)
    after = thing(world, "after", first)

    def full(event: Event) -> None:
        if event.action is at and event.resource is first:
            raise error

    with pytest.raises(type(error)) as caught:
        world.engine(full).up([first, endless, after])
    assert caught.value is error
    assert "create after" not in world.asked
    assert ("create first" in world.asked) is (at is not Action.CREATING), "nothing is made that was not noted before"


def test_a_bug_in_a_kind_is_not_swallowed(world: World) -> None:
    one = thing(world, "one", create_refusals=[KeyError("VpcId")])
    with pytest.raises(KeyError):
        world.engine().up([one])


def test_threads_end_with_the_walk(world: World) -> None:
    before = threading.active_count()
    world.engine().up([thing(world, str(number)) for number in range(30)])
    assert threading.active_count() == before


# --- the story --------------------------------------------------------------------------------------------


def test_the_story_of_one_thing(world: World) -> None:
    one = thing(world, "one", slow=2, lingers=2, create_refusals=[refusal("Unavailable")])
    world.engine().up([one])
    assert world.story() == ["missing one", "creating one", "retrying one", "created one", "waiting one", "ready one"]
    world.events.clear()
    one.ways.delete_refusals = [refusal("DependencyViolation")]
    world.engine().down([one], [[one]])
    assert world.story() == ["found one", "deleting one", "retrying one", "deleted one", "waiting one", "gone one"]
    moments = [event.at for event in world.events]
    assert moments == sorted(moments)


def test_events_come_one_at_a_time(world: World) -> None:
    inside = threading.Lock()

    def hear(event: Event) -> None:
        assert inside.acquire(blocking=False), "two at once"
        time.sleep(0.001)
        inside.release()

    assert world.engine(hear).up([thing(world, str(number)) for number in range(20)]) == []


def test_both_sides_know_one_another_s_ids(world: World) -> None:
    service = thing(world, "service")
    endpoint = Thing("endpoint", Side.CONSUMER, "endpoint", world, (service,))
    assert world.engine().up([service, endpoint]) == []
    assert set(world.aws.known) == {"service", "endpoint"}
