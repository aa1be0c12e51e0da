"""``up --on-failure delete``: what the command created goes if it fails, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest

from vpce_demo.session.run import Interrupted, Run

from .program import Done, World

NO_CAPACITY = ("error", "InsufficientInstanceCapacity", "--operation", "RunInstances", "--times", "20")


@pytest.fixture(scope="module")
def shared_world(world_in_process: World) -> World:
    return world_in_process


def failing(world: World, *words: str) -> Done:
    assert world.here("sandbox", "faults", *NO_CAPACITY).code == 0
    done = world.here("-o", "json", "up", "--skip-test", "--on-failure", *words)
    world.here("sandbox", "faults", "clear")
    assert (done.code, done.document["error"]["code"]) == (1, "VPCE068"), "the first error ends it, whatever follows"
    return done


def there(world: World) -> set[str]:
    return {one["key"] for one in world.here("-o", "json", "status").document["resources"]}


def test_all_is_kept_by_default_and_nothing_is_left_of_a_new_demo_with_delete(world: World) -> None:
    assert "Deleting" not in failing(world, "keep").err
    kept = there(world)
    assert {"web", "customer"}.isdisjoint(kept)
    assert len(kept) > 20
    assert world.here("down", "--yes").code == 0

    done = failing(world, "delete")
    assert "Deleting what was created (--on-failure delete)." in done.err
    assert f"{len(kept)} resources were deleted, which is recorded." in done.err
    assert "may have been" not in done.err
    assert there(world) == set()
    here = world.directory / world.state / "sandbox" / "vpce-demo"
    assert not (here / "state.json").exists()
    assert not (here / "key.pem").exists()
    assert world.here("up", "--skip-test").code == 0, "nothing is in the way of the next one"


def test_what_was_there_before_stays(world: World) -> None:
    assert world.here("create-provider").code == 0
    before = there(world)
    done = failing(world, "delete")
    assert there(world) == before
    assert "left" not in {name for name, value in done.document["error"]["facts"].items() if value}


@pytest.mark.extended
def test_what_cannot_be_deleted_is_told_with_the_first_error(world: World) -> None:
    world.here("sandbox", "faults", "error", "DependencyViolation", "--operation", "DeleteVpc", "--times", "200")
    done = failing(world, "delete", "--timeout", "3")
    assert "VPC" in done.document["error"]["facts"].get("left", "")


def test_an_interruption_is_no_failure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def up(self: Run, *_: Any, **__: Any) -> None:
        raise Interrupted(2, 0)

    assert world.here("create-provider").code == 0
    monkeypatch.setattr(Run, "up", up)
    monkeypatch.setattr(Run, "down", lambda *_, **__: pytest.fail("it deletes"))
    assert world.here("up", "--on-failure", "delete").code == 130


def test_it_goes_without_step(world: World) -> None:
    assert world.here("up", "--step", "--on-failure", "delete").code == 2
