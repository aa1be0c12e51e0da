"""Every link of the tutorial's chain, broken one at a time: the outcome, and the hop that settled it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from vpce_demo.sandbox.network.decide import Decision, Outcome, decide
from vpce_demo.sandbox.network.names import AWS, CHECKIP, METADATA, OPERATOR, resolve
from vpce_demo.sandbox.store.view import (
    AclEntry,
    Endpoint,
    EndpointService,
    Group,
    GroupRule,
    Health,
    Instance,
    InterfaceOwner,
    LoadBalancer,
    Peering,
    Route,
    Subnet,
    Target,
    TargetGroup,
    View,
    Vpc,
)

from .world import (
    ALL_OUT,
    ANYWHERE,
    BALANCER,
    BALANCER_ADDRESS,
    BALANCER_NAME,
    BALANCER_PUBLIC,
    CUSTOMER,
    CUSTOMER_ADDRESS,
    CUSTOMER_PUBLIC,
    ENDPOINT_ADDRESS,
    ENDPOINT_NAME,
    OPEN_ACL,
    TARGETS,
    WEB,
    WEB_ADDRESS,
    WEB_PUBLIC,
    ZONAL_NAME,
    but,
    interface,
    rule,
    subnet,
    tutorial,
    with_,
    without,
)

Change = Callable[[View], View]

DROPPED, REFUSED, DELIVERED = Outcome.DROPPED, Outcome.REFUSED, Outcome.DELIVERED


def healthy(arn: str, instance_id: str, port: int) -> Health:
    return Health(healthy=True)


def ask(view: View, source: str, destination: str, port: int = 80) -> Decision:
    return decide(view, source, destination, port, healthy)


def changed(kind: type, key: str, **changes: object) -> Change:
    return lambda view: but(view, kind, key, **changes)


def removed(kind: type, key: str) -> Change:
    return lambda view: without(view, kind, key)


def acl(*lines: AclEntry) -> tuple[AclEntry, ...]:
    """These lines before the open ones."""
    return (*lines, *OPEN_ACL)


def deny(egress: bool, low: int, high: int, cidr: str = "0.0.0.0/0", number: int = 50) -> AclEntry:
    return AclEntry(number, egress, "tcp", low, high, cidr, allow=False)


def groups_on_balancer(*rules: GroupRule, enforced: bool = True, egress: tuple[GroupRule, ...] = ALL_OUT) -> Change:
    """A load balancer with a security group of its own."""

    def change(view: View) -> View:
        view = with_(view, Group("sg-balancer", "Balancer_sg", rules, egress))
        return but(view, LoadBalancer, BALANCER, group_ids=("sg-balancer",), enforces_groups_on_private_link=enforced)

    return change


def service_apart(lines: tuple[AclEntry, ...]) -> Change:
    """The load balancer in a subnet of its own, whose ACL has these lines."""

    def change(view: View) -> View:
        own = subnet("service", "20.0.2.0/24", acl=lines)
        view = with_(view, replace(own, id="subnet-balancer", acl_id="acl-balancer"))
        node = view.interfaces["eni-balancer"]
        return with_(view, replace(node, subnet_id="subnet-balancer", address="20.0.2.20"))

    return change


def endpoint_apart(lines: tuple[AclEntry, ...]) -> Change:
    """The endpoint in a subnet of its own, whose ACL has these lines."""

    def change(view: View) -> View:
        own = subnet("customer", "10.0.2.0/24", acl=lines)
        view = with_(view, replace(own, id="subnet-endpoint", acl_id="acl-endpoint"))
        entry = view.interfaces["eni-endpoint"]
        return with_(view, replace(entry, subnet_id="subnet-endpoint"))

    return change


def test_the_page_goes_through_private_link_and_the_server_sees_the_load_balancer() -> None:
    decision = ask(tutorial(), "eni-customer", ENDPOINT_ADDRESS)
    assert (decision.outcome, decision.host, decision.port) == (DELIVERED, WEB, 80)
    assert decision.source == BALANCER_ADDRESS
    assert [hop.at for hop in decision.hops] == [
        "sg-customer",
        "rtb-customer",
        "sg-customer",
        "vpce-1",
        "vpce-svc-1",
        "MyNetwork-LB",
        "MyNetwork-LB",
        "sg-web",
        WEB,
        WEB,
    ]
    assert all(hop.passed for hop in decision.hops)


@pytest.mark.parametrize(
    ("source", "destination", "port", "host", "seen"),
    [
        (OPERATOR, BALANCER_PUBLIC, 80, WEB, OPERATOR),
        (OPERATOR, WEB_PUBLIC, 80, WEB, OPERATOR),
        (OPERATOR, CUSTOMER_PUBLIC, 22, CUSTOMER, OPERATOR),
        ("eni-customer", WEB_PUBLIC, 80, WEB, CUSTOMER_PUBLIC),
        ("eni-customer", BALANCER_PUBLIC, 80, WEB, CUSTOMER_PUBLIC),
        ("eni-customer", CHECKIP, 80, CHECKIP, CUSTOMER_PUBLIC),
        ("eni-web", resolve(tutorial(), "sts.us-east-1.amazonaws.com"), 443, AWS, WEB_PUBLIC),
        ("eni-web", METADATA, 80, METADATA, "eni-web"),
        ("eni-web", CUSTOMER_PUBLIC, 22, CUSTOMER, WEB_PUBLIC),
        ("eni-balancer", WEB_ADDRESS, 80, WEB, BALANCER_ADDRESS),
        (OPERATOR, CHECKIP, 80, CHECKIP, OPERATOR),
    ],
)
def test_what_arrives(source: str, destination: str, port: int, host: str, seen: str) -> None:
    decision = ask(tutorial(), source, destination, port)
    assert (decision.outcome, decision.host, decision.port, decision.source) == (DELIVERED, host, port, seen)


BROKEN_PRIVATE_LINK: dict[str, tuple[Change, Outcome, str, str]] = {
    "client group lets nothing out": (
        lambda view: but(view, Group, "sg-customer", egress=()),
        DROPPED, "sg-customer", "no outbound rule for tcp/80 to 10.0.1.87",
    ),
    "endpoint group lets nobody in": (
        changed(Group, "sg-customer", ingress=(rule(22, *ANYWHERE),)),
        DROPPED, "sg-customer", "no inbound rule for tcp/80 from 10.0.1.15",
    ),
    "endpoint group lets others in": (
        changed(Group, "sg-customer", ingress=(rule(80, "10.9.0.0/16"),)),
        DROPPED, "sg-customer", "no inbound rule",
    ),
    "endpoint group allows udp": (
        changed(Group, "sg-customer", ingress=(GroupRule("udp", 80, 80, ANYWHERE, ()),)),
        DROPPED, "sg-customer", "no inbound rule",
    ),
    "endpoint in its own subnet, closed to the way in": (
        endpoint_apart(acl(deny(False, 80, 80))), DROPPED, "acl-endpoint", "line 50 denies tcp/80 in from 10.0.1.15",
    ),
    "endpoint in its own subnet, closed to the way back": (
        endpoint_apart(acl(deny(True, 1024, 65535))), DROPPED, "acl-endpoint", "line 50 denies tcp/32768-60999 (ans",
    ),
    "endpoint in its own subnet, half the way back": (
        endpoint_apart(acl(deny(True, 60000, 61000))), DROPPED, "acl-endpoint", "line 50 denies",
    ),
    "endpoint in its own subnet, the way back but for one port": (
        endpoint_apart(
            (
                AclEntry(1, False, "tcp", 80, 80, "0.0.0.0/0", True),
                AclEntry(1, True, "tcp", 1024, 40000, "0.0.0.0/0", True),
                AclEntry(2, True, "tcp", 40002, 65535, "0.0.0.0/0", True),
            )
        ),
        DROPPED, "acl-endpoint", "line * denies tcp/32768-60999 (answers) out",
    ),
    "endpoint in its own subnet, an ACL without lines": (
        endpoint_apart(()), DROPPED, "acl-endpoint", "line * denies",
    ),
    "requested": (changed(Endpoint, "vpce-1", state="pendingAcceptance"), DROPPED, "vpce-1", "is pendingAcceptance"),
    "accepted a moment ago": (changed(Endpoint, "vpce-1", state="pending"), DROPPED, "vpce-1", "is pending"),
    "rejected": (changed(Endpoint, "vpce-1", state="rejected"), DROPPED, "vpce-1", "is rejected"),
    "endpoint forgotten": (removed(Endpoint, "vpce-1"), DROPPED, "vpce-1", "gone"),
    "endpoint's interface gone": (
        lambda view: replace(view, interfaces={k: v for k, v in view.interfaces.items() if k != "eni-endpoint"}),
        DROPPED, "vpc-customer", "no network interface has the address",
    ),
    "service deleted": (removed(EndpointService, "vpce-svc-1"), DROPPED, "vpce-svc-1", "no such endpoint service"),
    "service pending": (changed(EndpointService, "vpce-svc-1", state="Pending"), DROPPED, "vpce-svc-1", "is Pending"),
    "load balancer deleted": (removed(LoadBalancer, BALANCER), DROPPED, "vpce-svc-1", "no load balancer in zone"),
    "load balancer in another zone": (
        changed(Subnet, "subnet-service", zone_id="use1-az2"), DROPPED, "vpce-svc-1", "no load balancer in zone use1",
    ),
    "load balancer provisioning": (
        changed(LoadBalancer, BALANCER, state="provisioning"), DROPPED, "MyNetwork-LB", "is provisioning",
    ),
    "no listener": (changed(LoadBalancer, BALANCER, listeners={}), DROPPED, "MyNetwork-LB", "no listener on tcp/80"),
    "listener elsewhere": (
        changed(LoadBalancer, BALANCER, listeners={8080: TARGETS}), DROPPED, "MyNetwork-LB", "no listener on tcp/80",
    ),
    "target group deleted": (removed(TargetGroup, TARGETS), DROPPED, "MyNetwork-LB", "no listener"),
    "load balancer's group lets others in": (
        groups_on_balancer(rule(80, "20.0.0.0/16")), DROPPED, "sg-balancer", "no inbound rule for tcp/80 from 10.0",
    ),
    "load balancer's group lets nothing out": (
        groups_on_balancer(rule(80, *ANYWHERE), egress=()), DROPPED, "sg-balancer", "no outbound rule for tcp/80 to 20",
    ),
    "no target": (changed(TargetGroup, TARGETS, targets=()), REFUSED, "MyNetwork-TG", "no registered target"),
    "target forgotten": (removed(Instance, WEB), REFUSED, "MyNetwork-TG", "no registered target"),
    "target's group knows only the customer": (
        changed(Group, "sg-web", ingress=(rule(80, "10.0.0.0/16"),)),
        DROPPED, "sg-web", "no inbound rule for tcp/80 from 20.0.1.20",
    ),
    "target's group is closed": (changed(Group, "sg-web", ingress=()), DROPPED, "sg-web (Webserver_sg)", "no inbound"),
    "load balancer's subnet lets no answer in": (
        service_apart(acl(deny(False, 1024, 65535))), DROPPED, "acl-balancer", "denies tcp/1024-65535 (answers) in",
    ),
    "load balancer's subnet lets nothing out": (
        service_apart(acl(deny(True, 80, 80, "20.0.1.0/24"))), DROPPED, "acl-balancer", "line 50 denies tcp/80 out to",
    ),
    "target stopped": (changed(Instance, WEB, state="stopped"), DROPPED, WEB, "is stopped"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN_PRIVATE_LINK)
def test_a_broken_private_link(name: str) -> None:
    change, outcome, at, says = BROKEN_PRIVATE_LINK[name]
    decision = ask(change(tutorial()), "eni-customer", ENDPOINT_ADDRESS)
    assert decision.outcome is outcome
    assert decision.settled_by.at.startswith(at)
    assert says in decision.settled_by.says
    assert not decision.settled_by.passed
    assert all(hop.passed for hop in decision.hops[:-1])
    assert decision.host == ""


STILL_FINE: dict[str, Change] = {
    "endpoint's group names the client's group": changed(
        Group, "sg-customer", ingress=(rule(80, groups=("sg-customer",)),)
    ),
    "client's group names the endpoint's group": changed(
        Group, "sg-customer", egress=(rule(80, groups=("sg-customer",)),)
    ),
    "target's group knows the load balancer's address": changed(
        Group, "sg-web", ingress=(rule(80, f"{BALANCER_ADDRESS}/32"),)
    ),
    "load balancer's group, not asked": groups_on_balancer(enforced=False),
    "load balancer's group lets the client in": groups_on_balancer(rule(80, f"{CUSTOMER_ADDRESS}/32")),
    "target's group names the load balancer's group": lambda view: but(
        groups_on_balancer(rule(80, *ANYWHERE))(view), Group, "sg-web", ingress=(rule(80, groups=("sg-balancer",)),)
    ),
    "no route to the internet": changed(Subnet, "subnet-customer", routes=(Route("10.0.0.0/16", "local", True),)),
    "no gateways": lambda view: but(
        but(view, Vpc, "vpc-customer", gateway_ids=()), Vpc, "vpc-service", gateway_ids=()
    ),
    "an ACL inside one subnet is not asked": changed(Subnet, "subnet-customer", acl=()),
    "the ports of Linux are enough": endpoint_apart(
        (
            AclEntry(1, False, "tcp", 80, 80, "10.0.1.0/24", True),
            AclEntry(1, True, "tcp", 32768, 40000, "10.0.1.0/24", True),
            AclEntry(2, True, "6", 40001, 65535, "10.0.1.15/32", True),
        )
    ),
    "an earlier line wins": endpoint_apart(acl(deny(False, 80, 80, number=200))),
    "a denial of others": endpoint_apart(acl(deny(False, 80, 80, "10.0.9.0/24"), deny(True, 1, 1000))),
    "load balancer in its own subnet": service_apart(OPEN_ACL),
    "load balancer impaired": changed(LoadBalancer, BALANCER, state="active_impaired"),
    "the same addresses on both sides": lambda view: but(
        but(view, Vpc, "vpc-service", cidrs=("20.0.0.0/16", "10.0.0.0/16")),
        Subnet, "subnet-service", cidr="10.0.0.0/16",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STILL_FINE)
def test_what_private_link_does_not_need(name: str) -> None:
    decision = ask(STILL_FINE[name](tutorial()), "eni-customer", ENDPOINT_ADDRESS)
    assert decision.outcome is DELIVERED, decision.settled_by


def test_the_control_check_the_servers_own_address_means_nothing_to_the_customer() -> None:
    decision = ask(tutorial(), "eni-customer", WEB_ADDRESS)
    assert decision.outcome is DROPPED
    assert decision.settled_by.at == "internet"
    assert [hop.at for hop in decision.hops][1] == "rtb-customer"


def peered(*, there: str = "pcx-1", back: str = "pcx-1", active: bool = True) -> View:
    """The two VPCs joined by a peering connection, with these routes to it."""
    view = with_(tutorial(), Peering("pcx-1", ("vpc-service", "vpc-customer"))) if active else tutorial()
    routes = {"customer": Route("20.0.0.0/16", there, active), "service": Route("10.0.0.0/16", back, active)}
    for side, route in routes.items():
        before = view.subnets[f"subnet-{side}"].routes
        view = but(view, Subnet, f"subnet-{side}", routes=(*before, route) if route.target else before)
    return view


def test_a_peering_connection_is_another_way_to_the_web_server() -> None:
    decision = ask(peered(), "eni-customer", WEB_ADDRESS)
    assert (decision.outcome, decision.host, decision.source) == (DELIVERED, WEB, CUSTOMER_ADDRESS)
    assert [hop.says for hop in decision.hops if hop.at.startswith("rtb-")] == [
        "20.0.0.0/16 to pcx-1",
        "10.0.0.0/16 to pcx-1",
    ]
    back = ask(peered(), "eni-web", CUSTOMER_ADDRESS, 22)
    assert (back.outcome, back.host, back.source) == (DELIVERED, CUSTOMER, WEB_ADDRESS)


@pytest.mark.parametrize(
    ("view", "at", "says"),
    [
        (peered(there=""), "internet", "nobody answers"),
        (peered(back=""), "rtb-service", "0.0.0.0/0 to igw-service, and not back to pcx-1"),
        (peered(back="pcx-2"), "rtb-service", "10.0.0.0/16 to pcx-2, and not back to pcx-1"),
        (peered(active=False), "rtb-customer", "20.0.0.0/16 to pcx-1 is a blackhole"),
        (but(peered(), Subnet, "subnet-service", acl=acl(deny(False, 80, 80))), "acl-service", "line 50 denies tcp/80"),
        (but(peered(), Group, "sg-web", ingress=(rule(80, "20.0.0.0/16"),)), "sg-web", "no inbound rule for tcp/80 fr"),
    ],
    ids=["no route", "no way back", "back elsewhere", "deleted", "ACL", "group"],
)
def test_a_peering_connection_alone_is_not_enough(view: View, at: str, says: str) -> None:
    decision = ask(view, "eni-customer", WEB_ADDRESS)
    assert decision.outcome is DROPPED
    assert decision.settled_by.at.startswith(at)
    assert says in decision.settled_by.says


def test_groups_name_groups_across_a_peering_connection() -> None:
    view = but(peered(), Group, "sg-web", ingress=(rule(80, groups=("sg-customer",)),))
    assert ask(view, "eni-customer", WEB_ADDRESS).outcome is DELIVERED


@pytest.mark.parametrize("side", ["service", "customer"])
def test_block_public_access_closes_the_gateway_and_nothing_else(side: str) -> None:
    view = but(tutorial(), Vpc, f"vpc-{side}", blocked=True)
    inward = ask(view, OPERATOR, {"service": WEB_PUBLIC, "customer": CUSTOMER_PUBLIC}[side], 22)
    outward = ask(view, {"service": "eni-web", "customer": "eni-customer"}[side], CHECKIP)
    for decision in (inward, outward):
        assert decision.outcome is DROPPED
        assert str(decision.settled_by) == f"vpc-{side}: is closed to the internet by Block Public Access"
    assert ask(view, "eni-customer", ENDPOINT_ADDRESS).outcome is DELIVERED


def test_an_address_means_what_it_means_in_the_sources_vpc() -> None:
    twin = interface("twin", "service", CUSTOMER_ADDRESS, None, ("sg-web",), InterfaceOwner.INSTANCE, WEB)
    view = but(with_(tutorial(), twin), Vpc, "vpc-service", cidrs=("20.0.0.0/16", "10.0.0.0/16"))
    assert ask(view, "eni-web", CUSTOMER_ADDRESS).host == WEB
    assert ask(view, "eni-endpoint", CUSTOMER_ADDRESS).host == CUSTOMER


BROKEN_INTERNET: dict[str, tuple[str, str, Change, Outcome, str, str]] = {
    "nobody there": (OPERATOR, "192.0.2.1", lambda view: view, DROPPED, "internet", "nobody answers"),
    "private from outside": (OPERATOR, CUSTOMER_ADDRESS, lambda view: view, DROPPED, "internet", "nobody answers"),
    "endpoint from outside": (OPERATOR, ENDPOINT_ADDRESS, lambda view: view, DROPPED, "internet", "nobody answers"),
    "gateway detached": (
        OPERATOR, WEB_PUBLIC, changed(Vpc, "vpc-service", gateway_ids=()), DROPPED, "vpc-service", "no internet",
    ),
    "no route back": (
        OPERATOR, WEB_PUBLIC, changed(Subnet, "subnet-service", routes=(Route("20.0.0.0/16", "local", True),)),
        DROPPED, "rtb-service", "no route to 203.0.113.10",
    ),
    "a longer route is a blackhole": (
        OPERATOR, WEB_PUBLIC,
        changed(
            Subnet, "subnet-service",
            routes=(Route("0.0.0.0/0", "igw-service", True), Route("203.0.113.0/24", "igw-gone", False)),
        ),
        DROPPED, "rtb-service", "203.0.113.0/24 to igw-gone is a blackhole",
    ),
    "a route to another gateway": (
        OPERATOR, WEB_PUBLIC, changed(Subnet, "subnet-service", routes=(Route("0.0.0.0/0", "igw-other", True),)),
        DROPPED, "rtb-service", "igw-other, which is not attached to vpc-service",
    ),
    "a route to something else": (
        OPERATOR, WEB_PUBLIC, changed(Subnet, "subnet-service", routes=(Route("0.0.0.0/0", "nat-1", True),)),
        DROPPED, "rtb-service", "nat-1, which is no way",
    ),
    "ACL in": (
        OPERATOR, WEB_PUBLIC, changed(Subnet, "subnet-service", acl=acl(deny(False, 80, 80))),
        DROPPED, "acl-service", "line 50 denies tcp/80 in",
    ),
    "ACL back": (
        OPERATOR, WEB_PUBLIC, changed(Subnet, "subnet-service", acl=acl(deny(True, 1024, 65535))),
        DROPPED, "acl-service", "line 50 denies tcp/1024-65535 (answers) out",
    ),
    "group": (
        OPERATOR, WEB_PUBLIC, changed(Group, "sg-web", ingress=(rule(80, "198.51.100.9/32"),)),
        DROPPED, "sg-web", "no inbound rule for tcp/80 from 203.0.113.10",
    ),
    "instance shutting down": (
        OPERATOR, WEB_PUBLIC, changed(Instance, WEB, state="shutting-down"), DROPPED, WEB, "is shutting-down",
    ),
    "out: no public address": (
        "eni-customer", CHECKIP,
        lambda view: with_(view, replace(view.interfaces["eni-customer"], public_address=None)),
        DROPPED, "igw-customer", "no public address",
    ),
    "out: no route": (
        "eni-customer", CHECKIP, changed(Subnet, "subnet-customer", routes=()), DROPPED, "rtb-customer", "no route",
    ),
    "out: gateway detached": (
        "eni-customer", CHECKIP, changed(Vpc, "vpc-customer", gateway_ids=()), DROPPED, "rtb-customer", "not attached",
    ),
    "out: ACL": (
        "eni-customer", CHECKIP, changed(Subnet, "subnet-customer", acl=acl(deny(True, 80, 80))),
        DROPPED, "acl-customer", "line 50 denies tcp/80 out",
    ),
    "out: ACL back": (
        "eni-customer", CHECKIP, changed(Subnet, "subnet-customer", acl=acl(deny(False, 40000, 40000))),
        DROPPED, "acl-customer", "line 50 denies tcp/32768-60999 (answers) in",
    ),
    "balancer: client's address at the target": (
        OPERATOR, BALANCER_PUBLIC, changed(Group, "sg-web", ingress=(rule(80, "20.0.0.0/16"),)),
        DROPPED, "sg-web", "no inbound rule for tcp/80 from 203.0.113.10",
    ),
    "balancer: its own group": (
        OPERATOR, BALANCER_PUBLIC, groups_on_balancer(rule(80, "10.0.0.0/8")),
        DROPPED, "sg-balancer", "no inbound rule for tcp/80 from 203.0.113.10",
    ),
    "balancer: provisioning": (
        OPERATOR, BALANCER_PUBLIC, changed(LoadBalancer, BALANCER, state="provisioning"), DROPPED, "MyNetwork", "is p",
    ),
    "balancer: deleted, its interface lingers": (
        OPERATOR, BALANCER_PUBLIC, removed(LoadBalancer, BALANCER), DROPPED, "eni-balancer", "gone",
    ),
    "balancer: hairpin": ("eni-web", BALANCER_ADDRESS, lambda view: view, DROPPED, "MyNetwork-LB", "back to itself"),
    "an interface of something else": (
        "eni-web", BALANCER_ADDRESS,
        lambda view: with_(
            view, replace(view.interfaces["eni-balancer"], holder=InterfaceOwner.OTHER, group_ids=("sg-web",))
        ),
        DROPPED, "eni-balancer", "nothing answers",
    ),
    "an unused address": ("eni-web", "20.0.1.99", lambda view: view, DROPPED, "vpc-service", "no network interface"),
    "a deleted source": ("eni-gone", WEB_ADDRESS, lambda view: view, DROPPED, "eni-gone", "no network interface any"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN_INTERNET)
def test_a_broken_way_over_the_internet(name: str) -> None:
    source, destination, change, outcome, at, says = BROKEN_INTERNET[name]
    decision = ask(change(tutorial()), source, destination)
    assert decision.outcome is outcome
    assert decision.settled_by.at.startswith(at)
    assert says in decision.settled_by.says


def two_targets() -> View:
    second = interface("web2", "service", "20.0.1.11", None, ("sg-web",), InterfaceOwner.INSTANCE, "i-web2")
    view = with_(with_(tutorial(), second), Instance("i-web2", "running", "eni-web2", (), "", 0.0))
    return but(view, TargetGroup, TARGETS, targets=(Target(WEB, 80, 0.0), Target("i-web2", 8080, 0.0)))


@pytest.mark.parametrize(
    ("verdicts", "reached"),
    [
        ({WEB: True, "i-web2": True}, {(WEB, 80), ("i-web2", 8080)}),
        ({WEB: False, "i-web2": True}, {("i-web2", 8080)}),
        ({WEB: None, "i-web2": True}, {("i-web2", 8080)}),
        ({WEB: False, "i-web2": False}, {(WEB, 80), ("i-web2", 8080)}),
        ({WEB: None, "i-web2": None}, {(WEB, 80), ("i-web2", 8080)}),
    ],
)
def test_healthy_targets_get_it_or_all_when_none_is(
    verdicts: dict[str, bool | None], reached: set[tuple[str, int]]
) -> None:
    view = but(two_targets(), Group, "sg-web", ingress=(GroupRule("tcp", 0, 65535, ANYWHERE, ()),))

    def health(arn: str, instance_id: str, port: int) -> Health:
        assert arn == TARGETS
        return Health(verdicts[instance_id])

    decisions = [decide(view, "eni-customer", ENDPOINT_ADDRESS, 80, health, flow) for flow in range(4)]
    assert {(each.host, each.port) for each in decisions} == reached


def test_a_target_in_another_zone_gets_nothing() -> None:
    view = with_(two_targets(), replace(subnet("service", "20.0.2.0/24", "use1-az9"), id="subnet-far"))
    view = with_(view, replace(view.interfaces["eni-web2"], subnet_id="subnet-far"))
    hosts = {decide(view, "eni-customer", ENDPOINT_ADDRESS, 80, healthy, flow).host for flow in range(4)}
    assert hosts == {WEB}


def in_two_regions(cross_zone: bool) -> View:
    """The consumer in another region; the load balancer in two zones, and its target in the first."""
    view = but(tutorial(), Endpoint, "vpce-1", region="eu-west-1")
    view = but(view, Subnet, "subnet-customer", zone_id="euw1-az1")
    view = but(view, EndpointService, "vpce-svc-1", region="us-east-1")
    view = with_(view, replace(subnet("service", "20.0.2.0/24", "use1-az9"), id="subnet-far"))
    node = replace(view.interfaces["eni-balancer"], id="eni-far", subnet_id="subnet-far", address="20.0.2.20")
    view = with_(view, node)
    return but(view, LoadBalancer, BALANCER, interface_ids=("eni-balancer", "eni-far"), cross_zone=cross_zone)


def test_from_another_region_any_zone_of_the_load_balancer_takes_the_connection() -> None:
    decisions = [decide(in_two_regions(True), "eni-customer", ENDPOINT_ADDRESS, 80, healthy, flow) for flow in range(4)]
    assert {one.host for one in decisions} == {WEB}
    assert {one.source for one in decisions} == {BALANCER_ADDRESS, "20.0.2.20"}
    told = [str(hop) for hop in decisions[0].hops]
    assert "vpce-svc-1: takes it from eu-west-1 to us-east-1" in told


def test_without_cross_zone_balancing_the_zone_without_a_target_refuses() -> None:
    view = in_two_regions(False)
    outcomes = [decide(view, "eni-customer", ENDPOINT_ADDRESS, 80, healthy, flow).outcome for flow in range(4)]
    assert sorted(one.value for one in outcomes) == ["delivered"] * 2 + ["refused"] * 2
    overruled = but(view, TargetGroup, TARGETS, cross_zone=True)
    decisions = [decide(overruled, "eni-customer", ENDPOINT_ADDRESS, 80, healthy, flow) for flow in range(4)]
    assert {one.host for one in decisions} == {WEB}


@pytest.mark.parametrize(
    ("name", "address"),
    [
        (BALANCER_NAME, BALANCER_PUBLIC),
        (BALANCER_NAME.upper() + ".", BALANCER_PUBLIC),
        (ENDPOINT_NAME, ENDPOINT_ADDRESS),
        (ZONAL_NAME, ENDPOINT_ADDRESS),
        ("checkip.amazonaws.com", CHECKIP),
        ("10.9.8.7", "10.9.8.7"),
        ("example.com", None),
        ("", None),
    ],
)
def test_names(name: str, address: str | None) -> None:
    assert resolve(tutorial(), name) == address


def test_an_internal_load_balancers_name_leads_to_its_private_address() -> None:
    assert resolve(but(tutorial(), LoadBalancer, BALANCER, internet_facing=False), BALANCER_NAME) == BALANCER_ADDRESS
