"""PrivateLink's handshake on the clock: every station between the request and the end of it."""

from __future__ import annotations

from dataclasses import dataclass

import boto3
import pytest

from vpce_demo.sandbox.store.view import InterfaceOwner

from .world import Net, World, filters, refused

OTHER = "210987654321"


@dataclass
class Scene:
    """A service that is available, and a customer's network; nothing has been asked yet."""

    world: World
    provider: Net
    customer: Net
    balancer: str
    service: str
    name: str

    def request(self) -> str:
        return str(self.world.endpoint(self.customer, self.name)["VpcEndpointId"])

    def skip(self, seconds: float) -> None:
        self.world.sandbox.clock.skip(seconds)

    def reject(self, endpoint: str) -> list[str]:
        answer = self.world.ec2.reject_vpc_endpoint_connections(ServiceId=self.service, VpcEndpointIds=[endpoint])
        return [one["Error"]["Code"] for one in answer["Unsuccessful"]]

    def end(self) -> list[str]:
        answer = self.world.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[self.service])
        return [one["Error"]["Code"] for one in answer["Unsuccessful"]]


@pytest.fixture
def scene(slow: World) -> Scene:
    provider = slow.network()
    balancer = str(slow.balancer(provider)["LoadBalancerArn"])
    slow.sandbox.clock.skip(121)
    service = slow.service(balancer)
    slow.sandbox.clock.skip(16)
    return Scene(slow, provider, slow.network("10.0"), balancer, service["ServiceId"], service["ServiceName"])


def test_from_request_to_the_end(scene: Scene) -> None:
    world, endpoint = scene.world, scene.request()
    assert world.state(endpoint) == "pendingAcceptance"
    assert world.connections(scene.service) == []
    scene.skip(3)
    assert [one["VpcEndpointState"] for one in world.connections(scene.service)] == ["pendingAcceptance"]
    assert world.accept(scene.service, endpoint) == []
    assert world.state(endpoint) == "pending"
    scene.skip(55)
    assert world.state(endpoint) == "pending"
    scene.skip(6)
    assert world.state(endpoint) == "available"
    assert [one["VpcEndpointState"] for one in world.connections(scene.service)] == ["available"]
    assert scene.end() == ["ExistingVpcEndpointConnections"]
    world.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    assert world.state(endpoint) == "deleting"
    assert scene.end() == []
    with refused("ResourceInUse"):
        world.elb.delete_load_balancer(LoadBalancerArn=scene.balancer)
    scene.skip(6)
    world.elb.delete_load_balancer(LoadBalancerArn=scene.balancer)
    scene.skip(90)
    assert world.endpoints() == []
    assert world.ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"] == []
    assert world.interfaces() == []


def test_a_deleted_endpoint_is_deleting_then_deleted_then_unknown(scene: Scene) -> None:
    world, customer, endpoint = scene.world, scene.customer, scene.request()
    assert world.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])["Unsuccessful"] == []
    assert world.state(endpoint) == "deleting"
    assert len(world.interfaces(vpc_id=customer.vpc)) == 1
    scene.skip(61)
    assert world.state(endpoint) == "deleted"
    assert world.interfaces(vpc_id=customer.vpc) == []
    scene.skip(21)
    with refused("InvalidVpcEndpointId.NotFound"):
        world.state(endpoint)


def test_what_is_not_listed_yet_can_be_accepted(scene: Scene) -> None:
    world, endpoint = scene.world, scene.request()
    assert world.connections(scene.service) == []
    assert world.accept(scene.service, endpoint) == []
    scene.skip(61)
    assert world.state(endpoint) == "available"


def test_accepted_without_asking(scene: Scene) -> None:
    scene.world.ec2.modify_vpc_endpoint_service_configuration(ServiceId=scene.service, AcceptanceRequired=False)
    endpoint = scene.request()
    assert scene.world.state(endpoint) == "pending"
    scene.skip(61)
    assert scene.world.state(endpoint) == "available"


@pytest.mark.parametrize("accepted", [False, True])
def test_rejected(scene: Scene, accepted: bool) -> None:
    endpoint = scene.request()
    scene.skip(3)
    if accepted:
        scene.world.accept(scene.service, endpoint)
    assert scene.reject(endpoint) == []
    scene.skip(120)
    assert scene.world.state(endpoint) == "rejected"
    assert scene.reject(endpoint) == ["InvalidState"]
    assert [one["Error"]["Code"] for one in scene.world.accept(scene.service, endpoint)] == ["InvalidState"]
    assert scene.end() == []
    scene.skip(60)
    assert scene.world.ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"] == []
    assert [one["VpcEndpointState"] for one in scene.world.connections(scene.service)] == ["rejected"]


def test_the_same_service_deleted_twice(scene: Scene) -> None:
    assert scene.end() == []
    described = scene.world.ec2.describe_vpc_endpoint_service_configurations
    assert described()["ServiceConfigurations"][0]["ServiceState"] == "Deleting"
    with refused("InvalidServiceName"):
        scene.request()
    assert scene.end() == []
    scene.skip(6)
    assert described()["ServiceConfigurations"][0]["ServiceState"] == "Deleted"
    scene.skip(31)
    assert scene.end() == ["InvalidVpcEndpointService.NotFound"]


def test_another_account_needs_permission(scene: Scene) -> None:
    stranger = World(scene.world.sandbox, OTHER)
    assert stranger.client("sts").get_caller_identity()["Account"] == OTHER
    home = stranger.network("10.0")
    with refused("InvalidServiceName"):
        stranger.endpoint(home, scene.name)
    with refused("InvalidServiceName"):
        stranger.ec2.describe_vpc_endpoint_services(ServiceNames=[scene.name])
    with refused("InvalidVpcEndpointServiceId.NotFound"):
        stranger.ec2.describe_vpc_endpoint_service_configurations(ServiceIds=[scene.service])
    permit = scene.world.ec2.modify_vpc_endpoint_service_permissions
    permit(ServiceId=scene.service, AddAllowedPrincipals=[f"arn:aws:iam::{OTHER}:root"])
    details = stranger.ec2.describe_vpc_endpoint_services(ServiceNames=[scene.name])["ServiceDetails"][0]
    assert (details["Owner"], details["AcceptanceRequired"]) == ("123456789012", True)
    endpoint = stranger.endpoint(home, scene.name)["VpcEndpointId"]
    scene.skip(3)
    assert scene.world.endpoints() == []
    (request,) = scene.world.connections(scene.service)
    assert (request["VpcEndpointId"], request["VpcEndpointOwner"]) == (endpoint, OTHER)
    permit(ServiceId=scene.service, RemoveAllowedPrincipals=[f"arn:aws:iam::{OTHER}:root"])
    assert scene.world.accept(scene.service, endpoint) == []
    scene.skip(61)
    assert stranger.state(endpoint) == "available"


def test_modify_endpoint(scene: Scene) -> None:
    world, customer = scene.world, scene.customer
    endpoint = scene.request()
    other = world.group(customer.vpc, "other")
    world.ec2.modify_vpc_endpoint(
        VpcEndpointId=endpoint, AddSecurityGroupIds=[other], RemoveSecurityGroupIds=[customer.group]
    )
    (shown,) = world.endpoints()
    assert [group["GroupId"] for group in shown["Groups"]] == [other]
    (interface,) = world.interfaces(network_interface_id=shown["NetworkInterfaceIds"][0])
    assert [group["GroupId"] for group in interface["Groups"]] == [other]
    world.ec2.delete_security_group(GroupId=customer.group)
    world.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveSubnetIds=[customer.subnet])
    assert world.endpoints()[0]["NetworkInterfaceIds"] == []
    world.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[customer.subnet])
    assert len(world.endpoints()[0]["NetworkInterfaceIds"]) == 1


def test_without_subnets_there_is_no_interface(scene: Scene) -> None:
    made = scene.world.endpoint(scene.customer, scene.name, SubnetIds=None, SecurityGroupIds=None)
    assert made["NetworkInterfaceIds"] == []
    assert [group["GroupName"] for group in made["Groups"]] == ["default"]


def test_a_gateway_endpoint_is_there_at_once(world: World) -> None:
    net = world.network()
    made = world.ec2.create_vpc_endpoint(
        VpcId=net.vpc, ServiceName="com.amazonaws.us-east-1.s3", RouteTableIds=[net.table]
    )["VpcEndpoint"]
    assert (made["VpcEndpointType"], made["State"]) == ("Gateway", "available")
    assert world.ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])["Unsuccessful"] == []
    assert world.endpoints() == []


def test_connections_by_state(scene: Scene) -> None:
    scene.request()
    scene.skip(3)
    describe = scene.world.ec2.describe_vpc_endpoint_connections
    found = describe(Filters=filters(service_id=scene.service, vpc_endpoint_state="pendingAcceptance"))
    assert len(found["VpcEndpointConnections"]) == 1
    assert describe(Filters=filters(vpc_endpoint_state="available"))["VpcEndpointConnections"] == []


def test_the_network_sees_what_the_api_holds(scene: Scene) -> None:
    world = scene.world
    instance = world.instance(scene.provider, UserData="#cloud-config\npackages: [httpd]\n")
    targets = world.targets(scene.provider)
    world.listener(scene.balancer, targets)
    scene.skip(11)
    world.elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": instance}])
    endpoint = scene.request()
    view = world.sandbox.cloud.view()
    assert view is world.sandbox.cloud.view()
    machine = view.instances[instance]
    assert (machine.state, machine.user_data) == ("running", "#cloud-config\npackages: [httpd]\n")
    assert machine.running_since is not None
    nic = view.interfaces[machine.interface_id]
    assert (nic.holder, nic.holder_id, nic.group_ids) == (InterfaceOwner.INSTANCE, instance, (scene.provider.group,))
    assert nic.public_address == world.described(instance)["PublicIpAddress"]
    assert view.vpcs[scene.provider.vpc].gateway_ids == (scene.provider.gateway,)
    routes = {route.destination: route for route in view.subnets[scene.provider.subnet].routes}
    assert (routes["0.0.0.0/0"].target, routes["0.0.0.0/0"].active) == (scene.provider.gateway, True)
    balancer = view.load_balancers[scene.balancer]
    assert (balancer.state, balancer.listeners, len(balancer.interface_ids)) == ("active", {80: targets}, 1)
    assert view.interfaces[balancer.interface_ids[0]].holder is InterfaceOwner.LOAD_BALANCER
    assert [(one.instance_id, one.port) for one in view.target_groups[targets].targets] == [(instance, 80)]
    assert view.services[scene.service].load_balancer_arns == (scene.balancer,)
    shown = view.endpoints[endpoint]
    assert (shown.state, shown.service_id) == ("pendingAcceptance", scene.service)
    assert view.interfaces[shown.interface_ids[0]].holder is InterfaceOwner.ENDPOINT
    ports = {(rule.from_port, rule.to_port, rule.cidrs) for rule in view.groups[scene.customer.group].ingress}
    assert ports == {(22, 22, ("0.0.0.0/0",)), (80, 80, ("0.0.0.0/0",))}
    scene.skip(3)
    assert world.accept(scene.service, endpoint) == []
    assert world.sandbox.cloud.view().endpoints[endpoint].state == "pending"


def test_a_service_is_not_reached_from_another_region(scene: Scene) -> None:
    """As `explain regions` says: the sandbox stores the regions of a service, and refuses an endpoint from there."""
    there = "ap-northeast-1"
    modified = scene.world.ec2.modify_vpc_endpoint_service_configuration
    assert modified(ServiceId=scene.service, AddSupportedRegions=[there])["Return"]
    (service,) = scene.world.ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]
    assert {one["Region"] for one in service["SupportedRegions"]} == {"us-east-1", there}
    abroad = boto3.client(
        "ec2",
        endpoint_url=scene.world.sandbox.endpoint_url,
        region_name=there,
        aws_access_key_id=f"SANDBOX{scene.world.account}A",
        aws_secret_access_key="-",
    )
    vpc = abroad.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    with refused("InvalidServiceName"):
        abroad.create_vpc_endpoint(
            VpcEndpointType="Interface", VpcId=vpc, ServiceName=scene.name, ServiceRegion="us-east-1"
        )
