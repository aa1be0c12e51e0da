"""What stands for the braces in a text, the language of the texts, and the comparison with a NAT gateway."""

from __future__ import annotations

import pytest

from vpce_demo.config.model import Config
from vpce_demo.errors import ConfigError
from vpce_demo.lessons import language, topic, topics
from vpce_demo.lessons.nat import from_nat_prices
from vpce_demo.lessons.placeholders import fill, from_demo, from_prices, from_settings
from vpce_demo.model import Live
from vpce_demo.session.discover import not_looked_up
from vpce_demo.tutorial import tutorial

SETTINGS = not_looked_up(Config())
DEMO = tutorial(SETTINGS)


def test_ids_are_there_when_aws_has_them() -> None:
    text = (
        "--vpc-id {provider-vpc} --service-names {service.service_name} 'Tags=[{Key=Name,Value={provider.vpc_name}}]'"
    )
    before = fill(text, from_settings(SETTINGS), from_demo(DEMO, {}))
    assert before == "--vpc-id $PROVIDER_VPC --service-names $SERVICE_NAME 'Tags=[{Key=Name,Value=Service_Network}]'"
    live = {"provider-vpc": Live("vpc-1"), "service": Live("vpce-svc-1", outputs={"service_name": "com.x"})}
    after = fill(text, from_settings(SETTINGS), from_demo(DEMO, live))
    assert after == "--vpc-id vpc-1 --service-names com.x 'Tags=[{Key=Name,Value=Service_Network}]'"


def test_fields_of_a_resource_and_how_long_aws_takes() -> None:
    look = from_demo(DEMO, {})
    assert look("target-group.port") == "80"
    assert look("load-balancer.usual_seconds") == "120"
    assert look("nobody") is None


def test_what_is_found_out_later_is_not_known_yet() -> None:
    assert from_settings(SETTINGS)("ssh_source") is None
    assert fill("{ssh_source}", from_settings(SETTINGS)) == "$SSH_SOURCE"


def test_prices() -> None:
    look = from_prices("ap-northeast-1")
    assert look("price.endpoint-hour") == "0.014"
    assert look("price.endpoint-hour.us-east-1") == "0.01"
    assert look("price.instance-hour") == "0.0136"
    assert look("price.endpoint-hour.mars-1") == "?"
    assert look("date.endpoint-hour.us-east-1")
    assert look("provider-vpc") is None


def test_an_endpoint_beside_a_nat_gateway() -> None:
    """``tests/core/test_comparison.py`` computes them."""
    rows = fill("{nat.rows}", from_nat_prices()).splitlines()
    assert rows[3:5] == ["| 4 | 40.88 | 45.26 | 0 |", "| 5 | 51.10 | 45.26 | 113 |"]
    assert fill("{nat.hour-ratio} {nat.gb-ratio} {nat.endpoints}", from_nat_prices()) == "0.23 0.16 4"


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja"}, "ja"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "ja_JP.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": ""}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "VPCE_DEMO_LANG": "en"}, "en"),
        ({"VPCE_DEMO_LANG": "ja"}, "ja"),
    ],
)
def test_the_language(environment: dict[str, str], wanted: str) -> None:
    assert language(environment) == wanted


def test_a_language_without_texts_is_refused() -> None:
    with pytest.raises(ConfigError, match="en and ja"):
        language({"VPCE_DEMO_LANG": "fr"})


@pytest.mark.parametrize(
    ("wrong", "near"), [("nats", "nat"), ("Acceptence", "acceptance"), ("source", "source-address")]
)
def test_an_unknown_topic_suggests(wrong: str, near: str) -> None:
    with pytest.raises(ConfigError, match=f"did you mean '{near}'"):
        topic(wrong, "en")


def test_a_step_by_its_number() -> None:
    assert [page.number for page in topic("15", "ja")] == ["15-1", "15-2"]
    assert all(topic(page.name, "en") == [page] for page in topics("en"))
    for number in ("0", "18"):
        with pytest.raises(ConfigError):
            topic(number, "en")
