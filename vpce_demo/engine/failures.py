"""The errors that the engine raises, in AWS's words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError

from ..aws.answers import SpoiltAnswer
from ..aws.error_codes import ErrorKind, error_code, error_message
from ..aws.messages import advice
from ..errors import DemoError, Refused, TimedOut
from ..model import Live, Phase
from .resource import Resource

UNPROVEN = "its tags are gone, and what AWS keeps of it does not tell it from another"


class GaveUp(DemoError):
    """AWS could not create a resource, or ended it.  Another one can be created in its place."""


def name_taken(r: Resource, foreign: Live) -> Refused:
    renamed = (
        "Delete it if you do not need it, or choose another demo name (--name), which has a VPC of its own."
        if r.unique
        else "Choose another demo name (--name), or other names in the config file."
    )
    return Refused(
        f"The {r.unique} of {r} is taken by {foreign.id}, which is not part of this demo."
        if r.unique
        else f"The name {r.name} is taken by {foreign.id}, which is not part of this demo.",
        code="VPCE087",
        facts={"why": foreign.why},
        hint=f"Remove it from {parent}, or ask whoever made it." if (parent := r.goes_with()) else renamed,
    )


def gave_up(r: Resource, live: Live | None) -> DemoError:
    """The error for a resource that will not be what is waited for, in AWS's words."""
    facts = {"id": live.id, "AWS said": live.why} if live else {}
    hint = advice(live.why) if live else ""
    message = f"{r.at_start} is {live.state if live else 'gone'} in AWS."
    again = live and live.phase in (Phase.FAILED, Phase.GONE, Phase.DELETING, Phase.WRONG)
    return (GaveUp if again else DemoError)(message, code="VPCE073", facts=facts, hint=hint)


def final_error(r: Resource, error: ClientError | BotoCoreError, reason: ErrorKind) -> Exception:
    """The error to raise when a call is not, or no longer, repeated."""
    if reason not in (ErrorKind.MISSING, ErrorKind.NOT_YET, ErrorKind.IN_USE):
        return error
    return TimedOut(f"{r.at_start}: AWS has said {code(error)} for too long.", facts=_facts(error))


@contextlib.contextmanager
def with_last_error() -> Iterator[list[Exception]]:
    """If the block times out, add the last error of the list to the facts."""
    errors: list[Exception] = []
    try:
        yield errors
    except TimedOut as late:
        if errors:
            late.facts.update(_facts(errors[-1]))
        raise


def _facts(error: Exception) -> dict[str, str]:
    call = getattr(error, "operation_name", "")
    if isinstance(error, SpoiltAnswer):
        return {"call": call, "what came": str(error)}
    return {"call": call, "AWS said": code_and_message(error)}


def code(error: Exception) -> str:
    """AWS's error code, or the name of botocore's exception."""
    return error_code(error) if isinstance(error, ClientError) else type(error).__name__


def code_and_message(error: Exception) -> str:
    """The error code with its message."""
    if isinstance(error, DemoError):
        return error.message
    return f"{code(error)}: {error_message(error) if isinstance(error, ClientError) else error}"
