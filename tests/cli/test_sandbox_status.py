"""What ``sandbox status`` tells other tools."""

from __future__ import annotations

import pytest

from vpce_demo.cli import sandbox as commands
from vpce_demo.cli.app import App
from vpce_demo.sandbox.client import Running


def test_both_names_of_the_region_are_exported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Running, "control", lambda *_: {"speed": 20, "iam": False, "calls": {}})
    running = Running("http://127.0.0.1:1", "http://127.0.0.1:2", "x", 1, "x", 20)
    commands._show_sandbox(App(), running, "Runs.")
    lines = capsys.readouterr().out.splitlines()
    assert "  export AWS_ENDPOINT_URL=http://127.0.0.1:1" in lines
    assert "  export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1" in lines
