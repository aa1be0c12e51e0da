"""``sandbox env``: lines for a shell, after which every tool in it uses the sandbox, and lines that take them back."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import click

from ..aws.environment import sandbox_variables
from ..errors import DemoError
from .app import App
from .group import command, pass_app
from .init import SHELLS
from .sandbox import running_sandbox

_CHANGED = "VPCE_DEMO_ENV"
"""The variable that names those that were changed."""
_BEFORE = "VPCE_DEMO_BEFORE_"
"""Begins the name of the variable that keeps what another one was.  The shell copies it: secrets are not printed."""


@dataclass(frozen=True)
class _Shell:
    """How a shell sets a variable, copies one into another, removes one, and fails; and how it quotes a text.

    An empty text stands before what is copied, so that the line is not masked for the secret that it does not hold.
    """

    set: str
    copy: str
    remove: str
    fail: str
    quoted: Callable[[str], str]


_POSIX = _Shell("export {name}={text}", 'export {name}="""${other}"', "unset {name}", "false", shlex.quote)
_OTHERS = {
    "fish": _Shell(
        "set -gx {name} {text}",
        'set -gx {name} "${other}"',
        "set -eg {name}",
        "false",
        lambda text: "'" + re.sub(r"([\\'])", r"\\\1", text) + "'",
    ),
    "powershell": _Shell(
        "$env:{name} = {text}",
        "$env:{name} = '' + $env:{other}",
        "$env:{name} = $null",
        "throw",
        lambda text: "'" + text.replace("'", "''") + "'",
    ),
}


@dataclass
class _Script:
    """Lines for a shell, and its environment as they leave it."""

    shell: _Shell
    environ: dict[str, str]
    lines: list[str] = field(default_factory=list)

    def set(self, name: str, text: str) -> None:
        self.environ[name] = text
        self.lines.append(self.shell.set.format(name=name, text=self.shell.quoted(text)))

    def copy(self, name: str, other: str) -> None:
        self.environ[name] = self.environ[other]
        self.lines.append(self.shell.copy.format(name=name, other=other))

    def remove(self, name: str) -> None:
        if self.environ.pop(name, None) is not None:
            self.lines.append(self.shell.remove.format(name=name))

    def change(self, variables: Mapping[str, str | None]) -> None:
        """Give these values to the variables, and keep what they were."""
        for name, text in variables.items():
            if name in self.environ:
                self.copy(_BEFORE + name, name)
            else:
                self.remove(_BEFORE + name)  # of something else
            if text is None:
                self.remove(name)
            else:
                self.set(name, text)
        self.set(_CHANGED, " ".join(variables))

    def take_back(self) -> None:
        """Give every variable that was changed its value of before."""
        for name in re.findall(r"[A-Za-z_]\w*", self.environ.get(_CHANGED, ""), re.ASCII):
            if _BEFORE + name in self.environ:
                self.copy(name, _BEFORE + name)
                self.remove(_BEFORE + name)
            else:
                self.remove(name)
        self.remove(_CHANGED)


@command("env")
@click.option("--shell", type=click.Choice(SHELLS), help="For this shell.  [default: the one that $SHELL names]")
@click.option("--unset", is_flag=True, help="Give every variable its value of before.")
@pass_app
def sandbox_env(app: App, shell: str | None, unset: bool) -> None:
    """Print the lines with which a shell's tools use the sandbox, and never AWS.

    The endpoint, keys and region for the AWS CLI, Terraform, boto3 and others;
    profiles and tokens are put aside. fish's line is:  vpce-demo sandbox env |
    source  and PowerShell's:
    vpce-demo sandbox env --shell powershell | Out-String | Invoke-Expression

    \b
    Example:
      vpce-demo sandbox env
      eval "$(vpce-demo sandbox env)"
      eval "$(vpce-demo sandbox env --unset)"
    """
    name = shell or Path(os.environ.get("SHELL", "bash")).name
    script = _Script(_OTHERS.get(name, _POSIX), dict(os.environ))
    script.take_back()
    if not unset:
        try:
            script.change(sandbox_variables(app.where().config, running_sandbox(app), script.environ))
        except DemoError:
            if not app.json:
                click.echo(script.shell.fail)  # an eval does not see the exit code, and what follows it would ask AWS
            raise
    text = "\n".join(script.lines)
    if not app.json:
        click.echo(text)
    app.document.update(shell=name, script=text)
