"""A real browser for the tests of pages and pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tools.browser import HOW_TO_INSTALL, installed, launched


@pytest.fixture(scope="module")  # a loop that goes on would be in the way of other files
def browser() -> Iterator[Browser]:
    """The machine's browser; without one these tests are skipped, but never in CI."""
    program = installed()
    if program is None:
        assert not os.environ.get("CI"), HOW_TO_INSTALL
        pytest.skip(HOW_TO_INSTALL)
    with launched(program) as it:
        yield it
