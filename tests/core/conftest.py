"""What stands in for AWS in the tests of the engine."""

from __future__ import annotations

import pytest

from .fake_resources import World


@pytest.fixture
def world() -> World:
    return World()
