"""The tags that mark a resource as the demo's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

DEMO_TAG = "vpce-demo:demo"
RESOURCE_TAG = "vpce-demo:resource"
ID_TAG = "vpce-demo:id"
KEY_TAG = "vpce-demo:key"
"""On resources that carry the demo's ssh key: a fingerprint, so that a lost and newly made key is noticed."""


def tags_of(item: Mapping[str, object]) -> dict[str, str]:
    """The tags in an AWS answer, as a mapping."""
    tags = cast("Iterable[Mapping[str, str]]", item.get("Tags") or ())
    return {tag["Key"]: tag["Value"] for tag in tags}
