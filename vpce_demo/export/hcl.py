"""HCL, laid out as ``terraform fmt`` leaves it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

_END = "EOT"
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class Raw(str):
    """HCL as it stands: a reference, or a call."""


@dataclass(frozen=True)
class Block:
    """A block: the words before its brace, and its arguments and inner blocks in their order."""

    head: str
    body: Sequence[Item]


Value: TypeAlias = "str | bool | int | Sequence[Value] | Mapping[str, Value] | None"
Item: TypeAlias = "tuple[str, Value] | Block"
"""An argument, which is left out if its value is None, or a block."""


def text(value: str) -> str:
    """A text as HCL: quoted, or of several lines as a heredoc.  Nothing in it is taken for a template.

    Terraform itself changes a text to Unicode's composed form (NFC).
    """
    lines = value.splitlines()
    plain = all(line.isprintable() for line in lines) and value == "".join(f"{line}\n" for line in lines)
    if len(lines) > 1 and plain and all(line.strip() != _END for line in lines):
        return f"<<{_END}\n{_no_template(value)}{_END}"
    return f'"{_no_template("".join(map(_quoted, value)))}"'


def _no_template(value: str) -> str:
    return re.sub(r"([$%])\{", r"\1\1{", value)


def _quoted(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    number = ord(character)
    return character if character.isprintable() else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def expression(value: Value, indent: str = "") -> str:
    """A value as HCL; its further lines are indented, but for those of a text."""
    if isinstance(value, Raw):
        return value
    if isinstance(value, str):
        return text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        pairs = [(key if key.isidentifier() else text(key), one) for key, one in value.items()]
        return "\n".join(["{", *_arguments(pairs, f"{indent}  "), f"{indent}}}"])
    if isinstance(value, Sequence):
        return f"[{', '.join(map(expression, value))}]"
    return "null" if value is None else str(value)


def _arguments(pairs: Sequence[tuple[str, Value]], indent: str) -> Iterator[str]:
    """A line for each argument, with the equals signs in one column."""
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        yield f"{indent}{name:{width}} = {expression(value, indent)}"


def block(one: Block, indent: str = "") -> str:
    """A block as HCL.  An inner block and an argument of several lines stand apart from the others."""
    inner = f"{indent}  "
    parts: list[str] = []
    row: list[tuple[str, Value]] = []

    def close_row() -> None:
        parts.extend(["\n".join(_arguments(row, inner))] if row else [])
        row.clear()

    for item in one.body:
        if isinstance(item, tuple) and "\n" not in expression(item[1]):
            row.extend([item] if item[1] is not None else [])
            continue
        close_row()
        parts.append(block(item, inner) if isinstance(item, Block) else "\n".join(_arguments([item], inner)))
    close_row()
    between = "\n\n".join(parts)
    return f"{indent}{one.head} {{\n{between}\n{indent}}}" if parts else f"{indent}{one.head} {{}}"


def page(parts: Iterable[str | Block]) -> str:
    """The text of a file: comments, given as text, and blocks."""
    return "\n\n".join(block(one) if isinstance(one, Block) else one for one in parts) + "\n"
