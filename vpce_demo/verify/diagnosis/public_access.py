"""A cause in the account: VPC Block Public Access closes the internet gateways."""

from __future__ import annotations

from ...aws.region import EXCLUDE, EXCLUDED, OPEN, OPEN_THE_GATEWAYS, THE_ORGANIZATION_S, public_access
from ...errors import Fix
from ..aws_facts import AwsFacts
from .table import About, Finding, Symptom, rule


@rule(
    "public-access-blocked",
    Symptom.SSH_HANGS,
    Symptom.UNHEALTHY,
    likely="VPC Block Public Access closes the account's internet gateways",
    confirmed_by="what AWS shows of the VPCs, or of the account",
    mend="exclude the demo's VPCs, or let the gateways carry traffic again; make another web server, if it booted "
    "meanwhile",
    about=About.PUBLIC_ACCESS,
    checks=(3, 5, 6),
)
def public_access_blocked(facts: AwsFacts) -> Finding | None:
    """Either mode keeps ssh out, and a web server from installing anything; the health checks come from inside."""
    subnets = dict.fromkeys(one.subnet for one in facts.demo.instances if one.is_public)
    closed = {subnet: mode for subnet in subnets if (mode := facts.public_access(subnet)) != OPEN}
    if not closed:
        return None
    evidence = [f"InternetGatewayBlockMode of {facts.id(subnet.vpc)} is {mode}." for subnet, mode in closed.items()]
    places = {(clients.account, clients.region): clients for s in closed for clients in [facts.clients(s.side)]}
    set_by, fixes = [public_access(clients) for clients in places.values()], dict[str, str]()
    if all(one.has_exclusions for one in set_by):
        excluding = [
            facts.command(s.side, EXCLUDE, vpc_id=facts.id(s.vpc), internet_gateway_exclusion_mode=EXCLUDED)
            for s in closed
        ]
        fixes["for the demo's VPCs alone: ask whoever set it"] = " && ".join(excluding)
    if any(one.is_the_organizations for one in set_by):
        evidence.append(THE_ORGANIZATION_S)
    else:
        opening = [f"{clients.cli} {OPEN_THE_GATEWAYS}" for clients in places.values()]
        fixes["for the whole account and region: ask whoever set it"] = " && ".join(opening)
    health, again = facts.health() if facts.demo.web.subnet in closed else None, ""
    if health and health.get("TargetHealth", {}).get("State", "").lower() == "unhealthy":
        evidence.append(f"{facts.id(facts.demo.web)} is unhealthy: it could install nothing when it booted.")
        again = f" && {facts.another(facts.demo.web)}"
    elsewhere = Fix("then make it in another region, with --region", "<demo> down", deletes=True)
    return Finding(
        "VPC Block Public Access closes the account's internet gateways.",
        evidence,
        [Fix(label, f"{command}{again}") for label, command in fixes.items()] or [elsewhere],
    )
