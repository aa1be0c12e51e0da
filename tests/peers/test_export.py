"""Terraform takes what ``export`` writes: of a demo that stands, and of the settings alone.

It runs where Terraform and its AWS provider are installed; elsewhere it is skipped, and says why.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.contenders import to_the_sandbox
from tests.by_hand import ByHand
from tests.cli.program import World, good
from tests.cli.test_export import TARGET, TEXTS
from tests.terraform import terraform_settings
from vpce_demo.aws.environment import in_sandbox, sandbox_key
from vpce_demo.aws.region import image
from vpce_demo.config.load import load
from vpce_demo.export.hcl import text
from vpce_demo.model import Side
from vpce_demo.sandbox import client

pytestmark = pytest.mark.slow
ACCOUNTS = ("222222222222", "333333333333")
APART = (
    *(word for account in ACCOUNTS for word in ("--consumer-profile", account)),
    *("--consumer-region", "eu-west-1"),
)
HOSTILE = """\
page: |
  <h1>ようこそ ${aws_vpc.x} %{ if true } "quoted" \\\\n</h1>
    EOT
  $${x}
tags: {"Cost Center": "R+D=1:/@"}
"""
Terraform = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty directory with a sandbox of its own, whose accounts are profiles of the AWS CLI's files too."""
    world = World(tmp_path)
    profiles = (f"[{one}]\naws_access_key_id = {sandbox_key(one)}\naws_secret_access_key = any\n" for one in ACCOUNTS)
    (tmp_path / "profiles").write_text("\n".join(profiles))
    world.start_sandbox()
    try:
        yield world
    finally:
        client.stop(world.emulator)


@pytest.fixture
def terraform(world: World) -> Terraform:
    """Runs ``terraform`` with these words in the directory of the files, on the sandbox."""
    environment = {
        **os.environ,
        **to_the_sandbox(world.sandbox.endpoint_url),
        "AWS_SHARED_CREDENTIALS_FILE": str(world.directory / "profiles"),
        "TF_CLI_CONFIG_FILE": str(terraform_settings(world.directory)),
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
    }

    def run(*words: str, said: str = "") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["terraform", *words],
            cwd=world.directory / "vpce-demo-terraform",
            env=environment,
            input=said,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    return run


def planned(terraform: Terraform) -> dict[str, list[str]]:
    """What Terraform would do, without what it only imports or leaves: the addresses by the action."""
    terraform("plan", "-input=false", "-no-color", "-out=../planned")
    changes = json.loads(terraform("show", "-json", "../planned").stdout).get("resource_changes", [])
    found: dict[str, list[str]] = {}
    for one in changes:
        for action in one["change"]["actions"]:
            if action != "no-op":
                found.setdefault(action, []).append(one["address"])
    return found


def exported(world: World, terraform: Terraform, *words: str) -> dict[str, Any]:
    """The document of ``export``, whose files are valid and as ``terraform fmt`` leaves them."""
    document = good(world.run(*words, "-o", "json", "export", "terraform")).document
    terraform("init", "-input=false", "-no-color")
    terraform("fmt", "-check", "-diff")
    terraform("validate", "-no-color")
    return document


@pytest.mark.parametrize(
    ("words", "ups"),
    [
        ((), ("up --skip-test",)),
        ((), ("up --skip-test", "up --chapter gateway --skip-test", "up --chapter interface --skip-test")),
        (APART, ("up --skip-test --customers 3",)),
    ],
    ids=["alone", "with the chapters", "accounts, regions and customers"],
)
def test_a_demo_that_stands_is_imported_whole(
    world: World, terraform: Terraform, words: tuple[str, ...], ups: tuple[str, ...]
) -> None:
    for up in ups:
        good(world.run(*words, *up.split()))
    document = exported(world, terraform, *words)
    assert planned(terraform) == {"create": [TARGET]}
    assert document["adds"] == [TARGET]
    said = terraform("apply", "-auto-approve", "-input=false", "-no-color").stdout
    assert f"{document['imports']} imported, 1 added, 0 changed, 0 destroyed" in said
    assert planned(terraform) == {}
    status = good(world.run(*words, "status", "--check"))
    if not words and len(ups) == 1:
        assert "32 of 32 there." in status.out
        good(world.run("test"))
    said = terraform("destroy", "-auto-approve", "-input=false", "-no-color").stdout
    assert f"{document['imports'] + 1} destroyed." in said
    assert world.run(*words, "status", "--check").code == 10
    assert "nothing left" in good(world.run(*words, "down", "--yes")).text


def test_of_a_demo_that_was_built_by_hand_nothing_is_replaced(world: World, terraform: Terraform) -> None:
    clients = in_sandbox(load(None, {}), world.sandbox).clients[Side.PROVIDER]
    clients.ec2.create_key_pair(KeyName="mine")
    ByHand(clients, image(clients, load(None, {}))).build()
    good(world.run("adopt", "--by-hand", "--yes"))
    exported(world, terraform)
    changes = planned(terraform)
    assert ({*changes}, changes["create"]) == ({"create", "update"}, [TARGET])
    terraform("apply", "-auto-approve", "-input=false", "-no-color")
    assert planned(terraform) == {}
    plan = good(world.run("-o", "json", "plan")).document
    assert (plan["to_make"], plan["to_mend"]) == ([], [])
    assert "nothing left" in good(world.run("down", "--yes")).out


@pytest.mark.parametrize("words", [(), APART], ids=["alone", "accounts and regions"])
def test_the_settings_alone_make_a_demo_that_is_this_one(
    world: World, terraform: Terraform, words: tuple[str, ...]
) -> None:
    words = (*words, "-c", world.config(HOSTILE))
    document = exported(world, terraform, *words)
    assert document["imports"] == 0
    said = terraform("apply", "-auto-approve", "-input=false", "-no-color").stdout
    assert f"{len(document['adds'])} added, 0 changed, 0 destroyed" in said
    assert planned(terraform) == {}
    assert 'ようこそ ${aws_vpc.x} %{ if true } "quoted" \\\\n' in good(world.run(*words, "test")).out
    good(world.run(*words, "status", "--check"))
    assert "nothing left" in good(world.run(*words, "down", "--yes")).text


def test_terraform_reads_every_text_as_it_was(world: World, terraform: Terraform) -> None:
    there = world.directory / "vpce-demo-terraform"
    there.mkdir()
    quoted = "\n".join(f"  t{number} = {text(value)}" for number, value in enumerate(TEXTS))
    (there / "main.tf").write_text(f"locals {{\n{quoted}\n}}\n")
    names = ", ".join(f"local.t{number}" for number in range(len(TEXTS)))
    said = terraform("console", said=f"base64encode(jsonencode([{names}]))\n").stdout
    assert json.loads(base64.b64decode(said.strip().strip('"'))) == list(TEXTS)
