"""``sandbox env``: what a shell evaluates, and that nothing of it stays behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vpce_demo.cli import run_command

from ..peers.test_terraform import terraform  # noqa: F401
from .program import World
from .stage import Stage

SECRET = "wJalrXUtnFEMI/K7MDENG$(touch made)'\"\\\\`"
HOSTILE = "it's,$HOME,\"a b\",`touch made`,\\\\'\\\\,é"
BEFORE = {
    "AWS_PROFILE": "prod's",
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_SESSION_TOKEN": "",
    "AWS_ENDPOINT_URL_S3": "https://s3.example/$(touch made)",
    "AWS_REGION": "eu-west-1",
    "NO_PROXY": HOSTILE,
    "AWS_SHARED_CREDENTIALS_FILE": "two\nlines; touch made\n",
}
"""What the user has set, with all that a shell would expand."""
SHOW = "echo FROM HERE; env -0"
Ask = Callable[..., str]


def shell(name: str) -> str:
    found = shutil.which(name)
    if not found:
        pytest.skip(f"there is no {name} on this machine")
    return found


@pytest.fixture
def ask(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """What ``sandbox env`` prints in an environment: as the program would that a shell runs."""

    def in_this(environ: dict[str, str], *words: str) -> str:
        assert stage.capsys
        with monkeypatch.context() as patch:
            for variable in set(os.environ) - set(environ):
                patch.delenv(variable)
            for variable, value in environ.items():
                patch.setenv(variable, value)
            assert run_command(["--state-dir", str(stage.directory), "sandbox", "env", *words]) == 0
        return stage.capsys.readouterr().out

    return in_this


def after(program: str, script: str, directory: Path) -> dict[str, str]:
    """The environment as a shell leaves it that began with ``BEFORE``."""
    given = {"PATH": os.environ["PATH"], "HOME": str(directory), "LC_ALL": "C.UTF-8", **BEFORE}
    words = [program, *(["-f"] if program.endswith("zsh") else []), "-c", f"{script}\n{SHOW}"]
    done = subprocess.run(words, env=given, cwd=directory, capture_output=True, encoding="utf-8", check=True)
    assert done.stderr == ""
    shown = done.stdout.partition("FROM HERE\n")[2]
    environ = dict(line.split("=", 1) for line in shown.split("\0") if "=" in line)
    environ.pop("_", None)
    return environ


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_what_is_evaluated_and_taken_back(name: str, ask: Ask, tmp_path: Path) -> None:
    program = shell(name)
    before = after(program, "", tmp_path)
    kind = ("--shell", name)
    first = ask(before, *kind)
    during = after(program, first, tmp_path)
    assert SECRET not in first
    changed = {key: value for key, value in during.items() if before.get(key) != value}
    assert {key: changed.get(key) for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "VPCE_DEMO_SANDBOX")} == {
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "VPCE_DEMO_SANDBOX": "1",
    }
    assert (during["AWS_REGION"], during["AWS_DEFAULT_REGION"]) == ("eu-west-1", "eu-west-1")
    assert during["NO_PROXY"] == during["no_proxy"] == f"{HOSTILE},127.0.0.1"
    assert not during.keys() & {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"}
    twice = first + ask(during, *kind)
    assert after(program, twice, tmp_path) == during
    assert after(program, first + ask(during, *kind, "--unset"), tmp_path) == before
    assert after(program, twice + ask(during, *kind, "--unset"), tmp_path) == before
    assert ask(before, *kind, "--unset").strip() == ""
    assert not (tmp_path / "made").exists(), "nothing of it was run"


def test_what_something_else_left_is_not_given_back(ask: Ask) -> None:
    first = ask({"VPCE_DEMO_BEFORE_AWS_REGION": "x"}, "--shell", "bash").splitlines()
    assert "unset VPCE_DEMO_BEFORE_AWS_REGION" in first


def test_powershell_s_lines(ask: Ask) -> None:
    lines = ask({"AWS_PROFILE": "x", "no_proxy": "it's"}, "--shell", "powershell").splitlines()
    assert lines[:2] == ["$env:VPCE_DEMO_BEFORE_AWS_PROFILE = '' + $env:AWS_PROFILE", "$env:AWS_PROFILE = $null"]
    assert "$env:no_proxy = 'it''s,127.0.0.1'" in lines
    there = {"VPCE_DEMO_ENV": "AWS_PROFILE AWS_REGION $(x)", "VPCE_DEMO_BEFORE_AWS_PROFILE": "x", "AWS_REGION": "y"}
    assert ask(there, "--shell", "powershell", "--unset").splitlines() == [
        "$env:AWS_PROFILE = '' + $env:VPCE_DEMO_BEFORE_AWS_PROFILE",
        "$env:VPCE_DEMO_BEFORE_AWS_PROFILE = $null",
        "$env:AWS_REGION = $null",
        "$env:VPCE_DEMO_ENV = $null",
    ]


@pytest.mark.parametrize(("path", "line"), [("/usr/bin/fish", "set -gx"), ("/bin/ksh", "export"), ("", "export")])
def test_the_shell_is_the_one_that_is_used(ask: Ask, path: str, line: str) -> None:
    assert ask({"SHELL": path}).startswith(line)


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_without_a_sandbox_what_a_shell_evaluates_fails(name: str, stage: Stage, tmp_path: Path) -> None:
    """So no command after it, of a script with ``set -e`` or behind ``&&``, asks AWS."""
    program = shell(name)
    assert stage.capsys
    assert run_command(["--state-dir", str(tmp_path), "sandbox", "env", "--shell", name]) == 1
    said = stage.capsys.readouterr()
    assert "sandbox start" in said.err
    used = "set -e; eval" if name != "fish" else "eval"
    done = subprocess.run([program, "-c", f'{used} "{said.out}" && echo AWS'], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


BOTO3 = "import boto3; print(len(boto3.client('ec2').describe_vpcs()['Vpcs']), boto3.client('ec2').meta.endpoint_url)"


@pytest.mark.extended
@pytest.mark.parametrize("name", ["bash", pytest.param("zsh", marks=pytest.mark.slow)])
def test_tools_in_that_shell_use_the_sandbox(name: str, world: World) -> None:
    """boto3 and, where it is installed, the AWS CLI; the whole as a learner types it."""
    program, python = shell(name), sys.executable
    tools = f'"{python}" -c "{BOTO3}"' + ("\naws sts get-caller-identity" if shutil.which("aws") else "")
    script = f"""
vpce-demo() {{ "{python}" -m vpce_demo "$@"; }}
env | grep -v '^_=' | sort > before
eval "$(vpce-demo sandbox env)"
{tools}
eval "$(vpce-demo sandbox env --unset)"
env | grep -v '^_=' | sort | diff before - && echo nothing stays
"""
    environment = {**world.environment, **BEFORE, "HTTP_PROXY": "http://127.0.0.1:9"}
    words = [program, *(["-f"] if name == "zsh" else []), "-c", script]
    done = subprocess.run(words, env=environment, cwd=world.directory, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    assert (done.returncode, lines[-1]) == (0, "nothing stays"), done.stderr
    assert lines[0] == f"1 {world.sandbox.endpoint_url}"
    if len(lines) > 2:
        assert json.loads("".join(lines[1:-1]))["Account"] == "123456789012"


@pytest.mark.slow
def test_terraform_in_that_shell_uses_the_sandbox(terraform: Path, world: World) -> None:  # noqa: F811
    text = 'provider "aws" {}\nresource "aws_vpc" "one" {\n  cidr_block = "10.7.0.0/16"\n}\n'
    for file in terraform.glob("*.tf"):
        file.unlink()
    (terraform / "main.tf").write_text(text)
    script = f"""
eval "$("{sys.executable}" -m vpce_demo --state-dir "{world.directory / world.state}" sandbox env)"
terraform init -input=false -no-color && terraform apply -auto-approve -input=false -no-color
"""
    environment = {**world.environment, **BEFORE, "TF_CLI_CONFIG_FILE": str(terraform.parent / "terraformrc")}
    done = subprocess.run(
        ["bash", "-c", script], env=environment, cwd=terraform, capture_output=True, text=True, timeout=400
    )
    assert done.returncode == 0, done.stdout + done.stderr
    region = world._client("ec2", region="eu-west-1")
    assert [one["CidrBlock"] for one in region.describe_vpcs()["Vpcs"] if not one["IsDefault"]] == ["10.7.0.0/16"]
