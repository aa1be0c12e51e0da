"""The sandbox's answers beside recorded ones: the same fields, types and forms, but for what ``docs/sandbox.md`` says.

The recordings are not part of the repository.  ``RECORDED_ANSWERS`` names their directory; without it they are looked
for beside the repository.
"""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from moto.core.utils import get_service_model

from vpce_demo.sandbox.handlers.vpc_endpoints import OPEN_POLICIES

from .shapes import Answers, Difference, Recordings
from .world import IMAGE_NAME, PUBLIC_KEY, World, named

ROOT = Path(__file__).parents[2]
RECORDED = Path(os.environ.get("RECORDED_ANSWERS") or ROOT.parent / "shared" / "recorded")
PAGE = ROOT / "docs" / "sandbox.md"
HEADING = "## Where answers have another form than recorded ones"
KINDS = ("only here", "only on AWS", "other form")


def rows() -> list[tuple[list[str], list[str], str, str]]:
    """The table of the page: operations and fields, which are patterns, the kind of difference, the reason."""
    text = PAGE.read_text().partition(HEADING)[2].partition("\nWhat no comparison")[0]
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [(re.findall("`([^`]+)`", a), re.findall("`([^`]+)`", b), kind, why) for a, b, kind, why in cells]


def fits(difference: Difference, row: tuple[list[str], list[str], str, str]) -> bool:
    operations, fields, kind, _ = row
    return (
        difference.kind == kind
        and any(fnmatchcase(difference.operation, one) for one in operations)
        and any(fnmatchcase(difference.field.replace("[]", ""), one) for one in fields)
    )


class Camera:
    """Calls of a world, whose answers are kept."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.taken: dict[tuple[str, str], Answers] = {}

    def __call__(self, operation: str, **params: Any) -> Any:
        service = next(
            one for one in ("ec2", "elbv2", "ssm", "sts") if operation in get_service_model(one).operation_names
        )
        answer = getattr(self.world.client(service), xform_name(operation))(**params)
        del answer["ResponseMetadata"]
        shape = get_service_model(service).operation_model(operation).output_shape
        self.taken.setdefault((service, operation), Answers(recorded=False)).add(shape, answer)
        return answer


LOOKS = (
    "Vpcs", "Subnets", "RouteTables", "InternetGateways", "SecurityGroups", "SecurityGroupRules", "NetworkAcls",
    "NetworkInterfaces", "Instances", "InstanceStatus", "AvailabilityZones", "Regions", "Tags", "KeyPairs",
    "VpcEndpoints", "VpcEndpointServices", "VpcEndpointServiceConfigurations", "VpcEndpointConnections",
    "VpcPeeringConnections",
)  # fmt: skip


def photograph(world: World) -> dict[tuple[str, str], Answers]:
    """A demo's life, and the answers to every operation of which there are recordings."""
    see = Camera(world)

    def look() -> None:
        for one in LOOKS:
            see(f"Describe{one}")

    see("ImportKeyPair", KeyName="k", PublicKeyMaterial=PUBLIC_KEY, TagSpecifications=named("key-pair", "k"))
    vpc = see("CreateVpc", CidrBlock="20.0.0.0/16", TagSpecifications=named("vpc", "v"))["Vpc"]["VpcId"]
    see("ModifyVpcAttribute", VpcId=vpc, EnableDnsHostnames={"Value": True})
    gateway = see("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    world.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    subnet = see("CreateSubnet", VpcId=vpc, CidrBlock="20.0.1.0/24", AvailabilityZone="us-east-1a")["Subnet"][
        "SubnetId"
    ]
    table = see("CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"]
    association = see("AssociateRouteTable", RouteTableId=table, SubnetId=subnet)["AssociationId"]
    world.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    group = see("CreateSecurityGroup", GroupName="g", Description="-", VpcId=vpc)["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    see("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[rule])
    nic = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": [group], "AssociatePublicIpAddress": True}
    spec = {"ImageId": world.image(), "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1, "KeyName": "k"}
    named_instance = named("instance", "i")
    run = see("RunInstances", NetworkInterfaces=[nic], TagSpecifications=named_instance, **spec)
    instance = run["Instances"][0]["InstanceId"]
    see("GetConsoleOutput", InstanceId=instance)
    see("DescribeInstanceTypeOfferings", LocationType="availability-zone")
    balancers = see("CreateLoadBalancer", Name="b", Type="network", Subnets=[subnet])["LoadBalancers"]
    balancer = balancers[0]["LoadBalancerArn"]
    groups = see("CreateTargetGroup", Name="t", Protocol="TCP", Port=80, VpcId=vpc)["TargetGroups"]
    targets = groups[0]["TargetGroupArn"]
    forward = [{"Type": "forward", "TargetGroupArn": targets}]
    listeners = see("CreateListener", LoadBalancerArn=balancer, Protocol="TCP", Port=80, DefaultActions=forward)
    world.elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": instance}])
    world.elb.add_tags(ResourceArns=[balancer], Tags=[{"Key": "Name", "Value": "b"}])
    see("DescribeLoadBalancers")
    see("DescribeLoadBalancerAttributes", LoadBalancerArn=balancer)
    see("DescribeListeners", LoadBalancerArn=balancer)
    see("DescribeTargetGroups")
    see("DescribeTargetGroupAttributes", TargetGroupArn=targets)
    see("DescribeTargetHealth", TargetGroupArn=targets)
    service = see("CreateVpcEndpointServiceConfiguration", NetworkLoadBalancerArns=[balancer])["ServiceConfiguration"]
    customer = world.network("10.0")
    made = see(
        "CreateVpcEndpoint",
        VpcId=customer.vpc,
        VpcEndpointType="Interface",
        ServiceName=service["ServiceName"],
        SubnetIds=[customer.subnet],
        SecurityGroupIds=[customer.group],
        TagSpecifications=named("vpc-endpoint", "e"),
    )
    endpoint = made["VpcEndpoint"]["VpcEndpointId"]
    world.ec2.modify_vpc_attribute(VpcId=customer.vpc, EnableDnsHostnames={"Value": True})
    s3, sts = ({"VpcId": customer.vpc, "ServiceName": f"com.amazonaws.us-east-1.{name}"} for name in ("s3", "sts"))
    see("CreateVpcEndpoint", **s3, RouteTableIds=[customer.table])
    see("CreateVpcEndpoint", **sts, VpcEndpointType="Interface", SubnetIds=[customer.subnet])
    peers = {"VpcId": vpc, "PeerVpcId": customer.vpc}
    peering = world.ec2.create_vpc_peering_connection(**peers)["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    look()
    both = {"ServiceId": service["ServiceId"], "VpcEndpointIds": [endpoint]}
    see("AcceptVpcEndpointConnections", **both)
    who = ["arn:aws:iam::210987654321:root"]
    world.ec2.modify_vpc_endpoint_service_permissions(ServiceId=service["ServiceId"], AddAllowedPrincipals=who)
    see("DescribeVpcEndpointServicePermissions", ServiceId=service["ServiceId"])
    see("ModifyVpcEndpoint", VpcEndpointId=endpoint, PolicyDocument=OPEN_POLICIES["Gateway"])
    see("CreateTags", Resources=[vpc], Tags=[{"Key": "a", "Value": "b"}])
    see("GetParameter", Name=IMAGE_NAME)
    see("DescribeInstanceInformation")
    see("GetCallerIdentity")
    look()
    world.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering)
    see("RejectVpcEndpointConnections", **both)
    see("DeleteVpcEndpoints", VpcEndpointIds=[endpoint])
    see("DeleteVpcEndpointServiceConfigurations", ServiceIds=[service["ServiceId"]])
    see("DescribeTags")
    see("DeleteListener", ListenerArn=listeners["Listeners"][0]["ListenerArn"])
    see("DeleteLoadBalancer", LoadBalancerArn=balancer)
    see("DeleteTargetGroup", TargetGroupArn=targets)
    see("StopInstances", InstanceIds=[instance])
    look()
    see("StartInstances", InstanceIds=[instance])
    see("TerminateInstances", InstanceIds=[instance])
    look()
    interface = see("CreateNetworkInterface", SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    see("DescribeNetworkInterfaces")
    see("DeleteNetworkInterface", NetworkInterfaceId=interface)
    see("RevokeSecurityGroupIngress", GroupId=group, IpPermissions=[rule])
    see("DeleteSecurityGroup", GroupId=group)
    see("DeleteKeyPair", KeyName="k")
    world.ec2.disassociate_route_table(AssociationId=association)
    see("DeleteSubnet", SubnetId=subnet)
    world.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    see("DeleteInternetGateway", InternetGatewayId=gateway)
    world.ec2.delete_route_table(RouteTableId=table)
    see("DeleteVpc", VpcId=vpc)
    return see.taken


NOT_PHOTOGRAPHED = {"SendCommand", "DecodeAuthorizationMessage", "DescribeTags"}


def test_the_table_says_what_differs_and_why() -> None:
    assert rows()
    for operations, fields, kind, why in rows():
        assert operations, fields
        assert kind in KINDS, kind
        assert why, (operations, fields)


def test_answers_differ_from_recorded_ones_only_where_the_table_says_so(world: World) -> None:
    if not (RECORDED / "index.json").exists():
        pytest.skip("no recorded answers of AWS at hand (RECORDED_ANSWERS)")
    recordings, taken = Recordings(RECORDED), photograph(world)
    assert {operation for _, operation in recordings.operations()} - {one for _, one in taken} <= NOT_PHOTOGRAPHED
    differences = [
        one
        for service, operation in recordings.operations()
        if (service, operation) in taken
        for one in recordings.differences(service, operation, taken[service, operation])
    ]
    unsaid = [one for one in differences if not any(fits(one, row) for row in rows())]
    assert unsaid == [], "\n".join(map(str, sorted(unsaid)))
    idle = [row for row in rows() if not any(fits(one, row) for one in differences)]
    assert idle == [], "these rows of the table are of no difference any more"
