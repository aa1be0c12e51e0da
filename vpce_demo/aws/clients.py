"""The boto3 clients of one account and region."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import Future

    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client

CALLS_AT_ONCE = 24
"""API calls of a command that are under way at a time.  They wait for the network, so it is no matter how many cores
the machine has."""


@dataclass(frozen=True)
class Clients:
    """boto3 clients of one account and region.  Clients may be shared by threads; sessions may not."""

    ec2: EC2Client
    elb: ElasticLoadBalancingv2Client
    changing_ec2: EC2Client
    """For calls that change something, which are sent once: botocore would repeat a create whose answer was lost, and
    AWS would create two."""
    changing_elb: ElasticLoadBalancingv2Client
    other: Callable[[str], Any]
    """Makes a client for another service, by botocore's name for it."""
    account: str
    region: str
    cli: str
    """The beginning of an AWS CLI command for the same account and region."""
    in_region: Callable[[str], Clients]
    """Makes the clients of another region, which only look, and soon give up one that does not answer."""
    caller: str = ""
    """Who calls, as the value of the tag ``vpce-demo:owner``."""
    alias: Future[str] | None = None
    """The account's alias, once AWS has answered; None if it is not asked for."""

    def decode(self, message: str) -> str:
        """An encoded authorization message of this account, decoded by STS to JSON.  Raises ClientError."""
        return str(self.other("sts").decode_authorization_message(EncodedMessage=message)["DecodedMessage"])
