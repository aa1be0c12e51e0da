"""The way into the sandbox does not depend on what the user has set for AWS, and what goes wrong on it is named."""

from __future__ import annotations

import ipaddress
import os
import time
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    CredentialRetrievalError,
    EndpointConnectionError,
    UnknownRegionError,
)

from vpce_demo.aws import environment
from vpce_demo.aws.clients import Clients
from vpce_demo.aws.environment import Environment, _Refresh, in_sandbox, on_aws
from vpce_demo.aws.messages import understood
from vpce_demo.config.load import load
from vpce_demo.errors import ConfigError, SandboxError
from vpce_demo.model import Side
from vpce_demo.sandbox import client
from vpce_demo.sandbox.api.faults import InjectedFault
from vpce_demo.sandbox.client import Running
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.guards import same_accounts


def found(sandbox: Sandbox) -> Running:
    urls = sandbox.endpoint_url, sandbox.proxy_url
    return Running(*urls, sandbox.boot_id, os.getpid(), sandbox.token, sandbox.clock.speed)


@pytest.mark.parametrize(
    "settings",
    [
        {"AWS_PROFILE": "no-such-profile"},
        {"AWS_DEFAULT_PROFILE": "no-such-profile"},
        {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ENDPOINT_URL_EC2": "http://127.0.0.1:9"},
        {"AWS_ACCESS_KEY_ID": "AKIAREAL", "AWS_SECRET_ACCESS_KEY": "real", "AWS_SESSION_TOKEN": "real"},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_what_is_set_for_aws_does_not_reach_the_sandbox(
    sandbox: Sandbox, place: Environment, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]
) -> None:
    # A sandbox in this process shares its environment: let moto read it first, while it is clean.
    assert place.clients[Side.PROVIDER].ec2.describe_vpcs()["Vpcs"]
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    inside = in_sandbox(load(None, {}), found(sandbox))
    assert inside.clients[Side.PROVIDER].ec2.describe_vpcs()["Vpcs"]
    assert ipaddress.ip_address(inside.fetch("http://checkip.amazonaws.com/").strip())


def test_a_sandbox_starts_under_a_profile_that_does_not_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    started = client.ensure(tmp_path / "emulator")
    try:
        inside = in_sandbox(load(None, {}), started)
        assert inside.clients[Side.PROVIDER].ec2.describe_vpcs()["Vpcs"]
    finally:
        client.stop(tmp_path / "emulator")


def test_a_place_knows_the_accounts_it_was_recorded_with(place: Environment) -> None:
    recorded = {str(side): dict(facts) for side, facts in place.accounts.items()}
    assert same_accounts(recorded, place)
    recorded["consumer"]["account"] = "000000000000"
    assert not same_accounts(recorded, place)


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
        for one in (clients.ec2, clients.elb, clients.ssm):
            agent: str = one.meta.config.user_agent  # type: ignore[attr-defined]
            assert agent.endswith(f" pid/{os.getpid()}")


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


def test_a_sandbox_that_stops_while_it_is_used(tmp_path: Path) -> None:
    started = client.ensure(tmp_path / "emulator")
    try:
        ec2 = in_sandbox(load(None, {}), started).clients[Side.PROVIDER].changing_ec2
        assert ec2.describe_vpcs()["Vpcs"]
    finally:
        client.stop(tmp_path / "emulator")
    with pytest.raises(EndpointConnectionError) as caught:
        ec2.describe_vpcs()
    told = understood(caught.value)
    assert isinstance(told, SandboxError)
    assert told.message.startswith("The sandbox has stopped")
    assert "sandbox start" in told.hint
