"""All demos in the accounts and regions of the two sides, or in every region, by their tags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ..aws.environment import Environment
from ..aws.error_codes import ErrorKind, error_kind
from ..aws.messages import understood
from ..aws.tags import DEMO_TAG, ID_TAG, OWNER_TAG, RESOURCE_TAG
from ..chapters import chapter_of, demo_of, in_order, side_of
from ..config.model import EXPIRES_TAG, Config
from ..config.settings import Settings, customer_of
from ..cost.bill import hourly
from ..engine.resource import Aws
from ..model import Phase, Side
from ..resources.stray import INTERFACE, VOLUME, tagged_of_all
from .discover import not_looked_up, settings_of
from .open import sides_of

AT_ONCE = 8
"""So many regions are asked at the same time."""
_Part = tuple[Mapping[str, str], Mapping[str, Any]]
"""The tags of something, and the instance that it is, if it is one."""


@dataclass
class ListedDemo:
    """A demo as its tags tell of it.  ``keys`` are those of its resources, ``type`` is that of an instance of it."""

    name: str
    id: str
    region: str
    owners: Counter[str] = field(default_factory=Counter)
    keys: set[str] = field(default_factory=set)
    sides: dict[Side, str] = field(default_factory=dict)
    """The regions of the sides of which something was found."""
    type: str = Config().instance_type
    since: datetime | None = None
    """When the first of its instances was started."""
    expires: str = ""

    @property
    def owner(self) -> str:
        return self.owners.most_common(1)[0][0]

    @property
    def age(self) -> int | None:
        """Seconds since its first instance was started; None if none is there."""
        return max(0, int((datetime.now(UTC) - self.since).total_seconds())) if self.since else None

    @property
    def regions(self) -> list[str]:
        """Where it stands, the provider's region first."""
        return list(dict.fromkeys(self.sides[side] for side in Side if side in self.sides)) or [self.region]

    @property
    def hourly(self) -> Decimal | None:
        """US dollars; None if a price is not known.

        AWS may not tell of a load balancer yet, or not be allowed to: an endpoint service has one.
        """
        regions = {side: self.sides.get(side, self.region) for side in Side}
        settings = not_looked_up(Config().model_copy(update={"instance_type": self.type}))
        customers = Settings.with_customers({customer_of(key) for key in self.keys} - {0})
        chapters = in_order(map(chapter_of, self.keys))
        demo = demo_of(settings.model_copy(update={**settings_of(regions), **customers, "chapters": chapters}))
        keys = self.keys | ({demo.balancer.key} if demo.service.key in self.keys else set())
        return hourly([r for r in demo.resources if r.key in keys], regions)

    def add(self, region: str, tags: Mapping[str, str], instance: Mapping[str, Any]) -> None:
        """Add something that carries the demo's tags."""
        self.owners[tags.get(OWNER_TAG, "")] += 1
        if key := tags.get(RESOURCE_TAG):
            self.keys.add(key)
            self.sides[side_of(key)] = region
        self.type = instance.get("InstanceType") or self.type
        if started := instance.get("LaunchTime"):
            self.since = min(started, self.since or started)
        self.expires = tags.get(EXPIRES_TAG, self.expires)


def all_demos(every: Iterable[Aws]) -> list[ListedDemo]:
    """Every demo, whoever made it, by name and id.  Raises botocore's errors."""
    once = {id(aws.clients): aws for aws in every}.values()
    return _demos((aws.clients.region, part) for aws in once for part in _parts(aws))


def in_all_regions(name: str, environment: Environment) -> tuple[list[ListedDemo], dict[str, str]]:
    """The same in every region that the accounts have enabled, and of each region that could not be looked at, why.

    Raises botocore's errors if AWS does not tell the regions.
    """
    places = [
        next(iter(sides_of(name, replace(environment, clients={Side.PROVIDER: clients.in_region(region)})).values()))
        for clients in {one.account: one for one in environment.clients.values()}.values()
        for region in _enabled(clients.ec2)
    ]
    found: list[tuple[str, _Part]] = []
    failed: dict[str, str] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for aws, asked in [(aws, pool.submit(list, _parts(aws))) for aws in places]:
            try:
                found += [(aws.clients.region, part) for part in asked.result()]
            except (BotoCoreError, ClientError) as error:
                failed[aws.clients.region] = _why(error)
    return _demos(found), failed


def _enabled(ec2: Any) -> list[str]:
    """The regions that are enabled for the account."""
    listed = ec2.describe_regions()["Regions"]
    return sorted(one["RegionName"] for one in listed if one.get("OptInStatus") != "not-opted-in")


def _why(error: BotoCoreError | ClientError) -> str:
    """Why a region could not be looked at, in a few words."""
    if error_kind(error) is ErrorKind.DENIED:
        return f"{getattr(error, 'operation_name', 'it')} is not allowed to you"
    ours = understood(error)
    return ours.message if ours else str(error)


def _demos(parts: Iterable[tuple[str, _Part]]) -> list[ListedDemo]:
    """The demos that these are of, by region."""
    found: dict[tuple[str, str], ListedDemo] = {}
    for region, (tags, instance) in parts:
        if name := tags.get(DEMO_TAG, ""):
            which = name, tags.get(ID_TAG, "")
            found.setdefault(which, ListedDemo(*which, region)).add(region, tags, instance)
    return [found[which] for which in sorted(found)]


def _parts(aws: Aws) -> Iterator[_Part]:
    """The tags of everything that any demo has in this account and region."""
    with ThreadPoolExecutor(1) as pool:
        tagged = pool.submit(tagged_of_all, aws)
        instances = {one["InstanceId"]: one for one in _instances(aws)}
    for type, id, tags in tagged.result():
        if type not in ("instance", VOLUME, INTERFACE) or id in instances:  # those have the tags of their instance
            yield tags, instances.get(id, {})


def _instances(aws: Aws) -> Iterator[Mapping[str, Any]]:
    """The instances that are not terminated."""
    of_demos = aws.ec2.get_paginator("describe_instances").paginate(Filters=[{"Name": "tag-key", "Values": [DEMO_TAG]}])
    for instance in (one for page in of_demos for each in page["Reservations"] for one in each["Instances"]):
        if Phase.of(instance["State"]["Name"]) not in (Phase.DELETING, Phase.GONE):
            yield instance
