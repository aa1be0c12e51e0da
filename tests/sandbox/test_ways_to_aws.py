"""What the network sees of endpoints to AWS's own services that were made over the API."""

from __future__ import annotations

import json
from dataclasses import replace

from vpce_demo.sandbox.network.decide import decide
from vpce_demo.sandbox.network.names import AWS, addresses
from vpce_demo.sandbox.store.view import Health

from .world import World

S3, STS = "s3.us-east-1.amazonaws.com", "sts.us-east-1.amazonaws.com"
DENIES = json.dumps({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]})


def way(world: World, instance: str, name: str) -> tuple[str, str, str]:
    """To a name from an instance: the address, the host that it reaches, and the last hop."""
    view = world.sandbox.cloud.view()
    source = view.interfaces[view.instances[instance].interface_id]
    address = addresses(view, name, source.vpc_id)[0]
    decision = decide(view, source.id, address, 443, lambda *_: Health())
    return address, decision.host, str(decision.settled_by)


def test_the_way_by_a_nat_gateway(world: World) -> None:
    net = world.network()
    private = replace(net, subnet=world.subnet(net.vpc, "20.0.2.0/24"))
    address = world.ec2.allocate_address(Domain="vpc")
    made = world.ec2.create_nat_gateway(SubnetId=net.subnet, AllocationId=address["AllocationId"])["NatGateway"]
    table = world.ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    world.ec2.associate_route_table(RouteTableId=table, SubnetId=private.subnet)
    wanted = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": made["NatGatewayId"]}
    world.ec2.create_route(**wanted)
    instance = world.instance(private, NetworkInterfaces=None, SubnetId=private.subnet, SecurityGroupIds=[net.group])
    view = world.sandbox.cloud.view()
    source = view.interfaces[view.instances[instance].interface_id]
    assert source.public_address is None
    decision = decide(view, source.id, addresses(view, S3)[0], 443, lambda *_: Health())
    assert (decision.host, decision.source) == (AWS, address["PublicIp"])


def test_the_ways_from_a_private_instance(world: World) -> None:
    net = world.network()
    net = replace(net, subnet=world.subnet(net.vpc, "20.0.2.0/24"))
    private = world.ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    world.ec2.associate_route_table(RouteTableId=private, SubnetId=net.subnet)
    instance = world.instance(net)
    address, host, last = way(world, instance, S3)
    assert (host, last) == ("", f"{private}: has no route to {address}")

    wanted = {"VpcId": net.vpc, "ServiceName": "com.amazonaws.us-east-1.s3", "RouteTableIds": [private]}
    gateway = world.ec2.create_vpc_endpoint(**wanted, PolicyDocument=DENIES)["VpcEndpoint"]["VpcEndpointId"]
    assert way(world, instance, S3) == (address, AWS, f"{gateway}: takes it to com.amazonaws.us-east-1.s3")
    view = world.sandbox.cloud.view()
    assert view.endpoints[gateway].policy == DENIES
    (route,) = [one for one in view.subnets[net.subnet].routes if one.target == gateway]
    (shown,) = world.ec2.describe_prefix_lists(PrefixListIds=[route.destination])["PrefixLists"]
    assert (shown["PrefixListName"], shown["Cidrs"]) == (wanted["ServiceName"], list(route.cidrs))

    egress = world.ec2.describe_security_groups(GroupIds=[net.group])["SecurityGroups"][0]["IpPermissionsEgress"]
    world.ec2.revoke_security_group_egress(GroupId=net.group, IpPermissions=egress)
    assert way(world, instance, S3)[2].startswith(f"{net.group} (web): has no outbound rule for tcp/443")
    to_list = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "PrefixListIds": [{"PrefixListId": shown["PrefixListId"]}],
    }
    world.ec2.authorize_security_group_egress(GroupId=net.group, IpPermissions=[to_list])
    assert way(world, instance, S3)[1] == AWS

    world.ec2.authorize_security_group_egress(GroupId=net.group, IpPermissions=egress)
    public, _, last = way(world, instance, STS)
    assert last == f"{private}: has no route to {public}"
    world.ec2.modify_vpc_attribute(VpcId=net.vpc, EnableDnsHostnames={"Value": True})
    group = world.group(net.vpc, "sts")
    wanted = {"VpcId": net.vpc, "ServiceName": "com.amazonaws.us-east-1.sts", "VpcEndpointType": "Interface"}
    made = world.ec2.create_vpc_endpoint(
        **wanted, SubnetIds=[net.subnet], SecurityGroupIds=[group], PrivateDnsEnabled=True
    )["VpcEndpoint"]
    (interface,) = world.ec2.describe_network_interfaces(NetworkInterfaceIds=made["NetworkInterfaceIds"])[
        "NetworkInterfaces"
    ]
    assert way(world, instance, STS)[::2] == (
        interface["PrivateIpAddress"],
        f"{group} (sts): has no inbound rule for tcp/443 from {world.described(instance)['PrivateIpAddress']}",
    )
    world.open(group, 443)
    endpoint = made["VpcEndpointId"]
    for name in (STS, made["DnsEntries"][0]["DnsName"]):
        assert way(world, instance, name)[1:] == (AWS, f"{endpoint}: takes it to com.amazonaws.us-east-1.sts")
    world.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PrivateDnsEnabled=False)
    assert way(world, instance, STS)[0] == public
    world.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PrivateDnsEnabled=True)
    world.ec2.modify_vpc_attribute(VpcId=net.vpc, EnableDnsHostnames={"Value": False})
    assert way(world, instance, STS)[0] == public
    world.ec2.modify_vpc_attribute(VpcId=net.vpc, EnableDnsSupport={"Value": False})
    assert addresses(world.sandbox.cloud.view(), STS, net.vpc) == ()
    world.ec2.modify_vpc_endpoint(VpcEndpointId=gateway, RemoveRouteTableIds=[private])
    assert world.sandbox.cloud.view().subnets[net.subnet].routes == view.subnets[net.subnet].routes[:1]
