"""Drift: the fields in which AWS's value differs from the tutorial's.

A kind's ``find`` returns the fields as ``held``: name, the tutorial's value, AWS's value.  A resource as a value stands
for its id, which may become known later; so fields are compared when every resource has been looked up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from botocore.exceptions import ClientError

from ..aws.error_codes import ErrorKind, error_kind
from ..errors import NotCreated
from ..model import Drift, Live, Phase, Remedy, short_id
from .resource import Aws, Resource

NONE = "none"


def with_drift(r: Resource, live: Live, lives: Mapping[str, Live]) -> Live:
    """The same resource with the fields in which it differs, and what ``up`` does about each."""
    return replace(live, drift=tuple(_differences(r, live, lives)))


def _differences(r: Resource, live: Live, lives: Mapping[str, Live]) -> Iterable[Drift]:
    for name, tutorial, aws in live.held:
        says, holds = _said(tutorial, lives), _said(aws, lives)
        if says is not None and holds is not None and says != holds:
            more_only = _values(says) < _values(holds)
            remedy, why = (Remedy.REPLACE, "") if live.phase is Phase.WRONG else r.remedy(name, more_only=more_only)
            yield Drift(name, says, holds, remedy, why)


def compared(r: Resource, live: Live, aws: Aws, lives: Mapping[str, Live]) -> Live:
    """The resource with the fields in which it differs, those included for which AWS has calls of their own.

    What may not be asked for is not compared.  Raises ClientError.
    """
    try:
        more = tuple(r.attributes(aws, live))
    except NotCreated:
        more = ()
    except ClientError as error:
        if error_kind(error) not in (ErrorKind.MISSING, ErrorKind.DENIED):
            raise
        more = ()
    return with_drift(r, replace(live, held=live.held + more), lives)


def changes(drift: Iterable[Drift]) -> str:
    """``health check port 8443 → 80, tag Name none → MyNetwork-TG``: what mending these fields changes."""
    return ", ".join(f"{one.field} {shortened(one.aws)} → {shortened(one.tutorial)}" for one in drift)


def shortened(value: str) -> str:
    """The value with the last part of each ARN only."""
    return ", ".join(map(short_id, value.split(", ")))


def added(drift: Drift) -> list[str]:
    """The values that AWS has and the tutorial does not."""
    return [one for one in drift.aws.split(", ") if one not in drift.tutorial.split(", ")]


def _values(said: str) -> set[str]:
    return set() if said == NONE else set(said.split(", "))


def _said(value: object, lives: Mapping[str, Live]) -> str | None:
    """A value as it is compared and shown; None if it is not known, or AWS does not return it."""
    if isinstance(value, Resource):
        return lives[value.key].id if value.key in lives else None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple, set, frozenset)):
        words = [_said(one, lives) for one in value]
        return None if None in words else ", ".join(sorted(str(word) for word in words)) or NONE
    return None if value is None or value == "" else str(value)
