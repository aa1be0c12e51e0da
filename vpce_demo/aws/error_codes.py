"""Reads AWS error codes: ``error_kind`` says what an error of AWS, or of the connection to AWS, means to the program.

Nothing else in the program compares error codes (``aws-behaviours.md`` section 1.2), except the table of causes
(``diagnosis``), which quotes some as symptoms.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from botocore.exceptions import ClientError


class ErrorKind(Enum):
    """What an AWS error means to the program."""

    MISSING = "missing"
    IN_USE = "in use"
    NOT_YET = "not yet"
    THERE_ALREADY = "there already"
    TOKEN_USED_UP = "token used up"
    BUSY = "busy"
    """AWS throttled the request and did nothing."""
    UNSURE = "unsure"
    """AWS or the network failed: the request may have been carried out or not."""
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
    "VolumeInUse",
    "InvalidNetworkInterface.InUse",
    "InvalidIPAddress.InUse",
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
    "RegionDisabledException",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "RequestExpired",
    "ExpiredToken",
    "ExpiredTokenException",
    "OptInRequired",
    "PendingVerification",
    "Blocked",
    "AccountDisabled",
}
_NOT_KNOWN_HERE = {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "AuthFailure",
    "OptInRequired",
}
_SIGN_IN_CLASSES = {
    "NoCredentialsError",
    "NoAuthTokenError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "UnknownCredentialError",
    "TokenRetrievalError",
    "UnknownTokenProviderError",
    "RefreshWithMFAUnsupportedError",
    "MetadataRetrievalError",
    "SSOError",
    "LoginError",
    "MissingDependencyException",
}
"""Botocore's exceptions for credentials that cannot be had, with those that inherit from them.  The request was not
sent."""
_SIGN_IN_CALLS = {
    "AssumeRole",
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "CreateToken",
    "CreateOAuth2Token",
    "GetRoleCredentials",
}
"""The calls by which botocore gets credentials.  What is refused there is refused to every other call."""
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
_NOT_OFFERED = {"InvalidAction", "UnsupportedOperation", "UnknownOperationException"}
"""AWS has no such call here: it is newer than the region, or than what answers in AWS's place."""
_CAPACITY = {"InsufficientInstanceCapacity", "InsufficientCapacity", "InsufficientAddressCapacity"}
"""AWS has no capacity.  The status is 5xx, but nothing was done, and repeating the call for minutes does not help."""
_QUOTA = {"TooManyLoadBalancers", "TooManyTargetGroups", "TooManyListeners"}


def error_code(error: ClientError) -> str:
    """AWS's error code."""
    return str(error.response.get("Error", {}).get("Code", ""))


def error_message(error: ClientError) -> str:
    """AWS's error message, without what only AWS can decode: that may be a thousand characters long."""
    return whole_message(error).partition(" Encoded authorization failure message: ")[0]


def whole_message(error: ClientError) -> str:
    """AWS's error message with all that is in it."""
    return str(error.response.get("Error", {}).get("Message", ""))


def may_be_the_region(error: Exception) -> bool:
    """True if AWS refuses keys in this way where the account has not enabled the region, and wrong keys everywhere."""
    from botocore.exceptions import ClientError

    return isinstance(error, ClientError) and error_code(error) in _NOT_KNOWN_HERE


def is_sign_in(call: str) -> bool:
    """True if botocore makes this call to get credentials."""
    return call in _SIGN_IN_CALLS


def may_not_be_asked(error: ClientError) -> bool:
    """True if AWS does not let the caller ask this, or has no such call here."""
    return error_kind(error) is ErrorKind.DENIED or error_code(error) in _NOT_OFFERED


def error_kind(error: Exception) -> ErrorKind:
    """What an error of AWS, or of the connection to it, means (``aws-behaviours.md`` sections 1.2, 2.1, 2.2 and 6)."""
    kind = _kind(error)
    refused = kind in (ErrorKind.DENIED, ErrorKind.MISSING, ErrorKind.OTHER)
    return ErrorKind.SIGN_IN if refused and is_sign_in(getattr(error, "operation_name", "")) else kind


def _kind(error: Exception) -> ErrorKind:
    from botocore import exceptions as boto

    if not isinstance(error, boto.ClientError):
        if isinstance(error, boto.BotoCoreError) and _is_of(error, _SIGN_IN_CLASSES):
            return ErrorKind.SIGN_IN
        if isinstance(error, boto.EndpointConnectionError) and "//127.0.0.1:" in str(error):
            return ErrorKind.OTHER  # the sandbox has stopped, and does not come back
        lost = isinstance(error, (boto.ConnectionError, boto.HTTPClientError)) and not isinstance(error, boto.SSLError)
        return ErrorKind.UNSURE if lost else ErrorKind.OTHER
    this = error_code(error)
    if this == "InvalidAMIID.NotFound" or this in _CAPACITY:
        return ErrorKind.OTHER  # waiting does not help: wrong region, or not allowed for this account
    if this.lower().endswith("notfound") or this in _MISSING:
        return ErrorKind.MISSING
    if this in _NOT_YET or (this == "InvalidParameter" and _zone_not_ready(error_message(error))):
        return ErrorKind.NOT_YET
    for codes, meaning in _MEANINGS:
        if this in codes:
            return meaning
    if this.endswith("LimitExceeded"):
        return ErrorKind.QUOTA
    return ErrorKind.UNSURE if _status(error) >= 500 else ErrorKind.OTHER


_MEANINGS = (
    (_IN_USE, ErrorKind.IN_USE),
    (_THERE_ALREADY, ErrorKind.THERE_ALREADY),
    (_TOKEN_USED_UP, ErrorKind.TOKEN_USED_UP),
    (_BUSY, ErrorKind.BUSY),
    (_DENIED, ErrorKind.DENIED),
    (_SIGN_IN, ErrorKind.SIGN_IN),
    (_QUOTA, ErrorKind.QUOTA),
)


def _status(error: ClientError) -> int:
    """The HTTP status of the answer; 0 if it is not known."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _is_of(error: Exception, names: Collection[str]) -> bool:
    """True if the error's class, or one that it inherits from, has one of these names."""
    return any(each.__name__ in names for each in type(error).__mro__)


def is_rejection(error: Exception | None) -> bool:
    """True if AWS certainly did not carry out the request: HTTP 4xx, or there were no credentials to send it with.  A
    lost answer or a 5xx proves nothing."""
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, BotoCoreError):
        return error_kind(error) is ErrorKind.SIGN_IN
    return isinstance(error, ClientError) and 400 <= _status(error) < 500


def _zone_not_ready(message: str) -> bool:
    """The one case that only the message tells: a new service takes minutes to know its zones (section 2.1)."""
    return "does not support the availability zone" in message


def raise_unsuccessful(answer: Mapping[str, Any], operation: str) -> None:
    """Raise, as an ordinary ClientError, the failure that four EC2 calls hide in a successful answer (section 0.2)."""
    from botocore.exceptions import ClientError

    for item in answer.get("Unsuccessful", []):
        raise ClientError({"Error": item.get("Error", {})}, operation)
