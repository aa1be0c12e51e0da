"""``iam-policy`` as a command, and a sandbox that was started to check permissions."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import boto3
import pytest

from vpce_demo.aws.iam_policy import policy
from vpce_demo.cli import run_command
from vpce_demo.config.load import load
from vpce_demo.model import Side
from vpce_demo.sandbox import client

from .program import Program, good

DEFAULT = policy(load(None, {}))


def test_it_prints_the_document_and_nothing_else(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command(["iam-policy"]) == 0
    out, err = capfd.readouterr()
    assert (json.loads(out), err) == (DEFAULT, "")
    assert run_command(["iam-policy", "--side", "consumer", "--name", "second", "--extras"]) == 0
    wanted = policy(load(None, {"name": "second"}), Side.CONSUMER, extras=True)
    assert json.loads(capfd.readouterr().out) == wanted


def test_for_programs(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command(["iam-policy", "-o", "json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert (document["command"], document["exit_code"], document["policy"]) == ("iam-policy", 0, DEFAULT)


def test_into_a_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command(["iam-policy", "--side", "provider", "--to", "policy.json"]) == 0
    assert json.loads((tmp_path / "policy.json").read_text()) == policy(load(None, {}), Side.PROVIDER)
    said = capfd.readouterr().out
    assert "of the 6144 characters" in said
    assert "--policy-name vpce-demo-provider --policy-document file://policy.json" in said
    assert run_command(["iam-policy", "--to", "no/such/directory"]) == 1
    assert "no/such/directory cannot be used" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("variables", "words", "partition"),
    [
        ({}, [], "aws"),
        ({"AWS_DEFAULT_REGION": "us-gov-west-1"}, [], "aws-us-gov"),
        ({"AWS_PROFILE": "china"}, [], "aws-cn"),
        ({}, ["--profile", "china"], "aws-cn"),
        ({"AWS_PROFILE": "china"}, ["--region", "eu-west-1"], "aws"),
        ({"AWS_PROFILE": "china"}, ["--sandbox"], "aws"),
    ],
)
def test_the_partition_is_that_of_the_region_that_aws_would_use(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    variables: dict[str, str],
    words: list[str],
    partition: str,
) -> None:
    Path("config").write_text("[profile china]\nregion = cn-north-1\n")
    for name, value in {"AWS_CONFIG_FILE": "config", **variables}.items():
        monkeypatch.setenv(name, value)
    assert run_command([*words, "iam-policy"]) == 0
    assert set(re.findall(r"arn:([^:]+):", capfd.readouterr().out)) == {partition}


def test_a_user_in_a_sandbox_that_checks_permissions(program: Program) -> None:
    """From the command that starts it to the refusal that names the action."""
    started = program.run("sandbox", "start", "--iam", "--speed", "max")
    try:
        assert started.code == 0, started.text
        assert "permissions of IAM users and roles are checked" in started.out
        found = client.running(program.directory / ".vpce-demo" / "emulator")
        assert found is not None
        root: Any = boto3.client(
            "iam",
            endpoint_url=found.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="sandbox",
            aws_secret_access_key="-",
        )
        root.create_user(UserName="alice")
        key = root.create_access_key(UserName="alice")["AccessKey"]
        alice = {
            "AWS_ENDPOINT_URL": found.endpoint_url,
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
            "AWS_REGION": "us-east-1",
        }
        refused = program.run("status", **alice)
        assert refused.code == 1
        assert "user/alice is not authorized to perform: ec2:Describe" in refused.err
        printed = program.run("iam-policy").out
        made = root.create_policy(PolicyName="vpce-demo", PolicyDocument=printed)["Policy"]
        root.attach_user_policy(UserName="alice", PolicyArn=made["Arn"])
        good(program.run("status", **alice))
        assert good(program.run("plan", "-o", "json", **alice)).document["not_allowed"] == []
        nothing = {"Effect": "Deny", "Action": "ec2:CreateVpc", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [nothing]})
        root.put_user_policy(UserName="alice", PolicyName="denied", PolicyDocument=document)
        planned = good(program.run("plan", **alice))
        assert "Not allowed to you: CreateVpc." in planned.err
        (program.directory / "open.yaml").write_text("ssh_from: 0.0.0.0/0\n")
        begun = program.run("up", "-c", "open.yaml", **alice)
        assert "Not allowed to you: CreateVpc." in begun.err, "before it asks"
        assert begun.code == 5
        root.delete_user_policy(UserName="alice", PolicyName="denied")
        wrong = program.run("status", **{**alice, "AWS_SECRET_ACCESS_KEY": "wrong"})
        assert wrong.code == 4, wrong.text
    finally:
        program.run("sandbox", "stop")
