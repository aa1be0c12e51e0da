"""The table of prices: what comes with the program, and on top of it what ``cost --refresh`` has read since.

Money is decimal, never float: a price is a string in every file, and becomes a ``Decimal`` here and nowhere else.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from ...errors import DemoError
from ...extras import extra, why
from ...private import replace_file
from ...untrusted import text_of

PRICE_LIST = "aws-price-list"
"""The source of a price that was read from AWS's Price List itself."""
ONE_SOURCE = "one source"
"""The confidence in a price that nothing else confirms."""
VERSION = 1
LARGEST_FILE = 10_000_000
"""Bytes of refreshed prices that are read.  A region has two thousand."""
LARGEST_PRICE = 1_000_000
"""US dollars.  Nothing that the demo makes costs a thousandth of that."""


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
        return "confirmed" if len(self.sources) > 1 else ONE_SOURCE


Table = Mapping[tuple[str, str], Price]
"""Prices by item and region: ``("endpoint-hour", "us-east-1")``, ``("instance-hour t3.micro", "us-east-1")``."""


def table() -> Table:
    """Every price that is known; of two for the same thing the newer.  Refreshed ones that cannot be read are named
    (``extras``) and left out."""
    known = dict(_bundled())
    with extra(f"The refreshed prices in {refreshed_file()} cannot be used", "The program's own are used."):
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


def refreshed_file() -> Path | None:
    """Where refreshed prices are kept, by the custom of the system; None if the user has no home directory.

    They are the user's and not a demo's, so not in the state directory.
    """
    from platformdirs import user_config_path  # slow to import

    try:
        return user_config_path("vpce-demo", appauthor=False) / "prices.json"
    except RuntimeError:
        return None


def refreshed() -> Table:
    """What ``cost --refresh`` has written, if anything.  Raises what reading an invalid file does: OSError, ValueError,
    LookupError, TypeError, AttributeError, RecursionError."""
    path = refreshed_file()
    try:
        if path is None:
            return {}
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError("it is not a regular file")
        data = json.loads(text_of(path, LARGEST_FILE))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    if data["version"] != VERSION:
        raise ValueError(f"version {data['version']}, and this program knows {VERSION}")
    return dict(_read(data["prices"]))


def keep(prices: Table) -> Path:
    """Write these over what was refreshed before, for this and later runs; return where.  Raises DemoError."""
    path = refreshed_file()
    if path is None:
        raise DemoError("The prices cannot be kept: there is no home directory.", code="VPCE112", hint="Set HOME.")
    before: Table = {}
    with extra(f"The refreshed prices in {path} cannot be used", "They are replaced."):
        before = refreshed()
    blocks = [
        {"item": item, "date": price.date, "from": list(price.sources), "usd": {region: str(price.usd)}}
        for (item, region), price in sorted({**before, **prices}.items())
    ]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, json.dumps({"version": VERSION, "prices": blocks}, indent=1) + "\n")
    except OSError as error:
        raise DemoError(f"The prices cannot be kept in {path}: {why(error)}.", code="VPCE112") from None
    return path


def _read(blocks: Iterable[Mapping[str, Any]]) -> Iterator[tuple[tuple[str, str], Price]]:
    for block in blocks:
        for region, usd in block["usd"].items():
            if not isinstance(block["item"], str):
                raise TypeError(f"{block['item']!r} is not a valid item")
            yield (block["item"], region), Price(exact(usd), str(block["date"]), tuple(block["from"]))


def exact(usd: object) -> Decimal:
    """The decimal that this string says.  Raises ValueError for anything else, a float above all."""
    try:
        if isinstance(usd, str) and (value := Decimal(usd)).is_finite() and 0 <= value <= LARGEST_PRICE:
            return value
    except InvalidOperation:
        pass
    raise ValueError(f"{usd!r} is not a valid price")
