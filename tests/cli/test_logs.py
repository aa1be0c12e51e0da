"""``logs``: the runs of a demo, and what each did, also when the demo is gone."""

from __future__ import annotations

import re

from .program import World, finished, wait_until


def test_what_runs_did_is_on_record_when_the_demo_is_gone(world: World) -> None:
    assert world.run("logs").out == "There is no run on record.\n"
    assert world.run("logs", "--last").code == 5
    assert world.run("up", "--until", "create-endpoint-service").code == 0
    assert world.run("test").code == 5  # too early
    for only_looks in ("status", "plan", "adopt"):
        assert world.run(only_looks).code == 0
    ids = world.recorded()
    assert world.run("down").code == 0
    assert not world.demo_directory().exists()

    listed = world.run("logs")
    assert listed.code == 0
    runs = [line.split() for line in listed.out.splitlines()]
    assert [words[4] for words in runs] == ["down", "adopt", "test", "up"]
    assert [" ".join(words[6:]) for words in runs] == ["done", "done", "exit code 5: It is too early for test.", "done"]
    document = world.run("logs", "-o", "json").document
    assert [run["command"] for run in document["runs"]] == [words[4] for words in runs]
    assert document["runs"][2]["ended"]["exit_code"] == 5

    last = world.run("logs", "--last")
    assert "vpce-demo down   demo vpce-demo   in the sandbox   account 123456789012   us-east-1" in last.out
    assert re.search(r"step=8 +MyEndpointService +deleting +vpce-svc-[0-9a-f]{17}", last.out)
    assert "Looked again by tag: nothing left." in last.out

    id = document["runs"][3]["id"]
    first = world.run("logs", id, "-o", "json").document
    made = {line["key"]: line["id"] for line in first["lines"] if line.get("action") == "created"}
    assert made == ids
    more, less = (world.run("logs", "4", *options).out for options in (["-v"], []))
    assert more.count("\n") > less.count("\n")
    assert "creating\n" in more
    assert "creating\n" not in less
    unknown = world.run("logs", "19700101")
    assert unknown.code == 5
    assert "There is no run 19700101 on record." in unknown.err


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
    assert re.search(r"step=7 +MyNetwork-LB +active +net/MyNetwork-LB/", followed.out)
    assert lines[-1].startswith("✓ Done")
    assert len(lines) - lines.count("") == len(set(lines) - {""}), "nothing is printed twice"
