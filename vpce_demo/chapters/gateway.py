"""CHAPTER "gateway": S3 and DynamoDB from a private subnet, by a route and no address of the VPC.

A gateway endpoint is not PrivateLink: AWS adds a route from the prefix list of the service to the endpoint, and the
service is reached at its public addresses.  Source: ``aws-behaviours-2.md`` section 4, rules 20 to 22 and 27.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..aws.clients import Clients
from ..aws.partitions import partition_of
from ..config.settings import Settings
from ..errors import Fix
from ..resources.aws_endpoints import FULL_ACCESS, GatewayEndpoint, policy_in_words
from ..tutorial import Script
from ..verify.aws_facts import AwsFacts, only
from ..verify.checks import CheckContext, CheckFailed, ssh_failed
from ..verify.diagnosis.filters import within
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
    from mypy_boto3_ec2.type_defs import PrefixListTypeDef, RouteTypeDef

NAME = "gateway"
SERVICES = {"s3": "S3", "dynamodb": "DynamoDB"}
"""The services with a gateway endpoint, by the last part of their names in the API."""
REPOSITORY = "/etc/yum.repos.d/amazonlinux.repo"
"""Names the S3 bucket of Amazon Linux's packages, which answers without credentials (section 4.4)."""


def write(t: Script, s: Settings) -> None:
    """Its steps and its teardown."""
    net = private_network(t, s, 1)

    t.step(6, CHAPTER.title, CHAPTER.command)
    endpoints = [
        t.add(
            GatewayEndpoint(
                *(_key(service), CONSUMER, named(s, NAME, title)),
                vpc=net.vpc,
                service=service,
                hostnames=net.hostnames,
                table=net.table,
            )
        )
        for service, title in SERVICES.items()
    ]

    t.delete(net.jump, net.instance)
    t.delete(*endpoints)
    t.delete_what_they_stood_on()


# --- the checks ---------------------------------------------------------------

CHECKS = first_checks("before the endpoints")


def s3_is_out_of_reach(lab: CheckContext) -> str:
    """Before the endpoint is there, S3 does not answer."""
    log_in(lab)
    answer = answered(lab, _package_list(lab), patient=False)
    if isinstance(answer, Answer):
        raise CheckFailed(f"S3 answered {answer}, without an endpoint", Symptom.WAY_OUT)
    return f"S3: {answer}"


@CHECKS.check("routes to the endpoints", side=CONSUMER)
def the_routes_are_there(lab: CheckContext) -> str:
    """The routes are AWS's own: from the prefix list of each service to its endpoint."""
    facts = lab.facts("")
    lists, told = prefix_lists(facts.clients(CONSUMER)), []
    for service in SERVICES:
        endpoint, route = facts.known(facts.part(_key(service))), _route(facts, lists, service)
        if route is None:
            raise CheckFailed(f"no route to {SERVICES[service]} by {endpoint or 'an endpoint'}", Symptom.SERVICE_HANGS)
        told.append(f"{route.get('DestinationPrefixListId')} -> {endpoint}")
    return ", ".join(told)


@CHECKS.check("S3 answers", 2, side=CONSUMER)
def s3_answers(lab: CheckContext) -> str:
    return _through_its_list(lab, "s3", _package_list(lab))


@CHECKS.check("DynamoDB answers", 2, side=CONSUMER)
def dynamodb_answers(lab: CheckContext) -> str:
    clients = lab.sides[CONSUMER].clients
    return _through_its_list(lab, "dynamodb", f"https://dynamodb.{clients.region}.{_suffix(clients)}/")


add_control(CHECKS)


def _package_list(lab: CheckContext) -> str:
    """The URL of the list of mirrors in the bucket, as the private instance's own settings name it."""
    answer = on_private(lab, "cat", REPOSITORY)
    if answer.failure:
        raise ssh_failed("", answer)
    found = re.search(r"^mirrorlist=(https://\S+)", answer.out, re.MULTILINE)
    if not found:
        raise CheckFailed(f"{REPOSITORY} names no list of mirrors", Symptom.OTHER_PAGE)
    clients = lab.sides[CONSUMER].clients
    known = {
        "awsregion": clients.region,
        "awsdomain": _suffix(clients),
        "releasever": "latest",
        "basearch": "x86_64",
    }
    return re.sub(r"\$(\w+)", lambda one: known.get(one[1], one[0]), found[1])


def _suffix(clients: Clients) -> str:
    return partition_of(clients.region).dns_suffix


def _through_its_list(lab: CheckContext, service: str, url: str) -> str:
    """What the service answered from an address of its prefix list, which is where the endpoint's route leads."""
    answer = in_the_endpoints(lab, url)
    listed = prefix_lists(lab.sides[CONSUMER].clients).get(service)
    id, ranges = (listed.get("PrefixListId", ""), listed.get("Cidrs", [])) if listed else ("", [])
    if not any(within(answer.address, one) for one in ranges):
        raise CheckFailed(f"{answer}, which is not in the prefix list of {SERVICES[service]}", Symptom.WAY_OUT)
    if answer.status != "200":
        raise CheckFailed(f"{answer}, in {id}: the way is open", Symptom.SERVICE_DENIES)
    return f"{answer}, in {id}"


def prefix_lists(clients: Clients) -> dict[str, PrefixListTypeDef]:
    """The prefix lists of the two services, asked for by name: their ids mean other things in other regions."""
    names = {f"com.amazonaws.{clients.region}.{service}": service for service in SERVICES}
    asked: Any = [{"Name": "prefix-list-name", "Values": list(names)}]
    pages = clients.ec2.get_paginator("describe_prefix_lists").paginate(Filters=asked)
    listed = (one for page in pages for one in page["PrefixLists"])
    return {names[name]: one for one in listed if (name := one.get("PrefixListName", "")) in names}


def _key(service: str) -> str:
    return f"{NAME}-endpoint-{service}"


def _route(facts: AwsFacts, lists: Mapping[str, PrefixListTypeDef], service: str) -> RouteTypeDef | None:
    """The private subnet's route to a service by its endpoint; None if there is none that is active."""
    table = facts.route_table(CONSUMER, facts.id(facts.part(f"{NAME}-private-subnet")))
    wanted = lists.get(service, {}).get("PrefixListId"), facts.known(facts.part(_key(service)))
    to_it = (r for r in table["Routes"] if (r.get("DestinationPrefixListId"), r.get("GatewayId")) == wanted)
    return next((one for one in to_it if one.get("State") == "active"), None)


# --- the causes ---------------------------------------------------------------


@rule(
    "no-endpoint-route",
    Symptom.SERVICE_HANGS,
    likely="the private subnet's route table has no route to the gateway endpoint",
    confirmed_by="its routes",
    mend="associate the endpoint with the table: the route is AWS's own, and cannot be made by hand",
    about=About.ROUTES,
    checks=(3, 4, 5),
)
def no_endpoint_route(facts: AwsFacts) -> Finding | None:
    lists = prefix_lists(facts.clients(CONSUMER))
    missing = [service for service in SERVICES if _route(facts, lists, service) is None]
    if not missing:
        return None
    subnet = facts.id(facts.part(f"{NAME}-private-subnet"))
    table, ours = facts.route_table(CONSUMER, subnet)["RouteTableId"], facts.known(facts.part(f"{NAME}-private-routes"))
    if ours and table != ours:
        return Finding(
            "the private subnet does not use its route table.",
            [f"{subnet} uses {table}. The endpoints' routes are in {ours}."],
            [Fix("associates the table again", "<demo> up")],
        )
    endpoint = facts.known(facts.part(_key(missing[0])))
    if not endpoint:
        return Finding(
            f"the gateway endpoint of {SERVICES[missing[0]]} is gone.",
            [f"{table} has no route to it: AWS deletes the route with the endpoint."],
            [Fix("makes the endpoint again", "<demo> up")],
        )
    services = " and ".join(SERVICES[one] for one in missing)
    by_hand = facts.command(CONSUMER, "ec2 modify-vpc-endpoint", vpc_endpoint_id=endpoint, add_route_table_ids=table)
    return Finding(
        f"the route table of the private subnet has no route to the endpoint of {services}.",
        [f"{table} has no route from a prefix list to {endpoint}: AWS adds it with the association."],
        [Fix("associates it again", "<demo> up"), *([Fix("", by_hand)] if ours else [])],
    )


@rule(
    "endpoint-policy-denies",
    Symptom.SERVICE_DENIES,
    likely="the endpoint's policy denies the request",
    confirmed_by="the policy, and an answer: the network path stands",
    mend="reset the policy",
    about=About.POLICY,
    checks=(4, 5),
)
def endpoint_policy_denies(facts: AwsFacts) -> Finding | None:
    for service in SERVICES:
        id, ec2 = facts.id(facts.part(_key(service))), facts.clients(CONSUMER).ec2
        endpoint = only(ec2.describe_vpc_endpoints(VpcEndpointIds=[id])["VpcEndpoints"], id)
        policy = policy_in_words(endpoint.get("PolicyDocument", ""))
        if policy != FULL_ACCESS:
            reset = facts.command(CONSUMER, "ec2 modify-vpc-endpoint", vpc_endpoint_id=id, reset_policy=True)
            return Finding(
                f"the policy of the endpoint of {SERVICES[service]} does not allow it.",
                [f"{id}: {policy}", "An answer came, so the route and the groups let it through."],
                [Fix("gives full access again, within minutes", "<demo> up"), Fix("", reset)],
            )
    return None


CHAPTER = Chapter(
    NAME,
    "Gateway endpoints",
    "The private instance reached S3 and DynamoDB by the endpoints' routes, and nothing else.",
    write,
    tuple(map(_key, SERVICES)),
    s3_is_out_of_reach,
    CHECKS,
    (no_endpoint_route, endpoint_policy_denies, way_out(NAME)),
)
