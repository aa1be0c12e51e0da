"""A run as lines of text, one for each change: during the run without a terminal, and later from its log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..engine.events import Action
from ..model import short_id
from ..resources.nouns import noun_of
from .style import elapsed, time_of_day

WHAT_WIDTH = 41
"""The length of the tutorial's longest name after its noun."""
WORD_WIDTH = 12


class EventFormatter:
    """Formats events, as the run log holds them, in their order; it remembers the previous ones."""

    def __init__(self, verbose: bool = False) -> None:
        self.verbose = verbose
        self._before: dict[str, tuple[Action, str]] = {}
        self._began: dict[str, float] = {}
        self._ids: dict[str, str] = {}

    def format(self, event: Mapping[str, Any]) -> str:
        """The line for an event; empty if nothing has changed, or the next line will say it."""
        action, key = Action(event["action"]), event["key"]
        if action in (Action.CREATING, Action.MENDING, Action.DELETING, Action.WAITING):
            self._began.setdefault(key, event["at"])
        self._ids[key] = id = event["id"] or self._ids.get(key, "")
        word = self._word(event, action) or (action.value if self.verbose else "")
        self._before[key] = action, event["note"]
        if not word:
            return ""
        error = event["error"]
        why = f"{error['code']}: {error['message']}" if error else event["note"]
        seconds = event["at"] - self._began.get(key, event["at"])
        reason = why if action in (Action.RETRYING, Action.SKIPPED, Action.FAILED, Action.MENDED) else ""
        return format_line(event, word, f"{short_id(id):<33}  {reason or elapsed(seconds)}")

    def _word(self, event: Mapping[str, Any], action: Action) -> str:
        before, note = self._before.get(event["key"], (None, ""))
        match action:
            case Action.CREATED:
                return "created"
            case Action.MENDED:
                return "mended"
            case Action.READY if before not in (Action.CREATED, Action.FOUND, Action.MENDED):
                return str(event["state"]) or "ready"
            case Action.WAITING if before is Action.DELETED:
                return "deleting"
            case Action.WAITING if before is not Action.CREATED and (before, note) != (action, event["note"]):
                return str(event["note"]) if event["note"].lower() != "deleting" else ""
            case Action.RETRYING if (before, note) != (action, event["note"]):
                return "retrying"
            case Action.GONE | Action.FAILED | Action.SKIPPED:
                return str(action.value)
            case _:
                return ""


def format_line(event: Mapping[str, Any], word: str, rest: str) -> str:
    when, what = time_of_day(event["at"]), f"{noun_of(event['kind'])} {event['name']}"
    return f"{when} step={event['step']:<2} {what:<{WHAT_WIDTH}}  {word:<{WORD_WIDTH}}  {rest}".rstrip()
