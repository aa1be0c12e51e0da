"""Interface endpoints to AWS's own services, and private DNS (``aws-behaviours-2.md`` section 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .test_gateway_endpoints import DYNAMODB, S3, gateway
from .world import Net, World, refused

STS, ZONE = "com.amazonaws.us-east-1.sts", "Z7HUB22UULQXV"
INBOUND_ONLY = "PrivateDnsOnlyForInboundResolverEndpoint"
BY_DEFAULT = {"PrivateDnsEnabled": None}


def ready(world: World, front: str = "20.0") -> Net:
    """A network in a VPC with both attributes for DNS."""
    net = world.network(front)
    world.ec2.modify_vpc_attribute(VpcId=net.vpc, EnableDnsHostnames={"Value": True})
    return net


def names(endpoint: dict[str, Any]) -> list[str]:
    return [one["DnsName"] for one in endpoint["DnsEntries"]]


def test_an_endpoint_to_a_service_of_aws(slow: World) -> None:
    net = ready(slow)
    other = slow.subnet(net.vpc, "20.0.2.0/24", "us-east-1b")
    made = slow.endpoint(net, STS, SubnetIds=[net.subnet, other], **BY_DEFAULT)
    id, front = made["VpcEndpointId"], made["DnsEntries"][0]["DnsName"].partition(".")[0]
    assert (made["State"], made["PrivateDnsEnabled"]) == ("pending", True)
    base = "sts.us-east-1.vpce.amazonaws.com"
    zonal = [f"{front}-us-east-1{zone}.{base}" for zone in "ab"]
    assert names(made) == [f"{front}.{base}", *zonal, "sts.us-east-1.amazonaws.com"]
    zones = [one["HostedZoneId"] for one in made["DnsEntries"]]
    assert zones[:3] == [ZONE] * 3
    assert zones[3] != ZONE
    slow.sandbox.clock.skip(61)
    assert slow.state(id) == "available"
    modify = slow.ec2.modify_vpc_endpoint
    modify(VpcEndpointId=id, PrivateDnsEnabled=False)
    assert names(slow.endpoints()[0]) == [f"{front}.{base}", *zonal]
    modify(VpcEndpointId=id, PrivateDnsEnabled=True)
    assert names(slow.endpoints()[0])[3:] == ["sts.us-east-1.amazonaws.com"]
    second = slow.endpoint(net, STS)["VpcEndpointId"]
    with refused("InvalidParameter", "conflicting DNS domain for sts.us-east-1.amazonaws.com"):
        modify(VpcEndpointId=second, PrivateDnsEnabled=True)
    slow.ec2.delete_vpc_endpoints(VpcEndpointIds=[id])
    modify(VpcEndpointId=second, PrivateDnsEnabled=True)


def test_what_is_switched_off_later_stays(world: World) -> None:
    """What AWS does when a VPC's attribute is switched off under an endpoint is not known: here nothing is refused."""
    net = ready(world)
    endpoint = world.endpoint(net, STS, **BY_DEFAULT)["VpcEndpointId"]
    world.ec2.modify_vpc_attribute(VpcId=net.vpc, EnableDnsHostnames={"Value": False})
    other = world.subnet(net.vpc, "20.0.2.0/24", "us-east-1b")
    world.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[other])
    assert world.endpoints()[0]["PrivateDnsEnabled"] is True
    with refused("InvalidParameter", "Enabling private DNS requires"):
        world.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PrivateDnsEnabled=True)


@pytest.mark.parametrize(
    ("service", "base", "public"),
    [
        ("ecr.api", "api.ecr", ["api.ecr"]),
        ("ecr.dkr", "dkr.ecr", ["*.dkr.ecr"]),
        ("kinesis-streams", "kinesis-streams", ["kinesis"]),
    ],
)
def test_public_names(world: World, service: str, base: str, public: list[str]) -> None:
    name = f"com.amazonaws.us-east-1.{service}"
    made = world.endpoint(ready(world), name, **BY_DEFAULT)
    assert names(made)[0].partition(".")[2] == f"{base}.us-east-1.vpce.amazonaws.com"
    wanted = [f"{front}.us-east-1.amazonaws.com" for front in public]
    assert names(made)[2:] == wanted
    (told,) = world.ec2.describe_vpc_endpoint_services(ServiceNames=[name])["ServiceDetails"]
    assert [one["PrivateDnsName"] for one in told["PrivateDnsNames"]] == wanted
    assert (told["PrivateDnsName"], told["PrivateDnsNameVerificationState"]) == (wanted[0], "verified")


def test_s3_beside_its_gateway_endpoint(world: World) -> None:
    """Its private DNS is for inbound resolver endpoints only, unless one says otherwise."""
    net = ready(world)
    beside = gateway(world, net, RouteTableIds=[])["VpcEndpointId"]
    plain = world.endpoint(net, S3, **BY_DEFAULT)
    assert plain["PrivateDnsEnabled"] is False
    assert names(plain)[0].startswith(f"*.{plain['VpcEndpointId']}-")
    assert names(plain)[1].endswith("-us-east-1a.s3.us-east-1.vpce.amazonaws.com")
    made = world.endpoint(net, S3, PrivateDnsEnabled=True)
    id = made["VpcEndpointId"]
    assert made["DnsOptions"] == {"DnsRecordIpType": "ipv4", INBOUND_ONLY: True}
    assert names(made)[2:] == ["*.s3.us-east-1.amazonaws.com", "s3.us-east-1.amazonaws.com"]
    delete = world.ec2.delete_vpc_endpoints
    (failed,) = delete(VpcEndpointIds=[beside])["Unsuccessful"]
    words = f"{beside} cannot be deleted while Interface endpoint {id} has {INBOUND_ONLY} set to true"
    assert (failed["ResourceId"], failed["Error"]["Message"]) == (beside, words)
    world.ec2.modify_vpc_endpoint(VpcEndpointId=id, DnsOptions={INBOUND_ONLY: False})
    assert world.endpoints(vpc_endpoint_id=id)[0]["DnsOptions"][INBOUND_ONLY] is False
    assert delete(VpcEndpointIds=[beside])["Unsuccessful"] == []
    with refused("InvalidParameter", f"To set {INBOUND_ONLY} to true, the VPC {net.vpc} must have a Gateway endpoint"):
        world.ec2.modify_vpc_endpoint(VpcEndpointId=id, DnsOptions={INBOUND_ONLY: True})
    assert world.endpoints(vpc_endpoint_id=id)[0]["DnsOptions"][INBOUND_ONLY] is False


def two_in_a_zone(world: World, net: Net) -> dict[str, Any]:
    return {"SubnetIds": [net.subnet, world.subnet(net.vpc, "20.0.2.0/24")]}


def one_before(world: World, net: Net) -> dict[str, Any]:
    world.endpoint(net, STS, **BY_DEFAULT)
    return {}


def without(attribute: str) -> Callable[[World, Net], dict[str, Any]]:
    def switch_off(world: World, net: Net) -> dict[str, Any]:
        world.ec2.modify_vpc_attribute(VpcId=net.vpc, **{attribute: {"Value": False}})
        return {}

    return switch_off


ATTRIBUTES = (
    "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for vpc-"
)
REFUSALS: dict[str, tuple[str, str, str, Callable[[World, Net], dict[str, Any]]]] = {
    "hostnames off": ("InvalidParameter", ATTRIBUTES, STS, without("EnableDnsHostnames")),
    "resolution off": ("InvalidParameter", ATTRIBUTES, STS, without("EnableDnsSupport")),
    "a second one": (
        "InvalidParameter",
        "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
        "sts.us-east-1.amazonaws.com in the VPC vpc-",
        STS,
        one_before,
    ),
    "S3 without a gateway endpoint": (
        "InvalidParameter", f"To set {INBOUND_ONLY} to true, the VPC vpc-", S3, lambda *_: {"PrivateDnsEnabled": True},
    ),
    "two subnets in a zone": (
        "DuplicateSubnetsInSameZone", "Found another VPC endpoint subnet in the availability zone of", STS,
        two_in_a_zone,
    ),
    "a service without a public name": (
        "InvalidParameter", f"the service {DYNAMODB} does not provide a private DNS name", DYNAMODB,
        lambda *_: {"PrivateDnsEnabled": True},
    ),
    "an option of S3's": (
        "InvalidParameter", INBOUND_ONLY, STS, lambda *_: {"DnsOptions": {INBOUND_ONLY: True}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals(world: World, case: str) -> None:
    code, words, service, asked = REFUSALS[case]
    net = ready(world)
    more = asked(world, net)
    before = len(world.endpoints())
    with refused(code, words):
        world.endpoint(net, service, **{**BY_DEFAULT, **more})
    assert len(world.endpoints()) == before
    assert len(world.interfaces(interface_type="vpc_endpoint")) == before


def test_dynamodb_has_no_private_dns_by_default(world: World) -> None:
    assert world.endpoint(ready(world), DYNAMODB, **BY_DEFAULT)["PrivateDnsEnabled"] is False
