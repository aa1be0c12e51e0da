"""A cause in the account: VPC Block Public Access closes the internet gateways."""

from __future__ import annotations

from ...aws.region import OPEN
from ...errors import Fix
from ...model import Side
from ..aws_facts import AwsFacts
from .table import About, Finding, Symptom, rule


@rule(
    "public-access-blocked",
    Symptom.SSH_HANGS,
    Symptom.UNHEALTHY,
    likely="VPC Block Public Access closes the account's internet gateways",
    confirmed_by="what AWS shows of the VPCs, or of the account",
    mend="let the gateways carry traffic again; make another web server, if it booted meanwhile",
    about=About.PUBLIC_ACCESS,
    checks=(3, 5, 6),
)
def public_access_blocked(facts: AwsFacts) -> Finding | None:
    """Either mode keeps ssh out, and a web server from installing anything; the health checks come from inside."""
    modes = {facts.demo.web.subnet.vpc: Side.PROVIDER, facts.demo.endpoint.vpc: Side.CONSUMER}
    closed = {vpc: mode for vpc, side in modes.items() if (mode := facts.public_access(side, vpc)) != OPEN}
    if not closed:
        return None
    side = next(modes[vpc] for vpc in closed)
    mend = facts.command(side, "ec2 modify-vpc-block-public-access-options", internet_gateway_block_mode=OPEN)
    evidence = [f"InternetGatewayBlockMode of {facts.id(vpc)} is {mode}." for vpc, mode in closed.items()]
    health = facts.health()
    if health and health.get("TargetHealth", {}).get("State", "").lower() == "unhealthy":
        evidence.append(f"{facts.id(facts.demo.web)} is unhealthy: it could install nothing when it booted.")
        mend = f"{mend} && {facts.another(facts.demo.web)}"
    return Finding(
        "VPC Block Public Access closes the account's internet gateways.",
        evidence,
        [Fix("for the whole account and region: ask whoever set it", mend)],
    )
