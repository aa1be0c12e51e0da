"""``check`` with one thing wrong: the right step, the right words, and a command that mends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.by_hand import ANYWHERE, ByHand, carried_out, rule
from vpce_demo.aws.environment import Environment
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.verify.hand_made import HandMade, State

from ..network.world import wait_for
from .hand_made import (
    REVOKE,
    ROUNDS,
    Account,
    another_endpoint,
    no_endpoint,
    no_route,
    permission,
    rejected,
    states,
    swept,
    undone,
    words,
)

# --- one thing wrong, early ---------------------------------------------------------------

Early = Callable[[ByHand], object]


def other_vpc(cidr: str, name: str, whose: str = "provider") -> Early:
    return lambda hand: hand.vpc(whose, cidr, name)


def unattached(hand: ByHand) -> None:
    hand.ec2.create_internet_gateway()


def attached_elsewhere(hand: ByHand) -> None:
    vpc = hand.ec2.create_vpc(CidrBlock="172.16.0.0/16")["Vpc"]["VpcId"]
    gateway = hand.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    hand.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)


def detached(hand: ByHand) -> None:
    hand.ec2.detach_internet_gateway(InternetGatewayId=hand.ids["provider-gateway"], VpcId=hand.ids["provider-vpc"])


def unassociated(hand: ByHand) -> None:
    hand.ec2.create_route_table(VpcId=hand.ids["provider-vpc"])


def in_the_main_table(hand: ByHand) -> None:
    which = [{"Name": "vpc-id", "Values": [hand.ids["provider-vpc"]]}, {"Name": "association.main", "Values": ["true"]}]
    (main,) = hand.ec2.describe_route_tables(Filters=which)["RouteTables"]
    hand.ec2.create_route(
        RouteTableId=main["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=hand.ids["provider-gateway"]
    )


def nothing(hand: ByHand) -> None:
    """Just not done."""


EARLY: list[tuple[str, int, Early, str, str]] = [
    ("no VPC", 0, nothing, "1", "missing: VPC: "),
    ("another CIDR", 0, other_vpc("20.1.0.0/16", "mine"), "1", "differs: VPC: address range 20.1.0.0/16 not 20.0"),
    ("its name only", 0, other_vpc("172.16.0.0/16", "Service_Network"), "1", "differs: VPC: address range 172.16"),
    ("no gateway", 1, nothing, "2", "missing: internet gateway: "),
    ("gateway not attached", 1, unattached, "2", "missing: internet gateway attachment"),
    ("gateway of another VPC", 1, attached_elsewhere, "2", "missing: internet gateway: "),
    ("gateway detached", 5, detached, "2", "missing: internet gateway attachment"),
    ("no subnet", 2, nothing, "3", "missing: subnet: "),
    ("subnet elsewhere", 2, lambda hand: hand.subnet("provider", "20.0.9.0/24"), "3", "address range 20.0.9.0/24 not"),
    ("subnet too large", 2, lambda hand: hand.subnet("provider", "20.0.0.0/16"), "3", "address range 20.0.0.0/16 not"),
    ("main table used", 3, nothing, "4", "missing: route table: "),
    ("table not associated", 3, unassociated, "4", "the subnet uses the VPC's main route table"),
    ("no route", 4, nothing, "5", "missing: default route"),
    ("route in the main table", 4, in_the_main_table, "5", "missing: default route"),
]


@pytest.mark.parametrize(("until", "wrong", "step", "told"), [row[1:] for row in EARLY], ids=[row[0] for row in EARLY])
@pytest.mark.sampled("no VPC", "another CIDR", "gateway not attached", "main table used", "no route")
def test_one_thing_wrong_before_the_first_instance(
    account: Account, until: int, wrong: Early, step: str, told: str
) -> None:
    wrong(account.by_hand(until))
    found = account.look()
    first = next(one for one in found.steps if one.problem)
    assert first.number == step
    assert told in words(first) or told in words(first).replace("; ", ": ")
    for _ in range(ROUNDS):
        following = account.look().next_thing()
        assert following
        if following.number != step:
            break
        carried_out(following.command, account.clients)
    assert states(account.look())[step] is State.DONE


# --- one thing wrong in a whole demo -------------------------------------------------------


@pytest.fixture(scope="module")
def whole(module_sandbox: Sandbox, place: Environment, the_image: str) -> tuple[Account, ByHand, list[HandMade]]:
    """A demo made by hand, which each test breaks and mends, and the looks at it when it was whole."""
    module_sandbox.reset()
    account = Account(module_sandbox, place, the_image)
    account.clients.ec2.create_key_pair(KeyName="mine")
    return account, account.by_hand(), [account.settled()]


ALL_OUT = {"IpProtocol": "-1", "IpRanges": ANYWHERE}


def narrowed(whose: str) -> Callable[[ByHand], None]:
    def change(hand: ByHand) -> None:
        permission(REVOKE, whose, rule(80))(hand)
        permission("authorize_security_group_ingress", whose, rule(80, [{"CidrIp": "192.0.2.0/24"}]))(hand)

    return change


def refuse_ssh(hand: ByHand) -> None:
    of = [{"Name": "association.subnet-id", "Values": [hand.ids["provider-subnet"]]}]
    (acl,) = hand.ec2.describe_network_acls(Filters=of)["NetworkAcls"]
    hand.ec2.create_network_acl_entry(
        NetworkAclId=acl["NetworkAclId"],
        RuleNumber=90,
        Egress=False,
        Protocol="6",
        PortRange={"From": 80, "To": 80},
        CidrBlock="0.0.0.0/0",
        RuleAction="deny",
    )


def disassociated(whose: str) -> Callable[[ByHand], None]:
    def change(hand: ByHand) -> None:
        of = [{"Name": "association.subnet-id", "Values": [hand.ids[f"{whose}-subnet"]]}]
        (table,) = hand.ec2.describe_route_tables(Filters=of)["RouteTables"]
        for one in table["Associations"]:
            hand.ec2.disassociate_route_table(AssociationId=one["RouteTableAssociationId"])

    return change


def another_table(whose: str) -> Callable[[ByHand], None]:
    def change(hand: ByHand) -> None:
        disassociated(whose)(hand)
        hand.table(whose)

    return change


def route_to_an_instance(whose: str, instance: str) -> Callable[[ByHand], None]:
    def change(hand: ByHand) -> None:
        (held,) = hand.ec2.describe_instances(InstanceIds=[hand.ids[instance]])["Reservations"]
        interface = held["Instances"][0]["NetworkInterfaces"][0]["NetworkInterfaceId"]
        hand.ec2.replace_route(
            RouteTableId=hand.ids[f"{whose}-routes"],
            DestinationCidrBlock="0.0.0.0/0",
            NetworkInterfaceId=interface,
        )

    return change


def stopped(instance: str) -> Callable[[ByHand], None]:
    def change(hand: ByHand) -> None:
        hand.ec2.stop_instances(InstanceIds=[hand.ids[instance]])
        waiter = hand.ec2.get_waiter("instance_stopped")
        waiter.wait(InstanceIds=[hand.ids[instance]], WaiterConfig={"Delay": 0})

    return change


def ended(hand: ByHand, instance: str) -> None:
    hand.ec2.terminate_instances(InstanceIds=[hand.ids[instance]])
    waiter = hand.ec2.get_waiter("instance_terminated")
    waiter.wait(InstanceIds=[hand.ids[instance]], WaiterConfig={"Delay": 0})


def instead(instance: str, whose: str, script: bool = True, **others: Any) -> Callable[[ByHand], None]:
    """Another instance in its place; the web server is registered."""

    def change(hand: ByHand) -> None:
        old = hand.ids[instance]
        ended(hand, instance)
        new = hand.run(whose, hand.script if instance == "web" and script else "", **others)
        hand.ids[instance] = new
        if instance == "web":
            group = hand.ids["target-group"]
            hand.elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": old}])
            hand.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": new}])

    return change


PRIVATE: dict[str, Any] = {"interface": {"AssociatePublicIpAddress": False}}


def in_another_subnet(instance: str, whose: str, cidr: str) -> Callable[[ByHand], None]:
    def change(hand: ByHand) -> None:
        zone = f"{hand.clients.region}a"
        vpc = hand.ids[f"{whose}-vpc"]
        made = hand.ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone)
        instead(instance, whose, interface={"SubnetId": made["Subnet"]["SubnetId"]})(hand)

    return change


def no_listener(hand: ByHand) -> None:
    hand.elb.delete_listener(ListenerArn=hand.ids["listener"])


def listener_port(hand: ByHand) -> None:
    hand.elb.modify_listener(ListenerArn=hand.ids["listener"], Port=8080)


def other_targets(name: str, **others: Any) -> Callable[[ByHand], None]:
    """Another target group in the place of the right one."""

    def change(hand: ByHand) -> None:
        no_listener(hand)
        hand.elb.delete_target_group(TargetGroupArn=hand.ids["target-group"])
        wanted = {name: hand.ids[value[1:]] if str(value)[:1] == "@" else value for name, value in others.items()}
        hand.targets(name, **wanted)

    return change


def goal_elsewhere(hand: ByHand) -> None:
    goal = {"Type": "forward", "TargetGroupArn": hand.targets("empty", Port=8080)}
    hand.elb.modify_listener(ListenerArn=hand.ids["listener"], DefaultActions=[goal])


def not_registered(hand: ByHand) -> None:
    hand.elb.deregister_targets(TargetGroupArn=hand.ids["target-group"], Targets=[{"Id": hand.ids["web"]}])


def on_another_port(hand: ByHand) -> None:
    not_registered(hand)
    target = {"Id": hand.ids["web"], "Port": 8080}
    hand.elb.register_targets(TargetGroupArn=hand.ids["target-group"], Targets=[target])


def one_more_that_is_ill(hand: ByHand) -> None:
    hand.elb.register_targets(TargetGroupArn=hand.ids["target-group"], Targets=[{"Id": hand.run("provider")}])


def checked_on(port: str) -> Callable[[ByHand], None]:
    """The health check asks another port, where nothing answers."""

    def change(hand: ByHand) -> None:
        group = hand.ids["target-group"]
        hand.elb.modify_target_group(TargetGroupArn=group, HealthCheckPort=port)
        wait_for(lambda: health(hand)["State"] == "unhealthy")

    return change


def health(hand: ByHand) -> Any:
    (one,) = hand.elb.describe_target_health(TargetGroupArn=hand.ids["target-group"])["TargetHealthDescriptions"]
    return one["TargetHealth"]


def proxy_protocol(hand: ByHand) -> None:
    attribute = {"Key": "proxy_protocol_v2.enabled", "Value": "true"}
    hand.elb.modify_target_group_attributes(TargetGroupArn=hand.ids["target-group"], Attributes=[attribute])


def internal(hand: ByHand) -> None:
    """An internal load balancer behind the service, as the console makes it if one does not look."""
    another_balancer(hand, Scheme="internal")


def closed_balancer(hand: ByHand) -> None:
    """One with the VPC's default group, which the console suggests and which lets nobody in."""
    which = [{"Name": "vpc-id", "Values": [hand.ids["provider-vpc"]]}, {"Name": "group-name", "Values": ["default"]}]
    (group,) = hand.ec2.describe_security_groups(Filters=which)["SecurityGroups"]
    another_balancer(hand, SecurityGroups=[group["GroupId"]])


def another_balancer(hand: ByHand, **others: Any) -> None:
    old = hand.ids["load-balancer"]
    no_listener(hand)
    hand.ids["load-balancer"] = hand.network_balancer(f"another-{len(others)}{next(iter(others))[:3]}", **others)
    hand.listener()
    hand.ec2.modify_vpc_endpoint_service_configuration(
        ServiceId=hand.ids["service"],
        AddNetworkLoadBalancerArns=[hand.ids["load-balancer"]],
        RemoveNetworkLoadBalancerArns=[old],
    )
    hand.elb.delete_load_balancer(LoadBalancerArn=old)


def no_acceptance(hand: ByHand) -> None:
    hand.ec2.modify_vpc_endpoint_service_configuration(ServiceId=hand.ids["service"], AcceptanceRequired=False)


def another_behind_the_service(hand: ByHand) -> None:
    other = hand.network_balancer("empty-nlb")
    hand.ec2.modify_vpc_endpoint_service_configuration(
        ServiceId=hand.ids["service"],
        AddNetworkLoadBalancerArns=[other],
        RemoveNetworkLoadBalancerArns=[hand.ids["load-balancer"]],
    )


def no_service(hand: ByHand) -> None:
    no_endpoint(hand)
    hand.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[hand.ids["service"]])


def endpoint_in_another_subnet(hand: ByHand) -> None:
    zone = f"{hand.clients.region}a"
    made = hand.ec2.create_subnet(VpcId=hand.ids["customer-vpc"], CidrBlock="10.0.7.0/24", AvailabilityZone=zone)
    hand.ec2.modify_vpc_endpoint(
        VpcEndpointId=hand.ids["endpoint"],
        AddSubnetIds=[made["Subnet"]["SubnetId"]],
        RemoveSubnetIds=[hand.ids["customer-subnet"]],
    )


def closed_group(hand: ByHand) -> None:
    made = hand.ec2.create_security_group(GroupName="closed", Description="c", VpcId=hand.ids["customer-vpc"])
    hand.ec2.modify_vpc_endpoint(
        VpcEndpointId=hand.ids["endpoint"],
        AddSecurityGroupIds=[made["GroupId"]],
        RemoveSecurityGroupIds=[hand.ids["customer-group"]],
    )


def another_service(hand: ByHand) -> None:
    """The endpoint names a service that is not this one."""
    other = hand.network_balancer("third")
    made = hand.ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[other])["ServiceConfiguration"]
    another_endpoint(ServiceName=made["ServiceName"])(hand)


LATE: list[tuple[str, Callable[[ByHand], object], str, str]] = [
    ("ACL", refuse_ssh, "3", "differs: subnet: network ACL rules"),
    ("disassociated", disassociated("provider"), "4", "the subnet uses the VPC's main route table"),
    ("another table", another_table("provider"), "5", "missing: default route"),
    ("no route", no_route("provider"), "5", "missing: default route"),
    ("route to an instance", route_to_an_instance("provider", "web"), "5", "differs: default route: goes to eni-"),
    ("no 80", permission(REVOKE, "provider", rule(80)), "6", "missing: inbound rule"),
    ("80 from elsewhere", narrowed("provider"), "6", "source 192.0.2.0/24 not 0.0.0.0/0"),
    ("nothing out", permission("revoke_security_group_egress", "provider", ALL_OUT), "6", "outbound rules none not"),
    ("stopped", stopped("web"), "6", "differs: instance: "),
    ("terminated", lambda hand: ended(hand, "web"), "6", "missing: instance"),
    ("no public address", instead("web", "provider", **PRIVATE), "6", "public address no not yes"),
    ("no httpd", instead("web", "provider", script=False), "6", "its port 80 does not answer"),
    ("another subnet", in_another_subnet("web", "provider", "20.0.5.0/24"), "6", "differs: instance: subnet"),
    ("no listener", no_listener, "7", "missing: listener"),
    ("listener 8080", listener_port, "7", "port 8080 not 80"),
    ("listener to others", goal_elsewhere, "7", "differs: listener: target group"),
    ("group HTTP", other_targets("http", Protocol="HTTP"), "7", "protocol HTTP not TCP"),
    ("group of 8080", other_targets("t8080", Port=8080), "7", "port 8080 not 80"),
    ("group elsewhere", other_targets("MyNetwork-TG", VpcId="@customer-vpc"), "7", "differs: target group: VPC"),
    ("group of addresses", other_targets("ips", TargetType="ip"), "7", "target type ip not instance"),
    ("not registered", not_registered, "7", "missing: registered target"),
    ("target 8080", on_another_port, "7", "on port 8080"),
    ("an ill target", one_more_that_is_ill, "7", "further targets i-"),
    (
        "checked on 8080",
        checked_on("8080"),
        "7",
        "AWS says: unhealthy (Target.FailedHealthChecks: Health checks failed)",
    ),
    ("proxy protocol", proxy_protocol, "7", "proxy protocol true not false"),
    ("internal", internal, "7", "scheme internal not internet-facing"),
    ("closed balancer", closed_balancer, "7", "differs: Network Load Balancer: security groups sg-"),
    ("acceptance off", no_acceptance, "8", "acceptance required no not yes"),
    ("another behind it", another_behind_the_service, "8", "differs: endpoint service: load balancers"),
    ("no service", no_service, "8", "missing: endpoint service"),
    ("consumer disassociated", disassociated("customer"), "12", "the subnet uses the VPC's main route table"),
    ("consumer no route", no_route("customer"), "13", "missing: default route"),
    ("consumer route", route_to_an_instance("customer", "customer"), "13", "differs: default route: goes to eni-"),
    ("consumer no ssh", permission(REVOKE, "customer", rule(22)), "14", "missing: inbound rule"),
    ("consumer no 80", permission(REVOKE, "customer", rule(80)), "14", "missing: inbound rule"),
    ("consumer 80 from elsewhere", narrowed("customer"), "14", "source 192.0.2.0/24 not 0.0.0.0/0"),
    ("consumer stopped", stopped("customer"), "14", "differs: instance: "),
    ("consumer terminated", lambda hand: ended(hand, "customer"), "14", "missing: instance"),
    ("consumer not public", instead("customer", "customer", **PRIVATE), "14", "public address no not yes"),
    ("consumer without a key", instead("customer", "customer", KeyName=""), "14", "key pair none not mine"),
    ("no endpoint", no_endpoint, "15.1", "missing: VPC endpoint"),
    (
        "endpoint at the provider's",
        another_endpoint(VpcId="@provider-vpc", SubnetIds=["@provider-subnet"], SecurityGroupIds=["@provider-group"]),
        "15.1",
        "differs: VPC endpoint: VPC vpc-",
    ),
    ("endpoint of another", another_service, "15.1", "differs: VPC endpoint: service vpce-svc-"),
    ("endpoint's subnet", endpoint_in_another_subnet, "15.1", "differs: VPC endpoint: subnets"),
    ("endpoint's group", closed_group, "15.1", "differs: VPC endpoint: security groups"),
    ("rejected", rejected, "15.1", "state rejected"),
    ("not accepted", another_endpoint(), "15.2", "missing: endpoint connection"),
]


SAMPLE = (
    "another table",
    "80 from elsewhere",
    "no httpd",
    "checked on 8080",
    "group HTTP",
    "internal",
    "no service",
    "not accepted",
)
"""The rows of each run; the others need the same code, and are slow together."""


@pytest.mark.extended
@pytest.mark.parametrize(
    ("wrong", "step", "told"),
    [pytest.param(*row[1:], id=row[0], marks=() if row[0] in SAMPLE else pytest.mark.slow) for row in LATE],
)
def test_one_thing_wrong_in_a_whole_demo(
    whole: tuple[Account, ByHand, list[HandMade]], wrong: Callable[[ByHand], object], step: str, told: str
) -> None:
    account, hand, looks = whole
    before = looks[-1]
    assert undone(before) == {}, "the one before left something"
    hand.ids.update(before.shapes.chosen)
    hand.ids["service-name"] = before.live["service"].outputs["service_name"]
    wrong(hand)
    found = account.settled()
    assert step in undone(found), {number: words(one) for number, one in undone(found).items()}
    assert told in words(undone(found)[step])
    following = found.next_thing()
    assert following
    assert following.click
    assert following.number == step
    mended = account.mended(found)
    looks.append(mended)
    assert {number: words(one) for number, one in undone(mended).items()} == {}
    swept(hand, set(mended.shapes.chosen.values()))


SAYS = [  # what AWS says of the target, the step, its state and its words
    (("unhealthy", "Target.Timeout", "Request timed out"), "6", State.DIFFERS, "does not answer in time"),
    (("unhealthy", "Target.FailedHealthChecks", "Health checks failed"), "6", State.DIFFERS, "httpd is not installed"),
    (("unhealthy", "Elb.InternalError", ""), "7", State.NOT_YET, "unhealthy (Elb.InternalError)"),
    (("initial", "Elb.InitialHealthChecking", ""), "7", State.NOT_YET, "initial (Elb.InitialHealthChecking)"),
]


def test_what_aws_says_of_the_target_tells_causes_apart(account: Account) -> None:
    hand = account.by_hand(7)
    account.settled()
    answer: dict[str, str] = {}

    def say(parsed: Any, **_: Any) -> None:
        parsed["TargetHealthDescriptions"][0]["TargetHealth"] = answer

    event = "after-call.elastic-load-balancing-v2.DescribeTargetHealth"
    account.clients.elb.meta.events.register(event, say)
    try:
        for said, step, state, told in SAYS:
            answer = dict(zip(("State", "Reason", "Description"), said, strict=True))
            of = undone(account.look())
            assert (of[step].state, told in words(of[step])) == (state, True), words(of[step])
            assert [number for number in ("6", "7") if number in of] == [step]
        # A check that the builder chose is a note while it finds the web server healthy, and else the cause.
        hand.elb.modify_target_group(
            TargetGroupArn=hand.ids["target-group"], HealthCheckProtocol="HTTP", HealthCheckPath="/none"
        )
        answer = {"State": "healthy"}
        found = account.look()
        assert states(found)["7"] is State.DONE
        assert "health check protocol" in [note.drift.field for one in found.steps for note in one.notes]
        answer = {"State": "unhealthy", "Reason": "Target.ResponseCodeMismatch", "Description": "codes: [404]"}
        following = account.look().next_thing()
        assert following
        assert (following.number, following.click[:19]) == ("7", "EC2 > Target groups")
        assert "health check protocol HTTP → TCP" in following.what
        assert states(account.look())["6"] is State.DONE, "httpd answers, with another page"
        carried_out(following.command, account.clients)
        answer = {"State": "healthy"}
        assert states(account.look())["7"] is State.DONE
    finally:
        account.clients.elb.meta.events.unregister(event, say)
