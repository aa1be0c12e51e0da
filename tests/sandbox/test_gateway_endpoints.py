"""Gateway endpoints, their routes, and prefix lists (``aws-behaviours-2.md`` section 4)."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable
from typing import Any

import pytest

from vpce_demo.sandbox.handlers import vpc_endpoints
from vpce_demo.sandbox.store.moto import regions
from vpce_demo.sandbox.store.prefix_lists import RANGES, cidrs_of, id_of
from vpce_demo.sandbox.store.view import Route

from .world import Net, World, filters, refused

S3, DYNAMODB = "com.amazonaws.us-east-1.s3", "com.amazonaws.us-east-1.dynamodb"
S3_LIST = "pl-63a5400a"
NOBODY = "0123456789abcdef0"


def gateway(world: World, net: Net, service: str = S3, **more: Any) -> dict[str, Any]:
    wanted = {"VpcId": net.vpc, "ServiceName": service, "RouteTableIds": [net.table], **more}
    return dict(world.ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"])


def another_table(world: World, net: Net) -> str:
    return str(world.ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"])


def routes(world: World, table: str) -> list[dict[str, str]]:
    """Those of endpoints."""
    (shown,) = world.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    return [one for one in shown["Routes"] if one.get("GatewayId", "").startswith("vpce-")]


def route(endpoint: str, prefix_list: str = S3_LIST) -> dict[str, str]:
    """As AWS shows it."""
    return {
        "DestinationPrefixListId": prefix_list,
        "GatewayId": endpoint,
        "Origin": "CreateRoute",
        "State": "active",
    }


def test_a_gateway_endpoint_is_there_at_once_with_its_route(world: World) -> None:
    net = world.network()
    made = gateway(world, net)
    id = made["VpcEndpointId"]
    assert (made["VpcEndpointType"], made["State"], made["RouteTableIds"]) == ("Gateway", "available", [net.table])
    assert (made["SubnetIds"], made["Groups"], made["NetworkInterfaceIds"], made["DnsEntries"]) == ([], [], [], [])
    assert (made["PrivateDnsEnabled"], made["DnsOptions"]) == (False, {"DnsRecordIpType": "service-defined"})
    assert routes(world, net.table) == [route(id)]
    for name, value in {"gateway-id": id, "destination-prefix-list-id": S3_LIST}.items():
        found = world.ec2.describe_route_tables(Filters=filters(**{f"route.{name}": value}))["RouteTables"]
        assert [one["RouteTableId"] for one in found] == [net.table]
    second = gateway(world, net, DYNAMODB)["VpcEndpointId"]
    assert routes(world, net.table) == [route(id), route(second, "pl-02cd2c6b")]
    assert world.ec2.delete_vpc_endpoints(VpcEndpointIds=[id])["Unsuccessful"] == []
    assert routes(world, net.table) == [route(second, "pl-02cd2c6b")]
    assert [one["VpcEndpointId"] for one in world.endpoints()] == [second]


def test_its_route_follows_its_tables(world: World) -> None:
    net = world.network()
    id, other = gateway(world, net, RouteTableIds=[])["VpcEndpointId"], another_table(world, net)
    assert (routes(world, net.table), routes(world, other)) == ([], [])
    modify = world.ec2.modify_vpc_endpoint
    modify(VpcEndpointId=id, AddRouteTableIds=[net.table, other])
    modify(VpcEndpointId=id, AddRouteTableIds=[other])
    assert set(world.endpoints()[0]["RouteTableIds"]) == {net.table, other}
    assert (routes(world, net.table), routes(world, other)) == ([route(id)], [route(id)])
    modify(VpcEndpointId=id, RemoveRouteTableIds=[net.table])
    assert (routes(world, net.table), routes(world, other)) == ([], [route(id)])
    with refused("InvalidParameter", net.table):
        modify(VpcEndpointId=id, RemoveRouteTableIds=[net.table])
    world.ec2.delete_route_table(RouteTableId=other)
    assert world.endpoints()[0]["RouteTableIds"] == []
    with refused("InvalidRouteTableId.NotFound", other):
        modify(VpcEndpointId=id, RemoveRouteTableIds=[other])


def test_its_route_is_awss_own(world: World) -> None:
    net = world.network()
    id = gateway(world, net)["VpcEndpointId"]
    its = {"RouteTableId": net.table, "DestinationPrefixListId": S3_LIST}
    with refused("InvalidParameterValue", f"cannot remove VPC endpoint route {S3_LIST} in route table {net.table}"):
        world.ec2.delete_route(**its)
    words = "Cannot create or replace a prefix list route targeting a VPC Endpoint."
    for change in (world.ec2.create_route, world.ec2.replace_route):
        for target in (id, net.gateway):
            with refused("InvalidParameterValue", words):
                change(**its, GatewayId=target)
    with refused("InvalidParameterValue", words):
        world.ec2.create_route(RouteTableId=another_table(world, net), DestinationPrefixListId=S3_LIST, GatewayId=id)
    for target in ({"GatewayId": id}, {"VpcEndpointId": id}):
        with refused("InvalidParameterValue", f"Route table contains unsupported route target: {id}"):
            world.ec2.create_route(RouteTableId=net.table, DestinationCidrBlock="192.0.2.0/24", **target)
    assert routes(world, net.table) == [route(id)]
    with refused("InvalidParameterValue", f"cannot remove local route 20.0.0.0/16 in route table {net.table}"):
        world.ec2.delete_route(RouteTableId=net.table, DestinationCidrBlock="20.0.0.0/16")


def policy(**changed: Any) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", **changed}]})


ACCOUNT = {"AWS": "arn:aws:iam::123456789012:root"}
REFUSALS: dict[str, tuple[str, str, Callable[[World, Net], dict[str, Any]]]] = {
    "a second one on the table": (
        "RouteAlreadyExists",
        "already has a route with destination-prefix-list-id pl-63a5400a",
        lambda world, net: gateway(world, net) and {},
    ),
    "a service that has interface endpoints only": (
        "InvalidParameter",
        "Endpoint type (Gateway) does not match available service types ([Interface]).",
        lambda world, net: {"ServiceName": "com.amazonaws.us-east-1.sts"},
    ),
    "a service of another region": (
        "InvalidServiceName",
        "does not exist",
        lambda world, net: {"ServiceName": "com.amazonaws.us-west-2.s3"},
    ),
    "subnets": (
        "InvalidParameter",
        "Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints.",
        lambda world, net: {"SubnetIds": [net.subnet]},
    ),
    "route tables of an interface endpoint": (
        "InvalidParameter",
        "Route table IDs are only supported for Gateway type VPC Endpoint.",
        lambda world, net: {"VpcEndpointType": "Interface"},
    ),
    "groups": ("InvalidParameter", "", lambda world, net: {"SecurityGroupIds": [net.group]}),
    "private DNS": ("InvalidParameter", "", lambda world, net: {"PrivateDnsEnabled": True}),
    "a table that is not there": (
        "InvalidRouteTableId.NotFound",
        NOBODY,
        lambda world, net: {"RouteTableIds": [net.table, f"rtb-{NOBODY}"]},
    ),
    "a table of another VPC": (
        "InvalidParameter",
        "belong to different networks",
        lambda world, net: {"RouteTableIds": [net.table, world.network("10.0").table]},
    ),
    "a policy that is none": ("InvalidPolicyDocument", "", lambda world, net: {"PolicyDocument": '{"Statement": ['}),
    "a policy without statements": ("InvalidPolicyDocument", "", lambda world, net: {"PolicyDocument": "{}"}),
    "a policy that is too long": (
        "InvalidPolicyDocument",
        "",
        lambda world, net: {"PolicyDocument": policy(Sid="a" * 20_480)},
    ),
    "a policy with another principal": (
        "InvalidPolicyDocument",
        "Principal",
        lambda world, net: {"PolicyDocument": policy(Principal=ACCOUNT)},
    ),
}
"""What CreateVpcEndpoint refuses: code, words, and what is asked beside a gateway endpoint for S3 on the table.  Where
AWS's code is not known, ``docs/sandbox.md`` says so."""  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals(world: World, case: str) -> None:
    code, words, asked = REFUSALS[case]
    net = world.network()
    more = asked(world, net)
    before = routes(world, net.table)
    with refused(code, words):
        gateway(world, net, **more)
    assert routes(world, net.table) == before


def test_refusals_of_a_change(world: World) -> None:
    net = world.network()
    first, second = (gateway(world, net, RouteTableIds=tables)["VpcEndpointId"] for tables in ([net.table], []))
    modify = world.ec2.modify_vpc_endpoint
    with refused("RouteAlreadyExists", net.table):
        modify(VpcEndpointId=second, AddRouteTableIds=[another_table(world, net), net.table])
    with refused("InvalidParameter", "Subnet IDs are only supported for"):
        modify(VpcEndpointId=first, AddSubnetIds=[net.subnet])
    with refused("InvalidPolicyDocument"):
        modify(VpcEndpointId=first, PolicyDocument=policy(Principal=ACCOUNT))
    for other in (policy(Effect="Deny"), policy(Principal={"AWS": "*"})):
        modify(VpcEndpointId=first, PolicyDocument=other)
        assert world.endpoints(vpc_endpoint_id=first)[0]["PolicyDocument"] == other
    modify(VpcEndpointId=first, ResetPolicy=True)
    assert '"Effect":"Allow"' in world.endpoints(vpc_endpoint_id=first)[0]["PolicyDocument"]
    assert [one["RouteTableIds"] for one in world.endpoints()] == [[net.table], []]


def test_a_region_has_so_many(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.sandbox.cloud.quotas["gateway-endpoints"] == 20
    monkeypatch.setitem(world.sandbox.cloud.quotas, "gateway-endpoints", 2)
    net, other = world.network(), world.network("10.0")
    gateway(world, net)
    gateway(world, other)
    with refused("VpcEndpointLimitExceeded", "us-east-1"):
        gateway(world, other, DYNAMODB)
    monkeypatch.setitem(world.sandbox.cloud.quotas, "gateway-endpoints", 3)
    monkeypatch.setattr(vpc_endpoints, "MOST_GATEWAYS", 1)
    with refused("VpcEndpointLimitExceeded", other.vpc):
        gateway(world, other, DYNAMODB)
    gateway(world, world.network("11.0"))


def test_s3_is_two_services(world: World) -> None:
    told = world.ec2.describe_vpc_endpoint_services(ServiceNames=[S3])
    assert told["ServiceNames"] == [S3, S3]
    shown = {one["ServiceType"][0]["ServiceType"]: one for one in told["ServiceDetails"]}
    assert set(shown) == {"Gateway", "Interface"}
    assert len({one["ServiceId"] for one in shown.values()}) == 2
    assert shown["Gateway"]["BaseEndpointDnsNames"] == ["s3.us-east-1.amazonaws.com"]
    assert shown["Interface"]["BaseEndpointDnsNames"] == ["s3.us-east-1.vpce.amazonaws.com"]
    told = world.ec2.describe_vpc_endpoint_services(Filters=filters(service_type="Gateway"))
    assert told["ServiceNames"] == [DYNAMODB, S3]


def test_prefix_lists_by_name(world: World) -> None:
    (shown,) = world.ec2.describe_prefix_lists(Filters=filters(prefix_list_name=S3))["PrefixLists"]
    assert (shown["PrefixListId"], shown["PrefixListName"]) == (S3_LIST, S3)
    assert shown["Cidrs"] == cidrs_of(S3, "us-east-1") != []
    (managed,) = world.ec2.describe_managed_prefix_lists(Filters=filters(prefix_list_name=S3))["PrefixLists"]
    assert (managed["PrefixListId"], managed["OwnerId"], managed["AddressFamily"]) == (S3_LIST, "AWS", "IPv4")
    assert managed["PrefixListArn"] == f"arn:aws:ec2:us-east-1:aws:prefix-list/{S3_LIST}"
    entries = world.ec2.get_managed_prefix_list_entries(PrefixListId=S3_LIST)["Entries"]
    assert [one["Cidr"] for one in entries] == shown["Cidrs"]
    (again,) = world.ec2.describe_prefix_lists(PrefixListIds=[S3_LIST])["PrefixLists"]
    assert again == shown
    for change in (world.ec2.modify_managed_prefix_list, world.ec2.delete_managed_prefix_list):
        with refused("OperationNotPermitted"):
            change(PrefixListId=S3_LIST)


def test_a_prefix_list_that_is_not_there(world: World) -> None:
    """Its code has two spellings."""
    with refused("InvalidPrefixListId.NotFound"):
        world.ec2.describe_prefix_lists(PrefixListIds=[f"pl-{NOBODY}"])
    with refused("InvalidPrefixListID.NotFound"):
        world.ec2.describe_managed_prefix_lists(PrefixListIds=[f"pl-{NOBODY}"])
    for operation in ("get_managed_prefix_list_entries", "modify_managed_prefix_list", "delete_managed_prefix_list"):
        with refused("InvalidPrefixListID.NotFound"):
            getattr(world.ec2, operation)(PrefixListId=f"pl-{NOBODY}")


def test_no_address_is_in_two_lists() -> None:
    """Of two services, or of two regions: a gateway endpoint leads to its own region only."""
    known = [
        ipaddress.ip_network(cidr)
        for region in regions()
        for service in RANGES
        for cidr in cidrs_of(f"com.amazonaws.{region}.{service}", region)
    ]
    assert len(known) == len(set(known)) == 2 * len(regions())
    assert all(one.subnet_of(ipaddress.ip_network("198.18.0.0/15")) for one in known)  # type: ignore[arg-type]
    assert id_of("com.amazonaws.eu-west-3.s3", "eu-west-3") == id_of("com.amazonaws.eu-west-3.s3", "eu-west-3")


def test_the_network_sees_the_route_by_address(world: World) -> None:
    """For a customer's own prefix list too, in routes and in the rules of groups."""
    net = world.network()
    id = gateway(world, net)["VpcEndpointId"]
    entries = [{"Cidr": "192.0.2.0/25"}, {"Cidr": "192.0.2.192/26"}]
    own = world.ec2.create_managed_prefix_list(
        PrefixListName="own", MaxEntries=5, AddressFamily="IPv4", Entries=entries
    )["PrefixList"]["PrefixListId"]
    world.ec2.create_route(RouteTableId=net.table, DestinationPrefixListId=own, GatewayId=net.gateway)
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "PrefixListIds": [{"PrefixListId": own}]}
    world.ec2.authorize_security_group_ingress(GroupId=net.group, IpPermissions=[rule])
    view = world.sandbox.cloud.view()
    assert view.subnets[net.subnet].routes[-2:] == (
        Route(S3_LIST, id, True, tuple(cidrs_of(S3, "us-east-1"))),
        Route(own, net.gateway, True, tuple(one["Cidr"] for one in entries)),
    )
    assert ("192.0.2.0/25", "192.0.2.192/26") in [one.cidrs for one in view.groups[net.group].ingress]
