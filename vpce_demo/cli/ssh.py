"""``ssh``: a shell, or one command, on an instance of the demo."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import click

from ..errors import DemoError, NotCreated
from ..session.open import open_demo
from ..session.ownership import Unrecorded
from ..ssh import Ssh, public_line
from ..verify.aws_facts import look
from .app import App, command_line
from .group import command, pass_app


@command()
@click.argument("instance", type=click.Choice(["consumer", "web"]), default="consumer")
@click.argument("words", metavar="[-- COMMAND...]", nargs=-1)
@pass_app
def ssh(app: App, instance: str, words: tuple[str, ...]) -> None:
    """Open a shell on an instance of the demo, or run a COMMAND there.

    The consumer's instance, or the web server. With this machine's OpenSSH client, the demo's own key and the options
    of test, on AWS and in the sandbox. What follows -- goes to ssh as it is. The exit code is the command's; 255 if
    there was no connection.

    \b
    Example:
      vpce-demo ssh
      vpce-demo ssh web -- cat /var/www/html/index.html
      vpce-demo ssh consumer -- hostname
    """
    screen, where = app.screen(), app.where()
    environment = app.environment(where, screen, start=False)
    up = f"Run first:  {command_line(app)} up"
    if environment is None:
        raise NotCreated("It is too early for ssh.", code="VPCE095", hint=up)
    with open_demo(where, environment, app.command, only_looks=True, unrecorded=Unrecorded.SHOW) as run:
        r = {"consumer": run.demo.customer, "web": run.demo.web}[instance]
        run.refuse_other_side(r)
        live = look(r, run.sides[r.party])
        if live is None:
            raise NotCreated("It is too early for ssh.", code="VPCE095", facts={"missing": str(r)}, hint=up)
        address = live.outputs.get("public_address", "")
        if not address:
            raise DemoError(
                f"{r.at_start} has no public address.",
                code="VPCE103",
                facts={"id": live.id, "state": live.state},
                hint=up,
            )
        if not public_line(run.state.key_file):
            raise DemoError(
                "The demo's ssh key is not in this directory.",
                code="VPCE104",
                facts={"key": str(run.state.key_file)},
                hint=f"Make a new key and new instances:  {command_line(app)} up",
            )
    screen.end_line()
    session(app, run.ssh(), address, live.id, words)


def session(app: App, ssh: Ssh, address: str, instance: str, words: Sequence[str]) -> None:
    """A shell, or one command, on the instance at this address; ends with its exit code."""
    code, printed = ssh.session(address, instance, words, subprocess.PIPE if app.json else None)
    app.document.update(instance=instance, address=address, printed=printed)
    if code:
        app.document["error"] = {
            "code": "VPCE107",
            "message": f"The command on the instance ended with exit code {code}.",
        }
        raise click.exceptions.Exit(code if code > 0 else 128 - code)
