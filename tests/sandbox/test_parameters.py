"""What every operation refuses before its handler sees it, and what becomes of a failure inside moto."""

from __future__ import annotations

import logging
import re
from typing import Any, cast
from urllib.parse import urlencode
from xml.etree import ElementTree

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from moto.core.utils import get_service_model
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
        "create_launch_template": {"LaunchTemplateName": "web", "LaunchTemplateData": {"KeyName": text}},
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


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("create_key_pair", {"KeyName": "k" * 256}),
        ("import_key_pair", {"KeyName": "k" * 256, "PublicKeyMaterial": KEY}),
        ("create_security_group", {"GroupName": "g" * 256, "Description": "-"}),
        ("create_security_group", {"GroupName": "g", "Description": "d" * 256}),
        ("create_vpc", {"CidrBlock": "20.0.0.0/16", "TagSpecifications": named("vpc", "n" * 257)}),
        ("create_tags", {"Resources": ["vpc-1"], "Tags": [{"Key": "k" * 129, "Value": ""}]}),
        ("create_vpc_endpoint", {"VpcId": "vpc-1", "ServiceName": "s", "ClientToken": "t" * 65}),
        ("create_vpc_endpoint", {"VpcId": "vpc-1", "ServiceName": "s", "PolicyDocument": "p" * 200_000}),
        ("create_launch_template", {"LaunchTemplateName": "web", "LaunchTemplateData": {"UserData": "u" * 200_000}}),
        ("describe_vpcs", {"Filters": [{"Name": "tag:a", "Values": ["v" * 200_000]}]}),
    ],
)
def test_a_text_that_is_too_long(world: World, operation: str, params: dict[str, Any]) -> None:
    with refused("InvalidParameterValue", "is longer than"):
        getattr(world.ec2, operation)(**params)


def test_the_longest_names_and_tags(world: World) -> None:
    world.ec2.create_key_pair(KeyName="k" * 255)
    vpc = world.vpc()
    longest = [{"Key": "k" * 128, "Value": "v" * 256}]
    world.ec2.create_tags(Resources=[vpc], Tags=longest)
    assert world.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Tags"] == longest


@pytest.mark.parametrize(
    ("service", "operation", "params", "words"),
    [
        ("elbv2", "create_target_group", {"Name": "t", "Protocol": "ICMP"}, "'protocol' failed to satisfy constraint"),
        ("elbv2", "create_target_group", {"Name": "t", "Port": 65536}, "less than or equal to 65535"),
        ("elbv2", "add_tags", {"ResourceArns": ["a"], "Tags": [{"Key": "k" * 129}]}, "'tags.1.member.key'"),
        ("elbv2", "describe_load_balancers", {"Marker": "nowhere"}, "cannot be carried out"),
        ("sts", "assume_role", {"RoleArn": "a", "RoleSessionName": "ab"}, "greater than or equal to 20"),
        ("iam", "create_user", {"UserName": "u" * 65}, "less than or equal to 64"),
        ("ssm", "put_parameter", {"Name": "p", "Value": "v", "Type": "Text"}, "satisfy enum value set: [String,"),
        ("ssm", "put_parameter", {"Name": "p", "Value": "v" * 200_000, "Type": "String"}, "is longer than"),
    ],
)
def test_what_the_service_s_model_does_not_take(
    world: World, service: str, operation: str, params: dict[str, Any], words: str
) -> None:
    url, unchecked = world.sandbox.endpoint_url, Config(parameter_validation=False)
    client: Any = boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="-",
        aws_secret_access_key="-",
        config=unchecked,
    )
    with refused("ValidationException" if service == "ssm" else "ValidationError", words):
        getattr(client, operation)(**params)


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


SIGNED_AS = {
    "ec2": "ec2",
    "elbv2": "elasticloadbalancing",
    "sts": "sts",
    "ssm": "ssm",
    "iam": "iam",
    "resourcegroupstaggingapi": "tagging",
}


def call(world: World, service: str, operation: str, params: dict[str, Any]) -> tuple[int, str]:
    """What is answered to a call that botocore has not checked."""
    model = get_service_model(service)
    protocol = "json" if service in ("ssm", "resourcegroupstaggingapi") else model.metadata["protocol"]
    request = create_serializer(protocol, include_validation=False).serialize_to_request(
        params, model.operation_model(operation)
    )
    body = request["body"]
    target = {name: value for name, value in request["headers"].items() if name == "X-Amz-Target"}
    text = urlencode(body, doseq=True) if isinstance(body, dict) else body.decode()
    return post(world, SIGNED_AS[service], text, **target)


def said(world: World, operation: str, **params: Any) -> tuple[int, str, str]:
    """Status, code and words of what EC2 or, for one of its operations, Elastic Load Balancing answers."""
    service = "ec2" if operation in get_service_model("ec2").operation_names else "elbv2"
    status, text = call(world, service, operation, params)
    found = {one.tag.rpartition("}")[2]: one.text or "" for one in ElementTree.fromstring(text).iter()}
    return status, found.get("Code", ""), found.get("Message", "")


EC2_WORDS: dict[str, tuple[dict[str, Any], str]] = {
    "CreateTags": ({}, "resourceIdSet"),
    "DeleteTags": ({}, "resourceIdSet"),
    "CreateSecurityGroup": ({"GroupName": "g"}, "GroupDescription"),
    "CreateRoute": ({"DestinationCidrBlock": "0.0.0.0/0", "RouteTableId": ""}, "routeTableId"),
    "ModifySecurityGroupRules": ({}, "groupId"),
    "AuthorizeSecurityGroupIngress": ({}, "groupName or groupId"),
    "ReplaceRoute": ({"DestinationCidrBlock": "0.0.0.0/0"}, "routeTableId"),
    "DeleteVpc": ({}, "VpcId"),
    "CreateSubnet": ({"CidrBlock": "20.0.0.0/24"}, "VpcId"),
    "DeleteVpcEndpoints": ({}, "VpcEndpointId"),
    "AttachInternetGateway": ({}, "internetGatewayId"),
    "AcceptVpcEndpointConnections": ({"VpcEndpointIds": ["vpce-1"]}, "ServiceId"),
    "AcceptVpcEndpointConnections:2": ({"ServiceId": "vpce-svc-1"}, "VpcEndpointId"),
    "GetConsoleOutput": ({}, "InstanceId"),
}
"""The first five as AWS was seen to say them."""


@pytest.mark.parametrize("operation", EC2_WORDS)
def test_ec2_names_a_missing_parameter_as_on_the_wire(world: World, operation: str) -> None:
    params, name = EC2_WORDS[operation]
    words = f"The request must contain the parameter {name}"
    assert said(world, operation.partition(":")[0], **params) == (400, "MissingParameter", words)


def test_ec2_wants_one_of_some_parameters(world: World) -> None:
    words = "The request must contain the parameter destinationCidrBlock or destinationIpv6CidrBlock"
    assert said(world, "CreateRoute", RouteTableId="rtb-1") == (400, "MissingParameter", words)


@pytest.mark.parametrize("operation", ["StartInstances", "StopInstances", "RebootInstances", "TerminateInstances"])
def test_no_instances(world: World, operation: str) -> None:
    assert said(world, operation) == (400, "InvalidParameterCombination", "No instances specified")


def test_load_balancing_names_every_missing_parameter(world: World) -> None:
    null = "failed to satisfy constraint: Member must not be null"
    status, code, words = said(world, "RegisterTargets", Targets=[{"Id": "i-1"}, {"Port": 80}])
    assert (status, code) == (400, "ValidationError")
    both = f"Value null at 'targetGroupArn' {null}; Value null at 'targets.2.member.id' {null}"
    assert words == f"2 validation errors detected: {both}"
    assert said(world, "DeleteListener")[2] == f"1 validation error detected: Value null at 'listenerArn' {null}"


LEAST = {
    "integer": 1,
    "long": 1,
    "float": 1.0,
    "double": 1.0,
    "boolean": True,
    "map": {"a": "b"},
    "blob": b"a",
    "timestamp": "2026-01-01T00:00:00Z",
}


def filled(shape: Any) -> Any:
    """The least that the model of a parameter accepts."""
    if shape.type_name == "structure":
        return {name: filled(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [filled(shape.member)]
    return LEAST.get(shape.type_name, "a")


@pytest.mark.parametrize(
    ("service", "step"),
    [("ec2", 5), *(pytest.param(one, 1, marks=pytest.mark.slow if one == "ec2" else ()) for one in SIGNED_AS)],
)
def test_no_operation_fails_for_want_of_a_parameter(
    world: World, service: str, step: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Each without one of the parameters that it requires, or without any.  Of EC2's hundreds a fifth is enough."""
    model = get_service_model(service)
    for operation in model.operation_names[::step]:
        shape = model.operation_model(operation).input_shape
        if shape is None or not shape.required_members:
            status, text = call(world, service, operation, {})
            assert status < 500, (operation, text)
            continue
        params = filled(shape)
        for name in shape.required_members:
            others = {key: value for key, value in params.items() if key != name}
            status, text = call(world, service, operation, others)
            assert status == 400, (operation, name, text)
            assert re.search("MissingParameter|No instances specified|Member must not be null", text), text
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR], caplog.text


@pytest.mark.parametrize("operation", ["DeleteSnapshot", "ModifySnapshotTier", "RestoreSnapshotTier"])
def test_what_moto_refuses_without_a_word(world: World, operation: str) -> None:
    status, code, _ = said(world, operation, SnapshotId="snap-1")
    assert (status, code) == (400, "InvalidSnapshot.NotFound")


@pytest.mark.slow
@pytest.mark.parametrize("service", SIGNED_AS)
def test_no_operation_fails_with_the_least_that_it_requires(
    world: World, service: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Each with ids and names of nothing that is there."""
    model = get_service_model(service)
    for operation in model.operation_names:
        if (shape := model.operation_model(operation).input_shape) is not None:
            status, text = call(world, service, operation, filled(shape))
            assert status < 500 or "The sandbox has no" in text, (operation, text)
    assert not [one for one in caplog.records if one.exc_info], caplog.text


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
        code = "InvalidParameterValue" if params else "InternalError"  # moto does not check all parameters
        with refused(code, "cannot be carried out" if params else "An internal error has occurred"):
            getattr(world.ec2, operation)(**params)
    said = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert [one.getMessage().partition(" at ")[0] for one in said] == [
        "moto failed: ec2 CreateVpc: KeyError",
        "moto failed: ec2 DescribeVpcs: KeyError",
    ]
    assert all("vpcs.py:" in one.getMessage() and not one.exc_info for one in said)


def test_a_fault_of_ours_leaves_its_traceback(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tracebacks: list[str]
) -> None:
    def broken(call: Any) -> Any:
        raise KeyError("nothing")

    monkeypatch.setitem(world.sandbox._api._handlers, ("ec2", "DeleteVpc"), (broken, ""))
    with refused("InternalError"):
        world.ec2.delete_vpc(VpcId="vpc-1")
    (said,) = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert said.exc_info
    assert said.getMessage() == "ec2 DeleteVpc failed"
    assert "KeyError: 'nothing'" in tracebacks.pop()


# --- services that are not there, and requests without a signature --------------------------


@pytest.mark.parametrize(
    ("service", "operation", "params", "code"),
    [
        ("kms", "list_keys", {}, "UnknownOperationException"),
        ("acm", "list_certificates", {}, "UnknownOperationException"),
        ("dynamodb", "list_tables", {}, "UnknownOperationException"),
        ("lambda", "list_functions", {}, "UnknownOperationException"),
        ("vpc-lattice", "list_services", {}, "UnknownOperationException"),
        ("sns", "list_topics", {}, "InvalidAction"),
        ("s3", "list_buckets", {}, "InvalidAction"),
        ("route53", "list_hosted_zones", {}, "InvalidAction"),
        ("cloudfront", "list_distributions", {}, "InvalidAction"),
    ],
)
def test_a_service_that_is_not_there_speaks_its_protocol(
    world: World, service: str, operation: str, params: dict[str, Any], code: str
) -> None:
    with refused(code, "The sandbox has no"):
        getattr(world.client(service), operation)(**params)
    assert (world.sandbox.calls()[-1].service, world.sandbox.calls()[-1].operation) == ("unknown", "unknown")


def test_a_service_that_is_not_there_speaks_cbor(world: World) -> None:
    headers = {
        "Host": f"127.0.0.1:{world.sandbox.port}",
        "Authorization": "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/monitoring/aws4_request, -",
        "Smithy-Protocol": "rpc-v2-cbor",
    }
    path = "/service/GraniteServiceVersion20100801/operation/ListMetrics"
    answer = Client(world.sandbox._api).post(path, data=b"\xa0", headers=headers)
    raw = {"status_code": answer.status_code, "headers": dict(answer.headers), "body": answer.get_data()}
    operation = world.client("cloudwatch").meta.service_model.operation_model("ListMetrics")
    parsed: Any = create_parser("smithy-rpc-v2-cbor").parse(cast(Any, raw), operation.output_shape)
    assert parsed["Error"] == {"Code": "UnknownOperationException", "Message": "The sandbox has no monitoring."}


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
