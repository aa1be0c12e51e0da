"""Two demos, or one and a stranger's look-alike, in one account: neither changes anything of the other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from torture.account import Account, account
from vpce_demo.aws import DEMO_TAG, ID_TAG, KEY_TAG, RESOURCE_TAG, Aws, Clients
from vpce_demo.config import Settings
from vpce_demo.engine import Engine
from vpce_demo.model import Side
from vpce_demo.place import Place
from vpce_demo.run import Run
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.tutorial import tutorial

OpenRun = Callable[..., AbstractContextManager[Run]]
OUR_TAGS = (DEMO_TAG, RESOURCE_TAG, ID_TAG, KEY_TAG)


@pytest.fixture
def clients(sandbox: Sandbox, place: Place) -> Clients:
    return place.clients[Side.PROVIDER]


def look_alikes(clients: Clients, settings: Settings) -> None:
    """Build the tutorial by hand: the same names and addresses, but the stranger's own tags."""
    # These names are one in a region, so here the stranger has to have others.
    provider = {"key_name": "My_key", "load_balancer_name": "My-LB", "target_group_name": "My-TG"}
    theirs = settings.model_copy(
        update={
            "provider": settings.provider.model_copy(update=provider),
            "consumer": settings.consumer.model_copy(update={"key_name": "My_other_key"}),
        }
    )
    before = set(account(clients))
    aws = Aws(clients, "by-hand", "")
    assert Engine(dict.fromkeys(Side, aws), lambda event: None, 1e9).up(tutorial(theirs).resources) == []
    made = [id for id in account(clients) if id not in before]
    arns = [id for id in made if id.startswith("arn:")]
    ids = [id for id in made if not id.startswith(("arn:", "vpce-con-"))]
    clients.ec2.delete_tags(Resources=ids, Tags=[{"Key": key} for key in OUR_TAGS])
    clients.ec2.create_tags(Resources=ids, Tags=[{"Key": "Owner", "Value": "a stranger"}])
    clients.elb.remove_tags(ResourceArns=[*arns, aws.known["listener"].id], TagKeys=list(OUR_TAGS))
    clients.elb.add_tags(ResourceArns=arns, Tags=[{"Key": "Owner", "Value": "a stranger"}])


def missing_or_changed(before: Account, after: Account) -> list[str]:
    return [id for id, thing in before.items() if after.get(id) != thing]


def up(run: Run) -> None:
    run.up(run.demo.resources, lambda event: None, None)


def down(run: Run) -> None:
    assert run.down(lambda event: None, None) == []


@pytest.mark.parametrize(
    ("neighbour", "name"),
    # Two at a time: AWS allows five VPCs, the default one among them.
    [("stranger", "vpce-demo"), ("vpce-demo", "second"), ("second", "vpce-demo")],
)
def test_neighbours_leave_each_other_alone(
    clients: Clients, open_run: OpenRun, tmp_path: Path, neighbour: str, name: str
) -> None:
    with open_run(tmp_path, name=name) as run:
        if neighbour == "stranger":
            look_alikes(clients, run.settings)
            assert DEMO_TAG not in str(account(clients)), "nothing says that it might be ours"
        else:
            with open_run(tmp_path, name=neighbour) as other:
                up(other)
        before = account(clients)
        assert run.look() == {}

        up(run)
        with_both = account(clients)
        assert missing_or_changed(before, with_both) == []
        assert len(with_both) > len(before)

        up(run)
        assert account(clients) == with_both
        down(run)
        assert account(clients) == before


def test_a_lost_state_file_does_not_widen_what_is_deleted(clients: Clients, open_run: OpenRun, tmp_path: Path) -> None:
    with open_run(tmp_path, name="second") as other:
        up(other)
        look_alikes(clients, other.settings)
        before = account(clients)
        with open_run(tmp_path / "elsewhere", makes=False) as never_made:
            down(never_made)
        assert account(clients) == before
