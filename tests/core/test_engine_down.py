"""The engine deletes: in which order, what is in use, and what is left."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import (
    EndpointConnectionError,
)

from vpce_demo.engine import waits
from vpce_demo.engine.events import Action, Event
from vpce_demo.errors import DemoError, InUse, TimedOut
from vpce_demo.model import Holder, Live, Phase

from .fake_resources import World, ids, names, refusal, thing


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
