"""Who may import whom, read from the source; and what must not be imported just to answer ``--help``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import vpce_demo

ROOT = Path(vpce_demo.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))


def test_the_command_line_comes_without_heavy_modules() -> None:
    heavy = {"boto3", "botocore", "moto", "pydantic", "rich", "flask", "asyncssh", "yaml", "filelock"}
    asked = f"import sys, vpce_demo.cli; print(*sorted({heavy!r} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []


def test_a_shell_s_question_is_answered_without_heavy_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_VPCE_DEMO_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "vpce-demo cr")
    monkeypatch.setenv("COMP_CWORD", "1")
    asked = (
        "import atexit, sys; from vpce_demo.cli import main; "
        "atexit.register(lambda: print(*{'boto3', 'pydantic', 'rich'} & set(sys.modules))); main()"
    )
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True)
    words = [line.removeprefix("plain,") for line in told.stdout.splitlines()]
    assert words == ["create-consumer", "create-endpoint-service", "create-provider", ""], told.stderr


def test_a_mistake_in_the_config_is_told_without_boto3(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("nmae: x\n")
    asked = (
        "import sys; from vpce_demo.cli import run_command; heavy = {'boto3', 'botocore', 'moto'}; "
        f"print(run_command(['-c', {str(config)!r}, 'up']), heavy & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "2 set()"
    assert "did you mean 'name'?" in told.stderr
