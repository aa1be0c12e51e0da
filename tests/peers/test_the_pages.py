"""The commands of the tutorial's pages, run as they stand by a shell and the aws CLI: the page comes, nothing is left.

Skipped where the aws CLI is not installed.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from bench.contenders import to_the_sandbox
from tools.account import account
from vpce_demo.aws.environment import Environment
from vpce_demo.lessons import TEXTS
from vpce_demo.lessons.placeholders import fill, from_demo, from_settings
from vpce_demo.model import Side
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.run import Run

pytestmark = pytest.mark.skipif(shutil.which("aws") is None, reason="the aws CLI is not installed")


@pytest.mark.slow
def test_the_whole_tutorial_by_hand(
    sandbox: Sandbox, place: Environment, open_run: Callable[..., AbstractContextManager[Run]], tmp_path: Path
) -> None:
    clients = place.clients[Side.PROVIDER]
    before = account(clients)
    with open_run(tmp_path / "state") as run:
        settings, demo, config = run.settings, run.demo, run.where.config
        key = tmp_path / "key.pem"
        shutil.copy(run.state.key_file, key)
        shutil.copy(run.state.key_file.with_suffix(".pem.pub"), f"{key}.pub")
    trusting = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR")
    more = {"key_file": str(key), "ssh": shlex.join(["ssh", "-i", str(key), *trusting, *place.ssh_options])}
    scripts = sorted((TEXTS / "commands").glob("*.sh"))
    look = (more.get, from_settings(settings, config), from_demo(demo, {}))
    script = "\n".join(f"echo '# {s.stem}'\n{fill(s.read_text(), *look)}" for s in scripts)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={**os.environ, **to_the_sandbox(sandbox.endpoint_url)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr}"
    of_step_16 = done.stdout.partition("# 16\n")[2].partition("# 17\n")[0]
    assert of_step_16.strip() == settings.page
    assert account(clients) == before
