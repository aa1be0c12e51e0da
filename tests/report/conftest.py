"""A demo whose runs are logged."""

from __future__ import annotations

from pathlib import Path

import pytest

from .logged_demo import Life


@pytest.fixture
def life(tmp_path: Path) -> Life:
    return Life(tmp_path)
