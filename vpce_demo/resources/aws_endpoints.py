"""Endpoints to AWS's own services: a gateway endpoint, which is a route, and an interface endpoint."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from ..aws.tags import tags_of
from ..engine.resource import Aws
from ..model import Held, Live, Phase, Remedy
from .dns_hostnames import DnsHostnames
from .endpoint_service import added_and_removed
from .route_table import RouteTable
from .security_group import SecurityGroup
from .subnet import Subnet
from .vpc import Vpc
from .vpc_endpoint import ENDPOINTS, AnyEndpoint, endpoint_live

if TYPE_CHECKING:
    from mypy_boto3_ec2.literals import VpcEndpointTypeType
    from mypy_boto3_ec2.type_defs import VpcEndpointTypeDef

FULL_ACCESS = "full access"
"""The endpoint policy that AWS gives where none is set."""


def policy_in_words(document: str) -> str:
    """``full access``, or the policy itself as one line of JSON."""
    try:
        told = json.loads(document or "{}")
        (statement,) = told["Statement"]
    except (ValueError, KeyError, TypeError):
        return document.strip() or FULL_ACCESS
    everything = dict.fromkeys(("Principal", "Action", "Resource"), "*") | {"Effect": "Allow"}
    allowed = {key: value for key, value in statement.items() if key != "Sid"}
    return FULL_ACCESS if allowed == everything else json.dumps(told, sort_keys=True)


@dataclass(frozen=True, eq=False)
class _AwsEndpoint(AnyEndpoint):
    """An endpoint to one of AWS's services; ``service`` is the last part of its name, such as ``s3``."""

    vpc: Vpc
    service: str
    hostnames: DnsHostnames

    endpoint_type: ClassVar[VpcEndpointTypeType]

    def service_name(self, aws: Aws) -> str:
        return f"com.amazonaws.{aws.clients.region}.{self.service}"

    def find(self, aws: Aws) -> Iterator[Live]:
        mine, others = list(aws.mine(self, ENDPOINTS)), []
        if not mine:
            beside = [one for one in self._of_the_service(aws, aws.id(self.vpc)) if self._is_in_the_way(aws, one)]
            # AWS may show a new one in its VPC before it shows it by its tags.
            mine = [one for one in beside if aws.is_mine(self, tags_of(one))]
            others = [one for one in beside if one not in mine]
        for endpoint in mine:
            held = aws.held(
                self,
                tags_of(endpoint),
                ("type", self.endpoint_type, endpoint.get("VpcEndpointType")),
                ("service", self.service_name(aws), endpoint.get("ServiceName")),
                ("VPC", self.vpc, endpoint.get("VpcId")),
                ("policy", FULL_ACCESS, policy_in_words(endpoint.get("PolicyDocument", ""))),
                *self._held(endpoint),
            )
            live = endpoint_live(endpoint)
            yield replace(live, phase=Phase.of(live.word), held=held)
        for endpoint in others:
            what = f"an endpoint to {endpoint.get('ServiceName')}"
            yield Live(endpoint["VpcEndpointId"], Phase.FOREIGN, why=aws.whose(what, tags_of(endpoint)))

    def _of_the_service(self, aws: Aws, vpc_id: str) -> list[VpcEndpointTypeDef]:
        """Everybody's endpoints of the VPC to this service that are not on their way out."""
        wanted = {"vpc-id": vpc_id, "service-name": self.service_name(aws)}
        asked = {"Filters": [{"Name": name, "Values": [value]} for name, value in wanted.items()]}
        found = aws.shared((ENDPOINTS, *wanted.values()), lambda: list(ENDPOINTS.pages(aws, asked)))
        return [one for one in found if Phase.of(one.get("State", "")) in (Phase.READY, Phase.PENDING)]

    def _is_in_the_way(self, aws: Aws, endpoint: VpcEndpointTypeDef) -> bool:
        """True if AWS allows no second one beside this."""
        return False

    def _held(self, endpoint: VpcEndpointTypeDef) -> Iterator[Held]:
        """The fields of this type of endpoint."""
        yield from ()

    def _parameters(self, aws: Aws) -> dict[str, Any]:
        """The parameters of the create call for this type of endpoint."""
        return {}

    def create(self, aws: Aws) -> Live:
        answer = aws.ec2.create_vpc_endpoint(
            VpcEndpointType=self.endpoint_type,
            ServiceName=self.service_name(aws),
            VpcId=aws.id(self.vpc),
            ClientToken=aws.token,
            TagSpecifications=aws.tagged(self, "vpc-endpoint"),
            **self._parameters(aws),
        )
        live = endpoint_live(answer["VpcEndpoint"])
        return replace(live, phase=Phase.of(live.word))

    def mend(self, aws: Aws, live: Live) -> None:
        super().mend(aws, live)
        change: dict[str, Any] = {"ResetPolicy": True} if live.differs("policy") else {}
        if live.differs("private DNS"):
            change["PrivateDnsEnabled"] = True
        change |= added_and_removed(live, "route tables", "RouteTableIds")
        change |= added_and_removed(live, "subnets", "SubnetIds")
        change |= added_and_removed(live, "security groups", "SecurityGroupIds")
        if change:
            aws.ec2.modify_vpc_endpoint(VpcEndpointId=live.id, **change)


@dataclass(frozen=True, eq=False)
class GatewayEndpoint(_AwsEndpoint):
    """A gateway endpoint to S3 or DynamoDB, in effect at once.

    AWS adds its route to the table and takes it away with the endpoint: nothing here creates, changes or deletes it
    (``aws-behaviours-2.md`` section 4.1, rules 20 and 21).
    """

    aws_noun = "gateway endpoint"
    unique = "route"

    table: RouteTable

    endpoint_type = "Gateway"
    remedies: ClassVar = {"policy": Remedy.MEND, "route tables": Remedy.MEND}
    others_may_add = ("route tables",)

    def _is_in_the_way(self, aws: Aws, endpoint: VpcEndpointTypeDef) -> bool:
        return aws.id(self.table) in endpoint.get("RouteTableIds", [])

    def _held(self, endpoint: VpcEndpointTypeDef) -> Iterator[Held]:
        yield "route tables", [self.table], endpoint.get("RouteTableIds", [])

    def _parameters(self, aws: Aws) -> dict[str, Any]:
        return {"RouteTableIds": [aws.id(self.table)]}


@dataclass(frozen=True, eq=False)
class InterfaceEndpoint(_AwsEndpoint):
    """An interface endpoint to one of AWS's services with private DNS: the service's public name leads to it.

    AWS accepts it by itself.  Private DNS is always asked for by name, since its default depends on the service (rule
    23), and needs both DNS attributes of the VPC (section 5.2).
    """

    aws_noun = "interface endpoint"
    unique = "private DNS name"

    subnet: Subnet
    group: SecurityGroup

    endpoint_type = "Interface"
    usual_seconds = 60.0
    usual_delete_seconds = 60.0
    remedies: ClassVar = dict.fromkeys(("policy", "private DNS", "subnets", "security groups"), Remedy.MEND)
    others_may_add = ("subnets", "security groups")

    def _is_in_the_way(self, aws: Aws, endpoint: VpcEndpointTypeDef) -> bool:
        return bool(endpoint.get("PrivateDnsEnabled"))

    def _held(self, endpoint: VpcEndpointTypeDef) -> Iterator[Held]:
        yield "private DNS", True, endpoint.get("PrivateDnsEnabled")
        yield "subnets", [self.subnet], endpoint.get("SubnetIds", [])
        yield "security groups", [self.group], [group.get("GroupId") for group in endpoint.get("Groups", [])]

    def _parameters(self, aws: Aws) -> dict[str, Any]:
        return {
            "SubnetIds": [aws.id(self.subnet)],
            "SecurityGroupIds": [aws.id(self.group)],
            "PrivateDnsEnabled": True,
        }
