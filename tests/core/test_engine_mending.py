"""The engine mends, replaces or refuses what is not as it should be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vpce_demo.engine.events import Action
from vpce_demo.errors import Refused
from vpce_demo.model import Live, Phase

from .fake_resources import World, ids, refusal, thing


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
