"""Fresh resources that AWS does not show yet, or whose tags IAM does not know yet: it is eventually consistent
(``aws-behaviours.md`` section 2.1).

No handler knows of this.  An id that is hidden goes to the handler as another one that nothing has, so that it is
answered like whatever does not exist, with the code of that call; what comes back is turned round.  And what is hidden
is taken out of the lists of describe calls.  Names that must be unique, ranges of addresses and client tokens are known
all the same, as on AWS.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .protocol import ApiError

READING = ("Describe", "Get", "List")
"""How the names of operations begin that change nothing."""
MADE = {
    "AllocateAddress": ("AllocationId",),
    "CreateKeyPair": ("KeyPairId", "KeyName"),
    "CreateLoadBalancer": ("LoadBalancerArn", "LoadBalancerName"),
    "CreateSecurityGroup": ("GroupId",),
    "CreateTargetGroup": ("TargetGroupArn", "TargetGroupName"),
    "CreateVpcEndpointServiceConfiguration": ("ServiceId",),
    "ImportKeyPair": ("KeyPairId", "KeyName"),
    "RunInstances": ("InstanceId", "ReservationId"),
}
"""What the answer calls the ids and the name of what was made; by rule CreateVpc makes a VpcId or a VpcArn."""
NAMING = {
    ("DescribeKeyPairs", "KeyNames"): "KeyName",
    ("DescribeLoadBalancers", "Names"): "LoadBalancerName",
    ("DescribeTargetGroups", "Names"): "TargetGroupName",
    ("RunInstances", "KeyName"): "KeyName",
}
"""Parameters that ask for a thing by its name, of which there must be one."""
FORGIVING = ("DeleteKeyPair", "DeleteLoadBalancer", "DeleteTargetGroup")
"""Calls that never say NotFound: they know what is hidden (``aws-behaviours.md`` section 1.2)."""
NOT_REFERENCES = ("ClientToken", "TagSpecifications", "Tags", "UserData")
IDENTITY = re.compile("[0-9a-f]{8,}$")


@dataclass(frozen=True)
class Fresh:
    """An id, or the name of that kind (``KeyName``), that is hidden until a moment of the sandbox's clock."""

    text: str
    named: str
    ghost: str
    until: float


class Hiding:
    """Hides what is made, for ``seconds`` of the sandbox's clock ``now``.  The cloud's lock guards it."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._made: set[str] = set()
        self._fresh: list[Fresh] = []
        self._untagged: dict[str, float] = {}
        self.seconds: float | None = None
        self.tags_seconds: float | None = None

    def hide(self, seconds: float | None) -> None:
        """Hide what is made from now on for so long; none hides nothing any more."""
        self.seconds = seconds
        if seconds is None:
            self._fresh = []

    def hide_tags(self, seconds: float | None) -> None:
        """Let IAM's policies see the tags of what is made from now on only after so long; none shows them at once."""
        self.tags_seconds = seconds
        self._untagged.clear()

    def hides_tags(self, id: str) -> bool:
        """Whether the tags of the resource with this id or ARN are hidden from IAM's policies now."""
        return self._untagged.get(id, 0.0) > self._now()

    def hidden(self) -> list[str]:
        """The ids that are hidden now."""
        return [one.text for one in self._hidden() if not one.named]

    def _hidden(self) -> list[Fresh]:
        now = self._now()
        self._fresh = [one for one in self._fresh if one.until > now]
        return self._fresh

    def concerns(self, operation: str) -> bool:
        """Whether ``carry_out`` can make a difference to such a call now."""
        learns = self.seconds is not None or self.tags_seconds is not None
        return bool(self._hidden()) or (learns and _made_by(operation) != ())

    def carry_out(
        self, operation: str, params: dict[str, Any], handler: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> dict[str, Any]:
        """The handler's answer as a caller gets it who does not see what is hidden.  Raises what the handler raises."""
        hidden = self._hidden()
        if not hidden:
            answer = handler(params)
        else:
            try:
                answer = handler(params if operation in FORGIVING else _veiled(operation, params, hidden))
            except ApiError as error:
                raise ApiError(error.code, _unveil(error.message, hidden), error.status) from None
            if operation.startswith(READING):
                answer = _without(answer, [one.text for one in hidden if not one.named])
            answer = _each(answer, lambda text: _unveil(text, hidden))
        self._learn(operation, answer)
        return answer

    def _learn(self, operation: str, answer: dict[str, Any]) -> None:
        """Hide what is new in the answer: a create that is repeated may tell of something old."""
        told = [(member, text) for member in _made_by(operation) for text in _values(answer, member)]
        ids = {text for member, text in told if IDENTITY.search(text) and not member.endswith("Name")}
        if not ids or ids & self._made:
            return
        self._made |= ids
        if self.tags_seconds is not None:
            still = {id: until for id, until in self._untagged.items() if until > self._now()}
            self._untagged = still | dict.fromkeys(ids, self._now() + self.tags_seconds)
        if self.seconds is not None:
            until = self._now() + self.seconds
            for member, text in told:
                named = member if member.endswith("Name") else ""
                self._fresh.append(Fresh(text, named, _ghost(text, named), until))


def _made_by(operation: str) -> tuple[str, ...]:
    if operation in MADE:
        return MADE[operation]
    noun = operation.removeprefix("Create")
    return (f"{noun}Id", f"{noun}Arn") if noun != operation else ()


def _ghost(text: str, named: str) -> str:
    """Another id of the same shape, or another name."""
    return secrets.token_hex(8) if named else IDENTITY.sub(lambda found: _digits(len(found[0])), text)


def _digits(count: int) -> str:
    return secrets.token_hex(count)[:count]


def _veiled(operation: str, params: dict[str, Any], hidden: list[Fresh]) -> dict[str, Any]:
    """The parameters with ghosts in the place of what is hidden."""

    def veil(text: str) -> str:
        for one in hidden:
            if not one.named:
                text = text.replace(one.text, one.ghost)  # part of the text: a service's name holds its id
        return text

    def rename(kind: str) -> Callable[[str], str]:
        ghosts = {one.text: one.ghost for one in hidden if one.named == kind}
        return lambda text: ghosts.get(text, text)

    def seen(name: str, value: Any) -> Any:
        kind = NAMING.get((operation, name))
        return value if name in NOT_REFERENCES else _each(value, rename(kind) if kind else veil)

    return {name: seen(name, value) for name, value in params.items()}


def _unveil(text: str, hidden: list[Fresh]) -> str:
    for one in hidden:
        text = text.replace(one.ghost, one.text)
    return text


def _without(value: Any, ids: list[str]) -> Any:
    """An answer without the items of its lists that are one of these, or that name one as what they belong to."""
    if isinstance(value, dict):
        return {name: _without(one, ids) for name, one in value.items()}
    if isinstance(value, list):
        return [_without(one, ids) for one in value if not _names(one, ids)]
    return value


def _names(item: Any, ids: list[str]) -> bool:
    texts = item.values() if isinstance(item, dict) else (item,)
    return any(id in text for text in texts if isinstance(text, str) for id in ids)


def _each(value: Any, change: Callable[[str], str]) -> Any:
    """The same, with every text in it changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: _each(one, change) for name, one in value.items()}
    if isinstance(value, list):
        return [_each(one, change) for one in value]
    return value


def _values(value: Any, member: str) -> Iterator[str]:
    """The texts under that name, at any depth."""
    if isinstance(value, dict):
        if isinstance(value.get(member), str):
            yield value[member]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _values(one, member)
