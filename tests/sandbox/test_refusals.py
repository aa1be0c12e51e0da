"""What AWS refuses: to create before what is needed, to delete before what depends on it, and ids nobody knows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from .world import IMAGE_NAME, PUBLIC_KEY, Net, World, filters, named, refused

NOBODY = "0123456789abcdef0"
ELB_ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:"
NO_BALANCER = f"{ELB_ARN}loadbalancer/net/none/{NOBODY[:16]}"
Call = Callable[[], object]


def endpoint(world: World, settings: Callable[[Net, Net], dict[str, Any]]) -> Call:
    """CreateVpcEndpoint with settings that are made of the provider's network and the customer's."""
    provider, _, service = world.provider()
    customer = world.network("10.0")
    return partial(world.endpoint, customer, service["ServiceName"], **settings(provider, customer))


def foreign_group(world: World) -> Call:
    net, other = world.network(), world.network("10.0")
    return partial(
        world.run, net, NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": net.subnet, "Groups": [other.group]}]
    )


def balancer_named(name: str, world: World) -> Call:
    return partial(world.balancer, world.network(), name)


def balancer_in_two_vpcs(world: World) -> Call:
    net, other = world.network(), world.network("10.0")
    return partial(world.balancer, net, Subnets=[net.subnet, other.subnet])


def groups_of_a_balancer_without_any(world: World) -> Call:
    net = world.network()
    arn = world.balancer(net)["LoadBalancerArn"]
    return partial(world.elb.set_security_groups, LoadBalancerArn=arn, SecurityGroups=[net.group])


def second_balancer_of_a_target_group(world: World) -> Call:
    net = world.network()
    targets = world.targets(net)
    world.listener(world.balancer(net)["LoadBalancerArn"], targets)
    return partial(world.listener, world.balancer(net, "another")["LoadBalancerArn"], targets)


def target(world: World, id: str) -> Call:
    return partial(world.elb.register_targets, TargetGroupArn=world.targets(world.network()), Targets=[{"Id": id}])


def reserved_tag(world: World) -> Call:
    tags = [{"ResourceType": "vpc-endpoint-service", "Tags": [{"Key": "aws:mine", "Value": "x"}]}]
    return partial(world.service, world.balancer(world.network())["LoadBalancerArn"], TagSpecifications=tags)


def known_and_unknown_balancer(world: World) -> Call:
    return partial(
        world.elb.describe_load_balancers, Names=[world.balancer(world.network())["LoadBalancerName"], "another"]
    )


# What is refused: AWS's code, words of its message, and the call, made after all that it needs.
REFUSALS: dict[str, tuple[str, str, Callable[[World], Call]]] = {
    "unknown action": ("InvalidAction", "", lambda w: w.ec2.create_verified_access_instance),
    "instance: unknown image": (
        "InvalidAMIID.NotFound", "", lambda w: partial(w.run, w.network(), ImageId=f"ami-{NOBODY}"),
    ),
    "instance: unknown type": (
        "InvalidParameterValue", "t9.micro", lambda w: partial(w.run, w.network(), InstanceType="t9.micro"),
    ),
    "instance: type of another architecture": (
        "InvalidParameterValue", "The architecture 'arm64'|'x86_64' of the specified AMI",
        lambda w: partial(w.run, w.network(), InstanceType="t4g.micro"),
    ),
    "instance: group of another VPC": ("InvalidParameter", "belong to different networks", foreign_group),
    **{
        f"balancer: name {name}": ("ValidationError", "", partial(balancer_named, name))
        for name in ("-front", "back-", "internal-lb", "a" * 33, "under_score")
    },
    "balancer: unknown subnet": (
        "SubnetNotFound", "", lambda w: partial(w.balancer, w.network(), Subnets=[f"subnet-{NOBODY}"]),
    ),
    "balancer: subnets of two VPCs": ("InvalidConfigurationRequest", "same VPC", balancer_in_two_vpcs),
    "balancer: groups when it was made without": ("InvalidConfigurationRequest", "", groups_of_a_balancer_without_any),
    "balancer: a known and an unknown name": ("LoadBalancerNotFound", "", known_and_unknown_balancer),
    "balancer: deleted while a service uses it": (
        "ResourceInUse", "currently associated with another service",
        lambda w: partial(w.elb.delete_load_balancer, LoadBalancerArn=w.provider()[1]),
    ),
    "target group: timeout of an HTTP check as long as the interval": (
        "ValidationError", "Health check interval must be greater than the timeout.",
        lambda w: partial(w.targets, w.network(), HealthCheckProtocol="HTTP", HealthCheckTimeoutSeconds=10),
    ),
    "target group: interval as short as the usual timeout of an HTTP check": (
        "ValidationError", "Health check interval must be greater than the timeout.",
        lambda w: partial(
            w.elb.create_target_group,
            Name="web", Protocol="HTTP", Port=80, VpcId=w.network().vpc, HealthCheckIntervalSeconds=5,
        ),
    ),
    "target group: timeout longer than the interval": (
        "ValidationError", "must be smaller than or equal to the interval '10'",
        lambda w: partial(w.targets, w.network(), HealthCheckTimeoutSeconds=11),
    ),
    "target group: timeout changed": (
        "ValidationError", "must be smaller than or equal to the interval '10'",
        lambda w: partial(
            w.elb.modify_target_group, TargetGroupArn=w.targets(w.network()), HealthCheckTimeoutSeconds=11
        ),
    ),
    "target group: on two balancers": ("TargetGroupAssociationLimit", "", second_balancer_of_a_target_group),
    "target: unknown instance": ("InvalidTarget", "", lambda w: target(w, f"i-{NOBODY}")),
    "target: instance of another VPC": ("InvalidTarget", "", lambda w: target(w, w.instance(w.network("10.0")))),
    "listener: unknown target group": (
        "TargetGroupNotFound", "",
        lambda w: partial(
            w.listener, w.balancer(w.network())["LoadBalancerArn"], f"{ELB_ARN}targetgroup/none/{NOBODY[:16]}"
        ),
    ),
    "service: no balancer": (
        "InvalidParameter", "exactly one of network_load_balancer_arn",
        lambda w: w.ec2.create_vpc_endpoint_service_configuration,
    ),
    "service: unknown balancer": (
        "InvalidNetworkLoadBalancerArn.NotFound", "", lambda w: partial(w.service, NO_BALANCER),
    ),
    "service: reserved tag key": ("InvalidTagKey.Malformed", "", reserved_tag),
    "endpoint: unknown service": (
        "InvalidServiceName", "",
        lambda w: partial(w.endpoint, w.network(), f"com.amazonaws.vpce.us-east-1.vpce-svc-{NOBODY}"),
    ),
    "endpoint: subnet of another VPC": (
        "InvalidParameter", "", lambda w: endpoint(w, lambda theirs, ours: {"SubnetIds": [theirs.subnet]}),
    ),
    "endpoint: subnet in a zone the service is not in": (
        "InvalidParameter", "does not support the availability zone of the subnet",
        lambda w: partial(w.endpoint, w.network("10.0", zone="us-east-1b"), w.provider()[2]["ServiceName"]),
    ),
    "endpoint: two subnets in one zone": (
        "DuplicateSubnetsInSameZone", "",
        lambda w: endpoint(
            w, lambda theirs, ours: {"SubnetIds": [ours.subnet, w.subnet(ours.vpc, "10.0.2.0/24")]}
        ),
    ),
    "endpoint: group of another VPC": (
        "InvalidParameter", "", lambda w: endpoint(w, lambda theirs, ours: {"SecurityGroupIds": [theirs.group]}),
    ),
    "endpoint: unknown group": (
        "InvalidGroup.NotFound", "", lambda w: endpoint(w, lambda *_: {"SecurityGroupIds": [f"sg-{NOBODY}"]}),
    ),
    "endpoint: private name that the service does not have": (
        "InvalidParameter", "does not provide a private DNS name",
        lambda w: endpoint(w, lambda *_: {"PrivateDnsEnabled": True}),
    ),
    "ssm: command to an instance without an agent": (
        "InvalidInstanceId", "",
        lambda w: partial(
            w.ssm.send_command, InstanceIds=[w.instance(w.network())], DocumentName="AWS-RunShellScript"
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", REFUSALS)
def test_refused_as_by_aws(world: World, title: str) -> None:
    code, words, prepare = REFUSALS[title]
    call = prepare(world)
    with refused(code, *words.split("|")):
        call()


def test_a_balancer_needs_a_gateway(world: World) -> None:
    vpc = world.vpc()
    subnet = world.subnet(vpc)
    request = {"Name": "lb", "Type": "network", "Subnets": [subnet]}
    with refused("InvalidSubnet", "has no internet gateway"):
        world.elb.create_load_balancer(**request)
    assert world.elb.create_load_balancer(**request, Scheme="internal")["LoadBalancers"][0]["Scheme"] == "internal"


def test_a_protected_balancer_stays(world: World) -> None:
    arn = world.balancer(world.network())["LoadBalancerArn"]
    attribute = {"Key": "deletion_protection.enabled", "Value": "true"}
    world.elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[attribute])
    with refused("OperationNotPermitted", "deletion protection"):
        world.elb.delete_load_balancer(LoadBalancerArn=arn)


def test_what_is_missing_is_deleted_already(world: World) -> None:
    world.elb.delete_load_balancer(LoadBalancerArn=NO_BALANCER)
    world.elb.delete_target_group(TargetGroupArn=f"{ELB_ARN}targetgroup/none/{NOBODY[:16]}")


def test_a_target_must_run(slow: World) -> None:
    net = slow.network()
    instance, targets = slow.instance(net), slow.targets(net)
    with refused("InvalidTarget", "not in a running state"):
        slow.elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": instance}])
    slow.sandbox.clock.skip(11)
    slow.elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": instance}])


def test_targets_in_use_stay(world: World) -> None:
    net = world.network()
    balancer, targets = world.balancer(net)["LoadBalancerArn"], world.targets(net)
    world.listener(balancer, targets)
    with refused("ResourceInUse", "is currently in use by a listener or a rule"):
        world.elb.delete_target_group(TargetGroupArn=targets)
    world.elb.delete_load_balancer(LoadBalancerArn=balancer)
    world.elb.delete_target_group(TargetGroupArn=targets)


def test_an_endpoint_needs_an_available_service(slow: World) -> None:
    balancer = slow.balancer(slow.network())["LoadBalancerArn"]
    slow.sandbox.clock.skip(121)
    name = slow.service(balancer)["ServiceName"]
    customer = slow.network("10.0")
    with refused("Unavailable", "The service is unavailable"):
        slow.endpoint(customer, name)
    slow.sandbox.clock.skip(16)
    slow.endpoint(customer, name)


def test_an_address_outside_the_subnet(world: World) -> None:
    _, _, service = world.provider()
    customer = world.network("10.0")
    spec = {"SubnetId": customer.subnet, "Ipv4": "10.9.9.9"}
    with refused("InvalidParameterValue"):
        world.endpoint(customer, service["ServiceName"], SubnetConfigurations=[spec])
    made = world.endpoint(customer, service["ServiceName"], SubnetConfigurations=[{**spec, "Ipv4": "10.0.1.87"}])
    (interface,) = world.interfaces(network_interface_id=made["NetworkInterfaceIds"][0])
    assert interface["PrivateIpAddress"] == "10.0.1.87"


@pytest.mark.parametrize("held", ["public address", "balancer"])
def test_a_gateway_outlives_public_addresses(slow: World, held: str) -> None:
    net = slow.network()
    arn = ""
    if held == "balancer":
        arn = slow.balancer(net)["LoadBalancerArn"]
    else:
        slow.instance(net)  # pending still, its address on the way
    with refused("DependencyViolation", "mapped public address(es)"):
        slow.ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
    if arn:
        slow.elb.delete_load_balancer(LoadBalancerArn=arn)
        with refused("DependencyViolation"):
            slow.ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
        slow.sandbox.clock.skip(21)
        slow.ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)


def test_gateways_in_the_wrong_order(world: World) -> None:
    net = world.network()
    with refused("DependencyViolation"):
        world.ec2.delete_internet_gateway(InternetGatewayId=net.gateway)
    with refused("Resource.AlreadyAssociated", f"resource {net.gateway} is already attached to network {net.vpc}"):
        world.ec2.attach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
    world.ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
    with refused("Gateway.NotAttached"):
        world.ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)


def test_a_route_to_nowhere_is_a_blackhole(world: World) -> None:
    net = world.network()
    world.ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
    routes = world.ec2.describe_route_tables(RouteTableIds=[net.table])["RouteTables"][0]["Routes"]
    assert {route["DestinationCidrBlock"]: route["State"] for route in routes}["0.0.0.0/0"] == "blackhole"
    assert not world.sandbox.cloud.view().subnets[net.subnet].routes[-1].active


def test_route_tables_in_use(world: World) -> None:
    net = world.network()
    with refused("DependencyViolation", f"The routeTable '{net.table}' has dependencies and cannot be deleted."):
        world.ec2.delete_route_table(RouteTableId=net.table)
    second = world.ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    with refused("Resource.AlreadyAssociated"):
        world.ec2.associate_route_table(RouteTableId=second, SubnetId=net.subnet)
    (main,) = world.ec2.describe_route_tables(
        Filters=[{"Name": "vpc-id", "Values": [net.vpc]}, {"Name": "association.main", "Values": ["true"]}]
    )["RouteTables"]
    with refused("DependencyViolation"):
        world.ec2.delete_route_table(RouteTableId=main["RouteTableId"])
    with refused("RouteAlreadyExists"):
        world.ec2.create_route(RouteTableId=net.table, DestinationCidrBlock="0.0.0.0/0", GatewayId=net.gateway)
    world.ec2.delete_subnet(SubnetId=net.subnet)
    world.ec2.delete_route_table(RouteTableId=net.table)


def test_groups_that_stay(world: World) -> None:
    net = world.network()
    (default,) = world.ec2.describe_security_groups(Filters=filters(vpc_id=net.vpc, group_name="default"))[
        "SecurityGroups"
    ]
    with refused("CannotDelete"):
        world.ec2.delete_security_group(GroupId=default["GroupId"])
    friend = world.group(net.vpc, "friend")
    pair = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": net.group}]}
    world.ec2.authorize_security_group_ingress(GroupId=friend, IpPermissions=[pair])
    with refused("DependencyViolation"):
        world.ec2.delete_security_group(GroupId=net.group)
    world.ec2.delete_security_group(GroupId=friend)
    world.ec2.delete_security_group(GroupId=net.group)
    with refused("InvalidGroup.NotFound"):
        world.ec2.delete_security_group(GroupId=net.group)


def test_a_protected_instance_stays(world: World) -> None:
    instance = world.instance(world.network())
    world.ec2.modify_instance_attribute(InstanceId=instance, DisableApiTermination={"Value": True})
    with refused("OperationNotPermitted", "disableApiTermination"):
        world.ec2.terminate_instances(InstanceIds=[instance])


def test_one_unknown_instance_fails_the_call(world: World) -> None:
    instance = world.instance(world.network())
    with refused("InvalidInstanceID.NotFound"):
        world.ec2.terminate_instances(InstanceIds=[instance, f"i-{NOBODY}"])
    assert world.described(instance)["State"]["Name"] == "running"


def test_interfaces_of_aws_are_aws_s(world: World) -> None:
    _, _, _, _, endpoint = world.joined()
    interface = endpoint["NetworkInterfaceIds"][0]
    with refused("InvalidParameterValue", "is currently in use"):
        world.ec2.delete_network_interface(NetworkInterfaceId=interface)
    attachment = world.interfaces(network_interface_id=interface)[0]["Attachment"]["AttachmentId"]
    with refused("OperationNotPermitted", "ela-attach"):
        world.ec2.detach_network_interface(AttachmentId=attachment)


def test_a_zone_without_the_type(world: World) -> None:
    offered = world.ec2.describe_instance_type_offerings(
        LocationType="availability-zone", Filters=filters(instance_type="t3.micro")
    )["InstanceTypeOfferings"]
    zones = {one["Location"] for one in offered}
    assert "us-east-1a" in zones
    assert "us-east-1e" not in zones
    with refused("Unsupported", "us-east-1e", "us-east-1a"):
        world.run(world.network(zone="us-east-1e"))


def test_a_key_stays_on_the_machine(world: World) -> None:
    world.ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=PUBLIC_KEY)
    instance = world.instance(world.network(), KeyName="mine")
    world.ec2.delete_key_pair(KeyName="mine")
    assert world.sandbox.cloud.view().instances[instance].public_keys == (PUBLIC_KEY.decode(),)


def test_dry_run(world: World) -> None:
    with refused("DryRunOperation"):
        world.ec2.create_vpc(CidrBlock="20.0.0.0/16", DryRun=True)
    assert [vpc["IsDefault"] for vpc in world.ec2.describe_vpcs()["Vpcs"]] == [True]


TAG = {"Tags": [{"Key": "a", "Value": "b"}]}
SERVICE = {"ServiceId": f"vpce-svc-{NOBODY}"}
UNKNOWN_IDS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("InvalidVpcID.NotFound", "delete_vpc", {"VpcId": f"vpc-{NOBODY}"}),
    ("InvalidVpcID.NotFound", "create_subnet", {"VpcId": f"vpc-{NOBODY}", "CidrBlock": "20.0.1.0/24"}),
    ("InvalidVpcID.NotFound", "create_route_table", {"VpcId": f"vpc-{NOBODY}"}),
    (
        "InvalidVpcID.NotFound",
        "create_security_group",
        {"VpcId": f"vpc-{NOBODY}", "GroupName": "g", "Description": "-"},
    ),
    ("InvalidSubnetID.NotFound", "delete_subnet", {"SubnetId": f"subnet-{NOBODY}"}),
    ("InvalidRouteTableID.NotFound", "delete_route_table", {"RouteTableId": f"rtb-{NOBODY}"}),
    ("InvalidInternetGatewayID.NotFound", "delete_internet_gateway", {"InternetGatewayId": f"igw-{NOBODY}"}),
    ("InvalidAssociationID.NotFound", "disassociate_route_table", {"AssociationId": f"rtbassoc-{NOBODY}"}),
    ("InvalidNetworkInterfaceID.NotFound", "delete_network_interface", {"NetworkInterfaceId": f"eni-{NOBODY}"}),
    ("InvalidKeyPair.NotFound", "describe_key_pairs", {"KeyNames": ["nobody"]}),
    ("InvalidVpcEndpointId.NotFound", "describe_vpc_endpoints", {"VpcEndpointIds": [f"vpce-{NOBODY}"]}),
    ("InvalidVpcEndpointId.NotFound", "modify_vpc_endpoint", {"VpcEndpointId": f"vpce-{NOBODY}"}),
    *(
        ("InvalidVpcEndpointServiceId.NotFound", operation, params)
        for operation, params in (
            ("describe_vpc_endpoint_service_configurations", {"ServiceIds": [SERVICE["ServiceId"]]}),
            ("accept_vpc_endpoint_connections", {**SERVICE, "VpcEndpointIds": [f"vpce-{NOBODY}"]}),
            ("describe_vpc_endpoint_service_permissions", SERVICE),
        )
    ),
    ("InvalidServiceName", "describe_vpc_endpoint_services", {"ServiceNames": ["com.amazonaws.vpce.nowhere"]}),
    ("InvalidVpcEndpointId.NotFound", "create_tags", {"Resources": [f"vpce-{NOBODY}"], **TAG}),
    ("InvalidInstanceID.NotFound", "create_tags", {"Resources": [f"i-{NOBODY}"], **TAG}),
    ("InvalidNetworkInterfaceID.NotFound", "create_tags", {"Resources": [f"eni-{NOBODY}"], **TAG}),
    ("InvalidKeyPair.NotFound", "create_tags", {"Resources": [f"key-{NOBODY}"], **TAG}),
    ("InvalidFilter", "describe_vpc_endpoint_connections", {"Filters": filters(vpc_endpoint_id="vpce-1")}),
)


@pytest.mark.parametrize(("code", "operation", "params"), UNKNOWN_IDS)
def test_unknown_ids(world: World, code: str, operation: str, params: dict[str, object]) -> None:
    with refused(code):
        getattr(world.ec2, operation)(**params)


def test_unknown_parts_of_what_is_there(world: World) -> None:
    net = world.network()
    instance = world.instance(net)
    for operation, params in {
        "create_network_interface": {"SubnetId": net.subnet, "Groups": [f"sg-{NOBODY}"]},
        "modify_instance_attribute": {"InstanceId": instance, "Groups": [f"sg-{NOBODY}"]},
    }.items():
        with refused("InvalidGroup.NotFound", NOBODY):
            getattr(world.ec2, operation)(**params)
    with refused("InvalidRouteTableId.NotFound", NOBODY):
        world.ec2.create_vpc_endpoint(
            VpcId=net.vpc, ServiceName="com.amazonaws.us-east-1.s3", RouteTableIds=[f"rtb-{NOBODY}"]
        )


def test_one_unknown_arn_fails_the_tags_of_all(world: World) -> None:
    net = world.network()
    targets, balancer = world.targets(net), world.balancer(net)["LoadBalancerArn"]
    listener = world.listener(balancer, targets)["ListenerArn"]
    told = world.elb.describe_tags(ResourceArns=[targets, balancer, listener])["TagDescriptions"]
    assert [one["ResourceArn"] for one in told] == [targets, balancer, listener]
    with refused("TargetGroupNotFound"):
        world.elb.describe_tags(ResourceArns=[balancer, targets[:-4] + "0000"])


def test_unknown_service_to_delete(world: World) -> None:
    answer = world.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[f"vpce-svc-{NOBODY}"])
    assert [one["Error"]["Code"] for one in answer["Unsuccessful"]] == ["InvalidVpcEndpointService.NotFound"]


def test_tags_through_the_tag_calls(world: World) -> None:
    *_, service, endpoint = world.joined()
    ids = [service["ServiceId"], endpoint["VpcEndpointId"]]
    world.ec2.create_tags(Resources=ids, Tags=[{"Key": "Name", "Value": "Mine"}])
    told = world.ec2.describe_tags(Filters=filters(value="Mine"))["Tags"]
    assert {(one["ResourceId"], one["ResourceType"]) for one in told} == {
        (ids[0], "vpc-endpoint-service"),
        (ids[1], "vpc-endpoint"),
    }
    assert world.endpoints()[0]["Tags"] == [{"Key": "Name", "Value": "Mine"}]
    world.ec2.delete_tags(Resources=ids, Tags=[{"Key": "Name"}])
    assert world.endpoints()[0]["Tags"] == []


def test_pages(world: World) -> None:
    _, _, service = world.provider()
    customer = world.network("10.0")
    made = [world.endpoint(customer, service["ServiceName"], SubnetIds=None)["VpcEndpointId"] for _ in range(7)]
    pages = world.ec2.get_paginator("describe_vpc_endpoints").paginate(PaginationConfig={"PageSize": 5})
    sizes = [[one["VpcEndpointId"] for one in page["VpcEndpoints"]] for page in pages]
    assert [len(ids) for ids in sizes] == [5, 2]
    assert sizes[0] + sizes[1] == made


def test_an_encrypted_volume_is_encrypted(world: World) -> None:
    disk = {"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "VolumeSize": 9, "DeleteOnTermination": True}}
    tags = named("volume", "Disk")
    instance = world.instance(world.network(), BlockDeviceMappings=[disk], TagSpecifications=tags)
    (volume,) = world.ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [instance]}])[
        "Volumes"
    ]
    assert volume["Encrypted"] is True
    assert volume["Tags"] == [{"Key": "Name", "Value": "Disk"}]


def test_metadata_options_are_kept(world: World) -> None:
    made = world.described(world.instance(world.network(), MetadataOptions={"HttpTokens": "required"}))
    assert made["MetadataOptions"]["HttpTokens"] == "required"


def test_an_image_by_its_parameter(world: World) -> None:
    made = world.run(world.network(), ImageId=f"resolve:ssm:{IMAGE_NAME}")
    assert made["ImageId"] == world.image()
    arm = world.ssm.get_parameter(Name=IMAGE_NAME.replace("x86_64", "arm64"))["Parameter"]["Value"]
    assert world.ec2.describe_images(ImageIds=[arm])["Images"][0]["Architecture"] == "arm64"
