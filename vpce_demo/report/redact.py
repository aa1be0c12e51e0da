"""Masks account ids, resource ids, public addresses and DNS names; equal values get the same mask.

The data is masked before anything is drawn, wrapped or shortened, so that nothing slips through in a picture or a
tooltip.  Names, private addresses and times stay.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from ..aws.partitions import partitions
from ..extras import home
from ..journal.run_log import RecordedRun
from ..masking import each_text
from ..model import Live
from ..session.look import Look
from .known import settings_of

_PATTERNS: dict[str, str] = {
    # In this order: a pattern that may contain another comes first.
    "key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:.(?!-----END))*.(?:-----END [A-Z ]*-----)?",
    "public_key": r"(?<=\bssh-rsa )AAAA[\w+/=]+|(?<=\bssh-ed25519 )AAAA[\w+/=]+",
    "access_key": r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b",
    "uuid": r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b",
    "failure": r"(?<=failure message: )\S+",
    "arn": r"\barn:aws[\w-]*:(?:iam|sts)::[^\s\"',]+",
    "dns": r"\b(?!(?:SERVICES)\.)[\w-]+(?:\.[\w-]+)*\.(?:SUFFIXES)\b",
    "id": r"\b(?:[a-z]+-)+(?:[0-9a-f]{17}|[0-9a-f]{8})\b",
    "hash": r"(?<=[/-])[0-9a-f]{16}\b",
    "account": r"(?<![\d.])\d{12}(?![\d.])",
    "address": r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])",
    "ipv6": r"(?<![\w:])(?:(?:[0-9a-fA-F]{1,4}:){7}|(?:[0-9a-fA-F]{1,4}:)+:(?:[0-9a-fA-F]{1,4}:)*)[0-9a-fA-F]{1,4}\b",
}
_MASKS = {
    **dict.fromkeys(("key", "public_key", "access_key", "uuid"), "xxxxxxxx{n}"),
    "failure": "xxxxxxxx{n}",
    "arn": "arn:aws:xxxxxxxx{n}",
    "dns": "xxxxxxxx{n}.amazonaws.com",
    "id": "{prefix}-xxxxxxxx{n}",
    "hash": "xxxxxxxx{n}",
    "account": "xxxxxxxxxx{n:02d}",
    "address": "x.x.x.{n}",
    "ipv6": "x:x::{n}",
    "word": "xxxxxxxx-{n}",
}


@cache
def _pattern() -> re.Pattern[str]:
    """All patterns, with the domains of every partition and the beginnings of their endpoint services' names."""
    text = "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _PATTERNS.items())
    names = {
        "SERVICES": {one.service_prefix for one in partitions()},
        "SUFFIXES": {one.dns_suffix for one in partitions()},
    }
    for place, domains in names.items():
        text = text.replace(place, "|".join(map(re.escape, sorted(domains, key=len, reverse=True))))
    return re.compile(text, re.DOTALL)


_OURS = [ipaddress.IPv4Network(cidr) for cidr in ("0.0.0.0/32", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
"""Private addresses; those of the demo's own VPCs are kept too."""


class Redactor:
    """Masks values, and ``words`` wherever they stand alone, and remembers their masks.

    Addresses in ``networks``, the demo's own, are kept.
    """

    def __init__(self, networks: Iterable[str] = (), words: Iterable[str] = ()) -> None:
        self._private = [*_OURS, *map(ipaddress.IPv4Network, networks)]
        self._masks: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        found = home()
        self._home = str(found) if found and found.name else ""  # the root is nobody's
        own = sorted({word for word in words if len(word) > 1 and word != "root"}, key=len, reverse=True)
        self._words = re.compile(
            rf"(?<![^\W_])(?P<word>{'|'.join(map(re.escape, own)) or '(?!)'})(?![^\W_])", re.IGNORECASE
        )

    def text(self, text: str) -> str:
        text = text.replace(self._home, "~") if self._home else text
        return self._words.sub(self._mask, _pattern().sub(self._mask, text))

    def data(self, data: Any) -> Any:
        """Mask every text in a JSON value."""
        return each_text(data, self.text)

    def runs(self, runs: Iterable[RecordedRun]) -> list[RecordedRun]:
        return [RecordedRun(run.path, self.data(run.lines)) for run in runs]

    def look(self, look: Look) -> Look:
        live = {key: self._live(one) for key, one in look.live.items()}
        return replace(look, live=live, accounts=self.data(look.accounts), addresses=self.data(look.addresses))

    def _live(self, live: Live) -> Live:
        drift = tuple(one._replace(tutorial=self.text(one.tutorial), aws=self.text(one.aws)) for one in live.drift)
        outputs = self.data(live.outputs)
        return replace(live, id=self.text(live.id), why=self.text(live.why), outputs=outputs, held=(), drift=drift)

    def _mask(self, found: re.Match[str]) -> str:
        kind, whole = found.lastgroup or "", found[0]
        if kind == "address" and self._is_private(whole):
            return whole
        if whole not in self._masks:
            alike = whole.rpartition("-")[0] if kind == "id" else kind
            self._counts[alike] = n = self._counts.get(alike, 0) + 1
            self._masks[whole] = _MASKS[kind].format(prefix=alike, n=n)
        return self._masks[whole]

    def _is_private(self, address: str) -> bool:
        try:
            return any(ipaddress.IPv4Address(address) in network for network in self._private)
        except ValueError:
            return True  # four numbers that are not an address


def redacted(runs: Sequence[RecordedRun], look: Look | None) -> tuple[list[RecordedRun], Look | None]:
    """The runs and the look with masks.  Addresses in the demo's own VPCs are kept, whatever their range."""
    known = [settings for run in runs if (settings := settings_of(run))] + ([look.settings] if look else [])
    redactor = Redactor({side.vpc_cidr for settings in known for side in (settings.provider, settings.consumer)})
    return redactor.runs(runs), redactor.look(look) if look else None
