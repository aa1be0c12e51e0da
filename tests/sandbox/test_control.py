"""The sandbox as a server: who it answers, its control port, starting and stopping."""

from __future__ import annotations

import http.client
import json
import math
import socket
import threading
from typing import Any

import pytest

from vpce_demo import __version__
from vpce_demo.errors import SandboxError
from vpce_demo.sandbox.client import TOKEN_HEADER
from vpce_demo.sandbox.clock import Clock
from vpce_demo.sandbox.server import Sandbox

from .world import World, refused


def ask(sandbox: Sandbox, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, Any]:
    """The status and the body, JSON or text, of one raw request; headers' underscores are hyphens."""
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
    try:
        given = {TOKEN_HEADER: sandbox.token, **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection.request(method, path, body, given)
        response = connection.getresponse()
        text = response.read().decode()
    finally:
        connection.close()
    try:
        return response.status, json.loads(text)
    except ValueError:
        return response.status, text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}"])
@pytest.mark.parametrize("path", ["/", "/_sandbox/status"])
def test_only_its_own_name(world: World, host: str, path: str) -> None:
    assert ask(world.sandbox, "GET", path, Host=host.format(port=world.sandbox.port))[0] == 403


def test_localhost_is_its_name_too(world: World) -> None:
    assert ask(world.sandbox, "GET", "/_sandbox/status", Host=f"localhost:{world.sandbox.port}")[0] == 200


@pytest.mark.parametrize(("method", "path"), [("POST", "/"), ("GET", "/_sandbox/status"), ("OPTIONS", "/")])
def test_a_web_page_is_not_answered(world: World, method: str, path: str) -> None:
    headers = {} if method == "OPTIONS" else {"Origin": "https://evil.example"}
    assert ask(world.sandbox, method, path, **headers)[0] == 403


def test_moto_s_other_services_are_not_offered(world: World) -> None:
    signed = "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/sns/aws4_request, SignedHeaders=host, Signature=0"
    status, text = ask(world.sandbox, "POST", "/?Action=ListTopics", Authorization=signed)
    assert (status, "InvalidAction" in text) == (400, True)
    assert ask(world.sandbox, "GET", "/latest/meta-data/")[0] == 404


def test_the_token(world: World) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", world.sandbox.port, timeout=10)
    connection.request("GET", "/_sandbox/status")
    assert connection.getresponse().status == 403
    connection.close()
    for token in ("", "guess", "é"):
        assert ask(world.sandbox, "POST", "/_sandbox/reset", **{TOKEN_HEADER: token})[0] == 403


def test_anybody_on_this_machine_may_ask_whether_it_is_there(world: World) -> None:
    token = {TOKEN_HEADER: ""}
    assert ask(world.sandbox, "GET", "/_sandbox/health", **token) == (200, {"status": "ok", "version": __version__})
    assert ask(world.sandbox, "HEAD", "/_sandbox/health", **token) == (200, "")
    assert ask(world.sandbox, "GET", "/_sandbox/health", Host="evil.example")[0] == 403
    assert ask(world.sandbox, "POST", "/_sandbox/health", **token)[0] == 403


@pytest.mark.parametrize(
    ("verb", "body", "words"),
    [
        ("settings", "{", "not JSON"),
        ("settings", "[]", "not a JSON object"),
        ("settings", '{"sped": 1}', "unknown key 'sped'; known are speed, latency_ms"),
        ("settings", '{"speed": 0}', "speed is a number above 0, or max"),
        ("settings", '{"speed": true}', "speed is a number above 0, or max"),
        ("settings", '{"speed": NaN}', "speed is a number above 0, or max"),
        ("settings", '{"latency_ms": -1}', "latency_ms is a number of milliseconds"),
        ("settings", '{"latency_ms": "fast"}', "latency_ms is a number of milliseconds"),
        ("settings", '{"quotas": {"vpcs": 0}}', "quotas are whole numbers from 1 to 1000, of vpcs, endpoints"),
        ("settings", '{"quotas": {"cats": 5}}', "quotas are whole numbers from 1 to 1000, of vpcs, endpoints"),
        ("settings", '{"quotas": ["vpcs"]}', "quotas are whole numbers from 1 to 1000, of vpcs, endpoints"),
        ("skip", "{}", "seconds is a number from 0 to 1e9, not None"),
        ("skip", '{"seconds": -1}', "seconds is a number from 0 to 1e9, not -1"),
        ("skip", '{"minutes": 1}', "unknown key 'minutes'; known are seconds"),
        ("connect", '{"from": "internet", "port": 80}', "from and to are texts, not 'internet' and None"),
        ("connect", '{"from": "internet", "to": "i-0", "port": 0}', "port is a whole number from 1 to 65535, not 0"),
        ("connect", '{"from": "internet", "to": "i-0", "port": 80}', "'i-0' is not an instance or an address"),
        ("reset", '{"all": true}', "none are known here"),
    ],
)
def test_mistakes_are_named(world: World, verb: str, body: str, words: str) -> None:
    before = world.sandbox.status()["speed"]
    status, answer = ask(world.sandbox, "POST", f"/_sandbox/{verb}", body)
    assert status == 400
    assert words in answer["error"]
    assert world.sandbox.status()["speed"] == before


def test_unknown_verbs_and_wrong_methods(world: World) -> None:
    assert ask(world.sandbox, "GET", "/_sandbox/dance")[0] == 404
    assert ask(world.sandbox, "GET", "/_sandbox/reset")[0] == 405
    assert ask(world.sandbox, "GET", "/moto-api/data.json")[0] == 404


def test_settings(world: World) -> None:
    status, answer = ask(world.sandbox, "POST", "/_sandbox/settings", '{"speed": 5, "latency_ms": 2}')
    assert status == 200
    assert (answer["speed"], answer["latency_ms"]) == (5, 2)
    assert world.sandbox.clock.speed == 5
    answer = ask(world.sandbox, "POST", "/_sandbox/settings", '{"speed": "max", "latency_ms": 0}')[1]
    assert answer["speed"] == "max"


def test_skip(slow: World) -> None:
    instance = slow.instance(slow.network())
    assert slow.described(instance)["State"]["Name"] == "pending"
    assert ask(slow.sandbox, "POST", "/_sandbox/skip", '{"seconds": 11}')[0] == 200
    assert slow.described(instance)["State"]["Name"] == "running"


def test_connect(world: World) -> None:
    instance = world.instance(world.network())
    told = {"from": "internet", "to": instance, "port": 22}
    status, answer = ask(world.sandbox, "POST", "/_sandbox/connect", json.dumps(told))
    assert (status, answer["outcome"], answer["host"], answer["host_port"]) == (200, "delivered", instance, 22)
    assert answer["hops"][-1] == {"at": instance, "says": "gets tcp/22 from 203.0.113.10", "passed": True}


def test_calls_in_order(world: World) -> None:
    vpc = world.vpc()
    with refused("InvalidVpcID.NotFound"):
        world.ec2.delete_vpc(VpcId="vpc-0123456789abcdef0")
    world.ec2.describe_key_pairs()
    answer = ask(world.sandbox, "GET", "/_sandbox/calls")[1]
    told = [(one["service"], one["operation"], one["error"]) for one in answer["calls"]]
    assert told == [
        ("ec2", "CreateVpc", None),
        ("ec2", "DeleteVpc", "InvalidVpcID.NotFound"),
        ("ec2", "DescribeKeyPairs", None),
    ]
    numbers = [one["number"] for one in answer["calls"]]
    assert numbers == sorted(set(numbers))
    assert answer["calls"][1]["params"] == {"VpcId": "vpc-0123456789abcdef0"}
    assert all(one["started"] <= one["ended"] for one in answer["calls"])
    assert world.sandbox.status()["calls"] == {"ec2:CreateVpc": 1, "ec2:DeleteVpc": 1, "ec2:DescribeKeyPairs": 1}
    assert vpc


def test_trace(world: World) -> None:
    assert ask(world.sandbox, "GET", "/_sandbox/trace") == (200, {"connections": []})


def test_reset_empties_everything(world: World) -> None:
    world.joined()
    proxy = world.sandbox.proxy_url
    assert ask(world.sandbox, "POST", "/_sandbox/reset")[0] == 200
    assert len(world.ec2.describe_vpcs()["Vpcs"]) == 1
    assert world.endpoints() == []
    assert world.elb.describe_load_balancers()["LoadBalancers"] == []
    assert world.sandbox.cloud.services == {}
    assert world.sandbox.proxy_url == proxy


def test_stop_is_only_asked_for(world: World) -> None:
    assert ask(world.sandbox, "POST", "/_sandbox/stop") == (200, {"stopping": True})
    assert world.sandbox.stop_asked.wait(5)
    world.sandbox.stop_asked.clear()


def test_many_at_once(world: World) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            group = world.group(vpc, f"group{number}")
            world.open(group, 22, 80)
        except BaseException as error:
            failures.append(error)

    vpc = world.vpc()
    assert world.ec2.meta.endpoint_url == world.sandbox.endpoint_url
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(world.ec2.describe_security_groups()["SecurityGroups"]) == 10


@pytest.mark.parametrize("which", ["port", "proxy_port"])
def test_a_port_in_use_is_named(sandbox: Sandbox, which: str) -> None:
    sandbox.stop()
    try:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            with pytest.raises(SandboxError) as caught:
                Sandbox(**{which: port}).start()
            assert str(port) in caught.value.message
            assert f"--{which.replace('_', '-')}" in caught.value.hint
    finally:
        sandbox.start()


def test_start_and_stop_leave_nothing(sandbox: Sandbox) -> None:
    sandbox.stop()
    try:
        before = set(threading.enumerate())
        with Sandbox(speed=math.inf) as other:
            world = World(other)
            world.instance(world.network())
            ports = [other.port, int(other.proxy_url.rpartition(":")[2])]
            directory = other._own_directory
            assert directory is not None
            assert directory.exists()
        other.stop()
        assert not directory.exists()
        alive = [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("sandbox")]
        assert alive == []
        for port in ports:
            with pytest.raises(OSError, match="refused"):
                socket.create_connection(("127.0.0.1", port), timeout=1)
    finally:
        sandbox.start()


def test_the_clock() -> None:
    clock = Clock(1)
    start = clock.now()
    assert not clock.passed(start, 100)
    clock.skip(100)
    assert clock.passed(start, 100)
    with pytest.raises(ValueError, match="forward"):
        clock.skip(-1)
    clock.speed = math.inf
    assert clock.passed(clock.now(), 1e9)
    assert clock.real(1e9) == 0
    begun = clock.now()
    clock.speed = 5
    assert clock.passed(begun, 500), "what needed no time does not begin to wait afterwards"
