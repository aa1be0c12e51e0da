"""What a sandbox holds after many lives and many hostile requests: as much as before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.memory import AFTER, BEFORE, LARGEST_GROWTH, measured, sandbox


@pytest.mark.slow
def test_memory(tmp_path: Path) -> None:
    with sandbox(tmp_path) as running:
        found = measured(running)
    assert found[AFTER] - found[BEFORE] < LARGEST_GROWTH, found
