"""The calls that AWS answers differently from moto, one file for each AWS noun.

Importing this package registers them all.
"""

from ..api.calls import HANDLERS
from . import (
    accounts,
    block_public_access,
    instance_connect_endpoints,
    instances,
    key_pairs,
    listeners,
    load_balancers,
    nat_gateways,
    network_acls,
    network_interfaces,
    prefix_lists,
    route_tables,
    security_groups,
    tagged,
    tags,
    target_groups,
    volumes,
    vpc_endpoint_connections,
    vpc_endpoint_services,
    vpc_endpoints,
    vpcs,
)

__all__ = [
    "HANDLERS",
    "accounts",
    "block_public_access",
    "instance_connect_endpoints",
    "instances",
    "key_pairs",
    "listeners",
    "load_balancers",
    "nat_gateways",
    "network_acls",
    "network_interfaces",
    "prefix_lists",
    "route_tables",
    "security_groups",
    "tagged",
    "tags",
    "target_groups",
    "volumes",
    "vpc_endpoint_connections",
    "vpc_endpoint_services",
    "vpc_endpoints",
    "vpcs",
]
