"""What can keep AWS from deleting something: for each kind of holder, the call that finds it and the command that
removes it (``aws-behaviours-2.md`` section 12).

A holder that is being deleted, or that AWS removes with its endpoint, load balancer or NAT gateway while that is being
deleted, is waited for.  Any other stays until somebody removes it: it is ``foreign``.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from ..aws.clients import CALLS_AT_ONCE
from ..aws.error_codes import ErrorKind, error_code, error_kind
from ..aws.tags import tags_of
from ..engine.resource import Aws, state_word
from ..model import Holder, Phase, short_id
from .elb import without_missing

Finder = Callable[[Aws, str], Iterable[Holder]]
"""Yields what holds the thing with this id."""


def holding(aws: Aws, id: str, finders: Sequence[Finder]) -> list[Holder]:
    """What holds it, in the order in which it has to be removed; and a holder without an id for each call that AWS
    refused, since what it would have listed is not known."""
    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        found = [holder for group in pool.map(partial(_ask, aws, id), finders) for holder in group]
    return list(dict.fromkeys(found))


_LAST = ("delete-subnet", "delete-route-table", "delete-network-acl", "delete-security-group")


def in_order(commands: Sequence[str]) -> list[str]:
    """Each command once, and last those that AWS refuses until what the others remove has gone: they are repeated, for
    about five minutes, since what holds them may be a thing that no command here removes."""

    def rank(command: str) -> int:
        return next((number for number, call in enumerate(_LAST, 1) if f" {call} " in command), 0)

    once = sorted(dict.fromkeys(commands), key=rank)
    return [
        f"for try in $(seq 60); do if {command}; then break; fi; sleep 5; done" if number and rank(command) else command
        for number, command in enumerate(once)
    ]


def _ask(aws: Aws, id: str, finder: Finder) -> list[Holder]:
    try:
        return list(finder(aws, id))
    except ClientError as error:
        if error_kind(error) is ErrorKind.SIGN_IN:
            raise
        return [Holder("", f"not known: {error.operation_name} answered {error_code(error)}")]


def _listed(aws: Aws, operation: str, key: str, which: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    ec2: Any = aws.ec2
    pages = ec2.get_paginator(operation).paginate(**which) if ec2.can_paginate(operation) else None
    for page in pages or [getattr(ec2, operation)(**which)]:
        yield from page[key]


def _filter(name: str, *values: str) -> dict[str, Any]:
    return {"Filters": [{"Name": name, "Values": list(values)}]}


def _known(aws: Aws) -> set[str]:
    """The ids of the demo's resources, which this run deletes in their order."""
    return {live.id for live in list(aws.known.values())}


# --- what lies in a VPC ----------------------------------------------------------------


@dataclass(frozen=True)
class InVpc:
    """A kind of thing that lies in a VPC, or is attached to one.

    ``command`` removes one: the words of the AWS CLI after ``aws``, with ``{id}`` and ``{vpc}``.  ``skips`` says which
    of them do not count.
    """

    what: str
    operation: str
    key: str
    id: str
    filter: str
    command: str
    skips: Callable[[Mapping[str, Any]], bool] = lambda item: False

    def __call__(self, aws: Aws, vpc_id: str) -> Iterator[Holder]:
        which = _filter(self.filter, vpc_id)
        if self.operation == "describe_nat_gateways":
            which["Filter"] = which.pop("Filters")
        if not self.filter:  # the call cannot filter by VPC
            which = {}
        for item in _listed(aws, self.operation, self.key, which):
            attached = {one.get("VpcId") for one in item.get("Attachments", [])}
            if (not self.filter and vpc_id not in attached) or self.skips(item) or item[self.id] in _known(aws):
                continue
            phase = Phase.of(state_word(item))
            if phase is not Phase.GONE:
                command = f"{aws.clients.cli} {self.command.format(id=item[self.id], vpc=vpc_id)}"
                made_by_aws = ", made by a service of AWS, which may have to remove it" if _requested(item) else ""
                going = phase is Phase.DELETING
                yield Holder(item[self.id], f"{self.what}{_named(item)}{made_by_aws}", not going, (command,))


def _requested(item: Mapping[str, Any]) -> bool:
    return bool(item.get("RequesterManaged"))


def _named(item: Mapping[str, Any]) -> str:
    name = tags_of(item).get("Name") or item.get("GroupName") or item.get("ServiceName") or ""
    return f" {name}" if name else ""


def _has_ended(item: Mapping[str, Any]) -> bool:
    return state_word(item) in ("deleted", "rejected", "expired", "failed")


PEERING = ("describe_vpc_peering_connections", "VpcPeeringConnections", "VpcPeeringConnectionId")
_DELETE_PEERING = "ec2 delete-vpc-peering-connection --vpc-peering-connection-id {id}"
IN_VPC = (
    InVpc(
        "an endpoint to",
        *("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", "vpc-id"),
        "ec2 delete-vpc-endpoints --vpc-endpoint-ids {id}",
    ),
    InVpc(
        "a NAT gateway",
        *("describe_nat_gateways", "NatGateways", "NatGatewayId", "vpc-id"),
        "ec2 delete-nat-gateway --nat-gateway-id {id}",
        skips=lambda one: one["State"] == "failed",
    ),
    InVpc(
        "an EC2 Instance Connect Endpoint",
        *("describe_instance_connect_endpoints", "InstanceConnectEndpoints", "InstanceConnectEndpointId", "vpc-id"),
        "ec2 delete-instance-connect-endpoint --instance-connect-endpoint-id {id}",
    ),
    InVpc(
        "a transit gateway attachment",
        *("describe_transit_gateway_vpc_attachments", "TransitGatewayVpcAttachments", "TransitGatewayAttachmentId"),
        "vpc-id",
        "ec2 delete-transit-gateway-vpc-attachment --transit-gateway-attachment-id {id}",
    ),
    InVpc("a peering", *PEERING, "requester-vpc-info.vpc-id", _DELETE_PEERING, skips=_has_ended),
    InVpc("a peering", *PEERING, "accepter-vpc-info.vpc-id", _DELETE_PEERING, skips=_has_ended),
    InVpc(
        "a virtual private gateway",
        *("describe_vpn_gateways", "VpnGateways", "VpnGatewayId", "attachment.vpc-id"),
        "ec2 detach-vpn-gateway --vpn-gateway-id {id} --vpc-id {vpc}",
        skips=lambda one: all(a["State"] == "detached" for a in one.get("VpcAttachments", [])),
    ),
    InVpc(
        "an egress-only internet gateway",
        *("describe_egress_only_internet_gateways", "EgressOnlyInternetGateways", "EgressOnlyInternetGatewayId", ""),
        "ec2 delete-egress-only-internet-gateway --egress-only-internet-gateway-id {id}",
    ),
    InVpc(
        "a carrier gateway",
        *("describe_carrier_gateways", "CarrierGateways", "CarrierGatewayId", "vpc-id"),
        "ec2 delete-carrier-gateway --carrier-gateway-id {id}",
    ),
    InVpc(
        "an internet gateway",
        *("describe_internet_gateways", "InternetGateways", "InternetGatewayId", "attachment.vpc-id"),
        "ec2 detach-internet-gateway --internet-gateway-id {id} --vpc-id {vpc}",
    ),
    InVpc(
        "a subnet",
        *("describe_subnets", "Subnets", "SubnetId", "vpc-id"),
        "ec2 delete-subnet --subnet-id {id}",
    ),
    InVpc(
        "a network ACL",
        *("describe_network_acls", "NetworkAcls", "NetworkAclId", "vpc-id"),
        "ec2 delete-network-acl --network-acl-id {id}",
        skips=lambda one: bool(one["IsDefault"]),
    ),
    InVpc(
        "a security group",
        *("describe_security_groups", "SecurityGroups", "GroupId", "vpc-id"),
        "ec2 delete-security-group --group-id {id}",
        skips=lambda one: one["GroupName"] == "default",
    ),
)
"""In the order in which they have to go.  A VPC's default group and ACL and its main table go with it."""


def _tables(aws: Aws, vpc_id: str) -> tuple[list[Mapping[str, Any]], str]:
    """Route tables of a VPC that are not the demo's, and the id of the one that is its main table, or that can be: it
    goes with the VPC."""
    listed = list(_listed(aws, "describe_route_tables", "RouteTables", _filter("vpc-id", vpc_id)))
    main = [one for one in listed if any(association.get("Main") for association in one["Associations"])]
    others = [one for one in listed if one["RouteTableId"] not in _known(aws)]
    staying = next((one["RouteTableId"] for one in (*main, *others) if one in others), "")
    return others, staying


def _new_table(aws: Aws, vpc_id: str) -> str:
    """The words of a shell for a route table that is created by the same command."""
    words = f"ec2 create-route-table --vpc-id {vpc_id} --query RouteTable.RouteTableId --output text"
    return f'"$({aws.clients.cli} {words})"'


def route_tables(aws: Aws, vpc_id: str) -> Iterator[Holder]:
    """Route tables in a VPC beside its main one."""
    others, main = _tables(aws, vpc_id)
    for one in others:
        if one["RouteTableId"] != main:
            command = f"ec2 delete-route-table --route-table-id {one['RouteTableId']}"
            yield Holder(one["RouteTableId"], f"a route table{_named(one)}", True, (f"{aws.clients.cli} {command}",))


# --- network interfaces --------------------------------------------------------------------


def interfaces(filter: str) -> Finder:
    """Finds by this filter of DescribeNetworkInterfaces, such as ``vpc-id``: the owner of each interface, or an
    interface that nobody owns."""

    def find(aws: Aws, id: str) -> Iterator[Holder]:
        for interface in _listed(aws, "describe_network_interfaces", "NetworkInterfaces", _filter(filter, id)):
            yield _owner(aws, interface)

    return find


def _owner(aws: Aws, interface: Mapping[str, Any]) -> Holder:
    """Who has to go, so that this interface goes."""
    id, words = interface["NetworkInterfaceId"], interface.get("Description", "")
    owner = interface.get("OwnerId", aws.clients.account)
    if owner != aws.clients.account:  # what it belongs to is not listed to this account
        return Holder(id, f'"{words}", of account {owner}', foreign=True)
    kind, _, name = words.rpartition(" ")
    instance = interface.get("Attachment", {}).get("InstanceId", "")
    if instance and not instance.startswith("amazon-"):
        return _instance(aws, instance)
    if is_aws_s(interface):
        if kind == "VPC Endpoint Interface":
            return _endpoint(aws, name, id)
        if kind == "ELB" and "/" not in name:
            command = f"{aws.clients.cli} elb delete-load-balancer --load-balancer-name {name}"
            return Holder(name, "a Classic Load Balancer", True, (command,))
        if kind == "ELB":
            return _balancer(aws, name, id)
        if kind == "Interface for NAT Gateway":
            return _nat_gateway(aws, name, id)
        # The requester may be a service, a role's session or an account: it tells for whom, and not who removes it.
        whose = interface.get("RequesterId") or interface.get("Attachment", {}).get("InstanceOwnerId", "")
        by = f" (requested by {whose})" if whose else ""
        going = Phase.of(interface.get("Status")) is Phase.DELETING
        return Holder(id, f'"{words}", which AWS removes with what it made it for{by}', foreign=not going)
    command = f"{aws.clients.cli} ec2 delete-network-interface --network-interface-id {id}"
    if aws.is_ours(tags_of(interface)):
        return Holder(id, words, remove=lambda to: to.ec2.delete_network_interface(NetworkInterfaceId=id))
    return Holder(id, words or "an interface", True, (command,))


def is_aws_s(interface: Mapping[str, Any]) -> bool:
    """True if AWS made the interface for an endpoint, a load balancer or the like, and removes it with that."""
    by_aws = interface.get("RequesterManaged", False) or interface.get("InterfaceType", "interface") != "interface"
    return bool(by_aws or interface.get("Attachment", {}).get("InstanceOwnerId", "").startswith("amazon-"))


def _one_of(
    aws: Aws, id: str, what: str, found: Iterable[Mapping[str, Any]], command: str, interface: str = ""
) -> Holder:
    """The owner of an interface: going, if it is the demo's, is being deleted, or is not listed any more."""
    items = list(found)
    going = id in _known(aws) or all(Phase.of(state_word(one)) in (Phase.DELETING, Phase.GONE) for one in items)
    if going:
        return Holder(interface or id, f"of {id}" if interface else what)
    requested = ", made by a service of AWS, which may have to remove it" if any(map(_requested, items)) else ""
    return Holder(id, f"{what}{_named(items[0])}{requested}", True, (f"{aws.clients.cli} {command}",))


def _instance(aws: Aws, id: str) -> Holder:
    found = _listed(aws, "describe_instances", "Reservations", _filter("instance-id", id))
    instances = [one for reservation in found for one in reservation["Instances"]]
    return _one_of(aws, id, "an instance", instances, f"ec2 terminate-instances --instance-ids {id}")


def _endpoint(aws: Aws, id: str, interface: str) -> Holder:
    found = _listed(aws, "describe_vpc_endpoints", "VpcEndpoints", _filter("vpc-endpoint-id", id))
    command = f"ec2 delete-vpc-endpoints --vpc-endpoint-ids {id}"
    return _one_of(aws, id, "an endpoint to", found, command, interface)


def _nat_gateway(aws: Aws, id: str, interface: str) -> Holder:
    which = {"Filter": [{"Name": "nat-gateway-id", "Values": [id]}]}
    found = _listed(aws, "describe_nat_gateways", "NatGateways", which)
    command = f"ec2 delete-nat-gateway --nat-gateway-id {id}"
    return _one_of(aws, id, "a NAT gateway", found, command, interface)


def _balancer(aws: Aws, name: str, interface: str) -> Holder:
    """``name`` is the end of its ARN: net/NAME/ID."""
    listed = without_missing(
        lambda names: aws.elb.describe_load_balancers(Names=names)["LoadBalancers"], [name.split("/")[1]]
    )
    found = [one for one in listed if one["LoadBalancerArn"].endswith(f"/{name}")]
    arn = found[0]["LoadBalancerArn"] if found else name
    command = f"elbv2 delete-load-balancer --load-balancer-arn {arn}"
    return _one_of(aws, arn, "a load balancer", found, command, interface)


def public_addresses(aws: Aws, vpc_id: str) -> Iterator[Holder]:
    """Owners of interfaces with a public address in this VPC: its gateway cannot be detached before they go."""
    for interface in _listed(aws, "describe_network_interfaces", "NetworkInterfaces", _filter("vpc-id", vpc_id)):
        association = interface.get("Association", {})
        owner = _owner(aws, interface)
        if association.get("AllocationId") and owner.foreign and not is_aws_s(interface):
            command = f"ec2 disassociate-address --association-id {association['AssociationId']}"
            what = f"the elastic address {association.get('PublicIp')} of {owner.id}"
            yield Holder(association["AllocationId"], what, True, (f"{aws.clients.cli} {command}",))
        elif association:
            yield owner


# --- references ------------------------------------------------------------------------------


def rules_of_other_groups(aws: Aws, group_id: str) -> Iterator[Holder]:
    """Rules of other groups, the VPC's default one among them, that name this group."""
    for key, filter, call in (
        ("IpPermissions", "ip-permission.group-id", "revoke-security-group-ingress"),
        ("IpPermissionsEgress", "egress.ip-permission.group-id", "revoke-security-group-egress"),
    ):
        for group in _listed(aws, "describe_security_groups", "SecurityGroups", _filter(filter, group_id)):
            naming = [
                {**{k: one[k] for k in ("IpProtocol", "FromPort", "ToPort") if k in one}, "UserIdGroupPairs": [pair]}
                for one in group[key]
                for pair in [{"GroupId": group_id}]
                if any(other.get("GroupId") == group_id for other in one.get("UserIdGroupPairs", []))
            ]
            if naming and group["GroupId"] != group_id:
                permissions = shlex.quote(json.dumps(naming, separators=(",", ":")))
                words = f"{call} --group-id {group['GroupId']} --ip-permissions {permissions}"
                what = f"a rule of the security group {group['GroupName']}, which names it"
                yield Holder(group["GroupId"], what, True, (f"{aws.clients.cli} ec2 {words}",))


def associations(aws: Aws, table_id: str) -> Iterator[Holder]:
    """What a route table is associated with: subnets, and the VPC whose main table it is."""
    for table in _listed(aws, "describe_route_tables", "RouteTables", {"RouteTableIds": [table_id]}):
        for one in table["Associations"]:
            id, subnet = one["RouteTableAssociationId"], one.get("SubnetId", "")
            if one.get("Main"):
                vpc = table["VpcId"]
                another = _tables(aws, vpc)[1] or _new_table(aws, vpc)
                words = f"ec2 replace-route-table-association --association-id {id} --route-table-id {another}"
                what = f"the association that makes it the main route table of {vpc}"
                yield Holder(id, what, True, (f"{aws.clients.cli} {words}",))
            elif subnet not in _known(aws):
                words = f"ec2 disassociate-route-table --association-id {id}"
                yield Holder(id, f"its association with {subnet}", True, (f"{aws.clients.cli} {words}",))


def listeners(aws: Aws, group_arn: str) -> Iterator[Holder]:
    """Load balancers that send to a target group."""
    for group in aws.elb.describe_target_groups(TargetGroupArns=[group_arn])["TargetGroups"]:
        for arn in group.get("LoadBalancerArns", []):
            if arn in _known(aws):
                yield Holder(arn, "a load balancer that sends to it")
                continue
            for one in aws.elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]:
                if any(action.get("TargetGroupArn") == group_arn for action in one.get("DefaultActions", [])):
                    words = f"elbv2 delete-listener --listener-arn {one['ListenerArn']}"
                    yield Holder(one["ListenerArn"], f"a listener of {arn}", True, (f"{aws.clients.cli} {words}",))


def attached_volume(aws: Aws, volume_id: str) -> Iterator[Holder]:
    """The instances that a volume is attached to."""
    for volume in _listed(aws, "describe_volumes", "Volumes", {"VolumeIds": [volume_id]}):
        for one in volume.get("Attachments", []):
            holder = _instance(aws, one["InstanceId"])
            words = f"{aws.clients.cli} ec2 detach-volume --volume-id {volume_id}"
            yield replace(holder, commands=(words,) if holder.foreign else ())


def attached_interface(aws: Aws, interface_id: str) -> Iterator[Holder]:
    """The instance that an interface is attached to."""
    which = {"NetworkInterfaceIds": [interface_id]}
    for interface in _listed(aws, "describe_network_interfaces", "NetworkInterfaces", which):
        if attachment := interface.get("Attachment"):
            holder = _instance(aws, attachment.get("InstanceId", ""))
            words = f"{aws.clients.cli} ec2 detach-network-interface --attachment-id {attachment['AttachmentId']}"
            yield replace(holder, commands=(words,) if holder.foreign else ())


def attached_vpcs(aws: Aws, gateway_id: str) -> Iterator[Holder]:
    """VPCs that are not the demo's, to which somebody attached an internet gateway."""
    for gateway in _listed(aws, "describe_internet_gateways", "InternetGateways", {"InternetGatewayIds": [gateway_id]}):
        for one in gateway["Attachments"]:
            if one["VpcId"] not in _known(aws):
                words = f"ec2 detach-internet-gateway --internet-gateway-id {gateway_id} --vpc-id {one['VpcId']}"
                yield Holder(one["VpcId"], "a VPC it is attached to", True, (f"{aws.clients.cli} {words}",))


def termination_protection(aws: Aws, instance_id: str) -> Iterator[Holder]:
    """An instance's protection against termination."""
    asked = aws.ec2.describe_instance_attribute(InstanceId=instance_id, Attribute="disableApiTermination")
    if asked["DisableApiTermination"].get("Value"):
        words = f"ec2 modify-instance-attribute --instance-id {instance_id} --no-disable-api-termination"
        yield Holder(instance_id, "termination protection is on", True, (f"{aws.clients.cli} {words}",))


def deletion_protection(aws: Aws, balancer_arn: str) -> Iterator[Holder]:
    """A load balancer's protection against deletion."""
    key = "deletion_protection.enabled"
    asked = aws.elb.describe_load_balancer_attributes(LoadBalancerArn=balancer_arn)
    if {"Key": key, "Value": "true"} in asked["Attributes"]:
        call = "elbv2 modify-load-balancer-attributes"
        words = f"{call} --load-balancer-arn {balancer_arn} --attributes Key={key},Value=false"
        yield Holder(short_id(balancer_arn), "deletion protection is on", True, (f"{aws.clients.cli} {words}",))


def services(aws: Aws, balancer_arn: str) -> Iterator[Holder]:
    """Endpoint services on a load balancer."""
    operation = "describe_vpc_endpoint_service_configurations"
    for service in _listed(aws, operation, "ServiceConfigurations", {}):
        if balancer_arn in service.get("NetworkLoadBalancerArns", []):
            id, phase = service["ServiceId"], Phase.of(service.get("ServiceState"))
            going = phase in (Phase.DELETING, Phase.GONE) or aws.is_ours(tags_of(service))
            command = f"{aws.clients.cli} ec2 delete-vpc-endpoint-service-configurations --service-ids {id}"
            yield Holder(id, "an endpoint service on it", not going, () if going else (command,))


OF_VPC: tuple[Finder, ...] = (interfaces("vpc-id"), *IN_VPC[:-2], route_tables, *IN_VPC[-2:])
OF_SUBNET: tuple[Finder, ...] = (interfaces("subnet-id"),)
OF_GROUP: tuple[Finder, ...] = (interfaces("group-id"), rules_of_other_groups)
OF_ROUTE_TABLE: tuple[Finder, ...] = (associations,)
OF_GATEWAY: tuple[Finder, ...] = (attached_vpcs,)
OF_GATEWAY_ATTACHMENT: tuple[Finder, ...] = (public_addresses,)
OF_INSTANCE: tuple[Finder, ...] = (termination_protection,)
OF_LOAD_BALANCER: tuple[Finder, ...] = (services, deletion_protection)
OF_TARGET_GROUP: tuple[Finder, ...] = (listeners,)
