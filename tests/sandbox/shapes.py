"""The shape of answers: which fields they have, and the forms of the ids and words in them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.model import ListShape, Shape, StructureShape
from botocore.parsers import create_parser
from moto.core.utils import get_service_model

OFTEN = 0.5
"""The share of the newest recorded items in which a field is to be expected."""
OLD_ID = re.compile(r"(?:[a-z]+-)+([0-9a-f]{8}|[0-9a-f]{17})")
"""Ids of before 2016, which AWS's prefix lists have still, and those that somebody put in the place of real ones."""
REGION = re.compile(r"\b[a-z]{2}-[a-z]+-\d\b")


def _of_arn(arn: str) -> str:
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return "text"
    kind = re.split(r"[/:]", parts[5])[0]
    return ":".join([*parts[:3], "REGION" if parts[3] else "", "ACCOUNT" if parts[4] else "", kind])


def _of_name(name: str) -> str:
    name = REGION.sub("REGION", name).replace("ec2.internal", "REGION.compute.internal")
    name = name.replace("compute-1.amazonaws", "REGION.compute.amazonaws")
    name = re.sub(r"\b(vpce|vpce-svc)-[0-9a-f]{17}", r"\1-ID", name)
    name = re.sub(r"vpce-ID-[0-9a-z]{8}\b", "vpce-ID-MARK", name)
    name = re.sub(r"\b(ip|ec2)(-\d+){4}", r"\1-ADDRESS", name)
    name = re.sub(r"^[\w.-]+(?<!vpce-svc-ID)\.REGION\.vpce", "SERVICE.REGION.vpce", name)
    name = re.sub(r"^[\w.-]+(?<!\.elb)\.REGION\.amazonaws", "SERVICE.REGION.amazonaws", name)
    return re.sub(r"^[\w-]+-[0-9a-f]{16}\.elb", "NAME-HEX.elb", re.sub(r"MARK-REGION[a-z]", "MARK-ZONE", name))


FORMS: tuple[tuple[str, Callable[[str], str]], ...] = (
    (r"(?:[a-z]+-)+0[0-9a-f]{16}", lambda text: f"{text.rpartition('-')[0]}-ID"),
    (r"arn:.*", _of_arn),
    (r"\d{12}", lambda text: "ACCOUNT"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", lambda text: "UUID"),
    (r"(\d+\.){3}\d+", lambda text: "ADDRESS"),
    (r"(\d+\.){3}\d+/\d+", lambda text: "RANGE"),
    (r"([0-9a-f]{2}:){5}[0-9a-f]{2}", lambda text: "MAC"),
    (r"([\w-]+\.)+(amazonaws\.com|internal)", _of_name),
)


def form(text: str, recorded: bool) -> str:
    """What kind of text it is: ``vpc-ID``, ``ADDRESS``, or ``text`` if it is of no kind."""
    if (recorded or text.startswith("pl-")) and OLD_ID.fullmatch(text):
        return f"{text.rpartition('-')[0]}-ID"
    return next((what(text) for pattern, what in FORMS if re.fullmatch(pattern, text)), "text")


@dataclass
class Fields:
    """What is known of the fields of one structure."""

    around: int = 0
    count: Counter[str] = field(default_factory=Counter)
    forms: dict[str, set[str]] = field(default_factory=dict)
    types: dict[str, set[str]] = field(default_factory=dict)
    words: dict[str, set[str]] = field(default_factory=dict)


@dataclass
class Answers:
    """The answers to one operation, or to many of a service; ``structures`` are by path, or by the shape's name."""

    recorded: bool
    by_shape: bool = False
    structures: dict[str, Fields] = field(default_factory=dict)

    def add(self, shape: Shape | None, value: Any, path: str = "") -> None:
        if isinstance(shape, StructureShape) and isinstance(value, Mapping):
            held = self.structures.setdefault(shape.name if self.by_shape else path, Fields())
            held.around += 1
            for name, each in value.items():
                if name in shape.members:
                    self._note(held, name, shape.members[name], each)
                    self.add(shape.members[name], each, f"{path}.{name}".lstrip("."))
        elif isinstance(shape, ListShape) and isinstance(value, list):
            for each in value:
                self.add(shape.member, each, f"{path}[]")

    def _note(self, held: Fields, name: str, shape: Shape, value: Any) -> None:
        held.count[name] += 1
        held.types.setdefault(name, set()).add(_type(value))
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and text:
                words = getattr(shape, "enum", None)
                held.words.setdefault(name, set()).update([text] if words else [])
                held.forms.setdefault(name, set()).update([] if words else [form(text, self.recorded)])


def _type(value: Any) -> str:
    if isinstance(value, datetime) or (isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT\d\d:", value)):
        return "time"
    if isinstance(value, Mapping):
        return "time" if "__class__" in value else "structure"
    return type(value).__name__


@dataclass(frozen=True, order=True)
class Difference:
    """One field of one operation's answer: ``only here``, ``only on AWS``, or ``other form`` with what it is here."""

    operation: str
    field: str
    kind: str
    here: str = ""


class Recordings:
    """Recorded answers in a directory: ``index.json`` and one file each."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._files: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for one in json.loads((directory / "index.json").read_text()):
            self._files.setdefault((one["service"], one["operation"]), []).append(one)
        self._known: dict[str, Answers] = {}

    def operations(self) -> list[tuple[str, str]]:
        return sorted(
            (service, operation)
            for service, operation in self._files
            if service in ("ec2", "elbv2", "ssm", "sts") and operation in get_service_model(service).operation_names
        )

    def differences(self, service: str, operation: str, here: Answers) -> Iterator[Difference]:
        """What is different in the sandbox's answers."""
        output = get_service_model(service).operation_model(operation).output_shape
        known = self._of_service(service)
        newest = Answers(recorded=True)
        for one in self._newest(service, operation):
            newest.add(output, self._read(one))
        for path, fields in here.structures.items():
            shape = _at(output, path)
            seen = known.structures.get(shape.name, Fields())
            for name in fields.count:
                told = f"{path}.{name}".lstrip(".")
                if name not in seen.count:
                    if seen.around:
                        yield Difference(operation, told, "only here")
                    continue
                enum = getattr(shape.members[name], "enum", [])
                for found in sorted(fields.types[name] - seen.types[name]):
                    yield Difference(operation, told, "other form", found)
                for found in sorted(fields.forms.get(name, set()) - seen.forms.get(name, set())):
                    if seen.forms.get(name) and not _is_one_of_many(found, seen.forms[name]):
                        yield Difference(operation, told, "other form", found)
                for word in sorted(fields.words.get(name, set())):
                    if not _is_such_a_word(word, seen.words.get(name, set()), enum):
                        yield Difference(operation, told, "other form", word)
            there = newest.structures.get(path, Fields())
            for name, count in there.count.items():
                if name not in fields.count and count >= OFTEN * there.around:
                    yield Difference(operation, f"{path}.{name}".lstrip("."), "only on AWS")

    def _of_service(self, service: str) -> Answers:
        """All that is recorded of a service, by shape."""
        if service not in self._known:
            self._known[service] = known = Answers(recorded=True, by_shape=True)
            for (of, operation), files in self._files.items():
                if of == service and operation in get_service_model(service).operation_names:
                    output = get_service_model(service).operation_model(operation).output_shape
                    for one in files:
                        known.add(output, self._read(one))
        return self._known[service]

    def _newest(self, service: str, operation: str) -> list[dict[str, Any]]:
        """The recordings of the last years, if there are any; AWS's own examples only if there is nothing else."""
        files = self._files[service, operation]
        seen = [one for one in files if not one["kind"].startswith("documentation")] or files
        late = [one for one in seen if int((re.findall(r"20\d\d", one["recorded"]) or ["0"])[0]) >= 2023]
        return late or seen

    def _read(self, one: dict[str, Any]) -> Any:
        path = self.directory / one["file"]
        if path.suffix == ".json":
            answer = json.loads(path.read_text())
            return {} if "Error" in answer else answer
        model = get_service_model(one["service"])
        raw = {"status_code": 200, "headers": {}, "body": path.read_bytes()}
        shape = model.operation_model(one["operation"]).output_shape
        return create_parser(model.metadata["protocol"]).parse(raw, shape)


def _is_one_of_many(form: str, recorded: set[str]) -> bool:
    """An id where ids of several kinds were recorded."""
    return form.endswith("-ID") and len([one for one in recorded if one.endswith("-ID")]) > 1


def _is_such_a_word(word: str, recorded: set[str], enum: list[str]) -> bool:
    """A recorded word, or one of the model that begins as the recorded ones do: with a capital or not."""
    capital = {one[0].isupper() for one in recorded or enum}
    return word in recorded or (word.lower() in map(str.lower, enum) and word[0].isupper() in capital)


def _at(shape: Any, path: str) -> StructureShape:
    """The structure at a path such as ``Vpcs[].Tags[]``."""
    for part in path.split(".") if path else []:
        shape = shape.members[part.replace("[]", "")]
        for _ in range(part.count("[]")):
            shape = shape.member
    assert isinstance(shape, StructureShape)
    return shape
