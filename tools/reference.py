"""Write ``docs/commands.md``: every command with its options and examples, out of the program's own ``--help``.

``make reference`` runs it; a test holds the page against the program.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from vpce_demo.cli import cli
from vpce_demo.cli.app import SHARED
from vpce_demo.cli.commands import SECTIONS

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"
HEAD = """\
# Commands

`make reference` writes this page out of what `vpce-demo COMMAND --help` says.  Every command takes the shared options
as well, before its name or after it; the [README](../README.md#settings) names the environment variables that stand for
them.
"""


def main() -> None:
    PAGE.write_text(page())


def page() -> str:
    """The whole page, as Markdown."""
    shared = [option for option in cli.params if option.name in SHARED]
    parts = [HEAD, "## Shared options\n", _options(cli, shared)]
    for section, names in SECTIONS.items():
        parts.append(f"## {section}\n")
        parts += (_command(path, one) for path, one in commands() if path.split()[0] in names)
    return "\n".join(parts)


def commands(group: click.Group = cli, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command with its words, a group before those in it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{before}{name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")


def _command(path: str, command: click.Command) -> str:
    own = [param for param in command.params if isinstance(param, click.Option) and param.name not in SHARED]
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    text = [paragraph for paragraph in paragraphs if not paragraph.startswith("\b")]
    examples = [line.strip() for line in "\n".join(paragraphs).splitlines() if line.startswith("  ")]
    parts = [f"### vpce-demo {_usage(path, command)}\n", *(f"{paragraph}\n" for paragraph in text)]
    if examples:
        parts.append("\n".join(["```sh", *examples, "```\n"]))
    if own:
        parts.append(_options(command, own))
    return "\n".join(parts)


def _usage(path: str, command: click.Command) -> str:
    context = click.Context(command)
    arguments = [param.get_usage_pieces(context) for param in command.params if isinstance(param, click.Argument)]
    return " ".join([path, *itertools.chain.from_iterable(arguments)])


def _options(command: click.Command, params: Iterable[click.Parameter]) -> str:
    context = click.Context(command)
    records = [record for param in params if (record := param.get_help_record(context))]
    cells = [(_cell(name), _cell(told)) for name, told in records]
    return "\n".join(["| option | |", "|---|---|", *(f"| `{name}` | {told} |" for name, told in cells), ""])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    main()
