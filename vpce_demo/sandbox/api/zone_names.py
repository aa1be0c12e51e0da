"""Zone names that differ between accounts, as in AWS for accounts made before November 2025: ``us-east-1a`` of one
account may be ``us-east-1b`` of another, and only the ids are the same (``aws-behaviours-2.md`` section 1.3).

Within the sandbox a zone has the default account's name.  What other accounts send and are told is translated at the
edge.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend

from .protocol import Incoming

REGIONS = frozenset(
    (
        *("us-east-1", "us-west-1", "us-west-2", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1"),
        *("eu-west-1", "sa-east-1", "us-gov-west-1"),
    )
)
"""The regions in which AWS maps the names for each account."""


@cache
def _theirs(region: str) -> Mapping[str, str]:
    """Another account's names, by those of the default account."""
    names = [zone.name for zone in RegionsAndZonesBackend.zones.get(region, [])]
    return dict(zip(names, [*names[1:], *names[:1]], strict=True)) if region in REGIONS else {}


class ZoneNames:
    """Translates the names in a request and in its answer, if they ``differ``."""

    differ = False

    def inward(self, incoming: Incoming, value: Any) -> Any:
        """Parameters, or a body, with the names that zones have within."""
        return self._translated(incoming, value, {outer: inner for inner, outer in _theirs(incoming.region).items()})

    def outward(self, incoming: Incoming, body: bytes) -> bytes:
        """An answer with the names that zones have for its account."""
        told: bytes = self._translated(incoming, body, _theirs(incoming.region))
        return told

    def _translated(self, incoming: Incoming, value: Any, names: Mapping[str, str]) -> Any:
        if not self.differ or not names or incoming.account == DEFAULT_ACCOUNT_ID:
            return value
        return _replaced(value, re.compile(rf"\b{re.escape(incoming.region)}[a-z]\b"), names)


def _replaced(value: Any, pattern: re.Pattern[str], names: Mapping[str, str]) -> Any:
    match value:
        case dict():
            return {key: _replaced(each, pattern, names) for key, each in value.items()}
        case list():
            return [_replaced(each, pattern, names) for each in value]
        case bytes():
            return _replaced(value.decode("utf-8", "surrogateescape"), pattern, names).encode(
                "utf-8", "surrogateescape"
            )
        case str():
            return pattern.sub(lambda match: names.get(match[0], match[0]), value)
    return value
