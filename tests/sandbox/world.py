"""The tutorial's pieces, one call each, for tests that need some of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from vpce_demo.sandbox.server import Sandbox

IMAGE_NAME = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
PUBLIC_KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOxlr93NcnTePEvrzFnDUWXIXh3kKnoOnUoYFQGcd0mH demo"


@cache
def client(url: str, service: str, account: str, region: str = "us-east-1") -> Any:
    """A boto3 client that never retries; its access key says whose it is."""
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=f"SANDBOX{account}A",
        aws_secret_access_key="-",
        config=Config(retries={"total_max_attempts": 1}),
    )


@dataclass(frozen=True)
class Net:
    """One VPC with its pieces, by id."""

    vpc: str
    gateway: str
    subnet: str
    table: str
    group: str


def named(kind: str, name: str) -> list[dict[str, Any]]:
    """``TagSpecifications`` with a name."""
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]


def filters(**wanted: str) -> list[dict[str, Any]]:
    """``Filters``; underscores are hyphens."""
    return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in wanted.items()]


@contextlib.contextmanager
def refused(code: str, *words: str) -> Iterator[pytest.ExceptionInfo[ClientError]]:
    """The call inside fails with AWS's code, and says so in these words."""
    with pytest.raises(ClientError) as caught:
        yield caught
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    for word in words:
        assert word in error["Message"], error


class World:
    """An account in a sandbox, in one region."""

    def __init__(self, sandbox: Sandbox, account: str = "123456789012", region: str = "us-east-1") -> None:
        self.sandbox = sandbox
        self.account = account
        self.region = region

    def client(self, service: str) -> Any:
        return client(self.sandbox.endpoint_url, service, self.account, self.region)

    @property
    def ec2(self) -> Any:
        return self.client("ec2")

    @property
    def elb(self) -> Any:
        return self.client("elbv2")

    @property
    def ssm(self) -> Any:
        return self.client("ssm")

    def image(self) -> str:
        return str(self.ssm.get_parameter(Name=IMAGE_NAME)["Parameter"]["Value"])

    def vpc(self, cidr: str = "20.0.0.0/16") -> str:
        return str(self.ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"])

    def gateway(self, vpc: str | None = None) -> str:
        made = str(self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"])
        if vpc:
            self.ec2.attach_internet_gateway(InternetGatewayId=made, VpcId=vpc)
        return made

    def subnet(self, vpc: str, cidr: str = "20.0.1.0/24", zone: str = "us-east-1a") -> str:
        return str(self.ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]["SubnetId"])

    def group(self, vpc: str, name: str = "web") -> str:
        return str(self.ec2.create_security_group(GroupName=name, Description="-", VpcId=vpc)["GroupId"])

    def open(self, group: str, *ports: int) -> dict[str, Any]:
        rules = [
            {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
            for port in ports
        ]
        return dict(self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rules))

    def network(self, front: str = "20.0", zone: str = "") -> Net:
        vpc = self.vpc(f"{front}.0.0/16")
        gateway = self.gateway(vpc)
        subnet = self.subnet(vpc, f"{front}.1.0/24", zone or f"{self.region}a")
        table = self.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        group = self.group(vpc)
        self.open(group, 22, 80)
        return Net(vpc, gateway, subnet, table, group)

    def run(self, net: Net, **more: Any) -> dict[str, Any]:
        """RunInstances of one with a public address; its answer for that instance."""
        nic = {"DeviceIndex": 0, "SubnetId": net.subnet, "Groups": [net.group], "AssociatePublicIpAddress": True}
        spec = {"ImageId": self.image(), "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
        wanted = {**spec, "NetworkInterfaces": [nic], **more}
        wanted = {key: value for key, value in wanted.items() if value is not None}
        return dict(self.ec2.run_instances(**wanted)["Instances"][0])

    def instance(self, net: Net, **more: Any) -> str:
        return str(self.run(net, **more)["InstanceId"])

    def described(self, instance: str) -> dict[str, Any]:
        return dict(self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0])

    def balancer(self, net: Net, name: str = "MyNetwork-LB", **more: Any) -> dict[str, Any]:
        wanted = {"Name": name, "Type": "network", "Subnets": [net.subnet], **more}
        return dict(self.elb.create_load_balancer(**wanted)["LoadBalancers"][0])

    def targets(self, net: Net, name: str = "MyNetwork-TG", **more: Any) -> str:
        checks = {"HealthCheckIntervalSeconds": 10, "HealthCheckTimeoutSeconds": 5}
        wanted = {"Name": name, "Protocol": "TCP", "Port": 80, "VpcId": net.vpc, **checks, **more}
        return str(self.elb.create_target_group(**wanted)["TargetGroups"][0]["TargetGroupArn"])

    def listener(self, balancer: str, targets: str, port: int = 80) -> dict[str, Any]:
        action = {"Type": "forward", "TargetGroupArn": targets}
        made = self.elb.create_listener(LoadBalancerArn=balancer, Protocol="TCP", Port=port, DefaultActions=[action])
        return dict(made["Listeners"][0])

    def health_list(self, targets: str) -> list[dict[str, str]]:
        told = self.elb.describe_target_health(TargetGroupArn=targets)["TargetHealthDescriptions"]
        return [dict(one["TargetHealth"]) for one in told]

    def health(self, targets: str) -> dict[str, str]:
        return self.health_list(targets)[0]

    def service(self, balancer: str, **more: Any) -> dict[str, Any]:
        """An endpoint service on a load balancer that is active by now."""
        wanted = {"NetworkLoadBalancerArns": [balancer], "AcceptanceRequired": True, **more}
        return dict(self.ec2.create_vpc_endpoint_service_configuration(**wanted)["ServiceConfiguration"])

    def provider(self) -> tuple[Net, str, dict[str, Any]]:
        """Network, load balancer's ARN and endpoint service."""
        net = self.network()
        balancer = str(self.balancer(net)["LoadBalancerArn"])
        return net, balancer, self.service(balancer)

    def endpoint(self, net: Net, service_name: str, **more: Any) -> dict[str, Any]:
        wanted = {
            "VpcId": net.vpc,
            "VpcEndpointType": "Interface",
            "ServiceName": service_name,
            "SubnetIds": [net.subnet],
            "SecurityGroupIds": [net.group],
            "PrivateDnsEnabled": False,
        }
        wanted = {key: value for key, value in {**wanted, **more}.items() if value is not None}
        return dict(self.ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"])

    def endpoints(self, **wanted: str) -> list[dict[str, Any]]:
        return list(self.ec2.describe_vpc_endpoints(Filters=filters(**wanted))["VpcEndpoints"])

    def state(self, endpoint: str) -> str:
        return str(self.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"][0]["State"])

    def interfaces(self, **wanted: str) -> list[dict[str, Any]]:
        return list(self.ec2.describe_network_interfaces(Filters=filters(**wanted))["NetworkInterfaces"])

    def connections(self, service: str) -> list[dict[str, Any]]:
        answer = self.ec2.describe_vpc_endpoint_connections(Filters=filters(service_id=service))
        return list(answer["VpcEndpointConnections"])

    def accept(self, service: str, *endpoints: str) -> list[dict[str, Any]]:
        answer = self.ec2.accept_vpc_endpoint_connections(ServiceId=service, VpcEndpointIds=list(endpoints))
        return list(answer["Unsuccessful"])

    def joined(self) -> tuple[Net, Net, str, dict[str, Any], dict[str, Any]]:
        """Provider's and customer's network, load balancer, service and a requested endpoint."""
        net, balancer, service = self.provider()
        customer = self.network("10.0")
        return net, customer, balancer, service, self.endpoint(customer, service["ServiceName"])
