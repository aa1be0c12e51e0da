"""Every error of the program, and the one table of AWS error codes.

    DemoError                 exit 1   something we understand went wrong; the base of all
    ├── ConfigError           exit 2   a setting is wrong: file, line, column, nearest right name
    ├── Cancelled             exit 3   the user said no
    ├── SignInError           exit 4   no credentials, or expired ones
    ├── Refused               exit 5   refused for safety: wrong account, wrong order, no confirmation
    │   └── NotCreated        exit 5   asked for something that does not exist yet
    ├── TestFailed            exit 6   a check of ``test`` failed
    ├── Leftovers             exit 7   a delete left something behind
    ├── TimedOut              exit 8   not ready in time; running again goes on
    ├── Locked                exit 9   another run holds the lock
    └── SandboxError          exit 1   the sandbox will not start, or has stopped

``fault`` is the only reader of AWS error codes (``aws-behaviours.md`` section 1.2); nothing else in the program
compares one, but the table of causes (``diagnosis``), which quotes some as what is seen.  This module imports nothing of the program, and no boto3 until it is asked about an AWS error.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.exceptions import ClientError

    from .diagnosis import Diagnosis


class DemoError(Exception):
    """Something went wrong that we understand.

    ``message`` says what happened and to what; ``facts`` are shown as a list under it; ``hint`` is what to do next,
    with the command to run; ``changed`` says whether anything was changed before it happened.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self, message: str, *, facts: Mapping[str, str] | None = None, hint: str = "", changed: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.facts = dict(facts or {})
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
    "RequestExpired",
    "ExpiredToken",
    "ExpiredTokenException",
    "OptInRequired",
}
_NOT_A_QUOTA = {"RequestLimitExceeded"}
_QUOTA = {"TooManyLoadBalancers", "TooManyTargetGroups", "TooManyListeners"}


def code(error: ClientError) -> str:
    """AWS's code for the error, in the short form that botocore shows."""
    return str(error.response.get("Error", {}).get("Code", ""))


def words(error: ClientError) -> str:
    """AWS's own words for the error."""
    return str(error.response.get("Error", {}).get("Message", ""))


def fault(error: ClientError) -> Fault:
    """Say what an AWS error means (``aws-behaviours.md`` sections 1.2, 2.1 and 6)."""
    this = code(error)
    if this == "InvalidAMIID.NotFound":
        return Fault.OTHER  # an image does not turn up by waiting: wrong region, or blocked for this account
    if this.lower().endswith("notfound") or this in _MISSING:
        return Fault.MISSING
    if this in _IN_USE:
        return Fault.IN_USE
    if this in _NOT_YET or (this == "InvalidParameter" and _zone_not_ready(words(error))):
        return Fault.NOT_YET
    if this in _THERE_ALREADY:
        return Fault.THERE_ALREADY
    if this in _TOKEN_USED_UP:
        return Fault.TOKEN_USED_UP
    if this in _DENIED:
        return Fault.DENIED
    if this in _SIGN_IN:
        return Fault.SIGN_IN
    if this in _QUOTA or (this.endswith("LimitExceeded") and this not in _NOT_A_QUOTA):
        return Fault.QUOTA
    return Fault.OTHER


def refused(error: Exception | None) -> bool:
    """Whether AWS said for certain that it did not do what was asked (HTTP 4xx); a lost reply or a 5xx says nothing."""
    from botocore.exceptions import ClientError

    if not isinstance(error, ClientError):
        return False
    return 400 <= int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) < 500


def _zone_not_ready(message: str) -> bool:
    """The one case where the code does not tell: a new service needs minutes to know its zones (section 2.1)."""
    return "does not support the availability zone" in message


def raise_unsuccessful(answer: Mapping[str, Any], operation: str) -> None:
    """Raise, as an ordinary ClientError, the failure that four EC2 calls hide in a successful answer (section 0.2)."""
    from botocore.exceptions import ClientError

    for item in answer.get("Unsuccessful", []):
        raise ClientError({"Error": item.get("Error", {})}, operation)


def understood(error: BaseException, changed: str = "") -> DemoError | None:
    """The error as one of ours, with what to do about it; None for one that is nobody's but a bug's."""
    if isinstance(error, DemoError):
        return error
    from botocore import exceptions as boto

    if isinstance(error, boto.ClientError):
        return _from_aws(error, changed)
    if isinstance(error, boto.ProfileNotFound):
        return ConfigError(
            str(error) + ".", hint="Profiles of this machine:  aws configure list-profiles", changed=changed
        )
    if isinstance(error, (boto.NoRegionError,)):
        return ConfigError("No AWS region is set.", hint="Give one:  --region us-east-1", changed=changed)
    if isinstance(error, _sign_in_exceptions()):
        return SignInError(
            "Your AWS sign-in is missing or has expired.",
            facts={"AWS said": str(error)},
            hint=_SIGN_IN_AGAIN,
            changed=changed,
        )
    if isinstance(error, (boto.EndpointConnectionError, boto.ConnectTimeoutError, boto.ReadTimeoutError)):
        return DemoError(
            "AWS cannot be reached.",
            facts={"botocore said": str(error)},
            hint="Check the network and the region, then repeat the command.",
            changed=changed,
        )
    if isinstance(error, boto.BotoCoreError):
        return DemoError("The call to AWS failed.", facts={"botocore said": str(error)}, changed=changed)
    return None


_SIGN_IN_AGAIN = (
    "Sign in again, then repeat the command:\n    aws sso login      or:  aws configure\n"
    "No AWS account at hand? Try it all locally:  vpce-demo --sandbox up"
)


def _sign_in_exceptions() -> tuple[type[Exception], ...]:
    from botocore import exceptions as boto

    return (
        boto.NoCredentialsError,
        boto.PartialCredentialsError,
        boto.CredentialRetrievalError,
        boto.SSOError,
        boto.TokenRetrievalError,
        boto.NoAuthTokenError,
    )


def _from_aws(error: ClientError, changed: str) -> DemoError:
    facts = {"call": error.operation_name, "AWS said": f"{code(error)}: {words(error)}"}
    match fault(error):
        case Fault.SIGN_IN:
            return SignInError("AWS does not accept your sign-in.", facts=facts, hint=_SIGN_IN_AGAIN, changed=changed)
        case Fault.DENIED:
            return DemoError(
                f"You may not call {error.operation_name}.",
                facts=facts,
                hint="Ask for this permission, then repeat the command: it goes on from here.",
                changed=changed,
            )
        case Fault.QUOTA:
            return DemoError(
                "A quota of your account is used up.",
                facts=facts,
                hint="Remove what you do not need, or ask AWS for more in the Service Quotas console.",
                changed=changed,
            )
        case _:
            return DemoError(f"AWS refused {error.operation_name}.", facts=facts, changed=changed)
