"""What a rule of the diagnosis is: a symptom, its most likely cause, what confirms it and what mends it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ...aws.error_codes import ErrorKind, error_kind, error_message
from ...config.settings import made_by
from ...errors import THIS_DEMO, Fix, NotCreated, OtherSide

if TYPE_CHECKING:
    from ..aws_facts import AwsFacts


class Symptom(Enum):
    """What is observed."""

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
    LOCAL_SSH = "ssh fails on this machine"
    OTHER_WAY = "the control check reaches the web server"
    BALANCER_IN_USE = "deleting the load balancer: ResourceInUse"
    DEPENDENCY = "deleting: DependencyViolation"
    GONE = "a part of the demo is gone"
    STOPPED = "an instance does not run"
    OTHER_PAGE = "the page is not this demo's"
    SERVICE_HANGS = "an AWS service does not answer the private instance"
    SERVICE_DENIES = "an AWS service answers 403"
    PUBLIC_NAME = "an AWS service's name does not lead to the endpoint"
    WAY_OUT = "the control reaches the internet"


class About(Enum):
    """The subject of a rule, for "ruled out: ...", in this order."""

    ACCEPTANCE = "acceptance"
    HEALTH = "target health"
    ZONES = "zones"
    ROUTES = "routes"
    PUBLIC_ACCESS = "Block Public Access"
    ACLS = "network ACLs"
    ENDPOINT_GROUP = "the endpoint's security group"
    BALANCER_GROUPS = "the load balancer's security groups"
    CUSTOMER_GROUP = "the consumer's security group"
    KEYS = "the key pair"
    PEERING = "peering"
    INSTANCES = "stopped instances"
    DIFFERENCES = "changed parts"
    PARTS = "missing parts"
    POLICY = "the endpoint's policy"
    DNS = "private DNS"
    PERMISSIONS = "permissions"
    SERVICES = "other services"
    INTERFACES = "network interfaces"
    PAGE = "the page"
    SSH = "your ssh client"
    NETWORK = "your own network"


@dataclass(frozen=True)
class Finding:
    """A confirmed cause: in words of this demo, with the evidence and the fixes, the best first."""

    likely: str
    evidence: Sequence[str]
    fixes: Sequence[Fix]


Confirm = Callable[["AwsFacts"], Finding | None]


@dataclass(frozen=True, eq=False)
class Rule:
    """A row of the table.

    ``key`` identifies it and never changes; ``likely``, ``confirmed_by`` and ``mend`` are the row's words.  ``checks``
    are the checks of ``test`` that this cause can make fail, so that it can be ruled out.  ``confirm`` asks AWS.
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
    """The command that shows it: ``up``, ``test``, ``down``, ``doctor`` for what ``test`` waits for, or ``status`` for
    what may be broken though ``test`` passes."""
    passes: bool = False
    """True if it passes by itself, so that the fix is to wait."""
    local: bool = False
    """True if the cause is this machine's or its network's: it is asked last, nothing of the account is blamed or ruled
    out by it, and no exercise breaks it."""

    @property
    def symptoms(self) -> tuple[Symptom, ...]:
        return (self.seen, *self.also_seen)


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
    local: bool = False,
) -> Callable[[Confirm], Rule]:
    """Make the function below, which confirms the cause, a rule.  ``RULES`` is the order of the rules."""

    def add(confirm: Confirm) -> Rule:
        return Rule(key, seen, likely, confirmed_by, mend, about, confirm, checks, also_seen, seen_by, passes, local)

    return add


@dataclass(frozen=True)
class RuleAnswer:
    """The result of a rule: confirmed if there is a finding; ``why_not`` if it could not be asked; neither confirmed
    nor ruled out if another cause is ``likelier``."""

    rule: Rule
    finding: Finding | None = None
    why_not: str = ""
    likelier: bool = False


class LikelierFirst(Exception):
    """Another cause is likelier: this one is neither confirmed nor ruled out."""


def _of_this_demo(facts: AwsFacts, finding: Finding) -> Finding:
    """The same finding; what ``up`` mends of a chapter is mended by the ``up`` that makes it."""
    made = f"{THIS_DEMO} {made_by(facts.demo.chapter)}"
    fixes = [fix._replace(command=fix.command.replace(f"{THIS_DEMO} up", made)) for fix in finding.fixes]
    return replace(finding, fixes=fixes)


def ask(facts: AwsFacts, one: Rule) -> RuleAnswer | None:
    """Ask AWS a rule's question; None if what it is about does not exist."""
    try:
        finding = one.confirm(facts)
        return RuleAnswer(one, finding and _of_this_demo(facts, finding))
    except OtherSide as error:
        return RuleAnswer(one, why_not=f"the {error.side}'s side")
    except NotCreated:
        return None
    except LikelierFirst:
        return RuleAnswer(one, likelier=True)
    except ClientError as error:
        match error_kind(error):
            case ErrorKind.MISSING:
                return None
            case ErrorKind.DENIED:
                return RuleAnswer(one, why_not=f"{error.operation_name} is not allowed to you")
            case ErrorKind.OTHER:
                return RuleAnswer(one, why_not=f"{error.operation_name}: {error_message(error)}")
        raise
