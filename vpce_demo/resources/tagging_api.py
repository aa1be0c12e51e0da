"""The Resource Groups Tagging API: the ARNs of everything with a demo's name in its tags, in one call."""

from __future__ import annotations

from collections.abc import Mapping

from botocore.exceptions import BotoCoreError, ClientError

from ..aws.error_codes import ErrorKind, error_kind
from ..aws.tags import DEMO_TAG
from ..engine.resource import Aws


def by_tagging_api(aws: Aws, *, of_all: bool = False) -> Mapping[str, Mapping[str, str]] | None:
    """Tags by ARN, of this demo or ``of_all``; None where that is not allowed, or the API does not answer.

    It knows all services but lags: it may not list what has just been tagged, and still list what is gone.  Raises the
    error of a sign-in that failed.
    """
    tags: Mapping[str, Mapping[str, str]] | None = aws.shared(("by tagging API", of_all), lambda: _ask(aws, of_all))
    return tags


def _ask(aws: Aws, of_all: bool) -> Mapping[str, Mapping[str, str]] | None:
    try:
        client = aws.clients.other("resourcegroupstaggingapi")
        which = {"Key": DEMO_TAG} if of_all else {"Key": DEMO_TAG, "Values": [aws.demo]}
        pages = client.get_paginator("get_resources").paginate(TagFilters=[which])
        return {
            one["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in one["Tags"]}
            for page in pages
            for one in page["ResourceTagMappingList"]
        }
    except (ClientError, BotoCoreError) as error:
        if error_kind(error) is ErrorKind.SIGN_IN:
            raise
        return None
