"""Who the caller is, and where: GetCallerIdentity, and regions that do not exist."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from .world import World

OTHER = "210987654321"


def client(world: World, service: str, key: str = "sandbox", region: str = "us-east-1") -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=world.sandbox.endpoint_url,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key="-",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.mark.parametrize(
    ("key", "account", "name"),
    [
        ("sandbox", "123456789012", "sandbox"),
        ("mia", "123456789012", "mia"),
        ("Mia.Example", "123456789012", "Mia.Example"),
        (f"SANDBOX{OTHER}", OTHER, "sandbox"),
        (f"SANDBOX{OTHER}A", OTHER, "sandbox"),
    ],
)
def test_a_key_of_nobody_is_a_user_of_that_name(world: World, key: str, account: str, name: str) -> None:
    told = client(world, "sts", key).get_caller_identity()
    assert (told["Arn"], told["Account"]) == (f"arn:aws:iam::{account}:user/{name}", account)
    assert len(told["UserId"]) == 21
    assert told["UserId"].startswith("AIDA")
    assert client(world, "sts", key).get_caller_identity()["UserId"] == told["UserId"]
    assert client(world, "sts", "another").get_caller_identity()["UserId"] != told["UserId"]


@pytest.mark.parametrize("iam", [False, True])
def test_a_user_and_a_role_are_who_they_are(world: World, iam: bool) -> None:
    held = client(world, "iam")
    user = held.create_user(UserName="alice")["User"]
    key = held.create_access_key(UserName="alice")["AccessKey"]
    trust = '{"Version": "2012-10-17", "Statement": []}'
    role = held.create_role(RoleName="auditor", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    assumed = client(world, "sts").assume_role(RoleArn=role, RoleSessionName="mine")
    session = assumed["Credentials"]
    world.sandbox.set(iam=iam)
    try:
        told = boto3.client(
            "sts",
            endpoint_url=world.sandbox.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        ).get_caller_identity()
        assert (told["Arn"], told["UserId"]) == (user["Arn"], user["UserId"])
        told = boto3.client(
            "sts",
            endpoint_url=world.sandbox.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
        ).get_caller_identity()
        assert told["Arn"] == "arn:aws:sts::123456789012:assumed-role/auditor/mine"
        assert told["UserId"] == assumed["AssumedRoleUser"]["AssumedRoleId"]
    finally:
        world.sandbox.set(iam=False)


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("ec2", "describe_vpcs", "AuthFailure"),
        ("elbv2", "describe_load_balancers", "SignatureDoesNotMatch"),
        ("sts", "get_caller_identity", "SignatureDoesNotMatch"),
        ("ssm", "describe_parameters", "InvalidSignatureException"),
    ],
)
def test_a_region_that_does_not_exist(world: World, service: str, call: str, code: str) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(client(world, service, region="us-nowhere-9"), call)()
    error = caught.value.response["Error"]
    assert error["Code"] == code
    assert error["Message"] == "Credential should be scoped to a valid region, not 'us-nowhere-9'."


@pytest.mark.parametrize("region", ["us-east-1", "cn-north-1", "us-gov-west-1"])
def test_regions_of_every_partition(world: World, region: str) -> None:
    assert [one["IsDefault"] for one in client(world, "ec2", region=region).describe_vpcs()["Vpcs"]] == [True]


def test_the_default_vpc_reaches_the_internet(world: World) -> None:
    (gateway,) = world.ec2.describe_internet_gateways()["InternetGateways"]
    (vpc,) = world.ec2.describe_vpcs()["Vpcs"]
    assert gateway["Attachments"] == [{"State": "available", "VpcId": vpc["VpcId"]}]
    (table,) = world.ec2.describe_route_tables()["RouteTables"]
    assert table["Routes"][1]["DestinationCidrBlock"] == "0.0.0.0/0"
    assert (table["Routes"][1]["GatewayId"], table["Routes"][1]["State"]) == (gateway["InternetGatewayId"], "active")
    spec = {"ImageId": world.image(), "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    instance = world.ec2.run_instances(**spec)["Instances"][0]
    world.open(instance["SecurityGroups"][0]["GroupId"], 22)
    assert world.sandbox.connect("internet", instance["InstanceId"], 22)["outcome"] == "delivered"
