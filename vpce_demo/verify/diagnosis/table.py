"""The table of what can be wrong with the demo, one rule a row, and how a failure is looked up in it.

A rule says what is seen, the most likely cause, the question that confirms it and what mends it; and it can make
itself happen in the sandbox, for exercises.  The rows stand in the files beside this one, in the order in which they
are asked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ...aws.error_codes import ErrorKind, error_kind, error_message
from ...errors import Diagnosis, Fix, NotCreated

if TYPE_CHECKING:
    from ...engine.resource import Resource
    from ..aws_facts import Case
    from .prank import Prank


class Symptom(Enum):
    """What is seen, in words."""

    NO_SUCH_SERVICE = "creating the endpoint: InvalidServiceName"
    ZONE_NOT_SUPPORTED = 'creating the endpoint: "does not support the availability zone"'
    NOT_ACCEPTED = "the endpoint is pendingAcceptance"
    UNUSABLE = "the endpoint is rejected, expired or failed"
    NOT_READY = "the endpoint is accepted, and still pending"
    HANGS = "curl of the endpoint hangs; the endpoint is available"
    REFUSED = "curl of the endpoint is refused at once"
    INITIAL = "the target is initial"
    UNHEALTHY = "the target is unhealthy"
    UNUSED = "the target is unused"
    SSH_HANGS = "ssh hangs"
    SSH_DENIED = "ssh: permission denied"
    OTHER_WAY = "the control check reaches the web server"
    BALANCER_IN_USE = "deleting the load balancer: ResourceInUse"
    DEPENDENCY = "deleting: DependencyViolation"
    GONE = "a part of the demo is gone"
    STOPPED = "an instance does not run"
    OTHER_PAGE = "the page is not this demo's"


class About(Enum):
    """What a rule is about, for "ruled out: ..."; said in this order."""

    ACCEPTANCE = "acceptance"
    HEALTH = "target health"
    ZONES = "zones"
    ROUTES = "routes"
    ACLS = "network ACLs"
    ENDPOINT_GROUP = "the endpoint's security group"
    BALANCER_GROUPS = "the load balancer's security groups"
    CUSTOMER_GROUP = "the customer's security group"
    KEYS = "the key pair"
    PEERING = "peering"
    INSTANCES = "stopped instances"
    PARTS = "missing parts"
    PERMISSIONS = "permissions"
    SERVICES = "other services"
    INTERFACES = "network interfaces"
    PAGE = "the page"


@dataclass(frozen=True)
class Finding:
    """What confirmed a rule: the cause in words of this demo, the evidence, and what mends it, the best first."""

    likely: str
    evidence: Sequence[str]
    fixes: Sequence[Fix]


Confirm = Callable[["Case"], Finding | None]
Break = Callable[["Prank"], None]


@dataclass(frozen=True, eq=False)
class Rule:
    """A row of the table.

    ``key`` names it for ever; ``likely``, ``confirmed_by`` and ``mend`` are the row's words.  ``checks`` are the
    numbers of the questions of ``test`` that this cause can make fail, so that it is asked too when one of them does,
    to be ruled out.  ``confirm`` asks AWS.  ``ways`` make it happen, by name.
    """

    key: str
    seen: Symptom
    likely: str
    confirmed_by: str
    mend: str
    about: About
    confirm: Confirm
    checks: tuple[int, ...] = ()
    also_seen: tuple[Symptom, ...] = ()
    seen_by: str = "test"
    """The command that shows it: ``up``, ``test`` or ``down``."""
    passes: bool = False
    """Whether it passes by itself, and mending it is to wait."""
    ways: dict[str, Break] = field(default_factory=dict)

    def way(self, name: str = "") -> Callable[[Break], Break]:
        """Add a way to make it happen in the sandbox."""

        def add(break_it: Break) -> Break:
            self.ways[name] = break_it
            return break_it

        return add

    @property
    def symptoms(self) -> tuple[Symptom, ...]:
        return (self.seen, *self.also_seen)


RULES: list[Rule] = []


def rule(
    key: str,
    seen: Symptom,
    *also_seen: Symptom,
    likely: str,
    confirmed_by: str,
    mend: str,
    about: About,
    checks: tuple[int, ...] = (),
    seen_by: str = "test",
    passes: bool = False,
) -> Callable[[Confirm], Rule]:
    """Add a rule to the table, in the order of the files; the function under it confirms it."""

    def add(confirm: Confirm) -> Rule:
        one = Rule(key, seen, likely, confirmed_by, mend, about, confirm, checks, also_seen, seen_by, passes)
        RULES.append(one)
        return one

    return add


@dataclass(frozen=True)
class Asked:
    """What came of asking a rule: confirmed if there is a finding; ``why_not``, where it could not be asked."""

    rule: Rule
    finding: Finding | None = None
    why_not: str = ""


def ask(case: Case, one: Rule) -> Asked | None:
    """Put a rule's question to AWS; None where what it asks about does not exist."""
    try:
        return Asked(one, one.confirm(case))
    except NotCreated:
        return None
    except ClientError as error:
        match error_kind(error):
            case ErrorKind.MISSING:
                return None
            case ErrorKind.DENIED:
                return Asked(one, why_not=f"{error.operation_name} is not allowed to you")
            case ErrorKind.OTHER:
                return Asked(one, why_not=f"{error.operation_name}: {error_message(error)}")
        raise


def diagnose(case: Case, symptom: Symptom | None, checks: Collection[int] = ()) -> Diagnosis:
    """Go through the rules: those of the symptom in their order, then what else can make one of these checks fail.

    The first that AWS's answers confirm is the one most likely cause.
    """
    fitting = [one for one in RULES if symptom in one.symptoms]
    others = [one for one in RULES if one not in fitting and not set(checks).isdisjoint(one.checks)]
    asked = [answer for one in (*fitting, *others) if (answer := ask(case, one))]
    found = next((answer for answer in asked if answer.finding), None)
    suspects = {answer.rule.about for answer in asked if answer.finding or answer.why_not}
    ruled_out = {answer.rule.about for answer in asked} - suspects
    finding = found.finding if found else None
    return Diagnosis(
        found.rule.key if found else "",
        finding.likely if finding else "",
        finding.evidence if finding else ([case.said] if case.said else []),
        finding.fixes if finding else [],
        [about.value for about in About if about in ruled_out],
        [f"{answer.rule.about.value} ({answer.why_not})" for answer in asked if answer.why_not],
    )


_CREATING = {
    Symptom.NO_SUCH_SERVICE: "InvalidServiceName",
    Symptom.ZONE_NOT_SUPPORTED: "does not support the availability zone",
}
_DELETING = {Symptom.BALANCER_IN_USE: "ResourceInUse"}
_REFUSALS = {"VpcEndpoint": _CREATING, "LoadBalancer": _DELETING}
_ANYWHERE = {Symptom.DEPENDENCY: "DependencyViolation"}


def refusal(resource: Resource, said: str) -> Symptom | None:
    """The symptom in AWS's code and words when it would not make or delete this; None for what no rule is about."""
    known = {**_REFUSALS.get(resource.kind, {}), **_ANYWHERE}
    return next((symptom for symptom, told in known.items() if told in said), None)
