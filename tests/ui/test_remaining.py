"""How long the rest will take: the longest chain of what is left, by AWS's usual times."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from vpce_demo.engine import graph as moves
from vpce_demo.engine.events import Action
from vpce_demo.engine.graph import TaskType
from vpce_demo.model import Phase

from .fake_run import BEGAN, Play, demo, up_to_the_load_balancer


def usual(play: Play, *keys: str) -> float:
    return sum(play.by_key[key].usual_seconds for key in keys)


def left(play: Play, at: float) -> float:
    return play.board.seconds_left(BEGAN + at)


TO_THE_END = ("service", "endpoint", "acceptance")


def test_at_first_it_is_the_chain_through_the_load_balancer() -> None:
    play = Play.up()
    play.missing()
    before = ("provider-vpc", "provider-attachment", "load-balancer")
    assert left(play, 0.0) == usual(play, *before, *TO_THE_END)


def test_what_has_passed_is_taken_off_and_what_is_late_is_not_owed() -> None:
    play = up_to_the_load_balancer()  # asked for at 12.5
    rest = usual(play, *TO_THE_END)
    assert left(play, 32.5) == pytest.approx(100 + rest)
    assert left(play, 132.5) == pytest.approx(rest)
    assert left(play, 500.0) == pytest.approx(rest)


def test_another_chain_may_be_the_longest() -> None:
    play = up_to_the_load_balancer()
    play.emit(30.0, Action.READY, "load-balancer", play.live("load-balancer"))
    for key in TO_THE_END:
        play.emit(31.0, Action.READY, key, play.live(key))
    assert left(play, 40.0) == 0
    play.emit(41.0, Action.CREATING, "web")
    assert left(play, 42.0) == usual(play, "web")


def test_it_is_in_seconds_of_the_machine() -> None:
    slow, fast = Play.up(), Play.up(pace=20)
    assert left(fast, 0.0) == pytest.approx(left(slow, 0.0) / 20)


def test_what_is_there_takes_no_time_and_what_is_on_its_way_does() -> None:
    play = Play.up()
    play.found()
    assert left(play, 1.0) == 0
    play.emit(1.0, Action.FOUND, "load-balancer", play.live("load-balancer", Phase.PENDING, "provisioning"))
    assert left(play, 1.0) == usual(play, "load-balancer")
    play.emit(2.0, Action.WAITING, "load-balancer", play.live("load-balancer", Phase.PENDING, "provisioning"))
    assert left(play, 42.0) == usual(play, "load-balancer") - 40


def test_what_cannot_be_used_again_has_to_go_first() -> None:
    play = Play.up()
    play.found()
    play.emit(1.0, Action.FOUND, "endpoint", play.live("endpoint", Phase.FAILED, "rejected"))
    assert left(play, 1.0) == play.by_key["endpoint"].usual_delete_seconds + usual(play, "endpoint")


def test_nothing_is_owed_by_what_failed_or_was_left_out() -> None:
    play = up_to_the_load_balancer()
    play.emit(20.0, Action.FAILED, "load-balancer")
    for key in TO_THE_END:
        play.emit(20.0, Action.SKIPPED, key)
    assert left(play, 21.0) == 0


def test_down_is_the_endpoint_and_nothing_that_is_not_there() -> None:
    play = Play.down()
    play.found()
    gone = play.by_key["endpoint"].usual_delete_seconds
    assert left(play, 1.0) == gone
    play.asked_to_go("endpoint", 9.5)
    assert left(play, 30.0) == gone - 20
    play.gone("endpoint", 9.5, 55.0)
    assert left(play, 65.0) == play.by_key["web"].usual_delete_seconds
    nothing = Play.down()
    nothing.missing()
    assert left(nothing, 1.0) == 0


def test_a_part_of_the_demo_needs_no_more_than_itself() -> None:
    it = demo()
    graph = moves.creation_graph(it.of("create-consumer"))
    assert {r.side for _, r in graph} == {it.customer.side}
    assert graph[TaskType.MAKE, it.endpoint].keys() == {
        (TaskType.READY, need.resource) for need in it.endpoint.needs() if need.resource is not it.service
    }


def chain(graph: dict[str, Iterable[str]], **seconds: float) -> list[str]:
    return moves.longest_path(graph, lambda node: seconds.get(node, 0.0))


def test_the_longest_chain() -> None:
    graph: dict[str, Iterable[str]] = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}
    assert chain(graph, b=2, c=1) == ["a", "b", "d"]
    assert chain(graph, b=2, c=3) == ["a", "c", "d"]
    assert chain(graph) == chain(dict(reversed(graph.items())))
    assert chain({}) == []
