"""The table of causes as a table: how it is looked up, and how the filters of a VPC are read."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn, cast

import pytest
from botocore.exceptions import ClientError

from vpce_demo import chapters
from vpce_demo.aws.clients import Clients
from vpce_demo.aws.environment import Environment
from vpce_demo.aws.region import PublicAccess
from vpce_demo.chapters import CHAPTERS, chapter_named
from vpce_demo.config.model import Config
from vpce_demo.config.settings import TUTORIAL
from vpce_demo.engine.resource import Aws
from vpce_demo.errors import THIS_DEMO, Fix, NotCreated, Refused
from vpce_demo.exercises.exercise import Exercise
from vpce_demo.exercises.ways import CAUSES, WAYS
from vpce_demo.model import Live, Side
from vpce_demo.sandbox.client import NOT_UNDERSTOOD
from vpce_demo.session.discover import not_looked_up
from vpce_demo.ssh import Ssh
from vpce_demo.tutorial import tutorial
from vpce_demo.verify import aws_facts, checks, diagnosis
from vpce_demo.verify.aws_facts import AwsFacts
from vpce_demo.verify.diagnosis import creating, diagnose, login, public_access, refusal, server, table, targets
from vpce_demo.verify.diagnosis.filters import LAST_LINE, free_line, lets_in, lets_out, refusing_line, route_to
from vpce_demo.verify.diagnosis.table import About, Finding, Rule, Symptom

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import NetworkAclTypeDef, RouteTableTypeDef, SecurityGroupTypeDef

DEMO = tutorial(not_looked_up(Config()))


def facts(said: str = "") -> AwsFacts:
    """A case whose AWS is never asked."""
    nobody = cast(Any, None)
    clients = Clients(
        *(nobody,) * 4,
        other=lambda name: nobody,
        account="123456789012",
        region="us-east-1",
        cli="aws --profile 'a b'",
        in_region=lambda name: clients,
    )
    aws = Aws(clients, "vpce-demo", "7f3a9c")
    sides: dict[str, Aws] = dict.fromkeys(Side, aws)
    return AwsFacts(DEMO, sides, Ssh(Path("key"), Path("hosts")), "203.0.113.10/32", lambda: "203.0.113.10/32", said)


# --- looking up -----------------------------------------------------------------------


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeNetworkAcls")


def found(words: str) -> Finding:
    return Finding(words, ["seen"], [Fix("", "mend it")])


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> list[Rule]:
    """An empty table, to be filled by the test."""
    mine: list[Rule] = []
    monkeypatch.setattr(diagnosis, "RULES", mine)
    return mine


def add(symptom: Symptom, about: About, answer: Finding | Exception | None, *checks: int) -> None:
    def confirm(facts: AwsFacts) -> Finding | None:
        if isinstance(answer, Exception):
            raise answer
        return answer

    key = f"rule-{len(diagnosis.RULES)}"
    one = table.rule(key, symptom, likely="", confirmed_by="", mend="", about=about, checks=checks)(confirm)
    cast(list[Rule], diagnosis.RULES).append(one)


def test_the_first_that_holds_is_named_and_what_does_not_is_ruled_out(rules: list[Rule]) -> None:
    add(Symptom.UNHEALTHY, About.HEALTH, None, 3, 6)
    add(Symptom.HANGS, About.ENDPOINT_GROUP, None, 6)
    add(Symptom.HANGS, About.ACLS, found("this one"), 6)
    add(Symptom.HANGS, About.ROUTES, found("that one too"), 6)
    add(Symptom.SSH_DENIED, About.KEYS, found("not asked for this"), 5)
    told = diagnose(facts("timed out"), Symptom.HANGS, [6])
    assert (told.key, told.likely) == ("rule-2", "this one")
    assert told.ruled_out == ["target health", "the endpoint's security group"]


def test_a_cause_of_another_symptom_is_named_where_none_of_its_own_holds(rules: list[Rule]) -> None:
    add(Symptom.UNHEALTHY, About.HEALTH, found("this one"), 3, 6)
    add(Symptom.HANGS, About.ENDPOINT_GROUP, None, 6)
    assert diagnose(facts(), Symptom.HANGS, [6]).key == "rule-0"
    assert diagnose(facts(), Symptom.HANGS).key == ""  # without checks, no other is asked


def test_nothing_known_is_said_as_that(rules: list[Rule]) -> None:
    add(Symptom.HANGS, About.ENDPOINT_GROUP, None, 6)
    told = diagnose(facts("timed out after 5s"), Symptom.HANGS, [6])
    assert told.as_dict() == {
        "rule": "",
        "most_likely": "",
        "evidence": ["timed out after 5s"],
        "fixes": [],
        "ruled_out": ["the endpoint's security group"],
        "not_asked": [],
    }


def test_what_may_not_be_asked_is_neither_named_nor_ruled_out(rules: list[Rule]) -> None:
    add(Symptom.HANGS, About.ACLS, refused("UnauthorizedOperation"), 6)
    add(Symptom.HANGS, About.ROUTES, refused("InvalidAction"), 6)
    add(Symptom.HANGS, About.KEYS, refused("InvalidVpcID.NotFound"), 6)
    add(Symptom.HANGS, About.PEERING, NotCreated("no VPC"), 6)
    add(Symptom.HANGS, About.HEALTH, None, 6)
    told = diagnose(facts(), Symptom.HANGS, [6])
    assert told.ruled_out == ["target health"]
    assert told.not_asked == [
        "network ACLs (DescribeNetworkAcls is not allowed to you)",
        "routes (DescribeNetworkAcls: no)",
    ]


def test_expired_credentials_are_not_taken_for_an_answer(rules: list[Rule]) -> None:
    add(Symptom.HANGS, About.ACLS, refused("RequestExpired"), 6)
    with pytest.raises(ClientError):
        diagnose(facts(), Symptom.HANGS, [6])


@pytest.mark.parametrize(
    ("key", "said", "symptom"),
    [
        ("endpoint", "InvalidServiceName: The Vpc Endpoint Service 'x' does not exist", Symptom.NO_SUCH_SERVICE),
        (
            "endpoint",
            "InvalidParameter: The VPC endpoint service x does not support the availability zone of the subnet: y.",
            Symptom.ZONE_NOT_SUPPORTED,
        ),
        ("load-balancer", "ResourceInUse: currently associated with another service", Symptom.BALANCER_IN_USE),
        ("customer-subnet", "DependencyViolation: has dependencies", Symptom.DEPENDENCY),
        ("target-group", "ResourceInUse: currently in use by a listener or a rule", None),
        ("customer-vpc", "VpcLimitExceeded: The maximum number of VPCs has been reached.", None),
        ("customer-vpc", "", None),
    ],
)
def test_what_aws_refuses_has_a_symptom(key: str, said: str, symptom: Symptom | None) -> None:
    resource = next(r for r in DEMO.resources if r.key == key)
    assert refusal(resource, said) is symptom


def test_every_symptom_has_a_rule_and_every_rule_its_words() -> None:
    assert {symptom for rules in CAUSES.values() for rule in rules for symptom in rule.symptoms} == set(Symptom)
    numbers = {TUTORIAL: range(1, 9), **{name: [q.number for q in chapter_named(name).checks] for name in CHAPTERS}}
    for name, rules in CAUSES.items():
        for rule in rules:
            assert "" not in (rule.likely, rule.confirmed_by, rule.mend), rule.key
            assert rule.seen_by in ("test", "doctor") or not rule.passes
            assert set(rule.checks) <= set(numbers[name])


def test_a_command_of_the_aws_cli_is_for_the_same_account_and_can_be_copied() -> None:
    told = facts().command(
        Side.CONSUMER,
        "ec2 some-call",
        group_ids=["sg-1", "sg-2"],
        port=80,
        cidr_block="0.0.0.0/0",
        egress=True,
        name="a b",
    )
    assert told == (
        "aws --profile 'a b' ec2 some-call --group-ids sg-1 sg-2 --port 80 --cidr-block 0.0.0.0/0 --egress --name 'a b'"
    )


def test_an_address_that_has_changed_since_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    told = facts()
    told.address_now = lambda: "198.51.100.7/32"
    only = {"GroupId": "sg-1", "GroupName": "Customer_EC2_SG", **group(tcp(22, 22, "203.0.113.10/32"))[0]}
    monkeypatch.setattr(told, "groups_of", lambda instance: [only])
    told.sides[Side.CONSUMER].known["customer-group"] = Live("sg-1")
    found = login._not_let_in(told)
    assert found is not None
    assert found.likely == "your address has changed, and ssh is open to the old one."
    assert found.evidence == [
        "sg-1 (Customer_EC2_SG) has no inbound rule for tcp/22 from 198.51.100.7, your address.",
        "It was 203.0.113.10 when the demo was made.",
    ]
    assert [fix.command for fix in found.fixes] == [
        f"{THIS_DEMO} up",
        "aws --profile 'a b' ec2 authorize-security-group-ingress --group-id sg-1 --protocol tcp --port 22 "
        "--cidr 198.51.100.7/32",
    ]
    told = facts()
    told.address_now = lambda: "203.0.113.10/32"
    monkeypatch.setattr(told, "groups_of", lambda instance: [only])
    assert login._not_let_in(told) is None


def test_a_more_specific_route_that_somebody_added_is_taken_away_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    told = facts()
    table = {
        "RouteTableId": "rtb-1",
        "Routes": [
            {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"},
            {"DestinationCidrBlock": "203.0.0.0/8", "NetworkInterfaceId": "eni-1", "State": "active"},
        ],
    }
    monkeypatch.setattr(told, "instance", lambda resource: {"SubnetId": "subnet-1"})
    monkeypatch.setattr(told, "route_table", lambda side, id: table)
    told.sides[Side.CONSUMER].known.update({"customer-routes": Live("rtb-1"), "customer-attachment": Live("igw-1")})
    found = login._no_route(told)
    assert found
    assert [(fix.command, fix.deletes) for fix in found.fixes] == [
        ("aws --profile 'a b' ec2 delete-route --route-table-id rtb-1 --destination-cidr-block 203.0.0.0/8", True)
    ]


@pytest.mark.parametrize(
    ("provider_is_shown", "customer_is_shown", "found"),
    [
        ({"AvailabilityZoneIds": ["use1-az2"]}, None, "use1-az2"),
        ({"AvailabilityZoneIds": ["use1-az4"]}, None, ""),
        ({"AvailabilityZones": ["us-east-1b"]}, None, "us-east-1b"),
        ({"AvailabilityZones": ["us-east-1a"]}, None, ""),
        ({}, None, ""),
        # In two accounts the provider's us-east-1a may be the consumer's us-east-1b.
        ({"AvailabilityZones": ["us-east-1a"]}, {"AvailabilityZones": ["us-east-1b"]}, "us-east-1b"),
        ({"AvailabilityZones": ["us-east-1b"]}, {"AvailabilityZones": ["us-east-1a", "us-east-1c"]}, ""),
        ({"AvailabilityZones": ["us-east-1b"]}, {}, ""),
    ],
)
def test_the_zones_of_a_service_are_compared_in_each_form_in_which_aws_tells_them(
    provider_is_shown: dict[str, Any],
    customer_is_shown: dict[str, Any] | None,
    found: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = facts()
    if customer_is_shown is not None:

        def describe(ServiceNames: list[str]) -> dict[str, Any]:
            return {"ServiceDetails": [{"ServiceName": ServiceNames[0], **customer_is_shown}]}

        ec2 = cast(Any, SimpleNamespace(describe_vpc_endpoint_services=describe))
        other = replace(here.clients(Side.CONSUMER), account="210987654321", ec2=ec2)
        here = replace(here, sides={**here.sides, Side.CONSUMER: Aws(other, "vpce-demo", "7f3a9c")})
    here.sides[Side.CONSUMER].known["customer-subnet"] = Live("subnet-1")
    service = {"ServiceId": "vpce-svc-1", "ServiceName": "com.amazonaws.vpce.us-east-1.vpce-svc-1"}
    subnet = {"SubnetId": "subnet-1", "AvailabilityZone": "us-east-1a", "AvailabilityZoneId": "use1-az4"}
    monkeypatch.setattr(here, "service", lambda: {**service, **provider_is_shown})
    monkeypatch.setattr(here, "subnet", lambda side, id: subnet)
    told = creating.no_common_zone.confirm(here)
    assert bool(told) is bool(found)
    if told:
        ours = "use1-az4" if found.startswith("use1-az") else "us-east-1a"
        assert told.evidence == [
            f"vpce-svc-1 is in {found}.",
            f"subnet-1 ({DEMO.endpoint.subnet.name}) is in {ours}.",
        ]


# --- filters ------------------------------------------------------------------------------


def group(*rules: dict[str, Any], egress: bool = False) -> list[SecurityGroupTypeDef]:
    held: dict[str, Any] = {"IpPermissions": [], "IpPermissionsEgress": []}
    return [cast("SecurityGroupTypeDef", {**held, "IpPermissionsEgress" if egress else "IpPermissions": list(rules)})]


def tcp(low: int, high: int, *cidrs: str, **more: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": low, "ToPort": high, "IpRanges": [{"CidrIp": c} for c in cidrs], **more}


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        (tcp(80, 80, "0.0.0.0/0"), True),
        (tcp(0, 65535, "10.9.0.0/16", "10.0.1.0/24"), True),
        (tcp(80, 80, "10.0.1.15/32"), True),
        (tcp(80, 80, "10.0.1.16/32"), False),
        (tcp(81, 90, "0.0.0.0/0"), False),
        ({**tcp(80, 80, "0.0.0.0/0"), "IpProtocol": "udp"}, False),
        ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}, True),
        (tcp(80, 80, UserIdGroupPairs=[{"GroupId": "sg-customer"}]), True),
        (tcp(80, 80, UserIdGroupPairs=[{"GroupId": "sg-other"}]), False),
        (tcp(80, 80, Ipv6Ranges=[{"CidrIpv6": "::/0"}]), False),
    ],
)
def test_security_groups(rule: dict[str, Any], allowed: bool) -> None:
    assert lets_in(group(rule), 80, "10.0.1.15", ["sg-customer"]) is allowed
    assert lets_out(group(rule, egress=True), 80, "10.0.1.15", ["sg-customer"]) is allowed
    assert not lets_out(group(rule), 80, "10.0.1.15", ["sg-customer"])


def acl(*entries: tuple[int, bool, str, int, int, str, str]) -> NetworkAclTypeDef:
    held = [
        {
            "RuleNumber": number,
            "Egress": egress,
            "Protocol": protocol,
            **({"PortRange": {"From": low, "To": high}} if protocol != "-1" else {}),
            "CidrBlock": cidr,
            "RuleAction": action,
        }
        for number, egress, protocol, low, high, cidr, action in (
            *entries,
            (LAST_LINE, False, "-1", 0, 0, "0.0.0.0/0", "deny"),
            (LAST_LINE, True, "-1", 0, 0, "0.0.0.0/0", "deny"),
        )
    ]
    return cast("NetworkAclTypeDef", {"Entries": held})


ALL_OUT = (100, True, "-1", 0, 0, "0.0.0.0/0", "allow")


@pytest.mark.parametrize(
    ("entries", "line"),
    [
        ([ALL_OUT], 0),
        ([], LAST_LINE),
        ([(100, False, "-1", 0, 0, "0.0.0.0/0", "allow")], LAST_LINE),
        ([(50, True, "6", 1024, 65535, "0.0.0.0/0", "deny"), ALL_OUT], 50),
        ([(200, True, "6", 1024, 65535, "0.0.0.0/0", "deny"), ALL_OUT], 0),
        ([(50, True, "6", 1024, 65535, "10.9.0.0/16", "deny"), ALL_OUT], 0),
        ([(50, True, "17", 1024, 65535, "0.0.0.0/0", "deny"), ALL_OUT], 0),
        ([(50, True, "6", 60000, 61000, "0.0.0.0/0", "deny"), ALL_OUT], 50),
        (
            [
                (1, True, "6", 32768, 40000, "10.0.1.0/24", "allow"),
                (2, True, "6", 40001, 60999, "10.0.1.15/32", "allow"),
            ],
            0,
        ),
        (
            [(1, True, "6", 32768, 40000, "10.0.1.0/24", "allow"), (2, True, "6", 40002, 60999, "0.0.0.0/0", "allow")],
            LAST_LINE,
        ),
    ],
)
def test_network_acls(entries: list[tuple[int, bool, str, int, int, str, str]], line: int) -> None:
    assert refusing_line(acl(*entries), True, "10.0.1.15", (32768, 60999)) == line


def test_a_new_line_of_a_network_acl_is_asked_before_the_one_that_refuses() -> None:
    assert free_line(acl(), True, LAST_LINE) == 100
    assert free_line(acl(ALL_OUT), True, LAST_LINE) == 110
    assert free_line(acl(ALL_OUT), False, LAST_LINE) == 100
    refusing = (50, True, "6", 1024, 65535, "0.0.0.0/0", "deny")
    assert free_line(acl(refusing), True, 50) == 49
    assert free_line(acl(refusing, (49, True, "17", 1, 2, "0.0.0.0/0", "allow")), True, 50) == 48


def test_the_longest_route_wins() -> None:
    routes = [("10.0.0.0/16", "local"), ("0.0.0.0/0", "igw-1"), ("20.0.0.0/16", "pcx-1")]
    told = cast(
        "RouteTableTypeDef",
        {
            "Routes": [
                *({"DestinationCidrBlock": cidr, "GatewayId": to} for cidr, to in routes),
                {"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1"},
            ]
        },
    )
    for address, to in (("10.0.1.1", "local"), ("20.0.1.1", "pcx-1"), ("198.51.100.1", "igw-1")):
        route = route_to(told, address)
        assert route is not None
        assert route.get("GatewayId") == to
    assert route_to(cast("RouteTableTypeDef", {"Routes": []}), "10.0.1.1") is None


SANDBOX_URL, AWS_URL = "http://127.0.0.1:5000", "https://ec2.us-east-1.amazonaws.com"


class NeverCalled:
    """A client of which only the address may be read."""

    def __init__(self, url: str) -> None:
        self.meta = SimpleNamespace(endpoint_url=url)

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"{name} may not be called")


@pytest.mark.parametrize(
    ("boot_id", "ec2", "elb", "consumer"),
    [
        ("", AWS_URL, AWS_URL, AWS_URL),
        ("", SANDBOX_URL, SANDBOX_URL, SANDBOX_URL),
        ("b00t", AWS_URL, SANDBOX_URL, SANDBOX_URL),
        ("b00t", SANDBOX_URL, AWS_URL, SANDBOX_URL),
        ("b00t", SANDBOX_URL, SANDBOX_URL, AWS_URL),
        ("b00t", "http://127.0.0.1:5000@example.com", SANDBOX_URL, SANDBOX_URL),
    ],
)
def test_an_exercise_refuses_by_itself_to_break_what_is_not_in_a_sandbox(
    boot_id: str, ec2: str, elb: str, consumer: str
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("nothing may be called")

    def clients(ec2: str, elb: str) -> Clients:
        other = cast(Any, NeverCalled(ec2))
        return replace(facts().clients(Side.PROVIDER), ec2=other, elb=cast(Any, NeverCalled(elb)), changing_ec2=other)

    by_side: dict[str, Clients] = {Side.PROVIDER: clients(ec2, elb), Side.CONSUMER: clients(consumer, consumer)}
    broken = replace(facts(), sides={side: Aws(by_side[side], "vpce-demo", "7f3a9c") for side in Side})
    environment = Environment("sandbox", boot_id, 1.0, by_side, {})
    for ways in WAYS.values():
        for break_it in ways.values():
            with pytest.raises(Refused, match="in the sandbox only"):
                break_it(Exercise(environment, broken, never, never))


def test_a_target_of_ours_that_was_taken_away_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It drains for minutes on another port beside the one that counts."""
    here = facts()
    here.sides[Side.PROVIDER].known["web"] = Live("i-1")
    listed = [
        {"Target": {"Id": id, "Port": port}, "TargetHealth": {"State": state}}
        for id, port, state in (("i-1", 8080, "draining"), ("i-1", 80, "healthy"), ("i-2", 80, "draining"))
    ]
    for module in (checks, aws_facts):
        monkeypatch.setattr(module, "target_health", lambda aws, group: listed)
    lab = SimpleNamespace(sides=here.sides, demo=here.demo, aws=lambda resource: here.sides[resource.side])
    assert checks._target_states(cast(Any, lab)) == [("healthy", "")]
    health = here.health()
    assert health
    assert health.get("Target") == {"Id": "i-1", "Port": 80}


@pytest.mark.parametrize("port", [80, 8080])
def test_a_listener_is_to_be_created_only_where_the_port_is_free(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    here = facts()
    monkeypatch.setattr(here, "id", lambda resource: resource.key)
    monkeypatch.setattr(here, "health", lambda: {"TargetHealth": {"State": "unused", "Reason": "Target.NotInUse"}})
    monkeypatch.setattr(here, "balancers", lambda: [{"LoadBalancerArn": "load-balancer"}])
    goal = {"Type": "forward", "TargetGroupArn": "another"}
    monkeypatch.setattr(here, "listeners", lambda balancer: [{"Port": port, "DefaultActions": [goal]}])
    monkeypatch.setattr(here, "command", lambda *words, **options: "create it")
    told = targets.targets_unused.confirm(here)
    assert told
    assert [fix.command for fix in told.fixes] == ["<demo> up", *(["create it"] if port != 80 else [])]


def test_a_fix_that_deletes_says_so() -> None:
    """Of the fixes as they are written: what ends, deletes or replaces something has the field."""
    directories = [Path(one) for package in (diagnosis, chapters) for one in package.__path__]
    trees = [ast.parse(file.read_text()) for directory in directories for file in directory.glob("*.py")]
    calls = [
        node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Fix"
    ]
    deleting = re.compile(r"delete|, again\b|another|anew|takes (that|away)|replace|<demo> down")
    assert len(calls) > 20
    silent = [ast.unparse(call) for call in calls if all(word.arg != "deletes" for word in call.keywords)]
    assert [call for call in silent if deleting.search(call)] == []


# --- Block Public Access --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("set_by", "commands"),
    [
        (
            PublicAccess("block-ingress"),
            ["public-access-exclusion --vpc-id", "gateway-block-mode off"],
        ),
        (PublicAccess("block-ingress", True), ["public-access-exclusion --vpc-id"]),
        (PublicAccess("block-ingress", True, False), ["<demo> down"]),
    ],
)
def test_closed_gateways_are_opened_by_whoever_may(
    monkeypatch: pytest.MonkeyPatch, set_by: PublicAccess, commands: list[str]
) -> None:
    """The demo's VPCs before the whole account, and no command that the organization's policy refuses."""
    monkeypatch.setattr(AwsFacts, "id", lambda self, resource: f"id-of-{resource.key}")
    monkeypatch.setattr(AwsFacts, "health", lambda self: None)
    monkeypatch.setattr(AwsFacts, "public_access", lambda self, subnet: "block-ingress")
    monkeypatch.setattr(public_access, "public_access", lambda clients: set_by)
    finding = public_access.public_access_blocked.confirm(facts())
    assert finding is not None
    assert len(finding.fixes) == len(commands)
    assert all(command in fix.command for command, fix in zip(commands, finding.fixes, strict=True))
    assert [fix.deletes for fix in finding.fixes] == [command == "<demo> down" for command in commands]
    assert any("declarative policy" in line for line in finding.evidence) is set_by.is_the_organizations
    monkeypatch.setattr(AwsFacts, "public_access", lambda self, subnet: "off")
    assert public_access.public_access_blocked.confirm(facts()) is None


def test_what_the_sandbox_did_not_understand_in_user_data_is_the_first_evidence() -> None:
    output = (
        "[    1.000] cloud-init: dnf: error: unable to find a match\r\n"
        "[    2.000] cloud-init: -bash: line 3: php: command not found\r\n"
        f"[    3.000] cloud-init: {NOT_UNDERSTOOD}: line 3: php: command not found\r\n"
    )
    ec2 = SimpleNamespace(get_console_output=lambda **_: {"Output": output})
    case: Any = SimpleNamespace(
        demo=DEMO,
        id=lambda _: "i-1",
        clients=lambda _: SimpleNamespace(ec2=ec2),
        command=lambda *_, **__: "aws ec2 get-console-output",
        _once=lambda _, ask: ask(),
    )
    case.console = lambda resource: AwsFacts.console(case, resource)
    assert server.console(case) == [
        "Its console says: cloud-init: the sandbox cannot do this: line 3: php: command not found",
        "Its console says: cloud-init: dnf: error: unable to find a match",
        "Its console output: aws ec2 get-console-output",
    ]
