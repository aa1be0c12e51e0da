"""The commands of the tutorial's pages, run as they stand by a shell and the aws CLI: the page comes, nothing is left.

Skipped where the aws CLI is not installed.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.contenders import to_the_sandbox
from tools.account import account
from vpce_demo.aws.environment import Environment
from vpce_demo.cli import run_command
from vpce_demo.config.model import Config
from vpce_demo.lessons import TEXTS
from vpce_demo.lessons.placeholders import fill
from vpce_demo.model import Side
from vpce_demo.sandbox.server import Sandbox

from ..cli.stage import write_server_file
from ..lessons.script import blocks
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
    sandbox: Sandbox, place: Environment, tmp_path: Path, output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What ``explain`` prints of every step, joined: as it stands, on a machine without credentials, whatever the user
    has set as output, and with waits."""
    program(tmp_path / "bin/vpce-demo", f'#!/bin/sh\nexec {sys.executable} -m vpce_demo "$@"\n')
    if output == "yaml":
        program(tmp_path / "bin/aws", AS_YAML)
    write_server_file(sandbox, tmp_path / ".vpce-demo")
    sandbox.set(speed=20 if output == "json" else None)
    clients = place.clients[Side.PROVIDER]
    before = account(clients)
    pages = ("--sandbox", "--state-dir", str(tmp_path / ".vpce-demo"), "explain", "-o", "json")
    script = ""
    for number in range(1, 18):
        assert run_command([*pages, str(number)]) == 0
        told = json.loads(capsys.readouterr().out)["pages"]
        script += f"echo '# {number}'\n" + "".join(block for page in told for block in blocks(page["text"]))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={
            "HOME": str(tmp_path),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "AWS_DEFAULT_OUTPUT": output,
        },
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr}"
    of_step_16 = done.stdout.partition("# 16\n")[2].partition("# 17\n")[0]
    assert of_step_16.strip() == Config().page
    sandbox.set(speed=math.inf)
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
