"""Links to resources in the AWS console."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from ..aws.partitions import partition_of
from ..engine.resource import Resource
from ..model import Live

_PAGES = {
    "Vpc": ("vpcconsole", "VpcDetails:VpcId=", ""),
    "InternetGateway": ("vpcconsole", "InternetGateway:internetGatewayId=", ""),
    "GatewayAttachment": ("vpcconsole", "InternetGateway:internetGatewayId=", ""),
    "Subnet": ("vpcconsole", "SubnetDetails:subnetId=", ""),
    "RouteTable": ("vpcconsole", "RouteTableDetails:RouteTableId=", ""),
    "SubnetRouting": ("vpcconsole", "RouteTableDetails:RouteTableId=", "table"),
    "InternetRoute": ("vpcconsole", "RouteTableDetails:RouteTableId=", ""),
    "KeyPair": ("ec2", "KeyPairs:search=", ""),
    "SecurityGroup": ("ec2", "SecurityGroup:groupId=", ""),
    "IngressRule": ("ec2", "SecurityGroup:groupId=", ""),
    "Instance": ("ec2", "InstanceDetails:instanceId=", ""),
    "TargetGroup": ("ec2", "TargetGroup:targetGroupArn=", ""),
    "Registration": ("ec2", "TargetGroup:targetGroupArn=", "target_group"),
    "LoadBalancer": ("ec2", "LoadBalancer:loadBalancerArn=", ""),
    "Listener": ("ec2", "ELBListenerV2:listenerArn=", ""),
    "EndpointService": ("vpcconsole", "EndpointServiceDetails:serviceId=", ""),
    "AllowedPrincipal": ("vpcconsole", "EndpointServiceDetails:serviceId=", "service"),
    "VpcEndpoint": ("vpcconsole", "EndpointDetails:vpcEndpointId=", ""),
    "DnsHostnames": ("vpcconsole", "VpcDetails:VpcId=", "vpc"),
    "GatewayEndpoint": ("vpcconsole", "EndpointDetails:vpcEndpointId=", ""),
    "InterfaceEndpoint": ("vpcconsole", "EndpointDetails:vpcEndpointId=", ""),
    "Acceptance": ("vpcconsole", "EndpointServiceDetails:serviceId=", "service"),
}
"""By kind: the console, the page, and, for a kind without a page, the field that holds the resource to show."""


_LISTS = {
    "Vpc": "vpcs:",
    "InternetGateway": "igws:",
    "Subnet": "subnets:",
    "RouteTable": "RouteTables:",
    "SecurityGroup": "SecurityGroups:",
    "KeyPair": "KeyPairs:",
    "Instance": "Instances:",
    "TargetGroup": "TargetGroups:",
    "LoadBalancer": "LoadBalancers:",
    "EndpointService": "EndpointServices:",
    "VpcEndpoint": "Endpoints:",
}
"""By kind, the page that lists all of it, where one is made."""


def page_of(resource: Resource, lives: Mapping[str, Live], region: str) -> str:
    """The address of its page; of one that is to be made, of what it belongs to, else of the list of its kind."""
    console, _, _ = _PAGES.get(resource.kind, ("", "", ""))
    there = [
        found for one in (resource, *(need.resource for need in resource.needs())) if (found := url(one, lives, region))
    ]
    if resource.key not in lives and (anchor := _LISTS.get(resource.kind)) and (domain := partition_of(region).console):
        return f"https://{region}.{domain}/{console}/home?region={region}#{anchor}"
    return next(iter(there), "")


def url(resource: Resource, lives: Mapping[str, Live], region: str) -> str:
    """The address of its page; empty if it does not exist or has no page, or the partition no public console."""
    console, page, field = _PAGES.get(resource.kind, ("", "", ""))
    shown = getattr(resource, field) if field else resource
    domain = partition_of(region).console
    if not (page and domain) or resource.key not in lives or shown.key not in lives:
        return ""
    id = quote(lives[shown.key].id, safe=":/")
    return f"https://{region}.{domain}/{console}/home?region={region}#{page}{id}"
