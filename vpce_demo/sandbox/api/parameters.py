"""What every operation refuses of its parameters, before any handler sees them: by AWS's model, not by operation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from ..limits import LONGEST_TEXT, REMEMBERED_NAME
from .protocol import ApiError, Incoming, malformed, operation_model

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What no parameter may contain.  Documents, such as policies, have tabs and line ends."""
CONTROL_IN_NAME = re.compile(f"[\t\n\r]|{CONTROL.pattern}")
"""What no name and no tag may contain."""
TAGGED = ("Tags", "Tag", "TagSpecifications", "TagKeys")
"""Parameters with the keys and values of tags in them."""
LONGEST_KEY, LONGEST_VALUE = 128, 256
"""Characters of a tag's key and value."""
LONGEST_NAME = 255
"""Characters of a name or a description in EC2."""
LONGEST_CLIENT_TOKEN = 64
"""Characters of a client token in EC2."""
IN_AWS_WORDS = {
    ("CreateTags", "Resources"): "resourceIdSet",
    ("DeleteTags", "Resources"): "resourceIdSet",
}
"""Names of missing parameters in AWS's messages, where recordings show another than the model's."""


class Parameters(dict[str, Any]):
    """A call's parameters, and the structures in them.

    ``[]`` raises ``ApiError`` for one that was not given: the error AWS has for a missing parameter.
    """

    def __init__(self, given: dict[str, Any], incoming: Incoming, path: str = "") -> None:
        def inside(value: Any, path: str) -> Any:
            if isinstance(value, dict):
                return Parameters(value, incoming, path)
            if isinstance(value, list):
                return [inside(each, f"{path}.{number}") for number, each in enumerate(value, start=1)]
            return value

        super().__init__({name: inside(value, f"{path}.{name}".lstrip(".")) for name, value in given.items()})
        self._incoming, self._path = incoming, path

    def __missing__(self, name: str) -> Any:
        raise _missing(self._incoming, f"{self._path}.{name}".lstrip("."))


def check(incoming: Incoming, params: dict[str, Any]) -> None:
    """Refuse control characters, texts that are too long, values of the wrong type, values that the service's model
    does not have, and required parameters that are missing.

    Raises ``ApiError``: in EC2 ``InvalidParameterValue``, ``MissingParameter`` and ``InvalidParameterCombination``, and
    what stands for them in other protocols.
    """
    check_text(incoming, params)
    shape = operation_model(incoming.service, incoming.operation).input_shape
    if shape is None:
        return
    for name in shape.required_members:
        if params.get(name) is None:
            raise _missing(incoming, name)
    if incoming.protocol == "json" and ParamValidator().validate(params, shape).has_errors():
        raise malformed(incoming.protocol)
    if incoming.service != "ec2":  # whose model has neither lengths nor only values that it takes
        for constraint in _broken(shape, params, ""):
            raise invalid(incoming, f"1 validation error detected: {constraint}")


def invalid(incoming: Incoming, message: str) -> ApiError:
    """What each protocol says of a value that it does not take."""
    code = {"ec2": "InvalidParameterValue", "json": "ValidationException"}.get(incoming.protocol, "ValidationError")
    return ApiError(code, message)


def check_text(incoming: Incoming, params: dict[str, Any]) -> None:
    """Refuse control characters, which no answer in XML could repeat, and texts that are too long."""
    for path, text in _texts("", params):
        in_name = path.endswith("Name") or path.partition(".")[0] in TAGGED
        if (CONTROL_IN_NAME if in_name else CONTROL).search(text):
            raise invalid(incoming, f"The value for parameter {path} contains a control character.")
        longest = _longest(path) if incoming.service == "ec2" else LONGEST_TEXT
        if len(text) > longest:
            raise invalid(incoming, f"The value for parameter {path} is longer than {longest} characters.")


def _longest(path: str) -> int:
    """How many characters EC2 takes in the parameter of this path."""
    first, last = path.partition(".")[0], path.rpartition(".")[2]
    if first in TAGGED and last in ("Key", "Value"):
        return LONGEST_KEY if last == "Key" else LONGEST_VALUE
    if last == "ClientToken":
        return LONGEST_CLIENT_TOKEN
    return LONGEST_NAME if last.endswith(("Name", "Description")) else LONGEST_TEXT


def _broken(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """In AWS's words, each constraint of the service's model on lengths and on sets of values that is not kept."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _broken(member, value[name], f"{path}.{name[0].lower()}{name[1:]}".lstrip("."))
    if isinstance(shape, ListShape) and isinstance(value, list):
        for number, each in enumerate(value, start=1):
            yield from _broken(shape.member, each, f"{path}.{number}.member")
    if isinstance(value, str | list) and isinstance(shape, StringShape | ListShape):
        told = value[:REMEMBERED_NAME] if isinstance(value, str) else f"[{len(value)} items]"
        front = f"Value '{told}' at '{path}' failed to satisfy constraint: Member must"
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if most is not None and len(value) > most:
            yield f"{front} have length less than or equal to {most}"
        if least is not None and len(value) < least:
            yield f"{front} have length greater than or equal to {least}"
        if isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
            yield f"{front} satisfy enum value set: [{', '.join(shape.enum)}]"
    if isinstance(value, int) and not isinstance(value, bool):
        front = f"Value '{value}' at '{path}' failed to satisfy constraint: Member must"
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if most is not None and value > most:
            yield f"{front} have value less than or equal to {most}"
        if least is not None and value < least:
            yield f"{front} have value greater than or equal to {least}"


def _texts(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Every string in a value, and the path to it, such as ``TagSpecifications.1.Tags.1.Key``."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield f"{path} (a key)".lstrip(), str(key)
            yield from _texts(f"{path}.{key}".lstrip("."), each)
    elif isinstance(value, list):
        for number, each in enumerate(value, start=1):
            yield from _texts(f"{path}.{number}", each)


def _missing(incoming: Incoming, name: str) -> ApiError:
    if incoming.service == "ec2":
        if name == "InstanceIds" and incoming.operation in ("StartInstances", "StopInstances", "TerminateInstances"):
            return ApiError("InvalidParameterCombination", "No instances specified")
        name = IN_AWS_WORDS.get((incoming.operation, name), name)
        return ApiError("MissingParameter", f"The request must contain the parameter {name}")
    member = name[0].lower() + name[1:]
    text = f"Value null at '{member}' failed to satisfy constraint: Member must not be null"
    code = "ValidationException" if incoming.protocol == "json" else "ValidationError"
    return ApiError(code, f"1 validation error detected: {text}")
