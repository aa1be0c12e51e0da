"""Identifies the caller and checks its permissions.

Moto keeps the users, roles, keys and policies, and answers IAM's own calls.  It can check permissions too, but knows
neither resources nor conditions nor what else a call needs, so that is done here.
Source of the codes and words: ``aws-behaviours.md`` section 6; the IAM User Guide, "Troubleshoot access denied error
messages".
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from moto.iam.access_control import CreateAccessKeyFailure, create_access_key
from moto.iam.models import Policy, iam_backends
from werkzeug.wrappers import Request

from ...client import ACCOUNT_KEY
from ...policy import Context, Document, Verdict, verdict
from ..protocol import UNSIGNED_OPERATIONS, ApiError, Incoming, protocol_of
from .needs import ROLE_NAME, ROLE_PATH, ApiCall, Needed, has_role, needs

ROOT_KEY = "sandbox"
"""No policy binds it, nor what begins with it and a hyphen, nor a key that names an account."""


@dataclass(frozen=True)
class Caller:
    """An IAM user, or a role that somebody has assumed."""

    arn: str
    policies: list[Document]

    @property
    def context(self) -> Context:
        kind, _, name = self.arn.partition("/")
        user = {"aws:username": name.rpartition("/")[2]} if kind.endswith(":user") else {}
        return {"aws:PrincipalArn": self.arn, "aws:PrincipalAccount": self.arn.split(":")[4], **user}


class Gate:
    """Lets everybody in while ``on`` is false.

    ``hides_tags`` says of an id or ARN whether its tags are not known yet.  ``asked`` counts what was asked of the
    policies, by caller's ARN and action: what somebody did needs exactly these permissions.
    """

    def __init__(self, hides_tags: Callable[[str], bool] = lambda id: False) -> None:
        self.on = False
        self._hides_tags = hides_tags
        self.asked: dict[str, Counter[str]] = defaultdict(Counter)

    def check(self, incoming: Incoming, params: dict[str, Any]) -> None:
        """Raise ``ApiError`` if the caller is unknown or not allowed."""
        if not self.on or is_root(incoming.key) or incoming.operation in UNSIGNED_OPERATIONS:
            return
        caller = _caller(incoming)
        asked = ApiCall(
            incoming.service or incoming.name,
            incoming.operation,
            params,
            incoming.account,
            incoming.region,
            self._hides_tags,
        )
        region = {"aws:RequestedRegion": asked.region, "ec2:Region": asked.region}
        for needed in needs(asked):
            self.asked[caller.arn][needed.action] += 1
            context = {**region, **caller.context, **needed.context}
            said = verdict(caller.policies, needed.action, needed.resource, context)
            if said is not Verdict.ALLOWED:
                raise _denial(incoming.service, caller, needed, said)
        if asked.operation == "CreateLoadBalancer" and not has_role(asked.account):
            trust = json.dumps({"Version": "2012-10-17", "Statement": []})
            iam_backends[asked.account]["aws"].create_role(ROLE_NAME, trust, ROLE_PATH, None, "", [], "3600")


def is_root(key: str) -> bool:
    return key.partition("-")[0] == ROOT_KEY or key.startswith(ACCOUNT_KEY)


def _caller(incoming: Incoming) -> Caller:
    headers = {name.title(): value for name, value in incoming.http.headers.items()}
    try:
        key = create_access_key(incoming.account, "aws", incoming.key, headers)
    except (CreateAccessKeyFailure, KeyError):
        raise _unknown(incoming.service) from None
    held = iam_backends[incoming.account]["aws"].access_keys.get(incoming.key)
    if held is None or held.status != "Active":
        raise _unknown(incoming.service)
    auth = SigV4Auth(key.create_credentials(), incoming.signing, incoming.region)
    if _signature(incoming.http) != _signed(incoming.http, auth):
        raise _wrongly_signed(incoming.service)
    return Caller(key.arn, [_document(policy) for policy in key.collect_policies()])


def _signature(request: Request) -> str:
    return request.headers.get("Authorization", "").partition("Signature=")[2].strip()


def _signed(request: Request, auth: SigV4Auth) -> str:
    """The signature that the request has if the caller knows the key's secret."""
    named = request.headers.get("Authorization", "").partition("SignedHeaders=")[2].partition(",")[0].split(";")
    headers = {name: value for name, value in request.headers.items() if name.lower() in named}
    again = AWSRequest(request.method, request.url, headers=headers, data=request.get_data())
    again.context["timestamp"] = request.headers.get("X-Amz-Date", "")
    return str(auth.signature(auth.string_to_sign(again, auth.canonical_request(again)), again))


def _document(policy: Any) -> Document:
    """What a policy says, in whichever way moto keeps it."""
    if isinstance(policy, Policy):
        text = next(version.document for version in policy.versions if version.is_default)
    else:
        text = policy if isinstance(policy, str) else policy["policy_document"]
    return cast("Document", json.loads(text))


# --- refusals -----------------------------------------------------------------------------


def _unknown(service: str) -> ApiError:
    if service == "ec2":
        return ApiError("AuthFailure", "AWS was not able to validate the provided access credentials", 401)
    text = "The security token included in the request is invalid."
    if protocol_of(service) == "json":
        return ApiError("UnrecognizedClientException", text)
    return ApiError("InvalidClientTokenId", text, 403)


def _wrongly_signed(service: str) -> ApiError:
    if service == "ec2":
        return _unknown(service)
    text = (
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    )
    if protocol_of(service) == "json":
        return ApiError("InvalidSignatureException", text)
    return ApiError("SignatureDoesNotMatch", text, 403)


def wrong_region(service: str, region: str) -> ApiError:
    """The refusal of a request that is signed for a region that does not exist."""
    text = f"Credential should be scoped to a valid region, not '{region}'."
    if service == "ec2":
        return ApiError("AuthFailure", text, 401)
    if service and protocol_of(service) == "json":
        return ApiError("InvalidSignatureException", text)
    return ApiError("SignatureDoesNotMatch", text, 403)


def _denial(service: str, caller: Caller, needed: Needed, said: Verdict) -> ApiError:
    on = "" if needed.resource == "*" else f" on resource: {needed.resource}"
    why = said.value.format(action=needed.action)
    text = f"User: {caller.arn} is not authorized to perform: {needed.action}{on} {why}"
    if service == "ec2":
        more = f". Encoded authorization failure message: {_encoded(caller, needed, said)}" if on else ""
        return ApiError("UnauthorizedOperation", f"You are not authorized to perform this operation. {text}{more}", 403)
    if service and protocol_of(service) == "json":
        return ApiError("AccessDeniedException", text)
    return ApiError("AccessDenied", text, 403)


def _encoded(caller: Caller, needed: Needed, said: Verdict) -> str:
    """The details, as ``DecodeAuthorizationMessage`` gives them back."""
    details = {
        "allowed": False,
        "explicitDeny": said is Verdict.DENIED,
        "matchedStatements": {"items": []},
        "failures": {"items": []},
        "context": {
            "principal": {"name": caller.arn.rpartition("/")[2], "arn": caller.arn},
            "action": needed.action,
            "resource": needed.resource,
            "conditions": {
                "items": [
                    {"key": key, "values": {"items": [{"value": one} for one in _values(value)]}}
                    for key, value in needed.context.items()
                ]
            },
        },
    }
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(details).encode())).decode().rstrip("=")


def _values(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def decoded(message: str) -> str:
    """The details in an encoded message.  Raises ``ApiError`` for one that is none."""
    try:
        if not re.fullmatch(r"[\w-]{1,10240}", message, re.ASCII):
            raise ValueError(message)
        padded = message + "=" * (-len(message) % 4)
        return zlib.decompress(base64.urlsafe_b64decode(padded)).decode()
    except (ValueError, binascii.Error, zlib.error):
        text = "Message is not valid"
        raise ApiError("InvalidAuthorizationMessageException", text) from None
