"""How many an account may have of what the demo makes, per region (``aws-behaviours.md`` section 6)."""

from __future__ import annotations

from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from .clients import Clients


class Quota(NamedTuple):
    """A quota's service and code in Service Quotas, and what an account has that asked for nothing."""

    service: str
    code: str
    default: int


_VPCS = Quota("vpc", "L-F678F1CE", 5)
QUOTAS = {
    "VPCs": _VPCS,
    "internet gateways": _VPCS,  # theirs follows it, and cannot be raised by itself
    "Network Load Balancers": Quota("elasticloadbalancing", "L-69A177A2", 50),
}


def limit(clients: Clients, name: str) -> tuple[int, bool]:
    """How many of these there may be, and whether AWS said so; where it may not be asked, the default counts."""
    quota = QUOTAS[name]
    try:
        answer = clients.other("service-quotas").get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)
        return int(answer["Quota"]["Value"]), True
    except (ClientError, BotoCoreError):
        return quota.default, False
