"""``report``: of a demo that was made, tested and deleted in the sandbox, at each point of that."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from vpce_demo.cli import run_command

from .program import Program, World


def test_with_nothing_to_report(program: Program) -> None:
    done = program.run("report")
    assert done.code == 5
    assert "nothing to report yet" in done.err
    assert "vpce-demo up" in done.err
    assert list(program.directory.glob("*.html")) == []


def ids(world: World) -> set[str]:
    """Every id and public address that the logs know: what a redacted report must not hold."""
    logs = world.directory / world.state / "logs" / "sandbox" / "vpce-demo"
    text = "".join(path.read_text() for path in logs.glob("*.jsonl"))
    found = set(re.findall(r"\b[a-z-]+-[0-9a-f]{17}\b|\b[0-9a-f]{16}\b", text))
    addresses = set(re.findall(r'"public_address": "([\d.]+)"', text))
    assert len(found) > 20
    assert len(addresses) == 2
    return found | addresses | {"123456789012", "203.0.113.10"}


def test_a_life(world: World) -> None:
    """In one test, since a life has one order: made and tested, looked at, deleted, and still told of."""
    assert world.run("up").code == 0
    with world.nothing_changes():
        done = world.run("report", "--to", "up.html")
    assert done.code == 0, done.text
    assert "Written: up.html" in done.out
    up = (world.directory / "up.html").read_text(encoding="utf-8")
    assert "Passed 8 of 8" in up
    assert "Still there" in up
    assert "<code>vpce-demo --sandbox down</code>" in up
    assert "As the sandbox had it at" in up
    for key in ("web", "customer", "endpoint", "service", "provider-vpc"):
        assert world.recorded()[key] in up
    secrets = ids(world)
    assert len([one for one in secrets if one in up]) > 20

    world.ec2.delete_vpc_endpoints(VpcEndpointIds=[world.recorded()["endpoint"]])
    assert report(world.directory / world.state, "--sandbox") == 0
    assert "30 of 32 there" in written(), "a look knows better than the log"

    assert world.run("down").code == 0
    assert "Nothing to delete: nothing left." in world.run("down").out, "which is a proof too"
    masked = world.run("report", "--redact", "-o", "json").document
    assert masked == {
        "version": 1,
        "command": "report",
        "exit_code": 0,
        "file": "vpce-demo-report.html",
        "redacted": True,
        "there": 0,
        "gone": 32,
        "passed": True,
    }
    text = (world.directory / "vpce-demo-report.html").read_text(encoding="utf-8")
    assert "Deleted 32. Looked again by tag: nothing left." in text
    assert [one for one in ids(world) | secrets if one in text] == []
    assert "Customer_Network" in text

    assert report(world.directory / world.state, "--sandbox", more=("--lang", "ja")) == 0
    assert "32 個を削除しました。タグでもう一度探し、何も残っていないことを確かめました。" in written()


def test_whatever_is_lost_the_rest_is_told(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    """No sign-in, no sandbox any more, no whole log, no log at all."""
    assert world.run("up", "--until", "create-endpoint-service").code == 0
    here = world.directory / world.state
    elsewhere = world.directory / "elsewhere"
    for part in ("sandbox", "logs/sandbox"):
        shutil.copytree(here / part, elsewhere / part)
        shutil.copytree(here / part, elsewhere / part.replace("sandbox", "aws"))

    assert report(elsewhere, "--region", "us-east-1") == 0
    assert "from the logs alone" in capfd.readouterr().err, "nobody is signed in to look at what the state tells of"
    assert "18 of 32 there" in written()

    assert report(elsewhere, "--sandbox") == 0
    assert "has stopped" in capfd.readouterr().err
    assert "18 of 32 there" in written(), "the sandbox of the copy is gone, and what it held is told from its logs"

    (file,) = (here / "logs" / "sandbox" / "vpce-demo").glob("*.jsonl")
    file.write_text(file.read_text()[:-200])
    file.with_name("20200101T000000Z-up-1.jsonl").write_text("{not json")
    assert report(here, "--sandbox") == 0
    assert "killed" in written()

    shutil.rmtree(here / "logs")
    assert report(here, "--sandbox") == 0
    assert "18 of 32 there" in written(), "what stands can be looked at without any log"
    assert "No run on record" in written()


def report(state: Path, *words: str, more: tuple[str, ...] = ()) -> int:
    """The command in this process: what is asked here is not whether it can be started."""
    return run_command(["--state-dir", str(state), *words, "report", *more])


def written() -> str:
    return Path("vpce-demo-report.html").read_text(encoding="utf-8")
