"""``sandbox faults``: what is set is listed, told to programs, strikes the program itself, and is cleared."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable

import pytest

from vpce_demo.cli import run_command

from .program import Done, Program, World, good

Faults = Callable[..., Done]


@pytest.fixture
def faults(world: World, capsys: pytest.CaptureFixture[str]) -> Faults:
    """Runs ``sandbox faults`` on the world's sandbox, in this process: it is quick, and there are many."""

    def run(*words: str) -> Done:
        code = run_command(["--state-dir", str(world.directory / world.state), "sandbox", "faults", *words])
        return Done(code, *capsys.readouterr())

    return run


def test_each_fault_is_set_and_listed(faults: Faults) -> None:
    assert faults().out == "No faults are set.\n"
    faults("error", "RequestLimitExceeded", "--times", "20", "--status", "503")
    faults("drop", "--after", "--operation", "Create*", "--nth", "2")
    faults("spoil", "html", "--times", "2")
    faults("delay", "0.5", "--operation", "DescribeVpcs")
    faults("throttle", "--operation", "Create*", "--burst", "4", "--rate", "1")
    faults("kill")
    faults("hide", "5")
    faults("hide-tags", "10")
    told = faults("expire").out
    assert told.splitlines() == [
        "error RequestLimitExceeded (503): any call, the first 20; struck 0 of 0 seen",
        "drop after: Create*, number 2; struck 0 of 0 seen",
        "spoil before (html): any call, the first 2; struck 0 of 0 seen",
        "delay of 0.5 s: DescribeVpcs, every one; struck 0 of 0 seen",
        "throttle: Create*, beyond 4 at once and 1 a second; struck 0 of 0 seen",
        "kill before: any call, every one; struck 0 of 0 seen",
        "What is made is hidden for 5 s of AWS's time. Now hidden: 0.",
        "The tags of what is made are hidden from IAM for 10 s of AWS's time.",
        "Credentials have expired.",
    ]
    assert faults().out == told
    document = faults("-o", "json").document
    assert [fault["do"] for fault in document["faults"]] == [
        "error",
        "drop-after",
        "spoil-before",
        "delay",
        "throttle",
        "kill-before",
    ]
    assert document["command"] == "sandbox faults"
    cleared = faults("clear", "-o", "json").document
    assert (cleared["faults"], cleared["hidden_seconds"], cleared["credentials"]) == ([], None, "fine")


@pytest.mark.parametrize(
    ("operation", "code", "message", "exit_code", "said"),
    [
        ("RunInstances", "PendingVerification", "Your request is being validated.", 4, "still verifying this account"),
        (
            "CreateLoadBalancer",
            "OperationNotPermitted",
            "This AWS account currently does not support creating load balancers.",
            1,
            "does not let this account create load balancers",
        ),
    ],
)
def test_what_a_new_account_may_not_do_is_told_without_another_try(
    faults: Faults, world: World, operation: str, code: str, message: str, exit_code: int, said: str
) -> None:
    faults("error", code, "--operation", operation, "--message", message)
    done = world.here("up")
    assert done.code == exit_code, done.text
    assert said in done.err
    assert "https://console.aws.amazon.com/support/home" in done.err
    assert not re.search("again|repeat|continues", done.err)
    assert "To delete it:  vpce-demo --sandbox" in done.err
    faults("clear")
    assert "nothing left" in good(world.here("down")).out


def test_a_boot_that_fails_twice_passes(faults: Faults, world: World) -> None:
    faults("error", "RpmLocked", "--operation", "InstallPackages", "--times", "2")
    done = world.here("up")
    assert "PASSED  8 of 8" in done.out, done.text
    assert "InstallPackages, the first 2; struck 2 of " in faults().out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("error Nope --nth 1 --times 2", 2, "--nth and --times exclude each other"),
        ("error Nope --operation CreateVPC", 1, "the nearest is CreateVpc"),
        ("error", 2, "Missing argument 'CODE'"),
        ("error Nope --status 200", 2, "--status"),
        ("spoil pdf", 1, "how is one of empty, html"),
        ("delay -- -1", 2, "SECONDS"),
        ("hide inf", 1, "hidden_seconds is a number from 0"),
        ("dropp", 2, "No such command 'dropp'"),
    ],
)
def test_mistakes(faults: Faults, words: str, code: int, said: str) -> None:
    done = faults(*words.split())
    assert (done.code, said in done.err) == (code, True), done.text
    assert faults().out == "No faults are set.\n"


def test_without_a_sandbox(program: Program) -> None:
    done = program.run("sandbox", "faults", "drop")
    assert done.code == 1
    assert "does not run" in done.err
    assert "vpce-demo sandbox start" in done.err


def test_the_program_is_killed_in_the_middle_of_a_call(world: World, faults: Faults) -> None:
    faults("kill", "--after", "--operation", "CreateVpc", "--nth", "1")
    assert world.run("up").code == -signal.SIGKILL
    # The other side's VPC may have been asked for in the same moment.
    assert faults().out.startswith("kill after: CreateVpc, number 1; struck 1 of ")
    assert "killed after" in [call["error"] for call in world.calls() if call["operation"] == "CreateVpc"]
