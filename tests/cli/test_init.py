"""init and completion."""

from __future__ import annotations

import subprocess

import pytest
import yaml

from vpce_demo.config.load import load
from vpce_demo.config.model import Config

from .program import Program, good


def test_init_writes_every_default_and_never_over_a_file(program: Program) -> None:
    good(program.run("init"))
    path = program.directory / "vpce-demo.yaml"
    assert load(path, {}) == Config()
    assert "--config vpce-demo.yaml" in path.read_text()
    path.write_text("name: mine\n")
    again = program.run("init")
    assert again.code == 2
    assert "already" in again.err
    assert path.read_text() == "name: mine\n"


def test_init_takes_what_was_said(program: Program) -> None:
    done = program.run(
        "init", "second.yaml", "--name", "second", "--region", "eu-west-1", "--profile", "me", "-o", "json"
    )
    assert done.document["file"] == "second.yaml"
    told = yaml.safe_load((program.directory / "second.yaml").read_text())
    assert (told["name"], told["region"], told["profile"]) == ("second", "eu-west-1", "me")
    assert load(program.directory / "second.yaml", {}) == Config(name="second", region="eu-west-1", profile="me")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_for_each_shell(program: Program, shell: str) -> None:
    named, found = program.run("completion", shell), program.run("completion", SHELL=f"/usr/bin/{shell}")
    assert named.code == 0
    assert named.out == found.out
    assert "_VPCE_DEMO_COMPLETE" in named.out


def test_the_script_of_bash_is_one(program: Program) -> None:
    script = program.run("completion", "bash").out
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0


def test_another_shell_is_refused(program: Program) -> None:
    done = program.run("completion", SHELL="/bin/tcsh")
    assert done.code == 2
    assert "tcsh" in done.err
