"""A security group and an inbound rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ..aws.tags import tags_of
from ..engine.resource import OTHERS_MAY_NEED_IT, Aws, Listing, Resource
from ..model import ANYWHERE, Holder, Live, Phase, Record, Remedy
from .holders import OF_GROUP, holding
from .vpc import Vpc

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import IpPermissionOutputTypeDef, IpPermissionTypeDef, SecurityGroupTypeDef


def _groups(aws: Aws, which: Mapping[str, Any]) -> Iterator[SecurityGroupTypeDef]:
    for page in aws.ec2.get_paginator("describe_security_groups").paginate(**which):
        yield from page["SecurityGroups"]


GROUPS = Listing(_groups, "GroupIds")
EVERYBODY = (ANYWHERE, "::/0")
TO_EVERYBODY = tuple(f" from {cidr}" for cidr in EVERYBODY)
OURS = "vpce-demo: "
"""The beginning of the description of the demo's rules."""


def _rules(permissions: Sequence[IpPermissionOutputTypeDef], word: str) -> Iterator[tuple[str, str]]:
    """Each rule in words, ``tcp/22 from 192.0.2.0/24``, with its description."""
    for permission in permissions:
        protocol, first, last = permission["IpProtocol"], permission.get("FromPort"), permission.get("ToPort")
        ports = "" if first is None or first < 0 else f"/{first}" if first == last else f"/{first}-{last}"
        what = "everything" if protocol == "-1" else f"{protocol}{ports}"
        others: list[Mapping[str, Any]] = [
            *permission.get("IpRanges", []),
            *permission.get("Ipv6Ranges", []),
            *permission.get("PrefixListIds", []),
            *permission.get("UserIdGroupPairs", []),
        ]
        for other in others:
            whom = next((str(other[k]) for k in ("CidrIp", "CidrIpv6", "PrefixListId", "GroupId") if k in other), "?")
            yield f"{what} {word} {whom}", str(other.get("Description", ""))


def _open_to_everybody(permissions: Iterable[Mapping[str, Any]]) -> Iterator[Any]:
    """The rules that are open to every address, each alone."""
    for permission in permissions:
        for ranges, key in (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6")):
            for one in permission.get(ranges, []):
                if one.get(key) in EVERYBODY:
                    ports: Any = {k: v for k, v in permission.items() if k in ("IpProtocol", "FromPort", "ToPort")}
                    yield {**ports, ranges: [one]}


@dataclass(frozen=True, eq=False)
class SecurityGroup(Resource):
    """A security group.  All outbound traffic is allowed."""

    aws_noun = "security group"

    vpc: Vpc
    description: str
    inbound: tuple[tuple[int, str], ...]
    """Port and source of each of the demo's rules.  A rule like one of them is no other's, whoever made it."""

    outbound: ClassVar = ("everything to 0.0.0.0/0",)
    """The outbound rule that AWS gives a new group and the tutorial keeps."""
    remedies: ClassVar = {
        "outbound rules": Remedy.MEND,
        "open to everybody": Remedy.ASK,
        "further inbound rules": OTHERS_MAY_NEED_IT,
        "further outbound rules": OTHERS_MAY_NEED_IT,
    }

    def find(self, aws: Aws) -> Iterator[Live]:
        for group in aws.mine(self, GROUPS):
            others = list(self._others(group["IpPermissions"]))
            outbound = {rule for rule, _ in _rules(group["IpPermissionsEgress"], "to")}
            everybody = [rule for rule in others if rule.endswith(TO_EVERYBODY)]
            held = aws.held(
                self,
                tags_of(group),
                ("VPC", self.vpc, group.get("VpcId")),
                ("description", self.description, group["Description"]),
                ("further inbound rules", (), [rule for rule in others if rule not in everybody]),
                ("open to everybody", (), everybody),
                ("outbound rules", self.outbound, outbound & set(self.outbound)),
                ("further outbound rules", (), outbound - set(self.outbound)),
            )
            yield Live(group["GroupId"], held=held)

    def mend(self, aws: Aws, live: Live) -> None:
        super().mend(aws, live)
        if live.differs("outbound rules"):
            everything: IpPermissionTypeDef = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": ANYWHERE}]}
            aws.ec2.authorize_security_group_egress(GroupId=live.id, IpPermissions=[everything])
        if live.differs("open to everybody"):
            (group,) = aws.ec2.describe_security_groups(GroupIds=[live.id])["SecurityGroups"]
            for permission in _open_to_everybody(group["IpPermissions"]):
                if any(self._others([permission])):
                    aws.ec2.revoke_security_group_ingress(GroupId=live.id, IpPermissions=[permission])

    def _others(self, permissions: Sequence[IpPermissionOutputTypeDef]) -> Iterator[str]:
        """The inbound rules that are not the demo's, in words."""
        own = [f"tcp/{port} from {source}" for port, source in self.inbound]
        for rule, about in _rules(permissions, "from"):
            if not about.startswith(OURS) and rule not in own:
                yield rule

    def is_recorded(self, aws: Aws, item: Mapping[str, Any], record: Record) -> bool:
        return (item["VpcId"], item["GroupName"]) == (aws.id(self.vpc), self.name)  # unique in a VPC

    def create(self, aws: Aws) -> Live:
        answer = aws.ec2.create_security_group(
            VpcId=aws.id(self.vpc),
            GroupName=self.name,
            Description=self.description,
            TagSpecifications=aws.tagged(self, "security-group"),
        )
        return Live(answer["GroupId"])

    def delete(self, aws: Aws, live: Live) -> None:
        aws.ec2.delete_security_group(GroupId=live.id)

    def held_by(self, aws: Aws, live: Live) -> Iterator[Holder]:
        yield from holding(aws, live.id, OF_GROUP)


@dataclass(frozen=True, eq=False)
class IngressRule(Resource):
    """An inbound rule: one TCP port, open to one CIDR block.

    The rule's description holds the resource's key, so that it is found even if its source was changed.
    """

    aws_noun = "inbound rule"

    group: SecurityGroup
    port: int
    source: str
    """A CIDR block; empty if the demo is only looked up."""

    @property
    def description(self) -> str:
        """The rule's, in AWS."""
        return f"{OURS}{self.key}"

    def _permission(self, source: str) -> IpPermissionTypeDef:
        ranges = [{"CidrIp": source, "Description": self.description}]
        return {"IpProtocol": "tcp", "FromPort": self.port, "ToPort": self.port, "IpRanges": ranges}  # type: ignore[typeddict-item]

    def find(self, aws: Aws) -> Iterator[Live]:
        for group in aws.mine(self.group, GROUPS):
            for permission in group["IpPermissions"]:
                if (permission["IpProtocol"], permission.get("FromPort"), permission.get("ToPort")) != (
                    "tcp",
                    self.port,
                    self.port,
                ):
                    continue
                for allowed in permission["IpRanges"]:
                    source = allowed.get("CidrIp", "")
                    ours = allowed.get("Description") == self.description
                    outputs, held = {"source": source}, (("source", self.source, source),)
                    if source == self.source or (ours and not self.source):
                        yield Live(group["GroupId"], outputs=outputs, held=held)
                    elif ours:
                        yield Live(group["GroupId"], Phase.WRONG, why=f"open to {source}", outputs=outputs, held=held)

    def create(self, aws: Aws) -> Live:
        group_id = aws.id(self.group)
        aws.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[self._permission(self.source)])
        return Live(group_id, outputs={"source": self.source})

    def delete(self, aws: Aws, live: Live) -> None:
        source = live.outputs.get("source", self.source)
        aws.ec2.revoke_security_group_ingress(GroupId=live.id, IpPermissions=[self._permission(source)])

    def goes_with(self) -> Resource:
        return self.group
