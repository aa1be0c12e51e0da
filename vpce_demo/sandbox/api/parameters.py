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
    ("ModifySecurityGroupRules", "GroupId"): "groupId",
}
"""EC2's names of missing parameters, where recorded messages show another than that on the wire."""
NONE_SPECIFIED = {
    (operation, "InstanceIds"): ApiError("InvalidParameterCombination", "No instances specified")
    for operation in ("StartInstances", "StopInstances", "RebootInstances", "TerminateInstances")
}
"""EC2's other answers to a missing parameter."""
ONE_OF = {
    "AuthorizeSecurityGroupIngress": (("GroupId", "GroupName"), "groupName or groupId"),
    "RevokeSecurityGroupIngress": (("GroupId", "GroupName"), "groupName or groupId"),
    "DeleteSecurityGroup": (("GroupId", "GroupName"), "groupName or groupId"),
    "AssociateVpcCidrBlock": (
        ("CidrBlock", "AmazonProvidedIpv6CidrBlock"),
        "cidrBlock or amazonProvidedIpv6CidrBlock",
    ),
    **{
        f"{verb}Route": (
            ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"),
            "destinationCidrBlock or destinationIpv6CidrBlock",
        )
        for verb in ("Create", "Replace", "Delete")
    },
    "AllocateHosts": (("Quantity", "AssetIds"), "quantity"),
}
"""Parameters of EC2 of which one is required, though the model requires none, and AWS's words for them."""


class Parameters(dict[str, Any]):
    """A call's parameters, and the structures in them.

    ``[]`` raises ``ApiError`` for one that was not given: the error AWS has for a missing parameter.
    """

    def __init__(self, given: dict[str, Any], incoming: Incoming, path: str = "") -> None:
        def inside(value: Any, path: str) -> Any:
            if isinstance(value, dict):
                return Parameters(value, incoming, path)
            if isinstance(value, list):
                return [inside(each, _join(path, number)) for number, each in enumerate(value, start=1)]
            return value

        super().__init__({name: inside(value, _join(path, name)) for name, value in given.items()})
        self._incoming, self._path = incoming, path

    def __missing__(self, name: str) -> Any:
        raise _missing(self._incoming, [_join(self._path, name)])


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
    if absent := list(_absent(shape, params, incoming.protocol)):
        raise _missing(incoming, absent)
    members, words = ONE_OF.get(incoming.operation, ((), "")) if incoming.service == "ec2" else ((), "")
    if members and not any(params.get(name) for name in members):
        raise ApiError("MissingParameter", f"The request must contain the parameter {words}")
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


def _join(path: str, part: object) -> str:
    return f"{path}.{part}".lstrip(".")


def _absent(shape: Shape, value: Any, protocol: str, path: str = "") -> Iterator[str]:
    """The paths of the required members that are not there.  To EC2 an empty text is none."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        nothing = (None, "") if protocol == "ec2" else (None,)
        yield from (_join(path, name) for name in shape.required_members if value.get(name) in nothing)
        for name in shape.members:
            yield from _absent(shape.members[name], value.get(name), protocol, _join(path, name))
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for number, each in enumerate(value, start=1):
            yield from _absent(shape.member, each, protocol, _join(path, number))


def _missing(incoming: Incoming, paths: list[str]) -> ApiError:
    """EC2 names the first of them, as it is called on the wire; other services name all."""
    if incoming.service == "ec2":
        first = incoming.operation, paths[0]
        name = IN_AWS_WORDS.get(first) or _on_the_wire(*first)
        return NONE_SPECIFIED.get(first) or ApiError(
            "MissingParameter", f"The request must contain the parameter {name}"
        )
    text = "; ".join(
        f"Value null at '{_in_coral_words(path)}' failed to satisfy constraint: Member must not be null"
        for path in paths
    )
    errors = "1 validation error" if len(paths) == 1 else f"{len(paths)} validation errors"
    return invalid(incoming, f"{errors} detected: {text}")


def _on_the_wire(operation: str, path: str) -> str:
    """``Filters.1.Name`` as EC2's query has it: ``Filter.1.Name``."""
    shape: Any = operation_model("ec2", operation).input_shape
    parts = []
    for part in path.split("."):
        if isinstance(shape, ListShape):
            shape = shape.member
        elif isinstance(shape, StructureShape) and part in shape.members:
            shape = shape.members[part]
            part = shape.serialization.get("name", part)
        parts.append(part)
    return ".".join(parts)


def _in_coral_words(path: str) -> str:
    """``Targets.1.Id`` as the framework of AWS's other services has it: ``targets.1.member.id``."""
    return ".".join(f"{part}.member" if part.isdecimal() else part[0].lower() + part[1:] for part in path.split("."))
