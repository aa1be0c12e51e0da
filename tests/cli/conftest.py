"""One sandbox for all, which costs seconds to start and stop, and demos that begin with nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vpce_demo.sandbox import client

from .program import Program, World


@pytest.fixture(scope="session")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A sandbox that runs; whoever uses it empties it first."""
    world = World(tmp_path_factory.mktemp("world"))
    world.start_sandbox()
    try:
        yield world
    finally:
        client.stop(world.emulator)


@pytest.fixture
def world(shared_world: World) -> World:
    """An empty account, and no demo on record."""
    shared_world.empty()
    return shared_world


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The program in an empty directory, without credentials, a region or a sandbox."""
    return Program(tmp_path)
