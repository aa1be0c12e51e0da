"""What is asked of a region before a demo is made there, whatever AWS answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from vpce_demo.aws.clients import Clients
from vpce_demo.aws.quotas import QUOTAS, counts_vcpus, is_too_small, vcpus
from vpce_demo.aws.region import VOLUME_KEY, PublicAccess, image, is_excluded, own_vpcs, public_access, volume_key
from vpce_demo.config.load import load
from vpce_demo.config.model import IMAGE_PARAMETER
from vpce_demo.errors import ConfigError, Refused

from .fake_resources import refusal

DENIED = refusal("UnauthorizedOperation", status=403)
UNKNOWN = refusal("InvalidAction")
KEY = "arn:aws:kms:us-east-1:123456789012:key/0ea3fef3-80a7-4778-9d8c-1c0c6EXAMPLE"


class Answers:
    """Clients whose calls answer this, by operation; an exception is raised."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.ec2 = self
        self.account = answers.get("account", "123456789012")

    def other(self, service: str) -> Answers:
        return self

    def get_paginator(self, operation: str) -> Any:
        pages = [{"Vpcs": self.answers[operation]}]
        return SimpleNamespace(paginate=lambda: pages)

    def __getattr__(self, operation: str) -> Any:
        def call(**given: Any) -> Any:
            answer = self.answers[operation]
            if callable(answer):
                return answer(**given)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def answering(**answers: Any) -> Clients:
    return cast("Clients", Answers(**answers))


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        ({"KmsKeyId": "alias/aws/ebs"}, ""),
        ({"KmsKeyId": "arn:aws:kms:us-east-1:123456789012:alias/aws/ebs"}, ""),
        ({"KmsKeyId": KEY}, VOLUME_KEY),
        ({"KmsKeyId": "alias/team-alias/aws/ebs"}, VOLUME_KEY),
        ({"KmsKeyId": "arn:aws:kms:us-east-1:123456789012:alias/team-alias/aws/ebs"}, VOLUME_KEY),
        (DENIED, VOLUME_KEY),
        (UNKNOWN, VOLUME_KEY),
    ],
)
def test_the_key_that_is_named(answer: Any, key: str) -> None:
    assert volume_key(answering(get_ebs_default_kms_key_id=answer)) == key


def test_a_question_that_fails_otherwise_is_no_answer() -> None:
    busy = refusal("RequestLimitExceeded", status=503)
    with pytest.raises(type(busy)):
        volume_key(answering(get_ebs_default_kms_key_id=busy))


def vpc(mode: str) -> Any:
    return {"BlockPublicAccessStates": {"InternetGatewayBlockMode": mode}} if mode else {}


@pytest.mark.parametrize(
    ("answer", "vpcs", "mode"),
    [
        ({"InternetGatewayBlockMode": "block-ingress"}, [vpc("off")], "block-ingress"),
        ({"InternetGatewayBlockMode": "off"}, [vpc("block-ingress")], "off"),
        ({}, [], "off"),
        (DENIED, [vpc("off"), vpc("block-bidirectional")], "block-bidirectional"),
        (DENIED, [vpc(""), vpc("off")], "off"),
        (DENIED, [vpc("")], ""),
        (DENIED, [], ""),
        (UNKNOWN, [vpc("block-ingress")], "block-ingress"),
        (UNKNOWN, [vpc("")], ""),
        (DENIED, [{**vpc("block-ingress"), "OwnerId": "210987654321"}, vpc("off")], "off"),
    ],
)
def test_the_mode_of_a_new_vpc(answer: Any, vpcs: list[Any], mode: str) -> None:
    options = answer if isinstance(answer, Exception) else {"VpcBlockPublicAccessOptions": answer}
    found = public_access(answering(describe_vpc_block_public_access_options=options, describe_vpcs=vpcs))
    assert found == PublicAccess(mode)
    assert found.is_closed == mode.startswith("block-")


@pytest.mark.parametrize(
    ("managed_by", "exclusions", "found"),
    [
        ("account", "allowed", (False, True)),
        ("declarative-policy", "allowed", (True, True)),
        ("declarative-policy", "not-allowed", (True, False)),
    ],
)
def test_who_sets_the_mode(managed_by: str, exclusions: str, found: tuple[bool, bool]) -> None:
    answer = {"InternetGatewayBlockMode": "block-ingress", "ManagedBy": managed_by, "ExclusionsAllowed": exclusions}
    clients = answering(describe_vpc_block_public_access_options={"VpcBlockPublicAccessOptions": answer})
    assert public_access(clients) == ("block-ingress", *found)


def exclusion(of: str = "vpc/vpc-1", mode: str = "allow-bidirectional", state: str = "create-complete") -> Any:
    arn = f"arn:aws:ec2:us-east-1:123456789012:{of}"
    return {"ResourceArn": arn, "InternetGatewayExclusionMode": mode, "State": state}


@pytest.mark.parametrize(
    ("listed", "excluded"),
    [
        ([exclusion()], True),
        ([exclusion("subnet/subnet-1")], True),
        ([exclusion("vpc/vpc-2"), exclusion(state="update-complete")], True),
        ([exclusion("vpc/vpc-2")], False),
        ([exclusion("vpc/vpc-11")], False),
        ([exclusion(mode="allow-egress")], False),
        ([exclusion(state="create-in-progress"), exclusion(state="delete-complete")], False),
        ([], False),
        (DENIED, False),
        (UNKNOWN, False),
    ],
)
def test_what_is_excluded(listed: Any, excluded: bool) -> None:
    answer = {"VpcBlockPublicAccessExclusions": listed} if isinstance(listed, list) else listed
    clients = answering(describe_vpc_block_public_access_exclusions=answer)
    assert is_excluded(clients, "vpc-1", "subnet-1") is excluded


def test_every_page_of_exclusions_is_read() -> None:
    pages = [
        {"VpcBlockPublicAccessExclusions": [exclusion("vpc/vpc-2")], "NextToken": "more"},
        {"VpcBlockPublicAccessExclusions": [exclusion()]},
    ]
    clients = answering(describe_vpc_block_public_access_exclusions=lambda **given: pages["NextToken" in given])
    assert is_excluded(clients, "vpc-1")


AMAZON_LINUX = {"Architecture": "x86_64", "RootDeviceName": "/dev/xvda"}
T3 = {"InstanceTypes": [{"ProcessorInfo": {"SupportedArchitectures": ["x86_64"]}}]}


@pytest.mark.parametrize(
    ("described", "type", "said"),
    [
        ({"Images": [AMAZON_LINUX]}, T3, ""),
        (DENIED, DENIED, ""),
        ({"Images": [AMAZON_LINUX]}, DENIED, ""),
        ({"Images": [AMAZON_LINUX]}, {"InstanceTypes": []}, ""),
        ({"Images": []}, T3, ""),
        ({"Images": [{**AMAZON_LINUX, "Architecture": "arm64"}]}, T3, "cannot run the image, which is for arm64"),
        ({"Images": [{**AMAZON_LINUX, "RootDeviceName": "/dev/sda1"}]}, T3, "starts from /dev/sda1"),
    ],
)
def test_an_image_is_compared_with_what_it_is_for(described: Any, type: Any, said: str) -> None:
    clients = answering(
        get_parameter={"Parameter": {"Value": "ami-1"}}, describe_images=described, describe_instance_types=type
    )
    if said:
        with pytest.raises(Refused, match=said):
            image(clients, load(None, {}))
    else:
        assert image(clients, load(None, {})) == "ami-1"


@pytest.mark.parametrize("value", ["hunter2", "", "ami-12 ami-34", '{"image_id": "ami-1"}', "resolve:ssm:/x"])
def test_a_parameter_that_names_no_image(value: str) -> None:
    """Its value may be a secret."""
    with pytest.raises(Refused, match="is not the id of an image") as caught:
        image(answering(get_parameter={"Parameter": {"Value": value}}), load(None, {}))
    assert "hunter2" not in f"{caught.value} {caught.value.facts}"


@pytest.mark.parametrize(
    ("type", "architecture"),
    [
        *(
            (one, "arm64")
            for one in ("t4g.micro", "m7gd.large", "a1.medium", "im4gn.large", "g5g.xlarge", "x2gd.large")
        ),
        *((one, "x86_64") for one in ("t3.micro", "t3a.micro", "g4dn.xlarge", "m7i-flex.large", "c7a.large")),
    ],
)
def test_the_image_follows_the_type_where_none_is_set(type: str, architecture: str) -> None:
    assert load(None, {"instance_type": type}).image_parameter == IMAGE_PARAMETER.replace("x86_64", architecture)
    own = load(None, {"instance_type": type, "image_parameter": "/team/image"})
    assert own.image_parameter == "/team/image"


@pytest.mark.parametrize("name", ["/aws/service/debian/release/12/latest/amd64", "/aws/service/ecs/optimized-ami/x"])
def test_a_public_image_that_is_not_amazon_linux_is_no_setting(name: str) -> None:
    with pytest.raises(ConfigError, match="is not Amazon Linux"):
        load(None, {"image_parameter": name})


def running(type: str = "t3.micro", **more: Any) -> Any:
    return {"State": {"Name": "running"}, "InstanceType": type, **more}


@pytest.mark.parametrize(
    ("instance", "count"),
    [
        (running(CpuOptions={"CoreCount": 1, "ThreadsPerCore": 2}), 2),
        (running("m7g.xlarge", CpuOptions={"CoreCount": 4, "ThreadsPerCore": 1}), 4),
        (running(), 2),
        (running(State={"Name": "pending"}), 2),
        (running(State={"Name": "stopped"}), 0),
        (running(InstanceLifecycle="spot"), 0),
        (running("g4dn.xlarge"), 0),
        (running("inf2.xlarge"), 0),
    ],
)
def test_what_an_instance_takes_of_the_quota(instance: Any, count: int) -> None:
    assert vcpus(instance) == count


def test_a_vpc_that_others_share_is_not_counted() -> None:
    listed = [{"VpcId": "vpc-1", "OwnerId": "1"}, {"VpcId": "vpc-2", "OwnerId": "2"}, {"VpcId": "vpc-3"}]
    assert [vpc["VpcId"] for vpc in own_vpcs(answering(describe_vpcs=listed, account="1"))] == ["vpc-1", "vpc-3"]


@pytest.mark.parametrize(
    ("name", "most", "is_own", "used", "is_small"),
    [
        ("VPCs", 5, False, 3, False),
        ("VPCs", 5, False, 4, True),
        ("VPCs", 5, False, 5, True),
        ("VPCs", 5, False, 12, False),
        ("VPCs", 12, True, 12, True),
        ("VPCs", 20, True, 12, False),
        ("vCPUs", 5, False, 5, False),
        ("vCPUs", 5, True, 4, True),
    ],
)
def test_a_quota_that_leaves_no_room_for_two(name: str, most: int, is_own: bool, used: int, is_small: bool) -> None:
    """Where the quota itself may not be asked for, more than AWS's default proves a larger one."""
    assert is_too_small(QUOTAS[name], most, is_own, used, 2) is is_small


def test_which_types_the_quota_counts() -> None:
    assert all(map(counts_vcpus, ("t3.micro", "im4gn.large", "is4gen.large", "z1d.large", "a1.medium")))
    assert not any(map(counts_vcpus, ("g4dn.xlarge", "trn1.2xlarge", "p5.48xlarge", "mac2.metal", "hpc7g.4xlarge")))
