"""What an instance leaves behind when it is terminated, what it says of its state, and what protects it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from vpce_demo.sandbox.store.moto import ec2_stores

from .world import PUBLIC_KEY, Net, World, filters, named, refused

ELSEWHERE = "eni-attach-0123456789abcdef0"


def keep_interface(world: World, instance: str) -> str:
    (nic,) = world.described(instance)["NetworkInterfaces"]
    world.ec2.modify_network_interface_attribute(
        NetworkInterfaceId=nic["NetworkInterfaceId"],
        Attachment={"AttachmentId": nic["Attachment"]["AttachmentId"], "DeleteOnTermination": False},
    )
    return str(nic["NetworkInterfaceId"])


def keep_volume(world: World, instance: str) -> str:
    (mapping,) = world.described(instance)["BlockDeviceMappings"]
    wanted = {"DeviceName": mapping["DeviceName"], "Ebs": {"DeleteOnTermination": False}}
    world.ec2.modify_instance_attribute(InstanceId=instance, BlockDeviceMappings=[wanted])
    return str(mapping["Ebs"]["VolumeId"])


def tagged(world: World) -> tuple[Net, str]:
    net = world.network()
    tags = [*named("instance", "one"), *named("volume", "disk"), *named("network-interface", "card")]
    return net, world.instance(net, TagSpecifications=tags)


def tags_of(world: World, id: str) -> list[tuple[str, str]]:
    return [(one["Key"], one["Value"]) for one in world.ec2.describe_tags(Filters=filters(resource_id=id))["Tags"]]


def test_an_interface_outlives_its_instance(world: World) -> None:
    net, instance = tagged(world)
    id = keep_interface(world, instance)
    (held,) = world.interfaces(network_interface_id=id)
    assert held["Attachment"]["DeleteOnTermination"] is False
    assert world.described(instance)["NetworkInterfaces"][0]["Attachment"]["DeleteOnTermination"] is False
    with refused("InvalidParameterValue", "is currently in use"):
        world.ec2.delete_network_interface(NetworkInterfaceId=id)
    world.ec2.terminate_instances(InstanceIds=[instance])
    (left,) = world.interfaces(vpc_id=net.vpc)
    assert (left["NetworkInterfaceId"], left["Status"]) == (id, "available")
    assert "Attachment" not in left
    assert left["PrivateIpAddress"] == held["PrivateIpAddress"]
    assert left["TagSet"] == [{"Key": "Name", "Value": "card"}]
    assert tags_of(world, id) == [("Name", "card")]
    with refused("DependencyViolation"):
        world.ec2.delete_subnet(SubnetId=net.subnet)
    world.ec2.delete_network_interface(NetworkInterfaceId=id)
    assert tags_of(world, id) == []
    world.ec2.delete_subnet(SubnetId=net.subnet)


def test_the_address_of_an_interface_that_stays_is_not_given_away(slow: World) -> None:
    net, instance = tagged(slow)
    slow.sandbox.clock.skip(11)
    id = keep_interface(slow, instance)
    slow.ec2.terminate_instances(InstanceIds=[instance])
    slow.sandbox.clock.skip(31)
    slow.sandbox.clock.skip(3601)
    slow.instance(net)
    found = {one["NetworkInterfaceId"]: one["PrivateIpAddress"] for one in slow.interfaces(vpc_id=net.vpc)}
    assert id in found
    assert len(set(found.values())) == 2


def test_a_volume_outlives_its_instance(world: World) -> None:
    _, instance = tagged(world)
    (before,) = world.ec2.describe_volumes()["Volumes"]
    assert before["Attachments"][0]["DeleteOnTermination"] is True
    id = keep_volume(world, instance)
    (held,) = world.ec2.describe_volumes(VolumeIds=[id])["Volumes"]
    assert (held["State"], held["Attachments"][0]["DeleteOnTermination"]) == ("in-use", False)
    with refused("VolumeInUse"):
        world.ec2.delete_volume(VolumeId=id)
    world.ec2.terminate_instances(InstanceIds=[instance])
    (left,) = world.ec2.describe_volumes()["Volumes"]
    assert (left["VolumeId"], left["State"], left["Attachments"]) == (id, "available", [])
    assert left["Tags"] == [{"Key": "Name", "Value": "disk"}]
    assert tags_of(world, id) == [("Name", "disk")]
    world.ec2.delete_volume(VolumeId=id)
    assert tags_of(world, id) == []
    with refused("InvalidVolume.NotFound"):
        world.ec2.describe_volumes(VolumeIds=[id])


def test_without_being_asked_both_go_with_the_instance(world: World) -> None:
    net, instance = tagged(world)
    world.ec2.terminate_instances(InstanceIds=[instance])
    assert world.ec2.describe_volumes()["Volumes"] == []
    assert world.interfaces(vpc_id=net.vpc) == []
    assert [one["ResourceId"] for one in world.ec2.describe_tags()["Tags"]] == [instance]


def test_another_attachment_or_device(world: World) -> None:
    _, customer, *_, endpoint = world.joined()
    instance = world.instance(customer)
    (nic,) = world.described(instance)["NetworkInterfaces"]
    (theirs,) = world.interfaces(network_interface_id=endpoint["NetworkInterfaceIds"][0])

    def modify(interface: str, attachment: str) -> Any:
        wanted = {"AttachmentId": attachment, "DeleteOnTermination": False}
        return world.ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Attachment=wanted)

    with refused("InvalidAttachmentID.NotFound", ELSEWHERE):
        modify(nic["NetworkInterfaceId"], ELSEWHERE)
    with refused("OperationNotPermitted", "ela-attach"):
        modify(theirs["NetworkInterfaceId"], theirs["Attachment"]["AttachmentId"])
    nowhere = {"DeviceName": "/dev/sdz", "Ebs": {"DeleteOnTermination": False}}
    with refused("InvalidInstanceAttributeValue", "No device is currently mapped at /dev/sdz"):
        world.ec2.modify_instance_attribute(InstanceId=instance, BlockDeviceMappings=[nowhere])


# --- states and their reasons -------------------------------------------------------------------------------------

USER = {
    "Code": "Client.UserInitiatedShutdown",
    "Message": "Client.UserInitiatedShutdown: User initiated shutdown",
}


def state(world: World, instance: str) -> tuple[str, object, str]:
    told = world.described(instance)
    return told["State"]["Name"], told.get("StateReason"), told["StateTransitionReason"]


def test_the_reason_of_a_state(slow: World) -> None:
    net = slow.network()
    made = slow.run(net)
    instance = made["InstanceId"]
    pending = {"Code": "pending", "Message": "pending"}
    assert made["StateReason"] == pending
    assert state(slow, instance) == ("pending", pending, "")
    slow.sandbox.clock.skip(11)
    assert state(slow, instance) == ("running", None, "")
    slow.ec2.stop_instances(InstanceIds=[instance])
    name, reason, text = state(slow, instance)
    assert (name, reason) == ("stopping", USER)
    assert re.fullmatch(r"User initiated \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d GMT\)", text)
    slow.sandbox.clock.skip(31)
    assert state(slow, instance) == ("stopped", USER, text)
    slow.ec2.start_instances(InstanceIds=[instance])
    assert state(slow, instance) == ("pending", pending, "")
    slow.sandbox.clock.skip(11)
    assert state(slow, instance) == ("running", None, "")
    slow.ec2.terminate_instances(InstanceIds=[instance])
    name, reason, text = state(slow, instance)
    assert (name, reason, text[:16]) == ("shutting-down", USER, "User initiated (")
    slow.sandbox.clock.skip(31)
    assert state(slow, instance) == ("terminated", USER, text)
    other = slow.instance(net)
    slow.sandbox.clock.skip(11)
    every = [one for each in slow.ec2.describe_instances()["Reservations"] for one in each["Instances"]]
    assert {one["InstanceId"]: one.get("StateReason") for one in every} == {instance: USER, other: None}


def test_what_is_told_is_there_and_stays_the_same(world: World) -> None:
    net, _, _, _, endpoint = world.joined()
    instance = world.instance(net, ClientToken="mine")
    world.ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=PUBLIC_KEY)
    world.ec2.create_key_pair(KeyName="made")

    def told() -> dict[str, Any]:
        one = world.described(instance)
        pairs = world.ec2.describe_key_pairs()["KeyPairs"]
        (block,) = world.ec2.describe_vpcs(VpcIds=[net.vpc])["Vpcs"][0]["CidrBlockAssociationSet"]
        ids = [endpoint["VpcEndpointId"]]
        return {
            "token": one["ClientToken"],
            "launched": one["LaunchTime"],
            "association": (block["AssociationId"], block["CidrBlock"], block["CidrBlockState"]["State"]),
            "keys": [(pair["KeyFingerprint"], pair["CreateTime"], pair["KeyType"]) for pair in pairs],
            "endpoint": world.ec2.describe_vpc_endpoints(VpcEndpointIds=ids)["VpcEndpoints"][0]["CreationTimestamp"],
            "balancer": world.elb.describe_load_balancers()["LoadBalancers"][0]["CreatedTime"],
        }

    before = told()
    assert before["token"] == "mine"
    assert before["association"][0].startswith("vpc-cidr-assoc-")
    assert before["association"][1:] == ("20.0.0.0/16", "associated")
    assert sorted(kind for *_, kind in before["keys"]) == ["ed25519", "rsa"]
    assert told() == before


def test_a_started_instance_is_launched_anew(world: World) -> None:
    instance = world.instance(world.network())
    world.ec2.stop_instances(InstanceIds=[instance])
    held = next(one for store in ec2_stores() for each in store.reservations.values() for one in each.instances)
    held.launch_time = before = datetime(2020, 1, 1, tzinfo=UTC)
    world.ec2.start_instances(InstanceIds=[instance])
    assert world.described(instance)["LaunchTime"] > before


# --- protection ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["RunInstances", "ModifyInstanceAttribute"])
@pytest.mark.parametrize(
    ("attribute", "verb", "done"), [("Termination", "terminate", "terminated"), ("Stop", "stop", "stopped")]
)
def test_a_protected_instance(world: World, by: str, attribute: str, verb: str, done: str) -> None:
    net, name = world.network(), f"DisableApi{attribute}"
    instance = world.instance(net, **({name: True} if by == "RunInstances" else {}))
    other = world.instance(net)
    if by == "ModifyInstanceAttribute":
        world.ec2.modify_instance_attribute(InstanceId=instance, **{name: {"Value": True}})
    called = getattr(world.ec2, f"{verb}_instances")
    text = (
        f"The instance '{instance}' may not be {done}. Modify its 'disableApi{attribute}' instance attribute and "
        "try again."
    )
    with refused("OperationNotPermitted", text):
        called(InstanceIds=[other, instance])
    assert {world.described(one)["State"]["Name"] for one in (instance, other)} == {"running"}
    told = world.ec2.describe_instance_attribute(InstanceId=instance, Attribute=f"disableApi{attribute}")
    assert told[name] == {"Value": True}
    world.ec2.modify_instance_attribute(InstanceId=instance, **{name: {"Value": False}})
    called(InstanceIds=[instance])
    assert world.described(instance)["State"]["Name"] == done


def test_a_protected_load_balancer(world: World) -> None:
    arn = world.balancer(world.network())["LoadBalancerArn"]

    def protect(value: str) -> None:
        attribute = {"Key": "deletion_protection.enabled", "Value": value}
        world.elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[attribute])

    protect("true")
    with refused(
        "OperationNotPermitted", f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
    ):
        world.elb.delete_load_balancer(LoadBalancerArn=arn)
    protect("false")
    world.elb.delete_load_balancer(LoadBalancerArn=arn)
    assert world.elb.describe_load_balancers()["LoadBalancers"] == []
