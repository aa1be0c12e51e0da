"""``init`` and ``completion``: a config file to start from, and shell completion."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from ..changes import CHANGES
from ..errors import ConfigError
from .app import App
from .group import cli, command, pass_app

SHELLS = ("bash", "zsh", "fish")
COMPLETION = "_VPCE_DEMO_COMPLETE"
"""The environment variable through which a shell asks for completions (click's documentation, Shell Completion)."""


@command()
@click.argument("file", default="vpce-demo.yaml", type=click.Path(path_type=Path))
@pass_app
def init(app: App, file: Path) -> None:
    """Write a config FILE with every setting, its default and a comment.

    --name, --profile and --region are written into it. A file that is there
    is left alone.

    \b
    Example:
      vpce-demo init
      vpce-demo init second.yaml --name second
    """
    from importlib.resources import files

    text = files("vpce_demo").joinpath("config.example.yaml").read_text(encoding="utf-8")
    for key in ("name", "profile", "region"):
        if value := app.get(key):
            line = f"{key}: {value}  ".replace("\\", r"\\")
            text = re.sub(rf"^(?:# )?{key}: \S+ *", line, text, count=1, flags=re.MULTILINE)
    text = text.replace("Copy it, change what you want, and say:", "Change what you want, and say:")
    text = text.replace("--config my.yaml", f"--config {file}")
    try:
        with file.open("x", encoding="utf-8") as new:
            CHANGES.note(f"{file} was written.")
            new.write(text)
    except FileExistsError:
        raise ConfigError(
            f"There is a {file} already.",
            hint="Give another name:  <demo> init FILE",
        ) from None
    app.screen().line(f"Wrote {file}. Change what you want, then:  vpce-demo up -c {file}")
    app.document.update(file=str(file))


@command()
@click.argument("shell", required=False, type=click.Choice(SHELLS))
@pass_app
def completion(app: App, shell: str | None) -> None:
    """Print the completion script for a SHELL.

    For bash, zsh or fish; by default for the one that $SHELL names. Add the
    line of the example to the shell's start file.

    \b
    Example:
      vpce-demo completion bash
      eval "$(vpce-demo completion zsh)"
    """
    name = shell or Path(os.environ.get("SHELL", "bash")).name
    kind = get_completion_class(name) if name in SHELLS else None
    if kind is None:
        raise ConfigError(
            f"There is no completion for {name}.",
            hint=f"Name one of:  {'  '.join(SHELLS)}",
        )
    script = kind(cli, {}, "vpce-demo", COMPLETION).source()
    if not app.json:
        click.echo(script)
    app.document.update(shell=name, script=script)
