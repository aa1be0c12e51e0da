"""What AWS shows of an item and moto leaves out: one table, by the name of the item's shape in AWS's model.

The fields and their values are those of recorded answers; ``docs/sandbox.md`` lists where an answer still differs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.model import ListShape, Shape, StructureShape
from moto.core.utils import get_service_model
from moto.ec2.models import ec2_backends
from moto.ec2.models.instance_types import INSTANCE_TYPES

from ..store.cloud import Cloud
from .protocol import Incoming, operation_model

Item = dict[str, Any]


@dataclass(frozen=True)
class Where:
    """Whose items they are, and in which region."""

    account: str
    region: str
    cloud: Cloud

    def arn(self, kind: str, id: str) -> str:
        return f"arn:aws:ec2:{self.region}:{self.account}:{kind}/{id}"


Rule = Callable[[Item, Where], Any]
"""A field's value; none leaves the field out."""


def _cpu(item: Item, where: Where) -> Any:
    """Of the instance's type."""
    cpus = INSTANCE_TYPES.get(item.get("InstanceType", ""), {}).get("VCpuInfo", {})
    return {"CoreCount": cpus.get("DefaultCores", 1), "ThreadsPerCore": cpus.get("DefaultThreadsPerCore", 1)}


def _is_nitro(item: Item) -> bool:
    return bool(INSTANCE_TYPES.get(item.get("InstanceType", ""), {}).get("Hypervisor") == "nitro")


def _dhcp_options(item: Item, where: Where) -> str:
    """The account's default set has an id, too."""
    digest = hashlib.sha256(f"{where.account}/{where.region}".encode()).hexdigest()
    held = item.get("DhcpOptionsId", "default")
    return f"dopt-0{digest[:16]}" if held == "default" else str(held)


def _blocked(item: Item, where: Where) -> dict[str, str]:
    mode, *_ = where.cloud.blocking.get((where.account, where.region), ("off",))
    return {"InternetGatewayBlockMode": mode}


def _zone_id(item: Item, where: Where) -> str | None:
    zones = ec2_backends[where.account][where.region].describe_availability_zones()
    return next((zone.zone_id for zone in zones if zone.name == item.get("AvailabilityZone")), None)


def _forwarding(item: Item, where: Where) -> Any:
    if "ForwardConfig" in item or "TargetGroupArn" not in item:
        return item.get("ForwardConfig")
    groups = [{"TargetGroupArn": item["TargetGroupArn"], "Weight": 1}]
    return {"TargetGroups": groups, "TargetGroupStickinessConfig": {"Enabled": False}}


def _cidrs(item: Item, where: Where) -> Any:
    return [{"CidrBlock": item["CidrBlock"]}] if "CidrBlock" in item else None


def _name(item: Item, where: Where) -> str:
    zone = "ec2" if where.region == "us-east-1" else f"{where.region}.compute"
    return f"ip-{item.get('PrivateIpAddress', '').replace('.', '-')}.{zone}.internal"


NOT_MANAGED = {"Managed": False}
OFF = {"Enabled": False}
ITEMS: Mapping[str, Mapping[str, Any | Rule]] = {
    "Vpc": {"DhcpOptionsId": _dhcp_options, "BlockPublicAccessStates": _blocked},
    "Subnet": {"EnableDns64": False, "MapCustomerOwnedIpOnLaunch": False, "BlockPublicAccessStates": _blocked},
    "RouteTable": {"PropagatingVgws": []},
    "ec2.AvailabilityZone": {
        "GroupName": lambda item, where: f"{where.region}-zg-1",
        "NetworkBorderGroup": lambda item, where: where.region,
        "OptInStatus": "opt-in-not-required",
    },
    "SecurityGroupRule": {
        "GroupOwnerId": lambda item, where: where.account,
        "SecurityGroupRuleArn": lambda item, where: where.arn("security-group-rule", item["SecurityGroupRuleId"]),
    },
    "VpcPeeringConnectionVpcInfo": {"CidrBlockSet": _cidrs},
    "NetworkInterface": {"Operator": NOT_MANAGED},
    "Instance": {
        "EnaSupport": True,
        "PlatformDetails": "Linux/UNIX",
        "UsageOperation": "RunInstances",
        "UsageOperationUpdateTime": lambda item, where: item.get("LaunchTime"),
        "CpuOptions": _cpu,
        "PrivateDnsNameOptions": {
            "HostnameType": "ip-name",
            "EnableResourceNameDnsARecord": False,
            "EnableResourceNameDnsAAAARecord": False,
        },
        "MaintenanceOptions": {"AutoRecovery": "default", "RebootMigration": "default"},
        "CapacityReservationSpecification": {"CapacityReservationPreference": "open"},
        "EnclaveOptions": OFF,
        "BootMode": "uefi-preferred",
        "CurrentInstanceBootMode": lambda item, where: "uefi" if _is_nitro(item) else "legacy-bios",
        "Operator": NOT_MANAGED,
        "NetworkPerformanceOptions": {"BandwidthWeighting": "default"},
        "SriovNetSupport": lambda item, where: None,
    },
    "Placement": {"AvailabilityZoneId": _zone_id},
    "HibernationOptions": {"Configured": False},
    "EbsInstanceBlockDevice": {"EbsCardIndex": 0},
    "InstanceNetworkInterface": {"Operator": NOT_MANAGED, "PrivateDnsName": _name},
    "InstancePrivateIpAddress": {"PrivateDnsName": _name},
    "LoadBalancer": {
        "EnablePrefixForIpv6SourceNat": lambda item, where: "off" if item.get("Type") == "network" else None,
        "SecurityGroups": lambda item, where: item.get("SecurityGroups") or None,
    },
    "elbv2.AvailabilityZone": {"LoadBalancerAddresses": []},
    "Action": {"ForwardConfig": _forwarding},
    "TargetHealthDescription": {
        "AdministrativeOverride": {
            "State": "no_override",
            "Reason": "AdministrativeOverride.NoOverride",
            "Description": "No override is currently active on target",
        }
    },
}
"""By the name of the shape, with the service in front where both have one: a value for a field that is not there, or a
rule for one that is or is not."""


@cache
def concerns(service: str, operation: str) -> bool:
    """Whether there are such items in the answers of an operation."""
    shape = operation_model(service, operation).output_shape
    return shape is not None and _leads(service, shape, ())


def complete(incoming: Incoming, answer: dict[str, Any], cloud: Cloud) -> None:
    """Add to the items of an answer, which has botocore's shape, what moto leaves out of them."""
    if concerns(incoming.service, incoming.operation):
        shape = operation_model(incoming.service, incoming.operation).output_shape
        _complete(incoming.service, shape, answer, Where(incoming.account, incoming.region, cloud))


def _complete(service: str, shape: Shape | None, value: Any, where: Where) -> None:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for field, rule in _fields(service, shape).items():
            if not callable(rule):
                value.setdefault(field, deepcopy(rule))
            elif (made := rule(value, where)) is not None:
                value[field] = made
            else:
                value.pop(field, None)
        for name, member in _ways(service, shape.name):
            if name in value:
                _complete(service, member, value[name], where)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for each in value:
            _complete(service, shape.member, each, where)


def _fields(service: str, shape: Shape) -> Mapping[str, Any]:
    return ITEMS.get(shape.name) or ITEMS.get(f"{service}.{shape.name}") or {}


@cache
def _ways(service: str, shape: str) -> list[tuple[str, Shape]]:
    """The members of a structure that lead to items."""
    structure = get_service_model(service).shape_for(shape)
    assert isinstance(structure, StructureShape)
    return [(name, one) for name, one in structure.members.items() if _leads(service, one, (shape,))]


def _leads(service: str, shape: Shape, above: tuple[str, ...]) -> bool:
    if shape.name in above:
        return False
    if isinstance(shape, ListShape):
        return _leads(service, shape.member, above)
    if not isinstance(shape, StructureShape):
        return False
    return bool(_fields(service, shape)) or any(
        _leads(service, one, (*above, shape.name)) for one in shape.members.values()
    )
