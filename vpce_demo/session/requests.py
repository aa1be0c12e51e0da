"""The requests to connect to the demo's endpoint service: its own customers' and others'."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..aws.error_codes import raise_unsuccessful
from ..errors import ConfigError
from ..model import Side
from ..resources.endpoint_service import connections
from .run import Run

GONE = ("deleting", "deleted")


@dataclass(frozen=True)
class ConnectionRequest:
    """An endpoint that wants to connect, or does; ``state`` is AWS's word.

    ``customer`` is the number of the demo's customer whose endpoint it is, or 0.
    """

    endpoint: str
    owner: str
    region: str
    state: str
    since: datetime | None
    customer: int

    @property
    def age(self) -> float | None:
        """Seconds since it was made; None if AWS does not say."""
        return max(0.0, time.time() - self.since.timestamp()) if self.since else None

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        age = None if self.age is None else int(self.age)
        told = {"endpoint": self.endpoint, "owner": self.owner, "region": self.region, "state": self.state}
        return {**told, "age_seconds": age, "customer": self.customer or None}

    @property
    def waits(self) -> bool:
        return self.state.lower() == "pendingacceptance"


def requests(run: Run) -> list[ConnectionRequest]:
    """The requests, oldest first, as of the run's last look; none if there is no service."""
    aws, service = run.sides[Side.PROVIDER], run.demo.service
    if service.key not in aws.known:
        return []
    own = {aws.known[one.endpoint.key].id: one.number for one in run.demo.customers if one.endpoint.key in aws.known}
    found = [
        ConnectionRequest(
            one.get("VpcEndpointId", ""),
            one.get("VpcEndpointOwner", ""),
            one.get("VpcEndpointRegion") or aws.clients.region,
            one.get("VpcEndpointState", ""),
            one.get("CreationTimestamp"),
            own.get(one.get("VpcEndpointId", ""), 0),
        )
        for one in connections(aws, service)
        if one.get("VpcEndpointState", "").lower() not in GONE
    ]
    return sorted(found, key=lambda one: (one.since.timestamp() if one.since else 0.0, one.endpoint))


def chosen(found: Sequence[ConnectionRequest], endpoints: Collection[str]) -> list[ConnectionRequest]:
    """Those of these endpoints.  Raises ConfigError if one has not asked."""
    unknown = sorted(set(endpoints) - {one.endpoint for one in found})
    if unknown:
        raise ConfigError(
            f"Not asked to connect to this service: {', '.join(unknown)}.",
            code="VPCE131",
            hint="See who has:  <demo> accept --list",
        )
    return [one for one in found if one.endpoint in endpoints]


def answer(run: Run, these: Sequence[ConnectionRequest], *, accepts: bool) -> None:
    """Accept or reject these, in one call.  Raises ClientError for the first that AWS refuses."""
    aws = run.sides[Side.PROVIDER].to_change()
    which: Any = {"ServiceId": aws.id(run.demo.service), "VpcEndpointIds": [one.endpoint for one in these]}
    if accepts:
        raise_unsuccessful(aws.ec2.accept_vpc_endpoint_connections(**which), "AcceptVpcEndpointConnections")
    else:
        raise_unsuccessful(aws.ec2.reject_vpc_endpoint_connections(**which), "RejectVpcEndpointConnections")
