"""init and completion."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.shell_completion import ShellComplete

from vpce_demo.cli import cli, run_command
from vpce_demo.cli.commands import FAULTS
from vpce_demo.cli.init import COMPLETION
from vpce_demo.config.load import load
from vpce_demo.config.model import Config
from vpce_demo.exercises.ways import EXERCISES

from .program import Program, good


def test_init_writes_every_default_and_never_over_a_file(program: Program) -> None:
    assert good(program.run("init")).out.endswith("then:  vpce-demo up\n")
    path = program.directory / "vpce-demo.yaml"
    assert load(path, {}) == Config()
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


def test_init_offers_the_demo_that_was_meant_and_writes_nothing_that_is_refused(program: Program) -> None:
    done = good(program.run("--sandbox", "init", "a b.yaml", "--name", "123", "--profile", "a: b", "--state-dir", "s"))
    assert done.out.endswith("then:  vpce-demo --sandbox --state-dir s -c 'a b.yaml' up\n")
    assert load(program.directory / "a b.yaml", {}) == Config(name="123", profile="a: b")
    refused = program.run("init", "long.yaml", "--name", "a" * 20)
    assert (refused.code, (program.directory / "long.yaml").exists()) == (2, False)


def test_a_config_file_is_found_in_the_directory_and_every_value_has_an_origin(program: Program) -> None:
    path = program.directory / "vpce-demo.yaml"
    path.write_text("region: eu-west-1\nname: found\ntags: {a: b}\nprovider:\n  profile: p\n  vpc_name: 'x: y'\n")
    said = {"VPCE_DEMO_NAME": "named", "AWS_PROFILE": "of-aws"}
    shown = good(program.run("init", "--show", "--consumer-profile", "c", **said))
    lines = dict(line.strip().rsplit("   # ", 1) for line in shown.out.splitlines() if "   # " in line)
    assert {line.strip(): origin for line, origin in lines.items() if origin != "default"} == {
        'name: "named"': "VPCE_DEMO_NAME",
        "profile: null": "AWS_PROFILE",
        'region: "eu-west-1"': "vpce-demo.yaml:1",
        'tags: {"a": "b"}': "vpce-demo.yaml:3",
        'profile: "p"': "vpce-demo.yaml:5",
        'vpc_name: "x: y"': "vpce-demo.yaml:6",
        'profile: "c"': "--consumer-profile",
    }
    (program.directory / "copy.yaml").write_text(shown.out)
    assert load(program.directory / "copy.yaml", {}) == load(path, {"name": "named", "consumer": {"profile": "c"}}), (
        "what it prints is a config file"
    )

    assert "demo found   settings vpce-demo.yaml" in good(program.run("--sandbox", "plan")).err
    named = good(program.run("--sandbox", "plan", "-c", "copy.yaml")).err
    assert "demo named   in the sandbox" in named
    path.write_text("nmae: x\n")
    assert "vpce-demo.yaml:1:1: there is no setting 'nmae'" in program.run("--sandbox", "plan").err
    path.unlink()
    path.mkdir()
    assert "Is a directory" in program.run("--sandbox", "plan").err


def test_another_users_config_file_is_used_only_if_named(
    program: Program, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(program.directory)
    Path("vpce-demo.yaml").write_text("name: theirs\n")
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    assert run_command(["iam-policy"]) == 5
    said = capsys.readouterr().err
    assert "its settings are not used by themselves" in said
    assert "vpce-demo iam-policy --config vpce-demo.yaml" in said
    assert run_command(["init", "--show", "--config", "vpce-demo.yaml"]) == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
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


def completed(*words: str) -> dict[str, str | None]:
    """What a shell is offered for the last of these words, with the help beside it; in this process."""
    *before, begun = words
    offered = ShellComplete(cli, {}, "vpce-demo", COMPLETION).get_completions(before, begun)
    return {item.value: item.help for item in offered}


def test_a_shell_completes_the_names_of_the_demos_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("aws/class-a", "aws/class-b", "sandbox/class-b", "sandbox/other", "logs/class-c"):
        (tmp_path / ".vpce-demo" / name).mkdir(parents=True)
    (tmp_path / ".vpce-demo" / "aws" / "class-file").touch()
    assert [*completed("status", "--name", "class")] == ["class-a", "class-b"]
    assert [*completed("--name", "")] == ["class-a", "class-b", "other"]
    (tmp_path / "there" / "aws" / "far").mkdir(parents=True)
    for words in (("--state-dir", "there", "status"), ("status", "--state-dir", "there")):
        assert [*completed(*words, "--name", "")] == ["far"]
    monkeypatch.setenv("VPCE_DEMO_STATE_DIR", "there")
    assert [*completed("status", "--name", "")] == ["far"]
    monkeypatch.setenv("VPCE_DEMO_STATE_DIR", "nowhere")
    assert completed("status", "--name", "") == {}


def test_a_shell_completes_faults_and_the_options_beside_them() -> None:
    known = [rule.key for rule in EXERCISES.values()]
    assert [*completed("sandbox", "break", "")] == known
    assert [*completed("sandbox", "break", "ssh-")] == [key for key in known if key.startswith("ssh-")]
    assert completed("sandbox", "break", "--ran") == {"--random": "Break something without saying what."}
    assert "--name" in completed("sandbox", "break", "--random", "--n")


def test_completion_of_values_imports_no_boto3(program: Program) -> None:
    code = (
        "import sys; from click.shell_completion import ShellComplete as Shell; from vpce_demo.cli import cli; "
        "print([Shell(cli, {}, '', '').get_completions(words, '')[0].value for words in "
        "(['sandbox', 'break'], ['explain'])]); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=program.environment, capture_output=True, text=True, check=True
    )
    values, modules = done.stdout.splitlines()
    assert values.startswith(f"['{FAULTS[0]}', 'why'")
    assert {"boto3", "botocore", "pydantic"}.isdisjoint(modules.split())


def test_powershell_is_offered_values_with_their_help(program: Program) -> None:
    asked = {"_VPCE_DEMO_COMPLETE": "powershell_complete", "COMP_WORDS": "vpce-demo explain zo", "COMP_CWORD": "2"}
    kind, value, tip = program.run(**asked).out.splitlines()
    assert (kind, value) == ("plain", "zones")
    assert tip.startswith("Availability Zones")
