"""The calls where AWS answers otherwise than moto, by idea.  Importing this package registers them all."""

from . import (
    accounts,
    connections,
    endpoints,
    groups,
    instances,
    interfaces,
    key_pairs,
    listeners,
    load_balancers,
    public_access,
    routes,
    services,
    tags,
    target_groups,
    vpcs,
)

__all__ = [
    "accounts",
    "connections",
    "endpoints",
    "groups",
    "instances",
    "interfaces",
    "key_pairs",
    "listeners",
    "load_balancers",
    "public_access",
    "routes",
    "services",
    "tags",
    "target_groups",
    "vpcs",
]
