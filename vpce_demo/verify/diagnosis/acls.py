"""Causes in network ACLs: packets are dropped although the security groups allow them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ...errors import Fix
from ...model import ANYWHERE, Side
from ..aws_facts import AwsFacts
from .filters import ANSWERS, LAST_LINE, LINUX_ANSWERS, Ports, free_line, refusing_line
from .groups import PORT
from .table import About, Finding, Symptom, rule


class Crossing(NamedTuple):
    """A connection between two subnets; ``answers`` are the ports that answers go back to."""

    side: Side
    from_subnet: str
    client: str
    to_subnet: str
    server: str
    answers: Ports


def _crossings(facts: AwsFacts) -> Iterator[Crossing]:
    """The page's connections between subnets, where network ACLs apply."""
    customer = facts.instance(facts.demo.customer)
    for interface in facts.endpoint_interfaces():
        yield Crossing(
            Side.CONSUMER,
            customer["SubnetId"],
            customer["PrivateIpAddress"],
            interface["SubnetId"],
            interface["PrivateIpAddress"],
            LINUX_ANSWERS,
        )
    web = facts.instance(facts.demo.web)
    for balancer in facts.balancers():
        for node in facts.nodes(balancer):
            yield Crossing(
                Side.PROVIDER,
                node["SubnetId"],
                node["PrivateIpAddress"],
                web["SubnetId"],
                web["PrivateIpAddress"],
                ANSWERS,
            )


class Border(NamedTuple):
    """One question to a network ACL: may TCP to these ports go out to (``egress``) or come in from this address?"""

    side: Side
    subnet: str
    egress: bool
    address: str
    ports: Ports


def _borders(facts: AwsFacts) -> Iterator[Border]:
    here = (PORT, PORT)
    for side, from_subnet, client, to_subnet, server, answers in _crossings(facts):
        if from_subnet != to_subnet:
            yield Border(side, from_subnet, True, server, here)
            yield Border(side, to_subnet, False, client, here)
            yield Border(side, to_subnet, True, client, answers)
            yield Border(side, from_subnet, False, server, answers)
    customer, operator = facts.instance(facts.demo.customer), facts.operator()
    if operator:
        yield Border(Side.CONSUMER, customer["SubnetId"], False, operator, (22, 22))
        yield Border(Side.CONSUMER, customer["SubnetId"], True, operator, ANSWERS)


@rule(
    "acl-return-ports",
    Symptom.HANGS,
    Symptom.SSH_HANGS,
    likely="a network ACL is without the return ports 1024-65535",
    confirmed_by="the ACLs of the consumer's, the endpoint's and the load balancer's subnets",
    mend="add the rule",
    about=About.ACLS,
    checks=(3, 5, 6),
)
def acl_return_ports(facts: AwsFacts) -> Finding | None:
    for side, subnet, egress, address, ports in _borders(facts):
        acl = facts.acl(side, subnet)
        line = refusing_line(acl, egress, address, ports)
        if not line:
            continue
        answers = ports[0] != ports[1]
        low, high = ANSWERS if answers else ports
        what = f"answers (tcp/{low}-{high})" if answers else f"tcp/{low}"
        cidr = facts.subnet(side, subnet)["CidrBlock"]
        return Finding(
            f"a network ACL {'lets no answers' if answers else f'does not let {what}'} {'out' if egress else 'in'}.",
            [
                f"{acl['NetworkAclId']} of {subnet} ({cidr}) refuses {what} {'to' if egress else 'from'} {address}: "
                f"{'no line allows it' if line == LAST_LINE else f'line {line}'}.",
                "A network ACL keeps no state: it has to let answers pass, too.",
            ],
            [
                *([Fix("gives the VPC's ACL its own rules back", "<demo> up")] if acl.get("IsDefault") else []),
                Fix(
                    "adds the rule",
                    facts.command(
                        side,
                        "ec2 create-network-acl-entry",
                        network_acl_id=acl["NetworkAclId"],
                        **{"egress" if egress else "ingress": True},
                        rule_number=free_line(acl, egress, line),
                        protocol="tcp",
                        port_range=f"From={low},To={high}",
                        cidr_block=ANYWHERE,
                        rule_action="allow",
                    ),
                ),
            ],
        )
    return None
