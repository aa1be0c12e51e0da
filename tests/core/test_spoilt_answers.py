"""Answers that are not AWS's: one error, asked again where that is safe, and told in a sentence."""

from __future__ import annotations

import contextlib
import http.client
import io
import socketserver
import threading
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config as BotoConfig
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.parsers import ResponseParser

from vpce_demo.aws import answers
from vpce_demo.aws.answers import Answer, SpoiltAnswer, check_answers
from vpce_demo.aws.environment import Environment
from vpce_demo.aws.error_codes import ErrorKind, error_kind, is_rejection
from vpce_demo.aws.messages import understood
from vpce_demo.aws.my_address import my_address
from vpce_demo.changes import CHANGES
from vpce_demo.config.model import Config
from vpce_demo.engine.engine import Engine
from vpce_demo.engine.events import Action, Event
from vpce_demo.engine.resource import Resource
from vpce_demo.errors import DemoError, TimedOut
from vpce_demo.model import Side
from vpce_demo.sandbox.api.faults import InjectedFault
from vpce_demo.sandbox.api.spoil import SPOILS
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.discover import not_looked_up
from vpce_demo.session.run import Run, _said
from vpce_demo.tutorial import tutorial

pytestmark = pytest.mark.usefixtures("gives_up_soon")

ONCE = [("spoil-after", how) for how in SPOILS] + [("spoil-before", "html")]
CAME = {
    "empty": "200 text/plain: nothing in it",
    "html": "200 text/html: <html> <head><title>Welcome</title>",
    "xhtml": "200 application/xhtml+xml: <?xml",
    "403": "403 text/html: <html>",
    "407": "407 text/html: <html>",
    "429": "429 text/plain: nothing in it",
    "redirect": "302 text/html: <html>",
    "truncated": "200 text/xml: <?xml",
    "garbage": "200 application/octet-stream: ????",
    "huge": "200 application/octet-stream: 0000",
    "bomb": "200 text/xml: <?xml",
    "other": '200 text/xml: <?xml version="1.0"?> <ListNothingResponse>',
}


@pytest.fixture
def run(sandbox: Sandbox, open_run: Callable[..., AbstractContextManager[Run]], tmp_path: Path) -> Iterator[Run]:
    with open_run(tmp_path) as run:
        yield run


@pytest.fixture
def vpc(run: Run) -> Resource:
    return next(r for r in run.demo.resources if r.key == "provider-vpc")


def test_an_answer_is_parsed_once(sandbox: Sandbox, place: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """To be checked; and botocore is given what came of that: also of a refusal, and of the call after it."""
    parsed: list[str] = []
    parse = ResponseParser.parse

    def counted(parser: ResponseParser, response: Any, shape: Any) -> Any:
        parsed.append(shape.name)
        return parse(parser, response, shape)

    monkeypatch.setattr(ResponseParser, "parse", counted)
    ec2 = place.clients[Side.PROVIDER].ec2
    assert [vpc["IsDefault"] for vpc in ec2.describe_vpcs()["Vpcs"]] == [True]
    with pytest.raises(ClientError, match=r"InvalidVpcID\.NotFound"):
        ec2.describe_vpcs(VpcIds=["vpc-00000000"])
    assert len(ec2.describe_subnets()["Subnets"]) == 6
    assert parsed == ["DescribeVpcsResult", "DescribeVpcsResult", "DescribeSubnetsResult"]


def engine(run: Run, events: list[Event]) -> Engine:
    return Engine(run.sides, events.append, run.environment.pace)


def vpcs(sandbox: Sandbox, run: Run) -> list[Any]:
    sandbox.faults.clear()
    answer = run.environment.clients[Side.PROVIDER].ec2.describe_vpcs()
    return [vpc for vpc in answer["Vpcs"] if not vpc["IsDefault"]]


def spoil(sandbox: Sandbox, do: str, operation: str, how: str, nth: int | None = None) -> InjectedFault:
    fault = InjectedFault(do, operation, how=how, nth=nth)
    sandbox.faults.add(fault)
    return fault


def refused(failures: Sequence[Event]) -> DemoError:
    """The one failure, as it is told."""
    (failure,) = failures
    assert failure.error is not None
    said = understood(failure.error)
    assert said is not None
    return said


def test_every_kind_is_in_the_table() -> None:
    assert tuple(CAME) == SPOILS


# --- once: the command goes on -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "do", "how"),
    # The ordinary run has each way with one operation, and ``make test-all`` with all.
    [
        pytest.param(operation, *way, marks=() if number % 3 == at else pytest.mark.slow)
        for at, operation in enumerate(("DescribeVpcs", "CreateVpc", "DeleteVpc"))
        for number, way in enumerate(ONCE)
    ],
)
@pytest.mark.sampled(4)
def test_one_spoilt_answer_does_no_harm(
    sandbox: Sandbox, run: Run, vpc: Resource, operation: str, how: str, do: str
) -> None:
    events: list[Event] = []
    fault = spoil(sandbox, do, operation, how, nth=1)
    assert engine(run, events).up([vpc]) == []
    assert [one["VpcId"] for one in vpcs(sandbox, run)] == [run.sides[Side.PROVIDER].known[vpc.key].id]
    if operation == "DeleteVpc":
        fault = spoil(sandbox, do, operation, how, nth=1)
        assert engine(run, events).down([vpc], [[vpc]]) == []
        assert vpcs(sandbox, run) == []
    again = [event for event in events if event.action is Action.RETRYING]
    assert fault.struck == 1
    assert len(again) == (operation != "DescribeVpcs"), "botocore repeats what reads, the engine what changes"


# --- always: one sentence ----------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["DescribeVpcs", "CreateVpc", "DeleteVpc"])
@pytest.mark.parametrize("how", ["html", "429", "other"])
@pytest.mark.sampled(3)
def test_answers_that_stay_spoilt_are_told(sandbox: Sandbox, run: Run, vpc: Resource, operation: str, how: str) -> None:
    CHANGES.begin()
    if operation == "DeleteVpc":
        assert engine(run, []).up([vpc]) == []
        CHANGES.begin()
    spoil(sandbox, "spoil-before", operation, how)
    one = engine(run, [])
    said = refused(one.down([vpc], [[vpc]]) if operation == "DeleteVpc" else one.up([vpc]))
    assert said.message == f"The answer to {operation} is not a valid answer of AWS."
    assert said.facts["call"] == operation
    assert said.facts["what came"].startswith(CAME[how])
    assert "A proxy or a portal" in said.hint
    assert said.exit_code == 1
    assert CHANGES.is_empty == (operation == "DescribeVpcs"), "what changes may have been carried out"


def test_a_create_whose_answers_stay_spoilt_makes_one(sandbox: Sandbox, run: Run, vpc: Resource) -> None:
    spoil(sandbox, "spoil-after", "CreateVpc", "html")
    assert engine(run, []).up([vpc]) == []
    assert len(vpcs(sandbox, run)) == 1


@pytest.mark.parametrize("how", SPOILS)
def test_the_first_call(sandbox: Sandbox, place: Environment, how: str) -> None:
    fault = spoil(sandbox, "spoil-before", "GetCallerIdentity", how)
    with pytest.raises(SpoiltAnswer) as caught:
        place.clients[Side.PROVIDER].other("sts").get_caller_identity()
    assert fault.struck == 6, "it is asked again"
    said = understood(caught.value)
    assert said is not None
    assert said.facts["what came"].startswith(CAME[how])
    assert said.facts["what came"].isprintable()
    assert len(said.facts["what came"]) < 200
    assert (error_kind(caught.value), is_rejection(caught.value)) == (ErrorKind.UNSURE, False)


@pytest.mark.parametrize("how", SPOILS)
@pytest.mark.parametrize(("service", "call"), [("ssm", "describe_parameters"), ("iam", "list_account_aliases")])
def test_each_protocol(sandbox: Sandbox, place: Environment, service: str, call: str, how: str) -> None:
    spoil(sandbox, "spoil-before", "*", how)
    with pytest.raises(SpoiltAnswer):
        getattr(place.clients[Side.PROVIDER].other(service), call)()


def test_signing_in_for_a_role(sandbox: Sandbox, place: Environment) -> None:
    """A client that botocore itself makes to sign in is checked too."""
    session = boto3.Session("sandbox", "sandbox", region_name="us-east-1")
    check_answers(session)
    below: Any = vars(session)["_session"]
    spoil(sandbox, "spoil-before", "AssumeRole", "xhtml")
    sts = below.create_client("sts", endpoint_url=sandbox.endpoint_url)
    with pytest.raises(SpoiltAnswer, match=r"200 application/xhtml\+xml"):
        sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/demo", RoleSessionName="demo")


# --- what a server of HTTP would not send ---------------------------------------------------------------


@pytest.fixture
def answer_with() -> Iterator[Callable[[Iterator[bytes]], str]]:
    """Makes a server that answers the first request with these bytes, as they are, and returns its URL."""
    with contextlib.ExitStack() as stack:

        def serve(parts: Iterator[bytes]) -> str:
            class Handler(socketserver.BaseRequestHandler):
                def handle(self) -> None:
                    self.request.recv(2**16)
                    with contextlib.suppress(OSError):  # whoever asked has had enough
                        for part in parts:
                            self.request.sendall(part)

            server = stack.enter_context(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler))
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_address[1]}"

        yield serve


@contextlib.contextmanager
def asking(service: str, url: str, read_timeout: float = 5) -> Iterator[Any]:
    """A client that asks once."""
    session: Any = boto3.Session("none", "none", region_name="us-east-1")
    check_answers(session)
    once = BotoConfig(retries={"total_max_attempts": 1}, read_timeout=read_timeout, proxies={})
    with contextlib.closing(session.client(service, endpoint_url=url, config=once)) as client:
        yield client


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def for_ever(part: bytes) -> Iterator[bytes]:
    """A byte now and then, so that no read of it ever times out."""
    yield HEAD + b"\r\n"
    never = threading.Event()
    while not never.wait(0.01):
        yield part


BROKEN = {
    "for ever": lambda: for_ever(b" "),
    "a chunk of less than nothing": lambda: iter([CHUNKED + b"-5\r\n<html>\r\n0\r\n\r\n"]),
    "a chunk of no length": lambda: iter([CHUNKED + b"zz\r\n<html>"]),
    "a chunk that breaks off": lambda: iter([CHUNKED + b"ff\r\n<html>"]),
    "less than it says": lambda: iter([HEAD + b"Content-Length: 99\r\n\r\n<html>"]),
    "what is said to be compressed": lambda: iter([HEAD + b"Content-Encoding: gzip\r\n\r\n<html>"]),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_body_that_is_broken_or_has_no_end(
    answer_with: Callable[[Iterator[bytes]], str], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(answers, "LONGEST_SECONDS", 0.1)
    with pytest.raises(SpoiltAnswer, match="200 text/xml: "), asking("sts", answer_with(BROKEN[how]())) as client:
        client.get_caller_identity()


def test_a_body_of_which_nothing_comes(answer_with: Callable[[Iterator[bytes]], str]) -> None:
    def silence() -> Iterator[bytes]:
        yield HEAD + b"\r\n"
        threading.Event().wait(0.3)

    with pytest.raises(ReadTimeoutError), asking("sts", answer_with(silence()), read_timeout=0.1) as client:
        client.get_caller_identity()


@pytest.mark.parametrize("how", [*BROKEN, "a redirect to no URL"])
def test_what_is_broken_where_the_address_is_asked(
    place: Environment, answer_with: Callable[[Iterator[bytes]], str], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    redirect = b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n"
    url = answer_with(iter([redirect]) if how not in BROKEN else BROKEN[how]())
    monkeypatch.setattr("vpce_demo.aws.environment.FETCH_SECONDS", 0.2)
    with pytest.raises(DemoError, match="address could not be found") as caught:
        my_address(replace(place, proxy=url))
    assert str(caught.value.facts["answer"]).isprintable()


# --- what the model does not say ---------------------------------------------------------------------


def test_a_member_that_is_read_and_is_not_there() -> None:
    answer = Answer({"Vpc": {"CidrBlock": "10.0.0.0/16"}, "Tags": [{"Key": "a"}]}, "CreateVpc")
    assert answer.get("Other") is None
    assert "Other" not in answer
    vpc, tag = answer["Vpc"], answer["Tags"][0]
    for structure, member in ((vpc, "VpcId"), (tag, "Value"), (answer, "Vpcs")):
        with pytest.raises(SpoiltAnswer, match="an answer without") as caught:
            structure[member]
        assert caught.value.operation_name == "CreateVpc"


def test_an_answer_without_members_does_not_say_that_there_is_nothing(
    sandbox: Sandbox, place: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vpce_demo.sandbox.api.spoil._OTHER", "DescribeVpcs")
    spoil(sandbox, "spoil-after", "DescribeVpcs", "other")
    with pytest.raises(SpoiltAnswer):
        list(place.clients[Side.PROVIDER].ec2.get_paginator("describe_vpcs").paginate())


OF_OTHER_TYPES = {
    "a structure for a text": '{"ResourceTagMappingList": [{"ResourceARN": {"a": "b"}, "Tags": []}]}',
    "a number for a text": '{"ResourceTagMappingList": [{"ResourceARN": "arn:aws:ec2", "Tags": [{"Key": 5}]}]}',
    "a text for a list": '{"ResourceTagMappingList": "none"}',
    "a text for a structure": '{"ResourceTagMappingList": [{"ComplianceDetails": "none"}]}',
    "nothing for a structure": '{"ResourceTagMappingList": [null]}',
}


@pytest.mark.parametrize("how", OF_OTHER_TYPES)
def test_json_of_other_types_than_the_model_s(answer_with: Callable[[Iterator[bytes]], str], how: str) -> None:
    """botocore hands on whatever stands there, and the program would compare and hash it."""
    body = OF_OTHER_TYPES[how].encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {len(body)}\r\n\r\n"
    with (
        pytest.raises(SpoiltAnswer, match=r"200 application/x-amz-json-1\.1: "),
        asking("resourcegroupstaggingapi", answer_with(iter([head.encode(), body]))) as client,
    ):
        client.get_resources()


def test_an_error_of_aws_stays_what_it_is(sandbox: Sandbox, place: Environment) -> None:
    clients = place.clients[Side.PROVIDER]
    sandbox.faults.add(InjectedFault("error", code="UnauthorizedOperation", status=403))
    for call in (
        clients.ec2.describe_vpcs,
        clients.elb.describe_load_balancers,
        clients.other("ssm").describe_parameters,
    ):
        with pytest.raises(clients.ec2.exceptions.ClientError, match="UnauthorizedOperation"):
            call()


@pytest.mark.parametrize("broken", [b"<html>", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1"])
def test_what_is_not_http_where_the_address_is_asked(
    place: Environment, monkeypatch: pytest.MonkeyPatch, broken: bytes
) -> None:
    class Socket:
        def makefile(self, *_: object) -> io.BytesIO:
            return io.BytesIO(broken)

    def open_it(*_: object, **__: object) -> Any:
        answer: Any = http.client.HTTPResponse(Socket())  # type: ignore[arg-type]
        answer.begin()
        return answer

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", open_it)
    with pytest.raises(DemoError, match="address could not be found"):
        my_address(place)


def test_what_came_is_told_of_a_wait_that_ended_too() -> None:
    """In the table of what is left there is one line for the reason."""
    late = TimedOut("Waited too long.", facts={"call": "DeleteVpc", "what came": "200 text/html: <html>"})
    (vpc, *_) = tutorial(not_looked_up(Config())).resources
    words, _ = _said(Event(Action.FAILED, vpc, error=late))
    assert words == "DeleteVpc: what came: 200 text/html: <html>"
