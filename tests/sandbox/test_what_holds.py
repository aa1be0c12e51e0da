"""What holds a VPC, and what AWS keeps in it for others: each must go first (``aws-behaviours-2.md`` section 12)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

import pytest

from .world import World, filters, refused

Undo = Callable[[], object]


def egress_only_gateway(world: World, vpc: str) -> Undo:
    made = world.ec2.create_egress_only_internet_gateway(VpcId=vpc)["EgressOnlyInternetGateway"]
    id = made["EgressOnlyInternetGatewayId"]
    return lambda: world.ec2.delete_egress_only_internet_gateway(EgressOnlyInternetGatewayId=id)


def internet_gateway(world: World, vpc: str) -> Undo:
    id = world.gateway(vpc)
    return lambda: world.ec2.detach_internet_gateway(InternetGatewayId=id, VpcId=vpc)


def carrier_gateway(world: World, vpc: str) -> Undo:
    id = world.ec2.create_carrier_gateway(VpcId=vpc)["CarrierGateway"]["CarrierGatewayId"]
    return lambda: world.ec2.delete_carrier_gateway(CarrierGatewayId=id)


def vpn_gateway(world: World, vpc: str) -> Undo:
    id = world.ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    world.ec2.attach_vpn_gateway(VpcId=vpc, VpnGatewayId=id)
    return lambda: world.ec2.detach_vpn_gateway(VpcId=vpc, VpnGatewayId=id)


def peering(world: World, vpc: str, *, accepter: bool) -> Undo:
    other = world.vpc("10.0.0.0/16")
    ends = (other, vpc) if accepter else (vpc, other)
    made = world.ec2.create_vpc_peering_connection(VpcId=ends[0], PeerVpcId=ends[1])["VpcPeeringConnection"]
    id = made["VpcPeeringConnectionId"]
    world.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
    return lambda: world.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=id)


def subnet(world: World, vpc: str) -> Undo:
    id = world.subnet(vpc)
    return lambda: world.ec2.delete_subnet(SubnetId=id)


def transit_gateway(world: World, vpc: str) -> Undo:
    undo = subnet(world, vpc)
    gateway = world.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    subnets = [one["SubnetId"] for one in world.ec2.describe_subnets()["Subnets"] if one["VpcId"] == vpc]
    made = world.ec2.create_transit_gateway_vpc_attachment(TransitGatewayId=gateway, VpcId=vpc, SubnetIds=subnets)
    id = made["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    undo()
    return lambda: world.ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=id)


def group(world: World, vpc: str) -> Undo:
    id = world.group(vpc)
    return lambda: world.ec2.delete_security_group(GroupId=id)


def route_table(world: World, vpc: str) -> Undo:
    id = world.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    return lambda: world.ec2.delete_route_table(RouteTableId=id)


def network_acl(world: World, vpc: str) -> Undo:
    id = world.ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    return lambda: world.ec2.delete_network_acl(NetworkAclId=id)


def gateway_endpoint(world: World, vpc: str) -> Undo:
    made = world.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3")["VpcEndpoint"]
    return lambda: world.ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])


HOLDERS: dict[str, Callable[[World, str], Undo]] = {
    "subnet": subnet,
    "group": group,
    "route table": route_table,
    "network ACL": network_acl,
    "internet gateway": internet_gateway,
    "egress-only internet gateway": egress_only_gateway,
    "carrier gateway": carrier_gateway,
    "virtual private gateway": vpn_gateway,
    "gateway endpoint": gateway_endpoint,
    "peering, as requester": lambda world, vpc: peering(world, vpc, accepter=False),
    "peering, as accepter": lambda world, vpc: peering(world, vpc, accepter=True),
    "transit gateway": transit_gateway,
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_vpc_is_held(world: World, holder: str) -> None:
    vpc = world.vpc()
    undo = HOLDERS[holder](world, vpc)
    with refused("DependencyViolation", f"The vpc '{vpc}' has dependencies and cannot be deleted."):
        world.ec2.delete_vpc(VpcId=vpc)
    undo()
    world.ec2.delete_vpc(VpcId=vpc)


# --- NAT gateways -------------------------------------------------------------------------------------------------


def test_the_interface_of_a_nat_gateway_is_aws_s(slow: World) -> None:
    net = slow.network()
    address = slow.ec2.allocate_address(Domain="vpc")
    allocation = address["AllocationId"]
    made = slow.ec2.create_nat_gateway(SubnetId=net.subnet, AllocationId=allocation)["NatGateway"]
    id, (given,) = made["NatGatewayId"], made["NatGatewayAddresses"]
    route = {"RouteTableId": net.table, "DestinationCidrBlock": "198.51.100.0/24"}
    slow.ec2.create_route(**route, NatGatewayId=id)
    assert made["State"] == "pending"
    slow.sandbox.clock.skip(101)
    (seen,) = slow.ec2.describe_nat_gateways(NatGatewayIds=[id])["NatGateways"]
    assert (seen["State"], seen["NatGatewayAddresses"][0]["PrivateIp"]) == ("available", given["PrivateIp"])
    (one,) = slow.interfaces(vpc_id=net.vpc)
    assert one["NetworkInterfaceId"] == given["NetworkInterfaceId"]
    assert (one["InterfaceType"], one["RequesterManaged"], one["Status"]) == ("nat_gateway", True, "in-use")
    assert one["Description"] == f"Interface for NAT Gateway {id}"
    assert one["PrivateIpAddress"] == given["PrivateIp"]
    assert ipaddress.ip_address(given["PrivateIp"]) in ipaddress.ip_network("20.0.1.0/24")
    assert (one["Groups"], one["SourceDestCheck"]) == ([], False)
    assert one["Association"]["PublicIp"] == address["PublicIp"]
    attachment = one["Attachment"]
    assert (attachment["InstanceOwnerId"], attachment["DeviceIndex"]) == ("amazon-aws", 1)

    with refused("InvalidParameterValue", f"Network interface '{one['NetworkInterfaceId']}' is currently in use."):
        slow.ec2.delete_network_interface(NetworkInterfaceId=one["NetworkInterfaceId"])
    with refused("OperationNotPermitted", "ela-attach"):
        slow.ec2.detach_network_interface(AttachmentId=attachment["AttachmentId"])
    with refused("InvalidIPAddress.InUse", address["PublicIp"]):
        slow.ec2.release_address(AllocationId=allocation)
    with refused("AuthFailure"):
        slow.ec2.disassociate_address(AssociationId=one["Association"]["AssociationId"])
    with refused("DependencyViolation"):
        slow.ec2.delete_subnet(SubnetId=net.subnet)
    with refused("DependencyViolation", "mapped public address(es)"):
        slow.ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)

    slow.ec2.delete_nat_gateway(NatGatewayId=id)
    assert slow.ec2.describe_nat_gateways(NatGatewayIds=[id])["NatGateways"][0]["State"] == "deleting"
    assert len(slow.interfaces(vpc_id=net.vpc)) == 1
    slow.sandbox.clock.skip(51)
    assert slow.ec2.describe_nat_gateways(NatGatewayIds=[id])["NatGateways"][0]["State"] == "deleted"
    assert slow.interfaces(vpc_id=net.vpc) == []
    routes = slow.ec2.describe_route_tables(RouteTableIds=[net.table])["RouteTables"][0]["Routes"]
    assert [one["State"] for one in routes if one.get("NatGatewayId")] == ["blackhole"]
    slow.ec2.release_address(AllocationId=allocation)
    slow.ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
    slow.ec2.delete_subnet(SubnetId=net.subnet)
    slow.sandbox.clock.skip(3601)
    with refused("NatGatewayNotFound", f"NAT gateway {id} was not found"):
        slow.ec2.describe_nat_gateways(NatGatewayIds=[id])


def test_a_public_nat_gateway_needs_an_address(world: World) -> None:
    net = world.network()
    with refused("MissingParameter", "AllocationId"):
        world.ec2.create_nat_gateway(SubnetId=net.subnet)
    made = world.ec2.create_nat_gateway(SubnetId=net.subnet, ConnectivityType="private")["NatGateway"]
    with refused("DependencyViolation"):
        world.ec2.delete_vpc(VpcId=net.vpc)
    world.ec2.delete_nat_gateway(NatGatewayId=made["NatGatewayId"])
    assert world.interfaces(vpc_id=net.vpc) == []


# --- route tables, groups, endpoints ------------------------------------------------------------------------------


def main_association(world: World, vpc: str) -> tuple[str, str]:
    """The VPC's main route table and the id of its association as such."""
    (table,) = world.ec2.describe_route_tables(
        Filters=[*filters(vpc_id=vpc), {"Name": "association.main", "Values": ["true"]}]
    )["RouteTables"]
    (one,) = [each for each in table["Associations"] if each["Main"]]
    return table["RouteTableId"], one["RouteTableAssociationId"]


def test_the_main_route_table_moves_and_comes_back(world: World) -> None:
    net = world.network()
    first, association = main_association(world, net.vpc)
    with refused("InvalidParameterValue", f"cannot disassociate the main route table association {association}"):
        world.ec2.disassociate_route_table(AssociationId=association)
    answer = world.ec2.replace_route_table_association(AssociationId=association, RouteTableId=net.table)
    moved = answer["NewAssociationId"]
    assert re.fullmatch(r"rtbassoc-[0-9a-f]{17}", moved)
    assert moved != association
    assert main_association(world, net.vpc) == (net.table, moved)
    world.ec2.delete_subnet(SubnetId=net.subnet)  # of the table's associations only the main one is left
    with refused("DependencyViolation", f"The routeTable '{net.table}' has dependencies and cannot be deleted."):
        world.ec2.delete_route_table(RouteTableId=net.table)
    with refused("InvalidAssociationID.NotFound", association):
        world.ec2.replace_route_table_association(AssociationId=association, RouteTableId=first)
    with refused("InvalidParameterValue", "belong to different networks"):
        other, _ = main_association(world, world.vpc("10.0.0.0/16"))
        world.ec2.replace_route_table_association(AssociationId=moved, RouteTableId=other)
    world.ec2.replace_route_table_association(AssociationId=moved, RouteTableId=first)
    assert main_association(world, net.vpc)[0] == first
    world.ec2.delete_route_table(RouteTableId=net.table)


def test_a_vpc_takes_its_main_table_with_it_whichever_that_is(world: World) -> None:
    vpc = world.vpc()
    first, association = main_association(world, vpc)
    table = world.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    world.ec2.replace_route_table_association(AssociationId=association, RouteTableId=table)
    with refused("DependencyViolation"):
        world.ec2.delete_vpc(VpcId=vpc)
    world.ec2.delete_route_table(RouteTableId=first)
    world.ec2.delete_vpc(VpcId=vpc)
    assert world.ec2.describe_route_tables(Filters=filters(vpc_id=vpc))["RouteTables"] == []


@pytest.mark.parametrize("direction", ["ingress", "egress"])
@pytest.mark.parametrize("of", ["default", "friend"])
def test_a_group_is_held_by_the_rules_of_others(world: World, direction: str, of: str) -> None:
    vpc = world.vpc()
    group = world.group(vpc)
    if of == "friend":
        world.group(vpc, "friend")
    (holder,) = world.ec2.describe_security_groups(Filters=filters(vpc_id=vpc, group_name=of))["SecurityGroups"]
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": group}]}
    call = {"GroupId": holder["GroupId"], "IpPermissions": [rule]}
    getattr(world.ec2, f"authorize_security_group_{direction}")(**call)

    def found(filter: str) -> list[str]:
        wanted = [{"Name": filter, "Values": [group]}]
        return [one["GroupId"] for one in world.ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]]

    names = {"ingress": "ip-permission.group-id", "egress": "egress.ip-permission.group-id"}
    assert {each: found(name) for each, name in names.items()} == {
        each: [holder["GroupId"]] if each == direction else [] for each in names
    }
    with refused("DependencyViolation", f"resource {group} has a dependent object"):
        world.ec2.delete_security_group(GroupId=group)
    getattr(world.ec2, f"revoke_security_group_{direction}")(**call)
    world.ec2.delete_security_group(GroupId=group)


def test_whose_an_endpoint_is(world: World) -> None:
    _, customer, *_, endpoint = world.joined()
    theirs = world.endpoint(customer, "com.amazonaws.us-east-1.guardduty-data")
    plain = world.endpoint(customer, "com.amazonaws.us-east-1.ssm")
    assert {one["VpcEndpointId"]: one["RequesterManaged"] for one in world.endpoints()} == {
        endpoint["VpcEndpointId"]: False,
        plain["VpcEndpointId"]: False,
        theirs["VpcEndpointId"]: True,
    }
