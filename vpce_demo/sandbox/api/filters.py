"""``Filters``, ``MaxResults`` and ``NextToken`` of the describe calls the sandbox answers itself."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..store.moto import wildcards
from .protocol import ApiError

Fields = Mapping[str, Callable[[dict[str, Any]], object]]
"""By the filter's name, what it looks at in one item of the answer: a value, or a list of which one must match."""
INVALID_FILTER = "InvalidFilter"
"""The code for an unknown filter in the calls of VPC endpoints; all others have ``InvalidParameterValue``."""


def matching(
    items: Iterable[dict[str, Any]],
    filters: list[dict[str, Any]] | None,
    fields: Fields,
    unknown: str = "InvalidParameterValue",
) -> list[dict[str, Any]]:
    """The items every filter lets through: any value of a filter, with ``*`` and ``?``, as AWS has it.  A
    backslash takes their meaning away.

    ``tag:KEY``, ``tag-key`` and ``tag-value`` work on everything that has ``Tags``.  Raises ``ApiError`` with the code
    ``unknown`` for a filter that is not in ``fields``.
    """
    kept = list(items)
    for one in filters or []:
        name, wanted = one.get("Name", ""), one.get("Values", [])
        look = _tags(name) or fields.get(name)
        if look is None:
            raise ApiError(unknown, f"The filter '{name}' is invalid")
        kept = [item for item in kept if _matches(look(item), wanted)]
    return kept


def _tags(name: str) -> Callable[[dict[str, Any]], object] | None:
    kind, _, key = name.partition(":")
    if kind == "tag" and key:
        return lambda item: [tag["Value"] for tag in item.get("Tags", []) if tag["Key"] == key]
    if name in ("tag-key", "tag-value"):
        return lambda item: [tag[name[4:].capitalize()] for tag in item.get("Tags", [])]
    return None


def _matches(found: object, wanted: list[str]) -> bool:
    values = found if isinstance(found, list | tuple | set) else [found]
    texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in values if value is not None]
    patterns = [wildcards(each) for each in wanted]
    return any(pattern.match(text) for text in texts for pattern in patterns)


def page(result: dict[str, Any], key: str, params: dict[str, Any]) -> dict[str, Any]:
    """Cut ``result[key]`` down to the page asked for.  Raises ``InvalidNextToken`` for a token nobody gave out."""
    token, size = params.get("NextToken"), params.get("MaxResults")
    items = result[key]
    try:
        start = int(base64.b64decode(token, validate=True)) if token else 0
    except (binascii.Error, ValueError):
        raise ApiError("InvalidNextToken", f"The token '{token}' is invalid") from None
    end = start + int(size) if size else len(items)
    more = {"NextToken": base64.b64encode(str(end).encode()).decode()} if end < len(items) else {}
    return {**result, key: items[start:end], **more}
