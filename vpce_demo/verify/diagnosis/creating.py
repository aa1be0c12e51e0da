"""Causes of a refused endpoint: the service is not available to this consumer or in this zone."""

from __future__ import annotations

from ...errors import Fix
from ...model import Side
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
    partition = facts.id(facts.demo.balancer).split(":")[1]
    account = f"arn:{partition}:iam::{customer.account}:"
    principals = facts.principals()
    if "*" in principals or any(one.startswith(account) for one in principals):
        return None
    evidence = [
        f"{name} allows {', '.join(principals) or 'no principal'}; the consumer is account {customer.account}.",
    ]
    if customer.account == facts.clients(Side.PROVIDER).account:
        evidence.append(
            "A service's own account may always connect: on AWS that passes, as a new service is known after minutes. "
            "Only an exercise in the sandbox asks for an entry all the same."
        )
    return Finding(
        f"account {customer.account} is not allowed to use the service.",
        evidence,
        [
            Fix(
                "allows the consumer's account",
                facts.command(
                    Side.PROVIDER,
                    "ec2 modify-vpc-endpoint-service-permissions",
                    service_id=service["ServiceId"],
                    add_allowed_principals=f"{account}root",
                )
                + " && <demo> up",
            )
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
