"""The words everything else uses, and the tutorial as a graph of them."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
from botocore.loaders import Loader

from vpce_demo.chapters import CHAPTERS, demo_of
from vpce_demo.config.load import load
from vpce_demo.engine.resource import Aws, closure
from vpce_demo.errors import NotCreated
from vpce_demo.model import Live, Phase, Side
from vpce_demo.resources.endpoint_service import REGION_PENDING
from vpce_demo.resources.nouns import KINDS, noun_of
from vpce_demo.resources.route_table import DESTINATIONS, TARGETS
from vpce_demo.session.discover import not_looked_up
from vpce_demo.tutorial import Demo, tutorial

from .fake_resources import Thing, World

ENUMS = {
    "ec2": (
        "VpcState",
        "SubnetState",
        "AttachmentStatus",
        "RouteTableAssociationStateCode",
        "InstanceStateName",
        "ServiceState",
        "State",  # of VPC endpoints
    ),
    "elbv2": ("LoadBalancerStateEnum",),
}
PENDING_ON_PURPOSE = {"pending", "provisioning", "attaching", "associating", "pendingacceptance", "partial"}
"""``partial`` is in the enum alone, and nobody knows its meaning: not ready (``aws-behaviours.md`` 3.2)."""


@cache
def shapes(service: str) -> dict[str, Any]:
    return dict(Loader().load_service_model(service, "service-2")["shapes"])


@pytest.mark.parametrize(("service", "enum"), [(service, enum) for service in ENUMS for enum in ENUMS[service]])
def test_every_state_word_of_aws_is_known(service: str, enum: str) -> None:
    words = shapes(service)[enum]["enum"]
    unknown = {word.lower() for word in words if Phase.of(word) is Phase.PENDING}
    assert unknown <= PENDING_ON_PURPOSE


def test_no_word_is_pending_for_nothing() -> None:
    words = {word.lower() for service in ENUMS for enum in ENUMS[service] for word in shapes(service)[enum]["enum"]}
    assert words >= PENDING_ON_PURPOSE


@pytest.mark.parametrize("word", ["available", "Available", "AVAILABLE"])
def test_case_does_not_matter(word: str) -> None:
    assert Phase.of(word) is Phase.READY


@pytest.mark.parametrize("word", [None, "", "some-new-word"])
def test_a_word_that_is_not_known_is_pending(word: str | None) -> None:
    assert Phase.of(word) is Phase.PENDING


@pytest.mark.parametrize(
    ("word", "phase"),
    [
        ("rejected", Phase.FAILED),
        ("stopped", Phase.FAILED),
        ("shutting-down", Phase.DELETING),
        ("terminated", Phase.GONE),
    ],
)
def test_what_some_words_mean(word: str, phase: Phase) -> None:
    assert Phase.of(word) is phase


def test_every_target_of_a_route_is_known() -> None:
    neither = {"InstanceOwnerId", "Origin", "State", "IgwFirewall"}
    assert set(shapes("ec2")["Route"]["members"]) <= {*DESTINATIONS, *TARGETS, *neither}


STATES = {
    "Vpc": ("ec2", "VpcState"),
    "Subnet": ("ec2", "SubnetState"),
    "GatewayAttachment": ("ec2", "AttachmentStatus"),
    "SubnetRouting": ("ec2", "RouteTableAssociationStateCode"),
    "Instance": ("ec2", "InstanceStateName"),
    "EndpointService": ("ec2", "ServiceState"),
    "VpcEndpoint": ("ec2", "State"),
    "Acceptance": ("ec2", "State"),
    "LoadBalancer": ("elbv2", "LoadBalancerStateEnum"),
}
"""The shape of AWS's model that lists the state words, by kind.  The other kinds have no state."""


@pytest.mark.parametrize("kind", STATES)
def test_every_state_word_that_aws_lists_leads_to_ready_or_ends_the_wait(kind: str) -> None:
    service, shape = STATES[kind]
    words = {word.lower() for word in shapes(service)[shape]["enum"]}
    resource = next(r for r in tutorial(not_looked_up(load(None, {}))).resources if r.kind == kind)
    told = {word for word in words if Phase.of(word) is not Phase.PENDING}
    assert resource.pending_words - {REGION_PENDING.lower()} <= words
    assert resource.ready_word.lower() in words | {"available"}
    # "pendingAcceptance" is what the endpoint waits for, and nobody knows what "partial" means: it ends the wait.
    assert words - told - resource.pending_words <= {"pendingacceptance", "partial"}


# --- needs ------------------------------------------------------------------------------


def thing(name: str, *on: Thing, **more: Any) -> Thing:
    return Thing(name, Side.PROVIDER, name, World(), on, **more)


def test_every_field_that_holds_a_resource_is_a_need() -> None:
    one, two, start, after = (thing(name) for name in ("one", "two", "start", "after"))
    top = thing("top", one, two, beside=(start,), after=(after,))
    assert {(need.resource.name, need.ready) for need in top.needs()} == {
        *(("one", True), ("two", True), ("after", True)),
        ("start", False),
    }


def test_a_closure_holds_each_once_after_what_it_needs() -> None:
    ground = thing("ground")
    left, right = thing("left", ground), thing("right", ground)
    top = thing("top", right, left)
    assert [r.name for r in closure([top, left])] == ["ground", "right", "left", "top"]


def test_what_is_not_there_has_no_id() -> None:
    aws = World().aws
    with pytest.raises(NotCreated, match="Thing vpc does not exist yet"):
        aws.id(thing("vpc"))


def test_tags_say_whose_it_is() -> None:
    one = thing("one")
    aws = Aws(None, "second", "abc123")  # type: ignore[arg-type]
    tags = aws.tags(one)
    assert tags["Name"] == "one"
    assert aws.is_mine(one, tags)
    assert not aws.is_mine(thing("other"), tags)
    assert not Aws(None, "third", "abc123").is_mine(one, tags)  # type: ignore[arg-type]
    assert aws.elb_tags(one) == aws.tagged(one, "vpc")[0]["Tags"]


def test_both_sides_of_what_was_found_are_kept() -> None:
    live = Live("vpce-1", outputs={"dns_name": "x"})
    aws = Aws(None, "d", "i", {"one": live})  # type: ignore[arg-type]
    assert (aws.ids([thing("one")]), aws.output(thing("one"), "dns_name")) == (["vpce-1"], "x")


# --- the tutorial ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo() -> Demo:
    return tutorial(not_looked_up(load(None, {})))


def test_it_has_the_tutorial_s_seventeen_steps(demo: Demo) -> None:
    assert sorted({step.number for step in demo.steps}) == list(range(1, 18))
    assert [step.number for step in demo.steps] == sorted(step.number for step in demo.steps)


def test_a_step_needs_only_what_is_made_in_it_or_earlier(demo: Demo) -> None:
    place = {r.key: number for number, step in enumerate(demo.steps) for r in step.resources}
    for r in demo.resources:
        for need, *_ in r.needs():
            assert place[need.key] <= place[r.key], f"{r} needs {need}, which comes later"


def test_every_resource_is_in_one_step_and_one_group_of_the_teardown(demo: Demo) -> None:
    keys = [r.key for r in demo.resources]
    assert len(keys) == len(set(keys))
    assert sorted(r.key for group in demo.teardown for r in group) == sorted(keys)
    assert {r.key for r in closure(demo.resources)} == set(keys), "nothing is needed that no step makes"


def test_the_commands_make_everything_between_them(demo: Demo) -> None:
    stages = ["create-provider", "create-endpoint-service", "create-consumer", "accept"]
    assert list(dict.fromkeys(step.command for step in demo.steps)) == [*stages, "test", "destroy"]
    assert demo.of(*stages) == demo.resources
    assert demo.of("test", "destroy") == []
    assert [r.key for r in demo.of("create-endpoint-service", "accept")] == ["service", "acceptance"]
    assert demo.step_of(demo.acceptance).command == "accept"


def test_it_is_taken_down_in_the_documented_order(demo: Demo) -> None:
    groups = [[r.key for r in group] for group in demo.teardown]
    assert groups[:5] == [["web", "customer"], ["endpoint"], ["service"], ["load-balancer"], ["target-group"]]
    assert len(groups) == 6


def test_each_side_s_things_are_that_side_s(demo: Demo) -> None:
    consumer = {r.key for r in demo.resources if r.side is Side.CONSUMER}
    assert consumer == {r.key for r in demo.of("create-consumer")}


def test_what_goes_with_another_needs_it(demo: Demo) -> None:
    for r in demo.resources:
        if parent := r.goes_with():
            assert parent.key in {need.resource.key for need in r.needs()}, (
                f"{r} is not waited for before {parent} goes"
            )


def test_every_kind_has_a_noun_that_a_log_finds_again() -> None:
    apart = {"consumer_account": "222222222222", "consumer_region": "eu-west-1", "chapters": ("tutorial", *CHAPTERS)}
    demo = demo_of(not_looked_up(load(None, {})).model_copy(update=apart))
    nouns = {r.kind: r.noun for r in demo.resources}
    assert {kind: noun_of(kind) for kind in nouns} == nouns
    assert {kind.__name__ for kind in KINDS} == nouns.keys()
    assert len(set(nouns.values())) == len(nouns), "two kinds with one noun"
    assert not any(re.search("[a-z][A-Z]", noun) for noun in nouns.values())
    assert noun_of("network-interface") == "network interface"
    assert str(demo.acceptance) == "endpoint connection MyEndpoint"


@pytest.mark.parametrize(
    ("live", "state"),
    [
        (Live("i-1", word="running"), "running"),
        (Live("sg-1"), "ready"),
        (Live("rtb-1", Phase.WRONG, "active"), "wrong"),
        (Live("i-1", Phase.FAILED, "stopped"), "stopped"),
    ],
)
def test_a_state_is_aws_s_word_if_it_has_one_that_tells_all(live: Live, state: str) -> None:
    assert live.state == state


def test_a_gateway_is_in_the_state_of_its_attachment() -> None:
    demo = tutorial(not_looked_up(load(None, {})))
    live = {"provider-gateway": Live("igw-1"), "provider-attachment": Live("igw-1", word="attached")}
    assert demo.with_gateways(live)["provider-gateway"].state == "attached"
    del live["provider-attachment"]
    assert demo.with_gateways(live)["provider-gateway"].state == "detached"
