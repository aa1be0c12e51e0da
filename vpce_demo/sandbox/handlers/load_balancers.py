"""Network Load Balancers (``aws-behaviours.md`` section 4), and Gateway Load Balancers, through which no packet goes
(``aws-behaviours-2.md`` section 6).  Other kinds of load balancer are moto's."""

from __future__ import annotations

import re
import secrets
from typing import Any

from .. import timing
from ..api.calls import Call, handles
from ..api.ids import LOAD_BALANCER_ZONES, hosted_zone
from ..api.protocol import ApiError
from ..store.moto import load_balancer_interfaces, name_and_hash
from . import network_interfaces, validation

NAME = re.compile(r"(?!internal-)(?!-)[A-Za-z0-9-]{1,32}(?<!-)")
ATTRIBUTES = {
    "access_logs.s3.enabled": "false",
    "access_logs.s3.bucket": "",
    "access_logs.s3.prefix": "",
    "deletion_protection.enabled": "false",
    "dns_record.client_routing_policy": "any_availability_zone",
    "ipv6.deny_all_igw_traffic": "false",
    "load_balancing.cross_zone.enabled": "false",
    "secondary_ips.auto_assigned.per_subnet": "0",
    "zonal_shift.config.enabled": "false",
}
NOT_FOUND = "One or more load balancers not found"
KINDS = {"network": "net", "gateway": "gwy"}
"""How ARNs call the types that are made here."""
NOT_OF_GATEWAYS = {
    "Scheme": "Scheme is not supported for Gateway Load Balancers.",
    "SecurityGroups": "Security groups are not supported for Gateway Load Balancers.",
}
"""Parameters that no Gateway Load Balancer takes.  AWS's words for groups are assumed."""


def _described(call: Call, arn: str) -> dict[str, Any]:
    answer = call.moto("DescribeLoadBalancers", LoadBalancerArns=[arn])
    return {"LoadBalancers": [_item(call, one) for one in answer["LoadBalancers"]]}


def _item(call: Call, one: dict[str, Any]) -> dict[str, Any]:
    """A load balancer, with groups with whether they hold for PrivateLink too, and without what its type has not."""
    if one.get("Type") == "gateway":
        return {key: value for key, value in one.items() if key not in ("DNSName", "CanonicalHostedZoneId", "Scheme")}
    if one.get("Type") == "network" and one.get("SecurityGroups"):
        off = one["LoadBalancerArn"] in call.cloud.not_enforcing
        one["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] = "off" if off else "on"
    return one


@handles("elbv2", "CreateLoadBalancer")
def create_load_balancer(call: Call) -> dict[str, Any]:
    """``provisioning`` for two minutes.  The same settings again give the same one, others
    ``DuplicateLoadBalancerName``."""
    params, kind = call.params, call.params.get("Type", "application")
    if kind not in KINDS:
        return call.moto()
    for name in filter(params.get, NOT_OF_GATEWAYS if kind == "gateway" else ()):
        raise ApiError("ValidationError", NOT_OF_GATEWAYS[name])
    if not NAME.fullmatch(params["Name"]):
        text = (
            f"The load balancer name '{params['Name']}' must be 1 to 32 alphanumeric characters and hyphens, "
            "not begin or end with a hyphen, and not begin with 'internal-'"
        )
        raise ApiError("ValidationError", text)
    mappings = {each["SubnetId"]: each for each in params.get("SubnetMappings", [])}
    subnets = _subnets(call, [*params.get("Subnets", []), *mappings])
    scheme = params.get("Scheme", "internet-facing") if kind == "network" else "internal"
    settings = (
        kind,
        scheme,
        sorted(one.id for one in subnets),
        sorted(params.get("SecurityGroups", [])),
        _tag_set(params),
    )
    for arn, balancer in call.elb.load_balancers.items():
        if balancer.name == params["Name"]:
            if getattr(balancer, "settings", None) == settings:
                return _described(call, arn)
            text = f"A load balancer with the same name '{params['Name']}' exists, but with different settings"
            raise ApiError("DuplicateLoadBalancerName", text)
    vpc_id = subnets[0].vpc_id
    try:
        groups = validation.groups_in(call, params.get("SecurityGroups", []), vpc_id)
    except ApiError as error:
        raise ApiError("InvalidSecurityGroup", error.message) from None
    attached = any(
        gateway.vpc is not None and gateway.vpc.id == vpc_id for gateway in call.ec2.internet_gateways.values()
    )
    if scheme == "internet-facing" and not attached:
        raise ApiError("InvalidSubnet", f"VPC {vpc_id} has no internet gateway")
    if len(call.elb.load_balancers) >= 50:
        raise ApiError("TooManyLoadBalancers", "You have reached the limit on the number of load balancers.")
    balancer = _make(call, settings)
    for subnet in subnets:
        wanted = mappings.get(subnet.id, {}).get("PrivateIPv4Address")
        _interface(call, balancer, subnet, groups, wanted)
    return _described(call, balancer.arn)


def _tag_set(params: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((tag["Key"], tag.get("Value", "")) for tag in params.get("Tags", []))


def _subnets(call: Call, subnet_ids: list[str]) -> list[Any]:
    if not subnet_ids:
        raise ApiError("ValidationError", "At least one subnet must be specified")
    try:
        subnets = [validation.subnet(call, subnet_id) for subnet_id in dict.fromkeys(subnet_ids)]
    except ApiError as error:
        raise ApiError("SubnetNotFound", error.message) from None
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        raise ApiError("InvalidConfigurationRequest", "All subnets must belong to the same VPC")
    if len({subnet.availability_zone for subnet in subnets}) < len(subnets):
        text = "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
        raise ApiError("InvalidConfigurationRequest", text)
    return subnets


def _make(call: Call, settings: tuple[Any, ...]) -> Any:
    """Let moto make it, then give it the names, zone, attributes and time to provision of its type."""
    made = call.moto()["LoadBalancers"][0]["LoadBalancerArn"]
    store = call.elb
    balancer, name = store.load_balancers.pop(made), call.params["Name"]
    mark = secrets.token_hex(8)
    arn = f"arn:aws:elasticloadbalancing:{call.region}:{call.account}:loadbalancer/{KINDS[settings[0]]}/{name}/{mark}"
    store.tagging_service.tag_resource(arn, store.tagging_service.list_tags_for_resource(made)["Tags"])
    store.tagging_service.delete_all_tags_for_resource(made)
    balancer.arn = arn
    balancer.scheme = settings[1]
    balancer.dns_name = f"{name}-{mark}.elb.{call.region}.amazonaws.com"
    balancer.canonical_hosted_zone_id = hosted_zone(LOAD_BALANCER_ZONES, call.region)
    balancer.attrs = dict(ATTRIBUTES)
    balancer.state = "provisioning"
    balancer.activate = lambda: None  # moto would make it active when somebody looks
    balancer.settings = settings
    store.load_balancers[arn] = balancer
    call.cloud.later(timing.LOAD_BALANCER_PROVISIONING, lambda: setattr(balancer, "state", "active"))
    return balancer


def _interface(call: Call, balancer: Any, subnet: Any, groups: list[Any], wanted: str | None = None) -> None:
    text = f"ELB {name_and_hash(balancer.arn)}"
    public = balancer.scheme == "internet-facing"
    kind = {"network": network_interfaces.LOAD_BALANCER, "gateway": "gateway_load_balancer"}[balancer.type]
    network_interfaces.keep(call, kind, subnet, text, groups, wanted, public)


@handles("elbv2", "DescribeLoadBalancers")
def describe_load_balancers(call: Call) -> dict[str, Any]:
    """One unknown name or ARN fails the whole call."""
    names = {balancer.name for balancer in call.elb.load_balancers.values()}
    missing = [name for name in call.params.get("Names") or [] if name not in names]
    missing += [arn for arn in call.params.get("LoadBalancerArns") or [] if arn not in call.elb.load_balancers]
    if missing:
        raise ApiError("LoadBalancerNotFound", f"Load balancers '[{', '.join(missing)}]' not found")
    answer = call.moto()
    return {**answer, "LoadBalancers": [_item(call, one) for one in answer.get("LoadBalancers", [])]}


@handles("elbv2", "DeleteLoadBalancer")
def delete_load_balancer(call: Call) -> dict[str, Any]:
    """At once out of sight; its interfaces hold on to their subnets a little longer.  A missing one is no error."""
    arn = call.params["LoadBalancerArn"]
    balancer = call.elb.load_balancers.get(arn)
    if balancer is None or balancer.type not in KINDS:
        return call.moto()
    if balancer.attrs.get("deletion_protection.enabled") == "true":
        text = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
        raise ApiError("OperationNotPermitted", text)
    if any(arn in one.load_balancer_arns and one.state != "Deleted" for one in call.cloud.services.values()):
        text = f"Load balancer '{arn}' cannot be deleted because it is currently associated with another service"
        raise ApiError("ResourceInUse", text)
    store, held = call.ec2, [one.id for one in load_balancer_interfaces(call.ec2, arn)]
    answer = call.moto()
    call.cloud.not_enforcing.discard(arn)

    def let_go() -> None:
        for interface_id in held:
            network_interfaces.drop(store, interface_id)

    call.cloud.later(timing.LOAD_BALANCER_INTERFACES_LINGER, let_go)
    return answer


def _ours(call: Call) -> Any | None:
    balancer = call.elb.load_balancers.get(call.params["LoadBalancerArn"])
    if balancer is None:
        raise ApiError("LoadBalancerNotFound", f"Load balancer '{call.params['LoadBalancerArn']}' not found")
    return balancer if balancer.type in KINDS else None


@handles("elbv2", "SetSecurityGroups")
def set_security_groups(call: Call) -> dict[str, Any]:
    """One made without groups can never have any."""
    balancer = _ours(call)
    if balancer is None:
        return call.moto()
    if balancer.type == "gateway":
        raise ApiError("InvalidConfigurationRequest", NOT_OF_GATEWAYS["SecurityGroups"])
    if not balancer.security_groups:
        text = "You cannot set security groups on a Network Load Balancer that was created without security groups."
        raise ApiError("InvalidConfigurationRequest", text)
    groups = validation.groups_in(call, call.params.get("SecurityGroups", []), balancer.vpc_id)
    balancer.security_groups = [group.id for group in groups]
    for interface in load_balancer_interfaces(call.ec2, balancer.arn):
        interface._group_set = groups
    enforce = call.params.get("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic", "on")
    (call.cloud.not_enforcing.add if enforce == "off" else call.cloud.not_enforcing.discard)(balancer.arn)
    return {
        "SecurityGroupIds": list(balancer.security_groups),
        "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic": enforce,
    }


@handles("elbv2", "SetSubnets")
def set_subnets(call: Call) -> dict[str, Any]:
    """Subnets can be added, not taken away (``aws-behaviours.md`` section 4)."""
    balancer = _ours(call)
    if balancer is None:
        return call.moto()
    subnets = _subnets(
        call, [*call.params.get("Subnets", []), *(m["SubnetId"] for m in call.params.get("SubnetMappings", []))]
    )
    before = {subnet.id for subnet in balancer.subnets}
    if before - {subnet.id for subnet in subnets}:
        text = f"Removing subnets from a {balancer.type.capitalize()} Load Balancer is not supported"
        raise ApiError("InvalidConfigurationRequest", text)
    groups = validation.groups_in(call, balancer.security_groups or [], balancer.vpc_id)
    for subnet in subnets:
        if subnet.id not in before:
            _interface(call, balancer, subnet, groups)
    balancer.subnets = subnets
    return {"AvailabilityZones": _described(call, balancer.arn)["LoadBalancers"][0]["AvailabilityZones"]}
