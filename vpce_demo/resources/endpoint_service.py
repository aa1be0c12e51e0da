"""An endpoint service: the provider's side of PrivateLink."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..aws import Aws, Listing, tags_of
from ..errors import raise_unsuccessful
from ..model import Live, Phase, Resource
from .load_balancer import LoadBalancer

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import ServiceConfigurationTypeDef


def _services(aws: Aws, which: Mapping[str, Any]) -> Iterator[ServiceConfigurationTypeDef]:
    for page in aws.ec2.get_paginator("describe_vpc_endpoint_service_configurations").paginate(**which):
        yield from page["ServiceConfigurations"]


SERVICES = Listing(_services, "ServiceIds")


def _live(service: ServiceConfigurationTypeDef) -> Live:
    word = service.get("ServiceState", "")
    return Live(service["ServiceId"], Phase.of(word), word, outputs={"service_name": service["ServiceName"]})


@dataclass(frozen=True, eq=False)
class EndpointService(Resource):
    """Every connection to it has to be accepted."""

    load_balancer: LoadBalancer
    """Ready, that is active: a service on one that still provisions is refused or unusable (rule 3)."""

    usual_seconds = 3.0
    usual_seconds_gone = 5.0

    def find(self, aws: Aws) -> Iterator[Live]:
        for service in aws.mine(self, SERVICES):
            held = aws.held(
                self,
                tags_of(service),
                ("acceptance required", True, service.get("AcceptanceRequired")),
                ("load balancers", [self.load_balancer], service.get("NetworkLoadBalancerArns", [])),
            )
            yield replace(_live(service), held=held)

    def create(self, aws: Aws) -> Live:
        answer = aws.ec2.create_vpc_endpoint_service_configuration(
            NetworkLoadBalancerArns=[aws.id(self.load_balancer)],
            AcceptanceRequired=True,
            ClientToken=aws.token,
            TagSpecifications=aws.tagged(self, "vpc-endpoint-service"),
        )
        return _live(answer["ServiceConfiguration"])

    def delete(self, aws: Aws, live: Live) -> None:
        answer = aws.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[live.id])
        raise_unsuccessful(answer, "DeleteVpcEndpointServiceConfigurations")
