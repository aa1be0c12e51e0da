"""The commands of the tutorial's pages, run as they stand by a shell and the aws CLI: the page comes, nothing is left.

Skipped where the aws CLI is not installed.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
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

from ..lessons.values import VALUES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("aws") is None, reason="the aws CLI is not installed"),
]
AS_YAML = f"""#!/bin/sh
PATH=${{PATH#*:}}
case "$* " in *" --output "*) exec aws "$@" ;; esac
answer=$(AWS_DEFAULT_OUTPUT=json aws "$@") || exit
[ -z "$answer" ] || {sys.executable} -c 'import sys, json, yaml; yaml.safe_dump(json.load(sys.stdin), sys.stdout)' <<END
$answer
END
"""
"""Version 1 of the AWS CLI does not know the output ``yaml``."""


@pytest.mark.parametrize("output", ["json", "text", "table", "yaml"])
def test_the_whole_tutorial_by_hand(
    sandbox: Sandbox,
    place: Environment,
    open_run: Callable[..., AbstractContextManager[Run]],
    tmp_path: Path,
    output: str,
) -> None:
    """Whatever the user has set as output."""
    if output == "yaml":
        program(tmp_path / "bin/aws", AS_YAML)
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
        env={
            **os.environ,
            **to_the_sandbox(sandbox.endpoint_url),
            "AWS_DEFAULT_OUTPUT": output,
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr}"
    of_step_16 = done.stdout.partition("# 16\n")[2].partition("# 17\n")[0]
    assert of_step_16.strip() == settings.page
    assert account(clients) == before


def program(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def test_the_deletion_ends_if_nothing_can_be_deleted(sandbox: Sandbox, place: Environment, tmp_path: Path) -> None:
    """Of a demo that is not there: each deletion fails, those that say so in ``Unsuccessful`` too."""
    program(tmp_path / "bin/sleep", "#!/bin/sh\n")
    program(tmp_path / "bin/seq", "#!/bin/sh\necho 1; echo 2\n")
    script = fill((TEXTS / "commands/17.sh").read_text(), *VALUES)
    done = subprocess.run(
        ["bash", "-uo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={
            **os.environ,
            **to_the_sandbox(sandbox.endpoint_url),
            "AWS_DEFAULT_OUTPUT": "text",
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert "UNSUCCESSFUL" in done.stdout
