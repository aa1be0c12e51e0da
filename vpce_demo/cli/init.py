"""``init`` and ``completion``: a config file to start from, and shell completion."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import get_completion_class

from ..changes import CHANGES
from ..errors import ConfigError
from .app import CONFIG_FILE, App, command_line
from .group import cli, command, pass_app

if TYPE_CHECKING:
    from .documents import Setting

SHELLS = ("bash", "zsh", "fish", "powershell")
COMPLETION = "_VPCE_DEMO_COMPLETE"
"""The environment variable through which a shell asks for completions (click's documentation, Shell Completion)."""


@command()
@click.argument("file", default=CONFIG_FILE, type=click.Path(path_type=Path))
@click.option("--show", is_flag=True, help="Write nothing: print every setting as it is, and where it comes from.")
@pass_app
def init(app: App, file: Path, show: bool) -> None:
    """Write a config FILE with every setting, its default and a comment.

    --name, --profile and --region are written into it. A file that is there
    is left alone. vpce-demo.yaml is found by itself, in the directory that a command runs in.

    \b
    Example:
      vpce-demo init
      vpce-demo init second.yaml --name second
      vpce-demo init --show
    """
    if show:
        _show(app)
        return
    from importlib.resources import files

    from ..config.load import load

    said = {key: value for key in ("name", "profile", "region") if (value := app.get(key))}
    load(None, said)  # what is refused is not written
    text = files("vpce_demo").joinpath("config.example.yaml").read_text(encoding="utf-8")
    for key, value in said.items():
        line = f"{key}: {json.dumps(value)}  ".replace("\\", r"\\")
        text = re.sub(rf"^(?:# )?{key}: \S+ *", line, text, count=1, flags=re.MULTILINE)
    try:
        with file.open("x", encoding="utf-8") as new:
            CHANGES.note(f"{file} was written.")
            new.write(text)
    except FileExistsError:
        raise ConfigError(
            f"There is a {file} already.",
            code="VPCE013",
            hint="Give another name:  <demo> init FILE",
        ) from None
    named = {**dict.fromkeys(said), "config": None if file == CONFIG_FILE else file}
    with_it = command_line(replace(app, given={**app.given, **named}))
    app.screen().line(f"Wrote {file}. Change what you want, then:  {with_it} up")
    app.document.update(file=str(file))


def _show(app: App) -> None:
    """Print the settings, as a config file whose comments say where each value comes from."""
    from ..config.load import origins

    config = app.where().config.model_dump()
    file = origins(app.config_file)
    settings: list[Setting] = []

    def lines(group: dict[str, Any], names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        for name, value in group.items():
            path = ".".join((*names, name))
            if isinstance(value, dict) and name != "tags":
                yield f"{name}:", ""
                yield from lines(value, (*names, name))
                continue
            origin = app.origin(path) or file.get(path, "default")
            settings.append({"setting": path, "value": value, "from": origin})
            yield f"{'  ' * len(names)}{name}: {json.dumps(value, ensure_ascii=False)}", origin

    shown = list(lines(config, ()))
    wide = min(60, max(len(line) for line, _ in shown))
    for line, origin in shown:
        app.screen().line(f"{line:{wide}}   # {origin}" if origin else line)
    app.document.update(settings=settings)


@command()
@click.argument("shell", required=False, type=click.Choice(SHELLS))
@pass_app
def completion(app: App, shell: str | None) -> None:
    """Print the completion script for a SHELL.

    For bash, zsh, fish or PowerShell; by default for the one that $SHELL
    names. Add the line of the example to the shell's start file; PowerShell's
    is:  vpce-demo completion powershell | Out-String | Invoke-Expression

    \b
    Example:
      vpce-demo completion bash
      eval "$(vpce-demo completion zsh)"
      vpce-demo completion powershell
    """
    name = shell or Path(os.environ.get("SHELL", "bash")).name
    kind = get_completion_class(name) if name in SHELLS else None
    if kind is None:
        raise ConfigError(
            f"There is no completion for {name}.",
            code="VPCE014",
            hint=f"Name one of:  {'  '.join(SHELLS)}",
        )
    script = kind(cli, {}, "vpce-demo", COMPLETION).source()
    if not app.json:
        click.echo(script)
    app.document.update(shell=name, script=script)
