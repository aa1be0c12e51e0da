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
from collections.abc import Iterable
from pathlib import Path

import pytest

from bench.contenders import to_the_sandbox
from tools.account import account
from vpce_demo.aws.clients import Clients
from vpce_demo.aws.environment import Environment, in_sandbox
from vpce_demo.aws.tags import tags_of
from vpce_demo.cli import run_command
from vpce_demo.config.load import load
from vpce_demo.config.model import Config
from vpce_demo.lessons import commands
from vpce_demo.lessons.placeholders import fill
from vpce_demo.sandbox.client import Running
from vpce_demo.sandbox.server import Sandbox

from ..cli.stage import write_server_file
from ..lessons.script import blocks
from ..lessons.values import VALUES

pytestmark = [
    pytest.mark.extended,
    pytest.mark.skipif(shutil.which("aws") is None, reason="the aws CLI is not installed"),
]
AWAY = "222222222222"
TWO_ACCOUNTS = ("--consumer-profile", AWAY)
TWO_REGIONS = ("--region", "us-east-1", "--consumer-region", "eu-west-1")
AS_YAML = f"""#!/bin/sh
PATH=${{PATH#*:}}
case "$* " in *" --output "*) exec aws "$@" ;; esac
answer=$(AWS_DEFAULT_OUTPUT=json aws "$@") || exit
[ -z "$answer" ] || {sys.executable} -c 'import sys, json, yaml; yaml.safe_dump(json.load(sys.stdin), sys.stdout)' <<END
$answer
END
"""
"""Version 1 of the AWS CLI does not know the output ``yaml``."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("output", "where"),
    [
        *((output, ()) for output in ("json", "text", "table", "yaml")),
        ("json", TWO_ACCOUNTS),
        ("json", TWO_REGIONS),
        ("json", (*TWO_ACCOUNTS, *TWO_REGIONS)),
    ],
)
def test_the_whole_tutorial_by_hand(
    sandbox: Sandbox,
    reached: Running,
    tmp_path: Path,
    output: str,
    where: tuple[str, ...],
) -> None:
    """What ``export`` joins of every step's page: as it stands, on a machine without credentials, whatever the user has
    set as output, and with waits."""
    if output == "yaml":
        program(tmp_path / "bin/aws", AS_YAML)
    sandbox.set(speed=20 if output == "json" else None)
    sides = sides_in(reached, where)
    before = [account(clients) for clients in sides]
    prepared(sandbox, tmp_path)
    state = ("--state-dir", str(tmp_path / ".vpce-demo"))
    assert run_command(["--sandbox", *state, *where, "export", "aws-cli", "--to", str(tmp_path / "scripts")]) == 0
    assert run(tmp_path, output, "scripts/create.sh").rstrip().endswith(Config().page)
    run(tmp_path, output, "scripts/delete.sh")
    sandbox.set(speed=math.inf)
    assert [account(clients) for clients in sides] == before


def test_each_side_of_two_accounts_and_regions_is_made_in_its_own(
    sandbox: Sandbox, reached: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sample of the pages: the VPC of each side."""
    where = (*TWO_ACCOUNTS, *TWO_REGIONS)
    by_hand(sandbox, tmp_path, capsys, where, (1, 9))
    names = []
    for clients in sides_in(reached, where):
        (vpc,) = [one for one in clients.ec2.describe_vpcs()["Vpcs"] if not one["IsDefault"]]
        names.append(tags_of(vpc)["Name"])
    assert names == [Config().provider.vpc_name, Config().consumer.vpc_name]


def sides_in(reached: Running, where: tuple[str, ...]) -> list[Clients]:
    """The clients of the sides: one, or those of the options."""
    given = dict(zip(where[::2], where[1::2], strict=True))
    theirs = {"profile": given.get("--consumer-profile"), "region": given.get("--consumer-region")}
    consumer = {name: value for name, value in theirs.items() if value}
    place = in_sandbox(load(None, {"region": "us-east-1", "consumer": consumer}), reached)
    return list({id(one): one for one in place.clients.values()}.values())


def by_hand(
    sandbox: Sandbox,
    directory: Path,
    capsys: pytest.CaptureFixture[str],
    where: tuple[str, ...],
    numbers: Iterable[int],
) -> None:
    """Run the commands of these steps as ``explain`` prints them."""
    prepared(sandbox, directory)
    pages = ("--sandbox", "--state-dir", str(directory / ".vpce-demo"), *where, "explain", "-o", "json")
    script = ""
    for number in numbers:
        assert run_command([*pages, str(number)]) == 0
        told = json.loads(capsys.readouterr().out)["pages"]
        script += "".join(block for page in told for block in blocks(page["text"]))
    run(directory, "json", "-euo", "pipefail", "-c", script)


def prepared(sandbox: Sandbox, directory: Path) -> None:
    """Let the commands find the program, and the program the sandbox."""
    program(directory / "bin/vpce-demo", f'#!/bin/sh\nexec {sys.executable} -m vpce_demo "$@"\n')
    write_server_file(sandbox, directory / ".vpce-demo")


def run(directory: Path, output: str, *words: str) -> str:
    """Run ``bash`` with these words, on a machine without credentials; return what it prints."""
    done = subprocess.run(
        ["bash", *words],
        cwd=directory,
        env={
            "HOME": str(directory),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "PATH": f"{directory / 'bin'}:{os.environ['PATH']}",
            "AWS_DEFAULT_OUTPUT": output,
        },
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr}"
    return done.stdout


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.mark.slow
def test_the_deletion_ends_if_nothing_can_be_deleted(sandbox: Sandbox, place: Environment, tmp_path: Path) -> None:
    """Of a demo that is not there: each deletion fails, those that say so in ``Unsuccessful`` too."""
    program(tmp_path / "bin/sleep", "#!/bin/sh\n")
    program(tmp_path / "bin/seq", "#!/bin/sh\necho 1; echo 2\n")
    script = fill(commands("17"), *VALUES)
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
