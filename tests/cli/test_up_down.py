"""up, down, plan and status on a demo's whole life: run twice, run at once, cut off, and with the sandbox lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tools.reference import commands
from vpce_demo.sandbox import client

from .program import PAGE, STAGES, World, finished, good, imported, interrupt, names, wait_until

ALL = 32
NOT_NEEDED_AGAIN = (
    "vpce_demo.cli.walkthrough",
    "vpce_demo.cli.down",
    "vpce_demo.diagram",
    "vpce_demo.exercises",
    "vpce_demo.lessons.catalogue",
    "vpce_demo.report",
    "vpce_demo.verify",
    "rich.markdown",
    "moto",
)
"""What ``up`` again must not import, since it has nothing to make, to test, to explain or to draw."""


# --- the plain life of a demo ------------------------------------------------------


def test_up_then_again_then_down_then_again(world: World) -> None:
    before = world.account()
    first = good(world.run("up"))
    assert f"{ALL} created, 0 already there" in first.out
    assert PAGE in first.out.splitlines()
    assert "PASSED  8 of 8" in first.out
    assert first.out.index("service name") < first.out.index("PASSED")
    assert "created" not in first.out.replace(f"{ALL} created", "")  # progress is talk

    with world.nothing_changes():
        again = good(world.run("up", "--skip-test"))
    assert f"Nothing to do: all {ALL} were there already." in again.out
    with_state = ("--state-dir", str(world.directory / world.state))
    assert imported(world, *with_state, "up", "--skip-test").isdisjoint(NOT_NEEDED_AGAIN)

    down = good(world.run("down"))
    assert f"Deleted {ALL}" in down.out
    assert "nothing left" in down.out
    assert world.account() == before
    assert not world.demo_directory().parent.exists()
    with world.nothing_changes():
        assert "Nothing to delete: nothing left." in good(world.run("down")).out
    assert not world.demo_directory().parent.exists()


def test_plan_and_status_before_and_after(world: World) -> None:
    with world.nothing_changes():
        plan = world.run("plan", "--detailed-exitcode")
        assert plan.code == 10
        assert f"{ALL} to be made, 0 already there." in plan.out
        assert "about $0.07 an hour" in plan.out
        status = world.run("status", "--check")
        assert status.code == 10
        assert "nothing of this demo" in status.out
    assert not world.demo_directory().exists()

    made = good(world.run("up", "--skip-test", "-o", "json")).document
    (endpoint,) = [one for one in made["resources"] if one["key"] == "endpoint"]
    assert endpoint["state"] == "available", "as it is at the end, not as it was when it was made"
    (interface,) = world.ec2.describe_network_interfaces(NetworkInterfaceIds=[endpoint["outputs"]["interfaces"]])[
        "NetworkInterfaces"
    ]
    assert endpoint["outputs"]["private_address"] == interface["PrivateIpAddress"]
    with world.nothing_changes():
        plan = good(world.run("plan", "--detailed-exitcode"))
        assert f"Nothing to do: all {ALL} are there." in plan.out
        status = good(world.run("status", "--check", "-v"))
    assert f"{ALL} of {ALL} there" in status.out
    for one in made["resources"]:
        shown = one["id"].rpartition(":")[2] if one["id"].startswith("arn:") else one["id"]
        assert shown.removeprefix("loadbalancer/").removeprefix("targetgroup/") in status.out

    world.ec2.delete_route(RouteTableId=world.recorded()["customer-route"], DestinationCidrBlock="0.0.0.0/0")
    assert world.run("status", "--check").code == 10
    assert "1 to be made, 31 already there." in good(world.run("plan")).out


def test_status_where_no_sandbox_runs_starts_none(world: World, tmp_path: Path) -> None:
    for words in (["status"], ["plan"], ["down"]):
        done = good(world.run(*words, "--state-dir", str(tmp_path)))
        assert "not running" in done.err
    assert world.run("test", "--state-dir", str(tmp_path)).code == 5
    assert list(tmp_path.iterdir()) == []


def test_down_without_the_state_file(world: World) -> None:
    before = world.account()
    good(world.run("up", "--skip-test"))
    shutil.rmtree(world.demo_directory())
    assert f"Deleted {ALL}" in good(world.run("down")).out
    assert world.account() == before


def test_until_a_stage_and_then_the_rest(world: World) -> None:
    until = good(world.run("up", "--until", "create-endpoint-service"))
    assert "PASSED" not in until.out
    assert len(world.account()["services"]) == 1
    assert [names(vpc) for vpc in world.account()["vpcs"] if names(vpc)] == ["Service_Network"]
    rest = good(world.run("up", "--skip-test"))
    assert "PASSED" not in rest.out
    assert "18 already there" in rest.out


@pytest.mark.extended
def test_another_demo_beside_the_default(world: World) -> None:
    before = world.account()
    good(world.run("up", "--skip-test"))
    alone = world.account()
    second = good(world.run("--name", "second", "up", "--skip-test"))
    assert "demo second" in second.err
    assert "vpce-demo --sandbox --name second test" in second.err
    balancers = {b["LoadBalancerName"] for b in world.account()["load balancers"]}
    assert balancers == {"MyNetwork-LB", "second-MyNetwork-LB"}
    groups = {g["GroupName"] for g in world.account()["groups"]} - {"default"}
    assert groups == {"Webserver_sg", "Customer_EC2_SG", "second-Webserver_sg", "second-Customer_EC2_SG"}
    named = {names(vpc) for vpc in world.account()["vpcs"]} - {""}
    assert named == {"Service_Network", "Customer_Network", "second-Service_Network", "second-Customer_Network"}
    assert {k["KeyName"] for k in world.account()["key pairs"]} >= {"second-Service_key", "second-Customer_key"}

    tested = good(world.run("test", VPCE_DEMO_NAME="second"))
    assert "second-MyNetwork-LB" in tested.out
    good(world.run("down", "--name", "second"))
    assert world.account() == alone
    good(world.run("down"))
    assert world.account() == before


@pytest.mark.extended
def test_the_page_of_the_config_is_the_page_that_comes(world: World) -> None:
    page = "<p>Grüße: an '\"&amp; page\\n of {my} own %d</p>"
    config = world.config(json.dumps({"page": page}))
    done = good(world.run("up", "-c", config))
    assert page in done.out.splitlines()
    document = good(world.run("test", "-o", "json", "-c", config)).document
    assert document["page"] == page + "\n" or document["page"] == page
    web_page = next(w for w in done.out.split() if w.startswith("http://MyNetwork-LB"))
    through = urllib.request.ProxyHandler({"http": world.sandbox.proxy_url})
    with urllib.request.build_opener(through).open(web_page, timeout=10) as answer:
        assert answer.read().decode() == page + "\n"


def test_ssh_from_anywhere_is_one_setting(world: World) -> None:
    config = world.config("ssh_from: 0.0.0.0/0\n")
    good(world.run("up", "--skip-test", "-c", config))
    groups = {g["GroupName"]: g for g in world.account()["groups"]}
    for name in ("Webserver_sg", "Customer_EC2_SG"):
        (ssh,) = [p for p in groups[name]["IpPermissions"] if p["FromPort"] == 22]
        assert [r["CidrIp"] for r in ssh["IpRanges"]] == ["0.0.0.0/0"]


def test_settings_changed_under_a_demo_are_refused(world: World) -> None:
    good(world.run("up", "--skip-test"))
    config = world.config("provider:\n  vpc_cidr: 20.0.0.0/17\nhealth_check_seconds: 30\n")
    with world.nothing_changes():
        done = world.run("up", "-c", config)
    assert done.code == 5
    assert "settings differ" in done.err
    assert "20.0.0.0/16 -> 20.0.0.0/17" in done.err
    assert "10 -> 30" in done.err
    assert "Nothing was changed." in done.err


# --- at once, cut off ---------------------------------------------------------------


def started(world: World, *words: str) -> subprocess.Popen[str]:
    """A command in flight: it has asked for a load balancer, which takes its time."""
    world.speed(20)
    process = world.start(*words)
    wait_until(lambda: "CreateLoadBalancer" in world.changes(), "the load balancer's creation")
    return process


def test_two_at_once_are_one(world: World) -> None:
    first = started(world, "up", "--skip-test")
    other = world.run("up")
    assert other.code == 9
    assert f"process {first.pid}, vpce-demo up" in other.err
    assert "Nothing was changed." in other.err
    assert world.run("down").code == 9
    world.speed("max")
    good(finished(first))
    assert len(world.account()["load balancers"]) == 1


def test_ctrl_c_is_safe(world: World) -> None:
    done = interrupt(started(world, "up"))
    assert done.code == 130
    assert "Interrupted" in done.err
    noted = json.loads((world.demo_directory() / "state.json").read_text())["resources"]
    ids = [entry["id"] for entry in noted.values() if entry["id"]]
    account = world.account()
    there = [
        *(vpc["VpcId"] for vpc in account["vpcs"] if names(vpc)),
        *(gateway["InternetGatewayId"] for gateway in account["gateways"] if names(gateway)),
        *(subnet["SubnetId"] for subnet in account["subnets"] if names(subnet)),
        *(instance["InstanceId"] for instance in account["instances"]),
        *(balancer["LoadBalancerArn"] for balancer in account["load balancers"]),
    ]
    assert len(there) > 5
    assert set(there) <= set(ids)
    world.speed("max")
    again = good(world.run("up", "-o", "json", "--skip-test")).document
    assert again["found"] == len(ids)
    assert again["created"] == ALL - len(ids)


def test_sigterm_during_down_and_on(world: World) -> None:
    before = world.account()
    good(world.run("up", "--skip-test"))
    world.speed(20)
    process = world.start("down")
    wait_until(lambda: "DeleteVpcEndpoints" in world.changes(), "the endpoint's deletion")
    done = interrupt(process, signal.SIGTERM)
    assert done.code == 143
    world.speed("max")
    good(world.run("down"))
    assert world.account() == before
    assert not world.demo_directory().exists()


def test_killed_without_a_word(world: World) -> None:
    process = started(world, "up")
    process.kill()
    assert finished(process).code == -signal.SIGKILL
    world.speed("max")
    good(world.run("up"))
    assert len(world.account()["load balancers"]) == 1
    assert sorted(names(v) for v in world.account()["vpcs"] if names(v)) == ["Customer_Network", "Service_Network"]


def test_a_timeout_says_so_and_the_next_run_goes_on(world: World) -> None:
    world.speed(1)
    done = world.run("up", "--timeout", "1")
    assert done.code == 8, done.text
    assert "again" in done.err
    world.speed("max")
    good(world.run("up", "--skip-test"))


# --- the sandbox lost ---------------------------------------------------------------


def test_the_sandbox_stopped_under_a_demo(world: World) -> None:
    good(world.run("up", "--skip-test"))
    assert good(world.run("sandbox", "stop")).out == "Stopped.\n"
    tested = world.run("test")
    assert tested.code == 5
    assert "has stopped, and the demo went with it" in tested.err
    assert "vpce-demo --sandbox up" in tested.err
    good(world.run("down"))
    assert client.running(world.emulator) is None
    assert not world.demo_directory().exists()


@pytest.mark.extended
def test_the_sandbox_killed_under_a_demo(world: World) -> None:
    good(world.run("up", "--skip-test"))
    kill_the_sandbox(world)
    world.start_sandbox()
    up = good(world.run("up", "--skip-test"))
    assert "has stopped, and the demo went with it" in up.err
    assert f"{ALL} created, 0 already there" in up.out
    assert len(world.account()["load balancers"]) == 1


def test_what_makes_something_starts_the_sandbox(world: World) -> None:
    kill_the_sandbox(world)
    assert world.run("create-consumer").code == 5  # too early, but there it is
    assert world.sandbox.speed == 20


def kill_the_sandbox(world: World) -> None:
    os.kill(world.sandbox.pid, signal.SIGKILL)
    wait_until(lambda: client.running(world.emulator) is None, "the end of the sandbox")


def test_a_sandbox_reset_under_a_demo(world: World) -> None:
    good(world.run("up", "--skip-test"))
    good(world.run("sandbox", "reset"))
    assert f"{ALL} created" in good(world.run("up", "--skip-test")).out


# --- for programs ------------------------------------------------------------------


EVERY_COMMAND = {
    **dict.fromkeys(
        (*STAGES, "up", "test", "plan", "status", "list", "adopt", "doctor", "logs", "cost", "iam-policy"), ""
    ),
    "ssh": "web -- hostname",
    "diagram": "--format mermaid",
    "report": "--to report.html",
    "support": "--to support.zip",
    "export": "terraform",
    "explain": "privatelink",
    "init": "new.yaml",
    "completion": "bash",
    **dict.fromkeys(("down", "destroy"), ""),
    **{
        f"sandbox {verb}": ""
        for verb in ("start", "status", "logs", "trace", "break", "score", "faults", "faults clear", "reset")
    },
}
"""What to say after each command that a program would call; walkthrough is for people."""


@pytest.mark.extended
def test_one_json_document_for_every_command(world: World) -> None:
    for command, more in EVERY_COMMAND.items():
        done = good(world.run("-o", "json", *command.split(), *more.split()))
        assert done.document["version"] == 1
        assert done.document["command"] == command
        assert done.document["exit_code"] == 0
        assert "error" not in done.document


def test_every_command_is_tried() -> None:
    tried = {command.split()[0] for command in EVERY_COMMAND}
    tried.add("reject")  # it needs the id of an endpoint: test_customers.py
    tried.add("check")  # it is about what the program did not make: test_check.py
    assert {path.split()[0] for path, _ in commands()} - tried == {"walkthrough"}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("test", 5),
        ("accept", 5),
        ("plan --detailed-exitcode", 10),
        ("status -c none.yaml", 2),
        ("down --nonsense", 2),
        ("up --until tomorrow", 2),
        ("nonsense", 2),
        ("sandbox start --speed fast", 2),
    ],
)
def test_one_json_document_on_failure_too(world: World, line: str, code: int) -> None:
    done = world.run(*line.split(), "-o", "json")
    assert done.code == code
    assert done.document["exit_code"] == code
    if code != 10:
        assert done.document["error"]["message"]
        assert done.document["error"]["message"].splitlines()[0] in done.err
