"""``ssh``: a shell or a command on an instance, by the same way as the test's."""

from __future__ import annotations

import re
from pathlib import Path

from vpce_demo.ssh import Ssh

from .program import PAGE, Program
from .stage import Stage
from .terminal import Terminal


def test_a_command_on_each_instance(stage: Stage) -> None:
    outputs = {one["key"]: one["outputs"] for one in stage.run("status")[1]["resources"]}
    page = f"http://{outputs['endpoint']['private_address']}/"
    code, document, _ = stage.run("ssh", "consumer", "--", "curl", "-s", page)
    assert (code, document["printed"].strip()) == (0, PAGE)
    assert document["instance"] == stage.ids["customer"]
    assert document["address"] == outputs["customer"]["public_address"]


def test_it_prints_what_the_command_prints(stage: Stage, program: Program) -> None:
    done = program.run("-q", "--sandbox", "--state-dir", str(stage.directory), "ssh", "web", "--", "hostname")
    assert done.code == 0
    assert re.fullmatch(r"ip-20-0-1-\d+\S*\s*", done.out)
    assert "vpce-demo" not in done.err


def test_the_code_is_the_command_s(stage: Stage) -> None:
    code, document, _ = stage.run("ssh", "web", "--", "exit", "3")
    assert (code, document["error"]["message"]) == (3, "The command on the instance ended with exit code 3.")
    assert stage.run("ssh", "--", "exit", "4")[0] == 2, "an instance comes first"


def test_the_options_are_those_of_the_test_but_for_the_terminal(tmp_path: Path) -> None:
    ssh = Ssh(tmp_path / "key", tmp_path / "known")
    checks, ours = (ssh.arguments("192.0.2.1", "i-1", **more) for more in ({}, {"RequestTTY": "auto"}))
    assert [pair for pair in zip(checks, ours, strict=True) if pair[0] != pair[1]] == [
        ("RequestTTY=no", "RequestTTY=auto")
    ]


def test_known_hosts_that_others_may_write_are_refused(stage: Stage) -> None:
    known_hosts = next(stage.directory.rglob("known_hosts"))
    mode = known_hosts.stat().st_mode
    known_hosts.chmod(0o666)
    try:
        code, document, _ = stage.run("ssh", "web", "--", "hostname")
    finally:
        known_hosts.chmod(mode)
    assert code == 5
    assert "known_hosts" in document["error"]["message"]


def test_without_the_key_it_says_so(stage: Stage) -> None:
    key = next(stage.directory.rglob("*.pub")).with_suffix("")
    aside = key.rename(key.with_name("aside"))
    try:
        code, document, _ = stage.run("ssh", "web", "--", "hostname")
    finally:
        aside.rename(key)
    assert code == 1
    assert document["error"]["message"] == "The demo's ssh key is not in this directory."


def test_too_early(program: Program) -> None:
    done = program.run("--sandbox", "ssh", "web")
    assert done.code == 5
    assert "It is too early for ssh." in done.err
    assert "vpce-demo --sandbox up" in done.err


def test_a_shell_in_a_terminal(stage: Stage, program: Program) -> None:
    words = ("--sandbox", "--state-dir", str(stage.directory), "ssh", "web")
    with Terminal(program, *words, width=80, height=24) as terminal:
        terminal.until(lambda shown: shown.text.rstrip().endswith("~]$"), "a prompt")
        terminal.press("hostname\n")
        terminal.until(lambda shown: shown.text.count("ip-20-0-1-") >= 3, "the name and the next prompt")
        terminal.press("exit 7\n")
        assert terminal.finish() == 7
