"""What is found out once, before a demo is first made: zones, images, the operator's address."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from .aws import ID_TAG, Aws, Clients, tags_of
from .config import MY_IP, Config, Consumer, Provider, Settings, named
from .errors import Refused
from .model import Side
from .place import Place, my_address
from .resources.vpc import VPCS


def find_out(config: Config, place: Place, public_key: str) -> Settings:
    """The settings of a new demo.  Raises Refused where no zone will do; asks AWS, all at once, and changes nothing."""
    provider, consumer = place.clients[Side.PROVIDER], place.clients[Side.CONSUMER]
    _refuse_what_is_not_built(place)
    with ThreadPoolExecutor() as pool:
        ours = _Region(pool, provider, config)
        theirs = ours if consumer is provider else _Region(pool, consumer, config)
        source = pool.submit(ssh_source, config, place)
        demo_id = pool.submit(_demo_id, config, provider)
        zone, provider_zone_id, consumer_zone_id = _choose(config, provider.region, ours.usable(), theirs.usable())
        return Settings(
            name=config.name,
            demo_id=demo_id.result(),
            zone=zone,
            instance_type=config.instance_type,
            ssh_source=source.result(),
            page=config.page,
            health_check_seconds=config.health_check_seconds,
            public_key=public_key,
            provider_zone_id=provider_zone_id,
            consumer_zone_id=consumer_zone_id,
            provider_image=ours.image.result(),
            consumer_image=theirs.image.result(),
            provider=Provider(**named(config.name, config.provider)),
            consumer=Consumer(**named(config.name, config.consumer)),
        )


def not_looked_up(config: Config, demo_id: str = "") -> Settings:
    """Settings without what AWS knows: enough to show a plan, and to find a demo by its tags."""
    return Settings(
        name=config.name,
        demo_id=demo_id,
        zone=config.zone or "",
        instance_type=config.instance_type,
        ssh_source=config.ssh_from,
        page=config.page,
        health_check_seconds=config.health_check_seconds,
        provider_zone_id="",
        consumer_zone_id="",
        provider_image="",
        consumer_image="",
        provider=Provider(**named(config.name, config.provider)),
        consumer=Consumer(**named(config.name, config.consumer)),
    )


def ssh_source(config: Config, place: Place) -> str:
    """The addresses from which the instances take ssh."""
    return my_address(place) if config.ssh_from == MY_IP else config.ssh_from


def _demo_id(config: Config, clients: Clients) -> str:
    """The id of the demo that is there without a state file, or a new one."""
    ids = [tags_of(vpc).get(ID_TAG, "") for vpc in Aws(clients, config.name, "").listed(VPCS)]
    return next((id for id in ids if id), secrets.token_hex(3))


def _refuse_what_is_not_built(place: Place) -> None:
    """Two accounts or regions would be built and paid for up to the endpoint, which AWS would then refuse."""
    ours, theirs = place.accounts[Side.PROVIDER], place.accounts[Side.CONSUMER]
    if ours != theirs:
        raise Refused(
            "A customer in another account or region cannot be let in yet.",
            facts={str(side): f"{one['account']} {one['region']}" for side, one in place.accounts.items()},
            hint="Use one account and region for both sides.",
            changed="Nothing was changed.",
        )


class _Region:
    """What has been asked of a side's region."""

    def __init__(self, pool: ThreadPoolExecutor, clients: Clients, config: Config) -> None:
        self.image = pool.submit(image, clients, config.image_parameter)
        self._zones = pool.submit(zones, clients)
        self._offering = pool.submit(offering, clients, config.instance_type)

    def usable(self) -> dict[str, str]:
        """Names and ids of the ordinary zones that offer the instance type."""
        return {name: id for name, id in self._zones.result().items() if name in self._offering.result()}


def image(clients: Clients, parameter: str) -> str:
    """The image that a public parameter names."""
    return clients.ssm.get_parameter(Name=parameter)["Parameter"]["Value"]


def zones(clients: Clients) -> dict[str, str]:
    """Names and ids of the ordinary zones of a region."""
    found = clients.ec2.describe_availability_zones(
        Filters=[{"Name": "zone-type", "Values": ["availability-zone"]}, {"Name": "state", "Values": ["available"]}]
    )["AvailabilityZones"]
    return {zone["ZoneName"]: zone["ZoneId"] for zone in found}


def offering(clients: Clients, instance_type: str) -> set[str]:
    """Names of the zones that offer an instance type."""
    pages = clients.ec2.get_paginator("describe_instance_type_offerings").paginate(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": [instance_type]}]
    )
    return {offering["Location"] for page in pages for offering in page["InstanceTypeOfferings"]}


def _choose(config: Config, region: str, ours: Mapping[str, str], theirs: Mapping[str, str]) -> tuple[str, str, str]:
    """The provider's zone by name and id, and the customer's by id.

    An endpoint has to be in a zone of its service, and the load balancer has one zone: the two sides share it, by id,
    since a name is another zone in another account.  In two regions each takes its own.
    """
    common = {name: id for name, id in sorted(ours.items()) if id in theirs.values()}
    if config.provider.region and config.consumer.region and config.provider.region != config.consumer.region:
        common = dict(sorted(ours.items()))
    if config.zone and config.zone not in common:
        raise Refused(
            f"Zone {config.zone} does not offer {config.instance_type} to both sides.",
            facts={"zones that do": ", ".join(common) or "none"},
            hint="Set another zone, or leave it out and one is chosen.",
            changed="Nothing was changed.",
        )
    if not common:
        raise Refused(
            f"No zone of {region} offers {config.instance_type} to both sides.",
            hint="Set another instance_type or region.",
            changed="Nothing was changed.",
        )
    name = config.zone or next(iter(common))
    id = common[name]
    return name, id, id if id in theirs.values() else min(theirs.values())
