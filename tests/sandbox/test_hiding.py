"""Fresh resources that are not seen yet, credentials that have expired: what every caller on AWS meets one day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from vpce_demo.sandbox.api.faults import InjectedFault

from .world import IMAGE_NAME, PUBLIC_KEY, Net, World, filters, named, refused

LONG = 1000.0
"""Seconds of hiding that do not end by themselves in a test."""


@pytest.fixture
def hiding(slow: World) -> World:
    """An account where what is made stays out of sight until ``seen``."""
    slow.sandbox.faults.hide(LONG)
    return slow


def seen(world: World) -> None:
    """Let time pass until everything made so far can be seen."""
    world.sandbox.clock.skip(LONG)


def codes(world: World, calls: dict[str, Callable[[], object]]) -> Iterator[tuple[str, str]]:
    for name, call in calls.items():
        try:
            call()
        except ClientError as error:
            yield name, str(error.response["Error"]["Code"])
        else:
            yield name, ""


def visible_network(world: World) -> Net:
    """A network that everybody sees; what is made afterwards is hidden."""
    world.sandbox.faults.hide(None)
    net = world.network()
    world.sandbox.clock.skip(10)
    world.sandbox.faults.hide(LONG)
    return net


def test_a_vpc_that_is_not_seen_yet(hiding: World) -> None:
    ec2 = hiding.ec2
    made = ec2.create_vpc(CidrBlock="20.0.0.0/16", TagSpecifications=named("vpc", "mine"))["Vpc"]
    vpc = made["VpcId"]
    assert made["State"] == "pending"
    assert made["Tags"] == [{"Key": "Name", "Value": "mine"}]
    assert [one["IsDefault"] for one in ec2.describe_vpcs()["Vpcs"]] == [True]
    assert ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["mine"]}])["Vpcs"] == []
    assert ec2.describe_tags(Filters=filters(resource_id=vpc))["Tags"] == []
    assert ec2.describe_security_groups(Filters=filters(vpc_id=vpc))["SecurityGroups"] == []
    calls = {
        "describe": lambda: ec2.describe_vpcs(VpcIds=[vpc]),
        "attribute": lambda: ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True}),
        "tags": lambda: ec2.create_tags(Resources=[vpc], Tags=[{"Key": "a", "Value": "b"}]),
        "subnet": lambda: hiding.subnet(vpc),
        "group": lambda: hiding.group(vpc),
        "table": lambda: ec2.create_route_table(VpcId=vpc),
        "delete": lambda: ec2.delete_vpc(VpcId=vpc),
    }
    assert set(codes(hiding, calls)) == {(name, "InvalidVpcID.NotFound") for name in calls}
    with refused("InvalidVpcID.NotFound", vpc):
        ec2.describe_vpcs(VpcIds=[vpc])
    seen(hiding)
    assert ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Tags"] == [{"Key": "Name", "Value": "mine"}]
    assert [one["VpcId"] for one in ec2.describe_vpcs(Filters=filters(cidr="20.0.0.0/16"))["Vpcs"]] == [vpc]
    assert dict(codes(hiding, {**calls, "delete": calls["describe"]})) == dict.fromkeys(calls, "")


def test_what_a_network_is_made_of(hiding: World) -> None:
    net, ec2 = visible_network(hiding), hiding.ec2
    subnet, gateway, group = hiding.subnet(net.vpc, "20.0.9.0/24"), hiding.gateway(), hiding.group(net.vpc, "late")
    table = ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    key = ec2.import_key_pair(KeyName="late", PublicKeyMaterial=PUBLIC_KEY)["KeyPairId"]
    calls: dict[str, Callable[[], object]] = {
        "InvalidSubnetID.NotFound": lambda: ec2.describe_subnets(SubnetIds=[subnet]),
        "InvalidInternetGatewayID.NotFound": lambda: ec2.attach_internet_gateway(
            InternetGatewayId=gateway, VpcId=net.vpc
        ),
        "InvalidGroup.NotFound": lambda: hiding.open(group, 22),
        "InvalidRouteTableID.NotFound": lambda: ec2.associate_route_table(RouteTableId=table, SubnetId=net.subnet),
        "InvalidGatewayID.NotFound": lambda: ec2.create_route(
            RouteTableId=net.table, DestinationCidrBlock="8.0.0.0/8", GatewayId=gateway
        ),
        "InvalidKeyPair.NotFound": lambda: ec2.describe_key_pairs(KeyNames=["late"]),
        "SubnetNotFound": lambda: hiding.elb.create_load_balancer(Name="a", Type="network", Subnets=[subnet]),
    }
    assert list(codes(hiding, calls)) == [(code, code) for code in calls]
    with refused("InvalidKeyPair.NotFound", key):
        ec2.describe_key_pairs(KeyPairIds=[key])
    shown = (
        ec2.describe_subnets(Filters=filters(vpc_id=net.vpc))["Subnets"],
        [one for one in ec2.describe_route_tables()["RouteTables"] if one["RouteTableId"] == table],
        ec2.describe_internet_gateways(InternetGatewayIds=[net.gateway])["InternetGateways"],
        ec2.describe_security_groups(Filters=filters(vpc_id=net.vpc))["SecurityGroups"],
        ec2.describe_key_pairs()["KeyPairs"],
    )
    assert [len(one) for one in shown] == [1, 0, 1, 2, 0]
    seen(hiding)
    assert len(ec2.describe_subnets(Filters=filters(vpc_id=net.vpc))["Subnets"]) == 2
    assert ec2.describe_key_pairs(KeyNames=["late"])["KeyPairs"][0]["KeyPairId"] == key
    assert hiding.open(group, 22)


def test_what_must_be_unique_is_known_all_the_same(hiding: World) -> None:
    net, ec2 = visible_network(hiding), hiding.ec2
    hiding.subnet(net.vpc, "20.0.9.0/24")
    with refused("InvalidSubnet.Conflict"):
        hiding.subnet(net.vpc, "20.0.9.0/24")
    hiding.group(net.vpc, "late")
    with refused("InvalidGroup.Duplicate"):
        hiding.group(net.vpc, "late")
    ec2.import_key_pair(KeyName="late", PublicKeyMaterial=PUBLIC_KEY)
    with refused("InvalidKeyPair.Duplicate"):
        ec2.import_key_pair(KeyName="late", PublicKeyMaterial=PUBLIC_KEY)
    balancer = hiding.balancer(net)["LoadBalancerArn"]
    assert hiding.balancer(net)["LoadBalancerArn"] == balancer
    with refused("DuplicateLoadBalancerName"):
        hiding.balancer(net, Scheme="internal")
    assert hiding.targets(net) == hiding.targets(net)
    with refused("DuplicateTargetGroupName"):
        hiding.targets(net, Port=81)


def test_a_client_token_finds_what_is_hidden(hiding: World) -> None:
    net = visible_network(hiding)
    assert hiding.instance(net, ClientToken="one") == hiding.instance(net, ClientToken="one")
    tables = [
        hiding.ec2.create_route_table(VpcId=net.vpc, ClientToken="two")["RouteTable"]["RouteTableId"] for _ in range(2)
    ]
    assert tables[0] == tables[1]
    seen(hiding)
    assert len(hiding.ec2.describe_instances()["Reservations"]) == 1


def test_a_repeated_create_hides_nothing_again(hiding: World) -> None:
    net = visible_network(hiding)
    hiding.sandbox.faults.hide(None)
    balancer = hiding.balancer(net)["LoadBalancerArn"]
    instance = hiding.instance(net, ClientToken="one")
    hiding.sandbox.faults.hide(LONG)
    assert hiding.balancer(net)["LoadBalancerArn"] == balancer
    assert hiding.instance(net, ClientToken="one") == instance
    assert hiding.elb.describe_load_balancers(LoadBalancerArns=[balancer])["LoadBalancers"]
    assert hiding.described(instance)


def test_an_instance(hiding: World) -> None:
    net = visible_network(hiding)
    ec2, elb, targets = hiding.ec2, hiding.elb, hiding.targets(net)
    seen(hiding)
    early, late = hiding.instance(net), ""
    seen(hiding)
    late = hiding.instance(net)
    listed = [one["InstanceId"] for each in ec2.describe_instances()["Reservations"] for one in each["Instances"]]
    assert listed == [early]
    assert len(ec2.describe_instances()["Reservations"]) == 1
    with refused("InvalidInstanceID.NotFound", late):
        ec2.describe_instances(InstanceIds=[early, late])
    with refused("InvalidInstanceID.NotFound", late):
        ec2.terminate_instances(InstanceIds=[early, late])
    assert hiding.described(early)["State"]["Name"] == "running"
    with refused("InvalidTarget", late):
        elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": late}])
    seen(hiding)
    elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": late}])
    assert len(hiding.health_list(targets)) == 1


def test_what_an_instance_needs(hiding: World) -> None:
    net = visible_network(hiding)
    image = hiding.image()
    fresh = Net(net.vpc, net.gateway, hiding.subnet(net.vpc, "20.0.9.0/24"), net.table, hiding.group(net.vpc, "late"))
    hiding.ec2.import_key_pair(KeyName="late", PublicKeyMaterial=PUBLIC_KEY)
    spec: dict[str, Any] = {"ImageId": image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    with refused("InvalidSubnetID.NotFound", fresh.subnet):
        hiding.run(fresh)
    with refused("InvalidGroup.NotFound", fresh.group):
        hiding.ec2.run_instances(**spec, SubnetId=net.subnet, SecurityGroupIds=[fresh.group])
    with refused("InvalidKeyPair.NotFound", "late"):
        hiding.instance(net, KeyName="late")
    seen(hiding)
    assert hiding.instance(fresh, KeyName="late")


def test_load_balancing(hiding: World) -> None:
    net = visible_network(hiding)
    elb, balancer, targets = hiding.elb, hiding.balancer(net)["LoadBalancerArn"], hiding.targets(net)
    calls: dict[str, Callable[[], object]] = {
        "by name": lambda: elb.describe_load_balancers(Names=["MyNetwork-LB"]),
        "by ARN": lambda: elb.describe_load_balancers(LoadBalancerArns=[balancer]),
        "tags": lambda: elb.describe_tags(ResourceArns=[balancer]),
        "listeners": lambda: elb.describe_listeners(LoadBalancerArn=balancer),
        "listener": lambda: hiding.listener(balancer, targets),
        "groups by name": lambda: elb.describe_target_groups(Names=["MyNetwork-TG"]),
        "group's tags": lambda: elb.describe_tags(ResourceArns=[targets]),
        "health": lambda: elb.describe_target_health(TargetGroupArn=targets),
    }
    of_group = ("groups by name", "group's tags", "health")
    told = {name: "TargetGroupNotFound" if name in of_group else "LoadBalancerNotFound" for name in calls}
    assert dict(codes(hiding, calls)) == told
    with refused("InvalidNetworkLoadBalancerArn.NotFound", balancer):
        hiding.service(balancer)
    assert elb.describe_load_balancers()["LoadBalancers"] == elb.describe_target_groups()["TargetGroups"] == []
    seen(hiding)
    listener = hiding.listener(balancer, targets)["ListenerArn"]
    assert elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"] == []
    with refused("ListenerNotFound"):
        elb.describe_listeners(ListenerArns=[listener])
    assert elb.describe_tags(ResourceArns=[balancer, targets])["TagDescriptions"]
    elb.delete_load_balancer(LoadBalancerArn=balancer)
    assert elb.describe_load_balancers()["LoadBalancers"] == []


def test_calls_that_never_say_not_found_do_their_work(hiding: World) -> None:
    net = visible_network(hiding)
    hiding.ec2.import_key_pair(KeyName="late", PublicKeyMaterial=PUBLIC_KEY)
    hiding.ec2.delete_key_pair(KeyName="late")
    hiding.elb.delete_load_balancer(LoadBalancerArn=hiding.balancer(net)["LoadBalancerArn"])
    hiding.elb.delete_target_group(TargetGroupArn=hiding.targets(net))
    seen(hiding)
    assert hiding.ec2.describe_key_pairs()["KeyPairs"] == []
    assert hiding.elb.describe_load_balancers()["LoadBalancers"] == []
    assert hiding.elb.describe_target_groups()["TargetGroups"] == []


def test_the_handshake(hiding: World) -> None:
    hiding.sandbox.faults.hide(None)
    net, customer = hiding.network(), hiding.network("10.0")
    balancer = hiding.balancer(net)["LoadBalancerArn"]
    hiding.sandbox.clock.skip(LONG)
    hiding.sandbox.faults.hide(LONG)
    ec2, service = hiding.ec2, hiding.service(balancer)
    hiding.sandbox.clock.skip(10)
    id, name = service["ServiceId"], service["ServiceName"]
    assert ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"] == []
    with refused("InvalidVpcEndpointServiceId.NotFound", id):
        ec2.describe_vpc_endpoint_service_configurations(ServiceIds=[id])
    with refused("InvalidServiceName", name):
        hiding.endpoint(customer, name)
    with refused("InvalidServiceName", name):
        ec2.describe_vpc_endpoint_services(ServiceNames=[name])
    looked_up = ec2.describe_vpc_endpoint_services()
    assert name not in looked_up["ServiceNames"]
    assert name not in [one["ServiceName"] for one in looked_up["ServiceDetails"]]
    failed = ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[id])["Unsuccessful"]
    assert [(one["ResourceId"], one["Error"]["Code"]) for one in failed] == [(id, "InvalidVpcEndpointService.NotFound")]
    seen(hiding)
    endpoint = hiding.endpoint(customer, name)["VpcEndpointId"]
    hiding.sandbox.clock.skip(10)
    with refused("InvalidVpcEndpointId.NotFound", endpoint):
        hiding.state(endpoint)
    assert hiding.endpoints(vpc_id=customer.vpc) == hiding.connections(id) == []
    failed = hiding.accept(id, endpoint)
    assert [(one["ResourceId"], one["Error"]["Code"]) for one in failed] == [(endpoint, "InvalidVpcEndpoint.NotFound")]
    assert endpoint in failed[0]["Error"]["Message"]
    seen(hiding)
    assert hiding.state(endpoint) == "pendingAcceptance"
    assert hiding.accept(id, endpoint) == []
    hiding.sandbox.clock.skip(100)
    assert hiding.state(endpoint) == "available"


def test_the_route_of_a_gateway_endpoint_is_hidden_with_it(hiding: World) -> None:
    net, ec2 = visible_network(hiding), hiding.ec2
    wanted = {"VpcId": net.vpc, "ServiceName": "com.amazonaws.us-east-1.s3", "RouteTableIds": [net.table]}
    endpoint = ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]["VpcEndpointId"]

    def targets() -> list[str]:
        (table,) = ec2.describe_route_tables(RouteTableIds=[net.table])["RouteTables"]
        return [one["GatewayId"] for one in table["Routes"]]

    assert targets() == ["local", net.gateway]
    assert ec2.describe_vpc_endpoints()["VpcEndpoints"] == []
    with refused("RouteAlreadyExists", net.table):
        ec2.create_vpc_endpoint(**wanted)
    seen(hiding)
    assert targets() == ["local", net.gateway, endpoint]


def test_other_services_are_answered_while_something_is_hidden(hiding: World) -> None:
    vpc = hiding.vpc()
    assert hiding.client("sts").get_caller_identity()["Account"] == hiding.account
    assert hiding.ssm.get_parameter(Name=IMAGE_NAME)["Parameter"]["Value"].startswith("ami-")
    assert hiding.client("iam").list_users()["Users"] == []
    hiding.ec2.describe_availability_zones()
    tagged = hiding.client("resourcegroupstaggingapi")
    hiding.sandbox.faults.hide(None)
    hiding.ec2.create_tags(Resources=[vpc], Tags=[{"Key": "mine", "Value": "yes"}])
    assert len(tagged.get_resources(TagFilters=[{"Key": "mine"}])["ResourceTagMappingList"]) == 1
    hiding.sandbox.faults.hide(LONG)
    late = hiding.ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=named("vpc", "late"))["Vpc"]["VpcId"]
    assert tagged.get_resources(TagFilters=[{"Key": "Name"}])["ResourceTagMappingList"] == []
    seen(hiding)
    assert late in tagged.get_resources(TagFilters=[{"Key": "Name"}])["ResourceTagMappingList"][0]["ResourceARN"]


def test_a_lost_reply_leaves_what_is_hidden(hiding: World) -> None:
    """The hardest case for a caller: no id from the answer, and nothing to be found for a while."""
    hiding.sandbox.faults.add(InjectedFault("drop-after", "CreateVpc", nth=1))
    with pytest.raises(Exception, match="Connection was closed"):
        hiding.vpc()
    assert len(hiding.ec2.describe_vpcs()["Vpcs"]) == 1
    seen(hiding)
    assert len(hiding.ec2.describe_vpcs()["Vpcs"]) == 2


def test_hiding_ends_when_it_is_told_to(hiding: World) -> None:
    vpc = hiding.vpc()
    told = hiding.sandbox.faults.as_dict()
    assert (told["hidden_seconds"], told["hidden"]) == (LONG, [vpc])
    hiding.sandbox.faults.hide(None)
    assert hiding.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]
    hiding.sandbox.faults.hide(LONG)
    assert hiding.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]
    other = hiding.gateway()
    hiding.sandbox.faults.clear()
    assert hiding.ec2.describe_internet_gateways(InternetGatewayIds=[other])["InternetGateways"]
    assert hiding.sandbox.faults.as_dict()["hidden_seconds"] is None


def test_a_clock_without_waits_hides_all_the_same(world: World) -> None:
    """``max`` shortens AWS's own waits; what was asked for passes by the machine's clock."""
    world.sandbox.faults.hide(0.2)
    vpc = world.vpc()
    with refused("InvalidVpcID.NotFound"):
        world.ec2.describe_vpcs(VpcIds=[vpc])
    world.sandbox.clock.skip(0.2)
    assert world.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]


@pytest.mark.parametrize(
    ("service", "call", "code", "status"),
    [
        ("ec2", "describe_vpcs", "RequestExpired", 400),
        ("elbv2", "describe_load_balancers", "ExpiredToken", 403),
        ("sts", "get_caller_identity", "ExpiredToken", 403),
        ("ssm", "describe_parameters", "ExpiredTokenException", 400),
    ],
)
def test_expired_credentials(world: World, service: str, call: str, code: str, status: int) -> None:
    world.sandbox.faults.expire()
    with pytest.raises(ClientError) as caught:
        getattr(world.client(service), call)()
    response = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert "expired" in response["Error"]["Message"]
    assert world.sandbox.calls()[-1].error == code
    world.sandbox.faults.expire(False)
    getattr(world.client(service), call)()
