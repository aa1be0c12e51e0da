"""Which of the demo's EC2 calls AWS would allow, tried with ``DryRun``, which changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from ..aws.clients import Clients
from ..aws.error_codes import ErrorKind, error_code, error_kind
from ..aws.partitions import partition_of
from ..aws.tags import DEMO_TAG, ID_TAG, RESOURCE_TAG
from ..config.model import Config, in_front
from ..model import ANYWHERE, Side

ALLOWED = "DryRunOperation"
"""The error by which AWS says that the call would have succeeded (section 1.1, notes)."""
A_PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJx0mWGkzVDiUNMVLd1mEWqXz0cR9S0vS8r3tQWqTq1B doctor"
Params = dict[str, Any]


def allowed_calls(
    side: Side | None, clients: Clients, config: Config, ids: Mapping[str, str]
) -> dict[str, bool | None]:
    """Whether each call is allowed, by operation; None if AWS answers otherwise, or what it needs does not exist.

    ``side`` None: both.  ``ids`` are those of the existing resources, by key.
    """
    wanted: dict[str, Params | None] = {}
    for one in (side,) if side else tuple(Side):
        for name, params in calls(one, clients.region, config, ids):
            wanted[name] = wanted.get(name) or params
    with ThreadPoolExecutor() as pool:
        answers = {name: pool.submit(_allowed, clients, name, params) for name, params in wanted.items()}
        return {name: answer.result() for name, answer in answers.items()}


def _allowed(clients: Clients, name: str, params: Params | None) -> bool | None:
    if params is None:
        return None
    try:
        getattr(clients.ec2, xform_name(name))(**params, DryRun=True)
    except ClientError as error:
        if error_code(error) == ALLOWED:
            return True
        if error_kind(error) is ErrorKind.DENIED:
            return False
    return None


def calls(side: Side, region: str, config: Config, ids: Mapping[str, str]) -> Iterator[tuple[str, Params | None]]:
    """The changing calls of a side, with the demo's ids; None if the resource does not exist."""
    provider = side is Side.PROVIDER
    part = config.provider if provider else config.consumer
    front = "provider" if provider else "customer"
    key_name = in_front(config.name, part.key_name)

    def of(keys: Mapping[str, str], **more: Any) -> Params | None:
        """Parameters with the ids of the side's resources: ``{"VpcId": "vpc"}``."""
        named = {name: ids.get(f"{front}-{key}") for name, key in keys.items()}
        return {**named, **more} if all(named.values()) else None

    def many(name: str, key: str, **more: Any) -> Params | None:
        held = ids.get(key)
        return {name: [held], **more} if held else None

    def tagged(kind: str) -> Params:
        """The demo's tags, which a policy may require."""
        tags = {"Name": part.vpc_name, DEMO_TAG: config.name, RESOURCE_TAG: front, ID_TAG: "doctor"}
        held = [{"Key": key, "Value": value} for key, value in tags.items()]
        return {"TagSpecifications": [{"ResourceType": kind, "Tags": held}]}

    rule = {"IpPermissions": [{"IpProtocol": "tcp", "FromPort": 9, "ToPort": 9, "IpRanges": [{"CidrIp": ANYWHERE}]}]}
    yield "CreateVpc", {"CidrBlock": part.vpc_cidr, **tagged("vpc")}
    yield "CreateInternetGateway", tagged("internet-gateway")
    key = {"KeyName": f"{key_name}-doctor", "PublicKeyMaterial": A_PUBLIC_KEY.encode()}
    yield "ImportKeyPair", {**key, **tagged("key-pair")}
    yield "AttachInternetGateway", of({"VpcId": "vpc", "InternetGatewayId": "gateway"})
    yield "CreateSubnet", of({"VpcId": "vpc"}, CidrBlock=part.subnet_cidr, **tagged("subnet"))
    yield "CreateRouteTable", of({"VpcId": "vpc"}, **tagged("route-table"))
    yield "AssociateRouteTable", of({"RouteTableId": "routes", "SubnetId": "subnet"})
    yield "CreateRoute", of({"RouteTableId": "routes", "GatewayId": "gateway"}, DestinationCidrBlock=ANYWHERE)
    yield (
        "CreateSecurityGroup",
        of({"VpcId": "vpc"}, GroupName="doctor", Description="doctor", **tagged("security-group")),
    )
    yield "AuthorizeSecurityGroupIngress", of({"GroupId": "group"}, **rule)
    yield "RevokeSecurityGroupIngress", of({"GroupId": "group"}, **rule)
    yield (
        "RunInstances",
        of(
            {"SubnetId": "subnet"},
            ImageId=f"resolve:ssm:{config.image_parameter}",
            InstanceType=config.instance_type,
            MinCount=1,
            MaxCount=1,
            KeyName=key_name,
            **tagged("instance"),
        ),
    )
    yield "TerminateInstances", many("InstanceIds", "web" if provider else "customer")
    if provider:
        yield (
            "CreateVpcEndpointServiceConfiguration",
            many("NetworkLoadBalancerArns", "load-balancer", **tagged("vpc-endpoint-service")),
        )
        yield "AcceptVpcEndpointConnections", many("VpcEndpointIds", "endpoint", ServiceId=ids.get("service", ""))
        yield "DeleteVpcEndpointServiceConfigurations", many("ServiceIds", "service")
    else:
        service = f"{partition_of(region).service_prefix}.vpce.{region}.{ids.get('service')}"
        endpoint = {"VpcEndpointType": "Interface", "ServiceName": service, **tagged("vpc-endpoint")}
        yield "CreateVpcEndpoint", of({"VpcId": "vpc"}, **endpoint) if "service" in ids else None
        yield "DeleteVpcEndpoints", many("VpcEndpointIds", "endpoint")
    yield "DeleteRoute", of({"RouteTableId": "routes"}, DestinationCidrBlock=ANYWHERE)
    yield "DeleteRouteTable", of({"RouteTableId": "routes"})
    yield "DetachInternetGateway", of({"VpcId": "vpc", "InternetGatewayId": "gateway"})
    yield "DeleteInternetGateway", of({"InternetGatewayId": "gateway"})
    yield "DeleteSecurityGroup", of({"GroupId": "group"})
    yield "DeleteSubnet", of({"SubnetId": "subnet"})
    yield "DeleteVpc", of({"VpcId": "vpc"})
    yield "DeleteKeyPair", of({"KeyPairId": "key"})
