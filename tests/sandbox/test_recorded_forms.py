"""The forms that recorded answers of AWS have: words of refusals, headers, ids, and fields that moto leaves out."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .world import IMAGE_NAME, World, filters, named, refused

NOBODY = "0123456789abcdef0"


@pytest.mark.parametrize(
    ("operation", "params", "code", "words"),
    [
        ("describe_vpcs", {"VpcIds": [f"vpc-{NOBODY}"]}, "InvalidVpcID.NotFound", f"The vpc ID 'vpc-{NOBODY}'"),
        ("create_route_table", {"VpcId": f"vpc-{NOBODY}"}, "InvalidVpcID.NotFound", f"The vpc ID 'vpc-{NOBODY}'"),
        (
            "describe_security_groups", {"GroupIds": [f"sg-{NOBODY}"]},
            "InvalidGroup.NotFound", f"The security group 'sg-{NOBODY}'",
        ),
        ("describe_key_pairs", {"KeyNames": ["nosuch"]}, "InvalidKeyPair.NotFound", "The key pair 'nosuch'"),
        (
            "describe_internet_gateways", {"InternetGatewayIds": [f"igw-{NOBODY}"]},
            "InvalidInternetGatewayID.NotFound", f"The internetGateway ID 'igw-{NOBODY}'",
        ),
        (
            "describe_network_interfaces", {"NetworkInterfaceIds": [f"eni-{NOBODY}"]},
            "InvalidNetworkInterfaceID.NotFound", f"The networkInterface ID 'eni-{NOBODY}'",
        ),
        (
            "describe_subnets", {"SubnetIds": [f"subnet-{NOBODY}"]},
            "InvalidSubnetID.NotFound", f"The subnet ID 'subnet-{NOBODY}'",
        ),
    ],
)  # fmt: skip
def test_what_does_not_exist(world: World, operation: str, params: dict[str, Any], code: str, words: str) -> None:
    with refused(code, f"{words} does not exist"):
        getattr(world.ec2, operation)(**params)
    with refused(code, f"{words} does not exist"):
        world.sandbox.faults.hide(5)
        getattr(world.ec2, operation)(**params)


def test_an_endpoint_with_what_it_does_not_take(world: World) -> None:
    _, balancer, service = world.provider()
    customer = world.network("10.0")
    with refused("InvalidParameter", "'vpc-endpoint-service' is not a valid taggable resource type"):
        world.endpoint(customer, service["ServiceName"], TagSpecifications=named("vpc-endpoint-service", "x"))
    with refused("InvalidParameter", "'vpc-endpoint' is not a valid taggable resource type"):
        world.service(balancer, TagSpecifications=named("vpc-endpoint", "x"))
    with refused("InvalidParameter", "Subnet IDs are only supported for Interface and GatewayLoadBalancer type"):
        world.endpoint(customer, "com.amazonaws.us-east-1.s3", VpcEndpointType="Gateway", SecurityGroupIds=None)


def test_several_that_do_not_exist(world: World) -> None:
    with refused("InvalidVpcID.NotFound") as caught:
        world.ec2.describe_vpcs(VpcIds=["vpc-1", "vpc-2"])
    assert re.fullmatch("The vpc ID 'vpc-[12]' does not exist", caught.value.response["Error"]["Message"])


@pytest.mark.parametrize(
    ("code", "operation"),
    [
        *(
            ("InvalidFilter", f"describe_vpc_endpoint{one}")
            for one in ("s", "_connections", "_services", "_service_configurations")
        ),
        *(
            ("InvalidParameterValue", f"describe_{one}")
            for one in ("vpcs", "subnets", "instances", "network_interfaces", "internet_gateways", "tags")
        ),
    ],
)
def test_a_filter_that_does_not_exist(world: World, code: str, operation: str) -> None:
    world.instance(world.network())
    with refused(code, "The filter 'no-such-filter' is invalid"):
        getattr(world.ec2, operation)(Filters=filters(no_such_filter="x"))


def test_a_filter_that_aws_has_and_moto_has_not(world: World) -> None:
    with refused("InvalidAction", "The sandbox has no DescribeVpcs of this kind."):
        world.ec2.describe_vpcs(Filters=[{"Name": "ipv6-cidr-block-association.ipv6-pool", "Values": ["x"]}])


UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def test_every_answer_has_a_request_id_of_aws_s_form(world: World) -> None:
    calls = [
        world.ec2.describe_regions,
        world.ec2.describe_vpcs,
        world.elb.describe_load_balancers,
        world.elb.describe_account_limits,
        world.client("sts").get_caller_identity,
        world.ssm.describe_parameters,
    ]
    seen = [call()["ResponseMetadata"]["RequestId"] for call in calls]
    with refused("LoadBalancerNotFound") as caught:
        world.elb.describe_load_balancers(Names=["none"])
    seen.append(caught.value.response["ResponseMetadata"]["RequestId"])
    assert all(re.fullmatch(UUID, one) for one in seen), seen
    assert len(set(seen)) == len(seen)


def test_headers_of_ec2(world: World) -> None:
    told = world.ec2.describe_vpcs()["ResponseMetadata"]
    headers = told["HTTPHeaders"]
    assert (headers["server"], headers["content-type"]) == ("AmazonEC2", "text/xml;charset=UTF-8")
    assert headers["x-amzn-requestid"] == told["RequestId"]


def test_ids_begin_with_zero(world: World) -> None:
    net = world.network()
    instance = world.instance(net)
    told = world.described(instance)
    interface = told["NetworkInterfaces"][0]
    volume = told["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    ids = [net.vpc, net.gateway, net.subnet, net.table, net.group, instance, volume]
    ids += [interface["NetworkInterfaceId"], interface["Attachment"]["AttachmentId"]]
    assert [one for one in ids if not re.fullmatch(r"[a-z-]+-0[0-9a-f]{16}", one)] == []


def test_names_of_an_endpoint(world: World) -> None:
    _, _, service = world.provider()
    made = world.endpoint(world.network("10.0"), service["ServiceName"])
    name = made["DnsEntries"][0]["DnsName"]
    assert re.fullmatch(rf"{made['VpcEndpointId']}-[0-9a-z]{{8}}\.{service['ServiceId']}\.us-east-1\..*", name)
    assert {"ServiceRegion", "Tags"} & made.keys() == set()


def test_the_root_volume_has_the_image_s_name(world: World) -> None:
    net = world.network()
    made = world.run(net)
    assert made["BlockDeviceMappings"] == []
    told = world.described(made["InstanceId"])
    assert [one["DeviceName"] for one in told["BlockDeviceMappings"]] == [told["RootDeviceName"]] == ["/dev/xvda"]
    beside = world.instance(net, BlockDeviceMappings=[{"DeviceName": "/dev/sdb", "Ebs": {"VolumeSize": 9}}])
    assert [one["DeviceName"] for one in world.described(beside)["BlockDeviceMappings"]] == ["/dev/xvda", "/dev/sdb"]


def test_an_instance_that_has_just_begun(slow: World) -> None:
    made = slow.run(slow.network())
    assert made["StateReason"] == {"Code": "pending", "Message": "pending"}
    assert made["NetworkInterfaces"][0]["Attachment"]["Status"] == "attaching"
    assert "SriovNetSupport" not in made
    assert made["CpuOptions"] == {"CoreCount": 1, "ThreadsPerCore": 2}


def test_amazon_linux_2023_wants_tokens(world: World) -> None:
    net = world.network()
    told = [world.described(world.instance(net, **more))["MetadataOptions"] for more in (
        {}, {"MetadataOptions": {"HttpTokens": "optional"}}
    )]  # fmt: skip
    assert [(one["HttpTokens"], one["HttpPutResponseHopLimit"]) for one in told] == [("required", 2), ("optional", 1)]


def test_whose_interfaces_they_are(world: World) -> None:
    net, _, service = world.provider()
    customer = world.network("10.0")
    world.endpoint(customer, service["ServiceName"])
    world.instance(net)
    by_kind = {one["InterfaceType"]: one for one in world.interfaces()}
    assert {kind: one["SourceDestCheck"] for kind, one in by_kind.items()} == {
        "network_load_balancer": False,
        "vpc_endpoint": True,
        "interface": True,
    }
    assert re.fullmatch(r"\d{12}", by_kind["network_load_balancer"]["RequesterId"])
    assert by_kind["vpc_endpoint"]["RequesterId"] == by_kind["vpc_endpoint"]["OwnerId"]
    assert "RequesterId" not in by_kind["interface"]


def test_a_service_has_only_what_was_given_to_it(world: World) -> None:
    _, _, service = world.provider()
    assert {"AvailabilityZoneIds", "PayerResponsibility", "PrivateDnsName"} & service.keys() == set()
    assert service["PrivateDnsNameConfiguration"] == {}
    world.ec2.modify_vpc_endpoint_service_payer_responsibility(
        ServiceId=service["ServiceId"], PayerResponsibility="ServiceOwner"
    )
    (told,) = world.ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]
    assert told["PayerResponsibility"] == "ServiceOwner"


def test_a_balancer_and_its_listener_and_targets(world: World) -> None:
    net = world.network()
    made, targets = world.balancer(net), world.targets(net)
    assert "SecurityGroups" not in made
    assert made["AvailabilityZones"][0]["LoadBalancerAddresses"] == []
    assert made["EnablePrefixForIpv6SourceNat"] == "off"
    (action,) = world.listener(made["LoadBalancerArn"], targets)["DefaultActions"]
    assert action["ForwardConfig"]["TargetGroups"] == [{"TargetGroupArn": targets, "Weight": 1}]
    world.elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": world.instance(net)}])
    (told,) = world.elb.describe_target_health(TargetGroupArn=targets)["TargetHealthDescriptions"]
    assert told["AdministrativeOverride"]["Reason"] == "AdministrativeOverride.NoOverride"


def test_a_public_parameter_belongs_to_no_account(world: World) -> None:
    arn = world.ssm.get_parameter(Name=IMAGE_NAME)["Parameter"]["ARN"]
    assert arn == f"arn:aws:ssm:us-east-1::parameter{IMAGE_NAME}"
    world.ssm.put_parameter(Name="/mine", Value="x", Type="String")
    assert ":123456789012:parameter/mine" in world.ssm.get_parameter(Name="/mine")["Parameter"]["ARN"]


def test_networks(world: World) -> None:
    net = world.network()
    (vpc,) = world.ec2.describe_vpcs(VpcIds=[net.vpc])["Vpcs"]
    assert re.fullmatch("dopt-0[0-9a-f]{16}", vpc["DhcpOptionsId"])
    assert vpc["BlockPublicAccessStates"] == {"InternetGatewayBlockMode": "off"}
    world.ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode="block-bidirectional")
    (subnet,) = world.ec2.describe_subnets(SubnetIds=[net.subnet])["Subnets"]
    assert subnet["BlockPublicAccessStates"] == {"InternetGatewayBlockMode": "block-bidirectional"}
    assert (subnet["EnableDns64"], subnet["MapCustomerOwnedIpOnLaunch"]) == (False, False)
    (table,) = world.ec2.describe_route_tables(RouteTableIds=[net.table])["RouteTables"]
    assert table["PropagatingVgws"] == []
    zone = world.ec2.describe_availability_zones()["AvailabilityZones"][0]
    assert (zone["OptInStatus"], zone["NetworkBorderGroup"]) == ("opt-in-not-required", "us-east-1")
    rule = world.ec2.describe_security_group_rules(Filters=filters(group_id=net.group))["SecurityGroupRules"][0]
    assert rule["SecurityGroupRuleArn"].endswith(f":security-group-rule/{rule['SecurityGroupRuleId']}")
