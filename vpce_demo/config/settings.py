"""The settings of one demo: what was wanted and what was found out; and where its files are."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from ..model import Side, numbered
from .model import EXPIRES_TAG, Config, Consumer, CustomerCount, Network, Provider, in_front

TUTORIAL = "tutorial"
"""The 17 steps, among the chapters of a demo."""


def made_by(chapter: str) -> str:
    """The command that makes the tutorial, or a chapter beside it, after ``vpce-demo``."""
    return "up" if chapter == TUTORIAL else f"up --chapter {chapter}"


class Settings(Config):
    """The settings of one demo: the ``Config`` that was wanted, with this demo's names, and what was found out for it.

    The fields below are empty until they are found out, when the demo is first created.
    """

    zone: str  # the one chosen, where none was set
    consumer_account: str = ""  # the consumer's, where it is not the provider's own
    more_consumer_accounts: tuple[str, ...] = Field((), strict=False)  # those of the further profiles, likewise
    demo_id: str
    owner: str = ""  # who made it, as in the tag
    consumer_owner: str = ""  # who made the consumer's side, where that is in another account
    adopted_from: str = ""  # who made it before it was adopted, as in the tag; two are joined by a comma
    expires: str = ""  # until when it is wanted, as in the tag; empty if that was not said
    ssh_source: str
    public_key: str = ""
    provider_zone_id: str
    consumer_zone_id: str
    provider_image: str
    consumer_image: str
    consumer_region: str = ""  # the consumer's, where it is not the provider's own
    service_region: str = ""  # the provider's, in that case
    provider_second_zone_id: str = ""  # in that case
    customers: CustomerCount = 1
    removed_customers: tuple[int, ...] = Field((), strict=False)  # the numbers of those that were taken away
    chapters: tuple[str, ...] = Field((TUTORIAL,), strict=False)  # what was made: the tutorial, and chapters beside it
    by_hand: bool = False  # somebody built it by hand, and the names and the like are those that AWS has
    before: dict[str, str] = Field({})  # by chapter, what its control met before the endpoint was there

    @property
    def customer_numbers(self) -> list[int]:
        """The numbers of the customers, the tutorial's own first."""
        return [n for n in range(1, self.customers + 1) if n not in self.removed_customers]

    @property
    def consumer_accounts(self) -> dict[str, str]:
        """The account of each consumer's party; empty where it is the provider's own."""
        accounts = (self.consumer_account, *self.more_consumer_accounts)
        return {numbered(Side.CONSUMER, number): one for number, one in enumerate(accounts, 1)}

    def party_of(self, customer: int) -> str:
        """The party of the customer with this number: the profiles are taken in turn."""
        return party_of(customer, len(self.consumer_accounts))

    @classmethod
    def with_customers(cls, numbers: Collection[int]) -> dict[str, Any]:
        """The fields for customers of these numbers; of one if there are none."""
        most = max(numbers, default=1)
        removed = tuple(n for n in range(1, most) if numbers and n not in numbers)
        return {"customers": most, "removed_customers": removed}

    @property
    def all_tags(self) -> dict[str, str]:
        """What is tagged on everything beside the marks of each resource."""
        return {**self.tags, **({EXPIRES_TAG: self.expires} if self.expires else {})}

    @property
    def is_over(self) -> bool:
        """True if its time has passed."""
        return bool(self.expires) and datetime.fromisoformat(self.expires) < datetime.now(UTC)

    @model_validator(mode="after")
    def _one_side_knows_of_the_other(self) -> Self:
        return self  # it was checked before the consumer's account was found out

    @model_validator(mode="after")
    def _names_stay_short_enough(self) -> Self:
        return self  # they were checked before the demo's name was put in front

    @classmethod
    def of(cls, config: Config, **found: Any) -> Settings:
        """The config with what was found out.  What is not named is not known yet."""
        unknown = {name: "" for name, field in cls.model_fields.items() if field.is_required()}
        names = {
            "provider": Provider(**_named(config, config.provider)),
            "consumer": Consumer(**_named(config, config.consumer)),
        }
        chosen = {name: getattr(config, name) or "" for name in ("zone", "consumer_account")}
        chosen["customers"] = config.customers or 1
        chosen["more_consumer_accounts"] = ("",) * (len(config.parties) - len(Side))
        return cls(**{**unknown, **config.model_dump(), **chosen, **found, **names})


def party_of(customer: int, profiles: int) -> str:
    """The party of the customer with this number, where so many profiles are taken in turn."""
    return numbered(Side.CONSUMER, (customer - 1) % profiles + 1)


_CUSTOMERS_KEY = re.compile(r"(?:customer|endpoint|acceptance)(?:-[a-z]+)*(?:-(\d{1,3}))?")


def customer_of(key: str) -> int:
    """The number of the customer whose resource has this key; 0 for the provider's."""
    found = _CUSTOMERS_KEY.fullmatch(key)
    return int(found[1] or 1) if found else 0


@dataclass(frozen=True)
class Where:
    """Which demo is meant, and where its files are."""

    config: Config
    state_directory: Path
    sandbox: bool

    @property
    def directory(self) -> Path:
        """The demo's own directory.  A demo in the sandbox and one on AWS never share it."""
        return self.state_directory / self._place / self.config.name

    @property
    def logs(self) -> Path:
        """The directory of the demo's run logs, which outlive it."""
        return self.state_directory / "logs" / self._place / self.config.name

    @property
    def _place(self) -> str:
        return "sandbox" if self.sandbox else "aws"


def _named(config: Config, part: Network) -> dict[str, Any]:
    """A side's settings, with this demo's name in front of every name in AWS."""
    values = part.model_dump()
    return {key: in_front(config.name, value) if key.endswith("_name") else value for key, value in values.items()}
