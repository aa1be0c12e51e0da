"""The quotas per region of what the demo creates (``aws-behaviours.md`` section 6)."""

from __future__ import annotations

from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from .clients import Clients


class Quota(NamedTuple):
    """A quota: its service and code in Service Quotas, and AWS's default."""

    service: str
    code: str
    default: int


_VPCS = Quota("vpc", "L-F678F1CE", 5)
QUOTAS = {
    "VPCs": _VPCS,
    "internet gateways": _VPCS,  # follows the quota of VPCs and cannot be raised by itself
    "Network Load Balancers": Quota("elasticloadbalancing", "L-69A177A2", 50),
}


def limit(clients: Clients, name: str) -> tuple[int, bool]:
    """The quota, and whether AWS returned it; without permission to ask, the default."""
    quota = QUOTAS[name]
    try:
        answer = clients.other("service-quotas").get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)
        return int(answer["Quota"]["Value"]), True
    except (ClientError, BotoCoreError):
        return quota.default, False
