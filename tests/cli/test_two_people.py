"""Provider and consumer are two people, or one of two sign-ins is gone (``aws-behaviours-2.md`` section 1.4)."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from vpce_demo.aws.environment import in_sandbox
from vpce_demo.cli import run_command
from vpce_demo.config.load import load
from vpce_demo.model import Side
from vpce_demo.sandbox.api.faults import InjectedFault
from vpce_demo.sandbox.client import Running
from vpce_demo.sandbox.server import Sandbox

from .stage import write_server_file

pytestmark = pytest.mark.extended

PROVIDER, CONSUMER = "123456789012", "222222222222"
BOTH = ("--consumer-profile", CONSUMER)


@dataclass
class People:
    """The program in this process, and the calls of each side's account."""

    directory: Path
    capsys: pytest.CaptureFixture[str]
    ec2: dict[str, Any]

    def run(self, *words: str, code: int = 0) -> str:
        """Run a command that ends with this code; return what it printed."""
        ended = run_command(["--sandbox", "--state-dir", str(self.directory), "--progress", "none", *words])
        captured = self.capsys.readouterr()
        assert ended == code, captured.out + captured.err
        return captured.out + captured.err

    def document(self, *words: str) -> Any:
        run_command(["--sandbox", "--state-dir", str(self.directory), "-o", "json", *words])
        return json.loads(self.capsys.readouterr().out)

    def lose_the_state(self, name: str = "vpce-demo") -> None:
        (self.directory / "sandbox" / name / "state.json").unlink()

    def endpoints(self) -> list[str]:
        """The states of the consumer's endpoints."""
        found = self.ec2[CONSUMER].describe_vpc_endpoints()["VpcEndpoints"]
        return [one["State"] for one in found if one["State"] != "deleted"]

    def services(self) -> list[str]:
        found = self.ec2[PROVIDER].describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]
        return [one["ServiceName"] for one in found if one["ServiceState"] != "Deleted"]

    def vpcs(self, account: str) -> int:
        return sum(not one["IsDefault"] for one in self.ec2[account].describe_vpcs()["Vpcs"])


@pytest.fixture
def people(sandbox: Sandbox, reached: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> People:
    write_server_file(sandbox, tmp_path / "state")
    place = in_sandbox(load(None, {"consumer": {"profile": CONSUMER}}), reached)
    return People(
        tmp_path / "state",
        capsys,
        {PROVIDER: place.clients[Side.PROVIDER].ec2, CONSUMER: place.clients[Side.CONSUMER].ec2},
    )


@pytest.mark.ordinary
def test_two_people_do_the_tutorial_together(people: People) -> None:
    told = people.run("up", "--side", "provider", "--consumer-account", CONSUMER)
    (name,) = people.services()
    assert f"the consumer:  vpce-demo --sandbox --name consumer --profile {CONSUMER} up --side consumer" in told
    assert name in told
    assert people.vpcs(CONSUMER) == 0

    told = people.run("test")
    assert "PASSED  3 of 3" in told, "nobody has asked for a connection yet"
    assert f"no endpoint of account {CONSUMER} has asked" in told

    theirs = ("--name", "consumer", "--profile", CONSUMER)
    told = people.run(*theirs, "up", "--side", "consumer", "--service-name", name)
    (endpoint,) = (one["VpcEndpointId"] for one in people.ec2[CONSUMER].describe_vpc_endpoints()["VpcEndpoints"])
    assert f"the provider:  vpce-demo --sandbox accept {endpoint}" in told
    told = people.run(*theirs, "test", code=6)
    assert "the provider has not accepted the connection" in told
    assert f"vpce-demo --sandbox accept {endpoint}" in told
    assert f"accept {endpoint}" in people.run("test", code=6)

    assert re.search(f"{endpoint}.*the consumer's account", people.run("accept", "--list"))
    people.run("accept", endpoint)
    assert "PASSED  4 of 4" in people.run("test")
    told = people.run(*theirs, "test")
    assert "PASSED  3 of 3" in told
    assert "Welcome" in told, "the page came"
    assert "Nothing to do" in people.run(*theirs, "up")
    assert "Nothing to do" in people.run("up")

    told = people.run("down")
    assert f"nothing left on the provider's side, in account {PROVIDER} (us-east-1)" in told
    assert "The consumer's side was not looked at, and nothing of it is on record here." in told
    assert people.endpoints() == ["rejected"], "the provider cannot delete it"
    document = people.document(*theirs, "down")
    assert document["deleted"] == 13, "the service was the provider's"
    assert not [id for id in document["deleted_ids"] if id.startswith("vpce-svc-")]
    assert (people.vpcs(PROVIDER), people.vpcs(CONSUMER)) == (0, 0)


def test_the_providers_sign_in_alone_deletes_its_side_and_says_what_stays(people: People) -> None:
    people.run(*BOTH, "up", "--skip-test")
    told = people.run("down", "--side", "provider")
    assert f"On record there: 13 of its resources, in account {CONSUMER} (us-east-1)" in told
    assert f"vpce-demo --sandbox --profile {CONSUMER} --region us-east-1 down --side consumer" in told
    assert (people.vpcs(PROVIDER), people.vpcs(CONSUMER)) == (0, 1)
    assert people.endpoints() == ["rejected"]
    told = people.run("--consumer-profile", CONSUMER, "down", "--side", "consumer")
    assert f"nothing left on the consumer's side, in account {CONSUMER}" in told
    assert people.vpcs(CONSUMER) == 0
    assert list((people.directory / "sandbox").rglob("*")) == [], "nothing is on record any more"


@pytest.mark.parametrize(("side", "other", "count"), [("provider", "consumer", 13), ("consumer", "provider", 18)])
def test_one_side_is_deleted_in_an_account_that_has_both(
    people: People, sandbox: Sandbox, side: str, other: str, count: int
) -> None:
    people.run("up", "--skip-test")
    assert "none of its resources" not in people.run("status", "--side", side)
    before = len(sandbox.calls())
    told = people.run("down", "--side", side)
    assert f"nothing left on the {side}'s side" in told
    assert f"On record there: {count} of its resources" in told
    asked = {call.operation for call in sandbox.calls()[before:]}
    assert asked.isdisjoint({"DeleteVolume", "DeleteNetworkInterface"}), "those are the other side's"
    assert "nothing left" in people.run("down", "--side", other)
    assert people.vpcs(PROVIDER) == 0


def test_the_consumers_sign_in_alone_deletes_its_side_and_says_what_stays(people: People) -> None:
    people.run(*BOTH, "up", "--skip-test")
    told = people.run("--consumer-profile", CONSUMER, "down", "--side", "consumer")
    assert f"On record there: 19 of its resources, in account {PROVIDER} (us-east-1)" in told
    assert (people.vpcs(PROVIDER), people.vpcs(CONSUMER)) == (1, 0)
    assert "nothing left" in people.run(*BOTH, "down"), "with both sign-ins the rest goes as ever"
    assert people.vpcs(PROVIDER) == 0


def test_the_provider_alone_and_without_a_record_rejects_only_what_it_is_told_to(people: People) -> None:
    people.run(*BOTH, "up", "--skip-test")
    people.lose_the_state()
    told = people.run("down", "--side", "provider", code=7)
    assert f"an endpoint of account {CONSUMER}" in told
    assert "--reject-foreign-connections" in told
    assert people.services()
    people.run("down", "--side", "provider", "--consumer-account", CONSUMER)
    assert (people.services(), people.vpcs(PROVIDER)) == ([], 0)


def test_the_consumer_alone_and_without_a_record_finds_its_side_by_tags(people: People) -> None:
    people.run(*BOTH, "up", "--skip-test")
    people.lose_the_state()
    (people.directory / "sandbox/vpce-demo/key.pem").unlink()
    told = people.run("--consumer-profile", CONSUMER, "down", "--side", "consumer", "--adopt", "--yes")
    assert f"nothing left on the consumer's side, in account {CONSUMER}" in told
    assert (people.vpcs(PROVIDER), people.vpcs(CONSUMER)) == (1, 0)


@pytest.mark.slow
def test_each_side_is_shown_without_what_only_the_other_one_sees(people: People) -> None:
    people.run("up", "--side", "provider", "--consumer-account", CONSUMER)
    (name,) = people.services()
    theirs = ("--name", "consumer", "--profile", CONSUMER)
    people.run(*theirs, "up", "--side", "consumer", "--service-name", name)
    for words, side, other, is_alone in (((), "provider", "consumer", "19"), (theirs, "consumer", "provider", "13")):
        told = people.run(*words, "diagram")
        assert "not looked at" in told
        (edge,) = [line for line in told.splitlines() if f"the {other}" in line and "╭" in line]
        assert "us-east-1" not in edge, "its zone is not known"
        assert "use1-" not in edge
        report = people.directory / f"{side}.html"
        people.run(*words, "report", "--to", str(report))
        assert f"Only the {side}’s side was looked at" in report.read_text().replace("&#x27;", "’").replace("'", "’")
        told = people.run(*words, "doctor", code=6)
        assert f"not run: the {other}'s side" in told
        assert "does not exist yet" not in told
        assert "more needed" not in told, "what this side needs is there"
        assert f"{is_alone} to be deleted" in people.run(*words, "plan", "--destroy")
        assert f"{is_alone} resources are on record" in people.run(*words, "adopt")
        instance = {"provider": "consumer", "consumer": "web"}[side]
        assert f"the {side}'s side only" in people.run(*words, "ssh", instance, code=5)
    assert "the consumer's side only" in people.run(*theirs, "accept", "--list", code=5)


def test_one_side_whose_state_file_is_lost_stays_one_side(people: People) -> None:
    people.run("up", "--side", "provider", "--consumer-account", CONSUMER)
    (name,) = people.services()
    theirs = ("--name", "consumer", "--profile", CONSUMER)
    people.run(*theirs, "up", "--side", "consumer", "--service-name", name)
    for words, demo, count in ((theirs, "consumer", 13), ((), "vpce-demo", 19)):
        people.lose_the_state(demo)
        assert f"{count} of {count} there" in people.run(*words, "status")
        assert "Nothing to do" in people.run(*words, "up")
        assert "nothing left on the" in people.run(*words, "down")
    assert (people.vpcs(PROVIDER), people.vpcs(CONSUMER)) == (0, 0)
    people.run("up", "--until", "create-provider")
    assert people.document("status")["missing"], "a new demo of the name has both sides"


@pytest.mark.slow
def test_a_rejected_connection_and_a_lost_permission_are_diagnosed_by_either_side(people: People) -> None:
    people.run("up", "--side", "provider", "--consumer-account", CONSUMER)
    (service,) = people.ec2[PROVIDER].describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]
    theirs = ("--name", "consumer", "--profile", CONSUMER)
    people.run(*theirs, "up", "--side", "consumer", "--service-name", service["ServiceName"])
    (endpoint,) = (one["VpcEndpointId"] for one in people.ec2[CONSUMER].describe_vpc_endpoints()["VpcEndpoints"])
    people.run("reject", endpoint)
    told = people.run("test", code=6)
    assert "the provider refused the connection" in told
    assert re.search(r"Fix: +vpce-demo --sandbox up +\(to be run by the consumer\)", told), told
    assert "acceptance (" not in told, "that was asked, and found"
    told = people.run(*theirs, "test", code=6)
    assert "the provider refused the connection" in told
    assert "accepts that" not in told, "the consumer cannot"
    people.ec2[PROVIDER].modify_vpc_endpoint_service_permissions(
        ServiceId=service["ServiceId"], RemoveAllowedPrincipals=[f"arn:aws:iam::{CONSUMER}:root"]
    )
    told = people.run(*theirs, "up", code=5)
    assert f"AWS does not show the endpoint service to account {CONSUMER}" in told
    assert "Nothing was changed." in told, "the endpoint is not replaced by one that cannot be made"


@pytest.mark.slow
def test_two_people_in_one_account_change_their_minds(people: People) -> None:
    told = people.run("up", "--side", "provider", "--skip-test")
    assert "vpce-demo --sandbox --name consumer up --side consumer" in told
    people.run("up", "--consumer-account", CONSUMER)  # the side is on record
    assert "no endpoint of account 222222222222 has asked" in people.run("test")
    told = people.run("up", "--consumer-account", "333333333333", "--skip-test")
    assert f"Account {CONSUMER} may connect as before. To take its permission away:" in told
    assert f"--remove-allowed-principals arn:aws:iam::{CONSUMER}:root" in told
    assert "may connect as before" not in people.run("up", "--skip-test"), "it was said once; status names it"
    people.run("up", "--consumer-account", CONSUMER, "--skip-test")
    assert people.run("down", "--consumer-account", CONSUMER)
    assert people.vpcs(PROVIDER) == 0


def test_a_strangers_request_is_not_offered_for_acceptance(people: People) -> None:
    people.run("up", "--side", "provider", "--consumer-account", "333333333333", "--skip-test")
    (service,) = people.ec2[PROVIDER].describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]
    people.ec2[PROVIDER].modify_vpc_endpoint_service_permissions(
        ServiceId=service["ServiceId"], AddAllowedPrincipals=[f"arn:aws:iam::{CONSUMER}:root"]
    )
    words = ("--name", "consumer", "--profile", CONSUMER, "up", "--side", "consumer")
    people.run(*words, "--service-name", service["ServiceName"])
    told = people.run("doctor", code=0)
    assert "no endpoint of account 333333333333 has asked" in told
    assert "accept vpce-" not in told


def test_a_service_that_is_not_shown_is_told_with_all_three_reasons(people: People) -> None:
    people.run("up", "--side", "provider", "--consumer-account", "333333333333", "--skip-test")
    (name,) = people.services()
    words = ("--name", "consumer", "--profile", CONSUMER, "up", "--side", "consumer", "--service-name", name)
    told = people.run(*words, code=5)
    assert f"AWS does not show the endpoint service to account {CONSUMER}" in told
    assert "a wrong name" in told
    assert "does not let this account connect" in told
    assert "another region" in told
    assert people.vpcs(CONSUMER) == 0, "nothing was made"


@pytest.mark.ordinary
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("up", "--consumer-account", CONSUMER), 2, "consumer_account is for side: provider"),
        (("up", "--service-name", f"com.amazonaws.vpce.us-east-1.vpce-svc-{'0' * 17}"), 2, "for side: consumer"),
        (("up", "--side", "consumer", "--service-name", "mine"), 2, "service"),
        (("up", "--side", "provider", "--consumer-account", "12"), 2, "consumer_account"),
        (("up", "--side", "consumer"), 5, "needs the name of the provider's endpoint service"),
        (("create-consumer", "--side", "provider"), 5, "the provider's side only"),
    ],
)
def test_what_does_not_go_together(people: People, words: tuple[str, ...], code: int, told: str) -> None:
    assert told in people.run(*words, code=code)
    assert people.services() == []
    assert people.vpcs(PROVIDER) == 0


def test_a_consumer_that_may_not_look_at_services_connects_all_the_same(people: People, sandbox: Sandbox) -> None:
    people.run("up", "--side", "provider", "--consumer-account", CONSUMER, "--skip-test")
    (name,) = people.services()
    sandbox.faults.add(InjectedFault("error", "DescribeVpcEndpointServices", code="UnauthorizedOperation"))
    try:
        people.run("--name", "consumer", "--profile", CONSUMER, "up", "--side", "consumer", "--service-name", name)
    finally:
        sandbox.faults.clear()
    assert people.endpoints() == ["pendingAcceptance"]


def owners(people: People, account: str) -> set[str]:
    found = people.ec2[account].describe_tags(Filters=[{"Name": "key", "Values": ["vpce-demo:owner"]}])["Tags"]
    return {one["Value"] for one in found}


@pytest.mark.slow
def test_each_side_names_its_own_sign_in_as_its_maker(people: People) -> None:
    people.run(*BOTH, "up", "--skip-test")
    made_by = {account: owners(people, account) for account in (PROVIDER, CONSUMER)}
    assert all(len(found) == 1 for found in made_by.values())
    (theirs,), (ours,) = made_by[CONSUMER], made_by[PROVIDER]
    assert (ours.split(":")[4], theirs.split(":")[4]) == (PROVIDER, CONSUMER)
    assert "Nothing to do" in people.run(*BOTH, "up", "--skip-test")
    for file in ("sandbox", "logs"):
        shutil.rmtree(people.directory / file)
    told = people.run(*BOTH, "status")
    assert f"Made by {ours} and {theirs}, no record here" in told
    assert "32 of 33 there" in told or "33 of 33 there" in told
    told = people.run("--consumer-profile", CONSUMER, "down", "--side", "consumer", "--yes")
    assert f"nothing left on the consumer's side, in account {CONSUMER}" in told, "without --adopt: it is one's own"
    assert (people.vpcs(PROVIDER), people.vpcs(CONSUMER)) == (1, 0)
    people.run("down", "--side", "provider", "--yes")
    assert people.vpcs(PROVIDER) == 0


def test_one_side_is_not_offered_the_others_demo_of_the_same_name(people: People) -> None:
    people.run("up", "--side", "provider", "--skip-test")
    (name,) = people.services()
    there = people.directory
    people.directory = there / "of-somebody-else"
    (people.directory / "emulator").mkdir(parents=True)
    (people.directory / "emulator/server.json").write_bytes(next((there / "emulator").iterdir()).read_bytes())
    words = ("--side", "consumer", "--service-name", name)
    told = people.run("up", *words, code=5)
    assert "by the provider's side of a demo that is not on record here" in told
    assert "--name another-name" in told
    assert "adopt" not in told
    assert "There is nothing of the consumer's side of this demo" in people.run("status", *words)
    assert "Nothing in AWS" in people.run("adopt", *words, "--yes", code=5)
    assert "nothing left" in people.run("down", *words, "--adopt", "--yes")
    assert len(people.services()) == 1


@pytest.mark.slow
def test_status_says_how_to_make_the_side_again_and_what_stays_of_the_other(people: People) -> None:
    people.run("up", "--side", "provider", "--consumer-account", CONSUMER, "--until", "create-endpoint-service")
    told = people.run("up", "--side", "consumer", "--service-name", people.services()[0], code=5)
    assert "provider -> consumer" in told
    assert f"vpce-demo --sandbox --state-dir {people.directory} down " in told, "not with the side that was just given"
    people.run("down")
    told = people.run("status")
    assert f"{people.directory} up --side provider --consumer-account {CONSUMER}" in told, "as it was made before"

    people.run("up", "--skip-test")
    people.run("down", "--side", "provider")
    told = people.run("status", "--side", "provider")
    assert "There is nothing of the provider's side of this demo. Make it:  vpce-demo --sandbox --side provider" in told
    assert "On record there: 13 of its resources" in told
    assert "down --side consumer" in told
    assert " of 32 there" in people.run("status")
    people.run("down", "--side", "consumer")
    assert f"{people.directory} up\n" in people.run("status"), "it had both sides"
