"""Finds a demo that was built by hand: by its shape, without tags and without a record.

A VPC has the tutorial's addresses, a subnet lies in it, a load balancer stands in the subnet, a service names the load
balancer, an endpoint names the service.  The tutorial's names only decide among several.  What is chosen is given to
the kinds of ``resources`` as their ids, so that they describe and compare it as they do the program's own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from ..aws.error_codes import ErrorKind, error_kind
from ..aws.region import if_allowed
from ..aws.tags import DEMO_TAG, tags_of
from ..config.settings import Settings
from ..engine.resource import Aws, Listing, Resource
from ..model import ANYWHERE, Held, Live, Phase, Side
from ..resources.elb import NamedListing
from ..resources.endpoint_service import SERVICES, EndpointService, connections
from ..resources.instance import INSTANCES
from ..resources.internet_gateway import GATEWAYS
from ..resources.key_pair import KEY_PAIRS
from ..resources.load_balancer import LOAD_BALANCERS
from ..resources.route_table import ROUTE_TABLES
from ..resources.security_group import GROUPS
from ..resources.subnet import SUBNETS
from ..resources.target_group import TARGET_GROUPS, target_health
from ..resources.vpc import VPCS
from ..resources.vpc_endpoint import ENDPOINTS
from ..tutorial import Demo

if TYPE_CHECKING:
    from mypy_boto3_ec2.literals import ResourceTypeType
    from mypy_boto3_ec2.type_defs import FilterTypeDef, TagSpecificationTypeDef

HTTP = 80
LOST = ("rejected", "failed", "expired", "deleting", "deleted")
"""States of an endpoint from which no way leads back."""


@dataclass(frozen=True)
class ByShape(Aws):
    """Finds a resource by the id that was ``chosen`` for its key, and asks for no tags."""

    chosen: MutableMapping[str, str] = field(default_factory=dict)

    def mine(self, resource: Resource, listing: Listing[Any]) -> Iterator[Any]:
        if id := self.chosen.get(resource.key):
            yield from self.shared((listing, id), lambda: self._by_id(listing, id))

    def tags(self, resource: Resource) -> dict[str, str]:
        return {"Name": resource.name}

    def held(self, resource: Resource, tags: Mapping[str, str], *fields: Held) -> tuple[Held, ...]:
        return fields

    def tagged(
        self, resource: Resource, *types: ResourceTypeType, more: Mapping[str, str] | None = None
    ) -> list[TagSpecificationTypeDef]:
        return super().tagged(resource, *types)


class Thing(NamedTuple):
    """Something that a describe call lists, with the name that the console shows."""

    id: str
    name: str
    described: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.id} ({self.name})" if self.name else self.id

    def of(self, field: str) -> Any:
        """A field of it, as AWS names it; empty if it has none."""
        return self.described.get(field, "")

    def each(self, listed: str, field: str) -> list[Any]:
        """This field of each item of a list that it has."""
        return [item[field] for item in self.described.get(listed, []) if field in item]


Hint = Callable[[Thing], bool]


@dataclass
class Shapes:
    """Chooses, for each resource of a demo, which of AWS's items it is.

    ``vpcs`` and ``service`` are ids that the user named.  ``everything``: also what carries this program's tags.
    ``own`` is True for the tags of the demo that is being adopted, whose things go before any other.
    ``only`` is the only side that there is a sign-in for, and ``service_name`` the service that a consumer alone named.
    All dictionaries are by resource key.
    """

    demo: Demo
    sides: Mapping[str, ByShape]
    vpcs: Collection[str] = ()
    service: str = ""
    everything: bool = False
    only: str | None = None
    service_name: str = ""
    own: Callable[[Mapping[str, str]], bool] = lambda tags: False
    names: dict[str, str] = field(default_factory=dict)
    """The name of what was chosen, as the console shows it."""
    described: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """AWS's description of what was chosen."""
    rivals: dict[str, list[Thing]] = field(default_factory=dict)
    """Those between which nothing decides."""
    because: dict[str, str] = field(default_factory=dict)
    """Why something is missing."""
    not_allowed: dict[str, str] = field(default_factory=dict)
    """Why something could not be looked at."""
    listed: set[str] = field(default_factory=set)
    """The ids of all that EC2 has."""
    left_out: set[str] = field(default_factory=set)
    """Those of what this program made."""
    unseen: Side | None = None
    """The side that was not looked at: there is no sign-in for it, or it is in another account or region."""
    told: dict[str, Live] = field(default_factory=dict)
    """What is known of that side through the other one: the service that an endpoint names, or who has connected."""
    unseen_region: str = ""
    """The region of that side, if that is what has to be said to look at it."""

    def find(self) -> None:
        """Choose an id for each resource of which AWS has one.  Raises ClientError."""
        if self.only:
            side = next(each for each in Side if each != self.only)
            self._leave_out(side, f"there is no sign-in for the {side}'s side")
        services = self._listed(Side.PROVIDER, SERVICES, "service")
        balancers = self._listed(Side.PROVIDER, LOAD_BALANCERS, "load-balancer")
        behind = {arn: one.id for one in services for arn in one.described.get("NetworkLoadBalancerArns", [])}
        meant = {one.of("VpcId") for one in balancers if behind.get(one.id) == self.service}
        vpc = self._vpc("provider", lambda one: one.id in meant)
        balancers = [one for one in balancers if one.of("VpcId") == vpc]
        if vpc:
            self._provider(vpc, balancers, behind)
        hints: list[Hint] = [
            lambda one: one.id == self.service,
            lambda one: self.chosen.get("load-balancer", "") in [*one.of("NetworkLoadBalancerArns")],
            lambda one: one.id in [behind.get(balancer.id) for balancer in balancers],
            self._named("service"),
        ]
        service = self._pick("service", [one for one in services if any(hint(one) for hint in hints)], *hints)
        endpoints = self._listed(Side.CONSUMER, ENDPOINTS, "endpoint")
        to_services = [one for one in endpoints if ".vpce-svc-" in one.of("ServiceName")]
        ours = [one for one in to_services if service and one.of("ServiceName").endswith(f".{service.id}")]
        if not service and "provider-vpc" not in {*self.chosen, *self.rivals}:
            ours = self._of_a_service_elsewhere(to_services)
        elif not ours and not {*self.vpcs} - {vpc}:
            self._connected_from_elsewhere()
        vpc = self._vpc("customer", lambda one: one.id in [each.of("VpcId") for each in ours])
        if vpc:
            self._network("customer", vpc)
            self._instance("customer", "customer", vpc)
        self._pick(
            "endpoint",
            [*ours, *(one for one in to_services if vpc and one.of("VpcId") == vpc)],
            lambda one: one in ours,
            lambda one: one.of("State").lower() not in LOST,
            lambda one: one.of("VpcId") == vpc,
            self._named("endpoint"),
        )

    @property
    def chosen(self) -> MutableMapping[str, str]:
        return self.sides[Side.PROVIDER].chosen

    def groups(self, side: Side) -> list[Any]:
        """Every security group of a side's account."""
        return [one.described for one in self._listed(side, GROUPS, "customer-group")]

    @property
    def taken(self) -> set[str]:
        """The names that load balancers and target groups of the region have."""
        listed = ((LOAD_BALANCERS, "load-balancer"), (TARGET_GROUPS, "target-group"))
        return {one.name for listing, key in listed for one in self._listed(Side.PROVIDER, listing, key)}

    # --- a side in another account or region -----------------------------------------

    def _leave_out(self, side: Side, why: str, region: str = "") -> None:
        """Do not look at a side."""
        self.unseen, self.unseen_region = side, region
        self.not_allowed |= {r.key: why for r in self.demo.resources if r.side is side}

    def _of_a_service_elsewhere(self, endpoints: Sequence[Thing]) -> list[Thing]:
        """The endpoint of a service that the provider has elsewhere, and what it tells of that service.

        An account may have endpoints to many people's services.  Unless the user said that it is the consumer's, only
        one in a subnet with the tutorial's addresses counts.
        """
        cidr = self._field("customer-subnet", "cidr")
        subnets = self._listed(Side.CONSUMER, SUBNETS, "customer-subnet")
        right = {one.id for one in subnets if one.of("CidrBlock") == cidr}

        def is_lost(one: Thing) -> bool:
            return one.of("State").lower() in LOST

        def is_elsewhere(one: Thing) -> bool:
            return not right & {*one.of("SubnetIds")}

        named = [one for one in endpoints if self.service_name in ("", one.of("ServiceName"))]
        if not self.only:
            named = [one for one in named if not is_lost(one) and not is_elsewhere(one)]
        ours = sorted(named, key=lambda one: (is_lost(one), is_elsewhere(one)))[:1]
        name = ours[0].of("ServiceName") if ours else self.service_name
        if not name:
            return []
        *_, region, id = name.split(".")
        here = self.sides[Side.PROVIDER].clients
        if self.unseen is None:
            why = f"{id} is not in account {here.account} in {here.region}"
            self._leave_out(Side.PROVIDER, why, region if region != here.region else "")
        self.told["service"] = EndpointService.named(name)
        for word in [one.of("State") for one in ours]:
            if word.lower() == "pendingacceptance":
                self.not_allowed["acceptance"] = f"{word}: the provider has to accept it"
            else:
                self.told["acceptance"] = Live(ours[0].id, Phase.of(word), word)
        return ours

    def _connected_from_elsewhere(self) -> None:
        """The endpoint that somebody connected to the service from another account or region."""
        aws, theirs = self.sides[Side.PROVIDER], self.sides[Side.CONSUMER].clients
        if not (service := self.chosen.get("service")):
            return
        aws.known["service"] = Live(service)
        for one in self._if_allowed("acceptance", lambda: connections(aws, self.demo.service)):
            owner, region = one["VpcEndpointOwner"], one.get("VpcEndpointRegion") or theirs.region
            word, there = one["VpcEndpointState"], (owner, region)
            if word.lower() in LOST or (self.unseen is None and there == (theirs.account, theirs.region)):
                continue
            self.told["endpoint"] = Live(one["VpcEndpointId"], word=word)
            if self.unseen is None:
                why = f"{one['VpcEndpointId']} is in account {owner} in {region}"
                self._leave_out(Side.CONSUMER, why, region if owner == theirs.account else "")
            break

    # --- the two networks ---------------------------------------------------------

    def _vpc(self, whose: str, is_meant: Hint) -> str:
        """The id of the provider's or the customer's VPC: the one that the user named or something leads to, else the
        one with the tutorial's addresses, else with its name.  The provider's addresses are hardly anybody else's, so
        that the only VPC near them is meant, too."""
        key = f"{whose}-vpc"
        cidr, taken = self._field(key, "cidr"), self.chosen.values()
        other_cidr = self._field("customer-vpc" if whose == "provider" else "provider-vpc", "cidr")
        hints: list[Hint] = [
            lambda one: one.id in self.vpcs and one.of("CidrBlock") != other_cidr,
            is_meant,
            lambda one: one.of("CidrBlock") == cidr,
            self._named(key),
        ]
        there = [one for one in self._listed(self._side(key), VPCS, key) if one.id not in taken]
        there = [one for one in there if not one.of("IsDefault") or one.id in self.vpcs]
        near = [one for one in there if one.of("CidrBlock").split(".")[0] == cidr.split(".")[0]]
        only = near if whose == "provider" and len(near) == 1 else []
        found = self._pick(key, [one for one in there if any(hint(one) for hint in hints)] or only, *hints, asks=True)
        return found.id if found else ""

    def _network(self, whose: str, vpc: str, used: Collection[str] = ()) -> str:
        """The gateway, the subnet and the route table in a VPC; returns the subnet's id.  ``used`` are the subnets in
        which something stands."""
        side = self._side(f"{whose}-vpc")
        gateways = self._listed(side, GATEWAYS, f"{whose}-gateway")

        def is_free(one: Thing) -> bool:
            return not one.of("Attachments") and one.id not in self.chosen.values()

        self._pick(
            f"{whose}-gateway",
            [one for one in gateways if vpc in one.each("Attachments", "VpcId") or is_free(one)],
            lambda one: vpc in one.each("Attachments", "VpcId"),
            self._named(f"{whose}-gateway"),
        )
        subnet = self._subnet(f"{whose}-subnet", vpc, used)
        if any(r.key == f"{whose}-subnet-2" for r in self.demo.resources):
            self._subnet(f"{whose}-subnet-2", vpc, used)
        tables = self._in(vpc, side, ROUTE_TABLES, f"{whose}-routes")
        of_subnet = [one for one in tables if subnet and subnet.id in one.each("Associations", "SubnetId")]
        if subnet and not of_subnet:
            self.because[f"{whose}-routing"] = "the subnet uses the VPC's main route table"
        self._pick(
            f"{whose}-routes",
            of_subnet or [one for one in tables if True not in one.each("Associations", "Main")],
            lambda one: ANYWHERE in one.each("Routes", "DestinationCidrBlock"),
            self._named(f"{whose}-routes"),
        )
        return subnet.id if subnet else ""

    def _subnet(self, key: str, vpc: str, used: Collection[str]) -> Thing | None:
        cidr = self._field(key, "cidr")
        return self._pick(
            key,
            [one for one in self._in(vpc, self._side(key), SUBNETS, key) if one.id not in self.chosen.values()],
            lambda one: one.of("CidrBlock") == cidr,
            lambda one: one.id in used,
            self._named(key),
        )

    def _instance(self, key: str, whose: str, vpc: str, *hints: Hint) -> None:
        """The instance in a VPC, with its key pair and the one of its security groups that is the tutorial's."""
        side, subnet = self._side(key), self.chosen.get(f"{whose}-subnet")

        def phase(one: Thing) -> Phase:
            return Phase.of(one.of("State")["Name"])

        chosen = self._pick(
            key,
            [one for one in self._in(vpc, side, INSTANCES, key) if phase(one) not in (Phase.GONE, Phase.DELETING)],
            *hints,
            lambda one: one.of("SubnetId") == subnet,
            lambda one: bool(one.of("KeyName")),
            lambda one: bool(one.of("PublicIpAddress")) or phase(one) is Phase.PENDING,
            lambda one: phase(one) in (Phase.READY, Phase.PENDING),
            self._named(key),
        )
        groups = self._in(vpc, side, GROUPS, f"{whose}-group")
        own = chosen.each("SecurityGroups", "GroupId") if chosen else []
        self._pick(
            f"{whose}-group",
            [one for one in groups if one.id in own] or [one for one in groups if one.name != "default"],
            lambda one: any(sources(one.described, HTTP)),
            self._named(f"{whose}-group"),
        )
        listed = self._listed(side, KEY_PAIRS, f"{whose}-key")
        pairs = [one._replace(name=one.of("KeyName")) for one in listed]
        of_it = chosen.of("KeyName") if chosen else ""  # which may have been deleted since
        self._pick(
            f"{whose}-key",
            [one for one in pairs if of_it in ("", one.name)],
            self._named(f"{whose}-key"),
            lambda one: one.id in self.chosen.values(),
        )
        if of_it:
            self.names[f"{whose}-key"] = of_it

    # --- the load balancer ------------------------------------------------------------

    def _provider(self, vpc: str, balancers: Sequence[Thing], behind: Mapping[str, str]) -> None:
        """What the provider has in its VPC.  ``behind`` has the service of a load balancer by its ARN."""
        subnet = self._network(
            "provider", vpc, [id for one in balancers for id in one.each("AvailabilityZones", "SubnetId")]
        )
        groups = self._listed(Side.PROVIDER, TARGET_GROUPS, "target-group")
        forwarding = {arn for one in groups for arn in one.of("LoadBalancerArns")}
        balancer = self._pick(
            "load-balancer",
            balancers,
            lambda one: one.of("Type") == "network",
            lambda one: one.of("Scheme") == "internet-facing" and subnet in one.each("AvailabilityZones", "SubnetId"),
            lambda one: one.id in forwarding,
            lambda one: one.id in behind and self.service in ("", behind[one.id]),
            self._named("load-balancer"),
        )
        listeners = self._listeners(balancer) if balancer else []
        used = [arn for one in listeners for arn in one.each("DefaultActions", "TargetGroupArn")]
        named = self._named("target-group")

        def is_right(one: Thing) -> bool:
            return [one.of(f) for f in ("VpcId", "Protocol", "Port", "TargetType")] == [vpc, "TCP", HTTP, "instance"]

        def may_be(one: Thing) -> bool:
            return one.of("VpcId") == vpc or one.id in used or (named(one) and one.of("VpcId") not in self.left_out)

        targets = self._pick("target-group", filter(may_be, groups), is_right, lambda one: one.id in used, named)
        self._pick(
            "listener",
            listeners,
            lambda one: one.of("Port") == HTTP,
            lambda one: one.of("Protocol") == "TCP",
            lambda one: bool(targets and targets.id in one.each("DefaultActions", "TargetGroupArn")),
        )
        health: dict[str, str] = {}
        if targets:
            aws = self.sides[Side.PROVIDER]
            aws.known["target-group"] = Live(targets.id)
            for one in self._if_allowed("target", lambda: target_health(aws, self.demo.targets)):
                health[one.get("Target", {}).get("Id", "")] = one.get("TargetHealth", {}).get("State", "").lower()
        self._instance(
            "web",
            "provider",
            vpc,
            lambda one: health.get(one.id) == "healthy",
            lambda one: health.get(one.id) != "unhealthy",
            lambda one: one.id in health,
        )

    def _listeners(self, balancer: Thing) -> list[Thing]:
        aws = self.sides[Side.PROVIDER]

        def ask() -> list[Any]:
            pages = aws.elb.get_paginator("describe_listeners").paginate(LoadBalancerArn=balancer.id)
            return [one for page in pages for one in page["Listeners"]]

        found = self._if_allowed("listener", lambda: aws.shared(("listeners", balancer.id), ask))
        return [Thing(one["ListenerArn"], "", one) for one in found]

    # --- how something is listed and chosen ---------------------------------------------

    def _listed(self, side: Side, listing: Listing[Any] | NamedListing, key: str) -> list[Thing]:
        """All that a call lists in the account, but for what this program made; nothing if it is not allowed, or on the
        side that is not looked at."""
        if side is self.unseen:
            return []
        aws = self.sides[side]
        if isinstance(listing, NamedListing):
            balanced = self._if_allowed(key, lambda: aws.shared(listing, lambda: listing.all(aws)))
            for each in balanced:
                aws.shared((listing, each.arn), partial(list, [each]))
            return [Thing(each.arn, each.name, each.described) for each in balanced]
        items = self._if_allowed(key, lambda: aws.shared(listing, lambda: list(listing.pages(aws, {}))))
        found = []
        for item in items:
            id, tags = listing.id(item), tags_of(item)
            self.listed.add(id)
            aws.shared((listing, id), partial(list, [item]))
            if self.everything or id in (*self.vpcs, self.service) or DEMO_TAG not in tags or self.own(tags):
                found.append(Thing(id, item.get("GroupName") or tags.get("Name", ""), item))
            else:
                self.left_out.add(id)
        return found

    def _in(self, vpc: str, side: Side, listing: Listing[Any], key: str) -> list[Thing]:
        return [one for one in self._listed(side, listing, key) if one.of("VpcId") == vpc]

    def _if_allowed(self, key: str, ask: Callable[[], Iterable[Any]]) -> list[Any]:
        try:
            return list(ask())
        except ClientError as error:
            if error_kind(error) is not ErrorKind.DENIED:
                raise
            self.not_allowed[key] = f"{error.operation_name} is not allowed to you"
            return []

    def _pick(self, key: str, there: Iterable[Thing], *hints: Hint, asks: bool = False) -> Thing | None:
        """Choose the one for which the first of these hints holds, or else the next.  ``asks``: of several that are
        equal none is chosen."""
        ranked = sorted(
            ([not self.own(tags_of(one.described)), *(not hint(one) for hint in hints)], one.id, one)
            for one in {each.id: each for each in there}.values()
        )
        if not ranked:
            return None
        equal = [one for missed, _, one in ranked if missed == ranked[0][0]]
        if len(equal) > 1 and asks:
            self.rivals[key] = equal
            return None
        best = ranked[0][2]
        self.chosen[key], self.names[key], self.described[key] = best.id, best.name, best.described
        return best

    def _named(self, key: str) -> Hint:
        name = self.demo.part(key).name
        return lambda one: one.name == name

    def _field(self, key: str, name: str) -> str:
        return str(getattr(self.demo.part(key), name))

    def _side(self, key: str) -> Side:
        return self.demo.part(key).side


def sources(group: Mapping[str, Any], port: int) -> Iterator[str]:
    """Who may connect to this TCP port: CIDR blocks, groups and prefix lists."""
    for rule in group["IpPermissions"]:
        if rule["IpProtocol"] in ("tcp", "6", "-1") and rule.get("FromPort", 0) <= port <= rule.get("ToPort", 65535):
            for listed, id in (
                ("IpRanges", "CidrIp"),
                ("UserIdGroupPairs", "GroupId"),
                ("PrefixListIds", "PrefixListId"),
            ):
                yield from (str(one[id]) for one in rule.get(listed, []) if id in one)


def made_by_hand(aws: Aws, settings: Settings) -> list[str]:
    """The VPCs with the provider's addresses and no demo's tags, if the provider's side is looked at.  Asks once."""
    which: list[FilterTypeDef] = [{"Name": "cidr", "Values": [settings.provider.vpc_cidr]}]
    if settings.side == Side.CONSUMER.value:
        return []
    listed = if_allowed(lambda: aws.ec2.describe_vpcs(Filters=which)["Vpcs"]) or []
    return [one["VpcId"] for one in listed if DEMO_TAG not in tags_of(one)]
