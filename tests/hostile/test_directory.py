"""The directory of hostile things that ``make hostile`` builds: every command is run in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tools
from tools.hostile import COMMANDS
from vpce_demo.cli.commands import SANDBOX, SECTIONS

pytestmark = pytest.mark.extended


@pytest.mark.ordinary
def test_every_command_is_run() -> None:
    all_of_them = {name for section in SECTIONS.values() for name in section} - {"sandbox"}
    all_of_them |= {f"sandbox {name}" for name in SANDBOX}
    assert {name for name in all_of_them if not any(f" {name} " in f" {line} " for line in COMMANDS)} == set()


@pytest.mark.slow
def test_no_command_does_what_a_hostile_directory_wants() -> None:
    root = Path(tools.__file__).parents[1]
    done = subprocess.run([sys.executable, "-m", "tools.hostile"], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
