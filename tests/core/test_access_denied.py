"""Which IAM action a refusal is about."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import EndpointConnectionError

from vpce_demo.aws.access_denied import Denial, denial

from .fake_resources import refusal

USER = "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: "
VPC = "arn:aws:ec2:us-east-1:123456789012:vpc/*"
ENCODED = "You are not authorized to perform this operation. Encoded authorization failure message: abc_-123"


@pytest.mark.parametrize(
    ("code", "words", "operation", "expected"),
    [
        (
            "UnauthorizedOperation",
            f"You are not authorized to perform this operation. {USER}ec2:CreateVpc on resource: {VPC} because no "
            "identity-based policy allows the ec2:CreateVpc action. Encoded authorization failure message: abc",
            "CreateVpc",
            Denial("ec2:CreateVpc", VPC, policy="identity-based policy"),
        ),
        (
            "UnauthorizedOperation",
            f"You are not authorized to perform this operation. {USER}ec2:CreateTags on resource: {VPC} because no",
            "CreateVpc",
            Denial("ec2:CreateTags", VPC),
        ),
        (
            "UnauthorizedOperation",
            f"You are not authorized to perform this operation. {USER}ec2:DescribeVpcs because no identity-based "
            "policy allows the ec2:DescribeVpcs action",
            "DescribeVpcs",
            Denial("ec2:DescribeVpcs", policy="identity-based policy"),
        ),
        (
            "AccessDenied",
            f"{USER}elasticloadbalancing:AddTags on resource: arn:aws:elasticloadbalancing:us-east-1:1:x/y/* with an "
            "explicit deny in an identity-based policy",
            "CreateLoadBalancer",
            Denial(
                "elasticloadbalancing:AddTags",
                "arn:aws:elasticloadbalancing:us-east-1:1:x/y/*",
                explicit=True,
                policy="identity-based policy",
            ),
        ),
        (
            "UnauthorizedOperation",
            f"{USER}ec2:CreateVpc on resource: {VPC} with an explicit deny in a service control policy: arn:aws:org",
            "CreateVpc",
            Denial("ec2:CreateVpc", VPC, explicit=True, policy="service control policy"),
        ),
        (
            "UnauthorizedOperation",
            f"{USER}ec2:CreateVpc on resource: {VPC} because no VPC endpoint policy allows the ec2:CreateVpc action",
            "CreateVpc",
            Denial("ec2:CreateVpc", VPC, policy="VPC endpoint policy"),
        ),
        (
            "AccessDenied",
            "User is not authorized to perform: iam:CreateServiceLinkedRole",
            "CreateLoadBalancer",
            Denial("iam:CreateServiceLinkedRole"),
        ),
        ("UnauthorizedOperation", ENCODED, "RunInstances", Denial("ec2:RunInstances")),
        ("AccessDenied", "no more of this", "CreateLoadBalancer", Denial("elasticloadbalancing:CreateLoadBalancer")),
        ("AccessDeniedException", "", "GetParameter", Denial("ssm:GetParameter")),
        ("AccessDenied", "", "GetCallerIdentity", Denial("sts:GetCallerIdentity")),
    ],
)
def test_what_was_refused(code: str, words: str, operation: str, expected: Denial) -> None:
    assert denial(refusal(code, words, operation=operation)) == expected


@pytest.mark.parametrize(
    ("action", "denied"),
    [("iam:PassRole", "iam:PassRole"), ("ec2:RunInstances", "ec2:RunInstances"), ("RunInstances", "ec2:RunInstances")],
)
def test_an_encoded_message_is_decoded_where_that_is_allowed(action: str, denied: str) -> None:
    """The last form is that of AWS's own example."""
    asked: list[str] = []

    def decode(message: str) -> str:
        asked.append(message)
        return json.dumps({"explicitDeny": True, "context": {"action": action, "resource": "arn:r"}})

    error = refusal("UnauthorizedOperation", ENCODED, operation="RunInstances")
    assert denial(error, decode) == Denial(denied, "arn:r", explicit=True)
    assert asked == ["abc_-123"]
    denial(refusal("UnauthorizedOperation", f"{USER}ec2:CreateVpc. {ENCODED}", operation="CreateVpc"), decode)
    assert len(asked) == 1, "what is named need not be decoded"


@pytest.mark.parametrize(
    "answer",
    [
        refusal("AccessDenied", f"{USER}sts:DecodeAuthorizationMessage", operation="DecodeAuthorizationMessage"),
        EndpointConnectionError(endpoint_url="https://sts"),
        "",
        "{",
        "[]",
        "{}",
        '{"context": 5, "explicitDeny": false}',
    ],
)
def test_where_it_is_not_the_call_s_own_action_is_the_guess(answer: str | Exception) -> None:
    def decode(message: str) -> str:
        if isinstance(answer, Exception):
            raise answer
        return answer

    error = refusal("UnauthorizedOperation", ENCODED, operation="RunInstances")
    assert denial(error, decode) == Denial("ec2:RunInstances")
