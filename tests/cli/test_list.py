"""``list``: every demo of the account, whoever made it, with what they cost together."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from vpce_demo.aws.clients import Clients
from vpce_demo.aws.environment import Environment
from vpce_demo.cli import run_command

from .program import VALIDATOR
from .stage import Stage

ALICE = "arn:aws:iam::123456789012:user/class/alice"


def test_the_demos_of_a_class(stage: Stage) -> None:
    tags = {
        "demo": "class-1",
        "id": "abc123",
        "owner": ALICE,
        "resource": "provider-vpc",
        "expires": "2020-01-01T00:00Z",
    }
    made = stage.ec2.create_vpc(
        CidrBlock="10.9.0.0/16",
        TagSpecifications=[
            {
                "ResourceType": "vpc",
                "Tags": [{"Key": f"vpce-demo:{key}", "Value": value} for key, value in tags.items()],
            }
        ],
    )["Vpc"]["VpcId"]
    assert [one["test"] for one in stage.run("list")[1]["demos"]] == [None, None]
    assert stage.text("test")[0] == 0
    try:
        code, out, _ = stage.text("list")
        _, document, _ = stage.run("list")
        names = stage.text("list", "--query", "demos[?yours].name")[1]
    finally:
        stage.ec2.delete_vpc(VpcId=made)
    assert code == 0
    theirs, ours = document["demos"]
    assert (theirs["name"], theirs["id"], theirs["made_by"], theirs["tagged"]) == ("class-1", "abc123", ALICE, 1)
    assert (theirs["yours"], theirs["recorded"], theirs["hourly_usd"]) == (False, False, "0.000000")
    assert (ours["name"], ours["yours"], ours["recorded"]) == ("vpce-demo", True, True)
    assert Decimal(document["hourly_usd"]) == Decimal(ours["hourly_usd"])
    assert ours["hourly_usd"] == stage.run("status")[1]["cost"]["hourly_usd"], "the same as status says"
    table = [line.split() for line in out.splitlines()[1:3]]
    assert table == [
        ["class-1", "abc123", "1", "$0.0000", "unknown", "alice", "2020-01-01T00:00Z", "(over)"],
        ["vpce-demo", "*", ours["id"], "19", table[1][4], "$0.0701", "passed", "you"],
    ]
    assert (theirs["age_seconds"], theirs["test"], ours["test"]) == (None, None, "passed")
    assert 0 <= ours["age_seconds"] < 600
    assert (theirs["regions"], ours["regions"], "not_looked_at" in document) == (["us-east-1"], ["us-east-1"], False)
    assert "2 demos. Nothing is billed here; AWS would ask about $0.07 an hour" in out
    assert names.split() == ["[", '"vpce-demo"', "]"]


def test_every_region_and_those_that_cannot_be_looked_at(
    stage: Stage, place: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One demo stands in two regions, one region is not allowed, and one does not answer."""
    ids = {}
    for region, key in (("eu-west-1", "provider-vpc"), ("us-west-2", "customer-vpc")):
        ec2: Any = stage.clients.in_region(region).ec2
        ids[region] = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        tags = {"demo": "both", "id": "abc123", "owner": ALICE, "resource": key}
        ec2.create_tags(
            Resources=[ids[region]], Tags=[{"Key": f"vpce-demo:{key}", "Value": value} for key, value in tags.items()]
        )
    refused: dict[str, Exception] = {
        "eu-north-1": ClientError({"Error": {"Code": "UnauthorizedOperation", "Message": "SCP"}}, "DescribeTags"),
        "eu-west-3": ClientError({"Error": {"Code": "UnauthorizedOperation", "Message": "SCP"}}, "DescribeTags"),
        "sa-east-1": ConnectTimeoutError(endpoint_url="https://ec2.sa-east-1.amazonaws.com/"),
    }

    def in_region(region: str) -> Clients:
        clients = stage.clients.in_region(region)
        asked.append(region)
        if error := refused.get(region):
            clients.ec2.meta.events.register_first("before-call", partial(fail, error))
        return clients

    def fail(error: Exception, **_: Any) -> None:
        raise error

    asked: list[str] = []
    here = replace(place, clients=dict.fromkeys(place.clients, replace(stage.clients, in_region=in_region)))
    monkeypatch.setattr("vpce_demo.aws.environment.in_sandbox", lambda config, running: here)
    code, document, err = stage.run("list", "--all-regions")
    assert code == 0
    VALIDATOR.validate(document)
    listed = stage.ec2.describe_regions()["Regions"]
    assert asked == sorted({one["RegionName"] for one in listed if one["OptInStatus"] != "not-opted-in"})
    assert len(listed) > len(asked) > 10
    theirs, ours = document["demos"]
    assert (theirs["name"], theirs["regions"], theirs["tagged"]) == ("both", ["eu-west-1", "us-west-2"], 2)
    assert (ours["name"], ours["regions"]) == ("vpce-demo", ["us-east-1"])
    assert [one["region"] for one in document["not_looked_at"]] == list(refused)
    assert "! Not looked at: eu-north-1, eu-west-3: DescribeTags is not allowed to you." in err
    assert "! Not looked at: sa-east-1: " in err
    assert re.search(r"both +abc123 +eu-west-1, us-west-2 +2 ", err)
    assert "Delete one:" in err
    assert stage.run("list")[1]["demos"] == [{**ours, "age_seconds": ANY}], "without the option, this region only"


def test_there_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["--sandbox", "--state-dir", str(tmp_path), "list"]) == 0
    assert capsys.readouterr().out == "There is no demo.\n"
