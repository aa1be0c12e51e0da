"""Where stock moto answers otherwise than AWS about instances: one test a difference."""

from __future__ import annotations

import ipaddress

import pytest

from vpce_demo.sandbox.handlers import instances

from .world import PUBLIC_KEY, World, refused


def test_run_instances_unknown_key(world: World) -> None:
    net = world.network()
    with refused("InvalidKeyPair.NotFound", "The key pair 'nobody' does not exist"):
        world.run(net, KeyName="nobody")
    world.ec2.import_key_pair(KeyName="somebody", PublicKeyMaterial=PUBLIC_KEY)
    assert world.run(net, KeyName="somebody")["KeyName"] == "somebody"


def test_run_instances_is_pending_without_a_public_address_at_first(slow: World) -> None:
    made = slow.run(slow.network())
    for told in (made, slow.described(made["InstanceId"])):
        assert told["State"]["Name"] == "pending"
        assert "PublicIpAddress" not in told
    slow.sandbox.clock.skip(11)
    told = slow.described(made["InstanceId"])
    assert told["State"]["Name"] == "running"
    assert ipaddress.ip_address(told["PublicIpAddress"])


def test_run_instances_with_a_network_interface(world: World) -> None:
    net = world.network()
    made = world.run(net)
    told = world.described(made["InstanceId"])
    for one in (made, told):
        assert [group["GroupId"] for group in one["SecurityGroups"]] == [net.group]
    assert told["NetworkInterfaces"][0]["Attachment"]["DeleteOnTermination"] is True


def test_run_instances_same_client_token(world: World) -> None:
    net = world.network()
    first = world.instance(net, ClientToken="one")
    assert world.instance(net, ClientToken="one") == first
    assert len(world.ec2.describe_instances()["Reservations"]) == 1
    with refused("IdempotentParameterMismatch"):
        world.instance(net, ClientToken="one", InstanceType="t3.small")
    world.ec2.terminate_instances(InstanceIds=[first])
    with refused("IdempotentInstanceTerminated"):
        world.instance(net, ClientToken="one")


def test_describe_instance_status_at_once(slow: World) -> None:
    instance = slow.instance(slow.network())
    slow.sandbox.clock.skip(11)

    def status() -> str:
        told = slow.ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"][0]
        return str(told["InstanceStatus"]["Status"])

    assert status() == "initializing"
    slow.sandbox.clock.skip(120)
    assert status() == "ok"


def test_instance_after_terminate(slow: World) -> None:
    instance = slow.instance(slow.network())
    slow.sandbox.clock.skip(11)
    told = slow.ec2.terminate_instances(InstanceIds=[instance])["TerminatingInstances"][0]
    assert (told["PreviousState"]["Name"], told["CurrentState"]["Name"]) == ("running", "shutting-down")
    assert slow.described(instance)["State"]["Name"] == "shutting-down"
    slow.sandbox.clock.skip(31)
    assert slow.described(instance)["State"]["Name"] == "terminated"
    slow.sandbox.clock.skip(3601)
    with refused("InvalidInstanceID.NotFound"):
        slow.described(instance)


def test_instance_interface_after_terminated(slow: World) -> None:
    net = slow.network()
    instance = slow.instance(net)
    assert len(slow.interfaces(vpc_id=net.vpc)) == 1
    slow.ec2.terminate_instances(InstanceIds=[instance])
    assert len(slow.interfaces(vpc_id=net.vpc)) == 1
    slow.sandbox.clock.skip(31)
    assert slow.interfaces(vpc_id=net.vpc) == []


def launch_template(world: World, **data: object) -> str:
    made = world.ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


def test_run_instances_by_a_launch_template(world: World) -> None:
    net, image = world.network(), world.image()
    world.ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=PUBLIC_KEY)
    nic = {"DeviceIndex": 0, "SubnetId": net.subnet, "Groups": [net.group], "AssociatePublicIpAddress": True}
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}]}]
    data = {"ImageId": image, "InstanceType": "t3.micro", "KeyName": "mine", "UserData": "YQ==", "DisableApiStop": True}
    id = launch_template(world, **data, NetworkInterfaces=[nic], TagSpecifications=tags)
    world.ec2.create_launch_template_version(
        LaunchTemplateName="web", LaunchTemplateData={**data, "InstanceType": "t3.small", "NetworkInterfaces": [nic]}
    )
    types = {
        "t3.micro": [
            {"LaunchTemplateId": id},
            {"LaunchTemplateName": "web", "Version": "$Default"},
            {"LaunchTemplateId": id, "Version": "1"},
        ],
        "t3.small": [
            {"LaunchTemplateName": "web", "Version": "$Latest"},
            {"LaunchTemplateId": id, "Version": "2"},
        ],
    }
    for kind, templates in types.items():
        for template in templates:
            made = world.ec2.run_instances(LaunchTemplate=template, MinCount=1, MaxCount=1)["Instances"][0]
            assert (made["InstanceType"], made["ImageId"], made["KeyName"]) == (kind, image, "mine"), template
            assert (made["SubnetId"], [one["GroupId"] for one in made["SecurityGroups"]]) == (net.subnet, [net.group])
    template = {"LaunchTemplateId": id}
    spec = [{"ResourceType": "instance", "Tags": [{"Key": "b", "Value": "2"}]}]
    made = world.ec2.run_instances(
        LaunchTemplate=template, InstanceType="t3.medium", TagSpecifications=spec, MinCount=1, MaxCount=1
    )["Instances"][0]
    told = world.described(made["InstanceId"])
    assert told["InstanceType"] == "t3.medium", "what the call says goes before the template"
    assert {tag["Key"]: tag["Value"] for tag in told["Tags"]} == {
        "a": "1",
        "b": "2",
        "aws:ec2launchtemplate:id": id,
        "aws:ec2launchtemplate:version": "1",
    }
    assert "PublicIpAddress" in told
    assert world.sandbox.cloud.view().instances[made["InstanceId"]].user_data == "a"
    with refused("OperationNotPermitted", "disableApiStop"):
        world.ec2.stop_instances(InstanceIds=[made["InstanceId"]])


def test_run_instances_by_a_launch_template_that_is_not_there(world: World) -> None:
    id = launch_template(world, InstanceType="t3.micro")
    for template, code in (
        ({"LaunchTemplateId": "lt-0123456789abcdef0"}, "InvalidLaunchTemplateId.NotFound"),
        ({"LaunchTemplateName": "nobody"}, "InvalidLaunchTemplateName.NotFoundException"),
        ({"LaunchTemplateId": id, "Version": "9"}, "InvalidLaunchTemplateId.VersionNotFound"),
        ({"LaunchTemplateId": id, "Version": "0"}, "InvalidLaunchTemplateId.VersionNotFound"),
        ({"LaunchTemplateId": id, "Version": "two"}, "InvalidLaunchTemplateId.VersionNotFound"),
        ({"LaunchTemplateId": id, "LaunchTemplateName": "web"}, "InvalidParameterCombination"),
        ({"Version": "1"}, "MissingParameter"),
        ({"LaunchTemplateId": id}, "MissingParameter"),
    ):
        with refused(code):
            world.ec2.run_instances(LaunchTemplate=template, MinCount=1, MaxCount=1)


def test_run_instances_as_many_as_there_is_room_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instances, "MOST_INSTANCES", 3)
    net = world.network()
    asked = {"ImageId": world.image(), "SubnetId": net.subnet}
    with refused("InstanceLimitExceeded", "Your quota allows for 3 more running instance(s). You requested at least 4"):
        world.ec2.run_instances(**asked, MinCount=4, MaxCount=100_000)
    with refused("InvalidParameterValue", "minCount"):
        world.ec2.run_instances(**asked, MinCount=0, MaxCount=1)
    with refused("InvalidParameterValue", "maxCount"):
        world.ec2.run_instances(**asked, MinCount=2, MaxCount=1)
    made = world.ec2.run_instances(**asked, MinCount=1, MaxCount=100_000)["Instances"]
    assert len(made) == 3
    world.ec2.terminate_instances(InstanceIds=[made[0]["InstanceId"]])
    world.described(made[0]["InstanceId"])
    monkeypatch.setattr(instances, "MOST_INSTANCES", 1000)
    with refused("InsufficientFreeAddressesInSubnet"):
        world.ec2.run_instances(**asked, MinCount=300, MaxCount=300)
