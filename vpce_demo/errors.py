"""Every error of the program, and the one table of AWS error codes.

    DemoError                 exit 1   something we understand went wrong; the base of all
    ├── ConfigError           exit 2   a setting is wrong: file, line, column, nearest right name
    ├── Cancelled             exit 3   the user said no
    ├── SignInError           exit 4   no credentials, or expired ones
    ├── Refused               exit 5   refused for safety: wrong account, wrong order, no confirmation
    │   └── NotCreated        exit 5   asked for something that does not exist yet
    ├── TestFailed            exit 6   a check of ``test`` failed
    ├── Leftovers             exit 7   a delete left something behind
    ├── InUse                 exit 7   it cannot be deleted while something that is not ours uses it
    ├── TimedOut              exit 8   not ready in time; running again goes on
    ├── Locked                exit 9   another run holds the lock
    └── SandboxError          exit 1   the sandbox will not start, or has stopped

``fault`` is the only reader of AWS error codes (``aws-behaviours.md`` section 1.2); nothing else in the program
compares one, but the table of causes (``diagnosis``), which quotes some as what is seen.  This module imports nothing
of the program, and no boto3 until it is asked about an AWS error.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from botocore.exceptions import ClientError

    from .diagnosis import Diagnosis


class DemoError(Exception):
    """Something went wrong that we understand.

    ``message`` says what happened and to what; ``facts`` are shown as a list under it, ``table`` as rows of which the
    first holds the headings; ``hint`` is what to do next, with the command to run; ``changed`` says whether anything
    was changed before it happened.
    """

    exit_code: int = 1

    def __init__(
        self,
        message: str,
        *,
        facts: Mapping[str, str] | None = None,
        table: Sequence[Sequence[str]] = (),
        hint: str = "",
        changed: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.facts = dict(facts or {})
        self.table = table
        self.hint = hint
        self.changed = changed
        self.diagnosis: Diagnosis | None = None
        """The one most likely cause, where the table of causes was asked for it."""


class ConfigError(DemoError):
    """A setting is wrong."""

    exit_code = 2


class Cancelled(DemoError):
    """The user said no at the prompt."""

    exit_code = 3


class SignInError(DemoError):
    """There are no credentials, or AWS does not accept them any more."""

    exit_code = 4


class Refused(DemoError):
    """Going on would not be safe."""

    exit_code = 5


class NotCreated(Refused):
    """A resource was asked for that does not exist yet."""


class TestFailed(DemoError):
    """A check of ``test`` failed."""

    __test__ = False  # not a test class, whatever pytest makes of the name
    exit_code = 6


class Leftovers(DemoError):
    """A delete left something behind."""

    exit_code = 7


class InUse(Leftovers):
    """It cannot be deleted: something uses it that is not ours, and will not let go by itself."""


class TimedOut(DemoError):
    """Something was not ready, or not gone, in time."""

    exit_code = 8


class Locked(DemoError):
    """Another run of the same demo is at work."""

    exit_code = 9


class SandboxError(DemoError):
    """The sandbox will not start, or is not there any more."""


class Fault(Enum):
    """What an AWS error means to us."""

    MISSING = "missing"
    IN_USE = "in use"
    NOT_YET = "not yet"
    THERE_ALREADY = "there already"
    TOKEN_USED_UP = "token used up"
    BUSY = "busy"
    """AWS asks us to be slower.  It did nothing."""
    UNSURE = "unsure"
    """AWS or the network failed on the way: what was asked may have been done, or not."""
    DENIED = "denied"
    SIGN_IN = "sign in"
    QUOTA = "quota"
    OTHER = "other"


_MISSING = {
    "Gateway.NotAttached",
    "NetworkLoadBalancerNotFoundException",
    "InvalidID",
}
_IN_USE = {
    "DependencyViolation",
    "ResourceInUse",
    "InvalidGroup.InUse",
    "ExistingVpcEndpointConnections",
    "IncorrectState",
}
_NOT_YET = {"Unavailable", "ServiceUnavailable", "InvalidServiceName", "InvalidTarget", "InvalidParameterException"}
_THERE_ALREADY = {
    "RouteAlreadyExists",
    "Resource.AlreadyAssociated",
    "InvalidPermission.Duplicate",
    "InvalidGroup.Duplicate",
    "InvalidKeyPair.Duplicate",
    "InvalidSubnet.Conflict",
    "DuplicateListener",
    "DuplicateLoadBalancerName",
    "DuplicateTargetGroupName",
}
_TOKEN_USED_UP = {"IdempotentInstanceTerminated", "IdempotentParameterMismatch"}
_DENIED = {"UnauthorizedOperation", "AccessDenied", "AccessDeniedException"}
_SIGN_IN = {
    "AuthFailure",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "RequestExpired",
    "ExpiredToken",
    "ExpiredTokenException",
    "OptInRequired",
}
_BUSY = {
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "EC2ThrottledException",
    "TooManyRequestsException",
    "PriorRequestNotComplete",
    "BandwidthLimitExceeded",
    "SlowDown",
}
_CAPACITY = {"InsufficientInstanceCapacity", "InsufficientCapacity", "InsufficientAddressCapacity"}
"""AWS has no room.  It says so with a 5xx, but nothing was done, and asking again for minutes does not help."""
_QUOTA = {"TooManyLoadBalancers", "TooManyTargetGroups", "TooManyListeners"}


def code(error: ClientError) -> str:
    """AWS's code for the error, in the short form that botocore shows."""
    return str(error.response.get("Error", {}).get("Code", ""))


def words(error: ClientError) -> str:
    """AWS's own words for the error."""
    return str(error.response.get("Error", {}).get("Message", ""))


def fault(error: Exception) -> Fault:
    """Say what an error of AWS, or of the way there, means (``aws-behaviours.md`` sections 1.2, 2.1, 2.2 and 6)."""
    from botocore import exceptions as boto

    if not isinstance(error, boto.ClientError):
        lost = isinstance(error, (boto.ConnectionError, boto.HTTPClientError)) and not isinstance(error, boto.SSLError)
        return Fault.UNSURE if lost else Fault.OTHER
    this = code(error)
    if this == "InvalidAMIID.NotFound" or this in _CAPACITY:
        return Fault.OTHER  # an image does not turn up by waiting: wrong region, or blocked for this account
    if this.lower().endswith("notfound") or this in _MISSING:
        return Fault.MISSING
    if this in _NOT_YET or (this == "InvalidParameter" and _zone_not_ready(words(error))):
        return Fault.NOT_YET
    for codes, meaning in _MEANINGS:
        if this in codes:
            return meaning
    if this.endswith("LimitExceeded"):
        return Fault.QUOTA
    return Fault.UNSURE if _status(error) >= 500 else Fault.OTHER


_MEANINGS = (
    (_IN_USE, Fault.IN_USE),
    (_THERE_ALREADY, Fault.THERE_ALREADY),
    (_TOKEN_USED_UP, Fault.TOKEN_USED_UP),
    (_BUSY, Fault.BUSY),
    (_DENIED, Fault.DENIED),
    (_SIGN_IN, Fault.SIGN_IN),
    (_QUOTA, Fault.QUOTA),
)


def _status(error: ClientError) -> int:
    """The HTTP status of the answer; 0 where it is not known."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def refused(error: Exception | None) -> bool:
    """Whether AWS said for certain that it did not do what was asked (HTTP 4xx); a lost reply or a 5xx says nothing."""
    from botocore.exceptions import ClientError

    return isinstance(error, ClientError) and 400 <= _status(error) < 500


def _zone_not_ready(message: str) -> bool:
    """The one case where the code does not tell: a new service needs minutes to know its zones (section 2.1)."""
    return "does not support the availability zone" in message


def raise_unsuccessful(answer: Mapping[str, Any], operation: str) -> None:
    """Raise, as an ordinary ClientError, the failure that four EC2 calls hide in a successful answer (section 0.2)."""
    from botocore.exceptions import ClientError

    for item in answer.get("Unsuccessful", []):
        raise ClientError({"Error": item.get("Error", {})}, operation)
