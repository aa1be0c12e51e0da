"""``down --owner``: every demo of one person, and nothing of anybody else's."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from vpce_demo.aws.environment import Environment, in_sandbox
from vpce_demo.config.load import load
from vpce_demo.config.settings import Where
from vpce_demo.sandbox.client import Running
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.open import open_demo
from vpce_demo.session.run import Run

from .program import VALIDATOR
from .stage import Stage, write_server_file

pytestmark = pytest.mark.extended

ME = "arn:aws:iam::123456789012:user/sandbox"
ALICE = "arn:aws:iam::123456789012:user/alice"


@pytest.fixture
def stage(
    sandbox: Sandbox,
    place: Environment,
    reached: Running,
    open_run: Callable[..., AbstractContextManager[Run]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Stage:
    """A class: mine, mine-too without its record, and alice's, who named hers like mine; of each only the VPC.

    A stranger's VPC has the tags of a demo and no owner.  ``ids`` are the VPCs by demo.
    """
    monkeypatch.setattr("vpce_demo.aws.environment.in_sandbox", lambda config, running: place)
    write_server_file(sandbox, tmp_path)
    hers = Where(load(None, {"name": "hers"}), tmp_path / "alice", sandbox=True)
    alice = in_sandbox(load(None, {"profile": "alice"}), reached)
    ids = {}
    for key, opened in (
        ("mine", open_run(tmp_path, name="mine")),
        ("mine-too", open_run(tmp_path, name="mine-too")),
        ("hers", open_demo(hers, alice, "test", makes=True)),
    ):
        with opened as run:
            run.up([r for r in run.demo.resources if r.key == "provider-vpc"], lambda event: None, None)
            ids[key] = run.state.ids["provider-vpc"]
    (tmp_path / "sandbox" / "mine-too" / "state.json").unlink()  # its key stays
    found = Stage(tmp_path, place.clients["provider"], ids, capsys)
    found.ec2.create_tags(Resources=[ids["hers"]], Tags=[{"Key": "vpce-demo:demo", "Value": "mine-too"}])
    ids["stranger"] = tagged_vpc(found, demo="theirs", id="abc123", resource="provider-vpc")
    return found


def tagged_vpc(stage: Stage, **tags: str) -> str:
    made = stage.ec2.create_vpc(CidrBlock="20.0.0.0/16")["Vpc"]["VpcId"]
    told = [{"Key": f"vpce-demo:{key}", "Value": value} for key, value in tags.items()]
    stage.ec2.create_tags(Resources=[made], Tags=told)
    return str(made)


def there(stage: Stage) -> set[str]:
    """Whose VPCs there are."""
    listed = {one["VpcId"] for one in stage.ec2.describe_vpcs()["Vpcs"]}
    return {key for key, id in stage.ids.items() if id in listed}


@pytest.mark.ordinary
def test_mine_are_deleted_and_nobody_elses(stage: Stage) -> None:
    code, document, err = stage.run("down", "--owner", "ME")
    assert (code, there(stage)) == (0, {"hers", "stranger"})
    VALIDATOR.validate(document)
    assert [(one["name"], one["exit_code"]) for one in document["demos"]] == [("mine", 0), ("mine-too", 0)]
    assert document["deleted_ids"] == [stage.ids["mine"], stage.ids["mine-too"]]
    assert (document["deleted"], document["left"]) == (2, [])
    assert "2 of 2 demos deleted." in err
    assert "alice" not in err, "what is listed is what is deleted"
    assert stage.text("down", "--owner", "ME")[1] == f"There is no demo of {ME}.\n"


@pytest.mark.ordinary
def test_another_persons_are_asked_about(stage: Stage) -> None:
    """Hers has the name of mine, whose key is here: only the owner tells them apart."""
    code, document, _ = stage.run("down", "--owner", ALICE)
    assert (code, document["error"]["code"]) == (5, "VPCE004")
    assert document["error"]["facts"]["question"].startswith(f"Delete 1 demo of {ALICE}, ")
    code, document, _ = stage.run("down", "--owner", ALICE, "--confirm", "mine-too")
    assert (code, document["error"]["message"]) == (3, f"Cancelled: that is not the owner, {ALICE}.")
    assert there(stage) == set(stage.ids)
    code, document, _ = stage.run("down", "--owner", ALICE, "--confirm", ALICE)
    assert (code, document["deleted_ids"]) == (0, [stage.ids["hers"]])
    assert there(stage) == {"mine", "mine-too", "stranger"}
    assert stage.text("down", "--owner", ALICE.upper())[1] == f"There is no demo of {ALICE.upper()}.\n", "as it is"


def test_one_that_fails_does_not_stop_the_next(stage: Stage) -> None:
    (stage.directory / "sandbox" / "mine" / "state.json").write_text("{")
    code, document, err = stage.run("down", "--owner", "ME")
    first, second = document["demos"]
    assert (first["name"], first["exit_code"]) == ("mine", code)
    assert code != 0
    assert first["error"]["message"] in err
    assert (second["name"], second["exit_code"], there(stage)) == ("mine-too", 0, {"mine", "hers", "stranger"})
    assert "1 of 2 demos deleted." in err
    VALIDATOR.validate(document)
    shutil.rmtree(stage.directory / "sandbox" / "mine")
    assert stage.run("down", "--owner", "ME", "--yes")[0] == 0
    assert there(stage) == {"hers", "stranger"}


def test_a_demo_of_two_owners_is_neithers(stage: Stage) -> None:
    listed = stage.run("list")[1]["demos"]
    mine = next(one for one in listed if one["name"] == "mine")
    owner = [{"Key": "vpce-demo:owner", "Value": ALICE}]
    tags = {"demo": "mine", "id": mine["id"], "resource": "customer-vpc"}
    group = stage.ec2.create_security_group(GroupName="g", Description="hers", VpcId=stage.ids["stranger"])["GroupId"]
    told = [{"Key": f"vpce-demo:{key}", "Value": value} for key, value in tags.items()]
    stage.ec2.create_tags(Resources=[group], Tags=[*told, *owner])
    code, _, err = stage.text("down", "--owner", "ME")
    assert (code, there(stage)) == (0, {"mine", "hers", "stranger"})
    assert f"! Left alone: mine {mine['id']}, which is not of this owner alone." in err


def test_what_does_not_go_with_it(stage: Stage) -> None:
    for more in ([""], ["ME", "--name", "mine"], ["ME", "--adopt"], ["ME", "--customer", "1"]):
        code, document, _ = stage.run("down", "--owner", *more)
        assert (code, there(stage)) == (2, set(stage.ids))
        assert "--owner takes ME or an ARN, and goes without --name" in document["error"]["message"]


def test_on_aws_it_asks_about_mine_too(stage: Stage, place: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vpce_demo.aws.environment.in_sandbox", lambda config, running: NotFree(**vars(place)))
    code, document, _ = stage.run("down", "--owner", "ME")
    assert (code, document["error"]["facts"]["question"][:-1].partition(",")[0]) == (5, f"Delete 2 demos of {ME}")
    assert stage.run("down", "--owner", "ME", "--yes")[1]["deleted"] == 2


class NotFree(Environment):
    """A sandbox that bills like AWS."""

    @property
    def is_free(self) -> bool:
        return False
