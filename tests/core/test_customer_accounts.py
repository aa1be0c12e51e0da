"""Three customers in two accounts, and the provider in a third, of one sandbox: customer 1 and 3 in the first's."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tools.account import Account, account
from vpce_demo.aws import region
from vpce_demo.aws.environment import Environment, in_sandbox
from vpce_demo.cli import run_command
from vpce_demo.cli.app import App, command_line
from vpce_demo.cli.test import checks_of
from vpce_demo.config.load import load
from vpce_demo.config.model import Config
from vpce_demo.config.settings import Where, customer_of
from vpce_demo.errors import ConfigError, Refused
from vpce_demo.journal.state_file import StateFile
from vpce_demo.model import Side
from vpce_demo.resources.endpoint_service import allowed_principals
from vpce_demo.sandbox.client import Running
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session import discover, requests
from vpce_demo.session.discover import not_looked_up
from vpce_demo.session.guards import refuse_other_accounts
from vpce_demo.session.look import look_of
from vpce_demo.session.open import open_demo
from vpce_demo.session.ownership import Unrecorded
from vpce_demo.session.run import Run
from vpce_demo.tutorial import tutorial
from vpce_demo.verify import checks

from ..cli.stage import write_server_file
from .runs import created, up

OpenAs = Callable[..., AbstractContextManager[Run]]
OURS, FIRST, SECOND = "123456789012", "222222222222", "333333333333"
ACCOUNTS = {1: FIRST, 2: SECOND, 3: FIRST}


def settings(*profiles: str, **more: Any) -> dict[str, Any]:
    return {"consumer": {"profile": list(profiles)} if profiles else {}, **more}


@pytest.fixture(scope="module")
def enter(reached: Running) -> Callable[..., Environment]:
    """The environment with these consumer profiles."""
    return lambda *profiles, **more: in_sandbox(load(None, settings(*profiles, **more)), reached)


@pytest.fixture(scope="module")
def open_as(enter: Callable[..., Environment]) -> OpenAs:
    """Opens a run with these consumer profiles: the two, if none are given."""

    @contextmanager
    def open_it(
        directory: Path, profiles: Sequence[str] = (FIRST, SECOND), *, makes: bool = True, **more: Any
    ) -> Iterator[Run]:
        unrecorded = Unrecorded.REFUSE if makes else Unrecorded.DELETE_OWN
        where = Where(load(None, settings(*profiles, **more)), directory, sandbox=True)
        with open_demo(where, enter(*profiles, **more), "test", makes=makes, unrecorded=unrecorded) as run:
            yield run

    return open_it


@pytest.fixture(scope="module")
def empty(module_sandbox: Sandbox, enter: Callable[..., Environment]) -> dict[str, Account]:
    """What the three accounts hold while there is nothing of the demo, by party."""
    module_sandbox.reset()
    return {party: account(clients) for party, clients in enter(FIRST, SECOND).clients.items()}


@pytest.fixture(scope="module")
def made(empty: dict[str, Account], open_as: OpenAs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state directory of a demo that stands, for the module: the last tests take it away."""
    directory = tmp_path_factory.mktemp("state")
    with open_as(directory, customers=3) as run:
        order = created(up(run))
        assert sorted(key for key in order if key.startswith("principal")) == ["principal", "principal-2"]
        assert max(map(order.index, ("principal", "principal-2"))) < order.index("endpoint")
    return directory


def down(run: Run, number: int = 0) -> list[object]:
    customer = next((one for one in run.demo.customers if one.number == number), None)
    return list(run.down(lambda event: None, None, customer=customer))


# --- settings ---------------------------------------------------------------------


def test_a_profile_or_a_list_of_them() -> None:
    assert load(None, settings("a")).consumer.profile == "a", "a list of one is that one"
    config = load(None, settings("a", "b", profile="c"))
    assert config.parties == ["provider", "consumer", "consumer-2"]
    assert [config.profile_of(party) for party in config.parties] == ["c", "a", "b"]
    assert Config(profile="c").parties == ["provider", "consumer"]


@pytest.mark.parametrize("value", [[], [1], ["a", ""], {"a": "b"}, 222222222222])
def test_what_is_no_profile(value: object) -> None:
    with pytest.raises(ConfigError, match=r"consumer\.profile"):
        load(None, {"consumer": {"profile": value}})


def test_the_profiles_are_taken_in_turn_and_an_account_is_allowed_once() -> None:
    plan = not_looked_up(load(None, settings("a", "b", "c", customers=5)))
    assert [plan.party_of(number) for number in plan.customer_numbers] == [
        *("consumer", "consumer-2", "consumer-3"),
        *("consumer", "consumer-2"),
    ]
    demo = tutorial(plan.model_copy(update={"more_consumer_accounts": (FIRST, FIRST)}))
    assert [(r.key, r.name) for r in demo.resources if r.kind == "AllowedPrincipal"] == [("principal-2", FIRST)]
    assert [one.account for one in demo.customers] == ["", FIRST, FIRST, "", FIRST]


def test_the_quotas_of_each_account_are_for_its_own_customers(enter: Callable[..., Environment]) -> None:
    needed = discover.networks(load(None, {}), enter(FIRST, SECOND), range(1, 6))
    assert {clients.account: networks for clients, networks, _ in needed} == {OURS: 1, FIRST: 3, SECOND: 2}


def test_profiles_on_the_command_line_and_in_the_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VPCE_DEMO_CONSUMER_PROFILE", "a b,c")
    which = ("-o", "json", "--query", "settings[?setting=='consumer.profile'] | [0]", "init", "--show")
    for words, value, origin in (
        ((), ["a b", "c"], "VPCE_DEMO_CONSUMER_PROFILE"),
        (("--consumer-profile", "d"), "d", "--consumer-profile"),
        (("--consumer-profile", "d", "--consumer-profile", "e"), ["d", "e"], "--consumer-profile"),
    ):
        assert run_command([*which, *words]) == 0
        assert json.loads(capsys.readouterr().out) == {"setting": "consumer.profile", "value": value, "from": origin}
    assert command_line(App(given={"consumer_profile": ("a b", "c")})) == (
        "vpce-demo --consumer-profile 'a b' --consumer-profile c"
    )


# --- a life ------------------------------------------------------------------------


@pytest.mark.extended
def test_each_customer_lives_in_its_account_and_is_proven_there(
    made: Path, enter: Callable[..., Environment], module_sandbox: Sandbox, open_as: OpenAs
) -> None:
    with open_as(made, customers=3) as run:
        assert created(up(run)) == []
        live = run.look()
        assert not [one.drift for one in live.values() if one.drift]
        assert {one.customer: one.owner for one in requests.requests(run)} == ACCOUNTS
        service = run.sides[Side.PROVIDER]
        principals = {f"arn:aws:iam::{whose}:root" for whose in (FIRST, SECOND)}
        assert set(allowed_principals(service, service.id(run.demo.service))) == principals
        look = look_of(run)
        assert all(look.addresses[one.endpoint.key].startswith("10.0.1.") for one in run.demo.customers)
        assert run.look_for_strays() == []
        for one in run.demo.customers:
            results = list(checks.run(checks_of(run, run.demo.alone(one), None)))
            assert [result.passed for result in results] == [True] * 8, results
    with open_as(made, makes=False) as run:
        module_sandbox._api.counts.clear()
        run.engine().refresh(run.demo.resources)
        counts = Counter(module_sandbox._api.counts)
        assert counts["ec2:DescribeVpcs"] == 3, "one list for each account, however many customers it has"
        assert counts["ec2:DescribeVpcEndpoints"] == 2
    places = enter(FIRST, SECOND)
    for party, vpcs in (("provider", 1), ("consumer", 2), ("consumer-2", 1)):
        listed = places.clients[party].ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}])
        assert len(listed["Vpcs"]) == vpcs
    assert places.in_both.count("account") == 3


NEED = "the customers of this demo need 2 consumer profiles, not"
OTHER = "belongs to another AWS account"


def test_the_first_line_names_every_account(
    made: Path, module_sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    write_server_file(module_sandbox, made)
    options = [word for whose in (FIRST, SECOND) for word in ("--consumer-profile", whose)]
    assert run_command(["--sandbox", "--state-dir", str(made), *options, "status"]) == 0
    shown = " ".join("".join(capsys.readouterr()).split())
    assert "62 of 62 there." in shown
    for side, whose in (("provider", OURS), ("consumer", FIRST), ("consumer", SECOND)):
        assert f"{side}: account {whose} us-east-1" in shown


@pytest.mark.extended
def test_the_zone_is_one_that_every_account_has(
    made: Path, open_as: OpenAs, enter: Callable[..., Environment], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, offers = enter().clients[Side.PROVIDER], region.offering
    first, second = sorted(region.zones(usual).items())[:2]
    monkeypatch.setattr(
        discover,
        "offering",
        lambda clients, type: set(offers(clients, type)) - ({first[0]} if clients.account == SECOND else set()),
    )
    for profiles, (name, id) in (((FIRST,), first), ((FIRST, SECOND), second)):
        with open_as(tmp_path / name, profiles, name="zones") as run:
            assert (run.settings.zone, run.settings.provider_zone_id, run.settings.consumer_zone_id) == (name, id, id)


@pytest.mark.parametrize(
    ("profiles", "said", "wrong"),
    [
        ((FIRST,), f"{NEED} 1", [2]),
        ((), f"{NEED} 1", [1, 2, 3]),
        ((SECOND, FIRST), OTHER, [1, 2, 3]),
        ((FIRST, "444444444444"), OTHER, [2]),
        ((FIRST, SECOND, SECOND), f"{NEED} 3", [3]),
        ((FIRST, SECOND, FIRST), "", []),
    ],
)
def test_a_profile_that_is_missing_or_wrong_is_named(
    made: Path, enter: Callable[..., Environment], profiles: tuple[str, ...], said: str, wrong: list[int]
) -> None:
    (path,) = made.glob("*/*/state.json")
    state = StateFile.load(path.parent)
    if not said:
        refuse_other_accounts(state, enter(*profiles))
        return
    with pytest.raises(Refused, match=said) as caught:
        refuse_other_accounts(state, enter(*profiles))
    options = f"--consumer-profile {FIRST} --consumer-profile {SECOND}"
    assert f"<command> {options}\n" in caught.value.hint
    assert list(dict.fromkeys(row[0] for row in caught.value.table[1:])) == [f"customer {number}" for number in wrong]


@pytest.mark.extended
def test_the_order_is_known_without_the_state_file_too(made: Path, open_as: OpenAs, tmp_path: Path) -> None:
    with open_as(tmp_path, makes=False) as run:
        assert {customer_of(key) for key in run.look()} == {0, 1, 2, 3}
    with pytest.raises(Refused, match=f"Customer 1 is in account {FIRST}, and the .* account {SECOND}"):
        open_as(tmp_path, (SECOND, FIRST), makes=False).__enter__()


@pytest.mark.extended
def test_one_side_knows_the_accounts_of_the_other(made: Path, open_as: OpenAs) -> None:
    with open_as(made, (), makes=False, side="provider") as run:
        assert run.demo.service.consumer_accounts == (FIRST, SECOND)
        assert Counter(customer_of(r.key) for r in run.other_side) == {1: 13, 2: 13, 3: 13}
        assert {run.state.sides[r.party]["account"] for r in run.other_side} == {FIRST, SECOND}
    with open_as(made, makes=False, side="consumer") as run:
        assert {customer_of(key) for key in run.look()} == {1, 2, 3}


@pytest.mark.extended
@pytest.mark.slow
def test_one_is_taken_away_and_the_rest_goes_without_the_state_file(
    made: Path, empty: dict[str, Account], enter: Callable[..., Environment], open_as: OpenAs, tmp_path: Path
) -> None:
    with open_as(made, makes=False) as run:
        kept = {key: live.id for key, live in run.look().items() if customer_of(key) != 2}
        assert down(run, 2) == []
        assert {key: live.id for key, live in run.look().items()} == kept
    clients = enter(FIRST, SECOND).clients
    assert account(clients["consumer-2"]) == empty["consumer-2"]
    with open_as(made) as run:
        assert created(up(run)) == [], "it is not made again"
    with open_as(tmp_path, makes=False) as run:
        assert run.look().keys() >= kept.keys()
        assert down(run) == []
    assert {party: account(one) for party, one in clients.items()} == empty
