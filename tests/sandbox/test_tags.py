"""Tags on every kind of resource: set, listed by both services, taken off again."""

from __future__ import annotations

from typing import Any

import pytest

from .world import PUBLIC_KEY, World, filters, refused

FRONT = "arn:aws:ec2:us-east-1:123456789012:"
TAGS = [{"Key": "Name", "Value": "x"}, {"Key": "empty", "Value": ""}]


def everything(world: World) -> dict[str, str]:
    """One of each kind, by AWS's name of the resource type: an id, or an ARN of load balancing."""
    net, customer, balancer, service, endpoint = world.joined()
    world.ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=PUBLIC_KEY)
    instance = world.instance(net, KeyName="mine")
    told = world.described(instance)
    volume = told["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    address = world.ec2.allocate_address(Domain="vpc")["AllocationId"]
    targets = world.targets(net)
    gateways = world.ec2.create_egress_only_internet_gateway(VpcId=net.vpc)["EgressOnlyInternetGateway"]
    peering = world.ec2.create_vpc_peering_connection(VpcId=net.vpc, PeerVpcId=customer.vpc)["VpcPeeringConnection"]
    return {
        "instance": instance,
        "volume": volume,
        "network-interface": told["NetworkInterfaces"][0]["NetworkInterfaceId"],
        "vpc": net.vpc,
        "subnet": net.subnet,
        "route-table": net.table,
        "internet-gateway": net.gateway,
        "egress-only-internet-gateway": gateways["EgressOnlyInternetGatewayId"],
        "security-group": net.group,
        "key-pair": world.ec2.describe_key_pairs()["KeyPairs"][0]["KeyPairId"],
        "vpc-endpoint": endpoint["VpcEndpointId"],
        "vpc-endpoint-service": service["ServiceId"],
        "snapshot": world.ec2.create_snapshot(VolumeId=volume)["SnapshotId"],
        "image": world.ec2.create_image(InstanceId=instance, Name="mine")["ImageId"],
        "elastic-ip": address,
        "natgateway": world.ec2.create_nat_gateway(SubnetId=net.subnet, AllocationId=address)["NatGateway"][
            "NatGatewayId"
        ],
        "network-acl": world.ec2.create_network_acl(VpcId=net.vpc)["NetworkAcl"]["NetworkAclId"],
        "vpc-peering-connection": peering["VpcPeeringConnectionId"],
        "loadbalancer": balancer,
        "targetgroup": targets,
        "listener": world.listener(balancer, targets)["ListenerArn"],
    }


def tag(world: World, made: dict[str, str]) -> None:
    arns = [id for id in made.values() if id.startswith("arn:")]
    world.ec2.create_tags(Resources=[id for id in made.values() if id not in arns], Tags=TAGS)
    if arns:
        world.elb.add_tags(ResourceArns=arns, Tags=TAGS)


def listed(world: World, **more: Any) -> list[str]:
    tagging = world.client("resourcegroupstaggingapi")
    pages = tagging.get_paginator("get_resources").paginate(**more)
    return [one["ResourceARN"] for page in pages for one in page["ResourceTagMappingList"]]


def test_everything_with_a_tag_is_listed(world: World) -> None:
    made = everything(world)
    tag(world, made)
    told = {(one["ResourceType"], one["ResourceId"], one["Key"]) for one in world.ec2.describe_tags()["Tags"]}
    in_ec2 = {kind: id for kind, id in made.items() if not id.startswith("arn:")}
    assert told == {(kind, id, key) for kind, id in in_ec2.items() for key in ("Name", "empty")}
    for kind, id in in_ec2.items():
        (found,) = world.ec2.describe_tags(Filters=filters(resource_type=kind, key="Name"))["Tags"]
        assert found["ResourceId"] == id
    arns = {f"{FRONT}{kind}/{id}" for kind, id in in_ec2.items()} | set(made.values()) - set(in_ec2.values())
    for page in (1, 2, 7, 100):
        found = listed(world, TagFilters=[{"Key": "Name", "Values": ["x", "y"]}], ResourcesPerPage=page)
        assert sorted(found) == sorted(arns)
    for arn in arns:
        service, kind = arn.split(":")[2], arn.split(":", 5)[5].partition("/")[0]
        assert listed(world, ResourceTypeFilters=[f"{service}:{kind}"]) == [arn]
        assert listed(world, ResourceARNList=[arn]) == [arn]
    assert listed(world, TagFilters=[{"Key": "Name", "Values": ["y"]}]) == []
    assert listed(world, TagFilters=[{"Key": "Name"}, {"Key": "other"}]) == []


def test_get_resources_is_told_nonsense(world: World) -> None:
    tagging = world.client("resourcegroupstaggingapi")
    with refused("InvalidParameterException"):
        tagging.get_resources(ResourcesPerPage=101)
    with refused("InvalidParameterException"):
        tagging.get_resources(ResourceARNList=[f"{FRONT}vpc/vpc-1"], TagFilters=[{"Key": "Name"}])
    with refused("PaginationTokenExpiredException"):
        tagging.get_resources(PaginationToken="nonsense")


def test_tags_go_with_their_resource(world: World) -> None:
    made = everything(world)
    tag(world, {kind: id for kind, id in made.items() if kind in ("key-pair", "snapshot", "network-acl", "image")})
    world.ec2.delete_key_pair(KeyName="mine")
    world.ec2.deregister_image(ImageId=made["image"])
    world.ec2.delete_snapshot(SnapshotId=made["snapshot"])
    world.ec2.delete_network_acl(NetworkAclId=made["network-acl"])
    assert world.ec2.describe_tags()["Tags"] == []
    assert listed(world) == []


# What DeleteTags is given, and what is left of the tags above.
DELETIONS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing: all": ({}, []),
    "a key: whatever its value": ({"Tags": [{"Key": "Name"}]}, ["empty"]),
    "another value": ({"Tags": [{"Key": "Name", "Value": "y"}]}, ["Name", "empty"]),
    "the value": ({"Tags": [{"Key": "Name", "Value": "x"}]}, ["empty"]),
    "no value where there is one": ({"Tags": [{"Key": "Name", "Value": ""}]}, ["Name", "empty"]),
    "no value where there is none": ({"Tags": [{"Key": "empty", "Value": ""}]}, ["Name"]),
    "an unknown key": ({"Tags": [{"Key": "other"}]}, ["Name", "empty"]),
}


def test_delete_tags(world: World) -> None:
    made = {kind: id for kind, id in everything(world).items() if not id.startswith("arn:")}
    for title, (wanted, left) in DELETIONS.items():
        tag(world, made)
        world.ec2.delete_tags(Resources=list(made.values()), **wanted)
        found: dict[str, list[str]] = {id: [] for id in made.values()}
        for one in world.ec2.describe_tags()["Tags"]:
            found[one["ResourceId"]].append(one["Key"])
        assert {id: sorted(keys) for id, keys in found.items()} == dict.fromkeys(made.values(), left), title


@pytest.mark.parametrize("operation", ["create_tags", "delete_tags"])
def test_keys_of_aws(world: World, operation: str) -> None:
    with refused("InvalidTagKey.Malformed"):
        getattr(world.ec2, operation)(Resources=[world.vpc()], Tags=[{"Key": "aws:mine", "Value": "x"}])
