"""The schema of a run log's lines, checked when they are read.

A log may be incomplete, edited or somebody else's.  Whatever shows it can rely on the lines that are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ..engine.events import Action

Moment = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]


class _Read(BaseModel):
    """Required keys; others are kept.  Most commands read no log, so nothing is built before one is read."""

    model_config = ConfigDict(extra="allow", strict=True, defer_build=True)


class _Line(_Read):
    at: Moment


class _Account(_Read):
    account: str
    region: str


class _Error(_Read):
    code: str
    message: str


class _Left(_Read):
    key: str = ""
    kind: str
    id: str
    why: str


class _RunLine(_Line):
    type: Literal["run"]
    version: int
    command: str
    demo: str
    demo_id: str
    place: str
    accounts: dict[str, _Account]
    program: str


class _EventLine(_Line):
    type: Literal["event"]
    seconds: Seconds
    action: Action
    key: str
    kind: str
    name: str
    side: str
    step: int
    id: str
    state: str
    note: str
    outputs: dict[str, str]
    error: _Error | None


class _CheckLine(_Line):
    type: Literal["check"]
    number: int
    title: str
    passed: bool | None
    evidence: str
    seconds: Seconds = 0.0
    likely: str = ""
    because: list[str] = []
    fix: str = ""
    ruled_out: list[str] = []


class _PageLine(_Line):
    type: Literal["page"]
    text: str


class _AddressesLine(_Line):
    type: Literal["addresses"]
    found: dict[str, str]


class _LookLine(_Line):
    type: Literal["look"]
    left: list[_Left]


class _EndLine(_Line):
    type: Literal["end"]
    seconds: Seconds
    exit_code: int
    message: str


_ANY_LINE: TypeAdapter[_Line] = TypeAdapter(
    Annotated[
        _RunLine | _EventLine | _CheckLine | _PageLine | _AddressesLine | _LookLine | _EndLine,
        Field(discriminator="type"),
    ],
    config=ConfigDict(defer_build=True),
)


def read_line(text: bytes) -> Mapping[str, Any] | None:
    """One line of JSON; None if it is not a line of a log."""
    try:
        return _ANY_LINE.validate_json(text).model_dump(mode="json")
    except ValidationError:
        return None
