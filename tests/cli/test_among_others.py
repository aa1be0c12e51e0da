"""A demo among other people in the account, on the command line."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.torture.strangers import HOLDING

from .aws_words import aws, is_for_the_cli
from .program import Done, World, good

ALICE, BOB = ("--profile", "alice"), ("--profile", "bob")


@pytest.fixture(scope="module")
def shared_world(world_in_process: World) -> World:
    return world_in_process


@pytest.fixture
def other(world: World, tmp_path: Path) -> Path:
    """The state directory of somebody else, who shares the account."""
    state = tmp_path / "other"
    state.mkdir(exist_ok=True)
    (state / "emulator").symlink_to(world.emulator)
    return state


def test_somebody_else_s_demo_is_shown_and_not_touched(world: World, other: Path) -> None:
    good(world.here("up", "--skip-test", *ALICE))
    bob = ("--state-dir", str(other), *BOB)
    with world.nothing_changes():
        for command in (
            ("plan",),
            ("up", "--yes"),
            ("accept",),
            ("test",),
            ("down", "--yes"),
            ("sandbox", "break", "1"),
        ):
            done = world.here(*command, *bob)
            assert done.code == 5, done.text
            assert re.search(r"made by +arn:aws:iam::123456789012:user/alice", done.err)
            assert "Nothing was changed." in done.err
        for command in (("status",), ("diagram",), ("report", "--to", str(other / "report.html"))):
            told = good(world.here(*command, *bob))
            assert "Made by arn:aws:iam::123456789012:user/alice, no record here: id" in told.err
        asked = world.here("adopt", *bob)
        assert (asked.code, "user/alice made the demo" in asked.err) == (5, True), asked.text
    assert "32 of 32" in good(world.here("status", *ALICE)).out

    third = world.elb.create_target_group(
        Name="of-a-third",
        Protocol="TCP",
        Port=80,
        VpcId=world.recorded()["provider-vpc"],
        Tags=[{"Key": "vpce-demo:demo", "Value": "vpce-demo"}, {"Key": "vpce-demo:id", "Value": "ffffff"}],
    )["TargetGroups"][0]["TargetGroupArn"]
    several = world.here("adopt", "--yes", *bob)
    assert (several.code, "Several demos have this name." in several.err) == (5, True), several.text
    id = json.loads((world.demo_directory() / "state.json").read_text())["demo_id"]
    assert "32 resources are on record" in good(world.here("adopt", "--yes", "--id", id, *bob)).out
    (tags,) = world.elb.describe_tags(ResourceArns=[third])["TagDescriptions"]
    assert {tag["Key"] for tag in tags["Tags"]} == {"vpce-demo:demo", "vpce-demo:id"}, "the name alone is not enough"
    world.elb.delete_target_group(TargetGroupArn=third)
    with world.nothing_changes():
        for name in ("status", "plan", "up", "down"):
            done = world.here(name, *ALICE)
            assert (done.code, "user/bob has taken over the demo" in done.err) == (5, True), done.text
    gone = good(world.here("down", "-o", "json", *bob)).document
    assert (gone["deleted"], gone["left"]) == (32, [])


def test_the_same_caller_in_another_directory_may_delete_it_and_is_told_what(world: World, other: Path) -> None:
    good(world.here("up", "--skip-test"))
    id = json.loads((world.demo_directory() / "state.json").read_text())["demo_id"]
    web = world.recorded()["web"]
    assert world.here("up", "--state-dir", str(other)).code == 5
    done = good(world.here("down", "--state-dir", str(other)))
    headline = f"Deleting 32 resources of the demo {id}, made by arn:aws:iam::123456789012:user/sandbox:"
    assert web in done.err.partition(headline)[2].partition("step=")[0]
    assert "Deleted 32" in done.out


def test_a_state_file_of_another_demo_is_refused(world: World) -> None:
    good(world.here("up", "--skip-test", "--name", "second"))
    shutil.copytree(world.demo_directory("second"), world.demo_directory("third"))
    with world.nothing_changes():
        done = world.here("down", "--name", "third")
    assert (done.code, "belongs to another demo" in done.err) == (5, True), done.text
    shutil.rmtree(world.demo_directory("third"))
    good(world.here("down", "--name", "second"))


def test_what_is_kept_and_what_is_tagged_like_ours_is_counted_shown_and_told_apart(world: World) -> None:
    good(world.here("up", "--skip-test"))
    web = world.recorded()["web"]
    world.ec2.modify_instance_attribute(
        InstanceId=web, BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": False}}]
    )
    marks = {"vpce-demo:demo": "vpce-demo", "vpce-demo:resource": "web", "vpce-demo:id": "ffffff"}
    copied: Any = [{"Key": key, "Value": value} for key, value in marks.items()]
    image = world.ec2.describe_instances(InstanceIds=[web])["Reservations"][0]["Instances"][0]["ImageId"]
    run = world.ec2.run_instances(
        ImageId=image,
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": copied}],
    )
    stranger = run["Instances"][0]["InstanceId"]
    status = good(world.here("status", "-o", "json")).document
    assert [one["kind"] for one in status["others"]] == ["volume"]
    down = good(world.here("down", "-o", "json"))
    assert down.document["deleted"] == 33
    assert status["others"][0]["id"] in down.document["deleted_ids"]
    assert stranger not in down.text
    (left,) = world.ec2.describe_instances(InstanceIds=[stranger])["Reservations"][0]["Instances"]
    assert left["State"]["Name"] == "running"
    world.ec2.terminate_instances(InstanceIds=[stranger])


@pytest.mark.extended
@pytest.mark.parametrize("by", ["a rule of the default group", "our table as the main one", "a protected instance"])
def test_what_holds_the_rest_is_named_with_commands_that_remove_it(world: World, by: str) -> None:
    """One of each way to say so; the sweeps try every holder."""
    good(world.here("up", "--skip-test"))
    HOLDING[by](world, world.recorded())  # type: ignore[arg-type]
    done = world.here("down", "-o", "json")
    assert done.code == 7, done.text
    assert "Go on:" not in done.err, "alone it would fail in the same way"
    for command in offered(done):
        if is_for_the_cli(command):
            aws(command, world.sandbox.endpoint_url)
    assert "nothing left" in good(world.here("down")).out


def offered(done: Done) -> list[str]:
    """The commands that it offers."""
    fixes = done.document.get("diagnosis", {}).get("fixes", [])
    lines = [line.strip() for line in done.document["error"]["hint"].split("\n") if line.startswith("    ")]
    commands = [*lines, *(part for fix in fixes for part in fix["command"].split(" && "))]
    assert any(map(is_for_the_cli, commands)), done.text
    return commands
