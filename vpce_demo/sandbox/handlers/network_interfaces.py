"""Network interfaces, above all those AWS itself keeps for load balancers and endpoints (``aws-behaviours.md`` 3.5)."""

from __future__ import annotations

from typing import Any

from moto.ec2.utils import random_public_ip

from ..api.calls import Call, handles
from ..api.filters import Fields, matching
from ..api.ids import hex_id
from ..api.protocol import ApiError
from . import validation

LOAD_BALANCER = "network_load_balancer"
ENDPOINT = "vpc_endpoint"
NAT_GATEWAY = "nat_gateway"
AWS_ACCOUNT = "111122223333"
"""The account in which Elastic Load Balancing makes its interfaces, which has twelve digits like any."""
NOT_YOURS = "You are not allowed to manage 'ela-attach' attachments."


def keep(
    call: Call,
    kind: str,
    subnet: Any,
    description: str,
    groups: list[Any],
    wanted: str | None = None,
    public: bool = False,
) -> str:
    """Make an interface that AWS manages, in use from the start, and give its id."""
    ip = validation.address(call, subnet, wanted, kind)
    interface = call.ec2.create_network_interface(subnet, ip, description=description)
    manage(interface, kind, groups)
    interface.public_ip = public_address(call) if public else None
    return str(interface.id)


def manage(interface: Any, kind: str, groups: list[Any]) -> None:
    """Make an interface one that AWS manages, in use."""
    interface._group_set = list(groups)
    interface.interface_type = kind
    interface.requester_managed = True
    interface.requester_id = interface.owner_id if kind == ENDPOINT else AWS_ACCOUNT
    interface.source_dest_check = kind == ENDPOINT
    interface.status = "in-use"
    interface.managed_attachment = hex_id("ela-attach")


def drop(store: Any, interface_id: str) -> None:
    """Remove an interface, its address and its tags from moto's store, if it is still there."""
    interface = store.enis.get(interface_id)
    if interface is not None:
        interface.delete()
        store.tags.pop(interface_id, None)


def public_address(call: Call) -> str:
    """A public address nobody in the sandbox has."""
    taken = {interface.public_ip for interface in call.ec2.enis.values()}
    while (ip := random_public_ip()) in taken:
        pass
    return str(ip)


def show_public_address(call: Call, item: dict[str, Any]) -> str:
    """Give an interface's public address its owner and its name, and its primary private address the public one.

    Returns the name, which is empty if there is none: without a public address, or in a VPC that gives no names.
    """
    if not (association := item.get("Association")):
        item.pop("Association", None)
        return ""
    name = ""
    if str(call.ec2.vpcs[item["VpcId"]].enable_dns_hostnames).lower() == "true":
        front = "compute-1" if call.region == "us-east-1" else f"{call.region}.compute"
        name = f"ec2-{association['PublicIp'].replace('.', '-')}.{front}.amazonaws.com"
    association["PublicDnsName"] = name
    if "AllocationId" not in association:
        association["IpOwnerId"] = "amazon"
    for address in item.get("PrivateIpAddresses", []):
        if address.get("Primary"):
            address["Association"] = dict(association)
    return name


_FIELDS: Fields = {
    "network-interface-id": lambda one: one["NetworkInterfaceId"],
    "subnet-id": lambda one: one.get("SubnetId"),
    "vpc-id": lambda one: one.get("VpcId"),
    "group-id": lambda one: [group["GroupId"] for group in one.get("Groups", [])],
    "group-name": lambda one: [group["GroupName"] for group in one.get("Groups", [])],
    "description": lambda one: one.get("Description"),
    "status": lambda one: one.get("Status"),
    "interface-type": lambda one: one.get("InterfaceType"),
    "requester-id": lambda one: one.get("RequesterId"),
    "requester-managed": lambda one: one.get("RequesterManaged"),
    "owner-id": lambda one: one.get("OwnerId"),
    "availability-zone": lambda one: one.get("AvailabilityZone"),
    "mac-address": lambda one: one.get("MacAddress"),
    "private-dns-name": lambda one: one.get("PrivateDnsName"),
    "source-dest-check": lambda one: one.get("SourceDestCheck"),
    "private-ip-address": lambda one: one.get("PrivateIpAddress"),
    "addresses.private-ip-address": lambda one: [
        each["PrivateIpAddress"] for each in one.get("PrivateIpAddresses", [])
    ],
    "addresses.association.public-ip": lambda one: one.get("Association", {}).get("PublicIp"),
    "association.public-ip": lambda one: one.get("Association", {}).get("PublicIp"),
    "attachment.attachment-id": lambda one: one.get("Attachment", {}).get("AttachmentId"),
    "attachment.instance-id": lambda one: one.get("Attachment", {}).get("InstanceId"),
    "attachment.instance-owner-id": lambda one: one.get("Attachment", {}).get("InstanceOwnerId"),
    "attachment.status": lambda one: one.get("Attachment", {}).get("Status"),
    "attachment.device-index": lambda one: one.get("Attachment", {}).get("DeviceIndex"),
    "attachment.delete-on-termination": lambda one: one.get("Attachment", {}).get("DeleteOnTermination"),
}


@handles("ec2", "CreateNetworkInterface")
def create_network_interface(call: Call) -> dict[str, Any]:
    """Moto would make a group that is not there.  Raises ``InvalidSubnetID.NotFound``, ``InvalidGroup.NotFound``."""
    subnet = validation.subnet(call, call.params["SubnetId"])
    validation.groups_in(call, call.params.get("Groups", []), subnet.vpc_id)
    return call.moto()


@handles("ec2", "DescribeNetworkInterfaces", pages="NetworkInterfaces")
def describe_network_interfaces(call: Call) -> dict[str, Any]:
    """With the attachment of AWS's own interfaces, and every documented filter that can matter here."""
    found = call.moto(Filters=None, MaxResults=None, NextToken=None).get("NetworkInterfaces", [])
    for one in found:
        interface = call.ec2.enis[one["NetworkInterfaceId"]]
        one["Tags"] = one.pop("TagSet", [])
        if interface.instance is not None:
            one.pop("RequesterId", None)  # it was made with its instance, or by somebody whom moto does not keep
        show_public_address(call, one)
        if hasattr(interface, "managed_attachment"):
            one["Attachment"] = {
                "AttachmentId": interface.managed_attachment,
                "InstanceOwnerId": "amazon-aws",
                "DeviceIndex": 1,
                "Status": "attached",
                "DeleteOnTermination": False,
            }
    kept = matching(found, call.params.get("Filters"), _FIELDS)
    return {"NetworkInterfaces": [{**one, "TagSet": one["Tags"]} for one in kept]}


@handles("ec2", "DeleteNetworkInterface", "DetachNetworkInterface")
def delete_or_detach_network_interface(call: Call) -> dict[str, Any]:
    """AWS's own interfaces cannot be touched, and one in use cannot be deleted."""
    for interface in call.ec2.enis.values():
        managed = getattr(interface, "managed_attachment", None)
        if managed and managed == call.params.get("AttachmentId"):
            raise ApiError("OperationNotPermitted", NOT_YOURS)
        if interface.id == call.params.get("NetworkInterfaceId") and (managed or interface.attachment_id):
            text = f"Network interface '{interface.id}' is currently in use."
            raise ApiError("InvalidParameterValue", text)
    return call.moto()


@handles("ec2", "ModifyNetworkInterfaceAttribute")
def modify_network_interface_attribute(call: Call) -> dict[str, Any]:
    """Groups belong to the interface; an instance shows those of its first one.

    Raises ``InvalidAttachmentID.NotFound`` for another attachment than the interface's, ``OperationNotPermitted`` for
    one of AWS's own.
    """
    interface = call.ec2.enis.get(call.params["NetworkInterfaceId"])
    if interface is not None and (attachment := call.params.get("Attachment")):
        if attachment.get("AttachmentId") == getattr(interface, "managed_attachment", ""):
            raise ApiError("OperationNotPermitted", NOT_YOURS)
        if not interface.attachment_id or attachment.get("AttachmentId") != interface.attachment_id:
            text = f"The interface attachment ID '{attachment.get('AttachmentId', '')}' does not exist"
            raise ApiError("InvalidAttachmentID.NotFound", text)
        interface.delete_on_termination = attachment.get("DeleteOnTermination", interface.delete_on_termination)
    if interface is not None and call.params.get("Groups"):
        groups = validation.groups_in(call, call.params["Groups"], interface.vpc_id)
        if interface.instance is not None and interface.device_index == 0:
            interface.instance.security_groups = groups
    return call.moto()
