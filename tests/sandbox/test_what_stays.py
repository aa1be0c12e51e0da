"""What an instance leaves behind when it is terminated, what it says of its state, and what protects it."""

from __future__ import annotations

from typing import Any

from .world import Net, World, filters, named, refused

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
