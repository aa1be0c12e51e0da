"""``--show-calls``: what a run changed, as commands of the AWS CLI."""

from __future__ import annotations

import shlex
import shutil
from typing import Any

import boto3
import pytest

from vpce_demo.aws.commands import as_command

from .program import READING, World, good

HEADING = "The calls that changed something, for version 2 of the AWS CLI:"


@pytest.mark.parametrize(
    ("operation", "params", "options"),
    [
        ("CreateVpc", {"CidrBlock": "10.0.0.0/16"}, "create-vpc --cidr-block 10.0.0.0/16"),
        ("DeleteKeyPair", {"KeyName": "a b; c"}, "delete-key-pair --key-name 'a b; c'"),
        ("TerminateInstances", {"InstanceIds": ["i-1", "i-2"]}, "terminate-instances --instance-ids i-1 i-2"),
        ("RunInstances", {"MinCount": 1, "MaxCount": 1, "UserData": "#!"}, "run-instances --user-data '#!'"),
        ("ImportKeyPair", {"PublicKeyMaterial": b"ssh"}, "import-key-pair --public-key-material c3No"),
        ("ModifyVpcEndpoint", {"PrivateDnsEnabled": False}, "modify-vpc-endpoint --no-private-dns-enabled"),
        ("CreateTags", {"Tags": [{"Key": "a"}]}, """create-tags --tags '[{"Key": "a"}]'"""),
    ],
)
def test_a_call_as_a_command(operation: str, params: dict[str, Any], options: str) -> None:
    model = boto3.Session().client("ec2", region_name="us-east-1").meta.service_model.operation_model(operation)
    assert as_command("aws ec2", model, params) == f"aws ec2 {options}"


def test_what_a_run_changed_is_shown(world: World) -> None:
    before = len(world.calls())
    shown = good(world.run("up", "--until", "create-endpoint-service", "--show-calls")).out.split(HEADING)[1]
    commands = [shlex.split(f"aws {one}") for one in shown.split("vpce-demo sandbox aws ")[1:]]
    done = [call for call in world.calls()[before:] if call["error"] is None and call["service"] != "sts"]
    changed = [call["operation"] for call in done if not call["operation"].startswith(READING)]
    assert sorted(words[2].replace("-", "") for words in commands) == sorted(one.lower() for one in changed)

    (launch,) = (words for words in commands if words[2] == "run-instances")
    assert launch[launch.index("--user-data") + 1].startswith("#cloud-config\npackages:\n"), "as it was sent"

    with world.nothing_changes():
        assert good(world.run("status", "--show-calls")).out.endswith("No call changed anything.\n")
    deleted = good(world.run("down", "--show-calls", "-o", "json")).document["calls"]
    assert sum("terminate-instances" in one for one in deleted) == 1


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("aws") is None, reason="the aws CLI is not installed")
def test_the_aws_cli_takes_every_command(world: World) -> None:
    """Checks the words of each without sending it."""
    for command in ("up", "down"):
        calls = good(world.run(command, "--show-calls", "-o", "json")).document["calls"]
        assert calls
        for call in calls:
            good(world.run(*shlex.split(call)[1:], "--generate-cli-skeleton", "output"))
