"""Causes of a refused endpoint: the service is not available to this consumer or in this zone."""

from __future__ import annotations

from ...errors import Fix, NotCreated
from ...model import Side
from ...resources.endpoint_service import account_root
from ..aws_facts import AwsFacts
from .table import About, Finding, Symptom, rule


@rule(
    "service-not-found",
    Symptom.NO_SUCH_SERVICE,
    likely="the consumer's account is not allowed to use the service, or is in another region",
    confirmed_by="the service's permissions and regions, asked as the provider",
    mend="allow the principal, or the region",
    about=About.PERMISSIONS,
    seen_by="up",
)
def service_not_found(facts: AwsFacts) -> Finding | None:
    """AWS gives the same error for a service that does not exist, is not allowed, or is in another region (section
    3.7)."""
    customer = facts.clients(Side.CONSUMER)
    if Side.PROVIDER not in facts.sides:
        return Finding(
            f"AWS does not show the endpoint service to account {customer.account}.",
            ["It says the same of a service that was deleted, and of one that does not let this account connect."],
            [
                Fix(
                    "to be run by the provider",
                    f"<their-demo> up --side provider --consumer-account {customer.account}",
                )
            ],
        )
    service = facts.service()
    name, region = service["ServiceName"], customer.region
    states = {one.get("Region", ""): one.get("ServiceState", "") for one in service.get("SupportedRegions", [])}
    states = states or {facts.clients(Side.PROVIDER).region: ""}
    if states.get(region, "none").lower() not in ("", "available", "pending"):
        offered = ", ".join(f"{one} ({state})" if state else one for one, state in states.items())
        return Finding(
            f"the service is not offered in {region}, the consumer's region.",
            [f"{name} is offered in {offered}."],
            [
                Fix(
                    "offers it there",
                    facts.command(
                        Side.PROVIDER,
                        "ec2 modify-vpc-endpoint-service-configuration",
                        service_id=service["ServiceId"],
                        add_supported_regions=region,
                    )
                    + " && <demo> up",
                )
            ],
        )
    if not (evidence := _missing_permission(facts, customer.account)):
        return None
    if customer.account == facts.clients(Side.PROVIDER).account:
        evidence.append(
            "A service's own account may always connect: on AWS that passes, as a new service is known after minutes. "
            "Only an exercise in the sandbox asks for an entry all the same."
        )
    return Finding(
        f"account {customer.account} is not allowed to use the service.",
        evidence,
        [Fix("allows the consumer's account", f"{_allow(facts, customer.account)} && <demo> up")],
    )


def _missing_permission(facts: AwsFacts, account: str) -> list[str]:
    """The evidence that no allowed principal of the service is of this account; empty if one is."""
    principals = facts.principals()
    of_it = account_root(facts.aws(Side.PROVIDER), account).removesuffix("root")
    if "*" in principals or any(one.startswith(of_it) for one in principals):
        return []
    name = facts.service()["ServiceName"]
    return [f"{name} allows {', '.join(principals) or 'no principal'}; the consumer is account {account}."]


def _allow(facts: AwsFacts, account: str) -> str:
    """The command that adds the account to the service's allowed principals."""
    return facts.command(
        Side.PROVIDER,
        "ec2 modify-vpc-endpoint-service-permissions",
        service_id=facts.id(facts.demo.service),
        add_allowed_principals=account_root(facts.aws(Side.PROVIDER), account),
    )


@rule(
    "not-allowed",
    Symptom.GONE,
    likely="the consumer's account is no longer allowed to use the service: what is connected stays, a new endpoint is "
    "refused",
    confirmed_by="the allowed principals of the service, asked as the provider",
    mend="allow the principal again",
    about=About.PERMISSIONS,
    checks=(4,),
    seen_by="status",
)
def not_allowed(facts: AwsFacts) -> Finding | None:
    """Only between two accounts: the owner of a service may always connect (section 1.2 of the second part)."""
    allowed = facts.demo.endpoint.allowed
    if allowed is None:
        raise NotCreated("The demo has no allowed principal: it is one of one account.")
    account = allowed.account
    if not (evidence := _missing_permission(facts, account)):
        return None
    connected = "available" in facts.of_the_consumer()
    if connected:
        evidence.append("Its connection goes on working: AWS cuts none that was accepted.")
    evidence.append("A new endpoint of that account is refused: InvalidServiceName, as if there were no such service.")
    allow = _allow(facts, account)
    return Finding(
        f"account {account} is not allowed to use the service any more.",
        evidence,
        [
            Fix("allows it again" if connected else "allows it again, and makes what is missing", "<demo> up"),
            Fix("", allow if connected else f"{allow} && <demo> up"),
        ],
    )


@rule(
    "no-common-zone",
    Symptom.ZONE_NOT_SUPPORTED,
    likely="the consumer's subnet is in a zone in which the service has no load balancer",
    confirmed_by="the zones of both sides",
    mend="choose a common zone",
    about=About.ZONES,
    checks=(4, 6),
    seen_by="up",
)
def no_common_zone(facts: AwsFacts) -> Finding | None:
    """Compared by id: a zone's name means another zone in another account (section 3.6).

    Where the provider is shown no ids, compared by the names that the consumer is shown.
    """
    if facts.in_two_regions:
        return None
    service = facts.service()
    subnet = facts.subnet(Side.CONSUMER, facts.id(facts.demo.endpoint.subnet))
    theirs, ours = service.get("AvailabilityZoneIds", []), subnet.get("AvailabilityZoneId", "")
    if not theirs:
        theirs, ours = facts.zones(), subnet.get("AvailabilityZone", "")
    if not theirs or ours in theirs:
        return None
    return Finding(
        "the consumer's subnet is in a zone that the service is not in.",
        [
            f"{service['ServiceId']} is in {', '.join(theirs)}.",
            f"{subnet['SubnetId']} ({facts.demo.endpoint.subnet.name}) is in {ours}.",
        ],
        [Fix("makes both sides anew, in one zone that both have", "<demo> down && <demo> up", deletes=True)],
    )
