"""Calls of botocore as commands of the AWS CLI, for ``--show-calls``."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from botocore import xform_name
from botocore.client import BaseClient
from botocore.model import OperationModel

from ..changes import CHANGES, is_reading

_COMMAND = "vpce-demo"
"""The key of the command in botocore's context of a call."""


def listen(client: BaseClient, beginning: str) -> None:
    """Note in ``CHANGES`` what this client changes with success.  A command has this ``beginning``: ``aws ec2``."""

    def asked(params: Mapping[str, Any], model: OperationModel, context: dict[str, Any], **_: Any) -> None:
        context[_COMMAND] = as_command(beginning, model, params)

    def answered(
        http_response: Any, parsed: Mapping[str, Any], model: OperationModel, context: Mapping[str, Any], **_: Any
    ) -> None:
        done = http_response.status_code < 300 and not parsed.get("Unsuccessful")
        if done and not is_reading(model.name):
            CHANGES.commands.append(context[_COMMAND])

    client.meta.events.register("provide-client-params", asked)  # before botocore encodes anything
    client.meta.events.register("after-call", answered)


def as_command(beginning: str, model: OperationModel, params: Mapping[str, Any]) -> str:
    """A call in the form that the AWS CLI takes: scalars and lists of them as words, the rest as JSON."""
    return " ".join([beginning, xform_name(model.name, "-"), *_options(model, params)])


def _options(model: OperationModel, params: Mapping[str, Any]) -> Iterator[str]:
    for name, value in params.items():
        option = xform_name(name, "-")
        if option in ("min-count", "max-count") and value == 1:
            continue  # the CLI has --count instead, which is 1
        if isinstance(value, bool):
            yield f"--{option}" if value else f"--no-{option}"
        elif isinstance(value, list) and all(isinstance(one, str) for one in value):
            yield " ".join([f"--{option}", *map(shlex.quote, value)])
        else:
            yield f"--{option} {shlex.quote(_word(value))}"


def _word(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()  # as version 2 of the CLI takes it
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)
