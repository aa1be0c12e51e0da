"""The DNS hostnames attribute of a VPC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..engine.resource import Aws, Resource
from ..model import Live, Phase
from .vpc import Vpc


@dataclass(frozen=True, eq=False)
class DnsHostnames(Resource):
    """Switches DNS hostnames on, which a VPC made by the API has off: endpoints to AWS's services ask for them.

    It is an attribute of the VPC, whose id identifies it, and has no tags (``aws-behaviours-2.md`` sections 4.1, 5.2).
    """

    aws_noun = "DNS hostnames of VPC"

    vpc: Vpc

    ready_word = "on"

    def find(self, aws: Aws) -> Iterator[Live]:
        vpc_id = aws.id(self.vpc)
        answer = aws.shared(
            ("DNS hostnames", vpc_id),
            lambda: aws.ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsHostnames"),
        )
        if answer.get("EnableDnsHostnames", {}).get("Value"):
            yield Live(vpc_id, Phase.READY, self.ready_word)

    def create(self, aws: Aws) -> Live:
        vpc_id = aws.id(self.vpc)
        aws.ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})
        return Live(vpc_id, Phase.READY, self.ready_word)

    def delete(self, aws: Aws, live: Live) -> None:
        aws.ec2.modify_vpc_attribute(VpcId=live.id, EnableDnsHostnames={"Value": False})

    def goes_with(self) -> Resource:
        return self.vpc
