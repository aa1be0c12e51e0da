"""Security groups and their rules (``aws-behaviours.md`` section 1.2)."""

from __future__ import annotations

from typing import Any

from ..api.calls import Call, handles
from ..api.protocol import ApiError
from . import tags, validation

PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "all": "-1"}


@handles("ec2", "CreateSecurityGroup")
def create_security_group(call: Call) -> dict[str, Any]:
    if call.params.get("VpcId"):
        validation.vpc(call, call.params["VpcId"])
    answer = call.moto()
    arn = f"arn:aws:ec2:{call.region}:{call.account}:security-group/{answer['GroupId']}"
    return {**answer, "Tags": tags.of(call, answer["GroupId"]), "SecurityGroupArn": arn}


@handles("ec2", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress")
def authorize_security_group_ingress_or_egress(call: Call) -> dict[str, Any]:
    """All the rules of a call or none; the answer lists each of them, one a peer."""
    group = _named(call)
    permissions = call.params.get("IpPermissions") or [_flat(call.params)]
    held = group.egress_rules if call.operation.endswith("Egress") else group.ingress_rules
    known = {_identity_of(rule) for rule in held}
    for permission in permissions:
        for identity in _identities(permission):
            if identity in known:
                protocol, start, end, peer = identity
                ports = "" if protocol == "-1" else f", from port: {start}, to port: {end}"
                words = "ALL" if protocol == "-1" else protocol.upper()
                text = f'the specified rule "peer: {peer}, {words}{ports}, ALLOW" already exists'
                raise ApiError("InvalidPermission.Duplicate", text)
            known.add(identity)
    before = {rule.id for rule in held}
    call.moto(
        **dict.fromkeys(("CidrIp", "IpProtocol", "FromPort", "ToPort", "SourceSecurityGroupName", "GroupName")),
        GroupId=group.id,
        IpPermissions=permissions,
    )
    held = group.egress_rules if call.operation.endswith("Egress") else group.ingress_rules
    new = [_item(call, group, rule) for rule in held if rule.id not in before]
    return {"Return": True, "SecurityGroupRules": new}


def _named(call: Call) -> Any:
    if call.params.get("GroupId"):
        return validation.group(call, call.params["GroupId"])
    name = call.params.get("GroupName", "")
    default = [vpc.id for vpc in call.ec2.vpcs.values() if vpc.is_default]
    for vpc_id in default:
        for group in call.ec2.groups[vpc_id].values():
            if group.name == name:
                return group
    raise ApiError("InvalidGroup.NotFound", f"The security group '{name}' does not exist")


def _flat(params: dict[str, Any]) -> dict[str, Any]:
    """The one permission of the call's older form, as an item of ``IpPermissions``."""
    permission: dict[str, Any] = {key: params[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in params}
    if params.get("CidrIp"):
        permission["IpRanges"] = [{"CidrIp": params["CidrIp"]}]
    if params.get("SourceSecurityGroupName"):
        permission["UserIdGroupPairs"] = [{"GroupName": params["SourceSecurityGroupName"]}]
    return permission


Identity = tuple[str, int | None, int | None, str]


def _identities(permission: dict[str, Any]) -> list[Identity]:
    """What tells the single rules of a permission apart: protocol, ports, peer."""
    protocol = str(permission.get("IpProtocol", "-1")).lower()
    protocol = PROTOCOLS.get(protocol, protocol)
    ports = (None, None) if protocol == "-1" else (permission.get("FromPort"), permission.get("ToPort"))
    peers = [one["CidrIp"] for one in permission.get("IpRanges", [])]
    peers += [one["CidrIpv6"] for one in permission.get("Ipv6Ranges", [])]
    peers += [one["PrefixListId"] for one in permission.get("PrefixListIds", [])]
    peers += [one.get("GroupId") or one.get("GroupName", "") for one in permission.get("UserIdGroupPairs", [])]
    return [(protocol, *ports, peer) for peer in peers]


def _identity_of(rule: Any) -> Identity:
    ports = (None, None) if rule.ip_protocol == "-1" else (rule.from_port, rule.to_port)
    group = rule.source_group.get("GroupId") or rule.source_group.get("GroupName")
    return rule.ip_protocol, *ports, rule.cidr_ipv4 or rule.cidr_ipv6 or rule.prefix_list_id or group or ""


def _item(call: Call, group: Any, rule: Any) -> dict[str, Any]:
    any_port = rule.ip_protocol == "-1"
    shown = {
        "SecurityGroupRuleId": rule.id,
        "GroupId": group.id,
        "GroupOwnerId": call.account,
        "IsEgress": rule.is_egress,
        "IpProtocol": rule.ip_protocol,
        "FromPort": -1 if any_port else rule.from_port,
        "ToPort": -1 if any_port else rule.to_port,
        "CidrIpv4": rule.cidr_ipv4,
        "CidrIpv6": rule.cidr_ipv6,
        "PrefixListId": rule.prefix_list_id,
        "Description": rule.description,
        "SecurityGroupRuleArn": f"arn:aws:ec2:{call.region}:{call.account}:security-group-rule/{rule.id}",
        "Tags": tags.of(call, rule.id),
    }
    if rule.source_group:
        shown["ReferencedGroupInfo"] = {
            "GroupId": rule.source_group.get("GroupId"),
            "UserId": rule.source_group.get("OwnerId") or call.account,
        }
    return {key: value for key, value in shown.items() if value is not None}


@handles("ec2", "DeleteSecurityGroup")
def delete_security_group(call: Call) -> dict[str, Any]:
    """Neither the default one, nor one that an interface has or another group's rule names."""
    group = _named(call)
    if group.name == "default":
        text = f'the specified group: "{group.id}" name: "default" cannot be deleted by a user'
        raise ApiError("CannotDelete", text)
    used = any(group in interface.group_set for interface in call.ec2.enis.values())
    named = any(
        rule.source_group.get("GroupId") == group.id
        for others in call.ec2.groups.values()
        for other in others.values()
        if other is not group
        for rule in (*other.ingress_rules, *other.egress_rules)
    )
    if used or named:
        raise ApiError("DependencyViolation", f"resource {group.id} has a dependent object")
    call.ec2.tags.pop(group.id, None)
    return call.moto(GroupName=None, GroupId=group.id)
