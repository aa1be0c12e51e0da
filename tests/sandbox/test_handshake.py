"""PrivateLink's handshake on the clock: every station between the request and the end of it."""

from __future__ import annotations

from dataclasses import dataclass

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


@pytest.fixture
def abroad(scene: Scene) -> World:
    """The same account in a region that the service has just begun to support."""
    add = scene.world.ec2.modify_vpc_endpoint_service_configuration
    assert add(ServiceId=scene.service, AddSupportedRegions=["ap-northeast-2"])["Return"]
    return World(scene.world.sandbox, region="ap-northeast-2")


def supported(scene: Scene) -> dict[str, str]:
    (one,) = scene.world.ec2.describe_vpc_endpoint_service_configurations(ServiceIds=[scene.service])[
        "ServiceConfigurations"
    ]
    assert one["RemoteAccessEnabled"] is (len(one["SupportedRegions"]) > 1)
    return {each["Region"]: each["ServiceState"] for each in one["SupportedRegions"]}


def test_a_service_is_reached_from_a_region_once_that_is_available(scene: Scene, abroad: World) -> None:
    home = abroad.network("10.0")

    def ask(**more: str) -> dict[str, object]:
        return abroad.endpoint(home, scene.name, **more)

    assert supported(scene) == {"us-east-1": "Available", "ap-northeast-2": "Pending"}
    with refused("InvalidServiceName"):
        ask(ServiceRegion="us-east-1")
    scene.skip(31)
    assert supported(scene)["ap-northeast-2"] == "Available"
    with refused("InvalidServiceName"):
        ask()
    describe = abroad.ec2.describe_vpc_endpoint_services
    with refused("InvalidServiceName"):
        describe(ServiceNames=[scene.name])
    (details,) = describe(ServiceNames=[scene.name], ServiceRegions=["us-east-1"])["ServiceDetails"]
    assert details["ServiceRegion"] == "us-east-1"
    assert not details.get("AvailabilityZones")
    assert not details.get("AvailabilityZoneIds")
    elsewhere = World(scene.world.sandbox, region="eu-west-1")
    with refused("InvalidServiceName"):
        elsewhere.endpoint(elsewhere.network("10.0"), scene.name, ServiceRegion="us-east-1")

    made = ask(ServiceRegion="us-east-1")
    endpoint = str(made["VpcEndpointId"])
    (shown,) = abroad.ec2.describe_vpc_endpoints(Filters=filters(service_region="us-east-1"))["VpcEndpoints"]
    (name,) = [one["DnsName"] for one in shown["DnsEntries"]]
    assert name.startswith(endpoint)
    assert name.endswith(f".{scene.service}.us-east-1.vpce.amazonaws.com")
    scene.skip(3)
    connections = scene.world.ec2.describe_vpc_endpoint_connections
    for region, found in (("ap-northeast-2", 1), ("cross-region", 1), ("us-east-1", 0)):
        answer = connections(Filters=filters(vpc_endpoint_region=region))["VpcEndpointConnections"]
        assert [one["VpcEndpointRegion"] for one in answer] == ["ap-northeast-2"] * found, region
    assert scene.world.accept(scene.service, endpoint) == []
    scene.skip(61)
    assert abroad.state(endpoint) == "available"


def test_a_region_that_is_removed_stops_new_endpoints_only(scene: Scene, abroad: World) -> None:
    scene.skip(31)
    home = abroad.network("10.0")
    endpoint = str(abroad.endpoint(home, scene.name, ServiceRegion="us-east-1")["VpcEndpointId"])
    scene.world.accept(scene.service, endpoint)
    scene.skip(61)
    modify = scene.world.ec2.modify_vpc_endpoint_service_configuration
    modify(ServiceId=scene.service, RemoveSupportedRegions=["ap-northeast-2"])
    assert supported(scene)["ap-northeast-2"] == "Deleting"
    with refused("InvalidServiceName"):
        abroad.endpoint(home, scene.name, ServiceRegion="us-east-1")
    scene.skip(6)
    assert supported(scene)["ap-northeast-2"] == "Closed"
    assert abroad.state(endpoint) == "available"
    for region in ("ap-northeast-2", "us-east-1"):
        with refused("InvalidParameter", "Cannot remove region"):
            modify(ServiceId=scene.service, RemoveSupportedRegions=[region])
    modify(ServiceId=scene.service, AddSupportedRegions=["ap-northeast-2"])
    scene.skip(31)
    assert supported(scene)["ap-northeast-2"] == "Available"


def test_five_zones_take_no_part_in_remote_access(scene: Scene, abroad: World) -> None:
    scene.skip(31)
    with refused("InvalidParameter", "supported for remote access: apne2-az1, apne2-az3"):
        abroad.endpoint(abroad.network("10.0", "ap-northeast-2b"), scene.name, ServiceRegion="us-east-1")


@pytest.mark.parametrize("region", ["il-central-1", "cn-north-1", "eu-nowhere-1"])
def test_a_region_that_is_not_enabled_or_in_another_partition_cannot_be_supported(scene: Scene, region: str) -> None:
    with refused("InvalidParameter", region):
        scene.world.ec2.modify_vpc_endpoint_service_configuration(ServiceId=scene.service, AddSupportedRegions=[region])
