"""Where stock moto answers otherwise than AWS: one test a difference, each asserting AWS's answer.

Instances, load balancing and PrivateLink have files of their own beside this, and what AWS refuses stands in
``test_refusals.py``.  Time passes as on AWS in tests that take ``slow``.
"""

from __future__ import annotations

import pytest

from .world import World, filters, named, refused

# --- VPCs, gateways, routes -----------------------------------------------------------------------------------------


def test_create_vpc_state(slow: World) -> None:
    vpc = slow.ec2.create_vpc(CidrBlock="20.0.0.0/16")["Vpc"]
    assert vpc["State"] == "pending"
    assert slow.ec2.describe_vpcs(VpcIds=[vpc["VpcId"]])["Vpcs"][0]["State"] == "pending"
    slow.sandbox.clock.skip(2)
    assert slow.ec2.describe_vpcs(VpcIds=[vpc["VpcId"]])["Vpcs"][0]["State"] == "available"


def test_create_route_to_an_unattached_gateway(world: World) -> None:
    vpc, gateway = world.vpc(), world.gateway()
    table = world.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    route = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    with refused("InvalidParameterValue", "belong to different networks"):
        world.ec2.create_route(**route, GatewayId=gateway)
    with refused("InvalidGatewayID.NotFound"):
        world.ec2.create_route(**route, GatewayId="igw-0123456789abcdef0")


def test_attach_a_second_gateway_to_the_vpc(world: World) -> None:
    vpc = world.vpc()
    world.gateway(vpc)
    with refused("InvalidParameterValue", f"Network {vpc} already has an internet gateway attached"):
        world.ec2.attach_internet_gateway(InternetGatewayId=world.gateway(), VpcId=vpc)


def test_create_vpc_over_the_limit_of_5(world: World) -> None:
    for number in range(1, 5):
        world.vpc(f"20.{number}.0.0/16")
    with refused("VpcLimitExceeded"):
        world.vpc("20.9.0.0/16")


def test_quotas_can_be_raised_and_are_told_then(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Internet gateways follow the VPCs.  Service Quotas has no value for what applies by default."""
    which = {"ServiceCode": "vpc", "QuotaCode": "L-F678F1CE"}
    quotas = world.client("service-quotas")
    with refused("NoSuchResourceException"):
        quotas.get_service_quota(**which)
    monkeypatch.setitem(world.sandbox.cloud.quotas, "vpcs", 6)
    assert quotas.get_service_quota(**which)["Quota"]["Value"] == 6
    for number in range(1, 6):
        world.gateway(world.vpc(f"20.{number}.0.0/16"))
    with refused("InternetGatewayLimitExceeded"):
        world.gateway()


def test_a_vpc_has_so_many_interface_endpoints(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(world.sandbox.cloud.quotas, "endpoints", 2)
    net, service = world.network(), "com.amazonaws.us-east-1.ssm"
    first, _ = (world.endpoint(net, service)["VpcEndpointId"] for _ in range(2))
    with refused("VpcEndpointLimitExceeded"):
        world.endpoint(net, service)
    world.endpoint(world.network("21.0"), service)
    world.ec2.delete_vpc_endpoints(VpcEndpointIds=[first])
    world.endpoint(net, service)


def test_delete_vpc_with_only_gateway_and_group_left(world: World) -> None:
    vpc = world.vpc()
    gateway = world.gateway(vpc)
    with refused("DependencyViolation", f"The vpc '{vpc}' has dependencies and cannot be deleted."):
        world.ec2.delete_vpc(VpcId=vpc)
    world.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    group = world.group(vpc)
    with refused("DependencyViolation"):
        world.ec2.delete_vpc(VpcId=vpc)
    world.ec2.delete_security_group(GroupId=group)
    world.ec2.delete_vpc(VpcId=vpc)


def test_gateway_after_its_vpc_is_deleted(world: World) -> None:
    vpc = world.vpc()
    gateway = world.gateway(vpc)
    world.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    world.ec2.delete_vpc(VpcId=vpc)
    assert (
        world.ec2.describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"][0]["Attachments"] == []
    )


# --- subnets --------------------------------------------------------------------------------------------------------


def test_create_subnet_by_the_zone_s_id(world: World) -> None:
    vpc = world.network().vpc
    made = world.ec2.create_subnet(VpcId=vpc, CidrBlock="20.0.9.0/24", AvailabilityZoneId="use1-az6")["Subnet"]
    (seen,) = world.ec2.describe_subnets(SubnetIds=[made["SubnetId"]])["Subnets"]
    for one in (made, seen):
        assert not one["DefaultForAz"]
        assert not one["MapPublicIpOnLaunch"]


def test_create_subnet_is_available_at_once(slow: World) -> None:
    made = slow.ec2.create_subnet(VpcId=slow.vpc(), CidrBlock="20.0.1.0/24")["Subnet"]
    assert made["State"] == "available"
    assert slow.ec2.describe_subnets(SubnetIds=[made["SubnetId"]])["Subnets"][0]["State"] == "available"


def test_public_address_of_an_interface(world: World) -> None:
    net = world.network()
    made = world.run(net)
    assert made["PublicDnsName"] == ""
    assert "Association" not in made["NetworkInterfaces"][0]
    for has_names in (False, True):
        world.ec2.modify_vpc_attribute(VpcId=net.vpc, EnableDnsHostnames={"Value": has_names})
        told = world.described(made["InstanceId"])
        address = told["PublicIpAddress"]
        name = f"ec2-{address.replace('.', '-')}.compute-1.amazonaws.com" if has_names else ""
        association = {"IpOwnerId": "amazon", "PublicDnsName": name, "PublicIp": address}
        assert told["PublicDnsName"] == name
        for nic in (told["NetworkInterfaces"][0], *world.interfaces(**{"attachment.instance-id": made["InstanceId"]})):
            assert nic["Association"] == association
            assert nic["PrivateIpAddresses"][0]["Association"] == association
    private = world.run(net, NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": net.subnet}])
    told = world.described(private["InstanceId"])
    assert (told["PublicDnsName"], "Association" in told["NetworkInterfaces"][0]) == ("", False)


# --- security groups ------------------------------------------------------------------------------------------------


def test_create_security_group_tags(world: World) -> None:
    spec = named("security-group", "Webserver_sg")
    made = world.ec2.create_security_group(GroupName="g", Description="-", VpcId=world.vpc(), TagSpecifications=spec)
    assert made["Tags"] == [{"Key": "Name", "Value": "Webserver_sg"}]


def test_authorize_security_group_ingress_rules_listed_in_the_answer(world: World) -> None:
    group = world.group(world.vpc())
    rules = world.open(group, 22, 80, 443)["SecurityGroupRules"]
    assert [rule["FromPort"] for rule in rules] == [22, 80, 443]
    assert {rule["GroupId"] for rule in rules} == {group}
    assert len({rule["SecurityGroupRuleId"] for rule in rules}) == 3


def test_authorize_one_new_one_duplicate(world: World) -> None:
    group = world.group(world.vpc())
    world.open(group, 22)
    with refused("InvalidPermission.Duplicate", "from port: 22, to port: 22"):
        world.open(group, 80, 22)
    held = world.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    assert [one["FromPort"] for one in held] == [22]


# --- filters --------------------------------------------------------------------------------------------------------


def test_backslash_in_a_filter(world: World) -> None:
    """Ours and moto's own filters."""
    *_, endpoint = world.joined()
    id, gateway = endpoint["VpcEndpointId"], world.gateway()
    for value, pattern, found in (
        ("a*b", "a\\*b", True),
        ("axb", "a\\*b", False),
        ("axb", "a*b", True),
        ("a?b", "a\\?b", True),
        ("axb", "a\\?b", False),
        ("a\\b", "a\\\\b", True),
        ("a[b", "a[b", True),
        ("b", "a[b]", False),
        ("a  b", "a**b", True),
    ):
        world.ec2.create_tags(Resources=[id, gateway], Tags=[{"Key": "Name", "Value": value}])
        assert bool(world.endpoints(**{"tag:Name": pattern})) is found, (value, pattern)
        named_so = world.ec2.describe_internet_gateways(Filters=filters(**{"tag:Name": pattern}))
        assert bool(named_so["InternetGateways"]) is found, (value, pattern)


def test_wildcards_in_moto_s_filters(world: World) -> None:
    net = world.network()
    instance = world.instance(net)

    def finds(pattern: str) -> bool:
        return bool(world.ec2.describe_instances(Filters=filters(instance_id=pattern))["Reservations"])

    assert finds(instance)
    assert finds(f"{instance[:5]}*")
    assert finds(f"{instance[:-1]}?")
    assert not finds(f"[i]{instance[1:]}")
    assert world.ec2.describe_subnets(Filters=filters(subnet_id=f"{net.subnet[:-2]}??"))["Subnets"]


# --- deleting what is in use ----------------------------------------------------------------------------------------


def test_what_an_endpoint_uses_cannot_be_deleted(world: World) -> None:
    _, customer, *_ = world.joined()
    with refused("DependencyViolation", f"resource {customer.group} has a dependent object"):
        world.ec2.delete_security_group(GroupId=customer.group)
    with refused("DependencyViolation", f"The subnet '{customer.subnet}' has dependencies and cannot be deleted."):
        world.ec2.delete_subnet(SubnetId=customer.subnet)


def test_what_a_running_instance_uses_cannot_be_deleted(world: World) -> None:
    net = world.network()
    world.instance(net)
    with refused("DependencyViolation", f"resource {net.group} has a dependent object"):
        world.ec2.delete_security_group(GroupId=net.group)
    with refused("DependencyViolation"):
        world.ec2.delete_subnet(SubnetId=net.subnet)
    with refused("DependencyViolation", f"Network {net.vpc} has some mapped public address(es)."):
        world.ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)


# --- other services -------------------------------------------------------------------------------------------------


def test_resourcegroupstaggingapi_get_resources(world: World) -> None:
    balancer = world.balancer(world.network())["LoadBalancerArn"]
    tagged = named("vpc-endpoint-service", "Mine")
    service = world.service(balancer, TagSpecifications=tagged)
    mine = named("vpc-endpoint", "Mine")
    world.endpoint(world.network("10.0"), service["ServiceName"], TagSpecifications=mine)
    tagging = world.client("resourcegroupstaggingapi")
    found = tagging.get_resources(TagFilters=[{"Key": "Name", "Values": ["Mine"]}])["ResourceTagMappingList"]
    kinds = sorted(one["ResourceARN"].split(":")[5].partition("/")[0] for one in found)
    assert kinds == ["vpc-endpoint", "vpc-endpoint-service"]
    some = tagging.get_resources(ResourceTypeFilters=["ec2:vpc-endpoint"])["ResourceTagMappingList"]
    assert len(some) == 1


def test_ssm_describe_instance_information(world: World) -> None:
    world.instance(world.network())
    assert world.ssm.describe_instance_information()["InstanceInformationList"] == []
