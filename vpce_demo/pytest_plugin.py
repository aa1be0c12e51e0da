"""The pytest plugin: the fixture ``sandbox``, AWS with PrivateLink on this machine, for tests of code that uses AWS.

A suite that does not use the fixture pays nothing: boto3 is imported for the first test that does, and the sandbox,
which needs moto, is another process.  So ``moto.mock_aws`` in the same suite has a store of its own.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    import boto3

    from .sandbox.client import Running

REGION = "us-east-1"
SETTINGS = ("speed", "latency_ms", "iam", "quotas", "zones_differ")
"""What each test finds as it was at the start."""


class Hop(NamedTuple):
    """A place on the way of a connection: ``at`` is the id of the resource, ``says`` its verdict in words."""

    at: str
    says: str
    passed: bool


@dataclass(frozen=True, repr=False)
class Connection:
    """What became of a connection: true if it was delivered.  As a text, it is the whole way, hop by hop.

    ``outcome`` is ``delivered``, ``dropped`` (the client waits until it times out) or ``refused`` (by a TCP reset).
    ``host`` is the instance that it came to, on ``host_port``, and ``seen_as`` the client's address as that instance
    sees it; empty if it was dropped.
    """

    source: str
    destination: str
    port: int
    outcome: str
    hops: tuple[Hop, ...]
    host: str = ""
    host_port: int = 0
    seen_as: str = ""

    def __bool__(self) -> bool:
        return self.outcome == "delivered"

    def __repr__(self) -> str:
        last = self.hops[-1]
        return f"<tcp/{self.port} from {self.source} to {self.destination}: {self.outcome} at {last.at}: {last.says}>"

    def __str__(self) -> str:
        lines = [f"tcp/{self.port} from {self.source} to {self.destination}: {self.outcome}"]
        return "\n".join([*lines, *(f"  {'✓' if hop.passed else '✗'} {hop.at}: {hop.says}" for hop in self.hops)])


class Clock:
    """AWS's time in the sandbox.  ``speed`` is how many times faster than AWS it runs; at ``math.inf``, where each test
    begins, nothing waits: a create answers with the first state, and the next call finds the last one."""

    def __init__(self, running: Running) -> None:
        self._running = running

    def skip(self, *, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """Let so much of AWS's time pass at once.  Raises SandboxError for a time that is negative."""
        __tracebackhide__ = True
        self._running.control("skip", {"seconds": 3600 * hours + 60 * minutes + seconds})

    @property
    def speed(self) -> float:
        speed = self._running.control("status")["speed"]
        return math.inf if speed == "max" else float(speed)

    @speed.setter
    def speed(self, speed: float) -> None:
        self._running.control("settings", {"speed": "max" if math.isinf(speed) else speed})


class Faults:
    """What goes wrong on purpose in the calls of the test, until its end."""

    def __init__(self, running: Running) -> None:
        self._running = running

    def add(self, do: str, operation: str | None = None, **how: Any) -> None:
        """Let something happen to the calls of an operation (a name, a pattern such as ``Create*``, or all).

        ``add("error", "CreateVpcEndpoint", code="RequestLimitExceeded", status=503, times=2)``;
        ``add("drop-after", "Create*", nth=1)``: the call is carried out, and its answer is lost.  docs/sandbox.md lists
        what ``do`` may be and what it takes.  Raises SandboxError for what makes no sense.
        """
        self._change(add=[{"do": do, "operation": operation, **how}])

    def hide(self, seconds: float | None) -> None:
        """Hide what is created from now on for so many seconds, as AWS does now and then; None shows all of it."""
        self._change(hidden_seconds=seconds)

    def expire(self, expired: bool = True) -> None:
        """Refuse every call as AWS refuses credentials that have expired, or no longer."""
        self._change(credentials="expired" if expired else "fine")

    def clear(self) -> None:
        """Remove all of it."""
        self._change(clear=True)

    @property
    def added(self) -> list[dict[str, Any]]:
        """What was added, each with ``seen``, the calls that matched, and ``struck``, those that it happened to."""
        return list(self._running.control("faults")["faults"])

    def _change(self, **body: Any) -> None:
        __tracebackhide__ = True
        self._running.control("faults", body)


class Sandbox:
    """AWS on this machine: empty accounts, and a network in which each connection is decided as on AWS."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self.endpoint_url = running.endpoint_url
        """The API, for tools that ``environment`` does not reach."""
        self.proxy_url = running.proxy_url
        """An HTTP proxy into the sandbox's internet, where the public addresses and names of load balancers are."""
        self.clock = Clock(running)
        self.faults = Faults(running)

    def session(self, account: str | None = None, region: str = REGION) -> boto3.Session:
        """A boto3 session of the root user of an account: of 123456789012, or of any other of twelve digits."""
        from .sandbox.client import ACCOUNT_KEY

        return _session(f"{ACCOUNT_KEY}{account}" if account else "sandbox", "sandbox", region)

    def user(
        self,
        policy: Mapping[str, Any] | str,
        name: str = "user",
        account: str | None = None,
        region: str = REGION,
    ) -> boto3.Session:
        """A boto3 session of a new IAM user who may do what the policy says (an object, or JSON), and nothing else.

        From now on permissions are checked.  Raises botocore's ClientError if the policy is malformed.
        """
        iam: Any = self.session(account).client("iam")
        document = policy if isinstance(policy, str) else json.dumps(policy)
        made = iam.create_policy(PolicyName=name, PolicyDocument=document)["Policy"]
        iam.create_user(UserName=name)
        iam.attach_user_policy(UserName=name, PolicyArn=made["Arn"])
        key = iam.create_access_key(UserName=name)["AccessKey"]
        self.iam = True
        return _session(key["AccessKeyId"], key["SecretAccessKey"], region)

    def environment(self, session: boto3.Session | None = None) -> dict[str, str]:
        """The environment of a program that is to use the sandbox as the session's user: Terraform, the AWS CLI.

        Without a session it is what the test has itself, and every program that the test starts inherits.
        """
        from .sandbox.client import variables

        told: dict[str, Any] = {"region": REGION}
        if session:
            keys: Any = session.get_credentials()
            key, secret, token = keys.get_frozen_credentials()[:3]
            told = {"region": session.region_name, "key": key, "secret": secret, "token": token}
        changed = {**os.environ, **variables(self._running, os.environ, **told)}
        return {name: value for name, value in changed.items() if value is not None}

    @property
    def iam(self) -> bool:
        """Whether permissions are checked; false at the start."""
        return bool(self._running.control("status")["iam"])

    @iam.setter
    def iam(self, checked: bool) -> None:
        self.set(iam=checked)

    def set(self, **settings: Any) -> None:
        """Change settings until the test ends: ``latency_ms=80``, ``quotas={"vpcs": 50}``, ``zones_differ=True``.

        Raises SandboxError for what is not a setting.
        """
        __tracebackhide__ = True
        self._running.control("settings", settings)

    def calls(self) -> list[dict[str, Any]]:
        """The API calls of the test so far, in order: ``service``, ``operation``, ``params``, ``error`` (AWS's code or
        None), and when each ``started`` and ``ended``."""
        return list(self._running.control("calls")["calls"])

    def connect(self, from_: str, to: str, port: int) -> Connection:
        """Open a TCP connection through the sandbox's network, and close it.

        ``from_`` is an instance's id, ``internet``, or an address on the internet; ``to`` an instance's id, an address,
        or a DNS name as ``from_`` resolves it.  An instance is meant by its private address, from the internet by its
        public one.  Instances that boot, and health checks that have begun, are waited for.

        Raises SandboxError if one of them is none of these, or the name does not resolve.
        """
        __tracebackhide__ = True
        told = self._running.control("connect", {"from": from_, "to": to, "port": port})
        return Connection(**{**told, "hops": tuple(Hop(**hop) for hop in told["hops"])})


@cache
def _loader() -> Any:
    """Reads AWS's models once for all sessions: those of EC2 take longer than most tests."""
    from botocore.loaders import create_loader

    return create_loader()


def _session(key: str | None = None, secret: str | None = None, region: str | None = None) -> boto3.Session:
    """A session with these credentials, or with those of the environment when it first needs any."""
    import boto3
    import botocore.session

    below = botocore.session.Session()
    below.register_component("data_loader", _loader())
    return boto3.Session(key, secret, region_name=region, botocore_session=below)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("sandbox_scope", "The scope of the fixture sandbox: its accounts are emptied once in it.")


def _scope(fixture_name: str, config: pytest.Config) -> Any:
    return config.getini("sandbox_scope") or "function"


@pytest.fixture(scope="session")
def _sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, dict[str, Any]]]:
    """The sandbox's process, one for each process of pytest, with the settings that it has at first."""
    from .errors import SandboxError
    from .sandbox import client

    directory = tmp_path_factory.mktemp("vpce-demo")
    try:
        running = client.ensure(directory, speed=math.inf, parent=os.getpid())
    except SandboxError as error:
        said = "\n".join([error.message, *error.facts.values(), error.hint])
        raise pytest.fail.Exception(said, pytrace=False) from None
    try:
        status = running.control("status")
        yield running, {name: status[name] for name in SETTINGS}
    finally:
        client.stop(directory)


@pytest.fixture(scope=_scope)
def sandbox(_sandbox_process: tuple[Running, dict[str, Any]]) -> Iterator[Sandbox]:
    """AWS with PrivateLink on this machine: empty accounts, and a network that decides each connection hop by hop.

    Code under test that uses boto3 or starts Terraform or the AWS CLI lands in it, whatever your profiles say.
    sandbox.session(account=..., region=...): a boto3 session; sandbox.connect(from_, to, port): whether a connection is
    delivered, dropped or refused, and why; sandbox.user(policy): a session with these permissions alone; sandbox.clock;
    sandbox.faults; sandbox.calls().
    """
    running, settings = _sandbox_process
    running.control("reset")
    running.control("settings", settings)
    started = Sandbox(running)
    theirs = started.environment()
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - theirs.keys():
            patch.delenv(name)
        for name, value in theirs.items():
            patch.setenv(name, value)
        # That of boto3.client(...), which keeps the credentials that it finds first.
        patch.setattr("boto3.DEFAULT_SESSION", _session())
        yield started
