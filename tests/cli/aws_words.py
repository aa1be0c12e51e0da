"""A command of the AWS CLI, carried out through botocore: read as the CLI reads it, by the service's model."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any

import boto3
from botocore import xform_name

from vpce_demo.aws.environment import sandbox_key

PROTOCOLS = {"tcp": "6", "udp": "17", "icmp": "1", "all": "-1"}
"""Names that ``ec2 create-network-acl-entry`` takes for the API's numbers."""


def is_for_the_cli(line: str) -> bool:
    """Whether an offered command is one of the AWS CLI, on the sandbox."""
    words = shlex.split(line)
    return words[0] == "vpce-demo" and " sandbox aws " in line


def aws(line: str, endpoint_url: str) -> dict[str, Any]:
    """Carry out ``vpce-demo ... sandbox aws [--region REGION] SERVICE OPERATION --option value ...``; its answer.

    Raises AssertionError for words that the CLI would not understand, and for a failure in the answer.
    """
    assert is_for_the_cli(line), line
    before, _, after = line.partition(" sandbox aws ")
    words, signed_in = shlex.split(after), dict(_given(shlex.split(before)[1:]))
    options = {"--region": "us-east-1"}
    while words[0].startswith("--"):
        name, value, *words = words
        options[name] = value
    service, operation, *words = words
    client = boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=endpoint_url,
        region_name=options["--region"],
        aws_access_key_id=sandbox_key(*signed_in.get("profile", [None])),
        aws_secret_access_key="sandbox",
    )
    names = {xform_name(name, "-"): name for name in client.meta.service_model.operation_names}
    members = client.meta.service_model.operation_model(names[operation]).input_shape.members
    shapes = {xform_name(name, "-"): (name, shape) for name, shape in members.items()}
    given = _customised(operation, dict(_given(words)))
    params: dict[str, Any] = {}
    for option, values in given.items():
        if option.startswith("no-") and option.removeprefix("no-") in shapes:
            name, _ = shapes[option.removeprefix("no-")]
            params[name] = {"Value": False}
            continue
        name, shape = shapes[option]
        params[name] = values if isinstance(values, bool) else _value(shape, values)
    answer: dict[str, Any] = getattr(client, xform_name(names[operation]))(**params)
    assert not answer.get("Unsuccessful"), answer
    return answer


def _given(words: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Each option with its values."""
    while words:
        option, *words = words
        assert option.startswith("--"), option
        values = []
        while words and not words[0].startswith("--"):
            values.append(words.pop(0))
        yield option.removeprefix("--"), values


def _customised(operation: str, given: dict[str, list[str]]) -> dict[str, Any]:
    """The CLI's own short forms of two commands, as the API has them."""
    if operation.startswith("authorize-security-group-"):
        protocol = given.pop("protocol")[0]
        ports = f",FromPort={given['port'][0]},ToPort={given['port'][0]}" if "port" in given else ""
        given.pop("port", None)
        sources = f",IpRanges=[{{CidrIp={given.pop('cidr')[0]}}}]"
        permission = f"IpProtocol={'-1' if protocol == 'all' else protocol}{ports}{sources}"
        return {**given, "ip-permissions": [permission]}
    if operation == "create-network-acl-entry":
        way = {"egress": True} if "egress" in given else {"egress": False}
        rest = {name: values for name, values in given.items() if name not in ("egress", "ingress")}
        return {**rest, **way, "protocol": [PROTOCOLS[given["protocol"][0]]]}
    return given


def _value(shape: Any, values: list[str]) -> Any:
    if values and values[0].startswith(("[", "{")) and shape.type_name in ("list", "structure"):
        return json.loads(values[0])
    if shape.type_name == "list":
        return [_value(shape.member, [value]) for value in values]
    if not values:
        assert shape.name in ("Boolean", "AttributeBooleanValue"), shape
        return True if shape.type_name == "boolean" else {"Value": True}
    (value,) = values
    if shape.type_name == "structure":
        return {name: _value(shape.members[name], [part]) for name, part in _pairs(value)}
    if shape.type_name == "integer":
        return int(value)
    assert shape.type_name == "string", shape
    return value


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """``Key=value,Key=[{Key=value}]``, the shorthand for structures."""
    while text:
        name, _, text = text.partition("=")
        if text.startswith("[{"):
            value, _, text = text.removeprefix("[{").partition("}]")
        else:
            value, _, text = text.partition(",")
        yield name, value
        text = text.removeprefix(",")
