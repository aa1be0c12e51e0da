"""Finds out what a new demo needs to know: zones, images, the operator's address."""

from __future__ import annotations

import contextlib
import ipaddress
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

from botocore.exceptions import ClientError
from pydantic import BaseModel, ValidationError

from ..aws.clients import CALLS_AT_ONCE, Clients
from ..aws.environment import Environment
from ..aws.error_codes import ErrorKind, error_kind, error_message, may_not_be_asked
from ..aws.my_address import my_address
from ..aws.partitions import partition_of
from ..aws.quotas import QUOTAS, counts_vcpus, is_too_small, limit, vcpus
from ..aws.region import (
    NOT_FOR_REMOTE_ACCESS,
    OPEN_THE_GATEWAYS,
    THE_ORGANIZATION_S,
    image,
    instance_type,
    instances_of,
    internet_gateways,
    offering,
    own_vpcs,
    public_access,
    zones,
)
from ..aws.tags import BY_HAND_TAG, DEMO_TAG, ID_TAG, RESOURCE_TAG, tags_of
from ..chapters import CHAPTERS, demo_of, in_order
from ..config.model import MY_IP, Config
from ..config.settings import TUTORIAL, Settings
from ..engine.resource import Aws, Item, Listing
from ..errors import Refused, RegionNotEnabled
from ..model import Phase, Side
from ..resources.by_tag import Tagged, tagged
from ..resources.instance import INSTANCES
from ..resources.subnet import SUBNETS


def find_out(
    config: Config, environment: Environment, sides: Mapping[str, Aws], chapters: Collection[str] = (TUTORIAL,)
) -> Settings:
    """The settings of a demo without recorded ones, asked of AWS in parallel; without its identity and ssh key.

    Raises Refused if no zone is suitable, or a consumer alone does not say which service to connect to.  Changes
    nothing.
    """
    if TUTORIAL in chapters and config.side == Side.CONSUMER.value and not config.service:
        raise Refused(
            "The consumer's side alone needs the name of the provider's endpoint service.",
            code="VPCE132",
            hint="The provider's up printed it:  <command> --service-name com.amazonaws.vpce.REGION.vpce-svc-ID",
        )
    provider, consumer = environment.clients[Side.PROVIDER], environment.clients[Side.CONSUMER]
    regions = regions_apart(config, environment)
    if regions:
        _refuse_regions_out_of_reach(environment, regions)
    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        clients = {id(one): one for one in environment.clients.values()}
        each = {key: _Region(pool, one, config) for key, one in clients.items()}
        ours, theirs = each[id(provider)], each[id(consumer)]
        source = pool.submit(ssh_source, config, environment)
        accounts = {(one.account, one.region): one for one in environment.clients.values()}.values()
        there = [pool.submit(_there, aws) for aws in {id(aws): aws for aws in sides.values()}.values()]
        room = [
            pool.submit(refuse_no_room, config, one, *counts, is_sandbox=environment.is_sandbox)
            for one, *counts in networks(config, environment, range(1, (config.customers or 1) + 1), chapters)
        ]
        gateways = [pool.submit(_refuse_closed_gateways, one) for one in accounts]
        usable = ours.usable()
        for one in environment.consumers if config.service else ():
            if in_service := zones_of_service(one, config.service or ""):
                usable = {name: id for name, id in usable.items() if id in in_service}
        choose = _choose_in_two_regions if regions else _choose
        customers = [each[id(one)].usable() for one in environment.consumers]
        in_all = {name: id for name, id in theirs.usable().items() if all(id in one.values() for one in customers)}
        zones = choose(config, provider.region, usable, in_all)
        before = {key: value for one in there for key, value in one.result().items()}
        for enough in (*room, *([] if before else gateways)):  # what stands may have been excluded
            enough.result()
        return Settings.of(
            config,
            zone=zones.name,
            **regions,
            ssh_source=source.result(),
            provider_zone_id=before.get("provider-subnet") or zones.provider,
            provider_second_zone_id=before.get("provider-subnet-2") or zones.second,
            consumer_zone_id=_first(before, "customer-subnet", "private-subnet")
            or ("" if regions else before.get("provider-subnet"))
            or zones.consumer,
            provider_image=before.get("web") or ours.image.result(),
            consumer_image=_first(before, "customer", "private") or theirs.image.result(),
        )


_NAMES = {"vpc": "vpc_name", "gateway": "gateway_name", "subnet": "subnet_name", "routes": "route_table_name"}
_FIELDS: Mapping[str, Sequence[tuple[str, str, str]]] = {
    whose: (
        *((f"{whose}-{key}", setting, "Name") for key, setting in _NAMES.items()),
        (f"{whose}-group", "group_name", "GroupName"),
        (f"{whose}-group", "group_description", "Description"),
        (f"{whose}-key", "key_name", "KeyName"),
        (instance, "key_name", "KeyName"),
        (instance, "instance_name", "Name"),
        *more,
    )
    for whose, instance, *more in (
        (
            *("provider", "web", ("service", "service_name", "Name")),
            ("load-balancer", "load_balancer_name", "LoadBalancerName"),
            ("target-group", "target_group_name", "TargetGroupName"),
        ),
        ("customer", "customer", ("endpoint", "endpoint_name", "Name")),
    )
}
"""Of each side's resources by key: a setting, and AWS's field, or the tag, that has its value.  The last one holds."""


def as_built_by_hand(settings: Settings, sides: Mapping[str, Aws]) -> Settings:
    """The settings as AWS has them of a demo that somebody built by hand, so that ``up`` replaces nothing of it, and
    makes nothing twice; of any other demo they stay."""
    there: dict[str, Tagged] = {}
    for one in tagged(sides):
        if sides[Side.PROVIDER].is_ours(one.tags):
            there.setdefault(one.tags.get(RESOURCE_TAG, ""), one)  # an instance is listed before its volumes
    if not any(BY_HAND_TAG in one.tags for one in there.values()):
        return settings

    def of(key: str, field: str) -> Any:
        one = there.get(key)
        return (one.tags if field == "Name" else one.item).get(field) if one else None

    for whose, part in ("provider", "provider"), ("customer", "consumer"):
        network: Any = getattr(settings, part)
        for key, setting, field in _FIELDS[whose]:
            network = _with(network, setting, of(key, field))
        settings = settings.model_copy(update={part: network})
    settings = _with(settings, "health_check_seconds", of("target-group", "HealthCheckIntervalSeconds"))
    settings = _with(settings, "instance_type", of("web", "InstanceType") or of("customer", "InstanceType"))
    for allowed in of("customer-group", "IpPermissions") or of("provider-group", "IpPermissions") or ():
        if (allowed.get("FromPort"), allowed.get("ToPort")) == (22, 22):
            wider = [one["CidrIp"] for one in allowed["IpRanges"] if _holds(one["CidrIp"], settings.ssh_source)]
            settings = settings.model_copy(update={name: wider[0] for name in ("ssh_from", "ssh_source") if wider})
    return settings.model_copy(update={"by_hand": True})


M = TypeVar("M", bound=BaseModel)


def _with(model: M, name: str, value: object) -> M:
    """The model with this value, if there is one that the setting can have."""
    with contextlib.suppress(ValidationError):
        return type(model).model_validate({**model.model_dump(), name: value}) if value else model
    return model


def _holds(cidr: str, other: str) -> bool:
    return bool(other) and ipaddress.IPv4Network(other).subnet_of(ipaddress.IPv4Network(cidr))


def _first(before: Mapping[str, str], key: str, in_chapter: str) -> str | None:
    """What this resource of the tutorial was created with, or the one of a chapter that has this key after its name."""
    keys = (key, *(f"{name}-{in_chapter}" for name in CHAPTERS))
    return next((before[one] for one in keys if one in before), None)


def not_looked_up(config: Config, demo_id: str = "") -> Settings:
    """Settings without what only AWS knows: enough to show a plan, and to find a demo by its tags."""
    regions = {side: config.region_of(side) or "" for side in Side}
    return Settings.of(
        config,
        demo_id=demo_id,
        ssh_source="" if config.ssh_from == MY_IP else config.ssh_from,
        **settings_of(regions),
    )


def regions_apart(config: Config, environment: Environment) -> dict[str, str]:
    """The settings of two regions; empty for one.  Of a side without a sign-in, the region is the one that the settings
    name."""
    regions = environment.regions
    if config.side:
        regions |= {side: named for side in Side if side != config.side and (named := config.region_of(side))}
    return settings_of(regions)


def settings_of(regions: Mapping[Side, str]) -> dict[str, str]:
    """The regions of the sides, if they are two, as settings."""
    ours, theirs = regions[Side.PROVIDER], regions[Side.CONSUMER]
    return {"service_region": ours, "consumer_region": theirs} if ours != theirs else {}


def ssh_source(config: Config, environment: Environment) -> str:
    """The address range from which the instances accept ssh."""
    return my_address(environment) if config.ssh_from == MY_IP else config.ssh_from


def _there(aws: Aws) -> dict[str, str]:
    """What an existing demo without a state file was created with: by key the zones of its subnets and the images of
    its instances."""
    zones = {key: one["AvailabilityZoneId"] for key, one in _by_key(aws, SUBNETS)}
    images = {
        key: one["ImageId"]
        for key, one in _by_key(aws, INSTANCES)
        if Phase.of(one["State"]["Name"]) in (Phase.PENDING, Phase.READY)
    }
    return {**zones, **images}


def _by_key(aws: Aws, listing: Listing[Item]) -> Iterator[tuple[str, Item]]:
    """What the call lists of this demo's id, with the resource key in its tags."""
    for one in aws.listed(listing):
        tags = tags_of(one)
        if tags.get(ID_TAG) == aws.demo_id:
            yield tags.get(RESOURCE_TAG, ""), one


def zones_of_service(clients: Clients, service: str) -> list[str]:
    """The ids of the zones that the provider's service and this account have in common; empty for a service in another
    region, of which AWS shows none, and where the caller may not ask.

    Raises Refused if AWS does not show the service: it does not say why.
    """
    region = service.split(".")[3]
    if partition_of(region) != partition_of(clients.region):
        raise Refused(
            "The endpoint service is in another partition, which PrivateLink does not reach.",
            code="VPCE124",
            facts={"service": service, "consumer": clients.region},
            hint=f"Take a region of the same partition, such as the service's own:  <command> --region {region}",
        )
    where = ["--consumer-region", clients.region] if region != clients.region else []
    elsewhere: Any = {"ServiceRegions": [region]} if where else {}
    try:
        answer = clients.ec2.describe_vpc_endpoint_services(ServiceNames=[service], **elsewhere)
    except ClientError as error:
        if may_not_be_asked(error):
            return []  # it is not needed: the endpoint's own create call tells
        if error_kind(error) is not ErrorKind.NOT_YET:
            raise
        raise Refused(
            f"AWS does not show the endpoint service to account {clients.account}.",
            code="VPCE125",
            facts={"service": service, "AWS said": error_message(error)},
            hint=NOT_SHOWN.format(account=" ".join([clients.account, *where])),
        ) from error
    (details,) = answer["ServiceDetails"]
    ids = details.get("AvailabilityZoneIds", [])
    return ids or [id for name, id in zones(clients).items() if name in details.get("AvailabilityZones", [])]


NOT_SHOWN = """\
It says the same of a wrong name, of a service that does not let this account connect, and of one in another region.
Ask the provider, who lets the account in by:
    <their-demo> up --side provider --consumer-account {account}"""


def networks(
    config: Config, environment: Environment, customers: Collection[int], chapters: Collection[str] = (TUTORIAL,)
) -> list[tuple[Clients, int, int]]:
    """The clients of each account and region, and how many VPCs, each with a gateway, and how many instances are there
    with the customers of these numbers and these chapters."""
    accounts = {name: getattr(environment, name) for name in ("consumer_account", "more_consumer_accounts")}
    settings = not_looked_up(config).model_copy(
        update={**accounts, **Settings.with_customers(customers), "chapters": in_order(chapters)}
    )
    clients, counts = {}, Counter[tuple[tuple[str, str], str]]()
    for r in demo_of(settings).resources:
        one = environment.clients[r.party]
        place = one.account, one.region
        clients[place] = one
        counts[place, r.kind] += 1
    return [(one, counts[place, "Vpc"], counts[place, "Instance"]) for place, one in clients.items()]


def refuse_no_room(
    config: Config, clients: Clients, networks: int, instances: int, *, is_sandbox: bool = False
) -> None:
    """Raise Refused if the quotas leave no room for this many VPCs, each with a gateway, and instances.

    Service Quotas is asked only if the default may be too small, as it always may where not every account has at least
    that; a sandbox's account has the defaults.  Without permission to ask, a default counts that every account has, if
    it is not exceeded already.
    """
    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        vpcs, gateways = pool.submit(own_vpcs, clients), pool.submit(internet_gateways, clients)
        counts = counts_vcpus(config.instance_type)
        type = pool.submit(instance_type, clients, config.instance_type) if counts else None
        found = pool.submit(instances_of, clients) if counts else None
    there: dict[str, tuple[list[tuple[Mapping[str, Any], int]], int]] = {
        "VPCs": ([(one, 1) for one in vpcs.result()], networks),
        "internet gateways": ([(one, 1) for one in gateways.result()], networks),
    }
    if type and found and (told := type.result()):
        there["vCPUs"] = [(one, vcpus(one)) for one in found.result()], instances * told["VCpuInfo"]["DefaultVCpus"]
    for what, (held_by, needs) in there.items():
        quota, used = QUOTAS[what], sum(count for _, count in held_by)
        wanted = max(0, needs - sum(count for one, count in held_by if tags_of(one).get(DEMO_TAG) == config.name))
        if used + wanted <= quota.default and (quota.is_everybody_s or is_sandbox):
            continue
        most, is_own = limit(clients, what)
        if not is_too_small(quota, most, is_own, used, wanted):
            continue
        needed = used + wanted
        raise Refused(
            f"There is no room for {wanted} more {what}.",
            code="VPCE052",
            facts={"account": clients.account, "region": clients.region, what: f"{used} of {most} there"},
            hint=f"Raise the quota of the sandbox:  <demo> sandbox start --quota {quota.in_sandbox}={needed}"
            if is_sandbox and quota.in_sandbox
            else "Delete what you do not need, take another --region, or ask for more in the Service Quotas console.",
        )


def _refuse_closed_gateways(clients: Clients) -> None:
    """Raise Refused if VPC Block Public Access closes internet gateways: no ssh would get in."""
    found = public_access(clients)
    if not found.is_closed:
        return
    raise Refused(
        "VPC Block Public Access closes the account's internet gateways, which the demo needs.",
        code="VPCE053",
        facts={"account": clients.account, "region": clients.region, "InternetGatewayBlockMode": found.mode},
        hint="Take another --region. An exclusion does not help: it is for a VPC that exists, and the demo creates "
        "its own.\n"
        + (
            THE_ORGANIZATION_S
            if found.is_the_organizations
            else f"Or, for the whole account and region (ask whoever set it):\n    {clients.cli} {OPEN_THE_GATEWAYS}"
        ),
    )


def _refuse_regions_out_of_reach(environment: Environment, regions: Mapping[str, str]) -> None:
    """Raise Refused for regions of two partitions, and RegionNotEnabled if a side's account has not enabled the other
    side's region, which AWS asks for (``aws-behaviours-2.md`` section 3.2)."""
    partitions = {region: partition_of(region).name for region in regions.values()}
    if len(set(partitions.values())) > 1:
        raise Refused(
            "PrivateLink connects no regions of different partitions.",
            code="VPCE072",
            facts=partitions,
            hint="Take another --consumer-region.",
        )
    for one in {id(each): each for each in environment.clients.values()}.values():
        for other in regions.values():
            listed = one.ec2.describe_regions(RegionNames=[other], AllRegions=True)["Regions"]
            if any(region.get("OptInStatus") == "not-opted-in" for region in listed):
                raise RegionNotEnabled(one.account, other, one.cli)


class _Region:
    """The requests that are under way about a side's region."""

    def __init__(self, pool: ThreadPoolExecutor, clients: Clients, config: Config) -> None:
        self.image = pool.submit(image, clients, config)
        self._zones = pool.submit(zones, clients)
        self._offering = pool.submit(offering, clients, config.instance_type)

    def usable(self) -> dict[str, str]:
        """Names and ids of the Availability Zones that offer the instance type."""
        return {name: id for name, id in self._zones.result().items() if name in self._offering.result()}


class _Zones(NamedTuple):
    """The provider's zone by name and id, the consumer's by id; in two regions also the provider's second one."""

    name: str
    provider: str
    consumer: str
    second: str = ""


def _choose_in_two_regions(config: Config, region: str, ours: Mapping[str, str], theirs: Mapping[str, str]) -> _Zones:
    """Each side takes its own zones, the provider two: AWS asks for that.  ``zone`` is the provider's, or that of the
    only side."""
    usable, customers = (
        {name: id for name, id in sorted(side.items()) if id not in NOT_FOR_REMOTE_ACCESS} for side in (ours, theirs)
    )
    if config.zone and config.zone not in usable:
        raise Refused(
            f"Zone {config.zone} does not offer {config.instance_type}, or takes no part in access from other regions.",
            code="VPCE066",
            facts={"zones that do": ", ".join(usable) or "none"},
            hint="Set another zone of the provider's, or leave it out and one is chosen.",
        )
    if len(usable) < (1 if config.side == Side.CONSUMER.value else 2) or not customers:
        raise Refused(
            f"The provider needs two zones that offer {config.instance_type}, and the consumer one.",
            code="VPCE067",
            facts={"provider": ", ".join(usable) or "none", "consumer": ", ".join(customers) or "none"},
            hint="Set another instance_type or region.",
        )
    name = config.zone or next(iter(usable))
    second = next((id for id in usable.values() if id != usable[name]), "")
    consumer = usable[name] if config.side == Side.CONSUMER.value else next(iter(customers.values()))
    return _Zones(name, usable[name], consumer, second)


def _choose(config: Config, region: str, ours: Mapping[str, str], theirs: Mapping[str, str]) -> _Zones:
    """An endpoint must be in a zone of its service, and the load balancer has one zone.  So both sides share it, by
    id: a name may mean another zone in another account."""
    common = {name: id for name, id in sorted(ours.items()) if id in theirs.values()}
    if config.zone and config.zone not in common:
        raise Refused(
            f"Zone {config.zone} does not offer {config.instance_type} to both sides.",
            code="VPCE066",
            facts={"zones that do": ", ".join(common) or "none"},
            hint="Set another zone, or leave it out and one is chosen.",
        )
    if not common:
        raise Refused(
            f"No zone of {region} offers {config.instance_type} to both sides.",
            code="VPCE067",
            hint="Set another instance_type or region.",
        )
    name = config.zone or next(iter(common))
    return _Zones(name, common[name], common[name])
