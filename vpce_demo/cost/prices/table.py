"""The table of prices: what comes with the program, and on top of it what ``cost --refresh`` has read since.

Money is decimal, never float: a price is a string in every file, and becomes a ``Decimal`` here and nowhere else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from ...errors import DemoError

PRICE_LIST = "aws-price-list"
"""The source of a price that was read from AWS's Price List itself."""
VERSION = 1


@dataclass(frozen=True)
class Price:
    """A price in US dollars; ``date`` is when it was read or published, ``sources`` are who says so."""

    usd: Decimal
    date: str
    sources: tuple[str, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.usd, Decimal):
            raise TypeError(f"a price is a Decimal, not {self.usd!r}")

    @property
    def confidence(self) -> str:
        """How sure it is: ``AWS's price list``, ``confirmed`` by several sources, or ``one source``."""
        if PRICE_LIST in self.sources:
            return "AWS's price list"
        return "confirmed" if len(self.sources) > 1 else "one source"


Table = Mapping[tuple[str, str], Price]
"""Prices by item and region: ``("endpoint-hour", "us-east-1")``, ``("instance-hour t3.micro", "us-east-1")``."""


def table() -> Table:
    """Every price that is known; of two for the same thing the newer.  Raises DemoError for a file that is none."""
    known = dict(_bundled())
    for key, price in refreshed().items():
        if key not in known or price.date >= known[key].date:
            known[key] = price
    return known


@cache
def _bundled() -> Table:
    import yaml

    text = (resources.files(__package__) / "prices.yaml").read_text(encoding="utf-8")
    data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return dict(_read(data["prices"]))


def refreshed_file() -> Path:
    """Where refreshed prices are kept.  They are the user's and not a demo's, so not in the state directory."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "vpce-demo" / "prices.json"


def refreshed() -> Table:
    """What ``cost --refresh`` has written, if anything.  Raises DemoError for a file that cannot be used."""
    path = refreshed_file()
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["version"] != VERSION:
            raise ValueError(f"version {data['version']}, and this program knows {VERSION}")
        return dict(_read(data["prices"]))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DemoError(
            f"The refreshed prices in {path} cannot be used: {error}.",
            hint=f"Remove the file, and the prices that came with the program hold again:\n    rm {path}",
        ) from None


def keep(prices: Table) -> Path:
    """Write these over what was refreshed before, for this and later runs; return where.  Raises OSError."""
    try:
        before = refreshed()
    except DemoError:
        before = {}
    blocks = [
        {"item": item, "date": price.date, "from": list(price.sources), "usd": {region: str(price.usd)}}
        for (item, region), price in sorted({**before, **prices}.items())
    ]
    path = refreshed_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps({"version": VERSION, "prices": blocks}, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)
    return path


def _read(blocks: Iterable[Mapping[str, Any]]) -> Iterator[tuple[tuple[str, str], Price]]:
    for block in blocks:
        for region, usd in block["usd"].items():
            yield (block["item"], region), Price(exact(usd), str(block["date"]), tuple(block["from"]))


def exact(usd: object) -> Decimal:
    """The decimal that this string says.  Raises ValueError for anything else, a float above all."""
    try:
        if isinstance(usd, str) and (value := Decimal(usd)).is_finite() and value >= 0:
            return value
    except InvalidOperation:
        pass
    raise ValueError(f"{usd!r} is not a valid price")
