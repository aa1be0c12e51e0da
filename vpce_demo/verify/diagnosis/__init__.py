"""The diagnosis: the most likely cause of a symptom, confirmed by asking AWS, and what fixes it.

``RULES`` is the table of causes.  This package only looks; ``exercises`` makes each cause happen in the sandbox.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ...engine.resource import Resource
from ...errors import Diagnosis
from ..aws_facts import AwsFacts
from .acls import acl_return_ports
from .connection import endpoint_pending, endpoint_unusable, not_accepted
from .control import other_way_in
from .creating import no_common_zone, not_allowed, service_not_found
from .deleting import balancer_in_use, interfaces_left
from .differences import something_differs
from .groups import balancer_groups_closed, endpoint_group_closed, no_way_out
from .local import local_ssh, own_network
from .login import ssh_denied, ssh_hangs
from .missing_resources import instance_stopped, part_missing
from .public_access import public_access_blocked
from .server import nothing_listens, other_page
from .table import About, Rule, Symptom, ask
from .targets import targets_initial, targets_unhealthy, targets_unused

RULES = (
    service_not_found,
    no_common_zone,
    not_accepted,
    endpoint_unusable,
    endpoint_pending,
    endpoint_group_closed,
    no_way_out,
    balancer_groups_closed,
    public_access_blocked,
    acl_return_ports,
    nothing_listens,
    other_page,
    targets_initial,
    targets_unhealthy,
    targets_unused,
    something_differs,
    ssh_hangs,
    ssh_denied,
    other_way_in,
    instance_stopped,
    not_allowed,
    part_missing,
    balancer_in_use,
    interfaces_left,
    local_ssh,
    own_network,
)
"""Every rule, in the order in which they are tried."""


def diagnose(
    facts: AwsFacts, symptom: Symptom | None, checks: Collection[int] = (), rules: Sequence[Rule] = ()
) -> Diagnosis:
    """Try the symptom's rules in their order, then the others that can make one of these checks fail; those of
    ``RULES``, unless other ``rules`` are given.

    The first one that AWS's answers confirm is the most likely cause.  Where the symptom is this machine's, AWS is not
    asked.  A fix that deletes or replaces something is not offered if without the user's ssh configuration the check
    met something else.
    """
    rules = rules or RULES
    fitting = [one for one in rules if symptom in one.symptoms]
    local = bool(fitting) and all(one.local for one in fitting)
    others = [] if local else [one for one in rules if one not in fitting and not set(checks).isdisjoint(one.checks)]
    in_order = sorted((*fitting, *others), key=lambda one: one.local)
    asked = [answer for one in in_order if (answer := ask(facts, one))]
    found = next((answer for answer in asked if answer.finding), None)
    suspects = {answer.rule.about for answer in asked if answer.finding or answer.why_not or answer.likelier}
    ruled_out = {answer.rule.about for answer in asked} - suspects
    not_asked = [one for one in asked if one.why_not and not (found and found.rule.about is one.rule.about)]
    finding = found.finding if found else None
    evidence = list(finding.evidence) if finding else ([facts.said] if facts.said else [])
    fixes = list(finding.fixes) if finding else []
    if facts.otherwise and not local:
        evidence.append(
            f"Seen with your ssh configuration. Without it: {facts.otherwise}. Nothing is to be deleted on that alone."
        )
        fixes = [fix for fix in fixes if not fix.deletes]
    return Diagnosis(
        found.rule.key if found else "",
        finding.likely if finding else "",
        evidence,
        fixes,
        [about.value for about in About if about in ruled_out],
        list(dict.fromkeys(f"{answer.rule.about.value} ({answer.why_not})" for answer in not_asked)),
    )


_CREATING = {
    Symptom.NO_SUCH_SERVICE: "InvalidServiceName",
    Symptom.ZONE_NOT_SUPPORTED: "does not support the availability zone",
}
_DELETING = {Symptom.BALANCER_IN_USE: "ResourceInUse"}
_REFUSALS = {"VpcEndpoint": _CREATING, "LoadBalancer": _DELETING}
_ANYWHERE = {Symptom.DEPENDENCY: "DependencyViolation"}


def refusal(resource: Resource, said: str) -> Symptom | None:
    """The symptom in AWS's error for this resource; None if no rule is about it."""
    known = {**_REFUSALS.get(resource.kind, {}), **_ANYWHERE}
    return next((symptom for symptom, told in known.items() if told in said), None)
