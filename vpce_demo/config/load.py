"""Reads and checks the config file.  An error names the file, line and column."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from ..errors import ConfigError
from ..extras import why
from ..untrusted import Misread, misread, printable, read_yaml, shown, text_of
from .model import IMAGE_PARAMETER, Config

LARGEST_FILE = 100_000
"""Bytes of a config file.  The longest useful one has a tenth of that."""
MOST_MISTAKES = 20
"""The most errors that are reported at once."""


def load(path: Path | None, overrides: Mapping[str, Any]) -> Config:
    """Read the config file, if one is given, and apply these overrides.

    Raises ConfigError with file, line and column of what is wrong.
    """
    tree, data = _read(path) if path else (None, {})
    where = str(path) if path else "the options"
    try:
        return Config.model_validate(_merged(data, overrides))
    except ValidationError as error:
        raise ConfigError(_explain(error, where, tree, data), code="VPCE011") from None


def origins(path: Path | None) -> dict[str, str]:
    """FILE:LINE of each setting in a config file, by its path, such as ``provider.vpc_name``.  Raises ConfigError."""
    tree = _read(path)[0] if path else None
    places = {}
    groups: list[tuple[tuple[str, ...], yaml.Node | None]] = [((), tree)]
    while groups:
        above, group = groups.pop()
        for key, value in group.value if isinstance(group, yaml.MappingNode) else ():
            name = (*above, str(key.value))
            places[".".join(name)] = f"{path}:{key.start_mark.line + 1}"
            groups.append((name, value))
    return places


def _merged(data: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(data)
    for key, value in overrides.items():
        if isinstance(value, Mapping):
            below = merged.get(key, {})
            merged[key] = _merged(below, value) if isinstance(below, Mapping) else below
        elif value is not None:
            merged[key] = value
    return merged


def _read(path: Path) -> tuple[yaml.Node | None, dict[str, Any]]:
    try:
        text = text_of(path, LARGEST_FILE)
    except FileNotFoundError:
        raise ConfigError(f"There is no config file {path}.", code="VPCE008") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {why(error)}.", code="VPCE009") from None
    try:
        tree, data = read_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        problem = printable(getattr(error, "problem", None) or str(error).splitlines()[0], 200)
        what = problem if isinstance(error, Misread) else f"is not valid YAML: {problem}"
        raise ConfigError(f"{place}: {what}", code="VPCE010") from None
    except RecursionError:
        raise ConfigError(f"{path}: is nested too deeply", code="VPCE010") from None
    except ValueError as error:
        raise ConfigError(f"{path}: {printable(str(error))}", code="VPCE010") from None
    if data is None:
        return tree, {}
    if not isinstance(data, dict):
        raise ConfigError(f"{path}:1:1: must hold 'key: value' lines", code="VPCE010")
    return tree, data


def _explain(error: ValidationError, where: str, tree: yaml.Node | None, data: Mapping[str, Any]) -> str:
    """One line for each error: where, which key, the value, and what is expected."""
    lines = []
    problems = error.errors(include_url=False, include_context=False)
    for problem in problems[:MOST_MISTAKES]:
        of_a_key = problem["loc"][-1:] == ("[key]",)  # pydantic's word for the key itself, in a mapping
        path = [part for part in problem["loc"] if isinstance(part, (str, int))][: -1 if of_a_key else None]
        mark, node = _place(tree, path, at_key=of_a_key or problem["type"] == "extra_forbidden")
        place = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else where
        key = printable(".".join(str(part) for part in path))
        if problem["type"] == "extra_forbidden":
            lines.append(f"{place}: there is no setting '{key}'{_nearest(path)}")
        elif problem["type"] == "string_type" and (what := misread(node, problem["input"])):
            lines.append(f"{place}: {key}: {what}")
        else:
            what = _in_our_words(problem["type"], path) or problem["msg"].removeprefix("Value error, ")
            what = printable(what, 300)
            value = (
                ""
                if of_a_key or isinstance(problem["input"], (dict, BaseModel))
                else f" {_as_written(node, problem['input'])}"
            )
            lines.append(f"{place}: {key or 'settings'}:{value} {what[0].lower()}{what[1:]}".replace(": :", ":"))
    if more := len(problems[MOST_MISTAKES:]):
        lines.append(f"and {more} more")
    return "\n".join(lines)


_LIKE = {
    "zone": "is not a valid zone, such as us-east-1a",
    "instance_type": "is not a valid instance type, such as t3.micro",
    "image_parameter": "is not a valid parameter name, such as " + IMAGE_PARAMETER,
}


def _in_our_words(problem: str, path: Sequence[str | int]) -> str:
    """The error in our words, where pydantic's would be about types and patterns."""
    if problem in ("model_type", "dict_type"):
        return "must be a mapping: indented 'key: value' lines"
    return _LIKE.get(str(path[-1]), "") if problem == "string_pattern_mismatch" else ""


def _as_written(node: yaml.Node | None, value: object) -> str:
    """A value as the file has it, where YAML made no text of it."""
    if isinstance(node, yaml.ScalarNode) and not isinstance(value, str) and node.value:
        return printable(node.value)
    return shown(value)


def _place(
    tree: yaml.Node | None, path: Sequence[str | int], at_key: bool
) -> tuple[yaml.Mark | None, yaml.Node | None]:
    """Where in the file this setting is, or the nearest one above it; and its value there."""
    mark, node = None, tree
    for depth, part in enumerate(path):
        if not isinstance(node, yaml.MappingNode):
            break
        for key, value in node.value:
            if key.value == str(part):
                mark = key.start_mark if at_key and depth == len(path) - 1 else value.start_mark
                node = value
                break
        else:
            break
    return mark, node


def _nearest(path: Sequence[str | int]) -> str:
    model: type[BaseModel] = Config
    for part in path[:-1]:
        annotation = model.model_fields[str(part)].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    near = difflib.get_close_matches(str(path[-1]), model.model_fields, n=1)
    return f"; did you mean '{near[0]}'?" if near else ""
