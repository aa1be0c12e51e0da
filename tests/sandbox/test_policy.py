"""What a policy document says about an action on a resource (IAM User Guide, "Policy evaluation logic")."""

from __future__ import annotations

from typing import Any

import pytest

from vpce_demo.sandbox.policy import Verdict, verdict

VPC = "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-1"
YES, NO, NEVER = Verdict.ALLOWED, Verdict.NOT_ALLOWED, Verdict.DENIED


def says(*statements: dict[str, Any], action: str = "ec2:DeleteVpc", resource: str = VPC, **context: Any) -> Verdict:
    """``context``'s keys have ``__`` for a colon and ``_`` for a slash."""
    keys = {key.replace("__", ":").replace("_", "/"): value for key, value in context.items()}
    return verdict([{"Statement": list(statements)}], action, resource, keys)


def allow(**more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "ec2:DeleteVpc", "Resource": "*", **more}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (allow(), YES),
        (allow(Action=["s3:*", "EC2:delete*"]), YES),
        (allow(Action="ec2:Delete?pc"), YES),
        (allow(Action="*"), YES),
        (allow(Action="ec2:Delete"), NO),
        (allow(Action="ec2:DeleteVpcs"), NO),
        (allow(Action=[]), NO),
        (allow(Resource="arn:aws:ec2:*:*:vpc/*"), YES),
        (allow(Resource=["arn:aws:ec2:us-east-1:123456789012:subnet/*", VPC]), YES),
        (allow(Resource="arn:aws:ec2:us-east-1:123456789012:subnet/*"), NO),
        (allow(Resource="arn:aws:ec2:eu-west-1:*:vpc/*"), NO),
        (allow(Resource="arn:aws:ec2:*"), YES),
        (allow(Resource="arn:aws:ec2:us-*:*:vpc/vpc-?"), YES),
        (allow(Resource="arn:aws:ec2:us-*"), YES),
        (allow(Resource="arn:aws:ec2:us-*:vpc/vpc-1:*:*"), NO),  # a wildcard stays in its part
        ({"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}, NEVER),
        ({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}, YES),
        ({"Effect": "Allow", "NotAction": ["ec2:*"], "Resource": "*"}, NO),
        ({"Effect": "Allow", "Action": "ec2:*", "NotResource": "arn:aws:ec2:*:*:subnet/*"}, YES),
        ({"Effect": "Allow", "Action": "ec2:*", "NotResource": "arn:aws:ec2:*:*:vpc/*"}, NO),
    ],
    ids=repr,
)
def test_a_statement(statement: dict[str, Any], expected: Verdict) -> None:
    assert says(statement) is expected


def test_a_deny_goes_before_every_allow_wherever_it_stands() -> None:
    denial = {"Effect": "Deny", "Action": "ec2:DeleteVpc", "Resource": VPC}
    assert says(denial, allow()) is says(allow(), denial) is NEVER
    assert verdict([{"Statement": allow()}, {"Statement": denial}], "ec2:DeleteVpc", VPC, {}) is NEVER
    assert says() is verdict([], "ec2:DeleteVpc", VPC, {}) is NO


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"aws:ResourceTag/team": "a"}}, YES),
        ({"StringEquals": {"AWS:resourcetag/TEAM": ["b", "a"]}}, YES),
        ({"StringEquals": {"aws:ResourceTag/team": "A"}}, NO),
        ({"StringEqualsIgnoreCase": {"aws:ResourceTag/team": "A"}}, YES),
        ({"StringEquals": {"aws:ResourceTag/other": "a"}}, NO),
        ({"StringEqualsIfExists": {"aws:ResourceTag/other": "a"}}, YES),
        ({"StringEqualsIfExists": {"aws:ResourceTag/team": "b"}}, NO),
        ({"StringNotEquals": {"aws:ResourceTag/team": "b"}}, YES),
        ({"StringNotEquals": {"aws:ResourceTag/team": ["b", "a"]}}, NO),
        ({"StringNotEquals": {"aws:ResourceTag/other": "a"}}, YES),
        ({"StringLike": {"aws:ResourceTag/team": "*"}}, YES),
        ({"StringLike": {"aws:ResourceTag/team": "a?"}}, NO),
        ({"StringNotLike": {"aws:ResourceTag/team": "a*"}}, NO),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/x*"}}, YES),
        ({"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::1:user/xavier"}}, NO),
        ({"Bool": {"ec2:Public": True}}, YES),
        ({"Bool": {"ec2:Public": "false"}}, NO),
        ({"NumericLessThan": {"ec2:VolumeSize": 9}}, YES),
        ({"NumericGreaterThanEquals": {"ec2:VolumeSize": "8"}}, YES),
        ({"NumericEquals": {"ec2:VolumeSize": "eight"}}, NO),
        ({"Null": {"aws:ResourceTag/team": "false"}}, YES),
        ({"Null": {"aws:ResourceTag/other": "true"}}, YES),
        ({"Null": {"aws:ResourceTag/other": "false"}}, NO),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["one", "two", "three"]}}, YES),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["one"]}}, NO),
        ({"ForAllValues:StringEquals": {"aws:none": ["one"]}}, YES),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["two", "three"]}}, YES),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["three"]}}, NO),
        ({"ForAnyValue:StringEquals": {"aws:none": ["three"]}}, NO),
        ({"StringEquals": {"aws:ResourceTag/team": "a", "aws:none": "x"}}, NO),  # all of them
        ({"StringEquals": {"aws:ResourceTag/team": "a"}, "Null": {"aws:none": "false"}}, NO),
        ({"DateLessThan": {"aws:CurrentTime": "2100-01-01T00:00:00Z"}}, NO),  # not understood: lets nobody in
        ({}, YES),
    ],
    ids=repr,
)
def test_a_condition(condition: dict[str, Any], expected: Verdict) -> None:
    context: dict[str, Any] = {
        "aws__ResourceTag_team": "a",
        "aws__PrincipalArn": "arn:aws:iam::1:user/xavier",
        "ec2__Public": "true",
        "ec2__VolumeSize": "8",
        "aws__TagKeys": ["one", "two"],
    }
    assert says(allow(Condition=condition), **context) is expected


def test_a_deny_with_a_condition_that_is_not_understood_denies() -> None:
    unclear = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    assert says(allow(), {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": unclear}) is NEVER
