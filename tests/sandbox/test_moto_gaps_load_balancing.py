"""Where stock moto answers otherwise than AWS about load balancing: one test a difference."""

from __future__ import annotations

import ipaddress
import re

from .world import World, refused

# --- load balancers -------------------------------------------------------------------------------------------------


def test_describe_load_balancers_at_once(slow: World) -> None:
    made = slow.balancer(slow.network())
    assert made["State"]["Code"] == "provisioning"

    def state() -> str:
        told = slow.elb.describe_load_balancers(LoadBalancerArns=[made["LoadBalancerArn"]])["LoadBalancers"][0]
        return str(told["State"]["Code"])

    assert state() == "provisioning"
    slow.sandbox.clock.skip(121)
    assert state() == "active"


def test_names_of_load_balancer_and_target_group(world: World) -> None:
    front = "arn:aws:elasticloadbalancing:us-east-1:123456789012:"
    made = world.balancer(world.network())
    assert made["LoadBalancerArn"].startswith(f"{front}loadbalancer/net/MyNetwork-LB/")
    assert re.fullmatch(r"MyNetwork-LB-[0-9a-f]{16}\.elb\.us-east-1\.amazonaws\.com", made["DNSName"])
    assert made["CanonicalHostedZoneId"] == "Z26RNL4JYFTOTI"
    assert world.targets(world.network("10.0")).startswith(f"{front}targetgroup/MyNetwork-TG/")


def test_load_balancer_makes_an_interface_in_the_subnet_which_outlives_it(slow: World) -> None:
    net = slow.network()
    arn = slow.balancer(net)["LoadBalancerArn"]
    (one,) = slow.interfaces(description="ELB " + arn.partition("loadbalancer/")[2])
    assert (one["SubnetId"], one["Status"], one["RequesterManaged"]) == (net.subnet, "in-use", True)
    assert ipaddress.ip_address(one["PrivateIpAddress"]) in ipaddress.ip_network("20.0.1.0/24")
    assert one["Association"]["PublicIp"]
    slow.elb.delete_load_balancer(LoadBalancerArn=arn)
    assert slow.elb.describe_load_balancers()["LoadBalancers"] == []
    assert len(slow.interfaces(vpc_id=net.vpc)) == 1
    slow.sandbox.clock.skip(21)
    assert slow.interfaces(vpc_id=net.vpc) == []


def test_create_load_balancer_same_again(world: World) -> None:
    net = world.network()
    assert world.balancer(net)["LoadBalancerArn"] == world.balancer(net)["LoadBalancerArn"]
    assert len(world.elb.describe_load_balancers()["LoadBalancers"]) == 1


def test_create_load_balancer_same_name_other_scheme(world: World) -> None:
    net = world.network()
    world.balancer(net)
    words = "A load balancer with the same name 'MyNetwork-LB' exists, but with different settings"
    with refused("DuplicateLoadBalancerName", words):
        world.balancer(net, Scheme="internal")
    with refused("DuplicateLoadBalancerName", words):
        world.balancer(net, Tags=[{"Key": "a", "Value": "b"}])


def test_describe_load_balancer_attributes_of_a_network_load_balancer(world: World) -> None:
    arn = world.balancer(world.network())["LoadBalancerArn"]
    told = world.elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    held = {one["Key"]: one["Value"] for one in told}
    assert held["access_logs.s3.enabled"] == "false"
    assert held["dns_record.client_routing_policy"] == "any_availability_zone"
    assert {"ipv6.deny_all_igw_traffic", "zonal_shift.config.enabled", "deletion_protection.enabled"} <= set(held)


# --- target groups and listeners ------------------------------------------------------------------------------------


def test_create_target_group_same_again(world: World) -> None:
    net = world.network()
    assert world.targets(net) == world.targets(net)
    with refused("DuplicateTargetGroupName", "exists, but with different settings"):
        world.targets(net, Port=81)


def test_a_tcp_check_may_take_as_long_as_its_interval(world: World) -> None:
    group = {"Name": "tcp", "Protocol": "TCP", "Port": 80, "VpcId": world.vpc(), "HealthCheckIntervalSeconds": 10}
    made = world.elb.create_target_group(**group)["TargetGroups"][0]
    assert (made["HealthCheckIntervalSeconds"], made["HealthCheckTimeoutSeconds"]) == (10, 10)
    world.elb.modify_target_group(TargetGroupArn=made["TargetGroupArn"], HealthCheckTimeoutSeconds=10)


def test_a_terminated_target_is_listed_no_more_and_drains_for_who_asks(slow: World) -> None:
    net = slow.network()
    instance, targets = slow.instance(net), slow.targets(net)
    slow.sandbox.clock.skip(11)
    slow.elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": instance}])
    slow.listener(slow.balancer(net)["LoadBalancerArn"], targets)
    slow.ec2.terminate_instances(InstanceIds=[instance])
    assert slow.health(targets)["Reason"] == "Target.InvalidState"
    slow.sandbox.clock.skip(31)
    assert slow.health_list(targets) == []
    asked = slow.elb.describe_target_health(TargetGroupArn=targets, Targets=[{"Id": instance}])
    health = asked["TargetHealthDescriptions"][0]["TargetHealth"]
    assert (health["State"], health["Reason"]) == ("draining", "Target.DeregistrationInProgress")


def test_describe_target_group_attributes_of_tcp(world: World) -> None:
    told = world.elb.describe_target_group_attributes(TargetGroupArn=world.targets(world.network()))["Attributes"]
    keys = {one["Key"] for one in told}
    assert {"preserve_client_ip.enabled", "proxy_protocol_v2.enabled"} <= keys
    assert "deregistration_delay.connection_termination.enabled" in keys
    assert not [key for key in keys if key.startswith(("slow_start", "waf", "load_balancing.algorithm"))]


def test_describe_target_health_before_a_listener(world: World) -> None:
    net = world.network()
    instance, targets = world.instance(net), world.targets(net)
    world.elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": instance}])
    health = world.health(targets)
    assert (health["State"], health["Reason"]) == ("unused", "Target.NotInUse")


def test_describe_target_health_after_the_listener(slow: World) -> None:
    net = slow.network()
    instance, targets = slow.instance(net), slow.targets(net)
    slow.sandbox.clock.skip(11)
    slow.elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": instance}])
    slow.listener(slow.balancer(net)["LoadBalancerArn"], targets)
    health = slow.health(targets)
    assert (health["State"], health["Reason"]) == ("initial", "Elb.RegistrationInProgress")
    slow.sandbox.clock.skip(31)
    assert slow.health(targets)["Reason"] == "Elb.InitialHealthChecking"


def test_create_listener_ssl_policy_of_tcp(world: World) -> None:
    net = world.network()
    made = world.listener(world.balancer(net)["LoadBalancerArn"], world.targets(net))
    assert "SslPolicy" not in made
    assert "SslPolicy" not in world.elb.describe_listeners(ListenerArns=[made["ListenerArn"]])["Listeners"][0]


def test_create_listener_same_port_again(world: World) -> None:
    net = world.network()
    balancer, targets = world.balancer(net)["LoadBalancerArn"], world.targets(net)
    first = world.listener(balancer, targets)["ListenerArn"]
    assert world.listener(balancer, targets)["ListenerArn"] == first
    with refused("DuplicateListener"):
        world.listener(balancer, world.targets(net, "another"))
