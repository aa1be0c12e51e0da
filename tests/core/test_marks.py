"""The marks of the tests."""

from __future__ import annotations

import pytest

from ..conftest import UNKNOWN_ROWS


def test_the_rows_that_are_named_are_there(request: pytest.FixtureRequest) -> None:
    """In a run of all tests; of some rows alone there is nothing to say."""
    collected = request.config.stash[UNKNOWN_ROWS]
    assert {name: unknown for name, unknown in collected.items() if unknown} == {}
