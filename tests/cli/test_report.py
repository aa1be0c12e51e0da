"""``report``: of a demo that was made, tested and deleted in the sandbox, at each point of that."""

from __future__ import annotations

import re
import shutil

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
    for key in ("web", "customer", "endpoint", "service", "provider-vpc"):
        assert world.recorded()[key] in up
    secrets = ids(world)
    assert len([one for one in secrets if one in up]) > 20

    endpoint = world.recorded()["endpoint"]
    world.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    assert "not there" in world.run("diagram").out
    assert world.run("report", "-q").code == 0
    looked = (world.directory / "vpce-demo-report.html").read_text(encoding="utf-8")
    assert "30 of 32 there" in looked, "a look knows better than the log"
    assert world.run("up", "--skip-test").code == 0

    assert world.run("down").code == 0
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


def test_what_the_sandbox_took_along_is_told_from_the_logs(world: World) -> None:
    assert world.run("up", "--until", "create-endpoint-service").code == 0
    world.run("sandbox", "stop")
    try:
        done = world.run("report")
        assert done.code == 0, done.text
        text = (world.directory / "vpce-demo-report.html").read_text(encoding="utf-8")
        assert "of 32 there" in text
        assert "No test is on record" in text
    finally:
        world.start_sandbox()


def test_logs_that_are_damaged_or_none(world: World) -> None:
    assert world.run("up", "--until", "create-endpoint-service").code == 0
    logs = world.directory / world.state / "logs" / "sandbox" / "vpce-demo"
    (file,) = logs.glob("*.jsonl")
    file.write_text(file.read_text()[:-200])
    (logs / "20200101T000000Z-up-1.jsonl").write_text("{not json")
    assert world.run("report").code == 0
    shutil.rmtree(logs)
    done = world.run("report")
    assert done.code == 0, "what stands can be looked at without any log"
    assert "No run on record" in (world.directory / "vpce-demo-report.html").read_text(encoding="utf-8")


def test_without_a_sign_in_the_logs_have_to_do(world: World) -> None:
    """The state says that there is a demo on AWS, and nobody is signed in to look."""
    assert world.run("up", "--until", "create-endpoint-service").code == 0
    there = world.directory / world.state
    for where in (there, there / "logs"):
        shutil.copytree(where / "sandbox", where / "aws")
    done = world.run("report", "-o", "json", VPCE_DEMO_SANDBOX="0", AWS_REGION="us-east-1")
    assert done.code == 0, done.text
    assert "from the logs alone" in done.err
    assert done.document["there"] == 18
