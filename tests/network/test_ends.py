"""Connections between ends as people name them: an instance, ``internet``, an address, a name."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vpce_demo.sandbox.network import ends
from vpce_demo.sandbox.network.decide import Decision, Outcome
from vpce_demo.sandbox.network.names import OPERATOR
from vpce_demo.sandbox.store.view import Endpoint, Instance, Interface

from .world import (
    BALANCER_ADDRESS,
    BALANCER_NAME,
    CUSTOMER,
    ENDPOINT_ADDRESS,
    ENDPOINT_NAME,
    WEB,
    WEB_PUBLIC,
    Lab,
    tutorial,
)

MakeLab = Callable[..., Lab]

DELIVERED, DROPPED, REFUSED = Outcome.DELIVERED, Outcome.DROPPED, Outcome.REFUSED


def last(decision: Decision) -> tuple[str, str]:
    return decision.settled_by.at, decision.settled_by.says


def test_ends(make_lab: MakeLab) -> None:
    """The instances are still booting when the first connection is asked for: it waits for them."""
    network = make_lab().network
    for source, destination, port, outcome, seen_as in (
        (CUSTOMER, ENDPOINT_NAME, 80, DELIVERED, BALANCER_ADDRESS),
        (CUSTOMER, ENDPOINT_ADDRESS, 80, DELIVERED, BALANCER_ADDRESS),
        (CUSTOMER, BALANCER_NAME, 80, DELIVERED, "198.51.100.2"),
        (CUSTOMER, "checkip.amazonaws.com", 443, DELIVERED, "198.51.100.2"),
        ("internet", WEB, 80, DELIVERED, OPERATOR),
        ("internet", WEB_PUBLIC, 22, DELIVERED, OPERATOR),
        ("192.0.2.7", WEB, 22, DELIVERED, "192.0.2.7"),
        ("internet", WEB, 443, REFUSED, OPERATOR),
        ("internet", WEB, 8080, DROPPED, ""),
        (CUSTOMER, WEB, 80, DROPPED, ""),
    ):
        found = network.connect(source, destination, port)
        assert (found.outcome, found.source) == (outcome, seen_as), (source, destination, port, found.hops)
    assert {one["source"] for one in network.trace() if not one["check"]} >= {"eni-customer", OPERATOR, "192.0.2.7"}


def test_ends_that_are_not_there(make_lab: MakeLab) -> None:
    lab = make_lab()
    network, world = lab.network, lab.world
    world.change(Interface, "eni-web", public_address=None)
    found = network.connect("internet", WEB, 80)
    assert (found.outcome, last(found)) == (DROPPED, (WEB, "has no public address"))
    world.change(Endpoint, "vpce-1", state="pendingAcceptance")
    assert last(network.connect(CUSTOMER, ENDPOINT_NAME, 80)) == ("vpce-1", "endpoint is pendingAcceptance")
    world.change(Instance, CUSTOMER, state="stopped", running_since=None)
    for source, destination in ((CUSTOMER, WEB), ("internet", CUSTOMER)):
        found = network.connect(source, destination, 80)
        assert (found.outcome, last(found)) == (DROPPED, (CUSTOMER, "instance is stopped"))


@pytest.mark.parametrize(
    ("source", "destination", "words"),
    [
        ("i-nobody", WEB, "'i-nobody' is not an instance, 'internet', or an address on the internet"),
        ("10.0.1.15", WEB, "10.0.1.15 is an address in vpc-customer"),
        ("internet", "i-nobody", "'i-nobody' is not an instance or an address, and not a DNS name on the internet"),
        (CUSTOMER, "nobody.example", "not a DNS name in vpc-customer"),
    ],
)
def test_ends_that_are_none(source: str, destination: str, words: str) -> None:
    view = tutorial()
    with pytest.raises(ValueError, match=words):
        ends.destination(view, destination, ends.source(view, source))


def test_after_the_end_nobody_waits(lab: Lab) -> None:
    lab.network.stop()
    lab.network.settle()
    with pytest.raises(RuntimeError, match="has ended"):
        lab.network.connect("internet", WEB, 80)


def test_a_server_in_the_foreground_ends_the_wait(make_lab: MakeLab) -> None:
    """Its user data never ends.  The port that it does not serve is refused at once."""
    lab = make_lab(user_data="#!/bin/bash\npython3 -m http.server 80\n")
    assert lab.network.connect("internet", WEB, 80).outcome is DELIVERED
    assert lab.network.connect("internet", WEB, 443).outcome is REFUSED
    assert not lab.network.console(WEB).rstrip().endswith("login:")


def test_at_a_finite_speed_only_what_is_due_is_waited_for(make_lab: MakeLab) -> None:
    lab = make_lab(speed=1)
    assert lab.network.connect("internet", WEB, 80).outcome is REFUSED
    lab.world.clock.skip(16)
    assert lab.network.connect("internet", WEB, 80).outcome is DELIVERED
