"""An endpoint service, the provider's side of PrivateLink."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from ..aws.error_codes import raise_unsuccessful
from ..aws.partitions import partition_of
from ..aws.tags import tags_of
from ..engine.drift import NONE
from ..engine.resource import Aws, Listing, Resource
from ..model import Held, Holder, Live, Phase, Record, Remedy
from .load_balancer import LoadBalancer

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import ServiceConfigurationTypeDef, VpcEndpointConnectionTypeDef


def _services(aws: Aws, which: Mapping[str, Any]) -> Iterator[ServiceConfigurationTypeDef]:
    for page in aws.ec2.get_paginator("describe_vpc_endpoint_service_configurations").paginate(**which):
        yield from page["ServiceConfigurations"]


_REGIONS = "supported regions"
SERVICES = Listing(_services, "ServiceIds")


REGION_PENDING = "region Pending"
"""Our word for a service that is available, but not yet from the consumer's region."""


def _live(service: ServiceConfigurationTypeDef, consumer_region: str) -> Live:
    word = service.get("ServiceState", "")
    if Phase.of(word) is Phase.READY and _regions(service).get(consumer_region) == "pending":
        word = REGION_PENDING
    return Live(service["ServiceId"], Phase.of(word), word, outputs={"service_name": service["ServiceName"]})


def _regions(service: ServiceConfigurationTypeDef) -> dict[str, str]:
    """The regions that a service can be reached from, with their states in lower case."""
    listed = service.get("SupportedRegions", [])
    return {one.get("Region", ""): one.get("ServiceState", "").lower() for one in listed}


def _other_regions(aws: Aws, service: ServiceConfigurationTypeDef) -> list[str] | None:
    """The regions besides its own that a service can be reached from, or will be; None if AWS does not tell."""
    if "SupportedRegions" not in service:
        return None
    can = ("pending", "available")
    return [name for name, state in _regions(service).items() if name != aws.clients.region and state in can]


def added_and_removed(live: Live, field: str, parameter: str) -> dict[str, list[str]]:
    """The parameters ``AddX`` and ``RemoveX`` that bring back a field of several values; none if it does not differ."""
    for one in live.drift:
        if one.field == field:
            wanted, there = ([] if v == NONE else v.split(", ") for v in (one.tutorial, one.aws))
            lists = {"Add": [v for v in wanted if v not in there], "Remove": [v for v in there if v not in wanted]}
            return {f"{verb}{parameter}": values for verb, values in lists.items() if values}
    return {}


def account_root(aws: Aws, account: str) -> str:
    """The ARN that stands for everybody in an account, in this side's partition."""
    return f"arn:{partition_of(aws.clients.region).name}:iam::{account}:root"


def allowed_principals(aws: Aws, service_id: str) -> list[str]:
    """The ARNs of the principals that may connect to a service, besides its owner."""

    def ask() -> list[str]:
        pages = aws.ec2.get_paginator("describe_vpc_endpoint_service_permissions").paginate(ServiceId=service_id)
        return [one.get("Principal", "") for page in pages for one in page["AllowedPrincipals"]]

    principals: list[str] = aws.shared(("principals", service_id), ask)
    return principals


def connections(aws: Aws, service: EndpointService) -> list[VpcEndpointConnectionTypeDef]:
    """Every endpoint connection of a service, the demo's and others', as the provider sees it."""
    service_id = aws.id(service)

    def ask() -> list[VpcEndpointConnectionTypeDef]:
        # Filtered by service only: AWS documents a filter for the endpoint but refuses it (section 3.3).
        pages = aws.ec2.get_paginator("describe_vpc_endpoint_connections").paginate(
            Filters=[{"Name": "service-id", "Values": [service_id]}]
        )
        return [connection for page in pages for connection in page["VpcEndpointConnections"]]

    listed: list[VpcEndpointConnectionTypeDef] = aws.shared(("connections", service_id), ask)
    return listed


@dataclass(frozen=True, eq=False)
class EndpointService(Resource):
    """An endpoint service.  Every connection to it requires acceptance."""

    aws_noun = "endpoint service"

    load_balancer: LoadBalancer
    """Must be active: a service on a load balancer that is still provisioning is refused or unusable (rule 3)."""
    consumer_accounts: tuple[str, ...] = ()
    """The consumers' accounts that are not the provider's own: they may connect (``AllowedPrincipal``)."""
    consumer_region: str = ""
    """The consumer's region, where it is not the service's own: it is ready once it can be reached from there."""

    is_alone: bool = False
    """True if the provider has no sign-in for the consumer's side: what connects from its account is rejected, so that
    the service can be deleted (rule 17)."""

    usual_seconds = 3.0
    pending_words = frozenset({"pending", REGION_PENDING.lower()})
    usual_delete_seconds = 5.0
    remedies: ClassVar = {
        **dict.fromkeys(("acceptance required", "load balancers", "address types", _REGIONS), Remedy.MEND),
        "allowed principals": "others may need it, and every connection still has to be accepted",
    }
    others_may_add = ("load balancers", _REGIONS)

    @staticmethod
    def named(name: str) -> Live:
        """Somebody else's service, of which only the name is known."""
        return Live(name.rpartition(".")[2], outputs={"service_name": name})

    def find(self, aws: Aws) -> Iterator[Live]:
        for service in aws.mine(self, SERVICES):
            held = aws.held(
                self,
                tags_of(service),
                ("acceptance required", True, service.get("AcceptanceRequired")),
                ("load balancers", [self.load_balancer], service.get("NetworkLoadBalancerArns", [])),
                ("address types", ["ipv4"], service.get("SupportedIpAddressTypes")),
                (_REGIONS, [self.consumer_region] if self.consumer_region else (), _other_regions(aws, service)),
            )
            yield replace(_live(service, self.consumer_region), held=held)

    def attributes(self, aws: Aws, live: Live) -> Iterator[Held]:
        ours = [account_root(aws, account) for account in self.consumer_accounts]
        yield "allowed principals", (), [one for one in allowed_principals(aws, live.id) if one not in ours]

    def mend(self, aws: Aws, live: Live) -> None:
        super().mend(aws, live)
        change: dict[str, Any] = {"AcceptanceRequired": True} if live.differs("acceptance required") else {}
        for field, parameter in (
            ("load balancers", "NetworkLoadBalancerArns"),
            ("address types", "SupportedIpAddressTypes"),
            (_REGIONS, "SupportedRegions"),
        ):
            change |= added_and_removed(live, field, parameter)
        if change:
            aws.ec2.modify_vpc_endpoint_service_configuration(ServiceId=live.id, **change)

    def is_recorded(self, aws: Aws, item: Mapping[str, Any], record: Record) -> bool:
        return bool(item.get("NetworkLoadBalancerArns") == [aws.id(self.load_balancer)])

    def create(self, aws: Aws) -> Live:
        regions: Any = {"SupportedRegions": [self.consumer_region]} if self.consumer_region else {}
        answer = aws.ec2.create_vpc_endpoint_service_configuration(
            **regions,
            NetworkLoadBalancerArns=[aws.id(self.load_balancer)],
            AcceptanceRequired=True,
            ClientToken=aws.token,
            TagSpecifications=aws.tagged(self, "vpc-endpoint-service"),
        )
        return _live(answer["ServiceConfiguration"], self.consumer_region)

    def delete(self, aws: Aws, live: Live) -> None:
        answer = aws.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[live.id])
        raise_unsuccessful(answer, "DeleteVpcEndpointServiceConfigurations")

    def held_by(self, aws: Aws, live: Live) -> Iterator[Holder]:
        for connection in connections(aws, self):
            # Section 3.4: these block a deletion; a rejected or deleting one does not.
            if connection.get("VpcEndpointState", "").lower() in ("pendingacceptance", "pending", "available"):
                endpoint, owner = connection.get("VpcEndpointId", ""), connection.get("VpcEndpointOwner", "")
                region = connection.get("VpcEndpointRegion") or aws.clients.region
                is_here = (owner, region) == (aws.clients.account, aws.clients.region)
                ours = endpoint in _known_ids(aws) or (is_here and _is_ours_or_going(aws, endpoint))
                where = "" if region == aws.clients.region else f" in {region}"
                what = f"an endpoint of account {owner}{where}"
                if self.is_alone and (ours or owner in self.consumer_accounts):
                    yield Holder(endpoint, what, remove=partial(self._reject, live.id, endpoint))
                else:
                    yield Holder(endpoint, what, foreign=not ours)

    def release(self, aws: Aws, live: Live, holders: Sequence[Holder]) -> bool:
        for holder in holders:
            self._reject(live.id, holder.id, aws)
        return True

    @staticmethod
    def _reject(service_id: str, endpoint_id: str, aws: Aws) -> None:
        answer = aws.ec2.reject_vpc_endpoint_connections(ServiceId=service_id, VpcEndpointIds=[endpoint_id])
        raise_unsuccessful(answer, "RejectVpcEndpointConnections")


def _known_ids(aws: Aws) -> set[str]:
    """The ids of the demo's resources in all accounts and regions: found, or on record."""
    return {live.id for live in aws.known.values()} | {record.id for record in aws.records().values()}


def _is_ours_or_going(aws: Aws, endpoint_id: str) -> bool:
    """True if an endpoint of this account and region is the demo's, or is being deleted."""
    which: Any = {"Name": "vpc-endpoint-id", "Values": [endpoint_id]}  # a filter: a deleted endpoint is not an error
    pages = aws.ec2.get_paginator("describe_vpc_endpoints").paginate(Filters=[which])
    found = [one for page in pages for one in page["VpcEndpoints"]]
    going = all(Phase.of(one.get("State", "")) in (Phase.DELETING, Phase.GONE) for one in found)
    return going or any(aws.is_ours(tags_of(one)) for one in found)
