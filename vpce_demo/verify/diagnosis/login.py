"""Causes of a failed ssh login: to the consumer instance, or to a chapter's private one through its jump instance."""

from __future__ import annotations

from collections.abc import Iterator

from ...aws.tags import BY_HAND_TAG, tags_of
from ...errors import Fix
from ...model import ANYWHERE
from ...resources.instance import Instance
from ...ssh import key_comment, public_line
from ..aws_facts import AwsFacts
from .filters import lets_in, route_to
from .groups import LET_IN, named, opened
from .table import About, Finding, Symptom, rule

SSH = 22
ADD = Fix("adds what is missing", "<demo> up")


@rule(
    "ssh-hangs",
    Symptom.SSH_HANGS,
    likely="ssh is not open to your address, or the instance has no public address or no route to the gateway",
    confirmed_by="the instance, its route table, its group",
    mend="the missing one",
    about=About.ROUTES,
    checks=(5, 6),
)
def ssh_hangs(facts: AwsFacts) -> Finding | None:
    return next((found for found in (ask(facts) for ask in _MISSING) if found), None)


def _no_public_address(facts: AwsFacts) -> Finding | None:
    first = facts.demo.logins[0]
    told = facts.instance(first)
    if told.get("PublicIpAddress") or told["State"]["Name"] != "running":
        return None
    again = facts.another(first)
    return Finding(
        f"the instance {first.name} has no public address.",
        [f"{told['InstanceId']} ({first.name}) runs, and has only {told.get('PrivateIpAddress', 'no address')}."],
        [Fix("makes another, with one: it is given at the launch", again, deletes=True)],
    )


def _no_route(facts: AwsFacts) -> Finding | None:
    first = facts.demo.logins[0]
    subnet_id = facts.instance(first)["SubnetId"]
    table = facts.route_table(first.side, subnet_id)
    # Answers go back to the operator's address; where that is not known, by the default route.
    route = route_to(table, facts.operator() or "0.0.0.0")
    if route and route.get("GatewayId", "").startswith("igw-") and route.get("State") == "active":
        return None
    wanted = facts.default_route(first.subnet)
    id, gateway = table["RouteTableId"], facts.known(wanted.attachment)
    if route:
        goes = route.get("GatewayId") or route.get("VpcPeeringConnectionId") or route.get("NatGatewayId") or "elsewhere"
        says = f"sends {route.get('DestinationCidrBlock')} to {goes} ({route.get('State')})"
        call = "ec2 replace-route"
    else:
        says, call = "has no route to the internet gateway", "ec2 create-route"
    mend = facts.command(first.side, call, route_table_id=id, destination_cidr_block=ANYWHERE, gateway_id=gateway)
    ours = id == facts.known(wanted.table)
    by_hand = bool(gateway) and ours
    destination = route.get("DestinationCidrBlock", ANYWHERE) if route else ANYWHERE
    if ours and destination != ANYWHERE:  # the default route may be right, and ``up`` leaves what others added
        delete = facts.command(first.side, "ec2 delete-route", route_table_id=id, destination_cidr_block=destination)
        return Finding(
            "a route that somebody added leads elsewhere.",
            [f"{id}, the route table of {subnet_id}, {says}."],
            [Fix("takes that route away", delete, deletes=True)],
        )
    return Finding(
        "its subnet has no route to the internet gateway.",
        [f"{id}, the route table of {subnet_id}, {says}."],
        [ADD, Fix("", mend, deletes=bool(route))] if by_hand else [ADD],
    )


def _not_let_in(facts: AwsFacts) -> Finding | None:
    address, first = facts.operator(), facts.demo.logins[0]
    groups = facts.groups_of(first)
    if not address or lets_in(groups, SSH, address):
        return None
    evidence = [f"{', '.join(map(named, groups))} has no inbound rule for tcp/{SSH} from {address}, your address."]
    moved = facts.ssh_source.endswith("/32") and facts.ssh_source != f"{address}/32"
    if moved:
        evidence.append(f"It was {facts.ssh_source.removesuffix('/32')} when the demo was made.")
    return Finding(
        "your address has changed, and ssh is open to the old one." if moved else "ssh is not open to your address.",
        evidence,
        opened(facts, first.group, groups, LET_IN, protocol="tcp", port=SSH, cidr=f"{address}/32"),
    )


def _not_let_through(facts: AwsFacts) -> Finding | None:
    """The same for an instance behind the first."""
    first, *behind = facts.demo.logins
    for one in behind:
        groups, address, peers = facts.groups_of(one), facts.address(first), facts.groups_of(first)
        if lets_in(groups, SSH, address, [group["GroupId"] for group in peers]):
            continue
        source = facts.rule(one.group, SSH).source
        return Finding(
            f"the instance {one.name} does not let {first.name} in.",
            [
                f"{', '.join(map(named, groups))} has no inbound rule for tcp/{SSH} from {address}, the address of "
                f"{first.name}."
            ],
            opened(facts, one.group, groups, LET_IN, protocol="tcp", port=SSH, cidr=source),
        )
    return None


_MISSING = (_no_public_address, _no_route, _not_let_in, _not_let_through)


@rule(
    "ssh-denied",
    Symptom.SSH_DENIED,
    likely="the instance was launched with another key pair",
    confirmed_by="the key pair of the instance and the recorded one",
    mend="make another instance; names the key file",
    about=About.KEYS,
    checks=(5,),
)
def ssh_denied(facts: AwsFacts) -> Finding | None:
    return next((found for one in facts.demo.logins for found in _other_keys(facts, one)), None)


def _other_keys(facts: AwsFacts, one: Instance) -> Iterator[Finding]:
    told, ours, file = facts.instance(one), one.key_pair, facts.ssh.key_file
    name, id, again = told.get("KeyName", "no key pair"), told["InstanceId"], facts.another(one)
    if name != ours.name:
        yield Finding(
            "the instance was launched with another key pair.",
            [f"{id} has {name}; the demo's is {ours.name}, and its private key {file}."],
            [Fix("makes another, with the demo's key", again, deletes=True)],
        )
    line = public_line(file)
    if BY_HAND_TAG in tags_of(told) and key_comment(line, facts.sides[one.party].demo):  # the program made it
        yield Finding(
            "the demo was built by hand, and its private key is not here.",
            [f"{id} has {name}, and {file} is another key."],
            [Fix("gives it", "<demo> adopt --by-hand --key FILE")],
        )
    if ours.public_key and line != ours.public_key:
        yield Finding(
            "the demo's ssh key is not the one that the instance was launched with.",
            [f"{file} is {'another' if line else 'not there any more'}."],
            [Fix("replaces key pair and instance", "<demo> up", deletes=True)],
        )
