"""Network settings as the API holds them: peering connections, Block Public Access, the health check's port."""

from __future__ import annotations

import pytest

from .world import World, refused


def route(world: World, table: str, cidr: str) -> tuple[str, str]:
    """Target and state of a route."""
    (told,) = world.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    (one,) = [one for one in told["Routes"] if one.get("DestinationCidrBlock") == cidr]
    return one.get("VpcPeeringConnectionId") or one["GatewayId"], one["State"]


def test_a_route_to_a_peering_connection_leads_on_while_that_is_active(world: World) -> None:
    ours, theirs = world.network(), world.network("10.0")
    made = world.ec2.create_vpc_peering_connection(VpcId=ours.vpc, PeerVpcId=theirs.vpc)
    peering = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    world.ec2.create_route(RouteTableId=ours.table, DestinationCidrBlock="10.0.0.0/16", VpcPeeringConnectionId=peering)
    assert route(world, ours.table, "10.0.0.0/16") == (peering, "blackhole")
    assert world.sandbox.cloud.view().peerings == {}
    world.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
    assert route(world, ours.table, "10.0.0.0/16") == (peering, "active")
    (seen,) = world.sandbox.cloud.view().peerings.values()
    assert (seen.other(ours.vpc), seen.other(theirs.vpc)) == (theirs.vpc, ours.vpc)
    world.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering)
    assert route(world, ours.table, "10.0.0.0/16") == (peering, "blackhole")
    assert world.sandbox.cloud.view().peerings == {}


def test_block_public_access_is_the_accounts_and_the_regions(world: World) -> None:
    vpc = world.vpc()
    other = World(world.sandbox, "210987654321")

    def mode(of: World) -> str:
        told = of.ec2.describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"]
        assert told["AwsAccountId"] == of.account
        return f"{told['InternetGatewayBlockMode']} {told['State']}"

    assert mode(world) == "off default-state"
    world.ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode="block-ingress")
    assert (mode(world), mode(other)) == ("block-ingress update-complete", "off default-state")
    elsewhere = other.vpc()

    def shown(of: World) -> list[str]:
        vpcs = of.ec2.describe_vpcs()["Vpcs"]
        return sorted({vpc["BlockPublicAccessStates"]["InternetGatewayBlockMode"] for vpc in vpcs})

    assert (shown(world), shown(other)) == (["block-ingress"], ["off"])
    view = world.sandbox.cloud.view()
    assert (view.vpcs[vpc].blocked, view.vpcs[elsewhere].blocked) == (True, False)
    for way, blocked in (("allow-egress", True), ("allow-bidirectional", False)):
        made = world.ec2.create_vpc_block_public_access_exclusion(VpcId=vpc, InternetGatewayExclusionMode=way)
        id = made["VpcBlockPublicAccessExclusion"]["ExclusionId"]
        assert world.sandbox.cloud.view().vpcs[vpc].blocked is blocked
        (told,) = world.ec2.describe_vpc_block_public_access_exclusions()["VpcBlockPublicAccessExclusions"]
        assert (told["ExclusionId"], told["State"]) == (id, "create-complete")
        assert told["ResourceArn"] == f"arn:aws:ec2:us-east-1:123456789012:vpc/{vpc}"
        assert other.ec2.describe_vpc_block_public_access_exclusions()["VpcBlockPublicAccessExclusions"] == []
        world.ec2.delete_vpc_block_public_access_exclusion(ExclusionId=id)
        assert world.sandbox.cloud.view().vpcs[vpc].blocked
    world.ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode="off")
    assert mode(world) == "off update-complete"
    assert world.sandbox.cloud.view().vpcs[vpc].blocked is False
    with refused("InvalidParameterValue", "block-everything"):
        world.ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode="block-everything")


@pytest.mark.parametrize(("port", "checked"), [("traffic-port", 0), ("22", 22)])
def test_the_port_of_the_health_check(world: World, port: str, checked: int) -> None:
    group = world.targets(world.network())
    world.elb.modify_target_group(TargetGroupArn=group, HealthCheckPort=port)
    assert world.elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]["HealthCheckPort"] == port
    assert world.sandbox.cloud.view().target_groups[group].check_port == checked
