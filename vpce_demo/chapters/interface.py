"""CHAPTER "interface": one of AWS's own services, STS, at a private address of the VPC, under its public name.

An interface endpoint to AWS's services is PrivateLink as in the tutorial, except that AWS accepts it by itself, and
that private DNS lets the service's own name lead to it.  Source: ``aws-behaviours-2.md`` section 5, rules 23, 24, 27.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ..aws.clients import Clients
from ..aws.partitions import partition_of
from ..config.settings import Settings
from ..errors import Fix
from ..resources.aws_endpoints import InterfaceEndpoint
from ..resources.security_group import IngressRule, SecurityGroup
from ..resources.vpc import Vpc
from ..tutorial import Script
from ..verify.aws_facts import AwsFacts, only
from ..verify.checks import CheckContext, CheckFailed, ssh_failed
from ..verify.diagnosis.filters import lets_in, within
from ..verify.diagnosis.groups import LET_IN, WHAT_A_HANG_MEANS, opened
from ..verify.diagnosis.groups import named as group_named
from ..verify.diagnosis.table import About, Finding, Symptom, rule
from .chapter import Chapter
from .network import (
    CONSUMER,
    Answer,
    add_control,
    answered,
    first_checks,
    in_the_endpoints,
    log_in,
    named,
    on_private,
    private_network,
    way_out,
)

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import VpcEndpointTypeDef

NAME, SERVICE = "interface", "sts"
ENDPOINT, GROUP = f"{NAME}-endpoint", f"{NAME}-endpoint-group"
HTTPS = 443


def write(t: Script, s: Settings) -> None:
    """Its steps and its teardown."""
    net = private_network(t, s, 2)

    t.step(6, CHAPTER.title, CHAPTER.command)
    inside = net.vpc.cidr
    group = t.add(
        SecurityGroup(
            *(GROUP, CONSUMER, named(s, NAME, "Endpoint_SG")),
            vpc=net.vpc,
            description="HTTPS to the interface endpoint",
            inbound=((HTTPS, inside),),
        )
    )
    t.add(IngressRule(f"{NAME}-rule-https", CONSUMER, f"tcp/{HTTPS}", group=group, port=HTTPS, source=inside))
    endpoint = t.add(
        InterfaceEndpoint(
            *(ENDPOINT, CONSUMER, named(s, NAME, "STS")),
            vpc=net.vpc,
            service=SERVICE,
            hostnames=net.hostnames,
            subnet=net.subnet,
            group=group,
        )
    )

    t.delete(net.jump, net.instance)
    t.delete(endpoint)
    t.delete_what_they_stood_on()


# --- the checks ---------------------------------------------------------------

CHECKS = first_checks("before the endpoint")


def sts_is_out_of_reach(lab: CheckContext) -> str:
    """Before the endpoint is there, the public name leads to a public address, and nothing answers."""
    log_in(lab)
    name, net = public_name(lab.sides[CONSUMER].clients), cast("Vpc", lab.demo.part(f"{NAME}-vpc"))
    addresses = _resolved(lab, name)
    if any(within(one, net.cidr) for one in addresses):
        raise CheckFailed(f"{name} is {', '.join(addresses)} already, without the endpoint", Symptom.PUBLIC_NAME)
    answer = answered(lab, f"https://{name}/", patient=False)
    if isinstance(answer, Answer):
        raise CheckFailed(f"{name} answered {answer}, without an endpoint", Symptom.WAY_OUT)
    return f"{name} is {', '.join(addresses)}; {answer}"


@CHECKS.check("interface endpoint", side=CONSUMER)
def the_endpoint_is_available(lab: CheckContext) -> str:
    live = lab.look(lab.demo.part(ENDPOINT))
    if live is None or live.word.lower() != "available":
        raise CheckFailed(live.word if live else "gone", Symptom.GONE)
    return f"{live.word}   {', '.join(endpoint_addresses(lab.facts('')))}"


@CHECKS.check("the public name is private", 2, 3, side=CONSUMER)
def the_name_leads_to_it(lab: CheckContext) -> str:
    """Private DNS: minutes after the endpoint is available, the public name resolves to its addresses."""
    name, own = public_name(lab.sides[CONSUMER].clients), endpoint_addresses(lab.facts(""))
    _, private = lab.demo.logins
    for last in lab.tries(lab.patience(private)):
        addresses = _resolved(lab, name)
        if addresses and set(addresses) <= set(own):
            return f"{name} is {', '.join(addresses)}"
        if last:
            break
    raise CheckFailed(f"{name} is {', '.join(addresses) or 'not known'}, not {', '.join(own)}", Symptom.PUBLIC_NAME)


@CHECKS.check("STS answers", 4, side=CONSUMER)
def sts_answers(lab: CheckContext) -> str:
    """Without credentials: whatever STS says came through the endpoint, if it came from its address over TLS."""
    answer = in_the_endpoints(lab, f"https://{public_name(lab.sides[CONSUMER].clients)}/")
    own = endpoint_addresses(lab.facts(""))
    if answer.address not in own:
        raise CheckFailed(f"{answer}, which is not the endpoint's address", Symptom.PUBLIC_NAME)
    return str(answer)


add_control(CHECKS)


def public_name(clients: Clients) -> str:
    """The public name of STS in this region."""
    return f"{SERVICE}.{clients.region}.{partition_of(clients.region).dns_suffix}"


def _resolved(lab: CheckContext, name: str) -> list[str]:
    """The IPv4 addresses of a name, as the private instance resolves it."""
    answer = on_private(lab, "getent", "ahostsv4", name)
    if answer.failure:
        raise ssh_failed("", answer)
    return list(dict.fromkeys(line.split()[0] for line in answer.out.splitlines() if line.strip()))


def endpoint_addresses(facts: AwsFacts) -> list[str]:
    """The private addresses of the endpoint."""
    ids = _described(facts, facts.id(facts.part(ENDPOINT))).get("NetworkInterfaceIds", [])
    found = [one for id in ids for one in facts.interfaces(CONSUMER, "network-interface-id", id)]
    return [one["PrivateIpAddress"] for one in found if "PrivateIpAddress" in one]


def _described(facts: AwsFacts, id: str) -> VpcEndpointTypeDef:
    ec2 = facts.clients(CONSUMER).ec2
    return only(ec2.describe_vpc_endpoints(VpcEndpointIds=[id])["VpcEndpoints"], id)


# --- the causes ---------------------------------------------------------------


@rule(
    "endpoint-https-closed",
    Symptom.SERVICE_HANGS,
    likely="the endpoint's security group has no inbound rule for HTTPS",
    confirmed_by="its rules",
    mend="add the rule",
    about=About.ENDPOINT_GROUP,
    checks=(5,),
)
def endpoint_https_closed(facts: AwsFacts) -> Finding | None:
    _, private = facts.demo.logins
    client, peers = facts.address(private), [group["GroupId"] for group in facts.groups_of(private)]
    endpoint = _described(facts, facts.id(facts.part(ENDPOINT)))
    groups = facts.groups(CONSUMER, [one["GroupId"] for one in endpoint.get("Groups", []) if "GroupId" in one])
    if lets_in(groups, HTTPS, client, peers):
        return None
    group = cast("SecurityGroup", facts.part(GROUP))
    source = facts.rule(group, HTTPS).source
    return Finding(
        "the endpoint's security group lets nobody in.",
        [
            f"{', '.join(map(group_named, groups))} has no inbound rule for tcp/{HTTPS} from {client}.",
            WHAT_A_HANG_MEANS,
        ],
        opened(facts, group, groups, LET_IN, protocol="tcp", port=HTTPS, cidr=source),
    )


@rule(
    "private-dns-off",
    Symptom.PUBLIC_NAME,
    likely="private DNS is off for the endpoint",
    confirmed_by="PrivateDnsEnabled",
    mend="switch it on",
    about=About.DNS,
    checks=(4, 5),
)
def private_dns_off(facts: AwsFacts) -> Finding | None:
    id = facts.id(facts.part(ENDPOINT))
    if _described(facts, id).get("PrivateDnsEnabled"):
        return None
    on = facts.command(CONSUMER, "ec2 modify-vpc-endpoint", vpc_endpoint_id=id, private_dns_enabled=True)
    return Finding(
        "private DNS is off: the service's public name leads to its public addresses.",
        [f"PrivateDnsEnabled of {id} is false."],
        [Fix("switches it on, in effect within minutes", "<demo> up"), Fix("", on)],
    )


@rule(
    "dns-attributes-off",
    Symptom.PUBLIC_NAME,
    likely="the VPC's DNS hostnames or DNS resolution are off",
    confirmed_by="the two attributes",
    mend="switch both on: private DNS needs them",
    about=About.DNS,
    checks=(4, 5),
)
def dns_attributes_off(facts: AwsFacts) -> Finding | None:
    id, ec2 = facts.id(facts.part(f"{NAME}-vpc")), facts.clients(CONSUMER).ec2
    support = ec2.describe_vpc_attribute(VpcId=id, Attribute="enableDnsSupport")["EnableDnsSupport"]
    hostnames = ec2.describe_vpc_attribute(VpcId=id, Attribute="enableDnsHostnames")["EnableDnsHostnames"]
    states = {"enable-dns-support": support.get("Value"), "enable-dns-hostnames": hostnames.get("Value")}
    off = [name for name, on in states.items() if not on]
    if not off:
        return None
    by_hand = [facts.command(CONSUMER, "ec2 modify-vpc-attribute", vpc_id=id) + f" --{name}" for name in off]
    return Finding(
        "private DNS needs two attributes of the VPC, and not both are on.",
        [f"{', '.join(off)} of {id}: false."],
        [Fix("switches both on", "<demo> up"), Fix("", " && ".join(by_hand))],
    )


CHAPTER = Chapter(
    NAME,
    "Interface endpoint to an AWS service",
    "The private instance reached STS under its public name, at a private address, and nothing else.",
    write,
    (ENDPOINT,),
    sts_is_out_of_reach,
    CHECKS,
    (endpoint_https_closed, dns_attributes_off, private_dns_off, way_out(NAME)),
)
