"""Provider and consumer in two accounts of one sandbox."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tools.account import account
from vpce_demo.aws.environment import Environment, in_sandbox
from vpce_demo.config.load import load
from vpce_demo.config.settings import Where
from vpce_demo.errors import Refused
from vpce_demo.journal.state_file import StateFile
from vpce_demo.model import Live, Phase, Side
from vpce_demo.resources.endpoint_service import allowed_principals
from vpce_demo.sandbox.client import Running
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.guards import refuse_other_accounts
from vpce_demo.session.open import open_demo
from vpce_demo.session.ownership import Unrecorded
from vpce_demo.session.run import Run

from .runs import created, down, up

pytestmark = pytest.mark.extended

OpenRun = Callable[..., AbstractContextManager[Run]]
CONSUMER = "222222222222"
ROOT = f"arn:aws:iam::{CONSUMER}:root"


@pytest.fixture(scope="module")
def alone(reached: Running) -> Environment:
    """Only the provider's sign-in."""
    return in_sandbox(load(None, {}), reached)


@pytest.fixture(scope="module")
def place(reached: Running) -> Environment:
    """Both sign-ins: every run of this module is between two accounts."""
    return in_sandbox(load(None, {"consumer": {"profile": CONSUMER}}), reached)


@pytest.fixture
def made(sandbox: Sandbox, open_run: OpenRun, tmp_path: Path) -> Iterator[Run]:
    """A demo of two accounts that stands."""
    with open_run(tmp_path) as run:
        up(run)
        yield run


@pytest.mark.ordinary
def test_a_life_leaves_both_accounts_as_they_were(
    sandbox: Sandbox, place: Environment, open_run: OpenRun, tmp_path: Path
) -> None:
    before = {side: account(clients) for side, clients in place.clients.items()}
    assert place.consumer_account == CONSUMER
    with open_run(tmp_path) as run:
        order = created(up(run))
        assert order.index("service") < order.index("principal") < order.index("endpoint")
        assert run.look()["principal"].id == ROOT
        owners = {one["OwnerId"] for one in place.clients[Side.CONSUMER].ec2.describe_vpc_endpoints()["VpcEndpoints"]}
        assert owners == {CONSUMER}
        assert created(up(run)) == []
        assert not [live.drift for live in run.look().values() if live.drift], "the permission is no drift"
        assert down(run) == []
    assert {side: account(clients) for side, clients in place.clients.items()} == before


def test_the_zone_is_one_though_its_name_is_another_in_each_account(
    sandbox: Sandbox, place: Environment, open_run: OpenRun, tmp_path: Path
) -> None:
    sandbox.set(zones_differ=True)
    try:
        with open_run(tmp_path) as run:
            up(run)
            assert not [live.drift for live in run.look().values() if live.drift]
            placed = {}
            for side, subnet in ((Side.PROVIDER, "provider-subnet"), (Side.CONSUMER, "customer-subnet")):
                (one,) = place.clients[side].ec2.describe_subnets(SubnetIds=[run.state.id(subnet)])["Subnets"]
                placed[side] = one["AvailabilityZone"], one["AvailabilityZoneId"]
            (name, id), (other_name, other_id) = placed.values()
            assert id == other_id
            assert name != other_name
            theirs = place.clients[Side.CONSUMER].ec2
            (service,) = theirs.describe_vpc_endpoint_services(
                ServiceNames=[run.sides[Side.PROVIDER].output(run.demo.service, "service_name")]
            )["ServiceDetails"]
            assert service["AvailabilityZones"] == [other_name], "as it is called in the consumer's account"
            assert down(run) == []
    finally:
        sandbox.set(zones_differ=False)


def test_without_the_state_file_both_sides_are_found(made: Run, open_run: OpenRun, tmp_path: Path) -> None:
    with open_run(tmp_path / "elsewhere", makes=False, unrecorded=Unrecorded.DELETE_OWN) as run:
        assert run.look().keys() == made.look().keys()
        assert down(run) == []
        assert run.look() == {}


def test_a_permission_that_is_taken_away_cuts_nothing_and_is_given_back(made: Run) -> None:
    aws = made.sides[Side.PROVIDER]
    service = aws.id(made.demo.service)
    principal = next(r for r in made.demo.resources if r.key == "principal")
    principal.delete(aws.to_change(), Live(ROOT))
    there = made.look()
    assert "principal" not in there
    assert there["acceptance"].phase is Phase.READY, "AWS cuts no accepted connection"
    assert created(up(made)) == ["principal"]
    assert allowed_principals(aws.fresh_after(time.monotonic()), service) == [ROOT]


def test_a_principal_of_others_is_told_and_left(made: Run) -> None:
    aws, other = made.sides[Side.PROVIDER], "arn:aws:iam::333333333333:root"
    aws.ec2.modify_vpc_endpoint_service_permissions(ServiceId=aws.id(made.demo.service), AddAllowedPrincipals=[other])
    (drift,) = made.look()["service"].drift
    assert (drift.field, drift.aws) == ("allowed principals", other)
    assert created(up(made)) == []


def test_one_sign_in_and_no_record_names_the_account_of_the_endpoint(
    made: Run, alone: Environment, tmp_path: Path
) -> None:
    endpoint = made.sides[Side.CONSUMER].id(made.demo.endpoint)
    where = Where(load(None, {}), tmp_path / "elsewhere", sandbox=True)
    with open_demo(where, alone, "down", unrecorded=Unrecorded.DELETE_OWN) as run:
        run.look()
        left = {one.resource.key: one for one in run.down(lambda event: None, None)}
        assert left["service"].strangers == {endpoint: f"an endpoint of account {CONSUMER}"}
        assert StateFile.load(run.where.directory).sides.keys() == {"provider"}, "nobody knows the consumer's account"


@pytest.mark.slow
def test_the_state_of_two_accounts_is_not_used_for_one(made: Run, alone: Environment) -> None:
    with pytest.raises(Refused, match="another AWS account") as caught:
        refuse_other_accounts(made.state, alone)
    assert "--consumer-profile" in caught.value.hint
    assert "--provider-profile" not in caught.value.hint
