"""Provider and consumer in two regions of one sandbox."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tools.account import account
from vpce_demo.aws.environment import Environment, in_sandbox
from vpce_demo.config.load import load
from vpce_demo.config.settings import Settings, Where
from vpce_demo.cost.bill import bill, cost_of
from vpce_demo.engine.events import Action, Event
from vpce_demo.errors import Refused, RegionNotEnabled
from vpce_demo.journal.state_file import StateFile
from vpce_demo.model import Live, Phase, Remedy, Side
from vpce_demo.resources.endpoint_service import REGION_PENDING
from vpce_demo.sandbox.client import Running
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.discover import find_out, not_looked_up
from vpce_demo.session.guards import refuse_changed_settings, refuse_other_accounts
from vpce_demo.session.open import open_demo, sides_of
from vpce_demo.session.ownership import Unrecorded
from vpce_demo.session.run import Run
from vpce_demo.tutorial import tutorial
from vpce_demo.verify import checks

from .runs import created, down, up

pytestmark = pytest.mark.extended

OpenRun = Callable[..., AbstractContextManager[Run]]
HOME, AWAY = "us-east-1", "eu-west-1"
APART = {"region": HOME, "consumer": {"region": AWAY}}
MORE = ["provider-subnet-2", "provider-routing-2", "cross-zone"]
"""What a demo of two regions has besides: the provider's second zone."""


@pytest.fixture(scope="module")
def alone(reached: Running) -> Environment:
    """Both sides in the provider's region."""
    return in_sandbox(load(None, {}), reached)


@pytest.fixture(scope="module")
def place(reached: Running) -> Environment:
    """Every run of this module is between two regions."""
    return in_sandbox(load(None, APART), reached)


@pytest.fixture
def made(sandbox: Sandbox, open_run: OpenRun, tmp_path: Path) -> Iterator[Run]:
    """A demo of two regions that stands."""
    with open_run(tmp_path) as run:
        up(run)
        yield run


def remote(run: Run) -> dict[str, str]:
    """The regions from which the service can be reached, with their states."""
    (service,) = run.sides[Side.PROVIDER].ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]
    return {one["Region"]: one["ServiceState"] for one in service["SupportedRegions"]}


@pytest.mark.ordinary
def test_a_life_leaves_both_regions_as_they_were(
    sandbox: Sandbox, place: Environment, open_run: OpenRun, tmp_path: Path
) -> None:
    before = {side: account(clients) for side, clients in place.clients.items()}
    with open_run(tmp_path) as run:
        order = created(up(run))
        assert set(MORE) < set(order)
        assert remote(run) == {HOME: "Available", AWAY: "Available"}
        (endpoint,) = place.clients[Side.CONSUMER].ec2.describe_vpc_endpoints()["VpcEndpoints"]
        assert endpoint["ServiceRegion"] == HOME
        (balancer,) = place.clients[Side.PROVIDER].elb.describe_load_balancers()["LoadBalancers"]
        assert len({zone["ZoneName"] for zone in balancer["AvailabilityZones"]}) == 2
        assert created(up(run)) == []
        assert not [live.drift for live in run.look().values() if live.drift]
        lab = checks.CheckContext(run.demo, run.sides, run.ssh(), run.environment.pace, run.settings.page, run.facts)
        results = list(checks.run(lab))
        assert [one.passed for one in results] == [True] * 8, results
        assert down(run) == []
    assert {side: account(clients) for side, clients in place.clients.items()} == before


def test_the_service_is_waited_for_in_the_consumer_s_region(
    sandbox: Sandbox, open_run: OpenRun, tmp_path: Path
) -> None:
    """At 200 times AWS's pace the region takes a moment: the endpoint is asked for only once it is there."""
    with open_run(tmp_path) as run:
        run.up(run.demo.of("create-provider"), lambda event: None, None)
        sandbox.set(speed=200)
        events: list[Event] = []
        run.up(run.demo.of("create-endpoint-service"), events.append, None)
        sandbox.set(speed=math.inf)
        assert REGION_PENDING in [event.live.word for event in events if event.live and event.action is Action.WAITING]
        assert run.look()["service"].word == "Available"


def test_without_the_state_file_both_sides_are_found(made: Run, open_run: OpenRun, tmp_path: Path) -> None:
    with open_run(tmp_path / "elsewhere", makes=False, unrecorded=Unrecorded.DELETE_OWN) as run:
        assert run.look().keys() == made.look().keys()
        assert down(run) == []
        assert run.look() == {}


@pytest.mark.slow
def test_what_somebody_changed_is_put_back_and_a_region_of_others_asked_about(made: Run) -> None:
    """A region that is taken away cuts no connection; cross-zone load balancing that is switched off is made again."""
    aws = made.sides[Side.PROVIDER]
    modify, service = aws.ec2.modify_vpc_endpoint_service_configuration, aws.id(made.demo.service)
    modify(ServiceId=service, RemoveSupportedRegions=[AWAY])
    cross_zone = next(r for r in made.demo.resources if r.key == "cross-zone")
    cross_zone.delete(aws.to_change(), Live(aws.id(made.demo.balancer)))
    there = made.look()
    assert "cross-zone" not in there
    assert there["acceptance"].phase is Phase.READY
    (drift,) = there["service"].drift
    assert (drift.field, drift.tutorial, drift.aws, drift.remedy) == ("supported regions", AWAY, "none", Remedy.MEND)
    events = up(made)
    assert created(events) == ["cross-zone"]
    assert [event.action for event in events if event.resource is made.demo.service][-1] is Action.READY
    assert remote(made)[AWAY] == "Available"
    modify(ServiceId=service, AddSupportedRegions=["eu-west-2"])
    (drift,) = made.look()["service"].drift
    assert (drift.aws, drift.remedy) == (f"{AWAY}, eu-west-2", Remedy.ASK)


def test_one_region_and_no_record_names_the_region_of_the_endpoint(
    made: Run, alone: Environment, tmp_path: Path
) -> None:
    endpoint = made.sides[Side.CONSUMER].id(made.demo.endpoint)
    where = Where(load(None, {}), tmp_path / "elsewhere", sandbox=True)
    with open_demo(where, alone, "down", unrecorded=Unrecorded.DELETE_OWN) as run:
        run.look()
        left = {one.resource.key: one for one in run.down(lambda event: None, None)}
    assert left["service"].strangers == {endpoint: f"an endpoint of account 123456789012 in {AWAY}"}


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ({}, f"--consumer-region {AWAY}"),
        ({"region": AWAY}, f"--provider-region {HOME}"),
        ({"region": "eu-west-2"}, f"--provider-region {HOME} --consumer-region {AWAY}"),
    ],
)
def test_another_region_is_refused_with_the_option_of_the_side_that_is_wrong(
    place: Environment, reached: Running, tmp_path: Path, settings: dict[str, str], options: str
) -> None:
    state = StateFile(tmp_path, sides={str(side): dict(one) for side, one in place.accounts.items()})
    with pytest.raises(Refused, match="another AWS region") as caught:
        refuse_other_accounts(state, in_sandbox(load(None, settings), reached))
    assert f"<command> {options}\n" in caught.value.hint


@pytest.mark.slow
def test_two_people_in_two_regions(sandbox: Sandbox, reached: Running, tmp_path: Path) -> None:
    """Each with a sign-in, a region and a record of their own: the service's name says where it is."""

    @contextlib.contextmanager
    def opened(name: str, **settings: Any) -> Iterator[Run]:
        config = load(None, {"name": name} | settings)
        where = Where(config, tmp_path / name, sandbox=True)
        with open_demo(where, in_sandbox(config, reached), "up", makes=True) as run:
            yield run

    with opened("provider", side="provider", region=HOME, consumer={"region": AWAY}) as ours:
        assert set(MORE) < set(created(up(ours)))
        assert remote(ours) == {HOME: "Available", AWAY: "Available"}
        service = ours.look()["service"].outputs["service_name"]
    with opened("provider", side="provider", region=HOME) as ours:
        assert created(up(ours)) == [], "the consumer's region is on record"
    with (
        pytest.raises(Refused, match="settings differ"),
        opened("provider", side="provider", region=HOME, consumer={"region": "eu-west-2"}),
    ):
        raise AssertionError("opened")
    with opened("consumer", side="consumer", region=AWAY, service=service) as theirs:
        assert "endpoint" in created(up(theirs))
        assert theirs.look()["endpoint"].word == "pendingAcceptance"
        assert down(theirs) == []
    with (
        pytest.raises(Refused, match="does not show the endpoint service") as caught,
        opened("another", side="consumer", region="eu-west-2", service=service),
    ):
        raise AssertionError("opened")
    assert "--consumer-region eu-west-2" in caught.value.hint
    with opened("provider", side="provider", region=HOME) as ours:
        assert down(ours) == []


# --- what is found out before anything is made ----------------------------------------------


def found(reached: Running, **settings: Any) -> Settings:
    config = load(None, {"ssh_from": "0.0.0.0/0"} | settings)
    environment = in_sandbox(config, reached)
    return find_out(config, environment, sides_of(config.name, environment))


def test_each_side_has_zones_of_its_own_and_none_that_takes_no_part(sandbox: Sandbox, reached: Running) -> None:
    one = found(reached, region="us-west-2", consumer={"region": "ap-northeast-2"})
    assert one.zone == "us-west-2a"
    assert one.provider_zone_id != one.provider_second_zone_id
    assert one.consumer_zone_id == "apne2-az1"
    other = found(reached, region=HOME, consumer={"region": AWAY}, zone="us-east-1d")
    assert (other.zone, other.provider_second_zone_id) == ("us-east-1d", "use1-az6")
    with pytest.raises(Refused, match="takes no part"):
        found(reached, region=HOME, consumer={"region": AWAY}, zone="us-east-1e")
    with pytest.raises(Refused, match="two zones"):
        found(reached, region="us-west-1", consumer={"region": AWAY}, instance_type="t9.none")


def test_regions_out_of_reach_are_refused(sandbox: Sandbox, reached: Running) -> None:
    with pytest.raises(Refused, match="different partitions"):
        found(reached, region=HOME, consumer={"region": "cn-north-1"})
    with pytest.raises(RegionNotEnabled) as caught:
        found(reached, region=HOME, consumer={"region": "il-central-1"})
    assert "il-central-1" in str(caught.value)


@pytest.mark.slow
def test_one_region_has_nothing_more(sandbox: Sandbox, reached: Running, alone: Environment, tmp_path: Path) -> None:
    settings = found(reached, region=HOME, consumer={"region": HOME})
    assert (settings.provider_second_zone_id, settings.consumer_region, settings.service_region) == ("", "", "")
    assert not {r.key for r in tutorial(settings).resources} & set(MORE)
    before = len(sandbox.calls())
    with open_demo(Where(load(None, {}), tmp_path, sandbox=True), alone, "up", makes=True) as run:
        up(run)
        made = {call.operation for call in sandbox.calls()[before:]}
        assert not {"ModifyLoadBalancerAttributes", "DescribeRegions"} & made
        recorded = run.settings
        assert down(run) == []
    second = {"provider": {"second_subnet_name": "another", "second_subnet_cidr": "20.0.3.0/24"}}
    refuse_changed_settings(load(None, second), recorded)
    with pytest.raises(Refused, match="settings differ"):
        refuse_changed_settings(load(None, second), recorded.model_copy(update={"consumer_region": AWAY}))


# --- what it costs ----------------------------------------------------------------------------


def test_each_side_is_billed_in_its_region_and_the_provider_for_the_other() -> None:
    config = load(None, APART)
    demo = tutorial(not_looked_up(config))
    regions = {side: config.region_of(side) or "" for side in Side}
    lines = {(line.part.item, line.region): line for line in bill(demo.resources, regions)}
    assert lines["remote-region-hour", HOME].hourly == Decimal("0.05")
    assert lines["ipv4-hour", HOME].part.quantity == 3, "two zones of the load balancer, and the web server"
    assert lines["ipv4-hour", AWAY].part.quantity == 1
    assert {region for item, region in lines if item == "endpoint-hour"} == {AWAY}
    assert [line.region for line in lines.values()] == sorted((line.region for line in lines.values()), reverse=True)
    assert cost_of(demo.resources, regions).endswith(" a day), plus transfer between regions")
    alike = tutorial(not_looked_up(load(None, {}))).resources
    assert "transfer" not in cost_of(alike, dict.fromkeys(Side, HOME))
