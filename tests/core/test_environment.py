"""The way into the sandbox does not depend on what the user has set for AWS, and what goes wrong on it is named."""

from __future__ import annotations

import inspect
import ipaddress
import os
import socket
import threading
import time
from concurrent.futures import Future
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore import configprovider
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    CredentialRetrievalError,
    EndpointConnectionError,
    InvalidConfigError,
    ReadTimeoutError,
    UnknownRegionError,
)
from botocore.loaders import JSONFileLoader

from vpce_demo.aws import environment
from vpce_demo.aws.clients import Clients
from vpce_demo.aws.credentials import _Refresh
from vpce_demo.aws.environment import Environment, in_sandbox, on_aws
from vpce_demo.aws.messages import understood
from vpce_demo.config.load import load
from vpce_demo.errors import ConfigError, SandboxError
from vpce_demo.extras import WARNINGS
from vpce_demo.model import Side
from vpce_demo.sandbox import client
from vpce_demo.sandbox.api.faults import InjectedFault
from vpce_demo.sandbox.client import Running
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.guards import same_accounts


@pytest.fixture(autouse=True)
def _clients_are_made_anew(module_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """How they are made is what is tested here."""
    monkeypatch.setattr(environment, "_sandbox_clients", inspect.unwrap(environment._sandbox_clients))


def found(sandbox: Sandbox) -> Running:
    urls = sandbox.endpoint_url, sandbox.proxy_url
    return Running(*urls, sandbox.boot_id, os.getpid(), sandbox.token, sandbox.clock.speed)


def test_what_botocore_knows_of_aws_is_read_once(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes fifteen megabytes each time."""
    read: list[str] = []
    load_file = JSONFileLoader.load_file

    def noted(loader: JSONFileLoader, path: str) -> Any:
        if threading.current_thread() is threading.main_thread():  # others are the sandbox's
            read.append(path)
        return load_file(loader, path)

    monkeypatch.setattr(JSONFileLoader, "load_file", noted)
    environment._sandbox_clients(None, "us-east-1", sandbox.endpoint_url, "")
    for name in ("ec2/2016-11-15/service-2", "/endpoints"):
        assert len([path for path in read if path.endswith(name)]) == 1, name


def test_a_sandbox_that_does_not_answer_is_asked_once(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "SANDBOX_SECONDS", 0.2)
    clients = in_sandbox(load(None, {}), found(sandbox)).clients[Side.PROVIDER]
    sandbox.faults.add(InjectedFault("delay", "DescribeVpcs", seconds=1))
    try:
        with pytest.raises(ReadTimeoutError):
            clients.ec2.describe_vpcs()
    finally:
        sandbox.faults.clear()
    assert [one.operation for one in sandbox.calls()].count("DescribeVpcs") == 1


def of_botocore() -> set[str]:
    """Every environment variable in botocore's own tables."""
    tables = (configprovider.BOTOCORE_DEFAUT_SESSION_VARIABLES, configprovider.DEFAULT_S3_CONFIG_VARS)
    told = [name for table in tables for _, name, *_ in table.values() if name]
    return {name for one in told for name in ([one] if isinstance(one, str) else one)}


SERVICES = ("EC2", "ELASTIC_LOAD_BALANCING_V2", "STS", "SSM", "IAM")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
LIBRARIES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE", "FLASK_APP", "WERKZEUG_RUN_MAIN")
NONSENSE = {
    "botocore's own": dict.fromkeys(of_botocore(), "/no/such/thing"),
    "credentials": dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"), "real"),
    "endpoints": dict.fromkeys(("AWS_ENDPOINT_URL", *(f"AWS_ENDPOINT_URL_{name}" for name in SERVICES)), "gopher:no"),
    "tokens": {f"AWS_BEARER_TOKEN_{name}": "real" for name in SERVICES},
    "libraries": dict.fromkeys((*LIBRARIES, "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME"), "/no/such/thing"),
    "proxies": {name: "http://127.0.0.1:9" for upper in PROXIES for name in (upper, upper.lower())},
    "no proxy": {name: value for value in ("*",) for name in ("NO_PROXY", "no_proxy")},
    "no proxy to AWS": dict.fromkeys(("NO_PROXY", "no_proxy"), ".amazonaws.com,127.0.0.1,10.0.0.0/8"),
    "no home": {"HOME": "/dev/null"},
}
"""Variables that change what AWS's tools and the libraries below them do, each with a value that would be noticed."""


def test_botocore_tells_its_variables() -> None:
    assert {"AWS_PROFILE", "AWS_DEFAULTS_MODE", "AWS_STS_REGIONAL_ENDPOINTS", "AWS_CA_BUNDLE"} < of_botocore()


@pytest.fixture
def loopback_alone(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Whatever else was asked for than this machine itself: a name of a resolver, or an address by a socket."""
    elsewhere: list[object] = []
    resolve, connect = socket.getaddrinfo, socket.socket.connect

    def note(host: object) -> None:
        if host not in ("127.0.0.1", "localhost"):
            elsewhere.append(host)
            raise OSError(f"{host} is not this machine")

    def resolved(host: Any, *rest: Any, **more: Any) -> Any:
        note(host)
        return resolve(host, *rest, **more)

    def connected(self: socket.socket, address: Any) -> None:
        note(address[0])
        connect(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    monkeypatch.setattr(socket.socket, "connect", connected)
    return elsewhere


@pytest.mark.parametrize("settings", NONSENSE.values(), ids=NONSENSE)
def test_what_is_set_for_aws_does_not_reach_the_sandbox(
    sandbox: Sandbox,
    place: Environment,
    monkeypatch: pytest.MonkeyPatch,
    loopback_alone: list[object],
    settings: dict[str, str],
) -> None:
    # A sandbox in this process shares its environment: let moto read it first, while it is clean.
    assert place.clients[Side.PROVIDER].ec2.describe_vpcs()["Vpcs"]
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    inside = in_sandbox(load(None, {}), found(sandbox))
    clients = inside.clients[Side.PROVIDER]
    assert (clients.region, clients.account) == ("us-east-1", place.clients[Side.PROVIDER].account)
    assert clients.ec2.describe_vpcs()["Vpcs"]
    assert clients.elb.describe_load_balancers()["LoadBalancers"] == []
    config, usual = (vars(one.meta.config) for one in (clients.ec2, place.clients[Side.PROVIDER].ec2))
    names = usual.keys() - {"user_agent", "_user_provided_options"}
    assert {name: config[name] for name in names} == {name: usual[name] for name in names}
    assert ipaddress.ip_address(inside.fetch("http://checkip.amazonaws.com/").strip())
    assert loopback_alone == []


def test_a_redirect_stays_in_the_sandbox_too(loopback_alone: list[object]) -> None:
    """And one to https, which is asked of the proxy as well."""
    asked = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(302)
            self.send_header("Location", "https://example.com/")
            self.end_headers()

        def do_CONNECT(self) -> None:
            asked.append(self.path)
            self.send_error(502)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        proxy = f"http://127.0.0.1:{server.server_port}"
        inside = Environment("sandbox", "x", 1.0, {}, {}, proxy=proxy)
        with pytest.raises(OSError, match="502"):
            inside.fetch("http://example.com/")
        server.shutdown()
    assert asked == ["http://example.com/", "example.com:443"]
    assert loopback_alone == []


def test_the_sandbox_s_process_gets_nothing_but_what_it_needs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = client._environment(tmp_path)
    for settings in NONSENSE.values():
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
    for name in ("MOTO_EC2_LOAD_DEFAULT_AMIS", "PYTHONWARNINGS", "PYTHONSTARTUP", "LC_ALL", "LD_PRELOAD", "USER"):
        monkeypatch.setenv(name, "nonsense")
    assert client._environment(tmp_path) == made
    assert made["HOME"] == str(tmp_path)


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({"AWS_PROFILE": "no-such-profile"}, "us-east-1"),
        ({"AWS_PROFILE": "no-such-profile", "AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_CONFIG_FILE": "garbage"}, "us-east-1"),
        ({"AWS_CONFIG_FILE": "garbage", "AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_CONFIG_FILE": "good"}, "ap-northeast-1"),
        ({"AWS_CONFIG_FILE": "good", "AWS_PROFILE": "second"}, "eu-central-1"),
        ({"AWS_CONFIG_FILE": "no-such-file"}, "us-east-1"),
    ],
)
def test_a_region_is_found_without_an_account(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], region: str
) -> None:
    Path("garbage").write_bytes(b"[[[\xff")
    Path("good").write_text("[default]\nregion=ap-northeast-1\n[profile second]\nregion=eu-central-1\n")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    WARNINGS.begin()
    assert environment.region_without_asking(load(None, {})) == region
    broken = region == "us-east-1" and variables != {"AWS_CONFIG_FILE": "no-such-file"}
    assert len(WARNINGS.sentences) == broken


def test_an_endpoint_that_is_no_url_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.setenv(name, "nonsense")
    with pytest.raises(InvalidConfigError, match="Invalid endpoint: nonsense"):
        environment.on_aws(load(None, {"region": "us-east-1"}))


def test_a_sandbox_starts_under_a_profile_that_does_not_exist_and_stops_while_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    started = client.ensure(tmp_path / "emulator")
    try:
        inside = in_sandbox(load(None, {}), started)
        ec2 = inside.clients[Side.PROVIDER].changing_ec2
        assert ec2.describe_vpcs()["Vpcs"]
    finally:
        client.stop(tmp_path / "emulator")
    with pytest.raises(EndpointConnectionError) as caught:
        ec2.describe_vpcs()
    told = understood(caught.value)
    assert isinstance(told, SandboxError)
    assert told.message.startswith("The sandbox has stopped")
    assert "sandbox start" in told.hint


def test_a_place_knows_the_accounts_it_was_recorded_with(place: Environment) -> None:
    recorded = {str(side): dict(facts) for side, facts in place.accounts.items()}
    assert same_accounts(recorded, place.accounts)
    assert same_accounts({"provider": recorded["provider"]}, place.accounts), "of the other side nothing is on record"
    recorded["consumer"]["account"] = "000000000000"
    assert not same_accounts(recorded, place.accounts)


def test_two_sides_of_one_account_share_their_clients(place: Environment) -> None:
    assert place.clients[Side.PROVIDER] is place.clients[Side.CONSUMER]
    assert place.is_free


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError("no such program"),
        ValueError("no JSON"),
        CredentialRetrievalError(provider="custom-process", error_msg="no"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_credentials_that_cannot_be_refreshed_are_not_asked_for_by_each_thread(error: Exception) -> None:
    asked = []

    def refresh() -> None:
        asked.append(1)
        raise error

    again = _Refresh(refresh)
    for _ in range(20):
        with pytest.raises(CredentialRetrievalError):
            again()
    assert len(asked) == 1


def test_new_credentials_that_have_expired_are_an_error() -> None:
    with pytest.raises(CredentialRetrievalError, match="expired at 2020"):
        _Refresh(lambda: {"expiry_time": "2020-01-01T00:00:00Z"})()
    fresh = {"expiry_time": "2999-01-01T00:00:00Z"}
    assert _Refresh(lambda: fresh)() is fresh


def test_a_call_without_an_answer_is_named(sandbox: Sandbox, place: Environment) -> None:
    sandbox.faults.add(InjectedFault("drop-before", operation="DescribeVpcs", times=1))
    with pytest.raises(ConnectionClosedError) as caught:
        place.clients[Side.PROVIDER].changing_ec2.describe_vpcs()
    error = understood(caught.value)
    assert error is not None
    assert error.facts["call"] == "DescribeVpcs"
    assert place.clients[Side.PROVIDER].changing_ec2.describe_vpcs()["Vpcs"]


def test_the_sandbox_is_told_which_process_calls(place: Environment) -> None:
    """It can be asked to end that one in the middle of a call."""
    for clients in place.clients.values():
        for one in (clients.ec2, clients.elb, clients.other("ssm")):
            agent: str = one.meta.config.user_agent  # type: ignore[union-attr]
            assert agent.endswith(f" pid/{os.getpid()}")


def test_no_thread_needs_to_search_for_what_can_be_paginated(reached: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    clients = in_sandbox(load(None, {}), reached).clients[Side.PROVIDER]
    monkeypatch.delattr("botocore.loaders.Loader.load_service_model")
    assert clients.ec2.can_paginate("describe_vpcs")
    assert clients.elb.can_paginate("describe_listeners")


# --- the account's alias ------------------------------------------------------------


def as_aws(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """The sandbox, taken for AWS itself."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", sandbox.endpoint_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "sandbox")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")
    return on_aws(load(None, {"region": "us-east-1"}))


def alias(place: Environment) -> str:
    """The alias, as soon as it is known."""
    account, until = place.accounts[Side.PROVIDER]["account"], time.monotonic() + 20
    while (told := place.alias(account)) is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    return told


def test_the_alias_of_the_account(sandbox: Sandbox, place: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    assert alias(as_aws(sandbox, monkeypatch)) == ""
    place.clients[Side.PROVIDER].other("iam").create_account_alias(AccountAlias="acme-sandbox")
    assert alias(as_aws(sandbox, monkeypatch)) == "acme-sandbox"
    assert alias(place) == "", "a sandbox has none"


def test_who_may_not_ask_for_the_alias_goes_without(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.faults.add(InjectedFault("error", "ListAccountAliases", code="AccessDenied", status=403))
    assert alias(as_aws(sandbox, monkeypatch)) == ""


def test_as_long_as_nobody_has_answered_the_alias_is_not_known(place: Environment) -> None:
    asked: Future[str] = Future()
    clients = replace(place.clients[Side.PROVIDER], alias=asked)
    waiting = replace(place, clients=dict.fromkeys(Side, clients))
    assert waiting.alias(clients.account) is None
    asked.set_result("acme-sandbox")
    assert waiting.alias(clients.account) == "acme-sandbox"


def test_a_region_that_does_not_exist(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> Clients:
        raise EndpointConnectionError(endpoint_url="https://sts.us-nowhere-9.amazonaws.com/")

    monkeypatch.setattr(environment, "_clients", unreachable)
    monkeypatch.setattr(environment, "_alias", lambda _: Future())
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "-")
    for region, message in {
        "us-nowhere-9": "This AWS region does not exist.",
        "us-east-1": "AWS cannot be reached.",
    }.items():
        with pytest.raises(BotoCoreError) as caught:
            on_aws(load(None, {"region": region}))
        told = understood(caught.value)
        assert told is not None
        assert told.message == message
    with pytest.raises(UnknownRegionError) as unknown:
        in_sandbox(load(None, {"region": "us-nowhere-9"}), found(sandbox))
    told = understood(unknown.value)
    assert told is not None
    assert (type(told), told.message) == (ConfigError, "This AWS region does not exist.")
