"""The permission of another account to connect to an endpoint service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..engine.resource import Aws, Resource
from ..model import Live, Phase
from .endpoint_service import EndpointService, account_root, allowed_principals


@dataclass(frozen=True, eq=False)
class AllowedPrincipal(Resource):
    """An account among a service's allowed principals: by its root, since AWS checks whoever makes the call (rule 13).

    It has no tags: the service and the principal identify it (``aws-behaviours-2.md`` section 1.1).
    """

    aws_noun = "allowed principal"

    service: EndpointService
    account: str

    ready_word = "allowed"

    def find(self, aws: Aws) -> Iterator[Live]:
        if (principal := account_root(aws, self.account)) in allowed_principals(aws, aws.id(self.service)):
            yield Live(principal, Phase.READY, self.ready_word)

    def create(self, aws: Aws) -> Live:
        principal = account_root(aws, self.account)
        aws.ec2.modify_vpc_endpoint_service_permissions(
            ServiceId=aws.id(self.service), AddAllowedPrincipals=[principal]
        )
        return Live(principal, Phase.READY, self.ready_word)

    def delete(self, aws: Aws, live: Live) -> None:
        aws.ec2.modify_vpc_endpoint_service_permissions(
            ServiceId=aws.id(self.service), RemoveAllowedPrincipals=[live.id]
        )

    def goes_with(self) -> Resource:
        return self.service
