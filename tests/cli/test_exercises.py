"""``sandbox break`` as a command, and ``sandbox trace``, which shows what the packets met."""

from __future__ import annotations

import random
from typing import Any

import pytest

from vpce_demo.exercises.ways import WAYS
from vpce_demo.verify.diagnosis import RULES

from .program import Program, World


def test_the_list_tells_what_will_be_seen_and_not_why(world: World) -> None:
    done = world.here("sandbox", "break")
    assert done.code == 0
    assert done.out.splitlines()[5:7] == [
        "  6  test  curl of the endpoint hangs; the endpoint is available",
        "  7  test  curl of the endpoint hangs; the endpoint is available",
    ]
    breakable = [rule for rule in RULES if not rule.local]
    assert len(done.out.splitlines()) == len(breakable)
    for rule in RULES:
        assert rule.key not in done.text
        assert rule.likely not in done.text
    told = world.here("sandbox", "break", "-o", "json").document["faults"]
    assert [one["number"] for one in told] == list(range(1, len(breakable) + 1))
    assert set(told[0]) == {"number", "seen_by", "seen"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("99",), "there is no '99'. The list:  vpce-demo sandbox break"),
        (("ssh-hang",), "there is no 'ssh-hang'. Did you mean 'ssh-hangs'?"),
        (
            ("ssh-hangs:nothing",),
            "'nothing' is not a way to break ssh-hangs; there is ssh-hangs:another-group, ssh-hangs:route",
        ),
        (("ssh-denied:x",), "'x' is not a way to break ssh-denied; there is no other."),
        (("--random", "5"), "--random chooses by itself; leave FAULT out."),
    ],
)
def test_mistakes(world: World, words: tuple[str, ...], said: str) -> None:
    done = world.here("sandbox", "break", *words)
    assert done.code == 2
    assert said in done.err


def test_there_has_to_be_a_sandbox_and_a_whole_demo(program: Program, world: World) -> None:
    nowhere = program.run("sandbox", "break", "5")
    assert nowhere.code == 1
    assert "The sandbox does not run." in nowhere.err
    with world.nothing_changes():
        early = world.here("sandbox", "break", "5")
    assert early.code == 5
    assert "It is too early for sandbox break: the demo is not whole." in early.err
    assert "Run first:  vpce-demo --sandbox" in early.err


def test_a_surprise_and_the_trace_of_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that nobody is told about: the random choice falls on the endpoint's group."""
    assert world.here("up").code == 0
    chosen: list[Any] = []

    def choose(them: list[Any]) -> Any:
        chosen.extend(them)
        return next(one for one in them if one[0].key == "endpoint-group-closed")

    monkeypatch.setattr(random, "choice", choose)
    done = world.here("sandbox", "break", "--random", "-o", "json")
    assert done.code == 0, done.text
    assert {key for key in done.document if key not in ("version", "command", "exit_code")} == {"seen_by"}
    assert "group" not in done.text
    to_choose = [rule for rule in RULES if not rule.passes and not rule.local]
    assert {rule.key for rule, _ in chosen} == {rule.key for rule in to_choose}
    assert len(chosen) == sum(len(WAYS[rule.key]) for rule in to_choose)

    assert world.here("doctor").code == 6
    shown = world.here("sandbox", "trace")
    assert shown.code == 0
    connections = shown.out.split("\n\n")
    assert not any(one.startswith("health check") for one in connections)
    curl = next(one for one in connections if "to 10.0.1." in one.splitlines()[0])
    first, *hops = curl.splitlines()
    assert first.startswith("✗ tcp/80 from eni-")
    assert ": dropped" in first
    assert [line[:4] for line in hops] == ["  ✓ "] * (len(hops) - 1) + ["  ✗ "]
    assert "has no inbound rule for tcp/80 from 10.0.1." in hops[-1]
    ssh = next(one for one in connections if one.startswith("✓ tcp/22 from 203.0.113.10"))
    assert "which sees 203.0.113.10" in ssh

    everything = world.here("sandbox", "trace", "--all", "-o", "json").document["connections"]
    last = world.here("sandbox", "trace", "-o", "json").document["connections"]
    assert any(one["check"] for one in everything)
    assert not any(one["check"] for one in last)
    assert len({(one["source"], one["destination"], one["port"]) for one in last}) == len(last) < len(everything)
    assert world.here("sandbox", "trace", "--ascii").out.isascii()


def test_the_trace_of_an_empty_network(world: World) -> None:
    assert world.here("sandbox", "trace").out == "No connection yet.\n"
