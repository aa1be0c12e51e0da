"""``sandbox aws`` and ``curl``: programs that use the sandbox, whatever the environment says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .program import Program, World

SHOWS = """#!/bin/sh
echo "$@"
env | grep -i '^AWS_\\|^no_proxy' | sort
exit 3
"""


def put(directory: Path, text: str, name: str = "aws") -> str:
    """A program of this name in a directory, as a PATH."""
    path = directory / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return f"{path.parent}:{os.environ['PATH']}"


def test_everything_goes_to_the_aws_cli_and_the_aws_cli_to_the_sandbox(world: World, tmp_path: Path) -> None:
    theirs = {
        "AWS_PROFILE": "prod",
        "AWS_SESSION_TOKEN": "secret",
        "AWS_ENDPOINT_URL_EC2": "https://ec2.amazonaws.com",
        "AWS_PAGER": "",
        "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "no_proxy": "elsewhere",
    }
    words = ("ec2", "describe-vpcs", "--output", "text", "--region", "eu-west-1", "--name", "x", "-h", "--", "-o")
    done = world.run("sandbox", "aws", *words, **theirs, PATH=put(tmp_path, SHOWS))
    assert done.code == 3
    assert done.out.splitlines() == [
        " ".join(words),
        "AWS_ACCESS_KEY_ID=sandbox",
        "AWS_CONFIG_FILE=/dev/null",
        "AWS_DEFAULT_REGION=us-east-1",
        "AWS_EC2_METADATA_DISABLED=true",
        f"AWS_ENDPOINT_URL={world.sandbox.endpoint_url}",
        "AWS_PAGER=",
        "AWS_REGION=us-east-1",
        "AWS_SECRET_ACCESS_KEY=sandbox",
        "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
        "NO_PROXY=elsewhere,127.0.0.1",
        "no_proxy=elsewhere,127.0.0.1",
    ]
    another = world.run("--region", "eu-west-1", "--profile", "a b", "sandbox", "aws", PATH=put(tmp_path, SHOWS))
    assert "AWS_REGION=eu-west-1" in another.out
    assert "AWS_ACCESS_KEY_ID=sandbox-a-b" in another.out


def test_curl_goes_through_the_proxy_whatever_is_set(world: World, tmp_path: Path) -> None:
    shows = """#!/bin/sh\nprintf '%s|' "$@"; exit 7"""
    path = put(tmp_path, shows, "curl")
    done = world.run("sandbox", "curl", "-s", "http://a/", "--proxy-header", "b: c", PATH=path, NO_PROXY="*")
    assert done.code == 7
    assert done.out == f"--proxy|{world.sandbox.proxy_url}|--noproxy||-s|http://a/|--proxy-header|b: c|"
    none = world.run("sandbox", "curl", PATH="")
    assert (none.code, "There is no curl on this machine." in none.err) == (1, True)


def test_without_the_aws_cli_or_a_sandbox_it_says_so(program: Program, world: World, tmp_path: Path) -> None:
    none = world.run("sandbox", "aws", "ec2", "describe-vpcs", PATH=str(tmp_path))
    assert none.code == 1
    assert "The AWS CLI is not installed." in none.err
    assert "Install it:  https://docs.aws.amazon.com/cli/" in none.err
    stopped = program.run("sandbox", "aws", "ec2", "describe-vpcs", PATH=put(tmp_path, SHOWS))
    assert stopped.code == 1
    assert "The sandbox does not run." in stopped.err


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("", "vpce-demo sandbox aws ec2 describe-vpcs"),
        ("region: us-east-1", "vpce-demo sandbox aws ec2 describe-vpcs"),
    ],
)
def test_offered_commands_name_only_what_the_demo_s_options_do_not(config: str, words: str) -> None:
    """See ``test_diagnosis`` for the whole: every command that it offers is carried out."""
    from vpce_demo.aws.environment import _sandbox_cli
    from vpce_demo.cli.app import App, for_this_demo
    from vpce_demo.config.model import Config

    settings = Config(region="us-east-1") if config else Config()
    app = App(given={"sandbox": True})
    assert for_this_demo(app, f"{_sandbox_cli(settings, None, settings.region)} ec2 describe-vpcs") == words
    apart = _sandbox_cli(settings, "bob", "eu-west-1")
    assert for_this_demo(app, apart) == "vpce-demo --profile bob sandbox aws --region eu-west-1"
