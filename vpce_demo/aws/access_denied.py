"""What a refusal for want of a permission is about: the IAM action, in the words that a policy needs.

AWS names it in the message, mostly.  Some messages carry it only in an encoded part, which whoever has
``sts:DecodeAuthorizationMessage`` may have decoded; and where there is neither, the call's own action is the
best guess.
Sources: ``aws-behaviours.md`` section 6; the STS API reference, "DecodeAuthorizationMessage"; the IAM User Guide,
"Troubleshoot access denied error messages".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_NAMED = re.compile(
    r"not authorized to perform:? (?P<action>[\w-]+:\w+)(?: on (?:the )?resource:? (?P<resource>arn:\S+|\*))?"
)
_ENCODED = re.compile(r"Encoded authorization failure message: (?P<message>[\w-]+)")
_STS = ("GetCallerIdentity", "AssumeRole", "DecodeAuthorizationMessage")


@dataclass(frozen=True)
class Denial:
    """The action that was refused, such as ``ec2:CreateVpc``; on which resource and why, where AWS says so."""

    action: str
    resource: str = ""
    explicit: bool = False
    """A policy denies it: allowing it somewhere else will not help."""


def denial(error: ClientError, decode: Callable[[str], str] | None = None) -> Denial:
    """Read a refusal.  ``decode`` asks STS to decode a message; where that fails, too, there is no more to know."""
    said = error.response.get("Error", {})
    words, code = str(said.get("Message", "")), str(said.get("Code", ""))
    if found := _NAMED.search(words):
        resource = (found["resource"] or "").rstrip(".,")
        return Denial(found["action"], resource, "explicit deny" in words)
    if decode and (encoded := _ENCODED.search(words)) and (told := _decoded(encoded["message"], decode)):
        return told
    return Denial(f"{_service(code, error.operation_name)}:{error.operation_name}")


def _service(code: str, operation: str) -> str:
    """The service by its code of refusal: each has its own."""
    if operation in _STS:
        return "sts"
    return {"UnauthorizedOperation": "ec2", "AccessDeniedException": "ssm"}.get(code, "elasticloadbalancing")


def _decoded(message: str, decode: Callable[[str], str]) -> Denial | None:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        details = json.loads(decode(message))
        context = details["context"]
        return Denial(str(context["action"]), str(context["resource"]), bool(details["explicitDeny"]))
    except (ClientError, BotoCoreError, ValueError, KeyError, TypeError):
        return None
