"""What every operation refuses before its handler sees it, and what becomes of a failure inside moto."""

from __future__ import annotations

import logging
from typing import Any
from xml.etree import ElementTree

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.ec2.responses.vpcs import VPCs
from werkzeug.test import Client

from .world import World, named, refused

CONTROL = ("\x00", "\x01", "\x08", "\x0b", "\x1b", "\x1f", "\x7f", "\x85", "\ufffe", "\uffff")
NOT_IN_A_NAME = ("\t", "\n", "\r")
KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOxlr93NcnTePEvrzFnDUWXIXh3kKnoOnUoYFQGcd0mH"


@pytest.mark.parametrize("character", [*CONTROL, *NOT_IN_A_NAME])
def test_control_characters_in_names_and_tags(world: World, character: str) -> None:
    text = f"a{character}b"
    calls: dict[str, dict[str, Any]] = {
        "create_tags": {"Resources": ["vpc-1"], "Tags": [{"Key": "Name", "Value": text}]},
        "create_vpc": {"CidrBlock": "20.0.0.0/16", "TagSpecifications": named("vpc", text)},
        "create_key_pair": {"KeyName": text},
        "import_key_pair": {"KeyName": text, "PublicKeyMaterial": KEY},
        "create_security_group": {"GroupName": text, "Description": "-"},
    }
    for operation, params in calls.items():
        with refused("InvalidParameterValue", "control character"):
            getattr(world.ec2, operation)(**params)
    with refused("ValidationError", "control character"):
        world.elb.create_target_group(Name="t", Protocol="TCP", Port=80, Tags=[{"Key": text, "Value": "b"}])
    assert world.ec2.describe_key_pairs()["KeyPairs"] == []


@pytest.mark.parametrize("character", CONTROL)
def test_control_characters_anywhere(world: World, character: str) -> None:
    text = f"a{character}b"
    calls: dict[str, dict[str, Any]] = {
        "create_security_group": {"GroupName": "g", "Description": text},
        "describe_vpcs": {"Filters": [{"Name": "tag:a", "Values": ["b", text]}]},
        "delete_vpc": {"VpcId": text},
        "create_launch_template": {"LaunchTemplateName": "t", "LaunchTemplateData": {"KeyName": text}},
        "create_vpc_endpoint": {"VpcId": "vpc-1", "ServiceName": text},
    }
    for operation, params in calls.items():
        with refused("InvalidParameterValue", "control character"):
            getattr(world.ec2, operation)(**params)
    with refused("ValidationException", "control character"):
        world.ssm.put_parameter(Name="a", Value=text, Type="String")


def test_a_document_has_line_ends_and_a_name_any_language(world: World) -> None:
    world.ssm.put_parameter(Name="a", Value="line\n\tline\r\n", Type="String")
    spec = named("vpc", '\u30b5\u30fc\u30d3\u30b9 \U0001f600 <&>"')
    made = world.ec2.create_vpc(CidrBlock="20.0.0.0/16", TagSpecifications=spec)["Vpc"]
    assert made["Tags"] == spec[0]["Tags"]


def post(world: World, service: str, body: str, **headers: str) -> tuple[int, str]:
    """What is answered to a request without botocore's own checks."""
    signed = (
        f"AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
    fixed = {
        "Host": f"127.0.0.1:{world.sandbox.port}",
        "Authorization": signed,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = Client(world.sandbox._api).post("/", data=body, headers={**fixed, **headers})
    return answer.status_code, answer.get_data(as_text=True)


@pytest.mark.parametrize("service", ["ec2", "elasticloadbalancing", "sts", "iam", "nowhere"])
@pytest.mark.parametrize("version", ["2016-11-15", "2012-06-01"])
def test_whatever_is_quoted_is_xml(world: World, service: str, version: str) -> None:
    for body in ("Action=%01", "Action=DescribeVpcs&VpcId.1=%1b", "Action=DescribeLoadBalancers&a=%00"):
        status, text = post(world, service, f"{body}&Version={version}")
        assert status in (200, 400, 403), text
        ElementTree.fromstring(text)


@pytest.mark.parametrize(
    ("operation", "code", "words"),
    [
        ("TerminateInstances", "InvalidParameterCombination", "No instances specified"),
        ("StopInstances", "InvalidParameterCombination", "No instances specified"),
        ("StartInstances", "InvalidParameterCombination", "No instances specified"),
        ("CreateTags", "MissingParameter", "The request must contain the parameter resourceIdSet"),
        ("DeleteTags", "MissingParameter", "The request must contain the parameter resourceIdSet"),
        *(
            (operation, "MissingParameter", f"The request must contain the parameter {name}")
            for operation, name in (
                ("DeleteVpc", "VpcId"),
                ("CreateSubnet", "VpcId"),
                ("DeleteVpcEndpoints", "VpcEndpointIds"),
                ("AcceptVpcEndpointConnections", "ServiceId"),
                ("AssociateRouteTable", "RouteTableId"),
                ("GetConsoleOutput", "InstanceId"),
            )
        ),
    ],
)
def test_a_required_parameter_is_missing(world: World, operation: str, code: str, words: str) -> None:
    status, text = post(world, "ec2", f"Action={operation}&Version=2016-11-15")
    assert (status, f"<Code>{code}</Code>" in text, words in text) == (400, True, True), text


def test_every_operation_without_parameters_is_answered(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Every one of the services that is handled here: none is a fault of ours."""
    for service, operation in world.sandbox._api._handlers:
        signing = {"elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tagging"}.get(service, service)
        if signing in ("ssm", "tagging"):
            status, text = post(world, signing, "{}", **{"X-Amz-Target": f"Any.{operation}"})
        else:
            status, text = post(world, signing, f"Action={operation}")
        assert status < 500, (operation, text)
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR], caplog.text


def test_empty_lists(world: World) -> None:
    with refused("InvalidParameterCombination", "No instances specified"):
        world.ec2.terminate_instances(InstanceIds=[])
    with refused("MissingParameter", "resourceIdSet"):
        world.ec2.create_tags(Resources=[], Tags=[{"Key": "a", "Value": "b"}])
    with refused("MissingParameter", "resourceIdSet"):
        world.ec2.delete_tags(Resources=[], Tags=[{"Key": "a"}])


@pytest.mark.parametrize("body", ["[", "[]", "5", '{"Name": 5}', '{"Name": {}}', '{"Name": null}', "{}", "[" * 5000])
def test_json_that_is_not_the_operation_s(world: World, body: str, caplog: pytest.LogCaptureFixture) -> None:
    status, text = post(world, "ssm", body, **{"X-Amz-Target": "AmazonSSM.GetParameter"})
    assert (status, "Exception" in text) == (400, True), text
    assert not caplog.records


def test_a_number_that_is_none(world: World) -> None:
    status, text = post(world, "ec2", "Action=DescribeVpcs&MaxResults=many")
    assert (status, "MalformedQueryString" in text) == (400, True), text


def test_what_moto_raises_is_an_error_of_aws(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: Any) -> Any:
        raise KeyError("nothing")

    places = {"create_vpc": {"CidrBlock": "20.0.0.0/16"}, "describe_vpcs": {}}
    for operation, params in places.items():
        broken.__code__ = broken.__code__.replace(co_filename=str(VPCs.create_vpc.__code__.co_filename))
        monkeypatch.setattr(VPCs, operation, broken)
        with refused("InternalError", "An internal error has occurred"):
            getattr(world.ec2, operation)(**params)
    said = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert [one.getMessage().partition(" at ")[0] for one in said] == [
        "moto failed: ec2 CreateVpc: KeyError",
        "moto failed: ec2 DescribeVpcs: KeyError",
    ]
    assert all("vpcs.py:" in one.getMessage() and not one.exc_info for one in said)


def test_a_fault_of_ours_leaves_its_traceback(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(call: Any) -> Any:
        raise KeyError("nothing")

    monkeypatch.setitem(world.sandbox._api._handlers, ("ec2", "DeleteVpc"), (broken, ""))
    with refused("InternalError"):
        world.ec2.delete_vpc(VpcId="vpc-1")
    (said,) = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert said.exc_info
    assert said.getMessage() == "ec2 DeleteVpc failed"


# --- services that are not there, and requests without a signature --------------------------


@pytest.mark.parametrize(
    ("service", "operation", "params", "code"),
    [
        ("kms", "list_keys", {}, "UnknownOperationException"),
        ("acm", "list_certificates", {}, "UnknownOperationException"),
        ("dynamodb", "list_tables", {}, "UnknownOperationException"),
        ("lambda", "list_functions", {}, "UnknownOperationException"),
        ("sns", "list_topics", {}, "InvalidAction"),
        ("s3", "list_buckets", {}, "InvalidAction"),
    ],
)
def test_a_service_that_is_not_there_speaks_its_protocol(
    world: World, service: str, operation: str, params: dict[str, Any], code: str
) -> None:
    with refused(code, "The sandbox has no"):
        getattr(world.client(service), operation)(**params)
    assert (world.sandbox.calls()[-1].service, world.sandbox.calls()[-1].operation) == ("unknown", "unknown")


def unsigned(world: World) -> Any:
    return boto3.client(
        "sts",
        endpoint_url=world.sandbox.endpoint_url,
        region_name="us-east-1",
        config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}),
    )


@pytest.mark.parametrize("iam", [False, True])
def test_assume_role_with_web_identity(world: World, iam: bool) -> None:
    world.sandbox.set(iam=iam)
    try:
        role = "arn:aws:iam::123456789012:role/deployer"
        made = unsigned(world).assume_role_with_web_identity(
            RoleArn=role, RoleSessionName="ci", WebIdentityToken="a.b.c"
        )
    finally:
        world.sandbox.set(iam=False)
    assert made["AssumedRoleUser"]["Arn"] == "arn:aws:sts::123456789012:assumed-role/deployer/ci"
    with pytest.raises(ClientError, match="MissingAuthenticationToken"):
        unsigned(world).get_caller_identity()
