"""``sandbox break`` as a command, and ``sandbox trace``, which shows what the packets met."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

import pytest

from vpce_demo.config.settings import TUTORIAL
from vpce_demo.exercises.exercise import Exercise
from vpce_demo.exercises.ways import CAUSES, EXERCISES, WAYS, chapter_of_rule
from vpce_demo.model import Side
from vpce_demo.sandbox import timing

from .program import Program, World

DEFAULT_SPEED = 20


@pytest.fixture
def whole(shared_world: World) -> Iterator[World]:
    """A world with a demo that works; the demo is made anew if a test has left it broken."""
    shared_world.speed("max")
    made = shared_world.here("up")
    if made.code:
        shared_world.empty()
        made = shared_world.here("up")
    assert made.code == 0, made.text
    yield shared_world
    shared_world.speed("max")


def test_the_list_tells_what_will_be_seen_and_not_why(world: World) -> None:
    done = world.here("sandbox", "break")
    assert done.code == 0
    assert done.out.splitlines()[5:7] == [
        "  6  test   curl of the endpoint hangs; the endpoint is available",
        "  7  test   curl of the endpoint hangs; the endpoint is available",
    ]
    assert len(done.out.splitlines()) == len(EXERCISES)
    assert done.out.splitlines()[-1] == " 33  test   the control reaches the internet  (up --chapter interface)"
    for rule in EXERCISES.values():
        assert rule.key not in done.text
        assert rule.likely not in done.text
    told = world.here("sandbox", "break", "-o", "json").document["faults"]
    assert [one["number"] for one in told] == [*range(1, 25), *range(27, 34)]
    assert set(told[0]) == {"number", "seen_by", "seen"}
    assert told[-1]["chapter"] == "interface"


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
        (("--random", "5"), "--random chooses by itself; leave out the FAULT."),
        (("--undo", "5"), "--undo takes no FAULT."),
        (("--undo", "--random"), "--random begins an exercise and --undo ends one: give one of them."),
    ],
)
def test_mistakes(world: World, words: tuple[str, ...], said: str) -> None:
    done = world.here("sandbox", "break", *words)
    assert done.code == 2
    assert said in done.err


ONE_ACCOUNT = "In one, the owner of the service may always connect."
APART = ("--consumer-profile", "222233334444")
ABROAD = ("--consumer-region", "us-west-2")


@pytest.mark.parametrize(
    ("sides", "key", "said", "offered"),
    [
        ((), "not-allowed", ONE_ACCOUNT, "vpce-demo --sandbox up --name apart --consumer-profile 222233334444"),
        (ABROAD, "not-allowed:connected", ONE_ACCOUNT, "--name apart --consumer-profile"),
        (ABROAD, "no-common-zone", "between two, the zones", "vpce-demo --sandbox up --name exercise"),
        ((), "no-endpoint-route", "which this demo does not have.", "vpce-demo --sandbox"),
        (APART, "service-not-found", "between two, AWS itself refuses", "222233334444 sandbox break not-allowed"),
    ],
)
def test_an_exercise_that_has_no_meaning_is_refused(
    world: World, sides: tuple[str, ...], key: str, said: str, offered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "sides", sides)
    with world.nothing_changes():
        refused = world.here("sandbox", "break", key)
    assert refused.code == 5, refused.text
    assert said.lower() in refused.err.lower()
    assert offered in refused.err
    assert "No exercise is open." in world.here("sandbox", "hint").err


def test_there_has_to_be_a_sandbox_and_a_whole_demo(program: Program, world: World) -> None:
    nowhere = program.run("sandbox", "break", "5")
    assert nowhere.code == 1
    assert "The sandbox does not run." in nowhere.err
    with world.nothing_changes():
        early = world.here("sandbox", "break", "5")
    assert early.code == 5
    assert "It is too early for sandbox break: the demo is not whole." in early.err
    assert "Run first:  vpce-demo --sandbox" in early.err


@pytest.mark.extended
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
    to_choose = [rule for rule in CAUSES[TUTORIAL] if not rule.passes and not rule.local]
    assert {rule.key for rule, _ in chosen} == {rule.key for rule in to_choose} - {"not-allowed"}, "it has one account"
    assert len(chosen) == sum(len(WAYS[rule.key]) for rule in to_choose if rule.key != "not-allowed")

    untold = world.here("doctor")
    assert untold.code == 6
    assert "group" not in untold.text
    assert "An exercise is open, so the cause is not told. A hint:  vpce-demo" in untold.err
    drawn = world.here("diagram", "-o", "json")
    first, *_ = drawn.document["hops"]
    assert (first["state"], first["why"]) == ("broken", "")
    assert "An exercise is open" in drawn.err
    page = world.directory / "r.html"
    assert world.here("report", "--to", str(page)).code == 0
    for told in (drawn.document["diagram"], page.read_text()):
        assert "does not let" not in told
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


def test_an_exercise_from_its_first_hint_to_the_score(world: World) -> None:
    """Solved with all the hints; another one without any; a third undone."""
    assert world.here("up", "--skip-test").code == 0
    nothing = world.here("sandbox", "hint")
    assert (nothing.code, "No exercise is open." in nothing.err) == (5, True)
    assert world.here("sandbox", "break", "--undo").code == 5
    assert "No exercise yet." in world.here("sandbox", "score").out

    assert world.here("sandbox", "break", "part-missing").code == 0
    again = world.here("sandbox", "break", "5")
    assert (again.code, "An exercise is open" in again.err) == (5, True)
    met = world.here("test", "-o", "json")
    assert met.code == 6
    assert "diagnosis" not in met.document
    assert met.err.count("A hint:  vpce-demo") == 1
    hints = [world.here("sandbox", "hint", "--lang", lang) for lang in ("en", "ja", "en")]
    assert hints[0].out == "Hint 1 of 3. Where to look: missing parts.\n"
    assert "The next hint:  vpce-demo --state-dir" in hints[0].err
    assert hints[1].out.splitlines() == [
        "ヒント 1 / 3: 見るべきところは、足りないリソースです。",
        "ヒント 2 / 3: 確認するのは、タグで探したすべてのリソースです。",
    ]
    assert "Most likely" not in hints[1].text
    assert hints[2].out.splitlines()[2:4] == [
        "Hint 3 of 3. The answer:",
        "Most likely: somebody deleted a part of the demo, or changed it.",
    ]
    assert "Fix:   vpce-demo --sandbox" in hints[2].out
    assert "Most likely" in world.here("test").out, "once the answer was given it is no secret"
    assert "Most likely" not in world.here("test", "--no-diagnosis").text

    solved = world.here("up")
    assert solved.code == 0, solved.text
    assert "The exercise is solved." in solved.err
    assert world.here("sandbox", "break", "part-missing").code == 0
    assert world.here("up").code == 0
    assert world.here("sandbox", "break", "interfaces-left").code == 0
    assert world.here("test").code == 0, "it is seen by down alone, and so is not solved"
    assert world.here("sandbox", "break", "--undo").code == 0
    score = world.here("sandbox", "score")
    assert score.out.splitlines() == [
        "✓  22  a part of the demo is gone: solved, after the answer",
        "✓  22  a part of the demo is gone: solved, without a hint",
        "-  24  deleting: DependencyViolation: undone, without a hint",
        "Solved 2 of 3, 1 of them without a hint.",
    ]
    assert world.here("sandbox", "score", "-o", "json").document["exercises"][0] == {
        "number": 22,
        "ended": "solved",
        "hints": 3,
    }
    assert "3 問中 2 問を解決しました" in world.here("sandbox", "score", "--lang", "ja").out

    assert world.here("sandbox", "break", "interfaces-left").code == 0
    for interface in world.ec2.describe_network_interfaces()["NetworkInterfaces"]:
        if interface.get("Description") == "for a test, delete me":
            world.ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    down = world.here("down")
    assert "nothing left" in down.out
    assert "The exercise is solved." in down.err


@pytest.mark.extended
@pytest.mark.parametrize("by", ["down", "sandbox reset"])
@pytest.mark.sampled(2)
def test_an_exercise_is_gone_with_its_demo_and_the_clock_is_as_before(world: World, by: str) -> None:
    assert world.here("up", "--skip-test").code == 0
    assert world.here("sandbox", "break", "endpoint-pending").code == 0
    assert world.sandbox.speed == 1
    if by == "down":
        world.speed(10_000)
    assert world.here(*by.split()).code == 0
    assert world.sandbox.speed == math.inf
    assert world.here("sandbox", "score", "-o", "json").document["exercises"] == [
        {"number": 5, "ended": "undone", "hints": 0}
    ]


@pytest.mark.extended
def test_a_surprise_that_fails_tells_nothing_and_can_be_undone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.here("up", "--skip-test").code == 0

    def half(exercise: Exercise) -> None:
        exercise.close(exercise.facts.demo.customer_group, 80)
        exercise.ec2(Side.CONSUMER).delete_vpc(VpcId="vpc-0123456789abcdef0")

    monkeypatch.setitem(WAYS["endpoint-group-closed"], "", half)
    monkeypatch.setattr(
        random, "choice", lambda them: next(one for one in them if one[0].key == "endpoint-group-closed")
    )
    failed = world.here("sandbox", "break", "--random", "-v")
    assert failed.code == 1
    assert failed.err.splitlines()[-2:] == [
        "✗ The exercise could not be set up.  VPCE122",
        f"Put the demo back:  vpce-demo --state-dir {world.directory / world.state} sandbox break --undo",
    ]
    told = world.here("sandbox", "score", "-o", "json")
    assert told.document["exercises"] == [{"number": None, "ended": "open", "hints": 0}]
    for word in ("group", "tcp", "vpc-0123456789abcdef0", "DeleteVpc", "Revoke"):
        assert word not in failed.text
    for file in (world.directory / world.state).rglob("*"):
        if file.is_file() and file.name != "state.json":
            assert "endpoint-group" not in file.read_text(errors="replace"), file
    undone = world.here("sandbox", "break", "--undo")
    assert undone.code == 0, undone.text
    assert world.here("test").code == 0


EVERY = [
    (rule, way)
    for rule in EXERCISES.values()
    if rule.key != "not-allowed" and chapter_of_rule(rule) == TUTORIAL
    for way in WAYS[rule.key]
]
QUICK = ("balancer-in-use", "targets-initial")
"""Those that the clock spoils, or hides, if it is as fast as it is by default."""


@pytest.mark.extended
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
        for name in (f"{rule.key}:{way}".removesuffix(":") for rule, way in EVERY)
    ],
)
@pytest.mark.sampled(2)
def test_an_exercise_at_the_default_speed(whole: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be seen when it is said to be, no command tells the cause before the answer, and it can be undone."""
    monkeypatch.setattr(timing, "SERVICE_DELETING", 30.0)  # longer than it takes to make another service
    world, (rule, _) = whole, next(one for one in EVERY if f"{one[0].key}:{one[1]}".removesuffix(":") == name)
    world.speed(DEFAULT_SPEED)
    broken = world.here("sandbox", "break", name)
    assert broken.code == 0, broken.text
    assert "nothing to see yet" not in broken.err
    met = world.here(rule.seen_by, "--timeout", "20", "-o", "json")
    assert met.code in {"up": (8,), "down": (7,)}.get(rule.seen_by, (6,)), met.text
    told = [met.text.partition("Most likely")[2], *(world.here("sandbox", "hint").text for _ in range(2))]
    assert told[0] == ""
    assert "diagnosis" not in met.document
    assert rule.likely not in "".join(told)
    if rule.passes:
        world.speed("max")  # it has made the clock slow
    undone = world.here("sandbox", "break", "--undo")
    assert undone.code == 0, undone.text
    world.speed("max")
    tested = world.here("test")
    assert tested.code == 0, tested.text
