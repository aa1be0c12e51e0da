"""The engine in a world without AWS: order, looking, how it ends, and what it tells."""

from __future__ import annotations

import threading
import time

import pytest

from vpce_demo.engine.events import Action, Event
from vpce_demo.errors import DemoError, TimedOut
from vpce_demo.model import Live, Phase, Side

from .fake_resources import Thing, World, ids, names, refusal, thing

# --- making ---------------------------------------------------------------------------


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


# --- left alone -----------------------------------------------------------------------


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


# --- looking --------------------------------------------------------------------------


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


# --- ends -----------------------------------------------------------------------------


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


# --- the story ------------------------------------------------------------------------


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
