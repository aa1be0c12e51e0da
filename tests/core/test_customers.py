"""Several customers of one service, all with the same addresses, in one account of a sandbox."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tools.account import account
from vpce_demo.aws.environment import Environment
from vpce_demo.config.load import load
from vpce_demo.config.model import Config
from vpce_demo.config.settings import Settings, customer_of
from vpce_demo.engine.events import Action, Event
from vpce_demo.errors import ConfigError, Refused
from vpce_demo.model import Phase, Side
from vpce_demo.resources.vpc import Vpc
from vpce_demo.sandbox.api.faults import InjectedFault
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session import requests
from vpce_demo.session.discover import not_looked_up, refuse_no_room
from vpce_demo.session.guards import refuse_changed_settings
from vpce_demo.session.look import managed_interfaces
from vpce_demo.session.ownership import Unrecorded
from vpce_demo.session.run import Run
from vpce_demo.tutorial import tutorial
from vpce_demo.verify.aws_facts import AwsFacts

OpenRun = Callable[..., AbstractContextManager[Run]]
OF_ONE = 14
"""Resources of a customer: steps 9 to 15 with the acceptance."""


@pytest.fixture
def room(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """An account that has room for 50 customers."""
    monkeypatch.setitem(sandbox.cloud.quotas, "vpcs", 60)
    return sandbox


@pytest.fixture
def made(room: Sandbox, open_run: OpenRun, tmp_path: Path) -> dict[str, str]:
    """A demo with three customers that stands: the ids by key."""
    with open_run(tmp_path, customers=3) as run:
        up(run)
        return {key: live.id for key, live in run.look().items()}


def up(run: Run) -> list[Event]:
    events: list[Event] = []
    run.up(run.demo.resources, events.append, None)
    return events


def down(run: Run, number: int = 0) -> list[object]:
    one = next((one for one in run.demo.customers if one.number == number), None)
    return list(run.down(lambda event: None, None, customer=one))


def created(events: list[Event]) -> set[int]:
    """The numbers of the customers of which something was created; 0 stands for the provider."""
    return {customer_of(event.resource.key) for event in events if event.action is Action.CREATED}


# --- the tutorial -----------------------------------------------------------------


def demo_of(customers: int, *removed: int) -> Settings:
    settings = not_looked_up(Config(customers=customers))
    return settings.model_copy(update={"removed_customers": removed})


def test_one_customer_has_the_tutorials_keys_and_names() -> None:
    alone, several = tutorial(not_looked_up(Config())), tutorial(demo_of(3))
    first = several.alone(several.customers[0])
    assert [(r.key, r.name) for r in alone.resources] == [(r.key, r.name) for r in first.resources]
    assert [[r.key for r in group] for group in alone.teardown] == [[r.key for r in group] for group in first.teardown]
    assert alone.rows is alone.steps


def test_every_customer_has_the_same_addresses_and_names_of_its_own() -> None:
    demo = tutorial(demo_of(3))
    vpcs = [one.vpc for one in demo.customers]
    assert [vpc.name for vpc in vpcs] == ["Customer_Network", "Customer_Network-2", "Customer_Network-3"]
    assert {vpc.cidr for vpc in vpcs} == {"10.0.0.0/16"}
    keys = [r.key for r in demo.resources]
    assert len(set(keys)) == len(keys)
    assert [len(demo.of_customer(one)) for one in demo.customers] == [OF_ONE] * 3
    assert [step.number for step in demo.steps] == [*range(1, 16), 15, 16, 17], "a page for each step, as ever"


def test_a_customer_is_one_row() -> None:
    demo = tutorial(demo_of(20))
    rows = demo.rows
    assert len(rows) == 8 + 20 + 2
    assert (rows[8].title, rows[27].title, rows[28].number) == ("Customer 1", "Customer 20", 16)
    assert [r.key for row in rows for r in row.resources if isinstance(r, Vpc)][-1] == "customer-vpc-20"
    assert rows[9].head.key == "endpoint-2"


@pytest.mark.parametrize(
    ("key", "number"),
    [
        ("customer-vpc", 1),
        ("endpoint", 1),
        ("acceptance-12", 12),
        ("customer-rule-ssh-3", 3),
        ("customer-2", 2),
        ("provider-vpc", 0),
        ("web", 0),
        ("customer-vpc-2x", 0),
        ("", 0),
    ],
)
def test_a_key_says_whose_it_is(key: str, number: int) -> None:
    assert customer_of(key) == number


# --- settings ---------------------------------------------------------------------


def test_settings_survive_the_state_file() -> None:
    settings = demo_of(3, 2)
    assert Settings.model_validate_json(settings.model_dump_json()).customer_numbers == [1, 3]
    assert Settings.model_validate({**settings.model_dump(), "removed_customers": [2]}).customer_numbers == [1, 3]


@pytest.mark.parametrize("customers", [0, 51, "3", 1.5])
def test_what_is_not_a_number_of_customers(customers: object) -> None:
    with pytest.raises(ConfigError, match="customers"):
        load(None, {"customers": customers})


@pytest.mark.parametrize(
    ("settings", "wanted", "fits"),
    [
        (demo_of(3), 5, True),
        (demo_of(3), None, True),
        (demo_of(3), 1, False),
        (demo_of(3, 3), 2, True),
        (demo_of(3, 2), 2, False),
    ],
)
def test_fewer_customers_are_refused_with_the_command_that_takes_one_away(
    settings: Settings, wanted: int | None, fits: bool
) -> None:
    if fits:
        refuse_changed_settings(Config(customers=wanted), settings)
        return
    with pytest.raises(Refused, match="asking for fewer deletes none") as caught:
        refuse_changed_settings(Config(customers=wanted), settings)
    assert "down --customer 3" in caught.value.hint


def test_no_room_in_a_sandbox_names_the_option_that_makes_it(sandbox: Sandbox, place: Environment) -> None:
    clients = place.clients[Side.PROVIDER]
    with pytest.raises(Refused, match="no room for 21 more VPCs") as caught:
        refuse_no_room(Config(), clients, 21, 21, is_sandbox=True)
    assert caught.value.hint.endswith("<demo> sandbox start --quota vpcs=22")
    sandbox.set(quotas={"vpcs": 22})
    try:
        refuse_no_room(Config(), clients, 21, 21, is_sandbox=True)
    finally:
        sandbox.set(quotas={"vpcs": 5})


# --- a life ------------------------------------------------------------------------


@pytest.mark.extended
def test_a_life_of_three_leaves_the_account_as_it_was(
    room: Sandbox, place: Environment, open_run: OpenRun, tmp_path: Path
) -> None:
    clients = place.clients[Side.PROVIDER]
    before = account(clients)
    with open_run(tmp_path) as run:
        assert created(up(run)) == {0, 1}
    with open_run(tmp_path, customers=3) as run:
        assert created(up(run)) == {2, 3}, "more customers are made, and nothing else"
    with open_run(tmp_path) as run:
        assert len(run.demo.customers) == 3, "the stage commands read the number from the record"
        assert created(up(run)) == set()
        assert not [live.drift for live in run.look().values() if live.drift]
        room._api.counts.clear()
        addresses = [one.address for key, one in managed_interfaces(run).items() if customer_of(key)]
        assert [address.rpartition(".")[0] for address in addresses] == ["10.0.1"] * 3
        assert room._api.counts["ec2:DescribeNetworkInterfaces"] == 2, "one for all endpoints, one for the balancer"
        assert down(run) == []
    assert account(clients) == before


def test_one_is_taken_away_and_the_others_are_left(made: dict[str, str], open_run: OpenRun, tmp_path: Path) -> None:
    kept = {key: id for key, id in made.items() if customer_of(key) != 2}
    with open_run(tmp_path, makes=False) as run:
        run.look()
        assert down(run, 2) == []
        assert {key: live.id for key, live in run.look().items()} == kept
        connected = {one.endpoint: one.state for one in requests.requests(run)}
        assert connected == dict.fromkeys((kept["endpoint"], kept["endpoint-3"]), "available")
    with open_run(tmp_path) as run:
        assert [one.number for one in run.demo.customers] == [1, 3]
        assert created(up(run)) == set(), "it is not made again"


@pytest.mark.extended
@pytest.mark.usefixtures("made")
@pytest.mark.slow
def test_the_first_may_be_taken_away_too(open_run: OpenRun, tmp_path: Path) -> None:
    with open_run(tmp_path, makes=False) as run:
        run.look()
        assert down(run, 1) == []
    with open_run(tmp_path) as run:
        assert (run.demo.customer.key, run.demo.endpoint.key) == ("customer-2", "endpoint-2")
        facts = AwsFacts(run.demo, run.sides, run.ssh(), "", lambda: "")
        assert facts.part("customer-routes").key == "customer-routes-2"
        assert created(up(run)) == set()
        assert down(run) == []


@pytest.mark.extended
def test_without_the_state_file_every_customer_is_found(
    made: dict[str, str], open_run: OpenRun, tmp_path: Path
) -> None:
    with open_run(tmp_path / "elsewhere", makes=False, unrecorded=Unrecorded.DELETE_OWN) as run:
        assert run.look().keys() == made.keys()
    with open_run(tmp_path, makes=False) as run:
        run.state.path.unlink()
    with open_run(tmp_path, makes=False) as run:
        assert run.look().keys() == made.keys(), "the record is written again, without settings"
    with open_run(tmp_path, makes=False) as run:
        assert run.look().keys() == made.keys()
        assert down(run, 2) == []
    with open_run(tmp_path) as run:
        assert [one.number for one in run.demo.customers] == [1, 3]
        assert created(up(run)) == set()
        assert down(run) == []


@pytest.mark.extended
def test_requests_are_answered_by_id_and_a_strangers_waits(
    made: dict[str, str], place: Environment, open_run: OpenRun, tmp_path: Path
) -> None:
    ec2, second = place.clients[Side.CONSUMER].ec2, made["endpoint-2"]
    (service,) = ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]
    stranger = ec2.create_vpc_endpoint(
        VpcEndpointType="Interface", VpcId=made["customer-vpc-3"], ServiceName=service["ServiceName"]
    )["VpcEndpoint"]
    with open_run(tmp_path) as run:
        assert created(up(run)) == set(), "a stranger is not accepted"
        run.look()
        found = requests.requests(run)
        (theirs,) = (one for one in found if one.endpoint == stranger["VpcEndpointId"])
        assert (theirs.customer, theirs.waits) == (0, True)
        assert (theirs.owner, theirs.region, theirs.age is None) == ("123456789012", "us-east-1", False)
        assert {one.customer for one in found if not one.waits} == {1, 2, 3}
        with pytest.raises(ConfigError, match="Not asked to connect to this service: vpce-0"):
            requests.chosen(found, ["vpce-0"])
        requests.answer(run, [theirs], accepts=True)
        requests.answer(run, requests.chosen(found, [second]), accepts=False)
    with open_run(tmp_path) as run:
        there = run.look()
        states = {one.endpoint: one.state for one in requests.requests(run)}
        assert (states[theirs.endpoint], states[second]) == ("available", "rejected")
        assert there["endpoint-2"].phase is Phase.FAILED
        assert created(up(run)) == {2}, "a rejected one is replaced"


# --- calls --------------------------------------------------------------------------


def calls_of_up(customers: int, sandbox: Sandbox, open_run: OpenRun, directory: Path) -> Counter[str]:
    """The calls of ``up`` by operation, after it was looked around once."""
    sandbox.reset()
    with open_run(directory / str(customers), customers=customers) as run:
        run.look()
        sandbox._api.counts.clear()
        up(run)
        return Counter(sandbox._api.counts)


@pytest.mark.extended
def test_calls_grow_by_what_a_customer_is_made_of(room: Sandbox, open_run: OpenRun, tmp_path: Path) -> None:
    """A customer costs the same calls whether it is the second or the third, and of those that change something each
    once."""
    one, three = (calls_of_up(n, room, open_run, tmp_path) for n in (1, 3))
    more = {name: count - one[name] for name, count in three.items() if count != one[name]}
    changing = {name: count for name, count in more.items() if ":Describe" not in name and ":Get" not in name}
    assert changing == {
        f"ec2:{name}": 2 * times
        for name, times in {
            "CreateVpc": 1,
            "CreateInternetGateway": 1,
            "AttachInternetGateway": 1,
            "CreateSubnet": 1,
            "CreateRouteTable": 1,
            "AssociateRouteTable": 1,
            "CreateRoute": 1,
            "ImportKeyPair": 1,
            "CreateSecurityGroup": 1,
            "AuthorizeSecurityGroupIngress": 2,
            "RunInstances": 1,
            "CreateVpcEndpoint": 1,
            "AcceptVpcEndpointConnections": 1,
        }.items()
    }


@pytest.mark.extended
@pytest.mark.usefixtures("made")
def test_looking_at_three_asks_no_more_than_looking_at_one(room: Sandbox, open_run: OpenRun, tmp_path: Path) -> None:
    """Every list is asked for once."""
    counts = []
    with open_run(tmp_path, makes=False) as run:
        for resources in (run.demo.alone(run.demo.customers[0]).resources, run.demo.resources):
            room._api.counts.clear()
            run.engine().refresh(resources)
            counts.append(Counter(room._api.counts))
    assert counts[0] == counts[1]


@pytest.mark.slow
def test_throttled_calls_are_made_again_and_succeed(room: Sandbox, open_run: OpenRun, tmp_path: Path) -> None:
    fault = InjectedFault("throttle", "Create*", burst=1, rate=10.0)
    with open_run(tmp_path, customers=3) as run:
        room.faults.add(fault)
        events = up(run)
        room.faults.clear()
    assert fault.struck > 3
    assert created(events) == {0, 1, 2, 3}
    assert all("RequestLimitExceeded" in e.note for e in events if e.action is Action.RETRYING and "Limit" in e.note)


@pytest.mark.slow
def test_twenty_customers_live_and_go(room: Sandbox, open_run: OpenRun, tmp_path: Path) -> None:
    assert math.isinf(room.clock.speed)
    with open_run(tmp_path, customers=20) as run:
        assert created(up(run)) == set(range(21))
        run.look()
        assert {one.state for one in requests.requests(run)} == {"available"}
        assert down(run, 7) == []
        assert len(run.look()) == 18 + 19 * OF_ONE
        assert down(run) == []
