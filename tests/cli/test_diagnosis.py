"""Every row of the table of causes: broken on purpose, named by the command that meets it, mended by what is offered.

One demo for all rows: each mends what it broke, or is followed by a new demo.
"""

from __future__ import annotations

import random
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from vpce_demo.chapters import CHAPTERS
from vpce_demo.config.settings import TUTORIAL
from vpce_demo.exercises.ways import CAUSES, EXERCISES, WAYS, chapter_of_rule
from vpce_demo.verify.diagnosis.table import Rule

from .aws_words import aws, is_for_the_cli
from .program import Done, World

BREAKABLE = list(EXERCISES.values())
ALL = [(rule, way) for rule in BREAKABLE for way in WAYS[rule.key]]

MET: dict[str, tuple[int, str]] = {
    # the check that fails, and what it met
    "not-accepted": (4, "pendingAcceptance"),
    "endpoint-unusable": (4, "rejected"),
    "endpoint-pending": (4, "pending"),
    "endpoint-group-closed": (6, "timed out after 5s"),
    "no-way-out": (6, "timed out after 5s"),
    "balancer-groups-closed": (6, "timed out after 5s"),
    "public-access-blocked": (5, "timed out"),
    "public-access-blocked:boot": (3, "0 of 1 healthy on tcp/80: unhealthy (Target.FailedHealthChecks)"),
    "acl-return-ports": (6, "timed out after 5s"),
    "acl-return-ports:ssh": (5, "timed out"),
    "nothing-listens": (6, "connection refused"),
    "other-page": (7, "holds the demo id, but another page"),
    "targets-unhealthy": (3, "0 of 1 healthy on tcp/80: unhealthy (Target.FailedHealthChecks)"),
    "something-differs": (3, "0 of 1 healthy on tcp/80: unhealthy (Target.FailedHealthChecks)"),
    "something-differs:target": (3, "1 of 2 healthy on tcp/80: unhealthy (Target.FailedHealthChecks)"),
    "targets-unused": (3, "0 of 1 healthy on tcp/80: unused (Target.NotInUse)"),
    "ssh-hangs": (5, "timed out"),
    "ssh-hangs:address": (5, "running, no public address"),
    "ssh-denied": (5, "Permission denied (publickey)"),
    "other-way-in": (8, "answers 10.0.1."),
    "instance-stopped": (5, "stopped, no public address"),
    "instance-stopped:web": (3, "0 of 1 healthy on tcp/80: unused (Target.InvalidState)"),
    "part-missing": (3, "none is registered"),
    "no-endpoint-route": (3, "no route to S3 by vpce-"),
    "no-endpoint-route:main-table": (3, "no route to S3 by vpce-"),
    "endpoint-policy-denies": (4, "403 from 198.18."),
    "gateway-way-out": (6, "https://checkip.amazonaws.com/ answered: 200"),
    "endpoint-https-closed": (5, "timed out after 5s"),
    "dns-attributes-off": (4, "sts.us-east-1.amazonaws.com is "),
    "dns-attributes-off:resolution": (4, "sts.us-east-1.amazonaws.com is not known, not 10.2.2."),
    "private-dns-off": (4, "sts.us-east-1.amazonaws.com is "),
    "interface-way-out": (6, "https://checkip.amazonaws.com/ answered: 200"),
}
MADE = {
    # how many things `up` makes where it is what mends it
    "endpoint-unusable": 2,
    "endpoint-group-closed": 1,
    "public-access-blocked:boot": 2,
    "targets-unhealthy": 1,
    "targets-unused": 1,
    "ssh-hangs": 1,
    "ssh-hangs:route": 1,
    "ssh-hangs:main-table": 1,
    "instance-stopped": 1,
    "instance-stopped:web": 2,
    "not-allowed": 3,
    "not-allowed:connected": 1,
    "part-missing": 1,
    "no-endpoint-route:main-table": 1,
    "endpoint-https-closed": 1,
    "dns-attributes-off": 1,
}
BY_HAND = (
    # where a second way to mend it is offered, which is proved as well
    "not-accepted",
    "endpoint-unusable",
    "endpoint-group-closed",
    "no-way-out",
    "public-access-blocked",
    "public-access-blocked:ingress",
    "public-access-blocked:boot",
    "acl-return-ports",
    "acl-return-ports:ssh",
    "balancer-groups-closed",
    "targets-unhealthy",
    "targets-unused",
    "ssh-hangs",
    "ssh-hangs:route",
    "instance-stopped",
    "instance-stopped:web",
    "not-allowed",
    "not-allowed:connected",
    "no-endpoint-route",
    "endpoint-policy-denies",
    "endpoint-https-closed",
    "dns-attributes-off",
    "dns-attributes-off:resolution",
    "private-dns-off",
)
DIFFERS = {
    # what `status` shows of a chapter that is broken: a field that differs, or what is missing
    "no-endpoint-route": "gateway-endpoint-s3: route tables",
    "no-endpoint-route:main-table": "gateway-private-routing",
    "endpoint-policy-denies": "gateway-endpoint-s3: policy",
    "gateway-way-out": "gateway-private-routes: further routes",
    "endpoint-https-closed": "interface-rule-https",
    "endpoint-https-closed:another-group": "interface-endpoint: security groups",
    "dns-attributes-off": "interface-hostnames",
    "dns-attributes-off:resolution": "interface-vpc: DNS resolution",
    "private-dns-off": "interface-endpoint: private DNS",
    "interface-way-out": "interface-private-routes: further routes",
}
APART = {
    "accounts": ("--consumer-profile", "222233334444"),
    "regions": ("--consumer-region", "us-west-2"),
}
"""Demos whose two sides are apart, and the options that make them."""
SAMPLE = (
    *("accounts-not-allowed", "accounts-not-allowed:connected", "accounts-other-way-in"),
    *("endpoint-policy-denies", "endpoint-https-closed", "dns-attributes-off"),
)
"""Of these demos' rows, and the chapters', those that are tried without ``make test-all``."""
NOT_IN = {"": ("not-allowed",), "accounts": ("service-not-found",), "regions": ("not-allowed", "no-common-zone")}
"""The exercises that have no meaning there: ``test_exercises`` has what is said."""
UNDONE = ("chapters-gateway-way-out",)
"""Of those that are undone, the one that takes back most."""
ORDINARY = ("boot", "route")
"""Of the other ways to break the same thing, those that are tried without ``make test-all``."""


@pytest.fixture(scope="module")
def shared_world(world_in_process: World) -> World:
    return world_in_process


def name(rule: Rule, way: str) -> str:
    return f"{rule.key}:{way}" if way else rule.key


def of_kind(kind: str) -> list[tuple[Rule, str]]:
    """The ways to break a demo whose sides are in one place, or so apart; or the chapters."""
    if kind == "chapters":
        return [(rule, way) for rule, way in ALL if chapter_of_rule(rule) != TUTORIAL]
    return [(rule, way) for rule, way in ALL if chapter_of_rule(rule) == TUTORIAL and rule.key not in NOT_IN[kind]]


def quick(rule: Rule, way: str) -> list[pytest.MarkDecorator]:
    return [] if not way or way in ORDINARY else [pytest.mark.slow]


class Chain:
    """A demo that is made once and is whole again after each test, or made anew.

    ``patience`` is how many seconds a test that fails may take: longer than one that passes here and now.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.kind = ""
        self.whole = False
        self.patience = 1.0

    def of(self, kind: str) -> Chain:
        """The chain with a whole demo of this kind."""
        if self.kind != kind:
            self.whole, self.kind = False, kind
            self.world.forget_clients()
        self.world.sides = APART.get(kind, ())
        if not self.whole:
            self.world.empty()
            done = self.mend()
            assert done.code == 0, done.text
        self.whole = False
        return self

    def mend(self) -> Done:
        """``up`` with its test at the end, of both chapters if the demo is one of chapters."""
        for chapter in CHAPTERS if self.kind == "chapters" else [""]:
            done = self.world.here("up", *(["--chapter", chapter] if chapter else []))
            self.whole = done.code == 0
            if not self.whole:
                break
            if took := re.search(r"PASSED  (\d) of \1 in ([\d.]+)s", done.out):
                self.patience = max(1.0, 3 * float(took[2]))
        return done


@pytest.fixture(scope="module")
def chain_of_the_module(shared_world: World) -> Chain:
    return Chain(shared_world)


@pytest.fixture
def chains(chain_of_the_module: Chain) -> Iterator[Callable[[str], Chain]]:
    """Makes the demo one of this kind, if it is not yet."""
    yield chain_of_the_module.of
    chain_of_the_module.world.speed("max")
    chain_of_the_module.world.sides = ()
    chain_of_the_module.world.forget_clients()


@pytest.fixture
def chain(chains: Callable[[str], Chain]) -> Chain:
    return chains("")


def by_botocore(world: World, line: str) -> None:
    aws(line, world.sandbox.endpoint_url)


def carry_out(world: World, command: str, run_aws: Callable[[World, str], None] = by_botocore) -> Done | None:
    """Carry out an offered command line as it stands; what the last command of ours said, if it is one."""
    done = None
    for part in command.split(" && "):
        program, *words = shlex.split(part)
        assert program == "vpce-demo"
        if is_for_the_cli(part):
            assert words[:2] == ["--state-dir", str(world.directory / world.state)]
            run_aws(world, part)
            done = None
        else:
            options = shlex.split(ours(world))[1:]
            assert words[: len(options)] == options
            done = world.here(*words[len(options) :])
            assert done.code == 0, done.text
    return done


def broken(chain: Chain, rule: Rule, way: str) -> dict[str, Any]:
    """Break it, see that it is not said what, and ask for the answer, after which every command may tell it."""
    world = chain.world
    done = world.here("sandbox", "break", name(rule, way))
    assert done.code == 0, done.text
    assert done.out == f"One thing is now broken. Find it with:  {ours(world)} {rule.seen_by}\n"
    for number in (1, 2, 3):
        hint = world.here("sandbox", "hint", "-o", "json")
        assert hint.code == 0, hint.text
        assert hint.document["number"] == number
    answer: dict[str, Any] = hint.document["diagnosis"]
    return answer


def ours(world: World) -> str:
    return " ".join(["vpce-demo --sandbox --state-dir", str(world.directory / world.state), *world.sides])


def diagnosed(done: Done, rule: Rule) -> dict[str, Any]:
    """The diagnosis in the document, which names this rule; and on the screen, which says the same."""
    told: dict[str, Any] = done.document["diagnosis"]
    assert told["rule"] == rule.key, told
    screen = done.err
    assert f"Most likely: {told['most_likely']}\n" in screen
    assert told["evidence"]
    for line in told["evidence"]:
        assert f"  {line}\n" in screen
    for number, fix in enumerate(told["fixes"]):
        words = f"{fix['command']:<27}  ({fix['label']})" if fix["label"] else fix["command"]
        assert f"{'Or:' if number else 'Fix:':<6} {words}\n" in screen
    assert rule.about.value not in told["ruled_out"]
    if told["ruled_out"]:
        assert f"Ruled out: {', '.join(told['ruled_out'])}.\n" in screen
    assert told["not_asked"] == []
    return told


def by_test(chain: Chain, rule: Rule, way: str) -> dict[str, Any]:
    """``test`` fails where it should, changes nothing, and names the cause."""
    world = chain.world
    before = world.changing_calls()
    tested = world.here("test", "--timeout", f"{chain.patience}", "-o", "json")
    assert world.changing_calls() == before
    assert tested.code == 6, tested.text
    checks, chapter = tested.document["checks"], chapter_of_rule(rule)
    results = {one["number"]: one for one in checks if one.get("chapter", TUTORIAL) == chapter}
    check, met = MET.get(name(rule, way), MET[rule.key])
    assert next(number for number, one in results.items() if one["passed"] is False) == check
    assert met in results[check]["evidence"]
    assert f"FAILED  at {check}. Exit code 6. Nothing was changed." in tested.err
    assert all(one["evidence"].startswith("not run: needs") for one in results.values() if one["passed"] is None)
    return diagnosed(tested, rule)


def by_doctor(chain: Chain, rule: Rule, way: str) -> dict[str, Any]:
    with chain.world.account_stays():
        done = chain.world.here("doctor", "--timeout", f"{chain.patience}", "-o", "json")
    assert done.code == 6, done.text
    return diagnosed(done, rule)


def by_status(chain: Chain, rule: Rule, way: str) -> dict[str, Any]:
    """``status`` shows what is missing, and ``doctor`` names the cause.  AWS refuses a new endpoint, and cuts no
    connection: the test of one passes, which solves nothing."""
    world, there = chain.world, chain.world.recorded()
    shown = world.here("status", "--check", "-o", "json")
    assert shown.code == 10, shown.text
    tested = world.here("test")
    assert (tested.code == 0) == (way == "connected"), tested.text
    assert "solved" not in tested.text
    with pytest.raises(ClientError, match="InvalidServiceName"):
        world.consumer_ec2.create_vpc_endpoint(
            VpcEndpointType="Interface",
            ServiceName=f"com.amazonaws.vpce.us-east-1.{there['service']}",
            VpcId=there["customer-vpc"],
            SubnetIds=[there["customer-subnet"]],
        )
    return by_doctor(chain, rule, way)


def differences(world: World) -> set[str]:
    """The fields of the demo that ``status`` shows as differing, and what is missing."""
    told = world.here("status", "-o", "json").document
    fields = {f"{one['key']}: {drift['field']}" for one in told["resources"] for drift in one["drift"]}
    return fields | set(told["missing"])


def by_up(chain: Chain, rule: Rule, way: str) -> dict[str, Any]:
    made = chain.world.here("up", "--timeout", f"{1.5 * chain.patience}", "-o", "json")
    assert made.code == 8, made.text
    return diagnosed(made, rule)


def by_down(chain: Chain, rule: Rule, way: str) -> dict[str, Any]:
    deleted = chain.world.here("down", "--timeout", f"{1.5 * chain.patience}", "-o", "json")
    assert deleted.code == 7, deleted.text
    return diagnosed(deleted, rule)


BY = {"test": by_test, "doctor": by_doctor, "status": by_status, "up": by_up, "down": by_down}
LEAVES = ("acl-return-ports", "targets-unused:zone", "gateway-way-out", "interface-way-out")
"""After these the demo works, and something is there that would be in the way of other rows."""


def mended(chain: Chain, rule: Rule, way: str, done: Done | None) -> None:
    """``test`` passes again, or nothing is left of a demo that could not be deleted."""
    world = chain.world
    world.speed("max")
    if rule.seen_by == "down":
        assert done is not None
        assert "Looked again by tag: nothing left" in done.out
        return
    if done is None or "PASSED" not in done.out:
        done = world.here("test")
    assert done.code == 0, done.text
    assert re.search(r"PASSED  (\d) of \1 ", done.out)
    chain.whole = name(rule, way) not in LEAVES


def test_every_row_is_here() -> None:
    assert {name: len(rules) for name, rules in CAUSES.items()} == {TUTORIAL: 26, "gateway": 3, "interface": 4}
    assert len({rule.key for rules in CAUSES.values() for rule in rules}) == 33
    assert all("" in WAYS[rule.key] for rule in BREAKABLE)
    assert set(WAYS) == {rule.key for rule in BREAKABLE}
    assert len(ALL) == 50
    assert {name(*one) for one in of_kind("chapters")} == set(DIFFERS)
    assert {rule.key for rule in BREAKABLE if rule.seen_by == "test"} == {key.partition(":")[0] for key in MET}


def prove(chain: Chain, rule: Rule, way: str, run_aws: Callable[[World, str], None] = by_botocore) -> None:
    """Break it, let the command that meets it name it, carry out what is offered first, and see the demo work."""
    world = chain.world
    answer = broken(chain, rule, way)
    if differs := DIFFERS.get(name(rule, way)):
        assert differences(world) == {differs}
    told = BY[rule.seen_by](chain, rule, way)
    assert (answer["rule"], answer["fixes"]) == (rule.key, told["fixes"])
    assert len(told["fixes"]) == (2 if name(rule, way) in BY_HAND else 1)
    if rule.passes:
        assert world.sandbox.speed == 1
        world.speed("max")  # the wait
    done = carry_out(world, told["fixes"][0]["command"], run_aws)
    if made := MADE.get(name(rule, way)):
        assert done is not None
        assert f"{made} created" in done.out
    mended(chain, rule, way, done)
    if rule.key == "public-access-blocked":  # other VPCs of the account stay closed
        ec2 = world.ec2 if way == "boot" else world.consumer_ec2
        options = ec2.describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"]
        assert options["InternetGatewayBlockMode"] != "off"
        ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode="off")
    if name(rule, way) == "targets-unhealthy:boot":
        assert (
            "Its console says: cloud-init: dnf: cannot reach the package repository: timed out" in told["evidence"][1]
        )
    if rule.key == "something-differs":
        assert "target health" not in told["ruled_out"]
    if rule.key == "endpoint-unusable":
        assert world.recorded()["endpoint"] not in told["evidence"][0]  # it is another one now


@pytest.mark.extended
@pytest.mark.parametrize(("rule", "way"), [pytest.param(*one, id=name(*one), marks=quick(*one)) for one in of_kind("")])
@pytest.mark.sampled(
    "service-not-found",
    "not-accepted",
    "endpoint-group-closed",
    "no-way-out",
    "acl-return-ports",
    "nothing-listens",
    "targets-unhealthy",
    "targets-unhealthy:boot",
    "something-differs",
    "ssh-denied",
    "other-way-in",
    "interfaces-left",
)
def test_a_row(chain: Chain, rule: Rule, way: str) -> None:
    prove(chain, rule, way)


@pytest.mark.extended
@pytest.mark.parametrize(
    ("kind", "rule", "way"),
    [
        pytest.param(kind, *one, id=id, marks=() if id in SAMPLE else pytest.mark.slow)
        for kind in APART
        for one in of_kind(kind)
        for id in [f"{kind}-{name(*one)}"]
    ],
)
@pytest.mark.sampled(2)
def test_a_row_of_sides_apart(chains: Callable[[str], Chain], kind: str, rule: Rule, way: str) -> None:
    prove(chains(kind), rule, way)


@pytest.mark.extended
@pytest.mark.parametrize(
    ("rule", "way"),
    [
        pytest.param(*one, id=id, marks=() if id in SAMPLE else pytest.mark.slow)
        for one in of_kind("chapters")
        for id in [name(*one)]
    ],
)
@pytest.mark.sampled(3)
def test_a_row_of_a_chapter(chains: Callable[[str], Chain], rule: Rule, way: str) -> None:
    chain = chains("chapters")
    assert differences(chain.world) == set()
    prove(chain, rule, way)


@pytest.mark.extended
def test_an_exercise_of_a_chapter_is_solved_by_its_own_test(
    chains: Callable[[str], Chain], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what the demo has can be broken, and a pass of the other chapter solves nothing."""
    chain = chains("chapters")
    world = chain.world
    with world.nothing_changes():
        refused = world.here("sandbox", "break", "ssh-hangs")
    assert refused.code == 5
    assert "This exercise breaks the tutorial, which this demo does not have." in refused.err
    assert f"Make it beside what there is:  {ours(world)} up\n" in refused.err
    chosen: list[Any] = []

    def choose(them: list[Any]) -> Any:
        chosen.extend(them)
        return next(one for one in them if one[0].key == "private-dns-off")

    monkeypatch.setattr(random, "choice", choose)
    assert world.here("sandbox", "break", "--random").code == 0
    assert chosen == of_kind("chapters")
    for words in (("test", "--chapter", "gateway"), ("up", "--chapter", "gateway")):
        passed = world.here(*words)
        assert (passed.code, "solved" in passed.text) == (0, False), passed.text
    assert world.here("test").code == 6
    solved = world.here("up", "--chapter", "interface")
    assert (solved.code, "The exercise is solved." in solved.err) == (0, True), solved.text
    last = world.here("sandbox", "score", "-o", "json").document["exercises"][-1]
    assert last == {"number": 32, "ended": "solved", "hints": 0}
    chain.whole = True


@pytest.mark.slow
def test_an_exercise_is_gone_with_its_chapter(chains: Callable[[str], Chain]) -> None:
    world = chains("chapters").world
    assert world.here("sandbox", "break", "private-dns-off").code == 0
    for chapter, ended in (("gateway", "open"), ("interface", "undone")):
        assert world.here("down", "--chapter", chapter).code == 0
        assert world.here("sandbox", "score", "-o", "json").document["exercises"][-1]["ended"] == ended


def closed(world: World, group: str) -> None:
    id = world.recorded()[group]
    (told,) = world.ec2.describe_security_groups(GroupIds=[id])["SecurityGroups"]
    world.ec2.revoke_security_group_ingress(GroupId=id, IpPermissions=told["IpPermissions"])


def without_a_route(world: World) -> None:
    world.ec2.delete_route(RouteTableId=world.recorded()["gateway-public-routes"], DestinationCidrBlock="0.0.0.0/0")


def stopped(world: World, instance: str) -> None:
    world.ec2.stop_instances(InstanceIds=[world.recorded()[instance]])


@pytest.mark.extended
@pytest.mark.parametrize(
    ("change", "key", "likely", "by_hand"),
    [
        (
            lambda world: closed(world, "gateway-private-group"),
            "ssh-hangs",
            "the instance Gateway_Private_EC2 does not let Gateway_Jump_EC2 in.",
            "--port 22 --cidr 10.1.1.0/24",
        ),
        pytest.param(
            *(lambda world: closed(world, "gateway-jump-group"), "ssh-hangs", "ssh is not open to your address."),
            "--port 22 --cidr 203.0.113.10/32",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *(without_a_route, "ssh-hangs", "its subnet has no route to the internet gateway."),
            "ec2 create-route",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *(lambda world: stopped(world, "gateway-private"), "instance-stopped"),
            *("the instance Gateway_Private_EC2 does not run.", "ec2 start-instances"),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *(lambda world: stopped(world, "gateway-jump"), "instance-stopped"),
            *("the instance Gateway_Jump_EC2 does not run.", "ec2 start-instances"),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_what_keeps_ssh_from_the_instances_of_a_chapter(
    chains: Callable[[str], Chain], change: Callable[[World], None], key: str, likely: str, by_hand: str
) -> None:
    """The tutorial's rules for it hold for the jump instance, and for the private one behind it."""
    chain = chains("chapters")
    world = chain.world
    change(world)
    rule = next(rule for rule in CAUSES[TUTORIAL] if rule.key == key)
    told = by_doctor(chain, rule, "")
    assert told["most_likely"] == likely
    first, second = [fix["command"] for fix in told["fixes"]]
    assert first == f"{ours(world)} up --chapter gateway"
    assert by_hand in second
    done = carry_out(world, first)
    assert done is not None
    assert "PASSED  6 of 6" in done.out
    chain.whole = True


@pytest.mark.extended
@pytest.mark.parametrize(
    ("kind", "rule", "way"),
    [
        pytest.param(kind, *one, id=id, marks=() if id in UNDONE else pytest.mark.slow)
        for kind in (*APART, "chapters")
        for one in of_kind(kind)
        for id in [f"{kind}-{name(*one)}"]
    ],
)
def test_an_exercise_is_undone(chains: Callable[[str], Chain], kind: str, rule: Rule, way: str) -> None:
    chain = chains(kind)
    world = chain.world
    before = differences(world)
    assert world.here("sandbox", "break", name(rule, way)).code == 0
    undone = world.here("sandbox", "break", "--undo")
    assert undone.code == 0, undone.text
    world.speed("max")
    tested = world.here("test")
    assert tested.code == 0, tested.text
    assert differences(world) == before
    chain.whole = True


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("aws") is None, reason="the aws CLI is not installed")
@pytest.mark.parametrize(("rule", "way"), [pytest.param(*one, id=name(*one)) for one in of_kind("")])
def test_a_row_mended_with_the_aws_cli(chain: Chain, rule: Rule, way: str) -> None:
    """The offered commands as the CLI itself reads them."""
    prove(chain, rule, way, the_cli)


def the_cli(world: World, line: str) -> None:
    """As they are printed, with no credentials in the environment."""
    done = world.run(*shlex.split(line)[1:])
    assert done.code == 0, done.text
    assert '"ResourceId"' not in done.out, done.out  # an item of Unsuccessful


@pytest.mark.parametrize("key", [BY_HAND[0], *(pytest.param(key, marks=pytest.mark.slow) for key in BY_HAND[1:])])
def test_a_row_found_by_doctor_and_mended_by_hand(chains: Callable[[str], Chain], key: str) -> None:
    """The second thing that is offered, too; ``up`` may have something to mend after it."""
    rule, way = next(one for one in ALL if name(*one) == key)
    chain = chains(next(kind for kind in ("", "accounts", "chapters") if (rule, way) in of_kind(kind)))
    world = chain.world
    broken(chain, rule, way)
    told = by_doctor(chain, rule, way)
    mended(chain, rule, way, carry_out(world, told["fixes"][1]["command"]))
    chain.whole = False


@pytest.mark.extended
@pytest.mark.parametrize(("key", "named", "made"), [("web", "Webserver1", 2), ("customer", "Customer_EC2", 1)])
@pytest.mark.sampled(2)
def test_a_terminated_instance_is_replaced(chain: Chain, key: str, named: str, made: int) -> None:
    world = chain.world
    before = world.recorded()[key]
    world.ec2.terminate_instances(InstanceIds=[before])
    tested = world.here("test")
    assert tested.code == 5
    assert f"instance {named}" in tested.err
    mended = chain.mend()
    assert mended.code == 0, mended.text
    assert f"{made} created" in mended.out
    assert "1 of 1 healthy" in mended.out
    assert world.recorded()[key] != before
