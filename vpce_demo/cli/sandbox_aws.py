"""``sandbox aws``: the AWS CLI, talking to the sandbox whatever the environment and its profiles say."""

from __future__ import annotations

import os
import shutil
import subprocess

import click

from ..aws.environment import AWS_CLI, NO_REGION, sandbox_key
from ..errors import DemoError
from .app import App
from .group import HELP, pass_app
from .sandbox import running_sandbox

_NOT_PASSED_ON = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")


@click.command("aws", context_settings={**HELP, "ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="WORDS...")
@pass_app
def sandbox_aws(app: App, words: tuple[str, ...]) -> None:
    """Run the AWS CLI on the sandbox, and never on AWS.

    All WORDS go to the AWS CLI, which has to be installed; the exit code is its
    own.  The options of this program go before the word sandbox.

    \b
    Example:
      vpce-demo sandbox aws ec2 describe-vpc-endpoints
    """
    running = running_sandbox(app)
    program = shutil.which("aws")
    if program is None:
        raise DemoError("The AWS CLI is not installed.", code="VPCE108", hint=f"Install it:  {AWS_CLI}")
    config = app.where().config
    region, nothing = config.region or NO_REGION, os.devnull
    environment = {
        **{name: value for name, value in os.environ.items() if not _leads_elsewhere(name)},
        "AWS_ENDPOINT_URL": running.endpoint_url,
        "AWS_ACCESS_KEY_ID": sandbox_key(config.profile),
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": nothing,
        "AWS_SHARED_CREDENTIALS_FILE": nothing,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }
    raise click.exceptions.Exit(subprocess.run([program, *words], env=environment).returncode)


def _leads_elsewhere(name: str) -> bool:
    return name in _NOT_PASSED_ON or name.startswith("AWS_ENDPOINT_URL") or name.lower() == "no_proxy"
