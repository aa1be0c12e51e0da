"""Gateway Load Balancers as far as the sandbox has them (``aws-behaviours-2.md`` section 6)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from .world import Net, World, refused


def balancer(world: World, net: Net, **more: Any) -> dict[str, Any]:
    return world.balancer(net, "appliances", Type="gateway", **more)


def geneve(world: World, net: Net, port: int = 6081) -> str:
    wanted = {"Name": "appliances", "Protocol": "GENEVE", "Port": port, "VpcId": net.vpc}
    return str(world.elb.create_target_group(**wanted)["TargetGroups"][0]["TargetGroupArn"])


def listener(world: World, arn: str, targets: str, **more: Any) -> dict[str, Any]:
    actions = [{"Type": "forward", "TargetGroupArn": targets}]
    return dict(world.elb.create_listener(LoadBalancerArn=arn, DefaultActions=actions, **more)["Listeners"][0])


def test_from_provisioning_to_gone(slow: World) -> None:
    net = slow.network()
    made = balancer(slow, net)
    arn = made["LoadBalancerArn"]
    assert arn.partition(":loadbalancer/")[2].startswith("gwy/appliances/")
    assert (made["Type"], made["State"]["Code"]) == ("gateway", "provisioning")
    assert not {"Scheme", "DNSName", "CanonicalHostedZoneId", "SecurityGroups"} & set(made)
    assert balancer(slow, net)["LoadBalancerArn"] == arn
    (interface,) = slow.interfaces(interface_type="gateway_load_balancer")
    assert interface["Description"] == f"ELB {arn.partition(':loadbalancer/')[2]}"
    targets = geneve(slow, net)
    (group,) = slow.elb.describe_target_groups(TargetGroupArns=[targets])["TargetGroups"]
    checks = [group[f"HealthCheck{name}"] for name in ("Protocol", "Port", "IntervalSeconds", "TimeoutSeconds")]
    assert checks == ["TCP", "80", 10, 5]
    assert (group["HealthyThresholdCount"], group["UnhealthyThresholdCount"]) == (5, 2)
    one = listener(slow, arn, targets)
    assert not {"Protocol", "Port"} & set(one)
    assert listener(slow, arn, targets)["ListenerArn"] == one["ListenerArn"]
    slow.sandbox.clock.skip(121)
    assert slow.elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]["State"]["Code"] == "active"
    assert slow.sandbox.cloud.view().load_balancers[arn].listeners == {}
    slow.elb.delete_load_balancer(LoadBalancerArn=arn)
    slow.sandbox.clock.skip(21)
    assert slow.interfaces(interface_type="gateway_load_balancer") == []


def with_listener(world: World, net: Net, **more: Any) -> partial[dict[str, Any]]:
    return partial(listener, world, balancer(world, net)["LoadBalancerArn"], geneve(world, net), **more)


def another_listener(world: World, net: Net) -> Callable[[], object]:
    """After the first one, with a port: that was an ``InternalError``."""
    call = with_listener(world, net)
    call()
    return partial(call, Port=6081)


def service(world: World, net: Net) -> Callable[[], object]:
    arn = balancer(world, net)["LoadBalancerArn"]
    return partial(world.ec2.create_vpc_endpoint_service_configuration, GatewayLoadBalancerArns=[arn])


def changed_service(world: World, net: Net) -> Callable[[], object]:
    id = world.service(world.balancer(net)["LoadBalancerArn"])["ServiceId"]
    arn = balancer(world, net)["LoadBalancerArn"]
    change = world.ec2.modify_vpc_endpoint_service_configuration
    return partial(change, ServiceId=id, AddGatewayLoadBalancerArns=[arn])


def endpoint(world: World, net: Net, kind: str = "GatewayLoadBalancer", **more: Any) -> Callable[[], object]:
    wanted = {"VpcId": net.vpc, "VpcEndpointType": kind, **more}
    return partial(world.ec2.create_vpc_endpoint, **wanted)


STS = "com.amazonaws.us-east-1.sts"
REFUSALS: dict[str, tuple[str, str, Callable[[World, Net], Callable[[], object]]]] = {
    "a scheme": (
        "ValidationError", "Scheme is not supported for Gateway Load Balancers.",
        lambda world, net: partial(balancer, world, net, Scheme="internal"),
    ),
    "groups": (
        "ValidationError", "Security groups",
        lambda world, net: partial(balancer, world, net, SecurityGroups=[net.group]),
    ),
    "groups later": (
        "InvalidConfigurationRequest", "Security groups",
        lambda world, net: partial(
            world.elb.set_security_groups,
            LoadBalancerArn=balancer(world, net)["LoadBalancerArn"], SecurityGroups=[net.group],
        ),
    ),
    "another port than GENEVE's": ("ValidationError", "6081", lambda world, net: partial(geneve, world, net, 6082)),
    "a listener with a port": ("ValidationError", "port", partial(with_listener, Port=6081)),
    "a listener with a protocol": ("ValidationError", "protocol", partial(with_listener, Protocol="TCP")),
    "a second listener, with a port": ("ValidationError", "port", another_listener),
    "a listener to a group of another protocol": (
        "IncompatibleProtocols", "TCP",
        lambda world, net: partial(listener, world, balancer(world, net)["LoadBalancerArn"], world.targets(net)),
    ),
    "a service": ("UnsupportedOperation", "no endpoint services on Gateway Load Balancers", service),
    "a service's change": ("UnsupportedOperation", "no endpoint services on Gateway Load Balancers", changed_service),
    "an endpoint": (
        "InvalidParameter", "Endpoint type (GatewayLoadBalancer) does not match available service types",
        partial(endpoint, ServiceName=STS),
    ),
    "an endpoint of a newer type": (
        "UnsupportedOperation", "The sandbox has no VPC endpoints of the type Resource.",
        partial(endpoint, kind="Resource", ResourceConfigurationArn="arn:aws:vpc-lattice:us-east-1:1:x/y"),
    ),
    "an endpoint of no type": ("InvalidParameterValue", "Bridge", partial(endpoint, kind="Bridge", ServiceName=STS)),
    "an endpoint of no service": ("MissingParameter", "ServiceName", partial(endpoint, kind="Interface")),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals(world: World, case: str) -> None:
    code, words, make = REFUSALS[case]
    call = make(world, world.network())
    with refused(code, words):
        call()
