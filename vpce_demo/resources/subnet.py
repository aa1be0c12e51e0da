"""A subnet: a part of a VPC's addresses, in one Availability Zone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ..aws.tags import tags_of
from ..engine.resource import Aws, Listing, Resource
from ..errors import NotCreated
from ..model import ANYWHERE, Held, Holder, Live, Phase, Record, Remedy
from .holders import OF_SUBNET, holding
from .vpc import Vpc

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import NetworkAclEntryTypeDef, NetworkAclTypeDef, SubnetTypeDef


def _subnets(aws: Aws, which: Mapping[str, Any]) -> Iterator[SubnetTypeDef]:
    for page in aws.ec2.get_paginator("describe_subnets").paginate(**which):
        yield from page["Subnets"]


SUBNETS = Listing(_subnets, "SubnetIds")
EVERYTHING = (f"100 in allow all {ANYWHERE}", f"100 out allow all {ANYWHERE}")
"""The rules that AWS gives the default network ACL of a VPC, and the tutorial keeps."""
_LAST = 32767
"""From this number on, the refusals at the end of every network ACL."""


def network_acl(aws: Aws, subnet_id: str) -> NetworkAclTypeDef:
    """The network ACL of a subnet.  Raises NotCreated if AWS lists none."""
    of_it: Any = [{"Name": "association.subnet-id", "Values": [subnet_id]}]
    pages = aws.ec2.get_paginator("describe_network_acls")
    acls: list[NetworkAclTypeDef] = aws.shared(
        ("network ACL", subnet_id),
        lambda: [one for page in pages.paginate(Filters=of_it) for one in page["NetworkAcls"]],
    )
    if acls:
        return acls[0]
    raise NotCreated(f"AWS lists no network ACL for {subnet_id}.")


def _own_entries(acl: NetworkAclTypeDef) -> list[NetworkAclEntryTypeDef]:
    """The numbered IPv4 rules of an ACL."""
    return [entry for entry in acl["Entries"] if entry["RuleNumber"] < _LAST and "CidrBlock" in entry]


def _in_words(entry: NetworkAclEntryTypeDef) -> str:
    protocol = {"-1": "all", "6": "tcp", "17": "udp", "1": "icmp"}.get(entry["Protocol"], entry["Protocol"])
    ports = entry.get("PortRange", {})
    first, last = ports.get("From"), ports.get("To")
    port = "" if first is None else f"/{first}" if first == last else f"/{first}-{last}"
    way = "out" if entry["Egress"] else "in"
    return f"{entry['RuleNumber']} {way} {entry['RuleAction']} {protocol}{port} {entry['CidrBlock']}"


def _mend_acl(aws: Aws, acl: NetworkAclTypeDef) -> None:
    """Give a default network ACL the rules back that it had; the allowing ones first."""
    there = {_in_words(entry): entry for entry in _own_entries(acl)}
    numbers = {(entry["RuleNumber"], entry["Egress"]) for entry in there.values()}
    for egress, rule in zip((False, True), EVERYTHING, strict=True):
        if rule not in there:
            put = aws.ec2.replace_network_acl_entry if (100, egress) in numbers else aws.ec2.create_network_acl_entry
            put(
                NetworkAclId=acl["NetworkAclId"],
                RuleNumber=100,
                Egress=egress,
                Protocol="-1",
                RuleAction="allow",
                CidrBlock=ANYWHERE,
            )
    for rule, entry in there.items():
        if rule not in EVERYTHING and entry["RuleNumber"] != 100:
            aws.ec2.delete_network_acl_entry(
                NetworkAclId=acl["NetworkAclId"], RuleNumber=entry["RuleNumber"], Egress=entry["Egress"]
            )


@dataclass(frozen=True, eq=False)
class Subnet(Resource):
    """A subnet; ``cidr`` lies in the VPC's."""

    aws_noun = "subnet"

    vpc: Vpc
    cidr: str
    zone_id: str
    """The zone by its id (``use1-az1``): a name may mean another zone in another account."""

    usual_seconds = 1.0
    remedies: ClassVar = {
        "public addresses by default": Remedy.MEND,
        "network ACL": "it is somebody else's; test says if it is in the way",
        "network ACL rules": Remedy.MEND,
    }

    def find(self, aws: Aws) -> Iterator[Live]:
        for subnet in aws.mine(self, SUBNETS):
            held = aws.held(
                self,
                tags_of(subnet),
                ("address range", self.cidr, subnet["CidrBlock"]),
                ("zone", self.zone_id, subnet.get("AvailabilityZoneId")),
                ("VPC", self.vpc, subnet["VpcId"]),
                ("public addresses by default", False, subnet.get("MapPublicIpOnLaunch")),
            )
            yield Live(subnet["SubnetId"], Phase.of(subnet["State"]), subnet["State"], held=held)

    def attributes(self, aws: Aws, live: Live) -> Iterator[Held]:
        acl = network_acl(aws, live.id)
        default = acl.get("IsDefault", False)
        yield "network ACL", "the VPC's default one", "the VPC's default one" if default else acl["NetworkAclId"]
        yield "network ACL rules", EVERYTHING, [_in_words(entry) for entry in _own_entries(acl)] if default else None

    def mend(self, aws: Aws, live: Live) -> None:
        super().mend(aws, live)
        if live.differs("public addresses by default"):
            aws.ec2.modify_subnet_attribute(SubnetId=live.id, MapPublicIpOnLaunch={"Value": False})
        if live.differs("network ACL rules"):
            _mend_acl(aws, network_acl(aws, live.id))

    def is_recorded(self, aws: Aws, item: Mapping[str, Any], record: Record) -> bool:
        return (item["VpcId"], item["CidrBlock"]) == (aws.id(self.vpc), self.cidr)  # only one at a time can have it

    def create(self, aws: Aws) -> Live:
        subnet = aws.ec2.create_subnet(
            VpcId=aws.id(self.vpc),
            CidrBlock=self.cidr,
            AvailabilityZoneId=self.zone_id,
            TagSpecifications=aws.tagged(self, "subnet"),
        )["Subnet"]
        return Live(subnet["SubnetId"], Phase.of(subnet["State"]), subnet["State"])

    def delete(self, aws: Aws, live: Live) -> None:
        aws.ec2.delete_subnet(SubnetId=live.id)

    def held_by(self, aws: Aws, live: Live) -> Iterator[Holder]:
        yield from holding(aws, live.id, OF_SUBNET)
