"""What AWS holds against what the tutorial says: every field of every kind, changed behind the program's back."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest

from vpce_demo.aws.tags import DEMO_TAG, ID_TAG, RESOURCE_TAG
from vpce_demo.chapters import chapter_of
from vpce_demo.config.settings import TUTORIAL
from vpce_demo.engine.events import Action, Event
from vpce_demo.model import Live, Phase, Remedy, short_id
from vpce_demo.session.run import Run

from ..changes import CALLED, CASES, Change, remedy
from .stage import Stage

OpenRun = Callable[..., AbstractContextManager[Run]]


SAID = {
    Remedy.MEND: "mends:",
    Remedy.REPLACE: "replaces:",
    Remedy.ASK: "leaves, or asks about:",
    Remedy.LEAVE: "leaves, or asks about:",
}


def shown(value: str) -> str:
    return ",".join(short_id(word) for word in value.split(", "))


def drift(document: dict[str, Any]) -> dict[str, list[dict[str, str]]]:
    return {one["key"]: one["drift"] for one in document["resources"] if one["drift"]}


SWEPT = [
    case for case in CASES if (case[0], case[1], case[2]) in CALLED and case[1].startswith(("tag", "health", "un"))
]
"""These are slow: ``make torture`` has them all, and the others are enough of the kind."""
FIRST = {
    (key, remedy(key, field)): f"{key}-{field}"
    for key, field, *rest in reversed(CASES)
    if (key, field, *rest) not in SWEPT
}
"""The first field of each resource that ``up`` mends, replaces, asks about or leaves."""


@pytest.mark.extended
@pytest.mark.parametrize(
    ("key", "field", "aws", "change"),
    [pytest.param(*case, id=f"{case[0]}-{case[1]}", marks=pytest.mark.slow if case in SWEPT else ()) for case in CASES],
)
@pytest.mark.sampled(*FIRST.values())
def test_a_field_that_differs_is_named_and_nothing_else(
    stage: Stage, key: str, field: str, aws: str, change: Change
) -> None:
    expect_named(stage, key, field, aws, change)


def expect_named(stage: Stage, key: str, field: str, aws: str, change: Change) -> None:
    """``status`` names this field, what AWS has and what the demo wants, what ``up`` does about it, and no other."""
    with ExitStack() as after:
        change(stage, after)
        code, document, screen = stage.run("status", "--check")
    assert code == 10
    ((found, (one,)),) = drift(document).items()
    assert (found, one["field"]) == (key, field)
    assert aws in one["aws"]
    assert one["tutorial"] not in ("", one["aws"])
    assert f"{field}: {shown(one['aws'])},in the tutorial {shown(one['tutorial'])}" in re.sub(r",\s+", ",", screen)
    assert one["remedy"] == remedy(key, field)
    assert bool(one["why"]) == (one["remedy"] == Remedy.LEAVE)
    replaced = one["remedy"] == Remedy.REPLACE
    assert (document["missing"], document["differing"]) == (([key], []) if replaced else ([], [key]))
    chapter = chapter_of(key)
    command = "up" if chapter == TUTORIAL else f"up --chapter {chapter}"
    assert f"! {command} {SAID[remedy(key, field)]}" in screen


TAKEN = [next(c for c in CASES if remedy(c[0], c[1]) is word) for word in Remedy]


@pytest.mark.parametrize(("key", "field", "aws", "change"), TAKEN, ids=[word.value for word in Remedy])
def test_plan_says_what_up_will_do(stage: Stage, key: str, field: str, aws: str, change: Change) -> None:
    with ExitStack() as after:
        change(stage, after)
        code, document, screen = stage.run("plan", "--exit-code")
        assert stage.run("plan")[0] == 0
    assert code == 10
    assert [one["field"] for one in drift(document)[key]] == [field]
    assert document["to_make"] == document["missing"] == ([key] if remedy(key, field) is Remedy.REPLACE else [])
    assert document["to_mend"] == ([key] if remedy(key, field) is Remedy.MEND else [])
    assert f"{field}: " in screen
    assert "Nothing to do" not in screen


MENDED = [(key, field) for key, field, _ in CALLED if remedy(key, field) is Remedy.MEND]


ONE_OF_EACH = list({key: (key, field) for key, field in MENDED if not field.startswith("tag ")}.values())
"""The rest is slow; ``make torture`` has them all."""


@pytest.mark.parametrize(
    ("key", "field"),
    [pytest.param(*one, id="-".join(one), marks=() if one in ONE_OF_EACH else pytest.mark.slow) for one in MENDED],
)
def test_up_mends_it_in_place(stage: Stage, open_run: OpenRun, key: str, field: str) -> None:
    expect_mended(stage, open_run, key, field, next(c for found, c in CALLED.items() if found[:2] == (key, field)))


def expect_mended(stage: Stage, open_run: OpenRun, key: str, field: str, change: Change) -> None:
    """``up`` brings this field back, and creates and deletes nothing."""
    events: list[Event] = []
    with ExitStack() as after, open_run(stage.directory) as run:
        change(stage, after)
        after.pop_all()
        run.up(run.demo.resources, events.append, None)
        there = run.look()
    assert [one.drift for one in there.values() if one.drift] == []
    assert {r: live.id for r, live in there.items()} == stage.ids
    (mended,) = [event for event in events if event.action is Action.MENDED]
    assert (mended.resource.key, mended.note.startswith(f"{field} ")) == (key, True)
    assert not [event for event in events if event.action in (Action.CREATED, Action.DELETED)]


@pytest.mark.parametrize("key", ["provider-group", "web"])
def test_without_mending_what_is_there_stays_as_it_is(stage: Stage, key: str) -> None:
    field = {"provider-group": "outbound rules", "web": "ssh key"}[key]
    change = next(change for found, change in CALLED.items() if found[:2] == (key, field))
    with ExitStack() as after:
        change(stage, after)
        code, document, _ = stage.run("up", "--no-mend", "--skip-test")
        assert (code, document["created"], document["mended"]) == (0, 0, [])
        assert stage.run("status", "--check")[0] == 10


def test_what_makes_the_account_less_safe_is_taken_away_only_with_a_yes(stage: Stage) -> None:
    change = CALLED["provider-group", "open to everybody", "tcp/3389 from 0.0.0.0/0"]
    with ExitStack() as after:
        change(stage, after)
        code, document, screen = stage.run("up", "--skip-test")
        assert (code, document["mended"]) == (0, [])
        assert "tcp/3389 from 0.0.0.0/0" in screen
        assert "up --yes" in screen
        assert "Nothing was changed: all 32 are there, and 1 differs." in screen
        code, document, _ = stage.run("up", "--skip-test", "--yes")
        assert (code, document["mended"]) == (0, ["provider-group"])
        after.pop_all()
    assert stage.run("status", "--check")[0] == 0


@pytest.mark.parametrize("port", [80, 22])
def test_a_rule_that_was_put_back_by_hand_is_the_demos(stage: Stage, port: int) -> None:
    """As an offered repair or the console does it, without our description."""
    group = stage.ids["customer-group"]
    (had,) = (
        one
        for one in stage.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
        if one.get("FromPort") == port
    )
    bare = {**had, "IpRanges": [{"CidrIp": had["IpRanges"][0]["CidrIp"]}]}
    stage.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[had])
    stage.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[bare])
    try:
        assert stage.run("status", "--check")[0] == 0
        code, document, _ = stage.run("up", "--skip-test", "--yes")
        assert (code, document["created"], document["mended"]) == (0, 0, [])
    finally:
        stage.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[bare])
        stage.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[had])


def further_group(stage: Stage, vpc: str, after: ExitStack) -> str:
    group: str = stage.ec2.create_security_group(GroupName="theirs", Description="theirs", VpcId=stage.ids[vpc])[
        "GroupId"
    ]
    after.callback(stage.ec2.delete_security_group, GroupId=group)
    return group


def group_beside_the_web_servers(stage: Stage, after: ExitStack) -> str:
    group, web, ours = further_group(stage, "provider-vpc", after), stage.ids["web"], stage.ids["provider-group"]
    stage.ec2.modify_instance_attribute(InstanceId=web, Groups=[ours, group])
    after.callback(stage.ec2.modify_instance_attribute, InstanceId=web, Groups=[ours])
    return group


def group_beside_the_endpoints(stage: Stage, after: ExitStack) -> str:
    group, endpoint = further_group(stage, "customer-vpc", after), stage.ids["endpoint"]
    stage.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSecurityGroupIds=[group])
    after.callback(stage.ec2.modify_vpc_endpoint, VpcEndpointId=endpoint, RemoveSecurityGroupIds=[group])
    return group


def balancer_beside_the_demos(stage: Stage, after: ExitStack) -> str:
    made = stage.elb.create_load_balancer(Name="theirs", Type="network", Subnets=[stage.ids["provider-subnet"]])
    arn: str = made["LoadBalancers"][0]["LoadBalancerArn"]
    stage.elb.get_waiter("load_balancer_available").wait(LoadBalancerArns=[arn], WaiterConfig={"Delay": 0})
    after.callback(stage.elb.delete_load_balancer, LoadBalancerArn=arn)
    change = stage.ec2.modify_vpc_endpoint_service_configuration
    change(ServiceId=stage.ids["service"], AddNetworkLoadBalancerArns=[arn])
    after.callback(change, ServiceId=stage.ids["service"], RemoveNetworkLoadBalancerArns=[arn])
    return arn


@pytest.mark.parametrize(
    ("key", "add"),
    [
        ("web", group_beside_the_web_servers),
        ("endpoint", group_beside_the_endpoints),
        pytest.param("service", balancer_beside_the_demos, marks=pytest.mark.slow),
    ],
)
def test_what_others_added_beside_the_demos_own_is_taken_away_only_with_a_yes(
    stage: Stage, key: str, add: Callable[[Stage, ExitStack], str]
) -> None:
    with ExitStack() as after:
        theirs = add(stage, after)
        code, document, screen = stage.run("up", "--skip-test")
        assert (code, document["mended"]) == (0, [])
        (left,) = drift(document)[key]
        assert left["remedy"] == Remedy.ASK
        assert theirs in left["aws"]
        assert re.search(f": {re.escape(theirs)}\\. The demo does not need it\\. It is left", screen)
        code, document, _ = stage.run("up", "--skip-test", "--yes")
        assert (code, document["mended"], drift(document)) == (0, [key], {})


def test_every_field_that_is_compared_is_tried_above(stage: Stage, open_run: OpenRun) -> None:
    with open_run(stage.directory, makes=False) as run:
        lives = run.look()
        held = {(r.kind, one[0]) for r in run.demo.resources for one in lives[r.key].held}
        kinds = {r.key: r.kind for r in run.demo.resources}
    tried = {(kinds[key], field) for key, field, _, _ in CASES}
    # A registration on our own port has none to tell of; of the tags, what is read of one is read of all.
    tags = {f"tag {name}" for name in (DEMO_TAG, ID_TAG, RESOURCE_TAG)}
    assert {one for one in held if one[1] not in tags} | {("Registration", "port")} == tried


def test_an_untouched_demo_does_not_differ_anywhere(stage: Stage) -> None:
    code, document, screen = stage.run("status", "--check")
    assert code == 0
    assert drift(document) == {}
    assert (document["missing"], document["differing"]) == ([], [])
    assert "!" not in screen
    assert stage.run("plan", "--detailed-exitcode")[0] == 0


def test_what_is_not_known_does_not_differ(stage: Stage) -> None:
    """Without the state file nobody knows zone, image, key, demo id or the operator's address."""
    state = stage.directory / "sandbox" / "vpce-demo" / "state.json"
    aside = state.rename(state.with_suffix(".aside"))
    try:
        code, document, _ = stage.run("status", "--check")
    finally:
        aside.rename(state)
    assert (code, drift(document)) == (0, {})
    assert len(document["resources"]) == len(stage.ids)


def test_all_our_tags_are_missed(stage: Stage) -> None:
    names = [DEMO_TAG, ID_TAG, RESOURCE_TAG, "Name"]
    vpc = stage.ids["provider-vpc"]
    before = stage.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Tags"]
    stage.ec2.delete_tags(Resources=[vpc], Tags=[{"Key": name} for name in names])
    try:
        code, document, _ = stage.run("status", "--check")
    finally:
        stage.ec2.create_tags(Resources=[vpc], Tags=before)
    assert code == 10
    assert {one["field"] for one in drift(document)["provider-vpc"]} == {f"tag {name}" for name in names}


def test_what_others_add_is_their_own_business(stage: Stage) -> None:
    """Tags of an organization, another listener, a further endpoint: the tutorial says nothing of them."""
    ids, ec2, elb = stage.ids, stage.ec2, stage.elb
    with ExitStack() as after:
        ec2.create_tags(Resources=[ids["provider-vpc"]], Tags=[{"Key": "cost-centre", "Value": "42"}])
        after.callback(lambda: ec2.delete_tags(Resources=[ids["provider-vpc"]], Tags=[{"Key": "cost-centre"}]))
        forward = [{"Type": "forward", "TargetGroupArn": ids["target-group"]}]
        added = elb.create_listener(
            LoadBalancerArn=ids["load-balancer"], Protocol="TCP", Port=8081, DefaultActions=forward
        )
        after.callback(lambda: elb.delete_listener(ListenerArn=added["Listeners"][0]["ListenerArn"]))
        ours = ec2.describe_vpc_endpoints(VpcEndpointIds=[ids["endpoint"]])["VpcEndpoints"][0]
        wanted = {key: ours[key] for key in ("VpcEndpointType", "ServiceName", "VpcId", "SubnetIds")}
        further = ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]["VpcEndpointId"]
        after.callback(lambda: ec2.delete_vpc_endpoints(VpcEndpointIds=[further]))
        code, document, _ = stage.run("status", "--check")
        assert (code, document["differing"], document["missing"]) == (0, [], [])


def test_a_registration_on_another_port_is_mended(stage: Stage, open_run: OpenRun) -> None:
    web, arn = stage.ids["web"], stage.ids["target-group"]
    stage.elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": web, "Port": 8080}])
    stage.elb.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": web, "Port": 80}])
    with open_run(stage.directory) as run:
        run.up(run.demo.resources, lambda event: None, None)
        live: Live = run.look()["target"]
    assert (live.id, live.phase, live.drift) == (f"{web}:80", Phase.READY, ())
    health = stage.elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    assert [one["Target"]["Port"] for one in health if one["TargetHealth"]["State"] != "draining"] == [80]


def test_a_demo_that_does_not_exist_differs_in_nothing(stage: Stage) -> None:
    code, document, _ = stage.run("--name", "absent", "status", "--check")
    assert code == 10
    assert (document["resources"], document["differing"], len(document["missing"])) == ([], [], 32)
