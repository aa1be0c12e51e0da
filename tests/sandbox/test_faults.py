"""What can be made to go wrong: exactly when it was asked for, and as a caller would meet it on AWS."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.parsers import ResponseParserError

from vpce_demo.sandbox.api.faults import Faults, InjectedFault
from vpce_demo.sandbox.api.spoil import SPOILS, spoilt
from vpce_demo.sandbox.server import Sandbox

from .test_control import ask
from .world import World, refused


def faults(world: World) -> Faults:
    return world.sandbox.faults


def errors(world: World) -> list[str | None]:
    return [call.error for call in world.sandbox.calls()]


def own_vpcs(world: World) -> list[str]:
    return [one["VpcId"] for one in world.ec2.describe_vpcs()["Vpcs"] if not one["IsDefault"]]


def code_of(call: Callable[[], object]) -> str:
    """The code a call fails with; empty if it does not."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


# --- errors -----------------------------------------------------------------------


def test_an_installation_fails_only_by_its_own_name(world: World) -> None:
    told = faults(world)
    told.add(InjectedFault("error", code="Throttling"), InjectedFault("error", "Install*", code="Throttling"))
    assert told.install_error() == ""
    told.add(InjectedFault("error", "InstallPackages", times=2, code="RpmLocked", message="Somebody holds the lock."))
    found = [told.install_error() for _ in range(3)]
    assert found == ["RpmLocked: Somebody holds the lock.", "RpmLocked: Somebody holds the lock.", ""]
    assert [fault["struck"] for fault in told.as_dict()["faults"]] == [0, 0, 2]
    with pytest.raises(ValueError, match="InstallPackages takes error alone, not delay"):
        InjectedFault("delay", "InstallPackages", seconds=1)


def test_an_error_instead_of_the_call(world: World) -> None:
    given: dict[str, Any] = {"code": "RequestLimitExceeded", "status": 503, "message": "Slow down."}
    faults(world).add(InjectedFault("error", "CreateVpc", **given))
    with pytest.raises(ClientError) as caught:
        world.vpc()
    assert caught.value.response["Error"] == {"Code": "RequestLimitExceeded", "Message": "Slow down."}
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert own_vpcs(world) == []
    assert errors(world) == ["RequestLimitExceeded", None]
    told = {"do": "error", "operation": "CreateVpc", **given, "seen": 1, "struck": 1}
    assert faults(world).as_dict()["faults"] == [told]


@pytest.mark.parametrize(("service", "call"), [("elbv2", "describe_load_balancers"), ("ssm", "describe_parameters")])
def test_an_error_in_each_protocol(world: World, service: str, call: str) -> None:
    faults(world).add(InjectedFault("error", code="Throttling"))
    with refused("Throttling", "told to"):
        getattr(world.client(service), call)()


def test_the_nth_call_is_struck_and_no_other(world: World) -> None:
    faults(world).add(InjectedFault("error", "Describe*", nth=3, code="Unavailable"))
    codes = [code_of(world.ec2.describe_vpcs if number % 2 else world.ec2.describe_subnets) for number in range(5)]
    assert codes == ["", "", "Unavailable", "", ""]
    told = faults(world).as_dict()["faults"][0]
    assert (told["seen"], told["struck"]) == (5, 1)


def test_the_first_calls_are_struck(world: World) -> None:
    faults(world).add(InjectedFault("error", "DescribeVpcs", times=2, code="Unavailable"))
    assert [code_of(world.ec2.describe_vpcs) for _ in range(4)] == ["Unavailable", "Unavailable", "", ""]
    assert code_of(world.ec2.describe_subnets) == ""


def test_a_call_of_another_operation_ends_it(world: World) -> None:
    faults(world).add(
        InjectedFault("error", "CreateVpc", code="InternalError", until="Modify*"), InjectedFault("delay", seconds=0.0)
    )
    assert [code_of(world.vpc), code_of(world.vpc)] == ["InternalError"] * 2
    world.ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode="off")
    assert code_of(world.vpc) == ""
    assert [fault["do"] for fault in faults(world).as_dict()["faults"]] == ["delay"]


def test_a_call_ends_once_and_every_fault_counts_it(world: World) -> None:
    first, second = InjectedFault("error", code="First", nth=1), InjectedFault("error", code="Second", times=2)
    faults(world).add(first, second)
    assert [code_of(world.ec2.describe_vpcs) for _ in range(3)] == ["First", "Second", ""]
    assert [(fault.seen, fault.struck) for fault in (first, second)] == [(3, 1), (3, 1)]


def test_counting_is_exact_under_many_callers(world: World) -> None:
    world.ec2.describe_vpcs()
    each = [InjectedFault("error", "DescribeVpcs", nth=nth, code=f"Number{nth}") for nth in (1, 7, 24, 100, 144)]
    faults(world).add(*each, InjectedFault("error", "DescribeVpcs", times=50, code="Early"))
    with ThreadPoolExecutor(24) as pool:
        codes = Counter(pool.map(lambda _: code_of(world.ec2.describe_vpcs), range(144)))
    assert codes == {"": 92, "Early": 47, **{fault.code: 1 for fault in each}}


# --- answers that are not AWS's ----------------------------------------------------


@pytest.mark.parametrize(("do", "left"), [("spoil-before", 0), ("spoil-after", 1)])
@pytest.mark.parametrize("how", SPOILS)
@pytest.mark.sampled(3)
def test_a_spoilt_reply(world: World, do: str, left: int, how: str) -> None:
    faults(world).add(InjectedFault(do, "CreateVpc", nth=1, how=how))
    with pytest.raises((ResponseParserError, ClientError, KeyError, UnicodeDecodeError)):
        # botocore alone takes some of them for an answer without members.
        world.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]
    assert len(own_vpcs(world)) == left
    assert errors(world)[0] == do.replace("spoil-", "spoilt ")
    assert world.vpc()


@pytest.mark.parametrize(
    ("how", "status", "begins"),
    [
        ("empty", 200, b""),
        ("html", 200, b"<html>\n"),
        ("xhtml", 200, b"<?xml "),
        ("403", 403, b"<html>"),
        ("407", 407, b"<html>"),
        ("429", 429, b""),
        ("redirect", 302, b"<html>"),
        ("truncated", 200, b'{"DescribeP'),
        ("garbage", 200, bytes(range(9))),
        ("huge", 200, b"0000"),
        ("bomb", 200, b"<?xml "),
        ("other", 200, b'{"ListNothing"'),
    ],
)
def test_what_comes_instead(how: str, status: int, begins: bytes) -> None:
    answer = spoilt(how, "json", "DescribeParameters")
    body = next(answer.iter_encoded(), b"")
    assert (answer.status_code, body[: len(begins) or None]) == (status, begins)


# --- no answer -------------------------------------------------------------------


@pytest.mark.parametrize(("do", "left"), [("drop-before", 0), ("drop-after", 1)])
def test_a_lost_reply(world: World, do: str, left: int) -> None:
    faults(world).add(InjectedFault(do, "CreateVpc", nth=1))
    with pytest.raises(ConnectionClosedError):
        world.vpc()
    assert len(own_vpcs(world)) == left
    assert world.vpc()
    assert errors(world)[0] == do.replace("drop-", "dropped ")
    assert all(call.ended for call in world.sandbox.calls())


def test_a_lost_refusal_is_told_as_both(world: World) -> None:
    faults(world).add(InjectedFault("drop-after", "DeleteVpc"))
    with pytest.raises(ConnectionClosedError):
        world.ec2.delete_vpc(VpcId="vpc-0123456789abcdef0")
    assert errors(world) == ["InvalidVpcID.NotFound, dropped after"]


def test_many_lost_replies_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(world.sandbox.cloud.quotas, "vpcs", 100)
    faults(world).add(InjectedFault("drop-after", "CreateInternetGateway"))

    def lost(_: int) -> bool:
        with pytest.raises(ConnectionClosedError):
            world.gateway()
        return True

    with ThreadPoolExecutor(24) as pool:
        assert all(pool.map(lost, range(48)))
    faults(world).clear()
    assert len(world.ec2.describe_internet_gateways()["InternetGateways"]) == 1 + 48


def test_a_client_token_finds_what_a_lost_reply_left(world: World) -> None:
    net = world.network()
    faults(world).add(InjectedFault("drop-after", "CreateRouteTable", nth=1))
    with pytest.raises(ConnectionClosedError):
        world.ec2.create_route_table(VpcId=net.vpc, ClientToken="once")
    again = world.ec2.create_route_table(VpcId=net.vpc, ClientToken="once")["RouteTable"]["RouteTableId"]
    tables = [
        one["RouteTableId"] for one in world.ec2.describe_route_tables()["RouteTables"] if one["VpcId"] == net.vpc
    ]
    assert sorted(tables).count(again) == 1
    assert len(tables) == 3


def test_a_delay(world: World) -> None:
    world.ec2.describe_vpcs()
    faults(world).add(InjectedFault("delay", "DescribeVpcs", nth=1, seconds=0.3), InjectedFault("delay", seconds=0.1))
    assert world.ec2.describe_vpcs()["Vpcs"]
    call = world.sandbox.calls()[-1]
    assert call.ended is not None
    assert call.ended - call.started >= 0.4


# --- a caller that dies -----------------------------------------------------------

CALLER = """
import os, sys, boto3
from botocore.config import Config
config = Config(retries={"total_max_attempts": 1}, user_agent_extra=sys.argv[2].format(pid=os.getpid()))
ec2 = boto3.client("ec2", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="-",
    aws_secret_access_key="-", config=config)
try:
    ec2.create_vpc(CidrBlock="20.0.0.0/16")
except Exception as error:
    sys.exit(type(error).__name__)
"""


@pytest.mark.parametrize(("do", "left"), [("kill-before", 0), ("kill-after", 1)])
def test_the_caller_is_killed(world: World, do: str, left: int) -> None:
    faults(world).add(InjectedFault(do, "CreateVpc", nth=1))
    done = run_caller(world.sandbox, "pid/{pid}")
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert errors(world) == [do.replace("kill-", "killed ")]
    assert len(own_vpcs(world)) == left


def test_who_does_not_say_who_it_is_gets_no_answer(world: World) -> None:
    faults(world).add(InjectedFault("kill-before"))
    with pytest.raises(ConnectionClosedError):
        world.vpc()


@pytest.mark.parametrize("pid", ["0", "1", "{own}", "99999999999999999999", "-1", "x1"])
def test_the_sandbox_ends_neither_itself_nor_what_is_no_caller(world: World, pid: str) -> None:
    faults(world).add(InjectedFault("kill-before"))
    connection = http.client.HTTPConnection("127.0.0.1", world.sandbox.port, timeout=10)
    with contextlib.closing(connection):
        connection.request(
            "POST", "/", "Action=DescribeVpcs", {"User-Agent": f"Boto3/1 pid/{pid.format(own=os.getpid())}"}
        )
        with pytest.raises(http.client.RemoteDisconnected):
            connection.getresponse()


def run_caller(sandbox: Sandbox, agent: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", CALLER, sandbox.endpoint_url, agent]
    return subprocess.run(words, capture_output=True, text=True, timeout=60)


# --- the control port --------------------------------------------------------------


def post(world: World, body: object) -> tuple[int, Any]:
    return ask(world.sandbox, "POST", "/_sandbox/faults", json.dumps(body))


def test_a_bucket_for_each_operation_fills_again(world: World) -> None:
    faults, clock = world.sandbox.faults, world.sandbox.clock
    faults.add(InjectedFault("throttle", "Describe*", burst=2, rate=0.1))
    assert [code_of(world.ec2.describe_vpcs) for _ in range(3)] == ["", "", "RequestLimitExceeded"]
    assert code_of(world.ec2.describe_subnets) == "", "it has a bucket of its own"
    clock.skip(10)
    assert [code_of(world.ec2.describe_vpcs) for _ in range(2)] == ["", "RequestLimitExceeded"]
    clock.skip(1000)
    assert [code_of(world.ec2.describe_vpcs) for _ in range(3)] == ["", "", "RequestLimitExceeded"], "2 at most"


def test_faults_by_the_control_port(world: World) -> None:
    status, answer = post(world, {"add": [{"do": "error", "code": "Nope", "times": 1}, {"do": "delay", "seconds": 0}]})
    assert status == 200
    assert [one["do"] for one in answer["faults"]] == ["error", "delay"]
    assert code_of(world.ec2.describe_vpcs) == "Nope"
    status, told = ask(world.sandbox, "GET", "/_sandbox/faults")
    assert [(one["seen"], one["struck"]) for one in told["faults"]] == [(1, 1), (1, 1)]
    assert post(world, {"clear": True, "add": [{"do": "drop-before"}]})[1]["faults"] == [
        {"do": "drop-before", "seen": 0, "struck": 0}
    ]
    told = post(world, {"hidden_seconds": 2.5, "credentials": "expired"})[1]
    assert (len(told["faults"]), told["hidden_seconds"], told["credentials"]) == (1, 2.5, "expired")
    told = post(world, {"hidden_seconds": None, "credentials": "fine"})[1]
    assert (len(told["faults"]), told["hidden_seconds"], told["credentials"]) == (1, None, "fine")
    post(world, {"hidden_seconds": 1000, "hidden_tags_seconds": 1000, "credentials": "expired"})
    world.sandbox.reset()
    nothing: dict[str, object] = {
        "faults": [],
        "hidden_seconds": None,
        "hidden": [],
        "hidden_tags_seconds": None,
        "credentials": "fine",
    }
    assert ask(world.sandbox, "GET", "/_sandbox/faults") == (200, nothing)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"ad": []}, "unknown key 'ad'; known are"),
        ({"clear": False}, "clear is true or left out"),
        ({"add": {"do": "delay"}}, "add is a list of faults"),
        ({"add": ["delay"]}, "a fault is an object"),
        ({"add": [{"code": "Nope"}]}, "a fault needs do, one of error, drop-before"),
        ({"add": [{"do": "explode"}]}, "do is one of error, drop-before"),
        ({"add": [{"do": "delay", "seconds": 1, "seen": 3}]}, "unknown key 'seen'"),
        ({"add": [{"do": "error"}]}, "code is AWS's code for an error"),
        ({"add": [{"do": "error", "code": "<b>"}]}, "code is AWS's code for an error"),
        ({"add": [{"do": "error", "code": "A", "status": 200}]}, "status is an HTTP status from 400 to 599"),
        ({"add": [{"do": "error", "code": "A", "message": 1}]}, "message is a text"),
        ({"add": [{"do": "drop-after", "code": "A"}]}, "code is for error, not for drop-after"),
        ({"add": [{"do": "delay"}]}, "seconds is a number from 0 to 3600"),
        ({"add": [{"do": "delay", "seconds": -1}]}, "seconds is a number from 0 to 3600"),
        ({"add": [{"do": "kill-after", "seconds": 1}]}, "seconds is for delay, not for kill-after"),
        ({"add": [{"do": "drop-after", "how": "html"}]}, "how is for spoil-before and spoil-after, not for drop-after"),
        ({"add": [{"do": "spoil-after"}]}, "how is one of empty, html"),
        ({"add": [{"do": "spoil-before", "how": []}]}, "how is one of empty, html"),
        ({"add": [{"do": "throttle", "nth": 1}]}, "throttle strikes by its tokens"),
        ({"add": [{"do": "throttle", "burst": 0}]}, "burst is a whole number from 1 to 1000"),
        ({"add": [{"do": "throttle", "rate": 0}]}, "rate is a number above 0"),
        ({"add": [{"do": "delay", "seconds": 1, "rate": 1}]}, "burst and rate are for throttle"),
        ({"add": [{"do": "drop-after", "nth": 0}]}, "nth is a whole number from 1"),
        ({"add": [{"do": "drop-after", "times": True}]}, "times is a whole number from 1"),
        ({"add": [{"do": "drop-after", "times": 1, "nth": 1}]}, "nth and times exclude each other"),
        ({"add": [{"do": "drop-after", "operation": 7}]}, "operation is a name or a pattern"),
        ({"add": [{"do": "drop-after", "operation": "CreateVPC"}]}, "the nearest is CreateVpc"),
        ({"hidden_seconds": -1}, "hidden_seconds is a number from 0 to 1e9, or null"),
        ({"hidden_seconds": float("inf")}, "hidden_seconds is a number from 0 to 1e9, or null"),
        ({"hidden_tags_seconds": "5"}, "hidden_tags_seconds is a number from 0 to 1e9, or null"),
        ({"credentials": "old"}, "credentials is expired or fine"),
        ({"hidden_seconds": 3, "credentials": None}, "credentials is expired or fine"),
        ({"clear": True, "add": [{"do": "drop-after"}, {"do": "delay"}]}, "seconds is a number"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_mistakes_are_named_and_change_nothing(world: World, body: object, words: str) -> None:
    faults(world).add(InjectedFault("delay", seconds=0))
    before = faults(world).as_dict()
    status, answer = post(world, body)
    assert status == 400
    assert words in answer["error"]
    assert faults(world).as_dict() == before
