"""Causes of a refused deletion: something still uses the resource."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...errors import Fix
from ...model import Side
from ..aws_facts import AwsFacts
from .table import About, Finding, Symptom, rule

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import NetworkInterfaceTypeDef

HOLDING = ("pendingacceptance", "pending", "available")
"""States of a connection that keep its service from being deleted (section 3.4)."""


@rule(
    "balancer-in-use",
    Symptom.BALANCER_IN_USE,
    likely="an endpoint service still uses it",
    confirmed_by="the services by load balancer",
    mend="delete in order: the service first",
    about=About.SERVICES,
    seen_by="down",
)
def balancer_in_use(facts: AwsFacts) -> Finding | None:
    arn, ec2 = facts.id(facts.demo.balancer), facts.clients(Side.PROVIDER).ec2
    pages = ec2.get_paginator("describe_vpc_endpoint_service_configurations").paginate()
    using = [
        one["ServiceId"]
        for page in pages
        for one in page["ServiceConfigurations"]
        if arn in one.get("NetworkLoadBalancerArns", ()) and one.get("ServiceState", "").lower() != "deleted"
    ]
    if not using:
        return None
    whose, commands = {facts.known(facts.demo.service): "this demo's own"}, []
    for service in using:
        held = ec2.describe_vpc_endpoint_connections(Filters=[{"Name": "service-id", "Values": [service]}])
        ends = [
            one["VpcEndpointId"]
            for one in held["VpcEndpointConnections"]
            if one.get("VpcEndpointState", "").lower() in HOLDING
        ]
        if ends:
            call = "ec2 reject-vpc-endpoint-connections"
            commands.append(facts.command(Side.PROVIDER, call, service_id=service, vpc_endpoint_ids=ends))
    delete = "ec2 delete-vpc-endpoint-service-configurations"
    commands += [facts.command(Side.PROVIDER, delete, service_ids=using), "<demo> down"]
    return Finding(
        "an endpoint service still uses the load balancer.",
        [f"{one}, {whose.get(one, 'not of this demo')}, is on {facts.demo.balancer.name}." for one in using],
        [Fix("deletes the service first, then goes on", " && ".join(commands))],
    )


@rule(
    "interfaces-left",
    Symptom.DEPENDENCY,
    likely="network interfaces are left in it",
    confirmed_by="the interfaces of the VPC, with owner and description",
    mend="names the holder; waits, where AWS removes it by itself",
    about=About.INTERFACES,
    seen_by="down",
)
def interfaces_left(facts: AwsFacts) -> Finding | None:
    """AWS deletes the interfaces of load balancers and endpoints by itself, in minutes (section 3.5)."""
    vpcs = (facts.demo.balancer.subnet.vpc, facts.demo.endpoint.vpc)
    evidence: list[str] = []
    commands: list[str] = []
    for vpc in vpcs:
        if not (id := facts.known(vpc)):
            continue
        for one in facts.interfaces(vpc.side, "vpc-id", id):
            evidence.append(f"{_told(one)} is in {one.get('SubnetId')} of {id} ({vpc.name}).")
            # An interface in use is deleted with its holder: AWS's own in minutes, an instance by its owner.
            if one.get("Status") == "available":
                name = one["NetworkInterfaceId"]
                commands.append(facts.command(vpc.side, "ec2 delete-network-interface", network_interface_id=name))
        evidence += _others(facts, vpc.side, id, commands)
    if not evidence:
        return None
    label = "removes it, then goes on" if commands else "when its holder is gone; AWS removes its own in minutes"
    return Finding(
        "network interfaces are left in the VPC." if "eni-" in evidence[0] else "something else is left in the VPC.",
        evidence,
        [Fix(label, " && ".join([*commands, "<demo> down"]))],
    )


def _told(one: NetworkInterfaceTypeDef) -> str:
    """Who holds an interface, as far as AWS says."""
    attachment = one.get("Attachment", {})
    holder = attachment.get("InstanceId") or attachment.get("InstanceOwnerId") or one.get("RequesterId", "")
    words = [one.get("InterfaceType", "interface"), f'"{one.get("Description", "")}"', f"held by {holder or 'nobody'}"]
    return f"{one['NetworkInterfaceId']} ({', '.join(words)}, owner {one.get('OwnerId')})"


def _others(facts: AwsFacts, side: Side, vpc_id: str, commands: list[str]) -> Iterator[str]:
    """What else prevents a VPC's deletion: foreign subnets and security groups."""
    ec2, ours = facts.clients(side).ec2, {live.id for live in facts.sides[side].known.values()}
    of_it = [{"Name": "vpc-id", "Values": [vpc_id]}]
    for subnet in ec2.describe_subnets(Filters=of_it)["Subnets"]:  # type: ignore[arg-type]
        if subnet["SubnetId"] not in ours:
            commands.append(facts.command(side, "ec2 delete-subnet", subnet_id=subnet["SubnetId"]))
            yield f"{subnet['SubnetId']} ({subnet['CidrBlock']}) is a subnet of {vpc_id}, and not this demo's."
    for group in ec2.describe_security_groups(Filters=of_it)["SecurityGroups"]:  # type: ignore[arg-type]
        if group["GroupId"] not in ours and group["GroupName"] != "default":
            commands.append(facts.command(side, "ec2 delete-security-group", group_id=group["GroupId"]))
            yield f"{group['GroupId']} ({group['GroupName']}) is a security group of {vpc_id}, and not this demo's."
