"""The ways to AWS's own services: a private subnet with gateway endpoints, an interface endpoint with private DNS."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from vpce_demo.sandbox.clock import Clock
from vpce_demo.sandbox.machines.shell import Shell
from vpce_demo.sandbox.network.decide import Outcome, decide
from vpce_demo.sandbox.network.names import AWS, addresses, resolve
from vpce_demo.sandbox.network.network import Network
from vpce_demo.sandbox.network.rules import within
from vpce_demo.sandbox.store.prefix_lists import cidrs_of
from vpce_demo.sandbox.store.view import (
    AclEntry,
    Endpoint,
    Group,
    Health,
    Instance,
    Interface,
    InterfaceOwner,
    Route,
    Subnet,
    View,
    Vpc,
)
from vpce_demo.ssh import NO_CONFIGURATION, Ssh, SshFailure

from .world import (
    ALL_OUT,
    ANYWHERE,
    CUSTOMER,
    CUSTOMER_ADDRESS,
    CUSTOMER_PUBLIC,
    OPEN_ACL,
    Lab,
    World,
    but,
    rule,
    subnet,
    tutorial,
    with_,
    without,
)

PRIVATE, PRIVATE_ADDRESS, STS_ADDRESS = "i-private", "10.0.2.20", "10.0.2.30"
REGION = "us-east-1"
S3_LIST, DYNAMODB_LIST = "pl-63a5400a", "pl-02cd2c6b"
S3_RANGE, DYNAMODB_RANGE = (cidrs_of(f"com.amazonaws.{REGION}.{each}", REGION)[0] for each in ("s3", "dynamodb"))
BUCKET = "al2023-repos-us-east-1-de612dc2.s3.dualstack.us-east-1.amazonaws.com"
MIRRORS = f"https://{BUCKET}/core/mirrors/latest/x86_64/mirror.list"
STS = "sts.us-east-1.amazonaws.com"
STS_NAME = "vpce-sts-abcdefgh.sts.us-east-1.vpce.amazonaws.com"
STS_ZONAL = "vpce-sts-abcdefgh-us-east-1a.sts.us-east-1.vpce.amazonaws.com"
DENIES = '{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}}'
LOCAL = Route("10.0.0.0/16", "local", True)
TO_S3 = Route(S3_LIST, "vpce-s3", True, (S3_RANGE,))
TO_DYNAMODB = Route(DYNAMODB_LIST, "vpce-dynamodb", True, (DYNAMODB_RANGE,))
OUT = Route("0.0.0.0/0", "igw-customer", True)
BY_NAT = Route("0.0.0.0/0", "nat-1", True)
NAT_PUBLIC = "198.51.100.9"

Change = Callable[[View], View]


def chapter(public_keys: tuple[str, ...] = ()) -> View:
    """The customer's VPC with a private subnet: an instance, endpoints for S3 and DynamoDB, and one for STS."""
    view = tutorial(user_data="", public_keys=public_keys)
    own = replace(subnet("customer", "10.0.2.0/24"), id="subnet-private", route_table_id="rtb-private")
    parts = [
        replace(own, routes=(LOCAL, TO_S3, TO_DYNAMODB), acl_id="acl-private"),
        Group("sg-private", "Private_sg", (rule(22, groups=("sg-customer",)),), ALL_OUT),
        Group("sg-sts", "Sts_sg", (rule(443, "10.0.0.0/16"),), ()),
        Interface(
            *("eni-private", "vpc-customer", "subnet-private", PRIVATE_ADDRESS, None, ("sg-private",)),
            *(InterfaceOwner.INSTANCE, PRIVATE),
        ),
        Interface(
            *("eni-sts", "vpc-customer", "subnet-private", STS_ADDRESS, None, ("sg-sts",)),
            *(InterfaceOwner.ENDPOINT, "vpce-sts"),
        ),
        Instance(PRIVATE, "running", "eni-private", public_keys, "", 0.0),
        gateway_endpoint("s3"),
        gateway_endpoint("dynamodb"),
        Endpoint(
            *("vpce-sts", "vpc-customer", "available", "", ("eni-sts",), (STS_NAME, STS_ZONAL), REGION),
            service_name=f"com.amazonaws.{REGION}.sts",
            private_dns=True,
        ),
    ]
    for part in parts:
        view = with_(view, part)
    return view


def gateway_endpoint(service: str) -> Endpoint:
    name = f"com.amazonaws.{REGION}.{service}"
    return Endpoint(f"vpce-{service}", "vpc-customer", "available", "", (), (), REGION, "Gateway", name)


def changed(kind: type, key: str, **changes: object) -> Change:
    return lambda view: but(view, kind, key, **changes)


def routes(*more: Route) -> Change:
    """The private subnet with these routes beside the local one."""
    return changed(Subnet, "subnet-private", routes=(LOCAL, *more))


def acl(egress: bool, low: int, high: int) -> Change:
    line = AclEntry(50, egress, "tcp", low, high, S3_RANGE, allow=False)
    return changed(Subnet, "subnet-private", acl=(line, *OPEN_ACL))


def as_it_is(view: View) -> View:
    return view


# --- the way, hop by hop -----------------------------------------------------------------

S3 = resolve(chapter(), BUCKET) or ""
IN_TOKYO = resolve(chapter(), "s3.ap-northeast-1.amazonaws.com") or ""
PUBLIC_STS = resolve(chapter(), STS) or ""
DROPPED, DELIVERED = Outcome.DROPPED, Outcome.DELIVERED


@pytest.mark.parametrize(
    ("change", "destination", "outcome", "at", "says"),
    [
        (as_it_is, S3, DELIVERED, "vpce-s3", "takes it to com.amazonaws.us-east-1.s3"),
        (routes(), S3, DROPPED, "rtb-private", f"no route to {S3}"),
        (routes(TO_DYNAMODB), S3, DROPPED, "rtb-private", f"no route to {S3}"),
        (as_it_is, IN_TOKYO, DROPPED, "rtb-private", f"no route to {IN_TOKYO}"),
        (as_it_is, PUBLIC_STS, DROPPED, "rtb-private", f"no route to {PUBLIC_STS}"),
        (routes(TO_S3, OUT), S3, DELIVERED, "vpce-s3", "takes it to"),
        (routes(TO_S3, replace(OUT, destination=S3_RANGE)), S3, DROPPED, "igw-customer", "no public address"),
        (routes(OUT), S3, DROPPED, "igw-customer", "no public address"),
        (changed(Endpoint, "vpce-s3", state="deleting"), S3, DROPPED, "vpce-s3", "endpoint is deleting"),
        (changed(Group, "sg-private", egress=(rule(443, DYNAMODB_RANGE),)), S3, DROPPED, "sg-private", "no outbound"),
        (changed(Group, "sg-private", egress=(rule(443, S3_RANGE),)), S3, DELIVERED, "vpce-s3", "takes it to"),
        (changed(Vpc, "vpc-customer", gateway_ids=(), blocked=True), S3, DELIVERED, "vpce-s3", "takes it to"),
        (acl(True, 443, 443), S3, DROPPED, "acl-private", "line 50 denies tcp/443 out to"),
        (acl(False, 1024, 65535), S3, DROPPED, "acl-private", "line 50 denies tcp/32768-60999 (answers) in from"),
        (as_it_is, STS_ADDRESS, DELIVERED, "vpce-sts", "takes it to com.amazonaws.us-east-1.sts"),
        (changed(Endpoint, "vpce-sts", state="pending"), STS_ADDRESS, DROPPED, "vpce-sts", "endpoint is pending"),
        (changed(Group, "sg-sts", ingress=()), STS_ADDRESS, DROPPED, "sg-sts", "no inbound rule for tcp/443 from 10.0"),
    ],
)
def test_the_way_from_the_private_instance(
    change: Change, destination: str, outcome: Outcome, at: str, says: str
) -> None:
    decision = decide(change(chapter()), "eni-private", destination, 443, lambda *_: Health())
    assert (decision.outcome, decision.host) == (outcome, AWS if outcome is DELIVERED else "")
    assert decision.settled_by.at.startswith(at)
    assert says in decision.settled_by.says
    if outcome is DELIVERED:
        assert (decision.source, decision.endpoint) == (PRIVATE_ADDRESS, at)
        told = [str(hop) for hop in decision.hops]
        assert (f"rtb-private: {S3_LIST} to vpce-s3" in told) is (destination == S3)


@pytest.mark.parametrize(("public", "source", "endpoint"), [("", CUSTOMER_PUBLIC, ""), ("s3", "10.0.1.15", "vpce-s3")])
def test_the_way_from_the_public_instance(public: str, source: str, endpoint: str) -> None:
    view = but(chapter(), Subnet, "subnet-customer", routes=(LOCAL, OUT, *([TO_S3] if public else [])))
    decision = decide(view, "eni-customer", S3, 443, lambda *_: Health())
    assert (decision.outcome, decision.source, decision.endpoint) == (DELIVERED, source, endpoint)


def with_nat(*more: Route, **changes: object) -> View:
    """The private subnet with a default route to a NAT gateway in the public one."""
    wanted = ("eni-nat", "vpc-customer", "subnet-customer", "10.0.1.9", NAT_PUBLIC, ())
    nat = Interface(*wanted, InterfaceOwner.NAT_GATEWAY, "nat-1")
    return routes(*more, BY_NAT)(with_(chapter(), replace(nat, **changes)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("view", "destination", "source", "at", "says"),
    [
        (with_nat(), S3, NAT_PUBLIC, "internet", "is on the internet"),
        (with_nat(), PUBLIC_STS, NAT_PUBLIC, "internet", "is on the internet"),
        (with_nat(TO_S3), S3, PRIVATE_ADDRESS, "vpce-s3", "takes it to"),
        (with_nat(TO_S3), PUBLIC_STS, NAT_PUBLIC, "internet", "is on the internet"),
        (with_nat(public_address=None), S3, "", "igw-customer", "eni-nat (10.0.1.9) has no public address"),
        (with_nat(holder=InterfaceOwner.OTHER, holder_id=""), S3, "", "nat-1", "NAT gateway is not available"),
        (with_nat(subnet_id="subnet-private"), S3, "", "rtb-private", "nat-1, which is no way to the internet"),
        (acl(False, 1024, 65535)(with_nat()), S3, "", "acl-private", "line 50 denies"),
        (
            but(with_nat(), Subnet, "subnet-customer", acl=()),
            S3,
            "",
            "acl-customer",
            "denies tcp/443 in from 10.0.2.20",
        ),
        (but(with_nat(), Vpc, "vpc-customer", blocked=True), S3, "", "vpc-customer", "Block Public Access"),
    ],
)
def test_the_way_by_a_nat_gateway(view: View, destination: str, source: str, at: str, says: str) -> None:
    decision = decide(view, "eni-private", destination, 443, lambda *_: Health())
    assert (decision.settled_by.at, decision.source) == (at, source)
    assert says in decision.settled_by.says


# --- names -------------------------------------------------------------------------------

OFF = changed(Endpoint, "vpce-sts", private_dns=False)
S3_BY_INTERFACE = changed(Endpoint, "vpce-sts", service_name=f"com.amazonaws.{REGION}.s3")


@pytest.mark.parametrize(
    ("name", "change", "where"),
    [
        (BUCKET, as_it_is, S3_RANGE),
        ("any.bucket.s3.us-east-1.amazonaws.com", as_it_is, S3_RANGE),
        ("S3.us-east-1.amazonaws.com.", as_it_is, S3_RANGE),
        ("s3.amazonaws.com", as_it_is, S3_RANGE),
        ("dynamodb.us-east-1.amazonaws.com", as_it_is, DYNAMODB_RANGE),
        ("s3.eu-west-1.amazonaws.com", as_it_is, cidrs_of("com.amazonaws.eu-west-1.s3", "eu-west-1")[0]),
        ("s3.cn-north-1.amazonaws.com.cn", as_it_is, cidrs_of("com.amazonaws.cn-north-1.s3", "cn-north-1")[0]),
        (STS, as_it_is, STS_ADDRESS),
        (STS_NAME, as_it_is, STS_ADDRESS),
        (STS_ZONAL, OFF, STS_ADDRESS),
        (STS, OFF, "198.19.128.0/17"),
        (STS, changed(Vpc, "vpc-customer", dns_hostnames=False), "198.19.128.0/17"),
        (STS, changed(Endpoint, "vpce-sts", state="pending"), "198.19.128.0/17"),
        (STS, lambda view: without(view, Endpoint, "vpce-sts"), "198.19.128.0/17"),
        ("sts.amazonaws.com", as_it_is, "198.19.128.0/17"),
        ("sts.eu-west-1.amazonaws.com", as_it_is, "198.19.128.0/17"),
        ("api.ecr.us-east-1.amazonaws.com", as_it_is, "198.19.128.0/17"),
        ("bucket.s3.us-east-1.amazonaws.com", S3_BY_INTERFACE, STS_ADDRESS),
        (BUCKET, S3_BY_INTERFACE, S3_RANGE),
        ("checkip.amazonaws.com", as_it_is, "198.51.100.80"),
        (STS, changed(Vpc, "vpc-customer", dns_support=False), ""),
        ("checkip.amazonaws.com", changed(Vpc, "vpc-customer", dns_support=False), ""),
        ("nothing.us-east-1.amazonaws.com", as_it_is, ""),
        ("bucket.sts.us-east-1.amazonaws.com", as_it_is, ""),
        ("sts.us-nowhere-1.amazonaws.com", as_it_is, ""),
        ("lb-1234.elb.us-east-1.amazonaws.com", as_it_is, ""),
        ("vpce-gone-abcdefgh.sts.us-east-1.vpce.amazonaws.com", as_it_is, ""),
        ("amazonaws.com", as_it_is, ""),
    ],
)
def test_what_a_name_means_in_the_vpc(name: str, change: Change, where: str) -> None:
    found = addresses(change(chapter()), name, "vpc-customer")
    assert [within(each, where) for each in found] == ([True] if where else [])


def test_private_names_are_private_to_their_vpc_and_lead_to_each_zone() -> None:
    view = chapter()
    assert within(resolve(view, STS) or "", "198.19.128.0/17")
    assert within(resolve(view, STS, "vpc-service") or "", "198.19.128.0/17")
    second = replace(view.interfaces["eni-sts"], id="eni-sts-b", address="10.0.1.30", subnet_id="subnet-customer")
    view = but(with_(view, second), Endpoint, "vpce-sts", interface_ids=("eni-sts", "eni-sts-b"))
    assert addresses(view, STS, "vpc-customer") == (STS_ADDRESS, "10.0.1.30")
    assert addresses(view, STS_NAME) == (STS_ADDRESS, "10.0.1.30")
    assert addresses(view, STS_ZONAL) == (STS_ADDRESS,)


# --- what answers there, to a real connection with TLS -------------------------------------


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, ssh_key: Path) -> Iterator[Lab]:
    """The chapter's network, with its two instances booted."""
    directory, public = tmp_path_factory.mktemp("chapter"), ssh_key.with_suffix(".pub").read_text()
    world = World(chapter((public,)), Clock(math.inf))
    lab = Lab(world, Network(world.look, world.clock, directory), directory, ssh_key)
    lab.network.start()
    lab.booted(PRIVATE, CUSTOMER)
    yield lab
    lab.network.stop()


@pytest.fixture
def lab(running: Lab) -> Iterator[Lab]:
    before = running.world.view
    yield running
    running.world.view = before


def on(lab: Lab, instance_id: str, line: str) -> tuple[int, str, str]:
    """Run a line in an instance's shell, in the network's own loop: exit code, output, errors."""
    out: list[str] = []
    err: list[str] = []
    shell = Shell(lab.network._hosts._machines[instance_id], "ec2-user", out.append, err.append, "")
    assert lab.network._loop is not None
    code = asyncio.run_coroutine_threadsafe(shell.run(line), lab.network._loop).result(20)
    return code, "".join(out), "".join(err)


CURL = "curl -sS -m 5 -w '\\n%{http_code} %{remote_ip} %{ssl_verify_result} %{errormsg}'"


def policy(**changes: object) -> Change:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", **changes}
    return changed(Endpoint, "vpce-s3", policy=json.dumps({"Statement": [statement]}))


@pytest.mark.parametrize(
    ("change", "url", "code", "status", "said"),
    [
        (as_it_is, MIRRORS, 0, 200, f"https://{BUCKET}/core/guids/"),
        (as_it_is, MIRRORS.replace("https", "http"), 0, 200, "/core/guids/"),
        (as_it_is, f"https://{BUCKET}/", 0, 403, "<Code>AccessDenied</Code>"),
        (as_it_is, f"https://{BUCKET}/other", 0, 403, "<Code>AccessDenied</Code>"),
        (as_it_is, f"https://s3.us-east-1.amazonaws.com/{BUCKET.partition('.')[0]}/other", 0, 403, "AccessDenied"),
        (as_it_is, "https://nobodys.s3.us-east-1.amazonaws.com/", 0, 404, "<Code>NoSuchBucket</Code>"),
        (as_it_is, "https://s3.us-east-1.amazonaws.com/", 0, 307, ""),
        (as_it_is, "https://dynamodb.us-east-1.amazonaws.com/", 0, 200, "healthy: dynamodb.us-east-1.amazonaws.com"),
        (as_it_is, f"https://{STS}/", 0, 302, ""),
        (as_it_is, f"'https://{STS}/?Action=GetCallerIdentity'", 0, 403, "<Code>MissingAuthenticationToken</Code>"),
        (as_it_is, f"https://{STS_NAME}/", 0, 302, ""),
        (as_it_is, "https://a.dotted.bucket.s3.us-east-1.amazonaws.com/", 60, 0, "no alternative certificate subject"),
        (as_it_is, f"https://{STS_ADDRESS}/", 60, 0, "no alternative certificate subject"),
        (as_it_is, f"-k https://{STS_ADDRESS}/", 0, 404, ""),
        (as_it_is, "https://nowhere.example.com/", 6, 0, "Could not resolve host: nowhere.example.com"),
        (as_it_is, f"https://{STS_ADDRESS}:22/", 28, 0, "timed out after 5000 milliseconds"),
        (as_it_is, "https://checkip.amazonaws.com/", 28, 0, "timed out after 5000 milliseconds"),
        (as_it_is, f"https://{CUSTOMER_ADDRESS}:22/", 35, 0, "TLS connect error"),
        (OFF, f"https://{STS}/", 28, 0, "timed out"),
        (changed(Group, "sg-sts", ingress=()), f"https://{STS}/", 28, 0, "timed out"),
        (changed(Vpc, "vpc-customer", dns_support=False), MIRRORS, 6, 0, "Could not resolve host"),
        (routes(), MIRRORS, 28, 0, "timed out"),
        (routes(TO_DYNAMODB), MIRRORS, 28, 0, "timed out"),
        (changed(Endpoint, "vpce-s3", policy=DENIES), MIRRORS, 0, 403, "<Code>AccessDenied</Code>"),
        (policy(), MIRRORS, 0, 200, "/core/"),
        (policy(Principal={"AWS": "*"}, Resource="arn:aws:s3:::al2023-repos-*/*"), MIRRORS, 0, 200, ""),
        (policy(Resource="arn:aws:s3:::mine/*"), MIRRORS, 0, 403, "AccessDenied"),
        (policy(Principal={"AWS": "arn:aws:iam::123456789012:root"}), MIRRORS, 0, 403, "AccessDenied"),
        (policy(Condition={"StringEquals": {"aws:SourceVpc": "vpc-customer"}}), MIRRORS, 0, 200, ""),
    ],
)
def test_what_answers_the_private_instance(
    lab: Lab, change: Change, url: str, code: int, status: int, said: str
) -> None:
    lab.world.view = change(lab.world.view)
    got, out, err = on(lab, PRIVATE, f"{CURL} {url}")
    body, _, last = out.rpartition("\n")
    told, address, verified, words = last.split(" ", 3)
    assert (got, told, verified) == (code, f"{status:03}", "0")
    assert said in (words if code else body)
    assert err == (f"curl: ({code}) {words}\n" if code else "")
    assert bool(address) is (code in (0, 35, 60))


def test_what_answers_the_public_instance_and_one_on_the_internet(lab: Lab) -> None:
    assert on(lab, CUSTOMER, "curl -s https://checkip.amazonaws.com/") == (0, f"{CUSTOMER_PUBLIC}\n", "")
    assert on(lab, CUSTOMER, f"curl -s -o /dev/null -w '%{{http_code}}' {MIRRORS}") == (0, "200", "")
    lab.world.view = changed(Endpoint, "vpce-s3", policy=DENIES)(lab.world.view)
    assert on(lab, CUSTOMER, f"curl -s -o /dev/null -w '%{{http_code}}' {MIRRORS}") == (0, "200", "")
    assert lab.get(BUCKET, "/core/mirrors/latest/x86_64/mirror.list").startswith("HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (as_it_is, "dnf: installed git\n"),
        (routes(), "dnf: cannot reach the package repository: timed out. rtb-private: has no route to 198.18."),
        (changed(Endpoint, "vpce-s3", policy=DENIES), f"status code: 403 for {MIRRORS} (IP: 198.18."),
        (changed(Vpc, "vpc-customer", dns_support=False), f"could not resolve host: {BUCKET}\n"),
    ],
)
def test_packages_come_from_the_bucket(lab: Lab, change: Change, said: str) -> None:
    lab.world.view = change(lab.world.view)
    assert said in on(lab, PRIVATE, "sudo dnf install -y git")[1]


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (f"getent hosts {STS}", 0, f"{STS_ADDRESS}       {STS}\n"),
        (f"getent ahostsv4 {STS}", 0, f"{STS_ADDRESS}       STREAM {STS}\n"),
        ("getent hosts nowhere.example.com", 2, ""),
        (f"dig +short {STS}", 0, f"{STS_ADDRESS}\n"),
        (f"dig {STS} A", 0, f";; ANSWER SECTION:\n{STS}. 60 IN A {STS_ADDRESS}\n"),
        ("dig +short nowhere.example.com", 0, ""),
        ("dig nowhere.example.com", 0, ";; status: NXDOMAIN\n"),
        (f"nslookup {STS}", 0, f"10.0.0.2#53\n\nNon-authoritative answer:\nName:\t{STS}\nAddress: {STS_ADDRESS}\n"),
        ("nslookup nowhere.example.com", 1, "** server can't find nowhere.example.com: NXDOMAIN\n"),
        ("cat /etc/dnf/vars/awsregion /etc/dnf/vars/awsdomain", 0, "us-east-1\namazonaws.com\n"),
        (
            "cat /etc/yum.repos.d/amazonlinux.repo",
            0,
            "mirrorlist=https://al2023-repos-$awsregion-de612dc2.s3.dualstack.$awsregion.$awsdomain/core/mirrors/"
            "$releasever/$basearch/mirror.list\n",
        ),
    ],
)
def test_how_names_are_looked_up_on_an_instance(lab: Lab, line: str, code: int, said: str) -> None:
    got, out, err = on(lab, PRIVATE, line)
    assert (got, err) == (code, "")
    assert said in out if said else out == ""


# --- in by the public instance ---------------------------------------------------------------


def test_ssh_by_way_of_the_public_instance(lab: Lab, tmp_path: Path) -> None:
    key = tmp_path / "it's 50%h" / "key.pem"
    key.parent.mkdir()
    key.write_bytes(lab.key.read_bytes())
    key.chmod(0o600)
    way = next(word for word in lab.ssh_command(CUSTOMER_PUBLIC) if word.startswith("ProxyCommand="))
    direct = Ssh(key, key.parent / "known_hosts", (*NO_CONFIGURATION, "-o", way))
    ssh = direct.through(CUSTOMER_PUBLIC, "i-customer")
    done = ssh.run(PRIVATE_ADDRESS, PRIVATE, ["hostname"], 20)
    assert (done.out, done.exit_code, done.failure) == ("ip-10-0-2-20.ec2.internal\n", 0, None), done
    assert {line.split()[0] for line in ssh.known_hosts.read_text().splitlines()} == {CUSTOMER, PRIVATE}
    hops = next(each for each in lab.network.trace() if each["destination"] == PRIVATE_ADDRESS)["hops"]
    assert [hop["at"] for hop in hops[:2]] == ["sg-customer", "rtb-customer"]
    assert hops[-1] == {"at": PRIVATE, "says": "gets tcp/22 from 10.0.1.15", "passed": True}
    lab.world.change(Group, "sg-private", ingress=(rule(22, "10.9.0.0/16"),))
    closed = ssh.run(PRIVATE_ADDRESS, PRIVATE, ["hostname"], 20)
    assert (closed.failure, closed.out) == (SshFailure.ON_THE_WAY, ""), closed
    lab.world.change(Group, "sg-customer", ingress=(rule(80, *ANYWHERE),))
    assert ssh.run(PRIVATE_ADDRESS, PRIVATE, ["hostname"], 2).failure is SshFailure.ON_THE_WAY
