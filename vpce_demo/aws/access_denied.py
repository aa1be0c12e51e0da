"""Which IAM action an access-denied error is about, in the words that a policy needs.

AWS usually names it in the message.  Some messages hold it only in an encoded part, which can be decoded with the
permission ``sts:DecodeAuthorizationMessage``.  If there is neither, the action of the call is the best guess.
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
_POLICY = re.compile(r"(?:explicit deny in an?|because no) (?P<policy>[\w -]+?(?:policy|boundary))\b")
_ENCODED = re.compile(r"Encoded authorization failure message: (?P<message>[\w-]+)")
_STS = ("GetCallerIdentity", "AssumeRole", "DecodeAuthorizationMessage")


@dataclass(frozen=True)
class Denial:
    """The denied action, such as ``ec2:CreateVpc``, and the resource and reason if AWS gives them."""

    action: str
    resource: str = ""
    explicit: bool = False
    """True if a policy denies it explicitly, so that another Allow does not help."""
    policy: str = ""
    """The kind of policy that denies or does not allow it, if AWS names one: ``service control policy``."""

    @property
    def is_above(self) -> bool:
        """True if a policy for the caller that allows the action does not help."""
        return self.explicit or self.policy not in ("", "identity-based policy")


def denial(error: ClientError, decode: Callable[[str], str] | None = None) -> Denial:
    """Read an access-denied error.  ``decode`` asks STS to decode a message."""
    said = error.response.get("Error", {})
    words, code = str(said.get("Message", "")), str(said.get("Code", ""))
    if found := _NAMED.search(words):
        resource = (found["resource"] or "").rstrip(".,")
        kind = _POLICY.search(words)
        return Denial(found["action"], resource, "explicit deny" in words, kind["policy"] if kind else "")
    service = _service(code, error.operation_name)
    if decode and (encoded := _ENCODED.search(words)) and (told := _decoded(encoded["message"], decode, service)):
        return told
    return Denial(f"{service}:{error.operation_name}")


def _service(code: str, operation: str) -> str:
    """The service, by its error code: each has its own."""
    if operation in _STS:
        return "sts"
    return {"UnauthorizedOperation": "ec2", "AccessDeniedException": "ssm"}.get(code, "elasticloadbalancing")


def _decoded(message: str, decode: Callable[[str], str], service: str) -> Denial | None:
    """The decoded message; AWS's own example of one names an action of ``service`` without the service."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        details = json.loads(decode(message))
        context = details["context"]
        action = str(context["action"])
        action = action if ":" in action else f"{service}:{action}"
        return Denial(action, str(context["resource"]), bool(details["explicitDeny"]))
    except (ClientError, BotoCoreError, ValueError, KeyError, TypeError):
        return None
