"""adopt, a foreign connection and another account, on the command line."""

from __future__ import annotations

import json

import boto3

from .program import World

ANOTHER_ACCOUNT = "210987654321"


def test_adopt_writes_a_lost_state_file_again(world: World) -> None:
    nothing = world.run("adopt")
    assert nothing.code == 5
    assert "vpce-demo --sandbox up" in nothing.err
    assert not world.demo_directory().exists()
    assert world.run("up", "--skip-test").code == 0
    path = world.demo_directory() / "state.json"
    before = json.loads(path.read_text())
    path.unlink()
    with world.nothing_changes():
        done = world.run("adopt", "-o", "json")
    assert done.code == 0, done.text
    assert len(done.document["resources"]) == 32
    after = json.loads(path.read_text())
    assert {k: r["id"] for k, r in after["resources"].items()} == {k: r["id"] for k, r in before["resources"].items()}
    assert after["settings"] == before["settings"]

    (world.demo_directory() / "key.pem").unlink()
    path.unlink()
    told = world.run("adopt")
    assert "knows another ssh key" in told.out
    assert "Mend it:  vpce-demo --sandbox up" in told.out


def test_a_foreign_connection_is_named_and_turned_away_when_we_say_so(world: World) -> None:
    before = world.account()
    assert world.run("up", "--skip-test").code == 0
    service = world.recorded()["service"]
    world.ec2.modify_vpc_endpoint_service_permissions(
        ServiceId=service, AddAllowedPrincipals=[f"arn:aws:iam::{ANOTHER_ACCOUNT}:root"]
    )
    theirs = boto3.client(
        "ec2",
        region_name="us-east-1",
        endpoint_url=world.sandbox.endpoint_url,
        aws_access_key_id=f"SANDBOX{ANOTHER_ACCOUNT}A",
        aws_secret_access_key="any",
    )
    subnet = theirs.describe_subnets(Filters=[{"Name": "availability-zone", "Values": ["us-east-1a"]}])["Subnets"][0]
    endpoint = theirs.create_vpc_endpoint(
        VpcEndpointType="Interface",
        ServiceName=f"com.amazonaws.vpce.us-east-1.{service}",
        VpcId=subnet["VpcId"],
        SubnetIds=[subnet["SubnetId"]],
    )["VpcEndpoint"]["VpcEndpointId"]

    done = world.run("down")
    assert done.code == 7, done.text
    assert f"ExistingVpcEndpointConnections: {endpoint} is not ours" in done.err
    assert ANOTHER_ACCOUNT in done.err
    assert "vpce-demo --sandbox down --reject-foreign-connections" in done.err
    assert world.run("down", "--reject-foreign-connections").code == 0
    theirs.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    assert world.account() == before


def test_another_account_or_region_than_the_state_s_is_refused(world: World) -> None:
    assert world.run("up", "--until", "create-endpoint-service").code == 0
    path = world.demo_directory() / "state.json"
    state = json.loads(path.read_text())
    for side in state["sides"].values():
        side.update(account="111122223333", region="eu-west-1")
    path.write_text(json.dumps(state))
    with world.nothing_changes():
        for command in ("up", "down", "status", "test", "adopt"):
            done = world.run(command)
            assert done.code == 5, done.text
            assert "belongs to another AWS account." in done.err
            assert f"vpce-demo --sandbox {command} --profile PROFILE" in done.err
            assert "Nothing was changed." in done.err
    table = [line.split() for line in done.err.splitlines() if "account" in line or "region" in line]
    assert ["account", "111122223333", "123456789012"] in table
    assert ["region", "eu-west-1", "us-east-1"] in table
    for side in state["sides"].values():
        side.update(account="123456789012")
    path.write_text(json.dumps(state))
    done = world.run("up")
    assert (done.code, "belongs to another AWS region." in done.err) == (5, True), done.text
    assert "vpce-demo --sandbox up --region eu-west-1" in done.err
    offered = world.run("status", "--region", "us-west-2").err
    assert "vpce-demo --sandbox status --region eu-west-1\n" in offered, "one region on a line, and no down"
