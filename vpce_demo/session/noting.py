"""Notes the engine's events in the list of what this command has changed."""

from __future__ import annotations

from collections.abc import Callable

from ..aws.error_codes import ErrorKind, error_kind, is_rejection
from ..changes import CHANGES, Changes
from ..engine.events import Action, Event
from ..engine.resource import Resource

_REQUESTS = (Action.CREATING, Action.DELETING)
_ANSWERS = (Action.CREATED, Action.DELETED, Action.GONE)
_NOT_DONE = {ErrorKind.SIGN_IN, ErrorKind.DENIED, ErrorKind.IN_USE, ErrorKind.BUSY, ErrorKind.QUOTA}
"""What these errors refuse was not done, whatever the status of the answer."""


def noting(listener: Callable[[Event], None], changes: Changes = CHANGES) -> Callable[[Event], None]:
    """A listener that notes each event and passes it on.

    A request is noted after the listener has recorded it, since it is not sent otherwise; an answer before.
    """

    def listen(event: Event) -> None:
        if event.action not in _REQUESTS:
            _note(event, changes)
        try:
            listener(event)
        except BaseException:
            if event.action in _ANSWERS:
                changes.not_recorded()
            raise
        if event.action in _REQUESTS:
            _note(event, changes)

    return listen


def _note(event: Event, changes: Changes) -> None:
    key = event.resource.key
    match event.action:
        case Action.FOUND:
            changes.found(key)
        case Action.CREATING:
            changes.creating(key)
        case Action.CREATED:
            changes.created(key)
        case Action.MENDED:
            changes.mended(key)
        case Action.DELETING:
            changes.deleting(key)
        case Action.DELETED:
            changes.deleted(key, by_us=event.error is None)
        case Action.GONE if _deleted_by_us(event.resource, changes):
            changes.gone(key)
        case Action.FAILED if event.error and _was_not_done(event.error):
            changes.refused(key)


def _deleted_by_us(resource: Resource | None, changes: Changes) -> bool:
    """True if this command deleted the resource, or another one with which it goes."""
    while resource:
        if changes.was_deleted(resource.key):
            return True
        resource = resource.goes_with()
    return False


def _was_not_done(error: BaseException) -> bool:
    """True if AWS certainly did not do what was requested.  ``__cause__`` is AWS's error where the error is ours."""
    cause = error.__cause__ or error
    return isinstance(cause, Exception) and (is_rejection(cause) or error_kind(cause) in _NOT_DONE)
