"""The arithmetic of the least possible time."""

from __future__ import annotations

import pytest

from bench import limit
from bench.limit import Link
from bench.measure import Call
from vpce_demo.sandbox import timing


def test_the_longest_chain_depends_on_the_pace() -> None:
    start, slow, talk, more, end = (
        Link("start", 1),
        Link("slow", 1, 60.0),
        Link("talk", 5),
        Link("more", 5),
        Link("end", 1),
    )
    graph = {start: set[Link](), slow: {start}, talk: {start}, more: {talk}, end: {slow, more}}
    assert limit.longest(graph, 1, 0.1) == [start, slow, end]
    assert limit.seconds([start, slow, end], 1, 0.1) == pytest.approx(60.3)
    assert limit.longest(graph, 1000, 0.1) == [start, talk, more, end]


def test_of_equally_long_chains_it_is_always_the_same() -> None:
    start, one, other, end = Link("start", 1), Link("one", 1), Link("other", 1), Link("end", 1)
    for before in ({one: None, other: None}, {other: None, one: None}):
        graph = {start: set[Link](), **{link: {start} for link in before}, end: set(before)}
        assert limit.longest(graph, 1, 0.1) == [start, other, end]


def operations(graph: limit.Graph) -> list[str]:
    return [link.operation for link in limit.longest(graph, 1, 0.08) if link.operation]


def test_up_goes_through_the_load_balancer_to_the_acceptance() -> None:
    chain = limit.up(limit.demo().resources)
    assert operations(chain)[-4:] == [
        "CreateLoadBalancer",
        "CreateVpcEndpointServiceConfiguration",
        "CreateVpcEndpoint",
        "AcceptVpcEndpointConnections",
    ]
    aws = sum(link.aws_seconds for link in limit.longest(chain, 1, 0.08))
    waits = timing.LOAD_BALANCER_PROVISIONING + timing.SERVICE_UNAVAILABLE + timing.ENDPOINT_REQUESTED
    assert aws >= waits + timing.ENDPOINT_PENDING


def test_down_waits_for_the_endpoint_alone() -> None:
    graph = limit.down(limit.demo().resources)
    assert operations(graph)[0] == "DeleteVpcEndpoints"
    assert operations(graph)[-1] == "DeleteVpc"
    assert sum(link.aws_seconds for link in limit.longest(graph, 1, 0.08)) == timing.ENDPOINT_DELETING


def test_a_service_may_go_while_its_endpoint_goes() -> None:
    graph = limit.down(limit.demo().resources)
    (service,) = (link for link in graph if link.operation.startswith("DeleteVpcEndpointServiceConf"))
    assert {link.operation for link in graph[service]} == {"DeleteVpcEndpoints"}


def test_every_call_of_the_tutorial_is_known() -> None:
    resources = limit.demo().resources
    assert all(limit.OPERATIONS[type(r)][0] for r in resources)
    assert all(limit.OPERATIONS[type(r)][1] for r in resources if r.goes_with() is None)


def test_a_link_finds_its_call() -> None:
    calls = [
        Call("CreateVpc", "theirs", 0.0, 0.3),
        Call("CreateVpc", "ours", 0.0, 0.1),
        Call("DeleteSubnet", "", 1.0, 1.1),
        Call("DeleteSubnet", "", 2.0, 2.1),
        Call("DeleteSubnet", "", 3.0, 3.1, "DependencyViolation"),
    ]
    assert Link("vpc", 1, 0.0, "CreateVpc", "ours").done(calls) == calls[1]
    assert Link("subnet", 1, 0.0, "DeleteSubnet").done(calls) == calls[3]
    assert Link("elsewhere", 1, 0.0, "CreateRoute").done(calls) is None
