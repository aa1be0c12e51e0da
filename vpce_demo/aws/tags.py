"""The tags that mark a resource as the demo's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import cast

DEMO_TAG = "vpce-demo:demo"
RESOURCE_TAG = "vpce-demo:resource"
ID_TAG = "vpce-demo:id"
OWNER_TAG = "vpce-demo:owner"
"""Who made it: the caller's ARN, as STS returns it."""
NO_OWNER = "none"
"""In the place of the owner of a demo that was made before owners were recorded."""
KEY_TAG = "vpce-demo:key"
"""On resources that carry the demo's ssh key: a fingerprint, so that a lost and newly made key is noticed."""
BY_HAND_TAG = "vpce-demo:by-hand"
"""On what somebody built by hand and ``adopt`` took over: its names and user data are not this program's."""

LONGEST_VALUE = 256
"""Characters in the value of a tag (EC2 User Guide, "Tag restrictions")."""


def owner_value(arn: str) -> str:
    """A caller's ARN as the value of a tag.

    Without a session name that botocore makes up for each process, cut to AWS's limit, and with an underscore for each
    character that Elastic Load Balancing does not allow in a tag.
    """
    arn = re.sub(r"/botocore-session-\d+$", "", arn)
    return re.sub(r"[^\w .:/=+@-]", "_", arn)[:LONGEST_VALUE]


def tags_of(item: Mapping[str, object]) -> dict[str, str]:
    """The tags in an AWS answer, as a mapping."""
    tags = cast("Iterable[Mapping[str, str]]", item.get("Tags") or item.get("TagSet") or ())  # of an interface
    return {tag["Key"]: tag["Value"] for tag in tags}
