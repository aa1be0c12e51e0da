"""Reading what somebody else may have written: bounded, and shown so that it does no harm.

A settings file may come from anywhere, and a state file may be damaged.  Neither may take the memory of the machine, go
on for ever, or put control characters on the terminal.
"""

from __future__ import annotations

import reprlib
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError

LONGEST_SHOWN = 100
"""Characters of somebody's text that are shown."""

_BRIEFLY = reprlib.Repr()
_BRIEFLY.maxstring = _BRIEFLY.maxother = _BRIEFLY.maxlong = LONGEST_SHOWN
_BRIEFLY.maxlevel = 2

_SPACES = dict.fromkeys(map(chr, (0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)), " ")


def text_of(path: Path, largest: int) -> str:
    """The text of a file.  Raises OSError, and ValueError where it is larger than so many bytes or not UTF-8."""
    with path.open("rb") as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise ValueError(f"it is larger than {largest} bytes")
    return content.decode("utf-8")


def shown(value: object) -> str:
    """A value in few characters, whatever it is."""
    try:
        return _BRIEFLY.repr(value)
    except ValueError:  # a number of more digits than Python writes
        return f"a huge {type(value).__name__}"


def printable(text: str, longest: int = LONGEST_SHOWN) -> str:
    """A text in few characters, none of which a terminal obeys."""
    clean = "".join(each if each.isprintable() else "?" for each in text[: longest + 1])
    return clean if len(clean) <= longest else f"{clean[:longest]}..."


def only_printable(text: str) -> str:
    """The text with ``?`` in place of each character that is not printable, line feeds and tabs excepted.

    Not printable are control and format characters (bidirectional marks, zero-width spaces, tags), separators and
    unassigned code points.  Other spaces than the ordinary one become that.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in "\n\t" else _SPACES.get(each, "?") for each in text)


class _Loader(yaml.SafeLoader):
    """YAML as it stands there: nothing is copied by a name, and no key of two is silently the last one's."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            # A few of them can stand for gigabytes.
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise ComposerError(None, None, "an alias (*name) is not taken here", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise ConstructorError(None, None, f"{printable(key.value)} stands here twice", key.start_mark)
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


def read_yaml(text: str) -> tuple[yaml.Node | None, Any]:
    """The nodes of a document, for their places, and what it says.

    Raises YAMLError for what is none, ValueError or RecursionError for values out of all bounds.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        return node, loader.construct_document(node) if node else None
    finally:
        loader.dispose()
