"""How the tests find other people's tools: as the benchmark does, or they are skipped and say why."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.contenders import NotHere, peers


def peer(name: str) -> Path:
    """The folder of a peer's files; the test is skipped where there are none."""
    try:
        return peers(name) / name
    except NotHere as why:
        pytest.skip(f"{name}: {why}")
