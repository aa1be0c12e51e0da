"""Two demos, or one and a stranger's look-alike, in one account: neither changes anything of the other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.torture.neighbours import look_alikes, missing_or_changed
from tools.account import account
from vpce_demo.aws.clients import Clients
from vpce_demo.aws.environment import Environment
from vpce_demo.aws.tags import DEMO_TAG
from vpce_demo.model import Side
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.run import Run

pytestmark = pytest.mark.extended

OpenRun = Callable[..., AbstractContextManager[Run]]


@pytest.fixture
def clients(sandbox: Sandbox, place: Environment) -> Clients:
    return place.clients[Side.PROVIDER]


def up(run: Run) -> None:
    run.up(run.demo.resources, lambda event: None, None)


def down(run: Run) -> None:
    assert run.down(lambda event: None, None) == []


@pytest.mark.ordinary
@pytest.mark.parametrize(
    ("neighbour", "name"),
    # Two at a time: AWS allows five VPCs, the default one among them.
    [("stranger", "vpce-demo"), ("vpce-demo", "second"), pytest.param("second", "vpce-demo", marks=pytest.mark.slow)],
)
@pytest.mark.sampled(2)
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
