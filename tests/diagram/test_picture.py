"""What is drawn of a demo: states, addresses, and the packet's path."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vpce_demo.diagram.picture import Drawn, Frame, combined, picture, shortened
from vpce_demo.model import Drift, Live, Phase

from .demos import FRAME, broken, closed, demo_of, standing, waiting

DEMO = demo_of()


def test_a_demo_that_stands() -> None:
    seen = picture(DEMO, standing(DEMO), FRAME)
    assert {part.state for part in seen.parts} == {Drawn.READY}
    assert [(hop.source, hop.destination, hop.state) for hop in seen.hops] == [
        ("10.0.1.15", "10.0.1.87:80", Drawn.READY),
        (seen.endpoint.id, seen.service.id, Drawn.READY),
        ("20.0.1.36", "20.0.1.10:80", Drawn.READY),
    ]
    assert seen.state is Drawn.READY
    assert (seen.customer.cidr, seen.customer.subnet_cidr) == ("10.0.0.0/16", "10.0.1.0/24")
    assert (seen.provider.cidr, seen.provider.subnet_cidr) == ("20.0.0.0/16", "20.0.1.0/24")
    assert seen.customer.gateway.word == "attached"
    assert seen.targets.word == "healthy"
    assert seen.balancer.id.startswith("net/MyNetwork-LB/")
    assert seen.service_name.endswith(seen.service.id)
    assert (seen.customer.account, seen.customer.region, seen.customer.zone) == (
        "111122223333",
        "us-east-1",
        "us-east-1a",
    )


def test_a_plan_has_names_and_ranges_and_words_for_what_is_not_known() -> None:
    seen = picture(DEMO, {})
    assert {(part.state, part.word, part.id, part.address) for part in seen.parts} == {
        (Drawn.MISSING, "not there", "", "")
    }
    assert seen.state is Drawn.MISSING
    assert [f"{hop.source} -> {hop.destination}" for hop in seen.hops] == [
        "the instance -> the endpoint:80",
        "the endpoint -> the endpoint service",
        "the load balancer -> the web server:80",
    ]
    assert seen.provider.cidr == "20.0.0.0/16"


def test_what_waits_is_pending() -> None:
    seen = picture(DEMO, waiting(DEMO), FRAME)
    assert (seen.endpoint.state, seen.endpoint.word) == (Drawn.PENDING, "pendingAcceptance")
    assert (seen.connection.state, seen.connection.word) == (Drawn.PENDING, "pendingAcceptance")
    assert (seen.balancer.state, seen.targets.state) == (Drawn.PENDING, Drawn.PENDING)
    assert [hop.state for hop in seen.hops] == [Drawn.PENDING] * 3


def test_what_is_broken_breaks_its_hop() -> None:
    seen = picture(DEMO, broken(DEMO), FRAME)
    assert (seen.endpoint.state, seen.connection.state, seen.targets.state) == (Drawn.BROKEN,) * 3
    assert (seen.customer.route.state, seen.customer.route.word) == (Drawn.BROKEN, "wrong")
    assert seen.provider.route.state is Drawn.READY
    assert {hop.state for hop in seen.hops} == {Drawn.BROKEN}


def test_the_connection_knows_the_endpoints_state_better() -> None:
    """A run that ends with the acceptance saw the endpoint last when it was asked for."""
    live = standing(DEMO)
    live["endpoint"] = Live(live["endpoint"].id, Phase.READY, "pendingAcceptance")
    seen = picture(DEMO, live, FRAME)
    assert (seen.endpoint.state, seen.endpoint.word) == (Drawn.READY, "available")


@pytest.mark.parametrize(
    ("missing", "hop", "state", "why"),
    [
        ("customer-rule-http", 1, Drawn.BROKEN, "the endpoint's security group does not let tcp/80 in"),
        ("acceptance", 2, Drawn.PENDING, ""),
        ("service", 2, Drawn.PENDING, ""),
        ("provider-rule-http", 3, Drawn.BROKEN, "the web server's security group does not let tcp/80 in"),
        ("listener", 3, Drawn.BROKEN, "the load balancer has no listener on tcp/80"),
        ("target", 3, Drawn.PENDING, ""),
    ],
)
def test_a_hop_is_open_only_with_all_it_needs(missing: str, hop: int, state: Drawn, why: str) -> None:
    """What the picture shows as missing is not there yet; what it does not show is said."""
    live = standing(DEMO)
    del live[missing]
    if missing == "acceptance":
        live["endpoint"] = Live(live["endpoint"].id, Phase.READY, "pendingAcceptance")
    hops = {one.number: (one.state, one.why) for one in picture(DEMO, live, FRAME).hops}
    assert hops[hop] == (state, why)
    del live["endpoint"], live["web"]  # while it is built, nothing is broken
    assert Drawn.BROKEN not in {one.state for one in picture(DEMO, live, FRAME).hops}


GROUP = standing(DEMO)["customer-group"].id
KEPT_OUT = "the endpoint's security group does not let tcp/80 in"
ANOTHER = "the endpoint has another security group than the tutorial's"
EVERYTHING = Drift("open to everybody", "none", "everything from 0.0.0.0/0")
NO_WAY_OUT = "the consumer instance's security group lets nothing out"


def differing(key: str, field: str, tutorial: str, aws: str) -> tuple[str, Drift]:
    return key, Drift(field, tutorial, aws)


@pytest.mark.parametrize(
    ("drift", "word", "why"),
    [
        # Without the tutorial's rule for tcp/80, what other rules let in counts.
        ([], "lets in tcp/22 from 203.0.113.7/32", KEPT_OUT),
        *[
            (
                [differing("customer-group", "further inbound rules", "none", rule)],
                f"lets in tcp/22 from 203.0.113.7/32; {rule}",
                why,
            )
            for rule, why in (
                ("tcp/80 from 10.0.1.0/24", ""),
                ("tcp/80 from 10.9.0.0/16", KEPT_OUT),
                ("tcp/79-81 from 10.0.0.0/8", ""),
                ("tcp/81-90 from 10.0.0.0/8", KEPT_OUT),
                ("tcp from 10.0.1.15/32", ""),
                ("udp/80 from 0.0.0.0/0", KEPT_OUT),
                (f"everything from {GROUP}", ""),
                ("everything from sg-00000000000000000", KEPT_OUT),
                ("everything from ::/0", KEPT_OUT),
                ("tcp/80 from x.x.x.1/32", KEPT_OUT),
            )
        ],
        (
            [differing("customer-group", "open to everybody", "none", "everything from 0.0.0.0/0")],
            "lets in tcp/22 from 203.0.113.7/32; everything from 0.0.0.0/0",
            "",
        ),
        ([differing("endpoint", "security groups", GROUP, "sg-2")], "not the tutorial's", ANOTHER),
        (
            [differing("endpoint", "security groups", GROUP, f"{GROUP}, sg-2")],
            "lets in tcp/22 from 203.0.113.7/32",
            KEPT_OUT,
        ),
    ],
)
def test_what_the_endpoint_s_security_group_lets_in(drift: list[tuple[str, Drift]], word: str, why: str) -> None:
    live = closed(DEMO)
    for key, one in drift:
        live[key] = replace(live[key], drift=(one,))
    seen = picture(DEMO, live, FRAME)
    assert (seen.customer.group.word, seen.hops[0].why) == (word, why)
    broken = Drawn.BROKEN if why else Drawn.READY
    assert (seen.customer.group.state, seen.hops[0].state) == (broken, broken)


@pytest.mark.parametrize(
    ("further", "why"), [([], NO_WAY_OUT), ([Drift("further outbound rules", "none", "tcp to 10.0.0.0/8")], "")]
)
def test_a_group_that_lets_nothing_out(further: list[Drift], why: str) -> None:
    live = standing(DEMO)
    drift = (Drift("outbound rules", "everything to 0.0.0.0/0", "none"), *further)
    live["customer-group"] = replace(live["customer-group"], drift=drift)
    assert picture(DEMO, live, FRAME).hops[0].why == why


def test_a_changed_rule_is_shown_as_it_is() -> None:
    live = standing(DEMO)
    rule = live["provider-rule-http"]
    live["provider-rule-http"] = replace(rule, phase=Phase.WRONG, outputs={"source": "20.0.1.36/32"})
    group = picture(DEMO, live, FRAME).provider.group
    assert group.word == "lets in tcp/22 from 203.0.113.7/32; tcp/80 from 20.0.1.36/32; tcp/443 from 0.0.0.0/0"
    assert group.state is Drawn.READY


def test_a_gateway_that_was_detached_is_not_ready() -> None:
    live = standing(DEMO)
    del live["customer-attachment"]
    gateway = picture(DEMO, live, FRAME).customer.gateway
    assert (gateway.state, gateway.word) == (Drawn.PENDING, "detached")


def test_a_target_group_without_a_target() -> None:
    live = standing(DEMO)
    del live["target"]
    targets = picture(DEMO, live, FRAME).targets
    assert (targets.state, targets.word) == (Drawn.PENDING, "no target")


@pytest.mark.parametrize(
    ("states", "together"),
    [
        ("ready ready", "ready"),
        ("ready missing", "pending"),
        ("missing missing", "missing"),
        ("ready pending", "pending"),
        ("missing broken", "broken"),
    ],
)
def test_states_together(states: str, together: str) -> None:
    assert combined(Drawn(state) for state in states.split()) is Drawn(together)


def test_an_address_belongs_to_what_is_there() -> None:
    seen = picture(DEMO, {"provider-vpc": standing(DEMO)["provider-vpc"]}, FRAME)
    assert (seen.endpoint.address, seen.balancer.address) == ("", "")
    assert seen.hops[0].destination == "the endpoint:80"


def test_in_words() -> None:
    told = picture(DEMO, standing(DEMO), FRAME).description
    for said in ("Customer_EC2", "10.0.0.0/16", "10.0.1.15 to 10.0.1.87:80: ready", "20.0.1.36 to 20.0.1.10:80"):
        assert said in told


def test_in_japanese() -> None:
    """Our own words and AWS's nouns; states, ids and names are AWS's and the user's."""
    live = closed(DEMO)
    live["customer-route"] = replace(live["customer-route"], phase=Phase.WRONG)
    del live["target"]
    seen, english = (picture(DEMO, live, FRAME, lang) for lang in ("ja", "en"))
    assert [part.state for part in seen.parts] == [part.state for part in english.parts]
    assert [part.id for part in seen.parts] == [part.id for part in english.parts]
    assert (seen.endpoint.kind, seen.endpoint.word) == ("VPC エンドポイント", "available")
    assert (seen.customer.instance.kind, seen.customer.route.word) == (
        "コンシューマーのインスタンス",
        "チュートリアルと異なる",
    )
    assert seen.targets.word == "ターゲットなし"
    assert seen.customer.group.word == "許可: tcp/22（送信元 203.0.113.7/32）"
    assert seen.hops[0].why == "エンドポイントのセキュリティグループが tcp/80 を許可していない"
    assert "1. 10.0.1.15 から 10.0.1.87:80 へ: 異常（エンドポイントの" in seen.description
    live["customer-group"] = replace(live["customer-group"], drift=(EVERYTHING,))
    assert picture(DEMO, live, FRAME, "ja").customer.group.word.endswith("; すべて（送信元 0.0.0.0/0）")
    live["endpoint"] = replace(live["endpoint"], drift=(Drift("security groups", GROUP, "sg-2"),))
    other = picture(DEMO, live, FRAME, "ja")
    assert other.hops[0].why == "エンドポイントのセキュリティグループが、チュートリアルのものと異なる"
    plan = picture(DEMO, {}, lang="ja")
    assert {part.word for part in plan.parts} == {"なし"}
    assert plan.hops[0].destination == "エンドポイント:80"


def test_without_the_addresses_of_what_aws_manages() -> None:
    seen = picture(DEMO, standing(DEMO), Frame())
    assert seen.hops[0].destination == "the endpoint:80"
    assert seen.hops[2].source == "the load balancer"


def test_of_a_long_name_the_end_is_kept() -> None:
    """Names of one demo begin alike."""
    name = "a-long-demo-name-Customer_Public_subnet"
    assert shortened(name, lambda text: len(text) <= 30) == "a-long-de…stomer_Public_subnet"
    assert shortened(name, lambda text: len(text) <= 30, "...") == "a-long-de...omer_Public_subnet"
    assert shortened(name, lambda text: True) == name
    assert shortened(name, lambda text: len(text) <= 1) == "…"
