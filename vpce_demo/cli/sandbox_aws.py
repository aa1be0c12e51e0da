"""``sandbox aws`` and ``sandbox curl``: the AWS CLI and curl, talking to the sandbox whatever the environment says."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence

import click

from ..aws.environment import AWS_CLI, sandbox_variables
from ..errors import DemoError
from .app import App
from .group import HELP, pass_app
from .sandbox import running_sandbox

_ALL_PASSED_ON = {**HELP, "ignore_unknown_options": True, "allow_interspersed_args": False}


@click.command("aws", context_settings=_ALL_PASSED_ON)
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
    variables = sandbox_variables(app.where().config, running_sandbox(app), os.environ)
    missing = DemoError("The AWS CLI is not installed.", code="VPCE108", hint=f"Install it:  {AWS_CLI}")
    _run("aws", words, variables, missing)


@click.command("curl", context_settings=_ALL_PASSED_ON)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="WORDS...")
@pass_app
def sandbox_curl(app: App, words: tuple[str, ...]) -> None:
    """Run curl on the addresses in the sandbox, as from the internet.

    All WORDS go to curl, which has to be installed; the exit code is its own.
    The options of this program go before the word sandbox.

    \b
    Example:
      vpce-demo sandbox curl http://203.0.113.10/
    """
    proxy = running_sandbox(app).proxy_url
    missing = DemoError("There is no curl on this machine.", code="VPCE106", hint="Install it:  apt install curl")
    _run("curl", ("--proxy", proxy, "--noproxy", "", *words), {}, missing)


def _run(name: str, words: Sequence[str], variables: Mapping[str, str | None], missing: DemoError) -> None:
    """Run a program of this machine with these environment variables, without those that are None, and end with its
    exit code.  Raises ``missing`` if it is not here."""
    program = shutil.which(name)
    if program is None:
        raise missing
    environment = {name: value for name, value in {**os.environ, **variables}.items() if value is not None}
    raise click.exceptions.Exit(subprocess.run([program, *words], env=environment).returncode)
