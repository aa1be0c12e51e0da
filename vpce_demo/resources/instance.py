"""An EC2 instance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

from ..aws.region import ROOT_DEVICE, volume_key
from ..aws.tags import BY_HAND_TAG, ID_TAG, tags_of
from ..engine.resource import Aws, Listing, Resource
from ..model import Held, Holder, Live, Phase, Record, Remedy
from .holders import OF_INSTANCE, holding
from .key_pair import KeyPair
from .security_group import SecurityGroup
from .subnet import Subnet

if TYPE_CHECKING:
    from mypy_boto3_ec2.literals import InstanceTypeType
    from mypy_boto3_ec2.type_defs import InstanceTypeDef


def _instances(aws: Aws, which: Mapping[str, Any]) -> Iterator[InstanceTypeDef]:
    for page in aws.ec2.get_paginator("describe_instances").paginate(**which):
        for reservation in page["Reservations"]:
            yield from reservation["Instances"]


INSTANCES = Listing(_instances, "InstanceIds")


@dataclass(frozen=True, eq=False)
class Instance(Resource):
    """``image`` is an AMI id, ``user_data`` plain text (boto3 encodes it)."""

    aws_noun = "instance"

    subnet: Subnet
    group: SecurityGroup
    key_pair: KeyPair
    image: str
    type: str
    user_data: str = ""
    is_public: bool = True
    """True if it has a public address."""

    usual_seconds = 10.0
    ready_word = "running"
    usual_delete_seconds = 30.0
    remedies: ClassVar = {
        "security groups": Remedy.MEND,
        "IMDSv2": Remedy.MEND,
        **dict.fromkeys(("subnet", "public address", "key pair", "ssh key"), Remedy.REPLACE),
        "type": "AWS changes it only while the instance is stopped, and the demo works with it",
    }
    others_may_add = ("security groups",)

    def find(self, aws: Aws) -> Iterator[Live]:
        for instance in aws.mine(self, INSTANCES):
            word, tags = instance["State"]["Name"], tags_of(instance)
            outputs = {
                "public_address": instance.get("PublicIpAddress", ""),
                "private_address": instance.get("PrivateIpAddress", ""),
                "zone": instance.get("Placement", {}).get("AvailabilityZone", ""),
                "demo_id": "" if BY_HAND_TAG in tags else tags.get(ID_TAG, ""),  # as its user data has it
                "launched": instance["LaunchTime"].isoformat(),
            }
            phase, why = Phase.of(word), instance.get("StateReason", {}).get("Message", "")
            if phase in (Phase.READY, Phase.PENDING) and self.key_pair.another(tags):
                phase, why = Phase.WRONG, "knows another ssh key than this demo's"
            yield Live(
                instance["InstanceId"],
                phase,
                word,
                why,
                {k: v for k, v in outputs.items() if v},
                aws.held(self, tags, *self._held(instance), self.key_pair.held(tags)),
                made=instance["LaunchTime"],
                identity={"client token": instance.get("ClientToken", "")},
            )

    def is_recorded(self, aws: Aws, item: Mapping[str, Any], record: Record) -> bool:
        token = item.get("ClientToken")
        return bool(token) and token in (record.token, record.identity.get("client token"))

    def _held(self, instance: InstanceTypeDef) -> Iterator[Held]:
        yield "type", self.type, instance["InstanceType"]
        yield "image", self.image, instance.get("ImageId")
        yield "key pair", self.key_pair.name, instance.get("KeyName")
        yield "IMDSv2", "required", instance.get("MetadataOptions", {}).get("HttpTokens")
        if Phase.of(instance["State"]["Name"]) is Phase.READY:
            # AWS returns these while the instance is running.
            yield "subnet", self.subnet, instance.get("SubnetId")
            yield "security groups", [self.group], [group.get("GroupId") for group in instance["SecurityGroups"]]
            yield "public address", self.is_public, bool(instance.get("PublicIpAddress"))

    def create(self, aws: Aws) -> Live:
        optional: dict[str, Any] = {"UserData": self.user_data} if self.user_data else {}
        key = volume_key(aws.clients)
        volume = {"Encrypted": True, "DeleteOnTermination": True, **({"KmsKeyId": key} if key else {})}
        answer = aws.ec2.run_instances(
            ImageId=self.image,
            InstanceType=cast("InstanceTypeType", self.type),
            MinCount=1,
            MaxCount=1,
            KeyName=self.key_pair.name,
            ClientToken=aws.token,
            # Set here and not on the subnet, whose attribute takes time to propagate.
            NetworkInterfaces=[
                {
                    "DeviceIndex": 0,
                    "AssociatePublicIpAddress": self.is_public,
                    "SubnetId": aws.id(self.subnet),
                    "Groups": [aws.id(self.group)],
                }
            ],
            MetadataOptions={"HttpTokens": "required", "HttpEndpoint": "enabled"},
            BlockDeviceMappings=[{"DeviceName": ROOT_DEVICE, "Ebs": volume}],  # type: ignore[typeddict-item]
            TagSpecifications=aws.tagged(self, "instance", "volume", "network-interface", more=self.key_pair.mark),
            **optional,
        )
        # Asked again with the same token, AWS may say "running".  Only ``find`` gives what the instance is known by.
        instance = answer["Instances"][0]
        return Live(instance["InstanceId"], Phase.PENDING, instance["State"]["Name"])

    def mend(self, aws: Aws, live: Live) -> None:
        super().mend(aws, live)
        if live.differs("security groups"):
            aws.ec2.modify_instance_attribute(InstanceId=live.id, Groups=[aws.id(self.group)])
        if live.differs("IMDSv2"):
            aws.ec2.modify_instance_metadata_options(InstanceId=live.id, HttpTokens="required", HttpEndpoint="enabled")

    def delete(self, aws: Aws, live: Live) -> None:
        aws.ec2.terminate_instances(InstanceIds=[live.id])

    def held_by(self, aws: Aws, live: Live) -> Iterator[Holder]:
        yield from holding(aws, live.id, OF_INSTANCE)
