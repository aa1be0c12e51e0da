"""Sandboxes for the tests of the API: one a module, emptied before each test."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from vpce_demo.sandbox.server import Sandbox

from .world import World, client


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox kept for the module; moto's store is the process's, so there is one at a time."""
    with Sandbox(speed=math.inf) as running:
        yield running
    client.cache_clear()


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    """An empty account where every wait is over at the next call."""
    sandbox.reset()
    sandbox.set(speed=math.inf)
    return World(sandbox)


@pytest.fixture
def slow(sandbox: Sandbox) -> World:
    """An empty account where time passes as it does on AWS, or by ``slow.sandbox.clock.skip``."""
    sandbox.reset()
    sandbox.set(speed=1)
    return World(sandbox)
