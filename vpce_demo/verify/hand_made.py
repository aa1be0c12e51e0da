"""The tutorial's steps in an account where somebody did them by hand: what is done, what is not, and the next thing.

It only reads.  What is found by its shape (``by_shape.py``) is described and compared by the kinds themselves; the
command for the next thing is the call that the kind would send, with the ids of this account.
"""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from ..aws.clients import Clients
from ..aws.commands import as_command
from ..aws.error_codes import ErrorKind, error_kind
from ..aws.region import NOT_FOR_REMOTE_ACCESS, if_allowed, image, offering, zones
from ..config.settings import Settings
from ..engine.drift import NONE, compared, with_drift
from ..engine.resource import Aws, Resource, closure
from ..errors import THIS_DEMO, ConfigError, NotCreated
from ..model import ANYWHERE, Drift, Live, Phase, Record, Remedy, Side
from ..musts import CONSOLE, HEALTH_CHECK, MORE_IS_FINE, MUSTS, OPTIONAL, WHY_UNHEALTHY
from ..resources.allowed_principal import AllowedPrincipal
from ..resources.endpoint_service import account_root, allowed_principals
from ..resources.instance import Instance
from ..resources.key_pair import KeyPair
from ..resources.load_balancer import Listener, LoadBalancer
from ..resources.security_group import IngressRule
from ..resources.subnet import Subnet
from ..resources.target_group import Registration, TargetGroup, target_health
from ..resources.vpc_endpoint import Acceptance, VpcEndpoint
from ..tutorial import Demo, Step, tutorial
from .aws_facts import look
from .by_shape import HTTP, ByShape, Shapes, sources
from .diagnosis.filters import lets_in
from .dry_run import Catching, Sent

FOUND_THROUGH_OTHERS = (
    *("GatewayAttachment", "SubnetRouting", "InternetRoute", "CrossZone", "Registration", "AllowedPrincipal"),
    "Acceptance",
)
"""The kinds that have no id of their own to choose."""
WITH_ATTRIBUTES = (Subnet, TargetGroup)
"""The kinds with a must that AWS tells in a call of its own."""


class State(StrEnum):
    """How far a step is."""

    DONE = "done"
    NOT_YET = "not yet"
    DIFFERS = "differs"
    MISSING = "missing"
    NOT_LOOKED_AT = "not looked at"


WORST_FIRST = (State.DIFFERS, State.MISSING, State.NOT_LOOKED_AT, State.NOT_YET)


@dataclass(frozen=True)
class Problem:
    """What is not done of a resource, with the fields that have to be otherwise."""

    resource: Resource
    state: State
    why: str = ""
    drift: tuple[Drift, ...] = ()


@dataclass(frozen=True)
class Note:
    """A field in which somebody chose something else than the tutorial, without being wrong."""

    resource: Resource
    drift: Drift


@dataclass(frozen=True)
class CheckedStep:
    """A step, by its number (``15.2``), with the worst of its problems, and notes."""

    number: str
    step: Step
    problem: Problem | None = None
    notes: tuple[Note, ...] = ()

    @property
    def state(self) -> State:
        return self.problem.state if self.problem else State.DONE


@dataclass(frozen=True)
class NextThing:
    """The one thing to do next: ``what``, where to click in the console, and the command that does it."""

    number: str
    what: str
    command: str
    resource: Resource | None = None
    click: str = ""


@dataclass
class HandMade:
    """A demo that somebody built by hand, as AWS has it: ``live`` is by resource key."""

    settings: Settings
    demo: Demo
    shapes: Shapes
    sides: Mapping[str, ByShape]
    live: dict[str, Live] = field(default_factory=dict)
    not_asked: dict[str, str] = field(default_factory=dict)
    """Why a resource could not be looked at, by its key."""
    health: dict[str, str] = field(default_factory=dict)
    """What AWS says of each target, by the instance's id: ``unhealthy (Target.Timeout: Request timed out)``."""

    @property
    def steps(self) -> list[CheckedStep]:
        """The steps that AWS can be asked about, in order."""
        told = [step for step in self.demo.steps if step.resources]
        numbers = [step.number for step in told]
        found = []
        for step in told:
            part = numbers[: told.index(step) + 1].count(step.number)
            number = f"{step.number}.{part}" if numbers.count(step.number) > 1 else str(step.number)
            problems = [problem for r in step.resources if (problem := self._problem(r))]
            worst = min(problems, key=lambda one: WORST_FIRST.index(one.state), default=None)
            notes = tuple(note for r in step.resources for note in self._notes(r))
            found.append(CheckedStep(number, step, worst, notes))
        return found

    # --- looking --------------------------------------------------------------------

    def look(self) -> None:
        """Look at everything that was chosen, and compare it.  Raises ClientError."""
        for r in self.demo.resources:
            try:
                live = self.shapes.told.get(r.key) or self._live(r)
            except ClientError as error:
                if error_kind(error) is not ErrorKind.DENIED:
                    raise
                self.not_asked[r.key] = f"{error.operation_name} is not allowed to you"
                continue
            if live:
                self.live[r.key] = self.sides[r.side].known[r.key] = live
        for r in self.demo.resources:
            if r.key in self.live:
                live, aws = self.live[r.key], self.sides[r.side]
                asks = isinstance(r, WITH_ATTRIBUTES)
                self.live[r.key] = compared(r, live, aws, self.live) if asks else with_drift(r, live, self.live)
        if self.demo.registration.key in self.live:
            self._look_at_the_targets()

    def _look_at_the_targets(self) -> None:
        for one in target_health(self.sides[Side.PROVIDER], self.demo.targets):
            health = one.get("TargetHealth", {})
            state, reason = health.get("State", "").lower(), health.get("Reason", "")
            said = ": ".join(filter(None, (reason, health.get("Description", ""))))
            self.health[one.get("Target", {}).get("Id", "")] = f"{state} ({said})" if said else state

    def _live(self, r: Resource) -> Live | None:
        id, aws = self.shapes.chosen.get(r.key, ""), self.sides[r.side]
        if isinstance(r, IngressRule):
            return self._rule(r)
        if isinstance(r, AllowedPrincipal):
            return self._principal(r)
        if r.kind not in FOUND_THROUGH_OTHERS:
            if not id:
                return None
            if isinstance(r, (LoadBalancer, TargetGroup)):
                aws.known[r.key] = Live(id)  # which is asked for by its ARN
        return look(r, aws)

    def _principal(self, r: AllowedPrincipal) -> Live | None:
        """The permission of the consumer's account, whoever of it is allowed; or everybody's."""
        id, aws = self.shapes.chosen.get(r.service.key), self.sides[r.side]
        allowed = allowed_principals(aws, id) if id else []
        found = [one for one in allowed if one == "*" or f":{r.account}:" in one]
        root = account_root(aws, r.account)
        return Live(root, word=r.ready_word, held=(("principal", root, found),)) if found else None

    def _rule(self, r: IngressRule) -> Live | None:
        """An inbound rule for the port, of whatever form.  The one for HTTP has to let in whoever needs it."""
        group = self.shapes.described.get(r.group.key)
        whom = list(sources(group, r.port)) if group else []
        if not group or not whom:
            return None
        live = Live(group["GroupId"], held=(("source", r.source, whom),))
        if r.port == HTTP and not self._lets_in([group], r.side):
            return replace(live, phase=Phase.WRONG)
        return live

    def _lets_in(self, groups: list[Any], side: Side) -> bool:
        """True if these security groups let HTTP in from a side: from the provider's load balancer, or from the
        consumer's instance."""
        of = self.shapes.described
        whose = "provider" if side is Side.PROVIDER else "customer"
        instance = of.get("customer", {})
        peers = [one["GroupId"] for one in instance.get("SecurityGroups", [])]
        if side is Side.PROVIDER:
            instance, peers = {}, of.get("load-balancer", {}).get("SecurityGroups", [])
        cidr = of.get(f"{whose}-subnet", {}).get("CidrBlock", ANYWHERE)
        return lets_in(groups, HTTP, instance.get("PrivateIpAddress") or str(ipaddress.IPv4Network(cidr)[4]), peers)

    def _one_lets_in(self, ids: Iterable[str], side: Side) -> bool:
        """True if one of the security groups with these ids lets the consumer's instance in."""
        return self._lets_in([one for one in self.shapes.groups(side) if one["GroupId"] in ids], Side.CONSUMER)

    @property
    def _endpoint_has_a_group(self) -> bool:
        """True if a security group of the endpoint other than the instance's lets the instance in."""
        held = {one["GroupId"] for one in self.shapes.described.get("endpoint", {}).get("Groups", [])}
        return self._one_lets_in(held - {self.shapes.chosen.get("customer-group")}, Side.CONSUMER)

    # --- judging --------------------------------------------------------------------

    def _problem(self, r: Resource) -> Problem | None:
        key, live = r.key, self.live.get(r.key)
        if unsettled := [one for one in closure([r]) if one.key in self.shapes.rivals]:
            several = ", ".join(map(str, self.shapes.rivals[unsettled[0].key]))
            return Problem(r, State.NOT_LOOKED_AT, f"several fit: {several}")
        if why_not := self._why_not_looked_at(r):
            return Problem(r, State.NOT_LOOKED_AT, why_not)
        if live is None:
            needs_no_key = isinstance(r, KeyPair) and self._has_its_instance(r)
            optional = key in OPTIONAL or needs_no_key or (key == "customer-rule-http" and self._endpoint_has_a_group)
            return None if optional else Problem(r, State.MISSING, self.shapes.because.get(key, ""))
        if isinstance(r, Registration) and live.phase is Phase.READY and _is_open(live.word, live.why):
            if self._problem(r.instance):
                return Problem(r, State.NOT_LOOKED_AT, "the web server comes first")
            return Problem(r, State.NOT_YET, f"{live.word} ({live.why})")
        if live.phase is Phase.PENDING:
            return Problem(r, State.NOT_YET, live.word)
        if drift := tuple(self.musts(r, live)):
            checked = any(one.field in HEALTH_CHECK for one in drift)
            return Problem(r, State.DIFFERS, f"AWS says: {self._unhealthy}" if checked else live.why, drift)
        if live.phase is not Phase.READY:
            return Problem(r, State.DIFFERS, live.why, (Drift("state", r.ready_word, live.word or live.phase.value),))
        if r is self.demo.web and self._unhealthy:
            before = self.demo.resources[: self.demo.resources.index(self.demo.service)]
            if not any(self._problem(one) for one in before if one is not r):  # which may be why it is
                return self._silent_web_server(r)
        return None

    def _silent_web_server(self, r: Resource) -> Problem:
        """The web server whose health check fails though everything else is right."""
        group = self.shapes.described["target-group"]
        seconds = group["HealthCheckIntervalSeconds"] * group["HealthyThresholdCount"]
        told = next(told for reason, told in WHY_UNHEALTHY.items() if reason in self._unhealthy)
        why = f"{told}; after a repair AWS sees it within {seconds} seconds"
        return Problem(r, State.DIFFERS, why, (Drift("target health", "healthy", self._unhealthy),))

    def _why_not_looked_at(self, r: Resource) -> str:
        """Why this resource, or one that it needs and that is not known either, could not be looked at."""
        why_not = self.not_asked | self.shapes.not_allowed
        if r.key in why_not and r.key not in self.live:
            return why_not[r.key]
        needs = (need.resource for need in r.needs())
        return next(filter(None, (self._why_not_looked_at(one) for one in needs if one.key not in self.live)), "")

    def _has_its_instance(self, pair: KeyPair) -> bool:
        return any(isinstance(r, Instance) and r.key_pair is pair and r.key in self.live for r in self.demo.resources)

    def musts(self, r: Resource, live: Live) -> Iterator[Drift]:
        """The fields in which it has to be as in the tutorial, and is not."""
        fields = MUSTS.get(r.kind, ())
        if isinstance(r, TargetGroup) and self._unhealthy:
            fields += HEALTH_CHECK
        for one in live.drift:
            if one.field in fields and not self._is_fine(r, live, one):
                yield one
        if isinstance(r, Instance) and not self.shapes.described[r.key].get("KeyName") and r is self.demo.customer:
            yield Drift("key pair", r.key_pair.name, NONE, Remedy.REPLACE)

    def _is_fine(self, r: Resource, live: Live, one: Drift) -> bool:
        if isinstance(r, IngressRule):
            return live.phase is Phase.READY
        if isinstance(r, VpcEndpoint) and one.field == "security groups" and self._endpoint_has_a_group:
            return True
        if isinstance(r, LoadBalancer) and one.field == "security groups":
            enforces = self.shapes.described[r.key].get("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic", "on")
            return enforces == "off" or self._one_lets_in(one.aws.split(", "), Side.PROVIDER)
        if isinstance(r, Registration) and one.field == "further targets":
            return all(self.health.get(id.rpartition(":")[0]) == "healthy" for id in one.aws.split(", "))
        wanted = set() if one.tutorial == NONE else set(one.tutorial.split(", "))
        return one.field in MORE_IS_FINE and wanted <= set(one.aws.split(", "))

    @property
    def _unhealthy(self) -> str:
        """What AWS says of the web server if its health check fails; else empty."""
        said = self.health.get(self.shapes.chosen.get("web", ""), "")
        return said if said.startswith("unhealthy") and "(Elb." not in said else ""

    def _notes(self, r: Resource) -> Iterator[Note]:
        name, live = self.shapes.names.get(r.key), self.live.get(r.key)
        if name and name != r.name:
            yield Note(r, Drift("name", r.name, name))
        if live is None:
            group = self.live.get(r.group.key) if isinstance(r, IngressRule) else None
            if group and not self._problem(r):
                yield Note(r, Drift("source", str(getattr(r, "source", "")), NONE))
            return
        musts = list(self.musts(r, live))
        yield from (Note(r, one) for one in live.drift if one not in musts and live.phase is Phase.READY)

    # --- the next thing -----------------------------------------------------------------

    def next_thing(self) -> NextThing | None:
        """The first step that can be done now; nothing if all are done."""
        steps = self.steps
        waits = {one.problem.resource.key: one for one in steps if one.problem and one.state is State.NOT_YET}
        for one in steps:
            p = one.problem
            if p is None or p.state is State.NOT_YET:
                continue
            if p.state is State.NOT_LOOKED_AT and self.shapes.rivals:
                rivals = next(iter(self.shapes.rivals.values()))
                named = [f"--vpc {id}" for id in (*self.shapes.vpcs, rivals[0].id)]
                several = ", ".join(map(str, rivals))
                named += [f"--service {id}" for id in (self.shapes.service,) if id]
                command = " ".join([f"{THIS_DEMO} check", *named])
                return NextThing(one.number, f"say which one is meant: {several}", command)
            if p.state is State.NOT_LOOKED_AT or any(n.resource.key in waits for n in p.resource.needs() if n.ready):
                continue
            if command := self._command(p):
                of = p.drift[0].field if p.drift else ""
                clicks = CONSOLE[p.resource.kind]
                click = clicks.get(of) or clicks[""]
                return NextThing(one.number, _what(p), command, p.resource, click)
        if (side := self.shapes.unseen) and not self.shapes.only:
            other = next(each for each in Side if each is not side)
            number = next(one.number for one in steps if self.is_left_out(one))
            what = f"name the {side}'s profile or region, or look at the {other}'s side only"
            there = f"--{side}-region {region}" if (region := self.shapes.unseen_region) else f"--side {other}"
            return NextThing(number, what, f"{THIS_DEMO} check {there}")
        if waits:
            number = next(iter(waits.values())).number
            return NextThing(number, f"wait: AWS is working on step {number}", f"{THIS_DEMO} check")
        return None

    def is_left_out(self, one: CheckedStep) -> bool:
        """True of a step on the side that was not looked at."""
        p = one.problem
        return bool(p and p.state is State.NOT_LOOKED_AT and p.resource.side is self.shapes.unseen)

    def _command(self, p: Problem) -> str:
        """The command that does what is missing, or brings back what differs: in place, or else with another one."""
        r, live = self._to_make(p.resource), self.live.get(p.resource.key)
        aws = self.sides[r.side]
        if isinstance(r, KeyPair):
            create = _caught(aws, lambda aws: aws.ec2.create_key_pair(KeyName=r.name))[0]
            return f"{create} --query KeyMaterial --output text > {r.name}.pem && chmod 400 {r.name}.pem"
        if live is None or isinstance(r, IngressRule):
            in_the_way = self._listener_in_the_way() if isinstance(r, Listener) else []
            return " && ".join([*in_the_way, *_caught(aws, r.request)])
        if isinstance(r, Instance) and live.word.lower() in ("stopped", "stopping"):
            return _caught(aws, lambda aws: aws.ec2.start_instances(InstanceIds=[live.id]))[0]
        if isinstance(r, LoadBalancer) and p.drift and p.drift[0].field == "security groups":
            group = replace(self.demo.customer_group, key="load-balancer-group")
            opened = IngressRule("", r.party, "", group=group, port=HTTP, source=ANYWHERE)
            return _caught(replace(aws, known={group.key: Live(p.drift[0].aws.split(", ")[0])}), opened.request)[0]
        wrong = live.phase in (Phase.WRONG, Phase.FAILED)
        in_place = not wrong and all(r.remedy(one.field)[0] is not Remedy.LEAVE for one in p.drift)
        mended = _caught(aws, partial(p.resource.mend, live=replace(live, drift=p.drift))) if in_place else []
        if mended:
            return mended[0]
        gone: list[str] = []
        if (wrong and not isinstance(r, Instance)) or (isinstance(r, Subnet) and self._overlaps(r)):
            gone = _caught(aws, partial(p.resource.delete, live=live))
        return " && ".join([*gone, *_caught(aws, r.request)])

    def _overlaps(self, r: Subnet) -> bool:
        there = ipaddress.IPv4Network(self.shapes.described[r.key]["CidrBlock"])
        return there.overlaps(ipaddress.IPv4Network(r.cidr))

    def _to_make(self, r: Resource) -> Resource:
        """The resource as it can be made beside what is there: under a name that is free, from an image that AWS has,
        in a zone that offers the instance type."""
        clients = self.sides[r.side].clients
        if isinstance(r, Instance):
            found = if_allowed(lambda: image(clients, self.settings))
            return replace(r, image=found or f"resolve:ssm:{self.settings.image_parameter}")  # as RunInstances takes it
        if isinstance(r, Subnet) and not r.zone_id:
            offered = if_allowed(lambda: offering(clients, self.settings.instance_type)) or ()
            usable = sorted((if_allowed(lambda: zones(clients)) or {}).items())
            if self.settings.consumer_region:
                beside = [one for one in self.demo.balancer.subnets if one is not r and one.side is r.side]
                taken = {self.shapes.described.get(one.key, {}).get("AvailabilityZoneId") for one in beside}
                usable = [(name, id) for name, id in usable if id not in {*NOT_FOR_REMOTE_ACCESS, *taken}]
            return replace(r, zone_id=next((id for name, id in usable if name in offered), ""))
        if isinstance(r, (LoadBalancer, TargetGroup)) and r.name in self.shapes.taken:
            others = (f"{r.name}-{number}" for number in itertools.count(2))
            return replace(r, name=next(name for name in others if name not in self.shapes.taken))
        return r

    def _listener_in_the_way(self) -> list[str]:
        """The command that frees the target group from another load balancer: it can have only one."""
        aws, group = self.sides[Side.PROVIDER], self.shapes.described.get("target-group", {})
        for arn in group.get("LoadBalancerArns", []):
            for one in aws.elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]:
                if group["TargetGroupArn"] in [action.get("TargetGroupArn") for action in one["DefaultActions"]]:
                    held = Live(one["ListenerArn"])
                    return _caught(aws, partial(self.demo.listener.delete, live=held))
        return []


def _is_open(state: str, reason: str) -> bool:
    """True if a target is not checked yet, or the load balancer could not check it: the reasons that begin with Elb are
    the load balancer's, not the target's."""
    return state.lower() in ("initial", "unused") or reason.startswith("Elb.")


def _what(p: Problem) -> str:
    """The next thing in a sentence."""
    if p.state is State.MISSING:
        return f"{'accept' if isinstance(p.resource, Acceptance) else 'make'} the {p.resource}"
    return f"put right the {p.resource}: {', '.join(f'{one.field} {one.aws} → {one.tutorial}' for one in p.drift)}"


def _caught(aws: Aws, send: Callable[[Aws], object]) -> list[str]:
    """The first call that ``send`` would send to change something, as a command; none if it sends none."""
    clients = aws.clients
    catching: Any = {
        f"{front}{name}": Catching(getattr(clients, name), reads=True)
        for name in ("ec2", "elb")
        for front in ("", "changing_")
    }
    try:
        send(replace(aws, clients=replace(clients, **catching)).to_change())
    except NotCreated:
        return []
    except Sent as sent:
        client = clients.ec2 if sent.service == "ec2" else clients.elb
        model = client.meta.service_model.operation_model(sent.operation)
        return [as_command(f"{clients.cli} {sent.service}", model, _without_marks(sent.params))]
    return []


def _without_marks(value: Any) -> Any:
    """The parameters of a call without those that are empty, and without the program's own marks."""
    if isinstance(value, dict):
        kept = {name: _without_marks(one) for name, one in value.items() if one not in ("", None)}
        return {name: one for name, one in kept.items() if not (name == "Description" and "CidrIp" in kept)}
    return [_without_marks(one) for one in value] if isinstance(value, list) else value


def look_at_hand_made(
    settings: Settings,
    clients: Mapping[str, Clients],
    vpcs: Collection[str] = (),
    service: str = "",
    everything: bool = False,
    own: Callable[[Mapping[str, str]], bool] = lambda tags: False,
) -> HandMade:
    """Find and compare a demo that somebody built by hand.  ``vpcs`` and ``service`` are ids that are meant,
    ``everything`` is True if it may be one that this program made, and ``own`` as in ``Shapes``.  Raises ClientError,
    and ConfigError for an id that is not there."""
    one_customer = Settings.with_customers(())  # the tutorial's, however many the config file is for
    changed = {"side": None, **one_customer, **_apart(settings, clients)}
    only, settings = settings.side, settings.model_copy(update=changed)
    chosen: dict[str, str] = {}
    known: dict[str, Live] = {}
    made = {
        id(one): ByShape(
            one, settings.name, "", known, lambda: {key: Record(id) for key, id in chosen.items()}, chosen=chosen
        )
        for one in clients.values()
    }
    sides = {party: made[id(one)] for party, one in clients.items()}
    shapes = Shapes(tutorial(settings), sides, vpcs, service, everything, only, settings.service or "", own)
    shapes.find()
    if unknown := [id for id in (*vpcs, service) if id and id not in shapes.listed]:
        raise ConfigError(
            f"AWS lists no {unknown[0]} in this account and region.",
            code="VPCE134",
            hint="See what there is:  <demo> check",
        )
    in_zone = shapes.described.get("provider-subnet", {}).get("AvailabilityZoneId", "")
    zone = "" if settings.consumer_region else in_zone
    provider = settings.provider.model_copy(update={"key_name": _key(shapes, "provider", settings.provider.key_name)})
    consumer = settings.consumer.model_copy(update={"key_name": _key(shapes, "customer", settings.consumer.key_name)})
    found = {"provider": provider, "consumer": consumer, "ssh_source": ANYWHERE, "consumer_zone_id": zone}
    by_hand = HandMade(settings, tutorial(settings.model_copy(update=found)), shapes, sides)
    by_hand.look()
    return by_hand


def _key(shapes: Shapes, whose: str, name: str) -> str:
    """The key pair of an instance, else of the other one, else the tutorial's."""
    other = "customer" if whose == "provider" else "provider"
    return shapes.names.get(f"{whose}-key") or shapes.names.get(f"{other}-key") or name


def _apart(settings: Settings, clients: Mapping[str, Clients]) -> dict[str, str]:
    """The consumer's account, and the regions of both sides, where they are others than the provider's, as settings.
    Of a side without a sign-in they are those that the settings name."""
    ours, theirs = clients[Side.PROVIDER], clients[Side.CONSUMER]
    account = settings.consumer_account if settings.side else theirs.account
    regions = {side: clients[side].region for side in Side}
    if settings.side:
        regions |= {side: named for side in Side if side != settings.side and (named := settings.region_of(side))}
    service, consumer = regions.values()
    return {
        "consumer_account": "" if account == ours.account else account,
        **({"service_region": service, "consumer_region": consumer} if service != consumer else {}),
    }
