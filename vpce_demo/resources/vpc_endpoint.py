"""An interface VPC endpoint, the consumer's side of PrivateLink, and its acceptance by the provider."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from ..aws.error_codes import raise_unsuccessful
from ..aws.tags import tags_of
from ..engine.resource import DELETE_REQUESTED_IS_ENOUGH, Aws, Listing, Resource
from ..errors import NotCreated
from ..model import Live, Phase, Record, Remedy
from .allowed_principal import AllowedPrincipal
from .endpoint_service import EndpointService, added_and_removed, connections
from .security_group import SecurityGroup
from .subnet import Subnet
from .vpc import Vpc

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import NetworkInterfaceTypeDef, VpcEndpointTypeDef


def _endpoints(aws: Aws, which: Mapping[str, Any]) -> Iterator[VpcEndpointTypeDef]:
    for page in aws.ec2.get_paginator("describe_vpc_endpoints").paginate(**which):
        yield from page["VpcEndpoints"]


ENDPOINTS = Listing(_endpoints, "VpcEndpointIds")


def endpoint_live(endpoint: VpcEndpointTypeDef) -> Live:
    word = endpoint.get("State", "")
    asked_for = word.lower() in ("pendingacceptance", "pending")
    outputs = {"interfaces": ",".join(endpoint.get("NetworkInterfaceIds", []))}
    if names := endpoint.get("DnsEntries"):
        outputs["dns_name"] = names[0].get("DnsName", "")
    return Live(
        endpoint["VpcEndpointId"],
        Phase.READY if asked_for else Phase.of(word),
        word,
        endpoint.get("FailureReason") or endpoint.get("LastError", {}).get("Message", ""),
        outputs,
        made=endpoint.get("CreationTimestamp"),
        identity=endpoint_identity(endpoint),
    )


def endpoint_identity(endpoint: Mapping[str, Any]) -> dict[str, str]:
    """When AWS created it, where, and for which service."""
    created = endpoint.get("CreationTimestamp")
    names = {"vpc": endpoint.get("VpcId", ""), "service": endpoint.get("ServiceName", "")}
    return {"created": created.isoformat(), **names} if created else {}


@dataclass(frozen=True, eq=False)
class AnyEndpoint(Resource):
    """What endpoints of all types have in common."""

    def is_recorded(self, aws: Aws, item: Mapping[str, Any], record: Record) -> bool:
        return bool(record.identity) and endpoint_identity(item) == record.identity

    def delete(self, aws: Aws, live: Live) -> None:
        answer = aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[live.id])
        raise_unsuccessful(answer, "DeleteVpcEndpoints")


@dataclass(frozen=True, eq=False)
class VpcEndpoint(AnyEndpoint):
    """An interface endpoint.  Ready as soon as the connection is requested; ``Acceptance`` is step 15.2."""

    aws_noun = "VPC endpoint"

    vpc: Vpc
    subnet: Subnet
    group: SecurityGroup
    service: EndpointService = field(metadata=DELETE_REQUESTED_IS_ENOUGH)
    """A service can be deleted once its connections are being deleted (section 3.4)."""
    allowed: AllowedPrincipal | None = field(default=None, metadata=DELETE_REQUESTED_IS_ENOUGH)
    """In another account: AWS does not show the service to an account that may not connect (rule 14)."""
    service_region: str = ""
    """The service's region, where it is not the endpoint's own."""

    usual_seconds = 2.0
    ready_word = "pendingAcceptance"
    usual_delete_seconds = 60.0
    remedies: ClassVar = dict.fromkeys(("subnets", "security groups", "private DNS"), Remedy.MEND)
    others_may_add = ("subnets", "security groups")

    def find(self, aws: Aws) -> Iterator[Live]:
        for endpoint in aws.mine(self, ENDPOINTS):
            elsewhere = ("service region", self.service_region, endpoint.get("ServiceRegion"))
            held = aws.held(
                self,
                tags_of(endpoint),
                ("type", "Interface", endpoint.get("VpcEndpointType")),
                ("service", self.service, endpoint.get("ServiceName", "").rpartition(".")[2]),
                ("VPC", self.vpc, endpoint.get("VpcId")),
                ("subnets", [self.subnet], endpoint.get("SubnetIds", [])),
                ("security groups", [self.group], [group.get("GroupId") for group in endpoint.get("Groups", [])]),
                ("private DNS", False, endpoint.get("PrivateDnsEnabled")),
                *([elsewhere] if self.service_region else []),
            )
            yield replace(endpoint_live(endpoint), held=held)

    def create(self, aws: Aws) -> Live:
        elsewhere: Any = {"ServiceRegion": self.service_region} if self.service_region else {}
        answer = aws.ec2.create_vpc_endpoint(
            **elsewhere,
            VpcEndpointType="Interface",
            ServiceName=aws.output(self.service, "service_name"),
            VpcId=aws.id(self.vpc),
            SubnetIds=[aws.id(self.subnet)],
            SecurityGroupIds=[aws.id(self.group)],
            PrivateDnsEnabled=False,
            ClientToken=aws.token,
            TagSpecifications=aws.tagged(self, "vpc-endpoint"),
        )
        return endpoint_live(answer["VpcEndpoint"])

    def mend(self, aws: Aws, live: Live) -> None:
        super().mend(aws, live)
        change: dict[str, Any] = {"PrivateDnsEnabled": False} if live.differs("private DNS") else {}
        change |= added_and_removed(live, "subnets", "SubnetIds")
        change |= added_and_removed(live, "security groups", "SecurityGroupIds")
        if change:
            aws.ec2.modify_vpc_endpoint(VpcEndpointId=live.id, **change)


def endpoint_interfaces(aws: Aws, endpoint: VpcEndpoint) -> list[NetworkInterfaceTypeDef]:
    """An endpoint's network interfaces, one in each of its zones; empty while it has none.  Raises NotCreated."""
    aws.live(endpoint)
    return interfaces_of(aws, [endpoint])[endpoint.key]


def interfaces_of(aws: Aws, endpoints: Sequence[Resource]) -> dict[str, list[NetworkInterfaceTypeDef]]:
    """The same of each of these endpoints that is there, by its key, in one call."""
    lives = {one.key: aws.known[one.key] for one in endpoints if one.key in aws.known}
    ids = {key: [id for id in live.outputs.get("interfaces", "").split(",") if id] for key, live in lives.items()}
    every = [id for those in ids.values() for id in those]
    found = aws.ec2.describe_network_interfaces(NetworkInterfaceIds=every)["NetworkInterfaces"] if every else []
    by_id = {one["NetworkInterfaceId"]: one for one in found}
    return {key: [by_id[id] for id in those if id in by_id] for key, those in ids.items()}


@dataclass(frozen=True, eq=False)
class Acceptance(Resource):
    """The provider's acceptance of an endpoint connection.  Ready when the endpoint is available."""

    aws_noun = "endpoint connection"

    endpoint: VpcEndpoint
    service: EndpointService = field(metadata=DELETE_REQUESTED_IS_ENOUGH)

    usual_seconds = 60.0

    def find(self, aws: Aws) -> Iterator[Live]:
        endpoint_id = aws.id(self.endpoint)
        for connection in connections(aws, self.service):
            word = connection.get("VpcEndpointState", "")
            # A rejected connection counts as not accepted; the endpoint is FAILED then, and replaced.
            accepted = word.lower() in ("pending", "available", "failed", "expired")
            if connection.get("VpcEndpointId") == endpoint_id and accepted:
                yield Live(endpoint_id, Phase.of(word), word)

    def create(self, aws: Aws) -> Live:
        endpoint_id = aws.id(self.endpoint)
        # Only if the request is listed: what AWS answers before the provider can see it is not documented, nor for
        # one that was accepted before.
        for there in self.find(aws):
            return there
        if not any(connection.get("VpcEndpointId") == endpoint_id for connection in connections(aws, self.service)):
            raise NotCreated(f"{endpoint_id} is not among the service's connections yet.")
        return self.request(aws)

    def request(self, aws: Aws) -> Live:
        endpoint_id = aws.id(self.endpoint)
        answer = aws.ec2.accept_vpc_endpoint_connections(ServiceId=aws.id(self.service), VpcEndpointIds=[endpoint_id])
        raise_unsuccessful(answer, "AcceptVpcEndpointConnections")
        return Live(endpoint_id, Phase.PENDING, "pending")

    def delete(self, aws: Aws, live: Live) -> None:
        answer = aws.ec2.reject_vpc_endpoint_connections(ServiceId=aws.id(self.service), VpcEndpointIds=[live.id])
        raise_unsuccessful(answer, "RejectVpcEndpointConnections")

    def goes_with(self) -> Resource:
        return self.endpoint

    def completes(self) -> Resource:
        return self.endpoint
