"""``logs``: the runs of a demo, and what each did, also when the demo is gone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from .program import World, finished, wait_until
from .stage import Stage


def test_there_is_no_run_on_record(stage: Stage, tmp_path: Path) -> None:
    nowhere = Stage(tmp_path, stage.clients, {}, stage.capsys)
    assert nowhere.text("logs") == (0, "There is no run on record.\n", "")
    assert nowhere.text("logs", "--last")[0] == 5


def test_what_runs_did_is_on_record_when_the_demo_is_gone(stage: Stage) -> None:
    before = len(stage.run("logs")[1]["runs"])
    assert stage.text("down")[0] == 0
    assert stage.text("up", "--until", "create-endpoint-service")[0] == 0
    assert stage.text("test")[0] == 5  # too early
    for only_looks in ("status", "plan", "adopt"):
        assert stage.text(only_looks)[0] == 0
    state = json.loads((stage.directory / "sandbox" / "vpce-demo" / "state.json").read_text())
    ids = {key: entry["id"] for key, entry in state["resources"].items()}
    assert stage.text("down")[0] == 0
    assert not (stage.directory / "sandbox").exists()

    code, listed, _ = stage.text("logs")
    assert code == 0
    runs = [line.split() for line in listed.splitlines()[:-before]]
    assert [words[5] for words in runs] == ["down", "adopt", "test", "up", "down"]
    too_early = "exit code 5: It is too early for test."
    assert [" ".join(words[7:]) for words in runs] == ["done", "done", too_early, "done", "done"]
    _, document, _ = stage.run("logs")
    assert [run["command"] for run in document["runs"]][:-before] == [words[5] for words in runs]
    assert document["runs"][2]["ended"]["exit_code"] == 5

    on_aws = Stage(stage.directory, stage.clients, {}, stage.capsys, where=[])
    for looks in ("logs", "report"):
        assert (
            f"Did you mean:\n    vpce-demo --sandbox --state-dir {stage.directory} {looks}\n" in on_aws.text(looks)[2]
        )
    _, last, _ = stage.text("logs", "--last")
    assert "vpce-demo down   demo vpce-demo   in the sandbox   account 123456789012   us-east-1" in last
    assert re.search(r"step=8 +endpoint service MyEndpointService +deleting +vpce-svc-[0-9a-f]{17}", last)
    assert "Looked again by tag: nothing left." in last

    _, first, _ = stage.run("logs", document["runs"][3]["id"])
    made = {line["key"]: line["id"] for line in first["lines"] if line.get("action") == "created"}
    assert made == ids
    more, less = (stage.text("logs", "4", *options)[1] for options in (["-v"], []))
    assert more.count("\n") > less.count("\n")
    assert "creating\n" in more
    assert "creating\n" not in less
    code, _, said = stage.text("logs", "19700101")
    assert code == 5
    assert "There is no run 19700101 on record." in said


@pytest.mark.extended
def test_a_run_at_work_can_be_followed(world: World) -> None:
    world.speed(20)
    up = world.start("up", "--until", "create-provider")
    logs = world.directory / world.state / "logs" / "sandbox" / "vpce-demo"
    wait_until(lambda: logs.exists() and list(logs.iterdir()), "the log")
    follows = world.start("logs", "--follow")
    wait_until(lambda: "CreateLoadBalancer" in world.changes(), "the load balancer's creation")
    assert " at work\n" in world.run("logs").out
    world.speed("max")
    assert finished(up).code == 0
    followed = finished(follows)
    assert followed.code == 0
    lines = followed.out.splitlines()
    assert re.search(r"step=7 +Network Load Balancer MyNetwork-LB +active +net/MyNetwork-LB/", followed.out)
    assert lines[-1].startswith("✓ Done")
    assert len(lines) - lines.count("") == len(set(lines) - {""}), "nothing is printed twice"
