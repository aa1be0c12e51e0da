"""Causes of a refused deletion: something still uses the resource."""

from __future__ import annotations

from collections.abc import Iterator

from ...engine.resource import Resource
from ...errors import Fix
from ...model import Holder, Side
from ...resources.holders import in_order
from ..aws_facts import AwsFacts
from .table import About, Finding, Symptom, rule

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
        held = ec2.get_paginator("describe_vpc_endpoint_connections").paginate(
            Filters=[{"Name": "service-id", "Values": [service]}]
        )
        ends = [
            one["VpcEndpointId"]
            for page in held
            for one in page["VpcEndpointConnections"]
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
        [Fix("deletes the service first, then goes on", " && ".join(commands), deletes=True)],
    )


@rule(
    "interfaces-left",
    Symptom.DEPENDENCY,
    likely="something that is not this demo's is left in it, or refers to it",
    confirmed_by="what lies in the VPCs, and the rules and routes that name the demo's",
    mend="names the holder and the commands that remove it; waits, where AWS removes it by itself",
    about=About.INTERFACES,
    seen_by="down",
)
def interfaces_left(facts: AwsFacts) -> Finding | None:
    held = list(_held(facts))
    staying = [(resource, holder) for resource, holder in held if holder.foreign]
    first: dict[str, str] = {}
    for resource, holder in staying or held:
        first.setdefault(holder.id, f"{holder} keeps {resource}.")
    evidence = list(first.values())
    if not evidence:
        return None
    commands = in_order([command for _, holder in staying for command in holder.commands])
    label = "removes it, then goes on" if commands else "when its holder is gone; AWS removes its own in minutes"
    return Finding(
        "something that is not this demo's is left." if staying else "AWS is still removing what it made.",
        evidence,
        [Fix(label, " && ".join([*commands, "<demo> down"]), deletes=True)],
    )


def _held(facts: AwsFacts) -> Iterator[tuple[Resource, Holder]]:
    """What holds each of the demo's resources that are left, in the order of their deletion."""
    for resource in (r for group in facts.demo.teardown for r in group):
        aws = facts.aws(resource.side)
        if resource.key in aws.known and resource.goes_with() is None:
            for holder in resource.held_by(aws, aws.known[resource.key]):
                if holder.id:
                    yield resource, holder
