"""What people call each kind, for what names a kind by its class: a log."""

from __future__ import annotations

from collections.abc import Mapping

from .allowed_principal import AllowedPrincipal
from .aws_endpoints import GatewayEndpoint, InterfaceEndpoint
from .cross_zone import CrossZone
from .dns_hostnames import DnsHostnames
from .endpoint_service import EndpointService
from .instance import Instance
from .internet_gateway import GatewayAttachment, InternetGateway
from .key_pair import KeyPair
from .load_balancer import Listener, LoadBalancer
from .route_table import InternetRoute, RouteTable, SubnetRouting
from .security_group import IngressRule, SecurityGroup
from .subnet import Subnet
from .target_group import Registration, TargetGroup
from .vpc import Vpc
from .vpc_endpoint import Acceptance, VpcEndpoint

KINDS = (
    *(Vpc, InternetGateway, GatewayAttachment, Subnet, RouteTable, SubnetRouting, InternetRoute, KeyPair),
    *(SecurityGroup, IngressRule, Instance, TargetGroup, LoadBalancer, CrossZone, Listener, Registration),
    *(EndpointService, AllowedPrincipal, VpcEndpoint, Acceptance),
    *(DnsHostnames, GatewayEndpoint, InterfaceEndpoint),
)
_NOUNS: Mapping[str, str] = {kind.__name__: kind.aws_noun for kind in KINDS}


def noun_of(kind: str) -> str:
    """The noun of a kind; what is not one of them (``network-interface``) in words."""
    return _NOUNS.get(kind) or kind.replace("-", " ")
