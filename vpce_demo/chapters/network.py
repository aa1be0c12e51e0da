"""The network that both chapters stand on: a private subnet without a way out, and an instance to jump through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..config.model import in_front
from ..config.settings import Settings, made_by
from ..engine.resource import Resource
from ..errors import Fix
from ..model import ANYWHERE, Side
from ..resources.dns_hostnames import DnsHostnames
from ..resources.instance import Instance
from ..resources.internet_gateway import GatewayAttachment, InternetGateway
from ..resources.key_pair import KeyPair
from ..resources.route_table import InternetRoute, RouteTable, SubnetRouting
from ..resources.security_group import IngressRule, SecurityGroup
from ..resources.subnet import Subnet
from ..resources.vpc import Vpc
from ..ssh import SshResult
from ..tutorial import Script
from ..verify.aws_facts import AwsFacts
from ..verify.checks import (
    ENDPOINT_SETTLED_SECONDS,
    REFUSED,
    TIMED_OUT,
    CannotBeSeen,
    CheckContext,
    CheckFailed,
    Checklist,
    curl,
    logged_in,
    ssh_failed,
    what_curl_met,
)
from ..verify.diagnosis.table import About, Finding, Rule, Symptom, rule

CONSUMER = Side.CONSUMER
"""Who uses AWS's services through an endpoint is a consumer: a chapter stands in the consumer's account and region."""

ELSEWHERE = "https://checkip.amazonaws.com/"
"""On the internet, behind no endpoint: the control."""


@dataclass(frozen=True)
class PrivateNetwork:
    """What ``private_network`` adds, as far as endpoints are made in it."""

    vpc: Vpc
    hostnames: DnsHostnames
    subnet: Subnet
    table: RouteTable
    routing: SubnetRouting
    jump: Instance
    instance: Instance


def named(s: Settings, chapter: str, words: str) -> str:
    """A name in the tutorial's style, ``Gateway_Public_subnet``; with the demo's name in front if it is another one."""
    return in_front(s.name, f"{chapter.capitalize()}_{words}")


def private_network(t: Script, s: Settings, number: int) -> PrivateNetwork:
    """Steps 1 to 5 of a chapter: a VPC of the addresses 10.``number``.0.0/16, a public subnet with an instance to jump
    through, and a private subnet, whose route table has no default route, with an instance without a public address."""
    chapter, command = t.chapter, made_by(t.chapter)

    def key(word: str) -> str:
        return f"{chapter}-{word}"

    def name(words: str) -> str:
        return named(s, chapter, words)

    t.step(1, "VPC with DNS hostnames", command)
    vpc = t.add(Vpc(key("vpc"), CONSUMER, name("Network"), cidr=f"10.{number}.0.0/16"))
    hostnames = t.add(DnsHostnames(key("hostnames"), CONSUMER, name("Network"), vpc=vpc))

    t.step(2, "Public subnet", command)
    igw = t.add(InternetGateway(key("igw"), CONSUMER, name("IGW")))
    attachment = t.add(GatewayAttachment(key("attachment"), CONSUMER, name("IGW"), gateway=igw, vpc=vpc))
    public = t.add(
        Subnet(
            *(key("public-subnet"), CONSUMER, name("Public_subnet")),
            vpc=vpc,
            cidr=f"10.{number}.1.0/24",
            zone_id=s.consumer_zone_id,
        )
    )
    public_table = t.add(RouteTable(key("public-routes"), CONSUMER, name("PublicRT"), vpc=vpc))
    public_routing = t.add(
        SubnetRouting(key("public-routing"), CONSUMER, name("PublicRT"), table=public_table, subnet=public)
    )
    route = t.add(InternetRoute(key("route"), CONSUMER, ANYWHERE, table=public_table, attachment=attachment))

    pair = KeyPair(key("key"), CONSUMER, name("key"), public_key=s.public_key)

    def instance(word: str, subnet: Subnet, source: str, after: Sequence[Resource], *, is_public: bool) -> Instance:
        """An instance of this name with a group of its own, which lets ssh in."""
        its = word.lower()
        group = t.add(
            SecurityGroup(
                *(key(f"{its}-group"), CONSUMER, name(f"{word}_SG")),
                vpc=vpc,
                description=f"ssh to the {its} instance",
                inbound=((22, source),),
            )
        )
        t.add(IngressRule(key(f"{its}-rule-ssh"), CONSUMER, "tcp/22", group=group, port=22, source=source))
        return t.add(
            Instance(
                *(key(its), CONSUMER, name(f"{word}_EC2")),
                subnet=subnet,
                group=group,
                key_pair=pair,
                image=s.consumer_image,
                type=s.instance_type,
                is_public=is_public,
                after=tuple(after),
            )
        )

    t.step(3, "Jump instance", command)
    t.add(pair)
    jump = instance("Jump", public, s.ssh_source, (route, public_routing), is_public=True)

    t.step(4, "Private subnet", command)
    private = t.add(
        Subnet(
            *(key("private-subnet"), CONSUMER, name("Private_subnet")),
            vpc=vpc,
            cidr=f"10.{number}.2.0/24",
            zone_id=s.consumer_zone_id,
            after=(public,),  # they share a network ACL, which one of them mends
        )
    )
    table = t.add(RouteTable(key("private-routes"), CONSUMER, name("PrivateRT"), vpc=vpc, is_public=False))
    routing = t.add(SubnetRouting(key("private-routing"), CONSUMER, name("PrivateRT"), table=table, subnet=private))

    t.step(5, "Private instance", command)
    inside = instance("Private", private, public.cidr, (routing,), is_public=False)

    return PrivateNetwork(vpc, hostnames, private, table, routing, jump, inside)


def on_private(lab: CheckContext, *command: str) -> SshResult:
    """Run a command on the private instance of a chapter."""
    jump, private = lab.demo.logins
    return lab.on(private, *command, jump=jump)


# --- what the private instance is answered ---------------------------------------


class Answer(NamedTuple):
    """What came over HTTPS: its status, from which address, and after how many milliseconds."""

    status: str
    address: str
    ms: float

    def __str__(self) -> str:
        return f"{self.status} from {self.address}, {self.ms:.1f} ms"


def first_checks(before: str) -> Checklist:
    """The checks that a chapter begins with: what was met before its endpoints were there, under the title ``before``,
    and ssh to the private instance."""
    checks = Checklist()
    checks.check(before, side=CONSUMER)(on_record)
    checks.check("ssh through the jump instance", side=CONSUMER)(log_in)
    return checks


def add_control(checks: Checklist) -> None:
    """The check that it ends with: what is behind no endpoint does not answer."""
    title = "control: nothing else answers"
    checks.check(title, 2, side=CONSUMER)(nothing_else_answers)


def on_record(lab: CheckContext) -> str:
    """What was met before the endpoints were there.  Raises CannotBeSeen if nobody looked."""
    if not lab.before:
        raise CannotBeSeen("no record of a look before the endpoints were there")
    return lab.before


def log_in(lab: CheckContext) -> str:
    """Who was logged in on the private instance, and through which one.  Raises CheckFailed."""
    jump, private = lab.demo.logins
    return logged_in(lab, private, jump)


def answered(lab: CheckContext, url: str, *, patient: bool = True) -> Answer | str:
    """What the private instance is answered at a URL, or what its curl met.  Raises CheckFailed if ssh failed.

    If ``patient``, it waits for what an endpoint may take after it is available.
    """
    _, private = lab.demo.logins
    words = curl(url, "-o", "/dev/null", "-w", "%{http_code} %{remote_ip} %{time_total}")
    seconds = max(lab.patience(private), lab.real(ENDPOINT_SETTLED_SECONDS)) if patient else 0.0
    for last in lab.tries(seconds):
        answer = on_private(lab, *words)
        if answer.exit_code == 0 or last:
            break
    if answer.failure:
        raise ssh_failed("", answer)
    if answer.exit_code not in (0, REFUSED, TIMED_OUT):
        raise CheckFailed(f"could not be tried: {what_curl_met(answer)}", Symptom.SERVICE_HANGS)
    if answer.exit_code:
        return what_curl_met(answer)
    status, address, took = answer.out.split()[-3:]
    return Answer(status, address, float(took) * 1000)


def in_the_endpoints(lab: CheckContext, url: str) -> Answer:
    """What a service answers the private instance.  Raises CheckFailed if nothing comes."""
    answer = answered(lab, url)
    if isinstance(answer, str):
        raise CheckFailed(answer, Symptom.SERVICE_HANGS)
    return answer


def nothing_else_answers(lab: CheckContext) -> str:
    """What the private instance met at an address behind no endpoint.  Raises CheckFailed if that answers."""
    answer = answered(lab, ELSEWHERE, patient=False)
    if isinstance(answer, Answer):
        raise CheckFailed(f"{ELSEWHERE} answered: {answer}", Symptom.WAY_OUT)
    return f"{ELSEWHERE} {answer}"


def way_out(chapter: str) -> Rule:
    """The cause of a control that fails: the private subnet has a way to the internet."""

    @rule(
        f"{chapter}-way-out",
        Symptom.WAY_OUT,
        likely="the private subnet's route table has a default route",
        confirmed_by="its routes",
        mend="delete the route: with it the test proves nothing",
        about=About.ROUTES,
    )
    def default_route(facts: AwsFacts) -> Finding | None:
        table = facts.route_table(CONSUMER, facts.id(facts.part(f"{chapter}-private-subnet")))
        route = next((one for one in table["Routes"] if one.get("DestinationCidrBlock") == ANYWHERE), None)
        if route is None:
            return None
        target = next((str(value) for name, value in route.items() if name.endswith("Id")), "somewhere")
        id = table["RouteTableId"]
        cut = facts.command(CONSUMER, "ec2 delete-route", route_table_id=id, destination_cidr_block=ANYWHERE)
        return Finding(
            f"the private subnet has a default route to {target}: the test proves nothing.",
            [f"{id} sends {ANYWHERE} to {target}."],
            [Fix("takes the way out away", cut, deletes=True)],
        )

    return default_route
