"""Causes in security groups: the connection is available, but packets are dropped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...errors import Fix
from ...model import ANYWHERE, Side
from ...resources.security_group import SecurityGroup
from ..aws_facts import AwsFacts
from .filters import lets_in, lets_out
from .table import About, Finding, Symptom, rule

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import NetworkInterfaceTypeDef, SecurityGroupTypeDef

PORT = 80
LET_IN, LET_OUT = "ec2 authorize-security-group-ingress", "ec2 authorize-security-group-egress"
WHAT_A_HANG_MEANS = "A connection that hangs means packets are dropped; a refusal would come at once."


def named(group: SecurityGroupTypeDef) -> str:
    return f"{group['GroupId']} ({group['GroupName']})"


def open_port(facts: AwsFacts, side: Side, group_id: str, port: int, cidr: str) -> str:
    """The command that adds an inbound rule."""
    return facts.command(side, LET_IN, group_id=group_id, protocol="tcp", port=port, cidr=cidr)


def opened(
    facts: AwsFacts, ours: SecurityGroup, groups: Sequence[SecurityGroupTypeDef], call: str, **options: str | int
) -> list[Fix]:
    """What opens the demo's own group if it is one of these, else puts it back: no other group is opened."""
    id = facts.known(ours)
    if id not in [group["GroupId"] for group in groups]:
        return [Fix("puts the demo's own group back", "<demo> up")]
    return [
        Fix("adds what is missing", "<demo> up"),
        Fix("", facts.command(ours.side, call, group_id=id, **options)),
    ]


def _interface_groups(facts: AwsFacts, interface: NetworkInterfaceTypeDef) -> list[SecurityGroupTypeDef]:
    return facts.groups(Side.CONSUMER, [one["GroupId"] for one in interface.get("Groups", []) if "GroupId" in one])


@rule(
    "endpoint-group-closed",
    Symptom.HANGS,
    likely="the endpoint's security group has no inbound rule for the consumer",
    confirmed_by="its rules",
    mend="add the rule",
    about=About.ENDPOINT_GROUP,
    checks=(6,),
)
def endpoint_group_closed(facts: AwsFacts) -> Finding | None:
    client = facts.address(facts.demo.customer)
    peers = [group["GroupId"] for group in facts.groups_of(facts.demo.customer)]
    for interface in facts.endpoint_interfaces():
        groups = _interface_groups(facts, interface)
        if lets_in(groups, PORT, client, peers):
            continue
        source = facts.rule(facts.demo.customer_group, PORT).source
        return Finding(
            "the endpoint's security group lets nobody in.",
            [
                f"{', '.join(map(named, groups))} has no inbound rule for tcp/{PORT} from {client}.",
                WHAT_A_HANG_MEANS,
            ],
            opened(facts, facts.demo.customer_group, groups, LET_IN, protocol="tcp", port=PORT, cidr=source),
        )
    return None


@rule(
    "no-way-out",
    Symptom.HANGS,
    likely="the consumer's security group lets nothing out",
    confirmed_by="its outbound rules",
    mend="add the rule",
    about=About.CUSTOMER_GROUP,
    checks=(6,),
)
def no_way_out(facts: AwsFacts) -> Finding | None:
    groups = facts.groups_of(facts.demo.customer)
    for interface in facts.endpoint_interfaces():
        address = interface.get("PrivateIpAddress", "")
        peers = [one["GroupId"] for one in interface.get("Groups", []) if "GroupId" in one]
        if lets_out(groups, PORT, address, peers):
            continue
        return Finding(
            "the consumer's security group lets nothing out.",
            [
                f"{', '.join(map(named, groups))} has no outbound rule for tcp/{PORT} to {address}.",
                "ssh to it works all the same: answers need no rule.",
            ],
            opened(facts, facts.demo.customer_group, groups, LET_OUT, protocol="all", cidr=ANYWHERE),
        )
    return None


@rule(
    "balancer-groups-closed",
    Symptom.HANGS,
    likely="the load balancer has security groups and enforces them on PrivateLink traffic",
    confirmed_by="its attributes and the groups' rules",
    mend="add the rule, or stop enforcing",
    about=About.BALANCER_GROUPS,
    checks=(6,),
)
def balancer_groups_closed(facts: AwsFacts) -> Finding | None:
    """The source that its groups see is the client's own address in the consumer's VPC (section 4)."""
    client = facts.address(facts.demo.customer)
    for balancer in facts.balancers():
        ids = balancer.get("SecurityGroups", [])
        enforces = balancer.get("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic", "on") != "off"
        groups = facts.groups(Side.PROVIDER, ids)
        if not groups or not enforces or lets_in(groups, PORT, client):
            continue
        customers = facts.demo.endpoint.vpc.cidr
        stop = facts.command(
            Side.PROVIDER,
            "elbv2 set-security-groups",
            load_balancer_arn=balancer["LoadBalancerArn"],
            security_groups=ids,
            enforce_security_group_inbound_rules_on_private_link_traffic="off",
        )
        return Finding(
            "the load balancer's security group does not let the consumer in, and is enforced on PrivateLink traffic.",
            [
                f"{balancer['LoadBalancerName']} has {', '.join(map(named, groups))}: no inbound rule for tcp/{PORT} "
                f"from {client}.",
                WHAT_A_HANG_MEANS,
            ],
            [
                Fix("lets the consumer in", open_port(facts, Side.PROVIDER, ids[0], PORT, customers)),
                Fix("stops enforcing", stop),
            ],
        )
    return None
