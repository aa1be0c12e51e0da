"""What tests do with a run: make everything, delete everything, and see what was created."""

from __future__ import annotations

from vpce_demo.engine.events import Action, Event
from vpce_demo.session.run import Run


def up(run: Run) -> list[Event]:
    """Make everything; return the events."""
    events: list[Event] = []
    run.up(run.demo.resources, events.append, None)
    return events


def down(run: Run) -> list[object]:
    """Delete everything; return what is left."""
    return list(run.down(lambda event: None, None))


def created(events: list[Event]) -> list[str]:
    """The keys of what was created, in order."""
    return [event.resource.key for event in events if event.action is Action.CREATED]
