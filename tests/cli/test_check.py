"""``check``: a demo that somebody built by hand, whole, half and with one thing wrong at a time."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.by_hand import ANYWHERE, ByHand, carried_out, rule
from vpce_demo.aws.clients import Clients
from vpce_demo.aws.environment import Environment
from vpce_demo.aws.iam_policy import PERMISSIONS
from vpce_demo.aws.region import image
from vpce_demo.cli import run_command
from vpce_demo.config.load import load
from vpce_demo.model import Side
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.discover import not_looked_up
from vpce_demo.session.run import Run
from vpce_demo.ui.console_links import page_of
from vpce_demo.verify.hand_made import CheckedStep, HandMade, State, look_at_hand_made

from ..network.world import wait_for
from .program import VALIDATOR
from .stage import Stage, write_server_file

ROUNDS = 8
"""So many next things bring back what is put in the place of something that AWS cannot change."""


@dataclass
class Account:
    """The account of the sandbox, and how it is checked."""

    sandbox: Sandbox
    place: Environment
    image: str

    @property
    def clients(self) -> Clients:
        return self.place.clients[Side.PROVIDER]

    def look(self, **wanted: Any) -> HandMade:
        settings = not_looked_up(load(None, {}))
        return look_at_hand_made(settings, self.place.clients, **wanted)

    def by_hand(self, until: int = 16, **others: Any) -> ByHand:
        return ByHand(self.clients, self.image, **others).build(until)

    def settled(self, *, within: float = 20.0) -> HandMade:
        """A look when AWS works on nothing any more."""
        end = time.monotonic() + within
        while True:
            found = self.look()
            if all(one.state is not State.NOT_YET for one in found.steps) or time.monotonic() > end:
                return found
            time.sleep(0.05)

    def mended(self, found: HandMade | None = None, rounds: int = ROUNDS) -> HandMade:
        """Do the next thing, as printed, until nothing is left."""
        found = found or self.settled()
        for _ in range(rounds):
            following = found.next_thing()
            if following is None:
                break
            carried_out(following.command, self.clients)
            found = self.settled()
        return found


@pytest.fixture(scope="module")
def the_image(place: Environment) -> str:
    return image(place.clients[Side.PROVIDER], load(None, {}))


@pytest.fixture
def account(sandbox: Sandbox, place: Environment, the_image: str) -> Account:
    """An empty account, with a key."""
    place.clients[Side.PROVIDER].ec2.create_key_pair(KeyName="mine")
    return Account(sandbox, place, the_image)


def states(found: HandMade) -> dict[str, State]:
    return {one.number: one.state for one in found.steps}


def undone(found: HandMade) -> dict[str, CheckedStep]:
    return {one.number: one for one in found.steps if one.problem}


def words(one: CheckedStep) -> str:
    p = one.problem
    if p is None:
        return ""
    drift = "; ".join(f"{d.field} {d.aws} not {d.tutorial}" for d in p.drift)
    return f"{one.state}: {p.resource.noun}: {p.why or drift}"


def test_each_half_of_a_demo_says_what_comes_next(account: Account) -> None:
    """After each step done by hand, that many are done and the next one is next; at the end all are."""
    hand = account.by_hand(0)
    for number, step in enumerate(hand.steps):
        found = account.settled()
        assert [one.state for one in found.steps] == [State.DONE] * number + [State.MISSING] * (16 - number)
        following = found.next_thing()
        assert following
        assert following.number == found.steps[number].number
        step()
    found = account.settled()
    assert undone(found) == {}
    assert found.next_thing() is None
    noted = {(note.resource.key, note.drift.field): note.drift.aws for one in found.steps for note in one.notes}
    assert noted["provider-vpc", "name"] == "my-vpc"
    assert noted["web", "type"] == "t3.small"
    assert noted["target-group", "health check interval"] == "30"
    again = account.settled()
    assert (states(again), again.shapes.chosen) == (states(found), found.shapes.chosen), "the same when asked twice"


def test_an_empty_account_is_led_to_a_whole_demo(account: Account) -> None:
    account.clients.ec2.delete_key_pair(KeyName="mine")
    assert undone(account.mended(rounds=40)) == {}


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


def permission(call: str, whose: str, *rules: Any) -> Callable[[ByHand], None]:
    def change(hand: ByHand) -> None:
        getattr(hand.ec2, call)(GroupId=hand.ids[f"{whose}-group"], IpPermissions=list(rules))

    return change


REVOKE = "revoke_security_group_ingress"
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


def no_route(whose: str) -> Callable[[ByHand], None]:
    return lambda hand: hand.ec2.delete_route(
        RouteTableId=hand.ids[f"{whose}-routes"], DestinationCidrBlock="0.0.0.0/0"
    )


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


def no_endpoint(hand: ByHand) -> None:
    hand.ec2.delete_vpc_endpoints(VpcEndpointIds=[hand.ids["endpoint"]])
    which = [{"Name": "vpc-endpoint-id", "Values": [hand.ids["endpoint"]]}]
    wait_for(lambda: not hand.ec2.describe_vpc_endpoints(Filters=which)["VpcEndpoints"])


def no_service(hand: ByHand) -> None:
    no_endpoint(hand)
    hand.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[hand.ids["service"]])


def another_endpoint(**others: Any) -> Callable[[ByHand], None]:
    def change(hand: ByHand) -> None:
        no_endpoint(hand)

        def filled(value: Any) -> Any:
            if isinstance(value, list):
                return [filled(one) for one in value]
            return hand.ids[value[1:]] if str(value)[:1] == "@" else value

        hand.endpoint(**{name: filled(value) for name, value in others.items()})

    return change


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


def rejected(hand: ByHand) -> None:
    hand.ec2.reject_vpc_endpoint_connections(ServiceId=hand.ids["service"], VpcEndpointIds=[hand.ids["endpoint"]])


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


SAMPLE = ("another table", "80 from elsewhere", "no httpd", "group HTTP", "internal", "no service", "not accepted")
"""The rows of each run; the others need the same code, and are slow together."""


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


def swept(hand: ByHand, kept: set[str]) -> None:
    """Remove what is not the demo's any more, as somebody would."""
    held = [one for each in hand.ec2.describe_instances()["Reservations"] for one in each["Instances"]]
    gone = [one["InstanceId"] for one in held if one["InstanceId"] not in kept and one["State"]["Name"] != "terminated"]
    if gone:
        hand.ec2.terminate_instances(InstanceIds=gone)
    endpoints = [one["VpcEndpointId"] for one in hand.ec2.describe_vpc_endpoints()["VpcEndpoints"]]
    if others := [one for one in endpoints if one not in kept]:
        hand.ec2.delete_vpc_endpoints(VpcEndpointIds=others)
        wait_for(lambda: {one["VpcEndpointId"] for one in hand.ec2.describe_vpc_endpoints()["VpcEndpoints"]} <= kept)
    listed = hand.ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]
    if services := [one["ServiceId"] for one in listed if one["ServiceId"] not in kept]:
        hand.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=services)
    for balancer in hand.elb.describe_load_balancers()["LoadBalancers"]:
        if balancer["LoadBalancerArn"] not in kept:
            hand.elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    for group in hand.elb.describe_target_groups()["TargetGroups"]:
        if group["TargetGroupArn"] not in kept:
            hand.elb.delete_target_group(TargetGroupArn=group["TargetGroupArn"])


# --- the command -----------------------------------------------------------------------------


@pytest.fixture
def stage(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Stage:
    """The program in this account, with clients that are not made anew for each command."""
    monkeypatch.setattr("vpce_demo.aws.environment.in_sandbox", lambda config, running: account.place)
    state = tmp_path / "state"
    write_server_file(account.sandbox, state)
    return Stage(state, account.clients, {}, capsys)


def test_with_the_key_17_of_17_are_done(account: Account, stage: Stage, tmp_path: Path) -> None:
    key = tmp_path / "keys" / "bob.pem"
    key.parent.mkdir()
    key.touch(0o600)
    key.write_text(account.clients.ec2.create_key_pair(KeyName="bob")["KeyMaterial"])
    hand = account.by_hand(key="bob")
    account.settled()
    code, document, err = stage.run("check", "--key", str(key))
    assert "17 of 17 done." in err
    assert "Next:" not in err
    assert (code, document["done"], document["of"], document["next"]) == (0, 17, 17, None)
    VALIDATOR.validate(document)
    assert [one["passed"] for one in document["checks"]] == [True] * 6 + [None, True]
    assert document["checks"][6]["evidence"] == "not run: built by hand, so it has no demo id"
    assert [one["step"] for one in document["steps"]][-4:] == ["14", "15.1", "15.2", "16"]
    assert {"kind": "Vpc", "field": "name", "tutorial": "Service_Network", "aws": "my-vpc"} in document["steps"][0][
        "notes"
    ]
    assert list(tmp_path.glob("keys/*")) == [key], "the directory of the key stays as it is"
    # Without it, and without another's name
    code, document, _ = stage.run("check")
    assert (code, document["done"], document["steps"][-1]["state"]) == (0, 16, "not looked at")
    code, out, _ = stage.text("check", "--key", str(key), "--user", "nobody")
    assert code == 6
    assert "nobody@" in out
    # In Japanese, and one thing wrong
    permission(REVOKE, "provider", rule(80))(hand)
    code, out, _ = stage.text("check", "--lang", "ja", "--key", str(key))
    assert code == 10
    assert re.search(r"✗ +6 +Web サーバー +足りないもの +インバウンドルール", out)
    assert "次は: インバウンドルール tcp/80 を作成してください" in out
    assert f"vpce-demo --sandbox --state-dir {stage.directory} sandbox aws ec2 authorize" not in out
    assert f"sandbox aws ec2 authorize-security-group-ingress --group-id {hand.ids['provider-group']}" in out
    code, document, _ = stage.run("check")
    assert document["next"]["step"] == "6"
    assert document["next"]["click"].startswith("VPC > Security groups")
    assert document["next"]["console_url"] is None
    VALIDATOR.validate(document)


def test_two_demos_and_which_is_meant(account: Account, stage: Stage) -> None:
    first = account.by_hand()
    second = account.by_hand(8, suffix="-2", names=("mine-too", ""))
    account.settled()
    code, document, _ = stage.run("check")
    assert code == 10
    both = sorted((f"{first.ids['provider-vpc']} (my-vpc)", f"{second.ids['provider-vpc']} (mine-too)"))
    assert document["steps"][0]["why"] == f"several fit: {', '.join(both)}"
    assert document["next"]["command"].endswith(f" check --vpc {both[0].split()[0]}")
    for hand, done in ((first, 16), (second, 14)):  # the consumer's VPC is there, with an endpoint of the first
        for option in (("--vpc", hand.ids["provider-vpc"]), ("--service", hand.ids["service"])):
            code, document, _ = stage.run("check", *option)
            assert document["steps"][0]["id"] == hand.ids["provider-vpc"]
            assert document["done"] == done
    code, document, _ = stage.run("check", "--vpc", "vpc-0123456789abcdef0")
    assert (code, document["error"]["code"]) == (2, "VPCE134")
    # The tutorial's name decides among several, and only there.
    second.tag(second.ids["provider-vpc"], "Service_Network")
    assert stage.run("check")[1]["steps"][0]["id"] == second.ids["provider-vpc"]


def test_beside_a_demo_of_this_program(
    account: Account, stage: Stage, open_run: Callable[..., AbstractContextManager[Run]], tmp_path: Path
) -> None:
    with open_run(tmp_path / "own") as run:
        run.up(run.demo.resources, lambda event: None, None)
        ids = dict(run.state.ids)
    code, document, _ = stage.run("check")
    assert (code, document["done"]) == (10, 0), "nothing is built by hand"
    code, document, _ = stage.run("check", "--all")
    assert (document["done"], document["steps"][0]["id"]) == (16, ids["provider-vpc"])
    hand = account.by_hand()
    account.settled()
    code, document, _ = stage.run("check")
    assert (code, document["done"], document["steps"][0]["id"]) == (0, 16, hand.ids["provider-vpc"])


def test_what_aws_is_working_on_is_not_wrong(account: Account) -> None:
    hand = account.by_hand(6)
    account.sandbox.set(speed=1)
    hand.ids["target-group"] = hand.targets("t")
    wanted = {"Type": "network", "Scheme": "internet-facing", "Subnets": [hand.ids["provider-subnet"]]}
    hand.ids["load-balancer"] = hand.elb.create_load_balancer(Name="n", **wanted)["LoadBalancers"][0]["LoadBalancerArn"]
    hand.listener()
    hand.elb.register_targets(TargetGroupArn=hand.ids["target-group"], Targets=[{"Id": hand.ids["web"]}])
    found = account.look()
    assert states(found)["7"] is State.NOT_YET
    following = found.next_thing()
    assert following
    assert following.number == "9", "the service needs the load balancer, the consumer's VPC does not"


def test_what_may_not_be_looked_at_is_said(account: Account) -> None:
    account.by_hand(9)
    events = account.clients.elb.meta.events

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeLoadBalancers")

    events.register("before-call.elastic-load-balancing-v2.DescribeLoadBalancers", refuse)
    try:
        steps = {one.number: words(one) for one in account.look().steps}
    finally:
        events.unregister("before-call.elastic-load-balancing-v2.DescribeLoadBalancers", refuse)
    assert steps["7"] == "not looked at: Network Load Balancer: DescribeLoadBalancers is not allowed to you"
    assert steps["8"] == "not looked at: endpoint service: DescribeLoadBalancers is not allowed to you"
    assert (steps["6"], steps["9"]) == ("", "")


def test_it_only_reads_and_the_least_policy_lets_it(account: Account) -> None:
    account.by_hand(16)
    asked: set[str] = set()

    def hear(model: Any, **_: Any) -> None:
        service = {"elbv2": "elasticloadbalancing"}.get(model.service_model.service_name, "ec2")
        asked.add(f"{service}:{model.name}")

    clients = (account.clients.ec2, account.clients.elb)
    for client in clients:
        client.meta.events.register("before-call", hear)
    try:
        account.look().next_thing()
    finally:
        for client in clients:
            client.meta.events.unregister("before-call", hear)
    assert len(asked) > 14
    assert asked <= {one.action for one in PERMISSIONS}
    assert all(action.partition(":")[2].startswith("Describe") for action in asked)


def test_the_link_leads_to_the_page_where_it_is_made(account: Account) -> None:
    """In the sandbox no link is shown: the console shows AWS."""
    hand = account.by_hand(3)
    console = "https://us-east-1.console.aws.amazon.com/vpcconsole/home?region=us-east-1#"
    found = account.look()
    links = {r.key: page_of(r, found.live, "us-east-1") for r in found.demo.resources}
    assert links["provider-vpc"] == f"{console}VpcDetails:VpcId={hand.ids['provider-vpc']}"
    assert links["provider-routes"] == f"{console}RouteTables:"
    assert links["customer-attachment"] == ""
    hand.ec2.create_route_table(VpcId=hand.ids["provider-vpc"])
    found = account.look()
    following = found.next_thing()
    assert following
    assert following.resource
    table = found.shapes.chosen["provider-routes"]
    assert page_of(following.resource, found.live, "us-east-1") == f"{console}RouteTableDetails:RouteTableId={table}"


def test_without_a_sandbox_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["--sandbox", "--state-dir", str(tmp_path), "check"]) == 1
    assert "The sandbox does not run." in capsys.readouterr().err
