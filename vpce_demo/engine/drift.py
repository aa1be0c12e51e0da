"""Drift: what AWS holds against what the tutorial says, field by field.

A kind's ``find`` notes what it was told as ``held``: a name, the tutorial's value, AWS's.  A resource stands for its
id, which may become known only later; so the two are compared when everything has been looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..model import Drift, Live
from .resource import Resource

NONE = "none"


def with_drift(lives: Mapping[str, Live]) -> dict[str, Live]:
    """The same, each with the fields in which it differs."""
    return {key: replace(live, drift=tuple(_differences(live, lives))) for key, live in lives.items()}


def _differences(live: Live, lives: Mapping[str, Live]) -> Iterable[Drift]:
    for name, tutorial, aws in live.held:
        says, holds = _said(tutorial, lives), _said(aws, lives)
        if says is not None and holds is not None and says != holds:
            yield Drift(name, says, holds)


def _said(value: object, lives: Mapping[str, Live]) -> str | None:
    """A value as it is compared and shown; None where it is not known: not found out yet, or not told by AWS."""
    if isinstance(value, Resource):
        return lives[value.key].id if value.key in lives else None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple, set, frozenset)):
        words = [_said(one, lives) for one in value]
        return None if None in words else ", ".join(sorted(str(word) for word in words)) or NONE
    return None if value is None or value == "" else str(value)
