"""The quotas per region of what the demo creates (``aws-behaviours.md`` section 6)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from .clients import Clients

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import InstanceTypeDef


class Quota(NamedTuple):
    """A quota: its service and code in Service Quotas, AWS's default, whether every account has at least that, and
    what a sandbox calls it, if it has it."""

    service: str
    code: str
    default: int
    is_everybody_s: bool = True
    in_sandbox: str = ""


_VPCS = Quota("vpc", "L-F678F1CE", 5, in_sandbox="vpcs")
QUOTAS = {
    "VPCs": _VPCS,
    "internet gateways": _VPCS,  # follows the quota of VPCs and cannot be raised by itself
    "Network Load Balancers": Quota("elasticloadbalancing", "L-69A177A2", 50),
    "vCPUs": Quota("ec2", "L-1216C47A", 5, is_everybody_s=False),  # 1 in some new accounts, thousands in old ones
}
_STANDARD = re.compile(r"(?:[acdhimrtz]|im|is)\d")
"""The instance types that the quota of vCPUs counts: "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z)"."""


def is_too_small(quota: Quota, most: int, is_own: bool, used: int, more: int) -> bool:
    """True if a quota of ``most`` leaves no room for ``more``; ``is_own`` if AWS returned it, else it is the default.

    A default that not every account has proves nothing.  Nor does one that is exceeded: this account has a larger one.
    """
    return used + more > most and (is_own or (quota.is_everybody_s and used <= most))


def counts_vcpus(instance_type: str) -> bool:
    """True if an instance of this type counts towards the quota of vCPUs."""
    return _STANDARD.match(instance_type) is not None


def vcpus(instance: InstanceTypeDef) -> int:
    """How many vCPUs an instance takes of the quota; 2, as most small ones have, if AWS does not say."""
    running = instance["State"]["Name"] in ("pending", "running")
    if not running or instance.get("InstanceLifecycle") or not counts_vcpus(instance["InstanceType"]):
        return 0
    options = instance.get("CpuOptions", {})
    return options.get("CoreCount", 2) * options.get("ThreadsPerCore", 1)


def limit(clients: Clients, name: str) -> tuple[int, bool]:
    """The quota, and whether AWS returned it; without permission to ask, the default."""
    quota = QUOTAS[name]
    try:
        answer = clients.other("service-quotas").get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)
        return int(answer["Quota"]["Value"]), True
    except (ClientError, BotoCoreError):
        return quota.default, False
