"""Write what is made from the program itself: ``docs/commands.md`` from ``--help``, ``docs/errors.md`` from the table
of errors, and ``docs/output.schema.json``.

``make reference`` runs it; tests compare the files with the program.
"""

from __future__ import annotations

import inspect
import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from vpce_demo.cli import cli
from vpce_demo.cli.app import SHARED
from vpce_demo.cli.commands import SECTIONS
from vpce_demo.cli.documents import DOCUMENTS, Document
from vpce_demo.lessons.errors import ERRORS

DOCS = Path(__file__).parents[1] / "docs"
PAGE, ERRORS_PAGE, SCHEMA = DOCS / "commands.md", DOCS / "errors.md", DOCS / "output.schema.json"
WITHOUT_ERROR = (0, 10)
WITH_ERROR = (2, 3, 4, 5, 7, 8, 9, 130, 143)
"""Exit codes of documents that never, or always, hold an error."""
HEAD = """\
# Commands

`make reference` writes this page from `vpce-demo COMMAND --help`.  Every command also takes the shared options, before
or after its name; the [README](../README.md#settings) names their environment variables.
"""
ERRORS_HEAD = """\
# Errors

`make reference` writes this page from the table in `vpce_demo/lessons/errors.py`.  An error ends its first line with
its code, `-o json` has it as `error.code`, and `vpce-demo explain VPCE012` prints its section.  A code is never used
again for another error.  What can be wrong with the demo itself is in [diagnosis.md](diagnosis.md).

To find where an error is raised, search for its code: `grep -rnI -B3 VPCE012 vpce_demo`.  If there are several lines,
take the one with the message's words.  A row of `vpce_demo/aws/messages.py` is an error of AWS or botocore: search for
its class; what is not raised here is raised by botocore.
"""


def main() -> None:
    PAGE.write_text(page())
    ERRORS_PAGE.write_text(errors())
    SCHEMA.write_text(schema())


def page() -> str:
    """The whole page, as Markdown."""
    shared = [option for option in cli.params if option.name in SHARED]
    parts = [HEAD, "## Shared options\n", _options(cli, shared)]
    for section, names in SECTIONS.items():
        parts.append(f"## {section}\n")
        parts += (_command(path, one) for path, one in commands() if path.split()[0] in names)
    return "\n".join(parts)


def errors() -> str:
    """The page of errors, as Markdown."""
    return "\n".join([ERRORS_HEAD, *(f"## {row.code}: {row.title}\n\n{row.text}" for row in ERRORS)])


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


class _WithoutTitles(GenerateJsonSchema):
    """A title would only repeat the name that stands beside it."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False


def schema() -> str:
    """The JSON schema of every document: all properties, and which command prints which of them."""
    adapters: list[Any] = [(kind, "serialization", TypeAdapter(kind)) for kind in (Document, *DOCUMENTS)]
    _, made = TypeAdapter.json_schemas(
        adapters,
        ref_template="#/$defs/{model}",
        schema_generator=_WithoutTitles,
    )
    definitions = made["$defs"]
    for definition in definitions.values():
        definition.pop("title", None)
    document = definitions.pop("Document")
    properties: dict[str, list[Any]] = {name: [each] for name, each in document["properties"].items()}
    for kind in DOCUMENTS:
        for name, each in definitions[kind.__name__]["properties"].items():
            known = properties.setdefault(name, [])
            if each not in known:
                known.append(each)
    rules = [
        {"if": {"properties": {"exit_code": {"enum": WITHOUT_ERROR}}}, "then": {"not": {"required": ["error"]}}},
        {"if": {"properties": {"exit_code": {"enum": WITH_ERROR}}}, "then": {"required": ["error"]}},
    ]
    for kind, (words, codes) in DOCUMENTS.items():
        which = {"command": {"pattern": f"^({words})$"}, "exit_code": {"enum": codes}}
        rules.append({"if": {"properties": which}, "then": {"$ref": f"#/$defs/{kind.__name__}"}})
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "vpce-demo -o json",
        "description": "The one document that a command prints on stdout with -o json, on success and on failure. "
        "version changes when something in it does that programs may rely on; new properties do not change it.",
        "type": "object",
        "required": document["required"],
        "properties": {name: found[0] if len(found) == 1 else {"anyOf": found} for name, found in properties.items()},
        "allOf": rules,
        "$defs": definitions,
    }
    return json.dumps(whole, indent=2) + "\n"


if __name__ == "__main__":
    main()
