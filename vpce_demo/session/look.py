"""A demo as AWS has it at one moment: what ``status``, ``plan``, ``diagram``, ``report`` and ``walkthrough`` show."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from botocore.exceptions import ClientError

from ..aws.clients import CALLS_AT_ONCE
from ..aws.environment import Environment
from ..aws.error_codes import ErrorKind, error_kind
from ..chapters import demo_of
from ..config.settings import Settings, Where
from ..cost.bill import as_of, cost_of, hourly, so_far
from ..engine.resource import Aws, Resource
from ..errors import NotCreated
from ..model import Live, Remedy, Side, is_fine
from ..resources.aws_endpoints import InterfaceEndpoint
from ..resources.load_balancer import balancer_interfaces
from ..resources.stray import Stray, other_demos
from ..resources.vpc_endpoint import VpcEndpoint, interfaces_of
from ..tutorial import Demo
from .open import open_demo, open_recorded
from .ownership import StandingDemo, Unrecorded
from .run import Run

if TYPE_CHECKING:
    from ..diagram.picture import Frame


T = TypeVar("T")


class Interfaces(NamedTuple):
    """The first private address of a resource's network interfaces, and the names of their zones, separated by commas.
    Both are empty while there are none."""

    address: str = ""
    zones: str = ""


@dataclass(frozen=True)
class Look:
    """What AWS had of a demo at this Unix time.

    ``place`` is ``AWS``, ``sandbox``, or empty where no account was asked; ``accounts`` are accounts and
    regions by side; ``live`` and ``ages`` (seconds) are by resource key, and so are ``addresses``, the private ones of
    what AWS manages, and ``zones``, the names of its zones.  ``proxy`` is the URL that leads into a sandbox's internet.
    """

    at: float
    place: str
    accounts: Mapping[str, Mapping[str, str]]
    settings: Settings
    live: Mapping[str, Live] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    ages: Mapping[str, int] = field(default_factory=dict)
    others: Sequence[Stray] = ()
    """What else has the demo's tags."""
    standing: StandingDemo | None = None
    """The demo, if it stands in the account and is not on record here."""
    other_demos: Sequence[str] = ()
    """The names of the other demos in the account and region."""
    zones: Mapping[str, str] = field(default_factory=dict)
    proxy: str = ""
    not_allowed: Sequence[str] = ()
    """The EC2 calls that AWS would refuse, where ``up`` would make something."""
    only: int = 0
    """The number of the customer that is meant, if only one is."""

    @cached_property
    def demo(self) -> Demo:
        demo = demo_of(self.settings)
        return next((demo.alone(one) for one in demo.customers if one.number == self.only), demo)

    @property
    def is_free(self) -> bool:
        return self.place == "sandbox"

    @property
    def frame(self) -> Frame:
        """What the picture needs beside the resources."""
        from ..diagram.picture import Frame

        theirs = self.accounts.get(self.demo.customers[0].party, self.accounts[Side.CONSUMER])
        accounts = {Side.PROVIDER: dict(self.accounts[Side.PROVIDER]), Side.CONSUMER: dict(theirs)}
        return Frame(self.settings.name, self.place, self.settings.zone, accounts, self.addresses)

    @property
    def regions(self) -> dict[Side, str]:
        """The region of each side."""
        return {side: self.accounts[side]["region"] for side in Side}

    @property
    def there(self) -> list[Resource]:
        return [r for r in self.demo.resources if r.key in self.live]

    @property
    def fine(self) -> list[Resource]:
        return [r for r in self.demo.resources if is_fine(self.live.get(r.key))]

    @property
    def missing(self) -> list[Resource]:
        """What ``up`` would make: what is not there, or is to be replaced."""
        return [r for r in self.demo.resources if not is_fine(self.live.get(r.key))]

    @property
    def differing(self) -> list[Resource]:
        """What is there and stays, but differs from the tutorial."""
        return [r for r in self.fine if self.live[r.key].drift]

    @property
    def to_mend(self) -> list[Resource]:
        """What ``up`` would mend in place."""
        return [r for r in self.differing if any(one.remedy is Remedy.MEND for one in self.live[r.key].drift)]

    # --- money ------------------------------------------------------------------

    def cost_of(self, resources: list[Resource]) -> str:
        return cost_of(resources, self.regions)

    @property
    def so_far(self) -> str:
        """``, $0.14 so far``, where that is known."""
        amount = so_far(self.there, self.regions, self.ages)
        return "" if amount is None else f", ${amount:.2f} so far"

    @property
    def prices_of(self) -> str:
        """The date of the prices, in a sentence; empty where there is none."""
        days = as_of(self.demo.resources, self.regions)
        return f"Prices of {days}." if days else ""

    @property
    def prices(self) -> dict[str, Decimal | None]:
        """Dollars an hour, by resource key."""
        return {r.key: hourly([r], self.regions) for r in self.demo.resources}

    @property
    def money(self) -> dict[str, str | None]:
        """What the resources that are there cost, or the whole demo would: decimals as strings, null if not known."""
        of, regions = self.there or self.demo.resources, self.regions
        amounts = {"hourly_usd": hourly(of, regions), "so_far_usd": so_far(of, regions, self.ages)}
        written = {name: None if amount is None else f"{amount:.6f}" for name, amount in amounts.items()}
        return {**written, "prices_of": as_of(of, regions)}


def look_at(
    where: Where,
    environment: Environment | None,
    command: str,
    *,
    plans: bool = False,
    others: bool = False,
    every_customer: bool = False,
    chapters: Collection[str] = (),
) -> Look:
    """Open the demo, look at AWS once, and close it; without an environment, what is on record or planned.

    ``plans``: with the settings, and the refusals, of ``up``.  ``others``: also look for what else has its tags.
    ``every_customer``: those that were taken away are wanted again.  ``chapters``: what is planned too.
    """
    if environment is None:
        return planned(where, chapters)
    unrecorded = Unrecorded.REFUSE if plans else Unrecorded.SHOW
    with open_demo(
        where,
        environment,
        command,
        only_looks=True,
        plans=plans,
        unrecorded=unrecorded,
        every_customer=every_customer,
        chapters=chapters,
    ) as run:
        run.look()
        if others:
            run.look_for_strays()
        look = look_of(run)
        if plans and look.missing:
            look = replace(look, not_allowed=run.not_allowed())
        return replace(look, other_demos=other_demos(run.sides)) if others else look


def look_of(run: Run) -> Look:
    """What a run saw when it last looked."""
    accounts = {str(party): dict(one) for party, one in run.environment.accounts.items()}
    live = run.demo.with_gateways(run.sides[Side.PROVIDER].known)
    managed = managed_interfaces(run)
    return Look(
        time.time(),
        run.environment.name,
        accounts,
        run.settings,
        live,
        addresses_of(managed),
        run.ages,
        run.others,
        run.standing,
        zones={key: one.zones for key, one in managed.items()},
        proxy=run.environment.proxy,
    )


def planned(where: Where, chapters: Collection[str] = ()) -> Look:
    """A demo as it would be made, of what is on record; or these chapters alone."""
    accounts = {str(side): {"account": "", "region": where.config.region_of(side) or "us-east-1"} for side in Side}
    settings = open_recorded(where)[1]
    if chapters:
        settings = settings.model_copy(update={"chapters": tuple(chapters)})
    return Look(time.time(), "sandbox" if where.sandbox else "", accounts, settings)


def addresses_of(managed: Mapping[str, Interfaces]) -> dict[str, str]:
    """The private addresses by resource key."""
    return {key: one.address for key, one in managed.items()}


def managed_interfaces(run: Run) -> dict[str, Interfaces]:
    """The interfaces of the endpoints and the load balancer, which are AWS's own."""
    endpoints: list[Resource] = [one.endpoint for one in run.demo.customers]
    endpoints += [r for r in run.demo.resources if isinstance(r, InterfaceEndpoint)]
    balancer = run.demo.balancer
    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        theirs: dict[int, tuple[Aws, list[VpcEndpoint]]] = {}
        for customer in run.demo.customers:
            aws = run.sides_of(customer)[Side.CONSUMER]
            theirs.setdefault(id(aws), (aws, []))[1].append(customer.endpoint)
        of_endpoints = [pool.submit(_asked, partial(interfaces_of, *each), {}) for each in theirs.values()]
        of_balancer = pool.submit(_asked, lambda: balancer_interfaces(run.sides[Side.PROVIDER], balancer), [])
    found = {balancer.key: of_balancer.result()}
    for asked in of_endpoints:
        found |= asked.result()
    return {key: _interfaces(found.get(key, [])) for key in (*(one.key for one in endpoints), balancer.key)}


def _asked(ask: Callable[[], T], nothing: T) -> T:
    """The answer; nothing if what is asked for is not there, has just gone, or may not be asked for."""
    try:
        return ask()
    except NotCreated:
        return nothing
    except ClientError as error:
        if error_kind(error) not in (ErrorKind.MISSING, ErrorKind.DENIED):
            raise
        return nothing


def _interfaces(found: Sequence[Any]) -> Interfaces:
    zones = sorted({one.get("AvailabilityZone", "") for one in found})
    return Interfaces(found[0]["PrivateIpAddress"] if found else "", ",".join(filter(None, zones)))
