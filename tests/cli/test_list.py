"""``list``: every demo of the account, whoever made it, with what they cost together."""

from __future__ import annotations

import re
import shlex
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from vpce_demo.cli import run_command

from ..docs.lines import ROOT
from .stage import Stage

ALICE = "arn:aws:iam::123456789012:user/class/alice"


def test_the_demos_of_a_class(stage: Stage) -> None:
    tags = {
        "demo": "class-1",
        "id": "abc123",
        "owner": ALICE,
        "resource": "provider-vpc",
        "expires": "2020-01-01T00:00Z",
    }
    made = stage.ec2.create_vpc(
        CidrBlock="10.9.0.0/16",
        TagSpecifications=[
            {
                "ResourceType": "vpc",
                "Tags": [{"Key": f"vpce-demo:{key}", "Value": value} for key, value in tags.items()],
            }
        ],
    )["Vpc"]["VpcId"]
    try:
        code, out, _ = stage.text("list")
        _, document, _ = stage.run("list")
        names = stage.text("list", "--query", "demos[?yours].name")[1]
    finally:
        stage.ec2.delete_vpc(VpcId=made)
    assert code == 0
    theirs, ours = document["demos"]
    assert (theirs["name"], theirs["id"], theirs["made_by"], theirs["tagged"]) == ("class-1", "abc123", ALICE, 1)
    assert (theirs["yours"], theirs["recorded"], theirs["hourly_usd"]) == (False, False, "0.000000")
    assert (ours["name"], ours["yours"], ours["recorded"]) == ("vpce-demo", True, True)
    assert Decimal(document["hourly_usd"]) == Decimal(ours["hourly_usd"])
    assert ours["hourly_usd"] == stage.run("status")[1]["cost"]["hourly_usd"], "the same as status says"
    table = [line.split() for line in out.splitlines()[1:3]]
    assert table == [
        ["class-1", "abc123", "1", "$0.0000", "alice", "2020-01-01T00:00Z", "(over)"],
        ["vpce-demo", "*", ours["id"], "19", "$0.0701", "you"],
    ]
    assert "2 demos. Nothing is billed here; AWS would ask about $0.07 an hour" in out
    assert names.split() == ["[", '"vpce-demo"', "]"]


def test_there_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["--sandbox", "--state-dir", str(tmp_path), "list"]) == 0
    assert capsys.readouterr().out == "There is no demo.\n"


def test_the_loop_of_the_docs_deletes_each(stage: Stage) -> None:
    """The page's loop, with what ``list`` prints, and a ``down`` that says how it was called."""
    (loop,) = re.findall(r"^```bash\n(.*?)^```", (ROOT / "docs" / "aws.md").read_text(), re.DOTALL | re.MULTILINE)
    query = shlex.split(loop.partition("$(vpce-demo ")[2].partition(" |")[0])
    assert stage.text(*query)[1] == '"vpce-demo"\n'
    called = """vpce-demo() { if [ "$1" = list ]; then echo '"class-1 vpce-demo"'; else echo "$@"; fi; }\n"""
    done = subprocess.run(["bash", "-c", called + loop], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"down --name {name} --confirm {name}" for name in ("class-1", "vpce-demo")]
