"""Causes in fields that somebody changed, which ``up`` brings back."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ...engine.resource import Resource
from ...errors import Fix
from ...model import Drift, Remedy
from ..aws_facts import AwsFacts
from .table import About, Finding, Symptom, rule

ON_THE_WAY: Mapping[str, Collection[str]] = {
    "Vpc": ("DNS resolution",),
    "Subnet": ("network ACL rules",),
    "InternetRoute": ("target", "state"),
    "SecurityGroup": ("outbound rules",),
    "IngressRule": ("source",),
    "Instance": ("security groups", "subnet", "key pair", "ssh key", "public address"),
    "TargetGroup": ("health check protocol", "health check port", "proxy protocol"),
    "Listener": ("port", "protocol", "target group"),
    "Registration": ("port", "further ports", "further targets"),
    "EndpointService": ("load balancers", "address types"),
    "VpcEndpoint": ("subnets", "security groups"),
    "GatewayEndpoint": ("route tables", "policy"),
    "InterfaceEndpoint": ("subnets", "security groups", "private DNS", "policy"),
}
"""By kind, the fields on which the way of the page depends."""


def on_the_way(facts: AwsFacts) -> list[tuple[Resource, Drift]]:
    """The fields on the way of the page that differ and that ``up`` brings back.

    A security group beside the demo's own is not in the way: it only lets more through.
    """
    return [
        (r, drift)
        for r, drift in facts.differences()
        if drift.field in ON_THE_WAY.get(r.kind, ())
        and drift.remedy is not Remedy.LEAVE
        and (drift.field, drift.remedy) != ("security groups", Remedy.ASK)
    ]


@rule(
    "something-differs",
    Symptom.UNHEALTHY,
    Symptom.UNUSED,
    Symptom.HANGS,
    Symptom.REFUSED,
    Symptom.OTHER_PAGE,
    Symptom.NOT_READY,
    Symptom.GONE,
    likely="somebody changed a part of the demo that is on the way",
    confirmed_by="a look at every field that the tutorial gives a value",
    mend="bring it back in place",
    about=About.DIFFERENCES,
    checks=(2, 3, 4, 6, 7),
)
def something_differs(facts: AwsFacts) -> Finding | None:
    found = on_the_way(facts)
    if not found:
        return None
    names = ", ".join(dict.fromkeys(str(r) for r, _ in found))
    asks = any(drift.remedy is Remedy.ASK for _, drift in found)
    fix = (
        Fix("takes away what others added", "<demo> up --yes", deletes=True)
        if asks
        else Fix("brings it back", "<demo> up")
    )
    return Finding(
        f"somebody changed {names}.",
        [f"{r.at_start}: {drift.field} is {drift.aws}, in the tutorial {drift.tutorial}." for r, drift in found],
        [fix],
    )
