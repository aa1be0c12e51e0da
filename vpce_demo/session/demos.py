"""All demos in the accounts and regions of the two sides, by their tags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal

from ..aws.tags import DEMO_TAG, ID_TAG, OWNER_TAG, RESOURCE_TAG
from ..chapters import chapter_of, demo_of, in_order
from ..config.model import EXPIRES_TAG, Config
from ..config.settings import Settings, customer_of
from ..cost.bill import hourly
from ..engine.resource import Aws
from ..model import Phase, Side
from ..resources.stray import INTERFACE, VOLUME, tagged_of_all
from .discover import not_looked_up, settings_of


@dataclass
class ListedDemo:
    """A demo as its tags tell of it.  ``keys`` are those of its resources, ``type`` is that of an instance of it."""

    name: str
    id: str
    region: str
    owners: Counter[str] = field(default_factory=Counter)
    keys: set[str] = field(default_factory=set)
    regions: dict[Side, str] = field(default_factory=dict)
    """The regions of the sides that were looked at, where something of it was found."""
    type: str = Config().instance_type
    expires: str = ""

    @property
    def owner(self) -> str:
        return self.owners.most_common(1)[0][0]

    @property
    def hourly(self) -> Decimal | None:
        """US dollars; None if a price is not known.

        AWS may not tell of a load balancer yet, or not be allowed to: an endpoint service has one.
        """
        regions = {side: self.regions.get(side, self.region) for side in Side}
        settings = not_looked_up(Config().model_copy(update={"instance_type": self.type}))
        customers = Settings.with_customers({customer_of(key) for key in self.keys} - {0})
        chapters = in_order(map(chapter_of, self.keys))
        demo = demo_of(settings.model_copy(update={**settings_of(regions), **customers, "chapters": chapters}))
        keys = self.keys | ({demo.balancer.key} if demo.service.key in self.keys else set())
        return hourly([r for r in demo.resources if r.key in keys], regions)


def all_demos(sides: Mapping[str, Aws]) -> list[ListedDemo]:
    """Every demo, whoever made it, by name and id.  Raises botocore's errors."""
    found: dict[tuple[str, str], ListedDemo] = {}
    for aws in {id(aws.clients): aws for aws in sides.values()}.values():
        for tags, type in _parts(aws):
            name, demo_id = tags.get(DEMO_TAG, ""), tags.get(ID_TAG, "")
            if not name:
                continue
            demo = found.setdefault((name, demo_id), ListedDemo(name, demo_id, aws.clients.region))
            demo.owners[tags.get(OWNER_TAG, "")] += 1
            demo.regions |= {
                Side.of(party): aws.clients.region for party, one in sides.items() if one.clients is aws.clients
            }
            if key := tags.get(RESOURCE_TAG):
                demo.keys.add(key)
            demo.type = type or demo.type
            demo.expires = tags.get(EXPIRES_TAG, demo.expires)
    return [found[which] for which in sorted(found)]


def _parts(aws: Aws) -> Iterator[tuple[Mapping[str, str], str]]:
    """The tags of everything that any demo has in this account, and for an instance its type."""
    with ThreadPoolExecutor(1) as pool:
        tagged = pool.submit(tagged_of_all, aws)
        types = dict(_instances(aws))
    for type, id, tags in tagged.result():
        if type not in ("instance", VOLUME, INTERFACE) or id in types:  # those have the tags of their instance
            yield tags, types.get(id, "")


def _instances(aws: Aws) -> Iterator[tuple[str, str]]:
    """The instances that are not terminated, with their types."""
    of_demos = aws.ec2.get_paginator("describe_instances").paginate(Filters=[{"Name": "tag-key", "Values": [DEMO_TAG]}])
    for instance in (one for page in of_demos for each in page["Reservations"] for one in each["Instances"]):
        if Phase.of(instance["State"]["Name"]) not in (Phase.DELETING, Phase.GONE):
            yield instance["InstanceId"], instance["InstanceType"]
